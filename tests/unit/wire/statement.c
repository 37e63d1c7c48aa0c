/* The envelope: every kind is signed, read back and checked; nothing in it can be changed, cut or added. */
#include "sample.h"

#include "wire/cbor.h"
#include "wire/hash.h"

static struct cose_key key;
static uint8_t arena_memory[256 * 1024];

static int make_key(void **state)
{
    (void)state;
    return cose_key_generate(ALG_ESP256, &key);
}

static int free_key(void **state)
{
    (void)state;
    cose_key_free(&key);
    return 0;
}

static int parse(struct bytes raw, struct statement *s, struct err *e)
{
    struct arena a;
    arena_over(&a, arena_memory, sizeof arena_memory);
    return statement_parse(raw, &a, s, e);
}

static void sign_sample(enum kind kind, struct buf *out, uint8_t d[HASH_SIZE])
{
    union payload p;
    struct err e = {0};
    sample(kind, &p);
    buf_reset(out);
    if (statement_sign(kind, &p, bytes_str("signer"), &key, out, d, &e)) {
        fail_msg("%s: %s", kinds[kind].name, e.text);
    }
}

static void every_kind_is_signed_read_and_checked(void **state)
{
    (void)state;
    struct buf out, again;
    buf_init(&out, ENVELOPE_MAX);
    buf_init(&again, STATEMENT_MAX);
    for (int kind = 0; kind < KIND_COUNT; kind++) {
        struct statement s;
        struct err e = {0};
        uint8_t d[HASH_SIZE];
        sign_sample((enum kind)kind, &out, d);
        assert_int_equal(cbor_check(buf_view(&out)), 0);
        if (parse(buf_view(&out), &s, &e)) {
            fail_msg("%s: %s", kinds[kind].name, e.text);
        }
        assert_int_equal(s.kind, kind);
        assert_true(bytes_is(s.iss, "signer"));
        assert_memory_equal(s.kid, key.kid, KID_SIZE);
        assert_memory_equal(s.d, d, HASH_SIZE);
        assert_int_equal(statement_verify(&s, &key), 0);
        assert_true(bytes_equal(s.raw, buf_view(&out)));
        buf_reset(&again);
        assert_int_equal(schema_encode(kinds[kind].schema, &s.payload, &again, &e), 0);
        assert_true(bytes_equal(buf_view(&again), s.sign1.payload));
    }
    buf_free(&out);
    buf_free(&again);
}

static void the_subject_is_the_id_in_lower_hex(void **state)
{
    (void)state;
    static const char *const subjects[KIND_COUNT] = {
        [KIND_OFFER] = "ab01000000000000",
        [KIND_BATCH] = "01020304",
        [KIND_LEASE] = "ab01000000000000",
        [KIND_HOLD] = "5a000000000000000000000000000000",
        [KIND_RELEASE] = "5a000000000000000000000000000000",
        [KIND_GRANT] = "5a000000000000000000000000000000",
        [KIND_COMMIT] = "5a000000000000000000000000000000",
        [KIND_REVERSE] = "5b000000000000000000000000000000",
    };
    struct buf out;
    buf_init(&out, ENVELOPE_MAX);
    for (int kind = 0; kind < KIND_COUNT; kind++) {
        struct statement s;
        sign_sample((enum kind)kind, &out, NULL);
        assert_int_equal(parse(buf_view(&out), &s, NULL), 0);
        assert_int_equal(s.sub.p == NULL, subjects[kind] == NULL);
        assert_true(!subjects[kind] || bytes_is(s.sub, subjects[kind]));
    }
    buf_free(&out);
}

