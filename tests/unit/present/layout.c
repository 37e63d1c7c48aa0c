/* Digits that came through a keyboard of another layout are put right as a whole, or not at all. */
#include "sample.h"

/* What the keys of 0 to 9 gave, and how a scanner's bracket came. The rows are as people see them on the
 * keys. */
struct keys {
    const char *name, *digits[10], *bracket;
};

static const struct keys keys[] = {
    {"fr", {"à", "&", "é", "\"", "'", "(", "-", "è", "_", "ç"}, "$"},
    {"fr, caps lock", {"À", "&", "É", "\"", "'", "(", "-", "È", "_", "Ç"}, "$"},
    {"fr, ISO 8859-1", {"\xE0", "&", "\xE9", "\"", "'", "(", "-", "\xE8", "_", "\xE7"}, "$"},
    {"be", {"à", "&", "é", "\"", "'", "(", "§", "è", "!", "ç"}, "$"},
    {"be, caps lock", {"À", "&", "É", "\"", "'", "(", "§", "È", "!", "Ç"}, "$"},
    {"be, ISO 8859-1", {"\xE0", "&", "\xE9", "\"", "'", "(", "\xA7", "\xE8", "!", "\xE7"}, "$"},
    {"cz", {"é", "+", "ě", "š", "č", "ř", "ž", "ý", "á", "í"}, ")"},
    {"cz, caps lock", {"É", "+", "Ě", "Š", "Č", "Ř", "Ž", "Ý", "Á", "Í"}, ")"},
    {"cz, ISO 8859-2", {"\xE9", "+", "\xEC", "\xB9", "\xE8", "\xF8", "\xBE", "\xFD", "\xE1", "\xED"}, ")"},
    {"cz, Windows-1250", {"\xE9", "+", "\xEC", "\x9A", "\xE8", "\xF8", "\x9E", "\xFD", "\xE1", "\xED"}, ")"},
    {"us, shifted", {")", "!", "@", "#", "$", "%", "^", "&", "*", "("}, "}"},
};
enum { KEYS = sizeof keys / sizeof *keys, TYPED_MAX = 2 * COUPON_DIGITS_MAX + 16 };

static void press(const struct keys *k, const char *digits, char *out)
{
    size_t n = 0;
    for (; *digits; digits++) {
        const char *c = k->digits[*digits - '0'];
        assert_true(n + 3 < TYPED_MAX);
        memcpy(out + n, c, strlen(c));
        n += strlen(c);
    }
    out[n] = '\0';
}

static void a_coupon_comes_through_every_layout(void **state)
{
    struct sample *s = *state;
    struct presented out;
    char text[TYPED_MAX];
    for (size_t i = 0; i < KEYS; i++) {
        press(&keys[i], s->digits, text);
        if (scan_text(text, &out) || out.kind != PRESENTED_COUPON) {
            fail_msg("a coupon typed on %s", keys[i].name);
        }
        assert_int_equal(out.coupon.n, s->raw_n);
        assert_memory_equal(out.coupon.raw, s->raw, s->raw_n);
    }
}

static void an_article_comes_through_every_layout(void **state)
{
    static const char *const gtins[] = {"4006381333931", "73513537", "036000291452", "09506000134352"};
    char text[TYPED_MAX], whole[TYPED_MAX + 8];
    (void)state;
    for (size_t i = 0; i < KEYS; i++) {
        for (size_t k = 0; k < 4; k++) {
            char gtin[] = "00000000000000";
            memcpy(gtin + 14 - strlen(gtins[k]), gtins[k], strlen(gtins[k]));
            press(&keys[i], gtins[k], text);
            is_product(text, gtin);
            (void)snprintf(whole, sizeof whole, " %s\r\n", text);
            is_product(whole, gtin);
        }
    }
}

/* The prefix goes through the same keys: a bracket, a letter, a digit. */
static void an_aim_prefix_comes_through_too(void **state)
{
    struct sample *s = *state;
    struct presented out;
    char text[TYPED_MAX], whole[TYPED_MAX + 8];
    for (size_t i = 0; i < KEYS; i++) {
        press(&keys[i], "4006381333931", text);
        (void)snprintf(whole, sizeof whole, "%sE%s%s\r\n", keys[i].bracket, keys[i].digits[0], text);
        is_product(whole, "04006381333931");
        press(&keys[i], s->digits, text);
        (void)snprintf(whole, sizeof whole, "%sa%s%s", keys[i].bracket, keys[i].digits[1], text);
        assert_int_equal(scan_text(whole, &out), 0);
        assert_int_equal(out.kind, PRESENTED_COUPON);
        (void)snprintf(whole, sizeof whole, "%s%s%s", keys[i].bracket, keys[i].digits[1], text);
        assert_int_equal(scan_text(whole, &out), TP_UNKNOWN_CODE);
    }
}

