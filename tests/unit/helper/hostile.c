/* Helpers that lie, die and hang, played by shell scripts: a picture may have taken the real one over. */
#include "child.h"

#include <signal.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* A script that takes a frame of 1 x 1, says the bytes of printf's format and stays. */
static void says(const char *said, int want)
{
    char body[2048];
    snprintf(body, sizeof body, "head -c 17 <&3 >/dev/null; printf '%s' >&3; exec sleep 60 3<&3", said);
    struct script s = write_script(body);
    struct helper *h = open_helper(s.path);
    int got = ask_white(h, 1, PATIENCE);
    if (got != want) {
        fail_msg("%s: %d", said, got);
    }
    /* It is not kept after that. */
    assert_int_equal(only_child(), 0);
    helper_close(h);
    remove_script(&s);
}

/* Numbers of talk.h as printf's octal bytes, in this machine's order. */
#define ANSWER number(HELPER_ANSWER)

static const char *number(uint32_t v)
{
    static char ring[8][20];
    static unsigned at;
    char *out = ring[at++ % 8];
    uint8_t b[4];
    memcpy(b, &v, 4);
    snprintf(out, 20, "\\%03o\\%03o\\%03o\\%03o", b[0], b[1], b[2], b[3]);
    return out;
}

static void says_answer(uint32_t magic, int32_t count, uint32_t size, const char *body, int want)
{
    char said[1024];
    snprintf(said, sizeof said, "%s%s%s%s", number(magic), number((uint32_t)count), number(size), body);
    says(said, want);
}

static void nonsense_is_an_error_and_no_text(void **state)
{
    (void)state;
    char body[256];
    says_answer(HELPER_ASK, 0, 0, "", TP_E_IO);
    says_answer(HELPER_ANSWER, HELPER_CODES_MAX + 1, 0, "", TP_E_IO);
    says_answer(HELPER_ANSWER, INT32_MAX, 0, "", TP_E_IO);
    says_answer(HELPER_ANSWER, INT32_MIN, 0, "", TP_E_IO);
    says_answer(HELPER_ANSWER, TP_E_TIMEOUT, 0, "", TP_E_IO);
    says_answer(HELPER_ANSWER, 0, HELPER_ANSWER_MAX + 1, "", TP_E_IO);
    says_answer(HELPER_ANSWER, 0, UINT32_MAX, "", TP_E_IO);
    says_answer(HELPER_ANSWER, 0, 1, "x", TP_E_IO);
    says_answer(HELPER_ANSWER, 1, 0, "", TP_E_IO);
    says_answer(HELPER_ANSWER, 1, 3, "abc", TP_E_IO);
    says_answer(HELPER_ANSWER, TP_E_MEMORY, 0, "", TP_E_MEMORY);
    static const uint32_t lengths[] = {0, 2, 4, 0x7FFFFFFF, UINT32_MAX};
    for (size_t i = 0; i < sizeof lengths / sizeof *lengths; i++) {
        snprintf(body, sizeof body, "%sabc", number(lengths[i]));
        says_answer(HELPER_ANSWER, 1, 7, body, TP_E_IO);
    }
    /* The first text was right; it is not kept either. */
    snprintf(body, sizeof body, "%sabc%sd", number(3), number(2));
    says_answer(HELPER_ANSWER, 2, 12, body, TP_E_IO);
}

static void a_short_answer_is_late(void **state)
{
    (void)state;
    struct script s = write_script("head -c 17 <&3 >/dev/null; printf 'ab' >&3; exec sleep 60 3<&3");
    struct helper *h = open_helper(s.path);
    assert_int_equal(ask_white(h, 1, 300), TP_E_TIMEOUT);
    helper_close(h);
    remove_script(&s);
}

static void a_right_answer_of_a_script_is_taken(void **state)
{
    (void)state;
    char body[512];
    struct buf texts[HELPER_CODES_MAX];
    uint8_t px = 255;
    snprintf(body, sizeof body, "head -c 17 <&3 >/dev/null; printf '%s%s%s%sabc' >&3; exec sleep 60 3<&3",
             ANSWER, number(1), number(7), number(3));
    struct script s = write_script(body);
    struct helper *h = open_helper(s.path);
    assert_int_equal(helper_decode(h, &(struct helper_frame){1, 1, &px}, PATIENCE, texts, NULL), 1);
    assert_true(bytes_is(buf_view(&texts[0]), "abc"));
    free_texts(texts);
    helper_close(h);
    remove_script(&s);
}

/* Until the script has become the sleep that follows its words. */
static void await_speech(pid_t pid)
{
    char path[64], name[16] = "";
    snprintf(path, sizeof path, "/proc/%d/comm", (int)pid);
    for (int i = 0; i < 10000 && strncmp(name, "sleep", 5) != 0; i++) {
        struct timespec pause = {.tv_nsec = 1000000};
        nanosleep(&pause, NULL);
        FILE *f = fopen(path, "re");
        assert_non_null(f);
        size_t n = fread(name, 1, sizeof name - 1, f);
        name[n] = '\0';
        fclose(f);
    }
    assert_int_equal(strncmp(name, "sleep", 5), 0);
}