static void one_changed_bit_is_refused_or_found_out(void **state)
{
    (void)state;
    struct buf out;
    buf_init(&out, ENVELOPE_MAX);
    for (int kind = 0; kind < KIND_COUNT; kind++) {
        sign_sample((enum kind)kind, &out, NULL);
        for (size_t bit = 0; bit < 8 * out.n; bit++) {
            struct statement s;
            out.p[bit / 8] ^= (uint8_t)(1u << bit % 8);
            if (!parse(buf_view(&out), &s, NULL) && !statement_verify(&s, &key)) {
                fail_msg("%s: bit %zu can be changed", kinds[kind].name, bit);
            }
            out.p[bit / 8] ^= (uint8_t)(1u << bit % 8);
        }
    }
    buf_free(&out);
}

static void a_cut_or_longer_statement_is_refused(void **state)
{
    (void)state;
    struct buf out;
    buf_init(&out, ENVELOPE_MAX);
    for (int kind = 0; kind < KIND_COUNT; kind++) {
        struct statement s = {.alg = 7};
        sign_sample((enum kind)kind, &out, NULL);
        for (size_t n = 0; n < out.n; n++) {
            assert_int_equal(parse(bytes_of(out.p, n), &s, NULL), TP_E_MALFORMED);
        }
        buf_putc(&out, 0);
        assert_int_equal(parse(buf_view(&out), &s, NULL), TP_E_MALFORMED);
        assert_int_equal(s.alg, 7);
    }
    buf_free(&out);
}

/* Receipts come later and lie outside what is signed: D and the signature stay. */
static void receipts_change_neither_d_nor_signature(void **state)
{
    (void)state;
    struct buf out, more;
    struct statement s, t;
    uint8_t d[HASH_SIZE];
    buf_init(&out, ENVELOPE_MAX);
    buf_init(&more, ENVELOPE_MAX);
    sign_sample(KIND_RELEASE, &out, d);
    assert_int_equal(parse(buf_view(&out), &s, NULL), 0);
    size_t at = (size_t)(s.sign1.unprotected.p - out.p);
    buf_put(&more, out.p, at);
    buf_put(&more, "\xA1\x19\x01\x8A\x81\x41\x01", 7);
    buf_put(&more, out.p + at + 1, out.n - at - 1);
    assert_int_equal(parse(buf_view(&more), &t, NULL), 0);
    assert_memory_equal(t.d, d, HASH_SIZE);
    assert_int_equal(statement_verify(&t, &key), 0);
    buf_free(&out);
    buf_free(&more);
}

/* ---- headers made by hand ---- */

enum header_fault {
    FAULT_NONE,
    FAULT_ALG,
    FAULT_KID,
    FAULT_NO_ISS,
    FAULT_EMPTY_ISS,
    FAULT_LONG_ISS,
    FAULT_NO_SUB,
    FAULT_OTHER_SUB,
    FAULT_UPPER_SUB,
    FAULT_EMPTY_SUB,
    FAULT_CLAIM,
    FAULT_TYP,
    FAULT_OTHER_KIND,
    FAULT_LABEL,
    FAULT_NO_TYP,
    FAULT_COUNT
};

static void put_claims(enum header_fault fault, const char *sub, struct buf *out)
{
    static const char long_iss[] = "0123456789012345678901234567890123456789012345678901234567890123x";
    bool without = fault == FAULT_NO_SUB;
    enc_map(out, (without ? 1u : 2u) + (fault == FAULT_CLAIM ? 1u : 0u) - (fault == FAULT_NO_ISS ? 1u : 0u));
    if (fault != FAULT_NO_ISS) {
        enc_int(out, 1);
        enc_text(out, bytes_str(fault == FAULT_EMPTY_ISS  ? ""
                                : fault == FAULT_LONG_ISS ? long_iss
                                                          : "signer"));
    }
    if (!without) {
        enc_int(out, 2);
        enc_text(out, bytes_str(fault == FAULT_OTHER_SUB   ? "5b000000000000000000000000000000"
                                : fault == FAULT_UPPER_SUB ? "5A000000000000000000000000000000"
                                : fault == FAULT_EMPTY_SUB ? ""
                                                           : sub));
    }
    if (fault == FAULT_CLAIM) {
        enc_int(out, 3);
        enc_text(out, bytes_str("aud"));
    }
}

