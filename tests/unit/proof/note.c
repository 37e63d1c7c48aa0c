/* Checkpoints as notes: what is signed is told apart from what is not, and each witness by its own key. */
#include "support/cm.h"

#include "proof/note.h"

#include <stdio.h>

static struct cose_key key, witness, other;
static const char name[] = "tillproof/0123456789abcdef0123456789abcdef", who[] = "witness.example/w1";
static uint8_t root[HASH_SIZE];

static int set_up(void **state)
{
    (void)state;
    for (size_t i = 0; i < HASH_SIZE; i++) {
        root[i] = (uint8_t)(i * 7);
    }
    return cose_key_generate(ALG_ED25519, &key) || cose_key_generate(ALG_ED25519, &witness) ||
           cose_key_generate(ALG_ED25519, &other);
}

static int tear_down(void **state)
{
    (void)state;
    cose_key_free(&key);
    cose_key_free(&witness);
    cose_key_free(&other);
    return 0;
}

static void round_trip(void **state)
{
    struct note n;
    struct buf b;
    int64_t when = 0;
    (void)state;
    buf_init(&b, NOTE_MAX);
    assert_int_equal(note_sign(bytes_str(name), 1234, root, &key, &b), 0);
    assert_int_equal(note_parse(buf_view(&b), &n), 0);
    assert_int_equal(n.size, 1234);
    assert_memory_equal(n.root, root, HASH_SIZE);
    assert_true(note_signed(&n, bytes_str(name), &key));
    assert_false(note_signed(&n, bytes_str(name), &other));
    assert_false(note_signed(&n, bytes_str("another"), &key));
    assert_false(note_cosigned(&n, bytes_str(who), &witness, NULL));
    assert_int_equal(note_cosign(&b, bytes_str(who), 1700000000, &witness), 0);
    assert_int_equal(note_parse(buf_view(&b), &n), 0);
    assert_true(note_signed(&n, bytes_str(name), &key));
    assert_true(note_cosigned(&n, bytes_str(who), &witness, &when));
    assert_int_equal(when, 1700000000);
    assert_false(note_cosigned(&n, bytes_str(who), &other, NULL));
    assert_false(note_cosigned(&n, bytes_str("witness.example/w2"), &witness, NULL));
    assert_false(note_signed(&n, bytes_str(name), &witness));
    buf_free(&b);
}

/* Any byte changed: it is no note any more, or one of the two signatures falls. */
static void spoiled(void **state)
{
    struct note n;
    struct buf b;
    (void)state;
    buf_init(&b, NOTE_MAX);
    assert_int_equal(note_sign(bytes_str(name), 1234, root, &key, &b), 0);
    assert_int_equal(note_cosign(&b, bytes_str(who), 1700000000, &witness), 0);
    for (size_t i = 0; i < b.n; i++) {
        b.p[i] ^= 1;
        bool both = note_parse(buf_view(&b), &n) == 0 && note_signed(&n, bytes_str(name), &key) &&
                    note_cosigned(&n, bytes_str(who), &witness, NULL);
        assert_false(both);
        b.p[i] ^= 1;
    }
    for (size_t cut = 0; cut < b.n; cut++) {
        assert_true(note_parse(bytes_of(b.p, cut), &n) != 0 || n.n < 2);
    }
    buf_free(&b);
}

static void refused(void **state)
{
    static const char *const notes[] = {
        "",
        "a\n1\n",
        "a\n1\nAAAA\n\n",
        "a\n01\nAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n\n\xe2\x80\x94 a AAAAAAAA\n",
        "a\n-1\nAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n\n\xe2\x80\x94 a AAAAAAAA\n",
        "a\n9223372036854775808\nAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n\n\xe2\x80\x94 a AAAAAAAA\n",
        "a\n1\nAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n\n",
        "a\n1\nAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n\n- a AAAAAAAA\n",
        "a\n1\nAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n\n\xe2\x80\x94 a AAAA\n",
        "a b\n1\nAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n\n\xe2\x80\x94 a AAAAAAAA\n",
        "a\n1\nAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAB=\n\n\xe2\x80\x94 a AAAAAAAA\n",
    };
    struct note n;
    struct cose_key p256;
    struct buf b;
    (void)state;
    for (size_t i = 0; i < sizeof notes / sizeof notes[0]; i++) {
        assert_int_equal(note_parse(bytes_str(notes[i]), &n), TP_E_MALFORMED);
    }
    assert_int_equal(cose_key_generate(ALG_ESP256, &p256), 0);
    buf_init(&b, NOTE_MAX);
    assert_int_equal(note_sign(bytes_str("a b"), 1, root, &key, &b), TP_E_ARGUMENT);
    assert_int_equal(note_sign(bytes_str("a+b"), 1, root, &key, &b), TP_E_ARGUMENT);
    assert_int_equal(note_sign(bytes_str("a"), -1, root, &key, &b), TP_E_ARGUMENT);
    assert_int_equal(note_sign(bytes_str("a"), 1, root, &p256, &b), TP_E_ARGUMENT);
    assert_int_equal(note_cosign(&b, bytes_str("a"), 1, &key), TP_E_MALFORMED);
    cose_key_free(&p256);
    buf_free(&b);
}

/* RFC 4648, section 10, and forms that it has no second one for. */
static void base64(void **state)
{
    static const char *const pairs[][2] = {{"", ""},
                                           {"f", "Zg=="},
                                           {"fo", "Zm8="},
                                           {"foo", "Zm9v"},
                                           {"foob", "Zm9vYg=="},
                                           {"fooba", "Zm9vYmE="},
                                           {"foobar", "Zm9vYmFy"}};
    static const char *const bad[] = {
        "Z", "Zg", "Zg=", "Zh==", "Zm9=", "Z===", "====", "Zg==Zg==", "Zm9\n", "-_-_"};
    struct buf b;
    (void)state;
    buf_init(&b, 64);
    for (size_t i = 0; i < sizeof pairs / sizeof pairs[0]; i++) {
        buf_reset(&b);
        base64_encode(bytes_str(pairs[i][0]), &b);
        assert_true(bytes_is(buf_view(&b), pairs[i][1]));
        buf_reset(&b);
        assert_true(base64_decode(bytes_str(pairs[i][1]), &b));
        assert_true(bytes_is(buf_view(&b), pairs[i][0]));
    }
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        buf_reset(&b);
        assert_false(base64_decode(bytes_str(bad[i]), &b));
    }
    buf_free(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(round_trip), cmocka_unit_test(spoiled),
                                       cmocka_unit_test(refused), cmocka_unit_test(base64)};
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
