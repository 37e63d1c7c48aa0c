/* A bundle, item by item, into a store of its own: each is checked where it stands, so that the first false
 * thing is the one that is named. */
#include "report/audit_import.h"
#include "store/erased.h"

#include <inttypes.h>
#include <stdio.h>

/* ---- statements ---- */

static void place_of(const struct importing *m, const struct bundle_statement *s, char where[64])
{
    if (s->index == NONE) {
        snprintf(where, 64, "waiting statement %" PRId64, m->seen.waiting + 1);
    } else {
        snprintf(where, 64, "leaf %" PRId64, s->index);
    }
}

static int part_of(struct importing *m, const char *where, const struct bundle_part *part, struct bytes *out)
{
    *out = (struct bytes){0};
    if (part->state == BUNDLE_PART_HERE && m->a->withheld && m->b) {
        return audit_false(m->a, "%s has a part, and the bundle says that it has none", where);
    }
    if (part->state == BUNDLE_PART_WITHHELD && !m->a->withheld) {
        return audit_false(m->a, "%s: a part is withheld, and the bundle says that none is", where);
    }
    if (part->state == BUNDLE_PART_HERE) {
        *out = part->content;
    }
    return 0;
}

static int keep_node(void *arg, int level, int64_t index, const uint8_t hash[HASH_SIZE])
{
    return store_node_put(arg, level, index, hash);
}

static int keep_leaf(struct importing *m, const struct statement *st, const char *where)
{
    struct leaf_row row = {.index = m->tree.size};
    uint8_t leaf[HASH_SIZE];
    memcpy(row.d, st->d, HASH_SIZE);
    int rc = log_entry(&st->sign1, row.entry);
    rc = rc ? rc : tree_leaf(bytes_of(row.entry, HASH_SIZE), leaf);
    rc = rc ? rc : tree_add(&m->tree, leaf, keep_node, m->s);
    rc = rc ? rc : store_leaf_put(m->s, &row);
    m->a->leaves = m->seen.leaves = m->tree.size;
    m->a->carrying += st->sign1.unprotected.n > 1; /* A0 is the empty map */
    return rc == TP_E_STATE ? audit_false(m->a, "%s: a log has no so many leaves", where) : rc;
}

/* A record against its neighbours in the till's chain, as far as they are here. */
static int keep_record(struct importing *m, const struct statement *st, const char *where)
{
    const struct chain *c = audit_chain(st);
    struct record_row row = {.till = st->iss, .epoch = c ? c->epoch : 0, .seq = c ? c->seq : 0};
    char name[128];
    bool fork = false;
    if (!c) {
        return 0;
    }
    memcpy(row.d, st->d, HASH_SIZE);
    memcpy(row.prev, c->prev, HASH_SIZE);
    int rc = store_record_put(m->s, &row);
    rc = rc ? rc : store_record_fork(m->s, &row, &fork);
    audit_name(st, name);
    return rc == 0 && fork
               ? audit_false(m->a, "%s (%s) and the record beside it do not follow one another", where, name)
               : rc;
}

static int keep_statement(struct importing *m, const struct bundle_statement *s, const struct statement *st,
                          const struct stored *row, const char *where)
{
    char name[128];
    bool fresh = false;
    audit_name(st, name);
    int rc = store_statement_put(m->s, st, s->received_ms, &fresh);
    if (rc == 0 && !fresh) {
        return audit_false(m->a, "%s (%s) was there before", where, name);
    }
    if (rc == 0 && row->residue.p) {
        rc = store_erased_put(m->s, st->d, row->residue);
    }
    rc = rc ? rc : keep_record(m, st, where);
    if (rc == 0 && s->index == NONE) {
        m->seen.waiting++;
        m->a->waiting = m->seen.waiting;
        return store_leaf_wait(m->s, st->d);
    }
    return rc ? rc : keep_leaf(m, st, where);
}

static int check_order(struct importing *m, const struct bundle_statement *s, const char *where)
{
    if (s->index == NONE) {
        m->waits = true;
        return 0;
    }
    if (m->waits || s->index < m->tree.size) {
        return audit_false(m->a, "%s stands behind leaf %" PRId64, where, m->tree.size - 1);
    }
    return s->index == m->tree.size
               ? 0
               : audit_false(m->a, "leaf %" PRId64 " is missing from the log", m->tree.size);
}

