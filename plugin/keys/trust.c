#include "keys/trust.h"

#include <assert.h>
#include <inttypes.h>
#include <stddef.h>
#include <stdlib.h>

enum { EPOCHS_KEPT = 2 };

static void free_keys(struct trusted_key *v, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        cose_key_free(&v[i].key);
    }
    free(v);
}

void trust_free(struct trust *t)
{
    if (t) {
        free_keys(t->v, t->n);
        *t = (struct trust){0};
    }
}

static bool window_holds(const struct trusted_key *k, int64_t at_ms)
{
    return at_ms == NONE || (k->from <= at_ms && at_ms < k->until);
}

static bool set_name(struct trusted_key *k, struct bytes name)
{
    if (name.n == 0 || name.n >= sizeof k->name || memchr(name.p, 0, name.n)) {
        return false;
    }
    memcpy(k->name, name.p, name.n);
    k->name[name.n] = '\0';
    return true;
}

/* ---- the keyset ---- */

static int take_key(const struct keyset_key *from, struct trusted_key *to, struct err *e)
{
    *to = (struct trusted_key){
        .purpose = (enum purpose)from->purpose, .from = from->from, .until = from->until};
    if (!set_name(to, from->name)) {
        return err_set(e, TP_BAD_STATEMENT, "a key in the keyset has no usable name");
    }
    if (to->purpose == PURPOSE_TILL) {
        return err_set(e, TP_BAD_STATEMENT,
                       "a till's key belongs in a terminal statement, not in the keyset");
    }
    int rc = cose_key_decode(from->cose_key, &to->key);
    return rc == TP_E_MALFORMED ? err_set(e, TP_BAD_STATEMENT,
                                          "the key of %s in the keyset is not one of the profile", to->name)
           : rc                 ? err_code(e, rc)
                                : 0;
}

/* One key has one purpose, so it stands in a keyset once. */
static bool stands_before(const struct trusted_key *v, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (memcmp(v[i].key.thumbprint, v[n].key.thumbprint, HASH_SIZE) == 0) {
            return true;
        }
    }
    return false;
}

static int take_keys(const struct keyset *from, struct trusted_key *v, size_t *n, struct err *e)
{
    int rc = 0;
    for (size_t i = 0; i < from->keys.n && !rc; i++) {
        rc = take_key(&from->keys.v[i], &v[i], e);
        if (!rc) {
            *n = i + 1;
            if (stands_before(v, i)) {
                rc = err_set(e, TP_BAD_STATEMENT, "the key of %s stands twice in the keyset", v[i].name);
            }
        }
    }
    return rc;
}

static size_t count_tills(const struct trust *t)
{
    size_t n = 0;
    for (size_t i = 0; i < t->n; i++) {
        n += t->v[i].purpose == PURPOSE_TILL;
    }
    return n;
}

static size_t keys_max(const struct trust *t)
{
    return t->all ? TRUST_ALL_MAX : TRUST_KEYS_MAX;
}

int trust_keyset(struct trust *t, const struct keyset *keyset, struct err *e)
{
    size_t fresh = 0, most = keyset->keys.n + count_tills(t);
    if (keyset->number == t->keyset && t->keyset > 0) {
        return 0;
    }
    if (keyset->number <= t->keyset) {
        return err_set(e, TP_BAD_STATEMENT, "keyset %" PRId64 " is older than the one in force",
                       keyset->number);
    }
    struct trusted_key *v = most <= keys_max(t) ? calloc(most + 1, sizeof *v) : NULL;
    if (!v) {
        return err_set(e, TP_E_MEMORY, "no room for the keyset's keys");
    }
    int rc = take_keys(keyset, v, &fresh, e);
    if (rc) {
        free_keys(v, fresh);
        return rc;
    }
    for (size_t i = 0; i < t->n; i++) {
        if (t->v[i].purpose == PURPOSE_TILL) {
            v[fresh++] = t->v[i];
        } else {
            cose_key_free(&t->v[i].key);
        }
    }
    free(t->v);
    *t = (struct trust){
        .v = v, .n = fresh, .cap = most + 1, .keyset = keyset->number, .all = t->all, .memo = t->memo};
    return 0;
}

/* ---- tills ---- */

static struct trusted_key *find_till(struct trust *t, const char *name, int64_t epoch)
{
    for (size_t i = 0; i < t->n; i++) {
        if (t->v[i].epoch == epoch && t->v[i].purpose == PURPOSE_TILL && strcmp(t->v[i].name, name) == 0) {
            return &t->v[i];
        }
    }
    return NULL;
}

