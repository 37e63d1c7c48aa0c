/* A day at one till, as a POS program lives it; the shop that it lives in; and the books held against it. */
#ifndef FAULT_DAY_H
#define FAULT_DAY_H

#include "tillproof.h"

#include <stdbool.h>
#include <stddef.h>

/* What the program was told, as it became true. */
enum { TOLD_SALE = 1, TOLD_REFUND = 2, TOLD_SENT = 4, TOLD_SYNCED = 8, TOLD_DAY = 16 };

/* In memory that a child shares with its parent. */
struct told {
    int bits;
    int code;      /* of what failed at last */
    char why[256]; /* ... in words */
};

/* ---- shop.c ---- */

/* Makes a shop with an offer and a coupon in a folder of memory, and keeps what its files hold. Ends the
 * program when it cannot. command: the tillproof command. */
void shop_make(const char *command);
void shop_remove(void);
/* This process's own copy of it, number i; later the same copy as it was at first. */
void shop_mine(int i);
void shop_restore(void);
extern char shop_dir[160];
extern char shop_coupon[1024];
extern size_t shop_coupon_length;
/* A path in shop_dir. */
void shop_file(const char *name, char *out, size_t size);

/* Runs fn in a child of its own, at most 60 s: its exit status, or 128 + the signal. */
int in_child(int (*fn)(void *arg), void *arg);
/* The same from a process that has used the libraries before, which costs less. It is made by the first call,
 * with fn and arg as they are then; what changes lies in shared memory. */
int in_warm_child(int (*fn)(void *arg), void *arg);
void in_warm_end(void);

/* ---- day.c: 0, or a code ---- */

extern int day_in_vain; /* not 0: so many ms are waited, and nothing is tried again: it will not succeed */
int32_t day_open(struct tillproof **t);
/* From the sale to the day's end. What was done already is found done: it can be called again. */
int32_t day_live(struct tillproof *t, struct told *told);
/* A paid sale without a hold. */
int32_t day_sell_at_once(struct tillproof *t, const char *reference);
bool day_committed(struct tillproof *t, const char *reference);
/* Another sale's customer shows the same coupon, and is told that it was used. */
int32_t day_coupon_used(struct tillproof *t, struct told *told);

/* ---- books.c ---- */

/* 0: the books of a whole day are right, and so are both files; else -1 with why. Nothing is open. */
int books_check(struct told *told);
/* The same of a day that may not have come to its end: what is there is whole and true. */
int books_sound(struct told *told);

#endif
