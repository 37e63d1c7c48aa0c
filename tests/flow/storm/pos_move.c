/* Sales that begin at one till of the storm and end at another. */
#include "pos.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { SAVED_MAX = 65536 };

static bool put_file(const char *path, const void *bytes, size_t n)
{
    FILE *f = fopen(path, "wb");
    bool good = f && fwrite(bytes, 1, n, f) == n;
    return f && fclose(f) == 0 && good;
}

/* The bytes are safe before the sale ends here. A folder on one disk is what carries them: taking a file is
 * its rename, so that one till has it. */
void pos_leave(struct pos *p, int64_t sale, const char *ref)
{
    static uint8_t bytes[SAVED_MAX];
    char work[96], ready[96];
    uint32_t n = sizeof bytes;
    snprintf(work, sizeof work, "moved/.%s", ref);
    snprintf(ready, sizeof ready, "moved/%s", ref);
    if (!pos_good("save", ref, plugin.do_sale_save(p->t, sale, bytes, &n), 0)) {
        return;
    }
    if (!put_file(work, bytes, n)) {
        perror("storm_pos: moved");
        exit(1);
    }
    history("\"k\":\"call\",\"op\":\"forget\",\"ref\":\"%s\"", ref);
    if (pos_good("forget", ref, plugin.do_sale_forget(p->t, sale), 0)) {
        history("\"k\":\"back\",\"op\":\"forget\",\"ref\":\"%s\"", ref);
        if (rename(work, ready)) {
            perror("storm_pos: moved");
            exit(1);
        }
    }
}

/* The first that nobody else takes. */
static bool take(struct pos *p, char ref[REF_MAX], uint8_t *bytes, size_t *n)
{
    char from[300], to[96];
    bool taken = false;
    DIR *d = opendir("moved");
    snprintf(to, sizeof to, "moved/.at-%s", p->till);
    for (struct dirent *e = d ? readdir(d) : NULL; e && !taken; e = readdir(d)) {
        snprintf(from, sizeof from, "moved/%s", e->d_name);
        taken = e->d_name[0] != '.' && strlen(e->d_name) < REF_MAX && rename(from, to) == 0;
        if (taken) {
            snprintf(ref, REF_MAX, "%.*s", REF_MAX - 1, e->d_name);
        }
    }
    if (d) {
        closedir(d);
    }
    FILE *f = taken ? fopen(to, "rb") : NULL;
    *n = f ? fread(bytes, 1, SAVED_MAX, f) : 0;
    if (f) {
        fclose(f);
    }
    return *n > 0;
}

void pos_take_over(struct pos *p)
{
    static uint8_t bytes[SAVED_MAX];
    struct tillproof_quote q = {.size = sizeof q};
    char ref[REF_MAX], price[4096];
    int64_t sale = 0;
    size_t n;
    if (!take(p, ref, bytes, &n) ||
        !pos_good("load", ref, plugin.do_sale_load(p->t, bytes, (uint32_t)n, &sale), 0)) {
        return;
    }
    history("\"k\":\"call\",\"op\":\"hold\",\"ref\":\"%s\"", ref);
    if (pos_good("hold", ref, plugin.do_hold(p->t, sale, 1500, &q), 0)) {
        history("\"k\":\"back\",\"op\":\"hold\",\"ref\":\"%s\",\"kind\":\"moved\",\"card\":-1,\"code\":-1,%s",
                ref, pos_price(p, sale, &q, NULL, 0, price, sizeof price));
        pos_commit(p, sale, ref, "moved");
    }
}
