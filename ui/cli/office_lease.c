/* What a till was leased and will not give back is given up by the merchant. */
#include "office.h"
#include "store/leases.h"

enum { LEASES_MAX = 1024, ATTEMPTS = 3 };

struct found {
    int64_t number;
    struct lease_row *list;
    size_t n;
};

static int take(void *arg, const struct lease_row *row)
{
    struct found *f = arg;
    if ((f->number == NONE || f->number == row->number) && f->n < LEASES_MAX) {
        f->list[f->n++] = *row;
    }
    return 0;
}

static int submit(struct office *o, const struct lease_row *row, struct err *e)
{
    struct write_off off = {.common = office_common(o),
                            .till = bytes_str(row->till),
                            .uses = row->uses == NONE ? NONE : row->left_uses,
                            .amount = row->amount == NONE ? NONE : row->left_amount};
    memcpy(off.lease, row->d, HASH_SIZE);
    return office_submit(o, KIND_WRITE_OFF, &off, NULL, e);
}

/* Of one lease: what is left of it at that moment; a record that came in between leaves less. */
static int give_up(struct office *o, const struct lease_row *listed, struct office_given_up *out,
                   struct err *e)
{
    struct lease_row row = *listed;
    int rc = TP_BAD_STATEMENT;
    for (int i = 0; i < ATTEMPTS && rc == TP_BAD_STATEMENT; i++) {
        rc = store_lease(o->store, listed->number, &row);
        if (rc) {
            return err_set(e, rc < 0 ? rc : TP_E_CORRUPT, "%s", store_error(o->store));
        }
        if (row.left_uses == 0 && row.left_amount == 0) {
            return 0;
        }
        *e = (struct err){0};
        rc = submit(o, &row, e);
    }
    if (rc == 0) {
        out->leases++;
        out->uses += row.left_uses;
        out->amount += row.left_amount;
    }
    return rc;
}

int office_write_off(struct office *o, const char *till, int64_t lease, struct office_given_up *out,
                     struct err *e)
{
    struct arena arena;
    struct err why = {0};
    *out = (struct office_given_up){0};
    arena_init(&arena, sizeof(struct lease_row) * (LEASES_MAX + 1));
    struct found f = {.number = lease, .list = ARENA_NEW(&arena, struct lease_row, LEASES_MAX)};
    int rc = f.list ? store_leases(o->store, till, take, &f) : TP_E_MEMORY;
    if (rc) {
        err_set(&why, rc, "%s", rc == TP_E_MEMORY ? code_sentence(rc) : store_error(o->store));
    }
    for (size_t i = 0; i < f.n && rc == 0; i++) {
        rc = give_up(o, &f.list[i], out, &why);
    }
    arena_reset(&arena);
    return rc ? err_set(e, rc, "%s", why.text) : 0;
}
