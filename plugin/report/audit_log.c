/* The log, leaf by leaf: the tree is made once more, and each checkpoint is held against it where it stands.
 */
#include "report/audit_internal.h"

#include "proof/note.h"

struct walk {
    struct audit *a;
    struct store *s;
    struct tree tree;
    int64_t next; /* size of the next checkpoint; 0: none is left */
};

static const struct audit_key *key_of(const struct audit *a, const struct statement *st, int64_t at_ms)
{
    for (size_t i = 0; i < a->key_count; i++) {
        const struct audit_key *k = &a->keys[i];
        if (k->purpose == PURPOSE_LOG && memcmp(k->key.kid, st->kid, KID_SIZE) == 0 &&
            bytes_is(st->iss, k->name) && k->from <= at_ms && at_ms < k->until) {
            return k;
        }
    }
    return NULL;
}

/* The note says the same under the log's name, by the same key. */
static int check_note(struct audit *a, const struct checkpoint_row *row, const struct audit_key *log)
{
    struct note n;
    if (note_parse(row->note, &n) || n.size != row->size || memcmp(n.root, row->root, HASH_SIZE) != 0 ||
        !note_signed(&n, bytes_str(a->origin), &log->key)) {
        return audit_false(a, "the note of the checkpoint of %lld leaves is not what was signed",
                           (long long)row->size);
    }
    return 0;
}

static int check_signed(struct audit *a, const struct checkpoint_row *row, struct arena *arena)
{
    struct statement st;
    struct err why = {0};
    const struct checkpoint *c = &st.payload.checkpoint;
    long long size = (long long)row->size;
    if (statement_parse(row->raw, arena, &st, &why) || st.kind != KIND_CHECKPOINT || c->size != row->size ||
        memcmp(c->root, row->root, HASH_SIZE) != 0 ||
        memcmp(c->common.audience, a->authority, ID_SIZE) != 0) {
        return audit_false(a, "the checkpoint of %lld leaves is not what was signed", size);
    }
    const struct audit_key *log = key_of(a, &st, c->common.time_ms);
    if (!log || statement_verify(&st, &log->key)) {
        return audit_false(a, "the checkpoint of %lld leaves: no log key signed it", size);
    }
    return check_note(a, row, log);
}

int audit_signed(struct audit *a, const struct checkpoint_row *row)
{
    struct arena arena;
    arena_init(&arena, AUDIT_ARENA);
    int rc = check_signed(a, row, &arena);
    arena_reset(&arena);
    return rc;
}

static int at_checkpoint(void *arg, const struct checkpoint_row *row)
{
    struct walk *w = arg;
    uint8_t root[HASH_SIZE];
    int rc = audit_signed(w->a, row);
    if (rc == 0 && (rc = tree_root(&w->tree, root)) == 0 && memcmp(root, row->root, HASH_SIZE) != 0) {
        rc = audit_false(w->a, "the first %lld leaves do not have the root that their checkpoint signed",
                         (long long)row->size);
    }
    w->a->checkpoints++;
    return rc;
}

static int take_size(void *arg, const struct checkpoint_row *row)
{
    *(int64_t *)arg = row->size;
    return 0;
}

static int find_next(struct walk *w)
{
    w->next = 0;
    return store_checkpoints(w->s, w->tree.size + 1, 1, take_size, &w->next);
}

static int same_node(void *arg, int level, int64_t index, const uint8_t hash[HASH_SIZE])
{
    struct walk *w = arg;
    uint8_t kept[HASH_SIZE];
    int rc = store_node(w->s, level, index, kept);
    if (rc == STORE_NOT_FOUND || (rc == 0 && memcmp(kept, hash, HASH_SIZE) != 0)) {
        return audit_false(w->a, "node %d/%lld, from which proofs are made, is not the tree's", level,
                           (long long)index);
    }
    return rc;
}

static int each_leaf(void *arg, const struct leaf_row *row, struct bytes raw)
{
    struct walk *w = arg;
    struct cose_sign1 sign1;
    uint8_t entry[HASH_SIZE], leaf[HASH_SIZE];
    long long index = (long long)row->index;
    if (row->index != w->tree.size) {
        return audit_false(w->a, "leaf %lld is missing from the log", (long long)w->tree.size);
    }
    if (!raw.p) {
        return audit_false(w->a, "leaf %lld: its statement is not kept", index);
    }
    if (cose_sign1_parse(raw, true, &sign1) || log_entry(&sign1, entry) ||
        memcmp(entry, row->entry, HASH_SIZE) != 0) {
        return audit_false(w->a, "leaf %lld: the statement is not the one that was logged", index);
    }
    int rc = tree_leaf(bytes_of(entry, HASH_SIZE), leaf);
    rc = rc ? rc : tree_add(&w->tree, leaf, same_node, w);
    if (rc == 0 && w->tree.size == w->next) {
        rc = store_checkpoints(w->s, w->next, 1, at_checkpoint, w);
        rc = rc ? rc : find_next(w);
    }
    w->a->leaves = w->tree.size;
    w->a->carrying += sign1.unprotected.n > 1; /* A0 is the empty map */
    return rc;
}

/* What the leaves alone cannot show. */
static int check_ends(struct walk *w)
{
    struct audit *a = w->a;
    uint8_t d[HASH_SIZE];
    char hex[2 * HASH_SIZE + 1];
    struct checkpoint_row last;
    if (w->next) {
        return audit_false(a, "a checkpoint of %lld leaves stands over a log of %lld", (long long)w->next,
                           (long long)a->leaves);
    }
    int rc = store_checkpoint_last(w->s, &last);
    if (rc < 0) {
        return rc;
    }
    if (a->leaves > last.size) {
        return audit_false(a, "leaf %lld is under no checkpoint", (long long)last.size);
    }
    rc = store_unlogged(w->s, d);
    if (rc == 0) {
        hex_encode(d, HASH_SIZE, hex);
        return audit_false(a, "statement %.16s... has no leaf and does not wait for one", hex);
    }
    return rc == STORE_NOT_FOUND ? store_leaves_waiting(w->s, INT64_MAX, &a->waiting) : rc;
}

/* Witnesses' lines beside the log's own count, each by its own key, whenever a keyset named it. */
static int witnessed(void *arg, const struct checkpoint_row *row)
{
    struct audit *a = arg;
    struct note n;
    if (note_parse(row->note, &n)) {
        return TP_E_CORRUPT; /* the log was walked before */
    }
    for (size_t i = 0; i < a->key_count; i++) {
        const struct audit_key *k = &a->keys[i];
        if (k->purpose == PURPOSE_WITNESS && note_cosigned(&n, bytes_str(k->name), &k->key, NULL)) {
            a->cosigned = row->size;
        }
    }
    return 0;
}

int audit_witnesses(struct audit *a, struct store *s)
{
    return store_checkpoints(s, 0, INT64_MAX, witnessed, a);
}

int audit_log(struct audit *a, struct store *s, struct err *e)
{
    struct walk w = {.a = a, .s = s};
    int rc = find_next(&w);
    rc = rc ? rc : store_leaves(s, 0, each_leaf, &w);
    rc = rc ? rc : check_ends(&w);
    rc = rc || !a->carrying ? rc : audit_carried(a, s);
    rc = rc ? rc : audit_witnesses(a, s);
    return audit_fault(s, rc, e);
}
