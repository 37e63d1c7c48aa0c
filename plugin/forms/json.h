/* Reading JSON with its paths. No other room includes this. */
#ifndef FORMS_JSON_H
#define FORMS_JSON_H

#include "forms/forms.h"

struct json_t;

enum {
    JSON_DEPTH_LIMIT = 16,
    JSON_VALUES_LIMIT = 131072, /* values in one document, counted by its commas and brackets */
};

/* The keys of each object of a document, by the way to it ("" is the whole); the list ends with NULL. The
 * JSON schemas beside this file are held to these tables. */
struct form_keys {
    const char *path;
    const char *const *keys; /* ends with NULL */
};
extern const struct form_keys form_offer_keys[], form_basket_keys[];

/* One value and the way to it. v is NULL where the key is absent. */
struct node {
    const struct json_t *v;
    const struct node *up;
    const char *key; /* in an object; NULL for an item of a list */
    size_t item;
};

/* Parses; *root is the caller's, freed by node_free. 0 or TP_BAD_JSON with line and column. */
int node_parse(struct bytes json, struct node *root, struct err *e);
void node_free(struct node *root);

/* Sets e to "<path>: <why>" and returns code. */
int node_refuse(const struct node *at, struct err *e, int code, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

/* Checks that it is an object with no keys but these; known ends with NULL. TP_BAD_VALUE, TP_UNKNOWN_KEY. */
int node_object(const struct node *at, const char *const *known, struct err *e);
/* The value under the key; its v is NULL when it is absent, or `at` is. */
struct node node_get(const struct node *at, const char *key);
bool node_present(const struct node *at);
/* The number of items; TP_BAD_VALUE for anything but a list of at most max. */
int node_list(const struct node *at, size_t max, size_t *n, struct err *e);
struct node node_item(const struct node *at, size_t i);

/* Each refuses what is absent; ask node_present first where a default will do. */
int node_text(const struct node *at, size_t min, size_t max, struct arena *a, struct bytes *out,
              struct err *e);
int node_int(const struct node *at, int64_t min, int64_t max, int64_t *out, struct err *e);
int node_bool(const struct node *at, bool *out, struct err *e);
/* The index of its text in a list of words that ends with NULL. */
int node_word(const struct node *at, const char *const *words, int *out, struct err *e);
/* A decimal text. Beyond AMOUNT_MAX: TP_AMOUNT_RANGE; outside min..max: TP_BAD_VALUE. */
int node_decimal(const struct node *at, int digits, int64_t min, int64_t max, int64_t *out, struct err *e);
/* The text itself, as a view into the parsed document; TP_BAD_VALUE for another type. */
int node_string(const struct node *at, struct bytes *out, struct err *e);

/* "2026-11-01". false unless it is a day of the calendar. */
bool date_parse(struct bytes text, int64_t *year, int *month, int *day);
/* "07:00-11:00": minutes of a day, each from 00:00 to 24:00. */
bool hours_parse(struct bytes text, int64_t *from, int64_t *until);
/* "2026-11-22T10:00:00+01:00" (RFC 3339, section 5.6): ms since 1970 and minutes east. */
bool time_parse(struct bytes text, int64_t *time_ms, int64_t *offset_min);

#endif
