/* Structs cross the border by their size; what fails leaves a sentence on its own thread. */
#include "support/cm.h"

#include "api/internal.h"

#include <pthread.h>
#include <string.h>

struct sample {
    uint32_t size;
    uint32_t a;
    uint64_t b, later;
};
enum { SAMPLE_FIRST = 16 };

static void a_result_is_filled_as_far_as_both_know(void **state)
{
    const struct sample from = {.size = 77, .a = 1, .b = 2, .later = 3};
    struct sample to = {.size = SAMPLE_FIRST, .later = 9};
    (void)state;
    assert_int_equal(api_out_check(&to, SAMPLE_FIRST), 0);
    api_out(&to, &from, sizeof from);
    assert_int_equal(to.size, SAMPLE_FIRST);
    assert_int_equal(to.a, 1);
    assert_int_equal(to.b, 2);
    assert_int_equal(to.later, 9);
    to.size = SAMPLE_FIRST - 1;
    assert_int_equal(api_out_check(&to, SAMPLE_FIRST), TILLPROOF_E_ARGUMENT);
    to.size = UINT32_MAX;
    assert_int_equal(api_out_check(&to, SAMPLE_FIRST), TILLPROOF_E_ARGUMENT);
    assert_int_equal(api_out_check(NULL, SAMPLE_FIRST), TILLPROOF_E_ARGUMENT);
}

static void an_older_input_is_zero_beyond_its_end(void **state)
{
    struct sample from = {.size = SAMPLE_FIRST, .a = 1, .b = 2, .later = 3}, to;
    (void)state;
    memset(&to, 0xFF, sizeof to);
    assert_int_equal(api_in(&to, sizeof to, SAMPLE_FIRST, &from), 0);
    assert_int_equal(to.b, 2);
    assert_int_equal(to.later, 0);
    from.size = 8;
    assert_int_equal(api_in(&to, sizeof to, SAMPLE_FIRST, &from), TILLPROOF_E_ARGUMENT);
}

static void a_newer_input_may_ask_for_nothing_unknown(void **state)
{
    struct {
        struct sample known;
        uint64_t unknown;
    } from = {.known = {.size = sizeof from, .b = 2}};
    struct sample to;
    (void)state;
    assert_int_equal(api_in(&to, sizeof to, SAMPLE_FIRST, &from), 0);
    assert_int_equal(to.b, 2);
    from.unknown = UINT64_C(1) << 63;
    assert_int_equal(api_in(&to, sizeof to, SAMPLE_FIRST, &from), TILLPROOF_E_ARGUMENT);
}

static void items_of_an_array_have_one_size(void **state)
{
    struct sample item = {.size = sizeof item};
    (void)state;
    assert_int_equal(api_item(&item, sizeof item), 0);
    assert_int_equal(api_item(&item, sizeof item + 8), TILLPROOF_E_ARGUMENT);
    item.size = 20; /* the next item would not be aligned */
    assert_int_equal(api_item(&item, 20), TILLPROOF_E_ARGUMENT);
}

static void a_text_ends_within_its_member(void **state)
{
    char text[8] = "abc";
    struct bytes out = {0};
    (void)state;
    assert_int_equal(api_text(text, sizeof text, "a text", &out), 0);
    assert_int_equal(out.n, 3);
    memset(text, 'x', sizeof text);
    assert_int_equal(api_text(text, sizeof text, "a text", &out), TILLPROOF_E_ARGUMENT);
    memcpy(text, "\xC3\x28", 3);
    assert_int_equal(api_text(text, sizeof text, "a text", &out), TILLPROOF_E_ARGUMENT);
    assert_int_equal(api_text(NULL, sizeof text, "a text", &out), TILLPROOF_E_ARGUMENT);
}

static void an_outcome_never_leaves_as_a_return_value(void **state)
{
    const struct err e = {.code = TP_BAD_VALUE, .text = "shop.ini is damaged"};
    (void)state;
    assert_int_equal(api_fail(TP_BAD_VALUE, &e), TILLPROOF_E_CORRUPT);
    assert_true(api_fail(TP_OFFLINE, NULL) < 0);
    assert_int_equal(api_fail(TP_E_IO, NULL), TILLPROOF_E_IO);
}

static void *other_thread(void *arg)
{
    char text[8] = "x";
    uint32_t length = sizeof text;
    *(bool *)arg = tillproof_reason(text, &length) == 0 && length == 1 && text[0] == 0;
    return NULL;
}

static void a_reason_belongs_to_its_thread(void **state)
{
    pthread_t thread;
    char text[256];
    uint32_t length = 0;
    bool empty = false;
    (void)state;
    assert_int_equal(api_argument("one thing is wrong"), TILLPROOF_E_ARGUMENT);
    assert_int_equal(tillproof_reason(NULL, &length), 0);
    assert_int_equal(length, sizeof "one thing is wrong");
    length--;
    assert_int_equal(tillproof_reason(text, &length), TILLPROOF_E_MEMORY);
    assert_int_equal(tillproof_reason(text, &length), 0);
    assert_string_equal(text, "one thing is wrong");
    assert_int_equal(pthread_create(&thread, NULL, other_thread, &empty), 0);
    pthread_join(thread, NULL);
    assert_true(empty);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_result_is_filled_as_far_as_both_know),
        cmocka_unit_test(an_older_input_is_zero_beyond_its_end),
        cmocka_unit_test(a_newer_input_may_ask_for_nothing_unknown),
        cmocka_unit_test(items_of_an_array_have_one_size),
        cmocka_unit_test(a_text_ends_within_its_member),
        cmocka_unit_test(an_outcome_never_leaves_as_a_return_value),
        cmocka_unit_test(a_reason_belongs_to_its_thread),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
