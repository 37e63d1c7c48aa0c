/* The books are doctored in each way that a keeper has, and the audit names the first thing that is false. */
#include "store/log.h"
#include "support/cm.h"
#include "support/world.h"

#include "proof/note.h"
#include "report/audit.h"

#include <sqlite3.h>
#include <stdio.h>

enum { SALES = 4 };

struct books {
    struct world w;
    struct audit a;
    struct audit_till till; /* the last that was told */
    uint8_t d[SALES + 2][HASH_SIZE];
};

/* ---- making them ---- */

static void sell(struct books *b, struct world_till *t, int64_t gross, uint8_t d[HASH_SIZE])
{
    struct world_sale s = world_sale(&b->w, gross);
    s.quote.gross = s.quote.net = s.quote.due = gross;
    assert_int_equal(world_commit(&b->w, t, &s, d), 0);
}

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

/* A close from `first` to the till's head with the sums given, as the till's next record. */
static void close_day(struct books *b, int64_t first, int64_t sales, int64_t gross,
                      const struct checkpoint_seen *seen)
{
    struct world_till *t = &b->w.tills[0];
    struct close_sum sum = {
        .currency = bytes_str("EUR"), .sales = sales, .gross = gross, .net = gross, .due = gross};
    struct close c = {.common = world_common(&b->w),
                      .chain = {.checkpoint = seen, .epoch = 1, .seq = t->head.seq + 1},
                      .first = {1, first},
                      .last = {1, t->head.seq},
                      .sums = {&sum, 1}};
    struct buf envelope;
    memcpy(c.chain.prev, t->head.d, HASH_SIZE);
    buf_init(&envelope, ENVELOPE_MAX);
    assert_int_equal(statement_sign(KIND_CLOSE, &c, bytes_str(t->name), &t->key, &envelope, t->head.d, NULL),
                     0);
    t->head.seq++;
    assert_int_equal(world_send(&b->w, buf_view(&envelope)), 0);
    buf_free(&envelope);
}

/* Four sales of 10.00 to 13.00, and a sync: seven leaves under a checkpoint. The close comes with each test.
 */
static struct books *fresh(void)
{
    struct books *b = test_calloc(1, sizeof *b);
    world_open(&b->w, 1);
    for (int i = 0; i < SALES; i++) {
        sell(b, &b->w.tills[0], 1000 + 100 * i, b->d[i]);
    }
    assert_int_equal(sync_till(&b->w, &b->w.tills[0]), 0);
    return b;
}

static void done(struct books *b)
{
    world_close(&b->w);
    test_free(b);
}

/* ---- doctoring and looking ---- */

/* ?1 and ?2, where the text has them, are blobs. */
static void doctor(struct books *b, const char *sql, struct bytes one, struct bytes two)
{
    sqlite3 *db = NULL;
    sqlite3_stmt *st = NULL;
    assert_int_equal(sqlite3_open(b->w.db, &db), SQLITE_OK);
    assert_int_equal(sqlite3_prepare_v2(db, sql, -1, &st, NULL), SQLITE_OK);
    if (sqlite3_bind_parameter_count(st) > 0) {
        sqlite3_bind_blob(st, 1, one.p, (int)one.n, SQLITE_TRANSIENT);
    }
    if (sqlite3_bind_parameter_count(st) > 1) {
        sqlite3_bind_blob(st, 2, two.p, (int)two.n, SQLITE_TRANSIENT);
    }
    assert_int_equal(sqlite3_step(st), SQLITE_DONE);
    assert_true(sqlite3_changes(db) > 0);
    sqlite3_finalize(st);
    sqlite3_close(db);
}

static void simply(struct books *b, const char *sql)
{
    doctor(b, sql, (struct bytes){0}, (struct bytes){0});
}

static void take_till(void *arg, const struct audit_till *t)
{
    *(struct audit_till *)arg = *t;
}

static int look(struct books *b)
{
    struct store *s = NULL;
    struct err e = {0};
    audit_begin(&b->a, b->w.id, b->w.root.thumbprint);
    b->a.till = take_till;
    b->a.arg = &b->till;
    assert_int_equal(store_open(b->w.db, b->w.id, 0, &s, &e), 0);
    int rc = audit_statements(&b->a, s, &e);
    rc = rc ? rc : audit_log(&b->a, s, &e);
    rc = rc ? rc : audit_chains(&b->a, s, &e);
    store_close(s);
    audit_end(&b->a);
    return rc;
}

