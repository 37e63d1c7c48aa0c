/* Limits: what an offer has used, what holds have claimed of it, and which customers were here before. */
#include "store/group.h"
#include "store/holds.h"
#include "store/offers.h"

int store_tally(struct store *s, const uint8_t offer[REF_SIZE], struct tally_row *row)
{
    int64_t v[2] = {0};
    const struct tally_row *known = group_tally(s, offer);
    if (known) {
        *row = *known;
        return 0;
    }
    int rc =
        sql_ints(s, v, 2, "SELECT uses, spent FROM tally WHERE merchant = ?1 AND offer = ?2", "r", offer);
    row->uses = v[0];
    row->spent = v[1];
    if (rc == 0) {
        group_tally_is(s, offer, row);
    }
    return rc;
}

int store_tally_add(struct store *s, const uint8_t offer[REF_SIZE], int64_t uses, int64_t spent)
{
    s->runs++;
    return group_tally_add(s, offer, uses, spent) ? 0 : tally_write(s, offer, uses, spent);
}

int tally_write(struct store *s, const uint8_t offer[REF_SIZE], int64_t uses, int64_t spent)
{
    return sql_run(s,
                   "INSERT INTO tally VALUES (?1, ?2, ?3, ?4) ON CONFLICT (merchant, offer) DO UPDATE SET "
                   "uses = tally.uses + excluded.uses, spent = tally.spent + excluded.spent",
                   "rii", offer, uses, spent);
}

int store_claim_put(struct store *s, const struct claim_row *row)
{
    group_present_is(s, ABSENT_HELD, row->sale, ID_SIZE);
    return sql_run(s, "INSERT INTO claim VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)", "drhiitiii",
                   row->sale, row->offer, row->has_customer ? row->customer : NULL, (int64_t)row->fresh,
                   row->amount, row->till, row->number, row->until_ms, row->lease ? row->lease : NONE);
}

int store_claims(struct store *s, const uint8_t offer[REF_SIZE], struct tally_row *row)
{
    int64_t v[2] = {0};
    int rc = sql_ints(s, v, 2,
                      "SELECT count(*), CAST(coalesce(sum(amount), 0) AS BIGINT) FROM claim WHERE merchant = "
                      "?1 AND offer = ?2 AND lease IS NULL",
                      "r", offer);
    row->uses = v[0];
    row->spent = v[1];
    return rc;
}

int store_customer_claims(struct store *s, const uint8_t offer[REF_SIZE], const uint8_t customer[HASH_SIZE],
                          int64_t *claims)
{
    return sql_ints(
        s, claims, 1,
        "SELECT count(*) FROM claim WHERE merchant = ?1 AND customer IS NOT NULL AND customer = ?2 "
        "AND offer = ?3",
        "hr", customer, offer);
}

int store_fresh_claim(struct store *s, const uint8_t customer[HASH_SIZE], struct claim_row *row)
{
    struct rows *st = NULL;
    *row = (struct claim_row){.fresh = true};
    int rc = sql_open(s, &st,
                      "SELECT till, until_ms FROM claim WHERE merchant = ?1 AND customer IS NOT NULL AND "
                      "customer = ?2 AND fresh = 1 ORDER BY number LIMIT 1",
                      "h", customer);
    if (rc || (rc = sql_next(s, st)) != SQL_ROW) {
        return rc ? rc : STORE_NOT_FOUND;
    }
    sql_cstr(st, 0, row->till, sizeof row->till);
    row->until_ms = sql_int(st, 1);
    sql_end(s, st);
    return 0;
}

int store_visit_put(struct store *s, const uint8_t who[HASH_SIZE], const uint8_t commit[HASH_SIZE], bool main)
{
    return sql_run(s, "INSERT INTO visit VALUES (?1, ?2, ?3, ?4) ON CONFLICT DO NOTHING", "hhi", who, commit,
                   (int64_t)main);
}

int store_sale_customer(struct store *s, const uint8_t commit[HASH_SIZE], uint8_t who[HASH_SIZE])
{
    struct rows *st = NULL;
    int rc =
        sql_open(s, &st, "SELECT who FROM visit WHERE merchant = ?1 AND d = ?2 AND main = 1", "h", commit);
    if (rc || (rc = sql_next(s, st)) != SQL_ROW) {
        return rc ? rc : STORE_NOT_FOUND;
    }
    sql_fixed(st, 0, who, HASH_SIZE);
    sql_end(s, st);
    return 0;
}

