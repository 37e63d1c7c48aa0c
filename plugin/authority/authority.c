/* One message in, one answer an item out; and the memory of who may sign. */
#include "authority/internal.h"
#include "store/erased.h"

#include <stdlib.h>

enum { PUBLIC_MEMORY = 512 * 1024 };

static const struct {
    int (*check)(struct call *c);   /* before it is kept for the first time */
    int (*project)(struct call *c); /* what it changes in the tables; also when they are rebuilt */
    int (*answer)(struct call *c);  /* requests: instead of the two */
} handlers[KIND_COUNT] = {
    [KIND_POLICY] = {.check = policy_check},
    [KIND_KEYSET] = {.check = keyset_check},
    [KIND_TERMINAL] = {.check = terminal_check, .project = terminal_project},
    [KIND_RULING] = {.project = ruling_project},
    [KIND_INVITE] = {.project = invite_project},
    [KIND_ENROL] = {.answer = enrol_answer},
    [KIND_RENEW] = {.answer = renew_answer},
    [KIND_OFFER] = {.check = offer_statement_check, .project = offer_statement_project},
    [KIND_BATCH] = {.check = batch_check, .project = batch_project},
    [KIND_LINK] = {.project = link_project},
    [KIND_COMMIT] = {.project = commit_project},
    [KIND_REVERSE] = {.project = reverse_project},
    [KIND_CLOSE] = {.project = close_project},
    [KIND_ERASURE] = {.check = erasure_check},
    [KIND_LEASE] = {.project = lease_project},
    [KIND_LEASE_RETURN] = {.project = lease_return_project},
    [KIND_WRITE_OFF] = {.check = write_off_check, .project = write_off_project},
    [KIND_HOLD] = {.answer = hold_answer},
    [KIND_RELEASE] = {.answer = release_answer},
    [KIND_SYNC] = {.answer = sync_answer},
    [KIND_PICKUP] = {.answer = pickup_answer},
    [KIND_RECALL] = {.answer = recall_answer},
};

const enum kind kinds_watched[STORE_NEWEST_MAX] = {KIND_KEYSET, KIND_POLICY, KIND_TERMINAL, KIND_OFFER};
static const uint32_t learned_kinds = 1u << KIND_KEYSET | 1u << KIND_POLICY | 1u << KIND_TERMINAL;

int authority_open(const struct authority_config *config, struct authority **out, struct err *e)
{
    struct authority *a = calloc(1, sizeof *a);
    int rc = a ? random_bytes(a->turn, ID_SIZE) : TP_E_MEMORY;
    if (rc) {
        free(a);
        return err_code(e, rc);
    }
    a->config = *config;
    arena_init(&a->policy_memory, PUBLIC_MEMORY);
    arena_init(&a->automatics.memory, AUTOMATIC_MEMORY);
    known_init(&a->known);
    *out = a;
    return 0;
}

void authority_close(struct authority *a)
{
    if (!a) {
        return;
    }
    store_close(a->config.store);
    cose_key_free(&a->config.grant_key);
    cose_key_free(&a->config.log_key);
    cose_key_free(&a->config.registrar_key);
    trust_free(&a->trust);
    arena_reset(&a->policy_memory);
    arena_reset(&a->automatics.memory);
    known_forget(&a->known);
    wipe(a, sizeof *a);
    free(a);
}

static int learn_policy(struct authority *a, struct bytes raw)
{
    struct statement st;
    arena_reset(&a->policy_memory);
    a->policy = (struct policy){0};
    struct bytes kept = arena_copy(&a->policy_memory, raw);
    int rc = kept.p ? statement_parse(kept, &a->policy_memory, &st, NULL) : TP_E_MEMORY;
    if (rc == 0) {
        a->policy = st.payload.policy.terms;
    }
    return rc;
}

/* A kept keyset, policy or terminal becomes what this handle knows. */
static int learn(void *arg, const struct stored *row)
{
    struct authority *a = arg;
    struct arena arena;
    struct statement st;
    arena_init(&arena, PUBLIC_MEMORY);
    int rc = 0;
    if (row->kind == KIND_POLICY) {
        rc = learn_policy(a, row->raw);
    } else if ((rc = statement_parse(row->raw, &arena, &st, NULL)) != 0) {
        rc = rc == TP_E_MEMORY ? rc : TP_E_CORRUPT;
    } else if (row->kind == KIND_KEYSET) {
        rc = trust_keyset(&a->trust, &st.payload.keyset, NULL);
        own_keys_learn(a);
    } else {
        rc = trust_terminal(&a->trust, &st.payload.terminal, NULL);
    }
    arena_reset(&arena);
    if (rc == 0) {
        a->learned = row->n; /* what could not be taken in is read again */
    }
    return rc > 0 || rc == TP_E_MALFORMED ? TP_E_CORRUPT : rc;
}

