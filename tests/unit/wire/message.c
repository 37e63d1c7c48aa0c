/* Messages and answers: what is put comes out again, each part is the one that was signed, nothing else is
 * taken. */
#include "sample.h"

#include "wire/cbor.h"

static struct cose_key key;
static uint8_t arena_memory[512 * 1024];
static const uint8_t some_d[HASH_SIZE] = {0xD0, 1};

static int make_key(void **state)
{
    (void)state;
    return cose_key_generate(ALG_ED25519, &key);
}

static int free_key(void **state)
{
    (void)state;
    cose_key_free(&key);
    return 0;
}

/* A signed sample with its parts. */
struct whole {
    struct buf statement, lines, person;
};

static void make_parts(struct whole *w, uint8_t lines_hash[HASH_SIZE], uint8_t person_hash[HASH_SIZE])
{
    static const struct line line = {
        .number = 1, .sku = {(const uint8_t *)"a", 1}, .quantity = 2000, .unit_price = 1299, .tax = 7000};
    struct lines_part lines = {.salt = {1}, .basket = {.currency = bytes_str("EUR"), .lines = {&line, 1}}};
    struct person_part person = {.salt = {2}, .cards = {sample_hashes, 1}, .customer = bytes_str("anna")};
    struct err e = {0};
    assert_int_equal(part_encode(&schema_lines_part, &lines, &w->lines, lines_hash, &e), 0);
    assert_int_equal(part_encode(&schema_person_part, &person, &w->person, person_hash, &e), 0);
}

static void set_hashes(enum kind kind, union payload *p, const uint8_t lines[HASH_SIZE],
                       const uint8_t person[HASH_SIZE])
{
    uint8_t *l = kind == KIND_HOLD      ? p->hold.lines
                 : kind == KIND_COMMIT  ? p->commit.lines
                 : kind == KIND_REVERSE ? p->reverse.lines
                                        : NULL;
    uint8_t *h = kind == KIND_HOLD      ? p->hold.person
                 : kind == KIND_COMMIT  ? p->commit.person
                 : kind == KIND_REVERSE ? p->reverse.person
                 : kind == KIND_LINK    ? p->link.person
                                        : NULL;
    if (l) {
        memcpy(l, lines, HASH_SIZE);
    }
    if (h) {
        memcpy(h, person, HASH_SIZE);
    }
}

static void make_whole(enum kind kind, struct whole *w)
{
    uint8_t lines[HASH_SIZE], person[HASH_SIZE];
    union payload p;
    struct err e = {0};
    buf_init(&w->statement, ENVELOPE_MAX);
    buf_init(&w->lines, PART_MAX);
    buf_init(&w->person, PART_MAX);
    make_parts(w, lines, person);
    sample(kind, &p);
    set_hashes(kind, &p, lines, person);
    assert_int_equal(statement_sign(kind, &p, bytes_str("till-1"), &key, &w->statement, NULL, &e), 0);
}

static void free_whole(struct whole *w)
{
    buf_free(&w->statement);
    buf_free(&w->lines);
    buf_free(&w->person);
}

static int next(struct bytes in, struct statement *s)
{
    struct arena a;
    struct dec d;
    arena_over(&a, arena_memory, sizeof arena_memory);
    dec_init(&d, in);
    int rc = message_next(&d, &a, s, NULL);
    assert_true(rc == 1 ? dec_done(&d) : d.p == in.p);
    return rc;
}