static void put_header(enum header_fault fault, struct buf *out)
{
    enc_map(out, fault == FAULT_LABEL ? 5 : fault == FAULT_NO_TYP ? 3 : 4);
    enc_int(out, 1);
    enc_int(out, fault == FAULT_ALG ? -35 : -7);
    if (fault == FAULT_LABEL) {
        enc_int(out, 3);
        enc_int(out, 0);
    }
    enc_int(out, 4);
    enc_bytes(out, bytes_of(key.kid, fault == FAULT_KID ? 7 : KID_SIZE));
    enc_int(out, 15);
    put_claims(fault, "5a000000000000000000000000000000", out);
    if (fault != FAULT_NO_TYP) {
        enc_int(out, 16);
        enc_text(out, bytes_str(fault == FAULT_TYP          ? "application/vnd.tillproof.releases"
                                : fault == FAULT_OTHER_KIND ? "application/vnd.tillproof.hold"
                                                            : "application/vnd.tillproof.release"));
    }
}

static void the_header_has_one_form(void **state)
{
    (void)state;
    struct buf out, body;
    union payload p;
    buf_init(&out, ENVELOPE_MAX);
    buf_init(&body, STATEMENT_MAX);
    sample(KIND_RELEASE, &p);
    assert_int_equal(schema_encode(kinds[KIND_RELEASE].schema, &p, &body, NULL), 0);
    for (int fault = FAULT_NONE; fault < FAULT_COUNT; fault++) {
        uint8_t memory[256];
        struct buf header;
        struct statement s;
        buf_over(&header, memory, sizeof memory);
        put_header((enum header_fault)fault, &header);
        buf_reset(&out);
        assert_int_equal(cose_sign1(&key, buf_view(&header), buf_view(&body), &out, NULL), 0);
        int rc = parse(buf_view(&out), &s, NULL);
        if (rc != (fault == FAULT_NONE ? 0 : TP_BAD_STATEMENT)) {
            fail_msg("header fault %d: %d", fault, rc);
        }
    }
    buf_free(&out);
    buf_free(&body);
}

/* ---- rules between fields ---- */

static int try_sign(enum kind kind, const union payload *p, struct err *e)
{
    struct buf out;
    buf_init(&out, ENVELOPE_MAX);
    *e = (struct err){0};
    int rc = statement_sign(kind, p, bytes_str("signer"), &key, &out, NULL, e);
    assert_int_equal(out.n > 0, rc == 0);
    buf_free(&out);
    return rc;
}

/* Signs what statement_sign refuses, and tells what the reader says. */
static int try_read(enum kind kind, const union payload *p)
{
    uint8_t d[HASH_SIZE];
    struct statement s;
    struct buf good, body, out;
    buf_init(&good, ENVELOPE_MAX);
    buf_init(&body, STATEMENT_MAX);
    buf_init(&out, ENVELOPE_MAX);
    sign_sample(kind, &good, d);
    assert_int_equal(parse(buf_view(&good), &s, NULL), 0);
    assert_int_equal(schema_encode(kinds[kind].schema, p, &body, NULL), 0);
    assert_int_equal(cose_sign1(&key, s.sign1.protected_map, buf_view(&body), &out, NULL), 0);
    int rc = parse(buf_view(&out), &s, NULL);
    buf_free(&good);
    buf_free(&body);
    buf_free(&out);
    return rc;
}

static void refused(enum kind kind, const union payload *p)
{
    struct err e;
    assert_int_equal(try_sign(kind, p, &e), TP_BAD_STATEMENT);
    assert_true(e.text[0] != '\0');
    assert_int_equal(try_read(kind, p), TP_BAD_STATEMENT);
}

