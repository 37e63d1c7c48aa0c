/* Sales, redemptions, reversals: what commits and reverses become. */
#include "store/group.h"
#include "store/sales.h"

#include <stdio.h>

int store_sale_put(struct store *s, const struct sale_row *row)
{
    return sql_run(
        s,
        "INSERT INTO sale (merchant, d, sale, till, store, epoch, seq, time_ms, rev, currency, gross, "
        "discount, net, tax, due, cashback, voided, disputed) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, "
        "?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18)",
        "hdttiiiitiiiiiiii", row->d, row->sale, row->till, row->store, row->epoch, row->seq, row->time_ms,
        row->rev, row->currency, row->gross, row->discount, row->net, row->tax, row->due, row->cashback,
        (int64_t)row->voided, (int64_t)row->disputed);
}

void read_sale(struct rows *st, int from, struct sale_row *row)
{
    sql_fixed(st, from, row->d, HASH_SIZE);
    sql_fixed(st, from + 1, row->sale, ID_SIZE);
    sql_cstr(st, from + 2, row->till, sizeof row->till);
    sql_cstr(st, from + 3, row->store, sizeof row->store);
    row->epoch = sql_int(st, from + 4);
    row->seq = sql_int(st, from + 5);
    row->time_ms = sql_int(st, from + 6);
    row->rev = sql_int(st, from + 7);
    sql_cstr(st, from + 8, row->currency, sizeof row->currency);
    row->gross = sql_int(st, from + 9);
    row->discount = sql_int(st, from + 10);
    row->net = sql_int(st, from + 11);
    row->tax = sql_int(st, from + 12);
    row->due = sql_int(st, from + 13);
    row->cashback = sql_int(st, from + 14);
    row->voided = sql_int(st, from + 15) != 0;
    row->disputed = sql_int(st, from + 16) != 0;
}

int store_sale(struct store *s, const uint8_t commit[HASH_SIZE], struct sale_row *row)
{
    struct rows *st = NULL;
    int rc = sql_open(s, &st, "SELECT " SALE_COLUMNS " FROM sale s WHERE s.merchant = ?1 AND s.d = ?2", "h",
                      commit);
    if (rc || (rc = sql_next(s, st)) != SQL_ROW) {
        return rc ? rc : STORE_NOT_FOUND;
    }
    read_sale(st, 0, row);
    sql_end(s, st);
    return 0;
}

int store_sale_reference_put(struct store *s, const uint8_t handle[HASH_SIZE], const uint8_t d[HASH_SIZE])
{
    return sql_run(s, "INSERT INTO sale_reference VALUES (?1, ?2, ?3)", "hh", handle, d);
}

static int count_d(struct store *s, struct rows *st, int64_t *n, uint8_t d[HASH_SIZE])
{
    int rc = 0;
    for (*n = 0; (rc = sql_next(s, st)) == SQL_ROW; (*n)++) {
        if (*n == 0) {
            sql_fixed(st, 0, d, HASH_SIZE);
        }
    }
    return rc;
}

int store_sale_named(struct store *s, struct bytes sale, const uint8_t handle[HASH_SIZE], int64_t *n,
                     uint8_t d[HASH_SIZE])
{
    struct rows *st = NULL;
    int rc = 0;
    *n = 0;
    if (sale.p) {
        rc = sql_open(s, &st, "SELECT d FROM sale WHERE merchant = ?1 AND sale = ?2 ORDER BY d LIMIT 2", "v",
                      sale);
        rc = rc ? rc : count_d(s, st, n, d);
    }
    if (rc == 0 && *n == 0) {
        rc = sql_open(s, &st,
                      "SELECT d FROM sale_reference WHERE merchant = ?1 AND handle = ?2 ORDER BY d LIMIT 2",
                      "h", handle);
        rc = rc ? rc : count_d(s, st, n, d);
    }
    return rc;
}

int store_sale_void(struct store *s, const uint8_t commit[HASH_SIZE], bool voided)
{
    return sql_run(s, "UPDATE sale SET voided = ?3 WHERE merchant = ?1 AND d = ?2", "hi", commit,
                   (int64_t)voided);
}

