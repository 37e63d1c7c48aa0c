/* What a till sees of its authority's log: a receipt for each of its records, and a log that only grows. What
 * is not so is refused, named and kept. */
#include "counter.h"

#include "journal/journal.h"
#include "proof/note.h"
#include "proof/receipt.h"
#include "wire/cbor.h"

#include <stdio.h>
#include <stdlib.h>

enum { MANY = 70, ITEMS_MAX = MAX_STATE_STATEMENTS + 1 + MAX_RECEIPTS + 4 };

/* What is wrong with the next answers to syncs. */
enum wrong {
    NOTHING,
    /* with receipts */
    OTHER_LEAF,
    FORGED,
    OTHER_KEY,
    OTHER_ROOT,
    OTHER_LOG,
    EARLIER_TREE,
    NO_RECEIPT,
    /* with the number of items */
    ONE_MORE,
    ONE_FEWER,
    /* with the checkpoint */
    SMALLER,
    SAME_SIZE,
    NO_PROOF,
    WRONG_PROOF,
    NO_LOG,
    NOT_SIGNED,
    SIGNED_BY_ANOTHER,
    SIGNED_OTHERWISE,
};

struct shop {
    struct world w;
    struct counter c;
    struct offer risky;
    enum wrong wrong;
    struct cose_key evil;
    struct buf early;                           /* a genuine receipt of the tree as it once was */
    size_t asked, most_asked, came;             /* receipts, of the last sync, at most, in all */
    size_t cut_after;                           /* so many receipts the line breaks; 0: it does not */
    struct checkpoint_seen carried[KIND_COUNT]; /* by the last request or record of that kind */
};

/* ---- an answer taken apart and put together again ---- */

struct taken {
    struct arena arena;
    uint8_t d[HASH_SIZE];
    struct statement st;
    struct state state;
    struct bytes items[ITEMS_MAX]; /* as they came; absent: null */
    size_t n;
};

static bool take_apart(struct bytes reply, struct taken *t)
{
    struct answer a;
    struct dec d;
    arena_init(&t->arena, 8 * 1024 * 1024);
    dec_init(&d, reply);
    if (answer_next(&d, &a) != 1 || a.kind != ANSWER_STATE) {
        return false;
    }
    struct bytes rest = arena_copy(&t->arena, a.rest), raw = arena_copy(&t->arena, a.statement);
    assert_int_equal(statement_parse(raw, &t->arena, &t->st, NULL), 0);
    t->state = t->st.payload.state;
    memcpy(t->d, a.d, HASH_SIZE);
    dec_init(&d, rest);
    for (t->n = 0; !dec_done(&d); t->n++) {
        assert_true(t->n < ITEMS_MAX);
        t->items[t->n] = (struct bytes){0};
        if (dec_null(&d)) {
            assert_int_equal(dec_item(&d, &t->items[t->n]), 0);
        }
    }
    return true;
}

static void put_together(struct shop *s, struct taken *t, struct buf *reply)
{
    struct buf envelope, rest;
    struct err e = {0};
    buf_init(&envelope, ENVELOPE_MAX);
    buf_init(&rest, 8 * 1024 * 1024);
    if (statement_sign(KIND_STATE, &t->state, bytes_str("grant"), &s->w.grant, &envelope, NULL, &e)) {
        fail_msg("%s", e.text);
    }
    for (size_t i = 0; i < t->n; i++) {
        if (t->items[i].p) {
            buf_put(&rest, t->items[i].p, t->items[i].n);
        } else {
            enc_null(&rest);
        }
    }
    buf_reset(reply);
    answer_state(reply, t->d, buf_view(&envelope), buf_view(&rest), t->n);
    assert_false(reply->failed || rest.failed);
    buf_free(&envelope);
    buf_free(&rest);
}

/* ---- what is wrong with it ---- */

static struct bytes kept(struct taken *t, struct buf *b)
{
    assert_false(b->failed);
    struct bytes copy = arena_copy(&t->arena, buf_view(b));
    buf_free(b);
    return copy;
}

