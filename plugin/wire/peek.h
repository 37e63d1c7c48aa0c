/* What a message says it is: cheap, without memory, checked by nobody. For limits, never for trust. */
#ifndef WIRE_PEEK_H
#define WIRE_PEEK_H

#include "wire/statement.h"

struct peek {
    size_t items;             /* up to the first that is no statement, MESSAGE_ITEMS_MAX at most */
    uint8_t kid[KID_SIZE];    /* of the first */
    size_t kinds[KIND_COUNT]; /* how many of each */
    size_t codes;             /* that somebody may guess: pickup codes in holds, and enrolments */
};

/* Parts and payloads are stepped over, but for a hold's payload. Pure; any thread. */
void message_peek(struct bytes message, struct peek *out);

#endif
