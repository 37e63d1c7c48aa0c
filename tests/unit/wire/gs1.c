/* GS1 coupons: every field of AI 255, 8110 and 8112 right, each wrong once, and what a coupon is of. */
#include "support/cm.h"

#include "base/code.h"
#include "wire/gs1.h"
#include "wire/schema.h"

#include <stdio.h>

static int read_text(const char *text, struct gs1_coupon *out)
{
    return gs1_coupon_read(bytes_str(text), out);
}

static void is_coupon(const char *text, enum gs1_ai ai, const char *offer, const char *serial)
{
    struct gs1_coupon c;
    if (read_text(text, &c)) {
        fail_msg("not a coupon: %s", text);
    }
    assert_int_equal(c.ai, ai);
    assert_string_equal(c.element, text);
    assert_string_equal(c.offer, offer);
    assert_string_equal(c.serial, serial);
    assert_true(gs1_offer_valid(bytes_str(c.offer)));
}

static void is_misread(const char *text)
{
    struct gs1_coupon c = {.offer = "untouched"};
    if (read_text(text, &c) != TP_MISREAD) {
        fail_msg("not misread: %s", text);
    }
    assert_string_equal(c.offer, "untouched");
}

/* The parts of one element, in order; "" where an optional one is left out. */
struct parts {
    const char *v[24];
    size_t n;
};

static const char *join(const struct parts *p)
{
    static char text[256];
    text[0] = '\0';
    for (size_t i = 0; i < p->n; i++) {
        strncat(text, p->v[i], sizeof text - strlen(text) - 1);
    }
    return text;
}

/* Each of the wrong ones in place of the right one, all else as it was. */
static void each_wrong(const struct parts *good, size_t at, const char *const wrong[])
{
    for (size_t i = 0; wrong[i]; i++) {
        struct parts p = *good;
        p.v[at] = wrong[i];
        is_misread(join(&p));
    }
}

static const struct parts positive = {
    {"8112", "0", "1", "0614141", "654321", "2", "92345678"},
    7,
};

static void a_positive_offer_is_funder_and_code(void **state)
{
    (void)state;
    struct parts p = positive;
    is_coupon(join(&p), GS1_POSITIVE_OFFER, "81120614141654321", "92345678");
    p.v[1] = "1";
    is_coupon(join(&p), GS1_POSITIVE_OFFER, "81120614141654321", "92345678");
    is_coupon("8112001234561234560123456", GS1_POSITIVE_OFFER, "8112123456123456", "123456");
    /* The longest of all: both lengths at their most. */
    is_coupon("8112061234567890126543219123456789012345", GS1_POSITIVE_OFFER, "8112123456789012654321",
              "123456789012345");
}

static void each_field_of_a_positive_offer_is_checked(void **state)
{
    (void)state;
    each_wrong(&positive, 1, (const char *[]){"2", "9", "x", NULL});      /* format */
    each_wrong(&positive, 2, (const char *[]){"0", "3", "7", "9", NULL}); /* funder's VLI */
    each_wrong(&positive, 3, (const char *[]){"061414", "06141412", "061414a", NULL});
    each_wrong(&positive, 4, (const char *[]){"65432", "6543210", "65432 ", "65432-", NULL});
    each_wrong(&positive, 5, (const char *[]){"1", "3", "9", "", NULL}); /* serial's VLI */
    each_wrong(&positive, 6, (const char *[]){"9234567", "923456789", "9234567a", "", NULL});
    /* Cut anywhere, it is none. */
    const char *whole = "8112061234567890126543219123456789012345";
    for (size_t n = 4; n < strlen(whole); n++) {
        struct gs1_coupon c;
        assert_int_equal(gs1_coupon_read(bytes_of(whole, n), &c), TP_MISREAD);
    }
}

/* Where each part of `code` stands. */
enum {
    PREFIX_VLI = 1,
    PREFIX,
    OFFER,
    SAVE_VLI,
    SAVE,
    BUY_VLI,
    BUY,
    BUY_CODE,
    FAMILY,
    SECOND,
    THIRD,
    EXPIRY,
    START,
    SERIAL,
    RETAILER,
    MORE,
    PARTS
};

