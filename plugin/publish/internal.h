/* Inside publish: one page each. */
#ifndef PUBLISH_INTERNAL_H
#define PUBLISH_INTERNAL_H

#include "publish/publish.h"
#include "store/log.h"

struct asking {
    const struct visitor *who;
    const struct cose_key *log; /* signs receipts; NULL: none are given */
    struct bytes path, query;
    struct page *page;
    struct err *e;
};

/* They run in one read transaction, and return as publish_page. */
int keyset_page(struct store *s, const struct asking *ask);
int checkpoint_page(struct store *s, const struct asking *ask);
int consistency_page(struct store *s, const struct asking *ask);
int tile_page(struct store *s, const struct asking *ask);
int checkpoints_page(struct store *s, const struct asking *ask);
int receipts_page(struct store *s, const struct asking *ask);
int statements_page(struct store *s, const struct asking *ask);

/* log.c: hands the note of the checkpoint of exactly that size to fn. STORE_NOT_FOUND. */
int checkpoint_note(struct store *s, int64_t size, int (*fn)(void *arg, const struct checkpoint_row *row),
                    void *arg);

/* query.c: name=DECIMAL pairs joined by '&', each at most once; what is not named stays. TP_BAD_VALUE. */
struct query_value {
    const char *name;
    int64_t *to, least, most;
};
int query_read(struct bytes query, const struct query_value *values, size_t n, struct err *e);

#endif
