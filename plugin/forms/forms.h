/*
 * JSON in and out: offers, baskets, quotes, exactly as the project's interface page shows them. Unknown
 * keys, duplicate keys, wrong types and values are refused with their JSON path ("$.gives.percent: ...").
 * Input is hostile: size, depth and counts are bounded. Texts are copied into the arena.
 */
#ifndef FORMS_FORMS_H
#define FORMS_FORMS_H

#include "offer/price.h"

enum { FORM_MAX = 4 * 1024 * 1024 };

/* Reads a whole file of at most FORM_MAX bytes; "-" is standard input. out is begun here and the caller's to
 * free; nothing is left in it on failure. 0 or TP_E_IO. */
int form_read_file(const char *path, struct buf *out, struct err *e);

/*
 * One offer. Dates become instants by the policy's zone; `authority` makes its ref. Ends with offer_check.
 * 0, TP_BAD_JSON, TP_UNKNOWN_KEY, TP_BAD_VALUE, TP_UNSUPPORTED, TP_CURRENCY (not the policy's),
 * TP_AMOUNT_RANGE, TP_E_MEMORY, TP_E_CRYPTO. out is untouched on failure.
 */
int form_offer(struct bytes json, const struct policy *policy, const uint8_t authority[ID_SIZE],
               struct arena *a, struct offer *out, struct err *e);

struct tender_form {
    struct bytes kind;
    int64_t amount;
};

/* A basket file: the basket, and what it says beside it. Without a time, basket.time_ms is NONE; without a
 * store, basket.store is absent; without prices_include_tax, basket.tax_included is true. */
struct basket_form {
    struct basket basket;
    bool has_time, has_tax_included;
    int64_t offset_min; /* of its time, minutes east of UTC */
    LIST(struct tender_form) tenders;
};

/* 0, TP_BAD_JSON, TP_UNKNOWN_KEY, TP_BAD_VALUE, TP_AMOUNT_RANGE, TP_E_MEMORY. out is untouched on failure. */
int form_basket(struct bytes json, struct arena *a, struct basket_form *out, struct err *e);

/* Appends the quote as JSON, keys in the interface page's order, on one line. An applied offer that owes the
 * customer something after the sale has `cashback` behind its funder. */
void form_quote(const struct quote *q, struct buf *out);

/* Appends text as a JSON string, with its quotes. */
void json_put_string(struct buf *out, struct bytes text);
/* Appends one CSV field (RFC 4180): quoted where it must be; a leading =, +, -, @, tab or CR is defused with
 * ' unless it is a number. */
void csv_put_field(struct buf *out, struct bytes text);

#endif
