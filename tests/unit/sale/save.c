/* A saved sale goes on where it was, and is nobody else's. */
#include "fake.h"

#include <stdlib.h>
#include <string.h>

static int setup(void **state)
{
    struct fake *f = calloc(1, sizeof *f);
    fake_open(f);
    *state = f;
    return 0;
}

static int teardown(void **state)
{
    fake_close(*state);
    free(*state);
    return 0;
}

static struct buf saved(struct till *t, int64_t sale)
{
    struct buf out;
    struct err e = {0};
    buf_init(&out, 65536);
    if (till_sale_save(t, sale, &out, &e)) {
        fail_msg("%s", e.text);
    }
    return out;
}

static struct sale_info info(struct till *t, int64_t sale)
{
    struct sale_info i;
    assert_int_equal(till_sale_info(t, sale, &i, NULL), 0);
    return i;
}

static void a_saved_sale_keeps_its_identity_and_grows_its_revision(void **state)
{
    struct fake *f = *state;
    struct till *t = fake_till(f);
    struct presentation_info p;
    struct err e = {0};
    int64_t sale = fake_sale(t, "A-1"), again = 0;
    fake_lines(t, sale);
    assert_int_equal(fake_present(f, t, sale, 0, 3), 0);
    assert_int_equal(till_present(t, sale, PRESENT_CARD_TOKEN, bytes_str("tok-7"), &p, &e), 0);
    assert_int_equal(fake_hold(t, sale).outcome, TP_BINDING);
    struct sale_info before = info(t, sale);
    struct buf b = saved(t, sale);
    assert_int_equal(fake_quote(t, sale).outcome, TP_BINDING); /* saving changes nothing */
    assert_null(memmem(b.p, b.n, "tok-7", 5));
    assert_int_equal(till_sale_forget(t, sale, &e), 0);
    assert_int_equal(till_sale_load(t, buf_view(&b), &again, &e), 0);
    assert_int_not_equal(again, sale);
    struct sale_info after = info(t, again);
    assert_memory_equal(after.uuid, before.uuid, ID_SIZE);
    assert_string_equal(after.reference, "A-1");
    assert_int_equal(after.lines, 1);
    assert_int_equal(after.presentations, 2);
    assert_int_equal(fake_quote(t, again).due, 2338);
    struct quote_info q = fake_hold(t, again);
    assert_int_equal(q.outcome, TP_BINDING);
    assert_int_equal(q.due, 2338);
    fake_await(f, KIND_RELEASE, 1);
    assert_true(f->last_rev > f->released_rev);
    assert_true(fake_commit(t, again).binding);
    buf_free(&b);
    assert_int_equal(till_close(t, FAKE_WAIT), 0);
}

static int scan(struct till *t, int64_t sale, const char *text)
{
    struct presentation_info p;
    struct err e = {0};
    assert_int_equal(till_present(t, sale, PRESENT_SCAN, bytes_str(text), &p, &e), 0);
    return p.outcome;
}

/* The offer that stands for it is found by its GS1 code, and the coupon goes with the sale. */
static void a_gs1_coupon_is_saved_and_held_like_any_other(void **state)
{
    static const char element[] = "8112001234561234560000001";
    struct fake *f = *state;
    struct offer_statement newer = {fake_common(f), f->offers[0]};
    struct err e = {0};
    newer.terms.version = 2;
    newer.terms.gs1 = bytes_str("8112123456123456");
    fake_publish(f, KIND_OFFER, &newer, &f->merchant, "office");
    struct till *t = fake_till(f);
    int64_t sale = fake_sale(t, "A-1"), again = 0;
    fake_lines(t, sale);
    assert_int_equal(scan(t, sale, "]e08112001234561234570000001"), TP_UNKNOWN_OFFER);
    assert_int_equal(scan(t, sale, "]e0811200123456123456000000"), TP_MISREAD);
    assert_int_equal(fake_quote(t, sale).due, 2598);
    assert_int_equal(scan(t, sale, "]e08112001234561234560000001"), 0);
    assert_int_equal(scan(t, sale, "(8112)001234561234560000002"), TP_DUPLICATE);
    assert_int_equal(fake_quote(t, sale).due, 2338);
    struct buf b = saved(t, sale);
    assert_int_equal(till_sale_forget(t, sale, &e), 0);
    assert_int_equal(till_sale_load(t, buf_view(&b), &again, &e), 0);
    assert_int_equal(info(t, again).presentations, 1);
    assert_int_equal(fake_quote(t, again).due, 2338);
    assert_int_equal(scan(t, again, "(8112)001234561234560000001"), TP_DUPLICATE);
    buf_reset(&f->seen);
    fake_hold(t, again);
    assert_non_null(memmem(f->seen.p, f->seen.n, element, sizeof element - 1));
    assert_int_equal(f->coupons_asked, 0);
    buf_free(&b);
    assert_int_equal(till_close(t, FAKE_WAIT), 0);
}

