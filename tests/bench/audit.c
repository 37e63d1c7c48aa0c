/*
 * What an audit costs, a statement: read from a bundle and checked, its tables made anew, its chain followed;
 * beside one verification of an ECDSA P-256 signature, which each needs.
 */
#include "tests/bench/internal.h"

#include "authority/authority.h"
#include "proof/note.h"
#include "report/audit.h"

#include <stdlib.h>

enum {
    AUDIT_SALES = 2000,
    AUDIT_ROUNDS = 5,
    AUDIT_ROUNDS_MAX = 1000,
    VERIFICATIONS = 500,
    AUDIT_LINES = 12,
    AUDIT_MEMORY = 64 * 1024 * 1024
};
static const int64_t day_ms = INT64_C(86400000), made_ms = INT64_C(1780000000000);

static const struct bench_column columns[] = {{"what", false},  {"unit", false}, {"n", true},
                                              {"median", true}, {"p99", true},   {"floor", true},
                                              {"ratio", true},  {"goal", false}, {"reached", false}};

enum { KEY_ROOT, KEY_MERCHANT, KEY_LOG, KEY_TILL, KEYS };

/* A book that is written by hand: one till, one checkpoint. */
struct book {
    struct cose_key keys[KEYS];
    uint8_t authority[ID_SIZE], last[HASH_SIZE]; /* D of the statement before */
    struct bundle out;
    struct tree tree;
    struct arena arena;
    struct err *e;
};

static struct common common_of(const struct book *b)
{
    struct common c = {.version = 1, .time_ms = made_ms};
    memcpy(c.audience, b->authority, ID_SIZE);
    return c;
}

static int log_it(struct book *b, struct bytes raw)
{
    struct cose_sign1 sign1;
    uint8_t entry[HASH_SIZE], leaf[HASH_SIZE];
    int rc = cose_sign1_parse(raw, true, &sign1);
    rc = rc ? rc : log_entry(&sign1, entry);
    rc = rc ? rc : tree_leaf(bytes_of(entry, HASH_SIZE), leaf);
    return rc ? rc : tree_add(&b->tree, leaf, NULL, NULL);
}

static int put(struct book *b, enum kind kind, const void *payload, const char *iss, int key,
               struct bytes lines, struct bytes person)
{
    struct bundle_item item = {.type = BUNDLE_STATEMENT};
    struct bundle_statement *s = &item.as.statement;
    struct buf raw;
    buf_init(&raw, ENVELOPE_MAX);
    int rc = statement_sign(kind, payload, bytes_str(iss), &b->keys[key], &raw, b->last, b->e);
    s->index = b->tree.size;
    s->received_ms = made_ms;
    s->raw = buf_view(&raw);
    s->lines = (struct bundle_part){lines.p ? BUNDLE_PART_HERE : BUNDLE_PART_NONE, lines};
    s->person = (struct bundle_part){person.p ? BUNDLE_PART_HERE : BUNDLE_PART_NONE, person};
    rc = rc ? rc : bundle_put(&b->out, &item);
    rc = rc ? rc : log_it(b, s->raw);
    buf_free(&raw);
    return rc;
}

static int put_keyset(struct book *b)
{
    static const char *const names[] = {"root", "merchant", "log"};
    static const int purposes[] = {PURPOSE_ROOT, PURPOSE_MERCHANT, PURPOSE_LOG};
    struct keyset_key list[KEY_TILL];
    struct keyset k = {
        .common = common_of(b), .number = 1, .merchant = bytes_str("Bench"), .keys = {list, KEY_TILL}};
    struct buf encoded[KEY_TILL];
    for (size_t i = 0; i < KEY_TILL; i++) {
        buf_init(&encoded[i], 256);
        cose_key_encode(&b->keys[i], &encoded[i]);
        list[i] = (struct keyset_key){buf_view(&encoded[i]), purposes[i], bytes_str(names[i]), 0, TIME_MAX};
    }
    int rc = put(b, KIND_KEYSET, &k, "root", KEY_ROOT, (struct bytes){0}, (struct bytes){0});
    for (size_t i = 0; i < KEY_TILL; i++) {
        buf_free(&encoded[i]);
    }
    return rc;
}

