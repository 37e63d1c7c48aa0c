/* Who may sign what: by purpose, kid, name and time, and a keyset that never goes back. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
/* cmocka wants the above before it. */
#include <cmocka.h>

#include "keys/trust.h"

enum { FROM = 1000, UNTIL = 2000, KEYS = 6 };

static struct cose_key keys[KEYS];
static uint8_t maps[KEYS][128];
static struct bytes map_of[KEYS];

static int make_keys(void **state)
{
    (void)state;
    for (size_t i = 0; i < KEYS; i++) {
        struct buf map;
        buf_over(&map, maps[i], sizeof maps[i]);
        if (cose_key_generate(i % 2 ? ALG_ED25519 : ALG_ESP256, &keys[i])) {
            return -1;
        }
        cose_key_encode(&keys[i], &map);
        map_of[i] = buf_view(&map);
    }
    return 0;
}

static int free_keys(void **state)
{
    (void)state;
    for (size_t i = 0; i < KEYS; i++) {
        cose_key_free(&keys[i]);
    }
    return 0;
}

static struct keyset_key entry(size_t key, enum purpose purpose, const char *name)
{
    return (struct keyset_key){map_of[key], (int)purpose, bytes_str(name), FROM, UNTIL};
}

/* Keys 0 root, 1 merchant, 2 issuer, 3 grant. */
static int take_keyset(struct trust *t, int64_t number)
{
    struct keyset_key v[] = {entry(0, PURPOSE_ROOT, "root"), entry(1, PURPOSE_MERCHANT, "shop"),
                             entry(2, PURPOSE_ISSUER, "issuer"), entry(3, PURPOSE_GRANT, "authority")};
    struct keyset k = {.number = number, .keys = {v, 4}};
    return trust_keyset(t, &k, NULL);
}

static int take_till(struct trust *t, const char *name, size_t key, int64_t epoch, enum terminal_state state)
{
    struct terminal terminal = {.till = bytes_str(name),
                                .store = bytes_str("mitte"),
                                .epoch = epoch,
                                .cose_key = map_of[key],
                                .from = FROM,
                                .until = UNTIL,
                                .state = (int)state,
                                .from_seq = state == TERMINAL_ACTIVE ? NONE : 5};
    return trust_terminal(t, &terminal, NULL);
}

/* A signed statement, and room for it. */
struct signed_one {
    struct buf out;
    struct arena arena;
    struct statement s;
};

static void parse(struct signed_one *one)
{
    arena_init(&one->arena, 1 << 20);
    assert_int_equal(statement_parse(buf_view(&one->out), &one->arena, &one->s, NULL), 0);
}

static void sign_release(struct signed_one *one, const char *iss, size_t key, int64_t epoch)
{
    struct release r = {.common.version = 1, .head.epoch = epoch, .rev = 1};
    buf_init(&one->out, ENVELOPE_MAX);
    assert_int_equal(statement_sign(KIND_RELEASE, &r, bytes_str(iss), &keys[key], &one->out, NULL, NULL), 0);
    parse(one);
}

static void free_one(struct signed_one *one)
{
    buf_free(&one->out);
    arena_reset(&one->arena);
}

static int verify_in(const struct trust *t, const char *iss, size_t key, int64_t epoch, int64_t at_ms,
                     const char *why)
{
    struct signed_one one;
    const struct trusted_key *by = NULL;
    struct err e = {0};
    sign_release(&one, iss, key, epoch);
    int rc = trust_verify(t, &one.s, at_ms, &by, &e);
    assert_int_equal(by != NULL, rc == 0);
    assert_true(!by || strcmp(by->name, iss) == 0);
    if (why && !strstr(e.text, why)) {
        fail_msg("\"%s\" does not say: %s", e.text, why);
    }
    free_one(&one);
    return rc;
}

static int verify_release(const struct trust *t, const char *iss, size_t key, int64_t at_ms, const char *why)
{
    return verify_in(t, iss, key, 1, at_ms, why);
}

/* ---- the keyset ---- */

