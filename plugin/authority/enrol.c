/*
 * New tills, and tills that renew: the authority gives their keys an epoch by itself, with the registrar's
 * key. A new till shows by a code that the merchant invited it; a till that renews signs with the key that it
 * has.
 */
#include "authority/internal.h"
#include "store/codes.h"

#include "keys/enrolment.h"

#define DAY_MS  INT64_C(86400000)
#define HOUR_MS INT64_C(3600000)

enum {
    MISS_MEMORY_MS = 10 * 60000,
    MISSES_A_TILL = 10, /* wrong codes within that time */
    MISSES_ALL = 100,
};

int invite_project(struct call *c)
{
    const struct invite *i = &c->st->payload.invite;
    struct invite_row row = {.time_ms = i->common.time_ms, .until_ms = i->until};
    memcpy(row.d, c->st->d, HASH_SIZE);
    memcpy(row.code_key, i->code_key, HASH_SIZE);
    COPY_TEXT(row.till, i->till);
    COPY_TEXT(row.store, i->store);
    return store_invite_put(c->s, &row);
}

int enrol_authenticate(struct call *c)
{
    const struct enrol *r = &c->st->payload.enrol;
    struct cose_key key = {0};
    int rc = cose_key_decode(r->cose_key, &key);
    if (rc == 0 && (memcmp(key.kid, c->st->kid, KID_SIZE) != 0 || !bytes_equal(c->st->iss, r->till))) {
        rc = TP_E_UNTRUSTED;
    }
    rc = rc ? rc : statement_verify(c->st, &key);
    cose_key_free(&key);
    if (rc == TP_E_UNTRUSTED || rc == TP_E_MALFORMED) {
        return err_set(&c->err, TP_BAD_SIGNATURE, "an enrolment is signed by the key that it brings");
    }
    char *name = arena_take(c->arena, r->till.n + 1, 1);
    if (rc || !name) {
        return rc ? rc : TP_E_MEMORY;
    }
    bytes_to_cstr(r->till, name, r->till.n + 1);
    c->by = name;
    return 0;
}

/* ---- a terminal statement by the registrar ---- */

static int keep_keyset(void *arg, const struct stored *row)
{
    struct buf *raw = arg;
    buf_reset(raw);
    buf_put(raw, row->raw.p, row->raw.n);
    return raw->failed ? TP_E_MEMORY : 0;
}

/* [D, terminal, keyset]: with the keyset in force, so that whoever knows the root can check it at once. */
static int answer_with(struct call *c, struct bytes terminal)
{
    struct buf keyset;
    buf_init(&keyset, ENVELOPE_MAX);
    int rc = store_statements(c->s, UINT32_C(1) << KIND_KEYSET, 0, INT64_MAX, keep_keyset, &keyset);
    if (rc == 0) {
        answer_grant(c->answer, c->st->d, terminal, buf_view(&keyset));
    }
    buf_free(&keyset);
    return rc;
}

static int sign_terminal(struct call *c, const struct terminal *t, struct statement *out)
{
    struct buf envelope;
    buf_init(&envelope, ENVELOPE_MAX);
    int rc = statement_sign(KIND_TERMINAL, t, bytes_str(c->a->registrar_name), &c->a->config.registrar_key,
                            &envelope, NULL, &c->err);
    struct bytes raw = arena_copy(c->arena, buf_view(&envelope));
    if (rc == 0) {
        rc = raw.p ? statement_parse(raw, c->arena, out, &c->err) : TP_E_MEMORY;
    }
    buf_free(&envelope);
    return rc;
}

/* Gives the till its next epoch, as if the statement had come from outside. */
static int give_epoch(struct call *c, const struct till_row *till, struct bytes cose_key, struct bytes invite)
{
    struct terminal t = {.common = {.version = 1, .time_ms = c->now},
                         .till = bytes_str(till->name),
                         .store = bytes_str(till->store),
                         .epoch = till->epoch + 1,
                         .cose_key = cose_key,
                         .from = c->now - HOUR_MS,
                         .until = c->now - HOUR_MS + TERMINAL_DAYS_MAX * DAY_MS,
                         .state = TERMINAL_ACTIVE,
                         .from_seq = NONE,
                         .invite = invite};
    struct statement st;
    struct call sub = *c;
    bool fresh = false;
    memcpy(t.common.audience, c->a->config.id, ID_SIZE);
    int rc = sign_terminal(c, &t, &st);
    sub.st = &st;
    sub.by = c->a->registrar_name;
    rc = rc ? rc : store_statement_put(c->s, &st, c->now, &fresh);
    rc = rc ? rc : terminal_check(&sub);
    rc = rc ? rc : terminal_project(&sub);
    rc = rc ? rc : log_queue(&sub);
    c->log_due = sub.log_due;
    if (rc > 0 && !c->err.code) {
        c->err = sub.err;
    }
    return rc ? rc : answer_with(c, st.raw);
}

static int can_enrol(struct call *c)
{
    return c->a->registrar_name[0]
               ? 0
               : err_set(&c->err, TP_UNSUPPORTED, "this authority has no registrar's key, and enrols nobody");
}

/* ---- a new till ---- */

