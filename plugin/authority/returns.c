/*
 * What came back of one sale (PROTOCOL, "What comes back"): whether it is more than was sold, and what each
 * redemption loses by it. A function of the set of records: whenever a commit or a reverse of it comes, all
 * its reverses are booked again.
 */
#include "authority/internal.h"
#include "store/holds.h"
#include "store/reversals.h"

#include "offer/money.h"
#include "offer/price.h"

__extension__ typedef __int128 wide;

enum { QUANTITY_WHOLE = 1000 };

struct booked {
    struct reversal_row row, next;
    struct booked *after;
};

struct booking {
    struct call *c;
    struct sale_row sale;
    struct basket sold;
    int64_t *left; /* of each line, thousandths: not yet returned */
    int64_t due;   /* that went back without a conflict */
    bool voided;   /* the void that counts has been booked */
    struct booked *first, **last;
    wide all, over; /* of the return that is being booked: its goods' gross, and that of what was not left */
    bool beyond;
    struct redemption_row *shares; /* while returns are added up: the redemptions, by place */
};

/* ---- one reverse ---- */

static int64_t gross_of(const struct line *line, int64_t quantity)
{
    int64_t v = 0;
    return mul_div(line->unit_price, quantity, QUANTITY_WHOLE, &v) && v < AMOUNT_MAX ? v : AMOUNT_MAX;
}

static int take_line(void *arg, int64_t number, int64_t quantity)
{
    struct booking *b = arg;
    for (size_t i = 0; i < b->sold.lines.n; i++) {
        const struct line *line = &b->sold.lines.v[i];
        if (line->number == number && line->quantity > 0) {
            int64_t over = quantity > b->left[i] ? quantity - b->left[i] : 0;
            b->left[i] -= quantity - over;
            b->all += gross_of(line, quantity);
            b->over += over ? gross_of(line, over) : 0;
            b->beyond |= over > 0;
            return 0;
        }
    }
    b->beyond = true; /* a line that was never sold: nothing of this return stands */
    b->over = b->all = 1;
    return 0;
}

static void set(struct booked *r, bool beyond, int64_t conflict)
{
    r->next.outcome = beyond ? TP_CONFLICT : 0;
    r->next.conflict = conflict;
}

/* Half away from zero. Amounts are 0 or more, over is at most all. */
static int64_t share_of(int64_t due, wide over, wide all)
{
    return all > 0 ? (int64_t)(((wide)due * over * 2 + all) / (all * 2)) : due;
}

/* What exceeds the goods that were left, in proportion to their gross; then what exceeds the money that was
 * paid. */
static int book_return(struct booking *b, struct booked *r)
{
    b->all = b->over = 0;
    b->beyond = false;
    int rc = store_reversal_lines(b->c->s, r->row.d, take_line, b);
    int64_t due = r->row.due > 0 ? r->row.due : 0;
    if (rc || sale_out(&b->sale) || strcmp(r->row.currency, b->sale.currency) != 0) {
        set(r, true, due);
        return rc;
    }
    int64_t conflict = b->beyond ? share_of(due, b->over < b->all ? b->over : b->all, b->all) : 0;
    int64_t most = b->sale.due > b->due ? b->sale.due - b->due : 0;
    if (due - conflict > most) {
        conflict = due - most;
        b->beyond = true;
    }
    b->due += due - conflict;
    set(r, b->beyond, conflict);
    return 0;
}

/* The first void by the sale's own till counts; another one gave back what was not there. */
static void book_void(struct booking *b, struct booked *r)
{
    bool counts = !b->voided && strcmp(r->row.till, b->sale.till) == 0;
    b->voided |= counts;
    set(r, !counts, counts || r->row.due < 0 ? 0 : r->row.due);
}

static int tell(struct booking *b, const struct booked *r)
{
    struct outcome_row row = {.reason = r->next.outcome, .amount = r->next.conflict};
    memcpy(row.till, r->row.till, sizeof row.till);
    memcpy(row.commit, r->row.d, HASH_SIZE);
    return b->c->a->rebuilding ? 0 : store_outcome_put(b->c->s, &row);
}

static int collect(void *arg, const struct reversal_row *row)
{
    struct booking *b = arg;
    struct booked *r = ARENA_NEW(b->c->arena, struct booked, 1);
    if (!r) {
        return TP_E_MEMORY;
    }
    r->row = r->next = *row;
    *b->last = r;
    b->last = &r->after;
    return 0;
}

static int book_all(struct booking *b)
{
    b->last = &b->first;
    int rc = store_reversals(b->c->s, b->sale.d, collect, b);
    for (struct booked *r = b->first; r && rc == 0; r = r->after) {
        if (r->row.op == REVERSE_VOID) {
            book_void(b, r);
        } else {
            rc = book_return(b, r);
        }
        if (rc == 0 && (r->row.outcome != r->next.outcome || r->row.conflict != r->next.conflict)) {
            rc = store_reversal_book(b->c->s, &r->next);
            rc = rc ? rc : tell(b, r);
        }
    }
    return rc;
}

