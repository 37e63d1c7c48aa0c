/* A sale from its beginning to its last line; and those that are in memory. */
#include "sale/internal.h"

#include <stdlib.h>

void sale_touched(struct sale *s)
{
    price_drop(&s->price);
    granted_free(s->granted);
    s->granted = NULL;
    s->hold_reason = 0;
    s->edition++;
}

static void drop_presented(struct sale *s)
{
    for (size_t i = 0; i < s->presented_count; i++) {
        free(s->presented[i]);
    }
    s->presented_count = 0;
}

void sale_free(struct sale *s)
{
    if (s) {
        sale_touched(s);
        drop_presented(s);
        sold_sale_free(s->recalled);
        arena_reset(&s->lines_arena);
        buf_free(&s->text);
        free(s);
    }
}

struct sale *sale_in_memory(struct till *t, int64_t id)
{
    for (size_t i = 0; i < t->sale_count; i++) {
        if (t->sales[i]->id == id) {
            return t->sales[i];
        }
    }
    return NULL;
}

void sale_forget(struct till *t, struct sale *s)
{
    for (size_t i = 0; i < t->sale_count; i++) {
        if (t->sales[i] == s) {
            memmove(&t->sales[i], &t->sales[i + 1], (t->sale_count - i - 1) * sizeof *t->sales);
            t->sale_count--;
            sale_free(s);
            return;
        }
    }
}

/* Finished sales are on the disk: the oldest ones need not be in memory, too. */
static void make_room(struct till *t)
{
    size_t finished = 0;
    struct sale *oldest = NULL;
    for (size_t i = 0; i < t->sale_count; i++) {
        struct sale *s = t->sales[i];
        if (s->state != SALE_OPEN && !s->training) {
            finished++;
            oldest = oldest ? oldest : s;
        }
    }
    if (finished > FINISHED_SALES_MAX) {
        sale_forget(t, oldest);
    }
}

static int add_sale(struct till *t, struct sale *s, struct err *e)
{
    make_room(t);
    if (t->sale_count >= OPEN_SALES_MAX + FINISHED_SALES_MAX) {
        return err_set(e, TP_E_MEMORY, "more than %d sales are open", OPEN_SALES_MAX);
    }
    if (t->sale_count == t->sale_room) {
        size_t room = t->sale_room ? t->sale_room * 2 : 16;
        struct sale **grown = reallocarray(t->sales, room, sizeof *t->sales);
        if (!grown) {
            return err_code(e, TP_E_MEMORY);
        }
        t->sales = grown;
        t->sale_room = room;
    }
    t->sales[t->sale_count++] = s;
    return 0;
}

static struct sale *new_sale(struct err *e)
{
    struct sale *s = calloc(1, sizeof *s);
    if (!s) {
        err_code(e, TP_E_MEMORY);
        return NULL;
    }
    arena_init(&s->lines_arena, ITEM_MEMORY);
    buf_init(&s->text, TEXT_MAX);
    s->next_presentation = 1;
    return s;
}

struct load {
    struct till *t;
    struct sale *s;
    struct err *e;
};

/* The record's tax mode is that of its lines part; the quote tells it: added tax makes due differ from net.
 */
static int load_price(struct load *l, struct sale *s, const struct journal_sale *row)
{
    int rc = price_decode(s, row->quote, true, l->e);
    if (rc == 0) {
        s->price.tax_included = s->price.quote.due == s->price.quote.net;
    }
    return rc;
}

/* What was refused alone before a crash is not given after it. */
static int load_alone(struct load *l, struct sale *s)
{
    bool alone = false;
    int rc = journal_alone(l->t->journal, s->id, &alone, l->e);
    s->alone = alone ? TP_OFFLINE : 0;
    return rc;
}

static int load_row(void *arg, const struct journal_sale *row)
{
    struct load *l = arg;
    struct sale *s = new_sale(l->e);
    if (!s) {
        return TP_E_MEMORY;
    }
    s->id = row->id;
    s->rev = row->rev;
    s->state = row->state;
    s->binding = row->binding;
    s->seq = row->seq;
    s->redemptions = row->redemptions;
    s->stored = true;
    memcpy(s->reference, row->reference, sizeof s->reference);
    memcpy(s->receipt, row->receipt, sizeof s->receipt);
    memcpy(s->currency, row->currency, sizeof s->currency);
    memcpy(s->uuid, row->uuid, ID_SIZE);
    memcpy(s->commit, row->commit, HASH_SIZE);
    buf_put(&s->text, row->text.p, row->text.n);
    int rc = s->state == SALE_OPEN ? load_alone(l, s) : load_price(l, s, row);
    if (rc == 0 && s->text.failed) {
        rc = err_code(l->e, TP_E_MEMORY);
    }
    rc = rc ? rc : add_sale(l->t, s, l->e);
    if (rc) {
        sale_free(s);
        return rc;
    }
    l->s = s;
    return 0;
}