static void a_message_of_all_kinds_comes_out_in_order(void **state)
{
    (void)state;
    struct whole w[KIND_COUNT];
    struct buf out;
    struct dec d;
    struct statement s;
    buf_init(&out, MESSAGE_MAX);
    for (int kind = 0; kind < KIND_COUNT; kind++) {
        make_whole((enum kind)kind, &w[kind]);
        message_put(&out, (enum kind)kind, buf_view(&w[kind].statement), buf_view(&w[kind].lines),
                    buf_view(&w[kind].person));
    }
    assert_false(out.failed);
    dec_init(&d, buf_view(&out));
    for (int kind = 0; kind < KIND_COUNT; kind++) {
        struct arena a;
        arena_over(&a, arena_memory, sizeof arena_memory);
        assert_int_equal(message_next(&d, &a, &s, NULL), 1);
        assert_int_equal(s.kind, kind);
        assert_true(bytes_equal(s.raw, buf_view(&w[kind].statement)));
        assert_int_equal(s.lines.p != NULL, (kinds[kind].parts & PART_LINES) != 0);
        assert_int_equal(s.person.p != NULL, (kinds[kind].parts & PART_PERSON) != 0);
        assert_true(!s.lines.p || bytes_equal(s.lines, buf_view(&w[kind].lines)));
        assert_true(!s.person.p || bytes_equal(s.person, buf_view(&w[kind].person)));
        free_whole(&w[kind]);
    }
    struct arena a;
    arena_over(&a, arena_memory, sizeof arena_memory);
    assert_int_equal(message_next(&d, &a, &s, NULL), 0);
    buf_free(&out);
}

static void an_erased_person_is_null_and_lines_are_never_erased(void **state)
{
    (void)state;
    struct whole w;
    struct statement s;
    struct buf out;
    struct bytes none = {0};
    buf_init(&out, MESSAGE_MAX);
    make_whole(KIND_COMMIT, &w);
    message_put(&out, KIND_COMMIT, buf_view(&w.statement), buf_view(&w.lines), none);
    assert_int_equal(next(buf_view(&out), &s), 1);
    assert_null(s.person.p);
    assert_non_null(s.lines.p);
    buf_reset(&out);
    message_put(&out, KIND_COMMIT, buf_view(&w.statement), none, buf_view(&w.person));
    assert_int_equal(next(buf_view(&out), &s), TP_BAD_STATEMENT);
    free_whole(&w);
    buf_free(&out);
}

static void a_part_that_was_not_signed_is_refused(void **state)
{
    (void)state;
    static const enum kind with[] = {KIND_LINK, KIND_HOLD, KIND_COMMIT, KIND_REVERSE};
    struct buf out;
    buf_init(&out, MESSAGE_MAX);
    for (size_t i = 0; i < 4; i++) {
        struct whole w;
        struct statement s;
        make_whole(with[i], &w);
        w.person.p[w.person.n - 1] ^= 1;
        buf_reset(&out);
        message_put(&out, with[i], buf_view(&w.statement), buf_view(&w.lines), buf_view(&w.person));
        assert_int_equal(next(buf_view(&out), &s), TP_BAD_STATEMENT);
        w.person.p[w.person.n - 1] ^= 1;
        w.lines.p[5] ^= 1;
        buf_reset(&out);
        message_put(&out, with[i], buf_view(&w.statement), buf_view(&w.lines), buf_view(&w.person));
        assert_int_equal(next(buf_view(&out), &s), with[i] == KIND_LINK ? 1 : TP_BAD_STATEMENT);
        free_whole(&w);
    }
    buf_free(&out);
}

static void parts_that_a_statement_does_not_have_are_refused(void **state)
{
    (void)state;
    struct whole w;
    struct statement s;
    struct arena a;
    arena_over(&a, arena_memory, sizeof arena_memory);
    make_whole(KIND_RELEASE, &w);
    assert_int_equal(statement_parse(buf_view(&w.statement), &a, &s, NULL), 0);
    assert_int_equal(statement_check_parts(&s, NULL), 0);
    s.person = buf_view(&w.person);
    assert_int_equal(statement_check_parts(&s, NULL), TP_BAD_STATEMENT);
    s.person = (struct bytes){0};
    s.lines = buf_view(&w.lines);
    assert_int_equal(statement_check_parts(&s, NULL), TP_BAD_STATEMENT);
    free_whole(&w);
}

