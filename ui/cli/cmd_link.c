#include "cli.h"
#include "office.h"
#include "sale/till.h"
#include "scan.h"

static const struct usage usage = {"link --shop DIR --card TOKEN --offer ID... --channel NAME [options]",
                                   "Joins a payment card's token to offers: from then on the card alone "
                                   "redeems them. The token itself is kept\n"
                                   "nowhere, only a keyed hash of it.",
                                   0, 0};

enum { LINK_OFFERS_MAX = 64, FLUSH_MS = 10000 };

struct options {
    const char *dir, *card, *channel, *campaign, *customer, *till;
    struct words offers;
    bool remove, json;
};

/* The references of the offers, each of them published and redeemed by cards. */
static int find_offers(const struct options *o, struct ref refs[LINK_OFFERS_MAX], struct shop *shop,
                       struct err *e)
{
    struct office office;
    struct arena a;
    if (cli_label("channel", o->channel, e) || cli_label("campaign", o->campaign, e) ||
        cli_label("customer", o->customer, e)) {
        return e->code;
    }
    if (o->offers.n > LINK_OFFERS_MAX) {
        return err_set(e, TP_E_ARGUMENT, "a card is joined to at most %d offers at once", LINK_OFFERS_MAX);
    }
    int rc = office_open(o->dir, OFFICE_READ, &office, e);
    if (rc) {
        return rc;
    }
    arena_init(&a, 64 * 1024);
    for (size_t i = 0; i < o->offers.n && rc == 0; i++) {
        struct offer offer = {0};
        rc = office_offer_named(&office, o->offers.v[i], &a, &offer, e);
        if (rc == 0 && !(offer.redeem & REDEEM_CARD)) {
            rc = err_set(e, TP_BAD_VALUE, "the offer '%.40s' is not redeemed by cards; see its \"redeem\"",
                         o->offers.v[i]);
        }
        memcpy(refs[i].v, offer.ref, REF_SIZE);
        arena_reset(&a);
    }
    *shop = office.shop;
    office_close(&office);
    return rc;
}

static int open_till(const struct shop *shop, const char *name, struct till **out, struct err *e)
{
    char dir[SHOP_PATH_MAX];
    if (!name_valid(bytes_str(name))) {
        return err_set(e, TP_E_ARGUMENT, "a till is named with up to 32 letters, digits, '_', '.', '-'");
    }
    int rc = shop_path(shop, "tills", name, NULL, dir);
    if (rc) {
        return err_code(e, rc);
    }
    struct till_config config = {.dir = dir, .clock = &clock_system, .first_wait_ms = 2000};
    memcpy(config.authority, shop->authority, ID_SIZE);
    memcpy(config.root, shop->root, HASH_SIZE);
    rc = shop_transport(shop, &clock_system, "", &config.transport, e);
    return rc ? rc : till_open(&config, out, e);
}

/* Waits for the authority's answer, so that a refusal is seen here and not in a till's status tomorrow. */
static int send_link(struct till *till, const struct options *o, struct bytes token, const struct ref *refs,
                     struct err *e)
{
    struct till_status before = {0}, after = {0};
    int rc = till_sync_now(till, FLUSH_MS, e);
    if (rc == 0) {
        rc = till_status(till, &before, e);
    }
    if (rc == 0) {
        rc = till_link(till, o->remove ? LINK_REMOVE : LINK_ADD, token, refs, o->offers.n,
                       bytes_str(o->channel), bytes_str(o->campaign), bytes_str(o->customer), e);
    }
    if (rc == 0) {
        rc = till_flush(till, FLUSH_MS, e);
    }
    if (rc == 0) {
        rc = till_status(till, &after, e);
    }
    if (rc == 0 && after.refused > before.refused) {
        rc = err_set(e, after.refused_reason, "the authority refused the link");
    }
    return rc;
}

static int run(const struct options *o, struct err *e)
{
    struct ref refs[LINK_OFFERS_MAX] = {0};
    struct shop shop = {0};
    struct till *till = NULL;
    struct buf token;
    buf_init(&token, 256);
    int rc = card_read((char *)o->card, &token, e);
    if (rc == 0) {
        rc = find_offers(o, refs, &shop, e);
    }
    if (rc == 0) {
        rc = open_till(&shop, o->till, &till, e);
    }
    if (rc == 0) {
        rc = send_link(till, o, buf_view(&token), refs, e);
    }
    buf_free_secret(&token);
    till_close(till, FLUSH_MS);
    return rc;
}

int cmd_link(int argc, char **argv)
{
    struct options o = {.till = "desk"};
    struct err e = {0};
    struct words rest = {0};
    const struct opt opts[] = {
        {"shop", OPT_TEXT, &o.dir, "DIR", "the shop's folder", OPT_NEEDED},
        {"card", OPT_TEXT, &o.card, "TOKEN|-", "the card's token; - reads it from standard input",
         OPT_NEEDED},
        {"offer", OPT_MANY, &o.offers, "ID...", "the offers", OPT_NEEDED},
        {"channel", OPT_TEXT, &o.channel, "NAME", "through which the customer came: app, web, ...",
         OPT_NEEDED},
        {"campaign", OPT_TEXT, &o.campaign, "NAME", "and for which campaign", 0},
        {"customer", OPT_TEXT, &o.customer, "NAME", "the shop's own name for the customer", 0},
        {"remove", OPT_FLAG, &o.remove, NULL, "undo it: the card no longer redeems these offers", 0},
        {"till", OPT_TEXT, &o.till, "NAME", "the till that signs it (desk)", 0},
        {"json", OPT_FLAG, &o.json, NULL, "print what was done as JSON", 0},
        {0}};
    int status = cli_parse(&usage, opts, argc, argv, &rest);
    if (status == CLI_GO) {
        status = run(&o, &e) ? cli_fail(&e) : CLI_DONE;
    }
    if (status == CLI_DONE && o.offers.n) {
        printf(o.json ? "{\"linked\":%s,\"offers\":%zu}\n" : "The card is %s %zu offer%s.\n",
               o.json ? (o.remove ? "false" : "true") : (o.remove ? "no longer joined to" : "joined to"),
               o.offers.n, o.offers.n == 1 ? "" : "s");
    }
    words_free(&o.offers);
    words_free(&rest);
    return status;
}
