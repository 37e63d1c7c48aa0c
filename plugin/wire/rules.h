/* Rules between the fields of one statement, for the envelope alone. */
#ifndef WIRE_RULES_H
#define WIRE_RULES_H

#include "wire/statement.h"

/* A sentence about the first rule that the payload breaks, or NULL. */
const char *payload_rules(enum kind kind, const union payload *p);

#endif
