/* The tables that reports read, against what the kept statements make of them. */
#ifndef CLI_AUDIT_TABLES_H
#define CLI_AUDIT_TABLES_H

#include "report/audit.h"
#include "shop/shop.h"

/*
 * s is open on the copy of a shop's database at path `copy`. Its tables are written to a file in `dir`, made
 * anew from its statements, written again, and compared line by line, so that memory does not grow with them.
 * 0; AUDIT_FALSE with the first row that differs in `wrong`; or a fault.
 */
int audit_tables(const struct shop *shop, const char *dir, const char *copy, struct store *s,
                 char wrong[AUDIT_TEXT], struct err *e);

/*
 * The same for a bundle that audit_bundle has read into s, whose database lies at path `copy`: its tables are
 * made, and the figures among them are held against those that the bundle claims, unless parts are withheld.
 * a->wrong has what differs.
 */
int audit_figures(struct audit *a, const char *dir, const char *copy, struct store *s, FILE *kept,
                  struct err *e);

#endif
