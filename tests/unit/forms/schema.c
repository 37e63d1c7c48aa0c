/*
 * The JSON schemas say what the parser does: their keys are the parser's keys, and a small validator (JSON
 * Schema 2020-12, the words that the two files use) takes and refuses what the parser takes and refuses.
 */
#include "unit/forms/read.h"

#include <jansson.h>
#include <regex.h>
#include <stdio.h>

#include "forms/json.h"

static json_t *load(const char *name)
{
    char path[512];
    json_error_t why;
    snprintf(path, sizeof path, FORMS_DIR "/%s.schema.json", name);
    json_t *v = json_load_file(path, JSON_REJECT_DUPLICATES, &why);
    if (!v) {
        fail_msg("%s: line %d: %s", path, why.line, why.text);
    }
    return v;
}

/* ---- the keys ---- */

/* "gives.tiers[]": down the properties, and into a list's items. */
static json_t *object_at(json_t *schema, const char *path)
{
    char copy[128];
    snprintf(copy, sizeof copy, "%s", path);
    for (char *part = strtok(copy, "."); part && schema; part = strtok(NULL, ".")) {
        char *list = strstr(part, "[]");
        if (list) {
            *list = '\0';
        }
        schema = json_object_get(json_object_get(schema, "properties"), part);
        schema = list ? json_object_get(schema, "items") : schema;
    }
    return schema;
}

static size_t count_objects(const json_t *schema)
{
    const char *key;
    json_t *v;
    size_t n = json_object_get(schema, "properties") != NULL;
    json_object_foreach(json_object_get(schema, "properties"), key, v)
    {
        n += count_objects(v);
    }
    json_t *items = json_object_get(schema, "items");
    return items ? n + count_objects(items) : n;
}

static void compare_keys(json_t *schema, const struct form_keys *tables)
{
    size_t objects = 0;
    for (; tables[objects].path; objects++) {
        const struct form_keys *t = &tables[objects];
        json_t *object = object_at(schema, t->path), *keys = json_object_get(object, "properties");
        size_t n = 0;
        assert_true(json_is_false(json_object_get(object, "additionalProperties")));
        for (; t->keys[n]; n++) {
            if (!json_object_get(keys, t->keys[n])) {
                fail_msg("the schema lacks %s.%s", t->path, t->keys[n]);
            }
        }
        if (json_object_size(keys) != n) {
            fail_msg("the schema has keys at '%s' that the parser does not know", t->path);
        }
    }
    assert_int_equal(count_objects(schema), objects);
}

static void both_know_the_same_keys(void **state)
{
    json_t *offer = load("offer"), *basket = load("basket");
    (void)state;
    compare_keys(offer, form_offer_keys);
    compare_keys(basket, form_basket_keys);
    json_decref(offer);
    json_decref(basket);
}

/* ---- a small validator ---- */

static bool valid(const json_t *root, const json_t *schema, const json_t *v);

static bool valid_type(const char *type, const json_t *v)
{
    return strcmp(type, "object") == 0    ? json_is_object(v)
           : strcmp(type, "array") == 0   ? json_is_array(v)
           : strcmp(type, "string") == 0  ? json_is_string(v)
           : strcmp(type, "integer") == 0 ? json_is_integer(v)
           : strcmp(type, "boolean") == 0 ? json_is_boolean(v)
                                          : false;
}

static bool valid_pattern(const char *pattern, const char *text)
{
    regex_t re;
    assert_int_equal(regcomp(&re, pattern, REG_EXTENDED | REG_NOSUB), 0);
    bool good = regexec(&re, text, 0, NULL, 0) == 0;
    regfree(&re);
    return good;
}

static size_t how_many(const json_t *root, const json_t *schemas, const json_t *v)
{
    size_t n = 0;
    for (size_t i = 0; i < json_array_size(schemas); i++) {
        n += valid(root, json_array_get(schemas, i), v);
    }
    return n;
}

static bool in_enum(const json_t *list, const json_t *v)
{
    bool found = false;
    for (size_t i = 0; i < json_array_size(list); i++) {
        found = found || json_equal(json_array_get(list, i), v);
    }
    return found;
}

/* The words that only look into objects. */
static bool valid_object(const json_t *root, const json_t *schema, json_t *v)
{
    const json_t *properties = json_object_get(schema, "properties");
    const json_t *required = json_object_get(schema, "required"),
                 *names = json_object_get(schema, "propertyNames");
    bool good = true, closed = json_is_false(json_object_get(schema, "additionalProperties"));
    const char *key;
    json_t *child;
    for (size_t i = 0; i < json_array_size(required); i++) {
        good = good && json_object_get(v, json_string_value(json_array_get(required, i)));
    }
    json_object_foreach(v, key, child)
    {
        const json_t *sub = json_object_get(properties, key);
        json_t *name = json_string(key);
        good = good && (sub ? valid(root, sub, child) : !closed);
        good = good && (!names || valid(root, names, name));
        json_decref(name);
    }
    return good;
}

