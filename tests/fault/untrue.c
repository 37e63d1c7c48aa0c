/*
 * Disks that are not true: one that says that it has kept what it then loses in a power cut, and one on which
 * a byte goes wrong. Neither can be mended by a till; both must be seen, named, and nothing signed on top.
 * Usage: fault_untrue, or fault_untrue lie FILE N, or fault_untrue rot FILE OFFSET to look at one.
 */
#include "day.h"
#include "fault.h"

#include "api/internal.h"

#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

enum { BEYOND = 7, SHORT_MS = 300, EVENT_MS = 15000, WRONG_MAX = 5, PAGE = 4096, RAW_CORRUPT = 3 };

#define TILL_DB      "tills/till1/till.db"
#define AUTHORITY_DB "authority/authority.db"

/* What a child leaves for its parent. */
static struct seen {
    struct told told;
    int event; /* the last code that TILLPROOF_EVENT_ONLINE had */
    bool behind, met;
    int64_t seq; /* of the till's record */
} * seen;

static struct {
    const char *file; /* NULL: both */
    long n;
    int64_t at;
} trial;

static int wrong;
static int64_t stride = 1; /* of bytes and syncs */

static int complain(const char *what, const char *why)
{
    printf("%s %ld/%lld of %s: %s (%s)\n", what, trial.n, (long long)trial.at,
           trial.file ? trial.file : "both", why, seen->told.why);
    fflush(stdout);
    wrong++;
    return -1;
}

static int64_t ask(const char *file, const char *sql)
{
    char path[256];
    sqlite3 *db = NULL;
    sqlite3_stmt *st = NULL;
    int64_t v = -1;
    shop_file(file, path, sizeof path);
    if (sqlite3_open_v2(path, &db, SQLITE_OPEN_READWRITE, NULL) == SQLITE_OK &&
        sqlite3_prepare_v2(db, sql, -1, &st, NULL) == SQLITE_OK && sqlite3_step(st) == SQLITE_ROW) {
        v = sqlite3_column_int64(st, 0);
    }
    sqlite3_finalize(st);
    sqlite3_close(db);
    return v;
}

/* wait_ms: for the till's thread, which may meet a fault after the program has given up. */
static void take_events(struct tillproof *t, uint32_t wait_ms)
{
    struct tillproof_event e = {.size = sizeof e};
    while (seen->event >= 0 && tillproof_event_next(t, wait_ms, &e) == 0 && e.kind) {
        seen->event = e.kind == TILLPROOF_EVENT_ONLINE && e.code ? e.code : seen->event;
        e = (struct tillproof_event){.size = sizeof e};
    }
}

/* ---- the disk lied, and then the power was cut ---- */

static int lied_day(void *arg)
{
    struct tillproof *t = NULL;
    (void)arg;
    fault_lie_about(trial.file);
    fault_arm(FAULT_LIE, trial.n);
    int32_t rc = day_open(&t);
    rc = rc ? rc : day_live(t, &seen->told);
    rc = rc ? rc : tillproof_close(t, 5000);
    if (rc) {
        return 1;
    }
    if (fault_left() > 0) {
        return BEYOND;
    }
    fault_cut();
}

static int32_t look(struct tillproof *t)
{
    struct tillproof_status s = {.size = sizeof s};
    int32_t rc = tillproof_status(t, &s);
    seen->behind = s.behind;
    seen->seq = s.seq;
    return rc;
}

/* After the cut. 0: all is there, or was brought back by ringing it up again; 1: named, and nothing was
 * signed. */
static int morning(void *arg)
{
    struct tillproof *t = NULL;
    (void)arg;
    if (day_open(&t) || look(t)) {
        return 2;
    }
    int64_t seq = seen->seq;
    if (seen->behind) {
        int32_t at_once = day_sell_at_once(t, "S-9");
        int32_t held = day_live(t, &seen->told);
        bool named = at_once == TILLPROOF_E_BEHIND && (held == TILLPROOF_E_BEHIND);
        if (!named || look(t) || seen->seq != seq || tillproof_close(t, 1000)) {
            return 3;
        }
        return 1;
    }
    day_in_vain = SHORT_MS;
    int32_t rc = day_live(t, &seen->told);
    take_events(t, rc ? EVENT_MS : 0);
    if (tillproof_close(t, rc ? 0 : 5000) && !rc) {
        return 4;
    }
    return rc ? 5 : 0;
}