/* What was said before the question answers nothing. */
static void a_helper_that_speaks_unasked_is_replaced(void **state)
{
    (void)state;
    char body[256];
    snprintf(body, sizeof body, "printf '%s%s%s' >&3; exec sleep 60 3<&3", ANSWER, number(0), number(0));
    struct script s = write_script(body);
    for (int i = 0; i < 5; i++) {
        struct helper *h = open_helper(s.path);
        pid_t first = only_child();
        await_speech(first);
        ask_white(h, 1, 20);
        assert_int_equal(kill(first, 0), -1);
        helper_close(h);
        assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
    }
    remove_script(&s);
}

/* SIGPIPE at its default would end this test here. */
static void a_helper_that_dies_within_a_frame_raises_no_signal(void **state)
{
    (void)state;
    struct script s = write_script("head -c 1000 <&3 >/dev/null; exit 0");
    struct helper *h = open_helper(s.path);
    signal(SIGPIPE, SIG_DFL);
    assert_int_equal(ask_white(h, 4000, PATIENCE), TP_E_IO);
    assert_int_equal(ask_white(h, 4000, PATIENCE), TP_E_IO);
    helper_close(h);
    remove_script(&s);
}

static void a_helper_that_ends_at_once_is_an_error(void **state)
{
    (void)state;
    int files = count_files(getpid());
    for (int i = 0; i < 20; i++) {
        struct helper *h = NULL;
        int rc = helper_open("/bin/true", &h, NULL);
        assert_true(rc == 0 || rc == TP_E_IO);
        if (rc == 0) {
            assert_int_equal(ask_white(h, 10, PATIENCE), TP_E_IO);
            helper_close(h);
        }
        assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
    }
    assert_int_equal(count_files(getpid()), files);
}

/* The program for the questions that no client sends. */
static int ends_with(const void *p, size_t n)
{
    int pair[2], status = -1;
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
    pid_t pid = fork();
    if (pid == 0) {
        close(pair[0]);
        dup2(pair[1], HELPER_SOCKET);
        closefrom(HELPER_SOCKET + 1);
        execl(HELPER_PROGRAM, "tillproof-helper", (char *)NULL);
        _exit(99);
    }
    close(pair[1]);
    assert_int_equal(send(pair[0], p, n, MSG_NOSIGNAL), (ssize_t)n);
    shutdown(pair[0], SHUT_WR);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    close(pair[0]);
    assert_true(WIFEXITED(status));
    return WEXITSTATUS(status);
}

static void the_program_ends_at_malformed_questions(void **state)
{
    (void)state;
    static const struct helper_ask asks[] = {
        {HELPER_ANSWER, 4, 4, 100},
        {HELPER_ASK, 0, 4, 100},
        {HELPER_ASK, 4, 0, 100},
        {HELPER_ASK, HELPER_SIDE_MAX + 1, 1, 100},
        {HELPER_ASK, 1, HELPER_SIDE_MAX + 1, 100},
        {HELPER_ASK, HELPER_SIDE_MAX, HELPER_SIDE_MAX, 100},
        {HELPER_ASK, 4, 4, 0},
        {HELPER_ASK, 4, 4, HELPER_DEADLINE_MAX + 1},
        {HELPER_ASK, 4, 4, 100}, /* and no pixels */
    };
    for (size_t i = 0; i < sizeof asks / sizeof *asks; i++) {
        assert_int_equal(ends_with(&asks[i], sizeof asks[i]), 1);
    }
    assert_int_equal(ends_with(asks, 7), 1);
    assert_int_equal(ends_with(asks, 0), 0);
}

static void the_program_does_not_run_by_hand(void **state)
{
    (void)state;
    int status = -1;
    pid_t pid = fork();
    if (pid == 0) {
        hush_begin();
        closefrom(HELPER_SOCKET);
        execl(HELPER_PROGRAM, "tillproof-helper", (char *)NULL);
        _exit(99);
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nonsense_is_an_error_and_no_text),
        cmocka_unit_test(a_short_answer_is_late),
        cmocka_unit_test(a_right_answer_of_a_script_is_taken),
        cmocka_unit_test(a_helper_that_speaks_unasked_is_replaced),
        cmocka_unit_test(a_helper_that_dies_within_a_frame_raises_no_signal),
        cmocka_unit_test(a_helper_that_ends_at_once_is_an_error),
        cmocka_unit_test(the_program_ends_at_malformed_questions),
        cmocka_unit_test(the_program_does_not_run_by_hand),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
