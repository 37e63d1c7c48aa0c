/*
 * Inside the store: what is known while a group lasts. Nobody else of the merchant can write in it, so what
 * was read once stays so until this store changes it: tills, which every record moves on, are written when
 * the group ends, and keys that were found to be absent are not looked for again.
 */
#ifndef STORE_GROUP_H
#define STORE_GROUP_H

#include "store/redeem.h"
#include "store/sql.h"

/* Begins with nothing known. TP_E_MEMORY. */
int group_begin(struct store *s);
/* Writes what is still to be written; before a commit, and before anything that may be undone. */
int group_settle(struct store *s);
/* Nothing is known any more, and nothing is to be written; takes a store without a group. */
void group_forget(struct store *s);
/* The same of rows alone: what was written since group_settle is undone. A key that was absent before is so
 * again, and looked for again; so is what was found to be absent since. */
void group_undo(struct store *s);
void group_free(struct store *s);

/* NULL where it is not known. What the pointer shows is valid until the next call of these. */
const struct till_row *group_till(const struct store *s, struct bytes name);
/* `due`: it is to be written. False when it is not remembered: then it is to be written now. */
bool group_till_is(struct store *s, const struct till_row *row, bool due);
const struct tenure_row *group_tenure(const struct store *s, struct bytes till, int64_t epoch);
void group_tenure_is(struct store *s, const struct tenure_row *row);

const struct tally_row *group_tally(const struct store *s, const uint8_t offer[REF_SIZE]);
void group_tally_is(struct store *s, const uint8_t offer[REF_SIZE], const struct tally_row *row);
/* Counts on, and is to be written; false when it is not known. */
bool group_tally_add(struct store *s, const uint8_t offer[REF_SIZE], int64_t uses, int64_t spent);
void group_tally_forget(struct store *s, const uint8_t offer[REF_SIZE]); /* its row was removed */
/* The number of the newest statement of each kind; true when all are known. */
bool group_newest(const struct store *s, const enum kind of[STORE_NEWEST_MAX],
                  int64_t newest[STORE_NEWEST_MAX]);
void group_newest_is(struct store *s, enum kind kind, int64_t n);
void group_newest_forget(struct store *s, enum kind kind); /* there is a newer one */
/* The next number of a grant, to be written; false when the last one is not known. */
bool group_next_grant(struct store *s, int64_t *number);
void group_grant_is(struct store *s, int64_t last);
/* One more of STORE_CONFLICTS, to be written; false outside of a group. */
bool group_conflict(struct store *s);

/* Sorts of keys: what there is no row for. Those that a server is asked for have their numbers in its
 * question.
 */
enum absent {
    ABSENT_STATEMENT, /* D */
    ABSENT_REVERSAL,  /* of this commit's D */
    ABSENT_REVISION,  /* sale */
    ABSENT_HELD,      /* sale: neither reservation nor claim */
    ABSENT_COUPON,    /* batch and index, of redemptions: group_coupon_key */
    ABSENT_RESERVED,  /* the same, of reservations */
    ABSENT_ANSWER,    /* id of a request */
    ABSENT_LEASE,     /* no bytes: of this merchant */
    ABSENT_LOSER,     /* of this offer's budget; never asked for ahead */
    ABSENT_SORTS
};
enum { COUPON_KEY_SIZE = 16 };
void group_coupon_key(int64_t batch, int64_t index, uint8_t key[COUPON_KEY_SIZE]);
/* Remembers that there is none; where there is no room it is looked for again. */
void group_absent_is(struct store *s, enum absent sort, const uint8_t *key, size_t n);
/* A row of that key was written, or is now, or was found. True when it was known to be absent until now. */
bool group_present_is(struct store *s, enum absent sort, const uint8_t *key, size_t n);
bool group_absent(const struct store *s, enum absent sort, const uint8_t *key, size_t n);
bool group_no_lease(const struct store *s);
void group_lease_is(struct store *s);

#endif