static bool within_words(const json_t *schema, const char *least, const char *most, json_int_t v)
{
    const json_t *min = json_object_get(schema, least), *max = json_object_get(schema, most);
    return (!min || v >= json_integer_value(min)) && (!max || v <= json_integer_value(max));
}

static bool valid_value(const json_t *root, const json_t *schema, const json_t *v)
{
    const char *pattern = json_string_value(json_object_get(schema, "pattern"));
    const json_t *items = json_object_get(schema, "items");
    bool good = true;
    if (json_is_integer(v)) {
        good = within_words(schema, "minimum", "maximum", json_integer_value(v));
    } else if (json_is_string(v)) {
        good = within_words(schema, "minLength", "maxLength", (json_int_t)json_string_length(v)) &&
               (!pattern || valid_pattern(pattern, json_string_value(v)));
    } else if (json_is_array(v)) {
        good = within_words(schema, "minItems", "maxItems", (json_int_t)json_array_size(v));
        for (size_t i = 0; items && i < json_array_size(v); i++) {
            good = good && valid(root, items, json_array_get(v, i));
        }
    } else if (json_is_object(v)) {
        good = valid_object(root, schema, (json_t *)v);
    }
    return good;
}

/* No deeper than the schema, which is ours. */
static bool valid(const json_t *root, const json_t *schema, const json_t *v)
{
    const char *reference = json_string_value(json_object_get(schema, "$ref"));
    const char *type = json_string_value(json_object_get(schema, "type"));
    const json_t *one = json_object_get(schema, "oneOf"), *any = json_object_get(schema, "anyOf");
    const json_t *list = json_object_get(schema, "enum"), *only = json_object_get(schema, "const");
    bool good = !type || valid_type(type, v);
    if (reference) {
        assert_true(strncmp(reference, "#/$defs/", 8) == 0);
        const json_t *def = json_object_get(json_object_get(root, "$defs"), reference + 8);
        assert_non_null(def);
        good = good && valid(root, def, v);
    }
    good = good && (!one || how_many(root, one, v) == 1) && (!any || how_many(root, any, v) > 0);
    good = good && (!list || in_enum(list, v)) && (!only || json_equal(only, v));
    return good && valid_value(root, schema, v);
}

/* ---- documents, and each of their values spoiled in turn ---- */

#define START                                                                                                \
    "{'id':'a','version':1,'currency':'EUR','redeem':['coupon'],'valid':{'from':'2026-11-01','until':'2026-" \
    "12-31'},"

static const char *const offers[] = {
    START
    "'title':'x','funder':'store','needs':{'min_spend':'20.00','min_quantity':'1','category':['c'],'sku':['s'"
    "],"
    "'exclude_sku':['e'],'stores':['mitte'],'weekdays':['mon'],'hours':['22:00-02:00'],'customer':'any'},"
    "'gives':{'percent':'10','cap':'5.00'},'stacking':{'group':'g','priority':10,'exclusive':false},"
    "'limits':{'per_coupon':1},'returns':'keep','revive':false,'offline':{'mode':'deny','cap':'5.00',"
    "'bears':'issuer'},'fee':{'percent':'3','fixed':'0.10'},'holdout_percent':'0'}",
    START "'gives':{'amount':'5'}}",
    START "'gives':{'price':'0.99'}}",
    START "'gives':{'buy':2,'get':1,'percent':'100'}}",
    START "'gives':{'tiers':[{'min_spend':'10','percent':'5'},{'min_spend':'20','amount':'3'}]}}",
    START "'gives':{'cashback_percent':'5','cap':'3'}}",
    START "'gives':{'amount':'5'},'gs1':'8112123456654321'}",
    START "'gives':{'amount':'5'},'gs1':'2559501101530003'}",
};

static const char *const baskets[] = {
    "{'currency':'EUR','store':'mitte','time':'2026-11-22T10:00:00+01:00','prices_include_tax':true,"
    "'lines':[{'line':1,'sku':'s','name':'n','category':'c','quantity':'2','unit_price':'12.99','tax_percent'"
    ":'7'}],"
    "'tenders':[{'kind':'card','amount':'23.38'}]}",
};

static const char *const values[] = {"null",
                                     "true",
                                     "false",
                                     "7",
                                     "-1",
                                     "0",
                                     "1.5",
                                     "{}",
                                     "[]",
                                     "[7]",
                                     "''",
                                     "'x y'",
                                     "'-1'",
                                     "'1'",
                                     "'1.5'",
                                     "'01'",
                                     "'.5'",
                                     "'1.'",
                                     "'1e3'",
                                     "'coupon'",
                                     "'2026-11-05'",
                                     "'2026-13-01'",
                                     "'07:00-11:00'",
                                     "'24:00-07:00'",
                                     "{'a':1}",
                                     "[{}]",
                                     "[[]]",
                                     "['coupon']",
                                     "['mon']",
                                     "['25:00-26:00']",
                                     "['07:00-24:00']",
                                     "'USD '",
                                     "'8112'",
                                     "'8110123456789012654321'",
                                     "'81101234567890126543210'",
                                     "'8111123456654321'",
                                     "'255950110153000'"};

