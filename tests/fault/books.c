#include "day.h"

#include "authority/authority.h"
#include "keys/keyfile.h"
#include "shop/shop.h"

#include <sqlite3.h>
#include <stdio.h>
#include <string.h>

struct rule {
    const char *what, *sql; /* gives 0 where all is well */
};

static const struct rule till_rules[] = {
    {"till.db is damaged", "SELECT integrity_check <> 'ok' FROM pragma_integrity_check"},
    {"a committed sale has no record", "SELECT count(*) FROM sale WHERE state > 0 AND NOT EXISTS (SELECT 1 "
                                       "FROM record r WHERE r.sale = sale.id)"},
    {"the till's chain has a gap", "SELECT (SELECT count(*) FROM record) <> (SELECT seq FROM till) OR "
                                   "(SELECT coalesce(max(seq), 0) FROM record) <> "
                                   "(SELECT seq FROM till)"},
};

static const struct rule authority_rules[] = {
    {"authority.db is damaged", "SELECT integrity_check <> 'ok' FROM pragma_integrity_check"},
    {"a coupon is used without a sale",
     "SELECT count(*) FROM redemption WHERE NOT EXISTS (SELECT 1 FROM sale WHERE sale.d = redemption.d)"},
    {"a reward has no commit",
     "SELECT count(*) FROM sale WHERE NOT EXISTS (SELECT 1 FROM statement s WHERE s.d = sale.d)"},
    {"a coupon counts twice",
     "SELECT count(*) FROM (SELECT 1 FROM redemption WHERE outcome = 0 AND batch IS NOT NULL "
     "GROUP BY batch, idx HAVING count(*) > 1)"},
    {"a second use is no conflict",
     "SELECT count(*) FROM redemption WHERE outcome <> 0 AND conflict = 0 AND discount > 0"},
    {"two records have one place",
     "SELECT count(*) FROM (SELECT 1 FROM record GROUP BY till, epoch, seq HAVING count(*) > 1)"},
    {"a till is quarantined", "SELECT count(*) FROM till WHERE quarantined <> 0"},
};

static const struct rule till_day[] = {
    {"a record was not taken", "SELECT count(*) FROM record WHERE answer IS NOT 0"},
    {"the till has not its sale and its refund", "SELECT count(*) <> 2 FROM sale WHERE state = 1"},
};

static const struct rule authority_day[] = {
    {"there is not one sale", "SELECT count(*) <> 1 FROM sale WHERE voided = 0"},
    {"the sale has another amount", "SELECT sum(due) <> 1800 FROM sale"},
    {"the coupon's use neither counts nor is in conflict",
     "SELECT coalesce(sum((outcome = 0) + (conflict <> 0)), 0) <> 1 FROM redemption"},
    {"there is not one return of its amount", "SELECT count(*) <> 1 OR sum(due) <> 900 FROM reversal"},
};

static int hold_to(const char *file, const struct rule *rules, size_t n, struct told *told)
{
    char path[256];
    sqlite3 *db = NULL;
    const char *wrong = NULL;
    shop_file(file, path, sizeof path);
    if (sqlite3_open_v2(path, &db, SQLITE_OPEN_READWRITE, NULL) != SQLITE_OK) {
        wrong = "a database cannot be opened";
    }
    for (size_t i = 0; i < n && !wrong; i++) {
        sqlite3_stmt *st = NULL;
        if (sqlite3_prepare_v2(db, rules[i].sql, -1, &st, NULL) != SQLITE_OK ||
            sqlite3_step(st) != SQLITE_ROW || sqlite3_column_int64(st, 0) != 0) {
            wrong = rules[i].what;
        }
        sqlite3_finalize(st);
    }
    sqlite3_close(db);
    if (wrong) {
        snprintf(told->why, sizeof told->why, "%s", wrong);
    }
    return wrong ? -1 : 0;
}

/* The tables are those that the kept statements make. Nothing is signed for that: no key is read but the
 * cards'. */
static int rebuilt_equal(struct told *told)
{
    struct shop shop;
    struct authority *a = NULL;
    struct authority_config config = {.clock = &clock_system};
    char path[256];
    struct buf before, after;
    buf_init(&before, 1 << 24);
    buf_init(&after, 1 << 24);
    int rc = shop_load(shop_dir, &shop, NULL);
    rc = rc ? rc : shop_store(&shop, &config.store, NULL);
    rc = rc ? rc : store_dump(config.store, &before);
    shop_file("authority/card.key", path, sizeof path);
    rc = rc ? rc : secretfile_load(path, config.card_key, NULL);
    memcpy(config.id, shop.authority, ID_SIZE);
    memcpy(config.root, shop.root, HASH_SIZE);
    rc = rc ? rc : authority_open(&config, &a, NULL);
    rc = rc ? rc : authority_rebuild(a, NULL);
    rc = rc ? rc : store_dump(config.store, &after);
    rc = rc ? rc : bytes_equal(buf_view(&before), buf_view(&after)) ? 0 : -1;
    if (a) {
        authority_close(a);
    } else {
        store_close(config.store);
    }
    buf_free(&before);
    buf_free(&after);
    if (rc) {
        snprintf(told->why, sizeof told->why, "the tables are not those of the statements");
    }
    return rc ? -1 : 0;
}

#define HOLD(file, rules) hold_to(file, rules, sizeof rules / sizeof rules[0], told)
#define TILL_DB           "tills/till1/till.db"
#define AUTHORITY_DB      "authority/authority.db"

int books_sound(struct told *told)
{
    int rc = HOLD(TILL_DB, till_rules);
    rc = rc ? rc : HOLD(AUTHORITY_DB, authority_rules);
    return rc ? rc : rebuilt_equal(told);
}

int books_check(struct told *told)
{
    int rc = books_sound(told);
    rc = rc ? rc : HOLD(TILL_DB, till_day);
    return rc ? rc : HOLD(AUTHORITY_DB, authority_day);
}
