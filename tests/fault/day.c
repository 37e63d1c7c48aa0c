#include "day.h"

#include "api/internal.h"

#include <stdio.h>
#include <string.h>

enum { HOLD_MS = 2000, WAIT_MS = 5000, TRIES = 3 };

int day_in_vain;

static int wait_ms(int usual)
{
    return day_in_vain ? day_in_vain : usual;
}

/* What fails is tried again, as the header says a program may. */
static int32_t again(int32_t (*step)(struct tillproof *t), struct tillproof *t)
{
    int32_t rc = -1;
    for (int i = 0; i < (day_in_vain ? 1 : TRIES) && rc; i++) {
        rc = step(t);
    }
    return rc;
}

int32_t day_open(struct tillproof **t)
{
    int32_t rc = -1;
    for (int i = 0; i < TRIES && rc; i++) {
        rc = tillproof_open(shop_dir, NULL, 0, t);
    }
    return rc;
}

static int32_t ring_up(struct tillproof *t, int64_t *sale, const char *reference)
{
    struct tillproof_line line = {.size = sizeof line,
                                  .number = 1,
                                  .quantity = 2000,
                                  .unit_price = 1000,
                                  .tax = 7000,
                                  .sku = "1",
                                  .name = "Beans",
                                  .category = "coffee"};
    struct tillproof_presentation p = {.size = sizeof p};
    int32_t rc = tillproof_sale_begin(t, reference, "EUR", 0, sale);
    rc = rc ? rc : tillproof_lines_set(t, *sale, &line, 1);
    return rc ? rc
              : tillproof_present(t, *sale, TILLPROOF_SCAN, shop_coupon, (uint32_t)shop_coupon_length, &p);
}

bool day_committed(struct tillproof *t, const char *reference)
{
    struct tillproof_sale info = {.size = sizeof info};
    int64_t sale = 0;
    return tillproof_sale_find(t, reference, &sale) == 0 && sale &&
           tillproof_sale_info(t, sale, &info) == 0 && info.state == TILLPROOF_COMMITTED;
}

static int32_t pay(struct tillproof *t, int64_t sale)
{
    struct tillproof_commit c = {.size = sizeof c};
    struct tillproof_tender cash = {.size = sizeof cash, .amount = 1800, .kind = "cash"};
    return tillproof_commit(t, sale, "R-1", &cash, 1, &c);
}

static int32_t sell(struct tillproof *t)
{
    struct tillproof_quote q = {.size = sizeof q};
    int64_t sale = 0;
    if (day_committed(t, "S-1")) {
        return 0;
    }
    int32_t rc = ring_up(t, &sale, "S-1");
    rc = rc ? rc : tillproof_hold(t, sale, (uint32_t)wait_ms(HOLD_MS), &q);
    rc = rc == 0 && q.outcome != TILLPROOF_BINDING ? q.outcome : rc;
    return rc ? rc : pay(t, sale);
}

int32_t day_sell_at_once(struct tillproof *t, const char *reference)
{
    int64_t sale = 0;
    int32_t rc = ring_up(t, &sale, reference);
    return rc ? rc : pay(t, sale);
}

static int32_t take_back(struct tillproof *t)
{
    struct tillproof_line line = {.size = sizeof line, .number = 1, .quantity = 1000};
    struct tillproof_commit c = {.size = sizeof c};
    int64_t refund = 0;
    int32_t outcome = 0;
    if (day_committed(t, "B-1")) {
        return 0;
    }
    int32_t rc = tillproof_refund_begin(t, "S-1", "B-1", (uint32_t)wait_ms(HOLD_MS), &refund, &outcome);
    rc = rc ? rc : outcome ? TILLPROOF_E_STATE : tillproof_lines_set(t, refund, &line, 1);
    return rc ? rc : tillproof_commit(t, refund, "R-2", NULL, 0, &c);
}

/* The header has no call for these two, for the till does them by itself; here they are waited for. */
static int32_t flush(struct tillproof *t)
{
    return till_flush(t->till, wait_ms(WAIT_MS), NULL);
}

static int32_t sync_now(struct tillproof *t)
{
    return till_sync_now(t->till, wait_ms(WAIT_MS), NULL);
}

static int32_t end_day(struct tillproof *t)
{
    struct tillproof_day day = {.size = sizeof day};
    int32_t rc = tillproof_day_close(t, &day);
    return rc ? rc : day.sales == 1 && day.returns == 1 ? 0 : TILLPROOF_E_STATE;
}

int32_t day_live(struct tillproof *t, struct told *told)
{
    static const struct {
        int bit;
        int32_t (*step)(struct tillproof *t);
        const char *name;
    } steps[] = {{TOLD_SALE, sell, "sale"},        {TOLD_REFUND, take_back, "refund"},
                 {TOLD_SENT, flush, "sending"},    {TOLD_SYNCED, sync_now, "sync"},
                 {TOLD_DAY, end_day, "day's end"}, {TOLD_SENT, flush, "sending"}};
    for (size_t i = 0; i < sizeof steps / sizeof steps[0]; i++) {
        int32_t rc = again(steps[i].step, t);
        if (rc) {
            told->code = rc;
            char reason[160] = "";
            uint32_t length = sizeof reason;
            tillproof_reason(reason, &length);
            snprintf(told->why, sizeof told->why, "%s: %s: %s", steps[i].name, tillproof_name(rc), reason);
            return rc;
        }
        told->bits |= steps[i].bit;
    }
    return 0;
}

int32_t day_coupon_used(struct tillproof *t, struct told *told)
{
    struct tillproof_quote q = {.size = sizeof q};
    int64_t sale = 0;
    int32_t rc = ring_up(t, &sale, "S-2");
    rc = rc ? rc : tillproof_hold(t, sale, 5000, &q);
    if (rc || q.outcome != TILLPROOF_BINDING || q.due != 2000) {
        snprintf(told->why, sizeof told->why, "another sale with the coupon: %s, %s, due %lld",
                 tillproof_name(rc ? rc : q.outcome), tillproof_name(q.reason), (long long)q.due);
        return -1;
    }
    return tillproof_void(t, sale);
}
