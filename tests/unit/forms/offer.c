/* Offer files: what is read, what is filled in, and each refusal with its path. */
#include "unit/forms/read.h"

#include <stdio.h>

#include "offer/zone.h"
#include "wire/statement.h"

#define HEAD          "{'id':'coffee10','version':1,'currency':'EUR','redeem':['coupon'],"
#define HEAD2(redeem) "{'id':'coffee10','version':1,'currency':'EUR','redeem':[" redeem "],"
#define VALID         "'valid':{'from':'2026-11-01','until':'2026-12-31'},"
#define LEAST         HEAD VALID "'gives':{'percent':'10'}"

static const char whole[] =
    "{'id':'coffee10','version':3,'title':'10% off coffee','currency':'EUR','funder':'manufacturer',"
    "'redeem':['coupon','card'],'valid':{'from':'2026-11-01','until':'2026-12-31'},"
    "'needs':{'min_spend':'20.00','min_quantity':'1.5','category':['coffee','tea'],'sku':['s'],"
    "'exclude_sku':['x','y','z'],'stores':[],'weekdays':[],'hours':[],'customer':'any'},"
    "'gives':{'percent':'7.5','cap':'5.00'},"
    "'stacking':{'group':'hot','priority':10,'exclusive':true},"
    "'limits':{'per_coupon':2},'returns':'keep','revive':false,"
    "'offline':{'mode':'deny','cap':'4.00','bears':'issuer'},"
    "'fee':{'percent':'3','fixed':'0.10'},'holdout_percent':'0'}";

static void a_whole_offer_is_read(void **state)
{
    struct shop s;
    struct offer o;
    uint8_t ref[REF_SIZE];
    (void)state;
    shop_begin(&s);
    assert_int_equal(read_offer(&s, whole, &o), 0);
    assert_true(bytes_is(o.id, "coffee10") && bytes_is(o.title, "10% off coffee"));
    assert_true(bytes_is(o.currency, "EUR") && bytes_is(o.funder, "manufacturer"));
    assert_true(o.version == 3 && o.redeem == (REDEEM_COUPON | REDEEM_CARD));
    assert_true(o.min_spend == 2000 && o.min_quantity == 1500);
    assert_true(o.category.n == 2 && o.sku.n == 1 && o.exclude_sku.n == 3);
    assert_true(bytes_is(o.category.v[1], "tea") && bytes_is(o.exclude_sku.v[2], "z"));
    assert_true(o.gives == GIVES_PERCENT && o.percent == 7500 && o.cap == 500 && o.amount == NONE);
    assert_true(bytes_is(o.group, "hot") && o.priority == 10 && o.exclusive);
    assert_true(o.per_coupon == 2 && o.per_customer == NONE && o.total == NONE && o.budget == NONE);
    assert_true(o.returns == RETURNS_KEEP && !o.revive);
    assert_true(o.offline == OFFLINE_DENY && o.offline_cap == 400 && o.bears == BEARS_ISSUER);
    assert_true(o.fee_percent == 3000 && o.fee_fixed == 10);
    assert_int_equal(offer_ref(s.authority, o.id, ref), 0);
    assert_memory_equal(o.ref, ref, REF_SIZE);
    shop_end(&s);
}

static void what_is_not_said_has_a_default(void **state)
{
    struct shop s;
    struct offer o;
    (void)state;
    shop_begin(&s);
    assert_int_equal(read_offer(&s, LEAST "}", &o), 0);
    assert_true(bytes_is(o.title, "coffee10") && bytes_is(o.funder, "store"));
    assert_true(o.min_spend == NONE && o.min_quantity == NONE && o.cap == NONE && o.amount == NONE);
    assert_true(o.category.n + o.sku.n + o.exclude_sku.n == 0);
    assert_true(!o.group.p && o.priority == 0 && !o.exclusive);
    assert_true(o.per_coupon == 1 && o.returns == RETURNS_KEEP && o.offline == OFFLINE_DENY);
    assert_true(o.stores.n + o.hours.n + o.tiers.n == 0 && o.weekdays == 0 && o.buy == 0 && o.get == 0);
    assert_true(!o.customer_new && !o.gs1.p && o.holdout_percent == 0);
    assert_true(o.bears == BEARS_MERCHANT && o.offline_cap == NONE && o.fee_percent == 0 && o.fee_fixed == 0);
    assert_int_equal(read_offer(&s, HEAD VALID "'gives':{'amount':'5'}}", &o), 0);
    assert_true(o.gives == GIVES_AMOUNT && o.amount == 500 && o.percent == NONE);
    assert_null(o.lease);
    assert_int_equal(read_offer(&s, LEAST ",'offline':{'mode':'lease','lease':{'uses':20}}}", &o), 0);
    assert_true(o.offline == OFFLINE_LEASE && o.lease->uses == 20 && o.lease->amount == NONE);
    assert_int_equal(o.lease->hours, 24);
    assert_int_equal(
        read_offer(&s, LEAST ",'offline':{'mode':'lease','lease':{'amount':'50.00','hours':48}}}", &o), 0);
    assert_true(o.lease->uses == NONE && o.lease->amount == 5000 && o.lease->hours == 48);
    shop_end(&s);
}