/* ---- the redemptions ---- */

/* All units of every line that the offer could be given for came back. */
static bool all_came_back(const struct booking *b, const struct offer *o)
{
    bool any = false;
    for (size_t i = 0; i < b->sold.lines.n; i++) {
        const struct line *line = &b->sold.lines.v[i];
        if (line->quantity > 0 && offer_matches(o, line)) {
            if (b->left[i] > 0) {
                return false;
            }
            any = true;
        }
    }
    return any;
}

static int revive(struct booking *b, struct redemption_row *r)
{
    struct offer offer;
    r->revived = false;
    if (sale_out(&b->sale) || !b->first) {
        return 0;
    }
    int rc = lookup_offer(b->c, r->offer, r->version, &offer);
    r->revived = rc == 0 && offer.revive && all_came_back(b, &offer);
    return rc == STORE_NOT_FOUND ? 0 : rc;
}

static int64_t add_up_to(int64_t sum, int64_t more, int64_t most)
{
    return more < most - sum ? sum + more : most;
}

static int add_share(void *arg, const struct reversed *share)
{
    struct booking *b = arg;
    if (share->redemption < 0 || share->redemption >= MAX_REDEMPTIONS) {
        return TP_E_CORRUPT;
    }
    struct redemption_row *r = &b->shares[share->redemption];
    r->back_discount = add_up_to(r->back_discount, share->discount, r->discount);
    r->back_cashback = add_up_to(r->back_cashback, share->cashback, r->cashback);
    return 0;
}

static int take_redemption(void *arg, const struct contender *row)
{
    struct booking *b = arg;
    if (row->redemption.place < 0 || row->redemption.place >= MAX_REDEMPTIONS) {
        return TP_E_CORRUPT;
    }
    b->shares[row->redemption.place] = row->redemption;
    return 0;
}

static int book_redemptions(struct booking *b)
{
    struct contest_key key = {.by = BY_COMMIT};
    struct redemption_row *were = ARENA_NEW(b->c->arena, struct redemption_row, MAX_REDEMPTIONS);
    b->shares = ARENA_NEW(b->c->arena, struct redemption_row, MAX_REDEMPTIONS);
    if (!were || !b->shares) {
        return TP_E_MEMORY;
    }
    memcpy(key.id, b->sale.d, HASH_SIZE);
    int rc = store_contest(b->c->s, &key, take_redemption, b);
    memcpy(were, b->shares, MAX_REDEMPTIONS * sizeof *were);
    for (size_t i = 0; i < MAX_REDEMPTIONS; i++) {
        b->shares[i].back_discount = b->shares[i].back_cashback = 0;
    }
    rc = rc ? rc : store_reversal_shares(b->c->s, b->sale.d, add_share, b);
    for (size_t i = 0; i < MAX_REDEMPTIONS && rc == 0; i++) {
        struct redemption_row *r = &b->shares[i];
        rc = r->version ? revive(b, r) : 0; /* version 0: no such redemption */
        if (rc == 0 && (r->back_discount != were[i].back_discount ||
                        r->back_cashback != were[i].back_cashback || r->revived != were[i].revived)) {
            rc = store_redemption_back(b->c->s, r);
        }
    }
    return rc;
}

/* ---- */

static int read_sold(void *arg, const struct stored *row)
{
    struct booking *b = arg;
    struct lines_part part = {0};
    struct bytes lines = arena_copy(b->c->arena, row->lines);
    if (row->lines.p && !lines.p) {
        return TP_E_MEMORY;
    }
    int rc = schema_decode(&schema_lines_part, lines, b->c->arena, &part, NULL);
    if (rc == 0) { /* unreadable lines: nothing was sold */
        b->sold = part.basket;
    }
    return rc == TP_E_MEMORY ? rc : 0;
}

int returns_book(struct call *c, const uint8_t commit[HASH_SIZE])
{
    struct booking b = {.c = c};
    int rc = store_sale(c->s, commit, &b.sale);
    rc = rc ? rc : store_statement(c->s, commit, read_sold, &b);
    if (rc) {
        return rc == STORE_NOT_FOUND ? TP_E_CORRUPT : rc;
    }
    b.left = ARENA_NEW(c->arena, int64_t, b.sold.lines.n);
    if (!b.left && b.sold.lines.n) {
        return TP_E_MEMORY;
    }
    for (size_t i = 0; i < b.sold.lines.n; i++) {
        b.left[i] = b.sold.lines.v[i].quantity > 0 ? b.sold.lines.v[i].quantity : 0;
    }
    rc = book_all(&b);
    return rc ? rc : book_redemptions(&b);
}
