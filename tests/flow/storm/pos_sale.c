/* One customer of the storm's POS. */
#include "pos.h"

#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* A sale under way. */
struct sale {
    int64_t id;
    char ref[REF_MAX];
    struct shown shown[8];
    int n;
    int card; /* its number, or -1 */
    int code; /* the coupon's that a typed code stands for, or NO_CODE, or MISTYPED */
};

static int put(char *out, size_t size, int n, const char *form, ...) __attribute__((format(printf, 4, 5)));
static int put(char *out, size_t size, int n, const char *form, ...)
{
    va_list args;
    va_start(args, form);
    int more = n < (int)size ? vsnprintf(out + n, size - (size_t)n, form, args) : 0;
    va_end(args);
    return n + more;
}

static int number_of(const struct shown *shown, int n, int64_t presentation)
{
    for (int i = 0; i < n; i++) {
        if (presentation && shown[i].id == presentation) {
            return shown[i].token->number;
        }
    }
    return -1;
}

const char *pos_price(struct pos *p, int64_t sale, const struct tillproof_quote *q, const struct shown *shown,
                      int n, char *out, size_t size)
{
    int at = put(out, size, 0,
                 "\"outcome\":\"%s\",\"reason\":\"%s\",\"left\":%lld,\"gross\":%lld,\"discount\":%lld,"
                 "\"net\":%lld,\"tax\":%lld,\"due\":%lld,\"cashback\":%lld,\"uses\":[",
                 plugin.do_name(q->outcome), plugin.do_name(q->reason), (long long)q->hold_left_ms,
                 (long long)q->gross, (long long)q->discount, (long long)q->net, (long long)q->tax,
                 (long long)q->due, (long long)q->cashback);
    for (uint32_t i = 0; i < q->offers && i < USES_MAX; i++) {
        struct tillproof_offer_result r = {.size = sizeof r};
        if (plugin.do_offer_result(p->t, sale, i, &r) == 0) {
            at = put(out, size, at, "%s[\"%s\",%d,\"%s\",%lld,%lld]", i ? "," : "", r.offer,
                     number_of(shown, n, r.presentation), plugin.do_name(r.outcome), (long long)r.discount,
                     (long long)r.cashback);
        }
    }
    put(out, size, at, "]");
    return out;
}

/* Sometimes the machine dies in the midst of what comes now: at once, or when the record is half on its way.
 */
static void risk_death(struct pos *p)
{
    struct sigevent die = {.sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGKILL};
    struct itimerspec soon = {.it_value.tv_nsec = 1 + (long)dice_roll(&p->dice, 3000000)};
    timer_t timer;
    if (p->mortal && dice_roll(&p->dice, 120) == 0 &&
        (timer_create(CLOCK_MONOTONIC, &die, &timer) || timer_settime(timer, 0, &soon, NULL))) {
        perror("storm_pos: timer");
        exit(1);
    }
}

void pos_commit(struct pos *p, int64_t sale, const char *ref, const char *kind)
{
    struct tillproof_quote q = {.size = sizeof q};
    struct tillproof_commit c = {.size = sizeof c};
    struct tillproof_tender cash = {.size = sizeof cash, .kind = "cash"};
    char price[4096];
    if (!pos_good("quote", ref, plugin.do_quote(p->t, sale, &q), TILLPROOF_E_STATE)) {
        return;
    }
    cash.amount = q.due;
    risk_death(p);
    history("\"k\":\"call\",\"op\":\"commit\",\"ref\":\"%s\"", ref);
    int32_t rc = plugin.do_commit(p->t, sale, ref, &cash, 1, &c);
    if (!pos_good("commit", ref, rc, TILLPROOF_E_STATE) ||
        !pos_good("quote", ref, plugin.do_quote(p->t, sale, &q), 0)) {
        return;
    }
    history("\"k\":\"back\",\"op\":\"commit\",\"ref\":\"%s\",\"kind\":\"%s\",\"record\":\"%s\",\"seq\":%lld,"
            "\"binding\":%d,%s",
            ref, kind, c.record, (long long)c.seq, c.binding,
            pos_price(p, sale, &q, NULL, 0, price, sizeof price));
    history_sync();
}

void pos_nap(uint32_t ms)
{
    struct timespec t = {.tv_nsec = (long)ms * 1000000};
    nanosleep(&t, NULL);
}

