/*
 * The authority's log as this till sees it: it only grows, and what the till recorded is in it. What the
 * authority signed and should not have is kept, told, and not believed.
 */
#include "sale/internal.h"

#include "proof/receipt.h"

#include <stdlib.h>

/* ---- checkpoints ---- */

/* The log's key signed just what the state names. */
static int check_signed(const struct till *t, const struct stage *stage, const struct checkpoint_seen *named,
                        struct bytes raw, struct err *e)
{
    struct arena a;
    struct statement st;
    if (!raw.p) {
        return err_set(e, TP_E_UNTRUSTED, "the state names a checkpoint that did not come with it");
    }
    arena_init(&a, ITEM_MEMORY);
    int rc = statement_parse(raw, &a, &st, e);
    rc = rc ? rc : stage_verify(stage, &t->replica, &t->who, &st, e);
    if (rc == 0 && (st.kind != KIND_CHECKPOINT || st.payload.checkpoint.size != named->size ||
                    memcmp(st.payload.checkpoint.root, named->root, HASH_SIZE) != 0)) {
        rc = err_set(e, TP_E_UNTRUSTED, "the log's key signed another checkpoint than the state names");
    }
    arena_reset(&a);
    return rc;
}

/* The log that was seen is the beginning of this one. */
static int check_grown(const struct till *t, const struct state *s)
{
    struct path proof = {.n = s->consistency.n};
    if (t->seen.size == 0) {
        return 0;
    }
    if (!s->checkpoint || s->checkpoint->size < t->seen.size || proof.n > PATH_MAX_HASHES) {
        return TP_LOG_FORKED;
    }
    if (s->checkpoint->size == t->seen.size) {
        return memcmp(s->checkpoint->root, t->seen.root, HASH_SIZE) == 0 ? 0 : TP_LOG_FORKED;
    }
    for (size_t i = 0; i < proof.n; i++) {
        memcpy(proof.v[i], s->consistency.v[i].p, HASH_SIZE);
    }
    int rc =
        path_check_consistency(&proof, t->seen.size, s->checkpoint->size, t->seen.root, s->checkpoint->root);
    return rc == TP_E_UNTRUSTED ? TP_LOG_FORKED : rc;
}

static int keep_fork(struct till *t, const struct state *s, struct bytes checkpoint, struct err *e)
{
    struct journal_evidence v = {.what = TP_LOG_FORKED,
                                 .time_ms = s->common.time_ms,
                                 .raw = s->checkpoint ? checkpoint : bytes_of("", 0)};
    bool fresh = false;
    if (s->checkpoint) {
        memcpy(v.key, s->checkpoint->root, HASH_SIZE);
    }
    int rc = journal_evidence_put(t->journal, &v, &fresh, e);
    if (fresh) {
        (void)journal_counts(t->journal, &t->counts, NULL);
    }
    if (rc == 0 && !t->log_forked) {
        t->log_forked = true;
        event_state(t, EVENT_LOG, TP_LOG_FORKED);
    }
    return rc;
}

int log_check(struct till *t, const struct stage *stage, const struct state *s, struct bytes checkpoint,
              bool *forked, struct err *e)
{
    int rc = s->checkpoint ? check_signed(t, stage, s->checkpoint, checkpoint, e) : 0;
    rc = rc ? rc : check_grown(t, s);
    *forked = rc == TP_LOG_FORKED;
    t->log_forked = *forked && t->log_forked;
    return *forked ? keep_fork(t, s, checkpoint, e) : rc ? err_code(e, rc) : 0;
}

/* ---- receipts ---- */

static int ask_one(void *arg, const struct journal_due *due)
{
    struct receipts_asked *a = arg;
    struct cose_sign1 sign1;
    int rc = cose_sign1_parse(due->raw, true, &sign1);
    rc = rc ? rc : log_entry(&sign1, a->entry[a->n]);
    if (rc == 0) {
        memcpy(a->d[a->n], due->d, HASH_SIZE);
        a->list[a->n] = bytes_of(a->d[a->n], HASH_SIZE);
        a->last = due->n;
        a->n++;
    }
    return rc;
}

