/*
 * The whole authority over a real SQLite file. The first byte of the input says how: even, the rest is one
 * raw message; odd, the rest are moves of a game (ops.h). Every message is answered, item by item; and at the
 * end the tables are what a rebuild makes of the statements, and what the same records in the opposite order
 * make.
 */
#include "fuzz/ops.h"
#include "support/cm.h"
#include "wire/hash.h"

#include <unistd.h>

enum { HOW_GAME = 1, HOW_TURNED = 2, DUMP_MAX = 16 * 1024 * 1024 };

static struct game game;

/* ---- delivering ---- */

static void check_grant(struct game *g, const struct answer *a)
{
    struct statement grant;
    struct quote quote;
    struct err e = {0};
    uint8_t hash[HASH_SIZE];
    int64_t discount = 0, cashback = 0;
    HOLDS(statement_parse(a->statement, &g->arena, &grant, &e) == 0 && grant.kind == KIND_GRANT);
    HOLDS(statement_verify(&grant, &g->world.grant) == 0);
    HOLDS(sha256(a->quote, hash) == 0 && memcmp(hash, grant.payload.grant.quote, HASH_SIZE) == 0);
    HOLDS(memcmp(grant.payload.grant.request, a->d, HASH_SIZE) == 0);
    HOLDS(schema_decode(&schema_quote, a->quote, &g->arena, &quote, &e) == 0);
    for (size_t i = 0; i < grant.payload.grant.verdicts.n; i++) {
        const struct verdict *v = &grant.payload.grant.verdicts.v[i];
        HOLDS(v->reason == 0 || (v->discount == 0 && v->cashback == 0));
        discount += v->discount;
        cashback += v->cashback;
    }
    HOLDS(discount == quote.discount && cashback == quote.cashback);
}

/* Behind the statements: the log's head, as its key signs it. */
static void check_head(struct game *g, const struct checkpoint_seen *told, struct bytes item)
{
    struct statement head;
    struct err e = {0};
    HOLDS(statement_parse(item, &g->arena, &head, &e) == 0 && head.kind == KIND_CHECKPOINT);
    HOLDS(statement_verify(&head, &g->world.log) == 0);
    HOLDS(head.payload.checkpoint.size == told->size &&
          memcmp(head.payload.checkpoint.root, told->root, HASH_SIZE) == 0);
}

static void check_state(struct game *g, const struct sync *sync, const struct answer *a)
{
    struct statement state;
    struct dec d;
    struct bytes item;
    struct err e = {0};
    HOLDS(statement_parse(a->statement, &g->arena, &state, &e) == 0 && state.kind == KIND_STATE);
    HOLDS(statement_verify(&state, &g->world.grant) == 0);
    const struct state *told = &state.payload.state;
    dec_init(&d, a->rest);
    for (size_t i = 0; i < told->statements.n; i++) {
        struct statement public;
        HOLDS(dec_item(&d, &item) == 0 && statement_parse(item, &g->arena, &public, &e) == 0);
        HOLDS(bytes_equal(bytes_of(public.d, HASH_SIZE), told->statements.v[i]));
    }
    if (told->checkpoint) {
        HOLDS(dec_item(&d, &item) == 0);
        check_head(g, told->checkpoint, item);
    }
    size_t receipts = 0; /* or null, one for each that was asked for; none where the request's time was off */
    for (; !dec_done(&d); receipts++) {
        HOLDS(dec_item(&d, &item) == 0 && item.n > 0);
    }
    HOLDS(receipts == 0 || receipts == sync->receipts.n);
}

static void keep_record(struct game *g, struct bytes item)
{
    if (g->record_count < RECORDS) {
        g->records[g->record_count] = arena_copy(&g->arena, item);
        g->record_count += g->records[g->record_count].p != NULL;
    } else {
        g->office = true; /* not all are known: their order cannot be turned */
    }
}

static void check_answer(struct game *g, const struct statement *s, const struct answer *a, struct bytes item)
{
    HOLDS(a->names && memcmp(a->d, s->d, HASH_SIZE) == 0);
    switch (a->kind) {
    case ANSWER_GRANT:
        HOLDS(s->kind == KIND_HOLD);
        check_grant(g, a);
        break;
    case ANSWER_STATE:
        HOLDS(s->kind == KIND_SYNC);
        check_state(g, &s->payload.sync, a);
        break;
    case ANSWER_RELEASED:
        HOLDS(s->kind == KIND_RELEASE);
        break;
    case ANSWER_REGISTERED:
        HOLDS(!kinds[s->kind].request);
        if (kinds[s->kind].record) {
            keep_record(g, item);
        } else {
            g->office = true;
        }
        break;
    default:
        HOLDS(a->reason > 0);
    }
}

