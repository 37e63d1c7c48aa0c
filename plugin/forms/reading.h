/* What the files that read an offer share. No other room includes this. */
#ifndef FORMS_READING_H
#define FORMS_READING_H

#include "forms/json.h"

#define COUNT_LIMIT    INT64_C(1000000000000)
#define PERCENT_MAX    INT64_C(100000)
#define QUANTITY_LIMIT INT64_C(1000000000000)

enum { WORD_LENGTH = 64, STORE_LENGTH = 32 };

/* One reading of one document. */
struct reading {
    const struct policy *policy;
    struct arena *a;
    struct err *e;
    int digits; /* of the currency */
};

/* Each leaves *out alone where the key is absent. */
int read_money(const struct node *parent, const char *key, struct reading *r, int64_t min, int64_t *out);
int read_percent(const struct node *parent, const char *key, struct reading *r, int64_t min, int64_t *out);
/* A list of at most MAX_SKUS texts of 1 to `length` bytes. */
int read_words(const struct node *parent, const char *key, size_t length, struct reading *r,
               const struct bytes **v, size_t *n);

/* offer_needs.c, offer_gives.c: from the offer's object. */
int read_needs(const struct node *root, struct reading *r, struct offer *o);
int read_gives(const struct node *root, struct reading *r, struct offer *o);
extern const char *const needs_keys[], *const gives_keys[], *const tier_keys[];

#endif