int import_statement(struct importing *m, const struct bundle_statement *s)
{
    struct stored row = {
        .n = m->tree.size + m->seen.waiting + 1, .received_ms = s->received_ms, .raw = s->raw};
    struct statement st;
    struct arena arena;
    char where[64];
    place_of(m, s, where);
    int rc = check_order(m, s, where);
    rc = rc ? rc : part_of(m, where, &s->lines, &row.lines);
    rc = rc ? rc : part_of(m, where, &s->person, &row.person);
    if (rc) {
        return rc;
    }
    if (s->person.state == BUNDLE_PART_ERASED) {
        row.residue = s->person.content.p ? s->person.content : bytes_str("");
    }
    arena_init(&arena, AUDIT_ARENA);
    rc = audit_statement(m->a, where, &row, &arena, &st);
    rc = rc ? rc : keep_statement(m, s, &st, &row, where);
    arena_reset(&arena);
    return rc;
}

/* ---- checkpoints ---- */

int import_claim(const struct bundle_checkpoint *c, struct checkpoint_row *row)
{
    struct arena arena;
    struct statement st;
    arena_init(&arena, AUDIT_ARENA);
    int rc = statement_parse(c->raw, &arena, &st, NULL);
    rc = rc == 0 && st.kind != KIND_CHECKPOINT ? TP_E_MALFORMED : rc;
    if (rc == 0) {
        *row = (struct checkpoint_row){.size = st.payload.checkpoint.size,
                                       .time_ms = st.payload.checkpoint.common.time_ms,
                                       .raw = c->raw,
                                       .note = c->note};
        memcpy(row->root, st.payload.checkpoint.root, HASH_SIZE);
    }
    arena_reset(&arena);
    return rc;
}

/* What two checkpoints say of each other, before either is held against the leaves. */
static int check_sizes(struct importing *m, const struct checkpoint_row *row)
{
    if (row->size < m->last.size) {
        return audit_false(m->a,
                           "the log shrinks: a checkpoint of %" PRId64 " leaves follows one of %" PRId64,
                           row->size, m->last.size);
    }
    if (row->size == m->last.size) {
        return memcmp(row->root, m->last.root, HASH_SIZE) == 0
                   ? audit_false(m->a, "the checkpoint of %" PRId64 " leaves is there twice", row->size)
                   : audit_false(m->a,
                                 "two trees of one size: the log signed another root for %" PRId64 " leaves",
                                 row->size);
    }
    return row->size == m->tree.size
               ? 0
               : audit_false(m->a, "the checkpoint of %" PRId64 " leaves stands behind %" PRId64 ": %s",
                             row->size, m->tree.size,
                             row->size > m->tree.size ? "a leaf before it is missing"
                                                      : "there are too many before it");
}

/* One of these leaves is another than was logged; signatures alone do not tell which. */
static int wrong_root(struct importing *m, const struct checkpoint_row *row)
{
    static const char why[] = "give the root that the checkpoint of";
    return row->size - m->last.size == 1
               ? audit_false(m->a, "leaf %" PRId64 " does not %s %" PRId64 " leaves signed", m->last.size,
                             why, row->size)
               : audit_false(m->a, "leaves %" PRId64 " to %" PRId64 " do not %s %" PRId64 " leaves signed",
                             m->last.size, row->size - 1, why, row->size);
}

static int check_consistency(struct importing *m, const struct bundle_checkpoint *c,
                             const struct checkpoint_row *row)
{
    if (m->last.size == 0) {
        return c->from_last.n ? audit_false(m->a, "the first checkpoint has a consistency proof") : 0;
    }
    int rc = path_check_consistency(&c->from_last, m->last.size, row->size, m->last.root, row->root);
    return rc == TP_E_UNTRUSTED ? audit_false(m->a,
                                              "the proof that the log of %" PRId64
                                              " leaves continues that of %" PRId64 " does not check out",
                                              row->size, m->last.size)
                                : rc;
}

int import_checkpoint(struct importing *m, const struct bundle_checkpoint *c)
{
    struct checkpoint_row row;
    uint8_t root[HASH_SIZE];
    int rc = m->waits ? TP_E_MALFORMED : import_claim(c, &row);
    if (rc == TP_E_MEMORY || rc == TP_E_CRYPTO) {
        return rc;
    }
    if (rc) {
        return audit_false(m->a, "behind leaf %" PRId64 " stands no checkpoint", m->tree.size - 1);
    }
    if ((rc = tree_root(&m->tree, root)) || (rc = audit_signed(m->a, &row)) || (rc = check_sizes(m, &row))) {
        return rc;
    }
    if (memcmp(root, row.root, HASH_SIZE) != 0) {
        return wrong_root(m, &row);
    }
    rc = check_consistency(m, c, &row);
    rc = rc ? rc : store_checkpoint_put(m->s, &row);
    m->a->checkpoints++;
    m->seen.checkpoints++;
    m->last = row;
    return rc;
}

/* ---- the rest ---- */

