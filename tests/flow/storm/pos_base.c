/* What every part of the storm's POS stands on: the plugin, the seed, the history, the basket. */
#include "pos.h"

#include <dlfcn.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

struct plugin plugin;

static void *find(void *library, const char *name)
{
    void *p = dlsym(library, name);
    if (!p) {
        fprintf(stderr, "storm_pos: the plugin has no %s\n", name);
        exit(1);
    }
    return p;
}

void plugin_load(const char *path)
{
    void *library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    if (!library) {
        fprintf(stderr, "storm_pos: %s\n", dlerror());
        exit(1);
    }
#define FIND(name) *(void **)(void *)&plugin.do_##name = find(library, "tillproof_" #name);
    POS_CALLS(FIND)
#undef FIND
}

/* FNV-1a for the seed, splitmix64 from there. */
void dice_seed(struct dice *d, const char *text)
{
    d->state = 14695981039346656037u;
    for (; *text; text++) {
        d->state = (d->state ^ (unsigned char)*text) * 1099511628211u;
    }
}

uint32_t dice_roll(struct dice *d, uint32_t below)
{
    uint64_t z = (d->state += 0x9e3779b97f4a7c15u);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return (uint32_t)((z ^ (z >> 31)) % below);
}

int64_t boot_us(void)
{
    struct timespec now;
    clock_gettime(CLOCK_BOOTTIME, &now);
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

static int file = -1, this_run;

void history_open(const char *path, int run)
{
    this_run = run;
    file = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    if (file < 0) {
        perror("storm_pos: history");
        exit(1);
    }
}

/* One write a line: a kill leaves whole lines. */
void history(const char *form, ...)
{
    char line[8192];
    va_list args;
    int n = snprintf(line, sizeof line, "{\"t\":%lld,\"run\":%d,", (long long)boot_us(), this_run);
    va_start(args, form);
    n += vsnprintf(line + n, sizeof line - (size_t)n - 2, form, args);
    va_end(args);
    if (n > (int)sizeof line - 3) {
        fprintf(stderr, "storm_pos: a line too long\n");
        exit(1);
    }
    line[n++] = '}';
    line[n++] = '\n';
    if (write(file, line, (size_t)n) != n) {
        perror("storm_pos: history");
        exit(1);
    }
}

void history_sync(void)
{
    if (fsync(file)) {
        perror("storm_pos: history");
        exit(1);
    }
}

uint32_t pos_basket(const char *ref, struct tillproof_line lines[LINES_MAX])
{
    struct dice d;
    dice_seed(&d, ref);
    uint32_t n = 1 + dice_roll(&d, LINES_MAX);
    for (uint32_t i = 0; i < n; i++) {
        lines[i] = (struct tillproof_line){.size = sizeof lines[i],
                                           .number = i + 1,
                                           .quantity = 1000 * (int64_t)(1 + dice_roll(&d, 3)),
                                           .unit_price = 300 + dice_roll(&d, 2200),
                                           .tax = dice_roll(&d, 2) ? 7000 : 19000};
        snprintf(lines[i].sku, sizeof lines[i].sku, "%u", dice_roll(&d, 9));
        snprintf(lines[i].category, sizeof lines[i].category, "%s", dice_roll(&d, 4) ? "coffee" : "tea");
    }
    return n;
}

bool pos_good(const char *op, const char *ref, int32_t rc, int32_t allowed)
{
    char why[256] = "";
    uint32_t length = sizeof why;
    if (rc == 0) {
        return true;
    }
    if (plugin.do_reason(why, &length)) {
        why[0] = 0;
    }
    for (char *c = why; *c; c++) {
        *c = *c == '"' || *c == '\\' || *c < ' ' ? '\'' : *c;
    }
    history("\"k\":\"%s\",\"op\":\"%s\",\"ref\":\"%s\",\"rc\":\"%s\",\"why\":\"%s\"",
            rc == allowed ? "no" : "odd", op, ref, plugin.do_name(rc), why);
    return false;
}
