/* Documents made to hurt: nothing is read beyond them, nothing grows far, and each is refused in one line. */
#include "unit/forms/read.h"

#include "forms/json.h"

static void expect_bad(struct bytes json, const char *part)
{
    struct shop s;
    struct offer o;
    struct basket_form f;
    uint8_t *copy = malloc(json.n + 1);
    assert_non_null(copy);
    memcpy(copy, json.p, json.n);
    copy = realloc(copy, json.n ? json.n : 1);
    assert_non_null(copy);
    shop_begin(&s);
    assert_int_equal(form_offer(bytes_of(copy, json.n), &s.policy, s.authority, &s.arena, &o, &s.e),
                     TP_BAD_JSON);
    assert_int_equal(s.e.code, TP_BAD_JSON);
    assert_non_null(strstr(s.e.text, part));
    assert_null(strchr(s.e.text, '\n'));
    assert_int_equal(form_basket(bytes_of(copy, json.n), &s.arena, &f, NULL), TP_BAD_JSON);
    shop_end(&s);
    free(copy);
}

static void what_is_not_json_is_refused(void **state)
{
    static const char *const texts[] = {"",           " ",          "{",          "}",
                                        "[1,]",       "{\"a\"}",    "nul",        "\"a",
                                        "{\"a\":1}x", "'a'",        "{\"a\":01}", "\xEF\xBB\xBF{}",
                                        "\"\\x\"",    "[\"\x01\"]", "NaN"};
    (void)state;
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        expect_bad(bytes_str(texts[i]), "line ");
    }
}

static void reasons_are_named_without_echo(void **state)
{
    (void)state;
    expect_bad(bytes_str("{\"id\":\"a\",\n \"id\":\"b\"}"), "line 2, column 5: a key is there twice");
    expect_bad(bytes_str("{\"needs\":{\"sku\":[],\"sku\":[]}}"), "a key is there twice");
    expect_bad(bytes_str("[\"\xFF\"]"), "not UTF-8");
    expect_bad(bytes_str("[\"\xC0\xAF\"]"), "not UTF-8");
    expect_bad(bytes_str("[\"\xED\xA0\x80\"]"), "not UTF-8");
    expect_bad(bytes_str("[\"a\\u0000b\"]"), "a NUL character");
    expect_bad(bytes_of("[\"a\0b\"]", 7), "line 1");
    expect_bad(bytes_of("{}\0", 3), "line 1");
    expect_bad(bytes_str("[123456789012345678901234567890]"), "a number is too large");
    expect_bad(bytes_str("[1e999]"), "a number is too large");
    expect_bad(bytes_str("{\"version\":9223372036854775808}"), "a number is too large");
    expect_bad(bytes_str("{} {}"), "something follows");
    expect_bad(bytes_str("{\"a\":["), "ends too early");
    expect_bad(bytes_str("[\"\\uD800\"]"), "line 1");
}

static void nesting_ends_early(void **state)
{
    struct buf b;
    (void)state;
    buf_init(&b, FORM_MAX);
    for (int i = 0; i < FORM_MAX; i++) {
        buf_putc(&b, '[');
    }
    expect_bad(buf_view(&b), "levels");
    buf_reset(&b);
    for (int i = 0; i < 200000; i++) {
        buf_puts(&b, "{\"a\":");
    }
    expect_bad(buf_view(&b), "levels");
    buf_free(&b);
    /* Brackets in texts are not nesting. */
    struct shop s;
    struct offer o;
    shop_begin(&s);
    expect_refused(&s, read_offer(&s, "{'id':'[[[[[[[[[[[[[[[[[[[[[[[[\\'{{{{'}", &o), TP_BAD_VALUE,
                   "$.version");
    shop_end(&s);
}

static void values_and_bytes_are_counted(void **state)
{
    struct buf b;
    (void)state;
    buf_init(&b, 2 * FORM_MAX);
    buf_putc(&b, '[');
    for (int i = 0; i < 1000000; i++) {
        buf_puts(&b, "1,");
    }
    expect_bad(buf_view(&b), "values");
    buf_reset(&b);
    for (int i = 0; i < FORM_MAX + 1; i++) {
        buf_putc(&b, ' ');
    }
    expect_bad(buf_view(&b), "bytes");
    buf_free(&b);
}

/* A key of any length and content makes one short line. */
static void keys_are_cut_and_escaped(void **state)
{
    struct shop s;
    struct offer o;
    char text[6000];
    (void)state;
    shop_begin(&s);
    expect_refused(&s, read_offer(&s, "{'a\\n\\u001b\\'':1}", &o), TP_UNKNOWN_KEY,
                   "$[\"a\\u000a\\u001b\\\"\"]");
    text[0] = '{';
    text[1] = '\'';
    memset(text + 2, 'k', 5000);
    strcpy(text + 5002, "':1}");
    assert_int_equal(read_offer(&s, text, &o), TP_UNKNOWN_KEY);
    assert_true(strlen(s.e.text) < 120);
    shop_end(&s);
}

/* Each document cut at each byte, and with each byte spoiled: never more than a refusal. */
static void cut_and_spoiled_documents_are_survived(void **state)
{
    static const char good[] =
        "{\"id\":\"a\",\"version\":1,\"currency\":\"EUR\",\"redeem\":[\"coupon\"],"
        "\"valid\":{\"from\":\"2026-11-01\",\"until\":\"2026-12-31\"},"
        "\"needs\":{\"min_spend\":\"20.00\",\"sku\":[\"\\u00e9\"]},\"gives\":{\"percent\":\"10\"}}";
    static const uint8_t spoils[] = {0, '"', '{', '}', ',', '\\', 0x80, 0xFF, '9', ' '};
    struct shop s;
    struct offer o;
    size_t n = sizeof good - 1, refused = 0;
    (void)state;
    shop_begin(&s);
    assert_int_equal(form_offer(bytes_of(good, n), &s.policy, s.authority, &s.arena, &o, &s.e), 0);
    for (size_t i = 0; i < n; i++) {
        uint8_t *copy = malloc(n);
        assert_non_null(copy);
        memcpy(copy, good, n);
        assert_true(form_offer(bytes_of(good, i), &s.policy, s.authority, &s.arena, &o, NULL) > 0);
        for (size_t k = 0; k < sizeof spoils; k++) {
            copy[i] = spoils[k];
            int rc = form_offer(bytes_of(copy, n), &s.policy, s.authority, &s.arena, &o, NULL);
            assert_true(rc >= 0);
            refused += rc > 0;
        }
        arena_reset(&s.arena);
        free(copy);
    }
    assert_true(refused > n * 6);
    shop_end(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_not_json_is_refused),
        cmocka_unit_test(reasons_are_named_without_echo),
        cmocka_unit_test(nesting_ends_early),
        cmocka_unit_test(values_and_bytes_are_counted),
        cmocka_unit_test(keys_are_cut_and_escaped),
        cmocka_unit_test(cut_and_spoiled_documents_are_survived),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
