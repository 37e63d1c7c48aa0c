/* Cosignatures of witnesses whom the keyset names, or whom the daemon was told. */
#include "publish/publish.h"
#include "support/cm.h"
#include "support/world.h"

#include "proof/note.h"
#include <stdio.h>

struct scene {
    struct world w;
    struct store *s;
    struct cose_key known, stranger;
    struct buf note;
};

static const struct visitor anybody = {.log_open = true};

/* The next keyset names a witness. */
static void name_witness(struct world *w, const struct cose_key *key)
{
    struct buf coded;
    uint8_t memory[256];
    buf_over(&coded, memory, sizeof memory);
    cose_key_encode(key, &coded);
    const struct cose_key *const others[] = {&w->root, &w->merchant, &w->issuer, &w->grant, &w->log};
    static const int purposes[] = {PURPOSE_ROOT, PURPOSE_MERCHANT, PURPOSE_ISSUER, PURPOSE_GRANT,
                                   PURPOSE_LOG};
    static const char *const names[] = {"root", "merchant", "issuer", "grant", "log"};
    uint8_t memories[5][256];
    struct keyset_key keys[6];
    for (size_t i = 0; i < 5; i++) {
        struct buf b;
        buf_over(&b, memories[i], sizeof memories[i]);
        cose_key_encode(others[i], &b);
        keys[i] = (struct keyset_key){
            .cose_key = buf_view(&b), .purpose = purposes[i], .name = bytes_str(names[i]), .until = TIME_MAX};
    }
    keys[5] = (struct keyset_key){.cose_key = buf_view(&coded),
                                  .purpose = PURPOSE_WITNESS,
                                  .name = bytes_str("known.example"),
                                  .until = TIME_MAX};
    struct keyset k = {
        .common = world_common(w), .number = 2, .merchant = bytes_str("Test"), .keys = {keys, 6}};
    assert_int_equal(world_office(w, KIND_KEYSET, &k), 0);
}

static void read_note(struct scene *c)
{
    struct page page;
    const struct bytes none = {0};
    assert_int_equal(publish_page(c->s, &anybody, NULL, bytes_str("/checkpoint"), none, &page, NULL), 0);
    buf_reset(&c->note);
    buf_put(&c->note, page.body.p, page.body.n);
    buf_free(&page.body);
}

static int setup(void **state)
{
    struct scene *c = test_calloc(1, sizeof *c);
    int64_t added;
    world_open(&c->w, 1);
    assert_int_equal(cose_key_generate(ALG_ED25519, &c->known), 0);
    assert_int_equal(cose_key_generate(ALG_ED25519, &c->stranger), 0);
    name_witness(&c->w, &c->known);
    assert_int_equal(authority_log(c->w.authority, &added, NULL), 0);
    assert_int_equal(store_open(c->w.db, c->w.id, 0, &c->s, NULL), 0);
    buf_init(&c->note, NOTE_MAX);
    read_note(c);
    *state = c;
    return 0;
}

static int teardown(void **state)
{
    struct scene *c = *state;
    buf_free(&c->note);
    store_close(c->s);
    cose_key_free(&c->known);
    cose_key_free(&c->stranger);
    world_close(&c->w);
    test_free(c);
    return 0;
}

static int post(struct scene *c, const struct witnesses *told, const struct cose_key *key, const char *name,
                int64_t time, int *taken)
{
    struct buf note;
    buf_init(&note, NOTE_MAX);
    buf_put(&note, c->note.p, c->note.n);
    assert_int_equal(note_cosign(&note, bytes_str(name), time, key), 0);
    int rc = publish_cosign(c->s, &anybody, told, NONE, buf_view(&note), taken, NULL);
    buf_free(&note);
    return rc;
}

static void the_keysets_witness_is_known(void **state)
{
    struct scene *c = *state;
    const struct witnesses none = {0};
    struct note n;
    int64_t time = 0;
    int taken = 0;
    assert_int_equal(post(c, &none, &c->known, "known.example", 7, &taken), 0);
    assert_int_equal(taken, 1);
    assert_int_equal(post(c, &none, &c->known, "other.example", 7, &taken), TP_E_UNTRUSTED);
    assert_int_equal(post(c, &none, &c->stranger, "known.example", 7, &taken), TP_BAD_SIGNATURE);
    assert_int_equal(taken, 0);
    read_note(c);
    assert_int_equal(note_parse(buf_view(&c->note), &n), 0);
    assert_int_equal(n.n, 2);
    assert_true(note_cosigned(&n, bytes_str("known.example"), &c->known, &time));
    assert_int_equal(time, 7);
}

static void one_that_is_told_is_known_too(void **state)
{
    struct scene *c = *state;
    struct witnesses told = {0};
    uint8_t memory[256];
    struct buf text;
    int taken = 0;
    buf_over(&text, memory, sizeof memory);
    assert_int_equal(note_key_text(bytes_str("told.example"), true, &c->stranger, &text), 0);
    assert_int_equal(witnesses_add(&told, buf_view(&text), NULL), 0);
    assert_int_equal(post(c, &told, &c->stranger, "told.example", 9, &taken), 0);
    assert_int_equal(taken, 1);
    /* A log's own key is no witness's, nor is one whose id is another's. */
    buf_reset(&text);
    assert_int_equal(note_key_text(bytes_str("told.example"), false, &c->stranger, &text), 0);
    assert_int_equal(witnesses_add(&told, buf_view(&text), NULL), TP_BAD_VALUE);
    buf_reset(&text);
    assert_int_equal(note_key_text(bytes_str("told.example"), true, &c->stranger, &text), 0);
    text.p[sizeof "told.example"] ^= 1;
    assert_int_equal(witnesses_add(&told, buf_view(&text), NULL), TP_BAD_VALUE);
    assert_int_equal(told.n, 1);
    witnesses_free(&told);
}

/* Sixteen lines fit a note, the log's own among them; the next one changes nothing. */
static void a_note_has_an_end(void **state)
{
    struct scene *c = *state;
    struct witnesses told = {0};
    int taken = 0;
    for (size_t i = 0; i < NOTE_SIGNATURES_MAX; i++) {
        told.n = i + 1;
        snprintf(told.v[i].name, sizeof told.v[i].name, "w%zu.example", i);
        assert_int_equal(cose_key_generate(ALG_ED25519, &told.v[i].key), 0);
        int rc = post(c, &told, &told.v[i].key, told.v[i].name, 9, &taken);
        assert_int_equal(rc, i + 1 < NOTE_SIGNATURES_MAX ? 0 : TP_E_MEMORY);
    }
    read_note(c);
    struct note n;
    assert_int_equal(note_parse(buf_view(&c->note), &n), 0);
    assert_int_equal(n.n, NOTE_SIGNATURES_MAX);
    witnesses_free(&told);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(the_keysets_witness_is_known, setup, teardown),
        cmocka_unit_test_setup_teardown(one_that_is_told_is_known_too, setup, teardown),
        cmocka_unit_test_setup_teardown(a_note_has_an_end, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
