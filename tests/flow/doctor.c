/*
 * Doctors a bundle: `doctor OP BUNDLE OUT SHOP [N [M]]`. It is as clever as a keeper: it makes the end of the
 * bundle right again, and has every key that lies in the shop's folder. What it does is in the table below.
 */
#include "keys/keyfile.h"
#include "proof/note.h"
#include "report/bundle.h"

#include <stdlib.h>

enum { ITEMS_MAX = 4096 };

struct thing {
    struct bundle_item item;
};

struct work {
    const char *shop;
    struct thing v[ITEMS_MAX];
    size_t n;
    struct buf kept[ITEMS_MAX]; /* the items' bytes as they were read, which views point into */
    size_t kept_count;
    int64_t first, second; /* the op's numbers */
    struct cose_key log;
    bool relog; /* checkpoints and receipts are to be signed anew */
    bool plain; /* the end stays as it was */
    uint8_t authority[ID_SIZE];
    struct arena arena;
};

static void must(bool fine, const char *what)
{
    if (!fine) {
        fprintf(stderr, "doctor: %s\n", what);
        exit(9);
    }
}

static void load_key(const struct work *w, const char *path, struct cose_key *key)
{
    char full[1024];
    snprintf(full, sizeof full, "%s/%s", w->shop, path);
    must(keyfile_load(full, key, NULL) == 0, path);
}

/* ---- reading and writing ---- */

static void read_bundle(struct work *w, const char *path)
{
    struct bundle b = {.file = fopen(path, "r")};
    must(b.file != NULL, path);
    while (w->n < ITEMS_MAX && bundle_next(&b, &w->v[w->n].item, NULL) == 1) {
        w->n++;
        w->kept[w->kept_count++] = b.item;
        b.item = (struct buf){0};
    }
    fclose(b.file);
    must(w->n > 3 && w->v[w->n - 1].item.type == BUNDLE_END, "not a bundle");
    memcpy(w->authority, w->v[0].item.as.header.authority, ID_SIZE);
}

static void count(struct bundle_end *end, const struct bundle_item *item)
{
    bool leaf = item->type == BUNDLE_STATEMENT && item->as.statement.index != NONE;
    end->leaves += leaf;
    end->waiting += item->type == BUNDLE_STATEMENT && !leaf;
    end->checkpoints += item->type == BUNDLE_CHECKPOINT;
    end->receipts += item->type == BUNDLE_RECEIPT;
    end->figures += item->type == BUNDLE_FIGURE;
}

static void write_bundle(struct work *w, const char *path)
{
    struct bundle b = {.file = fopen(path, "w")};
    struct bundle_end end = {0};
    must(b.file != NULL, path);
    for (size_t i = 0; i < w->n; i++) {
        if (w->v[i].item.type == BUNDLE_END && !w->plain) {
            w->v[i].item.as.end = end;
        }
        count(&end, &w->v[i].item);
        must(bundle_put(&b, &w->v[i].item) == 0, "writing");
    }
    must(fclose(b.file) == 0, path);
    b.file = NULL;
    bundle_close(&b);
}

static size_t find(const struct work *w, enum bundle_type type, int64_t n)
{
    for (size_t i = 0; i < w->n; i++) {
        const struct bundle_item *item = &w->v[i].item;
        if (item->type == type && (type == BUNDLE_STATEMENT ? item->as.statement.index == n : n-- == 0)) {
            return i;
        }
    }
    must(false, "no such item");
    return 0;
}

static struct bundle_statement *leaf(struct work *w, int64_t index)
{
    return &w->v[find(w, BUNDLE_STATEMENT, index)].item.as.statement;
}

static void take_out(struct work *w, size_t at)
{
    memmove(&w->v[at], &w->v[at + 1], (w->n - at - 1) * sizeof w->v[0]);
    w->n--;
}

static void put_in(struct work *w, size_t at, const struct bundle_item *item)
{
    must(w->n < ITEMS_MAX, "too many items");
    memmove(&w->v[at + 1], &w->v[at], (w->n - at) * sizeof w->v[0]);
    w->v[at] = (struct thing){.item = *item};
    w->n++;
}

/* ---- the log, signed anew ---- */

