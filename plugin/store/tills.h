/* Inside the store: the columns of tills and their enrolments, read in one order. */
#ifndef STORE_TILLS_H
#define STORE_TILLS_H

#include "store/sql.h"

#define TILL_COLUMNS   "l.name, l.store, l.epoch, l.terminal, l.head_epoch, l.head_seq, l.head_d, l.quarantined"
#define TENURE_COLUMNS "t.till, t.epoch, t.from_ms, t.until_ms, t.state, t.from_seq, t.terminal"
enum { TILL_COLUMN_COUNT = 8 };

void read_till(struct rows *st, struct till_row *row);
void read_tenure(struct rows *st, int from, struct tenure_row *row);

#endif
