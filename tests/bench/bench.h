/*
 * What `tillproof bench` measures. Every cost is printed beside its floor, the raw cost of the same work on
 * the same machine in the same run; nothing here fails because something is slow. One thread.
 */
#ifndef BENCH_BENCH_H
#define BENCH_BENCH_H

#include "base/bytes.h"
#include "base/code.h"

#include <stdio.h>

struct bench_options {
    int64_t rounds;     /* 0: each bench's own */
    int64_t records;    /* of the long journal; a tenth of them is delivered. 0: a million */
    const char *dir;    /* where bench_till makes its shop, which it removes again; it must be there */
    const char *plugin; /* NULL: tillproof.so beside the program */
    const char *peer;   /* a folder with rules.mjs and its node_modules, or NULL */
    const char
        *store; /* bench_authority: postgresql://...: the server that is measured beside SQLite, or NULL */
    int64_t stored_file; /* bench_authority: the same over a file alone; below 0: as `stored` says */
    int64_t stored;  /* bench_authority: up to so many redemptions are stored, and measured among; 0: none */
    int64_t clients; /* bench_authority: at most so many; 0: 256 */
    void (*progress)(int64_t done, int64_t total); /* may be NULL */
};

struct bench_column {
    const char *name;
    bool number;
};

/* A table and a few sentences about it. Zero it first; bench_report_free. */
struct bench_report {
    const struct bench_column *columns;
    size_t count;
    struct buf cells; /* each a text and a 0; "-" where there is none */
    size_t n;         /* cells */
    struct buf notes; /* each a line */
};

/* Each fills the report, whatever it returns: what was measured before a fault is in it. */
int bench_till(const struct bench_options *options, struct bench_report *report, struct err *e);
int bench_authority(const struct bench_options *options, struct bench_report *report, struct err *e);
int bench_journal(const struct bench_options *options, struct bench_report *report, struct err *e);
int bench_audit(const struct bench_options *options, struct bench_report *report, struct err *e);
int bench_quote(const struct bench_options *options, struct bench_report *report, struct err *e);
/*
 * One start of the plugin in a process that has done nothing else, as bench_till runs it again and again:
 * loads it, opens till1 of the shop, and prints one line: nanoseconds to load, nanoseconds to open, resident
 * bytes before, after loading, and after opening.
 */
int bench_start(const char *plugin, const char *shop, FILE *out, struct err *e);

void bench_report_free(struct bench_report *report);

#endif