static void a_keysets_number_never_goes_back(void **state)
{
    (void)state;
    struct trust t = {0};
    assert_int_equal(take_keyset(&t, 5), 0);
    assert_int_equal(t.n, 4);
    assert_int_equal(take_keyset(&t, 4), TP_BAD_STATEMENT);
    assert_int_equal(take_keyset(&t, 5), 0);
    assert_int_equal(t.n, 4);
    assert_int_equal(take_keyset(&t, 6), 0);
    assert_int_equal(t.n, 4);
    assert_int_equal(t.keyset, 6);
    trust_free(&t);
    trust_free(NULL);
}

static void the_same_number_changes_nothing(void **state)
{
    (void)state;
    struct trust t = {0};
    struct keyset empty = {.number = 5};
    assert_int_equal(take_keyset(&t, 5), 0);
    assert_int_equal(trust_keyset(&t, &empty, NULL), 0);
    assert_int_equal(t.n, 4);
    trust_free(&t);
}

static void a_new_keyset_keeps_the_tills(void **state)
{
    (void)state;
    struct trust t = {0};
    struct keyset_key v[] = {entry(0, PURPOSE_ROOT, "root")};
    struct keyset k = {.number = 2, .keys = {v, 1}};
    assert_int_equal(take_keyset(&t, 1), 0);
    assert_int_equal(take_till(&t, "till-1", 4, 1, TERMINAL_ACTIVE), 0);
    assert_int_equal(trust_keyset(&t, &k, NULL), 0);
    assert_int_equal(t.n, 2);
    assert_int_equal(verify_release(&t, "till-1", 4, FROM, NULL), 0);
    trust_free(&t);
}

static void refuse_keyset(const struct keyset_key *v, size_t n)
{
    struct trust t = {0};
    struct err e = {0};
    struct keyset k = {.number = 2, .keys = {v, n}};
    assert_int_equal(take_keyset(&t, 1), 0);
    assert_int_equal(trust_keyset(&t, &k, &e), TP_BAD_STATEMENT);
    assert_true(e.text[0] != '\0');
    assert_int_equal(t.keyset, 1);
    assert_int_equal(t.n, 4);
    trust_free(&t);
}

static void a_keyset_with_a_wrong_key_changes_nothing(void **state)
{
    (void)state;
    struct keyset_key v[2] = {entry(0, PURPOSE_ROOT, "root"), entry(4, PURPOSE_TILL, "till-1")};
    refuse_keyset(v, 2);
    /* One key has one purpose. */
    v[1] = entry(0, PURPOSE_MERCHANT, "shop");
    refuse_keyset(v, 2);
    v[1] = entry(4, PURPOSE_MERCHANT, "shop");
    v[1].cose_key.n--;
    refuse_keyset(v, 2);
    v[1] = entry(4, PURPOSE_MERCHANT, "");
    refuse_keyset(v, 2);
    v[1].name = bytes_of("a\0b", 3);
    refuse_keyset(v, 2);
    v[1] = entry(4, PURPOSE_MERCHANT, "0123456789012345678901234567890123456789012345678901234567890123");
    refuse_keyset(v, 2);
}

/* ---- tills ---- */

/* What a till recorded before it was enrolled anew may come later: its key of that epoch goes on. */
static void each_epoch_has_a_key_of_its_own(void **state)
{
    (void)state;
    struct trust t = {.all = true};
    assert_int_equal(take_till(&t, "till-1", 4, 2, TERMINAL_ACTIVE), 0);
    assert_int_equal(take_till(&t, "till-1", 5, 3, TERMINAL_ACTIVE), 0);
    assert_int_equal(t.n, 2);
    assert_int_equal(verify_in(&t, "till-1", 4, 2, FROM, NULL), 0);
    assert_int_equal(verify_in(&t, "till-1", 5, 3, FROM, NULL), 0);
    assert_int_equal(verify_in(&t, "till-1", 4, 3, FROM, "another epoch"), TP_E_UNTRUSTED);
    assert_int_equal(verify_in(&t, "till-1", 5, 2, FROM, "another epoch"), TP_E_UNTRUSTED);
    /* the same key in two epochs: each for its own */
    assert_int_equal(take_till(&t, "till-1", 5, 4, TERMINAL_ACTIVE), 0);
    assert_int_equal(take_till(&t, "till-1", 5, 3, TERMINAL_REVOKED), 0);
    const struct trusted_key *by = NULL;
    struct signed_one one;
    sign_release(&one, "till-1", 5, 4);
    assert_int_equal(trust_verify(&t, &one.s, FROM, &by, NULL), 0);
    assert_false(by->revoked);
    free_one(&one);
    trust_free(&t);
}

