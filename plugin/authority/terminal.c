#include "authority/internal.h"

int terminal_check(struct call *c)
{
    const struct terminal *t = &c->st->payload.terminal;
    struct till_row till;
    struct cose_key key;
    if (t->until - t->from > INT64_C(86400000) * TERMINAL_DAYS_MAX || t->until <= t->from) {
        return err_set(&c->err, TP_BAD_STATEMENT, "a till's key is valid for at most %d days",
                       TERMINAL_DAYS_MAX);
    }
    if (cose_key_decode(t->cose_key, &key) != 0) {
        return err_set(&c->err, TP_BAD_STATEMENT, "the till's key is malformed");
    }
    cose_key_free(&key);
    int rc = store_till(c->s, t->till, &till);
    if (rc == STORE_NOT_FOUND) {
        return 0;
    }
    if (rc == 0 && (t->epoch < till.epoch || (t->epoch == till.epoch && t->state == TERMINAL_ACTIVE))) {
        rc = err_set(&c->err, TP_VERSION_EXISTS, "the till is in epoch %lld", (long long)till.epoch);
    }
    return rc;
}

int terminal_project(struct call *c)
{
    const struct terminal *t = &c->st->payload.terminal;
    struct till_row till = {0};
    int rc = store_till(c->s, t->till, &till);
    if (rc && rc != STORE_NOT_FOUND) {
        return rc;
    }
    if (t->epoch > till.epoch) {
        till.epoch = till.head.epoch = t->epoch;
        till.head.seq = 0;
        memcpy(till.terminal, c->st->d, HASH_SIZE);
        memcpy(till.head.d, c->st->d, HASH_SIZE);
        till.quarantined = false;
    }
    COPY_TEXT(till.name, t->till);
    COPY_TEXT(till.store, t->store);
    return store_till_put(c->s, &till);
}
