/* A guest with scanners that are paths: whole codes become events, in order and none lost, and a program
 * redeems them; whatever comes from a device is bytes and nothing else. */
#include "scanner.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

static char fifo_path[160], socket_path[160];

/* The scanners lie in the shop's folder, whose path is short enough for a socket. */
static int make(void **state)
{
    int rc = shop_make(state);
    snprintf(fifo_path, sizeof fifo_path, "%s/f", shop);
    snprintf(socket_path, sizeof socket_path, "%s/s", shop);
    return rc ? rc : mkfifo(fifo_path, 0600);
}

static void devices_path_ini(const char *key, const char *path)
{
    char text[300];
    snprintf(text, sizeof text, "[devices]\n%s = %s\n", key, path);
    devices_ini(text);
}

static struct tillproof *open_with(const char *key, const char *path)
{
    devices_path_ini(key, path);
    return till_open(NULL);
}

/* FIFOs and sockets take what fits; the test must not wait for ever where the plugin does not read. */
static void put(int fd, const void *bytes, size_t n)
{
    const char *at = bytes;
    while (n > 0) {
        struct pollfd p = {.fd = fd, .events = POLLOUT};
        assert_int_equal(poll(&p, 1, PATIENCE_MS), 1);
        ssize_t written = write(fd, at, n);
        assert_true(written > 0);
        at += written;
        n -= (size_t)written;
    }
}

static void scan_through_fifo(const void *bytes, size_t n)
{
    int fd = open(fifo_path, O_WRONLY | O_CLOEXEC);
    assert_true(fd >= 0);
    put(fd, bytes, n);
    close(fd);
}

static int listen_at_socket(void)
{
    struct sockaddr_un at = {.sun_family = AF_UNIX};
    size_t n = strlen(socket_path);
    assert_true(n < sizeof at.sun_path);
    memcpy(at.sun_path, socket_path, n + 1);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_true(fd >= 0);
    unlink(socket_path);
    assert_int_equal(bind(fd, (struct sockaddr *)&at, sizeof at), 0);
    assert_int_equal(listen(fd, 1), 0);
    return fd;
}

static int accept_within(int listener)
{
    struct pollfd p = {.fd = listener, .events = POLLIN};
    assert_int_equal(poll(&p, 1, PATIENCE_MS), 1);
    int fd = accept(listener, NULL, NULL);
    assert_true(fd >= 0);
    return fd;
}

static void a_scanned_coupon_is_an_event_and_redeemed(void **state)
{
    struct tillproof *t = open_with("path", fifo_path);
    char line[1100];
    (void)state;
    struct tillproof_event v = wait_state(t, TILLPROOF_DEVICE_READY);
    assert_string_equal(v.text, "virtual scanner");
    assert_string_equal(plugin.name_(v.code), "device_ready");
    struct tillproof_device d = device_at(t, 0);
    assert_int_equal(d.id, v.id);
    assert_int_equal(d.state, TILLPROOF_DEVICE_READY);
    assert_string_equal(d.driver, "virtual");
    assert_string_equal(d.where, fifo_path);
    assert_string_equal(d.detail, "");
    int n = snprintf(line, sizeof line, "]Q1%s\r\n", coupons[0]);
    scan_through_fifo(line, (size_t)n);
    redeem_next(t, "D-1");
    assert_int_equal(device_at(t, 0).scans, 1);
    assert_int_equal(device_at(t, 1).id, 0);
    till_close(t);
}

/* The identifier goes with the code: it is by the symbology that an article is known. */
static void an_article_is_told_with_its_symbology(void **state)
{
    struct tillproof *t = open_with("path", fifo_path);
    static struct scan s;
    int64_t sale = 0;
    (void)state;
    assert_int_equal(sale_fill(t, "D-2", TILLPROOF_TRAINING, NULL, &sale), 0);
    scan_through_fifo("]E04006381333931\n]E04006381333932\n4006381333931\n", 49);
    wait_scan(t, &s);
    assert_string_equal(s.event.text, "]E0");
    assert_int_equal(s.event.length, 16);
    assert_memory_equal(s.data, "]E04006381333931", 16);
    assert_int_equal(present_scan(t, sale, &s), TILLPROOF_PRODUCT);
    wait_scan(t, &s);
    assert_int_equal(present_scan(t, sale, &s), TILLPROOF_MISREAD);
    wait_scan(t, &s);
    assert_string_equal(s.event.text, "");
    assert_int_equal(s.event.length, 13);
    till_close(t);
}

