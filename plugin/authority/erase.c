/*
 * A person is erased (PROTOCOL, "Erasure"): the person parts go, and what the tables had from them. What each
 * redemption had come to by then is kept in the part's place, so that figures stay, without whose it was.
 */
#include "authority/internal.h"
#include "store/erased.h"
#include "store/reversals.h"

enum { ERASE_MEMORY = 256 * 1024 * 1024 };

struct target {
    uint8_t d[HASH_SIZE];
    enum kind kind;
    bool here; /* its person part is */
    struct bytes residue;
    struct redemption_row *rows; /* of a commit */
    size_t row_count;
    struct link_row link; /* one of a link's, for all but its card and offer */
    struct residue stays;
    struct target *after;
};

struct card {
    uint8_t handle[HASH_SIZE];
    struct card *after;
};

struct erasing {
    struct call c;
    const struct erase_request *who;
    struct bytes iss;
    const struct cose_key *merchant;
    struct erase_result result;
    struct arena arena;
    struct buf answer;
    struct target *first, **last;
    struct card *cards;
    struct redemption_row rows[MAX_REDEMPTIONS]; /* of the commit that is being read */
    size_t row_count;
};

/* ---- what there is of the person ---- */

static int add(void *arg, const uint8_t *d)
{
    struct erasing *x = arg;
    for (const struct target *t = x->first; t; t = t->after) {
        if (memcmp(t->d, d, HASH_SIZE) == 0) {
            return 0;
        }
    }
    struct target *t = ARENA_NEW(&x->arena, struct target, 1);
    if (!t) {
        return TP_E_MEMORY;
    }
    memcpy(t->d, d, HASH_SIZE);
    *x->last = t;
    x->last = &t->after;
    return 0;
}

static int add_card(void *arg, const uint8_t *handle)
{
    struct erasing *x = arg;
    struct card *card = ARENA_NEW(&x->arena, struct card, 1);
    if (!card) {
        return TP_E_MEMORY;
    }
    memcpy(card->handle, handle, HASH_SIZE);
    card->after = x->cards;
    x->cards = card;
    return 0;
}

static int find_of_cards(struct erasing *x, bool unnamed)
{
    struct store *s = x->c.s;
    int rc = 0;
    for (const struct card *card = x->cards; card && rc == 0; card = card->after) {
        rc = store_links_of_card(s, card->handle, unnamed, add, x);
        rc = rc ? rc : store_visits_of(s, card->handle, add, x);
        rc = rc ? rc : store_claims_forget(s, card->handle);
    }
    return rc;
}

static int find_customer(struct erasing *x)
{
    struct person_part person = {.customer = x->who->name};
    struct customer customer;
    int rc = x->who->name.n > CUSTOMER_MAX ? STORE_NOT_FOUND : customer_of_sale(&x->c, &person, &customer);
    if (rc) {
        return rc == STORE_NOT_FOUND ? 0 : rc;
    }
    rc = store_links_of_customer(x->c.s, customer.text, add, x);
    rc = rc ? rc : store_cards_of_customer(x->c.s, customer.text, add_card, x);
    rc = rc ? rc : store_visits_of(x->c.s, customer.key, add, x);
    rc = rc ? rc : store_claims_forget(x->c.s, customer.key);
    return rc ? rc : find_of_cards(x, true);
}

static int find_card(struct erasing *x)
{
    uint8_t handle[HASH_SIZE];
    int rc = card_handle(x->c.a->config.card_key, x->who->name, handle);
    rc = rc ? rc : add_card(x, handle);
    return rc ? rc : find_of_cards(x, false);
}

static int find_sale(struct erasing *x)
{
    uint8_t id[ID_SIZE], handle[HASH_SIZE], d[HASH_SIZE];
    struct bytes name = x->who->name, sale = {0};
    int64_t n = 0;
    if (name.n == 2 * ID_SIZE && hex_decode(name, id, ID_SIZE)) {
        sale = bytes_of(id, ID_SIZE);
    }
    int rc = reference_handle(x->c.a->config.card_key, name, handle);
    rc = rc ? rc : store_sale_named(x->c.s, sale, handle, &n, d);
    if (rc || n == 0) {
        return rc;
    }
    return n == 1
               ? add(x, d)
               : err_set(&x->c.err, TP_UNKNOWN_SALE, "several sales have this reference: name one by its id");
}

