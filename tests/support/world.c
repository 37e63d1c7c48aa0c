#include "support/cm.h"
#include "support/world.h"
#include "wire/hash.h"

#include <dirent.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static int64_t world_wall(void *ctx)
{
    return ((struct world *)ctx)->now;
}

struct common world_common(const struct world *w)
{
    struct common c = {.version = 1, .time_ms = w->now};
    memcpy(c.audience, w->id, ID_SIZE);
    return c;
}

int world_send(struct world *w, struct bytes message)
{
    struct dec d;
    struct answer a = {.reason = -1};
    int last = -1;
    buf_reset(&w->reply);
    assert_int_equal(authority_handle(w->authority, message, &w->reply), 0);
    dec_init(&d, buf_view(&w->reply));
    while (answer_next(&d, &a) == 1) {
        last = a.kind == ANSWER_PROBLEM ? a.reason : 0;
    }
    assert_true(dec_done(&d));
    return last;
}

static const struct cose_key *office_key(struct world *w, enum kind kind, const char **name)
{
    switch (kinds[kind].by) {
    case PURPOSE_ROOT:
        *name = "root";
        return &w->root;
    case PURPOSE_ISSUER:
        *name = "issuer";
        return &w->issuer;
    default:
        *name = "merchant";
        return &w->merchant;
    }
}

int world_office(struct world *w, enum kind kind, const void *payload)
{
    struct buf envelope, message;
    struct err e = {0};
    const char *name;
    const struct cose_key *key = office_key(w, kind, &name);
    buf_init(&envelope, ENVELOPE_MAX);
    buf_init(&message, MESSAGE_MAX);
    int rc = statement_sign(kind, payload, bytes_str(name), key, &envelope, NULL, &e);
    if (rc) {
        print_error("%s\n", e.text);
    }
    assert_int_equal(rc, 0);
    message_put(&message, kind, buf_view(&envelope), (struct bytes){0}, (struct bytes){0});
    rc = world_send(w, buf_view(&message));
    buf_free(&envelope);
    buf_free(&message);
    return rc;
}

static struct bytes encoded(struct world *w, const struct cose_key *key)
{
    struct buf b;
    buf_init(&b, 256);
    cose_key_encode(key, &b);
    struct bytes kept = arena_copy(&w->arena, buf_view(&b));
    buf_free(&b);
    return kept;
}

static void publish_keyset(struct world *w)
{
    const struct {
        const struct cose_key *key;
        int purpose;
        const char *name;
    } all[] = {{&w->root, PURPOSE_ROOT, "root"},       {&w->merchant, PURPOSE_MERCHANT, "merchant"},
               {&w->issuer, PURPOSE_ISSUER, "issuer"}, {&w->grant, PURPOSE_GRANT, "grant"},
               {&w->log, PURPOSE_LOG, "log"},          {&w->registrar, PURPOSE_REGISTRAR, "registrar"}};
    struct keyset_key keys[6];
    for (size_t i = 0; i < 6; i++) {
        keys[i] = (struct keyset_key){.cose_key = encoded(w, all[i].key),
                                      .purpose = all[i].purpose,
                                      .name = bytes_str(all[i].name),
                                      .until = TIME_MAX};
    }
    struct keyset k = {
        .common = world_common(w), .number = 1, .merchant = bytes_str("Test"), .keys = {keys, 6}};
    assert_int_equal(world_office(w, KIND_KEYSET, &k), 0);
}

static void publish_policy(struct world *w)
{
    struct zone_step step = {0, 60};
    struct policy_statement p = {.common = world_common(w),
                                 .terms = {.version = 1,
                                           .currency = bytes_str("EUR"),
                                           .zone = bytes_str("Etc/GMT-1"),
                                           .zone_steps = {&step, 1},
                                           .tax_included = true,
                                           .offline_age_ms = 86400000}};
    assert_int_equal(world_office(w, KIND_POLICY, &p), 0);
}

