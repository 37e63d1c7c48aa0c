/*
 * The log's statements, by who asks: a merchant all of them with their parts; an auditor all of them, with
 * the parts that the merchant releases to this one; a funder those that name an offer of its own, without
 * parts. Each stands as [index of its leaf, item]: the item is a message's where parts are shown (null: it
 * was erased), else the statement alone.
 */
#include "publish/internal.h"
#include "store/offers.h"
#include "store/reversals.h"

enum { ARENA_MAX = 512 * 1024, PAGE_FULL = 1 };

struct picking {
    struct store *s;
    const struct asking *ask;
    struct arena arena;
    int64_t next; /* the leaf after the last that was looked at */
    int64_t put, limit;
};

/* ---- whose offer it is ---- */

struct offer_key {
    const struct picking *p;
    const uint8_t *ref;
    int64_t version; /* NONE: any */
    bool theirs;
};

static int look_at_offer(void *arg, const struct stored *row)
{
    struct offer_key *k = arg;
    struct arena a;
    struct statement st;
    arena_init(&a, ARENA_MAX);
    int rc = statement_parse(row->raw, &a, &st, NULL) ? TP_E_CORRUPT : 0;
    if (rc == 0) {
        k->theirs |= bytes_is(st.payload.offer.terms.funder, k->p->ask->who->funder);
    }
    arena_reset(&a);
    return rc;
}

static int each_version(void *arg, const uint8_t d[HASH_SIZE])
{
    struct offer_key *k = arg;
    int rc = store_statement(k->p->s, d, look_at_offer, k);
    return rc == STORE_NOT_FOUND ? TP_E_CORRUPT : rc;
}

static int names_offer(const struct picking *p, const uint8_t *ref, int64_t version, bool *theirs)
{
    struct offer_key k = {p, ref, version, *theirs};
    int rc = *theirs ? 0 : store_offer_versions(p->s, ref, version, each_version, &k);
    *theirs = k.theirs;
    return rc;
}

/* A ruling is on a return of a lease, which is of an offer: further than that nothing leads. */
enum { LEADS_MOST = 3 };

struct about {
    const struct picking *p;
    int64_t index; /* of the statement that is about another */
    int leads;
    bool theirs;
};

static int names(const struct picking *p, const struct statement *st, int64_t index, int leads, bool *theirs);

static int look_at_statement(void *arg, const struct stored *row)
{
    struct about *about = arg;
    struct arena a;
    struct statement st;
    arena_init(&a, ARENA_MAX);
    int rc = statement_parse(row->raw, &a, &st, NULL) ? TP_E_CORRUPT : 0;
    rc = rc ? rc : names(about->p, &st, about->index, about->leads, &about->theirs);
    arena_reset(&a);
    return rc;
}

/* What is about another statement names what that one names. It may have come before it: a reverse is then
 * shown with its commit, so that nobody who reads on from leaf to leaf misses it. */
static int names_like(const struct picking *p, const uint8_t d[HASH_SIZE], int64_t index, int leads,
                      bool *theirs)
{
    struct about about = {p, index, leads + 1, false};
    struct leaf_row leaf;
    int rc = leads == LEADS_MOST ? STORE_NOT_FOUND : store_leaf(p->s, d, &leaf);
    if (rc || leaf.index > index) {
        return rc == STORE_NOT_FOUND ? 0 : rc;
    }
    rc = store_statement(p->s, d, look_at_statement, &about);
    *theirs = about.theirs;
    return rc == STORE_NOT_FOUND ? TP_E_CORRUPT : rc;
}

static int commit_names(const struct picking *p, const struct commit *c, bool *theirs)
{
    int rc = 0;
    for (size_t i = 0; i < c->redemptions.n && rc == 0; i++) {
        rc = names_offer(p, c->redemptions.v[i].offer, c->redemptions.v[i].version, theirs);
    }
    return rc;
}

static int link_names(const struct picking *p, const struct link *link, bool *theirs)
{
    int rc = 0;
    for (size_t i = 0; i < link->offers.n && rc == 0; i++) {
        rc = names_offer(p, link->offers.v[i].v, NONE, theirs);
    }
    return rc;
}

