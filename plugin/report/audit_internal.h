/* Inside the audit: how a finding is put. */
#ifndef REPORT_AUDIT_INTERNAL_H
#define REPORT_AUDIT_INTERNAL_H

#include "report/audit.h"

enum { AUDIT_ARENA = 4 * 1024 * 1024 };

/* Keeps the sentence; AUDIT_FALSE. */
int audit_false(struct audit *a, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* A record's place in its chain. */
const struct chain *audit_chain(const struct statement *st);
/* "commit 1/4 of till1", "offer by merchant". */
void audit_name(const struct statement *st, char out[128]);
/* The fault as a sentence. */
int audit_fault(struct store *s, int rc, struct err *e);

#endif
