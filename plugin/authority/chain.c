/* The chain of a till's records: gaps stay open, contradictions are forks. */
#include "authority/internal.h"

/* Every record begins with its chain. */
static const struct chain *chain_of(const struct call *c)
{
    return &c->st->payload.link.chain;
}

int chain_check(struct call *c)
{
    struct person_part person;
    int rc = store_till(c->s, bytes_str(c->by), &c->till);
    if (rc) {
        return rc == STORE_NOT_FOUND ? err_code(&c->err, TP_UNKNOWN_TILL) : rc;
    }
    if (chain_of(c)->epoch > c->till.epoch) {
        return err_set(&c->err, TP_BAD_STATEMENT, "no terminal statement gave this epoch");
    }
    return lookup_person(c, &person);
}

/* Right behind the head that is held there is nothing yet that could contradict, beside what has already
 * quarantined the till. */
static int find_fork(struct call *c, const struct till_row *till, const struct record_row *row, bool *fork)
{
    bool next = row->epoch == till->epoch && row->seq == till->head.seq + 1 &&
                memcmp(row->prev, till->head.d, HASH_SIZE) == 0;
    *fork = false;
    return next ? 0 : store_record_fork(c->s, row, fork);
}

int chain_take(struct call *c, const struct chain *chain)
{
    struct till_row till;
    struct record_row row = {.till = bytes_str(c->by), .epoch = chain->epoch, .seq = chain->seq};
    bool fork = false;
    memcpy(row.d, c->st->d, HASH_SIZE);
    memcpy(row.prev, chain->prev, HASH_SIZE);
    int rc = store_till(c->s, row.till, &till);
    rc = rc == STORE_NOT_FOUND ? TP_E_CORRUPT : rc; /* chain_check has seen it */
    if (rc || (rc = dispute_judge(c, &row)) || (rc = store_record_put(c->s, &row)) ||
        (rc = find_fork(c, &till, &row, &fork))) {
        return rc;
    }
    if (chain->epoch == till.epoch) {
        fork = fork || (chain->seq == 1 && memcmp(chain->prev, till.terminal, HASH_SIZE) != 0);
        /* Of two records at one place the smaller D is the head: a function of the set, not of arrival. */
        if (chain->seq > till.head.seq ||
            (chain->seq == till.head.seq && memcmp(c->st->d, till.head.d, HASH_SIZE) < 0)) {
            till.head.seq = chain->seq;
            memcpy(till.head.d, c->st->d, HASH_SIZE);
        }
        till.quarantined = till.quarantined || fork;
    }
    c->till = till;
    return store_till_put(c->s, &till);
}
