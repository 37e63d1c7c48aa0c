#include "forms/json.h"

#include <stdlib.h>

#include "offer/money.h"

#define PERCENT_MAX    INT64_C(100000)
#define QUANTITY_LIMIT INT64_C(1000000000000)

enum { STORE_LENGTH = 32, WORD_LENGTH = 64, NAME_LENGTH = 200, TENDERS_MAX = 32, KIND_LENGTH = 16 };

static const char *const basket_keys[] = {"currency", "store",   "time", "prices_include_tax",
                                          "lines",    "tenders", NULL};
static const char *const line_keys[] = {"line",     "sku",        "name",        "category",
                                        "quantity", "unit_price", "tax_percent", NULL};
static const char *const tender_keys[] = {"kind", "amount", NULL};

const struct form_keys form_basket_keys[] = {
    {"", basket_keys},
    {"lines[]", line_keys},
    {"tenders[]", tender_keys},
    {NULL, NULL},
};

struct reading {
    struct arena *a;
    struct err *e;
    int digits;
};

static int read_text(const struct node *parent, const char *key, size_t max, struct reading *r,
                     struct bytes *out)
{
    struct node at = node_get(parent, key);
    return node_present(&at) ? node_text(&at, 0, max, r->a, out, r->e) : 0;
}

static int read_line(const struct node *at, struct reading *r, struct line *line)
{
    struct node number = node_get(at, "line"), sku = node_get(at, "sku"), quantity = node_get(at, "quantity");
    struct node price = node_get(at, "unit_price"), tax = node_get(at, "tax_percent");
    *line = (struct line){.quantity = 1000, .name = bytes_str(""), .category = bytes_str("")};
    int rc = node_object(at, line_keys, r->e);
    rc = rc ? rc : node_int(&number, 1, UINT32_MAX, &line->number, r->e);
    rc = rc ? rc : node_text(&sku, 1, WORD_LENGTH, r->a, &line->sku, r->e);
    rc = rc ? rc : read_text(at, "name", NAME_LENGTH, r, &line->name);
    rc = rc ? rc : read_text(at, "category", WORD_LENGTH, r, &line->category);
    if (rc == 0 && node_present(&quantity)) {
        rc = node_decimal(&quantity, 3, -QUANTITY_LIMIT, QUANTITY_LIMIT, &line->quantity, r->e);
    }
    rc = rc ? rc : node_decimal(&price, r->digits, 0, AMOUNT_MAX, &line->unit_price, r->e);
    if (rc == 0 && node_present(&tax)) {
        rc = node_decimal(&tax, 3, 0, PERCENT_MAX, &line->tax, r->e);
    }
    return rc;
}

struct numbered {
    int64_t number;
    size_t item;
};

static int by_number(const void *a, const void *b)
{
    const struct numbered *one = a, *other = b;
    if (one->number != other->number) {
        return one->number < other->number ? -1 : 1;
    }
    return one->item < other->item ? -1 : one->item > other->item;
}

static int check_unique(const struct node *at, struct reading *r, const struct line *lines, size_t n)
{
    struct numbered *v = ARENA_NEW(r->a, struct numbered, n);
    if (!v) {
        return err_code(r->e, TP_E_MEMORY);
    }
    for (size_t i = 0; i < n; i++) {
        v[i] = (struct numbered){lines[i].number, i};
    }
    qsort(v, n, sizeof *v, by_number);
    for (size_t i = 1; i < n; i++) {
        if (v[i].number == v[i - 1].number) {
            struct node line = node_item(at, v[i].item), number = node_get(&line, "line");
            return node_refuse(&number, r->e, TP_BAD_VALUE, "%lld is the number of another line",
                               (long long)v[i].number);
        }
    }
    return 0;
}

static int read_lines(const struct node *root, struct reading *r, struct basket *basket)
{
    struct node at = node_get(root, "lines");
    size_t n = 0;
    int rc = node_list(&at, MAX_LINES, &n, r->e);
    if (rc) {
        return rc;
    }
    struct line *lines = ARENA_NEW(r->a, struct line, n);
    if (!lines) {
        return err_code(r->e, TP_E_MEMORY);
    }
    for (size_t i = 0; rc == 0 && i < n; i++) {
        struct node item = node_item(&at, i);
        rc = read_line(&item, r, &lines[i]);
    }
    rc = rc ? rc : check_unique(&at, r, lines, n);
    basket->lines.v = lines;
    basket->lines.n = n;
    return rc;
}

