/* quote: pure pricing of a basket file with offer files. No shop, no state, nothing is used up. */
#include "cli.h"

#include "forms/forms.h"

enum { QUOTE_MEMORY = 512 * 1024 * 1024 };

static const struct usage usage = {
    .line = "quote --offers FILE... --basket FILE [--coupon OFFER]... [--card OFFER]... [--standing "
            "OFFER=REASON]...",
    .about = "Prices a basket with the automatic offers and those that a coupon or a card brings, and prints "
             "the quote as JSON.",
};

/* What the command line said, and what was read because of it. */
struct quoting {
    struct words files, coupons, cards, standings, rest;
    const char *basket, *manufacturer;
    bool json;
    struct arena arena;
    struct basket_form form;
    struct zone_step step;
    struct policy policy;
    struct offer *offers; /* one for each file */
    size_t n;
    const struct offer **table; /* the automatic ones and those that are presented, each once */
    struct standing *table_standings;
    size_t ntable;
};

/* "FILE: " before what the reader said. */
static int in_file(const char *path, const struct err *why, struct err *e)
{
    return err_set(e, why->code, "%.100s: %s", path, why->text);
}

static int read_basket(struct quoting *g, struct err *e)
{
    struct buf text;
    struct err why = {0};
    int rc = form_read_file(g->basket, &text, e);
    if (rc) {
        return rc;
    }
    rc = form_basket(buf_view(&text), &g->arena, &g->form, &why);
    buf_free(&text);
    return rc ? in_file(g->basket, &why, e) : 0;
}

/* The shop that would price it so: the basket's own currency, clock and tax mode. */
static int make_policy(struct quoting *g)
{
    bool before = g->manufacturer && strcmp(g->manufacturer, "before") == 0;
    if (g->manufacturer && !before && strcmp(g->manufacturer, "after") != 0) {
        return cli_error(TP_E_ARGUMENT, "--tax-manufacturer-coupons takes before or after");
    }
    g->step = (struct zone_step){.offset_min = g->form.offset_min};
    g->policy = (struct policy){
        .version = 1,
        .currency = g->form.basket.currency,
        .zone = bytes_str("local"),
        .zone_steps = {&g->step, 1},
        .tax_included = g->form.basket.tax_included,
        .manufacturer_before_tax = before,
    };
    return CLI_GO;
}

static const struct offer *find_offer(const struct quoting *g, struct bytes id)
{
    for (size_t i = 0; i < g->n; i++) {
        if (bytes_equal(g->offers[i].id, id)) {
            return &g->offers[i];
        }
    }
    return NULL;
}

static int read_offer(struct quoting *g, const char *path, struct err *e)
{
    static const uint8_t no_authority[ID_SIZE];
    struct buf text;
    struct err why = {0};
    struct offer *o = &g->offers[g->n];
    int rc = form_read_file(path, &text, e);
    if (rc) {
        return rc;
    }
    rc = form_offer(buf_view(&text), &g->policy, no_authority, &g->arena, o, &why);
    if (rc == 0 && find_offer(g, o->id)) {
        rc = err_set(&why, TP_BAD_VALUE, "$.id: another file holds an offer of this id");
    }
    buf_free(&text);
    if (rc) {
        return in_file(path, &why, e);
    }
    g->n++;
    return 0;
}

static int read_offers(struct quoting *g, struct err *e)
{
    size_t n = g->files.n;
    if (n > MAX_OFFERS) {
        return err_set(e, TP_E_ARGUMENT, "at most %d offers can be priced at once", MAX_OFFERS);
    }
    g->offers = ARENA_NEW(&g->arena, struct offer, n);
    g->table = ARENA_NEW(&g->arena, const struct offer *, n);
    g->table_standings = ARENA_NEW(&g->arena, struct standing, n);
    if (!g->offers || !g->table || !g->table_standings) {
        return err_code(e, TP_E_MEMORY);
    }
    for (size_t i = 0; i < n; i++) {
        int rc = read_offer(g, g->files.v[i], e);
        if (rc) {
            return rc;
        }
    }
    return 0;
}

static int unknown_offer(struct err *e, int n, const char *id)
{
    return err_set(e, TP_UNKNOWN_OFFER, "none of the offer files holds '%.*s'", n > 60 ? 60 : n, id);
}

static struct standing *on_table(const struct quoting *g, const struct offer *o)
{
    for (size_t i = 0; i < g->ntable; i++) {
        if (g->table[i] == o) {
            return &g->table_standings[i];
        }
    }
    return NULL;
}

static void lay_on_table(struct quoting *g, const struct offer *o)
{
    if (!on_table(g, o)) {
        g->table[g->ntable] = o;
        g->table_standings[g->ntable++] = (struct standing){.budget_left = NONE};
    }
}

/* Automatic offers need nobody to present them. */
static void lay_automatic(struct quoting *g)
{
    for (size_t i = 0; i < g->n; i++) {
        if (g->offers[i].redeem & REDEEM_AUTOMATIC) {
            lay_on_table(g, &g->offers[i]);
        }
    }
}