/* A checkpoint that the key signs, for what the state names by now. */
static struct bytes sign_checkpoint(struct shop *s, struct taken *t, const struct checkpoint_seen *of,
                                    const struct cose_key *key)
{
    struct checkpoint c = {.common = world_common(&s->w), .size = of->size};
    struct buf b;
    struct err e = {0};
    memcpy(c.root, of->root, HASH_SIZE);
    buf_init(&b, ENVELOPE_MAX);
    if (statement_sign(KIND_CHECKPOINT, &c, bytes_str("log"), key, &b, NULL, &e)) {
        fail_msg("%s", e.text);
    }
    return kept(t, &b);
}

static void spoil_checkpoint(struct shop *s, struct taken *t)
{
    struct checkpoint_seen *now = ARENA_NEW(&t->arena, struct checkpoint_seen, 1), other;
    struct bytes *raw = &t->items[t->state.statements.n];
    *now = *t->state.checkpoint;
    if (s->wrong == SMALLER) {
        now->size--;
    } else if (s->wrong == SAME_SIZE) {
        now->root[0] ^= 1;
    } else if (s->wrong == NO_PROOF || s->wrong == WRONG_PROOF) {
        /* A longer log, of which the one that was seen is no beginning, or is not shown to be. */
        now->size += 3;
        now->root[0] ^= 1;
    }
    t->state.checkpoint = now;
    other = *now;
    other.root[1] ^= s->wrong == SIGNED_OTHERWISE;
    *raw = sign_checkpoint(s, t, &other, s->wrong == SIGNED_BY_ANOTHER ? &s->evil : &s->w.log);
    if (s->wrong == WRONG_PROOF) {
        struct bytes *hashes = ARENA_NEW(&t->arena, struct bytes, 3);
        for (size_t i = 0; i < 3; i++) {
            hashes[i] = bytes_of(now->root, HASH_SIZE);
        }
        t->state.consistency.v = hashes;
        t->state.consistency.n = 3;
    } else if (s->wrong == NO_PROOF) {
        t->state.consistency.n = 0;
    }
    if (s->wrong == NO_LOG || s->wrong == NOT_SIGNED) {
        t->state.checkpoint = s->wrong == NO_LOG ? NULL : now;
        memmove(raw, raw + 1, (t->n - t->state.statements.n - 1) * sizeof *raw);
        t->n--;
    }
}

/* A receipt of one's own making. */
static struct bytes sign_receipt(struct shop *s, struct taken *t, struct bytes genuine)
{
    struct receipt r;
    struct buf b;
    uint8_t leaf[HASH_SIZE], root[HASH_SIZE];
    assert_int_equal(receipt_parse(genuine, &r), 0);
    if (s->wrong == OTHER_ROOT) {
        r.path.v[0][0] ^= 1; /* another neighbour: another tree, which the log's own key signs */
    } else if (s->wrong == OTHER_LOG) {
        r.origin = bytes_str("tillproof/0123456789abcdef0123456789abcdef");
    }
    assert_int_equal(tree_leaf(bytes_of(r.entry, HASH_SIZE), leaf), 0);
    assert_int_equal(path_root(&r.path, r.index, r.size, leaf, root), 0);
    buf_init(&b, RECEIPT_MAX);
    assert_int_equal(receipt_sign(&r, root, s->wrong == OTHER_KEY ? &s->evil : &s->w.log, &b), 0);
    return kept(t, &b);
}

static struct bytes spoil_receipt(struct shop *s, struct taken *t, struct bytes genuine)
{
    struct buf b;
    struct bytes copy;
    switch (s->wrong) {
    case OTHER_LEAF: /* genuine, for a till's terminal statement */
        buf_init(&b, RECEIPT_MAX);
        assert_int_equal(authority_receipt(s->w.authority, s->w.tills[0].head.d, &b, NULL), 0);
        return kept(t, &b);
    case FORGED:
        copy = arena_copy(&t->arena, genuine);
        ((uint8_t *)(uintptr_t)copy.p)[copy.n - 1] ^= 1;
        return copy;
    case EARLIER_TREE:
        return arena_copy(&t->arena, buf_view(&s->early));
    case NO_RECEIPT:
        return bytes_of("\xD2\x81\x01", 3);
    default:
        return sign_receipt(s, t, genuine);
    }
}

