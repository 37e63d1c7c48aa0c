/* Which page is where, and who may see it. */
#include "publish/internal.h"

const char *const role_words[ROLE_COUNT] = {"nobody", "merchant", "funder", "auditor"};

static const struct shelf {
    const char *path;
    bool below; /* and all that begins so */
    bool log;   /* one of the log's, which the merchant may open to everybody */
    int (*make)(struct store *s, const struct asking *ask);
} shelves[] = {
    {"/v1/keyset", false, true, keyset_page},           {"/checkpoint", false, true, checkpoint_page},
    {"/v1/consistency", false, true, consistency_page}, {"/tile/", true, true, tile_page},
    {"/v1/checkpoints", false, true, checkpoints_page}, {"/v1/receipts", false, false, receipts_page},
    {"/v1/statements", false, false, statements_page},
};

static const struct shelf *find(struct bytes path)
{
    for (size_t i = 0; i < sizeof shelves / sizeof *shelves; i++) {
        size_t n = strlen(shelves[i].path);
        if (path.n >= n && memcmp(path.p, shelves[i].path, n) == 0 && (path.n == n || shelves[i].below)) {
            return &shelves[i];
        }
    }
    return NULL;
}

bool publish_knows(struct bytes path)
{
    return find(path) != NULL;
}

struct making {
    const struct asking *ask;
    const struct shelf *shelf;
};

static int make(struct store *s, void *arg)
{
    struct making *m = arg;
    return m->shelf->make(s, m->ask);
}

int publish_page(struct store *s, const struct visitor *who, const struct cose_key *log, struct bytes path,
                 struct bytes query, struct page *page, struct err *e)
{
    struct asking ask = {who, log, path, query, page, e};
    struct making m = {&ask, find(path)};
    *page = (struct page){.next = NONE};
    buf_init(&page->body, PAGE_MAX);
    if (!m.shelf) {
        return err_set(e, TP_E_ARGUMENT, "there is no such page");
    }
    if (who->role == ROLE_NOBODY && !(m.shelf->log && who->log_open)) {
        return err_set(e, TP_UNKNOWN_TOKEN, "this page is for those who have a token");
    }
    int rc = store_read(s, make, &m);
    if (rc == STORE_NOT_FOUND) {
        return err_set(e, TP_E_ARGUMENT, "there is no such page");
    }
    return rc == 0 && page->body.failed ? err_code(e, TP_E_MEMORY) : rc;
}