int authority_refresh(struct authority *a)
{
    if (a->grouped && a->level) {
        return 0;
    }
    int64_t newest[STORE_NEWEST_MAX] = {0};
    int rc = store_newest(a->config.store, kinds_watched, newest);
    if (rc == 0 && newest[3] != a->offers_seen) {
        known_places_forget(&a->known);
        a->offers_seen = newest[3];
    }
    if (rc == 0 && (newest[0] > a->learned || newest[1] > a->learned || newest[2] > a->learned)) {
        rc = store_statements(a->config.store, learned_kinds, a->learned, INT64_MAX, learn, a);
    }
    if (rc == 0) {
        own_keys_reload(a);
    }
    a->level = rc == 0;
    return rc;
}

/* Not signed as it should be; or a fault, in which nobody can say. */
static int untrusted(struct call *c, int rc, struct err *why)
{
    if (rc != TP_E_UNTRUSTED) {
        return rc;
    }
    c->err = (struct err){0};
    return err_set(&c->err, TP_BAD_SIGNATURE, "%s", why->text);
}

/* A record of an epoch that is long over: its key is no longer in memory, and looked up. */
static int authenticate_late(struct call *c)
{
    struct cose_key key = {0};
    int rc = terminal_key(c->a->config.store, c->st->iss, c->st->payload.link.chain.epoch, &key);
    if (rc) {
        return rc == STORE_NOT_FOUND ? TP_E_UNTRUSTED : rc;
    }
    rc = memcmp(key.kid, c->st->kid, KID_SIZE) == 0 ? statement_verify(c->st, &key) : TP_E_UNTRUSTED;
    cose_key_free(&key);
    char *name = arena_take(c->arena, c->st->iss.n + 1, 1);
    if (rc == 0 && name) {
        bytes_to_cstr(c->st->iss, name, c->st->iss.n + 1);
        c->by = name;
    }
    return rc || name ? rc : TP_E_MEMORY;
}

/* Who signed, with a key that may sign this kind; all but records now. */
static int authenticate(struct call *c)
{
    struct authority *a = c->a;
    const struct trusted_key *by = NULL;
    struct err why = {0};
    if (memcmp(c->st->payload.common.audience, a->config.id, ID_SIZE) != 0) {
        return err_set(&c->err, TP_BAD_STATEMENT, "the statement is for another authority");
    }
    if (c->st->kind == KIND_KEYSET && a->trust.keyset == 0) {
        c->by = "root";
        int rc = trust_first_keyset(c->st, a->config.root, &why);
        return rc ? untrusted(c, rc, &why) : 0;
    }
    if (c->st->kind == KIND_ENROL) {
        return enrol_authenticate(c);
    }
    /* A record is taken whenever it was made: dispute.c says what counts of those from outside of its key's
     * time. */
    int64_t at = kinds[c->st->kind].record ? NONE : c->now;
    int rc = trust_verify(&a->trust, c->st, at, &by, &why);
    if (rc == TP_E_UNTRUSTED && kinds[c->st->kind].record) {
        rc = authenticate_late(c);
        return rc == TP_E_UNTRUSTED ? untrusted(c, rc, &why) : rc;
    }
    if (rc) {
        return untrusted(c, rc, &why);
    }
    if (by->revoked && kinds[c->st->kind].request) {
        return err_set(&c->err, TP_REVOKED, "the till's key was revoked");
    }
    c->by = by->name;
    return 0;
}

/* Keeps a statement and lets it change the tables; a repeated one changes nothing and is answered the same.
 */
static int keep(struct call *c)
{
    bool fresh = false;
    int rc = kinds[c->st->kind].record ? chain_check(c) : 0;
    rc = rc ? rc : store_statement_put(c->s, c->st, c->now, &fresh);
    if (rc == 0 && fresh && (kinds[c->st->kind].parts & PART_PERSON) && !c->st->person.p) {
        rc = store_erased_put(c->s, c->st->d, bytes_str("")); /* it came without */
    }
    if (rc == 0 && fresh && handlers[c->st->kind].check) {
        rc = handlers[c->st->kind].check(c);
    }
    if (rc == 0 && fresh && handlers[c->st->kind].project) {
        rc = handlers[c->st->kind].project(c);
    }
    if (rc == 0 && fresh) {
        rc = log_queue(c);
    }
    if (rc == 0) {
        answer_registered(c->answer, c->st->d);
    }
    return rc;
}