/* Unless all are kept: the last two, in whatever order they come. */
static void older_epochs_than_two_are_forgotten(void **state)
{
    (void)state;
    struct trust t = {0};
    assert_int_equal(take_till(&t, "till-1", 4, 2, TERMINAL_ACTIVE), 0);
    assert_int_equal(take_till(&t, "till-1", 5, 4, TERMINAL_ACTIVE), 0);
    assert_int_equal(take_till(&t, "till-1", 4, 3, TERMINAL_ACTIVE), 0);
    assert_int_equal(take_till(&t, "till-1", 4, 1, TERMINAL_REVOKED), 0);
    assert_int_equal(t.n, 2);
    assert_int_equal(verify_in(&t, "till-1", 4, 2, FROM, NULL), TP_E_UNTRUSTED);
    assert_int_equal(verify_in(&t, "till-1", 4, 3, FROM, NULL), 0);
    assert_int_equal(verify_in(&t, "till-1", 5, 4, FROM, NULL), 0);
    assert_int_equal(verify_in(&t, "till-1", 4, 1, FROM, NULL), TP_E_UNTRUSTED);
    trust_free(&t);
}

/* It makes tills, and cannot unmake them or do anything else. */
static void a_registrar_signs_active_tills_alone(void **state)
{
    (void)state;
    struct trust t = {0};
    struct keyset_key list[] = {{map_of[1], PURPOSE_REGISTRAR, bytes_str("shop"), FROM, UNTIL}};
    struct keyset k = {.number = 1, .merchant = bytes_str("A shop"), .keys = {list, 1}};
    assert_int_equal(trust_keyset(&t, &k, NULL), 0);
    static const int wanted[] = {0, TP_E_UNTRUSTED, TP_E_UNTRUSTED};
    for (int state_of = TERMINAL_ACTIVE; state_of <= TERMINAL_LOST; state_of++) {
        struct terminal terminal = {.common.version = 1,
                                    .till = bytes_str("till-1"),
                                    .store = bytes_str("mitte"),
                                    .epoch = 1,
                                    .cose_key = map_of[4],
                                    .from = FROM,
                                    .until = UNTIL,
                                    .state = state_of,
                                    .from_seq = state_of == TERMINAL_ACTIVE ? NONE : 5};
        struct signed_one one;
        const struct trusted_key *by = NULL;
        buf_init(&one.out, ENVELOPE_MAX);
        assert_int_equal(
            statement_sign(KIND_TERMINAL, &terminal, bytes_str("shop"), &keys[1], &one.out, NULL, NULL), 0);
        parse(&one);
        assert_int_equal(trust_verify(&t, &one.s, FROM, &by, NULL), wanted[state_of]);
        free_one(&one);
    }
    struct ruling r = {.common.version = 1};
    struct signed_one one;
    const struct trusted_key *by = NULL;
    buf_init(&one.out, ENVELOPE_MAX);
    assert_int_equal(statement_sign(KIND_RULING, &r, bytes_str("shop"), &keys[1], &one.out, NULL, NULL), 0);
    parse(&one);
    assert_int_equal(trust_verify(&t, &one.s, FROM, &by, NULL), TP_E_UNTRUSTED);
    free_one(&one);
    trust_free(&t);
}

static void within_an_epoch_a_revoked_till_stays_revoked(void **state)
{
    (void)state;
    struct trust t = {0};
    assert_int_equal(take_till(&t, "till-1", 4, 1, TERMINAL_ACTIVE), 0);
    assert_false(t.v[0].revoked);
    assert_true(t.v[0].from_seq == NONE);
    assert_int_equal(take_till(&t, "till-1", 4, 1, TERMINAL_LOST), 0);
    assert_true(t.v[0].revoked && t.v[0].from_seq == 5);
    assert_int_equal(take_till(&t, "till-1", 4, 1, TERMINAL_ACTIVE), 0);
    assert_true(t.v[0].revoked && t.n == 1);
    assert_int_equal(take_till(&t, "till-1", 5, 2, TERMINAL_ACTIVE), 0);
    assert_true(t.v[0].revoked && !t.v[1].revoked);
    trust_free(&t);
}

