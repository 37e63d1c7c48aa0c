/* What a till's replica lacks: public statements, outcomes, and the time, under one signature; the log's
 * head, and the receipts that were asked for. */
#include "authority/internal.h"
#include "store/holds.h"
#include "store/log.h"

#include "proof/receipt.h"
#include "wire/cbor.h"

enum { SEND_MAX = 200, SEND_BYTES = 1024 * 1024, OUTCOMES_MAX = 64 };

static const uint32_t public_kinds = 1u << KIND_POLICY | 1u << KIND_KEYSET | 1u << KIND_TERMINAL |
                                     1u << KIND_OFFER | 1u << KIND_BATCH | 1u << KIND_LEASE |
                                     1u << KIND_WRITE_OFF;

struct parcel {
    struct call *c;
    struct state state;
    struct buf rest; /* the statements, one after another; then the checkpoint and the receipts */
    struct bytes ds[SEND_MAX];
    uint8_t d[SEND_MAX][HASH_SIZE];
    struct outcome outcomes[OUTCOMES_MAX];
    struct checkpoint_seen seen;
    struct path proof;
    struct bytes hashes[PATH_MAX_HASHES];
    size_t sent, told, shown; /* shown: items of `rest` after the statements */
};

enum { PARCEL_FULL = 1 };

static struct bytes till_of(const struct statement *st)
{
    return st->kind == KIND_TERMINAL ? st->payload.terminal.till
           : st->kind == KIND_LEASE  ? st->payload.lease.till
                                     : st->payload.write_off.till;
}

/* A till is sent its own terminal statements, leases and write-offs, not its neighbours'. */
static int concerns(struct call *c, const struct stored *row, bool *yes)
{
    struct statement st;
    *yes = true;
    if (row->kind != KIND_TERMINAL && row->kind != KIND_LEASE && row->kind != KIND_WRITE_OFF) {
        return 0;
    }
    struct bytes raw = arena_copy(c->arena, row->raw);
    if (!raw.p || statement_parse(raw, c->arena, &st, NULL) != 0) {
        return TP_E_CORRUPT;
    }
    *yes = bytes_is(till_of(&st), c->by);
    return 0;
}

static void put_row(struct parcel *p, const struct stored *row)
{
    memcpy(p->d[p->sent], row->d, HASH_SIZE);
    p->ds[p->sent] = bytes_of(p->d[p->sent], HASH_SIZE);
    p->sent++;
    buf_put(&p->rest, row->raw.p, row->raw.n);
}

/* Newer keysets go first, whatever else waits: the state itself may be signed by a key that the till learns
 * from them. */
static int put_keyset(void *arg, const struct stored *row)
{
    struct parcel *p = arg;
    struct statement st;
    struct bytes raw = arena_copy(p->c->arena, row->raw);
    if (!raw.p || statement_parse(raw, p->c->arena, &st, NULL) != 0) {
        return raw.p ? TP_E_CORRUPT : TP_E_MEMORY;
    }
    if (st.payload.keyset.number > p->c->st->payload.sync.keyset && p->sent < SEND_MAX) {
        put_row(p, row);
    }
    return 0;
}

static int put_statement(void *arg, const struct stored *row)
{
    struct parcel *p = arg;
    bool yes;
    int rc = concerns(p->c, row, &yes);
    if (rc) {
        return rc;
    }
    if (yes && (p->sent == SEND_MAX || p->rest.n + row->raw.n > SEND_BYTES)) {
        p->state.more = true;
        return PARCEL_FULL;
    }
    p->state.have = row->n;
    if (yes) {
        put_row(p, row);
    }
    return 0;
}

static int put_outcome(void *arg, const struct outcome_row *row)
{
    struct parcel *p = arg;
    if (p->told == OUTCOMES_MAX) {
        p->state.more = true;
        return PARCEL_FULL;
    }
    struct outcome *o = &p->outcomes[p->told++];
    *o = (struct outcome){.redemption = row->redemption, .reason = row->reason, .amount = row->amount};
    memcpy(o->commit, row->commit, HASH_SIZE);
    p->state.outcomes_to = row->n;
    return 0;
}

static int put_signed(void *arg, const struct checkpoint_row *row)
{
    struct parcel *p = arg;
    p->seen.size = row->size;
    memcpy(p->seen.root, row->root, HASH_SIZE);
    p->state.checkpoint = &p->seen;
    buf_put(&p->rest, row->raw.p, row->raw.n);
    p->shown++;
    return 0;
}

/* That nothing which the till saw has changed. A till that saw another log, or a longer one, gets no proof:
 * there is none. */
