#include "journal/internal.h"

int journal_till(struct journal *j, struct journal_till *out, struct err *e)
{
    int rc = 0;
    sqlite3_stmt *st =
        db_bind(j, &rc, e,
                "SELECT authority, name, store, epoch, seq, d, have, outcomes, floor_ms, behind,"
                " card_key, (SELECT time_ms FROM told), (SELECT size FROM seen),"
                " (SELECT root FROM seen), (SELECT epoch FROM forgone) FROM till",
                "");
    if (!st || (rc = db_step(j, st, e)) <= 0) {
        return rc ? rc : damaged(e);
    }
    struct journal_till t = {
        .head = {sqlite3_column_int64(st, 3), sqlite3_column_int64(st, 4), {0}},
        .have = sqlite3_column_int64(st, 6),
        .outcomes = sqlite3_column_int64(st, 7),
        .floor_ms = sqlite3_column_int64(st, 8),
        .behind = sqlite3_column_int(st, 9) != 0,
        .told_ms = sqlite3_column_int64(st, 11),
        .seen = {.size = sqlite3_column_int64(st, 12)},
        .forgone = sqlite3_column_int64(st, 14),
    };
    bool good = column_fixed(st, 0, t.authority, ID_SIZE) && column_text(st, 1, t.name, sizeof t.name) &&
                column_text(st, 2, t.store, sizeof t.store) && column_fixed(st, 5, t.head.d, HASH_SIZE) &&
                t.head.epoch >= 1 && t.head.seq >= 0 && t.have >= 0 && t.outcomes >= 0 && t.floor_ms >= 0 &&
                (t.seen.size == 0 || column_fixed(st, 13, t.seen.root, HASH_SIZE)) &&
                t.floor_ms <= TIME_MAX && t.told_ms >= 0 && t.told_ms <= TIME_MAX &&
                name_valid(bytes_str(t.name)) && name_valid(bytes_str(t.store));
    t.has_card_key = column_fixed(st, 10, t.card_key, HASH_SIZE);
    db_reset(st);
    if (good) {
        *out = t;
    }
    wipe(&t, sizeof t);
    return good ? 0 : damaged(e);
}

int journal_sale_ids(struct journal *j, int64_t *first, struct err *e)
{
    int rc = 0;
    sqlite3_stmt *st = db_bind(j, &rc, e, "UPDATE till SET next_sale = next_sale + ? RETURNING next_sale",
                               "i", (int64_t)SALE_ID_BLOCK);
    if (!st || (rc = db_step(j, st, e)) <= 0) {
        return rc ? rc : damaged(e);
    }
    int64_t next = sqlite3_column_int64(st, 0);
    /* The row is written when the statement has ended, not when it has given its result. */
    rc = db_step(j, st, e);
    if (rc > 0) {
        db_reset(st);
    }
    if (rc) {
        return rc < 0 ? rc : damaged(e);
    }
    if (next <= SALE_ID_BLOCK) {
        return damaged(e);
    }
    *first = next - SALE_ID_BLOCK;
    return 0;
}

/* Nothing heard yet is "as recorded": what changes nothing is not told again. */
static int take_outcome(struct journal *j, const struct outcome *o, struct err *e)
{
    int before = 0;
    int rc = journal_outcome(j, o->commit, o->redemption, &before, e);
    if (rc && rc != JOURNAL_NOT_FOUND) {
        return rc;
    }
    rc = db_run(j, e,
                "INSERT INTO outcome (record, redemption, reason, amount) VALUES (?, ?, ?, ?)"
                " ON CONFLICT DO UPDATE SET reason = excluded.reason, amount = excluded.amount",
                "diii", o->commit, o->redemption, (int64_t)o->reason, o->amount);
    struct journal_notice v = {
        .kind = NOTICE_OUTCOME, .place = o->redemption, .reason = o->reason, .amount = o->amount};
    memcpy(v.record, o->commit, HASH_SIZE);
    return rc || before == o->reason ? rc : notice_write(j, &v, e);
}

static int take_news(struct journal *j, const struct journal_news *news, struct err *e)
{
    int rc = 0;
    for (size_t i = 0; i < news->n && rc == 0; i++) {
        rc = db_run(j, e, "INSERT INTO public (d, raw) VALUES (?, ?) ON CONFLICT DO NOTHING", "db",
                    news->d[i], news->statements[i]);
    }
    for (size_t i = 0; i < news->outcome_count && rc == 0; i++) {
        rc = take_outcome(j, &news->outcomes[i], e);
    }
    rc = rc ? rc
            : db_run(j, e, "INSERT OR REPLACE INTO told (one, time_ms) VALUES (1, ?)", "i", news->time_ms);
    if (rc == 0 && news->seen) {
        rc = db_run(j, e, "INSERT OR REPLACE INTO seen (one, size, root) VALUES (1, ?, ?)", "id",
                    news->seen->size, news->seen->root);
        rc = rc ? rc
                : db_run(j, e, "INSERT OR REPLACE INTO seen_signed (one, raw) VALUES (1, ?)", "b",
                         news->seen_signed);
    }
    return rc ? rc
              : db_run(j, e,
                       "UPDATE till SET have = ?, outcomes = ?, floor_ms = ?,"
                       " behind = max(behind, ?), card_key = ?",
                       "iiiib", news->have, news->outcomes_to, news->time_ms, (int64_t)news->behind,
                       news->has_card_key ? bytes_of(news->card_key, HASH_SIZE) : (struct bytes){0});
}

int journal_news(struct journal *j, const struct journal_news *news, struct err *e)
{
    int rc = db_begin(j, e);
    return rc ? rc : db_end(j, take_news(j, news, e), e);
}

int journal_replica(struct journal *j, int (*fn)(void *arg, struct bytes statement), void *arg, struct err *e)
{
    int rc = 0;
    sqlite3_stmt *st = db_bind(j, &rc, e, "SELECT raw FROM public ORDER BY n", "");
    if (!st) {
        return rc;
    }
    while ((rc = db_step(j, st, e)) > 0) {
        rc = fn(arg, column_blob(st, 0));
        if (rc) {
            db_reset(st);
            return rc;
        }
    }
    return rc;
}

int journal_next_epoch(struct journal *j, int64_t epoch, const uint8_t terminal[HASH_SIZE], struct err *e)
{
    struct journal_till till = {0};
    int rc = journal_till(j, &till, e);
    if (rc == 0 && epoch <= till.head.epoch) {
        rc = err_set(e, TP_E_STATE, "the till is in epoch %lld already", (long long)till.head.epoch);
    }
    wipe(&till, sizeof till);
    return rc ? rc : db_run(j, e, "UPDATE till SET epoch = ?, seq = 0, d = ?", "id", epoch, terminal);
}