/* Its presentation, or 0. */
static int64_t show(struct pos *p, struct sale *s, const struct token *token)
{
    struct tillproof_presentation r = {.size = sizeof r};
    if (!token) {
        return 0;
    }
    uint32_t kind = !token->offer[0] ? TILLPROOF_CARD : token == &p->typed ? TILLPROOF_TYPED : TILLPROOF_SCAN;
    int32_t rc = plugin.do_present(p->t, s->id, kind, token->text, (uint32_t)strlen(token->text), &r);
    if (!pos_good("present", s->ref, rc, 0) || r.outcome != TILLPROOF_OK) {
        return 0;
    }
    s->shown[s->n++] = (struct shown){r.id, token};
    s->card = token->offer[0] ? s->card : token->number;
    s->code = kind == TILLPROOF_TYPED ? token->number : s->code;
    return r.id;
}

/* What became of it in the price that stands, as a word; "" where it is not in it. */
static const char *outcome_of(struct pos *p, const struct sale *s, int64_t presentation,
                              const struct tillproof_quote *q)
{
    for (uint32_t i = 0; presentation && i < q->offers; i++) {
        struct tillproof_offer_result r = {.size = sizeof r};
        if (plugin.do_offer_result(p->t, s->id, i, &r) == 0 && r.presentation == presentation) {
            return plugin.do_name(r.outcome);
        }
    }
    return "";
}

static bool hold(struct pos *p, struct sale *s, const char *kind, struct tillproof_quote *q)
{
    static const uint32_t patience[] = {50, 400, 1500, 3000};
    char price[4096];
    uint32_t wait = p->alone ? 0 : dice_roll(&p->dice, 4); /* a cashier whose line is down waits less */
    *q = (struct tillproof_quote){.size = sizeof *q};
    history("\"k\":\"call\",\"op\":\"hold\",\"ref\":\"%s\"", s->ref);
    int32_t rc = plugin.do_hold(p->t, s->id, patience[wait], q);
    if (!pos_good("hold", s->ref, rc, TILLPROOF_E_STATE)) {
        return false;
    }
    p->alone = q->outcome != TILLPROOF_BINDING;
    history("\"k\":\"back\",\"op\":\"hold\",\"ref\":\"%s\",\"kind\":\"%s\",\"card\":%d,\"code\":%d,%s",
            s->ref, kind, s->card, s->code, pos_price(p, s->id, q, s->shown, s->n, price, sizeof price));
    return true;
}

static void simple(struct pos *p, struct sale *s, const char *op)
{
    history("\"k\":\"call\",\"op\":\"%s\",\"ref\":\"%s\"", op, s->ref);
    int32_t rc = strcmp(op, "release") == 0 ? plugin.do_release(p->t, s->id)
                 : strcmp(op, "void") == 0  ? plugin.do_void(p->t, s->id)
                                            : plugin.do_sale_forget(p->t, s->id);
    if (pos_good(op, s->ref, rc, TILLPROOF_E_STATE)) {
        history("\"k\":\"back\",\"op\":\"%s\",\"ref\":\"%s\"", op, s->ref);
    }
}

static bool begin(struct pos *p, struct sale *s)
{
    struct tillproof_line lines[LINES_MAX];
    uint32_t n = pos_basket(s->ref, lines);
    s->card = -1;
    s->code = NO_CODE;
    return pos_good("begin", s->ref, plugin.do_sale_begin(p->t, s->ref, "EUR", 0, &s->id), 0) &&
           pos_good("lines", s->ref, plugin.do_lines_set(p->t, s->id, lines, n), TILLPROOF_E_STATE);
}

/* The customer wavers: pays less, takes something out, is refused by the bank, and pays after all. */
static bool waver(struct pos *p, struct sale *s)
{
    struct tillproof_quote q;
    struct tillproof_line lines[LINES_MAX];
    uint32_t n = pos_basket(s->ref, lines);
    uint32_t how = dice_roll(&p->dice, 100);
    if (how < 8) {
        simple(p, s, "release");
        return dice_roll(&p->dice, 2) ? hold(p, s, "sale", &q) : true;
    }
    if (how < 16 && s->n > 0) {
        pos_good("withdraw", s->ref, plugin.do_withdraw(p->t, s->id, s->shown[--s->n].id), 0);
        s->card = s->shown[s->n].token->offer[0] ? s->card : -1;
        s->code = s->shown[s->n].token == &p->typed ? NO_CODE : s->code;
        return hold(p, s, "sale", &q);
    }
    if (how < 24) {
        return pos_good("lines", s->ref, plugin.do_lines_set(p->t, s->id, lines, n), 0) &&
               hold(p, s, "sale", &q);
    }
    return true;
}

