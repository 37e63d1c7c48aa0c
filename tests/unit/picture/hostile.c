/* Damaged pictures: an answer for every one, no crash, and not a word on standard output or error. */
#include "draw.h"

#include <stdlib.h>

/* zbar 0.23.92 forgets the two lists of points of qr_hom_fit when it gives up on a damaged code. Only here:
 * the other tests of this folder are watched for every leak, of zbar's memory too. */
__attribute__((visibility("default"))) const char *__lsan_default_suppressions(void);
const char *__lsan_default_suppressions(void)
{
    return "leak:libzbar.so\n";
}

/* 0 or TP_BAD_PICTURE, and what was decoded can be scanned. */
static int try_file(struct bytes file)
{
    struct grey g = {0};
    struct err e = {0};
    struct buf texts[PICTURE_CODES_MAX];
    int rc = grey_load(file, &g, &e);
    assert_int_equal(e.code, rc);
    if (rc) {
        assert_int_equal(rc, TP_BAD_PICTURE);
        assert_null(g.px);
        return rc;
    }
    assert_true(g.width <= PICTURE_SIDE_MAX && g.height <= PICTURE_SIDE_MAX);
    /* Scanning a picture that damage made huge takes long and shows nothing new. */
    if ((uint64_t)g.width * g.height <= 1 << 18) {
        int n = grey_codes(&g, texts);
        assert_true(n >= 0 && n <= PICTURE_CODES_MAX);
        for (int i = 0; i < PICTURE_CODES_MAX; i++) {
            buf_free(&texts[i]);
        }
    }
    grey_free(&g);
    return 0;
}

/* From a copy of its own length, so that a read beyond it is seen. */
static int try_copy(const uint8_t *p, size_t n)
{
    uint8_t *copy = malloc(n ? n : 1);
    assert_non_null(copy);
    memcpy(copy, p, n);
    int rc = try_file(bytes_of(copy, n));
    free(copy);
    return rc;
}

static struct buf sample(int kind)
{
    struct grey g = draw_code("8070112345678901234567", 22, 3);
    struct buf file = kind < PNG_KINDS ? draw_png(&g, (enum png_kind)kind, kind % 2)
                                       : draw_jpeg(&g, (enum jpeg_kind)(kind - PNG_KINDS), 75);
    grey_free(&g);
    return file;
}

enum { KINDS = PNG_KINDS + JPEG_KINDS };

static void a_file_cut_anywhere_is_answered(void **state)
{
    (void)state;
    hush_begin();
    for (int kind = 0; kind < KINDS; kind++) {
        struct buf file = sample(kind);
        for (size_t n = 0; n < file.n; n += n < 64 ? 1 : 97) {
            int rc = try_copy(file.p, n);
            /* A PNG without its pixels' end is damaged; a JPEG's lost rows are grey, as every viewer shows
             * it. */
            assert_true(rc == TP_BAD_PICTURE || kind >= PNG_KINDS || n > file.n - 32);
        }
        assert_int_equal(try_copy(file.p, file.n), 0);
        buf_free(&file);
    }
    assert_int_equal(hush_end(), 0);
}

static void flip(struct buf *b, uint64_t *seed)
{
    uint64_t times = 1 + draw_random(seed) % 4;
    for (uint64_t i = 0; i < times; i++) {
        /* Half of the damage goes to the headers, where decoders decide. */
        size_t reach = draw_random(seed) % 2 && b->n > 120 ? 120 : b->n;
        b->p[draw_random(seed) % reach] ^= (uint8_t)(1u << draw_random(seed) % 8);
    }
}

/* 2,000 each; every other PNG has its checksums mended, so that the damage reaches the decoder behind them.
 */
static void flipped_bits_are_answered(void **state)
{
    (void)state;
    uint64_t seed = 4711;
    int survived = 0;
    hush_begin();
    for (int i = 0; i < 4000; i++) {
        int kind = i % 2 ? PNG_KINDS + i / 2 % JPEG_KINDS : i / 2 % PNG_KINDS;
        struct buf file = sample(kind);
        flip(&file, &seed);
        if (i % 4 == 0) {
            draw_mend(&file);
        }
        survived += try_copy(file.p, file.n) == 0;
        buf_free(&file);
    }
    assert_int_equal(hush_end(), 0);
    /* Some are refused and some still decode: the damage is neither nothing nor everything. */
    assert_in_range(survived, 400, 3600);
}

static void random_bytes_behind_a_right_beginning_are_answered(void **state)
{
    (void)state;
    static const char *const magic[] = {"", "\x89PNG\r\n\x1a\n", "\xff\xd8\xff", "\xff\xd8\xff\xe0"};
    uint64_t seed = 31337;
    hush_begin();
    for (int i = 0; i < 2000; i++) {
        uint8_t bytes[700];
        size_t n = draw_random(&seed) % sizeof bytes;
        for (size_t k = 0; k < n; k++) {
            bytes[k] = (uint8_t)(draw_random(&seed) >> 40);
        }
        size_t begin = strlen(magic[i % 4]);
        memcpy(bytes, magic[i % 4], begin);
        assert_int_equal(try_copy(bytes, n < begin ? begin : n), TP_BAD_PICTURE);
    }
    assert_int_equal(hush_end(), 0);
}

static void noise_and_damaged_codes_are_scanned(void **state)
{
    (void)state;
    uint64_t seed = 5;
    hush_begin();
    for (int i = 0; i < 60; i++) {
        struct buf texts[PICTURE_CODES_MAX];
        struct grey g = draw_code("8070112345678901234567", 22, (uint32_t)(1 + i % 5));
        size_t n = (size_t)g.width * g.height;
        for (size_t k = 0; k < n * (size_t)(i % 12) / 20; k++) {
            g.px[draw_random(&seed) % n] = (uint8_t)(draw_random(&seed) >> 40);
        }
        int found = grey_codes(&g, texts);
        assert_true(found >= 0 && found <= PICTURE_CODES_MAX);
        for (int k = 0; k < PICTURE_CODES_MAX; k++) {
            buf_free(&texts[k]);
        }
        grey_free(&g);
    }
    assert_int_equal(hush_end(), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(a_file_cut_anywhere_is_answered, hush_teardown),
        cmocka_unit_test_teardown(flipped_bits_are_answered, hush_teardown),
        cmocka_unit_test_teardown(random_bytes_behind_a_right_beginning_are_answered, hush_teardown),
        cmocka_unit_test_teardown(noise_and_damaged_codes_are_scanned, hush_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
