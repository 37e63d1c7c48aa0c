#include "cli.h"
#include "forms/forms.h"
#include "offer/money.h"
#include "office.h"
#include "till_file.h"
#include "zones.h"

#include <inttypes.h>

static const struct usage set_usage = {
    "policy set --shop DIR KEY=VALUE...",
    "Publishes the next version of the shop's policy: the one in force with these changes. Tills take it "
    "with their\n"
    "next sync, and go by the one that they have until then. Keys:\n"
    "  offline-age=24h                 how long a till without a line knows enough to redeem; 90m, 24h or "
    "7d\n"
    "  risk-coupon-cap=AMOUNT          what it may give by one coupon of an offer of mode risk\n"
    "  risk-hour-cap=AMOUNT            and by all of them in an hour\n"
    "  card-stripe=yes|no              a magnetic stripe's keyed hash may stand for a card's token\n"
    "  loyalty=PREFIX[,PREFIX...]      what the shop's loyalty numbers begin with; empty: there are none\n"
    "  tax=included|added              whether prices hold the tax\n"
    "  tax-manufacturer-coupons=after|before\n"
    "  timezone=ZONE                   where its days begin\n"
    "A shop keeps its currency.",
    1, 16};

static const struct usage show_usage = {
    "policy show --shop DIR [--till NAME]",
    "The policy in force; with --till the one that this till goes by, from its own file.", 0, 0};

#define MINUTE_MS INT64_C(60000)

struct changing {
    struct policy policy;
    struct zone_step steps[ZONE_STEPS_MAX];
    struct bytes loyalty[MAX_LOYALTY];
    int64_t now_ms;
};

/* ---- values ---- */

static int wrong(struct err *e, const char *key, const char *form, const char *value)
{
    return err_set(e, TP_E_ARGUMENT, "%s is %s, not '%.40s'", key, form, value);
}

/* The second of two words. */
static int read_word(const char *key, const char *value, const char *first, const char *second, bool *out,
                     struct err *e)
{
    char form[64];
    snprintf(form, sizeof form, "'%s' or '%s'", first, second);
    if (strcmp(value, first) != 0 && strcmp(value, second) != 0) {
        return wrong(e, key, form, value);
    }
    *out = strcmp(value, second) == 0;
    return 0;
}

static int read_amount(const struct changing *c, const char *key, const char *value, int64_t *out,
                       struct err *e)
{
    int64_t v = 0;
    if (decimal_parse(bytes_str(value), currency_digits(c->policy.currency), &v) || v < 0) {
        return wrong(e, key, "an amount like 5.00", value);
    }
    *out = v;
    return 0;
}

static int set_age(struct changing *c, const char *value, struct err *e)
{
    static const struct {
        char unit;
        int64_t ms;
    } units[] = {{'m', MINUTE_MS}, {'h', 60 * MINUTE_MS}, {'d', 24 * 60 * MINUTE_MS}};
    size_t n = strlen(value);
    int64_t v = 0;
    for (size_t i = 0; n > 1 && n < 8 && i < 3; i++) {
        if (value[n - 1] == units[i].unit && decimal_parse(bytes_of(value, n - 1), 0, &v) == 0 && v >= 0) {
            c->policy.offline_age_ms = v * units[i].ms;
            return 0;
        }
    }
    return wrong(e, "offline-age", "minutes, hours or days like 90m, 24h or 7d", value);
}

static int set_coupon_cap(struct changing *c, const char *value, struct err *e)
{
    return read_amount(c, "risk-coupon-cap", value, &c->policy.risk_coupon_cap, e);
}

static int set_hour_cap(struct changing *c, const char *value, struct err *e)
{
    return read_amount(c, "risk-hour-cap", value, &c->policy.risk_hour_cap, e);
}

static int set_stripe(struct changing *c, const char *value, struct err *e)
{
    return read_word("card-stripe", value, "no", "yes", &c->policy.card_stripe, e);
}

static int set_loyalty(struct changing *c, const char *value, struct err *e)
{
    size_t n = 0;
    for (const char *at = value; *at;) {
        size_t length = strcspn(at, ",");
        if (n == MAX_LOYALTY || length == 0) {
            return wrong(e, "loyalty", "up to 8 prefixes with commas between them", value);
        }
        c->loyalty[n++] = bytes_of(at, length);
        at += length + (at[length] == ',');
    }
    c->policy.loyalty.v = c->loyalty;
    c->policy.loyalty.n = n;
    return 0;
}

