/*
 * What a till may meet where its authority should be: a real TLS server on 127.0.0.1, good or bad, in a
 * thread of the test. Keys and certificates are made for each. Failures of the fixture fail the test.
 */
#ifndef TESTS_SUPPORT_PEER_H
#define TESTS_SUPPORT_PEER_H

#include "base/bytes.h"

enum peer_mode {
    PEER_ECHO,    /* answers a request with its own bytes */
    PEER_REFUSES, /* nobody listens */
    PEER_SILENT,  /* takes the connection and says nothing, not even TLS */
    PEER_MUTE,    /* speaks TLS, takes the request, and says nothing */
    PEER_SLOW,    /* one byte of the answer a second */
    PEER_CUT,     /* half of the answer, then the end */
    PEER_GARBAGE, /* random bytes in place of HTTP */
    PEER_PLAIN,   /* HTTP without TLS */
    PEER_PAGE,    /* a page of HTML */
    PEER_BUSY,    /* 503 */
    PEER_LOST,    /* 302 to itself */
    PEER_ENDLESS, /* an answer without end */
};

/* What is wrong with its TLS. */
enum peer_fault { PEER_RIGHT, PEER_OTHER_CA, PEER_OTHER_HOST, PEER_EXPIRED, PEER_TLS12 };

struct peer;

struct peer *peer_open(enum peer_mode mode, enum peer_fault fault);
void peer_close(struct peer *p);
/* https://127.0.0.1:PORT; lives as long as the peer. */
const char *peer_url(const struct peer *p);
/* PEM of the CA that a till is told to trust. */
struct bytes peer_ca(const struct peer *p);
/* For the connections from now on. */
void peer_set(struct peer *p, enum peer_mode mode);
/* Connections taken so far; requests read whole so far. */
int peer_connections(const struct peer *p);
int peer_requests(const struct peer *p);
/* Waits until it is in the midst of a connection; asserts. */
void peer_await(const struct peer *p);
/* True while it is. */
bool peer_serving(const struct peer *p);

#endif
