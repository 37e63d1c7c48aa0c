/* Buffers end where they were born to end; text is UTF-8 or it is not text. */
#include "base/bytes.h"
#include "support/cm.h"

static void a_buffer_grows_to_its_maximum_and_no_further(void **state)
{
    (void)state;
    struct buf b;
    buf_init(&b, 100);
    for (int i = 0; i < 100; i++) {
        buf_putc(&b, (uint8_t)i);
    }
    assert_false(b.failed);
    assert_int_equal(b.n, 100);
    buf_putc(&b, 0);
    assert_true(b.failed);
    assert_int_equal(b.n, 100);
    assert_int_equal(b.p[99], 99);
    buf_reset(&b);
    buf_put(&b, "abc", 3);
    assert_false(b.failed);
    assert_true(bytes_is(buf_view(&b), "abc"));
    buf_free(&b);
    buf_free(&b);
}

static void a_failed_buffer_takes_nothing_more(void **state)
{
    (void)state;
    char memory[4];
    struct buf b;
    buf_over(&b, memory, sizeof memory);
    buf_put(&b, "abcde", 5);
    assert_true(b.failed);
    buf_put(&b, "a", 1);
    assert_int_equal(b.n, 0);
    buf_reset(&b);
    buf_put(&b, "abcd", 4);
    assert_false(b.failed);
    assert_memory_equal(memory, "abcd", 4);
    buf_free(&b);
}

static void printing_needs_no_room_for_a_terminator_of_its_own(void **state)
{
    (void)state;
    struct buf b;
    buf_init(&b, 64);
    buf_printf(&b, "%d-%s", 42, "x");
    buf_printf(&b, "%s", "");
    assert_true(bytes_is(buf_view(&b), "42-x"));
    buf_printf(&b, "%080d", 1);
    assert_true(b.failed);
    assert_int_equal(b.n, 4);
    buf_free(&b);
}

static void utf8_is_well_formed_or_refused(void **state)
{
    (void)state;
    static const char *const good[] = {"",
                                       "a",
                                       "\xC3\xA9",
                                       "\xE2\x82\xAC",
                                       "\xF0\x9F\x98\x80",
                                       "\xED\x9F\xBF",
                                       "\xEE\x80\x80",
                                       "\xF4\x8F\xBF\xBF",
                                       "\xC2\x80",
                                       "\xE0\xA0\x80"};
    static const char *const bad[] = {"\x80",
                                      "\xC0\x80",
                                      "\xC1\xBF",
                                      "\xE0\x9F\xBF",
                                      "\xED\xA0\x80",
                                      "\xF0\x8F\xBF\xBF",
                                      "\xF4\x90\x80\x80",
                                      "\xF5\x80\x80\x80",
                                      "\xC3",
                                      "\xE2\x82",
                                      "\xC3(",
                                      "a\xFF"};
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        assert_true(bytes_utf8(bytes_str(good[i])));
    }
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        assert_false(bytes_utf8(bytes_str(bad[i])));
    }
}

static void a_cut_text_ends_at_a_whole_character(void **state)
{
    (void)state;
    char out[4];
    bytes_to_cstr(bytes_str("ab\xE2\x82\xAC"), out, sizeof out);
    assert_string_equal(out, "ab");
    bytes_to_cstr(bytes_str("abcdef"), out, sizeof out);
    assert_string_equal(out, "abc");
    bytes_to_cstr((struct bytes){0}, out, sizeof out);
    assert_string_equal(out, "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_buffer_grows_to_its_maximum_and_no_further),
        cmocka_unit_test(a_failed_buffer_takes_nothing_more),
        cmocka_unit_test(printing_needs_no_room_for_a_terminator_of_its_own),
        cmocka_unit_test(utf8_is_well_formed_or_refused),
        cmocka_unit_test(a_cut_text_ends_at_a_whole_character),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
