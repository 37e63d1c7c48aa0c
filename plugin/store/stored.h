/* Inside the store: a statement with its parts, read in one order. */
#ifndef STORE_STORED_H
#define STORE_STORED_H

#include "store/sql.h"

#define STORED_COLUMNS "s.n, s.kind, s.d, s.received_ms, s.raw, l.content, p.content"
/* After `statement s`. */
#define STORED_JOINS                                                                                         \
    "LEFT JOIN part l ON l.merchant = s.merchant AND l.d = s.d AND l.which = 1 "                             \
    "LEFT JOIN part p ON p.merchant = s.merchant AND p.d = s.d AND p.which = 2 "
/* Where it is asked for, the last column. */
#define RESIDUE_COLUMN "e.residue"
#define RESIDUE_JOIN   "LEFT JOIN erased e ON e.merchant = s.merchant AND e.d = s.d "

/* Of the kinds ?2 to ?5. */
#define NEWEST_OF(kind) "(SELECT coalesce(max(n), 0) FROM statement WHERE merchant = ?1 AND kind = " kind ")"
#define NEWEST_COLUMNS  NEWEST_OF("?2") ", " NEWEST_OF("?3") ", " NEWEST_OF("?4") ", " NEWEST_OF("?5")

/* TP_E_CORRUPT: a kind that this version does not know. */
int read_stored(struct store *s, struct rows *st, int from, struct stored *row);

#endif
