/* The statements one by one, in the order in which they were accepted: the same questions as then. */
#include "report/audit_internal.h"
#include "store/erased.h"

#include <stdarg.h>
#include <stdio.h>

void audit_begin(struct audit *a, const uint8_t authority[ID_SIZE], const uint8_t root[HASH_SIZE])
{
    *a = (struct audit){0};
    memcpy(a->authority, authority, ID_SIZE);
    memcpy(a->root, root, HASH_SIZE);
    log_origin(authority, a->origin);
}

void audit_end(struct audit *a)
{
    trust_free(&a->trust);
    for (size_t i = 0; i < a->key_count; i++) {
        cose_key_free(&a->keys[i].key);
    }
    a->key_count = 0;
}

int audit_trust_witness(struct audit *a, const char *name, struct cose_key *key)
{
    if (a->key_count == AUDIT_KEYS_MAX) {
        return TP_E_MEMORY;
    }
    struct audit_key *k = &a->keys[a->key_count++];
    *k = (struct audit_key){.key = *key, .purpose = PURPOSE_WITNESS, .until = TIME_MAX};
    snprintf(k->name, sizeof k->name, "%s", name);
    *key = (struct cose_key){0};
    return 0;
}

int audit_false(struct audit *a, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    vsnprintf(a->wrong, sizeof a->wrong, format, args);
    va_end(args);
    return AUDIT_FALSE;
}

int audit_fault(struct store *s, int rc, struct err *e)
{
    return rc >= 0 ? rc : err_set(e, rc, "the shop's records cannot be read: %s", store_error(s));
}

/* Every record's payload begins with its common fields and its place. */
const struct chain *audit_chain(const struct statement *st)
{
    _Static_assert(offsetof(struct commit, chain) == offsetof(struct reverse, chain) &&
                       offsetof(struct commit, chain) == offsetof(struct link, chain) &&
                       offsetof(struct commit, chain) == offsetof(struct close, chain),
                   "records begin alike");
    return kinds[st->kind].record ? &st->payload.commit.chain : NULL;
}

void audit_name(const struct statement *st, char out[128])
{
    const struct chain *c = audit_chain(st);
    int n = (int)(st->iss.n < 64 ? st->iss.n : 64);
    if (c) {
        snprintf(out, 128, "%s %lld/%lld of %.*s", kinds[st->kind].name, (long long)c->epoch,
                 (long long)c->seq, n, (const char *)st->iss.p);
    } else {
        snprintf(out, 128, "%s by %.*s", kinds[st->kind].name, n, (const char *)st->iss.p);
    }
}

/* ---- keys ---- */

static int take_key(struct audit *a, const struct keyset_key *from)
{
    struct audit_key k = {.purpose = (enum purpose)from->purpose, .from = from->from, .until = from->until};
    if (k.purpose != PURPOSE_LOG && k.purpose != PURPOSE_WITNESS) {
        return 0;
    }
    if (cose_key_decode(from->cose_key, &k.key)) {
        return TP_E_CORRUPT;
    }
    bytes_to_cstr(from->name, k.name, sizeof k.name);
    for (size_t i = 0; i < a->key_count; i++) {
        struct audit_key *known = &a->keys[i];
        if (memcmp(known->key.thumbprint, k.key.thumbprint, HASH_SIZE) == 0 && known->purpose == k.purpose &&
            strcmp(known->name, k.name) == 0) {
            known->until = k.until > known->until ? k.until : known->until;
            cose_key_free(&k.key);
            return 0;
        }
    }
    if (a->key_count == AUDIT_KEYS_MAX) {
        cose_key_free(&k.key);
        return TP_E_MEMORY;
    }
    a->keys[a->key_count++] = k;
    return 0;
}

static int learn(struct audit *a, const struct statement *st, struct err *e)
{
    int rc = 0;
    if (st->kind == KIND_TERMINAL) {
        return trust_terminal(&a->trust, &st->payload.terminal, e);
    }
    if (st->kind == KIND_KEYSET) {
        rc = trust_keyset(&a->trust, &st->payload.keyset, e);
        for (size_t i = 0; i < st->payload.keyset.keys.n && rc == 0; i++) {
            rc = take_key(a, &st->payload.keyset.keys.v[i]);
        }
    }
    return rc;
}

/* ---- statements ---- */

static int who(struct audit *a, const struct statement *st, int64_t received_ms, struct err *why)
{
    const struct trusted_key *by = NULL;
    if (memcmp(st->payload.common.audience, a->authority, ID_SIZE) != 0) {
        return err_set(why, TP_BAD_STATEMENT, "it is for another authority");
    }
    if (st->kind == KIND_KEYSET && a->trust.keyset == 0) {
        return trust_first_keyset(st, a->root, why);
    }
    /* A record from outside of its key's time is kept, and disputed: tables say so. */
    a->trust.all = true; /* a record may come long after its epoch */
    return trust_verify(&a->trust, st, kinds[st->kind].record ? NONE : received_ms, &by, why);
}

/* What the statement signs beside itself. A person's part may be gone, where it is said that it was erased.
 */