/* Every other message as a daemon does it: its signatures checked ahead by the first handle. */
static int handle(struct game *g, struct bytes message)
{
    struct authority *a = g->handles[g->handle];
    struct authority_message one = {.request = message, .reply = &g->reply};
    struct memo good;
    if (message.n % 2 == 0) {
        return authority_handle(a, message, &g->reply);
    }
    memo_init(&good, message.n);
    authority_check(g->handles[0], message, 0, 1, &good);
    size_t found = good.n;
    one.good = &good;
    authority_handle_many(a, &one, 1);
    HOLDS(found <= good.n && good.n * HASH_SIZE <= memo_bytes(message.n));
    memo_free(&good);
    return one.rc;
}

size_t game_deliver(struct game *g, struct bytes message)
{
    struct dec in, out;
    struct statement s;
    struct answer a;
    struct err e = {0};
    size_t registered = 0, items = 0;
    int got = 1;
    buf_reset(&g->reply);
    int rc = handle(g, message);
    if (rc) {
        fprintf(stderr, "the authority failed: %s\n", code_word(rc));
    }
    HOLDS(rc == 0);
    dec_init(&in, message);
    dec_init(&out, buf_view(&g->reply));
    while (got == 1 && items++ < MESSAGE_ITEMS_MAX) {
        const uint8_t *from = in.p;
        got = message_next(&in, &g->arena, &s, &e);
        if (got == 1) {
            HOLDS(answer_next(&out, &a) == 1);
            check_answer(g, &s, &a, bytes_of(from, (size_t)(in.p - from)));
            registered += a.kind == ANSWER_REGISTERED;
        }
    }
    if (!dec_done(&in)) {
        HOLDS(answer_next(&out, &a) == 1 && a.kind == ANSWER_PROBLEM && !a.names);
    }
    HOLDS(dec_done(&out));
    return registered;
}

/* ---- the world ---- */

static void read_database(struct game *g)
{
    struct buf b;
    int c;
    FILE *f = fopen(g->world.db, "rb");
    HOLDS(f != NULL);
    buf_init(&b, 16 * 1024 * 1024);
    while ((c = fgetc(f)) != EOF) {
        buf_putc(&b, (uint8_t)c);
    }
    fclose(f);
    HOLDS(!b.failed && b.n > 0);
    g->database = buf_view(&b); /* kept for ever */
}

static void end_world(void)
{
    free((void *)game.database.p);
    buf_free(&game.reply);
    buf_free(&game.message);
    world_close(&game.world);
}

static void make_offers(struct game *g)
{
    static const struct lease_terms two = {2, NONE, 24};
    static const char *const ids[OFFERS] = {"ten", "twice", "back", "alone"};
    struct world *w = &g->world;
    for (size_t i = 0; i < OFFERS; i++) {
        g->offers[i] = world_offer(w, ids[i], 10000);
    }
    g->offers[1].per_coupon = 2;
    g->offers[2].gives = GIVES_CASHBACK;
    g->offers[3].exclusive = true;
    g->offers[3].offline = OFFLINE_LEASE;
    g->offers[3].lease = &two;
    g->offers[3].total = 5;
    for (size_t i = 0; i < OFFERS; i++) {
        world_publish(w, &g->offers[i]);
        world_batch(w, (int64_t)i + 1, &g->offers[i], COUPONS - 1, "mail", "autumn");
        for (uint32_t k = 0; k < COUPONS; k++) { /* the last one's index is outside its batch */
            g->coupons[i][k] = world_coupon(w, &g->offers[i], (uint32_t)i + 1, k);
        }
    }
}

