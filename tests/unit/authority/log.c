/* The log: every accepted statement gets one leaf, in order; checkpoints are signed over them; receipts check
 * out. */
#include "store/log.h"
#include "support/cm.h"
#include "support/world.h"

#include "proof/note.h"
#include "proof/receipt.h"

#include <stdio.h>

static int sync_till(struct world *w, struct world_till *t)
{
    struct sync q = {.common = world_common(w), .head = t->head};
    struct buf envelope;
    assert_int_equal(random_bytes(q.id, ID_SIZE), 0);
    buf_init(&envelope, ENVELOPE_MAX);
    assert_int_equal(statement_sign(KIND_SYNC, &q, bytes_str(t->name), &t->key, &envelope, NULL, NULL), 0);
    int rc = world_send(w, buf_view(&envelope));
    buf_free(&envelope);
    return rc;
}

static void sell(struct world *w, size_t sales, uint8_t d[HASH_SIZE])
{
    for (size_t i = 0; i < sales; i++) {
        struct world_sale s = world_sale(w, 1000);
        assert_int_equal(world_commit(w, &w->tills[0], &s, d), 0);
    }
}

struct seen {
    struct world *w;
    int64_t checkpoints, size, leaves;
    struct tree tree;
};

static int see_leaf(void *arg, const struct leaf_row *row, struct bytes raw)
{
    struct seen *seen = arg;
    struct cose_sign1 s;
    uint8_t entry[HASH_SIZE], leaf[HASH_SIZE];
    assert_int_equal(row->index, seen->leaves++);
    assert_int_equal(cose_sign1_parse(raw, true, &s), 0);
    assert_int_equal(log_entry(&s, entry), 0);
    assert_memory_equal(entry, row->entry, HASH_SIZE);
    assert_int_equal(tree_leaf(bytes_of(entry, HASH_SIZE), leaf), 0);
    if (seen->tree.size < seen->size) {
        assert_int_equal(tree_add(&seen->tree, leaf, NULL, NULL), 0);
    }
    return 0;
}

/* The statement and the note say the same, and each is signed by the log's key. */
static int see_checkpoint(void *arg, const struct checkpoint_row *row)
{
    struct seen *seen = arg;
    struct world *w = seen->w;
    struct statement st;
    struct note n;
    char origin[ORIGIN_MAX];
    log_origin(w->id, origin);
    assert_int_equal(statement_parse(row->raw, &w->arena, &st, NULL), 0);
    assert_int_equal(statement_verify(&st, &w->log), 0);
    assert_true(bytes_is(st.iss, "log"));
    assert_int_equal(st.kind, KIND_CHECKPOINT);
    assert_int_equal(st.payload.checkpoint.size, row->size);
    assert_memory_equal(st.payload.checkpoint.root, row->root, HASH_SIZE);
    assert_int_equal(note_parse(row->note, &n), 0);
    assert_true(note_signed(&n, bytes_str(origin), &w->log));
    assert_int_equal(n.size, row->size);
    assert_memory_equal(n.root, row->root, HASH_SIZE);
    assert_true(row->size > seen->size);
    seen->size = row->size;
    seen->checkpoints++;
    return 0;
}

static struct seen look(struct world *w)
{
    struct seen seen = {.w = w};
    struct store *s = NULL;
    struct checkpoint_row last;
    uint8_t root[HASH_SIZE], d[HASH_SIZE];
    assert_int_equal(store_open(w->db, w->id, 0, &s, NULL), 0);
    assert_int_equal(store_checkpoints(s, 0, INT64_MAX, see_checkpoint, &seen), 0);
    assert_int_equal(store_leaves(s, 0, see_leaf, &seen), 0);
    assert_int_equal(store_unlogged(s, d), STORE_NOT_FOUND);
    if (seen.checkpoints) {
        assert_int_equal(store_checkpoint_last(s, &last), 0);
        assert_int_equal(tree_root(&seen.tree, root), 0);
        assert_memory_equal(root, last.root, HASH_SIZE);
        assert_int_equal(last.size, seen.leaves);
    }
    store_close(s);
    return seen;
}

static void a_sync_writes_the_log(void **state)
{
    struct world w;
    uint8_t d[HASH_SIZE];
    (void)state;
    world_open(&w, 1);
    assert_int_equal(look(&w).leaves, 0); /* keyset, policy and terminal wait */
    assert_int_equal(world_sql(&w, "SELECT count(*) FROM leaf_queue WHERE merchant = @"), 3);
    sell(&w, 3, d);
    assert_int_equal(sync_till(&w, &w.tills[0]), 0);
    struct seen seen = look(&w);
    assert_int_equal(seen.leaves, 6);
    assert_int_equal(seen.checkpoints, 1);
    assert_int_equal(
        world_sql(
            &w,
            "SELECT kind FROM leaf l JOIN statement s USING (merchant, d) WHERE l.merchant = @ AND idx = 0"),
        KIND_KEYSET);
    assert_int_equal(
        world_sql(
            &w,
            "SELECT kind FROM leaf l JOIN statement s USING (merchant, d) WHERE l.merchant = @ AND idx = 1"),
        KIND_POLICY);
    assert_int_equal(sync_till(&w, &w.tills[0]), 0);
    assert_int_equal(look(&w).checkpoints, 1); /* nothing new, nothing signed */
    world_close(&w);
}