int store_sale_dispute(struct store *s, const uint8_t commit[HASH_SIZE], bool disputed)
{
    return sql_run(s, "UPDATE sale SET disputed = ?3 WHERE merchant = ?1 AND d = ?2", "hi", commit,
                   (int64_t)disputed);
}

void redemption_rank(struct redemption_row *r, const struct sale_row *sale)
{
    char d[2 * HASH_SIZE + 1];
    for (size_t i = 0; i < HASH_SIZE; i++) {
        snprintf(d + 2 * i, 3, "%02x", r->d[i]);
    }
    /* '!' is below whatever a till's name is made of, so that a shorter name comes first. */
    snprintf(r->rank, sizeof r->rank, "%d%019lld%015lld%s!%019lld%019lld%s%03lld", r->grant == NONE,
             (long long)(r->grant == NONE ? 0 : r->grant), (long long)sale->time_ms, sale->till,
             (long long)sale->epoch, (long long)sale->seq, d, (long long)r->place);
}

static void note_loser(struct store *s, const struct redemption_row *row)
{
    if (row->stage == CONTEST_BUDGET) {
        group_present_is(s, ABSENT_LOSER, row->offer, REF_SIZE);
    }
}

int store_redemption_put(struct store *s, const struct redemption_row *row)
{
    uint8_t key[COUPON_KEY_SIZE];
    group_coupon_key(row->batch, row->index, key);
    group_present_is(s, ABSENT_COUPON, key, sizeof key);
    note_loser(s, row);
    return sql_run(
        s,
        "INSERT INTO redemption (merchant, d, place, offer, version, batch, idx, card, grant_no, granted, "
        "basis, discount, cashback, outcome, conflict, slot, channel, campaign, rank, stage, customer, "
        "limited, lease, most, barred, frozen) "
        "VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19, ?20, "
        "?21, ?22, ?23, ?24, ?25, ?26)",
        "hiriiihiiiiiiiittvihiiiii", row->d, row->place, row->offer, row->version, row->batch, row->index,
        row->has_card ? row->card : NULL, row->grant, row->granted, row->basis, row->discount, row->cashback,
        (int64_t)row->outcome, row->conflict, row->slot, row->channel, row->campaign, bytes_str(row->rank),
        (int64_t)row->stage, row->has_customer ? row->customer : NULL, (int64_t)row->limited,
        row->lease ? row->lease : NONE, row->most, (int64_t)row->barred, row->frozen);
}

int store_redemption_grant(struct store *s, const struct redemption_row *row)
{
    return sql_run(s,
                   "UPDATE redemption SET grant_no = ?4, granted = ?5, rank = ?6 "
                   "WHERE merchant = ?1 AND d = ?2 AND place = ?3",
                   "hiiiv", row->d, row->place, row->grant, row->granted, bytes_str(row->rank));
}

int store_redemption_rank(struct store *s, const struct redemption_row *row)
{
    note_loser(s, row);
    return sql_run(
        s,
        "UPDATE redemption SET outcome = ?4, conflict = ?5, slot = ?6, channel = ?7, campaign = "
        "?8, stage = ?9, "
        "customer = ?10, limited = ?11, barred = ?12 WHERE merchant = ?1 AND d = ?2 AND place = ?3",
        "hiiiittihii", row->d, row->place, (int64_t)row->outcome, row->conflict, row->slot, row->channel,
        row->campaign, (int64_t)row->stage, row->has_customer ? row->customer : NULL, (int64_t)row->limited,
        (int64_t)row->barred);
}

int store_redemption_back(struct store *s, const struct redemption_row *row)
{
    return sql_run(s,
                   "UPDATE redemption SET back_discount = ?4, back_cashback = ?5, revived = ?6 "
                   "WHERE merchant = ?1 AND d = ?2 AND place = ?3",
                   "hiiii", row->d, row->place, row->back_discount, row->back_cashback,
                   (int64_t)row->revived);
}