/* What is read can be signed: the file's ranges are within those of the statement. */
static void what_is_read_can_be_encoded(void **state)
{
    struct shop s;
    struct offer o;
    struct buf out;
    (void)state;
    shop_begin(&s);
    buf_init(&out, STATEMENT_MAX);
    assert_int_equal(read_offer(&s, whole, &o), 0);
    assert_int_equal(schema_encode(&schema_offer_terms, &o, &out, &s.e), 0);
    assert_int_equal(read_offer(&s, LEAST "}", &o), 0);
    assert_int_equal(schema_encode(&schema_offer_terms, &o, &out, &s.e), 0);
    static const char *const gives[] = {
        "{'price':'0'}", "{'buy':1000,'get':1000,'percent':'0.001'}",
        "{'tiers':[{'min_spend':'0','percent':'100'},{'min_spend':'0.01','amount':'10000000000000.00'}]}",
        "{'cashback_percent':'100','cap':'0.01'}"};
    for (size_t i = 0; i < sizeof gives / sizeof gives[0]; i++) {
        char text[512];
        struct offer back;
        snprintf(text, sizeof text,
                 HEAD2("'automatic'") VALID "'needs':{'stores':['a'],'weekdays':['sun'],"
                                            "'hours':['00:00-24:00','23:59-00:00']},'gives':%s}",
                 gives[i]);
        assert_int_equal(read_offer(&s, text, &o), 0);
        buf_reset(&out);
        assert_int_equal(schema_encode(&schema_offer_terms, &o, &out, &s.e), 0);
        assert_int_equal(schema_decode(&schema_offer_terms, buf_view(&out), &s.arena, &back, &s.e), 0);
        assert_int_equal(offer_check(&back, &s.e), 0);
        assert_true(back.gives == o.gives && back.amount == o.amount && back.tiers.n == o.tiers.n);
        assert_true(back.hours.v[1].from == 1439 && back.weekdays == 64 && back.buy == o.buy);
    }
    buf_free(&out);
    shop_end(&s);
}

/* The interface page's offer. */
static void the_published_example_is_read(void **state)
{
    struct shop s;
    struct offer o;
    (void)state;
    shop_begin(&s);
    assert_int_equal(
        read_offer(
            &s,
            "{'id':'coffee10','version':1,'title':'10% off coffee','currency':'EUR','funder':'store',"
            "'redeem':['coupon','card'],'valid':{'from':'2026-11-01','until':'2026-12-31'},"
            "'needs':{'min_spend':'20.00','min_quantity':'1','category':['coffee'],'sku':[],"
            "'exclude_sku':[],'stores':[],'weekdays':['mon'],'hours':['07:00-11:00'],'customer':'new'},"
            "'gives':{'percent':'10','cap':'5.00'},"
            "'stacking':{'group':'coffee','priority':10,'exclusive':false},"
            "'limits':{'per_coupon':1,'per_customer':2,'total':10000,'budget':'50000.00'},"
            "'returns':'keep','revive':false,'offline':{'mode':'deny','cap':'5.00','bears':'merchant'},"
            "'fee':{'percent':'3','fixed':'0.10'},'holdout_percent':'0'}",
            &o),
        0);
    assert_true(o.weekdays == 1 && o.hours.n == 1 && o.hours.v[0].until == 660 && o.customer_new);
    assert_true(o.per_coupon == 1 && o.per_customer == 2 && o.total == 10000 && o.budget == 5000000);
    shop_end(&s);
}

/* ---- each kind of gives ---- */

#define KIND(more) HEAD VALID "'gives':" more "}"

