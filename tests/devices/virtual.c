/* The hub over paths: a file, a FIFO and a socket are scanners, the host is never kept waiting, nothing is
 * lost. */
#include "devices/hub_wait.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

struct place {
    char folder[64], path[80];
    struct hub_config config;
};

static int make_place(void **state)
{
    struct place *p = calloc(1, sizeof *p);
    const char *tmp = getenv("TMPDIR");
    if (!p) {
        return -1;
    }
    /* A socket's path is short. */
    snprintf(p->folder, sizeof p->folder, "%s/hub-XXXXXX", tmp && strlen(tmp) < 40 ? tmp : "/tmp");
    if (!mkdtemp(p->folder)) {
        return -1;
    }
    snprintf(p->path, sizeof p->path, "%s/scans", p->folder);
    p->config = (struct hub_config){.no_usb = true, .path_count = 1, .retry_ms = 20};
    memcpy(p->config.paths[0].path, p->path, sizeof p->path);
    *state = p;
    return 0;
}

static int remove_place(void **state)
{
    struct place *p = *state;
    unlink(p->path);
    int rc = rmdir(p->folder);
    free(p);
    return rc;
}

static struct hub *open_hub(const struct hub_config *config)
{
    struct hub *h = NULL;
    struct err e = {0};
    assert_int_equal(hub_open(config, &h, &e), 0);
    assert_non_null(h);
    return h;
}

static void write_file(const char *path, const void *bytes, size_t n)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, bytes, n), n);
    close(fd);
}

static int listen_at(const char *path)
{
    struct sockaddr_un at = {.sun_family = AF_UNIX};
    memcpy(at.sun_path, path, strlen(path) + 1);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_true(fd >= 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&at, sizeof at), 0);
    assert_int_equal(listen(fd, 1), 0);
    return fd;
}

static int accept_within(int listener)
{
    struct pollfd fd = {.fd = listener, .events = POLLIN};
    assert_int_equal(poll(&fd, 1, PATIENCE_MS), 1);
    int peer = accept(listener, NULL, NULL);
    assert_true(peer >= 0);
    return peer;
}

static void a_file_is_read_once_to_its_end(void **state)
{
    struct place *p = *state;
    static struct hub_event e;
    static const char text[] = "4006381333931\r\n]Q3(01)09520000\n\nlast";
    write_file(p->path, text, sizeof text - 1);
    struct hub *h = open_hub(&p->config);
    assert_scanned(h, "", "4006381333931", 13);
    assert_scanned(h, "]Q3", "(01)09520000", 12);
    assert_scanned(h, "", "last", 4);
    wait_state(h, HUB_GONE, &e);
    assert_int_equal(e.device.scans, 3);
    assert_string_equal(e.device.driver, "virtual");
    assert_string_equal(e.device.where, p->path);
    assert_no_scan(h, 100);
    assert_int_equal(hub_close(h, PATIENCE_MS), 0);
}

static void a_line_that_is_too_long_is_dropped_and_counted(void **state)
{
    struct place *p = *state;
    static struct hub_event e;
    static char text[2 * SCAN_MAX + 6];
    memset(text, 'x', sizeof text);
    memcpy(text + 2 * SCAN_MAX, "\ngood\n", 6);
    write_file(p->path, text, sizeof text);
    struct hub *h = open_hub(&p->config);
    assert_scanned(h, "", "good", 4);
    wait_state(h, HUB_GONE, &e);
    assert_int_equal(e.device.broken, 1);
    assert_int_equal(e.device.scans, 1);
    assert_int_equal(hub_close(h, PATIENCE_MS), 0);
}

static void a_fifo_outlives_its_writers(void **state)
{
    struct place *p = *state;
    static struct hub_event e;
    assert_int_equal(mkfifo(p->path, 0600), 0);
    struct hub *h = open_hub(&p->config);
    wait_state(h, HUB_READY, &e);
    for (int i = 0; i < 3; i++) {
        int fd = open(p->path, O_WRONLY | O_CLOEXEC);
        assert_int_equal(write(fd, "]C1code\n", 8), 8);
        close(fd);
        assert_scanned(h, "]C1", "code", 4);
    }
    assert_int_equal(hub_close(h, PATIENCE_MS), 0);
}