static void records_may_hold_any_byte(void **state)
{
    struct tillproof *t = open_with("records", fifo_path);
    static const uint8_t records[] = {0, 4, ']', 'Q', '3', '\n', 0, 0xFF, '\r', 0,
                                      0, 0, 0,   0,   0,   1,    0, 0,    0,    'x'};
    (void)state;
    wait_state(t, TILLPROOF_DEVICE_READY);
    scan_through_fifo(records, sizeof records);
    assert_scan(t, "]Q3\n\0\xFF\r", 7);
    assert_scan(t, "x", 1);
    till_close(t);
}

static void one_that_breaks_off_is_told_and_comes_back(void **state)
{
    int listener = listen_at_socket();
    struct tillproof *t = open_with("path", socket_path);
    (void)state;
    int peer = accept_within(listener);
    struct tillproof_event v = wait_state(t, TILLPROOF_DEVICE_READY);
    put(peer, "whole\nhalf of a co", 18);
    assert_scan(t, "whole", 5);
    close(peer);
    struct tillproof_event gone = wait_state(t, TILLPROOF_DEVICE_FAILED);
    assert_int_equal(gone.id, v.id);
    assert_true(device_at(t, 0).detail[0]);
    peer = accept_within(listener);
    assert_int_equal(wait_state(t, TILLPROOF_DEVICE_READY).id, v.id);
    put(peer, "again\n", 6);
    assert_scan(t, "again", 5);
    assert_int_equal(device_at(t, 0).scans, 2);
    close(peer);
    close(listener);
    till_close(t);
}

/* Nobody is there yet, nothing may be there: each is told, the till opens and sells, and one that comes is
 * read. */
static void what_is_not_there_is_told_and_waited_for(void **state)
{
    char text[600], gone[180];
    (void)state;
    unlink(socket_path);
    snprintf(gone, sizeof gone, "%s/nothing", shop);
    snprintf(text, sizeof text, "[devices]\nusb = no\npath = %s\npath = %s\npath = %s\n", socket_path, gone,
             shop);
    devices_ini(text);
    struct tillproof *t = till_open(NULL);
    wait_state(t, TILLPROOF_DEVICE_UNUSABLE);
    assert_int_equal(sale_ring(t, "D-3", TILLPROOF_TRAINING, coupons[1]), 0);
    assert_string_equal(device_at(t, 2).where, shop);
    assert_int_equal(device_at(t, 2).state, TILLPROOF_DEVICE_UNUSABLE);
    assert_true(device_at(t, 2).detail[0]);
    assert_int_equal(device_at(t, 1).state, TILLPROOF_DEVICE_FAILED);
    int listener = listen_at_socket();
    int peer = accept_within(listener);
    put(peer, "there\n", 6);
    assert_scan(t, "there", 5);
    close(peer);
    close(listener);
    till_close(t);
}

/* Each arrives byte for byte, is refused with an outcome, and does nothing to the sale. */
static void hostile_bytes_are_only_bytes(void **state)
{
    static const char *const hostile[] = {
        "%s%s%s%n%n",
        "'; DROP TABLE sale; --",
        "../../../../etc/passwd",
        "$(reboot) `reboot` | reboot &",
        "\x1b]0;title\x07\x1b[2J",
        "\xFF\xFE\xC3\x28\xED\xA0\x80",
        "]",
        "]Q",
        "]Q1]Q1]Q1]E0",
        "[devices]",
    };
    struct tillproof *t = open_with("path", fifo_path);
    static struct scan s;
    char line[64];
    int64_t sale = 0;
    (void)state;
    struct tillproof_quote q = {.size = sizeof q};
    assert_int_equal(sale_fill(t, "D-4", 0, NULL, &sale), 0);
    for (size_t i = 0; i < sizeof hostile / sizeof *hostile; i++) {
        int n = snprintf(line, sizeof line, "%s\n", hostile[i]);
        scan_through_fifo(line, (size_t)n);
        wait_scan(t, &s);
        assert_int_equal(s.event.length, n - 1);
        assert_memory_equal(s.data, hostile[i], s.event.length);
        assert_true(present_scan(t, sale, &s) > 0);
    }
    scan_through_fifo("a\0b\n\0\n", 6);
    assert_scan(t, "a\0b", 3);
    assert_scan(t, "\0", 1);
    assert_int_equal(plugin.quote_(t, sale, &q), 0);
    assert_int_equal(q.due, DUE_WITHOUT);
    till_close(t);
}