static void finds(struct books *b, const char *what)
{
    assert_int_equal(look(b), AUDIT_FALSE);
    if (!strstr(b->a.wrong, what)) {
        fail_msg("'%s' is not in '%s'", what, b->a.wrong);
    }
    done(b);
}

static int keep(void *arg, const struct stored *row)
{
    buf_put(arg, row->raw.p, row->raw.n);
    return 0;
}

/* A kept statement's bytes. */
static struct bytes raw_of(struct books *b, const uint8_t d[HASH_SIZE])
{
    struct store *s = NULL;
    struct buf raw;
    buf_init(&raw, ENVELOPE_MAX);
    assert_int_equal(store_open(b->w.db, b->w.id, 0, &s, NULL), 0);
    assert_int_equal(store_statement(s, d, keep, &raw), 0);
    store_close(s);
    struct bytes kept = arena_copy(&b->w.arena, buf_view(&raw));
    buf_free(&raw);
    return kept;
}

/* ---- the tests ---- */

static void true_books(void **state)
{
    (void)state;
    struct books *b = fresh();
    close_day(b, 1, SALES, 4600, NULL);
    sell(b, &b->w.tills[0], 500, NULL);
    assert_int_equal(look(b), 0);
    assert_int_equal(b->a.statements, 3 + SALES + 2);
    assert_int_equal(b->a.records, SALES + 2);
    assert_int_equal(b->a.closes, 1);
    assert_int_equal(b->a.leaves, 3 + SALES);
    assert_int_equal(b->a.checkpoints, 1);
    assert_int_equal(b->a.waiting, 2);
    assert_int_equal(b->a.gaps + b->a.erased + b->a.cosigned, 0);
    assert_true(b->till.epoch == 1 && b->till.records == SALES + 2 && b->till.last == b->till.proved &&
                b->till.closed == SALES);
    done(b);
}

static void closes(void **state)
{
    (void)state;
    struct books *b = fresh();
    close_day(b, 1, SALES, 4601, NULL);
    finds(b, "close 1/5 of t0: its total in EUR is not that of its records");
    b = fresh();
    close_day(b, 1, SALES - 1, 4600, NULL);
    finds(b, "its total in EUR");
    b = fresh();
    close_day(b, 2, SALES - 1, 3600, NULL);
    finds(b, "close 1/5 of t0 counts 1/2 to 1/4, which is not what lies before it");
    b = fresh();
    close_day(b, 1, SALES, 4600, NULL);
    sell(b, &b->w.tills[0], 500, NULL);
    close_day(b, 6, 1, 500, NULL);
    assert_int_equal(look(b), 0);
    assert_int_equal(b->a.closes, 2);
    done(b);
}

/* A record that never came is a gap; the sums of the close tell that it was one of value. */
static void a_missing_record(void **state)
{
    struct buf lost;
    (void)state;
    struct books *b = fresh();
    struct world_sale s = world_sale(&b->w, 700);
    s.quote.gross = s.quote.net = s.quote.due = 700;
    buf_init(&lost, MESSAGE_MAX);
    world_commit_message(&b->w, &b->w.tills[0], &s, &lost, NULL);
    sell(b, &b->w.tills[0], 800, NULL);
    assert_int_equal(look(b), 0);
    assert_int_equal(b->a.gaps, 1);
    assert_true(b->till.proved == SALES && b->till.last == SALES + 2);
    close_day(b, 1, SALES + 2, 6100, NULL);
    assert_int_equal(look(b), AUDIT_FALSE);
    assert_non_null(strstr(b->a.wrong, "its total in EUR"));
    assert_int_equal(world_send(&b->w, buf_view(&lost)), 0); /* it comes late, and all is well */
    assert_int_equal(look(b), 0);
    assert_int_equal(b->a.gaps, 0);
    buf_free(&lost);
    done(b);
}