/* All that fits into 70 digits at once. */
static const struct parts code = {
    {"8110", "0", "614141", "654321", "1", "5", "1", "2", "0", "123", "101100019", "", "3271231", "4260101",
     "50123456", "610614141", "96110"},
    PARTS,
};

static void a_coupon_code_is_prefix_and_code(void **state)
{
    (void)state;
    struct parts p = code;
    is_coupon(join(&p), GS1_COUPON_CODE, "8110614141654321", "123456");
    /* Every optional field may be left out, and all of them. */
    for (size_t at = SECOND; at < PARTS; at++) {
        p = code;
        p.v[at] = "";
        is_coupon(join(&p), GS1_COUPON_CODE, "8110614141654321", at == SERIAL ? "" : "123456");
    }
    is_coupon("8110012345612345611110123", GS1_COUPON_CODE, "8110123456123456", "");
    p = code;
    p.v[SECOND] = "101100010654321"; /* another company's prefix, written out */
    p.v[RETAILER] = "";
    is_coupon(join(&p), GS1_COUPON_CODE, "8110614141654321", "123456");
    p = code;
    p.v[THIRD] = "21100019";
    p.v[RETAILER] = "";
    is_coupon(join(&p), GS1_COUPON_CODE, "8110614141654321", "123456");
    p = code;
    p.v[EXPIRY] = "3280229"; /* a leap year */
    is_coupon(join(&p), GS1_COUPON_CODE, "8110614141654321", "123456");
    p.v[EXPIRY] = "3260101"; /* the day it starts */
    is_coupon(join(&p), GS1_COUPON_CODE, "8110614141654321", "123456");
}

static void each_field_of_a_coupon_code_is_checked(void **state)
{
    (void)state;
    struct parts alone = code;
    alone.n = SECOND;
    is_coupon(join(&alone), GS1_COUPON_CODE, "8110614141654321", "");
    each_wrong(&code, PREFIX_VLI, (const char *[]){"7", "8", "9", "x", NULL});
    each_wrong(&alone, PREFIX_VLI, (const char *[]){"1", "2", "6", NULL});
    each_wrong(&alone, PREFIX, (const char *[]){"61414", "61414a", NULL});
    each_wrong(&alone, OFFER, (const char *[]){"65432", "65432a", NULL});
    each_wrong(&alone, SAVE_VLI, (const char *[]){"0", "6", "9", NULL});
    each_wrong(&alone, SAVE, (const char *[]){"15", "15a", NULL});
    each_wrong(&alone, BUY_VLI, (const char *[]){"0", "6", "9", NULL});
    each_wrong(&alone, BUY, (const char *[]){"", "a", NULL});
    each_wrong(&alone, BUY_CODE, (const char *[]){"5", "6", "7", "8", "", NULL});
    each_wrong(&alone, FAMILY, (const char *[]){"12", "12a", "", "1230", "1237", "1238", NULL});
}

static void each_optional_field_of_a_coupon_code_is_checked(void **state)
{
    (void)state;
    struct parts none = code;
    for (size_t at = SECOND; at < PARTS; at++) {
        none.v[at] = "";
    }
    each_wrong(&none, SECOND,
               (const char *[]){"1", "141100019", "100100019", "106123456000019", "101150019", "1011001",
                                "10110001",
                                "101100017"
                                "1234567890123",
                                "10110001012345", "1011000101234567", NULL});
    each_wrong(&none, THIRD,
               (const char *[]){"2", "20100019", "2612345600019", "21150019", "211001", "2110001",
                                "2110001812345678901234", "2110001012345", "211000101234567", NULL});
    each_wrong(&none, EXPIRY,
               (const char *[]){"3", "327123", "3271301", "3270001", "3270230", "3270229", "3270431",
                                "3270100", "3270132", NULL});
    each_wrong(&none, START, (const char *[]){"4", "426010", "4261301", "4260229", "4260100", NULL});
    each_wrong(&none, SERIAL, (const char *[]){"5", "50", "5012345", "51123456", "501234567", NULL});
    each_wrong(&none, RETAILER, (const char *[]){"6", "60123456", "68123456", "61123456", NULL});
    each_wrong(&none, MORE,
               (const char *[]){"9", "93000", "94000", "97000", "90300", "9000", "90002", "901", NULL});
    /* In their order, each once; an end before the beginning. */
    each_wrong(&none, SECOND, (const char *[]){"501234563271231", "42601014260101", "96110501234567", NULL});
    each_wrong(&none, EXPIRY, (const char *[]){"32601014260102", NULL});
}

