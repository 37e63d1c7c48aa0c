#include "office.h"

#include "offer/price.h"
#include "store/offers.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/file.h>
#include <unistd.h>

enum { READ_ARENA = 64 * 1024 };

static const char *const key_names[OFFICE_KEYS] = {
    [PURPOSE_ROOT] = "root", [PURPOSE_MERCHANT] = "merchant", [PURPOSE_ISSUER] = "issuer"};

static int take_lock(struct office *o, struct err *e)
{
    char path[SHOP_PATH_MAX];
    int rc = shop_path(&o->shop, "office", "lock", NULL, path);
    if (rc) {
        return err_code(e, rc);
    }
    o->lock = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (o->lock < 0) {
        bool denied = errno == EACCES || errno == EROFS || errno == EPERM;
        return denied ? err_code(e, TP_E_READ_ONLY)
                      : err_set(e, TP_E_IO,
                                "the shop's office folder cannot be used; run this where its keys are");
    }
    while (flock(o->lock, LOCK_EX)) {
        if (errno != EINTR) {
            return err_set(e, TP_E_IO, "the office could not be locked");
        }
    }
    return 0;
}

int office_open(const char *dir, int flags, struct office *o, struct err *e)
{
    *o = (struct office){.lock = -1};
    int rc = shop_load(dir, &o->shop, e);
    if (rc == 0 && flags == OFFICE_WRITE) {
        rc = take_lock(o, e);
    }
    if (rc == 0) {
        rc = shop_store(&o->shop, &o->store, e);
    }
    if (rc == 0 && flags == OFFICE_WRITE) {
        rc = shop_authority(&o->shop, &clock_system, &o->authority, e);
    }
    if (rc) {
        office_close(o);
    }
    return rc;
}

void office_close(struct office *o)
{
    authority_close(o->authority);
    store_close(o->store);
    for (size_t i = 0; i < OFFICE_KEYS; i++) {
        cose_key_free(&o->keys[i]);
    }
    if (o->shop.dir[0] && o->lock >= 0) {
        close(o->lock);
    }
    *o = (struct office){.lock = -1};
}

int office_key(struct office *o, enum purpose purpose, const struct cose_key **key, struct err *e)
{
    if ((size_t)purpose >= OFFICE_KEYS) {
        return err_code(e, TP_E_ARGUMENT);
    }
    struct cose_key *k = &o->keys[purpose];
    if (!k->pkey) {
        char file[32], path[SHOP_PATH_MAX];
        snprintf(file, sizeof file, "%s.key", key_names[purpose]);
        int rc = shop_path(&o->shop, "office", file, NULL, path);
        if (rc) {
            return err_code(e, rc);
        }
        rc = keyfile_load(path, k, e);
        if (rc) {
            return rc;
        }
    }
    *key = k;
    return 0;
}

/* What the authority said of the one statement that it was sent. */
static int read_answer(struct bytes reply, const uint8_t d[HASH_SIZE], enum answer_kind wanted,
                       struct answer *out, struct err *e)
{
    struct dec dec;
    struct answer answer = {0};
    dec_init(&dec, reply);
    if (answer_next(&dec, &answer) != 1) {
        return err_set(e, TP_E_CORRUPT, "the authority's answer cannot be read");
    }
    if (answer.kind == ANSWER_PROBLEM) {
        return err_set(e, answer.reason, "%.*s", (int)answer.detail.n, (const char *)answer.detail.p);
    }
    if (answer.kind != wanted || memcmp(answer.d, d, HASH_SIZE) != 0) {
        return err_set(e, TP_E_CORRUPT, "the authority answered another statement");
    }
    *out = answer;
    return 0;
}

/* Signs, sends, and reads the answer, whose views point into `reply`. */
static int ask(struct office *o, enum kind kind, const void *payload, enum answer_kind wanted,
               struct buf *reply, struct answer *answer, struct err *e)
{
    const struct cose_key *key = NULL;
    struct buf statement, message;
    uint8_t own[HASH_SIZE];
    enum purpose by = kinds[kind].by;
    int rc = office_key(o, by, &key, e);
    if (rc) {
        return rc;
    }
    buf_init(&statement, ENVELOPE_MAX);
    buf_init(&message, MESSAGE_MAX);
    rc = statement_sign(kind, payload, bytes_str(key_names[by]), key, &statement, own, e);
    if (rc == 0) {
        message_put(&message, kind, buf_view(&statement), (struct bytes){0}, (struct bytes){0});
        rc = message.failed ? err_code(e, TP_E_MEMORY)
                            : authority_handle(o->authority, buf_view(&message), reply);
        rc = rc ? err_code(e, rc) : read_answer(buf_view(reply), own, wanted, answer, e);
    }
    buf_free(&statement);
    buf_free(&message);
    return rc;
}

