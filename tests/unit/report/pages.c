/* An authority whose statements are true, and what it shows of its log beside them is not: each lie is named.
 */
#include "support/cm.h"
#include "support/world.h"

#include "proof/note.h"
#include "proof/receipt.h"
#include "publish/publish.h"
#include "report/audit.h"

#include <stdio.h>

enum { SALES = 4, FIRST = 4, LEAVES = FIRST + SALES - 1, ITEMS_MAX = 64 };

/* A page of the log as items, which a lie exchanges before the auditor gets them. */
struct items {
    struct bytes v[ITEMS_MAX];
    size_t n;
};

struct keeper {
    struct world w;
    struct store *s;
    struct audit a;
    struct audit_pages pages;
    void (*lie)(struct keeper *k, struct items *items); /* NULL: none is told */
    const char *about;                                  /* the page that it is told on */
    struct buf forged;
    int pages_got;
    bool offline; /* no more pages after the first */
};

/* ---- what is shown ---- */

static void read_items(struct bytes body, struct items *out)
{
    struct dec d;
    dec_init(&d, body);
    out->n = 0;
    while (!dec_done(&d) && out->n < ITEMS_MAX) {
        assert_int_equal(dec_item(&d, &out->v[out->n++]), 0);
    }
}

static void put_page(struct keeper *k, const char *path, struct bytes page, struct buf *body)
{
    struct items items;
    size_t n = k->about ? strlen(k->about) : 0;
    if (!k->lie || strncmp(path, k->about, n) != 0 || path[n] != '?') {
        buf_put(body, page.p, page.n);
        return;
    }
    read_items(page, &items);
    k->lie(k, &items);
    for (size_t i = 0; i < items.n; i++) {
        buf_put(body, items.v[i].p, items.v[i].n);
    }
}

static int get(void *arg, const char *path, struct buf *body, struct err *e)
{
    static const struct visitor auditor = {.role = ROLE_AUDITOR};
    struct keeper *k = arg;
    struct page page;
    const char *query = strchr(path, '?');
    if (k->pages_got++ > 0 && k->offline) {
        return err_set(e, TP_OFFLINE, "the line is down");
    }
    size_t n = query ? (size_t)(query - path) : strlen(path);
    int rc = publish_page(k->s, &auditor, &k->w.log, bytes_of(path, n), bytes_str(query ? query + 1 : ""),
                          &page, e);
    if (rc == 0) {
        put_page(k, path, buf_view(&page.body), body);
    }
    buf_free(&page.body);
    return rc;
}

/* ---- the auditor ---- */

static int setup(void **state)
{
    struct keeper *k = test_calloc(1, sizeof *k);
    int64_t added;
    world_open(&k->w, 1);
    for (int64_t i = 0; i < SALES; i++) {
        struct world_sale s = world_sale(&k->w, 1000);
        s.quote.gross = s.quote.net = s.quote.due = 1000;
        assert_int_equal(world_commit(&k->w, &k->w.tills[0], &s, NULL), 0);
        assert_int_equal(authority_log(k->w.authority, &added, NULL), 0);
    }
    assert_int_equal(store_open(k->w.db, k->w.id, 0, &k->s, NULL), 0);
    buf_init(&k->forged, 64 * 1024);
    *state = k;
    return 0;
}

static int teardown(void **state)
{
    struct keeper *k = *state;
    buf_free(&k->forged);
    store_close(k->s);
    world_close(&k->w);
    test_free(k);
    return 0;
}

static int look(struct keeper *k, struct err *e)
{
    struct store *s = NULL;
    char path[300];
    snprintf(path, sizeof path, "%s/auditor.db", k->w.dir);
    k->pages = (struct audit_pages){.get = get, .arg = k};
    assert_int_equal(audit_pages_open(&k->pages, e), 0);
    audit_begin(&k->a, k->pages.authority, k->w.root.thumbprint);
    assert_int_equal(store_open(path, k->pages.authority, STORE_CREATE, &s, e), 0);
    int rc = audit_read_pages(&k->a, &k->pages, false, s, e);
    store_close(s);
    remove(path);
    audit_end(&k->a);
    audit_pages_close(&k->pages);
    return rc;
}

static void finds(struct keeper *k, const char *about, void (*lie)(struct keeper *k, struct items *items),
                  const char *what)
{
    struct err e = {0};
    k->about = about;
    k->lie = lie;
    int rc = look(k, &e);
    k->lie = NULL;
    buf_reset(&k->forged);
    if (rc != AUDIT_FALSE || strcmp(k->a.wrong, what) != 0) {
        fail_msg("%d: '%s' is not '%s' %s", rc, k->a.wrong, what, e.text);
    }
}

/* ---- lies about checkpoints ---- */

static void drop_a_byte(struct keeper *k, struct items *items)
{
    (void)k;
    items->v[items->n - 1].n--;
}

static void twice(struct keeper *k, struct items *items)
{
    (void)k;
    items->v[1] = items->v[0];
}

static void back_again(struct keeper *k, struct items *items)
{
    (void)k;
    items->v[2] = items->v[0];
}

static void hide_the_last(struct keeper *k, struct items *items)
{
    (void)k;
    items->n -= items->n > 0;
}

/* What a checkpoint's item holds. */
struct shown {
    struct bytes statement, note, proof;
};

static struct shown open_item(struct bytes item)
{
    struct shown out;
    struct dec d;
    size_t n;
    dec_init(&d, item);
    assert_int_equal(dec_array(&d, &n), 0);
    assert_int_equal(n, 3);
    assert_int_equal(dec_item(&d, &out.statement), 0);
    assert_int_equal(dec_bytes(&d, &out.note), 0);
    assert_int_equal(dec_item(&d, &out.proof), 0);
    return out;
}