static void each_kind_is_read(void **state)
{
    struct shop s;
    struct offer o;
    (void)state;
    shop_begin(&s);
    assert_int_equal(read_offer(&s, KIND("{'price':'1.99'}"), &o), 0);
    assert_true(o.gives == GIVES_PRICE && o.amount == 199 && o.percent == NONE && o.cap == NONE);
    assert_int_equal(read_offer(&s, KIND("{'price':'0'}"), &o), 0);
    assert_true(o.gives == GIVES_PRICE && o.amount == 0);
    assert_int_equal(read_offer(&s, KIND("{'buy':2,'get':1,'percent':'100'}"), &o), 0);
    assert_true(o.gives == GIVES_BUY_GET && o.buy == 2 && o.get == 1 && o.percent == 100000);
    assert_int_equal(read_offer(&s, KIND("{'buy':'3','get':'1000','percent':'12.5'}"), &o), 0);
    assert_true(o.gives == GIVES_BUY_GET && o.buy == 3 && o.get == 1000 && o.percent == 12500);
    assert_int_equal(
        read_offer(&s,
                   KIND("{'tiers':[{'min_spend':'20','percent':'5'},{'min_spend':'50.00','amount':'7.50'}]}"),
                   &o),
        0);
    assert_true(o.gives == GIVES_TIERS && o.tiers.n == 2 && o.percent == NONE && o.amount == NONE);
    assert_true(o.tiers.v[0].min_spend == 2000 && o.tiers.v[0].percent == 5000 &&
                o.tiers.v[0].amount == NONE);
    assert_true(o.tiers.v[1].min_spend == 5000 && o.tiers.v[1].percent == NONE && o.tiers.v[1].amount == 750);
    assert_int_equal(read_offer(&s, KIND("{'cashback_percent':'2.5','cap':'3.00'}"), &o), 0);
    assert_true(o.gives == GIVES_CASHBACK && o.percent == 2500 && o.cap == 300);
    shop_end(&s);
}

static void stores_days_and_hours_are_read(void **state)
{
    struct shop s;
    struct offer o;
    (void)state;
    shop_begin(&s);
    assert_int_equal(read_offer(&s,
                                LEAST ",'needs':{'stores':['mitte','nord'],'weekdays':['sun','mon','mon'],"
                                      "'hours':['07:00-11:00','22:30-02:00','00:00-24:00']}}",
                                &o),
                     0);
    assert_true(o.stores.n == 2 && bytes_is(o.stores.v[1], "nord"));
    assert_int_equal(o.weekdays, 1 + 64);
    assert_int_equal(o.hours.n, 3);
    assert_true(o.hours.v[0].from == 420 && o.hours.v[0].until == 660);
    assert_true(o.hours.v[1].from == 1350 && o.hours.v[1].until == 120);
    assert_true(o.hours.v[2].from == 0 && o.hours.v[2].until == 1440);
    assert_int_equal(
        read_offer(&s, LEAST ",'needs':{'weekdays':['mon','tue','wed','thu','fri','sat','sun']}}", &o), 0);
    assert_int_equal(o.weekdays, 127);
    assert_int_equal(read_offer(&s, HEAD2("'automatic'") VALID "'gives':{'amount':'5'}}", &o), 0);
    assert_int_equal(o.redeem, REDEEM_AUTOMATIC);
    assert_int_equal(read_offer(&s, HEAD2("'automatic','coupon'") VALID "'gives':{'amount':'5'}}", &o), 0);
    assert_int_equal(o.redeem, REDEEM_AUTOMATIC | REDEEM_COUPON);
    shop_end(&s);
}

static void dates_are_whole_local_days(void **state)
{
    struct shop s;
    struct offer o;
    (void)state;
    shop_begin(&s);
    assert_int_equal(read_offer(&s, LEAST "}", &o), 0);
    assert_int_equal(o.valid_from, zone_day_start(&s.policy, 2026, 11, 1));
    assert_int_equal(o.valid_until, zone_day_start(&s.policy, 2027, 1, 1));
    assert_int_equal(o.valid_from, INT64_C(1793487600000)); /* 2026-10-31T23:00:00Z */
    assert_int_equal(
        read_offer(&s, HEAD "'valid':{'from':'2026-03-29','until':'2026-03-29'},'gives':{'amount':'5'}}", &o),
        0);
    assert_int_equal(o.valid_until - o.valid_from, 23 * 3600 * 1000); /* the day of the clock change */
    assert_int_equal(
        read_offer(&s, HEAD "'valid':{'from':'1970-01-01','until':'9999-12-31'},'gives':{'amount':'5'}}", &o),
        0);
    assert_int_equal(o.valid_from, 0);
    assert_true(o.valid_until <= TIME_MAX && o.valid_until > TIME_MAX - 86400000);
    s.steps[0].offset_min = -300;
    s.policy.zone_steps.n = 1;
    assert_int_equal(
        read_offer(&s, HEAD "'valid':{'from':'1970-01-01','until':'9999-12-31'},'gives':{'amount':'5'}}", &o),
        0);
    assert_int_equal(o.valid_until, TIME_MAX);
    shop_end(&s);
}

struct refusal {
    const char *json;
    int code;
    const char *path;
};

static void expect_all(const struct refusal *rows, size_t n)
{
    struct shop s;
    struct offer o, before;
    shop_begin(&s);
    memset(&o, 0x5A, sizeof o);
    memcpy(&before, &o, sizeof o);
    for (size_t i = 0; i < n; i++) {
        expect_refused(&s, read_offer(&s, rows[i].json, &o), rows[i].code, rows[i].path);
        assert_memory_equal(&o, &before, sizeof o);
    }
    shop_end(&s);
}