static void begin_world(struct game *g)
{
    static const char *const tokens[CARDS] = {"a", "b", "c"};
    if (!getenv("TMPDIR") && access("/dev/shm", W_OK) == 0) {
        setenv("TMPDIR", "/dev/shm", 1);
    }
    world_open(&g->world, GAME_TILLS);
    atexit(end_world);
    make_offers(g);
    for (size_t i = 0; i < CARDS; i++) {
        g->cards[i] = world_handle(&g->world, tokens[i]);
    }
    for (size_t i = 0; i < GAME_TILLS; i++) {
        struct lease_wanted wanted = {.uses = 0};
        int64_t have = 0;
        memcpy(wanted.offer, g->offers[OFFERS - 1].ref, REF_SIZE);
        HOLDS(world_leases(&g->world, &g->world.tills[i], &wanted, 1, &have, &g->leases[i], 1) == 1);
        g->heads[i] = g->world.tills[i].head;
    }
    authority_close(g->world.authority);
    g->world.authority = NULL;
    g->begin = g->world.now;
    read_database(g);
    buf_init(&g->reply, WORLD_REPLY_MAX);
    buf_init(&g->message, MESSAGE_MAX);
}

static void close_handles(struct game *g)
{
    for (size_t i = 0; i < HANDLES; i++) {
        authority_close(g->handles[i]);
        g->handles[i] = NULL;
    }
    g->handle = 0;
}

/* The authority as it was before the first move. */
static void fresh_authority(struct game *g)
{
    static const char *const beside[] = {"-wal", "-shm", "-journal"};
    char path[320];
    close_handles(g);
    for (size_t i = 0; i < sizeof beside / sizeof beside[0]; i++) {
        snprintf(path, sizeof path, "%s%s", g->world.db, beside[i]);
        unlink(path);
    }
    FILE *f = fopen(g->world.db, "wb");
    HOLDS(f != NULL && fwrite(g->database.p, 1, g->database.n, f) == g->database.n && fclose(f) == 0);
    g->handles[0] = world_another(&g->world);
}

/* ---- what holds at the end ---- */

static int dump(struct store *s, void *arg)
{
    return store_dump(s, arg);
}

static struct store *open_store(struct game *g)
{
    struct store *s = NULL;
    struct err e = {0};
    HOLDS(store_open(g->world.db, g->world.id, 0, &s, &e) == 0);
    return s;
}

static void take_dump(struct store *s, struct buf *out)
{
    buf_init(out, DUMP_MAX);
    HOLDS(store_read(s, dump, out) == 0 && !out->failed);
}

static void check_same(struct buf *want, struct buf *got, const char *what)
{
    if (!bytes_equal(buf_view(want), buf_view(got))) {
        fprintf(stderr, "%s\n---- before\n%.*s\n---- after\n%.*s\n", what, (int)want->n,
                (const char *)want->p, (int)got->n, (const char *)got->p);
        abort();
    }
    buf_free(got);
}

static void check_tables(struct game *g, bool turned)
{
    struct buf before, after;
    struct err e = {0};
    struct store *store = open_store(g);
    take_dump(store, &before);
    HOLDS(authority_rebuild(g->handles[0], &e) == 0);
    take_dump(store, &after);
    store_close(store);
    check_same(&before, &after, "a rebuild makes other tables");
    if (turned && !g->office) {
        size_t n = g->record_count;
        fresh_authority(g);
        for (size_t i = n; i-- > 0;) {
            HOLDS(game_deliver(g, g->records[i]) == 1);
        }
        store = open_store(g);
        take_dump(store, &after);
        store_close(store);
        check_same(&before, &after, "the same records in another order make other tables");
    }
    buf_free(&before);
}

static void begin_input(struct game *g)
{
    g->world.now = g->begin;
    arena_init(&g->arena, 256 * 1024 * 1024);
    memset(g->sales, 0, sizeof g->sales);
    for (size_t i = 0; i < GAME_TILLS; i++) {
        g->world.tills[i].head = g->heads[i];
    }
    g->serial = g->record_count = 0;
    g->last = g->last_reply = (struct bytes){0};
    g->office = false;
    fresh_authority(g);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct feed f = feed_of(data, size);
    uint8_t how = feed_u8(&f);
    if (!game.database.p) {
        begin_world(&game);
    }
    begin_input(&game);
    if (how & HOW_GAME) {
        game_play(&game, &f);
    } else {
        game_deliver(&game, feed_rest(&f));
    }
    if (game.record_count > 0 || game.office) {
        check_tables(&game, how & HOW_TURNED);
    }
    close_handles(&game);
    arena_reset(&game.arena);
    return 0;
}
