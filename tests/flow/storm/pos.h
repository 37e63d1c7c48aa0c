/*
 * A POS program for the storm: one process, one till, no mercy. It sells, voids, takes back and closes days
 * by the numbers of a seed, is killed and stopped at any moment, and writes down what it asked and what it
 * was told. The checker believes this history and compares everything else with it. Includes the public
 * header and libc alone.
 */
#ifndef STORM_POS_H
#define STORM_POS_H

#include "tillproof.h"

#include <stdbool.h>
#include <stddef.h>

enum { REF_MAX = 48, LINES_MAX = 3, USES_MAX = 16, TILLS_MAX = 8, BACK_MAX = 8 };
enum { NO_CODE = -1, MISTYPED = -2 };

/* The functions of the plugin that it calls. */
#define POS_CALLS(X)                                                                                         \
    X(open)                                                                                                  \
    X(close)                                                                                                 \
    X(status)                                                                                                \
    X(name)                                                                                                  \
    X(reason)                                                                                                \
    X(sale_begin)                                                                                            \
    X(sale_find)                                                                                             \
    X(sale_unsettled)                                                                                        \
    X(sale_info)                                                                                             \
    X(sale_forget)                                                                                           \
    X(sale_save)                                                                                             \
    X(sale_load)                                                                                             \
    X(lines_set)                                                                                             \
    X(present)                                                                                               \
    X(withdraw)                                                                                              \
    X(quote)                                                                                                 \
    X(hold)                                                                                                  \
    X(release)                                                                                               \
    X(commit)                                                                                                \
    X(void)                                                                                                  \
    X(refund_begin)                                                                                          \
    X(offer_result)                                                                                          \
    X(day_close)
struct plugin {
#define MEMBER(name) __typeof__(tillproof_##name) *do_##name;
    POS_CALLS(MEMBER)
#undef MEMBER
};
extern struct plugin plugin;
/* Ends the process with a line on standard error when it cannot be loaded. */
void plugin_load(const char *path);

/* Numbers from a seed: the same seed, the same numbers. */
struct dice {
    uint64_t state;
};
void dice_seed(struct dice *d, const char *text);
uint32_t dice_roll(struct dice *d, uint32_t below);

/* A coupon, a code that stands for one, or a card that may be shown. */
struct token {
    char offer[48]; /* a coupon's; "" for a card */
    int number;     /* as the checker knows it; -1: it has none */
    char text[512];
};
struct tokens {
    struct token *v;
    int n;
};
enum pile { ONCE, TWICE, AGAIN, PAPER, CARDS, PILES };

struct pos {
    struct tillproof *t;
    const char *till;
    int me; /* the number in its name */
    int run, tills;
    bool mortal;               /* it may die in the midst of a commit */
    int64_t start_us, span_us; /* the storm's, by the boot clock */
    struct dice dice;
    int sales;  /* begun in this run */
    int typos;  /* codes that were typed wrong in this run */
    bool alone; /* the last hold found nobody */
    struct token typed;
    struct tokens piles[PILES], own[TILLS_MAX]; /* own: coupons of that till alone */
    char back[BACK_MAX][REF_MAX];               /* sales whose coupon is good again when all comes back */
    int backs;
};

/* TOKENS into p; a line that is for nobody is passed by. */
void tokens_read(struct pos *p, const char *path);
void tokens_free(struct pos *p);
/* NULL where there is none. Near: a few beside each other, further on as the storm goes on, so that tills
 * meet over them and they do not run out. */
const struct token *token_near(struct pos *p, const struct tokens *from);
const struct token *token_any(struct pos *p, const struct tokens *from);
/* One of the first coupons of that till which are not used up; and that one of its own is. */
const struct token *token_own(struct pos *p, int till);
void token_spent(struct pos *p, const struct token *token);
/* A code that was made lately, good until the next call; wrong: one digit of it is another. */
const struct token *token_typed(struct pos *p, bool wrong);

/* Appends one line to the history: JSON, with the time (boot clock, us) and the run. The last arguments are
 * its further members, as printf makes them. */
void history_open(const char *path, int run);
void history(const char *form, ...) __attribute__((format(printf, 1, 2)));
void history_sync(void);
int64_t boot_us(void);
void pos_nap(uint32_t ms);

/* The basket of a sale: a function of its reference alone, so that whoever takes it up again knows it. */
uint32_t pos_basket(const char *ref, struct tillproof_line lines[LINES_MAX]);

/* One customer: a whole sale, from the first line to whatever ends it. */
void pos_sell(struct pos *p);
/* A sale, and its reference; one for which this coupon is good, unless it is NULL. False: it could not be
 * made.
 */
bool pos_sell_with(struct pos *p, const struct token *token, char ref[REF_MAX]);
/* A customer whose code is typed with a wrong digit, and who pays without it. */
void pos_mistype(struct pos *p);
/* A sale that is recorded is voided; something, or all of it comes back. */
void pos_void(struct pos *p, const char *ref);
void pos_refund(struct pos *p, const char *original, bool all);
/* The sale goes on at another till: its bytes are left in the folder `moved`, and it ends here. And one that
 * was left there is taken up and paid. */
void pos_leave(struct pos *p, int64_t sale, const char *ref);
void pos_take_over(struct pos *p);
/* Something with an earlier sale, of this till or another; the day's end. */
void pos_look_back(struct pos *p);
/* What was under way when the run before was killed: op is commit, void or close, ref its sale. */
void pos_resolve(struct pos *p, const char *op, const char *ref);
/* Sales held and not settled; forget: all of them are forgotten, else some are taken up and paid. */
void pos_settle(struct pos *p, bool forget);
/* Tells what a call that failed said, unless rc is 0 or `allowed`. */
bool pos_good(const char *op, const char *ref, int32_t rc, int32_t allowed);

/* The price in full, and what is redeemed in it, as members of a line of the history. shown[i] is what
 * presentation ids[i] was. Returns out. */
struct shown {
    int64_t id;
    const struct token *token;
};
const char *pos_price(struct pos *p, int64_t sale, const struct tillproof_quote *q, const struct shown *shown,
                      int n, char *out, size_t size);
/* Records it as paid, and writes that down, safe on the disk. */
void pos_commit(struct pos *p, int64_t sale, const char *ref, const char *kind);

#endif
