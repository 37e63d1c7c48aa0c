/* What an audit looks at, in one snapshot with store_read. */
#ifndef STORE_EVIDENCE_H
#define STORE_EVIDENCE_H

#include "store/log.h"

enum { FIGURE_MAX = 8192 }; /* bytes of a line of store_figures */

/* Every leaf in order, with its statement; raw absent: it is not kept. */
int store_logged(struct store *s, int (*fn)(void *arg, const struct leaf_row *leaf, const struct stored *row),
                 void *arg);
/* The statements that wait for their leaves, in order. */
int store_unlogged_each(struct store *s, int (*fn)(void *arg, const struct stored *row), void *arg);
/* The last record of each till in each epoch, by (till, epoch). */
int store_heads(struct store *s, int (*fn)(void *arg, const struct record_row *row), void *arg);
/* The figures that reports are made of, a row at a time as text, by table and in order: nothing of a person.
 * `line` has no end of line and begins with the table's name; PROTOCOL, "A bundle". */
int store_figures(struct store *s, int (*fn)(void *arg, struct bytes line), void *arg);

/* Records by (till, epoch, seq, d), each with its statement (absent when it is not kept). */
int store_records(struct store *s, int (*fn)(void *arg, const struct record_row *row, struct bytes raw),
                  void *arg);
/* All records that are or were disputed, decided or not, by (till, epoch, seq, d). */
int store_disputes(struct store *s, int (*fn)(void *arg, const struct record_row *row, struct bytes raw),
                   void *arg);

#endif
