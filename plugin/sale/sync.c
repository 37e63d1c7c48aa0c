/* What the authority published since the last time, and what it says of this till: all of it, or nothing. */
#include "sale/internal.h"

#include "wire/hash.h"

enum { ROUNDS_MAX = 10000 };

struct round {
    struct buf message, reply;
    uint8_t d[HASH_SIZE];
    int64_t sent_boot;
    struct stage stage;
    struct arena arena;
    struct statement state;
    struct receipts_asked asked;
    struct bytes checkpoint, came[MAX_RECEIPTS]; /* absent: none */
    bool forked; /* it is not the log that was seen: what it says of that is not taken */
};

static int build(struct till *t, struct round *r, struct err *e)
{
    struct sync sync = {.head = t->head,
                        .checkpoint = t->seen.size ? &t->seen : NULL,
                        .have = t->have,
                        .outcomes = t->outcomes,
                        .keyset = t->replica.trust.keyset};
    struct lease_wanted wanted[MAX_WANTED];
    till_common(t, &sync.common, request_time(t));
    sync.wanted.v = wanted;
    int rc = leases_wanted(t, wanted, &t->wanted, e);
    sync.wanted.n = t->wanted;
    rc = rc ? rc : receipts_ask(t, &r->asked, e);
    if (rc) {
        return rc;
    }
    sync.receipts.v = r->asked.list;
    sync.receipts.n = r->asked.n;
    rc = random_bytes(sync.id, ID_SIZE);
    return rc ? err_code(e, rc)
              : statement_sign(KIND_SYNC, &sync, bytes_str(t->who.name), &t->key, &r->message, r->d, e);
}

/* What the state does not vouch for, because it is the log key's own word: the checkpoint, and one item for
 * each receipt that was asked for, or none at all. */
static int read_shown(struct round *r, struct dec *d, struct err *e)
{
    bool good = true;
    if (r->state.payload.state.checkpoint) {
        good = !dec_item(d, &r->checkpoint);
    }
    for (size_t i = 0; good && i < r->asked.n && (i || !dec_done(d)); i++) {
        good = dec_null(d) == 0 || dec_item(d, &r->came[i]) == 0;
    }
    return good && dec_done(d) ? 0 : err_set(e, TP_E_MALFORMED, "more or less came than the state lists");
}

static int stage_all(struct till *t, struct round *r, struct bytes sequence, struct err *e)
{
    struct dec d;
    struct bytes item;
    int rc = t->replica.trust.keyset ? 0 : stage_first_keyset(&r->stage, &t->replica, &t->who, sequence, e);
    dec_init(&d, sequence);
    for (size_t i = 0; i < r->state.payload.state.statements.n && rc == 0; i++) {
        rc = dec_item(&d, &item) ? err_code(e, TP_E_MALFORMED)
                                 : stage_add(&r->stage, &t->replica, &t->who, item, e);
    }
    return rc ? rc : read_shown(r, &d, e);
}

/* The state vouches for exactly the statements that came with it, in their order. */
static int check_list(const struct round *r, const struct state *s, struct err *e)
{
    bool same = s->statements.n == r->stage.n;
    for (size_t i = 0; same && i < r->stage.n; i++) {
        same = bytes_equal(s->statements.v[i], bytes_of(r->stage.d[i], HASH_SIZE));
    }
    return same ? 0
                : err_set(e, TP_E_UNTRUSTED, "the statements are not those that the authority signed for");
}

static int check_state(struct till *t, struct round *r, struct err *e)
{
    const struct state *s = &r->state.payload.state;
    if (r->state.kind != KIND_STATE) {
        return err_set(e, TP_E_UNTRUSTED, "the answer is not a state");
    }
    int rc = stage_verify(&r->stage, &t->replica, &t->who, &r->state, e);
    if (rc) {
        return rc;
    }
    if (memcmp(s->request, r->d, HASH_SIZE) != 0) {
        return err_set(e, TP_E_UNTRUSTED, "the state answers another request");
    }
    if (s->have < t->have || s->outcomes_to < t->outcomes) {
        return err_set(e, TP_E_UNTRUSTED, "the authority went back");
    }
    rc = check_list(r, s, e);
    return rc ? rc : log_check(t, &r->stage, s, r->checkpoint, &r->forked, e);
}

/* A later record than ours, or another one at a place of ours: this is a copy (PROTOCOL, "Keys of a small
 * shop"). */