/* Puts count members by hand: the statement, then nulls. */
static int put_and_read(struct bytes statement, size_t count)
{
    struct statement s;
    struct buf out;
    buf_init(&out, MESSAGE_MAX);
    if (count) {
        enc_array(&out, count);
    }
    buf_put(&out, statement.p, statement.n);
    for (size_t i = 1; i < count; i++) {
        enc_null(&out);
    }
    int rc = next(buf_view(&out), &s);
    buf_free(&out);
    return rc;
}

static void an_item_has_exactly_its_parts(void **state)
{
    (void)state;
    struct whole release, link, hold;
    make_whole(KIND_RELEASE, &release);
    make_whole(KIND_LINK, &link);
    make_whole(KIND_HOLD, &hold);
    assert_int_equal(put_and_read(buf_view(&release.statement), 0), 1);
    assert_int_equal(put_and_read(buf_view(&release.statement), 1), TP_BAD_STATEMENT);
    assert_int_equal(put_and_read(buf_view(&release.statement), 2), TP_BAD_STATEMENT);
    assert_int_equal(put_and_read(buf_view(&link.statement), 0), TP_BAD_STATEMENT);
    assert_int_equal(put_and_read(buf_view(&link.statement), 2), 1);
    assert_int_equal(put_and_read(buf_view(&link.statement), 3), TP_BAD_STATEMENT);
    assert_int_equal(put_and_read(buf_view(&hold.statement), 0), TP_BAD_STATEMENT);
    assert_int_equal(put_and_read(buf_view(&hold.statement), 2), TP_BAD_STATEMENT);
    assert_int_equal(put_and_read(buf_view(&hold.statement), 4), TP_BAD_STATEMENT);
    free_whole(&release);
    free_whole(&link);
    free_whole(&hold);
}

static void a_message_that_is_not_one_is_malformed(void **state)
{
    (void)state;
    static const char *const bad[] = {"00",     "80",   "a0", "f6", "6161", "8100",
                                      "8200f6", "d280", "ff", "9f", "81"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        uint8_t memory[16];
        struct statement s;
        int rc = next(unhex(bad[i], memory, sizeof memory), &s);
        assert_true(rc == TP_E_MALFORMED || rc == TP_BAD_STATEMENT);
    }
}

static void a_part_ends_at_one_mebibyte(void **state)
{
    (void)state;
    static struct line lines[MAX_LINES];
    static char name[200];
    uint8_t hash[HASH_SIZE];
    struct buf out;
    struct lines_part part = {.basket = {.currency = bytes_str("EUR"), .lines = {lines, MAX_LINES}}};
    memset(name, 'n', sizeof name);
    for (size_t i = 0; i < MAX_LINES; i++) {
        lines[i] = (struct line){.number = (int64_t)i + 1,
                                 .name = bytes_of(name, sizeof name),
                                 .sku = bytes_of(name, 64),
                                 .category = bytes_of(name, 64)};
    }
    buf_init(&out, 2 * PART_MAX);
    assert_int_equal(part_encode(&schema_lines_part, &part, &out, hash, NULL), TP_E_MEMORY);
    assert_int_equal(out.n, 0);
    part.basket.lines.n = 1000;
    assert_int_equal(part_encode(&schema_lines_part, &part, &out, hash, NULL), 0);
    buf_free(&out);
}

/* ---- answers ---- */

