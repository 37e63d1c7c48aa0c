/* The short memory of codes that people type in, for a coupon or to enrol a till, and of wrong ones. */
#ifndef STORE_CODES_H
#define STORE_CODES_H

#include "store/store.h"

/* A code that stands for a coupon until then (exclusive). TP_E_EXISTS when the code is there. */
int store_pickup_put(struct store *s, struct bytes code, struct bytes coupon, int64_t until_ms);
/* Appends its coupon. STORE_NOT_FOUND: no such code, or not any more. */
int store_pickup(struct store *s, struct bytes code, int64_t now_ms, struct buf *coupon);
/* A wrong code was tried at the till. */
int store_pickup_miss(struct store *s, const char *till, int64_t now_ms);
/* How many wrong ones are remembered, of the till and of all. */
int store_pickup_misses(struct store *s, const char *till, int64_t *mine, int64_t *all);
/* Forgets codes that have ended, and wrong ones up to that time. */
int store_pickups_expire(struct store *s, int64_t now_ms, int64_t misses_before_ms);

/* An enrolment code that a merchant gave out for one till. */
struct invite_row {
    uint8_t d[HASH_SIZE], code_key[HASH_SIZE];
    char till[64], store[64];
    int64_t time_ms, until_ms;
    bool has_used;
    uint8_t used[HASH_SIZE]; /* D of the terminal statement that used it up */
};
int store_invite_put(struct store *s, const struct invite_row *row);
/* The newest of a till, by (time, d). STORE_NOT_FOUND. */
int store_invite(struct store *s, struct bytes till, struct invite_row *row);
int store_invite_use(struct store *s, const uint8_t d[HASH_SIZE], const uint8_t terminal[HASH_SIZE]);
/* A wrong code was tried for the till; how many are remembered, of the till and of all; forgets old ones. */
int store_enrol_miss(struct store *s, struct bytes till, int64_t now_ms);
int store_enrol_misses(struct store *s, struct bytes till, int64_t *mine, int64_t *all);
int store_enrol_misses_expire(struct store *s, int64_t before_ms);

#endif
