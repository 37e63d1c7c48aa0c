/*
 * The Merkle tree of RFC 9162, section 2.1, over leaves that are only ever added. Its head is kept as a
 * compact range: the roots of the perfect subtrees that the size's binary digits name, so that a leaf costs
 * O(log n) and the tree itself is never held. Pure; any thread.
 */
#ifndef PROOF_TREE_H
#define PROOF_TREE_H

#include "base/bytes.h"
#include "base/code.h"
#include "base/id.h"

enum { TREE_LEVELS = 62 };
#define TREE_SIZE_MAX (INT64_C(1) << TREE_LEVELS)

/* SHA-256(0x00, entry): the hash of a leaf whose content is `entry`. 0, TP_E_CRYPTO, TP_E_MEMORY. */
int tree_leaf(struct bytes entry, uint8_t out[HASH_SIZE]);
/* SHA-256(0x01, left, right). out may be left or right. 0 or TP_E_CRYPTO. */
int tree_node(const uint8_t left[HASH_SIZE], const uint8_t right[HASH_SIZE], uint8_t out[HASH_SIZE]);

/* A tree's head. All zero is the empty tree. */
struct tree {
    int64_t size; /* leaves */
    uint8_t peak[TREE_LEVELS + 1]
                [HASH_SIZE]; /* the perfect subtrees, largest first: one for each 1 in size */
    size_t peaks;
};

/* Told of each node when it is complete: `level` 0 are leaves, and node (l, i) covers leaves i*2^l up to
 * (i+1)*2^l - 1. Nonzero ends the adding and is returned. */
typedef int tree_told(void *arg, int level, int64_t index, const uint8_t hash[HASH_SIZE]);

/* Adds the leaf with this hash; told may be NULL. 0, TP_E_STATE (the tree is full), TP_E_CRYPTO, or what told
 * returned: then the tree is not to be used any more. */
int tree_add(struct tree *t, const uint8_t leaf[HASH_SIZE], tree_told *told, void *arg);
/* The root; of the empty tree SHA-256 of nothing. 0 or TP_E_CRYPTO. */
int tree_root(const struct tree *t, uint8_t root[HASH_SIZE]);

/* Where complete nodes are read from: 0 and the hash, or an error that is passed on. */
struct tree_nodes {
    int (*read)(void *arg, int level, int64_t index, uint8_t hash[HASH_SIZE]);
    void *arg;
};
/* The head of the first `size` leaves, from their nodes. 0, TP_E_ARGUMENT, or what read said. */
int tree_at(const struct tree_nodes *nodes, int64_t size, struct tree *out);

#endif
