#include "forest.h"

#include "support/cm.h"

#include <stdio.h>

void forest_mth(const struct forest *f, int64_t lo, int64_t hi, uint8_t out[HASH_SIZE])
{
    int64_t k = 1;
    if (hi == lo) {
        assert_int_equal(sha256(bytes_of("", 0), out), 0);
        return;
    }
    if (hi - lo == 1) {
        memcpy(out, f->leaf[lo], HASH_SIZE);
        return;
    }
    while (2 * k < hi - lo) {
        k *= 2;
    }
    uint8_t both[65] = {1};
    forest_mth(f, lo, lo + k, both + 1);
    forest_mth(f, lo + k, hi, both + 33);
    assert_int_equal(sha256(bytes_of(both, sizeof both), out), 0);
}

static int keep(void *arg, int level, int64_t index, const uint8_t hash[HASH_SIZE])
{
    struct forest *f = arg;
    assert_true(level < 12 && index < FOREST && !f->told[level][index]);
    f->told[level][index] = true;
    memcpy(f->node[level][index], hash, HASH_SIZE);
    return 0;
}

void forest_grow(struct forest *f, int64_t size)
{
    while (f->tree.size < size) {
        char entry[32];
        int n = snprintf(entry, sizeof entry, "leaf %d", (int)f->tree.size);
        uint8_t leaf[HASH_SIZE], content[40] = {0};
        memcpy(content + 1, entry, (size_t)n);
        assert_int_equal(sha256(bytes_of(content, (size_t)n + 1), f->leaf[f->tree.size]), 0);
        assert_int_equal(tree_leaf(bytes_of(entry, (size_t)n), leaf), 0);
        assert_memory_equal(leaf, f->leaf[f->tree.size], HASH_SIZE);
        assert_int_equal(tree_add(&f->tree, leaf, keep, f), 0);
    }
}

static int read_node(void *arg, int level, int64_t index, uint8_t hash[HASH_SIZE])
{
    struct forest *f = arg;
    if (level >= 12 || index >= FOREST || !f->told[level][index]) {
        return TP_E_CORRUPT;
    }
    memcpy(hash, f->node[level][index], HASH_SIZE);
    return 0;
}

struct tree_nodes forest_nodes(struct forest *f)
{
    return (struct tree_nodes){read_node, f};
}