static void sign_checkpoint(struct work *w, int64_t size, const uint8_t root[HASH_SIZE], int64_t time_ms,
                            struct bundle_checkpoint *out)
{
    struct checkpoint c = {.common = {.version = 1, .time_ms = time_ms}, .size = size};
    char origin[ORIGIN_MAX];
    struct buf raw, note;
    memcpy(c.common.audience, w->authority, ID_SIZE);
    memcpy(c.root, root, HASH_SIZE);
    log_origin(w->authority, origin);
    buf_init(&raw, ENVELOPE_MAX);
    buf_init(&note, NOTE_MAX);
    must(statement_sign(KIND_CHECKPOINT, &c, bytes_str("log"), &w->log, &raw, NULL, NULL) == 0 &&
             note_sign(bytes_str(origin), size, root, &w->log, &note) == 0,
         "signing a checkpoint");
    out->raw = arena_copy(&w->arena, buf_view(&raw));
    out->note = arena_copy(&w->arena, buf_view(&note));
    buf_free(&raw);
    buf_free(&note);
}

static int64_t time_of(const struct bundle_checkpoint *c, struct arena *a)
{
    struct statement st;
    must(statement_parse(c->raw, a, &st, NULL) == 0, "a checkpoint");
    return st.payload.checkpoint.common.time_ms;
}

/* All nodes of a small tree. */
enum { NODES = 4096 };
struct nodes {
    struct node {
        int level;
        int64_t index;
        uint8_t hash[HASH_SIZE];
    } v[NODES];
    size_t n;
};

static int keep_node(void *arg, int level, int64_t index, const uint8_t hash[HASH_SIZE])
{
    struct nodes *all = arg;
    must(all->n < NODES, "too many nodes");
    struct node *node = &all->v[all->n++];
    node->level = level;
    node->index = index;
    memcpy(node->hash, hash, HASH_SIZE);
    return 0;
}

static int read_node(void *arg, int level, int64_t index, uint8_t hash[HASH_SIZE])
{
    const struct nodes *all = arg;
    for (size_t i = 0; i < all->n; i++) {
        if (all->v[i].level == level && all->v[i].index == index) {
            memcpy(hash, all->v[i].hash, HASH_SIZE);
            return 0;
        }
    }
    return TP_E_CORRUPT;
}

static void entry_of(const struct bundle_statement *s, uint8_t entry[HASH_SIZE])
{
    struct cose_sign1 sign1;
    must(cose_sign1_parse(s->raw, true, &sign1) == 0 && log_entry(&sign1, entry) == 0, "an entry");
}

static void relog(struct work *w)
{
    static struct nodes all;
    struct tree_nodes nodes = {read_node, &all};
    struct tree tree = {0};
    uint8_t entry[HASH_SIZE], hash[HASH_SIZE], root[HASH_SIZE];
    char origin[ORIGIN_MAX];
    int64_t last = 0, time_ms = 0;
    log_origin(w->authority, origin);
    for (size_t i = 0; i < w->n; i++) {
        struct bundle_item *item = &w->v[i].item;
        struct bundle_checkpoint *c = &item->as.checkpoint;
        if (item->type == BUNDLE_STATEMENT) {
            item->as.statement.index = tree.size;
            entry_of(&item->as.statement, entry);
            must(tree_leaf(bytes_of(entry, HASH_SIZE), hash) == 0 &&
                     tree_add(&tree, hash, keep_node, &all) == 0 && tree_root(&tree, root) == 0,
                 "the tree");
        } else if (item->type == BUNDLE_CHECKPOINT) {
            time_ms = time_of(c, &w->arena);
            sign_checkpoint(w, tree.size, root, time_ms, c);
            c->from_last.n = 0;
            must(!last || path_consistency(&nodes, last, tree.size, &c->from_last) == 0,
                 "a consistency proof");
            last = tree.size;
        } else if (item->type == BUNDLE_RECEIPT) {
            struct receipt r = {.origin = bytes_str(origin), .issued = time_ms / 1000, .size = last};
            struct buf out;
            r.index = item->as.receipt.index;
            entry_of(leaf(w, r.index), r.entry);
            buf_init(&out, RECEIPT_MAX);
            must(path_inclusion(&nodes, r.index, r.size, &r.path) == 0 &&
                     receipt_sign(&r, root, &w->log, &out) == 0,
                 "a receipt");
            item->as.receipt.receipt = arena_copy(&w->arena, buf_view(&out));
            buf_free(&out);
        }
    }
}

/* ---- what it does ---- */

static void drop(struct work *w)
{
    take_out(w, find(w, BUNDLE_STATEMENT, w->first));
}