static struct trusted_key *add_slot(struct trust *t)
{
    if (t->n == t->cap) {
        size_t cap = t->cap ? 2 * t->cap : 16;
        cap = cap > keys_max(t) ? keys_max(t) : cap;
        struct trusted_key *v = cap > t->n ? reallocarray(t->v, cap, sizeof *v) : NULL;
        if (!v) {
            return NULL;
        }
        t->v = v;
        t->cap = cap;
    }
    return t->n < keys_max(t) ? &t->v[t->n++] : NULL;
}

/* How many epochs of a till are here, and the lowest. */
static size_t count_epochs(struct trust *t, const char *name, struct trusted_key **lowest)
{
    size_t n = 0;
    *lowest = NULL;
    for (size_t i = 0; i < t->n; i++) {
        struct trusted_key *k = &t->v[i];
        if (k->purpose == PURPOSE_TILL && strcmp(k->name, name) == 0) {
            *lowest = !*lowest || k->epoch < (*lowest)->epoch ? k : *lowest;
            n++;
        }
    }
    return n;
}

/* Within one epoch the key stays, and a till that was given up does not come back. */
static int change_till(struct trusted_key *till, const struct trusted_key *fresh, struct err *e)
{
    if (memcmp(till->key.thumbprint, fresh->key.thumbprint, HASH_SIZE) != 0) {
        return err_set(e, TP_BAD_STATEMENT, "till %s has another key in this epoch", till->name);
    }
    if (fresh->revoked) {
        till->from_seq = till->revoked && till->from_seq < fresh->from_seq ? till->from_seq : fresh->from_seq;
        till->revoked = true;
    } else if (!till->revoked) {
        till->from = fresh->from;
        till->until = fresh->until;
    }
    return 0;
}

static int put_till(struct trust *t, struct trusted_key *fresh, bool *taken, struct err *e)
{
    struct trusted_key *till = find_till(t, fresh->name, fresh->epoch);
    if (till) {
        return change_till(till, fresh, e);
    }
    struct trusted_key *lowest;
    bool full = !t->all && count_epochs(t, fresh->name, &lowest) >= EPOCHS_KEPT;
    if (full && fresh->epoch < lowest->epoch) {
        return 0;
    }
    if (full) {
        cose_key_free(&lowest->key);
    }
    till = full ? lowest : add_slot(t);
    if (!till) {
        return err_set(e, TP_E_MEMORY, "no room for another till's key");
    }
    *till = *fresh;
    *taken = true;
    return 0;
}

int trust_terminal(struct trust *t, const struct terminal *terminal, struct err *e)
{
    struct trusted_key fresh = {.purpose = PURPOSE_TILL,
                                .from = terminal->from,
                                .until = terminal->until,
                                .revoked = terminal->state != TERMINAL_ACTIVE,
                                .epoch = terminal->epoch,
                                .from_seq = terminal->from_seq};
    bool taken = false;
    if (!name_valid(terminal->till) || !set_name(&fresh, terminal->till)) {
        return err_set(e, TP_BAD_STATEMENT, "not the name of a till");
    }
    int rc = cose_key_decode(terminal->cose_key, &fresh.key);
    if (rc) {
        return rc == TP_E_MALFORMED
                   ? err_set(e, TP_BAD_STATEMENT, "the key of till %s is not one of the profile", fresh.name)
                   : err_code(e, rc);
    }
    rc = put_till(t, &fresh, &taken, e);
    if (!taken) {
        cose_key_free(&fresh.key);
    }
    return rc;
}

/* ---- who signed ---- */

/* Every record begins with common and chain, every request of an enrolled till with the same four members. */
static_assert(offsetof(struct commit, chain) == offsetof(struct link, chain) &&
                  offsetof(struct reverse, chain) == offsetof(struct link, chain) &&
                  offsetof(struct close, chain) == offsetof(struct link, chain),
              "a record's chain has one place");
static_assert(offsetof(struct release, head) == offsetof(struct hold, head) &&
                  offsetof(struct sync, head) == offsetof(struct hold, head) &&
                  offsetof(struct recall, head) == offsetof(struct hold, head) &&
                  offsetof(struct renew, head) == offsetof(struct hold, head),
              "a request's head has one place");

/* The epoch in which a till's statement was made; 0: nobody's. */
static int64_t epoch_of(const struct statement *s)
{
    const struct kind_info *kind = &kinds[s->kind];
    if (kind->record) {
        return s->payload.link.chain.epoch;
    }
    return kind->request && kind->by == PURPOSE_TILL && s->kind != KIND_ENROL ? s->payload.hold.head.epoch
                                                                              : 0;
}

/* A registrar makes tills and cannot unmake them. */
static bool may_sign(const struct trusted_key *k, const struct statement *s)
{
    return k->purpose == kinds[s->kind].by || (k->purpose == PURPOSE_REGISTRAR && s->kind == KIND_TERMINAL &&
                                               s->payload.terminal.state == TERMINAL_ACTIVE);
}

