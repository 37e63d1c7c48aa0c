/*
 * The log. The transaction that accepts a statement queues its leaf; the sequencer, in a transaction of its
 * own, gives the waiting ones their places and signs one checkpoint for them all. Its cost is bounded by its
 * batch, whatever waits. In that transaction it takes its turn at the log, too, so that of many handles one
 * works, and none on what it no longer has.
 */
#include "authority/internal.h"
#include "store/log.h"

#include "proof/note.h"
#include "proof/receipt.h"

#include <stdlib.h>

enum { LAG_MAX = 1000000, LOG_ROUNDS = 8, ROWS_A_LEAF = 12 };

struct sequencing {
    struct store *s;
    struct tree tree;
    int64_t last; /* of the queue, that has its place now */
};

static int keep_node(void *arg, int level, int64_t index, const uint8_t hash[HASH_SIZE])
{
    return store_node_put(arg, level, index, hash);
}

static int add_leaf(void *arg, const struct waiting_leaf *waiting)
{
    struct sequencing *q = arg;
    struct leaf_row row = {.index = q->tree.size};
    struct cose_sign1 sign1;
    uint8_t leaf[HASH_SIZE];
    if (!waiting->raw.p || cose_sign1_parse(waiting->raw, true, &sign1)) {
        return TP_E_CORRUPT;
    }
    memcpy(row.d, waiting->d, HASH_SIZE);
    int rc = log_entry(&sign1, row.entry);
    rc = rc ? rc : tree_leaf(bytes_of(row.entry, HASH_SIZE), leaf);
    rc = rc ? rc : store_leaf_put(q->s, &row);
    rc = rc ? rc : tree_add(&q->tree, leaf, keep_node, q->s);
    q->last = waiting->n;
    return rc;
}

static int sign_checkpoint(struct authority *a, const struct tree *tree, int64_t now, struct store *s)
{
    struct checkpoint c = {.common = {.version = 1, .time_ms = now}, .size = tree->size};
    char origin[ORIGIN_MAX];
    struct buf raw, note;
    memcpy(c.common.audience, a->config.id, ID_SIZE);
    log_origin(a->config.id, origin);
    buf_init(&raw, ENVELOPE_MAX);
    buf_init(&note, NOTE_MAX);
    int rc = tree_root(tree, c.root);
    if (rc == 0) {
        rc =
            statement_sign(KIND_CHECKPOINT, &c, bytes_str(a->log_name), &a->config.log_key, &raw, NULL, NULL);
    }
    if (rc == 0) {
        rc = note_sign(bytes_str(origin), c.size, c.root, &a->config.log_key, &note);
    }
    if (rc == 0) {
        struct checkpoint_row row = {
            .size = c.size, .time_ms = now, .raw = buf_view(&raw), .note = buf_view(&note)};
        memcpy(row.root, c.root, HASH_SIZE);
        rc = store_checkpoint_put(s, &row);
    }
    buf_free(&raw);
    buf_free(&note);
    return rc > 0 ? TP_E_STATE : rc;
}

static bool log_kept(const struct authority *a)
{
    return a->config.log_key.can_sign && a->log_name[0];
}

struct adding {
    struct authority *a;
    int64_t batch, ttl_ms, seize;
    struct log_turn turn;
    struct tree head; /* where it has added to it */
};

/* Where the last turn at this log was this handle's, it knows the log's head. A file is read all the same:
 * its questions cost little, and damage is found before anything is signed on top. */
static int read_head(const struct adding *add, struct store *s, struct tree *out)
{
    const struct authority *a = add->a;
    struct tree_nodes nodes = {store_log_node, s};
    int64_t size = 0;
    int rc = store_leaf_count(s, &size);
    if (rc == 0 && store_reads_ahead(s) && a->head_fence && add->turn.fence == a->head_fence + 1 &&
        a->head.size == size) {
        *out = a->head;
        return 0;
    }
    return rc ? rc : tree_at(&nodes, size, out);
}

static int place(struct adding *add, struct store *s, int64_t now, int64_t *added)
{
    struct sequencing q = {.s = s};
    int rc = read_head(add, s, &q.tree);
    int64_t size = q.tree.size;
    rc = rc ? rc : store_each_waiting(s, add->batch, add_leaf, &q);
    if (rc || q.tree.size == size) {
        return rc;
    }
    rc = store_waiting_drop(s, q.last);
    *added = q.tree.size - size;
    add->head = q.tree;
    return rc ? rc : sign_checkpoint(add->a, &q.tree, now, s);
}

/* Where nothing waits nothing is written. */
static int sequence(struct store *s, void *arg)
{
    struct adding *add = arg;
    struct authority *a = add->a;
    struct turn_row row = {0};
    int64_t now = clock_wall(a->config.clock), waiting = 0;
    add->turn = (struct log_turn){.oldest_ms = NONE};
    int rc = log_kept(a) ? store_leaves_waiting(s, 1, &waiting) : 0;
    add->turn.idle = waiting == 0;
    if (rc || waiting == 0) {
        return rc;
    }
    rc = add->seize == NONE ? 0 : store_sequencer_seize(s, a->turn, add->seize, now);
    rc = rc ? rc : store_sequencer_take(s, a->turn, now, add->ttl_ms, &row, &add->turn.mine);
    add->turn.fence = row.fence;
    if (rc == 0 && add->turn.mine) {
        rc = place(add, s, now, &add->turn.added);
    }
    return rc;
}

/* One transaction; what it found out is kept when it was committed. */
static int take_turn(struct adding *add)
{
    struct authority *a = add->a;
    int rc = store_write(a->config.store, sequence, add);
    if (rc || add->turn.added) {
        a->head = add->head;
        a->head_fence = rc ? 0 : add->turn.fence;
    }
    return rc;
}