int store_visited(struct store *s, const uint8_t who[HASH_SIZE], const char *customer, bool *visited)
{
    int64_t v[2] = {0};
    int rc = sql_ints(
        s, v, 2,
        "SELECT EXISTS (SELECT 1 FROM visit v JOIN sale s ON s.merchant = v.merchant AND s.d = v.d "
        "WHERE v.merchant = ?1 AND v.who = ?2 AND s.voided = 0 AND s.disputed = 0), "
        "EXISTS (SELECT 1 FROM visit v JOIN sale s ON s.merchant = v.merchant AND s.d = v.d "
        "WHERE v.merchant = ?1 AND s.voided = 0 AND s.disputed = 0 AND v.who IN (SELECT card FROM link "
        "WHERE merchant = ?1 AND disputed = 0 AND customer <> '' AND customer = ?3))",
        "ht", who, customer);
    *visited = v[0] != 0 || v[1] != 0;
    return rc;
}

int store_card_customer(struct store *s, const uint8_t card[HASH_SIZE], char *out, size_t size)
{
    struct rows *st = NULL;
    int rc = sql_open(
        s, &st,
        "SELECT customer FROM link WHERE merchant = ?1 AND card = ?2 AND customer <> '' AND disputed = 0 "
        "ORDER BY time_ms DESC, till DESC, epoch DESC, seq DESC, d DESC LIMIT 1",
        "h", card);
    if (rc || (rc = sql_next(s, st)) != SQL_ROW) {
        return rc ? rc : STORE_NOT_FOUND;
    }
    sql_cstr(st, 0, out, size);
    sql_end(s, st);
    return 0;
}

int store_automatic_put(struct store *s, const struct automatic_row *row, bool automatic)
{
    int rc = sql_run(s, "DELETE FROM automatic WHERE merchant = ?1 AND ref = ?2", "r", row->ref);
    if (rc || !automatic) {
        return rc;
    }
    return sql_run(s, "INSERT INTO automatic VALUES (?1, ?2, ?3, ?4, ?5)", "riii", row->ref, row->version,
                   row->from_ms, row->until_ms);
}

int store_automatic(struct store *s, int64_t after_ms, int (*fn)(void *arg, const struct automatic_row *row),
                    void *arg)
{
    struct rows *st = NULL;
    int rc = sql_open(s, &st,
                      "SELECT ref, version, from_ms, until_ms FROM automatic WHERE merchant = ?1 AND "
                      "until_ms > ?2 ORDER BY ref",
                      "i", after_ms);
    while (rc == 0 && (rc = sql_next(s, st)) == SQL_ROW) {
        struct automatic_row row = {
            .version = sql_int(st, 1), .from_ms = sql_int(st, 2), .until_ms = sql_int(st, 3)};
        sql_fixed(st, 0, row.ref, REF_SIZE);
        if ((rc = fn(arg, &row)) != 0) {
            sql_end(s, st);
        }
    }
    return rc;
}

int store_count(struct store *s, const char *name, int64_t *value)
{
    int rc = strcmp(name, STORE_CONFLICTS) == 0 ? group_settle(s) : 0;
    *value = 0;
    return rc ? rc
              : sql_ints(s, value, 1, "SELECT value FROM counter WHERE merchant = ?1 AND name = ?2", "t",
                         name);
}

int store_count_to(struct store *s, const char *name, int64_t value)
{
    return sql_run(
        s,
        "INSERT INTO counter VALUES (?1, ?2, ?3) ON CONFLICT (merchant, name) DO UPDATE SET value = "
        "excluded.value",
        "ti", name, value);
}

int count_write(struct store *s, const char *name, int64_t more)
{
    return sql_run(
        s,
        "INSERT INTO counter VALUES (?1, ?2, ?3) ON CONFLICT (merchant, name) DO UPDATE SET value = "
        "counter.value + excluded.value",
        "ti", name, more);
}

int store_count_on(struct store *s, const char *name)
{
    return count_write(s, name, 1);
}
