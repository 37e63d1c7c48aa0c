/* What customers of the storm show: coupons and cards from the storm's file, and codes that are typed. */
#include "pos.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { CODE_AGE_S = 100 }; /* a code is good for five minutes, and a till may be stopped for half of that */

static void add(struct tokens *to, const struct token *token)
{
    struct token *v = realloc(to->v, (size_t)(to->n + 1) * sizeof *v);
    if (!v) {
        exit(1);
    }
    to->v = v;
    to->v[to->n++] = *token;
}

static struct tokens *pile_of(struct pos *p, const char *kind)
{
    static const char *const names[PILES] = {"once", "twice", "again", "paper", "card"};
    for (size_t i = 0; i < PILES; i++) {
        if (strcmp(kind, names[i]) == 0) {
            return &p->piles[i];
        }
    }
    int till = strncmp(kind, "own", 3) == 0 ? atoi(kind + 3) : TILLS_MAX;
    return till >= 0 && till < TILLS_MAX ? &p->own[till] : NULL;
}

void tokens_read(struct pos *p, const char *path)
{
    FILE *f = fopen(path, "r");
    struct token token;
    char kind[16];
    if (!f) {
        perror("storm_pos: tokens");
        exit(1);
    }
    while (fscanf(f, "%15s %47s %d %511s", kind, token.offer, &token.number, token.text) == 4) {
        struct tokens *pile = pile_of(p, kind);
        if (strcmp(token.offer, "-") == 0) {
            token.offer[0] = 0;
        }
        if (pile) {
            add(pile, &token);
        }
    }
    fclose(f);
}

void tokens_free(struct pos *p)
{
    for (size_t i = 0; i < PILES; i++) {
        free(p->piles[i].v);
    }
    for (size_t i = 0; i < TILLS_MAX; i++) {
        free(p->own[i].v);
    }
}

const struct token *token_near(struct pos *p, const struct tokens *from)
{
    int64_t gone = boot_us() - p->start_us;
    int64_t at = from->n * (gone < p->span_us ? gone : p->span_us - 1) / p->span_us;
    return from->n ? &from->v[((int)at + (int)dice_roll(&p->dice, 6)) % from->n] : NULL;
}

const struct token *token_any(struct pos *p, const struct tokens *from)
{
    return from->n ? &from->v[dice_roll(&p->dice, (uint32_t)from->n)] : NULL;
}

/* ---- coupons of one till ---- */

/* How many of a till's own coupons are used up: its program knows it after a crash, and others look. */
static int spent_of(int till)
{
    char path[32];
    int n = 0;
    snprintf(path, sizeof path, "own.%d", till);
    FILE *f = fopen(path, "r");
    if (f) {
        n = fscanf(f, "%d", &n) == 1 ? n : 0;
        fclose(f);
    }
    return n;
}

const struct token *token_own(struct pos *p, int till)
{
    const struct tokens *own = &p->own[till];
    int at = spent_of(till) + (int)dice_roll(&p->dice, 3);
    return at < own->n ? &own->v[at] : NULL;
}

void token_spent(struct pos *p, const struct token *token)
{
    char path[32];
    int n = spent_of(p->me);
    if (n >= p->own[p->me].n || token != &p->own[p->me].v[n]) {
        return;
    }
    snprintf(path, sizeof path, "own.%d", p->me);
    FILE *f = fopen(path, "w");
    if (!f || fprintf(f, "%d\n", n + 1) < 0 || fclose(f)) {
        perror("storm_pos: own");
        exit(1);
    }
}

/* ---- codes ---- */

const struct token *token_typed(struct pos *p, bool wrong)
{
    struct token t;
    long long made;
    int n = 0;
    FILE *f = fopen("codes", "r");
    while (f && fscanf(f, "%47s %d %511s %lld", t.offer, &t.number, t.text, &made) == 4) {
        /* One of the newest: each takes the place of all before with a good chance. */
        if (boot_us() - made < (int64_t)CODE_AGE_S * 1000000 && (n == 0 || dice_roll(&p->dice, 3) < 2)) {
            p->typed = t;
            n++;
        }
    }
    if (f) {
        fclose(f);
    }
    if (n && wrong) {
        char *last = p->typed.text + strlen(p->typed.text) - 1;
        *last = *last == '9' ? '0' : (char)(*last + 1);
        p->typed.number = MISTYPED;
    }
    return n ? &p->typed : NULL;
}
