/* Frames through the real helper: what is read, what is refused, and helpers that are late or dead. */
#include "child.h"

#include <qrencode.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

static void a_code_is_read_again_and_again_by_one_process(void **state)
{
    (void)state;
    struct helper *h = open_helper(HELPER_PROGRAM);
    pid_t pid = only_child();
    for (int i = 0; i < 20; i++) {
        reads_a_code(h);
    }
    assert_int_not_equal(pid, 0);
    assert_int_equal(only_child(), pid);
    helper_close(h);
}

static void every_text_comes_through(void **state)
{
    (void)state;
    struct buf texts[HELPER_CODES_MAX];
    struct grey g = draw_white(4 * 130, 4 * 130);
    for (uint32_t i = 0; i < 16; i++) {
        char digits[2] = {(char)('0' + i / 10), (char)('0' + i % 10)};
        struct qr qr;
        assert_int_equal(qr_encode(bytes_of(digits, 2), &qr, NULL), 0);
        draw_qr(&g, &qr, i % 4 * 130 + 20, i / 4 * 130 + 20, 4);
        qr_free(&qr);
    }
    struct helper *h = open_helper(HELPER_PROGRAM);
    struct helper_frame frame = {g.width, g.height, g.px};
    unsigned seen = 0;
    assert_int_equal(helper_decode(h, &frame, PATIENCE, texts, NULL), 16);
    for (int i = 0; i < 16; i++) {
        assert_int_equal(texts[i].n, 2);
        seen |= 1u << ((texts[i].p[0] - '0') * 10 + texts[i].p[1] - '0');
    }
    assert_int_equal(seen, 0xFFFF);
    free_texts(texts);
    helper_close(h);
    grey_free(&g);
}

static void reads_input(struct helper *h, QRinput *input, struct bytes want)
{
    struct buf texts[HELPER_CODES_MAX];
    QRcode *code = QRcode_encodeInput(input);
    assert_non_null(code);
    struct qr qr = {.side = code->width, .dark = code->data};
    for (int i = 0; i < code->width * code->width; i++) {
        qr.dark[i] &= 1;
    }
    struct grey g = draw_white(200, 200);
    draw_qr(&g, &qr, 30, 30, 4);
    struct helper_frame frame = {g.width, g.height, g.px};
    assert_int_equal(helper_decode(h, &frame, PATIENCE, texts, NULL), 1);
    assert_true(bytes_equal(buf_view(&texts[0]), want));
    free_texts(texts);
    grey_free(&g);
    QRcode_free(code);
}

static void a_long_text_comes_through_whole(void **state)
{
    (void)state;
    struct buf texts[HELPER_CODES_MAX];
    char digits[1000];
    uint64_t seed = 5;
    draw_digits(&seed, digits, sizeof digits);
    struct grey g = draw_code(digits, sizeof digits, 4);
    struct helper *h = open_helper(HELPER_PROGRAM);
    struct helper_frame frame = {g.width, g.height, g.px};
    assert_int_equal(helper_decode(h, &frame, PATIENCE, texts, NULL), 1);
    assert_true(bytes_equal(buf_view(&texts[0]), bytes_of(digits, sizeof digits)));
    free_texts(texts);
    helper_close(h);
    grey_free(&g);
}

/* Shift JIS characters, bytes behind every ECI: whatever zbar would make of them, the bytes come back raw. */
static void bytes_come_back_raw_whatever_their_character_set(void **state)
{
    (void)state;
    static const uint8_t raw[] = {'a', 0xE4, 0x80, 0x00, 0xFF}, kanji[] = {0x93, 0x5F, 0xE4, 0xAA};
    struct helper *h = open_helper(HELPER_PROGRAM);
    pid_t pid = only_child();
    for (unsigned eci = 0; eci < 31; eci++) {
        QRinput *input = QRinput_new2(0, QR_ECLEVEL_M);
        if (eci < 30) {
            assert_int_equal(QRinput_appendECIheader(input, eci), 0);
            assert_int_equal(QRinput_append(input, QR_MODE_8, sizeof raw, raw), 0);
            reads_input(h, input, bytes_of(raw, sizeof raw));
        } else {
            assert_int_equal(QRinput_append(input, QR_MODE_KANJI, sizeof kanji, kanji), 0);
            reads_input(h, input, bytes_of(kanji, sizeof kanji));
        }
        QRinput_free(input);
    }
    assert_int_equal(only_child(), pid);
    helper_close(h);
}

/* The harder ways of reading come through, too. */
static void an_inverted_code_is_read(void **state)
{
    (void)state;
    struct buf texts[HELPER_CODES_MAX];
    struct grey g = draw_code("2718281828", 10, 3);
    for (size_t i = 0; i < (size_t)g.width * g.height; i++) {
        g.px[i] = (uint8_t)(255 - g.px[i]);
    }
    struct helper *h = open_helper(HELPER_PROGRAM);
    struct helper_frame frame = {g.width, g.height, g.px};
    assert_int_equal(helper_decode(h, &frame, PATIENCE, texts, NULL), 1);
    assert_true(bytes_is(buf_view(&texts[0]), "2718281828"));
    free_texts(texts);
    helper_close(h);
    grey_free(&g);
}

static void no_code_is_none_and_no_error(void **state)
{
    (void)state;
    struct helper *h = open_helper(HELPER_PROGRAM);
    pid_t pid = only_child();
    assert_int_equal(ask_white(h, 1, PATIENCE), 0);
    assert_int_equal(ask_white(h, 300, PATIENCE), 0);
    assert_int_equal(only_child(), pid);
    helper_close(h);
}

