/* The policy that a till goes by: the highest version that it ever heard, with a line or without. */
#include "fake.h"
#include "sale/internal.h"

#define HOUR INT64_C(3600000)

static int setup(void **state)
{
    static struct fake f;
    fake_open(&f);
    *state = &f;
    return 0;
}

static int teardown(void **state)
{
    fake_close(*state);
    return 0;
}

static void publish(struct fake *f, int64_t version, int64_t age_ms, int64_t cap)
{
    struct policy_statement p = {.common = fake_common(f), .terms = f->policy};
    p.terms.version = version;
    p.terms.offline_age_ms = age_ms;
    p.terms.risk_coupon_cap = p.terms.risk_hour_cap = cap;
    pthread_mutex_lock(&f->lock);
    fake_publish(f, KIND_POLICY, &p, &f->merchant, "office");
    pthread_mutex_unlock(&f->lock);
}

static void goes_by(struct till *t, int64_t version, int64_t age_ms, int64_t cap)
{
    till_lock(t);
    struct policy p = t->replica.policy;
    int64_t age = t->time.age_ms;
    till_unlock(t);
    assert_int_equal(p.version, version);
    assert_int_equal(p.risk_coupon_cap, cap);
    assert_int_equal(age, age_ms);
}

static void sync_now(struct till *t)
{
    struct err e = {0};
    if (till_sync_now(t, FAKE_WAIT, &e)) {
        fail_msg("%s", e.text);
    }
}

static void a_newer_policy_is_taken_and_kept_without_a_line(void **state)
{
    struct fake *f = *state;
    struct till *t = fake_till(f);
    publish(f, 2, HOUR, 300);
    goes_by(t, 1, 24 * HOUR, 0);
    sync_now(t);
    goes_by(t, 2, HOUR, 300);
    publish(f, 3, HOUR / 2, 100);
    fake_mode(f, DOWN, KIND_COUNT);
    till_close(t, 0);
    t = fake_till(f); /* it could not hear of the third */
    goes_by(t, 2, HOUR, 300);
    fake_mode(f, GOOD, KIND_COUNT);
    sync_now(t);
    goes_by(t, 3, HOUR / 2, 100);
    fake_mode(f, DOWN, KIND_COUNT);
    till_close(t, 0);
    t = fake_till(f); /* the line is lost again: nothing of what it had before comes back */
    goes_by(t, 3, HOUR / 2, 100);
    till_close(t, 0);
}

/* Also when it is signed by the right key and listed by the authority. */
static void an_older_policy_never_comes_back(void **state)
{
    struct fake *f = *state;
    struct till *t = fake_till(f);
    publish(f, 3, HOUR, 100);
    sync_now(t);
    publish(f, 2, 48 * HOUR, 9000);
    publish(f, 3, 48 * HOUR, 9000); /* another third */
    sync_now(t);
    goes_by(t, 3, HOUR, 100);
    till_close(t, 0);
    t = fake_till(f);
    goes_by(t, 3, HOUR, 100);
    till_close(t, 0);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        T(a_newer_policy_is_taken_and_kept_without_a_line),
        T(an_older_policy_never_comes_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