int sale_find(struct till *t, int64_t id, struct sale **out, struct err *e)
{
    struct load l = {.t = t, .e = e};
    l.s = sale_in_memory(t, id);
    int rc = l.s ? 0 : journal_sale(t->journal, id, load_row, &l, e);
    if (rc == JOURNAL_NOT_FOUND) {
        return err_set(e, TP_E_ARGUMENT, "no sale has this id");
    }
    if (rc == 0) {
        *out = l.s;
    }
    return rc;
}

int sale_change(struct till *t, int64_t id, struct sale **out, struct err *e)
{
    struct sale *s = NULL;
    int rc = sale_find(t, id, &s, e);
    if (rc == 0 && s->state != SALE_OPEN) {
        rc = err_set(e, TP_E_STATE, "the sale is %s", s->state == SALE_VOIDED ? "voided" : "committed");
    }
    if (rc == 0 && s->asking) {
        rc = err_set(e, TP_E_STATE, "the sale is being held");
    }
    if (rc == 0) {
        *out = s;
    }
    return rc;
}

void sale_row(const struct sale *s, struct journal_sale *row)
{
    *row = (struct journal_sale){.id = s->id,
                                 .rev = s->rev,
                                 .state = s->state,
                                 .binding = s->binding,
                                 .seq = s->seq,
                                 .redemptions = s->redemptions};
    memcpy(row->reference, s->reference, sizeof row->reference);
    memcpy(row->receipt, s->receipt, sizeof row->receipt);
    memcpy(row->currency, s->currency, sizeof row->currency);
    memcpy(row->uuid, s->uuid, ID_SIZE);
    memcpy(row->commit, s->commit, HASH_SIZE);
}

/* ---- begin and find ---- */

static int by_reference(struct till *t, struct bytes reference, bool training, struct sale **out,
                        struct err *e)
{
    *out = NULL;
    for (size_t i = 0; i < t->sale_count; i++) {
        struct sale *s = t->sales[i];
        if (s->training == training && bytes_is(reference, s->reference)) {
            *out = s;
            return 0;
        }
    }
    struct load l = {.t = t, .e = e};
    int rc = training ? 0 : journal_sale_by_reference(t->journal, reference, load_row, &l, e);
    *out = l.s;
    return rc == JOURNAL_NOT_FOUND ? 0 : rc;
}

static int next_id(struct till *t, int64_t *id, struct err *e)
{
    if (t->next_id > t->last_id) {
        int64_t first = 0;
        int rc = journal_sale_ids(t->journal, &first, e);
        if (rc) {
            return rc;
        }
        t->next_id = first;
        t->last_id = first + SALE_ID_BLOCK - 1;
    }
    *id = t->next_id++;
    return 0;
}

static int begin_new(struct till *t, struct bytes reference, struct bytes currency, bool training,
                     struct sale **out, struct err *e)
{
    struct sale *s = new_sale(e);
    if (!s) {
        return TP_E_MEMORY;
    }
    bytes_to_cstr(reference, s->reference, sizeof s->reference);
    bytes_to_cstr(currency, s->currency, sizeof s->currency);
    s->training = training;
    int rc = random_bytes(s->uuid, ID_SIZE);
    rc = rc ? err_code(e, rc) : next_id(t, &s->id, e);
    rc = rc ? rc : add_sale(t, s, e);
    if (rc) {
        sale_free(s);
        return rc;
    }
    *out = s;
    return 0;
}

int sale_by_reference(struct till *t, struct bytes reference, struct sale **out, struct err *e)
{
    return by_reference(t, reference, false, out, e);
}

int sale_by_uuid(struct till *t, const uint8_t uuid[ID_SIZE], struct sale **out, struct err *e)
{
    for (size_t i = 0; i < t->sale_count; i++) {
        if (!t->sales[i]->training && memcmp(t->sales[i]->uuid, uuid, ID_SIZE) == 0) {
            *out = t->sales[i];
            return 0;
        }
    }
    struct load l = {.t = t, .e = e};
    int rc = journal_sale_by_uuid(t->journal, uuid, load_row, &l, e);
    *out = l.s;
    return rc == JOURNAL_NOT_FOUND ? 0 : rc;
}

