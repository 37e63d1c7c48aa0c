/* One question for all keys of a group: which of them there is a row for. */
#include "store/postgres/inside.h"

#include "store/group.h"

enum { KEYS_BYTES = 64 * STORE_KEYS_MAX };

static const char question[] =
    "SELECT 0::bigint, d, 0::bigint, 0::bigint FROM statement WHERE merchant = ?1 AND d = ANY(?2) "
    "UNION ALL SELECT 1, commit_d, 0, 0 FROM reversal WHERE merchant = ?1 AND commit_d = ANY(?2) "
    "UNION ALL SELECT 2, sale, 0, 0 FROM revision WHERE merchant = ?1 AND sale = ANY(?3) "
    "UNION ALL SELECT 3, sale, 0, 0 FROM reservation WHERE merchant = ?1 AND sale = ANY(?3) "
    "UNION ALL SELECT 3, sale, 0, 0 FROM claim WHERE merchant = ?1 AND sale = ANY(?3) "
    "UNION ALL SELECT 4, NULL, q.batch, q.idx FROM unnest(?4::bigint[], ?5::bigint[]) AS q (batch, idx) WHERE "
    "EXISTS (SELECT 1 FROM redemption r WHERE r.merchant = ?1 AND r.batch = q.batch AND r.idx = q.idx)";

enum sent_array { RECORDS, SALES, BATCHES, INDEXES, ARRAYS };

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
}

static int ask(struct pg_store *s, const struct store_keys *k, struct buf b[ARRAYS], PGresult **out)
{
    struct params p = {.n = 1,
                       .types = {OID_BYTEA},
                       .values = {(const char *)s->head.merchant},
                       .lengths = {ID_SIZE},
                       .formats = {1}};
    bool failed = false;
    for (int i = 0; i < ARRAYS; i++) {
        failed = failed || b[i].failed;
    }
    if (failed) {
        return TP_E_MEMORY;
    }
    pg_array_bind(&p, &b[RECORDS], k->record_count, OID_BYTEAS);
    pg_array_bind(&p, &b[SALES], k->sale_count, OID_BYTEAS);
    pg_array_bind(&p, &b[BATCHES], k->coupon_count, OID_INT8S);
    pg_array_bind(&p, &b[INDEXES], k->coupon_count, OID_INT8S);
    int rc = pg_settle(s, question);
    rc = rc ? rc : pg_send(s, question, &p);
    return rc ? rc : pg_drain(s, out);
}

static int64_t number_at(const PGresult *r, int row, int column)
{
    const uint8_t *p = (const uint8_t *)PQgetvalue(r, row, column);
    uint64_t v = 0;
    for (int i = 0; i < 8 && PQgetlength(r, row, column) == 8; i++) {
        v = v << 8 | p[i];
    }
    return (int64_t)v;
}

static int read_answer(struct store *s, const PGresult *r)
{
    for (int row = 0; row < PQntuples(r); row++) {
        int64_t sort = number_at(r, row, 0);
        if (sort < 0 || sort >= ABSENT_SORTS) {
            return TP_E_CORRUPT;
        }
        if (sort == ABSENT_COUPON) {
            uint8_t key[COUPON_KEY_SIZE];
            group_coupon_key(number_at(r, row, 2), number_at(r, row, 3), key);
            group_present_is(s, ABSENT_COUPON, key, sizeof key);
        } else {
            group_present_is(s, (enum absent)sort, (const uint8_t *)PQgetvalue(r, row, 1),
                             (size_t)PQgetlength(r, row, 1));
        }
    }
    return 0;
}

int pg_ahead(struct store *store, const struct store_keys *k)
{
    struct pg_store *s = pg_own(store);
    PGresult *answer = NULL;
    struct buf b[ARRAYS];
    for (int i = 0; i < ARRAYS; i++) {
        buf_init(&b[i], KEYS_BYTES);
    }
    gather(k, b);
    int rc = s->inside ? s->failed : TP_E_STATE;
    rc = rc ? rc : ask(s, k, b, &answer);
    rc = rc ? rc : read_answer(store, answer);
    PQclear(answer);
    for (int i = 0; i < ARRAYS; i++) {
        buf_free(&b[i]);
    }
    return rc;
}