void world_enrol_message(struct world *w, const char *name, const struct cose_key *key, uint8_t d[HASH_SIZE],
                         struct buf *out)
{
    struct buf envelope;
    struct terminal terminal = {.common = world_common(w),
                                .till = bytes_str(name),
                                .store = bytes_str("main"),
                                .epoch = 1,
                                .cose_key = encoded(w, key),
                                .from = w->now - 86400000,
                                .until = w->now + INT64_C(89) * 86400000,
                                .state = TERMINAL_ACTIVE,
                                .from_seq = NONE};
    buf_init(&envelope, ENVELOPE_MAX);
    assert_int_equal(
        statement_sign(KIND_TERMINAL, &terminal, bytes_str("merchant"), &w->merchant, &envelope, d, NULL), 0);
    message_put(out, KIND_TERMINAL, buf_view(&envelope), (struct bytes){0}, (struct bytes){0});
    buf_free(&envelope);
}

void world_enrol(struct world *w, const char *name, const struct cose_key *key, uint8_t d[HASH_SIZE])
{
    struct buf message;
    buf_init(&message, MESSAGE_MAX);
    world_enrol_message(w, name, key, d, &message);
    assert_int_equal(world_send(w, buf_view(&message)), 0);
    buf_free(&message);
}

static void enrol(struct world *w, size_t i)
{
    struct world_till *t = &w->tills[i];
    snprintf(t->name, sizeof t->name, "t%zu", i);
    assert_int_equal(cose_key_generate(ALG_ESP256, &t->key), 0);
    world_enrol(w, t->name, &t->key, t->head.d);
    t->head.epoch = 1;
}

static struct authority *open_authority(struct world *w, int flags)
{
    struct authority_config config = {.clock = &w->clock};
    struct authority *a = NULL;
    struct err e = {0};
    memcpy(config.id, w->id, ID_SIZE);
    memcpy(config.root, w->root.thumbprint, HASH_SIZE);
    memcpy(config.card_key, w->card_key, HASH_SIZE);
    assert_int_equal(store_open(w->db, w->id, flags, &config.store, &e), 0);
    /* Each authority frees its grant key, so each has a reference of its own. */
    config.grant_key = w->grant;
    assert_int_equal(EVP_PKEY_up_ref(w->grant.pkey), 1);
    if (w->log.pkey) {
        config.log_key = w->log;
        assert_int_equal(EVP_PKEY_up_ref(w->log.pkey), 1);
    }
    config.registrar_key = w->registrar;
    assert_int_equal(EVP_PKEY_up_ref(w->registrar.pkey), 1);
    assert_int_equal(authority_open(&config, &a, &e), 0);
    return a;
}

struct authority *world_another(struct world *w)
{
    return open_authority(w, 0);
}

void world_open(struct world *w, size_t tills)
{
    *w = (struct world){.now = INT64_C(1790000000000)};
    w->clock = (struct clock_source){world_wall, world_wall, w};
    arena_init(&w->arena, 256 * 1024 * 1024);
    buf_init(&w->reply, WORLD_REPLY_MAX);
    const char *base = getenv("TMPDIR");
    snprintf(w->dir, sizeof w->dir, "%.200s/tillproof-world-XXXXXX", base ? base : "/tmp");
    assert_non_null(mkdtemp(w->dir));
    const char *server = getenv("TILLPROOF_TEST_STORE");
    snprintf(w->db, sizeof w->db, "%.250s%s", server ? server : w->dir, server ? "" : "/authority.db");
    assert_int_equal(random_bytes(w->id, ID_SIZE), 0);
    assert_int_equal(random_bytes(w->card_key, HASH_SIZE), 0);
    assert_int_equal(cose_key_generate(ALG_ESP256, &w->root), 0);
    assert_int_equal(cose_key_generate(ALG_ESP256, &w->merchant), 0);
    assert_int_equal(cose_key_generate(ALG_ESP256, &w->issuer), 0);
    assert_int_equal(cose_key_generate(ALG_ESP256, &w->grant), 0);
    assert_int_equal(cose_key_generate(ALG_ED25519, &w->log), 0);
    assert_int_equal(cose_key_generate(ALG_ESP256, &w->registrar), 0);
    w->authority = open_authority(w, STORE_CREATE);
    publish_keyset(w);
    publish_policy(w);
    for (size_t i = 0; i < tills; i++) {
        enrol(w, i);
    }
    w->till_count = tills;
}

static void remove_dir(const char *dir)
{
    DIR *d = opendir(dir);
    struct dirent *entry;
    char path[600];
    while (d && (entry = readdir(d))) {
        if (entry->d_name[0] != '.') {
            snprintf(path, sizeof path, "%s/%s", dir, entry->d_name);
            unlink(path);
        }
    }
    if (d) {
        closedir(d);
    }
    rmdir(dir);
}