/* A wrong code is an answer and no refusal, so that it is remembered. */
static int miss(struct call *c, int reason)
{
    answer_problem(c->answer, c->st->d, reason, code_sentence(reason));
    return reason == TP_THROTTLED ? 0 : store_enrol_miss(c->s, bytes_str(c->by), c->now);
}

static int throttled(struct call *c, bool *yes)
{
    int64_t mine = 0, all = 0;
    int rc = store_enrol_misses_expire(c->s, c->now - MISS_MEMORY_MS);
    rc = rc ? rc : store_enrol_misses(c->s, bytes_str(c->by), &mine, &all);
    *yes = mine >= MISSES_A_TILL || all >= MISSES_ALL;
    return rc;
}

struct used {
    struct call *c;
    struct bytes raw;
    bool same; /* it names the key that asks again */
};

static int read_used(void *arg, const struct stored *row)
{
    struct used *u = arg;
    struct statement st;
    u->raw = arena_copy(u->c->arena, row->raw);
    int rc = u->raw.p ? statement_parse(u->raw, u->c->arena, &st, NULL) : TP_E_MEMORY;
    if (rc == 0) {
        u->same = bytes_equal(st.payload.terminal.cose_key, u->c->st->payload.enrol.cose_key);
    }
    return rc == 0 || rc == TP_E_MEMORY ? rc : TP_E_CORRUPT;
}

/* The same key once more: its answer was lost on the way. Another one comes too late. */
static int answer_again(struct call *c, const struct invite_row *invite)
{
    struct used u = {.c = c};
    int rc = store_statement(c->s, invite->used, read_used, &u);
    if (rc) {
        return rc == STORE_NOT_FOUND ? TP_E_CORRUPT : rc;
    }
    return u.same ? answer_with(c, u.raw) : miss(c, TP_NOT_INVITED);
}

/* The till of this name that was, if any, at the store that the invite names. */
static int invited_till(struct call *c, const struct invite_row *invite, struct till_row *till)
{
    int rc = store_till(c->s, bytes_str(invite->till), till);
    if (rc == STORE_NOT_FOUND) {
        *till = (struct till_row){0};
        rc = 0;
    }
    memcpy(till->name, invite->till, sizeof till->name);
    memcpy(till->store, invite->store, sizeof till->store);
    return rc;
}

/* 0 with *good: the open invite of that till whose code this was. */
static int find_invite(struct call *c, struct invite_row *invite, bool *good)
{
    const struct enrol *r = &c->st->payload.enrol;
    struct cose_key key = {0};
    *good = false;
    int rc = store_invite(c->s, r->till, invite);
    if (rc || invite->until_ms <= c->now) {
        return rc == STORE_NOT_FOUND ? 0 : rc;
    }
    rc = cose_key_decode(r->cose_key, &key);
    rc = rc ? rc : enrolment_check(r, &key, invite->code_key);
    cose_key_free(&key);
    *good = rc == 0;
    return rc == TP_E_UNTRUSTED ? 0 : rc;
}

int enrol_answer(struct call *c)
{
    struct invite_row invite;
    struct till_row till;
    bool too_many = false, good = false;
    int rc = can_enrol(c);
    rc = rc ? rc : throttled(c, &too_many);
    if (rc || too_many) {
        return rc ? rc : miss(c, TP_THROTTLED);
    }
    rc = find_invite(c, &invite, &good);
    if (rc || !good) {
        return rc ? rc : miss(c, TP_NOT_INVITED);
    }
    if (invite.has_used) {
        return answer_again(c, &invite);
    }
    rc = invited_till(c, &invite, &till);
    return rc ? rc : give_epoch(c, &till, c->st->payload.enrol.cose_key, bytes_of(invite.d, HASH_SIZE));
}

/* ---- a till that renews ---- */

/* A copy whose record is older, or another one, has no next epoch. */
static int check_head(struct call *c, const struct till_row *till)
{
    const struct head *head = &c->st->payload.renew.head;
    bool behind = head->seq < till->head.seq ||
                  (head->seq == till->head.seq && memcmp(head->d, till->head.d, HASH_SIZE) != 0);
    return behind ? err_set(&c->err, TP_QUARANTINED, "the till's record is not the one that is held here")
                  : 0;
}

/* Not before half of its time, so that a till's epochs are few. */
static int check_due(struct call *c, const struct till_row *till)
{
    struct tenure_row tenure;
    int rc = store_tenure(c->s, bytes_str(till->name), till->epoch, &tenure);
    if (rc) {
        return rc == STORE_NOT_FOUND ? 0 : rc;
    }
    bool early = c->now < tenure.from_ms + (tenure.until_ms - tenure.from_ms) / 2;
    return early ? err_set(&c->err, TP_BAD_STATEMENT, "the till's key is not to be renewed yet") : 0;
}

int renew_answer(struct call *c)
{
    struct till_row till;
    int rc = can_enrol(c);
    rc = rc ? rc : store_till(c->s, bytes_str(c->by), &till);
    if (rc) {
        return rc == STORE_NOT_FOUND ? err_code(&c->err, TP_UNKNOWN_TILL) : rc;
    }
    rc = check_head(c, &till);
    rc = rc ? rc : check_due(c, &till);
    return rc ? rc : give_epoch(c, &till, c->st->payload.renew.cose_key, (struct bytes){0});
}
