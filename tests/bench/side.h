/* One authority of the bench: a shop over one kind of store, its daemon, and what is measured of it. One
 * thread. */
#ifndef BENCH_SIDE_H
#define BENCH_SIDE_H

#include "tests/bench/rows.h"
#include "tests/bench/trial.h"

enum { SIDE_SIZES = 3 };
extern const size_t side_sizes[SIDE_SIZES]; /* of the load: 1, 16 and 256 clients */

/* What all rows of the table are held against. */
struct yardsticks {
    double verify_us, sign_us;                         /* one core's time */
    double peer_rate[SIDE_SIZES], peer_us[SIDE_SIZES]; /* 0: not measured */
};

/* Zero it first; side_close, whatever was returned. */
struct side {
    const char *store; /* its name in the table */
    const char *folder, *certificate;
    char dir[SHOP_PATH_MAX];
    struct office office;
    struct bench_market market;
    struct service daemon;
    const struct yardsticks *yard;
    double row_us; /* one commit's rows */
    int64_t ms, kept;
    size_t clients; /* at most */
};

/* Makes its shop under folder, with what it keeps at `database` (NULL: in the shop), and starts tillproofd.
 * beside: that database's server, whose cost counts. */
int side_open(struct side *s, const char *database, pid_t beside, struct err *e);
void side_close(struct side *s);
/* Keeps commits until so many are kept, unmeasured. */
int side_fill(struct side *s, int64_t kept, struct err *e);
/* The table's rows. */
int side_stored(struct side *s, int64_t up_to, struct bench_report *r, struct err *e);
int side_sorts(struct side *s, struct bench_report *r, struct err *e);
int side_hot(struct side *s, struct bench_report *r, struct err *e);

/* A row. floor_us 0: there is none. */
struct measured {
    const char *what, *store;
    size_t clients;
    int64_t cpu_us, resident;
    double floor_us;
    struct load_result *load;
};
void side_row(struct bench_report *r, const struct yardsticks *y, const struct measured *m);

#endif
