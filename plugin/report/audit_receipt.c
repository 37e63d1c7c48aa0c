/* Receipts: what the log said of single leaves, held against the one tree. */
#include "report/audit_internal.h"
#include "store/evidence.h"

#include "wire/cbor.h"

enum { LABEL_RECEIPTS = 394 };

static int read_node(void *arg, int level, int64_t index, uint8_t hash[HASH_SIZE])
{
    return store_node(arg, level, index, hash);
}

int audit_root_at(struct store *s, int64_t size, uint8_t root[HASH_SIZE])
{
    struct tree_nodes nodes = {read_node, s};
    struct tree tree;
    int rc = tree_at(&nodes, size, &tree);
    return rc ? rc : tree_root(&tree, root);
}

/* Which of the log's keys signed it: its own kid is among what was signed, so each is tried. */
static int signed_by_log(const struct audit *a, const struct leaf_row *leaf, struct bytes in,
                         struct receipt *r, uint8_t root[HASH_SIZE])
{
    for (size_t i = 0; i < a->key_count; i++) {
        const struct audit_key *k = &a->keys[i];
        int rc = k->purpose == PURPOSE_LOG
                     ? receipt_check(in, leaf->entry, bytes_str(a->origin), &k->key, r, root)
                     : TP_E_UNTRUSTED;
        if (rc != TP_E_UNTRUSTED) {
            return rc;
        }
    }
    return TP_E_UNTRUSTED;
}

int audit_receipt(struct audit *a, struct store *s, const struct leaf_row *leaf, struct bytes receipt)
{
    struct receipt r;
    uint8_t said[HASH_SIZE], root[HASH_SIZE];
    long long index = (long long)leaf->index;
    int rc = signed_by_log(a, leaf, receipt, &r, said);
    a->receipts++;
    if (rc == TP_E_MALFORMED) {
        return audit_false(a, "the receipt of leaf %lld is none", index);
    }
    if (rc == TP_E_UNTRUSTED) {
        return audit_false(a, "the receipt of leaf %lld: no log key signed that for its statement", index);
    }
    if (rc) {
        return rc;
    }
    if (r.index != leaf->index) {
        return audit_false(a, "the receipt of leaf %lld is for leaf %lld", index, (long long)r.index);
    }
    rc = r.size > a->leaves ? STORE_NOT_FOUND : audit_root_at(s, r.size, root);
    if (rc == STORE_NOT_FOUND || (rc == 0 && memcmp(root, said, HASH_SIZE) != 0)) {
        return audit_false(a, "the receipt of leaf %lld is of another tree of %lld leaves", index,
                           (long long)r.size);
    }
    return rc;
}

struct carried {
    struct audit *a;
    struct store *s;
};

static int each_carrier(void *arg, const struct leaf_row *leaf, const struct stored *row)
{
    const struct carried *c = arg;
    struct cose_sign1 sign1;
    struct bytes receipt;
    struct dec d;
    int64_t label;
    size_t n;
    if (cose_sign1_parse(row->raw, true, &sign1)) {
        return TP_E_CORRUPT; /* the log was walked before */
    }
    dec_init(&d, sign1.unprotected);
    if (dec_map(&d, &n) || n == 0) {
        return 0;
    }
    if (dec_int(&d, &label) || label != LABEL_RECEIPTS || dec_array(&d, &n)) {
        return TP_E_CORRUPT;
    }
    int rc = 0;
    for (size_t i = 0; i < n && rc == 0; i++) {
        rc = dec_bytes(&d, &receipt) ? TP_E_CORRUPT : audit_receipt(c->a, c->s, leaf, receipt);
    }
    return rc;
}

int audit_carried(struct audit *a, struct store *s)
{
    struct carried c = {a, s};
    return store_logged(s, each_carrier, &c);
}