void world_close(struct world *w)
{
    authority_close(w->authority);
    cose_key_free(&w->root);
    cose_key_free(&w->merchant);
    cose_key_free(&w->issuer);
    cose_key_free(&w->grant);
    cose_key_free(&w->log);
    cose_key_free(&w->registrar);
    for (size_t i = 0; i < w->till_count; i++) {
        cose_key_free(&w->tills[i].key);
    }
    arena_reset(&w->arena);
    buf_free(&w->reply);
    remove_dir(w->dir);
}

struct offer world_offer(struct world *w, const char *id, int64_t percent_milli)
{
    struct offer o = {.version = 1,
                      .currency = bytes_str("EUR"),
                      .funder = bytes_str("store"),
                      .redeem = REDEEM_COUPON | REDEEM_CARD,
                      .valid_until = TIME_MAX,
                      .min_spend = NONE,
                      .min_quantity = NONE,
                      .gives = GIVES_PERCENT,
                      .percent = percent_milli,
                      .cap = NONE,
                      .amount = NONE,
                      .per_coupon = 1,
                      .per_customer = NONE,
                      .total = NONE,
                      .budget = NONE,
                      .offline_cap = NONE};
    o.id = o.title = arena_copy(&w->arena, bytes_str(id));
    assert_int_equal(offer_ref(w->id, o.id, o.ref), 0);
    return o;
}

void world_publish(struct world *w, const struct offer *o)
{
    struct offer_statement s = {.common = world_common(w), .terms = *o};
    assert_int_equal(world_office(w, KIND_OFFER, &s), 0);
}

void world_batch(struct world *w, int64_t number, const struct offer *o, int64_t count, const char *channel,
                 const char *campaign)
{
    struct batch b = {.common = world_common(w),
                      .number = number,
                      .last = count - 1,
                      .channel = bytes_str(channel),
                      .campaign = *campaign ? bytes_str(campaign) : (struct bytes){0},
                      .exp = w->now / 1000 + 86400 * 365};
    memcpy(b.offer, o->ref, REF_SIZE);
    assert_int_equal(world_office(w, KIND_BATCH, &b), 0);
}

struct bytes world_coupon(struct world *w, const struct offer *o, uint32_t batch, uint32_t index)
{
    struct buf b;
    buf_init(&b, COUPON_MAX);
    assert_int_equal(coupon_sign(&w->issuer, o->ref, batch, index, w->now / 1000 + 86400 * 365, &b), 0);
    struct bytes kept = arena_copy(&w->arena, buf_view(&b));
    buf_free(&b);
    return kept;
}

struct bytes world_handle(struct world *w, const char *token)
{
    uint8_t handle[HASH_SIZE];
    assert_int_equal(card_handle(w->card_key, bytes_str(token), handle), 0);
    return arena_copy(&w->arena, bytes_of(handle, HASH_SIZE));
}

static int dump(struct store *s, void *arg)
{
    return store_dump(s, arg);
}

static struct store *own_store(struct world *w)
{
    struct store *s = NULL;
    struct err e = {0};
    assert_int_equal(store_open(w->db, w->id, 0, &s, &e), 0);
    return s;
}

const char *world_dump(struct world *w)
{
    struct buf b;
    struct store *s = own_store(w);
    buf_init(&b, 64 * 1024 * 1024);
    assert_int_equal(store_read(s, dump, &b), 0);
    buf_putc(&b, 0);
    struct bytes kept = arena_copy(&w->arena, buf_view(&b));
    assert_non_null(kept.p);
    buf_free(&b);
    store_close(s);
    return (const char *)kept.p;
}

struct find_redemption {
    int64_t place;
    struct redemption_row row;
    bool found;
};

static int take_redemption(void *arg, const struct contender *c)
{
    struct find_redemption *f = arg;
    if (c->redemption.place == f->place) {
        f->row = c->redemption;
        f->found = true;
    }
    return 0;
}

struct redemption_row world_redemption(struct world *w, const uint8_t commit[HASH_SIZE], int64_t place)
{
    struct find_redemption f = {.place = place};
    struct contest_key key = {.by = BY_COMMIT};
    struct store *s = own_store(w);
    memcpy(key.id, commit, HASH_SIZE);
    assert_int_equal(store_contest(s, &key, take_redemption, &f), 0);
    assert_true(f.found);
    store_close(s);
    return f.row;
}