/* What is there after the cut: statements and leaves at the authority, and leaves that the till has seen. */
struct kept {
    int64_t statements, log, seen;
};

static struct kept look_at_rest(void)
{
    return (struct kept){ask(AUTHORITY_DB, "SELECT count(*) FROM statement"),
                         ask(AUTHORITY_DB, "SELECT coalesce(max(size), 0) FROM checkpoint"),
                         ask(TILL_DB, "SELECT coalesce(max(size), 0) FROM seen")};
}

/* Which sales and refunds are lost with both sides' disks, nobody there knows; all that is left must agree.
 */
static int judge_lie(int r, const struct kept *cut)
{
    bool till_lied = !trial.file || strcmp(trial.file, "till.db") == 0;
    if (r == 0) {
        return books_check(&seen->told) ? complain("lie", "the books are wrong") : 0;
    }
    if (r == 1 && till_lied) {
        return books_sound(&seen->told) ? complain("lie", "the books are not sound") : 1;
    }
    if (r == 5 && seen->event == TILLPROOF_E_UNTRUSTED && !till_lied) {
        struct kept now = look_at_rest();
        if (now.statements < cut->statements ||
            ask(TILL_DB, "SELECT count(*) FROM sale WHERE state = 1") != 2) {
            return complain("lie", "more was lost than the disk lost");
        }
        /* A log that is shorter than one that its till saw is not carried on. */
        bool signed_on_top = cut->seen > cut->log && now.log != cut->log;
        return signed_on_top ? complain("lie", "the log was signed on top") : 1;
    }
    char how[80];
    snprintf(how, sizeof how, "it was not noticed: %d, event %s", r, tillproof_name(seen->event));
    return complain("lie", how);
}

/* 0, 1: it was noticed; -1; BEYOND. */
static int one_lie(void)
{
    *seen = (struct seen){0};
    shop_restore();
    int r = in_child(lied_day, NULL);
    if (r == BEYOND) {
        return BEYOND;
    }
    if (r != FAULT_KILLED) {
        return complain("lie", "the day did not come to its end");
    }
    struct kept cut = look_at_rest();
    return judge_lie(in_child(morning, NULL), &cut);
}

static long each_lie(const char *file)
{
    long noticed = 0;
    trial.file = file;
    long tried = 0;
    for (trial.n = 1; wrong < WRONG_MAX; trial.n += (stride + 1) / 2) {
        int r = one_lie();
        if (r == BEYOND) {
            break;
        }
        tried++;
        noticed += r == 1;
    }
    printf("fault/untrue: lie        %5ld points tried: from a sync on %s is not kept, until the power is "
           "cut; %ld times "
           "something was missing that others knew of, and it was named\n",
           tried, file ? file : "both", noticed);
    return tried;
}

/* ---- a byte goes wrong ---- */

static int rotten_day(void *arg)
{
    struct tillproof *t = NULL;
    (void)arg;
    fault_rot(trial.file, trial.at);
    day_in_vain = SHORT_MS;
    int32_t rc = tillproof_open(shop_dir, NULL, 0, &t);
    seen->told.code = rc;
    if (rc == 0) {
        rc = day_live(t, &seen->told);
        take_events(t, rc ? EVENT_MS : 0);
        (void)tillproof_close(t, 0);
    }
    seen->met = fault_rot_met();
    return rc ? 1 : 0;
}

/* Reads each page of both files: a look that a sale does not take. */
static int whole_look(void *arg)
{
    (void)arg;
    fault_rot(trial.file, trial.at);
    int64_t bad = ask(strstr(trial.file, "till.db") ? TILL_DB : AUTHORITY_DB,
                      "SELECT integrity_check <> 'ok' FROM pragma_integrity_check");
    return bad == 0 ? 0 : RAW_CORRUPT;
}