static void within_an_epoch_another_key_is_refused(void **state)
{
    (void)state;
    struct trust t = {0};
    assert_int_equal(take_till(&t, "till-1", 4, 1, TERMINAL_ACTIVE), 0);
    assert_int_equal(take_till(&t, "till-1", 5, 1, TERMINAL_ACTIVE), TP_BAD_STATEMENT);
    assert_int_equal(verify_release(&t, "till-1", 4, FROM, NULL), 0);
    assert_int_equal(take_till(&t, "..", 5, 1, TERMINAL_ACTIVE), TP_BAD_STATEMENT);
    assert_int_equal(t.n, 1);
    trust_free(&t);
}

static void tills_end_at_the_most_keys(void **state)
{
    (void)state;
    struct trust t = {0};
    char name[32];
    for (int i = 0; i < TRUST_KEYS_MAX; i++) {
        snprintf(name, sizeof name, "till-%d", i);
        assert_int_equal(take_till(&t, name, 4, 1, TERMINAL_ACTIVE), 0);
    }
    assert_int_equal(take_till(&t, "one-more", 4, 1, TERMINAL_ACTIVE), TP_E_MEMORY);
    assert_int_equal(take_keyset(&t, 1), TP_E_MEMORY);
    assert_int_equal(t.n, TRUST_KEYS_MAX);
    /* All share one kid: every one is tried until the name fits. */
    assert_int_equal(verify_release(&t, "till-8191", 4, FROM, NULL), 0);
    trust_free(&t);
}

/* ---- who signed ---- */

static void a_signature_counts_by_purpose_name_and_time(void **state)
{
    (void)state;
    struct trust t = {0};
    assert_int_equal(take_keyset(&t, 1), 0);
    assert_int_equal(take_till(&t, "till-1", 4, 1, TERMINAL_ACTIVE), 0);
    assert_int_equal(verify_release(&t, "till-1", 4, FROM, NULL), 0);
    assert_int_equal(verify_release(&t, "till-1", 4, UNTIL - 1, NULL), 0);
    assert_int_equal(verify_release(&t, "till-1", 4, NONE, NULL), 0);
    assert_int_equal(verify_release(&t, "till-1", 4, FROM - 1, "not valid"), TP_E_UNTRUSTED);
    assert_int_equal(verify_release(&t, "till-1", 4, UNTIL, "not valid"), TP_E_UNTRUSTED);
    assert_int_equal(verify_release(&t, "till-2", 4, FROM, "another name"), TP_E_UNTRUSTED);
    /* A merchant's key signs no release. */
    assert_int_equal(verify_release(&t, "shop", 1, FROM, "no key"), TP_E_UNTRUSTED);
    trust_free(&t);
}

/* Two keys behind one kid, as a collision of eight bytes would make them. */
static void every_key_with_the_kid_is_tried(void **state)
{
    (void)state;
    struct trust t = {0};
    assert_int_equal(take_till(&t, "till-1", 4, 1, TERMINAL_ACTIVE), 0);
    assert_int_equal(take_till(&t, "till-2", 2, 1, TERMINAL_ACTIVE), 0);
    memcpy(t.v[0].key.kid, keys[2].kid, KID_SIZE);
    snprintf(t.v[0].name, sizeof t.v[0].name, "till-2");
    assert_int_equal(verify_release(&t, "till-2", 2, FROM, NULL), 0);
    trust_free(&t);
}

static void a_changed_signature_is_not_trusted(void **state)
{
    (void)state;
    struct trust t = {0};
    struct signed_one one;
    const struct trusted_key *by = NULL;
    struct err e = {0};
    assert_int_equal(take_till(&t, "till-1", 5, 1, TERMINAL_ACTIVE), 0);
    sign_release(&one, "till-1", 5, 1);
    one.s.sign1.signature[3] ^= 1;
    assert_int_equal(trust_verify(&t, &one.s, FROM, &by, &e), TP_E_UNTRUSTED);
    assert_non_null(strstr(e.text, "signature"));
    assert_null(by);
    free_one(&one);
    trust_free(&t);
}