static void drop_and_renumber(struct work *w)
{
    drop(w);
    for (size_t i = 0; i < w->n; i++) {
        struct bundle_item *item = &w->v[i].item;
        if (item->type == BUNDLE_STATEMENT && item->as.statement.index > w->first) {
            item->as.statement.index--;
        }
    }
}

/* A commit's gross, one cent more; signed by that key, or not at all (NULL). */
static void change_amount(struct work *w, const struct cose_key *key)
{
    struct bundle_statement *s = leaf(w, w->first);
    struct statement st;
    struct buf out;
    buf_init(&out, ENVELOPE_MAX);
    must(statement_parse(s->raw, &w->arena, &st, NULL) == 0 && st.kind == KIND_COMMIT, "not a commit");
    st.payload.commit.gross++;
    struct cose_sign1 old = st.sign1, changed;
    struct cose_key other;
    must(cose_key_generate(ALG_ESP256, &other) == 0, "a key");
    must(statement_sign(KIND_COMMIT, &st.payload, st.iss, key ? key : &other, &out, NULL, NULL) == 0,
         "signing");
    s->raw = arena_copy(&w->arena, buf_view(&out));
    if (!key) { /* the true header and signature around the changed payload */
        must(cose_sign1_parse(s->raw, true, &changed) == 0, "parsing");
        buf_reset(&out);
        enc_tag(&out, 18);
        enc_array(&out, 4);
        enc_bytes(&out, old.protected_map);
        enc_map(&out, 0);
        enc_bytes(&out, changed.payload);
        enc_bytes(&out, bytes_of(old.signature, SIGNATURE_SIZE));
        s->raw = arena_copy(&w->arena, buf_view(&out));
    }
    cose_key_free(&other);
    buf_free(&out);
}

static void amount(struct work *w)
{
    change_amount(w, NULL);
}

static void sign_as_stranger(struct work *w)
{
    struct cose_key stranger;
    must(cose_key_generate(ALG_ESP256, &stranger) == 0, "a key");
    change_amount(w, &stranger);
    cose_key_free(&stranger);
}

static void sign_again(struct work *w)
{
    struct cose_key till = {0};
    load_key(w, "tills/till1/till.key", &till);
    change_amount(w, &till);
    cose_key_free(&till);
}

static void sign_again_and_log(struct work *w)
{
    sign_again(w);
    w->relog = true;
}

static void second_tree(struct work *w)
{
    size_t at = find(w, BUNDLE_CHECKPOINT, w->first);
    struct bundle_item twin = w->v[at].item;
    struct statement st;
    must(statement_parse(twin.as.checkpoint.raw, &w->arena, &st, NULL) == 0, "a checkpoint");
    st.payload.checkpoint.root[0] ^= 1;
    sign_checkpoint(w, st.payload.checkpoint.size, st.payload.checkpoint.root,
                    st.payload.checkpoint.common.time_ms, &twin.as.checkpoint);
    put_in(w, at + 1, &twin);
}

static void twice(struct work *w)
{
    put_in(w, find(w, BUNDLE_CHECKPOINT, w->first) + 1, &w->v[find(w, BUNDLE_CHECKPOINT, w->first)].item);
}

static void shrink(struct work *w)
{
    put_in(w, find(w, BUNDLE_CHECKPOINT, w->first) + 1, &w->v[find(w, BUNDLE_CHECKPOINT, w->first - 1)].item);
}

static void foreign_checkpoint(struct work *w)
{
    struct cose_key log = w->log;
    must(cose_key_generate(ALG_ED25519, &w->log) == 0, "a key");
    w->relog = true;
    relog(w);
    w->relog = false;
    cose_key_free(&w->log);
    w->log = log;
}

static void broken_proof(struct work *w)
{
    w->v[find(w, BUNDLE_CHECKPOINT, w->first)].item.as.checkpoint.from_last.v[0][0] ^= 1;
}

/* The log's own word on a tree that ends with another leaf. */
static void other_receipt(struct work *w)
{
    struct bundle_receipt *mine = &w->v[find(w, BUNDLE_RECEIPT, 0)].item.as.receipt;
    struct receipt r;
    struct buf out;
    uint8_t leaf_hash[HASH_SIZE], root[HASH_SIZE];
    buf_init(&out, RECEIPT_MAX);
    must(receipt_parse(mine->receipt, &r) == 0 && r.path.n > 0, "a receipt");
    r.path.v[r.path.n - 1][0] ^= 1;
    must(tree_leaf(bytes_of(r.entry, HASH_SIZE), leaf_hash) == 0 &&
             path_root(&r.path, r.index, r.size, leaf_hash, root) == 0 &&
             receipt_sign(&r, root, &w->log, &out) == 0,
         "signing a receipt");
    mine->receipt = arena_copy(&w->arena, buf_view(&out));
    buf_free(&out);
}