static int is_behind(struct till *t, const struct head *seen, bool *behind, struct err *e)
{
    uint8_t d[HASH_SIZE];
    *behind = seen->epoch > t->head.epoch || (seen->epoch == t->head.epoch && seen->seq > t->head.seq);
    if (*behind || seen->epoch != t->head.epoch || seen->seq == 0) {
        return 0;
    }
    int rc = journal_record_at(t->journal, seen->epoch, seen->seq, d, e);
    if (rc == 0) {
        *behind = memcmp(d, seen->d, HASH_SIZE) != 0;
    }
    return rc == JOURNAL_NOT_FOUND ? 0 : rc;
}

/* The authority has not what it had said that it has: its books are older than ours. */
static int went_back(struct till *t, const struct head *seen, struct err *e)
{
    bool taken = false;
    if (seen->epoch != t->head.epoch) {
        return 0;
    }
    int rc = journal_taken_at(t->journal, seen->epoch, seen->seq + 1, &taken, e);
    return rc == 0 && taken ? err_set(e, TP_E_UNTRUSTED,
                                      "the authority has lost record %lld of this till, which it had taken",
                                      (long long)seen->seq + 1)
                            : rc;
}

static void tell(struct till *t, const struct state *s, size_t news, bool was_behind)
{
    if (t->behind && !was_behind) {
        event_state(t, EVENT_BEHIND, TP_E_BEHIND);
    }
    if (t->quarantined != s->quarantined || t->revoked) {
        event_state(t, EVENT_QUARANTINED, s->quarantined ? TP_QUARANTINED : 0);
    }
    if (news) {
        event_state(t, EVENT_NEWS, 0);
    }
    if (s->outcomes.n) {
        notices_more(t);
    }
}

static const uint8_t no_key[HASH_SIZE];

/* A key of zeroes is none: the answer to a request whose time was off. */
static bool brings_card_key(const struct state *s)
{
    return !secret_equal(s->card_key, no_key, HASH_SIZE);
}

/* To the disk, before any of it counts. */
static int keep(struct till *t, const struct round *r, bool behind, struct err *e)
{
    const struct state *s = &r->state.payload.state;
    struct journal_news news = {
        .statements = r->stage.raw,
        .d = (const uint8_t(*)[HASH_SIZE])r->stage.d,
        .n = r->stage.n,
        .have = s->have,
        .outcomes_to = s->outcomes_to,
        .outcomes = s->outcomes.v,
        .outcome_count = s->outcomes.n,
        .time_ms = s->common.time_ms,
        .seen = r->forked ? NULL : s->checkpoint,
        .seen_signed = r->checkpoint,
        .behind = behind,
        .has_card_key = brings_card_key(s) || t->has_card_key,
    };
    memcpy(news.card_key, brings_card_key(s) ? s->card_key : t->card_key, HASH_SIZE);
    int rc = journal_news(t->journal, &news, e);
    wipe(news.card_key, HASH_SIZE);
    return rc;
}

/* What was kept holds from now on. */
static void apply(struct till *t, struct round *r, enum rekey_news renewal, bool behind)
{
    const struct state *s = &r->state.payload.state;
    bool was_behind = t->behind;
    stage_apply(&r->stage, &t->replica, &t->who);
    if (renewal == REKEY_OURS) {
        (void)rekey_adopt(t, NULL); /* where the disk fails, the next sync or open does it */
    }
    t->have = s->have;
    if (s->checkpoint && !r->forked) {
        t->seen = *s->checkpoint;
    }
    t->outcomes = s->outcomes_to;
    t->behind = t->behind || behind;
    tell(t, s, s->statements.n, was_behind);
    t->quarantined = s->quarantined;
    t->revoked = false;
    if (brings_card_key(s)) {
        t->has_card_key = true;
        memcpy(t->card_key, s->card_key, HASH_SIZE);
    }
    trusted_heard(&t->time, s->common.time_ms, r->sent_boot);
    t->time.age_ms = t->replica.policy.offline_age_ms;
}

static int take(struct till *t, struct round *r, struct err *e)
{
    const struct state *s = &r->state.payload.state;
    bool behind = false;
    enum rekey_news renewal = rekey_news(t, &r->stage, s->head.epoch);
    int rc = 0;
    if (renewal == REKEY_NONE || (renewal == REKEY_AWAITED && !s->more)) {
        rc = is_behind(t, &s->head, &behind, e);
    }
    rc = rc ? rc : went_back(t, &s->head, e);
    rc = rc ? rc : stage_reserve(&r->stage, &t->replica, e);
    rc = rc ? rc : keep(t, r, behind, e);
    if (rc == 0) {
        apply(t, r, renewal, behind);
    }
    return rc;
}

