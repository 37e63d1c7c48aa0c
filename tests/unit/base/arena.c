/* An arena gives zeroed, aligned memory up to its maximum. */
#include "base/arena.h"
#include "support/cm.h"

#include <stdalign.h>

static void it_ends_at_its_maximum_and_can_be_used_again(void **state)
{
    (void)state;
    struct arena a;
    size_t got = 0;
    arena_init(&a, 100000);
    while (arena_take(&a, 100, 10)) {
        got += 1000;
    }
    assert_in_range(got, 80000, 100000);
    assert_null(arena_take(&a, 100000, 1));
    arena_reset(&a);
    assert_non_null(arena_take(&a, 90000, 1));
    assert_null(arena_take(&a, 90000, 1));
    arena_reset(&a);
}

static void what_it_gives_is_zeroed_and_aligned(void **state)
{
    (void)state;
    struct arena a;
    arena_init(&a, 1 << 20);
    for (int round = 0; round < 3; round++) {
        for (size_t size = 1; size < 200; size += 7) {
            uint8_t *p = arena_take(&a, size, 1);
            assert_non_null(p);
            assert_int_equal((uintptr_t)p % alignof(max_align_t), 0);
            for (size_t i = 0; i < size; i++) {
                assert_int_equal(p[i], 0);
            }
            memset(p, 0xFF, size);
        }
        arena_reset(&a);
    }
}

static void sizes_that_wrap_are_refused(void **state)
{
    (void)state;
    struct arena a;
    arena_init(&a, 1 << 20);
    assert_null(arena_take(&a, SIZE_MAX / 2, 3));
    assert_null(arena_take(&a, SIZE_MAX, 1));
    assert_non_null(arena_take(&a, 8, 0));
    arena_reset(&a);
}

static void over_borrowed_memory_it_allocates_nothing(void **state)
{
    (void)state;
    char memory[256];
    struct arena a;
    arena_over(&a, memory, sizeof memory);
    char *p = arena_take(&a, 1, 100);
    assert_true(p >= memory && p + 100 <= memory + sizeof memory);
    assert_null(arena_take(&a, 1, 200));
    struct bytes copy = arena_copy(&a, bytes_str("abc"));
    assert_true(bytes_is(copy, "abc"));
    assert_null(arena_copy(&a, bytes_of(memory, 250)).p);
    assert_null(arena_copy(&a, (struct bytes){0}).p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_ends_at_its_maximum_and_can_be_used_again),
        cmocka_unit_test(what_it_gives_is_zeroed_and_aligned),
        cmocka_unit_test(sizes_that_wrap_are_refused),
        cmocka_unit_test(over_borrowed_memory_it_allocates_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
