/* The log of what was accepted, what others read of it, and whose turn it is to sequence it. */
#ifndef STORE_LOG_H
#define STORE_LOG_H

#include "store/store.h"

/* A statement that was accepted in this transaction waits for its leaf. */
int store_leaf_wait(struct store *s, const uint8_t d[HASH_SIZE]);
/* How many wait, counted up to `limit`. */
int store_leaves_waiting(struct store *s, int64_t limit, int64_t *count);

struct waiting_leaf {
    int64_t n; /* its place in the queue */
    uint8_t d[HASH_SIZE];
    struct bytes raw; /* the statement; absent when it is not kept */
};
/* The first `limit` that wait, in order. */
int store_each_waiting(struct store *s, int64_t limit, int (*fn)(void *arg, const struct waiting_leaf *row),
                       void *arg);
/* They have their leaves, up to that place. */
int store_waiting_drop(struct store *s, int64_t up_to);

struct leaf_row {
    int64_t index; /* from 0 */
    uint8_t d[HASH_SIZE], entry[HASH_SIZE];
};
int store_leaf_put(struct store *s, const struct leaf_row *row); /* TP_E_EXISTS: the index or D is taken */
int store_leaf_count(struct store *s, int64_t *count);           /* one above the highest index */
int store_leaf(struct store *s, const uint8_t d[HASH_SIZE], struct leaf_row *row); /* STORE_NOT_FOUND */
/* Leaves from index `from` on, in order, each with its statement (absent when it is not kept). */
int store_leaves(struct store *s, int64_t from,
                 int (*fn)(void *arg, const struct leaf_row *row, struct bytes raw), void *arg);
/* The first statement that has no leaf and does not wait for one. STORE_NOT_FOUND: there is none. */
int store_unlogged(struct store *s, uint8_t d[HASH_SIZE]);

/* A complete node of the tree: level 0 are leaves. */
int store_node_put(struct store *s, int level, int64_t index, const uint8_t hash[HASH_SIZE]);
int store_node(struct store *s, int level, int64_t index, uint8_t hash[HASH_SIZE]); /* STORE_NOT_FOUND */
/* The same for whoever reads the tree of the log that is here (struct tree_nodes): s is the store, and a node
 * that is missing is TP_E_CORRUPT. */
int store_log_node(void *s, int level, int64_t index, uint8_t hash[HASH_SIZE]);

struct checkpoint_row {
    int64_t size, time_ms;
    uint8_t root[HASH_SIZE];
    struct bytes raw, note; /* the statement, and the same as a signed note */
};
int store_checkpoint_put(struct store *s, const struct checkpoint_row *row);
/* Those of from_size or more leaves, by size. */
int store_checkpoints(struct store *s, int64_t from_size, int64_t limit,
                      int (*fn)(void *arg, const struct checkpoint_row *row), void *arg);
/* The largest, without raw and note. STORE_NOT_FOUND. */
int store_checkpoint_last(struct store *s, struct checkpoint_row *row);

/* ---- what others read of the log ---- */

/* Nodes of one level from index `from` on, in order, at most `limit`; a nonzero return of fn ends it and is
 * returned. */
int store_nodes(struct store *s, int level, int64_t from, int64_t limit,
                int (*fn)(void *arg, int64_t index, const uint8_t hash[HASH_SIZE]), void *arg);
/* Leaves likewise, without their statements. */
int store_entries(struct store *s, int64_t from, int64_t limit,
                  int (*fn)(void *arg, const struct leaf_row *row), void *arg);
/* Statements in the order of the log, from leaf `from` on, each with its leaf's index. */
int store_log_page(struct store *s, int64_t from, int64_t limit,
                   int (*fn)(void *arg, int64_t index, const struct stored *row), void *arg);

/* The note of the checkpoint of that size becomes `after`, in which so many witnesses' lines stand. TP_E_BUSY
 * when it is not `before` any more. */
int store_checkpoint_note(struct store *s, int64_t size, struct bytes before, struct bytes after,
                          int64_t witnesses);
/* The largest checkpoint that a witness signed. STORE_NOT_FOUND. */
int store_witnessed_last(struct store *s, int64_t *size);

/* Whose turn it is to sequence the log, until when, and how often that was written. All zero: nobody's yet.
 */
struct turn_row {
    uint8_t owner[ID_SIZE];
    int64_t fence, until_ms;
};
/*
 * Takes or renews the turn when it is the owner's own or has ended by now_ms; *row is how it stands then. In
 * the transaction that adds the leaves: whoever was passed over meanwhile finds that out before it adds any,
 * so clocks decide who works, and never whether the log is right.
 */
int store_sequencer_take(struct store *s, const uint8_t owner[ID_SIZE], int64_t now_ms, int64_t ttl_ms,
                         struct turn_row *row, bool *mine);
/* Takes it from whoever has it, if it was not renewed since `fence` was read. */
int store_sequencer_seize(struct store *s, const uint8_t owner[ID_SIZE], int64_t fence, int64_t until_ms);
/* Its owner ends it; another's stays. */
int store_sequencer_leave(struct store *s, const uint8_t owner[ID_SIZE]);
/* How many leaves wait, counted up to `limit`, and when the first of them was accepted; NONE: none. */
int store_log_lag(struct store *s, int64_t limit, int64_t *waiting, int64_t *oldest_ms);

#endif