static int prove(struct parcel *p, const struct checkpoint_seen *before)
{
    if (!before || before->size < 1 || before->size >= p->seen.size) {
        return 0;
    }
    int rc = log_consistency(p->c, before->size, p->seen.size, &p->proof);
    for (size_t i = 0; rc == 0 && i < p->proof.n; i++) {
        p->hashes[i] = bytes_of(p->proof.v[i], HASH_SIZE);
    }
    p->state.consistency.v = p->hashes;
    p->state.consistency.n = rc ? 0 : p->proof.n;
    return rc == TP_E_CORRUPT ? 0 : rc; /* nodes are lost: it cannot be shown, and the till will say so */
}

static int put_checkpoint(struct parcel *p)
{
    struct checkpoint_row last;
    int rc = store_checkpoint_last(p->c->s, &last);
    rc = rc ? rc : store_checkpoints(p->c->s, last.size, 1, put_signed, p);
    const struct checkpoint_seen *before = p->c->st->payload.sync.checkpoint;
    if (before && before->size > p->seen.size) {
        p->c->log_due = false; /* leaves that a till has seen are gone: no head is signed on top */
    }
    rc = rc ? rc : prove(p, before);
    return rc == STORE_NOT_FOUND ? 0 : rc;
}

/* One item for each that was asked for, in order: null while it has no leaf. A receipt is the log key's own
 * word, so the state need not vouch for it. */
static int put_receipts(struct parcel *p)
{
    const struct sync *sync = &p->c->st->payload.sync;
    int rc = 0;
    for (size_t i = 0; i < sync->receipts.n && rc == 0; i++) {
        rc = log_receipt(p->c, sync->receipts.v[i].p, &p->rest);
        if (rc == STORE_NOT_FOUND || rc == TP_E_CORRUPT) {
            enc_null(&p->rest);
            rc = 0;
        }
        p->shown++;
    }
    return rc;
}

/* What is off in time may be an old request that somebody sends again: it is told what all tills know, and
 * the time, so that a till whose clock is wrong can ask again; no outcome, no receipt, and not the card key.
 * So is a copy of a till that has been enrolled anew since. */
static int fill(struct parcel *p)
{
    struct call *c = p->c;
    bool stale = request_stale(c);
    const struct sync *sync = &c->st->payload.sync;
    struct till_row till;
    int rc = store_till(c->s, bytes_str(c->by), &till);
    if (rc) {
        return rc;
    }
    p->state = (struct state){.common = {.version = 1, .time_ms = c->now},
                              .head = till.head,
                              .quarantined = till.quarantined,
                              .have = sync->have,
                              .outcomes_to = sync->outcomes};
    memcpy(p->state.common.audience, c->a->config.id, ID_SIZE);
    memcpy(p->state.request, c->st->d, HASH_SIZE);
    bool over = sync->head.epoch != till.epoch;
    if (!stale && !over) {
        memcpy(p->state.card_key, c->a->config.card_key, HASH_SIZE);
    }
    p->state.more = stale;
    rc = stale || over ? 0 : lease_give(c, sync); /* what it gives is among the statements */
    uint32_t wanted = public_kinds;
    if (rc == 0 && sync->keyset != NONE) {
        wanted &= ~(1u << KIND_KEYSET);
        rc = store_statements(c->s, 1u << KIND_KEYSET, 0, INT64_MAX, put_keyset, p);
    }
    rc = rc ? rc : store_statements(c->s, wanted, sync->have, INT64_MAX, put_statement, p);
    if (!stale && !over && (rc == 0 || rc == PARCEL_FULL)) {
        rc = store_outcomes(c->s, bytes_str(c->by), sync->outcomes, OUTCOMES_MAX + 1, put_outcome, p);
    }
    rc = rc == PARCEL_FULL ? 0 : rc;
    rc = rc ? rc : put_checkpoint(p);
    return rc || stale || over ? rc : put_receipts(p);
}

int sync_answer(struct call *c)
{
    struct parcel *p = ARENA_NEW(c->arena, struct parcel, 1);
    struct buf envelope;
    if (!p) {
        return TP_E_MEMORY;
    }
    c->log_due = true;
    p->c = c;
    buf_init(&p->rest, SEND_BYTES + ENVELOPE_MAX + MAX_RECEIPTS * RECEIPT_MAX);
    buf_init(&envelope, ENVELOPE_MAX);
    int rc = fill(p);
    if (rc == 0) {
        p->state.statements.v = p->ds;
        p->state.statements.n = p->sent;
        p->state.outcomes.v = p->outcomes;
        p->state.outcomes.n = p->told;
        rc = statement_sign(KIND_STATE, &p->state, bytes_str(c->a->name), &c->a->config.grant_key, &envelope,
                            NULL, &c->err);
    }
    rc = rc == 0 && p->rest.failed ? TP_E_MEMORY : rc;
    if (rc == 0) {
        answer_state(c->answer, c->st->d, buf_view(&envelope), buf_view(&p->rest), p->sent + p->shown);
    }
    buf_free(&p->rest);
    buf_free_secret(&envelope);
    wipe(p->state.card_key, HASH_SIZE);
    return rc;
}
