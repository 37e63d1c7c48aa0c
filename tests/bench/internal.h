/* What the files of this folder share. */
#ifndef BENCH_INTERNAL_H
#define BENCH_INTERNAL_H

#include "tests/bench/bench.h"

#include "plugin.h"
#include "shop/shop.h"
#include "wire/coupon.h"
#include "wire/terms.h"

#include <time.h>

/* ---- report.c ---- */

void report_begin(struct bench_report *r, const struct bench_column *columns, size_t count);
void report_text(struct bench_report *r, const char *text);
void report_number(struct bench_report *r, double value, int digits);
void report_count(struct bench_report *r, int64_t value);
void report_none(struct bench_report *r);
void report_note(struct bench_report *r, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* ---- samples.c: durations in nanoseconds ---- */

struct samples {
    int64_t *v;
    size_t n, cap;
    bool failed; /* memory ran out: some are missing */
};
int64_t now_ns(void); /* CLOCK_MONOTONIC */
void samples_add(struct samples *s, int64_t ns);
/* The smallest value that `percent` of a hundred samples do not exceed; 0 of none. Sorts. */
int64_t samples_at(struct samples *s, int percent);
void samples_free(struct samples *s);
void pause_ms(int64_t ms);

/* ---- basket.c: the work, the same in peer/rules.mjs ---- */

enum { BENCH_TEXT = 16 };

struct work_line {
    char sku[BENCH_TEXT], category[BENCH_TEXT];
    int64_t quantity, unit_price, tax;
};
void work_line(size_t index, struct work_line *out);
/* The basket's lines from the arena. False when it is full. */
bool work_basket(size_t lines, struct arena *a, struct basket *out);
/* The offer of that index: 2% on one of 50 categories, from 0.00 to 40.00 of it on. */
bool work_offer(size_t index, struct arena *a, struct offer *out);
/* An offer that asks for nothing and gives nothing yet. */
struct offer work_offer_blank(const char *id);

/* ---- folder.c ---- */

int folder_make(const char *parent, char out[SHOP_PATH_MAX], struct err *e);
void folder_remove(const char *path);
/* A child's output, at most `size` - 1 bytes, with a 0. TP_E_IO when it could not be run or failed. */
int run_child(const char *program, char *const argv[], char *out, size_t size, struct err *e);

/* ---- floor.c: what the machine asks for anyway ---- */

struct floor {
    struct evp_pkey_st *key;
    struct sqlite3 *db;
    struct sqlite3_stmt *insert;
    uint8_t signature[80], message[256];
    size_t signature_size;
};
/* dir: on the file system to be measured. floor_close whatever is returned. */
int floor_open(struct floor *f, const char *dir, struct err *e);
void floor_close(struct floor *f);
/* One ECDSA P-256 signature verified. */
int floor_verify(struct floor *f, struct samples *s, struct err *e);
/* One made. */
int floor_sign(struct floor *f, struct samples *s, struct err *e);
/* Rows of `size` bytes, 500 a transaction: the time for one of them. */
int floor_rows(struct floor *f, size_t size, struct samples *s, struct err *e);
/* One ECDSA P-256 signature made, and `size` bytes written by one transaction (WAL, synchronous=FULL). */
int floor_write(struct floor *f, size_t size, struct samples *s, struct err *e);
/* A database in `dir` opened, and one small row written by one such transaction; closing it does not count.
 */
int floor_start(const char *dir, struct samples *s, struct err *e);
/* The bytes of the till's latest record with its parts, and of what the authority keeps of a hold: its
 * answer.
 */
int floor_sizes(const char *shop, size_t *commit, size_t *hold, struct err *e);

/* ---- shop.c: a fresh shop ---- */

enum { BENCH_OFFERS = 3, BENCH_LINES = 12 };

struct bench_shop {
    char folder[SHOP_PATH_MAX], dir[SHOP_PATH_MAX];
    size_t coupons;                        /* of each offer */
    char (*digits)[COUPON_DIGITS_MAX + 1]; /* coupons of the first offer, then of the next, ... */
};
/* bench_shop_free whatever is returned. */
int bench_shop_make(struct bench_shop *s, const char *parent, size_t coupons, struct err *e);
void bench_shop_free(struct bench_shop *s);

/* ---- start.c ---- */

/* Adds the rows about the plugin's file and its start. folder: for what is made meanwhile. */
int start_rows(const struct bench_options *o, const char *folder, const char *shop, int64_t rounds,
               struct bench_report *r, struct err *e);
/* The row of one cost: what, unit, n, median, p99, floor, ratio, goal, reached; values in nanoseconds. */
enum goal_kind { GOAL_NONE, GOAL_BELOW, GOAL_RATIO };
struct cost {
    const char *what, *unit;
    double unit_ns;                  /* nanoseconds, or bytes, of one unit */
    struct samples *samples, *floor; /* floor may be NULL */
    enum goal_kind goal;
    double limit; /* in units, or the ratio */
};
void cost_row(struct bench_report *r, const struct cost *c);

/* ---- late.c ---- */

/* Adds the rows about deadlines. The shop's till1 must be closed; it is moved into a directory under folder.
 */
int late_rows(struct plugin *p, const char *folder, const char *shop, int64_t rounds, struct bench_report *r,
              struct err *e);

/* ---- peer.c ---- */

struct peer_answer {
    size_t lines, offers;
    int64_t applied, discount, n, median, p99;
    double mean;
};
/* Whether node and the peer's modules are there; else why says what is missing. */
bool peer_there(const char *dir, char *why, size_t size);
int peer_run(const char *dir, size_t lines, size_t offers, int64_t rounds, struct peer_answer *out,
             struct err *e);

#endif