/* All in turn, oldest first, so that one that never comes keeps none from being asked for. */
int receipts_ask(struct till *t, struct receipts_asked *a, struct err *e)
{
    a->n = 0;
    if (t->seen.size == 0) {
        return 0;
    }
    int rc = journal_receipts_due(t->journal, t->receipts_after, MAX_RECEIPTS, ask_one, a, e);
    if (rc == 0 && a->n == 0 && t->receipts_after) {
        t->receipts_after = 0;
        rc = journal_receipts_due(t->journal, 0, MAX_RECEIPTS, ask_one, a, e);
    }
    return rc > 0 ? err_set(e, TP_E_CORRUPT, "till.db: a record is none") : rc;
}

/* By any key that the keyset gives the log, and for just the tree whose checkpoint came with it. */
static bool proves(const struct till *t, const struct stage *stage, const struct checkpoint_seen *log,
                   struct bytes raw, const uint8_t entry[HASH_SIZE], struct receipt *out)
{
    const struct trust *trust = stage_trust(stage, &t->replica);
    char origin[ORIGIN_MAX];
    uint8_t root[HASH_SIZE];
    log_origin(t->who.authority, origin);
    for (size_t i = 0; i < trust->n; i++) {
        if (trust->v[i].purpose == PURPOSE_LOG &&
            receipt_check(raw, entry, bytes_str(origin), &trust->v[i].key, out, root) == 0) {
            return out->size == log->size && memcmp(root, log->root, HASH_SIZE) == 0;
        }
    }
    return false;
}

void receipts_check(const struct till *t, const struct stage *stage, const struct checkpoint_seen *log,
                    const struct receipts_asked *a, const struct bytes *came,
                    struct journal_receipt out[MAX_RECEIPTS], size_t *n)
{
    *n = 0;
    for (size_t i = 0; i < a->n; i++) {
        struct receipt said;
        if (!came[i].p) {
            continue;
        }
        struct journal_receipt *r = &out[(*n)++];
        bool good = log && proves(t, stage, log, came[i], a->entry[i], &said);
        *r = (struct journal_receipt){.raw = came[i],
                                      .size = good ? said.size : 0,
                                      .place = good ? said.index : 0,
                                      .reason = good ? 0 : TP_BAD_RECEIPT};
        memcpy(r->d, a->d[i], HASH_SIZE);
    }
}

int receipts_take(struct till *t, const struct receipts_asked *a, struct journal_receipt *list, size_t n,
                  bool *soon, struct err *e)
{
    *soon = n == MAX_RECEIPTS;
    if (a->n == 0) {
        return 0;
    }
    int rc = journal_receipts(t->journal, list, n, till_now(t, NULL), e);
    if (rc == 0) {
        t->receipts_after = a->last;
        notices_more(t);
    }
    return rc;
}

/* ---- a sale's proof ---- */

struct proving {
    struct buf *out;
    struct cose_sign1 sign1;
    uint8_t raw[ENVELOPE_MAX];
    struct err *e;
};

static int take_record(void *arg, const struct journal_record *r)
{
    struct proving *p = arg;
    if (r->raw.n > sizeof p->raw) {
        return TP_E_CORRUPT;
    }
    memcpy(p->raw, r->raw.p, r->raw.n);
    return cose_sign1_parse(bytes_of(p->raw, r->raw.n), true, &p->sign1) ? TP_E_CORRUPT : 0;
}

static int attach(void *arg, const struct journal_receipt *r)
{
    struct proving *p = arg;
    receipt_attach(&p->sign1, r->raw, p->out);
    return p->out->failed ? err_code(p->e, TP_E_MEMORY) : 0;
}

int till_proof(struct till *t, int64_t sale, struct buf *out, struct err *e)
{
    struct sale *s = NULL;
    struct proving *p = calloc(1, sizeof *p);
    if (!p) {
        return err_code(e, TP_E_MEMORY);
    }
    p->out = out;
    p->e = e;
    till_lock(t);
    int rc = sale_find(t, sale, &s, e);
    if (rc == 0 && (s->state == SALE_OPEN || s->training)) {
        rc = err_set(e, TP_E_STATE, "the sale is not recorded");
    }
    rc = rc ? rc : journal_record(t->journal, s->commit, take_record, p, e);
    rc = rc ? rc : journal_receipt(t->journal, s->commit, attach, p, e);
    till_unlock(t);
    free(p);
    return rc == JOURNAL_NOT_FOUND ? 0 : rc;
}