static int set_tax(struct changing *c, const char *value, struct err *e)
{
    return read_word("tax", value, "added", "included", &c->policy.tax_included, e);
}

static int set_manufacturer(struct changing *c, const char *value, struct err *e)
{
    return read_word("tax-manufacturer-coupons", value, "after", "before", &c->policy.manufacturer_before_tax,
                     e);
}

static int set_zone(struct changing *c, const char *value, struct err *e)
{
    size_t n = 0;
    int rc = zone_steps_of(value, c->now_ms, c->steps, &n, e);
    if (rc == 0) {
        c->policy.zone = bytes_str(value);
        c->policy.zone_steps.v = c->steps;
        c->policy.zone_steps.n = n;
    }
    return rc;
}

static int set_currency(struct changing *c, const char *value, struct err *e)
{
    (void)c;
    return err_set(e, TP_E_ARGUMENT, "a shop keeps its currency; it cannot become %.10s", value);
}

static const struct {
    const char *key;
    int (*set)(struct changing *c, const char *value, struct err *e);
} keys[] = {{"offline-age", set_age},
            {"risk-coupon-cap", set_coupon_cap},
            {"risk-hour-cap", set_hour_cap},
            {"card-stripe", set_stripe},
            {"loyalty", set_loyalty},
            {"tax", set_tax},
            {"tax-manufacturer-coupons", set_manufacturer},
            {"timezone", set_zone},
            {"currency", set_currency}};
enum { KEYS = sizeof keys / sizeof keys[0] };

static int change(struct changing *c, const char *word, struct err *e)
{
    size_t n = strcspn(word, "=");
    for (size_t i = 0; word[n] == '=' && i < KEYS; i++) {
        if (strlen(keys[i].key) == n && memcmp(keys[i].key, word, n) == 0) {
            return keys[i].set(c, word + n + 1, e);
        }
    }
    return err_set(e, TP_E_ARGUMENT, "'%.40s' is not KEY=VALUE with one of the keys that --help lists", word);
}

/* ---- showing ---- */

static void put_amount(struct buf *out, int64_t amount, const struct policy *p)
{
    decimal_put(out, amount, currency_digits(p->currency));
}

static void put_loyalty(struct buf *out, const struct policy *p, bool json)
{
    for (size_t i = 0; i < p->loyalty.n; i++) {
        buf_puts(out, i ? "," : "");
        if (json) {
            json_put_string(out, p->loyalty.v[i]);
        } else {
            buf_put(out, p->loyalty.v[i].p, p->loyalty.v[i].n);
        }
    }
}

static void put_text(struct buf *out, const struct policy *p)
{
    buf_printf(out,
               "version                   %" PRId64
               "\ncurrency                  %.*s\ntimezone                  %.*s\n",
               p->version, (int)p->currency.n, (const char *)p->currency.p, (int)p->zone.n,
               (const char *)p->zone.p);
    buf_printf(out, "tax                       %s\ntax-manufacturer-coupons  %s\n",
               p->tax_included ? "included" : "added", p->manufacturer_before_tax ? "before" : "after");
    buf_printf(out, "offline-age               %" PRId64 "m\nrisk-coupon-cap           ",
               p->offline_age_ms / MINUTE_MS);
    put_amount(out, p->risk_coupon_cap, p);
    buf_puts(out, "\nrisk-hour-cap             ");
    put_amount(out, p->risk_hour_cap, p);
    buf_printf(out, "\ncard-stripe               %s\nloyalty                   ",
               p->card_stripe ? "yes" : "no");
    put_loyalty(out, p, false);
    buf_putc(out, '\n');
}

