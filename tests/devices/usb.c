/* The hub over real libusb on a mocked bus: whatever a bus does, whole codes arrive once and in order, or not
 * at all. */
#include "devices/descriptors.h"
#include "devices/hub_wait.h"
#include "devices/mock_usb.h"

#include <errno.h>
#include <stdlib.h>

enum { LISTED = 0x0C2E, UNLISTED = 0x1111, REPORT = 64 };

static struct mock_device scanner(uint16_t vendor, const void *descriptor, size_t n)
{
    struct mock_device d = {.vendor = vendor, .product = 0x0B6A, .descriptor_size = (uint16_t)n};
    memcpy(d.descriptor, descriptor, n);
    return d;
}

static struct mock_device aim_scanner(uint16_t vendor)
{
    return scanner(vendor, with_aim, sizeof with_aim);
}

static struct hub *open_hub(const struct hub_config *config)
{
    struct hub_config quick = {.retry_ms = 50, .poll_ms = 50};
    struct hub *h = NULL;
    assert_int_equal(hub_open(config ? config : &quick, &h, NULL), 0);
    return h;
}

static struct hub *open_with(unsigned int port, const struct mock_device *d)
{
    static struct hub_event e;
    mock_plug(port, d);
    struct hub *h = open_hub(NULL);
    wait_state(h, HUB_READY, &e);
    return h;
}

static void close_hub(struct hub *h)
{
    assert_int_equal(hub_close(h, PATIENCE_MS), 0);
}

static void close_and_unplug(struct hub *h, unsigned int port)
{
    close_hub(h);
    mock_unplug(port);
}

static void send_part(unsigned int port, const char *aim, const void *data, size_t n, bool more)
{
    uint8_t r[REPORT] = {2, (uint8_t)n};
    memcpy(r + 2, aim, 3);
    memcpy(r + 5, data, n);
    r[63] = more;
    mock_send(port, r, sizeof r);
}

static void send_code(unsigned int port, const char *code)
{
    send_part(port, "]E0", code, strlen(code), false);
}

/* Until every report is fetched and the hub listens for the next. */
static void settle(unsigned int port)
{
    for (int i = 0; i < PATIENCE_MS / 5; i++) {
        struct mock_state s = mock_look(port);
        if (s.reports == 0 && s.waiting > 0) {
            return;
        }
        poll(NULL, 0, 5);
    }
    fail_msg("the hub does not listen");
}

static void a_scan_arrives(void **state)
{
    (void)state;
    static struct hub_event e;
    struct mock_device d = aim_scanner(LISTED);
    struct hub *h = open_with(0, &d);
    wait_state(h, HUB_READY, &e);
    assert_int_equal(e.device.vendor, LISTED);
    assert_string_equal(e.device.driver, "hid_scanner");
    assert_string_equal(e.device.where, "usb 1-1:0");
    assert_int_equal(mock_look(0).opened_enabled, 1);
    send_code(0, "4006381333931");
    assert_scanned(h, "]E0", "4006381333931", 13);
    close_and_unplug(h, 0);
}

static void a_long_code_over_several_reports_arrives_whole(void **state)
{
    (void)state;
    uint8_t code[150];
    for (size_t i = 0; i < sizeof code; i++) {
        code[i] = (uint8_t)(i * 11);
    }
    struct mock_device d = aim_scanner(UNLISTED);
    struct hub *h = open_with(0, &d);
    assert_int_equal(mock_look(0).opened_enabled, 0);
    send_part(0, "]Q1", code, 56, true);
    send_part(0, "]Q1", code + 56, 56, true);
    assert_no_scan(h, 100);
    send_part(0, "]Q1", code + 112, 38, false);
    assert_scanned(h, "]Q1", code, sizeof code);
    close_and_unplug(h, 0);
}

static void the_layout_without_aim_is_read_too(void **state)
{
    (void)state;
    uint8_t r[REPORT] = {2, 4, 'c', 'o', 'd', 'e'};
    struct mock_device d = scanner(UNLISTED, without_aim, sizeof without_aim);
    struct hub *h = open_with(0, &d);
    r[62] = 'A';
    mock_send(0, r, sizeof r);
    assert_scanned(h, "", "code", 4);
    close_and_unplug(h, 0);
}