/* The longest code goes through whole, without its identifier if need be; a longer one is dropped whole. */
static void a_code_that_is_too_long_is_dropped_and_counted(void **state)
{
    struct tillproof *t = open_with("path", fifo_path);
    static char text[3 + SCAN_MOST + 2] = "]Q3";
    static struct scan s;
    int64_t sale = 0;
    (void)state;
    memset(text + 3, '7', SCAN_MOST + 1);
    assert_int_equal(sale_fill(t, "D-5", TILLPROOF_TRAINING, NULL, &sale), 0);
    text[3 + SCAN_MOST] = '\n';
    scan_through_fifo(text, 3 + SCAN_MOST + 1);
    wait_scan(t, &s);
    assert_int_equal(s.event.length, SCAN_MOST);
    assert_string_equal(s.event.text, "");
    assert_memory_equal(s.data, text + 3, SCAN_MOST);
    assert_true(present_scan(t, sale, &s) > 0);
    text[3 + SCAN_MOST] = '7';
    text[3 + SCAN_MOST + 1] = '\n';
    scan_through_fifo(text, sizeof text);
    scan_through_fifo("good\n", 5);
    assert_scan(t, "good", 4);
    assert_int_equal(device_at(t, 0).broken, 1);
    till_close(t);
}

enum { MANY = 400 };

/* More than the events and the hub hold: what nobody takes stays where it came from. */
static void a_host_that_does_not_listen_loses_nothing(void **state)
{
    struct tillproof *t = open_with("path", fifo_path);
    char line[32];
    int32_t fd = -1;
    (void)state;
    assert_int_equal(plugin.event_fd_(t, &fd), 0);
    for (int i = 0; i < MANY; i++) {
        int n = snprintf(line, sizeof line, "code-%d\n", i);
        scan_through_fifo(line, (size_t)n);
    }
    assert_int_equal(sale_ring(t, "D-6", TILLPROOF_TRAINING, coupons[1]), 0);
    for (int i = 0; i < MANY; i++) {
        struct pollfd p = {.fd = fd, .events = POLLIN};
        assert_int_equal(poll(&p, 1, PATIENCE_MS), 1);
        int n = snprintf(line, sizeof line, "code-%d", i);
        assert_scan(t, line, (size_t)n);
    }
    assert_int_equal(device_at(t, 0).scans, MANY);
    till_close(t);
}

static void assert_refused(const char *text, int line)
{
    struct tillproof *t = NULL;
    char reason[512] = "", place[64];
    uint32_t length = sizeof reason;
    devices_ini(text);
    assert_int_equal(plugin.open_(shop, NULL, 0, &t), TILLPROOF_E_CORRUPT);
    assert_null(t);
    assert_int_equal(plugin.reason_(reason, &length), 0);
    snprintf(place, sizeof place, line ? "devices.ini, line %d: " : "devices.ini", line);
    assert_ptr_equal(strstr(reason, place), reason);
    assert_null(strchr(reason, '\n'));
}

static void a_wrong_file_is_refused_with_its_line(void **state)
{
    char text[2000] = "[devices]\n";
    (void)state;
    int fds = count_fds(), threads = count_threads();
    assert_refused("[devices]\nusb = maybe\n", 2);
    assert_refused("[devices]\nusb =\n", 2);
    assert_refused("[devices]\n\nusb = yes\nusb = yes\n", 4);
    assert_refused("[devices]\nbluetooth = yes\n", 2);
    assert_refused("[device]\nusb = yes\n", 2);
    assert_refused("usb = yes\n", 1);
    assert_refused("[devices\n", 1);
    assert_refused("[devices]\nusb\n", 2);
    assert_refused("[devices]\npath = scans\n", 2);
    assert_refused("[devices]\npath = /\n", 2);
    assert_refused("[devices]\npath = /tmp/\xFF\n", 2);
    assert_refused("[devices]\npath = /tmp/a\nrecords = /tmp/a\n", 3);
    for (int i = 0; i < 9; i++) {
        snprintf(text + strlen(text), 32, "path = /tmp/%d\n", i);
    }
    assert_refused(text, 10);
    snprintf(text, sizeof text, "[devices]\npath = /%0107d\n", 0);
    assert_refused(text, 2);
    memset(text, 'x', sizeof text - 1);
    assert_refused(text, 1);
    assert_int_equal(count_fds(), fds);
    assert_int_equal(count_threads(), threads);
    devices_ini("; none\n[devices]\n");
    struct tillproof *t = till_open(NULL);
    assert_int_equal(device_at(t, 0).id, 0);
    till_close(t);
}