int sale_new(struct till *t, struct bytes reference, struct bytes currency, struct sale **out, struct err *e)
{
    return begin_new(t, reference, currency, false, out, e);
}

bool reference_valid(struct bytes r)
{
    return r.n >= 1 && r.n <= REFERENCE_MAX && !memchr(r.p, 0, r.n) && bytes_utf8(r);
}

static bool currency_valid(struct bytes c)
{
    bool good = c.n == 3;
    for (size_t i = 0; good && i < 3; i++) {
        good = c.p[i] >= 'A' && c.p[i] <= 'Z';
    }
    return good;
}

int till_sale_begin(struct till *t, struct bytes reference, struct bytes currency, bool training,
                    int64_t *sale, struct err *e)
{
    if (!reference_valid(reference)) {
        return err_set(e, TP_E_ARGUMENT, "a sale's reference has 1 to %d bytes", REFERENCE_MAX);
    }
    if (!currency_valid(currency)) {
        return err_set(e, TP_E_ARGUMENT, "a currency has three capital letters");
    }
    till_lock(t);
    struct sale *s = NULL;
    int rc = by_reference(t, reference, training, &s, e);
    if (rc == 0 && s && !bytes_is(currency, s->currency)) {
        rc = err_set(e, TP_E_EXISTS, "the reference belongs to a sale in %s", s->currency);
    }
    if (rc == 0 && !s) {
        rc = begin_new(t, reference, currency, training, &s, e);
    }
    if (rc == 0) {
        *sale = s->id;
    }
    till_unlock(t);
    return rc;
}

int till_sale_find(struct till *t, struct bytes reference, int64_t *sale, struct err *e)
{
    if (!reference_valid(reference)) {
        return err_set(e, TP_E_ARGUMENT, "a sale's reference has 1 to %d bytes", REFERENCE_MAX);
    }
    till_lock(t);
    struct sale *s = NULL;
    int rc = by_reference(t, reference, false, &s, e);
    if (rc == 0) {
        *sale = s ? s->id : 0;
    }
    till_unlock(t);
    return rc;
}

int till_sale_unsettled(struct till *t, size_t index, int64_t *sale, struct err *e)
{
    int64_t id = 0;
    till_lock(t);
    int rc = journal_sale_unsettled(t->journal, (int64_t)index, &id, e);
    till_unlock(t);
    rc = rc == JOURNAL_NOT_FOUND ? 0 : rc;
    if (rc == 0) {
        *sale = id;
    }
    return rc;
}

static int state_word(struct till *t, const struct sale *s)
{
    if (s->state != SALE_OPEN) {
        return s->state == SALE_VOIDED ? TP_VOIDED : TP_COMMITTED;
    }
    return granted_alive(t, s) ? TP_BINDING : TP_PROVISIONAL;
}

int till_sale_info(struct till *t, int64_t sale, struct sale_info *out, struct err *e)
{
    till_lock(t);
    struct sale *s = NULL;
    bool sent = false;
    int rc = sale_find(t, sale, &s, e);
    if (rc == 0 && s->state != SALE_OPEN && !s->training) {
        rc = journal_sale_sent(t->journal, s->id, &sent, e);
    }
    if (rc == 0) {
        bool alive = granted_alive(t, s);
        *out = (struct sale_info){
            .state = state_word(t, s),
            .training = s->training,
            .sent = sent,
            .lines = s->state == SALE_OPEN ? s->line_count : s->price.quote.lines.n,
            .presentations = s->presented_count,
            .rev = s->rev,
            .hold_left_ms = alive ? s->granted->until_boot - clock_boot(t->clock) : 0,
        };
        memcpy(out->uuid, s->uuid, ID_SIZE);
        memcpy(out->currency, s->currency, sizeof out->currency);
        memcpy(out->reference, s->reference, sizeof s->reference);
        memcpy(out->receipt, s->receipt, sizeof s->receipt);
    }
    till_unlock(t);
    return rc;
}

/* ---- lines ---- */

enum { SKU_SIZE_MAX = 64, NAME_SIZE_MAX = 200, TAX_MAX = 100000 };
#define QUANTITY_MOST INT64_C(1000000000000)