static void reports_of_no_bytes_are_nothing(void **state)
{
    (void)state;
    struct mock_device d = aim_scanner(LISTED);
    struct hub *h = open_with(0, &d);
    mock_send(0, "", 0);
    send_part(0, "]Q1", "abc", 3, true);
    mock_send(0, "", 0);
    send_part(0, "]Q1", "def", 3, false);
    mock_send(0, "", 0);
    assert_scanned(h, "]Q1", "abcdef", 6);
    assert_no_scan(h, 50);
    close_and_unplug(h, 0);
}

static void a_stall_is_cleared_and_its_code_is_dropped(void **state)
{
    (void)state;
    struct mock_device d = aim_scanner(LISTED);
    struct hub *h = open_with(0, &d);
    send_part(0, "]Q1", "abc", 3, true);
    settle(0);
    mock_fail(0, 1, EPIPE);
    settle(0);
    send_part(0, "]Q1", "def", 3, false);
    send_code(0, "next");
    assert_scanned(h, "]E0", "next", 4);
    assert_int_equal(mock_look(0).cleared, 1);
    assert_no_scan(h, 50);
    close_and_unplug(h, 0);
}

static void a_device_that_stalls_on_and_on_is_given_up_and_opened_later(void **state)
{
    (void)state;
    static struct hub_event e;
    struct hub_config patient = {.retry_ms = 500};
    struct mock_device d = aim_scanner(LISTED);
    mock_plug(0, &d);
    struct hub *h = open_hub(&patient);
    wait_state(h, HUB_READY, &e);
    uint32_t id = e.device.id;
    mock_fail(0, 4, EPIPE);
    wait_state(h, HUB_FAILED, &e);
    assert_int_equal(e.device.id, id);
    assert_non_null(strstr(e.device.detail, "stall"));
    assert_false(mock_look(0).claimed);
    wait_state(h, HUB_READY, &e);
    send_code(0, "again");
    assert_scanned(h, "]E0", "again", 5);
    close_and_unplug(h, 0);
}

static void transfers_that_fail_are_tried_again(void **state)
{
    (void)state;
    struct mock_device d = aim_scanner(LISTED);
    struct hub *h = open_with(0, &d);
    mock_fail(0, 2, EPROTO);
    send_code(0, "after");
    assert_scanned(h, "]E0", "after", 5);
    close_and_unplug(h, 0);
}

static void unplugged_within_a_code_nothing_half_is_delivered(void **state)
{
    (void)state;
    static struct hub_event e;
    struct mock_device d = aim_scanner(LISTED);
    struct hub *h = open_with(0, &d);
    wait_state(h, HUB_READY, &e);
    uint32_t id = e.device.id;
    for (int i = 0; i < 3; i++) {
        send_part(0, "]Q1", "half", 4, true);
        settle(0);
        mock_unplug(0);
        wait_state(h, HUB_GONE, &e);
        assert_int_equal(e.device.id, id);
        mock_plug(0, &d);
        wait_state(h, HUB_READY, &e);
        assert_int_equal(e.device.id, id);
        send_code(0, "whole");
        assert_scanned(h, "]E0", "whole", 5);
    }
    assert_int_equal(hub_devices(h, NULL, 0), 1);
    close_and_unplug(h, 0);
}

static void plugged_in_later_it_is_found(void **state)
{
    (void)state;
    static struct hub_event e;
    struct mock_device d = aim_scanner(UNLISTED);
    struct hub *h = open_hub(NULL);
    assert_no_scan(h, 100);
    mock_plug(2, &d);
    wait_state(h, HUB_READY, &e);
    send_code(2, "late");
    assert_scanned(h, "]E0", "late", 4);
    close_and_unplug(h, 2);
}

static void without_hotplug_it_is_found_by_looking(void **state)
{
    (void)state;
    static struct hub_event e;
    struct hub_config looking = {.no_hotplug = true, .poll_ms = 30, .retry_ms = 30};
    struct mock_device d = aim_scanner(LISTED);
    struct hub *h = open_hub(&looking);
    assert_no_scan(h, 60);
    mock_plug(0, &d);
    wait_state(h, HUB_READY, &e);
    send_code(0, "one");
    assert_scanned(h, "]E0", "one", 3);
    mock_unplug(0);
    wait_state(h, HUB_GONE, &e);
    close_hub(h);
}

