#include "tests/bench/internal.h"

#include <inttypes.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

enum { START_FIELDS = 5 };

static int64_t resident(void)
{
    long long pages = 0;
    FILE *f = fopen("/proc/self/statm", "re");
    if (!f || fscanf(f, "%*s %lld", &pages) != 1) {
        pages = 0;
    }
    if (f) {
        fclose(f);
    }
    return pages * sysconf(_SC_PAGESIZE);
}

int bench_start(const char *plugin, const char *shop, FILE *out, struct err *e)
{
    struct plugin p;
    struct tillproof *till = NULL;
    int64_t before = resident(), from = now_ns();
    int rc = plugin_load(plugin, &p, e);
    if (rc) {
        return rc;
    }
    int64_t load = now_ns() - from, loaded = resident();
    from = now_ns();
    rc = p.open_(shop, NULL, 0, &till);
    int64_t open = now_ns() - from, opened = resident();
    rc = rc ? plugin_fail(&p, rc, e) : 0;
    if (rc == 0) {
        fprintf(out, "%" PRId64 " %" PRId64 " %" PRId64 " %" PRId64 " %" PRId64 "\n", load, open, before,
                loaded, opened);
        p.close_(till, 0);
    }
    plugin_unload(&p);
    return rc;
}

static int start_once(const struct bench_options *o, const char *shop, int64_t v[START_FIELDS], struct err *e)
{
    char text[256];
    char *argv[] = {"tillproof",       "bench",      "start",
                    "--shop",          (char *)shop, o->plugin ? "--plugin" : NULL,
                    (char *)o->plugin, NULL};
    int rc = run_child("/proc/self/exe", argv, text, sizeof text, e);
    if (rc == 0 && sscanf(text, "%" SCNd64 " %" SCNd64 " %" SCNd64 " %" SCNd64 " %" SCNd64, &v[0], &v[1],
                          &v[2], &v[3], &v[4]) != START_FIELDS) {
        rc = err_set(e, TP_E_IO, "the start of the plugin told no numbers");
    }
    return rc;
}

static void size_row(struct bench_report *r, const char *what, const char *path)
{
    struct samples one = {0};
    struct stat st;
    if (stat(path, &st) == 0) {
        samples_add(&one, st.st_size);
    }
    const struct cost c = {what, "MB", 1e6, &one, NULL, GOAL_NONE, 0};
    cost_row(r, &c);
    samples_free(&one);
}

/* Without strip (binutils) there is no such row's number: it says 0 samples. */
static void file_rows(const char *plugin, const char *shop, struct bench_report *r)
{
    char copy[SHOP_PATH_MAX], none[8];
    snprintf(copy, sizeof copy, "%.*s.so", (int)sizeof copy - 8, shop);
    char *argv[] = {"strip", "-o", copy, (char *)plugin, NULL};
    size_row(r, "tillproof.so as built", plugin);
    if (run_child("strip", argv, none, sizeof none, NULL)) {
        report_note(r, "strip is not there (Debian: binutils), so the stripped size is missing.");
    }
    size_row(r, "tillproof.so stripped", copy);
    unlink(copy);
}

/* Where the dynamic linker found it. */
static void file_of_plugin(char *out, size_t size)
{
    char line[SHOP_PATH_MAX + 128];
    FILE *f = fopen("/proc/self/maps", "re");
    out[0] = 0;
    while (f && !out[0] && fgets(line, sizeof line, f)) {
        const char *at = strchr(line, '/');
        if (at && strstr(at, "tillproof") && strstr(at, ".so")) {
            snprintf(out, size, "%.*s", (int)strcspn(at, "\n"), at);
        }
    }
    if (f) {
        fclose(f);
    }
}

int start_rows(const struct bench_options *o, const char *folder, const char *shop, int64_t rounds,
               struct bench_report *r, struct err *e)
{
    struct samples load = {0}, open = {0}, both = {0}, loaded = {0}, opened = {0}, floor = {0};
    char path[SHOP_PATH_MAX];
    int rc = floor_start(folder, &floor, e); /* makes the database: that one does not count */
    samples_free(&floor);
    for (int64_t i = 0; i < rounds && rc == 0; i++) {
        int64_t v[START_FIELDS] = {0};
        rc = floor_start(folder, &floor, e);
        rc = rc ? rc : start_once(o, shop, v, e);
        samples_add(&load, v[0]);
        samples_add(&open, v[1]);
        samples_add(&both, v[0] + v[1]);
        samples_add(&loaded, v[3] - v[2]);
        samples_add(&opened, v[4] - v[2]);
    }
    if (rc == 0) {
        const struct cost costs[] = {
            {"start: load the plugin", "ms", 1e6, &load, NULL, GOAL_NONE, 0},
            {"start: open an enrolled till", "ms", 1e6, &open, &floor, GOAL_NONE, 0},
            {"start: both", "ms", 1e6, &both, NULL, GOAL_BELOW, 20},
            {"memory: loaded", "MB", 1e6, &loaded, NULL, GOAL_NONE, 0},
            {"memory: loaded and open", "MB", 1e6, &opened, NULL, GOAL_BELOW, 10},
        };
        for (size_t i = 0; i < sizeof costs / sizeof costs[0]; i++) {
            cost_row(r, &costs[i]);
        }
        file_of_plugin(path, sizeof path);
        file_rows(path, shop, r);
    }
    samples_free(&load);
    samples_free(&open);
    samples_free(&both);
    samples_free(&loaded);
    samples_free(&opened);
    samples_free(&floor);
    return rc;
}
