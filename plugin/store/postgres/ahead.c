/* One question for all keys of a group: which of them there is a row for. */
#include "store/postgres/inside.h"

#include "store/group.h"
#include "store/stored.h"
#include "store/tills.h"

enum { KEYS_BYTES = 64 * STORE_KEYS_MAX };

#define NONE_ELSE ", 0::bigint, 0::bigint "
#define OF_COUPON "FROM unnest(?4::bigint[], ?5::bigint[]) AS q (batch, idx) WHERE EXISTS "
static const char question[] =
    "SELECT 0::bigint, d" NONE_ELSE "FROM statement WHERE merchant = ?1 AND d = ANY(?2) "
    "UNION ALL SELECT 1, commit_d" NONE_ELSE "FROM reversal WHERE merchant = ?1 AND commit_d = ANY(?2) "
    "UNION ALL SELECT 2, sale" NONE_ELSE "FROM revision WHERE merchant = ?1 AND sale = ANY(?3) "
    "UNION ALL SELECT 3, sale" NONE_ELSE "FROM reservation WHERE merchant = ?1 AND sale = ANY(?3) "
    "UNION ALL SELECT 3, sale" NONE_ELSE "FROM claim WHERE merchant = ?1 AND sale = ANY(?3) "
    "UNION ALL SELECT 4, NULL, q.batch, q.idx " OF_COUPON
    "(SELECT 1 FROM redemption r WHERE r.merchant = ?1 AND r.batch = q.batch AND r.idx = q.idx) "
    "UNION ALL SELECT 5, NULL, q.batch, q.idx " OF_COUPON
    "(SELECT 1 FROM reservation r WHERE r.merchant = ?1 AND r.batch = q.batch AND r.idx = q.idx) "
    "UNION ALL SELECT 6, id" NONE_ELSE "FROM answer WHERE merchant = ?1 AND id = ANY(?6) "
    "UNION ALL (SELECT 7, ''" NONE_ELSE "FROM lease WHERE merchant = ?1 LIMIT 1)";
_Static_assert(ABSENT_STATEMENT == 0 && ABSENT_REVERSAL == 1 && ABSENT_REVISION == 2 && ABSENT_HELD == 3 &&
                   ABSENT_COUPON == 4 && ABSENT_RESERVED == 5 && ABSENT_ANSWER == 6 && ABSENT_LEASE == 7,
               "the question names them by number");
static const char tills[] =
    "SELECT " TILL_COLUMNS ", " TENURE_COLUMNS
    " FROM till l LEFT JOIN tenure t ON t.merchant = l.merchant AND "
    "t.till = l.name AND t.epoch = l.epoch WHERE l.merchant = ?1 AND l.name = ANY(?2)";

static const char newest[] =
    "SELECT " NEWEST_COLUMNS
    ", coalesce((SELECT value FROM counter WHERE merchant = ?1 AND name = '" STORE_GRANTS "'), 0)";

enum sent_array { RECORDS, SALES, BATCHES, INDEXES, REQUESTS, TILLS, ARRAYS };

static void gather(const struct store_keys *k, struct buf b[ARRAYS])
{
    pg_array_begin(&b[RECORDS], OID_BYTEA);
    for (size_t i = 0; i < k->record_count; i++) {
        pg_array_put(&b[RECORDS], k->records[i].v, HASH_SIZE);
    }
    pg_array_begin(&b[SALES], OID_BYTEA);
    for (size_t i = 0; i < k->sale_count; i++) {
        pg_array_put(&b[SALES], k->sales[i].v, ID_SIZE);
    }
    pg_array_begin(&b[BATCHES], OID_INT8);
    pg_array_begin(&b[INDEXES], OID_INT8);
    for (size_t i = 0; i < k->coupon_count; i++) {
        pg_array_put_number(&b[BATCHES], k->coupons[i].batch);
        pg_array_put_number(&b[INDEXES], k->coupons[i].index);
    }
    pg_array_begin(&b[REQUESTS], OID_BYTEA);
    for (size_t i = 0; i < k->request_count; i++) {
        pg_array_put(&b[REQUESTS], k->requests[i].v, ID_SIZE);
    }
    pg_array_begin(&b[TILLS], OID_TEXT);
    for (size_t i = 0; i < k->till_count; i++) {
        pg_array_put(&b[TILLS], k->tills[i], strlen(k->tills[i]));
    }
}

enum { ANSWERS = 3 };

