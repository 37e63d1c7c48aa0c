/* A new till asks its authority, on this machine or another, to be enrolled by a code. */
#ifndef CLI_JOIN_H
#define CLI_JOIN_H

#include "shop/shop.h"

struct joined {
    char store[64];
    int64_t epoch, until_ms; /* when its key ends; it renews by itself before */
};

/*
 * Makes DIR/tills/NAME with a key and a journal of its own. `anew`: for a till that is there and was found
 * behind, quarantined or revoked: it gets another key; its record stays as it is, and what it has not sent
 * stays to be sent. helper is the path of tillproof-helper, or NULL where the authority is here. Run again
 * with the same code after a lost answer it goes on where it was. TP_E_ARGUMENT: not a code; TP_E_EXISTS;
 * TP_NOT_INVITED, TP_THROTTLED, TP_STALE; TP_OFFLINE; TP_E_TILL_BUSY.
 */
int join_till(const char *dir, const char *name, struct bytes code, bool anew, const char *helper,
              struct joined *out, struct err *e);

#endif