static int check_parts(struct audit *a, const char *where, const struct stored *row, struct statement *st)
{
    char name[128];
    struct err why = {0};
    bool person = (kinds[st->kind].parts & PART_PERSON) != 0;
    audit_name(st, name);
    st->lines = row->lines;
    st->person = row->person;
    if (row->person.p && row->residue.p) {
        return audit_false(a, "%s (%s): its person's part is here and was erased", where, name);
    }
    if (row->residue.p && !person) {
        return audit_false(a, "%s (%s): it has no person's part that could be erased", where, name);
    }
    a->erased += row->residue.p != NULL;
    bool shown = !a->withheld || (kinds[st->kind].parts & PART_LINES ? row->lines.p : row->person.p);
    if (shown && statement_check_parts(st, &why)) {
        return audit_false(a, "%s (%s): %s", where, name, why.text);
    }
    return !a->withheld && person && !row->person.p && !row->residue.p
               ? audit_false(a, "%s (%s): its person's part is missing, and was not erased", where, name)
               : 0;
}

/* Keysets and erasures only go on. */
static int check_place(struct audit *a, const char *where, const struct statement *st)
{
    char name[128];
    audit_name(st, name);
    if (st->kind == KIND_ERASURE && st->payload.erasure.parts <= a->erasure_parts) {
        return audit_false(a, "%s (%s): it counts fewer parts than the erasure before it", where, name);
    }
    if (st->kind == KIND_KEYSET && st->payload.keyset.number <= a->trust.keyset) {
        return audit_false(a, "%s (%s): keyset %lld after keyset %lld: keysets never go back", where, name,
                           (long long)st->payload.keyset.number, (long long)a->trust.keyset);
    }
    return 0;
}

static int check(struct audit *a, const char *where, const struct stored *row, struct statement *st)
{
    char name[128];
    struct err why = {0};
    audit_name(st, name);
    if (!kinds[st->kind].leaf) {
        return audit_false(a, "%s (%s): such a statement is not kept", where, name);
    }
    int rc = who(a, st, row->received_ms, &why);
    if (rc == TP_E_MEMORY || rc == TP_E_CRYPTO) {
        return rc;
    }
    if (rc) {
        return audit_false(a, "%s (%s): %s", where, name, why.text);
    }
    if ((rc = check_place(a, where, st)) || (rc = check_parts(a, where, row, st))) {
        return rc;
    }
    if (learn(a, st, &why)) {
        return audit_false(a, "%s (%s): %s", where, name, why.text);
    }
    if (st->kind == KIND_ERASURE) {
        a->erasure = row->n;
        a->erasure_parts = st->payload.erasure.parts;
        memcpy(a->erasure_digest, st->payload.erasure.digest, HASH_SIZE);
    }
    a->statements++;
    a->records += kinds[st->kind].record;
    return 0;
}

int audit_statement(struct audit *a, const char *where, const struct stored *row, struct arena *arena,
                    struct statement *st)
{
    struct err why = {0};
    int rc = statement_parse(row->raw, arena, st, &why);
    if (rc == TP_E_MEMORY || rc == TP_E_CRYPTO) {
        return rc;
    }
    return rc ? audit_false(a, "%s cannot be read: %s", where, why.text) : check(a, where, row, st);
}

static int each_statement(void *arg, const struct stored *row)
{
    struct audit *a = arg;
    struct arena arena;
    struct statement st;
    struct err why = {0};
    char where[64], name[128];
    snprintf(where, sizeof where, "statement %lld", (long long)row->n);
    arena_init(&arena, AUDIT_ARENA);
    int rc = statement_parse(row->raw, &arena, &st, &why);
    if (rc && rc != TP_E_MEMORY && rc != TP_E_CRYPTO) {
        rc = audit_false(a, "%s (%s) cannot be read: %s", where, kinds[row->kind].name, why.text);
    } else if (rc == 0 && (st.kind != row->kind || memcmp(st.d, row->d, HASH_SIZE) != 0)) {
        audit_name(&st, name);
        rc = audit_false(a, "%s (%s) is kept under another statement's name", where, name);
    } else if (rc == 0) {
        rc = check(a, where, row, &st);
    }
    arena_reset(&arena);
    return rc;
}

int audit_statements(struct audit *a, struct store *s, struct err *e)
{
    int rc = store_statements(s, UINT32_MAX, 0, INT64_MAX, each_statement, a);
    return audit_fault(s, rc ? rc : audit_erasures(a, s), e);
}

/* ---- what was erased ---- */

/* "leaf 7", or "statement 8". */
static void where_is(const struct audit *a, int64_t n, char out[64])
{
    if (!a->by_leaf) {
        snprintf(out, 64, "statement %lld", (long long)n);
    } else if (n <= a->leaves) {
        snprintf(out, 64, "leaf %lld", (long long)n - 1);
    } else {
        snprintf(out, 64, "waiting statement %lld", (long long)(n - a->leaves));
    }
}

/* Every part that is gone stands in the last erasure, or is younger and came without. */
int audit_erasures(struct audit *a, struct store *s)
{
    uint8_t digest[HASH_SIZE];
    int64_t count = 0, which = 0;
    char where[64];
    int rc = store_erased_since(s, a->erasure, &which);
    if (rc == 0) {
        where_is(a, which, where);
        return audit_false(a, "%s: its person's part was erased, and no erasure counts it", where);
    }
    rc = rc == STORE_NOT_FOUND && a->erasure ? store_erased_digest(s, a->erasure, &count, digest) : rc;
    where_is(a, a->erasure, where);
    if (rc == 0 && count != a->erasure_parts) {
        return audit_false(a, "%s: the erasure counts %lld parts, and %lld are gone", where,
                           (long long)a->erasure_parts, (long long)count);
    }
    if (rc == 0 && memcmp(digest, a->erasure_digest, HASH_SIZE) != 0) {
        return audit_false(a, "%s: the parts that are gone are not those that the erasure counts", where);
    }
    return rc == STORE_NOT_FOUND ? 0 : rc;
}