static int put_policy_and_till(struct book *b)
{
    static struct zone_step step = {0, 60};
    struct policy_statement p = {.common = common_of(b)};
    struct terminal t = {.common = common_of(b),
                         .till = bytes_str("till1"),
                         .store = bytes_str("main"),
                         .epoch = 1,
                         .from = made_ms - day_ms,
                         .until = made_ms + day_ms,
                         .from_seq = NONE};
    uint8_t memory[256];
    struct buf key;
    p.terms = (struct policy){.version = 1,
                              .currency = bytes_str("EUR"),
                              .zone = bytes_str("Europe/Berlin"),
                              .zone_steps = {&step, 1},
                              .tax_included = true};
    buf_over(&key, memory, sizeof memory);
    cose_key_encode(&b->keys[KEY_TILL], &key);
    t.cose_key = buf_view(&key);
    int rc = put(b, KIND_POLICY, &p, "merchant", KEY_MERCHANT, (struct bytes){0}, (struct bytes){0});
    return rc ? rc
              : put(b, KIND_TERMINAL, &t, "merchant", KEY_MERCHANT, (struct bytes){0}, (struct bytes){0});
}

static int put_sale(struct book *b, int64_t seq)
{
    struct commit c = {.common = common_of(b),
                       .chain = {.epoch = 1, .seq = seq},
                       .rev = 1,
                       .policy = 1,
                       .currency = bytes_str("EUR"),
                       .gross = 1000,
                       .net = 1000,
                       .due = 1000};
    struct lines_part lines = {0};
    struct person_part person = {0};
    struct buf parts[2];
    arena_reset(&b->arena);
    memcpy(c.chain.prev, b->last, HASH_SIZE);
    buf_init(&parts[0], PART_MAX);
    buf_init(&parts[1], PART_MAX);
    int rc = random_bytes(c.sale, ID_SIZE);
    rc = rc ? rc : work_basket(AUDIT_LINES, &b->arena, &lines.basket) ? 0 : TP_E_MEMORY;
    rc = rc ? rc : part_encode(&schema_lines_part, &lines, &parts[0], c.lines, b->e);
    rc = rc ? rc : part_encode(&schema_person_part, &person, &parts[1], c.person, b->e);
    rc = rc ? rc : put(b, KIND_COMMIT, &c, "till1", KEY_TILL, buf_view(&parts[0]), buf_view(&parts[1]));
    buf_free(&parts[0]);
    buf_free(&parts[1]);
    return rc;
}

static int put_checkpoint(struct book *b)
{
    struct bundle_item item = {.type = BUNDLE_CHECKPOINT};
    struct checkpoint c = {.common = common_of(b), .size = b->tree.size};
    char origin[ORIGIN_MAX];
    struct buf raw, note;
    log_origin(b->authority, origin);
    buf_init(&raw, ENVELOPE_MAX);
    buf_init(&note, NOTE_MAX);
    int rc = tree_root(&b->tree, c.root);
    rc = rc ? rc : statement_sign(KIND_CHECKPOINT, &c, bytes_str("log"), &b->keys[KEY_LOG], &raw, NULL, b->e);
    rc = rc ? rc : note_sign(bytes_str(origin), c.size, c.root, &b->keys[KEY_LOG], &note);
    item.as.checkpoint.raw = buf_view(&raw);
    item.as.checkpoint.note = buf_view(&note);
    rc = rc ? rc : bundle_put(&b->out, &item);
    buf_free(&raw);
    buf_free(&note);
    return rc;
}

static int write_book(struct book *b, const char *path)
{
    struct bundle_item header = {.type = BUNDLE_HEADER}, end = {.type = BUNDLE_END};
    b->out.file = fopen(path, "we");
    int rc = b->out.file ? random_bytes(b->authority, ID_SIZE) : TP_E_IO;
    for (int i = 0; i < KEYS && rc == 0; i++) {
        rc = cose_key_generate(i == KEY_LOG ? ALG_ED25519 : ALG_ESP256, &b->keys[i]);
    }
    memcpy(header.as.header.authority, b->authority, ID_SIZE);
    memcpy(header.as.header.root, b->keys[KEY_ROOT].thumbprint, HASH_SIZE);
    header.as.header.parts = true;
    rc = rc ? rc : bundle_put(&b->out, &header);
    rc = rc ? rc : put_keyset(b);
    rc = rc ? rc : put_policy_and_till(b);
    for (int64_t seq = 1; seq <= AUDIT_SALES && rc == 0; seq++) {
        rc = put_sale(b, seq);
    }
    rc = rc ? rc : put_checkpoint(b);
    end.as.end = (struct bundle_end){.leaves = b->tree.size, .checkpoints = 1};
    rc = rc ? rc : bundle_put(&b->out, &end);
    rc = b->out.file && fclose(b->out.file) && rc == 0 ? TP_E_IO : rc;
    bundle_close(&b->out);
    return rc ? err_code(b->e, rc) : 0;
}

/* ---- measuring ---- */

struct measured {
    struct samples check, tables, chains, whole, floor;
};

static void add(struct samples *s, int64_t from, int64_t to)
{
    samples_add(s, (to - from) / AUDIT_SALES);
}

