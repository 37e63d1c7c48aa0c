/* Persons' parts that are gone, what stays of them, and where a person stands in the tables. */
#include "store/sql.h"
#include "store/erased.h"

#include "wire/hash.h"

int store_erased_put(struct store *s, const uint8_t d[HASH_SIZE], struct bytes residue)
{
    return sql_run(s, "INSERT INTO erased VALUES (?1, ?2, ?3) ON CONFLICT (merchant, d) DO NOTHING", "hv", d,
                   residue.p ? residue : bytes_str(""));
}

int store_erased(struct store *s, const uint8_t d[HASH_SIZE], struct buf *residue)
{
    struct rows *st = NULL;
    int rc = sql_open(s, &st, "SELECT residue FROM erased WHERE merchant = ?1 AND d = ?2", "h", d);
    if (rc || (rc = sql_next(s, st)) != SQL_ROW) {
        return rc ? rc : STORE_NOT_FOUND;
    }
    struct bytes content = sql_bytes(st, 0);
    buf_put(residue, content.p, content.n);
    sql_end(s, st);
    return residue->failed ? TP_E_MEMORY : 0;
}

static int hash_on(struct rows *st, uint8_t digest[HASH_SIZE])
{
    uint8_t all[3 * HASH_SIZE];
    memcpy(all, digest, HASH_SIZE);
    sql_fixed(st, 0, all + HASH_SIZE, HASH_SIZE);
    int rc = sha256(sql_bytes(st, 1), all + 2 * HASH_SIZE);
    return rc ? rc : sha256(bytes_of(all, sizeof all), digest);
}

int store_erased_digest(struct store *s, int64_t before_n, int64_t *count, uint8_t digest[HASH_SIZE])
{
    struct rows *st = NULL;
    *count = 0;
    memset(digest, 0, HASH_SIZE);
    int rc = sql_open(
        s, &st,
        "SELECT e.d, e.residue FROM erased e JOIN statement s ON s.merchant = e.merchant AND s.d = e.d "
        "WHERE e.merchant = ?1 AND s.n < ?2 ORDER BY e.d",
        "i", before_n);
    while (rc == 0 && (rc = sql_next(s, st)) == SQL_ROW) {
        ++*count;
        if ((rc = hash_on(st, digest)) != 0) {
            sql_end(s, st);
        }
    }
    return rc;
}

int store_erased_since(struct store *s, int64_t n, int64_t *which)
{
    struct rows *st = NULL;
    int rc =
        sql_open(s, &st,
                 "SELECT min(s.n) FROM erased e JOIN statement s ON s.merchant = e.merchant AND s.d = e.d "
                 "WHERE e.merchant = ?1 AND s.n >= ?2 AND length(e.residue) > 0",
                 "i", n);
    if (rc || (rc = sql_next(s, st)) != SQL_ROW) {
        return rc ? rc : STORE_NOT_FOUND;
    }
    *which = sql_int(st, 0);
    sql_end(s, st);
    return *which == NONE ? STORE_NOT_FOUND : 0;
}

int store_person_drop(struct store *s, const uint8_t d[HASH_SIZE])
{
    static const char *const texts[] = {
        "DELETE FROM part WHERE merchant = ?1 AND d = ?2 AND which = 2",
        "DELETE FROM link WHERE merchant = ?1 AND d = ?2",
        "DELETE FROM visit WHERE merchant = ?1 AND d = ?2",
        "DELETE FROM sale_reference WHERE merchant = ?1 AND d = ?2",
        "UPDATE redemption SET card = NULL WHERE merchant = ?1 AND d = ?2",
    };
    int rc = 0;
    for (size_t i = 0; i < sizeof texts / sizeof texts[0] && rc == 0; i++) {
        rc = sql_run(s, texts[i], "h", d);
    }
    return rc;
}

int store_claims_forget(struct store *s, const uint8_t customer[HASH_SIZE])
{
    return sql_run(s,
                   "UPDATE claim SET customer = NULL, fresh = 0 WHERE merchant = ?1 AND customer IS NOT NULL "
                   "AND customer = ?2",
                   "h", customer);
}

int store_redemption_freeze(struct store *s, const struct redemption_row *row)
{
    return sql_run(s, "UPDATE redemption SET frozen = ?4 WHERE merchant = ?1 AND d = ?2 AND place = ?3",
                   "hii", row->d, row->place, row->frozen);
}

/* ---- whose statements ---- */

static int each_hash(struct store *s, struct rows *st, int rc, int (*fn)(void *arg, const uint8_t *d),
                     void *arg)
{
    while (rc == 0 && (rc = sql_next(s, st)) == SQL_ROW) {
        uint8_t d[HASH_SIZE];
        sql_fixed(st, 0, d, HASH_SIZE);
        if ((rc = fn(arg, d)) != 0) {
            sql_end(s, st);
        }
    }
    return rc;
}

int store_links_of_card(struct store *s, const uint8_t card[HASH_SIZE], bool unnamed,
                        int (*fn)(void *arg, const uint8_t *d), void *arg)
{
    struct rows *st = NULL;
    int rc = sql_open(
        s, &st,
        "SELECT DISTINCT d FROM link WHERE merchant = ?1 AND card = ?2 AND (?3 = 0 OR customer = '') "
        "ORDER BY d",
        "hi", card, (int64_t)unnamed);
    return each_hash(s, st, rc, fn, arg);
}

int store_links_of_customer(struct store *s, const char *customer, int (*fn)(void *arg, const uint8_t *d),
                            void *arg)
{
    struct rows *st = NULL;
    int rc = sql_open(s, &st,
                      "SELECT DISTINCT d FROM link WHERE merchant = ?1 AND customer <> '' AND customer = ?2 "
                      "ORDER BY d",
                      "t", customer);
    return each_hash(s, st, rc, fn, arg);
}

int store_cards_of_customer(struct store *s, const char *customer, int (*fn)(void *arg, const uint8_t *card),
                            void *arg)
{
    struct rows *st = NULL;
    int rc =
        sql_open(s, &st,
                 "SELECT DISTINCT card FROM link WHERE merchant = ?1 AND customer <> '' AND customer = ?2 "
                 "ORDER BY card",
                 "t", customer);
    return each_hash(s, st, rc, fn, arg);
}

int store_visits_of(struct store *s, const uint8_t who[HASH_SIZE], int (*fn)(void *arg, const uint8_t *d),
                    void *arg)
{
    struct rows *st = NULL;
    int rc = sql_open(s, &st, "SELECT d FROM visit WHERE merchant = ?1 AND who = ?2 ORDER BY d", "h", who);
    return each_hash(s, st, rc, fn, arg);
}

int store_reversals_alone(struct store *s, int (*fn)(void *arg, const uint8_t *d), void *arg)
{
    struct rows *st = NULL;
    int rc = sql_open(s, &st,
                      "SELECT r.d FROM reversal r WHERE r.merchant = ?1 AND NOT EXISTS (SELECT 1 FROM sale s "
                      "WHERE s.merchant = r.merchant AND s.d = r.commit_d) ORDER BY r.d",
                      "");
    return each_hash(s, st, rc, fn, arg);
}
