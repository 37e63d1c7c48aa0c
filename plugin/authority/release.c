#include "authority/internal.h"
#include "store/holds.h"

int release_answer(struct call *c)
{
    const struct release *r = &c->st->payload.release;
    struct rev_row rev;
    int rc = store_rev(c->s, r->sale, &rev);
    if (rc) {
        return rc;
    }
    if (rev.finished || r->rev <= rev.rev) {
        return err_code(&c->err, TP_SUPERSEDED);
    }
    rev.rev = r->rev;
    if ((rc = store_reservations_drop(c->s, r->sale)) == 0 &&
        (rc = store_rev_put(c->s, r->sale, &rev)) == 0) {
        answer_released(c->answer, c->st->d);
    }
    return rc;
}
