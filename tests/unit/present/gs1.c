/* GS1 coupons as scanners, keyboards and links bring them. */
#include "sample.h"

#define POSITIVE "8112001234561234560123456"
#define CODE     "811001234561234561111012350654321"
#define GCN      "25595011015300037"

/* The same as a scan and as typed. */
static void is_gs1(const char *text, const char *element)
{
    struct presented out;
    for (int typed = 0; typed < 2; typed++) {
        if (read_bytes(text, strlen(text), typed, &out) || out.kind != PRESENTED_GS1) {
            fail_msg("not a GS1 coupon: %s", text);
        }
        assert_string_equal(out.gs1.element, element);
    }
}

static void is_misread(const char *text)
{
    struct presented out;
    if (scan_text(text, &out) != TP_MISREAD || type_text(text, &out) != TP_MISREAD) {
        fail_msg("not misread: %s", text);
    }
}

static void a_symbol_may_carry_it_alone(void **state)
{
    (void)state;
    static const char *const aims[] = {"]e0", "]C1", "]d2", "]Q3", "]E0", "]c1", "]D2", "]q3", "\x1d", ""};
    static const char *const elements[] = {POSITIVE, CODE, GCN};
    for (size_t i = 0; i < sizeof aims / sizeof *aims; i++) {
        for (size_t k = 0; k < 3; k++) {
            char text[128];
            snprintf(text, sizeof text, "%s%s", aims[i], elements[k]);
            is_gs1(text, elements[k]);
            snprintf(text, sizeof text, "  %s%s\r\n", aims[i], elements[k]);
            is_gs1(text, elements[k]);
        }
    }
    is_gs1("]e0\x1d" POSITIVE "\x1d", POSITIVE);
}

static void a_symbol_may_carry_it_among_others(void **state)
{
    (void)state;
    /* A predefined length needs no separator after it; all others do, but the last. */
    is_gs1("]e00109506000134352" POSITIVE, POSITIVE);
    is_gs1("]e00109506000134352\x1d" POSITIVE "\x1d"
           "10LOT",
           POSITIVE);
    is_gs1("]Q317271231" GCN "\x1d"
           "3940025",
           GCN);
    is_gs1("]Q3" GCN "\x1d"
           "81110050",
           GCN);
    is_gs1("]e010LOT(A)\x1d" CODE, CODE);
    is_gs1("10LOT\x1d" CODE, CODE);
    is_gs1("]C14109506000134352" CODE, CODE);
    is_gs1("]e0" POSITIVE "\x1d" POSITIVE, POSITIVE);
}

static void a_wrong_symbol_is_misread(void **state)
{
    (void)state;
    is_misread("]e0" POSITIVE "7");
    is_misread("]e0811200123456123456012345");
    is_misread("]e0" POSITIVE "10LOT"); /* the separator is missing */
    is_misread("]e0" POSITIVE "\x1d" CODE);
    is_misread("]e0" POSITIVE "\x1d"
               "8112001234561234560123457");
    is_misread("]e0" POSITIVE "\x1dx");
    is_misread("]e0" POSITIVE "\x1d"
               "01095060001");
    is_misread("]Q3255950110153000"
               "47"); /* check digit */
    is_misread("8112001234561234560123 4567");
    /* What the dictionary never pairs with a GCN. */
    is_misread("]Q30109506000134352" GCN);
    is_misread("]Q3" GCN "\x1d"
               "0209506000134352");
    is_misread("]Q34159506000134352" GCN);
    is_misread("]Q3" GCN "\x1d"
               "8020ABC");
    is_misread("]Q3" GCN "\x1d"
               "800609506000134352"
               "0102");
    is_misread("]Q3" GCN "\x1d"
               "802609506000134352"
               "0102");
}