static void statements(void **state)
{
    uint8_t changed[ENVELOPE_MAX];
    struct cose_sign1 s1;
    uint8_t d[HASH_SIZE];
    (void)state;
    struct books *b = fresh();
    struct bytes raw = raw_of(b, b->d[1]);
    uint8_t *amount = memmem(raw.p, raw.n, "\x0e\x19\x04\x4c", 4); /* 14: gross, 11.00 */
    assert_non_null(amount);
    memcpy(changed, raw.p, raw.n);
    changed[amount + 3 - raw.p]++;
    assert_int_equal(cose_sign1_parse(bytes_of(changed, raw.n), true, &s1), 0);
    assert_int_equal(cose_d(s1.protected_map, s1.payload, d), 0);
    doctor(b, "UPDATE statement SET raw = ?1 WHERE d = ?2", bytes_of(changed, raw.n),
           bytes_of(b->d[1], HASH_SIZE));
    assert_int_equal(look(b), AUDIT_FALSE);
    assert_non_null(
        strstr(b->a.wrong, "statement 5 (commit 1/2 of t0) is kept under another statement's name"));
    doctor(b, "UPDATE part SET d = ?1 WHERE d = ?2", bytes_of(d, HASH_SIZE), bytes_of(b->d[1], HASH_SIZE));
    doctor(b, "UPDATE statement SET d = ?1 WHERE d = ?2", bytes_of(d, HASH_SIZE),
           bytes_of(b->d[1], HASH_SIZE));
    finds(b, "statement 5 (commit 1/2 of t0): commit statement: its signature does not check out");
    b = fresh();
    simply(b, "DELETE FROM part WHERE which = 1 AND d = (SELECT d FROM statement WHERE n = 6)");
    finds(b, "statement 6 (commit 1/3 of t0): the statement came without its lines");
    b = fresh();
    simply(b, "UPDATE part SET content = zeroblob(length(content)) WHERE which = 2 AND d = (SELECT d FROM "
              "statement "
              "WHERE n = 6)");
    finds(b, "statement 6 (commit 1/3 of t0)");
    b = fresh();
    simply(b, "UPDATE statement SET raw = substr(raw, 1, 40) WHERE n = 2");
    finds(b, "statement 2 (policy) cannot be read");
}

/* The till's own key signs the same once more: the statement is true, and yet not the one that was logged. */
static void signed_again(void **state)
{
    struct cose_sign1 s1;
    struct buf again;
    (void)state;
    struct books *b = fresh();
    assert_int_equal(cose_sign1_parse(raw_of(b, b->d[2]), true, &s1), 0);
    buf_init(&again, ENVELOPE_MAX);
    assert_int_equal(cose_sign1(&b->w.tills[0].key, s1.protected_map, s1.payload, &again, NULL), 0);
    doctor(b, "UPDATE statement SET raw = ?1 WHERE d = ?2", buf_view(&again), bytes_of(b->d[2], HASH_SIZE));
    buf_free(&again);
    finds(b, "leaf 5: the statement is not the one that was logged");
}