static int make_tables(const struct audit *a, const char *db, struct err *e)
{
    struct authority_config config = {.clock = &clock_system};
    struct authority *authority = NULL;
    memcpy(config.id, a->authority, ID_SIZE);
    memcpy(config.root, a->root, HASH_SIZE);
    int rc = store_open(db, a->authority, 0, &config.store, e);
    if (rc == 0 && (rc = authority_open(&config, &authority, e)) != 0) {
        store_close(config.store);
    }
    rc = rc ? rc : authority_rebuild(authority, e);
    authority_close(authority);
    return rc;
}

static int audit_once(const char *path, const char *db, struct measured *m, struct err *e)
{
    static struct audit a;
    struct bundle in = {.file = fopen(path, "re")};
    FILE *none = fopen("/dev/null", "we");
    struct bundle_item header;
    struct store *s = NULL;
    int rc = in.file && none && bundle_next(&in, &header, e) == 1 ? 0 : err_code(e, TP_E_IO);
    if (rc == 0) {
        audit_begin(&a, header.as.header.authority, header.as.header.root);
        rc = store_open(db, a.authority, STORE_CREATE, &s, e);
    }
    int64_t begin = now_ns();
    rc = rc ? rc : audit_bundle(&a, &in, &header.as.header, s, none, e);
    int64_t checked = now_ns();
    rc = rc ? rc : make_tables(&a, db, e);
    int64_t made = now_ns();
    rc = rc ? rc : audit_chains(&a, s, e);
    int64_t done = now_ns();
    add(&m->check, begin, checked);
    add(&m->tables, checked, made);
    add(&m->chains, made, done);
    add(&m->whole, begin, done);
    if (rc == AUDIT_FALSE) {
        rc = err_set(e, TP_E_CORRUPT, "the bench's own book: %.180s", a.wrong);
    }
    store_close(s);
    audit_end(&a);
    bundle_close(&in);
    if (none) {
        fclose(none);
    }
    return rc;
}

static int audit_rounds(const struct bench_options *o, const char *folder, const char *path,
                        struct measured *m, struct err *e)
{
    int64_t rounds = o->rounds ? o->rounds : AUDIT_ROUNDS;
    struct floor f;
    int rc = floor_open(&f, folder, e);
    for (int i = 0; i < VERIFICATIONS && rc == 0; i++) {
        rc = floor_verify(&f, &m->floor, e);
    }
    floor_close(&f);
    for (int64_t i = 0; i < rounds && rc == 0; i++) {
        char db[SHOP_PATH_MAX + 32];
        snprintf(db, sizeof db, "%s/%lld.db", folder, (long long)i);
        rc = audit_once(path, db, m, e);
        if (o->progress) {
            o->progress(i + 1, rounds);
        }
    }
    return rc;
}

int bench_audit(const struct bench_options *o, struct bench_report *r, struct err *e)
{
    char folder[SHOP_PATH_MAX], path[SHOP_PATH_MAX + 16];
    struct measured m = {0};
    struct book b = {.e = e};
    int rc = o->rounds > AUDIT_ROUNDS_MAX
                 ? err_set(e, TP_E_ARGUMENT, "at most %d rounds are measured", AUDIT_ROUNDS_MAX)
                 : folder_make(o->dir, folder, e);
    report_begin(r, columns, sizeof columns / sizeof columns[0]);
    if (rc) {
        return rc;
    }
    snprintf(path, sizeof path, "%s/books.tpb", folder);
    arena_init(&b.arena, AUDIT_MEMORY);
    rc = write_book(&b, path);
    rc = rc ? rc : audit_rounds(o, folder, path, &m, e);
    const struct cost costs[] = {{"read and checked", "us/statement", 1e3, &m.check, &m.floor, GOAL_NONE, 0},
                                 {"tables made anew", "us/statement", 1e3, &m.tables, NULL, GOAL_NONE, 0},
                                 {"chains and closes", "us/statement", 1e3, &m.chains, NULL, GOAL_NONE, 0},
                                 {"the whole audit", "us/statement", 1e3, &m.whole, &m.floor, GOAL_NONE, 0}};
    for (size_t i = 0; i < sizeof costs / sizeof costs[0] && rc == 0; i++) {
        cost_row(r, &costs[i]);
    }
    report_note(
        r, "%d sales of %d lines in one bundle, audited into a database of its own each time, to the end.",
        AUDIT_SALES, AUDIT_LINES);
    report_note(r, "Floor: one ECDSA P-256 verification by OpenSSL; each statement needs one.");
    for (int i = 0; i < KEYS; i++) {
        cose_key_free(&b.keys[i]);
    }
    arena_reset(&b.arena);
    samples_free(&m.check);
    samples_free(&m.tables);
    samples_free(&m.chains);
    samples_free(&m.whole);
    samples_free(&m.floor);
    folder_remove(folder);
    return rc;
}