static void forge(struct keeper *k, struct items *items, size_t i, const struct shown *s)
{
    size_t from = k->forged.n;
    enc_array(&k->forged, 3);
    buf_put(&k->forged, s->statement.p, s->statement.n);
    enc_bytes(&k->forged, s->note);
    buf_put(&k->forged, s->proof.p, s->proof.n);
    items->v[i] = bytes_of(k->forged.p + from, k->forged.n - from);
}

static void without_proof(struct keeper *k, struct items *items)
{
    struct shown s = open_item(items->v[1]);
    s.proof = bytes_of("\x80", 1);
    forge(k, items, 1, &s);
}

static void another_note(struct keeper *k, struct items *items)
{
    struct shown s = open_item(items->v[1]), first = open_item(items->v[0]);
    s.note = first.note;
    forge(k, items, 1, &s);
}

/* The log's own key signs another root for so many leaves. */
static void sign_another(struct keeper *k, int64_t size, struct items *items, size_t i)
{
    struct checkpoint c = {.common = world_common(&k->w), .size = size, .root = {7}};
    struct shown s = open_item(items->v[i]);
    struct buf raw, note;
    char origin[ORIGIN_MAX];
    buf_init(&raw, ENVELOPE_MAX);
    buf_init(&note, NOTE_MAX);
    log_origin(k->w.id, origin);
    assert_int_equal(statement_sign(KIND_CHECKPOINT, &c, bytes_str("log"), &k->w.log, &raw, NULL, NULL), 0);
    assert_int_equal(note_sign(bytes_str(origin), size, c.root, &k->w.log, &note), 0);
    s.statement = buf_view(&raw);
    s.note = buf_view(&note);
    forge(k, items, i, &s);
    buf_free(&raw);
    buf_free(&note);
}

static void two_trees(struct keeper *k, struct items *items)
{
    sign_another(k, FIRST, items, 1);
}

static void another_tree(struct keeper *k, struct items *items)
{
    sign_another(k, FIRST + 1, items, 1);
}

static void checkpoints(void **state)
{
    static const char page[] = "/v1/checkpoints";
    struct keeper *k = *state;
    finds(k, page, drop_a_byte, "behind that of 6 leaves the authority shows no checkpoint");
    finds(k, page, twice, "the checkpoint of 4 leaves is there twice");
    finds(k, page, back_again, "the log shrinks: a checkpoint of 4 leaves follows one of 5");
    finds(k, page, hide_the_last, "the checkpoint of 7 leaves is not among those that are shown");
    finds(k, page, without_proof,
          "the proof that the log of 5 leaves continues that of 4 does not check out");
    finds(k, page, another_note, "the note of the checkpoint of 5 leaves is not what was signed");
    finds(k, page, two_trees, "two trees of one size: the log signed another root for 4 leaves");
    finds(k, page, another_tree, "leaf 4 does not give the root that the checkpoint of 5 leaves signed");
}

/* ---- lies about receipts ---- */

static void no_receipts(struct keeper *k, struct items *items)
{
    (void)k;
    items->n = 0;
}

static void another_order(struct keeper *k, struct items *items)
{
    struct bytes first = items->v[0];
    (void)k;
    items->v[0] = items->v[1];
    items->v[1] = first;
}

static void forge_receipt(struct keeper *k, struct items *items, int64_t index, struct bytes receipt)
{
    size_t from = k->forged.n;
    enc_array(&k->forged, 2);
    enc_int(&k->forged, index);
    enc_bytes(&k->forged, receipt);
    items->v[index] = bytes_of(k->forged.p + from, k->forged.n - from);
}

static void junk(struct keeper *k, struct items *items)
{
    forge_receipt(k, items, 2, bytes_of("\0", 1));
}

static void of_another_leaf(struct keeper *k, struct items *items)
{
    struct dec d;
    struct bytes receipt = {0};
    size_t n;
    int64_t index;
    dec_init(&d, items->v[3]);
    assert_true(!dec_array(&d, &n) && !dec_int(&d, &index) && !dec_bytes(&d, &receipt));
    forge_receipt(k, items, 2, receipt);
}

static void receipts(void **state)
{
    static const char page[] = "/v1/receipts";
    struct keeper *k = *state;
    finds(k, page, no_receipts, "the receipt of leaf 0 is not shown");
    finds(k, page, another_order, "the receipt of leaf 0 is not shown");
    finds(k, page, drop_a_byte, "the receipt of leaf 6 is not shown");
    finds(k, page, junk, "the receipt of leaf 2 is none");
    finds(k, page, of_another_leaf, "the receipt of leaf 2: no log key signed that for its statement");
}

static void a_true_keeper(void **state)
{
    struct keeper *k = *state;
    struct err e = {0};
    assert_int_equal(look(k, &e), 0);
    assert_int_equal(k->a.leaves, LEAVES);
    assert_int_equal(k->a.checkpoints, SALES);
    assert_int_equal(k->a.asked, LEAVES);
    assert_int_equal(k->a.receipts, LEAVES);
}

static void a_line_that_breaks(void **state)
{
    struct keeper *k = *state;
    struct err e = {0};
    k->offline = true;
    assert_int_equal(look(k, &e), TP_OFFLINE);
    assert_string_equal(e.text, "the line is down");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_true_keeper, setup, teardown),
        cmocka_unit_test_setup_teardown(checkpoints, setup, teardown),
        cmocka_unit_test_setup_teardown(receipts, setup, teardown),
        cmocka_unit_test_setup_teardown(a_line_that_breaks, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