static void bound_to_the_kernel(bool old_kernel)
{
    struct mock_device d = aim_scanner(UNLISTED);
    d.bound = true;
    d.old_kernel = old_kernel;
    struct hub *h = open_with(0, &d);
    struct mock_state s = mock_look(0);
    assert_int_equal(s.detached, 1);
    assert_true(s.claimed && !s.bound);
    send_code(0, "mine");
    assert_scanned(h, "]E0", "mine", 4);
    close_hub(h);
    s = mock_look(0);
    assert_int_equal(s.attached, 1);
    assert_true(s.bound && !s.claimed);
    mock_unplug(0);
}

static void the_kernels_driver_is_detached_and_attached_again(void **state)
{
    (void)state;
    bound_to_the_kernel(false);
    bound_to_the_kernel(true);
}

static void what_another_program_holds_is_named_and_taken_when_it_is_free(void **state)
{
    (void)state;
    static struct hub_event e;
    struct mock_device d = aim_scanner(LISTED);
    d.foreign = true;
    mock_plug(0, &d);
    struct hub *h = open_hub(NULL);
    wait_state(h, HUB_CLAIMED, &e);
    assert_string_equal(hub_state_word(e.device.state), "claimed by another driver");
    mock_let_go(0);
    wait_state(h, HUB_READY, &e);
    close_and_unplug(h, 0);
}

static void a_keyboard_keeps_its_driver(void **state)
{
    (void)state;
    struct mock_device boot = scanner(LISTED, keyboard, sizeof keyboard);
    struct mock_device bound = scanner(UNLISTED, keyboard, sizeof keyboard);
    struct mock_device unbound = bound;
    boot.bound = bound.bound = true;
    boot.subclass = boot.protocol = 1;
    mock_plug(0, &boot);
    mock_plug(1, &bound);
    mock_plug(2, &unbound);
    struct hub *h = open_hub(NULL);
    assert_no_scan(h, 300);
    assert_int_equal(hub_devices(h, NULL, 0), 0);
    for (unsigned int port = 0; port < 3; port++) {
        struct mock_state s = mock_look(port);
        assert_int_equal(s.detached, 0);
        assert_false(s.claimed);
    }
    close_hub(h);
    for (unsigned int port = 0; port < 3; port++) {
        mock_unplug(port);
    }
}

static void a_layout_that_says_nothing_useful_is_named(void **state)
{
    (void)state;
    static struct hub_event e;
    for (int bound = 0; bound < 2; bound++) {
        struct mock_device d = scanner(UNLISTED, unnamed_length, sizeof unnamed_length);
        d.bound = bound;
        mock_plug(0, &d);
        struct hub *h = open_hub(NULL);
        wait_state(h, HUB_UNUSABLE, &e);
        assert_non_null(strstr(e.device.detail, "how long"));
        assert_false(mock_look(0).claimed);
        assert_int_equal(mock_look(0).detached, 0);
        close_and_unplug(h, 0);
    }
}

static void a_broken_descriptor_is_named_where_a_scanner_is_expected(void **state)
{
    (void)state;
    static struct hub_event e;
    struct mock_device d = scanner(LISTED, with_aim, sizeof with_aim - 1);
    mock_plug(0, &d);
    struct hub *h = open_hub(NULL);
    wait_state(h, HUB_UNUSABLE, &e);
    assert_true(e.device.detail[0]);
    close_and_unplug(h, 0);
}

static void a_scanner_in_another_mode_is_named(void **state)
{
    (void)state;
    static struct hub_event e;
    struct mock_device d = aim_scanner(0x05E0);
    d.product = 0x1900;
    mock_plug(0, &d);
    struct hub *h = open_hub(NULL);
    wait_state(h, HUB_UNUSABLE, &e);
    assert_non_null(strstr(e.device.detail, "SNAPI"));
    close_and_unplug(h, 0);
}