static bool kind_good(struct bytes kind)
{
    for (size_t i = 0; i < kind.n; i++) {
        if (kind.p[i] != '_' && (kind.p[i] < 'a' || kind.p[i] > 'z')) {
            return false;
        }
    }
    return true;
}

static int read_tender(const struct node *at, struct reading *r, struct tender_form *tender)
{
    struct node kind = node_get(at, "kind"), amount = node_get(at, "amount");
    int rc = node_object(at, tender_keys, r->e);
    rc = rc ? rc : node_text(&kind, 1, KIND_LENGTH, r->a, &tender->kind, r->e);
    if (rc == 0 && !kind_good(tender->kind)) {
        rc = node_refuse(&kind, r->e, TP_BAD_VALUE, "must be of a-z and '_', such as \"card\"");
    }
    return rc ? rc : node_decimal(&amount, r->digits, -AMOUNT_MAX, AMOUNT_MAX, &tender->amount, r->e);
}

static int read_tenders(const struct node *root, struct reading *r, struct basket_form *form)
{
    struct node at = node_get(root, "tenders");
    size_t n = 0;
    if (!node_present(&at)) {
        return 0;
    }
    int rc = node_list(&at, TENDERS_MAX, &n, r->e);
    if (rc) {
        return rc;
    }
    struct tender_form *tenders = ARENA_NEW(r->a, struct tender_form, n);
    if (!tenders) {
        return err_code(r->e, TP_E_MEMORY);
    }
    for (size_t i = 0; rc == 0 && i < n; i++) {
        struct node item = node_item(&at, i);
        rc = read_tender(&item, r, &tenders[i]);
    }
    form->tenders.v = tenders;
    form->tenders.n = n;
    return rc;
}

static int read_currency(const struct node *root, struct reading *r, struct basket *basket)
{
    struct node at = node_get(root, "currency");
    int rc = node_text(&at, 3, 3, r->a, &basket->currency, r->e);
    if (rc) {
        return rc;
    }
    r->digits = currency_digits(basket->currency);
    if (r->digits < 0) {
        return node_refuse(&at, r->e, TP_BAD_VALUE, "must be the code of a currency in use, such as \"EUR\"");
    }
    return 0;
}

static int read_time(const struct node *root, struct reading *r, struct basket_form *form)
{
    struct node at = node_get(root, "time");
    struct bytes text;
    if (!node_present(&at)) {
        return 0;
    }
    int rc = node_string(&at, &text, r->e);
    if (rc) {
        return rc;
    }
    if (!time_parse(text, &form->basket.time_ms, &form->offset_min)) {
        return node_refuse(&at, r->e, TP_BAD_VALUE,
                           "must be a time with its offset, such as \"2026-11-22T10:00:00+01:00\"");
    }
    form->has_time = true;
    return 0;
}

static int read_basket(const struct node *root, struct reading *r, struct basket_form *form)
{
    struct node store = node_get(root, "store"), tax = node_get(root, "prices_include_tax");
    int rc = node_object(root, basket_keys, r->e);
    rc = rc ? rc : read_currency(root, r, &form->basket);
    if (rc == 0 && node_present(&store)) {
        rc = node_text(&store, 1, STORE_LENGTH, r->a, &form->basket.store, r->e);
    }
    rc = rc ? rc : read_time(root, r, form);
    if (rc == 0 && node_present(&tax)) {
        rc = node_bool(&tax, &form->basket.tax_included, r->e);
        form->has_tax_included = true;
    }
    rc = rc ? rc : read_lines(root, r, &form->basket);
    return rc ? rc : read_tenders(root, r, form);
}

int form_basket(struct bytes json, struct arena *a, struct basket_form *out, struct err *e)
{
    struct reading r = {.a = a, .e = e};
    struct basket_form form = {.basket = {.time_ms = NONE, .tax_included = true}};
    struct node root = {0};
    int rc = node_parse(json, &root, e);
    if (rc) {
        return rc;
    }
    rc = read_basket(&root, &r, &form);
    node_free(&root);
    if (rc == 0) {
        *out = form;
    }
    return rc;
}