#define EXPECT_ALL(rows)   expect_all((rows), sizeof(rows) / sizeof((rows)[0]))
#define WITH(more)         LEAST "," more "}"
#define NEEDS(more)        WITH("'needs':{" more "}")
#define GIVES(more)        HEAD VALID "'gives':" more "}"
#define DATES(from, until) HEAD "'valid':{'from':" from ",'until':" until "},'gives':{'percent':'10'}}"

static void the_head_is_checked(void **state)
{
    static const struct refusal rows[] = {
        {"[]", TP_BAD_VALUE, "$"},
        {"{}", TP_BAD_VALUE, "$.id"},
        {"{'id':5}", TP_BAD_VALUE, "$.id"},
        {"{'id':null}", TP_BAD_VALUE, "$.id"},
        {"{'id':''}", TP_BAD_VALUE, "$.id"},
        {"{'id':'a'}", TP_BAD_VALUE, "$.version"},
        {"{'id':'a','version':'1'}", TP_BAD_VALUE, "$.version"},
        {"{'id':'a','version':1.0}", TP_BAD_VALUE, "$.version"},
        {"{'id':'a','version':0}", TP_BAD_VALUE, "$.version"},
        {"{'id':'a','version':4294967296}", TP_BAD_VALUE, "$.version"},
        {"{'id':'a','version':1,'title':''}", TP_BAD_VALUE, "$.title"},
        {"{'id':'a','version':1,'title':'a\\u0007b'}", TP_BAD_VALUE, "$.title"},
        {"{'id':'a','version':1,'funder':{}}", TP_BAD_VALUE, "$.funder"},
        {"{'id':'a','version':1}", TP_BAD_VALUE, "$.currency"},
        {"{'id':'a','version':1,'currency':'euro'}", TP_BAD_VALUE, "$.currency"},
        {"{'id':'a','version':1,'currency':'EUX'}", TP_BAD_VALUE, "$.currency"},
        {"{'id':'a','version':1,'currency':'USD'}", TP_CURRENCY, "$.currency"},
        {"{'id':'a','version':1,'currency':'EUR'}", TP_BAD_VALUE, "$.redeem"},
        {"{'id':'a','version':1,'currency':'EUR','redeem':'coupon'}", TP_BAD_VALUE, "$.redeem"},
        {"{'id':'a','version':1,'currency':'EUR','redeem':[]}", TP_BAD_VALUE, "$.redeem"},
        {"{'id':'a','version':1,'currency':'EUR','redeem':['coupon','kiss']}", TP_BAD_VALUE, "$.redeem[1]"},
        {"{'id':'a','version':1,'currency':'EUR','redeem':['card','automatic'],'valid':1}", TP_BAD_VALUE,
         "$.valid"},
        {"{'id':'a','version':1,'currency':'EUR','redeem':['card']}", TP_BAD_VALUE, "$.valid"},
        {HEAD VALID "'title':'x'}", TP_BAD_VALUE, "$.gives"},
        {"{'id':'Coffee','version':1,'currency':'EUR','redeem':['coupon']," VALID "'gives':{'percent':'10'}}",
         TP_BAD_VALUE, "$.id"},
    };
    (void)state;
    EXPECT_ALL(rows);
}

static void dates_are_days_of_the_calendar(void **state)
{
    static const struct refusal rows[] = {
        {DATES("'2026-02-30'", "'2026-12-31'"), TP_BAD_VALUE, "$.valid.from"},
        {DATES("'2026-11-01'", "'2026-11-31'"), TP_BAD_VALUE, "$.valid.until"},
        {DATES("'2026-1-1'", "'2026-12-31'"), TP_BAD_VALUE, "$.valid.from"},
        {DATES("'2026-11-01T00'", "'2026-12-31'"), TP_BAD_VALUE, "$.valid.from"},
        {DATES("'1969-12-31'", "'2026-12-31'"), TP_BAD_VALUE, "$.valid.from"},
        {DATES("20261101", "'2026-12-31'"), TP_BAD_VALUE, "$.valid.from"},
        {DATES("'2026-11-02'", "'2026-11-01'"), TP_BAD_VALUE, "$.valid.until"},
        {HEAD "'valid':{'from':'2026-11-01'}}", TP_BAD_VALUE, "$.valid.until"},
        {HEAD "'valid':{'until':'2026-11-01'}}", TP_BAD_VALUE, "$.valid.from"},
        {HEAD "'valid':{'from':'2026-11-01','until':'2026-11-01','to':1}}", TP_UNKNOWN_KEY, "$.valid.to"},
        {HEAD "'valid':[]}", TP_BAD_VALUE, "$.valid"},
    };
    (void)state;
    EXPECT_ALL(rows);
}

