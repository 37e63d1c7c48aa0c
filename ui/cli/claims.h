/* Any payload as JSON, by the very table that describes it on the wire. */
#ifndef CLI_CLAIMS_H
#define CLI_CLAIMS_H

#include "wire/schema.h"

/* Appends the members of `in`, a struct of the schema, as "name":value,... without braces. Absent ones are
 * left out; byte strings are in hexadecimal; integers are as signed, in minor units and milliseconds. */
void claims_put(const struct schema *schema, const void *in, struct buf *out);

#endif
