#include "proof/path.h"

/* The level of the largest perfect subtree that is smaller than n leaves: k = 2^level < n <= 2k. n is 2 or
 * more. */
static int split_level(int64_t n)
{
    return 63 - __builtin_clzll((unsigned long long)(n - 1));
}

/* MTH of leaves lo..hi-1, where lo is where a subtree of that size may begin. */
static int range_hash(const struct tree_nodes *nodes, int64_t lo, int64_t hi, uint8_t out[HASH_SIZE])
{
    struct tree part = {.size = hi - lo};
    int rc = 0;
    for (int level = TREE_LEVELS; level >= 0 && rc == 0; level--) {
        if (part.size >> level & 1) {
            rc = nodes->read(nodes->arg, level, lo >> level, part.peak[part.peaks++]);
            lo += INT64_C(1) << level;
        }
    }
    return rc ? rc : tree_root(&part, out);
}

static int push(const struct tree_nodes *nodes, int64_t lo, int64_t hi, struct path *out)
{
    return range_hash(nodes, lo, hi, out->v[out->n++]);
}

/* The descent from the root finds the hashes in the other order. */
static void turn(struct path *p)
{
    for (size_t i = 0; i < p->n / 2; i++) {
        uint8_t hash[HASH_SIZE];
        memcpy(hash, p->v[i], HASH_SIZE);
        memcpy(p->v[i], p->v[p->n - 1 - i], HASH_SIZE);
        memcpy(p->v[p->n - 1 - i], hash, HASH_SIZE);
    }
}

int path_inclusion(const struct tree_nodes *nodes, int64_t index, int64_t size, struct path *out)
{
    int64_t lo = 0, hi = size;
    int rc = 0;
    if (index < 0 || index >= size || size > TREE_SIZE_MAX) {
        return TP_E_ARGUMENT;
    }
    out->n = 0;
    while (hi - lo > 1 && rc == 0) {
        int64_t middle = lo + (INT64_C(1) << split_level(hi - lo));
        if (index < middle) {
            rc = push(nodes, middle, hi, out);
            hi = middle;
        } else {
            rc = push(nodes, lo, middle, out);
            lo = middle;
        }
    }
    turn(out);
    return rc;
}

int path_consistency(const struct tree_nodes *nodes, int64_t size1, int64_t size2, struct path *out)
{
    int64_t lo = 0, hi = size2;
    int rc = 0;
    if (size1 < 1 || size1 > size2 || size2 > TREE_SIZE_MAX) {
        return TP_E_ARGUMENT;
    }
    out->n = 0;
    while (size1 != hi && rc == 0) {
        int64_t middle = lo + (INT64_C(1) << split_level(hi - lo));
        if (size1 <= middle) {
            rc = push(nodes, middle, hi, out);
            hi = middle;
        } else {
            rc = push(nodes, lo, middle, out);
            lo = middle;
        }
    }
    if (rc == 0 && lo > 0) {
        rc = push(nodes, lo, hi,
                  out); /* the old tree is no whole subtree of the new one: its last part is told */
    }
    turn(out);
    return rc;
}

/* ---- checking ---- */

/* fn and sn of the standard: the places of the node at hand and of the last node, in their level. */
struct place {
    int64_t fn, sn;
};

/* True when the next hash stands at the left; moves up to the level above it. */
static bool from_left(struct place *at)
{
    bool left = (at->fn & 1) || at->fn == at->sn;
    while (left && !(at->fn & 1) && at->fn != 0) {
        at->fn >>= 1;
        at->sn >>= 1;
    }
    at->fn >>= 1;
    at->sn >>= 1;
    return left;
}

int path_root(const struct path *path, int64_t index, int64_t size, const uint8_t leaf[HASH_SIZE],
              uint8_t root[HASH_SIZE])
{
    struct place at = {index, size - 1};
    uint8_t r[HASH_SIZE];
    int rc = 0;
    if (index < 0 || index >= size || path->n > PATH_MAX_HASHES) {
        return TP_E_UNTRUSTED;
    }
    memcpy(r, leaf, HASH_SIZE);
    for (size_t i = 0; i < path->n && rc == 0; i++) {
        if (at.sn == 0) {
            return TP_E_UNTRUSTED;
        }
        rc = from_left(&at) ? tree_node(path->v[i], r, r) : tree_node(r, path->v[i], r);
    }
    if (rc || at.sn != 0) {
        return rc ? rc : TP_E_UNTRUSTED;
    }
    memcpy(root, r, HASH_SIZE);
    return 0;
}

int path_check_inclusion(const struct path *path, int64_t index, int64_t size, const uint8_t leaf[HASH_SIZE],
                         const uint8_t root[HASH_SIZE])
{
    uint8_t r[HASH_SIZE];
    int rc = path_root(path, index, size, leaf, r);
    return rc ? rc : memcmp(r, root, HASH_SIZE) == 0 ? 0 : TP_E_UNTRUSTED;
}

/* Both roots from one walk: of the old tree (*fr) and of the new one (*sr), which begin at the same hash. */
static int walk(const struct path *path, size_t from, struct place *at, uint8_t fr[HASH_SIZE],
                uint8_t sr[HASH_SIZE])
{
    int rc = 0;
    for (size_t i = from; i < path->n && rc == 0; i++) {
        if (at->sn == 0) {
            return TP_E_UNTRUSTED;
        }
        if (from_left(at)) {
            rc = tree_node(path->v[i], fr, fr);
            rc = rc ? rc : tree_node(path->v[i], sr, sr);
        } else {
            rc = tree_node(sr, path->v[i], sr);
        }
    }
    return rc;
}

int path_check_consistency(const struct path *path, int64_t size1, int64_t size2,
                           const uint8_t root1[HASH_SIZE], const uint8_t root2[HASH_SIZE])
{
    uint8_t fr[HASH_SIZE], sr[HASH_SIZE];
    if (size1 < 1 || size1 > size2 || path->n > PATH_MAX_HASHES) {
        return TP_E_UNTRUSTED;
    }
    if (size1 == size2) {
        return path->n == 0 && memcmp(root1, root2, HASH_SIZE) == 0 ? 0 : TP_E_UNTRUSTED;
    }
    bool whole =
        (size1 & (size1 - 1)) == 0; /* the old root is a node of the new tree, and is not told again */
    if (!whole && path->n == 0) {
        return TP_E_UNTRUSTED;
    }
    struct place at = {size1 - 1, size2 - 1};
    while (at.fn & 1) {
        at.fn >>= 1;
        at.sn >>= 1;
    }
    memcpy(fr, whole ? root1 : path->v[0], HASH_SIZE);
    memcpy(sr, fr, HASH_SIZE);
    int rc = walk(path, whole ? 0 : 1, &at, fr, sr);
    if (rc) {
        return rc;
    }
    return at.sn == 0 && memcmp(fr, root1, HASH_SIZE) == 0 && memcmp(sr, root2, HASH_SIZE) == 0
               ? 0
               : TP_E_UNTRUSTED;
}