static int names(const struct picking *p, const struct statement *st, int64_t index, int leads, bool *theirs)
{
    switch (st->kind) {
    case KIND_OFFER:
        *theirs = bytes_is(st->payload.offer.terms.funder, p->ask->who->funder);
        return 0;
    case KIND_BATCH:
        return names_offer(p, st->payload.batch.offer, NONE, theirs);
    case KIND_LINK:
        return link_names(p, &st->payload.link, theirs);
    case KIND_COMMIT:
        return commit_names(p, &st->payload.commit, theirs);
    case KIND_LEASE:
        return names_offer(p, st->payload.lease.offer, NONE, theirs);
    case KIND_REVERSE:
        return names_like(p, st->payload.reverse.commit, index, leads, theirs);
    case KIND_LEASE_RETURN:
        return names_like(p, st->payload.lease_return.lease, index, leads, theirs);
    case KIND_WRITE_OFF:
        return names_like(p, st->payload.write_off.lease, index, leads, theirs);
    case KIND_RULING:
        return names_like(p, st->payload.ruling.record, index, leads, theirs);
    default:
        return 0;
    }
}

static int funder_sees(struct picking *p, int64_t index, const struct stored *row, bool *theirs)
{
    struct statement st;
    arena_reset(&p->arena);
    return statement_parse(row->raw, &p->arena, &st, NULL) ? TP_E_CORRUPT : names(p, &st, index, 0, theirs);
}

/* ---- the page ---- */

static void put(struct picking *p, int64_t index, const struct stored *row)
{
    static const struct bytes none;
    const struct visitor *who = p->ask->who;
    struct buf *out = &p->ask->page->body;
    int64_t shown = who->role == ROLE_MERCHANT  ? PART_LINES | PART_PERSON
                    : who->role == ROLE_AUDITOR ? who->parts
                                                : 0;
    enc_array(out, 2);
    enc_int(out, index);
    if (shown & kinds[row->kind].parts) {
        message_put(out, row->kind, row->raw, shown & PART_LINES ? row->lines : none,
                    shown & PART_PERSON ? row->person : none);
    } else {
        buf_put(out, row->raw.p, row->raw.n);
    }
    p->put++;
}

struct early {
    struct picking *p;
    int64_t before, index; /* the commit's leaf; this reverse's */
};

static int put_early(void *arg, const struct stored *row)
{
    struct early *early = arg;
    put(early->p, early->index, row);
    return 0;
}

static int look_at_early(void *arg, const struct reversal_row *row)
{
    struct early *early = arg;
    struct leaf_row leaf;
    int rc = store_leaf(early->p->s, row->d, &leaf);
    if (rc || leaf.index > early->before) {
        return rc == STORE_NOT_FOUND ? 0 : rc;
    }
    early->index = leaf.index;
    rc = store_statement(early->p->s, row->d, put_early, early);
    return rc == STORE_NOT_FOUND ? TP_E_CORRUPT : rc;
}

static int pick(void *arg, int64_t index, const struct stored *row)
{
    struct picking *p = arg;
    struct buf *out = &p->ask->page->body;
    bool sees = p->ask->who->role != ROLE_FUNDER;
    bool full = p->put >= p->limit || out->n + row->raw.n + row->lines.n + row->person.n > STATEMENTS_BYTES;
    if (full && p->put > 0) {
        return PAGE_FULL;
    }
    int rc = sees ? 0 : funder_sees(p, index, row, &sees);
    if (rc == 0 && sees) {
        put(p, index, row);
        if (p->ask->who->role == ROLE_FUNDER && row->kind == KIND_COMMIT) {
            struct early early = {p, index, 0};
            rc = store_reversals(p->s, row->d, look_at_early, &early);
        }
    }
    if (rc == 0) {
        p->next = index + 1;
    }
    return rc ? rc : out->failed ? TP_E_MEMORY : 0;
}

int statements_page(struct store *s, const struct asking *ask)
{
    struct checkpoint_row last;
    struct picking p = {.s = s, .ask = ask, .limit = 256};
    const struct query_value values[] = {{"from", &p.next, 0, INT64_MAX},
                                         {"limit", &p.limit, 1, STATEMENTS_MOST}};
    int rc = query_read(ask->query, values, 2, ask->e);
    rc = rc ? rc : store_checkpoint_last(s, &last);
    if (rc) {
        return rc;
    }
    int64_t left = p.next < last.size ? last.size - p.next : 0;
    arena_init(&p.arena, ARENA_MAX);
    ask->page->form = PAGE_SEQUENCE;
    ask->page->limit = p.limit;
    rc = store_log_page(s, p.next, left < STATEMENTS_READ ? left : STATEMENTS_READ, pick, &p);
    arena_reset(&p.arena);
    ask->page->next = p.next < last.size ? p.next : NONE;
    return rc == PAGE_FULL ? 0 : rc;
}
