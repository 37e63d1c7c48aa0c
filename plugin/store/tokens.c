/* Tokens of those who may read. */
#include "store/sql.h"
#include "store/tokens.h"

int store_token_put(struct store *s, const struct token_row *row)
{
    return sql_run(s, "INSERT INTO token VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)", "hiittiii", row->hash,
                   (int64_t)row->role, row->parts, row->label, row->funder, row->issued_ms, row->until_ms,
                   row->revoked_ms);
}

#define SELECT_TOKEN "SELECT hash, role, parts, label, funder, issued_ms, until_ms, revoked_ms FROM token "

static void read_row(struct rows *st, struct token_row *row)
{
    *row = (struct token_row){.role = (int)sql_int(st, 1),
                              .parts = sql_int(st, 2),
                              .issued_ms = sql_int(st, 5),
                              .until_ms = sql_int(st, 6),
                              .revoked_ms = sql_int(st, 7)};
    sql_fixed(st, 0, row->hash, HASH_SIZE);
    sql_cstr(st, 3, row->label, sizeof row->label);
    sql_cstr(st, 4, row->funder, sizeof row->funder);
}

int store_token(struct store *s, const uint8_t hash[HASH_SIZE], struct token_row *row)
{
    struct rows *st = NULL;
    int rc = sql_open(s, &st, SELECT_TOKEN "WHERE merchant = ?1 AND hash = ?2", "h", hash);
    if (rc || (rc = sql_next(s, st)) != SQL_ROW) {
        return rc ? rc : STORE_NOT_FOUND;
    }
    read_row(st, row);
    sql_end(s, st);
    return 0;
}

int store_tokens(struct store *s, int (*fn)(void *arg, const struct token_row *row), void *arg)
{
    struct rows *st = NULL;
    int rc = sql_open(s, &st, SELECT_TOKEN "WHERE merchant = ?1 ORDER BY issued_ms, hash", "");
    while (rc == 0 && (rc = sql_next(s, st)) == SQL_ROW) {
        struct token_row row;
        read_row(st, &row);
        if ((rc = fn(arg, &row)) != 0) {
            sql_end(s, st);
        }
    }
    return rc;
}

int store_token_revoke(struct store *s, const uint8_t hash[HASH_SIZE], int64_t now_ms)
{
    return sql_run(
        s, "UPDATE token SET revoked_ms = ?3 WHERE merchant = ?1 AND hash = ?2 AND revoked_ms IS NULL", "hi",
        hash, now_ms);
}
