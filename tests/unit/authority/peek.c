/* What is told of a message before it is checked is what its statements say; and nothing of anything else. */
#include "support/cm.h"
#include "support/world.h"
#include "wire/peek.h"

struct scene {
    struct world w;
    struct buf message;
};

static int setup(void **state)
{
    struct scene *c = test_calloc(1, sizeof *c);
    world_open(&c->w, 2);
    buf_init(&c->message, MESSAGE_MAX);
    struct world_sale s = world_sale(&c->w, 1000), t = world_sale(&c->w, 1000);
    s.pickups[0] = bytes_str("123456789");
    s.pickups[1] = bytes_str("987654321");
    s.pickup_count = 2;
    world_hold_message(&c->w, &c->w.tills[0], &s, &c->message);
    world_hold_message(&c->w, &c->w.tills[1], &t, &c->message);
    world_commit_message(&c->w, &c->w.tills[1], &t, &c->message, NULL);
    *state = c;
    return 0;
}

static int teardown(void **state)
{
    struct scene *c = *state;
    buf_free(&c->message);
    world_close(&c->w);
    test_free(c);
    return 0;
}

static void a_message_is_what_it_says(void **state)
{
    struct scene *c = *state;
    struct peek p;
    message_peek(buf_view(&c->message), &p);
    assert_int_equal(p.items, 3);
    assert_int_equal(p.kinds[KIND_HOLD], 2);
    assert_int_equal(p.kinds[KIND_COMMIT], 1);
    assert_int_equal(p.codes, 2);
    assert_memory_equal(p.kid, c->w.tills[0].key.kid, KID_SIZE);
}

/* Cut anywhere, it is the items before; the same reader in whatever it is given. */
static void a_message_that_is_cut(void **state)
{
    struct scene *c = *state;
    struct peek whole, p;
    size_t before = 0;
    message_peek(buf_view(&c->message), &whole);
    for (size_t n = 0; n < c->message.n; n++) {
        uint8_t *copy = test_malloc(n ? n : 1); /* at its end the sanitizer watches */
        memcpy(copy, c->message.p, n);
        message_peek(bytes_of(copy, n), &p);
        assert_true(p.items >= before && p.items < whole.items);
        assert_true(p.codes <= whole.codes);
        before = p.items;
        test_free(copy);
    }
    assert_int_equal(before, 2);
}

static void what_is_no_statement(void **state)
{
    static const char *const other[] = {"",
                                        "\x80",
                                        "\x84\xd2",
                                        "\xf6",
                                        "\xd2\x84\x40\xa0\x40\x40",
                                        "\xff\xff",
                                        "\x9b\xff\xff\xff\xff\xff\xff\xff\xff",
                                        "\xd2\x84"};
    struct peek p;
    (void)state;
    for (size_t i = 0; i < sizeof other / sizeof *other; i++) {
        message_peek(bytes_str(other[i]), &p);
        assert_int_equal(p.items, 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_message_is_what_it_says, setup, teardown),
        cmocka_unit_test_setup_teardown(a_message_that_is_cut, setup, teardown),
        cmocka_unit_test(what_is_no_statement),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