static int add_reverse(void *arg, const struct reversal_row *row)
{
    return add(arg, row->d);
}

/* The list grows behind the one at hand. */
static int find_reverses(struct erasing *x)
{
    int rc = 0;
    for (const struct target *t = x->first; t && rc == 0; t = t->after) {
        rc = store_reversals(x->c.s, t->d, add_reverse, x);
    }
    return rc;
}

static bool is_theirs(const struct erasing *x, const struct person_part *p)
{
    if (x->who->by == ERASE_SALE) {
        return p->reference.p && bytes_equal(p->reference, x->who->name);
    }
    for (size_t i = 0; i < p->cards.n; i++) {
        for (const struct card *card = x->cards; card; card = card->after) {
            if (bytes_equal(p->cards.v[i], bytes_of(card->handle, HASH_SIZE))) {
                return true;
            }
        }
    }
    return x->who->by == ERASE_CUSTOMER && p->customer.p && bytes_equal(p->customer, x->who->name);
}

static int look_at(void *arg, const struct stored *row)
{
    struct erasing *x = arg;
    struct person_part person = {0};
    struct bytes part = arena_copy(&x->arena, row->person);
    int rc = part.p ? schema_decode(&schema_person_part, part, &x->arena, &person, NULL) : 0;
    if (rc == TP_E_MEMORY || (row->person.p && !part.p)) {
        return TP_E_MEMORY;
    }
    return rc == 0 && is_theirs(x, &person) ? add(x, row->d) : 0;
}

/* Found by what they hold: no table says whose they are while their commit has not come. */
static int look_at_alone(void *arg, const uint8_t *d)
{
    struct erasing *x = arg;
    return store_statement(x->c.s, d, look_at, x);
}

static int find(struct erasing *x)
{
    int rc = x->who->by == ERASE_CUSTOMER ? find_customer(x)
             : x->who->by == ERASE_CARD   ? find_card(x)
                                          : find_sale(x);
    rc = rc ? rc : find_reverses(x);
    rc = rc ? rc : store_reversals_alone(x->c.s, look_at_alone, x);
    if (rc == 0 && !x->first) {
        rc = err_code(&x->c.err, x->who->by == ERASE_SALE ? TP_UNKNOWN_SALE : TP_UNKNOWN_PERSON);
    }
    return rc;
}

/* ---- what stays ---- */

static int take_kind(void *arg, const struct stored *row)
{
    struct target *t = arg;
    t->kind = row->kind;
    t->here = row->person.p != NULL;
    return 0;
}

static int take_row(void *arg, const struct contender *row)
{
    struct erasing *x = arg;
    if (x->row_count == MAX_REDEMPTIONS) {
        return TP_E_CORRUPT;
    }
    x->rows[x->row_count++] = row->redemption;
    return 0;
}

static int read_rows(struct erasing *x, struct target *t)
{
    struct contest_key key = {.by = BY_COMMIT};
    memcpy(key.id, t->d, HASH_SIZE);
    x->row_count = 0;
    int rc = store_contest(x->c.s, &key, take_row, x);
    t->row_count = x->row_count;
    t->rows = ARENA_NEW(&x->arena, struct redemption_row, t->row_count);
    if (t->rows && t->row_count) {
        memcpy(t->rows, x->rows, t->row_count * sizeof x->rows[0]);
    }
    return rc ? rc : t->rows ? 0 : TP_E_MEMORY;
}

/* What was decided of it that hung on who it was; all else is decided by what is kept. NONE: that was
 * nothing. */
static int64_t frozen(const struct redemption_row *r)
{
    if (r->frozen != NONE || rank_out_for_good(r)) {
        return r->frozen;
    }
    bool stands =
        r->stage > 0 || r->stage == STAGE_REVIVED || r->stage == -TP_VOIDED || r->stage == -TP_DISPUTED;
    return r->stage == CONTEST_CUSTOMER ? TP_LIMIT_REACHED : stands ? 0 : -r->stage;
}

/* ---- of links ---- */