static void name_sale(struct pos *p, struct sale *s)
{
    *s = (struct sale){0};
    snprintf(s->ref, sizeof s->ref, "%s-%d-%d", p->till, p->run, ++p->sales);
}

bool pos_sell_with(struct pos *p, const struct token *token, char ref[REF_MAX])
{
    struct sale s;
    struct tillproof_quote q;
    for (int i = 0; i < 40; i++) {
        name_sale(p, &s);
        if (!begin(p, &s)) {
            return false;
        }
        int64_t shown = show(p, &s, token);
        if (!hold(p, &s, "sale", &q)) {
            return false;
        }
        if (!token || strcmp(outcome_of(p, &s, shown, &q), "applied") == 0) {
            pos_commit(p, s.id, s.ref, "sale");
            memcpy(ref, s.ref, REF_MAX);
            return true;
        }
        simple(p, &s, "forget"); /* not for this basket, or not yet: worth more than a till may give alone */
        pos_nap(20);
    }
    return false;
}

void pos_mistype(struct pos *p)
{
    struct sale s;
    struct tillproof_quote q;
    const struct token *code = token_typed(p, true);
    name_sale(p, &s);
    if (code && begin(p, &s)) {
        p->typos++;
        show(p, &s, code);
        if (hold(p, &s, "sale", &q)) {
            pos_commit(p, s.id, s.ref, "sale");
        }
    }
}

/* What most customers bring: one or both of the common coupons, the first as a code, too. */
static void show_common(struct pos *p, struct sale *s)
{
    uint32_t what = dice_roll(&p->dice, 100);
    const struct token *typed = what < 6 ? token_typed(p, false) : NULL;
    if (what < 60) {
        show(p, s, typed ? typed : token_near(p, &p->piles[ONCE]));
    }
    if (what >= 40 && what < 80) {
        show(p, s, token_near(p, &p->piles[TWICE]));
    }
    if (dice_roll(&p->dice, 4) == 0) {
        show(p, s, token_any(p, &p->piles[CARDS]));
    }
}

/* And some bring more. What is this till's own is what it can give when nobody answers. */
struct rare {
    const struct token *own;
    int64_t again_shown, own_shown;
};

static void show_rare(struct pos *p, struct sale *s, struct rare *r)
{
    uint32_t what = dice_roll(&p->dice, 100);
    *r = (struct rare){0};
    if (what < 8) {
        r->again_shown = show(p, s, token_any(p, &p->piles[AGAIN]));
    } else if (what < 14) {
        show(p, s, token_near(p, &p->piles[PAPER]));
    } else if (what < 17) {
        show(p, s, token_own(p, (int)dice_roll(&p->dice, (uint32_t)p->tills)));
    } else if (what < (p->alone ? 70 : 22)) {
        r->own = token_own(p, p->me);
        r->own_shown = show(p, s, r->own);
    }
}

static void pay(struct pos *p, struct sale *s, const struct rare *r)
{
    struct tillproof_quote q = {.size = sizeof q};
    pos_commit(p, s->id, s->ref, "sale");
    if (plugin.do_quote(p->t, s->id, &q)) {
        return;
    }
    const char *own = outcome_of(p, s, r->own_shown, &q);
    if (strcmp(own, "applied") == 0 || strcmp(own, "already_used") == 0) {
        token_spent(p, r->own);
    }
    if (strcmp(outcome_of(p, s, r->again_shown, &q), "applied") == 0) {
        memcpy(p->back[p->backs++ % BACK_MAX], s->ref, REF_MAX);
    }
}

void pos_sell(struct pos *p)
{
    struct sale s;
    struct tillproof_quote q;
    struct rare rare;
    name_sale(p, &s);
    if (!begin(p, &s)) {
        return;
    }
    show_common(p, &s);
    show_rare(p, &s, &rare);
    if (!hold(p, &s, "sale", &q) || !waver(p, &s)) {
        return;
    }
    pos_nap(dice_roll(&p->dice, 40));
    uint32_t end = dice_roll(&p->dice, 100);
    if (end < 84) {
        pay(p, &s, &rare);
    } else if (end < 95) {
        simple(p, &s, end < 90 ? "void" : "forget");
    } else if (end < 98) {
        pos_leave(p, s.id, s.ref);
    } /* or the customer walks away and nobody tells the till */
}