static void note_request(struct shop *s, struct bytes request)
{
    struct arena a;
    struct statement st;
    struct dec d;
    arena_init(&a, 64 * 1024 * 1024);
    dec_init(&d, request);
    while (message_next(&d, &a, &st, NULL) == 1) {
        const union payload *p = &st.payload;
        const struct checkpoint_seen *seen = st.kind == KIND_SYNC      ? p->sync.checkpoint
                                             : st.kind == KIND_HOLD    ? p->hold.checkpoint
                                             : st.kind == KIND_RELEASE ? p->release.checkpoint
                                             : st.kind == KIND_RECALL  ? p->recall.checkpoint
                                                                       : p->commit.chain.checkpoint;
        s->carried[st.kind] = seen ? *seen : (struct checkpoint_seen){0};
        if (st.kind == KIND_SYNC) {
            s->asked = p->sync.receipts.n;
            s->most_asked = s->asked > s->most_asked ? s->asked : s->most_asked;
        }
    }
    arena_reset(&a);
}

static void between(void *arg, struct bytes request, struct buf *reply)
{
    struct shop *s = arg;
    struct taken t;
    note_request(s, request);
    if (!take_apart(buf_view(reply), &t)) {
        return;
    }
    size_t first = t.state.statements.n + 1;
    for (size_t i = first; i < t.n; i++) {
        s->came += t.items[i].p != NULL;
    }
    s->c.cut = s->c.cut || (s->cut_after && s->came >= s->cut_after);
    if (s->wrong >= SMALLER) {
        spoil_checkpoint(s, &t);
    } else if (s->wrong == ONE_MORE) {
        t.items[t.n++] = (struct bytes){0};
    } else if (s->wrong == ONE_FEWER) {
        t.n--;
    }
    for (size_t i = first; s->wrong && s->wrong < ONE_MORE && i < t.n; i++) {
        t.items[i] = t.items[i].p ? spoil_receipt(s, &t, t.items[i]) : t.items[i];
    }
    if (s->wrong != NOTHING) {
        put_together(s, &t, reply);
    }
    arena_reset(&t.arena);
}

/* ---- the shop ---- */

static void set_wrong(struct shop *s, enum wrong wrong)
{
    counter_lock();
    s->wrong = wrong;
    counter_unlock();
}

static int setup(void **state)
{
    struct shop *s = calloc(1, sizeof *s);
    world_open(&s->w, 1);
    assert_int_equal(cose_key_generate(ALG_ED25519, &s->evil), 0);
    buf_init(&s->early, RECEIPT_MAX);
    s->risky = world_offer(&s->w, "risky", 10000);
    s->risky.offline = OFFLINE_RISK;
    s->risky.offline_cap = 500;
    world_publish(&s->w, &s->risky);
    world_batch(&s->w, 1, &s->risky, COUNTER_LAST + 1, "news", "");
    counter_open(&s->c, &s->w, "c1");
    counter_lock();
    s->c.between_arg = s;
    s->c.between = between;
    counter_unlock();
    *state = s;
    return 0;
}

static int teardown(void **state)
{
    struct shop *s = *state;
    counter_close(&s->c);
    world_close(&s->w);
    cose_key_free(&s->evil);
    buf_free(&s->early);
    free(s);
    return 0;
}

static int sync_now(struct shop *s, struct err *e)
{
    return till_sync_now(s->c.till, COUNTER_WAIT, e);
}

static void sync_well(struct shop *s)
{
    struct err e = {0};
    if (sync_now(s, &e)) {
        fail_msg("%s", e.text);
    }
}

static struct commit_info sell(struct shop *s, const char *reference, int64_t *sale)
{
    *sale = counter_sale(&s->c, reference, 2000);
    return counter_commit(&s->c, *sale);
}

static struct till_event next(struct shop *s, int kind)
{
    struct till_event v;
    do {
        till_event_next(s->c.till, COUNTER_WAIT, &v);
    } while (v.kind && v.kind != kind);
    return v;
}

