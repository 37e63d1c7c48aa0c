#include "proof/tree.h"

#include "wire/hash.h"

enum { ENTRY_MAX = 1 << 20 };

int tree_leaf(struct bytes entry, uint8_t out[HASH_SIZE])
{
    struct buf b;
    buf_init(&b, ENTRY_MAX);
    buf_putc(&b, 0x00);
    buf_put(&b, entry.p, entry.n);
    int rc = b.failed ? TP_E_MEMORY : sha256(buf_view(&b), out);
    buf_free(&b);
    return rc;
}

int tree_node(const uint8_t left[HASH_SIZE], const uint8_t right[HASH_SIZE], uint8_t out[HASH_SIZE])
{
    uint8_t both[1 + 2 * HASH_SIZE] = {0x01};
    memcpy(both + 1, left, HASH_SIZE);
    memcpy(both + 1 + HASH_SIZE, right, HASH_SIZE);
    return sha256(bytes_of(both, sizeof both), out);
}

/* Two subtrees of one size become the next larger one, as a carry runs through the size's digits. */
int tree_add(struct tree *t, const uint8_t leaf[HASH_SIZE], tree_told *told, void *arg)
{
    if (t->size >= TREE_SIZE_MAX) {
        return TP_E_STATE;
    }
    uint8_t hash[HASH_SIZE];
    memcpy(hash, leaf, HASH_SIZE);
    int rc = told ? told(arg, 0, t->size, hash) : 0;
    int64_t index = t->size;
    for (int level = 1; rc == 0 && (index & 1); level++) {
        index >>= 1;
        rc = tree_node(t->peak[--t->peaks], hash, hash);
        if (rc == 0 && told) {
            rc = told(arg, level, index, hash);
        }
    }
    if (rc == 0) {
        memcpy(t->peak[t->peaks++], hash, HASH_SIZE);
        t->size++;
    }
    return rc;
}

int tree_root(const struct tree *t, uint8_t root[HASH_SIZE])
{
    if (t->peaks == 0) {
        return sha256(bytes_of("", 0), root);
    }
    uint8_t hash[HASH_SIZE];
    memcpy(hash, t->peak[t->peaks - 1], HASH_SIZE);
    int rc = 0;
    for (size_t i = t->peaks - 1; i > 0 && rc == 0; i--) {
        rc = tree_node(t->peak[i - 1], hash, hash);
    }
    if (rc == 0) {
        memcpy(root, hash, HASH_SIZE);
    }
    return rc;
}

int tree_at(const struct tree_nodes *nodes, int64_t size, struct tree *out)
{
    if (size < 0 || size > TREE_SIZE_MAX) {
        return TP_E_ARGUMENT;
    }
    int rc = 0;
    int64_t at = 0;
    *out = (struct tree){.size = size};
    for (int level = TREE_LEVELS; level >= 0 && rc == 0; level--) {
        if (size >> level & 1) {
            rc = nodes->read(nodes->arg, level, at >> level, out->peak[out->peaks++]);
            at += INT64_C(1) << level;
        }
    }
    return rc;
}