static void misuse_is_told(void **state)
{
    struct tillproof_device d = {.size = sizeof d, .id = 77};
    (void)state;
    devices_ini(NULL);
    int threads = count_threads();
    struct tillproof *t = till_open(NULL);
    assert_int_equal(count_threads(), threads + 1); /* none for devices that nobody asked for */
    assert_int_equal(plugin.device_(NULL, 0, &d), TILLPROOF_E_ARGUMENT);
    assert_int_equal(plugin.device_(t, 0, NULL), TILLPROOF_E_ARGUMENT);
    d.size--;
    assert_int_equal(plugin.device_(t, 0, &d), TILLPROOF_E_ARGUMENT);
    assert_int_equal(d.id, 77);
    d.size++;
    assert_int_equal(plugin.device_(t, UINT32_MAX, &d), 0);
    assert_int_equal(d.id, 0);
    assert_int_equal(plugin.sizeof_(TILLPROOF_SIZEOF_DEVICE), sizeof d);
    till_close(t);
}

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
enum { TURNS = 20 };
#else
enum { TURNS = 100 };
#endif
enum { WARM_UP = 10, SLACK = TURNS * 4 };

static void turns(int n)
{
    for (int i = 0; i < n; i++) {
        struct tillproof *t = till_open(NULL);
        if (i % 2) {
            scan_through_fifo("left behind\n", 12);
        } else if (i % 4) {
            wait_state(t, TILLPROOF_DEVICE_READY);
        }
        till_close(t);
    }
}

/* With USB, a FIFO and a socket where nobody is. */
static void opened_and_closed_they_leave_nothing_behind(void **state)
{
    char text[600];
    (void)state;
    unlink(socket_path);
    snprintf(text, sizeof text, "[devices]\nusb = yes\npath = %s\npath = %s\n", fifo_path, socket_path);
    devices_ini(text);
    turns(WARM_UP);
    int fds = count_fds(), threads = count_threads();
    size_t bytes = count_bytes();
    turns(TURNS);
    assert_int_equal(count_fds(), fds);
    assert_int_equal(count_threads(), threads);
    assert_in_range(count_bytes(), 0, bytes + SLACK);
}

enum { FEW_MOST = 64 };

/* The host has used its descriptors up, to one more at each turn: the till opens not at all, with a reason,
 * and then with its devices; nothing stays of what was begun. */
static void without_descriptors_it_does_not_open_and_leaves_nothing(void **state)
{
    struct rlimit before, few;
    int fds = count_fds(), threads = count_threads(), refused = 0;
    (void)state;
    devices_path_ini("path", fifo_path);
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
    few = before;
    struct tillproof *t = NULL;
    for (int more = 1; more < FEW_MOST && !t; more++) {
        few.rlim_cur = (rlim_t)(fds + more);
        assert_int_equal(setrlimit(RLIMIT_NOFILE, &few), 0);
        int32_t rc = plugin.open_(shop, NULL, 0, &t);
        assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
        if (rc) {
            refused++;
            assert_true(rc < 0);
            assert_null(t);
            assert_int_equal(count_fds(), fds);
            assert_int_equal(count_threads(), threads);
        }
    }
    assert_non_null(t);
    assert_true(refused > 3);
    scan_through_fifo("code\n", 5);
    assert_scan(t, "code", 4);
    till_close(t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        quiet_test(a_scanned_coupon_is_an_event_and_redeemed),
        quiet_test(an_article_is_told_with_its_symbology),
        quiet_test(records_may_hold_any_byte),
        quiet_test(one_that_breaks_off_is_told_and_comes_back),
        quiet_test(what_is_not_there_is_told_and_waited_for),
        quiet_test(hostile_bytes_are_only_bytes),
        quiet_test(a_code_that_is_too_long_is_dropped_and_counted),
        quiet_test(a_host_that_does_not_listen_loses_nothing),
        quiet_test(a_wrong_file_is_refused_with_its_line),
        quiet_test(misuse_is_told),
        quiet_test(without_descriptors_it_does_not_open_and_leaves_nothing),
        quiet_test(opened_and_closed_they_leave_nothing_behind),
    };
    return cmocka_run_group_tests(tests, make, shop_drop);
}