static void many_do_not_wait_for_a_sync(void **state)
{
    struct world w;
    uint8_t d[HASH_SIZE];
    int64_t added = 0;
    struct err e = {0};
    (void)state;
    world_open(&w, 1);
    sell(&w, LOG_BATCH - 3 - 1, d);
    assert_int_equal(look(&w).checkpoints, 0);
    sell(&w, 1, d);
    assert_int_equal(look(&w).leaves, LOG_BATCH);
    sell(&w, 70, d);
    struct seen seen = look(&w);
    assert_int_equal(seen.leaves, 2 * LOG_BATCH);
    assert_int_equal(seen.checkpoints, 2);
    assert_int_equal(authority_log(w.authority, &added, &e), 0);
    assert_int_equal(added, 6);
    assert_int_equal(authority_log(w.authority, &added, &e), 0);
    assert_int_equal(added, 0);
    assert_int_equal(look(&w).leaves, 2 * LOG_BATCH + 6);
    world_close(&w);
}

static void a_repetition_has_one_leaf(void **state)
{
    struct world w;
    struct buf message;
    (void)state;
    world_open(&w, 1);
    struct world_sale s = world_sale(&w, 1000);
    buf_init(&message, MESSAGE_MAX);
    world_commit_message(&w, &w.tills[0], &s, &message, NULL);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(world_send(&w, buf_view(&message)), 0);
    }
    assert_int_equal(sync_till(&w, &w.tills[0]), 0);
    assert_int_equal(look(&w).leaves, 4);
    buf_free(&message);
    world_close(&w);
}

static void receipts(void **state)
{
    struct world w;
    struct receipt r;
    struct err e = {0};
    uint8_t d[HASH_SIZE], other[HASH_SIZE] = {9}, entry[HASH_SIZE];
    char origin[ORIGIN_MAX];
    struct buf out;
    struct store *s = NULL;
    struct leaf_row leaf;
    (void)state;
    world_open(&w, 1);
    log_origin(w.id, origin);
    buf_init(&out, RECEIPT_MAX);
    sell(&w, 7, d);
    assert_int_equal(authority_receipt(w.authority, d, &out, &e), STORE_NOT_FOUND); /* it waits */
    assert_int_equal(sync_till(&w, &w.tills[0]), 0);
    assert_int_equal(authority_receipt(w.authority, other, &out, &e), STORE_NOT_FOUND);
    assert_int_equal(authority_receipt(w.authority, d, &out, &e), 0);
    assert_int_equal(store_open(w.db, w.id, 0, &s, NULL), 0);
    assert_int_equal(store_leaf(s, d, &leaf), 0);
    store_close(s);
    memcpy(entry, leaf.entry, HASH_SIZE);
    assert_int_equal(receipt_check(buf_view(&out), entry, bytes_str(origin), &w.log, &r, NULL), 0);
    assert_int_equal(r.size, 10);
    entry[0] ^= 1;
    assert_int_equal(receipt_check(buf_view(&out), entry, bytes_str(origin), &w.log, &r, NULL),
                     TP_E_UNTRUSTED);
    buf_free(&out);
    world_close(&w);
}

/* A shop without a log key works on; a handle that has one later writes all that waits, in batches. */
static void without_a_key(void **state)
{
    struct world w;
    struct cose_key log;
    struct err e = {0};
    uint8_t d[HASH_SIZE];
    struct buf out;
    int64_t added = 0;
    (void)state;
    world_open(&w, 1);
    authority_close(w.authority);
    log = w.log;
    w.log = (struct cose_key){0};
    w.authority = world_another(&w);
    sell(&w, LOG_BATCH + 5, d);
    assert_int_equal(sync_till(&w, &w.tills[0]), 0);
    assert_int_equal(look(&w).leaves, 0 + world_sql(&w, "SELECT count(*) FROM leaf WHERE merchant = @"));
    assert_int_equal(world_sql(&w, "SELECT count(*) FROM leaf_queue WHERE merchant = @"), LOG_BATCH + 8);
    buf_init(&out, RECEIPT_MAX);
    assert_int_equal(authority_receipt(w.authority, d, &out, &e), TP_E_STATE);
    buf_free(&out);
    authority_close(w.authority);
    w.log = log;
    w.authority = world_another(&w);
    assert_int_equal(authority_log(w.authority, &added, &e), 0);
    assert_int_equal(added, LOG_BATCH);
    assert_int_equal(sync_till(&w, &w.tills[0]), 0);
    assert_int_equal(look(&w).leaves, LOG_BATCH + 8);
    world_close(&w);
}

/* A damaged log takes nothing from the till: what it sent is kept and answered, and waits. */
static void a_damaged_log(void **state)
{
    struct world w;
    uint8_t d[HASH_SIZE];
    int64_t added = 0;
    struct err e = {0};
    (void)state;
    world_open(&w, 1);
    sell(&w, 1, d);
    assert_int_equal(sync_till(&w, &w.tills[0]), 0);
    assert_int_equal(world_sql(&w, "DELETE FROM node WHERE merchant = @ AND level = 2"), -1);
    authority_close(w.authority); /* what it remembers of a server's log was not damaged */
    w.authority = world_another(&w);
    sell(&w, 2, d);
    assert_int_equal(sync_till(&w, &w.tills[0]), 0);
    assert_int_equal(world_sql(&w, "SELECT count(*) FROM leaf WHERE merchant = @"), 4);
    assert_int_equal(world_sql(&w, "SELECT count(*) FROM leaf_queue WHERE merchant = @"), 2);
    assert_int_equal(authority_log(w.authority, &added, &e), TP_E_CORRUPT);
    world_close(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(a_sync_writes_the_log),
                                       cmocka_unit_test(many_do_not_wait_for_a_sync),
                                       cmocka_unit_test(a_repetition_has_one_leaf),
                                       cmocka_unit_test(receipts),
                                       cmocka_unit_test(without_a_key),
                                       cmocka_unit_test(a_damaged_log)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
