/*
 * The addresses that connections come from: one notion of an address for all limits, and how many
 * connections each has. An IPv4 address counts whole, also where IPv6 carries it; of an IPv6 address the
 * first 64 bits do, because whoever has one has all that share them. Of one thread.
 */
#ifndef DAEMON_ADDRESSES_H
#define DAEMON_ADDRESSES_H

#include "base/bytes.h"

#include <sys/socket.h>

enum { ADDRESS_MAX = 8 };

struct addresses;

struct address {
    uint8_t bytes[ADDRESS_MAX];
    uint8_t n;             /* 4 or 8; 0: the system did not say, or it is of another family */
    size_t connections;    /* 1 at least */
    struct address **head; /* of those that it stands with */
    struct address *next;
};

/* NULL without memory or random bytes. */
struct addresses *addresses_new(void);
/* Takes NULL. What addresses_come gave is gone with it. */
void addresses_free(struct addresses *a);
/* One connection more of that address; of family AF_UNSPEC: of none. The caller gives it back by
 * addresses_leave. NULL without memory. */
struct address *addresses_come(struct addresses *a, const struct sockaddr_storage *from);
/* One less; the last takes the address with it. Takes NULL. */
void addresses_leave(struct addresses *a, struct address *one);
/* How many there are. */
size_t addresses_count(const struct addresses *a);

#endif