static void a_terminal_lasts_90_days_and_has_a_safe_name(void **state)
{
    (void)state;
    union payload p;
    struct err e;
    sample(KIND_TERMINAL, &p);
    assert_int_equal(try_sign(KIND_TERMINAL, &p, &e), 0);
    p.terminal.until++;
    refused(KIND_TERMINAL, &p);
    p.terminal.until = p.terminal.from;
    refused(KIND_TERMINAL, &p);
    sample(KIND_TERMINAL, &p);
    p.terminal.till = bytes_str("../x");
    refused(KIND_TERMINAL, &p);
    sample(KIND_TERMINAL, &p);
    p.terminal.store = bytes_str(" ");
    refused(KIND_TERMINAL, &p);
    sample(KIND_TERMINAL, &p);
    p.terminal.state = TERMINAL_LOST;
    refused(KIND_TERMINAL, &p);
    p.terminal.from_seq = 5;
    assert_int_equal(try_sign(KIND_TERMINAL, &p, &e), 0);
    p.terminal.state = TERMINAL_ACTIVE;
    refused(KIND_TERMINAL, &p);
}

static void offers_batches_and_keys_end_after_they_begin(void **state)
{
    (void)state;
    union payload p;
    struct keyset_key k = sample_keys[0];
    sample(KIND_OFFER, &p);
    p.offer.terms.valid_until = p.offer.terms.valid_from;
    refused(KIND_OFFER, &p);
    sample(KIND_BATCH, &p);
    p.batch.first = 100;
    refused(KIND_BATCH, &p);
    sample(KIND_KEYSET, &p);
    k.until = k.from;
    p.keyset.keys.v = &k;
    refused(KIND_KEYSET, &p);
}

/* A policy of a shop without loyalty numbers is what it was before there were any. */
static void loyalty_prefixes_are_printable_and_may_be_absent(void **state)
{
    static const char *const bad[] = {"", " ", "A B", "A\x7F", "\xC3\xA9", "12345678901234567"};
    union payload p, back;
    struct bytes prefixes[MAX_LOYALTY + 1];
    struct buf out;
    struct arena a;
    struct err e;
    (void)state;
    sample(KIND_POLICY, &p);
    buf_init(&out, STATEMENT_MAX);
    arena_init(&a, STATEMENT_MAX);
    assert_int_equal(schema_encode(kinds[KIND_POLICY].schema, &p, &out, NULL), 0);
    size_t without = out.n;
    for (size_t i = 0; i <= MAX_LOYALTY; i++) {
        prefixes[i] = bytes_str("KD-");
    }
    p.policy.terms.loyalty.v = prefixes;
    p.policy.terms.loyalty.n = MAX_LOYALTY;
    buf_reset(&out);
    assert_int_equal(schema_encode(kinds[KIND_POLICY].schema, &p, &out, NULL), 0);
    assert_int_equal(out.n, without + 2 + MAX_LOYALTY * 4);
    assert_int_equal(schema_decode(kinds[KIND_POLICY].schema, buf_view(&out), &a, &back, NULL), 0);
    assert_int_equal(back.policy.terms.loyalty.n, MAX_LOYALTY);
    assert_true(bytes_is(back.policy.terms.loyalty.v[7], "KD-"));
    assert_int_equal(try_sign(KIND_POLICY, &p, &e), 0);
    p.policy.terms.loyalty.n++;
    assert_int_equal(try_sign(KIND_POLICY, &p, &e), TP_BAD_STATEMENT);
    p.policy.terms.loyalty.n = 2;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        prefixes[1] = bytes_str(bad[i]);
        assert_int_equal(try_sign(KIND_POLICY, &p, &e), TP_BAD_STATEMENT);
    }
    prefixes[1] = bytes_str("A B");
    refused(KIND_POLICY, &p);
    buf_free(&out);
    arena_reset(&a);
}