static bool waits(struct shop *s, int kind)
{
    bool found = false;
    till_lock(s->c.till);
    struct events *q = &s->c.till->events;
    for (size_t i = 0; i < EVENTS_MAX; i++) {
        found = found || q->slots[i].event.kind == kind;
    }
    till_unlock(s->c.till);
    return found;
}

static struct till_status status(struct shop *s)
{
    struct till_status out;
    assert_int_equal(till_status(s->c.till, &out, NULL), 0);
    return out;
}

/* ---- receipts ---- */

/* Anybody who has the log's key can check what the till hands out. */
static void check_proof(struct shop *s, struct bytes proof, const uint8_t d[HASH_SIZE])
{
    struct arena a;
    struct statement st;
    struct receipt r;
    struct dec at;
    struct bytes receipt;
    char origin[ORIGIN_MAX];
    uint8_t entry[HASH_SIZE];
    size_t n;
    int64_t label;
    arena_init(&a, 1024 * 1024);
    assert_int_equal(statement_parse(proof, &a, &st, NULL), 0);
    assert_memory_equal(st.d, d, HASH_SIZE);
    dec_init(&at, st.sign1.unprotected);
    assert_int_equal(dec_map(&at, &n), 0);
    assert_int_equal(dec_int(&at, &label), 0);
    assert_int_equal(label, 394);
    assert_int_equal(dec_array(&at, &n), 0);
    assert_int_equal(n, 1);
    assert_int_equal(dec_bytes(&at, &receipt), 0);
    log_origin(s->w.id, origin);
    assert_int_equal(log_entry(&st.sign1, entry), 0);
    assert_int_equal(receipt_check(receipt, entry, bytes_str(origin), &s->w.log, &r, NULL), 0);
    arena_reset(&a);
}

static void a_sale_gets_its_receipt_and_keeps_it(void **state)
{
    struct shop *s = *state;
    struct buf proof;
    int64_t sale;
    buf_init(&proof, 64 * 1024);
    struct commit_info c = sell(s, "R-1", &sale);
    assert_int_equal(till_proof(s->c.till, sale, &proof, NULL), 0);
    assert_int_equal(proof.n, 0);
    counter_hear(&s->c); /* gets it a leaf */
    sync_well(s);
    struct till_event v = next(s, EVENT_RECEIPT);
    assert_int_equal(v.kind, EVENT_RECEIPT);
    assert_int_equal(v.code, 0);
    assert_int_equal(v.sale, sale);
    assert_int_equal(v.id, c.seq);
    assert_int_equal(v.data, HASH_SIZE);
    counter_restart(&s->c, false);
    assert_int_equal(till_sale_find(s->c.till, bytes_str("R-1"), &sale, NULL), 0);
    assert_int_equal(till_proof(s->c.till, sale, &proof, NULL), 0);
    check_proof(s, buf_view(&proof), c.d);
    assert_int_equal(status(s).log, 0);
    buf_free(&proof);
}

static void what_is_not_recorded_has_no_proof(void **state)
{
    struct shop *s = *state;
    struct buf proof;
    struct err e = {0};
    buf_init(&proof, 64 * 1024);
    int64_t sale = counter_sale(&s->c, "R-1", 2000);
    assert_int_equal(till_proof(s->c.till, sale, &proof, &e), TP_E_STATE);
    assert_int_equal(till_proof(s->c.till, 77, &proof, &e), TP_E_ARGUMENT);
    buf_free(&proof);
}