static void needs_are_checked(void **state)
{
    static const struct refusal rows[] = {
        {WITH("'needs':[]"), TP_BAD_VALUE, "$.needs"},
        {NEEDS("'min_spend':20"), TP_BAD_VALUE, "$.needs.min_spend"},
        {NEEDS("'min_spend':'20.001'"), TP_BAD_VALUE, "$.needs.min_spend"},
        {NEEDS("'min_spend':'-1'"), TP_BAD_VALUE, "$.needs.min_spend"},
        {NEEDS("'min_spend':'10000000000000.01'"), TP_AMOUNT_RANGE, "$.needs.min_spend"},
        {NEEDS("'min_quantity':1"), TP_BAD_VALUE, "$.needs.min_quantity"},
        {NEEDS("'min_quantity':'0.0001'"), TP_BAD_VALUE, "$.needs.min_quantity"},
        {NEEDS("'min_quantity':'1000000000.001'"), TP_BAD_VALUE, "$.needs.min_quantity"},
        {NEEDS("'category':'coffee'"), TP_BAD_VALUE, "$.needs.category"},
        {NEEDS("'category':['a',7]"), TP_BAD_VALUE, "$.needs.category[1]"},
        {NEEDS("'sku':['']"), TP_BAD_VALUE, "$.needs.sku[0]"},
        {NEEDS("'exclude_sku':[[]]"), TP_BAD_VALUE, "$.needs.exclude_sku[0]"},
        {NEEDS("'stores':'mitte'"), TP_BAD_VALUE, "$.needs.stores"},
        {NEEDS("'stores':['mitte','abcdefghijabcdefghijabcdefghijabc']"), TP_BAD_VALUE, "$.needs.stores[1]"},
        {NEEDS("'stores':['']"), TP_BAD_VALUE, "$.needs.stores[0]"},
        {NEEDS("'weekdays':'mon'"), TP_BAD_VALUE, "$.needs.weekdays"},
        {NEEDS("'weekdays':['mon','moon']"), TP_BAD_VALUE, "$.needs.weekdays[1]"},
        {NEEDS("'weekdays':[1]"), TP_BAD_VALUE, "$.needs.weekdays[0]"},
        {NEEDS("'weekdays':['mon','mon','mon','mon','mon','mon','mon','mon']"), TP_BAD_VALUE,
         "$.needs.weekdays"},
        {NEEDS("'hours':'07:00-11:00'"), TP_BAD_VALUE, "$.needs.hours"},
        {NEEDS("'hours':['07:00-11:00',{}]"), TP_BAD_VALUE, "$.needs.hours[1]"},
        {NEEDS("'hours':['7:00-11:00']"), TP_BAD_VALUE, "$.needs.hours[0]"},
        {NEEDS("'hours':['07:00-24:01']"), TP_BAD_VALUE, "$.needs.hours[0]"},
        {NEEDS("'hours':['07:00-25:00']"), TP_BAD_VALUE, "$.needs.hours[0]"},
        {NEEDS("'hours':['24:00-07:00']"), TP_BAD_VALUE, "$.needs.hours[0]"},
        {NEEDS("'hours':['07:60-11:00']"), TP_BAD_VALUE, "$.needs.hours[0]"},
        {NEEDS("'hours':['07:00 11:00']"), TP_BAD_VALUE, "$.needs.hours[0]"},
        {NEEDS("'hours':['07:00-11:00x']"), TP_BAD_VALUE, "$.needs.hours[0]"},
        {NEEDS("'hours':['']"), TP_BAD_VALUE, "$.needs.hours[0]"},
        {NEEDS("'hours':['07:00-07:00']"), TP_BAD_VALUE, "$.needs.hours[0]"},
        {NEEDS("'hours':['00:00-24:00','00:00-00:00']"), TP_BAD_VALUE, "$.needs.hours[1]"},
        {NEEDS("'sku':['a','b'],'exclude_sku':['b','c','a']"), TP_BAD_VALUE, "$.needs.exclude_sku"},
        {NEEDS("'customer':'old'"), TP_BAD_VALUE, "$.needs.customer"},
        {NEEDS("'max_spend':'1'"), TP_UNKNOWN_KEY, "$.needs.max_spend"},
    };
    (void)state;
    EXPECT_ALL(rows);
}

