/* `grown peak COMMAND...` runs it and prints its peak of resident memory in KiB on standard error: a parent
 * that is larger than its child would hide it. `grown N OUT ROOT.pem` makes a true bundle of N sales of 40
 * lines each. By the shortest way: what is signed is kept, the tables are made of it, and the log is written,
 * as an authority does. */
#include "store/log.h"
#include "support/cm.h"
#include "support/world.h"

#include "report/bundle.h"

#include <openssl/pem.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

enum { LINES = 40, STEP = 250 };

static int64_t sales;
static const char *out_path, *root_path;

struct step {
    struct world *w;
    struct buf messages;
};

static void one_sale(struct world *w, struct buf *messages)
{
    static struct line lines[LINES];
    struct world_sale s = world_sale(w, 1000);
    for (size_t i = 0; i < LINES; i++) {
        lines[i] = s.basket.lines.v[0];
        lines[i].number = (int64_t)i + 1;
        lines[i].name = bytes_str("Whole espresso beans of the house, roasted slowly, one pound");
    }
    s.basket.lines.v = lines;
    s.basket.lines.n = LINES;
    s.quote.gross = s.quote.net = s.quote.due = 1000 * LINES;
    world_commit_message(w, &w->tills[0], &s, messages, NULL);
}

static int keep_all(struct store *s, void *arg)
{
    struct step *step = arg;
    struct arena arena;
    struct statement st;
    struct dec d;
    int rc = 0, got = 0;
    arena_init(&arena, (size_t)64 * 1024 * 1024);
    dec_init(&d, buf_view(&step->messages));
    while (rc == 0 && (got = message_next(&d, &arena, &st, NULL)) == 1) {
        bool fresh;
        rc = store_statement_put(s, &st, step->w->now, &fresh);
        rc = rc ? rc : store_leaf_wait(s, st.d);
        arena_reset(&arena);
    }
    arena_reset(&arena);
    return rc ? rc : got;
}

/* Many in one transaction: a disk that is waited for a thousand times is no part of this. */
static void sell(struct world *w, struct store *s)
{
    struct step step = {.w = w};
    for (int64_t done = 0; done < sales; done += STEP) {
        buf_init(&step.messages, (size_t)64 * 1024 * 1024);
        for (int64_t i = done; i < done + STEP && i < sales; i++) {
            one_sale(w, &step.messages);
        }
        assert_int_equal(store_write(s, keep_all, &step), 0);
        buf_free(&step.messages);
        arena_reset(&w->arena);
    }
}

static void grow(void **state)
{
    static struct world w;
    struct bundle_header header = {.parts = true};
    struct bundle_end end;
    struct store *s = NULL;
    int64_t added = 1;
    struct err e = {0};
    (void)state;
    world_open(&w, 1);
    assert_int_equal(store_open(w.db, w.id, 0, &s, &e), 0);
    sell(&w, s);
    assert_int_equal(authority_rebuild(w.authority, &e), 0);
    while (added > 0) {
        assert_int_equal(authority_log(w.authority, &added, &e), 0);
    }
    memcpy(header.authority, w.id, ID_SIZE);
    memcpy(header.root, w.root.thumbprint, HASH_SIZE);
    FILE *f = fopen(out_path, "w"), *pem = fopen(root_path, "w");
    assert_true(f && pem);
    assert_int_equal(bundle_write(s, &header, &w.log, f, &end, &e), 0);
    assert_int_equal(fclose(f), 0);
    assert_true(end.leaves == sales + 3 && end.waiting == 0);
    assert_int_equal(PEM_write_PUBKEY(pem, w.root.pkey), 1);
    assert_int_equal(fclose(pem), 0);
    store_close(s);
    world_close(&w);
}

static int peak(char **command)
{
    struct rusage usage;
    int status = 0;
    pid_t child = fork();
    if (child == 0) {
        execv(command[0], command);
        _exit(127);
    }
    if (child < 0 || wait4(child, &status, 0, &usage) != child || !WIFEXITED(status)) {
        return 9;
    }
    fprintf(stderr, "%ld\n", usage.ru_maxrss);
    return WEXITSTATUS(status);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(grow)};
    if (argc > 2 && strcmp(argv[1], "peak") == 0) {
        return peak(argv + 2);
    }
    if (argc != 4) {
        return 2;
    }
    sales = atoll(argv[1]);
    out_path = argv[2];
    root_path = argv[3];
    return cmocka_run_group_tests(tests, NULL, NULL);
}
