/* What every request is held against before its kind answers (PROTOCOL, "Two sorts of till statement"). */
#include "authority/internal.h"
#include "store/holds.h"

static const struct {
    size_t id, head; /* head 0: no till's */
    bool kept;       /* its answer is kept for a repetition */
} shape[KIND_COUNT] = {
    [KIND_HOLD] = {offsetof(struct hold, id), offsetof(struct hold, head), true},
    [KIND_RELEASE] = {offsetof(struct release, id), offsetof(struct release, head), true},
    [KIND_SYNC] = {offsetof(struct sync, id), offsetof(struct sync, head), false},
    [KIND_RECALL] = {offsetof(struct recall, id), offsetof(struct recall, head), false},
    [KIND_RENEW] = {offsetof(struct renew, id), offsetof(struct renew, head), true},
    [KIND_ENROL] = {offsetof(struct enrol, id), 0, true},
    [KIND_PICKUP] = {offsetof(struct pickup, id), 0, true},
};

static int check_till(struct call *c, const struct head *head)
{
    struct till_row till;
    int rc = store_till(c->s, bytes_str(c->by), &till);
    if (rc) {
        return rc == STORE_NOT_FOUND ? err_code(&c->err, TP_UNKNOWN_TILL) : rc;
    }
    /* Of an epoch that is over a sync alone is answered: the till finds out from it that it is behind. */
    if (head->epoch != till.epoch && (c->st->kind != KIND_SYNC || head->epoch > till.epoch)) {
        return err_set(&c->err, TP_REVOKED, "the till has been enrolled anew since");
    }
    if (till.quarantined && c->st->kind != KIND_SYNC) {
        return err_code(&c->err, TP_QUARANTINED);
    }
    return 0;
}

bool request_stale(const struct call *c)
{
    int64_t off = c->now - c->st->payload.common.time_ms;
    return off > REQUEST_WINDOW_MS || off < -REQUEST_WINDOW_MS;
}

int request_expire(struct call *c)
{
    int rc = store_answers_expire(c->s, c->now);
    return rc ? rc : store_reservations_expire(c->s, c->now);
}

int request_handle(struct call *c, int (*answer)(struct call *c))
{
    const uint8_t *payload = (const uint8_t *)&c->st->payload;
    const uint8_t *id = payload + shape[c->st->kind].id;
    const struct head *head = (const struct head *)(const void *)(payload + shape[c->st->kind].head);
    bool kept = shape[c->st->kind].kept;
    /* A till whose clock is wrong learns the time from nothing but the answer to its sync. */
    if (request_stale(c) && c->st->kind != KIND_SYNC) {
        return err_code(&c->err, TP_STALE);
    }
    int rc = shape[c->st->kind].head ? check_till(c, head) : 0;
    if (rc == 0 && !c->a->expired) {
        rc = request_expire(c);
    }
    if (rc == 0 && kept) {
        uint8_t d[HASH_SIZE];
        rc = store_answer(c->s, id, d, c->answer);
        if (rc == 0) {
            return memcmp(d, c->st->d, HASH_SIZE) == 0
                       ? 0
                       : err_set(&c->err, TP_BAD_STATEMENT, "the request's id was used before");
        }
        rc = rc == STORE_NOT_FOUND ? 0 : rc;
    }
    if (rc == 0) {
        rc = answer(c);
    }
    if (rc == 0 && kept) {
        rc = store_answer_put(c->s, id, c->st->d, buf_view(c->answer), c->now + ANSWER_KEPT_MS);
    }
    return rc;
}