struct link_taking {
    struct erasing *x;
    struct target *t;
    struct residue_link list[MAX_LINK_OFFERS * MAX_CARDS];
    size_t n;
    int64_t card; /* which one this is */
    bool any;
    const struct link_row *row;
    bool counts;
};

static bool is_target(const struct erasing *x, const uint8_t d[HASH_SIZE])
{
    for (const struct target *t = x->first; t; t = t->after) {
        if (memcmp(t->d, d, HASH_SIZE) == 0) {
            return true;
        }
    }
    return false;
}

/* A card counts once for an offer and a channel: by a link that stays, or by the first of those that go. */
static int see_twin(void *arg, const struct link_row *twin)
{
    struct link_taking *k = arg;
    const struct link_row *row = k->row;
    bool same = twin->op == LINK_ADD && twin->disputed == row->disputed &&
                strcmp(twin->channel, row->channel) == 0 && strcmp(twin->campaign, row->campaign) == 0 &&
                memcmp(twin->d, row->d, HASH_SIZE) != 0;
    if (same && (memcmp(twin->d, row->d, HASH_SIZE) < 0 || !is_target(k->x, twin->d))) {
        k->counts = false;
    }
    return 0;
}

static int take_link(void *arg, const struct link_row *row)
{
    struct link_taking *k = arg;
    if (k->any && memcmp(k->t->link.card, row->card, HASH_SIZE) != 0) {
        k->card++;
    }
    k->any = true;
    k->t->link = *row;
    k->row = row;
    k->counts = row->op == LINK_ADD;
    if (k->n == MAX_LINK_OFFERS * MAX_CARDS || k->card >= MAX_CARDS) {
        return TP_E_CORRUPT;
    }
    int rc = store_link_twins(k->x->c.s, row->card, row->offer, see_twin, k);
    if (rc == 0 && k->counts) {
        struct residue_link *kept = &k->list[k->n++];
        kept->card = k->card;
        memcpy(kept->offer, row->offer, REF_SIZE);
    }
    return rc;
}

static int read_link(struct erasing *x, struct target *t)
{
    struct link_taking *k = ARENA_NEW(&x->arena, struct link_taking, 1);
    if (!k) {
        return TP_E_MEMORY;
    }
    k->x = x;
    k->t = t;
    int rc = store_link_rows(x->c.s, t->d, take_link, k);
    t->stays.links.v = k->list;
    t->stays.links.n = k->n;
    return rc;
}

/* ---- of commits ---- */

static struct bytes text_or_none(const char *text)
{
    return text[0] ? bytes_str(text) : (struct bytes){0};
}

static int make_residue(struct erasing *x, struct target *t)
{
    struct residue_row *list = ARENA_NEW(&x->arena, struct residue_row, t->row_count);
    struct buf out;
    if (!list) {
        return TP_E_MEMORY;
    }
    t->stays.redemptions.v = list;
    for (size_t i = 0; i < t->row_count; i++) {
        struct redemption_row *r = &t->rows[i];
        r->frozen = frozen(r);
        if (r->frozen != NONE) {
            list[t->stays.redemptions.n++] = (struct residue_row){.place = r->place,
                                                                  .reason = (int)r->frozen,
                                                                  .channel = text_or_none(r->channel),
                                                                  .campaign = text_or_none(r->campaign)};
        }
    }
    buf_init(&out, STATEMENT_MAX);
    int rc = schema_encode(&schema_residue, &t->stays, &out, NULL);
    if (rc == 0) {
        t->residue = arena_copy(&x->arena, buf_view(&out));
    }
    buf_free(&out);
    return rc ? rc : t->residue.p ? 0 : TP_E_MEMORY;
}

/* All of it before anything changes: one redemption's place may hang on another of the same person. */
static int read_all(struct erasing *x)
{
    int rc = 0;
    for (struct target *t = x->first; t && rc == 0; t = t->after) {
        rc = store_statement(x->c.s, t->d, take_kind, t);
        if (rc || !t->here) {
            rc = rc == STORE_NOT_FOUND ? TP_E_CORRUPT : rc;
            continue;
        }
        rc = t->kind == KIND_LINK ? read_link(x, t) : read_rows(x, t);
        rc = rc ? rc : make_residue(x, t);
    }
    return rc;
}

/* ---- erasing ---- */