static void a_socket_that_breaks_off_is_found_again_and_nothing_half_is_delivered(void **state)
{
    struct place *p = *state;
    static struct hub_event e;
    int listener = listen_at(p->path);
    struct hub *h = open_hub(&p->config);
    int peer = accept_within(listener);
    assert_int_equal(write(peer, "one\nhal", 7), 7);
    assert_scanned(h, "", "one", 3);
    close(peer);
    wait_state(h, HUB_FAILED, &e);
    uint32_t id = e.device.id;
    peer = accept_within(listener);
    assert_int_equal(write(peer, "f\ntwo\n", 6), 6);
    assert_scanned(h, "", "f", 1);
    assert_scanned(h, "", "two", 3);
    struct hub_device d;
    assert_int_equal(hub_devices(h, &d, 1), 1);
    assert_int_equal(d.id, id);
    assert_int_equal(d.state, HUB_READY);
    close(peer);
    close(listener);
    assert_int_equal(hub_close(h, PATIENCE_MS), 0);
}

static void a_path_that_is_not_there_yet_is_tried_again(void **state)
{
    struct place *p = *state;
    static struct hub_event e;
    struct hub *h = open_hub(&p->config);
    wait_state(h, HUB_FAILED, &e);
    assert_true(e.device.detail[0]);
    write_file(p->path, "code\n", 5);
    assert_scanned(h, "", "code", 4);
    assert_int_equal(hub_close(h, PATIENCE_MS), 0);
}

static void a_folder_is_no_scanner_and_says_so(void **state)
{
    struct place *p = *state;
    static struct hub_event e;
    memcpy(p->config.paths[0].path, p->folder, sizeof p->folder);
    struct hub *h = open_hub(&p->config);
    wait_state(h, HUB_UNUSABLE, &e);
    assert_non_null(strstr(e.device.detail, "neither"));
    assert_no_scan(h, 100);
    assert_int_equal(hub_close(h, PATIENCE_MS), 0);
}

static void a_record_that_is_too_long_closes_the_path(void **state)
{
    struct place *p = *state;
    static struct hub_event e;
    static const uint8_t bytes[] = {0, 1, 0, 0, 0, 'a', 0xFF, 0xFF, 0, 0, 0, 'b'};
    write_file(p->path, bytes, sizeof bytes);
    p->config.paths[0].framing = DRIVER_RECORDS;
    p->config.retry_ms = 60000;
    struct hub *h = open_hub(&p->config);
    assert_scanned(h, "", "a", 1);
    wait_state(h, HUB_FAILED, &e);
    assert_int_equal(hub_close(h, PATIENCE_MS), 0);
}

static void a_host_that_does_not_take_its_scans_loses_none(void **state)
{
    struct place *p = *state;
    enum { SCANS = 3000 };
    static char text[SCANS * 8 + 1];
    char want[16];
    for (int i = 0; i < SCANS; i++) {
        snprintf(text + (size_t)i * 8, 9, "%07d\n", i);
    }
    write_file(p->path, text, sizeof text - 1);
    p->config.queue = HUB_QUEUE_MIN;
    struct hub *h = open_hub(&p->config);
    poll(NULL, 0, 200);
    for (int i = 0; i < SCANS; i++) {
        snprintf(want, sizeof want, "%07d", i);
        assert_scanned(h, "", want, 7);
    }
    assert_no_scan(h, 100);
    assert_int_equal(hub_close(h, PATIENCE_MS), 0);
}

static void a_slow_path_does_not_stop_another(void **state)
{
    struct place *p = *state;
    int listener = listen_at(p->path);
    p->config.path_count = 2;
    snprintf(p->config.paths[1].path, sizeof p->config.paths[1].path, "%s/other", p->folder);
    write_file(p->config.paths[1].path, "quick\n", 6);
    struct hub *h = open_hub(&p->config);
    int peer = accept_within(listener);
    assert_int_equal(write(peer, "never en", 8), 8);
    assert_scanned(h, "", "quick", 5);
    assert_int_equal(hub_close(h, PATIENCE_MS), 0);
    unlink(p->config.paths[1].path);
    close(peer);
    close(listener);
}

