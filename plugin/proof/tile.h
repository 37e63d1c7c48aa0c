/*
 * The tree as tiles of 256 hashes and the entries as bundles (C2SP tlog-tiles), and the paths under which
 * they are served. A tile of level L holds the tree's nodes of level 8 L. Pure but for the caller's reader;
 * any thread.
 */
#ifndef PROOF_TILE_H
#define PROOF_TILE_H

#include "proof/tree.h"

enum { TILE_WIDTH = 256, TILE_LEVELS = 7, TILE_ENTRIES = -1, TILE_PATH_MAX = 64 };

struct tile {
    int level; /* from 0; TILE_ENTRIES for a bundle of entries */
    int64_t number;
    int width; /* 1 to TILE_WIDTH hashes or entries; less is a partial one */
};

/* "tile/0/x001/x234/067", "tile/entries/000.p/17". 0, or TP_E_ARGUMENT for a tile that cannot be. */
int tile_path(const struct tile *t, char out[TILE_PATH_MAX]);
/* Reads such a path: exactly what tile_path gives. 0 or TP_E_MALFORMED. */
int tile_path_parse(struct bytes path, struct tile *out);
/* How many hashes or entries the tile has in a tree of `size` leaves: 0 to TILE_WIDTH. */
int tile_width(int level, int64_t number, int64_t size);
/* Appends its hashes. 0, TP_E_ARGUMENT (a bundle of entries, or no such tile), TP_E_MEMORY, or what the
 * reader said. */
int tile_hashes(const struct tile *t, const struct tree_nodes *nodes, struct buf *out);
/* Appends one entry of a bundle: its length in two bytes, and the entry. TP_E_MEMORY beyond 65535 bytes. */
int tile_entry(struct bytes entry, struct buf *out);

#endif
