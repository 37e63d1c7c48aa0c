/* The end of a till's key, and what the merchant says of records beyond it. */
#include "office.h"
#include "store/evidence.h"

enum { FIND_MEMORY = 64 * 1024 };

struct find_terminal {
    struct bytes till;
    int64_t epoch;
    struct arena *arena;
    struct terminal found; /* its views live in the arena */
    bool any;
};

static int take_terminal(void *arg, const struct stored *row)
{
    struct find_terminal *f = arg;
    struct statement st;
    struct arena once;
    arena_init(&once, FIND_MEMORY);
    int rc = statement_parse(row->raw, &once, &st, NULL) ? TP_E_CORRUPT : 0;
    const struct terminal *t = &st.payload.terminal;
    if (rc == 0 && t->state == TERMINAL_ACTIVE && t->epoch == f->epoch && bytes_equal(t->till, f->till)) {
        f->found = *t;
        f->found.till = arena_copy(f->arena, t->till);
        f->found.store = arena_copy(f->arena, t->store);
        f->found.cose_key = arena_copy(f->arena, t->cose_key);
        f->found.invite = (struct bytes){0};
        f->any = f->found.till.p && f->found.store.p && f->found.cose_key.p;
        rc = f->any ? 0 : TP_E_MEMORY;
    }
    arena_reset(&once);
    return rc;
}

/* The statement that gave the till this epoch, as what is to be said of it now. */
static int find_terminal(struct office *o, const char *till, int64_t epoch, struct arena *a,
                         struct terminal *out, struct err *e)
{
    struct find_terminal f = {.till = bytes_str(till), .epoch = epoch, .arena = a};
    int rc = store_statements(o->store, UINT32_C(1) << KIND_TERMINAL, 0, INT64_MAX, take_terminal, &f);
    if (rc) {
        return err_set(e, rc, "%s", store_error(o->store));
    }
    if (!f.any) {
        return err_set(e, TP_UNKNOWN_TILL, "no till %s was enrolled here in epoch %lld", till,
                       (long long)epoch);
    }
    *out = f.found;
    out->common = office_common(o);
    return 0;
}

/* Where the till's record ends as far as it is known here. */
static int last_known(struct office *o, const char *till, struct till_row *row, struct err *e)
{
    int rc = name_valid(bytes_str(till)) ? store_till(o->store, bytes_str(till), row) : STORE_NOT_FOUND;
    if (rc == STORE_NOT_FOUND) {
        return err_set(e, TP_UNKNOWN_TILL, "no till %.32s is enrolled here", till);
    }
    return rc ? err_set(e, rc, "%s", store_error(o->store)) : 0;
}

int office_give_up(struct office *o, const char *till, int state, struct record_place *place, struct err *e)
{
    struct arena a;
    struct till_row row = {0};
    struct terminal t;
    int rc = last_known(o, till, &row, e);
    if (rc) {
        return rc;
    }
    place->epoch = place->epoch == NONE ? row.epoch : place->epoch;
    if (place->seq == NONE && place->epoch != row.epoch) {
        return err_set(e, TP_E_ARGUMENT, "say with --from-seq from where on epoch %lld is given up",
                       (long long)place->epoch);
    }
    place->seq = place->seq == NONE ? row.head.seq + 1 : place->seq;
    arena_init(&a, FIND_MEMORY);
    rc = find_terminal(o, till, place->epoch, &a, &t, e);
    if (rc == 0) {
        t.state = state;
        t.from_seq = place->seq;
        rc = office_submit(o, KIND_TERMINAL, &t, NULL, e);
    }
    arena_reset(&a);
    return rc;
}

struct find_dispute {
    const uint8_t *d;
    bool any;
};

static int take_dispute(void *arg, const struct record_row *row, struct bytes raw)
{
    struct find_dispute *f = arg;
    (void)raw;
    f->any = f->any || memcmp(row->d, f->d, HASH_SIZE) == 0;
    return 0;
}

int office_rule(struct office *o, const uint8_t record[HASH_SIZE], int verdict, struct err *e)
{
    struct find_dispute f = {.d = record};
    struct ruling r = {.common = office_common(o), .verdict = verdict};
    int rc = store_disputes(o->store, take_dispute, &f);
    if (rc) {
        return err_set(e, rc, "%s", store_error(o->store));
    }
    if (!f.any) {
        return err_set(e, TP_E_ARGUMENT, "no record of that name is disputed; see: tillproof till disputed");
    }
    memcpy(r.record, record, HASH_SIZE);
    return office_submit(o, KIND_RULING, &r, NULL, e);
}

int office_invite(struct office *o, const char *till, const char *store, int64_t hours,
                  char code[ENROLMENT_CODE + 1], int64_t *until_ms, struct err *e)
{
    struct cose_key key = {0};
    struct till_row row = {0};
    struct invite i = {.common = office_common(o), .till = bytes_str(till)};
    if (!name_valid(i.till) || (store && !name_valid(bytes_str(store)))) {
        return err_set(e, TP_E_ARGUMENT,
                       "tills and stores are named with up to 32 letters, digits, '_', '.', '-'");
    }
    int rc = store_till(o->store, i.till, &row);
    if (rc && rc != STORE_NOT_FOUND) {
        return err_set(e, rc, "%s", store_error(o->store));
    }
    i.store = bytes_str(store ? store : row.store[0] ? row.store : "main");
    i.until = *until_ms = i.common.time_ms + hours * INT64_C(3600000);
    rc = enrolment_code(code);
    rc = rc ? rc : enrolment_key(o->shop.authority, bytes_str(code), &key);
    if (rc) {
        return err_code(e, rc);
    }
    memcpy(i.code_key, key.x, HASH_SIZE);
    cose_key_free(&key);
    return office_submit(o, KIND_INVITE, &i, NULL, e);
}
