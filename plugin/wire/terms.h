/*
 * The shapes that pricing works on, as they travel: policy, offer, basket, quote. Plain data; every text
 * is a view. Money is in minor units of the named currency, quantities in thousandths, percentages in
 * thousandths of a percent (7.5% = 7500), times in ms since 1970 UTC. NONE marks an absent integer.
 */
#ifndef WIRE_TERMS_H
#define WIRE_TERMS_H

#include "base/id.h"
#include "wire/schema.h"

/* Amounts beyond this are refused as amount_range: sums of them still fit 64 bits. */
#define AMOUNT_MAX INT64_C(1000000000000000)
#define TIME_MAX   INT64_C(253402300800000) /* the year 10000 */

enum {
    MAX_LINES = 4096,
    MAX_OFFERS = 1024, /* presented and automatic, on one basket */
    MAX_APPLIED = 64,  /* of them, that take something off it: a commit has room for no more */
    MAX_SKUS = 256,
    MAX_STORES = 256,
    MAX_HOURS = 16,
    MAX_LOYALTY = 8,
    MAX_TIERS = 16,
    MAX_BUY = 1000, /* units of `buy` and of `get` */
    DAY_MINUTES = 24 * 60,
    LEASE_USES_MAX = 1000,     /* what one till may be leased of an offer at once */
    LEASE_HOURS_MAX = 90 * 24, /* no lease outlives the till's enrolment */
};

/* From from_ms on, the shop's zone is this many minutes east of UTC. */
struct zone_step {
    int64_t from_ms, offset_min;
};

/* What holds for the whole shop. Signed by the merchant, so that no till needs a time zone database. */
struct policy {
    int64_t version; /* from 1; a higher one replaces */
    struct bytes currency, zone;
    LIST(struct zone_step) zone_steps; /* ascending; at least one, the first covers all before it */
    bool tax_included;
    bool manufacturer_before_tax; /* tax on the price before a manufacturer's discount */
    int64_t offline_age_ms;       /* how old a till's knowledge may be while the line is down */
    int64_t risk_coupon_cap, risk_hour_cap;
    bool card_stripe;           /* a magnetic stripe's HMAC may stand for a token */
    LIST(struct bytes) loyalty; /* what the shop's loyalty numbers begin with: printable, no space */
};

enum gives_kind { GIVES_PERCENT, GIVES_AMOUNT, GIVES_PRICE, GIVES_BUY_GET, GIVES_TIERS, GIVES_CASHBACK };
enum { REDEEM_COUPON = 1, REDEEM_CARD = 2, REDEEM_AUTOMATIC = 4 };
enum returns_rule { RETURNS_KEEP, RETURNS_CLAW_BACK, RETURNS_READJUDICATE };
enum offline_mode { OFFLINE_DENY, OFFLINE_LEASE, OFFLINE_RISK };
enum bearer { BEARS_MERCHANT, BEARS_ISSUER };

struct tier {
    int64_t min_spend, percent, amount; /* one of the last two is NONE */
};

/* Minutes of the store's day. Where until is not above from, it is the next day's. */
struct hours {
    int64_t from, until;
};

/* How much of an offer one till is given beforehand, to redeem without a line. At least one of the first two.
 */
struct lease_terms {
    int64_t uses, amount; /* NONE: not counted; amount in minor units */
    int64_t hours;        /* how long a lease lasts */
};

struct offer {
    uint8_t ref[REF_SIZE]; /* offer_ref(authority, id): how coupons and records name it */
    struct bytes id;       /* [a-z0-9][a-z0-9_.-]{0,39}; the merchant's own name for it */
    int64_t version;       /* from 1 */
    struct bytes title, currency, funder;
    int64_t redeem;                  /* REDEEM_* bits */
    int64_t valid_from, valid_until; /* from <= t < until, ms */
    int64_t min_spend, min_quantity; /* NONE, or minor units / thousandths */
    LIST(struct bytes) category;
    LIST(struct bytes) sku;
    LIST(struct bytes) exclude_sku;
    int gives;                    /* enum gives_kind */
    int64_t percent, cap, amount; /* per kind of gives; NONE where not used. amount: also the price */
    struct bytes group;           /* stacking group, or absent */
    int64_t priority;
    bool exclusive;
    int64_t per_coupon, per_customer, total, budget; /* NONE: no limit; per_coupon is 1 unless said */
    int returns, offline, bears;                     /* the enums above */
    int64_t offline_cap;
    bool revive;
    int64_t fee_percent, fee_fixed; /* what the channel costs the merchant */
    /* Zero, or an empty list, says that the offer does not ask for it. */
    LIST(struct bytes) stores;
    int64_t weekdays; /* 1 << 0 is Monday */
    LIST(struct hours) hours;
    bool customer_new;
    int64_t buy, get;        /* units */
    LIST(struct tier) tiers; /* min_spend ascending */
    struct bytes gs1;        /* the offer's GS1 code, or absent */
    int64_t holdout_percent;
    const struct lease_terms *lease; /* with OFFLINE_LEASE, and never else; or NULL */
};

struct line {
    int64_t number; /* 1..; the host's own, unique in the basket */
    struct bytes sku, name, category;
    int64_t quantity;   /* thousandths; negative for what is taken back */
    int64_t unit_price; /* minor units, 0 or more */
    int64_t tax;        /* thousandths of a percent, 0..100000 */
};

struct basket {
    struct bytes currency, store;
    int64_t time_ms;
    bool tax_included;
    LIST(struct line) lines;
};

/* One offer's part of one line's discount: applied index, amount. */
struct quote_share {
    int64_t applied, discount;
};

struct quote_line {
    int64_t number, gross, discount, net, tax;
    LIST(struct quote_share) shares;
};

struct quote_applied {
    uint8_t ref[REF_SIZE];
    struct bytes id, funder;
    int64_t version, basis, discount, cashback; /* basis: what the matching lines still cost before it */
};

struct quote_refused {
    uint8_t ref[REF_SIZE];
    struct bytes id;
    int64_t version;
    int reason;      /* a positive code of base/code.h */
    int64_t missing; /* min_spend: minor units to go; else NONE */
};

/* Sums of one tax rate. */
struct quote_tax {
    int64_t rate, net, tax;
};

struct quote {
    struct bytes currency;
    int64_t gross, discount, net, tax, due, cashback;
    LIST(struct quote_applied) applied; /* in the order in which they were taken */
    LIST(struct quote_refused) refused; /* by id */
    LIST(struct quote_line) lines;      /* in the basket's order */
    LIST(struct quote_tax) taxes;       /* by rate, ascending */
};

extern const struct schema schema_policy_terms, schema_offer_terms, schema_basket, schema_quote;

/* Names of the closed lists, for JSON and CDDL; each ends with NULL and is in the order of its enum. */
extern const char *const gives_words[], *const returns_words[], *const offline_words[], *const bears_words[];

#endif
