/* Reverse statements: what they say came back, and what became of them. */
#include "store/group.h"
#include "store/report.h"

int store_reversal_put(struct store *s, const struct reversal_row *row)
{
    group_present_is(s, ABSENT_REVERSAL, row->commit, HASH_SIZE);
    return sql_run(s,
                   "INSERT INTO reversal (merchant, d, commit_d, till, op, time_ms, gross, discount, net, "
                   "tax, due, epoch, seq, currency, outcome, conflict, disputed) "
                   "VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17)",
                   "hhtiiiiiiiiitiii", row->d, row->commit, row->till, (int64_t)row->op, row->time_ms,
                   row->gross, row->discount, row->net, row->tax, row->due, row->epoch, row->seq,
                   row->currency, (int64_t)row->outcome, row->conflict, (int64_t)row->disputed);
}

int store_reversal_line_put(struct store *s, const uint8_t d[HASH_SIZE], int64_t number, int64_t quantity)
{
    return sql_run(s,
                   "INSERT INTO reversal_line VALUES (?1, ?2, ?3, ?4) ON CONFLICT (merchant, d, number) "
                   "DO UPDATE SET quantity = reversal_line.quantity + excluded.quantity",
                   "hii", d, number, quantity);
}

int store_reversal_share_put(struct store *s, const uint8_t d[HASH_SIZE], const struct reversed *share)
{
    return sql_run(s,
                   "INSERT INTO reversal_share VALUES (?1, ?2, ?3, ?4, ?5) ON CONFLICT (merchant, d, place) "
                   "DO UPDATE SET discount = reversal_share.discount + excluded.discount, "
                   "cashback = reversal_share.cashback + excluded.cashback",
                   "hiii", d, share->redemption, share->discount, share->cashback);
}

#define REVERSAL_COLUMNS                                                                                     \
    "SELECT d, commit_d, till, op, time_ms, gross, discount, net, tax, due, epoch, seq, currency, outcome, " \
    "conflict FROM reversal "

static int hand_out(struct store *s, struct rows *st, int (*fn)(void *arg, const struct reversal_row *row),
                    void *arg)
{
    int rc = 0;
    while (rc == 0 && (rc = sql_next(s, st)) == SQL_ROW) {
        struct reversal_row row = {.op = (int)sql_int(st, 3),
                                   .time_ms = sql_int(st, 4),
                                   .gross = sql_int(st, 5),
                                   .discount = sql_int(st, 6),
                                   .net = sql_int(st, 7),
                                   .tax = sql_int(st, 8),
                                   .due = sql_int(st, 9),
                                   .epoch = sql_int(st, 10),
                                   .seq = sql_int(st, 11),
                                   .outcome = (int)sql_int(st, 13),
                                   .conflict = sql_int(st, 14)};
        sql_fixed(st, 0, row.d, HASH_SIZE);
        sql_fixed(st, 1, row.commit, HASH_SIZE);
        sql_cstr(st, 2, row.till, sizeof row.till);
        sql_cstr(st, 12, row.currency, sizeof row.currency);
        if ((rc = fn(arg, &row)) != 0) {
            sql_end(s, st);
        }
    }
    return rc;
}

int store_reversals(struct store *s, const uint8_t commit[HASH_SIZE],
                    int (*fn)(void *arg, const struct reversal_row *row), void *arg)
{
    struct rows *st = NULL;
    int rc = sql_open(s, &st,
                      REVERSAL_COLUMNS "WHERE merchant = ?1 AND commit_d = ?2 AND disputed = 0 "
                                       "ORDER BY op DESC, time_ms, till, epoch, seq, d",
                      "h", commit);
    return rc ? rc : hand_out(s, st, fn, arg);
}

int store_report_returns(struct store *s, int64_t from_ms, int64_t until_ms,
                         int (*fn)(void *arg, const struct reversal_row *row), void *arg)
{
    struct rows *st = NULL;
    int rc = sql_open(s, &st,
                      REVERSAL_COLUMNS "WHERE merchant = ?1 AND op = ?2 AND time_ms >= ?3 AND time_ms < ?4 "
                                       "AND disputed = 0 "
                                       "ORDER BY time_ms, d",
                      "*iii", (int64_t)REVERSE_RETURN, from_ms, until_ms);
    return rc ? rc : hand_out(s, st, fn, arg);
}