static void what_is_put_right_must_be_a_coupon_or_an_article(void **state)
{
    struct sample *s = *state;
    struct presented out;
    char text[TYPED_MAX], digits[COUPON_DIGITS_MAX + 1];
    for (size_t i = 0; i < KEYS; i++) {
        press(&keys[i], "4006381333932", text);
        is_unknown(text);
        press(&keys[i], "123456789", text); /* no pickup code: that is typed as digits */
        is_unknown(text);
        press(&keys[i], "2612345", text); /* nor a loyalty number */
        is_unknown(text);
        memcpy(digits, s->digits, s->digits_n + 1);
        digits[s->digits_n - 1] = '\0';
        press(&keys[i], digits, text);
        assert_int_equal(scan_text(text, &out), TP_UNKNOWN_CODE);
    }
}

/* One key that is no digit's, anywhere, and all of it is left alone; so does one plain digit. */
static void partial_damage_is_not_put_right(void **state)
{
    static const char *const other[] = {"x", "1", "~", "\x01", "€", "\xFF", "=", " x", "\xE2\x82"};
    char text[TYPED_MAX], half[TYPED_MAX], whole[TYPED_MAX * 2];
    (void)state;
    for (size_t i = 0; i < KEYS; i++) {
        for (size_t k = 0; k < sizeof other / sizeof *other; k++) {
            press(&keys[i], "400638", half);
            press(&keys[i], "1333931", text);
            (void)snprintf(whole, sizeof whole, "%s%s%s", half, other[k], text);
            is_unknown(whole);
            (void)snprintf(whole, sizeof whole, "%s%s%s", other[k], half, text);
            is_unknown(whole);
            (void)snprintf(whole, sizeof whole, "%s%s%s", half, text, other[k]);
            is_unknown(whole);
        }
    }
}

static void two_layouts_in_one_text_are_not_put_right(void **state)
{
    char one[TYPED_MAX], two[TYPED_MAX], whole[TYPED_MAX * 2];
    (void)state;
    for (size_t i = 0; i < KEYS; i++) {
        for (size_t k = 0; k < KEYS; k++) {
            bool alike = strncmp(keys[i].name, keys[k].name, 2) == 0;
            press(&keys[i], "868686", one); /* no two layouts agree on 6 and 8 */
            press(&keys[k], "868686", two);
            (void)snprintf(whole, sizeof whole, "%s%s", one, two);
            if (i == k) {
                is_product(whole, "00868686868686");
            } else if (!alike) {
                is_unknown(whole);
            }
        }
    }
}

static void caps_lock_may_change_on_the_way(void **state)
{
    (void)state;
    is_product("'àà-\"_&\"\"\"Ç\"&", "04006381333931");
    is_product("'ÀÀ-\"_&\"\"\"ç\"&", "04006381333931");
}

static void long_texts_of_keys_are_unknown(void **state)
{
    static char text[SCAN_MAX + 1];
    (void)state;
    memset(text, '&', SCAN_MAX);
    is_unknown(text);
    memset(text, '+', SCAN_MAX);
    is_unknown(text);
    for (size_t i = 0; i + 1 < SCAN_MAX; i += 2) {
        memcpy(text + i, "é", 2);
    }
    is_unknown(text);
    text[SCAN_MAX - 1] = '\0'; /* cut within a character */
    is_unknown(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_coupon_comes_through_every_layout),
        cmocka_unit_test(an_article_comes_through_every_layout),
        cmocka_unit_test(an_aim_prefix_comes_through_too),
        cmocka_unit_test(what_is_put_right_must_be_a_coupon_or_an_article),
        cmocka_unit_test(partial_damage_is_not_put_right),
        cmocka_unit_test(two_layouts_in_one_text_are_not_put_right),
        cmocka_unit_test(caps_lock_may_change_on_the_way),
        cmocka_unit_test(long_texts_of_keys_are_unknown),
    };
    return cmocka_run_group_tests(tests, sample_make, sample_free);
}