int authority_keep(struct call *c)
{
    int rc = authenticate(c);
    return rc ? rc : keep(c);
}

static int run(struct store *s, void *arg)
{
    struct call *c = arg;
    c->s = s;
    c->err = (struct err){0};
    c->log_due = c->disputed = false;
    buf_reset(c->answer);
    int (*answer)(struct call *) = handlers[c->st->kind].answer;
    int rc = answer ? request_handle(c, answer) : keep(c);
    return rc == 0 && c->answer->failed ? TP_E_MEMORY : rc;
}

/* A step of its own, so that a request that is refused has changed nothing. */
static int run_expire(struct store *s, void *arg)
{
    struct call *c = arg;
    c->s = s;
    return request_expire(c);
}

/* Whether it is taken is known before it changes anything; or nearly always, and then it is handled again. */
static int handle_in(struct authority *a, struct call *c)
{
    enum kind kind = c->st->kind;
    int rc = 0;
    if (a->grouped && kinds[kind].request && !a->expired) {
        rc = store_write(a->config.store, run_expire, c);
        a->expired = rc == 0;
    }
    bool sure = kinds[kind].record || kind == KIND_HOLD || kind == KIND_RELEASE;
    return rc ? rc : sure ? store_write_sure(a->config.store, run, c) : store_write(a->config.store, run, c);
}

static bool may_come_in(enum kind kind)
{
    return kind != KIND_LEASE && (handlers[kind].answer || handlers[kind].check || handlers[kind].project);
}

/* Nothing of what is learned can come of it, neither the statement itself nor one that answers it. */
static bool teaches_nothing(enum kind kind)
{
    return kinds[kind].record || kind == KIND_HOLD || kind == KIND_RELEASE || kind == KIND_SYNC ||
           kind == KIND_RECALL || kind == KIND_PICKUP;
}

static int handle_one(struct authority *a, const struct statement *st, struct arena *arena, struct buf *reply)
{
    struct buf answer;
    buf_init(&answer, MESSAGE_MAX);
    known_begin(&a->known);
    struct call c = {.a = a, .st = st, .now = clock_wall(a->config.clock), .arena = arena, .answer = &answer};
    int rc = may_come_in(st->kind) ? authority_refresh(a)
                                   : err_set(&c.err, TP_BAD_STATEMENT, "an authority alone signs that");
    if (rc == 0) {
        rc = authenticate(&c);
    }
    if (rc == 0) {
        rc = handle_in(a, &c);
        a->level = a->level && teaches_nothing(st->kind);
    }
    if (rc == 0) {
        buf_put(reply, answer.p, answer.n);
    } else if (rc > 0) {
        answer_problem(reply, st->d, rc, c.err.code == rc ? c.err.text : code_sentence(rc));
        rc = 0;
    }
    buf_free(&answer);
    if (rc == 0 && c.log_due) {
        a->log_due = true;
        if (!a->grouped) {
            log_now(a);
        }
    }
    return rc;
}

int authority_handle(struct authority *a, struct bytes request, struct buf *reply)
{
    struct arena arena;
    struct dec d;
    int rc = 0;
    if (request.n > MESSAGE_MAX) {
        answer_problem(reply, NULL, TP_BAD_STATEMENT, "the message is too long");
        return 0;
    }
    if (a->damaged) {
        return TP_E_CORRUPT;
    }
    arena_init(&arena, ITEM_MEMORY_MAX);
    dec_init(&d, request);
    for (int items = 0; rc == 0 && !dec_done(&d); items++) {
        struct statement st;
        struct err e = {0};
        arena_reset(&arena);
        int got = items < MESSAGE_ITEMS_MAX ? message_next(&d, &arena, &st, &e)
                                            : err_set(&e, TP_BAD_STATEMENT, "the message has too many items");
        if (got == TP_E_MEMORY || got == TP_E_CRYPTO) {
            rc = got; /* nobody can say what the item is */
        } else if (got != 1) {
            answer_problem(reply, NULL, TP_BAD_STATEMENT, e.code ? e.text : "the item is malformed");
            break;
        } else {
            rc = handle_one(a, &st, &arena, reply);
        }
    }
    arena_reset(&arena);
    return rc < 0 ? rc : reply->failed ? TP_E_MEMORY : 0;
}