int store_report_reversal_conflicts(struct store *s, int64_t from_ms, int64_t until_ms,
                                    int (*fn)(void *arg, const struct reversal_row *row), void *arg)
{
    struct rows *st = NULL;
    int rc =
        sql_open(s, &st,
                 REVERSAL_COLUMNS "WHERE merchant = ?1 AND outcome <> 0 AND time_ms >= ?2 AND time_ms < ?3 "
                                  "ORDER BY time_ms, till, epoch, seq, d",
                 "ii", from_ms, until_ms);
    return rc ? rc : hand_out(s, st, fn, arg);
}

int store_reversal_lines(struct store *s, const uint8_t d[HASH_SIZE],
                         int (*fn)(void *arg, int64_t number, int64_t quantity), void *arg)
{
    struct rows *st = NULL;
    int rc = sql_open(
        s, &st, "SELECT number, quantity FROM reversal_line WHERE merchant = ?1 AND d = ?2 ORDER BY number",
        "h", d);
    while (rc == 0 && (rc = sql_next(s, st)) == SQL_ROW) {
        if ((rc = fn(arg, sql_int(st, 0), sql_int(st, 1))) != 0) {
            sql_end(s, st);
        }
    }
    return rc;
}

int store_reversal_shares(struct store *s, const uint8_t commit[HASH_SIZE],
                          int (*fn)(void *arg, const struct reversed *share), void *arg)
{
    struct rows *st = NULL;
    int rc = sql_open(s, &st,
                      "SELECT h.place, h.discount, h.cashback FROM reversal v JOIN reversal_share h "
                      "ON h.merchant = v.merchant AND h.d = v.d "
                      "WHERE v.merchant = ?1 AND v.commit_d = ?2 AND v.op = ?3 AND v.disputed = 0 "
                      "ORDER BY h.d, h.place",
                      "hi", commit, (int64_t)REVERSE_RETURN);
    while (rc == 0 && (rc = sql_next(s, st)) == SQL_ROW) {
        struct reversed share = {sql_int(st, 0), sql_int(st, 1), sql_int(st, 2)};
        if ((rc = fn(arg, &share)) != 0) {
            sql_end(s, st);
        }
    }
    return rc;
}

int store_reversal_book(struct store *s, const struct reversal_row *row)
{
    return sql_run(s, "UPDATE reversal SET outcome = ?3, conflict = ?4 WHERE merchant = ?1 AND d = ?2", "hii",
                   row->d, (int64_t)row->outcome, row->conflict);
}

int store_reversed(struct store *s, const uint8_t commit[HASH_SIZE], bool *reversed)
{
    int64_t found = 0;
    if (group_absent(s, ABSENT_REVERSAL, commit, HASH_SIZE)) {
        *reversed = false;
        return 0;
    }
    int rc =
        sql_ints(s, &found, 1, "SELECT EXISTS (SELECT 1 FROM reversal WHERE merchant = ?1 AND commit_d = ?2)",
                 "h", commit);
    *reversed = found != 0;
    return rc;
}

int store_void_place(struct store *s, const uint8_t commit[HASH_SIZE], const char *till,
                     struct record_place *place)
{
    struct rows *st = NULL;
    int rc = sql_open(s, &st,
                      "SELECT epoch, seq FROM reversal WHERE merchant = ?1 AND commit_d = ?2 AND till = ?3 "
                      "AND op = ?4 AND disputed = 0 ORDER BY epoch, seq LIMIT 1",
                      "hti", commit, till, (int64_t)REVERSE_VOID);
    if (rc || (rc = sql_next(s, st)) != SQL_ROW) {
        return rc ? rc : STORE_NOT_FOUND;
    }
    *place = (struct record_place){sql_int(st, 0), sql_int(st, 1)};
    sql_end(s, st);
    return 0;
}

int store_reversal_dispute(struct store *s, const uint8_t d[HASH_SIZE], bool disputed)
{
    return sql_run(
        s, "UPDATE reversal SET disputed = ?3, outcome = 0, conflict = 0 WHERE merchant = ?1 AND d = ?2",
        "hi", d, (int64_t)disputed);
}

int store_voided(struct store *s, const uint8_t commit[HASH_SIZE], const char *till, bool *voided)
{
    int64_t found = 0;
    int rc =
        sql_ints(s, &found, 1,
                 "SELECT EXISTS (SELECT 1 FROM reversal WHERE merchant = ?1 AND commit_d = ?2 AND till = ?3 "
                 "AND op = ?4 AND disputed = 0)",
                 "hti", commit, till, (int64_t)REVERSE_VOID);
    *voided = found != 0;
    return rc;
}