static void the_descriptor_is_readable_only_while_there_is_something(void **state)
{
    struct place *p = *state;
    static struct hub_event e;
    assert_int_equal(mkfifo(p->path, 0600), 0);
    struct hub *h = open_hub(&p->config);
    struct pollfd fd = {.fd = hub_fd(h), .events = POLLIN};
    wait_state(h, HUB_READY, &e);
    while (hub_next(h, &e) == 1) {
        assert_int_equal(e.kind, HUB_DEVICE);
    }
    assert_int_equal(poll(&fd, 1, 0), 0);
    write_file(p->path, "1\n", 2);
    assert_int_equal(poll(&fd, 1, PATIENCE_MS), 1);
    assert_int_equal(hub_next(h, &e), 1);
    assert_int_equal(e.kind, HUB_SCAN);
    assert_int_equal(poll(&fd, 1, 0), 0);
    assert_int_equal(hub_next(h, &e), 0);
    assert_int_equal(hub_close(h, PATIENCE_MS), 0);
}

static void a_wrong_configuration_is_refused(void **state)
{
    struct place *p = *state;
    struct hub *h = NULL;
    struct hub_config c = p->config;
    c.queue = HUB_QUEUE_MIN - 1;
    assert_int_equal(hub_open(&c, &h, NULL), TP_E_ARGUMENT);
    c = p->config;
    c.queue = HUB_QUEUE_MAX + 1;
    assert_int_equal(hub_open(&c, &h, NULL), TP_E_ARGUMENT);
    c = p->config;
    c.path_count = HUB_PATHS_MAX + 1;
    assert_int_equal(hub_open(&c, &h, NULL), TP_E_ARGUMENT);
    c = p->config;
    c.paths[0].path[0] = 0;
    assert_int_equal(hub_open(&c, &h, NULL), TP_E_ARGUMENT);
    memset(c.paths[0].path, 'x', sizeof c.paths[0].path);
    assert_int_equal(hub_open(&c, &h, NULL), TP_E_ARGUMENT);
    assert_null(h);
    assert_int_equal(hub_close(NULL, 0), 0);
}

static void it_opens_and_closes_again_and_again_and_leaves_nothing_open(void **state)
{
    struct place *p = *state;
    assert_int_equal(mkfifo(p->path, 0600), 0);
    int before = dup(0);
    close(before);
    for (int i = 0; i < 50; i++) {
        assert_int_equal(hub_close(open_hub(&p->config), PATIENCE_MS), 0);
    }
    int after = dup(0);
    close(after);
    assert_int_equal(after, before);
}

static void without_time_to_close_it_cleans_up_by_itself(void **state)
{
    struct place *p = *state;
    assert_int_equal(mkfifo(p->path, 0600), 0);
    int before = dup(0), after = -1;
    close(before);
    for (int i = 0; i < 20; i++) {
        int rc = hub_close(open_hub(&p->config), 0);
        assert_true(rc == 0 || rc == TP_E_TIMEOUT);
    }
    for (int i = 0; i < PATIENCE_MS / 10 && after != before; i++) {
        poll(NULL, 0, 10);
        after = dup(0);
        close(after);
    }
    assert_int_equal(after, before);
}

#define ON_PATH(test) cmocka_unit_test_setup_teardown(test, make_place, remove_place)

int main(void)
{
    const struct CMUnitTest tests[] = {
        ON_PATH(a_file_is_read_once_to_its_end),
        ON_PATH(a_line_that_is_too_long_is_dropped_and_counted),
        ON_PATH(a_fifo_outlives_its_writers),
        ON_PATH(a_socket_that_breaks_off_is_found_again_and_nothing_half_is_delivered),
        ON_PATH(a_path_that_is_not_there_yet_is_tried_again),
        ON_PATH(a_folder_is_no_scanner_and_says_so),
        ON_PATH(a_record_that_is_too_long_closes_the_path),
        ON_PATH(a_host_that_does_not_take_its_scans_loses_none),
        ON_PATH(a_slow_path_does_not_stop_another),
        ON_PATH(the_descriptor_is_readable_only_while_there_is_something),
        ON_PATH(a_wrong_configuration_is_refused),
        ON_PATH(it_opens_and_closes_again_and_again_and_leaves_nothing_open),
        ON_PATH(without_time_to_close_it_cleans_up_by_itself),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