/* What the parser says beyond the form: another currency, a range, what this version does not keep. */
static bool beyond_form(int rc)
{
    return rc == TP_CURRENCY || rc == TP_UNSUPPORTED || rc == TP_AMOUNT_RANGE;
}

/* What a schema cannot say: ranges of decimals, the calendar, what contradicts itself. */
static bool in_words_alone(const char *why)
{
    static const char *const words[] = {"must be from ",      "with at most",   "currency in use",
                                        "must not be before", "the calendar",   "the tier before",
                                        "is empty",           "takes out every"};
    bool found = false;
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        found = found || strstr(why, words[i]);
    }
    return found;
}

struct comparing {
    struct shop *shop;
    const json_t *schema;
    json_t *document;
    bool basket;
    size_t taken, refused;
};

static void compare(struct comparing *c)
{
    char *text = json_dumps(c->document, 0);
    struct offer o;
    struct basket_form f;
    assert_non_null(text);
    c->shop->e = (struct err){0};
    int rc = c->basket ? form_basket(bytes_str(text), &c->shop->arena, &f, &c->shop->e)
                       : form_offer(bytes_str(text), &c->shop->policy, c->shop->authority, &c->shop->arena,
                                    &o, &c->shop->e);
    bool good = valid(c->schema, c->schema, c->document);
    if (!beyond_form(rc) && (rc == 0) != good && !(good && in_words_alone(c->shop->e.text))) {
        fail_msg("the schema %s, the parser says '%s': %s", good ? "takes it" : "refuses it", c->shop->e.text,
                 text);
    }
    c->taken += rc == 0;
    c->refused += rc != 0;
    free(text);
    arena_reset(&c->shop->arena);
}

static void spoil(struct comparing *c, json_t *at);

static void spoil_child(struct comparing *c, json_t *at, const char *key, size_t i)
{
    json_t *was = json_incref(key ? json_object_get(at, key) : json_array_get(at, i));
    for (size_t k = 0; k < sizeof values / sizeof values[0]; k++) {
        struct bytes text = quoted(values[k]);
        json_t *now = json_loadb((const char *)text.p, text.n, JSON_DECODE_ANY, NULL);
        free((void *)text.p);
        assert_non_null(now);
        assert_int_equal(key ? json_object_set_new(at, key, now) : json_array_set_new(at, i, now), 0);
        compare(c);
    }
    if (key) {
        json_object_del(at, key);
        compare(c);
        json_object_set_new(at, "no_such_key", json_true());
        compare(c);
        json_object_del(at, "no_such_key");
        json_object_set(at, key, was);
    } else {
        json_array_set(at, i, was);
    }
    spoil(c, was);
    json_decref(was);
}

/* Keys are copied: one that is put back is another text in the document. */
static void spoil(struct comparing *c, json_t *at)
{
    char keys[32][32];
    size_t n = 0;
    const char *key;
    json_t *v;
    json_object_foreach(at, key, v)
    {
        assert_true(n < 32);
        snprintf(keys[n++], sizeof keys[0], "%s", key);
    }
    for (size_t i = 0; i < n; i++) {
        spoil_child(c, at, keys[i], 0);
    }
    for (size_t i = 0; i < json_array_size(at); i++) {
        spoil_child(c, at, NULL, i);
    }
}

static void compare_all(struct comparing *c, const char *const *documents, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        struct bytes text = quoted(documents[i]);
        c->document = json_loadb((const char *)text.p, text.n, 0, NULL);
        free((void *)text.p);
        assert_non_null(c->document);
        size_t taken = c->taken;
        compare(c);
        assert_int_equal(c->taken, taken + 1); /* each is good as it stands */
        spoil(c, c->document);
        json_decref(c->document);
    }
}

static void both_take_and_refuse_the_same(void **state)
{
    struct shop s;
    json_t *offer = load("offer"), *basket = load("basket");
    (void)state;
    shop_begin(&s);
    struct comparing c = {.shop = &s, .schema = offer};
    compare_all(&c, offers, sizeof offers / sizeof offers[0]);
    c.schema = basket;
    c.basket = true;
    compare_all(&c, baskets, sizeof baskets / sizeof baskets[0]);
    assert_true(c.refused > 2000 && c.taken > 100);
    shop_end(&s);
    json_decref(offer);
    json_decref(basket);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(both_know_the_same_keys),
        cmocka_unit_test(both_take_and_refuse_the_same),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