static void loading_twice_is_loading_once(void **state)
{
    struct fake *f = *state;
    struct till *t = fake_till(f);
    int64_t sale = fake_sale(t, "A-1"), one = 0, two = 0;
    fake_lines(t, sale);
    assert_int_equal(fake_present(f, t, sale, 0, 3), 0);
    struct buf b = saved(t, sale);
    assert_int_equal(till_sale_load(t, buf_view(&b), &one, NULL), 0);
    assert_int_equal(one, sale);
    assert_int_equal(till_lines_set(t, one, NULL, 0, NULL), 0);
    assert_int_equal(till_sale_load(t, buf_view(&b), &two, NULL), 0);
    assert_int_equal(two, sale);
    assert_int_equal(info(t, two).presentations, 1);
    assert_int_equal(fake_quote(t, two).due, 2338);
    fake_commit(t, two);
    assert_int_equal(till_sale_load(t, buf_view(&b), &two, NULL), 0); /* it is as it is */
    assert_int_equal(info(t, two).state, TP_COMMITTED);
    buf_free(&b);
    till_close(t, 0);
}

static void what_was_changed_is_refused_whole(void **state)
{
    struct fake *f = *state;
    struct till *t = fake_till(f);
    struct err e = {0};
    int64_t sale = fake_sale(t, "A-1"), id = 77;
    fake_lines(t, sale);
    struct buf b = saved(t, sale);
    assert_int_equal(till_sale_forget(t, sale, &e), 0);
    for (size_t i = 0; i < b.n; i++) {
        b.p[i] ^= 1;
        assert_int_equal(till_sale_load(t, buf_view(&b), &id, NULL), TP_E_UNTRUSTED);
        b.p[i] ^= 1;
    }
    for (size_t n = HASH_SIZE + 1; n < b.n; n++) {
        assert_int_equal(till_sale_load(t, bytes_of(b.p, n), &id, NULL), TP_E_UNTRUSTED);
    }
    assert_int_equal(till_sale_load(t, bytes_of(b.p, HASH_SIZE), &id, NULL), TP_E_MALFORMED);
    assert_int_equal(id, 77);
    assert_int_equal(till_sale_find(t, bytes_str("A-1"), &id, NULL), 0);
    assert_int_equal(id, 0);
    buf_free(&b);
    till_close(t, 0);
}

static void another_sale_with_its_reference_stays(void **state)
{
    struct fake *f = *state;
    struct till *t = fake_till(f);
    int64_t sale = fake_sale(t, "A-1"), id = 0;
    fake_lines(t, sale);
    struct buf b = saved(t, sale);
    assert_int_equal(till_sale_forget(t, sale, NULL), 0);
    int64_t other = fake_sale(t, "A-1");
    assert_int_equal(till_sale_load(t, buf_view(&b), &id, NULL), TP_E_EXISTS);
    assert_int_equal(info(t, other).lines, 0);
    buf_free(&b);
    till_close(t, 0);
}

static void only_an_open_sale_is_saved(void **state)
{
    struct fake *f = *state;
    struct till *t = fake_till(f);
    struct buf b;
    int64_t sale = fake_sale(t, "A-1"), training = 0;
    buf_init(&b, 65536);
    fake_lines(t, sale);
    fake_commit(t, sale);
    assert_int_equal(till_sale_save(t, sale, &b, NULL), TP_E_STATE);
    assert_int_equal(till_sale_begin(t, bytes_str("T"), bytes_str("EUR"), true, &training, NULL), 0);
    assert_int_equal(till_sale_save(t, training, &b, NULL), TP_E_STATE);
    assert_int_equal(till_sale_save(t, 999, &b, NULL), TP_E_ARGUMENT);
    assert_int_equal(b.n, 0);
    buf_free(&b);
    till_close(t, 0);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        T(a_saved_sale_keeps_its_identity_and_grows_its_revision),
        T(a_gs1_coupon_is_saved_and_held_like_any_other),
        T(loading_twice_is_loading_once),
        T(what_was_changed_is_refused_whole),
        T(another_sale_with_its_reference_stays),
        T(only_an_open_sale_is_saved),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
