/* A sale that did not count. */
#include "sale/internal.h"

struct undo {
    struct arena arena;
    struct bytes raw, lines, person;
    struct statement commit;
    struct buf lines_out, person_out;
};

static int copy_record(void *arg, const struct journal_record *r)
{
    struct undo *u = arg;
    u->raw = arena_copy(&u->arena, r->raw);
    u->lines = arena_copy(&u->arena, r->lines);
    u->person = arena_copy(&u->arena, r->person);
    return u->raw.p && u->lines.p && u->person.p ? 0 : TP_E_MEMORY;
}

static int load(struct till *t, const struct sale *s, struct undo *u, struct err *e)
{
    int rc = journal_record(t->journal, s->commit, copy_record, u, e);
    if (rc == JOURNAL_NOT_FOUND) {
        return err_set(e, TP_E_CORRUPT, "till.db lacks the record of the sale");
    }
    rc = rc ? rc : statement_parse(u->raw, &u->arena, &u->commit, e);
    if (rc == 0 && u->commit.kind == KIND_REVERSE) {
        return err_set(e, TP_E_STATE, "a refund is not voided");
    }
    if (rc == 0 && u->commit.kind != KIND_COMMIT) {
        rc = err_set(e, TP_E_CORRUPT, "the sale's record is not a commit");
    }
    return rc > 0 ? TP_E_CORRUPT : rc;
}

/* The same content under a new salt: two statements never share a part. */
static int salted_again(struct undo *u, struct reverse *r, struct err *e)
{
    struct lines_part lines;
    struct person_part person;
    int rc = schema_decode(&schema_lines_part, u->lines, &u->arena, &lines, e);
    rc = rc ? rc : schema_decode(&schema_person_part, u->person, &u->arena, &person, e);
    rc = rc ? rc : random_bytes(lines.salt, SALT_SIZE);
    rc = rc ? rc : random_bytes(person.salt, SALT_SIZE);
    rc = rc ? rc : part_encode(&schema_lines_part, &lines, &u->lines_out, r->lines, e);
    return rc ? rc : part_encode(&schema_person_part, &person, &u->person_out, r->person, e);
}

static size_t reversed(const struct commit *c, struct reversed out[MAX_REDEMPTIONS])
{
    size_t n = c->redemptions.n < MAX_REDEMPTIONS ? c->redemptions.n : MAX_REDEMPTIONS;
    for (size_t i = 0; i < n; i++) {
        out[i] = (struct reversed){(int64_t)i, c->redemptions.v[i].discount, c->redemptions.v[i].cashback};
    }
    return n;
}

static int sign(struct till *t, struct sale *s, struct undo *u, struct err *e)
{
    const struct commit *c = &u->commit.payload.commit;
    struct reversed list[MAX_REDEMPTIONS];
    struct reverse r = {.op = REVERSE_VOID,
                        .currency = c->currency,
                        .gross = c->gross,
                        .discount = c->discount,
                        .net = c->net,
                        .tax = c->tax,
                        .due = c->due};
    struct journal_sale row;
    struct buf quote;
    uint8_t d[HASH_SIZE];
    buf_init(&quote, MESSAGE_MAX);
    r.tenders.v = c->tenders.v;
    r.tenders.n = c->tenders.n;
    r.redemptions.v = list;
    r.redemptions.n = reversed(c, list);
    memcpy(r.commit, s->commit, HASH_SIZE);
    memcpy(r.sale, s->uuid, ID_SIZE);
    sale_row(s, &row);
    row.state = SALE_VOIDED;
    row.text = buf_view(&s->text);
    int rc = record_begin(t, &r.chain, &r.common, e);
    rc = rc ? rc : salted_again(u, &r, e);
    rc = rc ? rc : schema_encode(&schema_quote, &s->price.quote, &quote, e);
    row.quote = buf_view(&quote);
    rc = rc ? rc
            : record_add(t, KIND_REVERSE, &r, buf_view(&u->lines_out), buf_view(&u->person_out), &row, d, e);
    buf_free(&quote);
    return rc > 0 ? TP_E_CORRUPT : rc;
}

static int void_committed(struct till *t, struct sale *s, struct err *e)
{
    struct undo u = {0};
    arena_init(&u.arena, ITEM_MEMORY);
    buf_init(&u.lines_out, PART_MAX);
    buf_init(&u.person_out, PART_MAX);
    bool closed = false, returned = false;
    int rc = s->training ? 0 : journal_closed(t->journal, s->commit, &closed, e);
    if (rc == 0 && closed) {
        rc = err_set(e, TP_E_STATE, "the day that counted the sale is closed");
    }
    rc = rc || s->training ? rc : journal_any_returned(t->journal, s->commit, &returned, e);
    if (rc == 0 && returned) {
        rc = err_set(e, TP_E_STATE, "goods of the sale were returned");
    }
    rc = rc || s->training ? rc : load(t, s, &u, e);
    if (rc == 0 && !s->training) {
        rc = sign(t, s, &u, e);
    }
    if (rc == 0) {
        s->state = SALE_VOIDED;
    }
    buf_free(&u.lines_out);
    buf_free(&u.person_out);
    arena_reset(&u.arena);
    return rc;
}

static int void_open(struct till *t, struct sale *s, struct err *e)
{
    int rc = s->stored ? journal_sale_drop(t->journal, s->id, e) : 0;
    if (rc) {
        return rc;
    }
    if (s->reserved || (s->stored && s->rev > 0)) {
        release_queue_uuid(t, s->id, s->uuid, s->rev + 1);
    }
    sale_forget(t, s);
    return 0;
}

int till_sale_forget(struct till *t, int64_t sale, struct err *e)
{
    till_lock(t);
    struct sale *s = NULL;
    int rc = sale_find(t, sale, &s, e);
    if (rc == 0 && s->asking) {
        rc = err_set(e, TP_E_STATE, "the sale is being held");
    }
    if (rc == 0 && s->state != SALE_OPEN && !s->training) {
        rc = err_set(e, TP_E_STATE, "the sale is recorded, and is not forgotten");
    }
    rc = rc ? rc : void_open(t, s, e);
    till_unlock(t);
    return rc;
}

int till_void(struct till *t, int64_t sale, struct err *e)
{
    till_lock(t);
    struct sale *s = NULL;
    int rc = sale_find(t, sale, &s, e);
    if (rc == 0 && s->asking) {
        rc = err_set(e, TP_E_STATE, "the sale is being held");
    }
    if (rc == 0 && s->state == SALE_COMMITTED) {
        rc = void_committed(t, s, e);
    } else if (rc == 0 && s->state == SALE_OPEN) {
        rc = void_open(t, s, e);
    }
    till_unlock(t);
    return rc;
}