/* MANY sales without a network get theirs a bounded number at a time, and a restart in between loses none. */
static void receipts_come_in_batches_and_across_restarts(void **state)
{
    struct shop *s = *state;
    int64_t sale;
    s->c.cut = true;
    for (int i = 0; i < MANY; i++) {
        char reference[16];
        snprintf(reference, sizeof reference, "M-%d", i);
        sell(s, reference, &sale);
    }
    s->cut_after = MAX_RECEIPTS;
    counter_hear(&s->c);
    for (int i = 0; i < 10 && !s->c.cut; i++) {
        (void)sync_now(s, NULL);
    }
    s->cut_after = 0;
    assert_int_equal(counter_ask(&s->c, "SELECT count(*) FROM receipt"), MAX_RECEIPTS);
    counter_restart(&s->c, false);
    s->c.cut = false;
    for (int i = 0; i < 6; i++) {
        sync_well(s);
    }
    assert_int_equal(counter_ask(&s->c, "SELECT count(*) FROM receipt"), MANY);
    assert_int_equal(counter_ask(&s->c, "SELECT count(*) FROM receipt_due"), 0);
    assert_int_equal(s->came, MANY);
    assert_int_equal(s->most_asked, MAX_RECEIPTS);
    assert_int_equal(s->asked, 0);
}

/* One record whose receipt is due, with a leaf. */
static int64_t due(struct shop *s)
{
    int64_t sale;
    sell(s, "D-0", &sale);
    counter_hear(&s->c);
    sync_well(s);
    assert_int_equal(counter_ask(&s->c, "SELECT count(*) FROM receipt"), 1);
    /* Its receipt is of a tree that has grown since. */
    struct commit_info first;
    assert_int_equal(till_commit(s->c.till, sale, bytes_str("R-1"), NULL, 0, &first, NULL), 0);
    counter_lock();
    buf_reset(&s->early);
    int rc = authority_receipt(s->w.authority, first.d, &s->early, NULL);
    counter_unlock();
    assert_int_equal(rc, 0);
    sell(s, "D-1", &sale);
    counter_hear(&s->c);
    return sale;
}

static void check_wrong_receipt(struct shop *s, enum wrong wrong)
{
    int64_t sale = due(s);
    struct offer other = world_offer(&s->w, "other", 5000);
    set_wrong(s, wrong);
    counter_lock();
    world_publish(&s->w, &other);
    counter_unlock();
    sync_well(s);
    assert_int_equal(counter_ask(&s->c, "SELECT count(*) FROM receipt"), 1);
    assert_int_equal(counter_ask(&s->c, "SELECT count(*) FROM evidence WHERE what = 81"), 1);
    struct till_event v;
    do {
        v = next(s, EVENT_RECEIPT);
    } while (v.kind && v.code == 0);
    assert_int_equal(v.code, TP_BAD_RECEIPT);
    assert_int_equal(v.sale, sale);
    assert_int_equal(status(s).log, TP_BAD_RECEIPT);
    /* It is said once, and what came with it is taken. */
    sync_well(s);
    assert_int_equal(counter_ask(&s->c, "SELECT count(*) FROM evidence"), 1);
    assert_false(waits(s, EVENT_RECEIPT));
    till_lock(s->c.till);
    assert_non_null(replica_offer(&s->c.till->replica, other.ref, NONE));
    till_unlock(s->c.till);
    /* The right one is taken when it comes. */
    set_wrong(s, NOTHING);
    sync_well(s);
    sync_well(s);
    assert_int_equal(counter_ask(&s->c, "SELECT count(*) FROM receipt"), 2);
    v = next(s, EVENT_RECEIPT);
    assert_int_equal(v.code, 0);
    assert_int_equal(v.sale, sale);
    counter_restart(&s->c, false);
    assert_int_equal(status(s).log, TP_BAD_RECEIPT);
}

#define WRONG_RECEIPT(name, wrong)                                                                           \
    static void name(void **state)                                                                           \
    {                                                                                                        \
        check_wrong_receipt(*state, wrong);                                                                  \
    }

WRONG_RECEIPT(a_receipt_of_another_leaf_is_refused, OTHER_LEAF)
WRONG_RECEIPT(a_forged_receipt_is_refused, FORGED)
WRONG_RECEIPT(a_receipt_by_another_key_is_refused, OTHER_KEY)
WRONG_RECEIPT(a_receipt_for_another_root_is_refused, OTHER_ROOT)
WRONG_RECEIPT(a_receipt_of_another_log_is_refused, OTHER_LOG)
WRONG_RECEIPT(a_receipt_of_an_earlier_tree_is_refused, EARLIER_TREE)
WRONG_RECEIPT(what_is_no_receipt_is_refused, NO_RECEIPT)