static void pickup_codes_are_nine_digits_and_have_a_coupon_or_a_reason(void **state)
{
    static const char *const bad[] = {"12345678", "1234567890", "12345678a", " 23456789", "12345678/", ""};
    struct bytes codes[MAX_PICKUPS + 1], coupons[MAX_COUPONS];
    struct picked picked[2] = {{bytes_str("coupon"), 0}, {{0}, TP_UNKNOWN_COUPON}};
    union payload p;
    struct err e;
    (void)state;
    sample(KIND_HOLD, &p);
    for (size_t i = 0; i <= MAX_PICKUPS; i++) {
        codes[i] = bytes_str("012345678");
    }
    for (size_t i = 0; i < MAX_COUPONS; i++) {
        coupons[i] = sample_coupons[0];
    }
    p.hold.gs1.n = 0;
    p.hold.pickups.v = codes;
    p.hold.pickups.n = MAX_PICKUPS;
    assert_int_equal(try_sign(KIND_HOLD, &p, &e), 0);
    p.hold.pickups.n++;
    assert_int_equal(try_sign(KIND_HOLD, &p, &e), TP_BAD_STATEMENT);
    p.hold.pickups.n = 2;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        codes[1] = bytes_str(bad[i]);
        assert_int_equal(try_sign(KIND_HOLD, &p, &e), TP_BAD_STATEMENT);
        assert_false(pickup_valid(codes[1]));
    }
    codes[1] = bytes_str("12345678a");
    refused(KIND_HOLD, &p);
    codes[1] = codes[0];
    p.hold.coupons.v = coupons;
    p.hold.coupons.n = MAX_COUPONS - 2;
    assert_int_equal(try_sign(KIND_HOLD, &p, &e), 0);
    p.hold.coupons.n++;
    refused(KIND_HOLD, &p);
    sample(KIND_GRANT, &p);
    p.grant.pickups.v = picked;
    p.grant.pickups.n = 2;
    assert_int_equal(try_sign(KIND_GRANT, &p, &e), 0);
    picked[0].reason = TP_THROTTLED;
    refused(KIND_GRANT, &p);
    picked[0] = (struct picked){{0}, 0};
    refused(KIND_GRANT, &p);
}

static void gs1_coupons_are_well_formed_and_serials_are_digits(void **state)
{
    static const char *const bad[] = {"8112", "0109506000134352", "811200123456123456012345", "8112 0"};
    struct gs1_shown gs1[MAX_COUPONS];
    struct gs1_granted granted = {1, bytes_str("12345a")};
    union payload p;
    struct err e;
    (void)state;
    sample(KIND_HOLD, &p);
    for (size_t i = 0; i < MAX_COUPONS; i++) {
        gs1[i] = sample_gs1[0];
    }
    p.hold.gs1.v = gs1;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        gs1[0].element = bytes_str(bad[i]);
        refused(KIND_HOLD, &p);
    }
    gs1[0] = gs1[1];
    p.hold.gs1.n = MAX_COUPONS - 1; /* there is one coupon of ours */
    assert_int_equal(try_sign(KIND_HOLD, &p, &e), 0);
    p.hold.gs1.n++;
    refused(KIND_HOLD, &p);
    sample(KIND_GRANT, &p);
    p.grant.gs1.v = &granted;
    refused(KIND_GRANT, &p);
}

static void a_verdict_is_one_coupons_or_one_cards(void **state)
{
    (void)state;
    union payload p;
    struct verdict v;
    sample(KIND_GRANT, &p);
    p.grant.verdicts.v = &v;
    p.grant.verdicts.n = 1;
    v = sample_verdicts[0];
    v.card = 0;
    refused(KIND_GRANT, &p);
    v = sample_verdicts[0];
    v.index = NONE;
    refused(KIND_GRANT, &p);
    v = sample_verdicts[0];
    v.number = NONE;
    refused(KIND_GRANT, &p);
    v = sample_verdicts[1];
    v.number = 9;
    refused(KIND_GRANT, &p);
}