static void two_scanners_do_not_mix(void **state)
{
    (void)state;
    static struct hub_event e;
    enum { EACH = 50 };
    struct mock_device a = aim_scanner(LISTED), b = aim_scanner(UNLISTED);
    mock_plug(0, &a);
    mock_plug(1, &b);
    struct hub *h = open_hub(NULL);
    struct hub_device d[2] = {0};
    for (int i = 0; i < 400 && (d[0].state != HUB_READY || d[1].state != HUB_READY); i++) {
        hub_devices(h, d, 2);
        poll(NULL, 0, 20);
    }
    assert_true(d[0].state == HUB_READY && d[1].state == HUB_READY);
    for (int i = 0; i < EACH; i++) {
        send_part(0, "]Q1", "a", 1, true);
        send_part(1, "]Q1", "b", 1, true);
        send_part(0, "]Q1", "A", 1, false);
        send_part(1, "]Q1", "B", 1, false);
    }
    int seen[2] = {0};
    for (int i = 0; i < 2 * EACH; i++) {
        wait_scan(h, &e);
        bool second = e.scan.device == (d[0].vendor == LISTED ? d[1].id : d[0].id);
        assert_memory_equal(e.scan.bytes, second ? "bB" : "aA", 2);
        seen[second]++;
    }
    assert_int_equal(seen[0], EACH);
    assert_int_equal(seen[1], EACH);
    close_hub(h);
    mock_unplug(0);
    mock_unplug(1);
}

static void two_thousand_scans_arrive_in_order_though_the_host_is_slow(void **state)
{
    (void)state;
    enum { SCANS = 2000 };
    char code[16];
    struct mock_device d = aim_scanner(LISTED);
    struct hub *h = open_with(0, &d);
    for (int i = 0; i < SCANS; i++) {
        snprintf(code, sizeof code, "%013d", i);
        send_code(0, code);
    }
    for (int i = 0; i < SCANS; i++) {
        if (i == 100) {
            poll(NULL, 0, 200);
        }
        snprintf(code, sizeof code, "%013d", i);
        assert_scanned(h, "]E0", code, 13);
    }
    assert_no_scan(h, 50);
    close_and_unplug(h, 0);
}

static void closing_gives_everything_back_within_its_time(void **state)
{
    (void)state;
    struct mock_device d = aim_scanner(LISTED);
    mock_plug(0, &d);
    for (int i = 0; i < 5; i++) {
        static struct hub_event e;
        struct hub *h = open_hub(NULL);
        wait_state(h, HUB_READY, &e);
        close_hub(h);
        struct mock_state s = mock_look(0);
        assert_false(s.claimed);
        assert_int_equal(s.waiting, 0);
    }
    mock_unplug(0);
}

static int tests(void)
{
    const struct CMUnitTest all[] = {
        cmocka_unit_test(a_scan_arrives),
        cmocka_unit_test(a_long_code_over_several_reports_arrives_whole),
        cmocka_unit_test(the_layout_without_aim_is_read_too),
        cmocka_unit_test(reports_of_no_bytes_are_nothing),
        cmocka_unit_test(a_stall_is_cleared_and_its_code_is_dropped),
        cmocka_unit_test(a_device_that_stalls_on_and_on_is_given_up_and_opened_later),
        cmocka_unit_test(transfers_that_fail_are_tried_again),
        cmocka_unit_test(unplugged_within_a_code_nothing_half_is_delivered),
        cmocka_unit_test(plugged_in_later_it_is_found),
        cmocka_unit_test(without_hotplug_it_is_found_by_looking),
        cmocka_unit_test(the_kernels_driver_is_detached_and_attached_again),
        cmocka_unit_test(what_another_program_holds_is_named_and_taken_when_it_is_free),
        cmocka_unit_test(a_keyboard_keeps_its_driver),
        cmocka_unit_test(a_layout_that_says_nothing_useful_is_named),
        cmocka_unit_test(a_broken_descriptor_is_named_where_a_scanner_is_expected),
        cmocka_unit_test(a_scanner_in_another_mode_is_named),
        cmocka_unit_test(two_scanners_do_not_mix),
        cmocka_unit_test(two_thousand_scans_arrive_in_order_though_the_host_is_slow),
        cmocka_unit_test(closing_gives_everything_back_within_its_time),
    };
    return cmocka_run_group_tests(all, NULL, NULL);
}

int main(void)
{
    return mock_run(tests);
}
