/* What the storm's POS does with sales that are behind it, after a crash too. */
#include "pos.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int64_t find(struct pos *p, const char *ref)
{
    int64_t sale = 0;
    return pos_good("find", ref, plugin.do_sale_find(p->t, ref, &sale), 0) ? sale : 0;
}

void pos_void(struct pos *p, const char *ref)
{
    int64_t sale = find(p, ref);
    struct tillproof_sale info = {.size = sizeof info};
    if (!sale || !pos_good("info", ref, plugin.do_sale_info(p->t, sale, &info), 0) ||
        info.state != TILLPROOF_COMMITTED) {
        return;
    }
    history("\"k\":\"call\",\"op\":\"void\",\"ref\":\"%s\"", ref);
    /* Closed, or something of it was taken back: TILLPROOF_E_STATE. */
    if (pos_good("void", ref, plugin.do_void(p->t, sale), TILLPROOF_E_STATE)) {
        history("\"k\":\"back\",\"op\":\"void\",\"ref\":\"%s\"", ref);
        history_sync();
    }
}

void pos_refund(struct pos *p, const char *original, bool all)
{
    struct tillproof_line lines[LINES_MAX];
    struct tillproof_quote q = {.size = sizeof q};
    char ref[REF_MAX];
    int64_t sale = 0;
    int32_t outcome = 0;
    snprintf(ref, sizeof ref, "%s-%d-%dr", p->till, p->run, ++p->sales);
    if (!pos_good("refund", ref, plugin.do_refund_begin(p->t, original, ref, 1000, &sale, &outcome),
                  TILLPROOF_E_STATE) ||
        outcome != TILLPROOF_OK) {
        return;
    }
    uint32_t n = pos_basket(original, lines);
    uint32_t which = all ? 0 : dice_roll(&p->dice, n);
    if (!all) {
        n = 1;
        lines[which].quantity = 1000 * (1 + (int64_t)dice_roll(&p->dice, 2));
    }
    if (!pos_good("lines", ref, plugin.do_lines_set(p->t, sale, &lines[which], n), TILLPROOF_E_ARGUMENT)) {
        return; /* more than there is left */
    }
    if (pos_good("hold", ref, plugin.do_hold(p->t, sale, 1000, &q), TILLPROOF_E_STATE)) {
        pos_nap(dice_roll(&p->dice, 40)); /* meanwhile another till may take back the same */
        pos_commit(p, sale, ref, "refund");
    }
}

static void close_day(struct pos *p)
{
    struct tillproof_day day = {.size = sizeof day};
    history("\"k\":\"call\",\"op\":\"close\",\"ref\":\"\"");
    if (pos_good("close", "", plugin.do_day_close(p->t, &day), 0)) {
        history("\"k\":\"back\",\"op\":\"close\",\"ref\":\"\",\"record\":\"%s\",\"seq\":%lld,\"sales\":%lld,"
                "\"due\":%lld",
                day.record, (long long)day.seq, (long long)day.sales, (long long)day.due);
        history_sync();
    }
}

/* Some sale of some till, which may never have been. */
static void some(struct pos *p, bool mine, char ref[REF_MAX])
{
    int run = 1 + (int)dice_roll(&p->dice, (uint32_t)p->run);
    int n = 1 + (int)dice_roll(&p->dice, (uint32_t)(p->sales + 8));
    if (mine) {
        snprintf(ref, REF_MAX, "%s-%d-%d", p->till, run, n);
    } else {
        snprintf(ref, REF_MAX, "s%d-1-%d", (int)dice_roll(&p->dice, (uint32_t)p->tills), n);
    }
}

void pos_look_back(struct pos *p)
{
    char ref[REF_MAX];
    uint32_t what = dice_roll(&p->dice, 100);
    if (what < 12) {
        some(p, true, ref);
        pos_void(p, ref);
    } else if (what < 24) {
        some(p, what < 18, ref);
        pos_refund(p, ref, what % 3 == 0);
    } else if (what < 26) {
        close_day(p);
    } else if (what < 40) {
        pos_take_over(p);
    } else if (what < 44 && p->backs > 0) {
        pos_refund(p, p->back[dice_roll(&p->dice, (uint32_t)(p->backs < BACK_MAX ? p->backs : BACK_MAX))],
                   true);
    }
}

void pos_resolve(struct pos *p, const char *op, const char *ref)
{
    struct tillproof_sale info = {.size = sizeof info};
    if (strcmp(op, "close") == 0) {
        close_day(p);
        return;
    }
    int64_t sale = find(p, ref);
    const char *state = "none";
    if (sale && pos_good("info", ref, plugin.do_sale_info(p->t, sale, &info), 0)) {
        state = plugin.do_name(info.state);
    }
    bool recorded = info.state == TILLPROOF_COMMITTED || info.state == TILLPROOF_VOIDED;
    if (recorded && strcmp(op, "commit") == 0) {
        pos_commit(p, sale, ref, "found");
    }
    history("\"k\":\"found\",\"op\":\"%s\",\"ref\":\"%s\",\"state\":\"%s\"", op, ref, state);
}

static void take_up(struct pos *p, const char *ref)
{
    struct tillproof_line lines[LINES_MAX];
    int64_t sale = 0;
    uint32_t n = pos_basket(ref, lines);
    if (pos_good("begin", ref, plugin.do_sale_begin(p->t, ref, "EUR", 0, &sale), 0) &&
        pos_good("lines", ref, plugin.do_lines_set(p->t, sale, lines, n), 0)) {
        history("\"k\":\"call\",\"op\":\"hold\",\"ref\":\"%s\"", ref);
        struct tillproof_quote q = {.size = sizeof q};
        char price[4096];
        if (pos_good("hold", ref, plugin.do_hold(p->t, sale, 1000, &q), 0)) {
            history(
                "\"k\":\"back\",\"op\":\"hold\",\"ref\":\"%s\",\"kind\":\"again\",\"card\":-1,\"code\":-1,%s",
                ref, pos_price(p, sale, &q, NULL, 0, price, sizeof price));
            pos_commit(p, sale, ref, "again");
        }
    }
}

void pos_settle(struct pos *p, bool forget)
{
    uint32_t kept = 0;
    for (int i = 0; i < 1000; i++) {
        struct tillproof_sale info = {.size = sizeof info};
        int64_t sale = 0;
        if (!pos_good("unsettled", "", plugin.do_sale_unsettled(p->t, kept, &sale), 0) || !sale ||
            !pos_good("info", "", plugin.do_sale_info(p->t, sale, &info), 0)) {
            return;
        }
        uint32_t how = dice_roll(&p->dice, 3);
        bool back = info.reference[strlen(info.reference) - 1] == 'r'; /* a refund: nothing was paid out */
        if (forget || back || how == 0) {
            history("\"k\":\"call\",\"op\":\"forget\",\"ref\":\"%s\"", info.reference);
            if (pos_good("forget", info.reference, plugin.do_sale_forget(p->t, sale), 0)) {
                history("\"k\":\"back\",\"op\":\"forget\",\"ref\":\"%s\"", info.reference);
            } else {
                kept++;
            }
        } else if (how == 1) {
            take_up(p, info.reference);
            kept += plugin.do_sale_info(p->t, sale, &info) == 0 && info.state != TILLPROOF_COMMITTED;
        } else {
            kept++;
        }
    }
}
