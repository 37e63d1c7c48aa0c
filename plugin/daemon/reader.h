/*
 * The pages' thread: it reads the store for auditors, witnesses and those who have a token, apart from the
 * writer, so that whoever reads much keeps no till waiting. Its queue is bounded, too.
 */
#ifndef DAEMON_READER_H
#define DAEMON_READER_H

#include "publish/publish.h"
#include "shop/shop.h"

enum { VISIT_TEXT = 256 };

/* One page that somebody asks for, or a cosignature that a witness brings. */
struct visit {
    struct visit *next;
    void *owner; /* of whoever put it */
    int64_t began_us;
    char path[VISIT_TEXT], query[VISIT_TEXT];
    char token[VISIT_TEXT]; /* as it was sent; "": none */
    bool post, log_open;
    struct buf body;
    /* The answer. */
    int rc; /* of publish_page or publish_cosign; or of the token */
    bool bad_token;
    struct err e;
    struct page page;
    int taken; /* cosignatures that stand now */
};

struct reader;

/* Opens a handle on the shop's store and starts the thread. notify_fd as pool_open's. 0, what
 * shop_store_write says, TP_E_MEMORY. */
int reader_open(const struct shop *shop, size_t limit, int notify_fd, struct reader **out, struct err *e);
/* Whose cosignatures are taken, beside the keyset's; the reader takes the keys over. */
void reader_witnesses(struct reader *r, struct witnesses *told);
void reader_limit(struct reader *r, size_t limit);
/* As pool_put and pool_done. */
bool reader_put(struct reader *r, struct visit *v);
struct visit *reader_done(struct reader *r);
size_t reader_depth(struct reader *r);
/* Finishes what is in it. Takes NULL. */
void reader_close(struct reader *r);

void visit_free(struct visit *v);

#endif