/* Then the answer is not the one that was asked for, and nothing of it is taken. */
static void more_or_fewer_receipts_than_asked_for_are_no_answer(void **state)
{
    static const enum wrong modes[] = {ONE_MORE, ONE_FEWER};
    struct shop *s = *state;
    int64_t sale = due(s);
    sell(s, "D-2", &sale);
    counter_hear(&s->c);
    for (size_t i = 0; i < 2; i++) {
        struct err e = {0};
        set_wrong(s, modes[i]);
        assert_int_equal(sync_now(s, &e), TP_OFFLINE);
        assert_non_null(strstr(e.text, "more or less"));
        assert_int_equal(counter_ask(&s->c, "SELECT count(*) FROM receipt"), 1);
    }
    set_wrong(s, NOTHING);
    sync_well(s);
    assert_int_equal(counter_ask(&s->c, "SELECT count(*) FROM receipt"), 3);
}

/* ---- the log only grows ---- */

static void all_that_a_till_signs_says_what_it_saw(void **state)
{
    static const enum kind list[] = {KIND_SYNC, KIND_HOLD, KIND_RELEASE, KIND_RECALL, KIND_COMMIT};
    struct shop *s = *state;
    struct err e = {0};
    int64_t sale;
    int outcome;
    sell(s, "A-1", &sale);
    counter_hear(&s->c);
    sync_well(s);
    struct checkpoint_seen first = s->c.till->seen;
    assert_true(first.size > 0);
    counter_restart(&s->c, true);
    sale = counter_sale(&s->c, "A-2", 2000);
    assert_int_equal(counter_present(&s->c, sale, &s->risky, 1, 0), 0);
    assert_int_equal(counter_hold(&s->c, sale).outcome, TP_BINDING);
    assert_int_equal(till_release(s->c.till, sale, &e), 0);
    sync_well(s); /* behind the release */
    counter_commit(&s->c, sale);
    outcome = till_refund_begin(s->c.till, bytes_str("elsewhere"), bytes_str("A-3"), COUNTER_WAIT, &sale, &e);
    assert_int_equal(outcome, TP_UNKNOWN_SALE);
    assert_int_equal(till_flush(s->c.till, COUNTER_WAIT, &e), 0);
    for (size_t i = 0; i < sizeof list / sizeof *list; i++) {
        const struct checkpoint_seen *seen = &s->carried[list[i]];
        if (seen->size < first.size ||
            (seen->size == first.size && memcmp(seen, &first, sizeof first) != 0)) {
            fail_msg("a %s carries %lld", kinds[list[i]].name, (long long)seen->size);
        }
    }
}

static int check_evidence(void *arg, const struct journal_evidence *v)
{
    struct shop *s = arg;
    struct arena a;
    struct statement st;
    arena_init(&a, 1024 * 1024);
    assert_int_equal(v->what, TP_LOG_FORKED);
    /* Two checkpoints that contradict each other, both by the log's own key. */
    assert_int_equal(statement_parse(v->seen, &a, &st, NULL), 0);
    assert_int_equal(statement_verify(&st, &s->w.log), 0);
    if (s->asked != NO_LOG) {
        assert_int_equal(statement_parse(v->raw, &a, &st, NULL), 0);
        assert_int_equal(statement_verify(&st, &s->w.log), 0);
        assert_memory_equal(v->key, st.payload.checkpoint.root, HASH_SIZE);
    }
    arena_reset(&a);
    return 0;
}

