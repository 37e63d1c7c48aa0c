/*
 * storm_pos PLUGIN DIR TILL HISTORY SEED RUN TILLS START_US SPAN_US TOKENS MODE [OP REFERENCE]
 *
 * MODE storm: sells until its standard input ends. MODE alone: nobody is there to be asked; redeems the first
 * coupon all the same, takes goods of that sale back, voids another, and redeems two of its own coupons. MODE
 * asked: somebody is; redeems the first coupon of the till before it, one that is good again after a return
 * twice, and codes, one of them mistyped. MODE drain: settles what is open, and waits until the authority has
 * all of the till's records, 60 s at most; exit 1 when it has not. MODE rest: the same, and then stays until
 * its standard input ends, 60 s at most in all. OP and REFERENCE: what the history of the run before ends
 * with, unanswered. TOKENS: a file of lines "KIND OFFER NUMBER TEXT", a card's OFFER is "-"; the file `codes`
 * has lines "OFFER NUMBER CODE BOOT_US", the coupon that it stands for and when it was made.
 */
#include "pos.h"

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/* Typing a code wrong is honest as long as it is not done ten times in ten minutes, also with answers lost.
 */
enum { DRAIN_MS = 60000, TYPO_RUNS = 5, TYPOS = 1 };

static bool go_on(int wait_ms)
{
    struct pollfd in = {.fd = STDIN_FILENO, .events = POLLIN};
    return poll(&in, 1, wait_ms) == 0;
}

static bool ask_status(struct pos *p, struct tillproof_status *s)
{
    *s = (struct tillproof_status){.size = sizeof *s};
    return pos_good("status", "", plugin.do_status(p->t, s), 0);
}

static void tell(const char *op, const struct tillproof_status *s)
{
    history("\"k\":\"status\",\"op\":\"%s\",\"ref\":\"\",\"queue\":%u,\"refused\":%u,\"reason\":\"%s\","
            "\"conflicts\":%u,\"quarantined\":%d,\"behind\":%d,\"log\":%d,\"epoch\":%lld,\"seq\":%lld",
            op, s->queue, s->refused, plugin.do_name(s->refused_reason), s->conflicts, s->quarantined,
            s->behind, s->log, (long long)s->epoch, (long long)s->seq);
}

/* The process before was killed a moment ago: its lock goes with it. */
static bool open_till(struct pos *p, const char *dir)
{
    int32_t rc = TILLPROOF_E_TILL_BUSY;
    history("\"k\":\"call\",\"op\":\"open\",\"ref\":\"\"");
    for (int i = 0; i < 100 && rc == TILLPROOF_E_TILL_BUSY; i++) {
        rc = plugin.do_open(dir, p->till, 0, &p->t);
        if (rc == TILLPROOF_E_TILL_BUSY) {
            nanosleep(&(struct timespec){.tv_nsec = 50000000}, NULL);
        }
    }
    struct tillproof_status s;
    bool good = pos_good("open", "", rc, 0) && ask_status(p, &s);
    if (good) {
        tell("open", &s);
    }
    return good;
}

static int drain(struct pos *p, bool rest)
{
    struct tillproof_status s;
    int64_t until = boot_us() + (int64_t)DRAIN_MS * 1000;
    pos_settle(p, true);
    while (ask_status(p, &s) && (s.queue > 0 || !s.online) && boot_us() < until) {
        pos_nap(50);
    }
    bool all = s.queue == 0 && s.online;
    tell("drained", &s);
    while (rest && go_on(50) && boot_us() < until) {
    }
    rest = rest && ask_status(p, &s);
    if (rest) {
        tell("rested", &s);
    }
    int32_t rc = plugin.do_close(p->t, 5000);
    return pos_good("end", "", rc, 0) && all ? 0 : 1;
}

static int alone(struct pos *p)
{
    const struct tokens *own = &p->own[p->me];
    char ref[REF_MAX];
    bool good = own->n > 1 && pos_sell_with(p, &p->piles[ONCE].v[0], ref);
    if (good) {
        pos_refund(p, ref, false);
        good = pos_sell_with(p, NULL, ref);
        pos_void(p, ref);
    }
    good = good && pos_sell_with(p, &own->v[0], ref) && pos_sell_with(p, &own->v[1], ref);
    pos_good("end", "", plugin.do_close(p->t, 0), TILLPROOF_E_TIMEOUT);
    return good ? 0 : 1;
}

static int asked(struct pos *p)
{
    const struct token *again = &p->piles[AGAIN].v[0];
    char ref[REF_MAX];
    bool good = pos_sell_with(p, &p->own[p->me - 1].v[0], ref) && pos_sell_with(p, again, ref);
    if (good) {
        pos_refund(p, ref, true);
        good = pos_sell_with(p, again, ref);
    }
    const struct token *code = good ? token_typed(p, false) : NULL;
    good = code && pos_sell_with(p, code, ref);
    for (int i = 0; i < 3 && (i == 0 || p->alone); i++) { /* until somebody has said that it is wrong */
        pos_mistype(p);
    }
    pos_good("end", "", plugin.do_close(p->t, 0), TILLPROOF_E_TIMEOUT);
    return good ? 0 : 1;
}

static int storm(struct pos *p)
{
    pos_settle(p, false);
    p->mortal = true;
    while (go_on(0)) {
        pos_sell(p);
        pos_look_back(p);
        if (p->run < TYPO_RUNS && p->typos < TYPOS && dice_roll(&p->dice, 100) == 0) {
            pos_mistype(p);
        }
    }
    pos_good("end", "", plugin.do_close(p->t, 0), TILLPROOF_E_TIMEOUT);
    return 0;
}

int main(int argc, char **argv)
{
    char seed[128];
    if (argc < 12) {
        fprintf(stderr, "storm_pos: PLUGIN DIR TILL HISTORY SEED RUN TILLS START_US SPAN_US TOKENS MODE "
                        "[OP REFERENCE]...\n");
        return 2;
    }
    struct pos p = {.till = argv[3],
                    .me = atoi(argv[3] + 1),
                    .run = atoi(argv[6]),
                    .tills = atoi(argv[7]),
                    .start_us = atoll(argv[8]),
                    .span_us = atoll(argv[9])};
    plugin_load(argv[1]);
    history_open(argv[4], p.run);
    snprintf(seed, sizeof seed, "%s %s %d", argv[5], p.till, p.run);
    dice_seed(&p.dice, seed);
    tokens_read(&p, argv[10]);
    int status = 1;
    if (open_till(&p, argv[2])) {
        for (int i = 12; i + 1 < argc; i += 2) {
            pos_resolve(&p, argv[i], argv[i + 1]);
        }
        status = strcmp(argv[11], "drain") == 0   ? drain(&p, false)
                 : strcmp(argv[11], "rest") == 0  ? drain(&p, true)
                 : strcmp(argv[11], "alone") == 0 ? alone(&p)
                 : strcmp(argv[11], "asked") == 0 ? asked(&p)
                                                  : storm(&p);
    }
    tokens_free(&p);
    return status;
}