static void misplaced_receipt(struct work *w)
{
    w->v[find(w, BUNDLE_RECEIPT, 0)].item.as.receipt.index--;
}

static void change_part(struct work *w)
{
    struct bundle_statement *s = leaf(w, w->first);
    must(s->lines.state == BUNDLE_PART_HERE, "no lines");
    uint8_t *copy = arena_take(&w->arena, 1, s->lines.content.n);
    memcpy(copy, s->lines.content.p, s->lines.content.n);
    copy[s->lines.content.n - 1] ^= 1;
    s->lines.content.p = copy;
}

static void drop_lines(struct work *w)
{
    leaf(w, w->first)->lines = (struct bundle_part){0};
}

static void drop_person(struct work *w)
{
    leaf(w, w->first)->person = (struct bundle_part){0};
}

static void claim_erased(struct work *w)
{
    leaf(w, w->first)->person =
        (struct bundle_part){.state = BUNDLE_PART_ERASED, .content = bytes_str("\x80")};
}

static void claim_withheld(struct work *w)
{
    leaf(w, w->first)->person = (struct bundle_part){.state = BUNDLE_PART_WITHHELD};
}

/* Appends a leaf under a checkpoint of its own. */
static void append(struct work *w, struct bytes raw)
{
    size_t at = find(w, BUNDLE_CHECKPOINT, w->first) + 1;
    struct bundle_item checkpoint = w->v[at - 1].item, item = {.type = BUNDLE_STATEMENT};
    item.as.statement.raw = raw;
    item.as.statement.received_ms = time_of(&checkpoint.as.checkpoint, &w->arena);
    put_in(w, at, &item);
    put_in(w, at + 1, &checkpoint);
    w->relog = true;
}

/* The keyset once more, under its old number, with a key of one's own in it. */
static void roll_back(struct work *w)
{
    struct statement st;
    struct cose_key root = {0};
    struct buf out;
    buf_init(&out, ENVELOPE_MAX);
    load_key(w, "office/root.key", &root);
    must(statement_parse(leaf(w, 0)->raw, &w->arena, &st, NULL) == 0 && st.kind == KIND_KEYSET, "no keyset");
    st.payload.keyset.merchant = bytes_str("Somebody else");
    must(statement_sign(KIND_KEYSET, &st.payload, st.iss, &root, &out, NULL, NULL) == 0, "signing");
    append(w, arena_copy(&w->arena, buf_view(&out)));
    cose_key_free(&root);
    buf_free(&out);
}

/* The till's next record: a close that counts all of its records, one cent too much (`second` 1) or not (0).
 */
static void close_day(struct work *w)
{
    struct close_sum sum = {.currency = bytes_str("EUR")};
    struct close c = {.first = {1, 1}, .sums = {&sum, 1}};
    struct cose_key till = {0};
    struct buf out;
    for (size_t i = 0; i < w->n; i++) {
        struct statement st;
        if (w->v[i].item.type != BUNDLE_STATEMENT) {
            continue;
        }
        must(statement_parse(w->v[i].item.as.statement.raw, &w->arena, &st, NULL) == 0, "parsing");
        if (!bytes_is(st.iss, "till1") || (st.kind != KIND_COMMIT && st.kind != KIND_REVERSE)) {
            continue;
        }
        const struct commit *m = &st.payload.commit;
        const struct reverse *r = &st.payload.reverse;
        bool sold = st.kind == KIND_COMMIT;
        c.common = m->common;
        c.chain = m->chain;
        memcpy(c.chain.prev, st.d, HASH_SIZE);
        sum.sales += sold;
        sum.returns += !sold;
        sum.gross += sold ? m->gross : -r->gross;
        sum.discount += sold ? m->discount : -r->discount;
        sum.net += sold ? m->net : -r->net;
        sum.tax += sold ? m->tax : -r->tax;
        sum.due += sold ? m->due : -r->due;
    }
    c.last = (struct record_place){1, c.chain.seq};
    c.chain.seq++;
    sum.due += w->second;
    buf_init(&out, ENVELOPE_MAX);
    load_key(w, "tills/till1/till.key", &till);
    must(statement_sign(KIND_CLOSE, &c, bytes_str("till1"), &till, &out, NULL, NULL) == 0, "signing");
    append(w, arena_copy(&w->arena, buf_view(&out)));
    cose_key_free(&till);
    buf_free(&out);
}