static void answers_come_out_as_they_were_put(void **state)
{
    (void)state;
    struct whole grant, st, offer;
    struct answer a;
    struct dec d;
    struct buf out;
    buf_init(&out, MESSAGE_MAX);
    make_whole(KIND_GRANT, &grant);
    make_whole(KIND_STATE, &st);
    make_whole(KIND_OFFER, &offer);
    answer_registered(&out, some_d);
    answer_released(&out, some_d);
    answer_grant(&out, some_d, buf_view(&grant.statement), bytes_str("quote"));
    answer_state(&out, some_d, buf_view(&st.statement), (struct bytes){0}, 0);
    answer_state(&out, some_d, buf_view(&st.statement), buf_view(&offer.statement), 1);
    answer_problem(&out, some_d, TP_STALE, "too old");
    answer_problem(&out, NULL, TP_E_MALFORMED, NULL);
    assert_false(out.failed);
    dec_init(&d, buf_view(&out));
    assert_int_equal(answer_next(&d, &a), 1);
    assert_true(a.kind == ANSWER_REGISTERED && a.names && memcmp(a.d, some_d, HASH_SIZE) == 0);
    assert_int_equal(answer_next(&d, &a), 1);
    assert_int_equal(a.kind, ANSWER_RELEASED);
    assert_int_equal(answer_next(&d, &a), 1);
    assert_true(a.kind == ANSWER_GRANT && bytes_is(a.quote, "quote"));
    assert_true(bytes_equal(a.statement, buf_view(&grant.statement)));
    assert_int_equal(answer_next(&d, &a), 1);
    assert_true(a.kind == ANSWER_STATE && a.rest.n == 0);
    assert_int_equal(answer_next(&d, &a), 1);
    assert_true(a.kind == ANSWER_STATE && bytes_equal(a.rest, buf_view(&offer.statement)));
    assert_int_equal(answer_next(&d, &a), 1);
    assert_true(a.kind == ANSWER_PROBLEM && a.names && a.reason == TP_STALE && bytes_is(a.detail, "too old"));
    assert_int_equal(answer_next(&d, &a), 1);
    assert_true(a.kind == ANSWER_PROBLEM && !a.names && a.reason == TP_E_MALFORMED);
    assert_true(bytes_is(a.detail, code_sentence(TP_E_MALFORMED)));
    assert_int_equal(answer_next(&d, &a), 0);
    free_whole(&grant);
    free_whole(&st);
    free_whole(&offer);
    buf_free(&out);
}

static int answer_of(const char *tail, bool named, struct answer *a)
{
    uint8_t memory[64];
    struct bytes rest = unhex(tail + 2, memory, sizeof memory);
    struct buf out;
    struct dec d;
    uint8_t whole[200];
    buf_over(&out, whole, sizeof whole);
    enc_array(&out, (size_t)(tail[0] - '0'));
    if (named) {
        enc_bytes(&out, bytes_of(some_d, HASH_SIZE));
    } else {
        enc_null(&out);
    }
    buf_put(&out, rest.p, rest.n);
    dec_init(&d, buf_view(&out));
    int rc = answer_next(&d, a);
    assert_true(rc == 1 || d.p == whole);
    return rc;
}

/* Each: the count of members, and all but the first in hex. */
static void answers_of_another_form_are_malformed(void **state)
{
    (void)state;
    struct answer a = {.reason = 7};
    static const char *const bad[] = {
        "1:",
        "2:00",
        "2:f6",
        "2:80",
        "2:6161",
        "2:40",
        "3:6a7265676973746572656400",
        "2:a0",
        "2:a1206161",
        "2:a22061612161",
        "2:a3206161216161226161",
        "2:a2204121216161",
        "3:a220616121616100",
        "3:d28000",
        "4:d28041004100",
        "3:d28080",
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        if (answer_of(bad[i], true, &a) != TP_E_MALFORMED) {
            fail_msg("%s", bad[i]);
        }
    }
    assert_int_equal(a.reason, 7);
    assert_int_equal(answer_of("2:6a72656769737465726564", false, &a), TP_E_MALFORMED);
    assert_int_equal(answer_of("2:6a72656769737465726564", true, &a), 1);
    assert_int_equal(answer_of("2:d280", false, &a), TP_E_MALFORMED);
}

/* A word that a later version may send, and "ok", which is no problem, both come as bad_statement. */
static void an_unknown_word_is_a_bad_statement(void **state)
{
    (void)state;
    struct answer a;
    assert_int_equal(answer_of("2:a220636e6577216161", true, &a), 1);
    assert_int_equal(a.reason, TP_BAD_STATEMENT);
    assert_int_equal(answer_of("2:a220626f6b216161", false, &a), 1);
    assert_int_equal(a.reason, TP_BAD_STATEMENT);
}

