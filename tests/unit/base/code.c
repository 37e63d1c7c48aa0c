/* Codes: one number, one word, one sentence each; published words stay what they are. */
#include "base/code.h"
#include "support/cm.h"

#include <ctype.h>
#include <string.h>

static const int all[] = {
#define X(name, number, word, sentence) number,
    CODES(X)
#undef X
};
enum { COUNT = sizeof all / sizeof *all };

static void numbers_and_words_are_unique_and_round_trip(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT; i++) {
        const char *word = code_word(all[i]);
        assert_int_equal(code_of_word(word, strlen(word)), all[i]);
        assert_true(strlen(code_sentence(all[i])) > 3);
        for (const char *p = word; *p; p++) {
            assert_true(islower((unsigned char)*p) || *p == '_');
        }
        for (size_t k = i + 1; k < COUNT; k++) {
            assert_int_not_equal(all[i], all[k]);
            assert_string_not_equal(word, code_word(all[k]));
        }
    }
    assert_string_equal(code_word(12345), "unknown");
    assert_int_equal(code_of_word("nonsense", 8), CODE_NONE);
}

static void published_words_keep_their_numbers(void **state)
{
    (void)state;
    static const struct {
        int code;
        const char *word;
    } published[] = {
        {1, "expired"},           {2, "not_yet_valid"},  {3, "min_spend"},      {4, "min_quantity"},
        {5, "no_matching_items"}, {6, "wrong_store"},    {7, "wrong_time"},     {8, "stacking_group"},
        {9, "exclusive"},         {10, "already_used"},  {11, "limit_reached"}, {12, "budget_spent"},
        {13, "revoked"},          {14, "bad_signature"}, {15, "unknown_offer"}, {16, "unknown_coupon"},
        {17, "offline_denied"},   {18, "offline_cap"},   {19, "not_linked"},    {20, "customer_not_eligible"},
        {21, "no_effect"},        {22, "currency"},      {23, "misread"},       {24, "held"},
        {25, "superseded"},       {26, "stale"},         {27, "amount_range"}};
    for (size_t i = 0; i < sizeof published / sizeof *published; i++) {
        assert_string_equal(code_word(published[i].code), published[i].word);
    }
}

static void the_first_error_stays(void **state)
{
    (void)state;
    struct err e = {0};
    assert_int_equal(err_set(&e, TP_EXPIRED, "on %s", "monday"), TP_EXPIRED);
    assert_int_equal(err_code(&e, TP_E_IO), TP_E_IO);
    assert_int_equal(e.code, TP_EXPIRED);
    assert_string_equal(e.text, "on monday");
    assert_int_equal(err_set(NULL, TP_E_IO, "x"), TP_E_IO);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(numbers_and_words_are_unique_and_round_trip),
        cmocka_unit_test(published_words_keep_their_numbers),
        cmocka_unit_test(the_first_error_stays),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