/* All at once. */
static int ask(struct pg_store *s, const struct store_keys *k, struct buf b[ARRAYS], PGresult *out[ANSWERS])
{
    struct params keys = pg_of_merchant(s), names = pg_of_merchant(s), sorts = pg_of_merchant(s);
    for (int i = 0; i < ARRAYS; i++) {
        if (b[i].failed) {
            return TP_E_MEMORY;
        }
    }
    pg_array_bind(&keys, &b[RECORDS], k->record_count, OID_BYTEAS);
    pg_array_bind(&keys, &b[SALES], k->sale_count, OID_BYTEAS);
    pg_array_bind(&keys, &b[BATCHES], k->coupon_count, OID_INT8S);
    pg_array_bind(&keys, &b[INDEXES], k->coupon_count, OID_INT8S);
    pg_array_bind(&keys, &b[REQUESTS], k->request_count, OID_BYTEAS);
    pg_array_bind(&names, &b[TILLS], k->till_count, OID_TEXTS);
    for (size_t i = 0; i < STORE_NEWEST_MAX; i++) {
        pg_put_number(&sorts, k->newest[i]);
    }
    int rc = pg_settle(s, NULL);
    rc = rc ? rc : pg_send(s, question, &keys);
    rc = rc ? rc : pg_send(s, tills, &names);
    rc = rc ? rc : pg_send(s, newest, &sorts);
    return rc ? rc : pg_collect(s, out, ANSWERS);
}

static int read_keys(struct store *s, struct rows *st, const struct store_keys *k)
{
    int rc;
    (void)k;
    while ((rc = sql_next(s, st)) == SQL_ROW) {
        int64_t sort = sql_int(st, 0);
        struct bytes key = sql_bytes(st, 1);
        uint8_t coupon[COUPON_KEY_SIZE];
        if (sort < 0 || sort > ABSENT_LEASE) {
            sql_end(s, st);
            return TP_E_CORRUPT;
        }
        if (sort == ABSENT_COUPON || sort == ABSENT_RESERVED) {
            group_coupon_key(sql_int(st, 2), sql_int(st, 3), coupon);
            key = bytes_of(coupon, sizeof coupon);
        }
        group_present_is(s, (enum absent)sort, key.p, key.n);
    }
    return rc;
}

static int read_tills(struct store *s, struct rows *st, const struct store_keys *k)
{
    int rc;
    (void)k;
    while ((rc = sql_next(s, st)) == SQL_ROW) {
        struct till_row till;
        struct tenure_row tenure;
        read_till(st, &till);
        group_till_is(s, &till, false);
        if (sql_bytes(st, TILL_COLUMN_COUNT).p) {
            read_tenure(st, TILL_COLUMN_COUNT, &tenure);
            group_tenure_is(s, &tenure);
        }
    }
    return rc;
}

static int read_newest(struct store *s, struct rows *st, const struct store_keys *k)
{
    int rc = sql_next(s, st);
    if (rc != SQL_ROW) {
        return rc ? rc : TP_E_CORRUPT;
    }
    for (int i = 0; i < STORE_NEWEST_MAX; i++) {
        group_newest_is(s, k->newest[i], sql_int(st, i));
    }
    group_grant_is(s, sql_int(st, STORE_NEWEST_MAX));
    sql_end(s, st);
    return 0;
}

/* Of an answer, which is freed. */
static int read_answer(struct store *s, PGresult *r, const struct store_keys *k,
                       int (*fn)(struct store *s, struct rows *st, const struct store_keys *k))
{
    struct rows *st = pg_rows_over(r);
    return st ? fn(s, st, k) : TP_E_MEMORY;
}

int pg_ahead(struct store *store, const struct store_keys *k)
{
    static int (*const read[ANSWERS])(struct store * s, struct rows * st,
                                      const struct store_keys *k) = {read_keys, read_tills, read_newest};
    struct pg_store *s = pg_own(store);
    PGresult *answers[ANSWERS] = {NULL};
    struct buf b[ARRAYS];
    for (int i = 0; i < ARRAYS; i++) {
        buf_init(&b[i], KEYS_BYTES);
    }
    gather(k, b);
    int rc = s->inside ? s->failed : TP_E_STATE;
    rc = rc ? rc : ask(s, k, b, answers);
    for (int i = 0; i < ANSWERS && answers[i]; i++) {
        int one = read_answer(store, answers[i], k, read[i]);
        rc = rc ? rc : one;
    }
    for (int i = 0; i < ARRAYS; i++) {
        buf_free(&b[i]);
    }
    return rc;
}
