/* Records: what happened, chained and signed, on the disk before anybody is told. */
#include "sale/internal.h"

int lines_part_put(const struct basket *b, struct buf *out, uint8_t hash[HASH_SIZE], struct err *e)
{
    struct lines_part part = {.basket = *b};
    int rc = random_bytes(part.salt, SALT_SIZE);
    return rc ? err_code(e, rc) : part_encode(&schema_lines_part, &part, out, hash, e);
}

int person_part_put(const struct sale *s, bool with_reference, struct buf *out, uint8_t hash[HASH_SIZE],
                    struct err *e)
{
    struct person_part part = {0};
    struct bytes cards[MAX_CARDS];
    size_t n = 0;
    for (size_t i = 0; i < s->presented_count && n < MAX_CARDS; i++) {
        if (s->presented[i]->card) {
            cards[n++] = bytes_of(s->presented[i]->handle, HASH_SIZE);
        }
    }
    part.cards.v = cards;
    part.cards.n = n;
    if (with_reference) {
        part.reference = bytes_str(s->reference);
    }
    int rc = random_bytes(part.salt, SALT_SIZE);
    return rc ? err_code(e, rc) : part_encode(&schema_person_part, &part, out, hash, e);
}

int record_begin(struct till *t, struct chain *chain, struct common *common, struct err *e)
{
    if (t->behind || t->damaged) {
        return err_code(e, t->behind ? TP_E_BEHIND : TP_E_CORRUPT);
    }
    *chain = (struct chain){.epoch = t->head.epoch, .seq = t->head.seq + 1};
    chain->checkpoint = t->seen.size ? &t->seen : NULL;
    memcpy(chain->prev, t->head.d, HASH_SIZE);
    till_common(t, common, till_now(t, NULL));
    return 0;
}

static const struct chain *chain_of(enum kind kind, const void *payload)
{
    switch (kind) {
    case KIND_LINK:
        return &((const struct link *)payload)->chain;
    case KIND_REVERSE:
        return &((const struct reverse *)payload)->chain;
    case KIND_LEASE_RETURN:
        return &((const struct lease_return *)payload)->chain;
    case KIND_CLOSE:
        return &((const struct close *)payload)->chain;
    default:
        return &((const struct commit *)payload)->chain;
    }
}

static int add(struct till *t, enum kind kind, const void *payload, struct bytes lines, struct bytes person,
               const struct journal_sale *row, const struct journal_returns *returns, uint8_t d[HASH_SIZE],
               struct err *e)
{
    const struct chain *chain = chain_of(kind, payload);
    struct journal_record r = {
        .kind = kind,
        .lines = lines,
        .person = person,
        .epoch = chain->epoch,
        .seq = chain->seq,
        .time_ms = ((const struct common *)payload)->time_ms,
    };
    struct journal_sale with;
    struct buf raw;
    buf_init(&raw, ENVELOPE_MAX);
    memcpy(r.prev, chain->prev, HASH_SIZE);
    int rc = statement_sign(kind, payload, bytes_str(t->who.name), &t->key, &raw, r.d, e);
    r.raw = buf_view(&raw);
    if (row) {
        with = *row;
        if (kind == KIND_COMMIT || returns) {
            memcpy(with.commit, r.d, HASH_SIZE);
        }
    }
    if (rc == 0 && kind == KIND_LEASE_RETURN) {
        rc = journal_append_lease_return(t->journal, &r, ((const struct lease_return *)payload)->lease, e);
    } else {
        rc = rc ? rc : journal_append(t->journal, &r, row ? &with : NULL, returns, e);
    }
    if (rc == 0) {
        t->head.seq = r.seq;
        memcpy(t->head.d, r.d, HASH_SIZE);
        if (r.time_ms > t->time.floor_ms) {
            t->time.floor_ms = r.time_ms;
        }
        memcpy(d, r.d, HASH_SIZE);
        t->counts.unsent++;
        t->outbox_due = 0;
        till_kick(t);
    }
    buf_free(&raw);
    return rc > 0 ? TP_E_ARGUMENT : rc;
}

int record_add(struct till *t, enum kind kind, const void *payload, struct bytes lines, struct bytes person,
               const struct journal_sale *row, uint8_t d[HASH_SIZE], struct err *e)
{
    return add(t, kind, payload, lines, person, row, NULL, d, e);
}

int record_add_return(struct till *t, const struct reverse *payload, struct bytes lines, struct bytes person,
                      const struct journal_sale *row, const struct journal_returns *returns,
                      uint8_t d[HASH_SIZE], struct err *e)
{
    return add(t, KIND_REVERSE, payload, lines, person, row, returns, d, e);
}