int office_submit(struct office *o, enum kind kind, const void *payload, uint8_t d[HASH_SIZE], struct err *e)
{
    struct answer answer;
    struct buf reply;
    buf_init(&reply, MESSAGE_MAX);
    int rc = ask(o, kind, payload, ANSWER_REGISTERED, &reply, &answer, e);
    if (rc == 0 && d) {
        memcpy(d, answer.d, HASH_SIZE);
    }
    buf_free(&reply);
    return rc;
}

int office_pickup(struct office *o, struct bytes coupon, char code[PICKUP_SIZE + 1], int64_t *until_ms,
                  struct err *e)
{
    struct pickup p = {.common = office_common(o), .coupon = coupon};
    struct answer answer;
    struct buf reply;
    int rc = random_bytes(p.id, ID_SIZE);
    if (rc) {
        return err_code(e, rc);
    }
    buf_init(&reply, MESSAGE_MAX);
    rc = ask(o, KIND_PICKUP, &p, ANSWER_PICKUP, &reply, &answer, e);
    if (rc == 0) {
        bytes_to_cstr(answer.code, code, PICKUP_SIZE + 1);
        *until_ms = answer.until_ms;
    }
    buf_free(&reply);
    return rc;
}

/* What earlier erasures have left in the files, too: who was erased cannot be asked for again. */
static int scrub(struct office *o, struct err *e)
{
    int64_t erased = 0, scrubbed = 0;
    int rc = store_count(o->store, ERASURE_COUNT, &erased);
    rc = rc ? rc : store_count(o->store, "scrubbed", &scrubbed);
    if (rc || erased == scrubbed) {
        return rc ? err_set(e, rc, "%s", store_error(o->store)) : 0;
    }
    rc = store_scrub(o->store);
    if (rc == TP_E_BUSY) {
        return err_set(
            e, rc,
            "the person is erased, but old pages of the database are in use and could not be overwritten: "
            "run this again while no till works");
    }
    if (rc == TP_UNSUPPORTED) {
        return 0; /* a server sees to its own pages */
    }
    rc = rc ? rc : store_count_to(o->store, "scrubbed", erased);
    return rc ? err_set(e, rc, "the database could not be written anew: %s", store_error(o->store)) : 0;
}

int office_erase(struct office *o, const struct erase_request *who, struct erase_result *out, struct err *e)
{
    const struct cose_key *key = NULL;
    struct err scrubbing = {0};
    int rc = office_key(o, PURPOSE_MERCHANT, &key, e);
    rc = rc ? rc : authority_erase(o->authority, who, bytes_str(key_names[PURPOSE_MERCHANT]), key, out, e);
    int scrubbed = rc < 0 ? 0 : scrub(o, &scrubbing);
    return rc ? rc : scrubbed ? err_set(e, scrubbed, "%s", scrubbing.text) : 0;
}

static int keep_raw(void *arg, const struct stored *row)
{
    struct buf *raw = arg;
    buf_reset(raw);
    buf_put(raw, row->raw.p, row->raw.n);
    return raw->failed ? TP_E_MEMORY : 0;
}

/* The latest statement of a kind, taken apart; its bytes live in the arena. */
static int latest(struct office *o, enum kind kind, struct arena *a, struct statement *out, struct err *e)
{
    struct buf raw;
    buf_init(&raw, ENVELOPE_MAX);
    int rc = store_statements(o->store, UINT32_C(1) << kind, 0, INT64_MAX, keep_raw, &raw);
    if (rc) {
        err_set(e, rc, "%s", store_error(o->store));
    } else if (raw.n == 0) {
        rc = err_set(e, TP_E_CORRUPT, "the shop has no %s statement", kinds[kind].name);
    } else {
        struct bytes kept = arena_copy(a, buf_view(&raw));
        rc = kept.p ? statement_parse(kept, a, out, e) : err_code(e, TP_E_MEMORY);
    }
    buf_free(&raw);
    return rc;
}

int office_policy(struct office *o, struct arena *a, struct policy *out, struct err *e)
{
    struct statement s = {0};
    int rc = latest(o, KIND_POLICY, a, &s, e);
    if (rc == 0) {
        *out = s.payload.policy.terms;
    }
    return rc;
}

int office_keyset(struct office *o, struct arena *a, struct keyset *out, struct err *e)
{
    struct statement s = {0};
    int rc = latest(o, KIND_KEYSET, a, &s, e);
    rc = rc ? rc : trust_first_keyset(&s, o->shop.root, e);
    if (rc == 0) {
        *out = s.payload.keyset;
    }
    return rc;
}

int office_trust(struct office *o, struct trust *out, struct err *e)
{
    struct arena a;
    struct statement s = {0};
    arena_init(&a, READ_ARENA);
    int rc = latest(o, KIND_KEYSET, &a, &s, e);
    if (rc == 0) {
        rc = trust_first_keyset(&s, o->shop.root, e);
    }
    if (rc == 0) {
        rc = trust_keyset(out, &s.payload.keyset, e);
    }
    arena_reset(&a);
    return rc;
}