static int find_leaf(void *arg, const struct leaf_row *row, struct bytes raw)
{
    (void)raw;
    *(struct leaf_row *)arg = *row;
    return STORE_NOT_FOUND; /* the first is enough */
}

static int take_receipt(struct importing *m, const struct bundle_receipt *r)
{
    struct leaf_row leaf = {.index = NONE};
    int rc = store_leaves(m->s, r->index, find_leaf, &leaf);
    m->seen.receipts++;
    if (rc < 0) {
        return rc;
    }
    return leaf.index == r->index
               ? audit_receipt(m->a, m->s, &leaf, r->receipt)
               : audit_false(m->a, "a receipt is for leaf %" PRId64 " of a log of %" PRId64, r->index,
                             m->a->leaves);
}

static int take_figure(struct importing *m, struct bytes line)
{
    m->seen.figures++;
    return fwrite(line.p, 1, line.n, m->figures) != line.n || putc('\n', m->figures) == EOF ? TP_E_IO : 0;
}

static int take_end(struct importing *m, const struct bundle_end *end)
{
    struct bundle_end *seen = &m->seen;
    m->ended = true;
    memcpy(seen->hash, m->b->hash, HASH_SIZE);
    if (end->leaves != seen->leaves) {
        return audit_false(m->a, "the bundle ends with %" PRId64 " leaves, and says that it has %" PRId64,
                           seen->leaves, end->leaves);
    }
    if (end->waiting != seen->waiting || end->checkpoints != seen->checkpoints ||
        end->receipts != seen->receipts || end->figures != seen->figures) {
        return audit_false(m->a, "the bundle has not as many items of a kind as its end says");
    }
    if (memcmp(end->hash, seen->hash, HASH_SIZE) != 0) {
        return audit_false(m->a, "the bundle is not the one whose hash its end says");
    }
    return m->last.size == m->a->leaves
               ? 0
               : audit_false(m->a, "leaf %" PRId64 " is under no checkpoint", m->last.size);
}

static int take_item(struct importing *m, const struct bundle_item *item)
{
    /* Statements and checkpoints in turn; everything else in the order of its types. */
    bool before = item->type < m->at && !(item->type == BUNDLE_STATEMENT && m->at == BUNDLE_CHECKPOINT);
    if (before || item->type == BUNDLE_HEADER) {
        return audit_false(m->a, "item %" PRId64 " of the bundle is not in its order", m->b->items - 1);
    }
    m->at = item->type;
    switch (item->type) {
    case BUNDLE_STATEMENT:
        return import_statement(m, &item->as.statement);
    case BUNDLE_CHECKPOINT:
        return import_checkpoint(m, &item->as.checkpoint);
    case BUNDLE_RECEIPT:
        return take_receipt(m, &item->as.receipt);
    case BUNDLE_FIGURE:
        return take_figure(m, item->as.figure);
    default:
        return take_end(m, &item->as.end);
    }
}

/* Where in the log a file that breaks off does so. */
static int broken(struct importing *m, const char *why)
{
    return audit_false(m->a, "behind leaf %" PRId64 ": %s", m->tree.size - 1, why);
}

static int import(struct store *s, void *arg)
{
    struct importing *m = arg;
    struct bundle_item item;
    struct err why = {0};
    int rc = 0, got = 1;
    (void)s;
    while (rc == 0 && !m->ended && (got = bundle_next(m->b, &item, &why)) == 1) {
        rc = take_item(m, &item);
    }
    if (rc == 0 && m->ended && getc(m->b->file) != EOF) {
        return audit_false(m->a, "bytes stand behind the end of the bundle");
    }
    if (rc == 0 && got == TP_E_MALFORMED) {
        return broken(m, why.text);
    }
    if (rc == 0 && got < 0) {
        m->err = why;
        return got;
    }
    return rc == 0 && !m->ended ? broken(m, "the bundle is cut off") : rc;
}

int audit_bundle(struct audit *a, struct bundle *b, const struct bundle_header *header, struct store *s,
                 FILE *figures, struct err *e)
{
    struct importing m = {.a = a, .b = b, .s = s, .figures = figures, .at = BUNDLE_STATEMENT};
    a->withheld = !header->parts;
    a->by_leaf = true;
    int rc = store_write(s, import, &m);
    if (m.err.code) {
        return err_set(e, m.err.code, "%s", m.err.text);
    }
    rc = rc || !a->carrying ? rc : audit_carried(a, s);
    rc = rc ? rc : audit_erasures(a, s);
    rc = rc ? rc : audit_witnesses(a, s);
    return rc >= 0 ? rc : err_set(e, rc, "what the bundle holds cannot be kept aside: %s", store_error(s));
}