static void a_lease_is_of_something_and_its_coupons_are_counted(void **state)
{
    (void)state;
    union payload p;
    struct leased_coupons coupons = sample_leased;
    sample(KIND_LEASE, &p);
    p.lease.uses = p.lease.amount = NONE;
    p.lease.coupons = NULL;
    refused(KIND_LEASE, &p);
    sample(KIND_LEASE, &p);
    p.lease.until = p.lease.from;
    refused(KIND_LEASE, &p);
    sample(KIND_LEASE, &p);
    p.lease.uses = 19;
    refused(KIND_LEASE, &p);
    sample(KIND_LEASE, &p);
    p.lease.uses = NONE;
    refused(KIND_LEASE, &p);
    sample(KIND_LEASE, &p);
    coupons.last = coupons.first - 1;
    p.lease.coupons = &coupons;
    refused(KIND_LEASE, &p);
    sample(KIND_LEASE, &p);
    p.lease.till = bytes_str("../till");
    refused(KIND_LEASE, &p);
    sample(KIND_WRITE_OFF, &p);
    p.write_off.till = bytes_str("../till");
    refused(KIND_WRITE_OFF, &p);
    sample(KIND_BATCH, &p);
    p.batch.till = bytes_str("../till");
    refused(KIND_BATCH, &p);
}

/* A number without a grant is a lease's. */
static void a_commit_may_name_a_lease_by_its_number(void **state)
{
    (void)state;
    union payload p;
    struct buf out;
    struct statement s;
    sample(KIND_COMMIT, &p);
    p.commit.grant = (struct bytes){0};
    buf_init(&out, ENVELOPE_MAX);
    assert_int_equal(statement_sign(KIND_COMMIT, &p, bytes_str("signer"), &key, &out, NULL, NULL), 0);
    assert_int_equal(parse(buf_view(&out), &s, NULL), 0);
    assert_int_equal(s.payload.commit.redemptions.v[0].grant, 55);
    buf_free(&out);
}

static void a_commit_holds_together(void **state)
{
    (void)state;
    union payload p;
    struct redemption r = sample_redemptions[0];
    struct tender t = {bytes_str("Cash"), 5};
    sample(KIND_COMMIT, &p);
    r.card = 1;
    p.commit.redemptions.v = &r;
    p.commit.redemptions.n = 1;
    refused(KIND_COMMIT, &p);
    sample(KIND_COMMIT, &p);
    p.commit.tenders.v = &t;
    p.commit.tenders.n = 1;
    refused(KIND_COMMIT, &p);
    sample(KIND_REVERSE, &p);
    p.reverse.tenders.v = &t;
    refused(KIND_REVERSE, &p);
}

static void a_payload_ends_at_16_kib_and_a_signer_has_a_name(void **state)
{
    (void)state;
    static uint8_t big[ENVELOPE_MAX + 1];
    union payload p;
    struct redemption r[MAX_REDEMPTIONS];
    struct statement s;
    struct err e;
    struct buf out;
    sample(KIND_COMMIT, &p);
    for (size_t i = 0; i < MAX_REDEMPTIONS; i++) {
        r[i] = sample_redemptions[0];
        r[i].coupon = bytes_of(big, COUPON_MAX);
    }
    p.commit.redemptions.v = r;
    p.commit.redemptions.n = MAX_REDEMPTIONS;
    assert_int_equal(try_sign(KIND_COMMIT, &p, &e), TP_E_MEMORY);
    assert_int_equal(parse(bytes_of(big, sizeof big), &s, NULL), TP_E_MALFORMED);
    buf_init(&out, ENVELOPE_MAX);
    sample(KIND_RELEASE, &p);
    assert_int_equal(statement_sign(KIND_RELEASE, &p, bytes_str(""), &key, &out, NULL, NULL),
                     TP_BAD_STATEMENT);
    assert_int_equal(statement_sign(KIND_RELEASE, &p, bytes_of(big, 65), &key, &out, NULL, NULL),
                     TP_BAD_STATEMENT);
    assert_int_equal(statement_sign(KIND_RELEASE, &p, bytes_str("\xFF"), &key, &out, NULL, NULL),
                     TP_BAD_STATEMENT);
    buf_free(&out);
}

/* ---- names ---- */

