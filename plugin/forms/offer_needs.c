#include "forms/reading.h"

const char *const needs_keys[] = {"min_spend", "min_quantity", "category", "sku",      "exclude_sku",
                                  "stores",    "weekdays",     "hours",    "customer", NULL};

static int read_weekdays(const struct node *needs, struct reading *r, struct offer *o)
{
    static const char *const words[] = {"mon", "tue", "wed", "thu", "fri", "sat", "sun", NULL};
    struct node at = node_get(needs, "weekdays");
    size_t n = 0;
    int rc = node_present(&at) ? node_list(&at, 7, &n, r->e) : 0;
    for (size_t i = 0; rc == 0 && i < n; i++) {
        struct node item = node_item(&at, i);
        int day = 0;
        rc = node_word(&item, words, &day, r->e);
        o->weekdays |= 1 << day;
    }
    return rc;
}

static int read_span(const struct node *at, struct reading *r, struct hours *span)
{
    struct bytes text;
    int rc = node_string(at, &text, r->e);
    if (rc == 0 && !hours_parse(text, &span->from, &span->until)) {
        rc =
            node_refuse(at, r->e, TP_BAD_VALUE, "must be hours from 00:00 to 24:00, such as \"07:00-11:00\"");
    }
    return rc;
}

static int read_hours(const struct node *needs, struct reading *r, struct offer *o)
{
    struct node at = node_get(needs, "hours");
    size_t n = 0;
    int rc = node_present(&at) ? node_list(&at, MAX_HOURS, &n, r->e) : 0;
    struct hours *spans = rc ? NULL : ARENA_NEW(r->a, struct hours, n);
    if (!spans) {
        return rc ? rc : err_code(r->e, TP_E_MEMORY);
    }
    for (size_t i = 0; rc == 0 && i < n; i++) {
        struct node item = node_item(&at, i);
        rc = read_span(&item, r, &spans[i]);
    }
    o->hours.v = spans;
    o->hours.n = n;
    return rc;
}

static int read_customer(const struct node *needs, struct reading *r, struct offer *o)
{
    static const char *const words[] = {"any", "new", NULL};
    struct node at = node_get(needs, "customer");
    int word = 0;
    int rc = node_present(&at) ? node_word(&at, words, &word, r->e) : 0;
    o->customer_new = word == 1;
    return rc;
}

int read_needs(const struct node *root, struct reading *r, struct offer *o)
{
    struct node at = node_get(root, "needs");
    struct node quantity = node_get(&at, "min_quantity");
    if (!node_present(&at)) {
        return 0;
    }
    int rc = node_object(&at, needs_keys, r->e);
    rc = rc ? rc : read_money(&at, "min_spend", r, 0, &o->min_spend);
    if (rc == 0 && node_present(&quantity)) {
        rc = node_decimal(&quantity, 3, 0, QUANTITY_LIMIT, &o->min_quantity, r->e);
    }
    rc = rc ? rc : read_words(&at, "category", WORD_LENGTH, r, &o->category.v, &o->category.n);
    rc = rc ? rc : read_words(&at, "sku", WORD_LENGTH, r, &o->sku.v, &o->sku.n);
    rc = rc ? rc : read_words(&at, "exclude_sku", WORD_LENGTH, r, &o->exclude_sku.v, &o->exclude_sku.n);
    rc = rc ? rc : read_words(&at, "stores", STORE_LENGTH, r, &o->stores.v, &o->stores.n);
    rc = rc ? rc : read_weekdays(&at, r, o);
    rc = rc ? rc : read_hours(&at, r, o);
    return rc ? rc : read_customer(&at, r, o);
}
