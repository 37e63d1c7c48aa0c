/*
 * What a till signed beyond its revocation, or outside of the time of its key, is kept and does not count
 * until the merchant accepts it. Whether it counts is a function of the set of terminal statements and
 * rulings: whenever one comes, the records that it is about are judged again.
 */
#include "authority/internal.h"
#include "store/reversals.h"

enum { PAGE = 256, JUDGE_MEMORY = 64 * 1024 * 1024 };

static bool counts(int dispute)
{
    return dispute == DISPUTE_NONE || dispute == DISPUTE_ACCEPTED;
}

static int judge(struct call *c, const struct record_row *row, int64_t time_ms, int *dispute)
{
    struct tenure_row tenure;
    int verdict = RULING_REJECT;
    *dispute = DISPUTE_NONE;
    int rc = store_tenure(c->s, row->till, row->epoch, &tenure);
    if (rc == STORE_NOT_FOUND) {
        return 0;
    }
    if (rc || ((tenure.from_seq == NONE || row->seq < tenure.from_seq) && time_ms >= tenure.from_ms &&
               time_ms < tenure.until_ms)) {
        return rc;
    }
    rc = store_ruling(c->s, row->d, &verdict);
    *dispute = rc == STORE_NOT_FOUND      ? DISPUTE_OPEN
               : verdict == RULING_ACCEPT ? DISPUTE_ACCEPTED
                                          : DISPUTE_REJECTED;
    return rc == STORE_NOT_FOUND ? 0 : rc;
}

int dispute_judge(struct call *c, struct record_row *row)
{
    int rc = judge(c, row, c->st->payload.common.time_ms, &row->dispute);
    c->disputed = !counts(row->dispute);
    return rc;
}

/* ---- a record that was taken before changes sides ---- */

static int change_commit(struct call *c, const uint8_t d[HASH_SIZE], bool disputed)
{
    int rc = store_sale_dispute(c->s, d, disputed);
    rc = rc ? rc : returns_book(c, d);
    return rc ? rc : rank_commit(c, d);
}

static int change_reverse(struct call *c, const struct statement *st, bool disputed)
{
    const uint8_t *commit = st->payload.reverse.commit;
    struct sale_row sale;
    int rc = store_reversal_dispute(c->s, st->d, disputed);
    rc = rc ? rc : store_sale(c->s, commit, &sale);
    if (rc) {
        return rc == STORE_NOT_FOUND ? 0 : rc;
    }
    rc = store_voided(c->s, commit, sale.till, &sale.voided);
    rc = rc ? rc : store_sale_void(c->s, commit, sale.voided);
    rc = rc ? rc : returns_book(c, commit);
    return rc ? rc : rank_commit(c, commit);
}

struct cards {
    struct call *c;
    uint8_t v[MAX_CARDS][HASH_SIZE];
    size_t n;
};

static int take_card(void *arg, const uint8_t card[HASH_SIZE])
{
    struct cards *list = arg;
    if (list->n == MAX_CARDS) {
        return TP_E_CORRUPT;
    }
    memcpy(list->v[list->n++], card, HASH_SIZE);
    return 0;
}

static int change_link(struct call *c, const uint8_t d[HASH_SIZE], bool disputed)
{
    struct cards list = {.c = c};
    int rc = store_link_dispute(c->s, d, disputed);
    rc = rc ? rc : store_link_cards(c->s, d, take_card, &list);
    for (size_t i = 0; i < list.n && rc == 0; i++) {
        rc = rank_card(c, list.v[i]);
    }
    return rc;
}

static int change(struct call *c, const struct statement *st, bool disputed)
{
    switch (st->kind) {
    case KIND_COMMIT:
        return change_commit(c, st->d, disputed);
    case KIND_REVERSE:
        return change_reverse(c, st, disputed);
    case KIND_LINK:
        return change_link(c, st->d, disputed);
    case KIND_LEASE_RETURN:
        return lease_return_dispute(c, st, disputed);
    default:
        return 0; /* a close changes no table */
    }
}

struct kept_record {
    struct arena *arena;
    struct statement st;
};

static int read_record(void *arg, const struct stored *row)
{
    struct kept_record *k = arg;
    struct bytes raw = arena_copy(k->arena, row->raw);
    int rc = raw.p ? statement_parse(raw, k->arena, &k->st, NULL) : TP_E_MEMORY;
    return rc == 0 || rc == TP_E_MEMORY ? rc : TP_E_CORRUPT;
}