/* Puts each named offer on the table once; `way` is how it is presented. */
static int present(struct quoting *g, const struct words *ids, int way, struct err *e)
{
    for (size_t i = 0; i < ids->n; i++) {
        const struct offer *o = find_offer(g, bytes_str(ids->v[i]));
        if (!o) {
            return unknown_offer(e, (int)strnlen(ids->v[i], 61), ids->v[i]);
        }
        if (!(o->redeem & way)) {
            return err_set(e, TP_BAD_VALUE, "offer '%s' is not redeemed by %s; see its redeem", ids->v[i],
                           way == REDEEM_COUPON ? "coupon" : "card");
        }
        lay_on_table(g, o);
    }
    return 0;
}

/* ok, or one of the published reasons for which an offer is refused. */
static bool is_reason(int code)
{
    return code >= TP_OK && code <= TP_AMOUNT_RANGE;
}

/* OFFER=REASON; an offer that is not presented has no standing to lose. */
static int set_standings(struct quoting *g, struct err *e)
{
    for (size_t i = 0; i < g->standings.n; i++) {
        const char *text = g->standings.v[i], *equals = strchr(text, '=');
        int reason = equals ? code_of_word(equals + 1, strlen(equals + 1)) : CODE_NONE;
        if (!is_reason(reason)) {
            return err_set(e, TP_E_ARGUMENT, "--standing takes OFFER=REASON, such as tea5=already_used");
        }
        const struct offer *o = find_offer(g, bytes_of(text, (size_t)(equals - text)));
        if (!o) {
            return unknown_offer(e, equals - text > 60 ? 60 : (int)(equals - text), text);
        }
        struct standing *standing = on_table(g, o);
        if (standing) {
            standing->reason = reason;
        }
    }
    return 0;
}

static int price(struct quoting *g, struct err *e)
{
    struct quote q;
    struct buf out;
    lay_automatic(g);
    int rc = present(g, &g->coupons, REDEEM_COUPON, e);
    rc = rc ? rc : present(g, &g->cards, REDEEM_CARD, e);
    rc = rc ? rc : set_standings(g, e);
    rc = rc ? rc
            : offer_price(&g->policy, &g->form.basket, g->table, g->table_standings, g->ntable, &q, &g->arena,
                          e);
    if (rc) {
        return rc;
    }
    buf_init(&out, QUOTE_MEMORY);
    form_quote(&q, &out);
    buf_putc(&out, '\n');
    if (out.failed) {
        rc = err_set(e, TP_E_MEMORY, "the quote is too large to print");
    } else {
        cli_print(buf_view(&out));
        rc = cli_flush(e);
    }
    buf_free(&out);
    return rc;
}

/* cli_fail's line, without its advice: publishing is not what an offer file that was not given needs. */
static int fail(const struct err *e)
{
    char line[sizeof e->text];
    cli_one_line(e->text[0] ? e->text : code_sentence(e->code), line, sizeof line);
    fprintf(stderr, "tillproof: %s: %s\n", code_word(e->code), line);
    return cli_status(e->code);
}

static int run(struct quoting *g)
{
    struct err e = {0};
    int rc = read_basket(g, &e);
    if (rc == 0) {
        int status = make_policy(g);
        if (status != CLI_GO) {
            return status;
        }
    }
    rc = rc ? rc : read_offers(g, &e);
    rc = rc ? rc : price(g, &e);
    return rc ? fail(&e) : CLI_DONE;
}

int cmd_quote(int argc, char **argv)
{
    struct quoting g = {0};
    const struct opt opts[] = {
        {"offers", OPT_MANY, &g.files, "FILE...", "the offers, one a file", OPT_NEEDED},
        {"basket", OPT_TEXT, &g.basket, "FILE", "the basket (- for standard input)", OPT_NEEDED},
        {"coupon", OPT_EACH, &g.coupons, "OFFER", "the customer presents a coupon of this offer", 0},
        {"card", OPT_EACH, &g.cards, "OFFER", "the customer's card is linked to this offer", 0},
        {"standing", OPT_EACH, &g.standings, "OFFER=REASON", "refuse the offer for this reason", 0},
        {"tax-manufacturer-coupons", OPT_TEXT, &g.manufacturer, "before|after",
         "tax the price before or after a manufacturer's discount (after)", 0},
        {"json", OPT_FLAG, &g.json, NULL, "print JSON, as it always does", 0},
        {0},
    };
    int status = cli_parse(&usage, opts, argc, argv, &g.rest);
    arena_init(&g.arena, QUOTE_MEMORY);
    if (status == CLI_GO) {
        status = run(&g);
    }
    arena_reset(&g.arena);
    words_free(&g.files);
    words_free(&g.coupons);
    words_free(&g.cards);
    words_free(&g.standings);
    words_free(&g.rest);
    return status;
}