int office_offer(struct office *o, const uint8_t ref[REF_SIZE], int64_t version, struct arena *a,
                 struct offer *out, struct err *e)
{
    uint8_t d[HASH_SIZE];
    struct statement s = {0};
    struct buf raw;
    int rc = store_offer(o->store, ref, version, d);
    if (rc == STORE_NOT_FOUND) {
        return err_set(e, TP_UNKNOWN_OFFER, "the offer is not published in this shop");
    }
    if (rc) {
        return err_set(e, rc, "%s", store_error(o->store));
    }
    buf_init(&raw, ENVELOPE_MAX);
    rc = store_statement(o->store, d, keep_raw, &raw);
    if (rc) {
        rc = err_set(e, rc > 0 ? TP_E_CORRUPT : rc, "an offer's statement cannot be read");
    } else {
        struct bytes kept = arena_copy(a, buf_view(&raw));
        rc = kept.p ? statement_parse(kept, a, &s, e) : err_code(e, TP_E_MEMORY);
    }
    if (rc == 0) {
        *out = s.payload.offer.terms;
    }
    buf_free(&raw);
    return rc;
}

int office_offer_named(struct office *o, const char *id, struct arena *a, struct offer *out, struct err *e)
{
    uint8_t ref[REF_SIZE];
    int rc = offer_ref(o->shop.authority, bytes_str(id), ref);
    if (rc) {
        return err_code(e, rc);
    }
    struct err why = {0};
    rc = office_offer(o, ref, NONE, a, out, &why);
    if (rc == TP_UNKNOWN_OFFER) {
        return err_set(e, rc, "the offer '%.40s' is not published in this shop", id);
    }
    return rc ? err_set(e, rc, "%s", why.text) : 0;
}

/* True when both terms have the same encoding, which is what is signed. */
static bool same_terms(const struct offer *a, const struct offer *b)
{
    struct buf x, y;
    buf_init(&x, STATEMENT_MAX);
    buf_init(&y, STATEMENT_MAX);
    bool same = schema_encode(&schema_offer_terms, a, &x, NULL) == 0 &&
                schema_encode(&schema_offer_terms, b, &y, NULL) == 0 &&
                bytes_equal(buf_view(&x), buf_view(&y));
    buf_free(&x);
    buf_free(&y);
    return same;
}

int office_published(struct office *o, const struct offer *offer, struct err *e)
{
    struct arena a;
    struct offer old = {0};
    struct err why = {0};
    arena_init(&a, READ_ARENA);
    int rc = office_offer(o, offer->ref, offer->version, &a, &old, &why);
    if (rc == TP_UNKNOWN_OFFER) {
        rc = 0;
    } else if (rc) {
        err_set(e, rc, "%s", why.text);
    } else if (same_terms(offer, &old)) {
        rc = 1;
    } else {
        rc = err_set(e, TP_VERSION_EXISTS, "version %lld of '%.*s' was published before, with other terms",
                     (long long)offer->version, (int)offer->id.n, (const char *)offer->id.p);
    }
    arena_reset(&a);
    return rc;
}

struct common office_common(const struct office *o)
{
    struct common c = {.version = 1, .time_ms = clock_wall(&clock_system)};
    memcpy(c.audience, o->shop.authority, ID_SIZE);
    return c;
}

int office_publish(struct office *o, const struct offer *offer, struct err *e)
{
    struct offer_statement statement = {.common = office_common(o), .terms = *offer};
    return office_submit(o, KIND_OFFER, &statement, NULL, e);
}

int office_batch(struct office *o, const struct offer *offer, const char *channel, const char *campaign,
                 int64_t count, struct batch *out, struct err *e)
{
    return office_batch_for(o, offer, channel, campaign, NULL, count, out, e);
}

int office_batch_for(struct office *o, const struct offer *offer, const char *channel, const char *campaign,
                     const char *till, int64_t count, struct batch *out, struct err *e)
{
    int64_t last = 0;
    int rc = store_batch_last(o->store, &last);
    if (rc) {
        return err_set(e, rc, "%s", store_error(o->store));
    }
    struct batch batch = {.common = office_common(o),
                          .number = last + 1,
                          .first = 0,
                          .last = count - 1,
                          .channel = bytes_str(channel),
                          .campaign = bytes_str(campaign),
                          .till = bytes_str(till),
                          .exp = offer->valid_until / 1000};
    memcpy(batch.offer, offer->ref, REF_SIZE);
    rc = office_submit(o, KIND_BATCH, &batch, NULL, e);
    if (rc == 0) {
        *out = batch;
    }
    return rc;
}