static void refused(struct helper *h, uint32_t width, uint32_t height, const uint8_t *px, uint32_t deadline)
{
    struct buf texts[HELPER_CODES_MAX];
    struct err e = {0};
    struct helper_frame frame = {width, height, px};
    memset(texts, 0xAA, sizeof texts);
    assert_int_equal(helper_decode(h, &frame, deadline, texts, &e), TP_E_ARGUMENT);
    assert_int_equal(e.code, TP_E_ARGUMENT);
    for (int i = 0; i < HELPER_CODES_MAX; i++) {
        assert_null(texts[i].p);
    }
}

static void frames_beyond_the_limits_are_refused_unsent(void **state)
{
    (void)state;
    static const uint8_t px[16];
    struct helper *h = open_helper(HELPER_PROGRAM);
    pid_t pid = only_child();
    refused(h, 0, 4, px, 100);
    refused(h, 4, 0, px, 100);
    refused(h, 4, 4, NULL, 100);
    refused(h, HELPER_SIDE_MAX + 1, 1, px, 100);
    refused(h, 1, HELPER_SIDE_MAX + 1, px, 100);
    refused(h, HELPER_SIDE_MAX, HELPER_PIXELS_MAX / HELPER_SIDE_MAX + 1, px, 100);
    refused(h, UINT32_MAX, UINT32_MAX, px, 100);
    refused(h, 4, 4, px, 0);
    refused(h, 4, 4, px, HELPER_DEADLINE_MAX + 1);
    struct buf texts[HELPER_CODES_MAX];
    assert_int_equal(helper_decode(NULL, &(struct helper_frame){4, 4, px}, 100, texts, NULL), TP_E_ARGUMENT);
    assert_int_equal(helper_decode(h, NULL, 100, texts, NULL), TP_E_ARGUMENT);
    assert_int_equal(helper_decode(h, &(struct helper_frame){4, 4, px}, 100, NULL, NULL), TP_E_ARGUMENT);
    reads_a_code(h);
    assert_int_equal(only_child(), pid);
    helper_close(h);
}

/* A stopped process is as late as one can be; what it holds of a small frame is in the socket's buffer. */
static void a_late_helper_is_killed_and_replaced(void **state)
{
    (void)state;
    struct helper *h = open_helper(HELPER_PROGRAM);
    static const uint32_t sides[] = {1, 50, 3000};
    for (size_t i = 0; i < sizeof sides / sizeof *sides; i++) {
        pid_t late = only_child();
        assert_int_equal(kill(late, SIGSTOP), 0);
        assert_int_equal(ask_white(h, sides[i], 50), TP_E_TIMEOUT);
        assert_int_equal(kill(late, 0), -1);
        assert_int_equal(only_child(), 0);
        reads_a_code(h);
        assert_int_not_equal(only_child(), 0);
        assert_int_not_equal(only_child(), late);
    }
    helper_close(h);
}

static void a_killed_helper_is_replaced_at_the_next_frame(void **state)
{
    (void)state;
    struct helper *h = open_helper(HELPER_PROGRAM);
    for (int i = 0; i < 3; i++) {
        pid_t killed = only_child();
        assert_int_equal(kill(killed, SIGKILL), 0);
        await_death(killed);
        reads_a_code(h);
        assert_int_not_equal(only_child(), killed);
        /* Reaped: not even a zombie is left. */
        assert_int_equal(kill(killed, 0), -1);
    }
    helper_close(h);
}

static void closing_ends_the_helper(void **state)
{
    (void)state;
    struct helper *h = open_helper(HELPER_PROGRAM);
    pid_t pid = only_child();
    helper_close(h);
    assert_int_equal(kill(pid, 0), -1);
    h = open_helper(HELPER_PROGRAM);
    pid = only_child();
    assert_int_equal(kill(pid, SIGSTOP), 0);
    helper_close(h);
    assert_int_equal(kill(pid, 0), -1);
    assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
    helper_close(NULL);
}

static void a_program_that_is_not_there_is_an_error(void **state)
{
    (void)state;
    struct helper *h = NULL;
    struct err e = {0};
    int files = count_files(getpid());
    assert_int_equal(helper_open("/nowhere/tillproof-helper", &h, &e), TP_E_IO);
    assert_non_null(strstr(e.text, "/nowhere/tillproof-helper"));
    assert_int_equal(helper_open("", &h, NULL), TP_E_ARGUMENT);
    assert_int_equal(helper_open(NULL, &h, NULL), TP_E_ARGUMENT);
    assert_int_equal(helper_open(HELPER_PROGRAM, NULL, NULL), TP_E_ARGUMENT);
    assert_null(h);
    assert_int_equal(count_files(getpid()), files);
    assert_int_equal(only_child(), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_code_is_read_again_and_again_by_one_process),
        cmocka_unit_test(every_text_comes_through),
        cmocka_unit_test(a_long_text_comes_through_whole),
        cmocka_unit_test(bytes_come_back_raw_whatever_their_character_set),
        cmocka_unit_test(an_inverted_code_is_read),
        cmocka_unit_test(no_code_is_none_and_no_error),
        cmocka_unit_test(frames_beyond_the_limits_are_refused_unsent),
        cmocka_unit_test(a_late_helper_is_killed_and_replaced),
        cmocka_unit_test(a_killed_helper_is_replaced_at_the_next_frame),
        cmocka_unit_test(closing_ends_the_helper),
        cmocka_unit_test(a_program_that_is_not_there_is_an_error),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
