/*
 * COSE of other systems and of the profile. First byte 0: a COSE_Sign1; else a COSE_Key. What the profile
 * takes the generic reader takes too, and means the same.
 */
#include "fuzz/fuzz.h"
#include "wire/cbor.h"
#include "wire/cose.h"

static bool within(struct bytes view, struct bytes in)
{
    return view.n == 0 || (view.p >= in.p && view.p + view.n <= in.p + in.n);
}

static void check_views(const struct cose_sign1 *s, struct bytes in)
{
    HOLDS(within(s->protected_map, in) && within(s->unprotected, in) && within(s->payload, in));
}

static void check_same(const struct cose_sign1 *a, const struct cose_sign1 *b)
{
    /* h'a0' is signed as h'' by others (RFC 9052, section 3). */
    bool empty = a->protected_map.n == 1 && b->protected_map.n == 0;
    HOLDS(empty || bytes_equal(a->protected_map, b->protected_map));
    HOLDS(bytes_equal(a->unprotected, b->unprotected) && bytes_equal(a->payload, b->payload));
    HOLDS(memcmp(a->signature, b->signature, SIGNATURE_SIZE) == 0 && a->tagged && b->tagged);
}

static void check_sign1(struct bytes in)
{
    struct cose_sign1 strict, lax;
    struct bytes kid = {0};
    int64_t alg = 0;
    count_allocations();
    int s = cose_sign1_parse(in, true, &strict), l = cose_sign1_parse(in, false, &lax);
    HOLDS((s == 0 || s == TP_E_MALFORMED) && (l == 0 || l == TP_E_MALFORMED));
    HOLDS(s != 0 || l == 0);
    if (s == 0) {
        check_views(&strict, in);
        check_same(&strict, &lax);
    }
    if (l == 0) {
        check_views(&lax, in);
        int rc = cose_header(&lax, &alg, &kid);
        HOLDS(rc == 0 || rc == TP_E_MALFORMED || rc == TP_UNSUPPORTED);
        HOLDS(rc != 0 || within(kid, in));
    }
    HOLDS(allocations() == 0);
}

static void check_key(struct bytes in)
{
    uint8_t memory[128];
    struct cose_key strict = {0}, any = {0};
    struct buf again;
    int s = cose_key_decode(in, &strict), a = cose_key_decode_any(in, &any);
    HOLDS((s == 0 || s == TP_E_MALFORMED) && (a == 0 || a == TP_E_MALFORMED));
    HOLDS(s != 0 || a == 0);
    if (s == 0) {
        buf_over(&again, memory, sizeof memory);
        cose_key_encode(&strict, &again);
        HOLDS(bytes_equal(buf_view(&again), in));
        HOLDS(memcmp(strict.thumbprint, any.thumbprint, HASH_SIZE) == 0);
    }
    HOLDS(!strict.can_sign && !any.can_sign);
    cose_key_free(&strict);
    cose_key_free(&any);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct feed f = feed_of(data, size);
    bool key = feed_u8(&f);
    struct bytes in = feed_rest(&f);
    if (key) {
        check_key(in);
    } else {
        check_sign1(in);
    }
    return 0;
}
