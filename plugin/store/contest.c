/*
 * One contest at a time: who of those that claim the same use has won it last, and who has lost it first.
 * Each question is one step in an index of its own (schema 0003), so its cost does not grow with the claims.
 */
#include "store/group.h"
#include "store/sales.h"

#define SELECT_ROW    "SELECT " RANKED_COLUMNS " FROM redemption r WHERE r.merchant = ?1 AND "
#define LAST          " ORDER BY r.rank DESC LIMIT 1"
#define FIRST         " ORDER BY r.rank LIMIT 1"
#define SAME_COUPON   "r.batch = ?2 AND r.idx = ?3 AND "
#define SAME_CUSTOMER "r.offer = ?2 AND r.customer IS NOT NULL AND r.customer = ?3 AND "
#define SAME_OFFER    "r.offer = ?2 AND r.limited = 1 AND "

/* The literals stand as they do in the indexes' conditions, which is how a database recognizes them. */
static const struct {
    const char *last, *first;
} texts[STAGE_WON] = {
    [CONTEST_COUPON] = {SELECT_ROW SAME_COUPON "r.stage >= 2" LAST,
                        SELECT_ROW SAME_COUPON "r.stage = 1" FIRST},
    [CONTEST_CUSTOMER] = {SELECT_ROW SAME_CUSTOMER "r.stage >= 3" LAST,
                          SELECT_ROW SAME_CUSTOMER "r.stage = 2" FIRST},
    [CONTEST_TOTAL] = {SELECT_ROW SAME_OFFER "r.stage >= 4" LAST, SELECT_ROW SAME_OFFER "r.stage = 3" FIRST},
    [CONTEST_BUDGET] = {SELECT_ROW SAME_OFFER "r.stage = 5" LAST, SELECT_ROW SAME_OFFER "r.stage = 4" FIRST},
};

static int one_row(struct store *s, struct rows *st, struct redemption_row *out)
{
    int rc = sql_next(s, st);
    if (rc != SQL_ROW) {
        return rc ? rc : STORE_NOT_FOUND;
    }
    read_ranked(st, 0, out);
    sql_end(s, st);
    return 0;
}

static int ask(struct store *s, const char *text, int contest, const struct redemption_row *r,
               struct redemption_row *out)
{
    struct rows *st = NULL;
    int rc = contest == CONTEST_COUPON     ? sql_open(s, &st, text, "ii", r->batch, r->index)
             : contest == CONTEST_CUSTOMER ? sql_open(s, &st, text, "rh", r->offer, r->customer)
                                           : sql_open(s, &st, text, "r", r->offer);
    return rc ? rc : one_row(s, st, out);
}

int store_last_winner(struct store *s, int contest, const struct redemption_row *r,
                      struct redemption_row *out)
{
    return ask(s, texts[contest].last, contest, r, out);
}

int store_first_loser(struct store *s, int contest, const struct redemption_row *r,
                      struct redemption_row *out)
{
    if (contest == CONTEST_BUDGET && group_absent(s, ABSENT_LOSER, r->offer, REF_SIZE)) {
        return STORE_NOT_FOUND;
    }
    int rc = ask(s, texts[contest].first, contest, r, out);
    if (contest == CONTEST_BUDGET && rc == STORE_NOT_FOUND) {
        group_absent_is(s, ABSENT_LOSER, r->offer, REF_SIZE);
    }
    return rc;
}

int store_customer_uses(struct store *s, const uint8_t offer[REF_SIZE], const uint8_t customer[HASH_SIZE],
                        int64_t *uses)
{
    return sql_ints(s, uses, 1,
                    "SELECT count(*) FROM (SELECT 1 FROM redemption r WHERE r.merchant = ?1 AND r.offer = ?2 "
                    "AND r.customer IS NOT NULL AND r.customer = ?3 AND r.stage >= 3 ORDER BY r.rank "
                    "LIMIT 1000000000000) AS won",
                    "rh", offer, customer);
}

int store_redemption(struct store *s, const uint8_t commit[HASH_SIZE], int64_t place,
                     struct redemption_row *out)
{
    struct rows *st = NULL;
    int rc = sql_open(s, &st, SELECT_ROW "r.d = ?2 AND r.place = ?3", "hi", commit, place);
    return rc ? rc : one_row(s, st, out);
}

int store_offer_redemptions(struct store *s, const uint8_t offer[REF_SIZE], struct bytes after, int64_t limit,
                            int (*fn)(void *arg, const struct redemption_row *row), void *arg)
{
    struct rows *st = NULL;
    int rc = sql_open(s, &st, SELECT_ROW "r.offer = ?2 AND r.rank > ?3 ORDER BY r.rank LIMIT ?4", "*rvi",
                      offer, after, limit);
    while (rc == 0 && (rc = sql_next(s, st)) == SQL_ROW) {
        struct redemption_row row;
        read_ranked(st, 0, &row);
        if ((rc = fn(arg, &row)) != 0) {
            sql_end(s, st);
        }
    }
    return rc;
}

int store_offer_unrank(struct store *s, const uint8_t offer[REF_SIZE], int stage)
{
    group_tally_forget(s, offer);
    int rc = sql_run(
        s, "UPDATE redemption SET stage = ?3, slot = NULL WHERE merchant = ?1 AND offer = ?2 AND stage > 0",
        "ri", offer, (int64_t)stage);
    return rc ? rc : sql_run(s, "DELETE FROM tally WHERE merchant = ?1 AND offer = ?2", "r", offer);
}