void read_redemption(struct rows *st, int from, struct redemption_row *row)
{
    sql_fixed(st, from, row->d, HASH_SIZE);
    row->place = sql_int(st, from + 1);
    sql_fixed(st, from + 2, row->offer, REF_SIZE);
    row->version = sql_int(st, from + 3);
    row->batch = sql_int(st, from + 4);
    row->index = sql_int(st, from + 5);
    row->has_card = sql_int(st, from + 6) != NONE;
    sql_fixed(st, from + 6, row->card, HASH_SIZE);
    row->grant = sql_int(st, from + 7);
    row->granted = sql_int(st, from + 8);
    row->basis = sql_int(st, from + 9);
    row->discount = sql_int(st, from + 10);
    row->cashback = sql_int(st, from + 11);
    row->outcome = (int)sql_int(st, from + 12);
    row->conflict = sql_int(st, from + 13);
    row->slot = sql_int(st, from + 14);
    sql_cstr(st, from + 15, row->channel, sizeof row->channel);
    sql_cstr(st, from + 16, row->campaign, sizeof row->campaign);
    row->back_discount = sql_int(st, from + 17);
    row->back_cashback = sql_int(st, from + 18);
    row->revived = sql_int(st, from + 19) != 0;
    row->lease = sql_int(st, from + 20) == NONE ? 0 : sql_int(st, from + 20);
    row->most = sql_int(st, from + 21);
}

void read_ranked(struct rows *st, int from, struct redemption_row *row)
{
    read_redemption(st, from, row);
    sql_cstr(st, from + 22, row->rank, sizeof row->rank);
    row->stage = (int)sql_int(st, from + 23);
    row->has_customer = sql_int(st, from + 24) != NONE;
    sql_fixed(st, from + 24, row->customer, HASH_SIZE);
    row->limited = sql_int(st, from + 25) != 0;
    row->barred = (int)sql_int(st, from + 26);
    row->frozen = sql_int(st, from + 27);
}

#define SELECT_CONTEST                                                                                       \
    "SELECT " SALE_COLUMNS ", " RANKED_COLUMNS " FROM redemption r "                                         \
    "JOIN sale s ON s.merchant = r.merchant AND s.d = r.d WHERE r.merchant = ?1 AND "
#define CONTEST_ORDER                                                                                        \
    " ORDER BY r.grant_no IS NULL, r.grant_no, s.time_ms, s.till, s.epoch, s.seq, r.d, r.place"

int store_contest(struct store *s, const struct contest_key *key,
                  int (*fn)(void *arg, const struct contender *row), void *arg)
{
    struct rows *st = NULL;
    int rc = key->by == BY_COUPON
                 ? sql_open(s, &st, SELECT_CONTEST "r.batch = ?2 AND r.idx = ?3" CONTEST_ORDER, "ii",
                            key->batch, key->index)
             : key->by == BY_COMMIT
                 ? sql_open(s, &st, SELECT_CONTEST "r.d = ?2" CONTEST_ORDER, "h", key->id)
                 : sql_open(s, &st,
                            SELECT_CONTEST "r.d IN (SELECT c.d FROM redemption c WHERE "
                                           "c.merchant = ?1 AND c.card = ?2 UNION "
                                           "SELECT v.d FROM visit v "
                                           "WHERE v.merchant = ?1 AND v.who = ?2)" CONTEST_ORDER,
                            "h", key->id);
    while (rc == 0 && (rc = sql_next(s, st)) == SQL_ROW) {
        struct contender row;
        read_sale(st, 0, &row.sale);
        read_ranked(st, SALE_COLUMN_COUNT, &row.redemption);
        if ((rc = fn(arg, &row)) != 0) {
            sql_end(s, st);
        }
    }
    return rc;
}

/* The order leads a database to the index of those that have won, and the limit keeps it there. */
int store_coupon_uses(struct store *s, int64_t batch, int64_t index, int64_t *uses)
{
    uint8_t key[COUPON_KEY_SIZE];
    group_coupon_key(batch, index, key);
    if (group_absent(s, ABSENT_COUPON, key, sizeof key)) {
        *uses = 0;
        return 0;
    }
    return sql_ints(s, uses, 1,
                    "SELECT count(*) FROM (SELECT 1 FROM redemption r WHERE r.merchant = ?1 AND r.batch = ?2 "
                    "AND r.idx = ?3 AND r.stage >= 2 ORDER BY r.rank LIMIT 1000000000000) AS won",
                    "ii", batch, index);
}
