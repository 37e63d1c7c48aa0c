#include "journal/internal.h"

int sale_write(struct journal *j, const struct journal_sale *s, struct err *e)
{
    struct bytes record = s->state == SALE_OPEN ? (struct bytes){0} : bytes_of(s->commit, HASH_SIZE);
    int rc = db_run(j, e,
                    "INSERT INTO sale (id, reference, uuid, currency, rev, state, receipt, binding, seq,"
                    " redemptions, record, quote, text) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
                    " ON CONFLICT (id) DO UPDATE SET rev = excluded.rev, state = excluded.state,"
                    " receipt = excluded.receipt, binding = excluded.binding, seq = excluded.seq,"
                    " redemptions = excluded.redemptions, record = excluded.record, quote = excluded.quote,"
                    " text = excluded.text",
                    "itutiitiiibbb", s->id, s->reference, s->uuid, s->currency, s->rev, (int64_t)s->state,
                    s->receipt, (int64_t)s->binding, s->seq, s->redemptions, record, s->quote, s->text);
    return rc ? rc : decided_write(j, s, e);
}

int journal_sale_put(struct journal *j, const struct journal_sale *s, struct err *e)
{
    int rc = db_begin(j, e);
    return rc ? rc : db_end(j, sale_write(j, s, e), e);
}

int journal_sale_drop(struct journal *j, int64_t id, struct err *e)
{
    return db_run(j, e, "DELETE FROM sale WHERE id = ? AND state = 0", "i", id);
}

int journal_sale_unsettled(struct journal *j, int64_t index, int64_t *id, struct err *e)
{
    int rc = 0;
    sqlite3_stmt *st =
        db_bind(j, &rc, e, "SELECT id FROM sale WHERE state = 0 ORDER BY id LIMIT 1 OFFSET ?", "i", index);
    if (!st || (rc = db_step(j, st, e)) <= 0) {
        return rc ? rc : JOURNAL_NOT_FOUND;
    }
    *id = sqlite3_column_int64(st, 0);
    db_reset(st);
    return 0;
}

#define SALE_COLUMNS                                                                                         \
    "SELECT id, reference, uuid, currency, rev, state, receipt, binding, seq, redemptions, record, quote, "  \
    "text"                                                                                                   \
    " FROM sale "

static bool read_sale(sqlite3_stmt *st, struct journal_sale *s)
{
    *s = (struct journal_sale){
        .id = sqlite3_column_int64(st, 0),
        .rev = sqlite3_column_int64(st, 4),
        .state = sqlite3_column_int(st, 5),
        .binding = sqlite3_column_int(st, 7) != 0,
        .seq = sqlite3_column_int64(st, 8),
        .redemptions = sqlite3_column_int64(st, 9),
        .quote = column_blob(st, 11),
        .text = column_blob(st, 12),
    };
    bool good = s->id >= 1 && s->rev >= 0 && s->state >= SALE_OPEN && s->state <= SALE_VOIDED &&
                column_text(st, 1, s->reference, sizeof s->reference) &&
                column_fixed(st, 2, s->uuid, ID_SIZE) &&
                column_text(st, 3, s->currency, sizeof s->currency) &&
                column_text(st, 6, s->receipt, sizeof s->receipt);
    if (good && s->state != SALE_OPEN) {
        good = column_fixed(st, 10, s->commit, HASH_SIZE) && s->quote.p && s->text.p;
    }
    return good;
}

static int one_sale(struct journal *j, sqlite3_stmt *st, int (*fn)(void *arg, const struct journal_sale *s),
                    void *arg, struct err *e)
{
    int rc = db_step(j, st, e);
    if (rc <= 0) {
        return rc ? rc : JOURNAL_NOT_FOUND;
    }
    struct journal_sale s;
    rc = read_sale(st, &s) ? fn(arg, &s) : damaged(e);
    db_reset(st);
    return rc;
}

int journal_sale(struct journal *j, int64_t id, int (*fn)(void *arg, const struct journal_sale *s), void *arg,
                 struct err *e)
{
    int rc = 0;
    sqlite3_stmt *st = db_bind(j, &rc, e, SALE_COLUMNS "WHERE id = ?", "i", id);
    return st ? one_sale(j, st, fn, arg, e) : rc;
}

int journal_sale_by_reference(struct journal *j, struct bytes reference,
                              int (*fn)(void *arg, const struct journal_sale *s), void *arg, struct err *e)
{
    char text[REFERENCE_MAX + 1];
    if (reference.n > REFERENCE_MAX) {
        return JOURNAL_NOT_FOUND;
    }
    bytes_to_cstr(reference, text, sizeof text);
    int rc = 0;
    sqlite3_stmt *st = db_bind(j, &rc, e, SALE_COLUMNS "WHERE reference = ?", "t", text);
    return st ? one_sale(j, st, fn, arg, e) : rc;
}

int journal_sale_by_uuid(struct journal *j, const uint8_t uuid[ID_SIZE],
                         int (*fn)(void *arg, const struct journal_sale *s), void *arg, struct err *e)
{
    int rc = 0;
    sqlite3_stmt *st = db_bind(j, &rc, e, SALE_COLUMNS "WHERE uuid = ?", "u", uuid);
    return st ? one_sale(j, st, fn, arg, e) : rc;
}

int returns_write(struct journal *j, const struct journal_returns *returns, struct err *e)
{
    int rc = 0;
    for (size_t i = 0; i < returns->n && rc == 0; i++) {
        const struct journal_returned *r = &returns->list[i];
        rc = db_run(j, e,
                    "INSERT OR REPLACE INTO returned (record, offer, place, quantity, refunded, taken_back)"
                    " VALUES (?, ?, ?, ?, ?, ?)",
                    "diiiii", returns->commit, (int64_t)r->offer, r->place, r->quantity, r->refunded,
                    r->taken_back);
    }
    return rc;
}

int journal_returned(struct journal *j, const uint8_t commit[HASH_SIZE],
                     int (*fn)(void *arg, const struct journal_returned *r), void *arg, struct err *e)
{
    int rc = 0;
    sqlite3_stmt *st = db_bind(
        j, &rc, e, "SELECT offer, place, quantity, refunded, taken_back FROM returned WHERE record = ?", "d",
        commit);
    if (!st) {
        return rc;
    }
    while ((rc = db_step(j, st, e)) > 0) {
        struct journal_returned r = {sqlite3_column_int(st, 0) != 0, sqlite3_column_int64(st, 1),
                                     sqlite3_column_int64(st, 2), sqlite3_column_int64(st, 3),
                                     sqlite3_column_int64(st, 4)};
        rc = r.place >= 0 ? fn(arg, &r) : damaged(e);
        if (rc) {
            db_reset(st);
            return rc;
        }
    }
    return rc;
}

static int note_any(void *arg, const struct journal_returned *r)
{
    (void)r;
    *(bool *)arg = true;
    return 0;
}

int journal_any_returned(struct journal *j, const uint8_t commit[HASH_SIZE], bool *any, struct err *e)
{
    bool found = false;
    int rc = journal_returned(j, commit, note_any, &found, e);
    if (rc == 0) {
        *any = found;
    }
    return rc;
}