static void the_log(void **state)
{
    static const struct {
        const char *sql, *says;
    } cases[] = {
        {"DELETE FROM leaf WHERE idx = 3", "leaf 3 is missing from the log"},
        {"DELETE FROM leaf WHERE idx = 6", "a checkpoint of 7 leaves stands over a log of 6"},
        {"DELETE FROM statement WHERE n = 7", "leaf 6: its statement is not kept"},
        {"DELETE FROM checkpoint", "leaf 0 is under no checkpoint"},
        {"UPDATE node SET hash = zeroblob(32) WHERE level = 1 AND idx = 2", "node 1/2"},
        {"UPDATE leaf SET entry = zeroblob(32) WHERE idx = 2",
         "leaf 2: the statement is not the one that was logged"},
        {"UPDATE checkpoint SET root = zeroblob(32)", "the checkpoint of 7 leaves is not what was signed"},
        {"UPDATE checkpoint SET note = substr(note, 2)", "the note of the checkpoint of 7 leaves"},
        {"UPDATE checkpoint SET raw = CAST(substr(raw, 1, length(raw) - 1) || x'FF' AS BLOB)",
         "the checkpoint of 7 leaves: no log key signed it"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct books *b = fresh();
        simply(b, cases[i].sql);
        finds(b, cases[i].says);
    }
    struct books *b = fresh();
    sell(b, &b->w.tills[0], 500, NULL);
    simply(b, "DELETE FROM leaf_queue");
    finds(b, "has no leaf and does not wait for one");
}

/* Two trees of one size: the keeper drops the last record, logs another in its place, and signs anew. A till
 * that saw the first tree, and said so, gives it away. */
static void two_trees(void **state)
{
    struct checkpoint_seen seen = {.size = 7};
    struct store *s = NULL;
    struct checkpoint_row last;
    (void)state;
    struct books *b = fresh();
    assert_int_equal(store_open(b->w.db, b->w.id, 0, &s, NULL), 0);
    assert_int_equal(store_checkpoint_last(s, &last), 0);
    store_close(s);
    memcpy(seen.root, last.root, HASH_SIZE);
    close_day(b, 1, SALES, 4600, &seen);
    assert_int_equal(look(b), 0);
    done(b);
    b = fresh();
    seen.root[0] ^= 1;
    close_day(b, 1, SALES, 4600, &seen);
    finds(b, "record 1/5 of t0 saw a log of 7 leaves that is not this one");
    b = fresh();
    seen.size = 70;
    close_day(b, 1, SALES, 4600, &seen);
    finds(b, "saw a log of 70 leaves");
}

static void a_missing_person(void **state)
{
    (void)state;
    struct books *b = fresh();
    simply(b, "DELETE FROM part WHERE which = 2 AND d = (SELECT d FROM statement WHERE n = 6)");
    finds(b, "statement 6 (commit 1/3 of t0): its person's part is missing, and was not erased");
    b = fresh();
    simply(b, "INSERT INTO erased SELECT merchant, d, x'80' FROM statement WHERE n = 6");
    finds(b, "statement 6 (commit 1/3 of t0): its person's part is here and was erased");
}

static void erase_sale(struct books *b, int which)
{
    struct erase_result n;
    struct err e = {0};
    char id[2 * ID_SIZE + 1];
    struct store *s = NULL;
    struct sale_row sale;
    assert_int_equal(store_open(b->w.db, b->w.id, 0, &s, NULL), 0);
    assert_int_equal(store_sale(s, b->d[which], &sale), 0);
    store_close(s);
    hex_encode(sale.sale, ID_SIZE, id);
    struct erase_request who = {ERASE_SALE, bytes_str(id)};
    assert_int_equal(authority_erase(b->w.authority, &who, bytes_str("merchant"), &b->w.merchant, &n, &e), 0);
}

static void an_erased_person(void **state)
{
    static const struct {
        const char *sql, *says;
    } cases[] = {
        {"DELETE FROM erased WHERE d = (SELECT d FROM statement WHERE n = 5)",
         "statement 5 (commit 1/2 of t0): its person's part is missing, and was not erased"},
        {"UPDATE erased SET residue = CAST(residue || x'00' AS BLOB)",
         "statement 10: the parts that are gone are not those that the erasure counts"},
        {"INSERT INTO erased SELECT merchant, d, x'8280' FROM statement WHERE n = 7",
         "statement 7 (commit 1/4 of t0): its person's part is here and was erased"},
    };
    (void)state;
    struct books *b = fresh();
    erase_sale(b, 0);
    erase_sale(b, 1);
    assert_int_equal(look(b), 0);
    assert_true(b->a.erased == 2 && b->a.erasure == 9 && b->a.erasure_parts == 2);
    done(b);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        b = fresh();
        sell(b, &b->w.tills[0], 500, NULL);
        erase_sale(b, 0);
        erase_sale(b, 1);
        simply(b, cases[i].sql);
        finds(b, cases[i].says);
    }
    /* A part of a statement that the erasure does not count, or that came after it. */
    b = fresh();
    erase_sale(b, 0);
    simply(b, "DELETE FROM part WHERE which = 2 AND d = (SELECT d FROM statement WHERE n = 6)");
    simply(b, "INSERT INTO erased SELECT merchant, d, x'8280' FROM statement WHERE n = 6");
    finds(b, "statement 8: the erasure counts 1 parts, and 2 are gone");
    b = fresh();
    erase_sale(b, 0);
    sell(b, &b->w.tills[0], 500, NULL);
    simply(b, "DELETE FROM part WHERE which = 2 AND d = (SELECT d FROM statement WHERE n = 9)");
    simply(b, "INSERT INTO erased SELECT merchant, d, x'8280' FROM statement WHERE n = 9");
    finds(b, "statement 9: its person's part was erased, and no erasure counts it");
}