/* Its key was given up: until it is enrolled anew nothing is redeemed, with or without a line. */
static void tell_revoked(struct till *t, int reason)
{
    if (reason == TP_REVOKED && !t->revoked) {
        t->revoked = t->quarantined = true;
        event_state(t, EVENT_QUARANTINED, TP_REVOKED);
    }
}

/* The receipts are checked before the news is taken, by the keys that came with it. */
static int take_all(struct till *t, struct round *r, bool *soon, struct err *e)
{
    struct journal_receipt receipts[MAX_RECEIPTS];
    size_t n;
    receipts_check(t, &r->stage, r->state.payload.state.checkpoint, &r->asked, r->came, receipts, &n);
    int rc = take(t, r, e);
    rc = rc || r->forked ? rc : receipts_take(t, &r->asked, receipts, n, soon, e);
    if (rc == 0) {
        notices_run(t);
    }
    return rc;
}

static int read_answer(struct till *t, struct round *r, bool *more, bool *soon, struct err *e)
{
    struct answer answer;
    int rc = first_answer(buf_view(&r->reply), r->d, &answer, e);
    if (rc) {
        return rc;
    }
    if (answer.kind == ANSWER_PROBLEM) {
        tell_revoked(t, answer.reason);
        return err_set(e, answer.reason, "the authority: %s", code_word(answer.reason));
    }
    if (answer.kind != ANSWER_STATE) {
        return err_set(e, TP_E_UNTRUSTED, "the answer is not a state");
    }
    rc = stage_begin(&r->stage, MAX_STATE_STATEMENTS, e);
    rc = rc ? rc : statement_parse(answer.statement, &r->arena, &r->state, e);
    rc = rc ? rc : stage_all(t, r, answer.rest, e);
    rc = rc ? rc : check_state(t, r, e);
    rc = rc ? rc : take_all(t, r, soon, e);
    if (rc == 0) {
        *more = r->state.payload.state.more;
    }
    return rc;
}

int sync_round(struct till *t, bool *more, bool *soon, struct err *e)
{
    struct round r = {0};
    buf_init(&r.message, ENVELOPE_MAX);
    buf_init(&r.reply, REPLY_MAX);
    arena_init(&r.arena, STATE_MEMORY);
    *more = false;
    *soon = false;
    int rc = t->behind ? err_code(e, TP_E_BEHIND) : build(t, &r, e);
    if (rc == 0) {
        r.sent_boot = clock_boot(t->clock);
        rc = worker_call(t, buf_view(&r.message), &r.reply, e);
    }
    rc = rc ? rc : read_answer(t, &r, more, soon, e);
    if (r.state.kind == KIND_STATE) {
        wipe(r.state.payload.state.card_key, HASH_SIZE);
    }
    stage_drop(&r.stage);
    arena_reset(&r.arena);
    buf_free(&r.message);
    buf_free_secret(&r.reply);
    return rc;
}

/* The first sync knew of no offer to ask leases for; it does now. */
static bool ask_again(struct till *t, int round)
{
    struct lease_wanted wanted[MAX_WANTED];
    size_t n = 0;
    return round == 0 && t->wanted == 0 && leases_wanted(t, wanted, &n, NULL) == 0 && n > 0;
}

void sync_run(struct till *t)
{
    struct err e = {0};
    bool more = true, soon = false;
    int rc = 0;
    t->sync_started++;
    for (int i = 0; i < ROUNDS_MAX && rc == 0 && more; i++) {
        rc = sync_round(t, &more, &soon, &e);
        more = more || (rc == 0 && ask_again(t, i));
    }
    t->sync_finished++;
    t->sync_rc = rc;
    t->sync_err = e;
    t->synced = t->synced || rc == 0;
    if (t->doubt != TP_E_CORRUPT) { /* what is damaged stays so until it is opened again */
        t->doubt = rc < 0 && !t->behind ? rc : rc == 0 ? 0 : t->doubt;
    }
    if (t->doubt && t->online) {
        t->synced = false; /* nothing is asked for on top of it */
        event_online(t, 0);
    }
    if (rc == 0 && !t->behind) { /* not before: a copy of the till must not sign anything */
        (void)leases_return(t, false, NULL);
    }
    t->sync_wait = rc == 0 ? soon ? RECEIPTS_SOON_MS : SYNC_EVERY_MS : t->sync_wait * 2 + RETRY_FIRST_MS;
    if (t->sync_wait > SYNC_EVERY_MS) {
        t->sync_wait = SYNC_EVERY_MS;
    }
    t->sync_due = monotonic_ms() + retry_wait(t->sync_wait);
    if (rc == 0) {
        (void)journal_counts(t->journal, &t->counts, NULL);
        t->outbox_due = 0;
    }
    till_tell(t);
}