/* What this handle took in of a transaction that was undone is not so. */
static void forget(struct authority *a)
{
    trust_free(&a->trust);
    a->trust = (struct trust){0};
    a->learned = a->offers_seen = 0;
    a->policy = (struct policy){0};
    arena_reset(&a->policy_memory);
    a->automatics.count = a->automatics.offers_seen = 0;
    a->automatics.n = 0;
    arena_reset(&a->automatics.memory);
    known_forget(&a->known);
    a->head_fence = 0;
    a->name[0] = a->log_name[0] = a->registrar_name[0] = 0;
    a->keys_due = false;
}

/* The memo is this message's: what the next one says nobody has looked at. */
static int handle_message(struct authority *a, struct authority_message *m)
{
    a->trust.memo = m->good;
    m->rc = authority_handle(a, m->request, m->reply);
    a->trust.memo = NULL;
    return m->rc;
}

static int handle_group(struct authority *a, struct authority_message *v, size_t n)
{
    int rc = store_group_begin(a->config.store);
    if (rc) {
        return rc;
    }
    a->grouped = true;
    a->log_due = a->log_grew = a->level = a->expired = false;
    for (size_t i = 0, read = 0; i < n && rc == 0; i++) {
        read = i < read ? read : i + ahead_read(a, v + i, n - i);
        rc = handle_message(a, &v[i]);
    }
    if (rc == 0 && (a->log_due || (a->log_grew && log_is_due(a)))) {
        log_now(a);
    }
    a->grouped = a->expired = false;
    int end = store_group_end(a->config.store, rc == 0);
    if (end) {
        forget(a);
    }
    return rc ? rc : end;
}

void authority_handle_many(struct authority *a, struct authority_message *v, size_t n)
{
    int rc = handle_group(a, v, n);
    if (rc == 0) {
        return;
    }
    /* A store that is busy or gone is so for all of them: the first one's patience is enough. */
    bool gone = false;
    for (size_t i = 0; i < n; i++) {
        buf_reset(v[i].reply);
        v[i].rc = gone ? TP_E_BUSY : handle_message(a, &v[i]);
        gone = gone || v[i].rc == TP_E_BUSY;
    }
}

/* One kept statement, projected as if it came now. */
static int replay(void *arg, const struct stored *row)
{
    struct authority *a = arg;
    struct arena arena;
    struct statement st;
    char by[64];
    arena_init(&arena, ITEM_MEMORY_MAX);
    known_begin(&a->known);
    a->replayed = row->n;
    struct bytes raw = arena_copy(&arena, row->raw);
    int rc = raw.p ? statement_parse(raw, &arena, &st, NULL) : TP_E_MEMORY;
    if (rc == 0) {
        st.lines = arena_copy(&arena, row->lines);
        st.person = arena_copy(&arena, row->person);
        COPY_TEXT(by, st.iss);
        struct call c = {.a = a,
                         .s = a->config.store,
                         .st = &st,
                         .by = by,
                         .now = row->received_ms,
                         .arena = &arena,
                         .residue = arena_copy(&arena, row->residue)};
        rc = handlers[st.kind].project ? handlers[st.kind].project(&c) : 0;
    }
    if (rc == 0 && (learned_kinds >> row->kind & 1)) {
        rc = learn(a, row);
    }
    arena_reset(&arena);
    return rc > 0 || rc == TP_E_MALFORMED ? TP_E_CORRUPT : rc;
}

static int rebuild(struct store *s, void *arg)
{
    struct authority *a = arg;
    trust_free(&a->trust);
    a->trust = (struct trust){0};
    a->learned = 0;
    known_forget(&a->known);
    int rc = store_clear_projections(s);
    return rc ? rc : store_statements(s, UINT32_MAX, 0, INT64_MAX, replay, a);
}

int authority_rebuild(struct authority *a, struct err *e)
{
    a->rebuilding = true;
    int rc = store_write(a->config.store, rebuild, a);
    a->rebuilding = false;
    known_forget(&a->known);
    return rc ? err_set(e, rc, "the tables cannot be made anew from statement %lld on: %s",
                        (long long)a->replayed, store_error(a->config.store))
              : 0;
}
