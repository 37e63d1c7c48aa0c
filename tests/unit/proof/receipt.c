/* A receipt says one thing of one entry, and every bit of it counts. */
#include "support/cm.h"

#include "forest.h"
#include "proof/receipt.h"
#include "wire/cbor.h"

static struct forest forest;
static struct cose_key key, other;
static uint8_t entry[HASH_SIZE], root[HASH_SIZE];
static const int64_t size = 11, place = 6;

static struct receipt plan(void)
{
    struct tree_nodes nodes = forest_nodes(&forest);
    struct receipt r = {
        .origin = bytes_str("tillproof/00"), .issued = 1700000000, .size = size, .index = place};
    memcpy(r.entry, entry, HASH_SIZE);
    assert_int_equal(path_inclusion(&nodes, place, size, &r.path), 0);
    return r;
}

/* Leaf `place` of the forest's tree is exchanged for the entry's own before the others are added. */
static int set_up(void **state)
{
    static uint8_t leaf[HASH_SIZE];
    struct tree tree = {0};
    (void)state;
    memset(entry, 0xA5, sizeof entry);
    assert_int_equal(cose_key_generate(ALG_ED25519, &key), 0);
    assert_int_equal(cose_key_generate(ALG_ED25519, &other), 0);
    assert_int_equal(tree_leaf(bytes_of(entry, HASH_SIZE), leaf), 0);
    forest_grow(&forest, size);
    memcpy(forest.leaf[place], leaf, HASH_SIZE);
    for (int64_t i = 0; i < size; i++) {
        assert_int_equal(tree_add(&tree, forest.leaf[i], NULL, NULL), 0);
    }
    for (int level = 0; level < 4; level++) {
        for (int64_t i = 0; i < size >> level; i++) {
            forest_mth(&forest, i << level, (i + 1) << level, forest.node[level][i]);
        }
    }
    assert_int_equal(tree_root(&tree, root), 0);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    cose_key_free(&key);
    cose_key_free(&other);
    return 0;
}

static void round_trip(void **state)
{
    struct receipt r = plan(), got;
    uint8_t found[HASH_SIZE], wrong[HASH_SIZE] = {1};
    struct buf b;
    (void)state;
    buf_init(&b, RECEIPT_MAX);
    assert_int_equal(receipt_sign(&r, root, &key, &b), 0);
    assert_int_equal(receipt_check(buf_view(&b), entry, r.origin, &key, &got, found), 0);
    assert_memory_equal(found, root, HASH_SIZE);
    assert_true(got.size == size && got.index == place && got.issued == r.issued && got.path.n == r.path.n);
    assert_int_equal(receipt_check(buf_view(&b), wrong, r.origin, &key, &got, NULL), TP_E_UNTRUSTED);
    assert_int_equal(receipt_check(buf_view(&b), entry, bytes_str("tillproof/01"), &key, &got, NULL),
                     TP_E_UNTRUSTED);
    assert_int_equal(receipt_check(buf_view(&b), entry, r.origin, &other, &got, NULL), TP_E_UNTRUSTED);
    assert_int_equal(receipt_parse(bytes_of(b.p, b.n - 1), &got), TP_E_MALFORMED);
    buf_free(&b);
}

/* Bit by bit: nothing in a receipt is outside of what is checked. */
static void spoiled(void **state)
{
    struct receipt r = plan(), got;
    struct buf b;
    (void)state;
    buf_init(&b, RECEIPT_MAX);
    assert_int_equal(receipt_sign(&r, root, &key, &b), 0);
    for (size_t i = 0; i < b.n; i++) {
        for (int bit = 0; bit < 8; bit++) {
            b.p[i] ^= (uint8_t)(1 << bit);
            assert_true(receipt_check(buf_view(&b), entry, r.origin, &key, &got, NULL) != 0);
            b.p[i] ^= (uint8_t)(1 << bit);
        }
    }
    buf_free(&b);
}

static void refused(void **state)
{
    struct receipt r = plan();
    struct cose_key p256;
    struct buf b;
    (void)state;
    assert_int_equal(cose_key_generate(ALG_ESP256, &p256), 0);
    buf_init(&b, RECEIPT_MAX);
    assert_int_equal(receipt_sign(&r, root, &p256, &b), TP_E_ARGUMENT);
    r.index = size;
    assert_int_equal(receipt_sign(&r, root, &key, &b), TP_E_ARGUMENT);
    assert_int_equal(b.n, 0);
    cose_key_free(&p256);
    buf_free(&b);
}

/* The entry is of the statement with its signature; what is put beside it changes nothing. */
static void entries(void **state)
{
    static const uint8_t header[] = {0xA1, 0x01, 0x26}, payload[] = {0xA0};
    uint8_t e1[HASH_SIZE], e2[HASH_SIZE], want[HASH_SIZE];
    struct cose_sign1 s = {.protected_map = bytes_of(header, sizeof header),
                           .payload = bytes_of(payload, sizeof payload)};
    struct buf b;
    (void)state;
    memset(s.signature, 7, sizeof s.signature);
    buf_init(&b, 256);
    buf_put(&b, "\xD2\x84\x43\xA1\x01\x26\xA0\x41\xA0\x58\x40", 11);
    buf_put(&b, s.signature, SIGNATURE_SIZE);
    assert_int_equal(sha256(buf_view(&b), want), 0);
    assert_int_equal(log_entry(&s, e1), 0);
    assert_memory_equal(e1, want, HASH_SIZE);
    s.unprotected = bytes_of("\xA1", 1);
    assert_int_equal(log_entry(&s, e2), 0);
    assert_memory_equal(e1, e2, HASH_SIZE);
    s.signature[63] ^= 1;
    assert_int_equal(log_entry(&s, e2), 0);
    assert_memory_not_equal(e1, e2, HASH_SIZE);
    buf_free(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(round_trip), cmocka_unit_test(spoiled),
                                       cmocka_unit_test(refused), cmocka_unit_test(entries)};
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
