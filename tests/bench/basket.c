#include "tests/bench/internal.h"

enum { LINE_CATEGORIES = 20, OFFER_CATEGORIES = 50, SPENDS = 5, SPEND_STEP = 1000, PERCENT = 2000 };

void work_line(size_t index, struct work_line *out)
{
    int64_t i = (int64_t)index;
    *out = (struct work_line){
        .quantity = (1 + i % 3) * 1000, .unit_price = 199 + i * 37 % 50 * 20, .tax = i % 4 ? 7000 : 19000};
    snprintf(out->sku, sizeof out->sku, "s%u", (unsigned)index);
    snprintf(out->category, sizeof out->category, "c%u", (unsigned)(index % LINE_CATEGORIES));
}

bool work_basket(size_t lines, struct arena *a, struct basket *out)
{
    struct line *list = ARENA_NEW(a, struct line, lines);
    if (!list) {
        return false;
    }
    for (size_t i = 0; i < lines; i++) {
        struct work_line w;
        work_line(i, &w);
        list[i] = (struct line){.number = (int64_t)i + 1,
                                .sku = arena_copy(a, bytes_str(w.sku)),
                                .name = bytes_str("Item"),
                                .category = arena_copy(a, bytes_str(w.category)),
                                .quantity = w.quantity,
                                .unit_price = w.unit_price,
                                .tax = w.tax};
        if (!list[i].sku.p || !list[i].category.p) {
            return false;
        }
    }
    *out = (struct basket){
        .currency = bytes_str("EUR"), .store = bytes_str("main"), .time_ms = 1000, .tax_included = true};
    out->lines.v = list;
    out->lines.n = lines;
    return true;
}

struct offer work_offer_blank(const char *id)
{
    return (struct offer){.id = bytes_str(id),
                          .version = 1,
                          .title = bytes_str(id),
                          .currency = bytes_str("EUR"),
                          .funder = bytes_str("store"),
                          .redeem = REDEEM_COUPON,
                          .valid_until = TIME_MAX,
                          .min_spend = NONE,
                          .min_quantity = NONE,
                          .percent = NONE,
                          .cap = NONE,
                          .amount = NONE,
                          .per_coupon = 1,
                          .per_customer = NONE,
                          .total = NONE,
                          .budget = NONE,
                          .offline_cap = NONE};
}

bool work_offer(size_t index, struct arena *a, struct offer *out)
{
    char id[BENCH_TEXT], category[BENCH_TEXT];
    snprintf(id, sizeof id, "o%05u", (unsigned)index);
    snprintf(category, sizeof category, "c%u", (unsigned)(index % OFFER_CATEGORIES));
    struct bytes kept = arena_copy(a, bytes_str(id));
    struct bytes *list = ARENA_NEW(a, struct bytes, 1);
    if (!kept.p || !list) {
        return false;
    }
    *list = arena_copy(a, bytes_str(category));
    int64_t spend = (int64_t)(index / OFFER_CATEGORIES % SPENDS) * SPEND_STEP;
    *out = work_offer_blank("");
    out->id = out->title = kept;
    out->category.v = list;
    out->category.n = 1;
    out->gives = GIVES_PERCENT;
    out->percent = PERCENT;
    out->min_spend = spend ? spend : NONE;
    for (size_t i = 0; i < REF_SIZE; i++) {
        out->ref[i] = (uint8_t)(index * 2654435761u >> (i % 4 * 8));
    }
    return list->p != NULL;
}