static int rejudge_in(struct call *c, const struct record_row *was)
{
    struct record_row row = *was;
    struct kept_record k = {.arena = c->arena};
    int rc = store_statement(c->s, row.d, read_record, &k);
    if (rc) {
        return rc == STORE_NOT_FOUND ? TP_E_CORRUPT : rc;
    }
    rc = judge(c, &row, k.st.payload.common.time_ms, &row.dispute);
    if (rc || row.dispute == was->dispute) {
        return rc;
    }
    rc = store_record_dispute(c->s, &row);
    return rc || counts(row.dispute) == counts(was->dispute) ? rc : change(c, &k.st, !counts(row.dispute));
}

/* With memory of its own: there may be very many of them. */
static int rejudge(struct call *c, const struct record_row *was)
{
    struct arena arena;
    struct call sub = *c;
    arena_init(&arena, JUDGE_MEMORY);
    sub.arena = &arena;
    int rc = rejudge_in(&sub, was);
    arena_reset(&arena);
    return rc;
}

/* ---- what makes them change ---- */

struct page {
    struct record_row rows[PAGE];
    char till[64]; /* of all of them */
    size_t n;
};

static int take_row(void *arg, const struct record_row *row)
{
    struct page *p = arg;
    p->rows[p->n] = *row;
    p->rows[p->n++].till = bytes_str(p->till);
    return 0;
}

/* Those of the till's epoch from that seq on. */
static int rejudge_from(struct call *c, const struct tenure_row *t, int64_t seq)
{
    struct page *page = ARENA_NEW(c->arena, struct page, 1);
    struct record_row after = {.till = bytes_str(t->till), .epoch = t->epoch, .seq = seq - 1};
    int rc = page ? 0 : TP_E_MEMORY;
    memset(after.d, 0xFF, HASH_SIZE);
    do {
        if (rc == 0) {
            page->n = 0;
            memcpy(page->till, t->till, sizeof page->till);
            rc = store_records_after(c->s, &after, PAGE, take_row, page);
        }
        for (size_t i = 0; rc == 0 && i < page->n; i++) {
            rc = rejudge(c, &page->rows[i]);
            after.seq = page->rows[i].seq;
            memcpy(after.d, page->rows[i].d, HASH_SIZE);
        }
    } while (rc == 0 && page->n == PAGE);
    return rc;
}

int dispute_terminal(struct call *c)
{
    const struct terminal *t = &c->st->payload.terminal;
    struct tenure_row row = {.epoch = t->epoch, .until_ms = TIME_MAX, .from_seq = NONE};
    int rc = store_tenure(c->s, t->till, t->epoch, &row);
    if (rc && rc != STORE_NOT_FOUND) {
        return rc;
    }
    COPY_TEXT(row.till, t->till);
    if (t->state == TERMINAL_ACTIVE) {
        row.from_ms = t->from;
        row.until_ms = t->until;
        row.has_terminal = true;
        memcpy(row.terminal, c->st->d, HASH_SIZE);
    } else {
        row.from_seq = row.from_seq == NONE || t->from_seq < row.from_seq ? t->from_seq : row.from_seq;
        row.state = t->state > row.state ? t->state : row.state;
    }
    rc = store_tenure_put(c->s, &row);
    return rc || row.from_seq == NONE ? rc : rejudge_from(c, &row, row.from_seq);
}

/* The record that a ruling names, as it stands in its chain. */
static int find_place(struct call *c, const uint8_t d[HASH_SIZE], char till[64], struct record_row *row)
{
    struct kept_record k = {.arena = c->arena};
    int rc = store_statement(c->s, d, read_record, &k);
    if (rc || !kinds[k.st.kind].record) {
        return rc ? rc : STORE_NOT_FOUND;
    }
    bytes_to_cstr(k.st.iss, till, 64);
    const struct chain *chain = &k.st.payload.link.chain;
    *row = (struct record_row){.till = bytes_str(till), .epoch = chain->epoch, .seq = chain->seq};
    memcpy(row->d, d, HASH_SIZE);
    memcpy(row->prev, chain->prev, HASH_SIZE);
    return 0;
}

static int take_dispute(void *arg, const struct record_row *row)
{
    struct record_row *mine = arg;
    if (memcmp(row->d, mine->d, HASH_SIZE) == 0) {
        mine->dispute = row->dispute;
    }
    return 0;
}

int ruling_project(struct call *c)
{
    const struct ruling *r = &c->st->payload.ruling;
    char till[64];
    struct record_row row, after;
    int rc = store_ruling_put(c->s, r->record, c->st->d, c->st->payload.common.time_ms, r->verdict);
    rc = rc ? rc : find_place(c, r->record, till, &row);
    if (rc) {
        return rc == STORE_NOT_FOUND ? 0 : rc; /* it waits for its record */
    }
    after = row;
    after.seq--;
    memset(after.d, 0xFF, HASH_SIZE);
    rc = store_records_after(c->s, &after, PAGE, take_dispute, &row); /* a fork has few branches */
    return rc ? rc : rejudge(c, &row);
}