static int healed_day(void *arg)
{
    struct tillproof *t = NULL;
    (void)arg;
    int32_t rc = day_open(&t);
    rc = rc ? rc : day_live(t, &seen->told);
    rc = rc ? rc : tillproof_close(t, 5000);
    return rc || books_check(&seen->told) ? 1 : 0;
}

/* 1: the sale met it and named it; 0: it did not come by; -1. */
static int one_rot(void)
{
    *seen = (struct seen){0};
    shop_restore();
    int r = in_child(rotten_day, NULL);
    if (r > 1) {
        return complain("rot", "the program died");
    }
    bool named = seen->told.code == TILLPROOF_E_CORRUPT || seen->event == TILLPROOF_E_CORRUPT;
    bool met = seen->met;
    if (met && (!named || r == 0)) {
        return complain("rot", "it was read and not named");
    }
    if (!met && r != 0) {
        return complain("rot", "it was not read, and the day failed");
    }
    if (in_child(healed_day, NULL)) {
        return complain("rot", "on a disk that is whole again the day cannot be brought to its end");
    }
    shop_restore();
    if (!met && in_child(whole_look, NULL) != RAW_CORRUPT) {
        return complain("rot", "a look at all pages did not find it");
    }
    return met;
}

static long each_rot(const char *file, const char *end)
{
    /* In each page its first byte, one of the cells' places, one in the midst, and the last. */
    static const int64_t places[] = {0, 9, PAGE / 2, PAGE - 1};
    char path[256];
    struct stat st;
    long tried = 0, met = 0;
    shop_restore();
    shop_file(file, path, sizeof path);
    if (stat(path, &st) || st.st_size < PAGE) {
        return complain("rot", "there is no such file");
    }
    trial.file = end;
    for (int64_t page = 0; page < st.st_size / PAGE && wrong < WRONG_MAX; page += stride) {
        for (size_t i = 0; i < sizeof places / sizeof places[0] && wrong < WRONG_MAX; i++) {
            trial.at = page * PAGE + places[i];
            met += one_rot() == 1;
            tried++;
        }
    }
    /* Of the file's head each byte: it says how all the others are to be read. */
    for (trial.at = 1; trial.at < 100 && wrong < WRONG_MAX; trial.at += stride) {
        met += one_rot() == 1;
        tried++;
    }
    printf("fault/untrue: rot        %5ld points tried: a byte of %s changes, in each of its %lld pages; %ld "
           "were met by "
           "the sale, the others by a look at the whole file\n",
           tried, end, (long long)(st.st_size / PAGE), met);
    return tried;
}

static void one(const char *sort, const char *file, long n)
{
    trial.file = strcmp(file, "both") == 0 ? NULL : file;
    trial.n = trial.at = n;
    int r = strcmp(sort, "lie") == 0 ? one_lie() : one_rot();
    printf("%d: %s, code %s, event %s, met %d\n", r, seen->told.why, tillproof_name(seen->told.code),
           tillproof_name(seen->event), seen->met);
}

int main(int argc, char **argv)
{
    const char *command = getenv("TILLPROOF_COMMAND"), *thin = getenv("FAULT_STRIDE");
    long points = 0;
    stride = thin && atol(thin) > 0 ? atol(thin) : 1;
    seen = mmap(NULL, sizeof *seen, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (!command || seen == MAP_FAILED) {
        fprintf(stderr, "fault_untrue: TILLPROOF_COMMAND is not set\n");
        return 2;
    }
    fault_vfs();
    shop_make(command);
    shop_mine(0);
    if (argc > 3) {
        one(argv[1], argv[2], atol(argv[3]));
    } else {
        points += each_lie("till.db");
        points += each_lie("authority.db");
        points += each_lie(NULL);
        points += each_rot(TILL_DB, "till.db");
        points += each_rot(AUTHORITY_DB, "authority.db");
    }
    printf("fault/untrue: %ld points tried, %d of them wrong\n", points, wrong);
    shop_remove();
    return wrong ? 1 : 0;
}