/* Whether the memo has the signature; where it has not, mark is what to put when it is good. */
static bool known_good(const struct trust *t, const struct cose_key *key, const uint8_t d[HASH_SIZE],
                       const uint8_t signature[SIGNATURE_SIZE], uint8_t mark[HASH_SIZE], bool *marked)
{
    *marked = t->memo && memo_mark(key, d, signature, mark) == 0;
    return *marked && memo_has(t->memo, mark);
}

static int check_statement(const struct trust *t, const struct statement *s, const struct cose_key *key)
{
    uint8_t mark[HASH_SIZE];
    bool marked;
    if (known_good(t, key, s->d, s->sign1.signature, mark, &marked)) {
        return 0;
    }
    int rc = statement_verify(s, key);
    if (rc == 0 && marked) {
        memo_put(t->memo, mark);
    }
    return rc;
}

static int check_coupon(const struct trust *t, const struct coupon *c, const struct cose_key *key)
{
    uint8_t d[HASH_SIZE], mark[HASH_SIZE];
    bool marked = false;
    if (t->memo && cose_d(c->sign1.protected_map, c->sign1.payload, d) == 0 &&
        known_good(t, key, d, c->sign1.signature, mark, &marked)) {
        return 0;
    }
    int rc = coupon_verify(c, key);
    if (rc == 0 && marked) {
        memo_put(t->memo, mark);
    }
    return rc;
}

int trust_verify(const struct trust *t, const struct statement *s, int64_t at_ms,
                 const struct trusted_key **by, struct err *e)
{
    const char *why = "no key of its purpose is known by its kid";
    int64_t epoch = epoch_of(s);
    for (size_t i = 0; i < t->n; i++) {
        const struct trusted_key *k = &t->v[i];
        if (memcmp(k->key.kid, s->kid, KID_SIZE) != 0 || !may_sign(k, s)) {
            continue;
        }
        if (k->epoch != epoch) {
            why = "its key is another epoch's";
        } else if (!bytes_is(s->iss, k->name)) {
            why = "its signer has another name than the key's";
        } else if (!window_holds(k, at_ms)) {
            why = "its key is not valid at that time";
        } else {
            int rc = check_statement(t, s, &k->key);
            if (rc != TP_E_UNTRUSTED) {
                *by = rc ? *by : k;
                return rc ? err_code(e, rc) : 0;
            }
            why = "its signature does not check out";
        }
    }
    return err_set(e, TP_E_UNTRUSTED, "%s statement: %s", kinds[s->kind].name, why);
}

int trust_verify_coupon(const struct trust *t, const struct coupon *c, int64_t at_ms)
{
    int rc = TP_UNKNOWN_COUPON;
    for (size_t i = 0; i < t->n; i++) {
        const struct trusted_key *k = &t->v[i];
        if (k->purpose != PURPOSE_ISSUER || memcmp(k->key.kid, c->kid, KID_SIZE) != 0) {
            continue;
        }
        int said = window_holds(k, at_ms) ? check_coupon(t, c, &k->key) : TP_E_UNTRUSTED;
        if (said != TP_E_UNTRUSTED) {
            return said;
        }
        rc = TP_BAD_SIGNATURE;
    }
    return rc;
}

static int signed_by(const struct statement *s, const struct keyset_key *root,
                     const uint8_t thumbprint[HASH_SIZE])
{
    struct cose_key key = {0};
    int rc = cose_key_decode(root->cose_key, &key);
    if (rc == TP_E_MALFORMED) {
        return TP_E_UNTRUSTED;
    }
    if (rc == 0 &&
        (!secret_equal(key.thumbprint, thumbprint, HASH_SIZE) || !bytes_equal(s->iss, root->name))) {
        rc = TP_E_UNTRUSTED;
    }
    rc = rc ? rc : statement_verify(s, &key);
    cose_key_free(&key);
    return rc;
}

int trust_first_keyset(const struct statement *s, const uint8_t root[HASH_SIZE], struct err *e)
{
    for (size_t i = 0; s->kind == KIND_KEYSET && i < s->payload.keyset.keys.n; i++) {
        const struct keyset_key *k = &s->payload.keyset.keys.v[i];
        int rc = k->purpose == PURPOSE_ROOT ? signed_by(s, k, root) : TP_E_UNTRUSTED;
        if (rc != TP_E_UNTRUSTED) {
            return rc ? err_code(e, rc) : 0;
        }
    }
    return err_set(e, TP_E_UNTRUSTED, "the keyset is not signed by the root key that was expected");
}