/* Contents change their places, places stay. */
static void swap(struct work *w)
{
    struct bundle_statement *a = leaf(w, w->first), *b = leaf(w, w->second), was = *a;
    *a = *b;
    *b = was;
    b->index = a->index;
    a->index = was.index;
}

static void swap_whole(struct work *w)
{
    size_t a = find(w, BUNDLE_STATEMENT, w->first), b = find(w, BUNDLE_STATEMENT, w->second);
    struct thing was = w->v[a];
    w->v[a] = w->v[b];
    w->v[b] = was;
}

static void repeat(struct work *w)
{
    struct bundle_item item = w->v[find(w, BUNDLE_STATEMENT, w->first)].item;
    item.as.statement.index = w->second;
    put_in(w, find(w, BUNDLE_STATEMENT, w->second - 1) + 1, &item);
}

static void change_figure(struct work *w)
{
    for (size_t i = 0; i < w->n; i++) {
        struct bundle_item *item = &w->v[i].item;
        if (item->type == BUNDLE_FIGURE && item->as.figure.n > 5 &&
            memcmp(item->as.figure.p, "sale|", 5) == 0) {
            uint8_t *copy = arena_take(&w->arena, 1, item->as.figure.n);
            memcpy(copy, item->as.figure.p, item->as.figure.n);
            copy[item->as.figure.n - 3] ^= 1; /* the last digit of its cashback */
            item->as.figure.p = copy;
            return;
        }
    }
    must(false, "no sale");
}

static void drop_figure(struct work *w)
{
    take_out(w, find(w, BUNDLE_FIGURE, 0));
}

static void out_of_order(struct work *w)
{
    struct thing was = w->v[1];
    w->v[1] = w->v[w->n - 2];
    w->v[w->n - 2] = was;
}

static void wrong_end(struct work *w)
{
    w->plain = true;
    w->v[w->n - 1].item.as.end.receipts += w->first;
}

static void nothing(struct work *w)
{
    w->relog = w->first > 0;
}

static const struct {
    const char *name;
    void (*run)(struct work *w);
} ops[] = {
    {"nothing", nothing},
    {"drop", drop},
    {"drop-and-renumber", drop_and_renumber},
    {"amount", amount},
    {"sign-as-stranger", sign_as_stranger},
    {"sign-again", sign_again},
    {"sign-again-and-log", sign_again_and_log},
    {"second-tree", second_tree},
    {"twice", twice},
    {"shrink", shrink},
    {"foreign-checkpoint", foreign_checkpoint},
    {"broken-proof", broken_proof},
    {"other-receipt", other_receipt},
    {"misplaced-receipt", misplaced_receipt},
    {"change-part", change_part},
    {"drop-lines", drop_lines},
    {"drop-person", drop_person},
    {"claim-erased", claim_erased},
    {"claim-withheld", claim_withheld},
    {"roll-back", roll_back},
    {"close", close_day},
    {"swap", swap},
    {"swap-whole", swap_whole},
    {"repeat", repeat},
    {"change-figure", change_figure},
    {"drop-figure", drop_figure},
    {"out-of-order", out_of_order},
    {"wrong-end", wrong_end},
};

int main(int argc, char **argv)
{
    static struct work w;
    must(argc >= 5, "doctor OP BUNDLE OUT SHOP [N [M]]");
    w.shop = argv[4];
    w.first = argc > 5 ? atoll(argv[5]) : 0;
    w.second = argc > 6 ? atoll(argv[6]) : 0;
    arena_init(&w.arena, (size_t)256 * 1024 * 1024);
    load_key(&w, "authority/log.key", &w.log);
    read_bundle(&w, argv[2]);
    size_t i = 0;
    while (i < sizeof ops / sizeof ops[0] && strcmp(ops[i].name, argv[1]) != 0) {
        i++;
    }
    must(i < sizeof ops / sizeof ops[0], "no such op");
    ops[i].run(&w);
    if (w.relog) {
        relog(&w);
    }
    write_bundle(&w, argv[3]);
    for (size_t k = 0; k < w.kept_count; k++) {
        buf_free(&w.kept[k]);
    }
    cose_key_free(&w.log);
    arena_reset(&w.arena);
    return 0;
}