static void gives_is_one_kind(void **state)
{
    static const struct refusal rows[] = {
        {GIVES("'10%'"), TP_BAD_VALUE, "$.gives"},
        {GIVES("{}"), TP_BAD_VALUE, "$.gives"},
        {GIVES("{'cap':'1.00'}"), TP_BAD_VALUE, "$.gives"},
        {GIVES("{'percent':10}"), TP_BAD_VALUE, "$.gives.percent"},
        {GIVES("{'percent':'ten'}"), TP_BAD_VALUE, "$.gives.percent"},
        {GIVES("{'percent':'0'}"), TP_BAD_VALUE, "$.gives.percent"},
        {GIVES("{'percent':'100.001'}"), TP_BAD_VALUE, "$.gives.percent"},
        {GIVES("{'percent':'10.0001'}"), TP_BAD_VALUE, "$.gives.percent"},
        {GIVES("{'percent':'10','cap':'0'}"), TP_BAD_VALUE, "$.gives.cap"},
        {GIVES("{'percent':'10','cap':5}"), TP_BAD_VALUE, "$.gives.cap"},
        {GIVES("{'percent':'10','amount':'5'}"), TP_BAD_VALUE, "$.gives.percent"},
        {GIVES("{'amount':'5','cap':'5'}"), TP_BAD_VALUE, "$.gives.cap"},
        {GIVES("{'percent':'10','cap':'5.00 USD'}"), TP_BAD_VALUE, "$.gives.cap"},
        {GIVES("{'percent':'10','cap':{'amount':'5.00','currency':'USD'}}"), TP_BAD_VALUE, "$.gives.cap"},
        {GIVES("{'percent':'10','cap':'0.005'}"), TP_BAD_VALUE, "$.gives.cap"},
        {GIVES("{'amount':'0.00'}"), TP_BAD_VALUE, "$.gives.amount"},
        {GIVES("{'amount':'99999999999999'}"), TP_AMOUNT_RANGE, "$.gives.amount"},
        {GIVES("{'price':'-1.00'}"), TP_BAD_VALUE, "$.gives.price"},
        {GIVES("{'price':1}"), TP_BAD_VALUE, "$.gives.price"},
        {GIVES("{'price':'1.00','percent':'5'}"), TP_BAD_VALUE, "$.gives.percent"},
        {GIVES("{'price':'1.00','buy':1}"), TP_BAD_VALUE, "$.gives.buy"},
        {GIVES("{'buy':2,'get':1}"), TP_BAD_VALUE, "$.gives.percent"},
        {GIVES("{'buy':2,'percent':'100'}"), TP_BAD_VALUE, "$.gives.get"},
        {GIVES("{'get':1,'percent':'100'}"), TP_BAD_VALUE, "$.gives.buy"},
        {GIVES("{'buy':0,'get':1,'percent':'100'}"), TP_BAD_VALUE, "$.gives.buy"},
        {GIVES("{'buy':'0','get':1,'percent':'100'}"), TP_BAD_VALUE, "$.gives.buy"},
        {GIVES("{'buy':2,'get':1001,'percent':'100'}"), TP_BAD_VALUE, "$.gives.get"},
        {GIVES("{'buy':2,'get':'1.5','percent':'100'}"), TP_BAD_VALUE, "$.gives.get"},
        {GIVES("{'buy':2.0,'get':1,'percent':'100'}"), TP_BAD_VALUE, "$.gives.buy"},
        {GIVES("{'buy':2,'get':1,'percent':'101'}"), TP_BAD_VALUE, "$.gives.percent"},
        {GIVES("{'buy':2,'get':1,'percent':'100','cap':'1'}"), TP_BAD_VALUE, "$.gives.cap"},
        {GIVES("{'buy':2,'get':1,'percent':'100','amount':'1'}"), TP_BAD_VALUE, "$.gives.amount"},
        {GIVES("{'tiers':[]}"), TP_BAD_VALUE, "$.gives.tiers"},
        {GIVES("{'tiers':{}}"), TP_BAD_VALUE, "$.gives.tiers"},
        {GIVES("{'tiers':[7]}"), TP_BAD_VALUE, "$.gives.tiers[0]"},
        {GIVES("{'tiers':[{}]}"), TP_BAD_VALUE, "$.gives.tiers[0].min_spend"},
        {GIVES("{'tiers':[{'min_spend':'5'}]}"), TP_BAD_VALUE, "$.gives.tiers[0]"},
        {GIVES("{'tiers':[{'min_spend':'5','percent':'1','amount':'1'}]}"), TP_BAD_VALUE, "$.gives.tiers[0]"},
        {GIVES("{'tiers':[{'min_spend':'5','percent':'0'}]}"), TP_BAD_VALUE, "$.gives.tiers[0].percent"},
        {GIVES("{'tiers':[{'min_spend':'5','amount':'0'}]}"), TP_BAD_VALUE, "$.gives.tiers[0].amount"},
        {GIVES("{'tiers':[{'min_spend':'5','price':'1'}]}"), TP_UNKNOWN_KEY, "$.gives.tiers[0].price"},
        {GIVES("{'tiers':[{'min_spend':'50','percent':'5'},{'min_spend':'50','percent':'9'}]}"), TP_BAD_VALUE,
         "$.gives.tiers[1].min_spend"},
        {GIVES("{'tiers':[{'min_spend':'50','percent':'5'},{'min_spend':'20','percent':'9'}]}"), TP_BAD_VALUE,
         "$.gives.tiers[1].min_spend"},
        {GIVES("{'tiers':[{'min_spend':'50','percent':'5'}],'cap':'1'}"), TP_BAD_VALUE, "$.gives.cap"},
        {GIVES("{'cashback_percent':'0'}"), TP_BAD_VALUE, "$.gives.cashback_percent"},
        {GIVES("{'cashback_percent':'5','percent':'5'}"), TP_BAD_VALUE, "$.gives.percent"},
        {GIVES("{'cashback_percent':'5','cap':'0'}"), TP_BAD_VALUE, "$.gives.cap"},
        {GIVES("{'amount':'5','cashback_percent':'5'}"), TP_BAD_VALUE, "$.gives.amount"},
        {GIVES("{'gift':'mug'}"), TP_UNKNOWN_KEY, "$.gives.gift"},
    };
    (void)state;
    EXPECT_ALL(rows);
}

