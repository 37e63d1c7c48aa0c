#include "authority/internal.h"
#include "store/codes.h"

enum { TERMINAL_MEMORY = 64 * 1024 };

static int read_key(void *arg, const struct stored *row)
{
    struct arena arena;
    struct statement st;
    arena_init(&arena, TERMINAL_MEMORY);
    int rc = statement_parse(row->raw, &arena, &st, NULL);
    if (rc == 0) {
        rc = cose_key_decode(st.payload.terminal.cose_key, arg);
    }
    arena_reset(&arena);
    return rc == 0 || rc == TP_E_MEMORY || rc == TP_E_CRYPTO ? rc : TP_E_CORRUPT;
}

int terminal_key(struct store *s, struct bytes till, int64_t epoch, struct cose_key *key)
{
    struct tenure_row row;
    int rc = store_tenure(s, till, epoch, &row);
    rc = rc == 0 && !row.has_terminal ? STORE_NOT_FOUND : rc;
    return rc ? rc : store_statement(s, row.terminal, read_key, key);
}

/* Whether trust_terminal will take it: one till has one key in an epoch, and there is an end to keys. Only an
 * epoch that was given can be revoked. */
static int check_key(struct call *c, const struct cose_key *key)
{
    const struct terminal *t = &c->st->payload.terminal;
    struct cose_key held = {0};
    int rc = terminal_key(c->s, t->till, t->epoch, &held);
    if (rc == 0) {
        bool same = memcmp(key->thumbprint, held.thumbprint, HASH_SIZE) == 0;
        cose_key_free(&held);
        return same ? 0 : err_set(&c->err, TP_BAD_STATEMENT, "the till has another key in this epoch");
    }
    if (rc != STORE_NOT_FOUND) {
        return rc;
    }
    if (t->state != TERMINAL_ACTIVE) {
        return err_set(&c->err, TP_UNKNOWN_TILL, "the till was never enrolled in this epoch");
    }
    /* Whatever the next keyset brings must still fit. */
    return c->a->trust.n < TRUST_KEYS_MAX - MAX_KEYSET_KEYS
               ? 0
               : err_set(&c->err, TP_BAD_STATEMENT, "there are too many tills");
}

static int check_epoch(struct call *c)
{
    const struct terminal *t = &c->st->payload.terminal;
    struct till_row till;
    int rc = t->state == TERMINAL_ACTIVE ? store_till(c->s, t->till, &till) : STORE_NOT_FOUND;
    if (rc == 0 && t->epoch <= till.epoch) {
        rc = err_set(&c->err, TP_VERSION_EXISTS, "the till is in epoch %lld", (long long)till.epoch);
    }
    return rc == STORE_NOT_FOUND ? 0 : rc;
}

int terminal_check(struct call *c)
{
    const struct terminal *t = &c->st->payload.terminal;
    struct cose_key key;
    if (t->until - t->from > INT64_C(86400000) * TERMINAL_DAYS_MAX || t->until <= t->from) {
        return err_set(&c->err, TP_BAD_STATEMENT, "a till's key is valid for at most %d days",
                       TERMINAL_DAYS_MAX);
    }
    int rc = cose_key_decode(t->cose_key, &key);
    if (rc) {
        return rc == TP_E_MALFORMED ? err_set(&c->err, TP_BAD_STATEMENT, "the till's key is malformed") : rc;
    }
    rc = check_key(c, &key);
    cose_key_free(&key);
    return rc ? rc : check_epoch(c);
}

int terminal_project(struct call *c)
{
    const struct terminal *t = &c->st->payload.terminal;
    struct till_row till = {0};
    int rc = store_till(c->s, t->till, &till);
    if (rc && rc != STORE_NOT_FOUND) {
        return rc;
    }
    rc = 0;
    if (t->epoch > till.epoch) {
        till.epoch = till.head.epoch = t->epoch;
        till.head.seq = 0;
        memcpy(till.terminal, c->st->d, HASH_SIZE);
        memcpy(till.head.d, c->st->d, HASH_SIZE);
        till.quarantined = false;
    }
    if (t->state == TERMINAL_ACTIVE) {
        COPY_TEXT(till.name, t->till);
        COPY_TEXT(till.store, t->store);
        rc = store_till_put(c->s, &till);
    }
    if (rc == 0 && t->invite.p) {
        rc = store_invite_use(c->s, t->invite.p, c->st->d);
    }
    return rc ? rc : dispute_terminal(c);
}