static int drop(struct erasing *x, const struct target *t)
{
    struct erase_result *n = &x->result;
    int rc = store_erased_put(x->c.s, t->d, t->residue);
    rc = rc ? rc : store_person_drop(x->c.s, t->d);
    rc = rc || t->kind != KIND_LINK ? rc : link_erased(&x->c, t->d, &t->link, &t->stays);
    for (size_t i = 0; i < t->row_count && rc == 0; i++) {
        rc = store_redemption_freeze(x->c.s, &t->rows[i]);
    }
    ++*(t->kind == KIND_LINK ? &n->links : t->kind == KIND_COMMIT ? &n->commits : &n->reverses);
    return rc;
}

static int drop_all(struct erasing *x)
{
    int rc = 0;
    for (const struct target *t = x->first; t && rc == 0; t = t->after) {
        rc = t->here ? drop(x, t) : 0;
    }
    for (int lost = 1; lost >= 0; lost--) {
        for (const struct target *t = x->first; t && rc == 0; t = t->after) {
            rc = t->here && t->row_count ? rank_frozen(&x->c, t->d, lost) : 0;
        }
    }
    return rc;
}

static int count_it(struct erasing *x)
{
    struct erasure payload = {.common = {.version = 1, .time_ms = x->c.now}};
    struct statement st;
    struct buf raw;
    memcpy(payload.common.audience, x->c.a->config.id, ID_SIZE);
    int rc = store_erased_digest(x->c.s, INT64_MAX, &payload.parts, payload.digest);
    x->result.total = payload.parts;
    buf_init(&raw, ENVELOPE_MAX);
    rc = rc ? rc : statement_sign(KIND_ERASURE, &payload, x->iss, x->merchant, &raw, NULL, &x->c.err);
    rc = rc ? rc : statement_parse(buf_view(&raw), &x->arena, &st, &x->c.err);
    if (rc == 0) {
        x->c.st = &st;
        rc = authority_keep(&x->c);
        x->c.st = NULL;
    }
    buf_free(&raw);
    return rc ? rc : store_count_on(x->c.s, ERASURE_COUNT);
}

static int erase(struct store *s, void *arg)
{
    struct erasing *x = arg;
    arena_reset(&x->arena);
    buf_reset(&x->answer);
    x->c.s = s;
    x->c.err = (struct err){0};
    x->result = (struct erase_result){0};
    x->first = NULL;
    x->last = &x->first;
    x->cards = NULL;
    int rc = find(x);
    rc = rc ? rc : read_all(x);
    rc = rc ? rc : drop_all(x);
    const struct erase_result *n = &x->result;
    return rc || n->links + n->commits + n->reverses == 0 ? rc : count_it(x);
}

int authority_erase(struct authority *a, const struct erase_request *who, struct bytes iss,
                    const struct cose_key *merchant, struct erase_result *out, struct err *e)
{
    struct erasing x = {.who = who, .iss = iss, .merchant = merchant};
    int rc = authority_refresh(a);
    arena_init(&x.arena, ERASE_MEMORY);
    buf_init(&x.answer, MESSAGE_MAX);
    x.c = (struct call){.a = a, .now = clock_wall(a->config.clock), .arena = &x.arena, .answer = &x.answer};
    rc = rc ? rc : store_write(a->config.store, erase, &x);
    arena_reset(&x.arena);
    buf_free(&x.answer);
    if (rc > 0) {
        return err_set(e, rc, "%s", x.c.err.text[0] ? x.c.err.text : code_sentence(rc));
    }
    if (rc) {
        return err_set(e, rc, "erasing: %s", x.c.err.text[0] ? x.c.err.text : store_error(a->config.store));
    }
    log_now(a);
    *out = x.result;
    return 0;
}

/* Whoever signs that parts are gone says how many and which, and that must be so. */
int erasure_check(struct call *c)
{
    const struct erasure *said = &c->st->payload.erasure;
    uint8_t digest[HASH_SIZE];
    int64_t count;
    int rc = store_erased_digest(c->s, INT64_MAX, &count, digest);
    if (rc == 0 && (count != said->parts || memcmp(digest, said->digest, HASH_SIZE) != 0)) {
        rc = err_set(&c->err, TP_BAD_STATEMENT, "the erasure does not count what was erased here");
    }
    return rc;
}