static int check_coupon(const struct trust *t, size_t key, int64_t at_ms, bool spoil)
{
    static const uint8_t offer[REF_SIZE] = {1};
    struct coupon c;
    struct buf out;
    buf_init(&out, COUPON_MAX);
    assert_int_equal(coupon_sign(&keys[key], offer, 1, 1, 1800000000, &out), 0);
    assert_int_equal(coupon_parse(buf_view(&out), &c), 0);
    c.sign1.signature[0] ^= spoil;
    int rc = trust_verify_coupon(t, &c, at_ms);
    buf_free(&out);
    return rc;
}

static void a_coupon_is_an_issuers(void **state)
{
    (void)state;
    struct trust t = {0};
    assert_int_equal(take_keyset(&t, 1), 0);
    assert_int_equal(check_coupon(&t, 2, FROM, false), 0);
    assert_int_equal(check_coupon(&t, 2, NONE, false), 0);
    assert_int_equal(check_coupon(&t, 2, FROM, true), TP_BAD_SIGNATURE);
    assert_int_equal(check_coupon(&t, 2, UNTIL, false), TP_BAD_SIGNATURE);
    assert_int_equal(check_coupon(&t, 1, FROM, false), TP_UNKNOWN_COUPON);
    assert_int_equal(check_coupon(&t, 5, FROM, false), TP_UNKNOWN_COUPON);
    trust_free(&t);
}

/* ---- the first keyset ---- */

static int first_keyset(const char *iss, size_t signer, size_t listed, enum purpose purpose, size_t expected)
{
    struct signed_one one;
    struct keyset_key v[] = {entry(3, PURPOSE_GRANT, "authority"), entry(listed, purpose, "root")};
    struct keyset k = {.common.version = 1, .number = 1, .merchant = bytes_str("A shop"), .keys = {v, 2}};
    buf_init(&one.out, ENVELOPE_MAX);
    assert_int_equal(statement_sign(KIND_KEYSET, &k, bytes_str(iss), &keys[signer], &one.out, NULL, NULL), 0);
    parse(&one);
    int rc = trust_first_keyset(&one.s, keys[expected].thumbprint, NULL);
    free_one(&one);
    return rc;
}

static void the_first_keyset_is_signed_by_the_root_that_was_told(void **state)
{
    (void)state;
    struct signed_one one;
    assert_int_equal(first_keyset("root", 0, 0, PURPOSE_ROOT, 0), 0);
    assert_int_equal(first_keyset("root", 0, 0, PURPOSE_ROOT, 1), TP_E_UNTRUSTED);
    assert_int_equal(first_keyset("root", 1, 0, PURPOSE_ROOT, 0), TP_E_UNTRUSTED);
    assert_int_equal(first_keyset("else", 0, 0, PURPOSE_ROOT, 0), TP_E_UNTRUSTED);
    assert_int_equal(first_keyset("root", 0, 0, PURPOSE_MERCHANT, 0), TP_E_UNTRUSTED);
    sign_release(&one, "root", 0, 1);
    assert_int_equal(trust_first_keyset(&one.s, keys[0].thumbprint, NULL), TP_E_UNTRUSTED);
    free_one(&one);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_keysets_number_never_goes_back),
        cmocka_unit_test(the_same_number_changes_nothing),
        cmocka_unit_test(a_new_keyset_keeps_the_tills),
        cmocka_unit_test(a_keyset_with_a_wrong_key_changes_nothing),
        cmocka_unit_test(each_epoch_has_a_key_of_its_own),
        cmocka_unit_test(older_epochs_than_two_are_forgotten),
        cmocka_unit_test(a_registrar_signs_active_tills_alone),
        cmocka_unit_test(within_an_epoch_a_revoked_till_stays_revoked),
        cmocka_unit_test(within_an_epoch_another_key_is_refused),
        cmocka_unit_test(tills_end_at_the_most_keys),
        cmocka_unit_test(a_signature_counts_by_purpose_name_and_time),
        cmocka_unit_test(every_key_with_the_kid_is_tried),
        cmocka_unit_test(a_changed_signature_is_not_trusted),
        cmocka_unit_test(a_coupon_is_an_issuers),
        cmocka_unit_test(the_first_keyset_is_signed_by_the_root_that_was_told),
    };
    return cmocka_run_group_tests(tests, make_keys, free_keys);
}