static void check_fork(struct shop *s, enum wrong wrong)
{
    struct err e = {0};
    int64_t sale;
    struct journal *j = NULL;
    sell(s, "F-1", &sale);
    counter_hear(&s->c);
    sync_well(s);
    struct checkpoint_seen before = s->c.till->seen;
    assert_true(before.size > 0);
    set_wrong(s, wrong);
    int64_t receipts = counter_ask(&s->c, "SELECT count(*) FROM receipt");
    sell(s, "F-2", &sale);
    counter_hear(&s->c);
    sync_well(s);
    assert_int_equal(next(s, EVENT_LOG).code, TP_LOG_FORKED);
    sync_well(s);
    assert_false(waits(s, EVENT_LOG)); /* it is said once */
    assert_int_equal(counter_ask(&s->c, "SELECT count(*) FROM receipt"), receipts);
    assert_int_equal(counter_ask(&s->c, "SELECT count(*) FROM evidence WHERE what <> 80"), 0);
    /* The till goes on, and says what it saw. */
    sale = counter_sale(&s->c, "F-3", 2000);
    assert_int_equal(counter_hold(&s->c, sale).outcome, TP_BINDING);
    assert_memory_equal(&s->carried[KIND_HOLD], &before, sizeof before);
    assert_memory_equal(&s->c.till->seen, &before, sizeof before);
    assert_int_equal(status(s).log, TP_LOG_FORKED);
    assert_int_equal(till_close(s->c.till, 0), 0);
    assert_int_equal(journal_open(s->c.dir, &j, &e), 0);
    s->asked = wrong;
    assert_int_equal(journal_evidence(j, check_evidence, s, &e), 0);
    journal_close(j);
    s->c.till = NULL;
    counter_restart(&s->c, false);
    assert_int_equal(status(s).log, TP_LOG_FORKED);
    set_wrong(s, NOTHING);
    sync_well(s);
    sync_well(s);
    assert_true(s->c.till->seen.size > before.size);
    assert_true(counter_ask(&s->c, "SELECT count(*) FROM receipt") > receipts);
}

#define FORK(name, wrong)                                                                                    \
    static void name(void **state)                                                                           \
    {                                                                                                        \
        check_fork(*state, wrong);                                                                           \
    }

FORK(a_log_that_got_shorter_is_noticed, SMALLER)
FORK(another_log_of_the_same_size_is_noticed, SAME_SIZE)
FORK(a_longer_log_without_a_proof_is_noticed, NO_PROOF)
FORK(a_longer_log_with_a_wrong_proof_is_noticed, WRONG_PROOF)
FORK(a_log_that_is_named_no_more_is_noticed, NO_LOG)

/* The state's word alone would prove nothing to anybody else. */
static void a_checkpoint_that_the_log_did_not_sign_is_not_taken(void **state)
{
    static const enum wrong modes[] = {NOT_SIGNED, SIGNED_BY_ANOTHER, SIGNED_OTHERWISE};
    struct shop *s = *state;
    int64_t sale;
    sell(s, "N-1", &sale);
    counter_hear(&s->c);
    sync_well(s);
    struct checkpoint_seen before = s->c.till->seen;
    for (size_t i = 0; i < sizeof modes / sizeof *modes; i++) {
        set_wrong(s, modes[i]);
        assert_int_equal(sync_now(s, NULL), TP_OFFLINE);
        assert_memory_equal(&s->c.till->seen, &before, sizeof before);
    }
    assert_int_equal(status(s).log, 0);
    set_wrong(s, NOTHING);
    sync_well(s);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        T(a_sale_gets_its_receipt_and_keeps_it),
        T(what_is_not_recorded_has_no_proof),
        T(receipts_come_in_batches_and_across_restarts),
        T(a_receipt_of_another_leaf_is_refused),
        T(a_forged_receipt_is_refused),
        T(a_receipt_by_another_key_is_refused),
        T(a_receipt_for_another_root_is_refused),
        T(a_receipt_of_another_log_is_refused),
        T(a_receipt_of_an_earlier_tree_is_refused),
        T(what_is_no_receipt_is_refused),
        T(more_or_fewer_receipts_than_asked_for_are_no_answer),
        T(all_that_a_till_signs_says_what_it_saw),
        T(a_log_that_got_shorter_is_noticed),
        T(another_log_of_the_same_size_is_noticed),
        T(a_longer_log_without_a_proof_is_noticed),
        T(a_longer_log_with_a_wrong_proof_is_noticed),
        T(a_log_that_is_named_no_more_is_noticed),
        T(a_checkpoint_that_the_log_did_not_sign_is_not_taken),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
