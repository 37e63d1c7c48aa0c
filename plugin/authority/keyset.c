#include "authority/internal.h"

/* Tried on a copy, so that a keyset that is refused leaves what is trusted alone. */
int keyset_check(struct call *c)
{
    struct trust trial = {.keyset = c->a->trust.keyset};
    const struct keyset *k = &c->st->payload.keyset;
    if (k->number <= trial.keyset) {
        return err_set(&c->err, TP_VERSION_EXISTS, "keyset %lld is in force", (long long)trial.keyset);
    }
    int rc = trust_keyset(&trial, k, &c->err);
    trust_free(&trial);
    return rc == TP_E_MALFORMED || rc == TP_E_UNTRUSTED ? TP_BAD_STATEMENT : rc;
}
