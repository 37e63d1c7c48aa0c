/*
 * The strict decoder: what it accepts is written back byte for byte, no beginning of it is an item, any
 * well-formed reader accepts it too, and nothing is allocated.
 */
#include "fuzz/mutate.h"
#include "unit/wire/cbor_make.h"
#include "wire/lax.h"

enum { ROOM = 1 << 20 };

static void check_item(struct bytes in)
{
    static uint8_t memory[ROOM];
    struct dec d;
    struct bytes item;
    struct buf out;
    size_t tags = 0;
    buf_over(&out, memory, sizeof memory);
    dec_init(&d, in);
    HOLDS(copy_item(&d, &out, &tags));
    HOLDS(dec_done(&d));
    HOLDS(!out.failed && bytes_equal(buf_view(&out), in));
    dec_init(&d, in);
    HOLDS(dec_item(&d, &item) == 0 && bytes_equal(item, in));
    dec_init(&d, in);
    HOLDS(lax_item(&d, &item) == 0 && bytes_equal(item, in));
    HOLDS(cbor_check(bytes_of(in.p, in.n - 1)) == TP_E_MALFORMED);
}

static void check_lax(struct bytes in)
{
    struct dec d;
    struct bytes item, value;
    int64_t v;
    dec_init(&d, in);
    int rc = lax_item(&d, &item);
    HOLDS(rc == 0 || rc == TP_E_MALFORMED);
    HOLDS(rc == 0 ? item.p == in.p && item.n <= in.n && d.p == in.p + item.n : d.p == in.p);
    if (rc == 0) {
        lax_int(item, &v);
        lax_bytes(item, &value);
        if (lax_find(item, 1, &value) == 0 && value.p) {
            HOLDS(value.p > item.p && value.p + value.n <= item.p + item.n);
        }
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct bytes in = bytes_of(data, size);
    count_allocations();
    int rc = cbor_check(in);
    HOLDS(rc == 0 || rc == TP_E_MALFORMED);
    if (rc == 0) {
        check_item(in);
    }
    check_lax(in);
    HOLDS(allocations() == 0);
    return 0;
}

#ifdef TILLPROOF_FUZZ
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned int seed)
{
    return mutate_cbor(data, size, max_size, 0, seed);
}
#endif