static const char *line_fault(const struct line *l)
{
    if (l->number < 1 || l->number > UINT32_MAX) {
        return "a line's number";
    }
    if (l->quantity == 0 || l->quantity < -QUANTITY_MOST || l->quantity > QUANTITY_MOST) {
        return "a line's quantity";
    }
    if (l->unit_price < 0 || l->unit_price > AMOUNT_MAX) {
        return "a line's unit price";
    }
    if (l->tax < 0 || l->tax > TAX_MAX) {
        return "a line's tax rate";
    }
    bool texts = l->sku.n <= SKU_SIZE_MAX && l->name.n <= NAME_SIZE_MAX && l->category.n <= SKU_SIZE_MAX &&
                 bytes_utf8(l->sku) && bytes_utf8(l->name) && bytes_utf8(l->category);
    return texts ? NULL : "a line's text";
}

static int by_number(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return x < y ? -1 : x > y;
}

static int check_lines(const struct line *lines, size_t n, struct err *e)
{
    int rc = 0;
    int64_t *numbers = calloc(n ? n : 1, sizeof *numbers);
    if (!numbers) {
        return err_code(e, TP_E_MEMORY);
    }
    for (size_t i = 0; i < n && rc == 0; i++) {
        const char *fault = line_fault(&lines[i]);
        numbers[i] = lines[i].number;
        rc = fault ? err_set(e, TP_E_ARGUMENT, "%s is out of its range (line %zu)", fault, i + 1) : 0;
    }
    qsort(numbers, n, sizeof *numbers, by_number);
    for (size_t i = 1; i < n && rc == 0; i++) {
        if (numbers[i] == numbers[i - 1]) {
            rc = err_set(e, TP_E_ARGUMENT, "line %lld is there twice", (long long)numbers[i]);
        }
    }
    free(numbers);
    return rc;
}

/* An absent text is an empty one. */
static struct bytes copy_text(struct arena *a, struct bytes text)
{
    return arena_copy(a, text.p ? text : bytes_str(""));
}

static int copy_lines(struct arena *a, const struct line *lines, size_t n, struct line **out, struct err *e)
{
    struct line *copy = ARENA_NEW(a, struct line, n);
    if (!copy) {
        return err_code(e, TP_E_MEMORY);
    }
    for (size_t i = 0; i < n; i++) {
        copy[i] = lines[i];
        copy[i].sku = copy_text(a, lines[i].sku);
        copy[i].name = copy_text(a, lines[i].name);
        copy[i].category = copy_text(a, lines[i].category);
        if (!copy[i].sku.p || !copy[i].name.p || !copy[i].category.p) {
            return err_code(e, TP_E_MEMORY);
        }
    }
    *out = copy;
    return 0;
}

static int copy_checked(const struct line *lines, size_t n, struct arena *arena, struct line **copy,
                        struct err *e)
{
    arena_init(arena, ITEM_MEMORY);
    int rc = check_lines(lines, n, e);
    return rc ? rc : copy_lines(arena, lines, n, copy, e);
}

/* Takes over the arena and gives the one before. */
static void swap_lines(struct sale *s, struct arena *arena, const struct line *copy, size_t n)
{
    sale_touched(s);
    struct arena old = s->lines_arena;
    s->lines_arena = *arena;
    *arena = old;
    s->lines = copy;
    s->line_count = n;
}

int sale_take_lines(struct sale *s, const struct line *lines, size_t n, struct err *e)
{
    struct arena arena;
    struct line *copy = NULL;
    int rc = copy_checked(lines, n, &arena, &copy, e);
    if (rc == 0) {
        swap_lines(s, &arena, copy, n);
    }
    arena_reset(&arena);
    return rc;
}

int till_lines_set(struct till *t, int64_t sale, const struct line *lines, size_t n, struct err *e)
{
    if (n > MAX_LINES) {
        return err_set(e, TP_E_ARGUMENT, "a basket has at most %d lines", MAX_LINES);
    }
    struct arena arena;
    struct line *copy = NULL;
    int rc = copy_checked(lines, n, &arena, &copy, e);
    if (rc == 0) {
        struct sale *s = NULL;
        till_lock(t);
        rc = sale_change(t, sale, &s, e);
        if (rc == 0 && s->refund) {
            rc = refund_check_lines(t, s, lines, n, e);
        }
        if (rc == 0) {
            swap_lines(s, &arena, copy, n);
        }
        till_unlock(t);
    }
    arena_reset(&arena);
    return rc;
}
