/* Tiles: their paths have one form, and their hashes are the tree's. */
#include "support/cm.h"

#include "forest.h"
#include "proof/tile.h"

static void paths(void **state)
{
    static const struct {
        struct tile t;
        const char *path;
    } good[] = {
        {{0, 0, 256}, "tile/0/000"},
        {{0, 1234067, 256}, "tile/0/x001/x234/067"}, /* the example of C2SP tlog-tiles */
        {{1, 999, 1}, "tile/1/999.p/1"},
        {{7, 1000, 255}, "tile/7/x001/000.p/255"},
        {{TILE_ENTRIES, 12, 256}, "tile/entries/012"},
        {{TILE_ENTRIES, 1000000, 17}, "tile/entries/x001/x000/000.p/17"},
    };
    static const char *const bad[] = {
        "",
        "tile",
        "tile/0",
        "tile/0/",
        "tile/0/0",
        "tile/0/00",
        "tile/0/0000",
        "tile/8/000",
        "tile/00/000",
        "tile/0/x000/000",
        "tile/0/001/000",
        "tile/0/x001",
        "tile/0/000.p/0",
        "tile/0/000.p/256",
        "tile/0/000.p/01",
        "tile/0/000.p/",
        "tile/0/000.p",
        "tile/0/000/",
        "/tile/0/000",
        "tile/-1/000",
        "tile/entries/0x1",
        "tile/0/a00",
        "tile/0/x999/x999/x999/x999/x999/x999/x999/999",
    };
    char path[TILE_PATH_MAX];
    struct tile t;
    (void)state;
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        assert_int_equal(tile_path(&good[i].t, path), 0);
        assert_string_equal(path, good[i].path);
        assert_int_equal(tile_path_parse(bytes_str(path), &t), 0);
        assert_true(t.level == good[i].t.level && t.number == good[i].t.number && t.width == good[i].t.width);
    }
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        assert_int_equal(tile_path_parse(bytes_str(bad[i]), &t), TP_E_MALFORMED);
    }
    t = (struct tile){0, -1, 256};
    assert_int_equal(tile_path(&t, path), TP_E_ARGUMENT);
    t = (struct tile){0, 0, 257};
    assert_int_equal(tile_path(&t, path), TP_E_ARGUMENT);
}

static void contents(void **state)
{
    static struct forest forest;
    struct tree_nodes nodes = forest_nodes(&forest);
    struct buf b;
    (void)state;
    forest_grow(&forest, 530);
    assert_int_equal(tile_width(0, 0, 530), 256);
    assert_int_equal(tile_width(0, 2, 530), 18);
    assert_int_equal(tile_width(0, 3, 530), 0);
    assert_int_equal(tile_width(1, 0, 530), 2);
    assert_int_equal(tile_width(TILE_ENTRIES, 2, 530), 18);
    buf_init(&b, 1 << 16);
    struct tile t = {0, 1, 256};
    assert_int_equal(tile_hashes(&t, &nodes, &b), 0);
    assert_int_equal(b.n, 256 * HASH_SIZE);
    assert_memory_equal(b.p, forest.leaf[256], HASH_SIZE);
    assert_memory_equal(b.p + 255 * HASH_SIZE, forest.leaf[511], HASH_SIZE);
    buf_reset(&b);
    t = (struct tile){1, 0, 2};
    uint8_t want[HASH_SIZE];
    assert_int_equal(tile_hashes(&t, &nodes, &b), 0);
    forest_mth(&forest, 256, 512, want);
    assert_int_equal(b.n, 2 * HASH_SIZE);
    assert_memory_equal(b.p + HASH_SIZE, want, HASH_SIZE);
    t.width = 3;
    assert_int_equal(tile_hashes(&t, &nodes, &b), TP_E_CORRUPT);
    t.level = TILE_ENTRIES;
    assert_int_equal(tile_hashes(&t, &nodes, &b), TP_E_ARGUMENT);
    buf_reset(&b);
    assert_int_equal(tile_entry(bytes_str("abc"), &b), 0);
    assert_memory_equal(b.p, "\0\3abc", 5);
    buf_free(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(paths), cmocka_unit_test(contents)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