static void a_problems_sentence_is_cut_to_valid_text(void **state)
{
    (void)state;
    char text[600];
    struct answer a;
    struct dec d;
    struct buf out;
    buf_init(&out, 1000);
    for (size_t i = 0; i + 1 < sizeof text; i += 2) {
        memcpy(text + i, "\xC3\xBC", 2);
    }
    text[sizeof text - 1] = '\0';
    answer_problem(&out, some_d, TP_HELD, text);
    dec_init(&d, buf_view(&out));
    assert_int_equal(answer_next(&d, &a), 1);
    assert_int_equal(a.detail.n, 240);
    assert_true(bytes_utf8(a.detail));
    buf_free(&out);
}

static void a_pickup_answer_is_nine_digits_and_a_time(void **state)
{
    static const char *const bad[] = {
        "4:667069636b75706831323334353637381a00010000",     /* eight digits */
        "4:667069636b75706a313233343536373839301a00010000", /* ten */
        "4:667069636b7570693132333435363738611a00010000",   /* a letter */
        "4:667069636b7570493132333435363738391a00010000",   /* no text */
        "4:667069636b75706931323334353637383920",           /* before 1970 */
        "4:667069636b7570693132333435363738391b7fffffffffffffff",
        "4:667069636b7571693132333435363738391a00010000", /* another word */
        "3:667069636b757069313233343536373839",
        "5:667069636b7570693132333435363738391a0001000000",
    };
    struct answer a = {.reason = 7};
    struct dec d;
    struct buf out;
    (void)state;
    buf_init(&out, MESSAGE_MAX);
    answer_pickup(&out, some_d, bytes_str("012345678"), 1795000300000);
    dec_init(&d, buf_view(&out));
    assert_int_equal(answer_next(&d, &a), 1);
    assert_true(a.kind == ANSWER_PICKUP && a.names && memcmp(a.d, some_d, HASH_SIZE) == 0);
    assert_true(bytes_is(a.code, "012345678"));
    assert_int_equal(a.until_ms, 1795000300000);
    assert_true(dec_done(&d));
    assert_int_equal(answer_of("4:667069636b7570693132333435363738391a00010000", true, &a), 1);
    assert_int_equal(a.until_ms, 0x10000);
    assert_int_equal(answer_of("4:667069636b7570693132333435363738391a00010000", false, &a), TP_E_MALFORMED);
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        if (answer_of(bad[i], true, &a) != TP_E_MALFORMED) {
            fail_msg("%s", bad[i]);
        }
    }
    buf_free(&out);
}

static void a_cut_answer_is_malformed(void **state)
{
    (void)state;
    struct whole grant;
    struct buf out;
    buf_init(&out, MESSAGE_MAX);
    make_whole(KIND_GRANT, &grant);
    answer_grant(&out, some_d, buf_view(&grant.statement), bytes_str("quote"));
    for (size_t n = 1; n < out.n; n++) {
        struct dec d;
        struct answer a;
        dec_init(&d, bytes_of(out.p, n));
        assert_int_equal(answer_next(&d, &a), TP_E_MALFORMED);
    }
    free_whole(&grant);
    buf_free(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_message_of_all_kinds_comes_out_in_order),
        cmocka_unit_test(an_erased_person_is_null_and_lines_are_never_erased),
        cmocka_unit_test(a_part_that_was_not_signed_is_refused),
        cmocka_unit_test(parts_that_a_statement_does_not_have_are_refused),
        cmocka_unit_test(an_item_has_exactly_its_parts),
        cmocka_unit_test(a_message_that_is_not_one_is_malformed),
        cmocka_unit_test(a_part_ends_at_one_mebibyte),
        cmocka_unit_test(answers_come_out_as_they_were_put),
        cmocka_unit_test(answers_of_another_form_are_malformed),
        cmocka_unit_test(an_unknown_word_is_a_bad_statement),
        cmocka_unit_test(a_problems_sentence_is_cut_to_valid_text),
        cmocka_unit_test(a_pickup_answer_is_nine_digits_and_a_time),
        cmocka_unit_test(a_cut_answer_is_malformed),
    };
    return cmocka_run_group_tests(tests, make_key, free_key);
}