static void forks(void **state)
{
    (void)state;
    struct books *b = fresh();
    struct world_till twin = b->w.tills[0];
    twin.head.seq--;
    memcpy(twin.head.d, b->d[2], HASH_SIZE);
    sell(b, &twin, 9900, NULL);
    finds(b, "t0 has two records at 1/4");
    b = fresh();
    b->w.tills[0].head.d[0] ^= 1;
    sell(b, &b->w.tills[0], 900, NULL);
    finds(b, "record 1/5 of t0 does not follow the one before it");
}

/* A witness from outside, named by the keyset, signs the note; another's line does not count. */
static void a_witness(void **state)
{
    struct cose_key witness, stranger;
    struct keyset_key keys[6];
    struct buf encoded[6], note;
    struct checkpoint_row last;
    struct store *s = NULL;
    (void)state;
    struct books *b = fresh();
    struct world *w = &b->w;
    assert_int_equal(cose_key_generate(ALG_ED25519, &witness) || cose_key_generate(ALG_ED25519, &stranger),
                     0);
    const struct cose_key *all[] = {&w->root, &w->merchant, &w->issuer, &w->grant, &w->log, &witness};
    static const char *const names[] = {"root", "merchant", "issuer", "grant", "log", "witness.example/w1"};
    static const int purposes[] = {PURPOSE_ROOT,  PURPOSE_MERCHANT, PURPOSE_ISSUER,
                                   PURPOSE_GRANT, PURPOSE_LOG,      PURPOSE_WITNESS};
    for (size_t i = 0; i < 6; i++) {
        buf_init(&encoded[i], 256);
        cose_key_encode(all[i], &encoded[i]);
        keys[i] = (struct keyset_key){buf_view(&encoded[i]), purposes[i], bytes_str(names[i]), 0, TIME_MAX};
    }
    struct keyset k = {
        .common = world_common(w), .number = 2, .merchant = bytes_str("Test"), .keys = {keys, 6}};
    assert_int_equal(world_office(w, KIND_KEYSET, &k), 0);
    char origin[64] = "tillproof/";
    hex_encode(w->id, ID_SIZE, origin + 10);
    assert_int_equal(store_open(w->db, w->id, 0, &s, NULL), 0);
    assert_int_equal(store_checkpoint_last(s, &last), 0);
    store_close(s);
    buf_init(&note, NOTE_MAX);
    assert_int_equal(note_sign(bytes_str(origin), last.size, last.root, &w->log, &note), 0);
    assert_int_equal(note_cosign(&note, bytes_str(names[5]), 1700000000, &stranger), 0);
    doctor(b, "UPDATE checkpoint SET note = ?1", buf_view(&note), (struct bytes){0});
    assert_int_equal(look(b), 0);
    assert_int_equal(b->a.cosigned, 0);
    assert_int_equal(note_cosign(&note, bytes_str(names[5]), 1700000000, &witness), 0);
    doctor(b, "UPDATE checkpoint SET note = ?1", buf_view(&note), (struct bytes){0});
    assert_int_equal(look(b), 0);
    assert_int_equal(b->a.cosigned, 7);
    for (size_t i = 0; i < 6; i++) {
        buf_free(&encoded[i]);
    }
    buf_free(&note);
    cose_key_free(&witness);
    cose_key_free(&stranger);
    done(b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(true_books), cmocka_unit_test(closes),           cmocka_unit_test(a_missing_record),
        cmocka_unit_test(statements), cmocka_unit_test(signed_again),     cmocka_unit_test(the_log),
        cmocka_unit_test(two_trees),  cmocka_unit_test(a_missing_person), cmocka_unit_test(an_erased_person),
        cmocka_unit_test(forks),      cmocka_unit_test(a_witness)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