static void brackets_are_for_people(void **state)
{
    (void)state;
    is_gs1("(8112)001234561234560123456", POSITIVE);
    is_gs1("(8112) 0012 3456 1234 5601 23456", POSITIVE);
    is_gs1("(01)09506000134352(8110)01234561234561111012350654321", CODE);
    is_gs1("(255)95011015300037(3900)100", GCN);
    is_misread("(8112)00123456123456012345");
    is_misread("(8112)");
    is_misread("(8112)0012345612345601234a6");
    is_misread("(255)95011015300047");
    is_misread("(255)95011015300037(01)09506000134352");
    is_misread("(8112)001234561234560123456(8110)012345612345611110123");
    is_misread("(8112)0012345612345601234561111111111111111111111111111111111111111111111111111111111111111");
    is_unknown("(81)12001234561234560123456");
    is_unknown("(8112 001234561234560123456");
    is_unknown("(01)09506000134352");
    is_unknown("(25)595011015300037");
}

static void links_are_read_and_not_opened(void **state)
{
    (void)state;
    is_gs1("https://id.gs1.org/255/95011015300037", GCN);
    is_gs1("HTTPS://ID.GS1.ORG/255/95011015300037?17=271231", GCN);
    is_gs1("http://shop.example/promo/255/95011015300037#top", GCN);
    is_gs1("https://id.gs1.org/01/09506000134352?8112=001234561234560123456", POSITIVE);
    is_gs1("https://id.gs1.org/01/09506000134352?17=271231&8110=01234561234561111012350654321&x=1", CODE);
    is_gs1("https://id.gs1.org/414/9506000134352;8112=1?8112=001234561234560123456", POSITIVE);
    is_misread("https://id.gs1.org/255/95011015300047");
    is_misread("https://id.gs1.org/255/9501101530003"
               "0123456789012");
    is_misread("https://id.gs1.org/01/09506000134352?8112=00123456123456012345");
    is_misread("https://id.gs1.org/255/95011015300037?01=09506000134352");
    is_misread("https://id.gs1.org/255/95011015300037?8112=001234561234560123456");
    is_product("https://id.gs1.org/01/09506000134352?17=271231", "09506000134352");
    /* No key of a thing, and so no Digital Link; a GCN is no attribute; a path that goes on. */
    is_unknown("https://id.gs1.org/?8112=001234561234560123456");
    is_unknown("https://id.gs1.org/8112/001234561234560123456");
    is_unknown("https://shop.example/255/blue");
    is_unknown("https://shop.example/255/95011015300037/more");
    is_unknown("https://shop.example/x?255=95011015300037");
    is_unknown("https://shop.example/#/255/95011015300037");
}

static void articles_stay_articles(void **state)
{
    (void)state;
    struct presented out;
    is_product("2551234567893", "02551234567893");
    is_product("]E02551234567893", "02551234567893");
    is_product("]e00109506000134352", "09506000134352");
    assert_int_equal(scan_text("]E02551234567895", &out), TP_MISREAD);
    is_unknown("2559501101530004712"); /* three digits do not make a GCN of a number without a prefix */
    is_misread("811200123456123456");  /* four do, of one that is too long for an article */
    /* The shop's own numbers come first. */
    assert_int_equal(scan_text("26" POSITIVE, &out), 0);
    assert_int_equal(out.kind, PRESENTED_LOYALTY);
}

static void another_keyboard_layout_may_have_typed_it(void **state)
{
    (void)state;
    struct presented out;
    char text[64] = "";
    for (const char *p = POSITIVE; *p; p++) {
        strncat(text, &")!@#$%^&*("[*p - '0'], 1);
    }
    assert_int_equal(scan_text(text, &out), 0);
    assert_int_equal(out.kind, PRESENTED_GS1);
    assert_string_equal(out.gs1.element, POSITIVE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_symbol_may_carry_it_alone),
        cmocka_unit_test(a_symbol_may_carry_it_among_others),
        cmocka_unit_test(a_wrong_symbol_is_misread),
        cmocka_unit_test(brackets_are_for_people),
        cmocka_unit_test(links_are_read_and_not_opened),
        cmocka_unit_test(articles_stay_articles),
        cmocka_unit_test(another_keyboard_layout_may_have_typed_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