static void the_rest_is_checked(void **state)
{
    static const struct refusal rows[] = {
        {WITH("'stacking':true"), TP_BAD_VALUE, "$.stacking"},
        {WITH("'stacking':{'group':''}"), TP_BAD_VALUE, "$.stacking.group"},
        {WITH("'stacking':{'priority':'1'}"), TP_BAD_VALUE, "$.stacking.priority"},
        {WITH("'stacking':{'priority':1000001}"), TP_BAD_VALUE, "$.stacking.priority"},
        {WITH("'stacking':{'exclusive':1}"), TP_BAD_VALUE, "$.stacking.exclusive"},
        {WITH("'stacking':{'rank':1}"), TP_UNKNOWN_KEY, "$.stacking.rank"},
        {WITH("'limits':1"), TP_BAD_VALUE, "$.limits"},
        {WITH("'limits':{'per_coupon':0}"), TP_BAD_VALUE, "$.limits.per_coupon"},
        {WITH("'limits':{'per_coupon':'1'}"), TP_BAD_VALUE, "$.limits.per_coupon"},
        {WITH("'limits':{'per_customer':0}"), TP_BAD_VALUE, "$.limits.per_customer"},
        {WITH("'limits':{'total':'10000'}"), TP_BAD_VALUE, "$.limits.total"},
        {WITH("'limits':{'budget':'-0.01'}"), TP_BAD_VALUE, "$.limits.budget"},
        {WITH("'limits':{'budget':50000}"), TP_BAD_VALUE, "$.limits.budget"},
        {WITH("'limits':{'per_day':1}"), TP_UNKNOWN_KEY, "$.limits.per_day"},
        {WITH("'returns':'never'"), TP_BAD_VALUE, "$.returns"},
        {WITH("'revive':'no'"), TP_BAD_VALUE, "$.revive"},
        {WITH("'gs1':'8112'"), TP_BAD_VALUE, "$.gs1"},
        {WITH("'gs1':'2559501101530004'"), TP_BAD_VALUE, "$.gs1"},
        {WITH("'gs1':''"), TP_BAD_VALUE, "$.gs1"},
        {WITH("'gs1':8112"), TP_BAD_VALUE, "$.gs1"},
        {WITH("'offline':'deny'"), TP_BAD_VALUE, "$.offline"},
        {WITH("'offline':{'mode':'lease'}"), TP_BAD_VALUE, "$.offline.lease"},
        {WITH("'offline':{'mode':'lease','lease':20}"), TP_BAD_VALUE, "$.offline.lease"},
        {WITH("'offline':{'mode':'lease','lease':{}}"), TP_BAD_VALUE, "$.offline.lease"},
        {WITH("'offline':{'mode':'lease','lease':{'uses':0}}"), TP_BAD_VALUE, "$.offline.lease.uses"},
        {WITH("'offline':{'mode':'lease','lease':{'amount':50}}"), TP_BAD_VALUE, "$.offline.lease.amount"},
        {WITH("'offline':{'mode':'lease','lease':{'uses':1,'days':1}}"), TP_UNKNOWN_KEY,
         "$.offline.lease.days"},
        {WITH("'offline':{'lease':{'uses':1}}"), TP_BAD_VALUE, "$.offline.lease"},
        {WITH("'offline':{'mode':'lease','lease':{'amount':'1.00'}},'limits':{'total':9}"), TP_BAD_VALUE,
         "$.offline.lease.uses"},
        {WITH("'offline':{'mode':'risk'},'limits':{'budget':'9.00'}"), TP_BAD_VALUE, "$.offline.mode"},
        {WITH("'offline':{'mode':'risk'},'limits':{'total':9}"), TP_BAD_VALUE, "$.offline.mode"},
        {WITH("'offline':{'mode':'yes'}"), TP_BAD_VALUE, "$.offline.mode"},
        {WITH("'offline':{'bears':'nobody'}"), TP_BAD_VALUE, "$.offline.bears"},
        {WITH("'offline':{'cap':5}"), TP_BAD_VALUE, "$.offline.cap"},
        {WITH("'offline':{'age':5}"), TP_UNKNOWN_KEY, "$.offline.age"},
        {WITH("'fee':3"), TP_BAD_VALUE, "$.fee"},
        {WITH("'fee':{'percent':'101'}"), TP_BAD_VALUE, "$.fee.percent"},
        {WITH("'fee':{'fixed':'-0.01'}"), TP_BAD_VALUE, "$.fee.fixed"},
        {WITH("'fee':{'flat':'1'}"), TP_UNKNOWN_KEY, "$.fee.flat"},
        {WITH("'holdout_percent':'5'"), TP_UNSUPPORTED, "$.holdout_percent"},
        {WITH("'holdout_percent':'101'"), TP_BAD_VALUE, "$.holdout_percent"},
        {WITH("'holdout_percent':0"), TP_BAD_VALUE, "$.holdout_percent"},
        {WITH("'colour':'red'"), TP_UNKNOWN_KEY, "$.colour"},
        {WITH("'a b':1"), TP_UNKNOWN_KEY, "$[\"a b\"]"},
        {WITH("'':1"), TP_UNKNOWN_KEY, "$[\"\"]"},
    };
    (void)state;
    EXPECT_ALL(rows);
}