int log_queue(struct call *c)
{
    int64_t waiting = 0;
    int rc = store_leaf_wait(c->s, c->st->d);
    if (c->a->grouped) {
        c->a->log_grew = true; /* counted once, at the group's end */
    } else if (rc == 0 && log_kept(c->a) && !c->a->log_elsewhere) {
        rc = store_leaves_waiting(c->s, LOG_BATCH, &waiting);
    }
    c->log_due = waiting == LOG_BATCH;
    return rc;
}

/* A handle that is no sequencer has its turn for this one transaction. */
static int add_some(struct authority *a, int64_t *added)
{
    struct adding add = {.a = a, .batch = LOG_BATCH, .seize = NONE};
    int rc = take_turn(&add);
    *added = rc ? 0 : add.turn.added;
    return rc;
}

static int count(struct store *s, void *arg)
{
    return store_leaves_waiting(s, LOG_BATCH, arg);
}

bool log_is_due(struct authority *a)
{
    int64_t waiting = 0;
    return log_kept(a) && !a->log_elsewhere && store_write(a->config.store, count, &waiting) == 0 &&
           waiting == LOG_BATCH;
}

void log_now(struct authority *a)
{
    int64_t added = LOG_BATCH;
    /* A group may have brought more than one batch. */
    for (int i = 0; i < LOG_ROUNDS && log_kept(a) && !a->log_elsewhere && added == LOG_BATCH; i++) {
        if (add_some(a, &added) == TP_E_CORRUPT) {
            a->damaged = true; /* what comes next is answered so: nothing is granted beside such a log */
            return;
        }
    }
}

int authority_log(struct authority *a, int64_t *added, struct err *e)
{
    *added = 0;
    int rc = authority_refresh(a);
    rc = rc ? rc : add_some(a, added);
    return rc ? err_set(e, rc, "the log: %s", store_error(a->config.store)) : 0;
}

void authority_log_elsewhere(struct authority *a)
{
    a->log_elsewhere = true;
    store_look_elsewhere(a->config.store);
}

static int look_behind(struct store *s, void *arg)
{
    struct log_turn *turn = arg;
    int rc = store_count(s, STORE_CONFLICTS, &turn->conflicts);
    return rc ? rc : store_log_lag(s, LAG_MAX, &turn->waiting, &turn->oldest_ms);
}

int authority_sequence(struct authority *a, int64_t ttl_ms, int64_t seize, struct log_turn *out,
                       struct err *e)
{
    struct adding add = {.a = a, .batch = SEQUENCER_BATCH, .ttl_ms = ttl_ms, .seize = seize};
    int64_t waiting = 0;
    int rc = authority_refresh(a);
    rc = rc ? rc : store_leaves_waiting(a->config.store, 1, &waiting);
    if (rc == 0 && waiting == 0) {
        add.turn.idle = true;
    } else {
        rc = rc ? rc : take_turn(&add);
    }
    *out = add.turn;
    if (rc == 0) {
        store_look(a->config.store, add.turn.added * ROWS_A_LEAF); /* which this turn's writer left to it */
    }
    rc = rc ? rc : store_read(a->config.store, look_behind, out);
    return rc ? err_set(e, rc, "the log: %s", store_error(a->config.store)) : 0;
}

static int leave(struct store *s, void *arg)
{
    struct authority *a = arg;
    return store_sequencer_leave(s, a->turn);
}

int authority_sequence_leave(struct authority *a)
{
    return store_write(a->config.store, leave, a);
}

/* ---- receipts ---- */

struct asking {
    struct authority *a;
    const uint8_t *d;
    struct buf *out;
};

static int make_receipt(struct store *s, void *arg)
{
    struct asking *ask = arg;
    struct authority *a = ask->a;
    struct tree_nodes nodes = {store_log_node, s};
    struct checkpoint_row head;
    struct leaf_row leaf;
    char origin[ORIGIN_MAX];
    int rc = store_leaf(s, ask->d, &leaf);
    if (rc || (rc = store_checkpoint_last(s, &head))) {
        return rc;
    }
    if (leaf.index >= head.size) {
        return STORE_NOT_FOUND; /* no checkpoint has it yet */
    }
    log_origin(a->config.id, origin);
    struct receipt r = {
        .origin = bytes_str(origin), .issued = head.time_ms / 1000, .size = head.size, .index = leaf.index};
    memcpy(r.entry, leaf.entry, HASH_SIZE);
    rc = path_inclusion(&nodes, leaf.index, head.size, &r.path);
    return rc ? rc : receipt_sign(&r, head.root, &a->config.log_key, ask->out);
}

int log_receipt(struct call *c, const uint8_t d[HASH_SIZE], struct buf *out)
{
    struct asking ask = {c->a, d, out};
    return log_kept(c->a) ? make_receipt(c->s, &ask) : STORE_NOT_FOUND;
}

int log_consistency(struct call *c, int64_t size1, int64_t size2, struct path *out)
{
    struct tree_nodes nodes = {store_log_node, c->s};
    return path_consistency(&nodes, size1, size2, out);
}

int authority_receipt(struct authority *a, const uint8_t d[HASH_SIZE], struct buf *out, struct err *e)
{
    struct asking ask = {a, d, out};
    int rc = authority_refresh(a);
    if (rc == 0 && !log_kept(a)) {
        return err_set(e, TP_E_STATE, "this authority keeps no log");
    }
    rc = rc ? rc : store_read(a->config.store, make_receipt, &ask);
    if (rc == STORE_NOT_FOUND) {
        return STORE_NOT_FOUND;
    }
    return rc ? err_set(e, rc, "the receipt: %s", store_error(a->config.store)) : 0;
}