static void names_of_tills_are_safe_as_file_names(void **state)
{
    (void)state;
    static const char *const good[] = {"a", "T1", "till-1", "a.b_c-d", "0123456789abcdef0123456789abcdef"};
    static const char *const bad[] = {"",
                                      ".",
                                      "..",
                                      ".a",
                                      "-a",
                                      "_a",
                                      "a..b",
                                      "a/b",
                                      "a b",
                                      "a\n",
                                      "\xC3\xBC",
                                      "a\xC3\xBC",
                                      "0123456789abcdef0123456789abcdef0"};
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        assert_true(name_valid(bytes_str(good[i])));
    }
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        assert_false(name_valid(bytes_str(bad[i])));
    }
    assert_false(name_valid(bytes_of("a\0b", 3)));
}

static void an_offers_ref_depends_on_authority_and_id(void **state)
{
    (void)state;
    static const uint8_t authority[ID_SIZE] = {1};
    uint8_t ref[REF_SIZE], other[REF_SIZE], hash[HASH_SIZE];
    /* SHA-256(01 00.., "offer", "coffee10"), its first eight bytes. */
    assert_int_equal(sha256(bytes_of("\x01\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0offercoffee10", 29), hash), 0);
    assert_int_equal(offer_ref(authority, bytes_str("coffee10"), ref), 0);
    assert_memory_equal(ref, hash, REF_SIZE);
    assert_int_equal(offer_ref(authority, bytes_str("coffee11"), other), 0);
    assert_memory_not_equal(ref, other, REF_SIZE);
    static const char long_id[200] = {0};
    assert_int_equal(offer_ref(authority, bytes_of(long_id, sizeof long_id), ref), TP_E_ARGUMENT);
    assert_memory_equal(ref, hash, REF_SIZE);
}

static void a_cards_handle_depends_on_the_key(void **state)
{
    (void)state;
    uint8_t one[HASH_SIZE] = {1}, two[HASH_SIZE] = {2}, a[HASH_SIZE], b[HASH_SIZE];
    assert_int_equal(card_handle(one, bytes_str("token"), a), 0);
    assert_int_equal(card_handle(two, bytes_str("token"), b), 0);
    assert_memory_not_equal(a, b, HASH_SIZE);
    assert_int_equal(hmac_sha256(bytes_of(one, HASH_SIZE), bytes_str("token"), b), 0);
    assert_memory_equal(a, b, HASH_SIZE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_kind_is_signed_read_and_checked),
        cmocka_unit_test(the_subject_is_the_id_in_lower_hex),
        cmocka_unit_test(one_changed_bit_is_refused_or_found_out),
        cmocka_unit_test(a_cut_or_longer_statement_is_refused),
        cmocka_unit_test(receipts_change_neither_d_nor_signature),
        cmocka_unit_test(the_header_has_one_form),
        cmocka_unit_test(a_terminal_lasts_90_days_and_has_a_safe_name),
        cmocka_unit_test(offers_batches_and_keys_end_after_they_begin),
        cmocka_unit_test(loyalty_prefixes_are_printable_and_may_be_absent),
        cmocka_unit_test(pickup_codes_are_nine_digits_and_have_a_coupon_or_a_reason),
        cmocka_unit_test(gs1_coupons_are_well_formed_and_serials_are_digits),
        cmocka_unit_test(a_verdict_is_one_coupons_or_one_cards),
        cmocka_unit_test(a_lease_is_of_something_and_its_coupons_are_counted),
        cmocka_unit_test(a_commit_may_name_a_lease_by_its_number),
        cmocka_unit_test(a_commit_holds_together),
        cmocka_unit_test(a_payload_ends_at_16_kib_and_a_signer_has_a_name),
        cmocka_unit_test(names_of_tills_are_safe_as_file_names),
        cmocka_unit_test(an_offers_ref_depends_on_authority_and_id),
        cmocka_unit_test(a_cards_handle_depends_on_the_key),
    };
    return cmocka_run_group_tests(tests, make_key, free_key);
}
