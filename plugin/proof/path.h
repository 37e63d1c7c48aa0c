/*
 * Inclusion and consistency proofs of RFC 9162: made from a tree's complete nodes, and checked without any.
 * Pure but for the caller's reader of nodes; any thread.
 */
#ifndef PROOF_PATH_H
#define PROOF_PATH_H

#include "proof/tree.h"

enum { PATH_MAX_HASHES = TREE_LEVELS + 2 };

/* Hashes in the order in which the standard has them: from the leaf up. */
struct path {
    size_t n;
    uint8_t v[PATH_MAX_HASHES][HASH_SIZE];
};

/* That leaf `index` is in the tree of `size` leaves (section 2.1.3.1). 0, TP_E_ARGUMENT unless 0 <= index <
 * size, or what the reader said. */
int path_inclusion(const struct tree_nodes *nodes, int64_t index, int64_t size, struct path *out);
/* That the tree of size2 begins with that of size1 (section 2.1.4.1). 0, TP_E_ARGUMENT unless 0 < size1 <=
 * size2, or what the reader said. */
int path_consistency(const struct tree_nodes *nodes, int64_t size1, int64_t size2, struct path *out);

/* The root that the leaf's hash and the path give (section 2.1.3.2). 0, or TP_E_UNTRUSTED when no tree of
 * that size has such a path; whether it is the root that was signed is the caller's to see. TP_E_CRYPTO. */
int path_root(const struct path *path, int64_t index, int64_t size, const uint8_t leaf[HASH_SIZE],
              uint8_t root[HASH_SIZE]);
/* The same, against a root. 0, TP_E_UNTRUSTED, TP_E_CRYPTO. */
int path_check_inclusion(const struct path *path, int64_t index, int64_t size, const uint8_t leaf[HASH_SIZE],
                         const uint8_t root[HASH_SIZE]);
/* Section 2.1.4.2. An empty tree is a beginning of every tree and proves nothing: size1 0 is refused. 0,
 * TP_E_UNTRUSTED, TP_E_CRYPTO. */
int path_check_consistency(const struct path *path, int64_t size1, int64_t size2,
                           const uint8_t root1[HASH_SIZE], const uint8_t root2[HASH_SIZE]);

#endif
