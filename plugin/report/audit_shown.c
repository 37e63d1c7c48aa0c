/* What an authority shows of its log beside the statements: each of its checkpoints, while the leaves below
 * it are read, and receipts. */
#include "report/audit_import.h"

#include <inttypes.h>
#include <stdio.h>

/* SAMPLE: receipts that are asked for unless all are; one request each. */
enum { AT_ONCE = 256, SAMPLE = 128 };

/* ---- checkpoints ---- */

static int get_proof(struct dec *d, struct path *path)
{
    struct bytes hash;
    size_t n;
    if (dec_array(d, &n) || n > PATH_MAX_HASHES) {
        return TP_E_MALFORMED;
    }
    for (path->n = 0; path->n < n; path->n++) {
        if (dec_bytes(d, &hash) || hash.n != HASH_SIZE) {
            return TP_E_MALFORMED;
        }
        memcpy(path->v[path->n], hash.p, HASH_SIZE);
    }
    return 0;
}

/* The next that is shown; of an empty page there is none. */
static int find_next(struct reading *r)
{
    struct importing *m = &r->m;
    struct checkpoint_row row = {0};
    char path[96];
    size_t n = 0;
    int rc = 0;
    if (dec_done(&r->shown)) {
        snprintf(path, sizeof path, "/v1/checkpoints?from=%" PRId64 "&limit=%d", m->last.size, AT_ONCE);
        rc = reading_get(r, path, &r->ahead);
        dec_init(&r->shown, buf_view(&r->ahead));
    }
    r->next = NONE;
    if (rc || dec_done(&r->shown)) {
        return rc;
    }
    if (dec_array(&r->shown, &n) || n != 3 || dec_item(&r->shown, &r->at.raw) ||
        dec_bytes(&r->shown, &r->at.note) || get_proof(&r->shown, &r->at.from_last)) {
        rc = TP_E_MALFORMED;
    }
    rc = rc ? rc : import_claim(&r->at, &row);
    if (rc == TP_E_MEMORY || rc == TP_E_CRYPTO) {
        return rc;
    }
    r->next = row.size;
    return rc ? audit_false(m->a, "behind that of %" PRId64 " leaves the authority shows no checkpoint",
                            m->last.size)
              : 0;
}

int shown_begin(struct reading *r)
{
    dec_init(&r->shown, (struct bytes){0});
    return find_next(r);
}

/* One that claims fewer leaves than there are is taken, too: then it is told what is wrong with it. */
int shown_take(struct reading *r)
{
    int rc = 0;
    while (rc == 0 && r->next != NONE && r->next <= r->m.tree.size) {
        rc = import_checkpoint(&r->m, &r->at);
        rc = rc ? rc : find_next(r);
    }
    return rc;
}

int shown_end(struct reading *r)
{
    return r->m.last.size == r->note.size
               ? 0
               : audit_false(r->m.a, "the checkpoint of %" PRId64 " leaves is not among those that are shown",
                             r->note.size);
}

/* ---- receipts ---- */

struct wanted {
    struct reading *r;
    struct dec shown;
    int64_t next;
    bool ended; /* the page has no more */
};

/* The receipt of that leaf, which is the next of the page. */
static int check_receipt(void *arg, const struct leaf_row *leaf)
{
    struct wanted *w = arg;
    struct importing *m = &w->r->m;
    struct bytes receipt;
    int64_t index = NONE;
    size_t n = 0;
    w->ended = dec_done(&w->shown);
    if (w->ended) {
        return STORE_NOT_FOUND; /* enough */
    }
    if (dec_array(&w->shown, &n) || n != 2 || dec_int(&w->shown, &index) || index != leaf->index ||
        dec_bytes(&w->shown, &receipt)) {
        return audit_false(m->a, "the receipt of leaf %" PRId64 " is not shown", leaf->index);
    }
    m->a->asked++;
    w->next = leaf->index + 1;
    return audit_receipt(m->a, m->s, leaf, receipt);
}

/* Of so many leaves, as far as one page goes; *next is the leaf after the last of them. */
static int read_receipts(struct reading *r, int64_t from, int limit, int64_t *next)
{
    struct wanted w = {.r = r, .next = from};
    char path[128];
    snprintf(path, sizeof path, "/v1/receipts?from=%" PRId64 "&limit=%d&size=%" PRId64, from, limit,
             r->note.size);
    int rc = reading_get(r, path, &r->page);
    dec_init(&w.shown, buf_view(&r->page));
    rc = rc ? rc : store_entries(r->m.s, from, limit, check_receipt, &w);
    rc = w.ended ? 0 : rc;
    *next = w.next;
    return rc || w.next > from ? rc
                               : audit_false(r->m.a, "the receipt of leaf %" PRId64 " is not shown", from);
}

/* One leaf of each of SAMPLE equal stretches of the log, which nobody can know beforehand. */
static int read_sample(struct reading *r)
{
    uint64_t roll;
    int64_t next, from = 0;
    int rc = 0;
    for (int64_t i = 1; i <= SAMPLE && rc == 0; i++) {
        int64_t until = r->note.size / SAMPLE * i + r->note.size % SAMPLE * i / SAMPLE;
        rc = random_bytes(&roll, sizeof roll);
        rc = rc ? rc : read_receipts(r, from + (int64_t)(roll % (uint64_t)(until - from)), 1, &next);
        from = until;
    }
    return rc;
}

int shown_receipts(struct reading *r)
{
    int64_t from = 0;
    int rc = 0;
    if (r->note.size > SAMPLE && !r->p->all) {
        return read_sample(r);
    }
    while (rc == 0 && from < r->note.size) {
        rc = read_receipts(r, from, AT_ONCE, &from);
    }
    return rc;
}