static void a_gcn_has_its_check_digit(void **state)
{
    (void)state;
    is_coupon("2559501101530003", GS1_GCN, "2559501101530003", "");
    is_coupon("25595011015300031", GS1_GCN, "2559501101530003", "1");
    is_coupon("2559501101530003000000000042", GS1_GCN, "2559501101530003", "000000000042");
    for (char digit = '0'; digit <= '9'; digit++) {
        char text[] = "255950110153000?1";
        text[15] = digit;
        if (digit != '3') {
            is_misread(text);
        }
    }
    is_misread("255950110153000");               /* no check digit */
    is_misread("2559501101530030");              /* two digits changed places */
    is_misread("25595011015300031234567890123"); /* a serial of 13 digits */
    is_misread("2559501101530003A");
    is_misread("255");
}

static void nothing_else_is_a_coupon(void **state)
{
    (void)state;
    static const char *const others[] = {
        "", "8", "811", "25", "8111", "81", "0109506000134352", "254", "8113", "(8112)001234561234560123456"};
    for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
        struct gs1_coupon c;
        assert_int_equal(read_text(others[i], &c), TP_UNKNOWN_CODE);
    }
    char text[4 + 71 + 1];
    memset(text, '0', sizeof text - 1);
    memcpy(text, "8110", 4);
    text[sizeof text - 1] = '\0';
    is_misread(text); /* more than X..70 */
}

static void what_an_offer_names_is_checked(void **state)
{
    (void)state;
    static const char *const good[] = {"8112123456654321", "8112123456789012654321", "8110061414165432",
                                       "2559501101530003"};
    static const char *const bad[] = {"",
                                      "8112",
                                      "81121234566543",           /* a funder id of 4 */
                                      "811212345678901265432101", /* more than 12 and 6 */
                                      "81121234a6654321",
                                      "8111123456654321",
                                      "2559501101530004", /* check digit */
                                      "255950110153000",
                                      "25595011015300031", /* with a serial */
                                      "(8112)123456654321",
                                      "8112 123456654321"};
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        assert_true(gs1_offer_valid(bytes_str(good[i])));
    }
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        if (gs1_offer_valid(bytes_str(bad[i]))) {
            fail_msg("taken: %s", bad[i]);
        }
    }
}

static void numbers_tell_coupons_apart(void **state)
{
    (void)state;
    static const char *const coupons[] = {
        "8112001234561234560123456",
        "81120012345612345610123456", /* a leading zero of the serial */
        "8112000234561234560123456",
        "81120100234561234560123456",        /* a leading zero of the funder */
        "811001234561234561111012350123456", /* the AI alone */
        "25595011015300031",
        "255950110153000301",
        "8112061234567890126543219123456789012345",
        "8112069999999999999999999999999999999999",
    };
    enum { N = sizeof coupons / sizeof *coupons };
    int64_t offer[N], serial[N];
    struct gs1_coupon c;
    for (size_t i = 0; i < N; i++) {
        assert_int_equal(read_text(coupons[i], &c), 0);
        gs1_numbers(&c, &offer[i], &serial[i]);
        assert_true(offer[i] < 0 && offer[i] > INT64_MIN && serial[i] > 0);
        for (size_t k = 0; k < i; k++) {
            assert_true(offer[k] != offer[i] || serial[k] != serial[i]);
        }
    }
    int64_t a, b;
    assert_int_equal(read_text("2559501101530003", &c), 0);
    gs1_numbers(&c, &a, &b);
    assert_true(a == NONE && b == NONE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_positive_offer_is_funder_and_code),
        cmocka_unit_test(each_field_of_a_positive_offer_is_checked),
        cmocka_unit_test(a_coupon_code_is_prefix_and_code),
        cmocka_unit_test(each_field_of_a_coupon_code_is_checked),
        cmocka_unit_test(each_optional_field_of_a_coupon_code_is_checked),
        cmocka_unit_test(a_gcn_has_its_check_digit),
        cmocka_unit_test(nothing_else_is_a_coupon),
        cmocka_unit_test(what_an_offer_names_is_checked),
        cmocka_unit_test(numbers_tell_coupons_apart),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