static void messages_say_what_to_write(void **state)
{
    struct shop s;
    struct offer o;
    (void)state;
    shop_begin(&s);
    read_offer(&s, GIVES("{'percent':10}"), &o);
    assert_string_equal(s.e.text,
                        "$.gives.percent: must be a decimal text such as \"10\" or \"7.5\", with at most "
                        "3 decimals");
    read_offer(&s, GIVES("{'percent':'101'}"), &o);
    assert_string_equal(s.e.text, "$.gives.percent: must be from 0.001 to 100");
    read_offer(&s, WITH("'returns':'never'"), &o);
    assert_string_equal(s.e.text, "$.returns: must be one of keep, claw_back, readjudicate");
    read_offer(&s, GIVES("{'percent':'10','amount':'5'}"), &o);
    assert_string_equal(s.e.text, "$.gives.percent: cannot stand beside amount: an offer gives one thing");
    read_offer(&s, NEEDS("'hours':['07:00-07:00']"), &o);
    assert_string_equal(s.e.text, "$.needs.hours[0]: is empty; a whole day is \"00:00-24:00\"");
    read_offer(&s, "{}", &o);
    assert_string_equal(s.e.text, "$.id: is required");
    s.policy.currency = bytes_str("JPY");
    read_offer(&s,
               "{'id':'a','version':1,'currency':'JPY','redeem':['card']," VALID "'gives':{'amount':'1.5'}}",
               &o);
    assert_string_equal(s.e.text, "$.gives.amount: must be a decimal text without decimals, such as \"10\"");
    shop_end(&s);
}

static void minor_units_follow_the_currency(void **state)
{
    struct shop s;
    struct offer o;
    (void)state;
    shop_begin(&s);
    s.policy.currency = bytes_str("JPY");
    assert_int_equal(read_offer(&s,
                                "{'id':'a','version':1,'currency':'JPY','redeem':['card']," VALID
                                "'gives':{'amount':'150'}}",
                                &o),
                     0);
    assert_int_equal(o.amount, 150);
    s.policy.currency = bytes_str("KWD");
    assert_int_equal(read_offer(&s,
                                "{'id':'a','version':1,'currency':'KWD','redeem':['card']," VALID
                                "'gives':{'amount':'1.5'}}",
                                &o),
                     0);
    assert_int_equal(o.amount, 1500);
    shop_end(&s);
}

static void a_full_arena_is_told(void **state)
{
    static uint8_t memory[4096];
    struct shop s;
    struct offer o;
    bool worked = false;
    (void)state;
    shop_begin(&s);
    for (size_t n = 0; n < sizeof memory && !worked; n += 16) {
        arena_over(&s.arena, memory, n);
        int rc = read_offer(&s, whole, &o);
        assert_true(rc == 0 || rc == TP_E_MEMORY);
        worked = rc == 0;
    }
    assert_true(worked);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_whole_offer_is_read),
        cmocka_unit_test(what_is_not_said_has_a_default),
        cmocka_unit_test(what_is_read_can_be_encoded),
        cmocka_unit_test(the_published_example_is_read),
        cmocka_unit_test(each_kind_is_read),
        cmocka_unit_test(stores_days_and_hours_are_read),
        cmocka_unit_test(dates_are_whole_local_days),
        cmocka_unit_test(the_head_is_checked),
        cmocka_unit_test(dates_are_days_of_the_calendar),
        cmocka_unit_test(needs_are_checked),
        cmocka_unit_test(gives_is_one_kind),
        cmocka_unit_test(the_rest_is_checked),
        cmocka_unit_test(messages_say_what_to_write),
        cmocka_unit_test(minor_units_follow_the_currency),
        cmocka_unit_test(a_full_arena_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
