/* The plugin as a guest, with USB scanners on a mocked bus: what a cashier scans reaches the host's sale, and
 * a scanner that is pulled out comes back. */
#include "devices/descriptors.h"
#include "devices/mock_usb.h"
#include "scanner.h"

#include <poll.h>

enum { REPORT = 64, PART = 56, HONEYWELL = 0x0C2E };

static struct mock_device scanner(void)
{
    struct mock_device d = {
        .vendor = HONEYWELL, .product = 0x0B6A, .bound = true, .descriptor_size = sizeof with_aim};
    memcpy(d.descriptor, with_aim, sizeof with_aim);
    return d;
}

static void send_part(const char *aim, const char *data, size_t n, bool more)
{
    uint8_t r[REPORT] = {2, (uint8_t)n};
    memcpy(r + 2, aim, 3);
    memcpy(r + 5, data, n);
    r[REPORT - 1] = more;
    mock_send(0, r, sizeof r);
}

static void send_code(const char *aim, const char *code)
{
    size_t n = strlen(code), at = 0;
    for (; n - at > PART; at += PART) {
        send_part(aim, code + at, PART, true);
    }
    send_part(aim, code + at, n - at, false);
}

static struct tillproof *open_with_usb(void)
{
    devices_ini("[devices]\nusb = yes\n");
    return till_open(NULL);
}

static void a_coupon_of_many_reports_is_redeemed(void **state)
{
    struct mock_device d = scanner();
    (void)state;
    mock_plug(0, &d);
    struct tillproof *t = open_with_usb();
    struct tillproof_event v = wait_state(t, TILLPROOF_DEVICE_READY);
    assert_string_equal(v.text, "Honeywell scanner");
    struct tillproof_device at = device_at(t, 0);
    assert_int_equal(at.vendor, HONEYWELL);
    assert_int_equal(at.product, 0x0B6A);
    assert_string_equal(at.driver, "hid_scanner");
    assert_string_equal(at.where, "usb 1-1:0");
    assert_true(strlen(coupons[0]) > PART);
    send_code("]Q1", coupons[0]);
    redeem_next(t, "U-1");
    send_code("]E0", "4006381333931");
    assert_scan(t, "]E04006381333931", 16);
    till_close(t);
    assert_true(mock_look(0).bound); /* the kernel's driver has it again */
    mock_unplug(0);
}

static void pulled_out_in_a_code_it_is_told_and_comes_back(void **state)
{
    struct mock_device d = scanner();
    (void)state;
    mock_plug(0, &d);
    struct tillproof *t = open_with_usb();
    struct tillproof_event v = wait_state(t, TILLPROOF_DEVICE_READY);
    send_part("]Q1", coupons[1], PART, true);
    for (int i = 0; i < PATIENCE_MS / 5 && mock_look(0).reports > 0; i++) {
        poll(NULL, 0, 5);
    }
    mock_unplug(0);
    struct tillproof_event gone = wait_state(t, TILLPROOF_DEVICE_GONE);
    assert_int_equal(gone.id, v.id);
    assert_int_equal(device_at(t, 0).state, TILLPROOF_DEVICE_GONE);
    mock_plug(0, &d);
    assert_int_equal(wait_state(t, TILLPROOF_DEVICE_READY).id, v.id);
    send_code("]Q1", coupons[1]);
    redeem_next(t, "U-2");
    assert_int_equal(device_at(t, 0).scans, 1);
    till_close(t);
    mock_unplug(0);
}

static void one_that_another_program_has_is_told_and_taken_later(void **state)
{
    struct mock_device d = scanner();
    (void)state;
    d.bound = false;
    d.foreign = true;
    mock_plug(0, &d);
    struct tillproof *t = open_with_usb();
    wait_state(t, TILLPROOF_DEVICE_CLAIMED);
    assert_int_equal(sale_ring(t, "U-3", TILLPROOF_TRAINING, coupons[2]), 0);
    mock_let_go(0);
    wait_state(t, TILLPROOF_DEVICE_READY);
    send_code("]C0", "code");
    assert_scan(t, "]C0code", 7);
    till_close(t);
    mock_unplug(0);
}

/* It asks for no devices: it touches none. */
static void without_devices_ini_no_device_is_touched(void **state)
{
    struct mock_device d = scanner();
    (void)state;
    mock_plug(0, &d);
    devices_ini(NULL);
    struct tillproof *t = till_open(NULL);
    assert_int_equal(sale_ring(t, "U-4", TILLPROOF_TRAINING, coupons[2]), 0);
    assert_int_equal(device_at(t, 0).id, 0);
    assert_true(mock_look(0).bound);
    assert_int_equal(mock_look(0).detached, 0);
    till_close(t);
    mock_unplug(0);
}

static int tests(void)
{
    unsetenv("LD_PRELOAD"); /* the mock is here; the commands that make the shop need none */
    const struct CMUnitTest list[] = {
        quiet_test(a_coupon_of_many_reports_is_redeemed),
        quiet_test(pulled_out_in_a_code_it_is_told_and_comes_back),
        quiet_test(one_that_another_program_has_is_told_and_taken_later),
        quiet_test(without_devices_ini_no_device_is_touched),
    };
    return cmocka_run_group_tests(list, shop_make, shop_drop);
}

int main(void)
{
    return mock_run(tests);
}