static void put_json(struct buf *out, const struct policy *p)
{
    buf_printf(out, "{\"version\":%" PRId64 ",\"currency\":", p->version);
    json_put_string(out, p->currency);
    buf_puts(out, ",\"timezone\":");
    json_put_string(out, p->zone);
    buf_printf(out, ",\"tax\":\"%s\",\"tax_manufacturer_coupons\":\"%s\",\"offline_age_minutes\":%" PRId64,
               p->tax_included ? "included" : "added", p->manufacturer_before_tax ? "before" : "after",
               p->offline_age_ms / MINUTE_MS);
    buf_puts(out, ",\"risk_coupon_cap\":\"");
    put_amount(out, p->risk_coupon_cap, p);
    buf_puts(out, "\",\"risk_hour_cap\":\"");
    put_amount(out, p->risk_hour_cap, p);
    buf_printf(out, "\",\"card_stripe\":%s,\"loyalty\":[", p->card_stripe ? "true" : "false");
    put_loyalty(out, p, true);
    buf_puts(out, "]}\n");
}

static void print(const struct policy *p, bool json)
{
    struct buf out;
    buf_init(&out, 64 * 1024);
    if (json) {
        put_json(&out, p);
    } else {
        put_text(&out, p);
    }
    cli_print(buf_view(&out));
    buf_free(&out);
}

/* ---- the verbs ---- */

/* Under the office's lock, so that two changes at once are two versions. */
static int publish(struct office *o, struct changing *c, const struct words *words, bool json, struct err *e)
{
    struct arena a;
    arena_init(&a, 256 * 1024);
    struct policy_statement s = {.common = office_common(o)};
    c->now_ms = s.common.time_ms;
    int rc = office_policy(o, &a, &c->policy, e);
    for (size_t i = 0; i < words->n && rc == 0; i++) {
        rc = change(c, words->v[i], e);
    }
    if (rc == 0) {
        c->policy.version++;
        s.terms = c->policy;
        rc = office_submit(o, KIND_POLICY, &s, NULL, e);
    }
    if (rc == 0) {
        print(&c->policy, json);
    }
    arena_reset(&a);
    return rc;
}

static int run_set(const char *dir, const struct words *words, bool json, struct err *e)
{
    struct office o;
    struct changing c = {.now_ms = 0};
    int rc = office_open(dir, OFFICE_WRITE, &o, e);
    if (rc) {
        return rc;
    }
    rc = publish(&o, &c, words, json, e);
    office_close(&o);
    return rc;
}

static int run_show(const char *dir, const char *till, bool json, struct err *e)
{
    struct office o;
    struct till_file f;
    struct arena a;
    struct policy policy = {0};
    int rc;
    if (till) {
        rc = till_file_open(dir, till, &f, e);
        if (rc) {
            return rc;
        }
        rc = f.policy.version ? 0 : err_set(e, TP_OFFLINE, "the till has not heard its authority yet");
        if (rc == 0) {
            print(&f.policy, json);
        }
        till_file_close(&f);
        return rc;
    }
    rc = office_open(dir, OFFICE_READ, &o, e);
    if (rc) {
        return rc;
    }
    arena_init(&a, 256 * 1024);
    rc = office_policy(&o, &a, &policy, e);
    if (rc == 0) {
        print(&policy, json);
    }
    arena_reset(&a);
    office_close(&o);
    return rc;
}

int cmd_policy_set(int argc, char **argv)
{
    const char *dir = NULL;
    bool json = false;
    struct err e = {0};
    struct words rest = {0};
    const struct opt opts[] = {{"shop", OPT_TEXT, &dir, "DIR", "the shop's folder", OPT_NEEDED},
                               {"json", OPT_FLAG, &json, NULL, "print the policy as JSON", 0},
                               {0}};
    int status = cli_parse(&set_usage, opts, argc, argv, &rest);
    if (status == CLI_GO) {
        status = run_set(dir, &rest, json, &e) ? cli_fail(&e) : CLI_DONE;
    }
    words_free(&rest);
    return status;
}

int cmd_policy_show(int argc, char **argv)
{
    const char *dir = NULL, *till = NULL;
    bool json = false;
    struct err e = {0};
    struct words rest = {0};
    const struct opt opts[] = {{"shop", OPT_TEXT, &dir, "DIR", "the shop's folder", OPT_NEEDED},
                               {"till", OPT_TEXT, &till, "NAME", "the one that this till goes by", 0},
                               {"json", OPT_FLAG, &json, NULL, "print it as JSON", 0},
                               {0}};
    int status = cli_parse(&show_usage, opts, argc, argv, &rest);
    if (status == CLI_GO) {
        status = run_show(dir, till, json, &e) ? cli_fail(&e) : CLI_DONE;
    }
    words_free(&rest);
    return status;
}
