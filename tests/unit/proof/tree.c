/* Heads and proofs of every small tree agree with the standard's recursive definition; spoiled ones do not.
 */
#include "support/cm.h"

#include "forest.h"
#include "proof/path.h"

static struct forest forest;

static void heads(void **state)
{
    uint8_t root[HASH_SIZE], want[HASH_SIZE];
    char hex[2 * HASH_SIZE + 1];
    (void)state;
    memset(&forest, 0, sizeof forest);
    assert_int_equal(tree_root(&forest.tree, root), 0);
    hex_encode(root, HASH_SIZE, hex); /* RFC 9162: of the empty list, SHA-256 of nothing */
    assert_string_equal(hex, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    for (int64_t size = 1; size < FOREST; size += size < 70 ? 1 : 37) {
        struct tree again;
        struct tree_nodes nodes = forest_nodes(&forest);
        forest_grow(&forest, size);
        forest_mth(&forest, 0, size, want);
        assert_int_equal(tree_root(&forest.tree, root), 0);
        assert_memory_equal(root, want, HASH_SIZE);
        assert_int_equal(tree_at(&nodes, size, &again), 0);
        assert_int_equal(again.size, size);
        assert_int_equal(tree_root(&again, root), 0);
        assert_memory_equal(root, want, HASH_SIZE);
    }
}

static void inclusion(void **state)
{
    struct tree_nodes nodes = forest_nodes(&forest);
    struct path p;
    uint8_t root[HASH_SIZE];
    (void)state;
    forest_grow(&forest, 64);
    for (int64_t size = 1; size <= 64; size++) {
        forest_mth(&forest, 0, size, root);
        for (int64_t i = 0; i < size; i++) {
            assert_int_equal(path_inclusion(&nodes, i, size, &p), 0);
            assert_int_equal(path_check_inclusion(&p, i, size, forest.leaf[i], root), 0);
            assert_int_equal(path_check_inclusion(&p, i, size, forest.leaf[i + 1], root), TP_E_UNTRUSTED);
            for (size_t k = 0; k < p.n; k++) {
                p.v[k][k] ^= 1;
                assert_int_equal(path_check_inclusion(&p, i, size, forest.leaf[i], root), TP_E_UNTRUSTED);
                p.v[k][k] ^= 1;
            }
            p.n++;
            memset(p.v[p.n - 1], 0, HASH_SIZE);
            assert_int_equal(path_check_inclusion(&p, i, size, forest.leaf[i], root), TP_E_UNTRUSTED);
        }
        assert_int_equal(path_inclusion(&nodes, size, size, &p), TP_E_ARGUMENT);
    }
    assert_int_equal(path_inclusion(&nodes, -1, 4, &p), TP_E_ARGUMENT);
    assert_int_equal(path_check_inclusion(&p, -1, 4, forest.leaf[0], root), TP_E_UNTRUSTED);
}

static void consistency(void **state)
{
    struct tree_nodes nodes = forest_nodes(&forest);
    struct path p;
    uint8_t old[HASH_SIZE], root[HASH_SIZE];
    (void)state;
    for (int64_t size = 1; size <= 64; size++) {
        forest_mth(&forest, 0, size, root);
        for (int64_t first = 1; first <= size; first++) {
            forest_mth(&forest, 0, first, old);
            assert_int_equal(path_consistency(&nodes, first, size, &p), 0);
            assert_int_equal(path_check_consistency(&p, first, size, old, root), 0);
            old[7] ^= 1;
            assert_int_equal(path_check_consistency(&p, first, size, old, root), TP_E_UNTRUSTED);
            old[7] ^= 1;
            for (size_t k = 0; k < p.n; k++) {
                p.v[k][31 - k] ^= 0x80;
                assert_int_equal(path_check_consistency(&p, first, size, old, root), TP_E_UNTRUSTED);
                p.v[k][31 - k] ^= 0x80;
            }
        }
    }
    assert_int_equal(path_consistency(&nodes, 0, 4, &p), TP_E_ARGUMENT);
    assert_int_equal(path_consistency(&nodes, 5, 4, &p), TP_E_ARGUMENT);
    p.n = 0;
    assert_int_equal(path_check_consistency(&p, 0, 0, old, old), TP_E_UNTRUSTED);
}

/* A node that is missing is an error, never a wrong proof. */
static void missing(void **state)
{
    struct tree_nodes nodes = forest_nodes(&forest);
    struct path p;
    struct tree t;
    (void)state;
    forest.told[2][3] = false;
    assert_int_equal(path_inclusion(&nodes, 8, 16, &p), TP_E_CORRUPT);
    assert_int_equal(tree_at(&nodes, 16 + 4, &t), 0);
    assert_int_equal(tree_at(&nodes, 12 + 4, &t), 0);
    forest.told[4][0] = false;
    assert_int_equal(tree_at(&nodes, 16, &t), TP_E_CORRUPT);
    forest.told[2][3] = forest.told[4][0] = true;
    assert_int_equal(tree_at(&nodes, -1, &t), TP_E_ARGUMENT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(heads), cmocka_unit_test(inclusion),
                                       cmocka_unit_test(consistency), cmocka_unit_test(missing)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
