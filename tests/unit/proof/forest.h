/* Trees whose hashes come from the standard's recursive definition alone: a second way to every root. */
#ifndef TESTS_UNIT_PROOF_FOREST_H
#define TESTS_UNIT_PROOF_FOREST_H

#include "proof/tree.h"
#include "wire/hash.h"

enum { FOREST = 600 };

struct forest {
    uint8_t leaf[FOREST][HASH_SIZE];
    uint8_t node[12][FOREST][HASH_SIZE]; /* as tree_add told of them */
    bool told[12][FOREST];
    struct tree tree;
};

/* MTH(D[lo:hi]) of RFC 9162, section 2.1.1, word for word. */
void forest_mth(const struct forest *f, int64_t lo, int64_t hi, uint8_t out[HASH_SIZE]);
/* Adds leaves up to `size`; leaf i is the hash of the entry "leaf i". */
void forest_grow(struct forest *f, int64_t size);
struct tree_nodes forest_nodes(struct forest *f);

#endif
