#include "tests/bench/internal.h"

#include <inttypes.h>
#include <unistd.h>

bool peer_there(const char *dir, char *why, size_t size)
{
    static const char *const needed[] = {"rules.mjs", "service.mjs",
                                         "node_modules/json-rules-engine/package.json"};
    char path[SHOP_PATH_MAX], version[64];
    char *argv[] = {"node", "--version", NULL};
    for (size_t i = 0; dir && i < sizeof needed / sizeof *needed; i++) {
        snprintf(path, sizeof path, "%.900s/%s", dir, needed[i]);
        if (access(path, R_OK)) {
            snprintf(why, size, "%.100s has no %s", dir, needed[i]);
            return false;
        }
    }
    if (!dir || run_child("node", argv, version, sizeof version, NULL)) {
        snprintf(why, size, "%s", dir ? "node is not installed" : "no folder was named with --peer");
        return false;
    }
    return true;
}

int peer_run(const char *dir, size_t lines, size_t offers, int64_t rounds, struct peer_answer *out,
             struct err *e)
{
    char script[SHOP_PATH_MAX], numbers[3][24], text[256];
    snprintf(script, sizeof script, "%.900s/rules.mjs", dir);
    snprintf(numbers[0], sizeof numbers[0], "%zu", lines);
    snprintf(numbers[1], sizeof numbers[1], "%zu", offers);
    snprintf(numbers[2], sizeof numbers[2], "%" PRId64, rounds);
    char *argv[] = {"node", script, numbers[0], numbers[1], numbers[2], NULL};
    int rc = run_child("node", argv, text, sizeof text, e);
    *out = (struct peer_answer){.lines = lines, .offers = offers};
    if (rc == 0 && sscanf(text, "%" SCNd64 " %" SCNd64 " %" SCNd64 " %" SCNd64 " %" SCNd64 " %lf",
                          &out->applied, &out->discount, &out->n, &out->median, &out->p99, &out->mean) != 6) {
        rc = err_set(e, TP_E_IO, "rules.mjs told no numbers");
    }
    return rc;
}
