/* A stream of bytes is cut into scans at lines or at lengths, wherever the reads fall. */
#include "drivers/virtual/stream.h"
#include "support/cm.h"

static int feed(struct stream *s, const char *text, struct scan *out)
{
    struct bytes in = bytes_str(text);
    return stream_read(s, &in, 7, out);
}

static void assert_scan(const struct scan *scan, const char *symbology, const char *text)
{
    assert_string_equal(scan->symbology, symbology);
    assert_int_equal(scan->n, strlen(text));
    assert_memory_equal(scan->bytes, text, strlen(text));
    assert_int_equal(scan->at_ms, 7);
}

static void each_line_is_a_scan(void **state)
{
    (void)state;
    struct stream s = {0};
    struct scan scan = {0};
    struct bytes in = bytes_str("4006381333931\r\n\n\r\n]Q3(01)0952\nhalf");
    assert_int_equal(stream_read(&s, &in, 7, &scan), 1);
    assert_scan(&scan, "", "4006381333931");
    assert_int_equal(stream_read(&s, &in, 7, &scan), 1);
    assert_scan(&scan, "]Q3", "(01)0952");
    assert_int_equal(stream_read(&s, &in, 7, &scan), 0);
    assert_int_equal(in.n, 0);
    assert_int_equal(feed(&s, " and half\n", &scan), 1);
    assert_scan(&scan, "", "half and half");
}

static void an_identifier_without_data_is_data(void **state)
{
    (void)state;
    struct stream s = {0};
    struct scan scan = {0};
    assert_int_equal(feed(&s, "]E0\n", &scan), 1);
    assert_scan(&scan, "", "]E0");
    assert_int_equal(feed(&s, "]00x\n", &scan), 1);
    assert_scan(&scan, "", "]00x");
}

static int feed_long(struct stream *s, const char *before, size_t n, const char *after, struct scan *scan)
{
    uint8_t line[SCAN_MAX + 64];
    size_t head = strlen(before), tail = strlen(after);
    memcpy(line, before, head);
    memset(line + head, 'x', n);
    memcpy(line + head + n, after, tail);
    struct bytes in = bytes_of(line, head + n + tail);
    return stream_read(s, &in, 7, scan);
}

static void the_longest_line_fits_and_a_longer_one_is_dropped_whole(void **state)
{
    (void)state;
    struct stream s = {0};
    struct scan scan = {0};
    assert_int_equal(feed_long(&s, "]Q1", SCAN_MAX, "\r\n", &scan), 1);
    assert_int_equal(scan.n, SCAN_MAX);
    assert_string_equal(scan.symbology, "]Q1");
    assert_int_equal(feed_long(&s, "", SCAN_MAX + 1, "\n", &scan), TP_E_MALFORMED);
    assert_int_equal(feed_long(&s, "", SCAN_MAX + 40, "", &scan), TP_E_MALFORMED);
    assert_int_equal(feed_long(&s, "", SCAN_MAX, "", &scan), 0);
    assert_int_equal(feed(&s, "its end\n", &scan), 0);
    assert_int_equal(feed(&s, "next\n", &scan), 1);
    assert_scan(&scan, "", "next");
}

static void each_record_is_a_scan_wherever_the_reads_fall(void **state)
{
    (void)state;
    static const uint8_t records[] = {0, 2, ']', 'E', '0', 'h', 'i', 0,    0, 0,
                                      0, 0, 0,   3,   0,   0,   0,   '\n', 0, 'z'};
    struct stream s = {.framing = DRIVER_RECORDS};
    struct scan scan = {0};
    int scans = 0;
    for (size_t i = 0; i < sizeof records; i++) {
        struct bytes in = bytes_of(records + i, 1);
        int rc = stream_read(&s, &in, 7, &scan);
        assert_in_range(rc, 0, 1);
        scans += rc;
        if (rc == 1 && scans == 1) {
            assert_scan(&scan, "]E0", "hi");
        }
    }
    assert_int_equal(scans, 2);
    assert_string_equal(scan.symbology, "");
    assert_int_equal(scan.n, 3);
    assert_memory_equal(scan.bytes, "\n\0z", 3);
}

static void a_record_that_is_too_long_ends_the_stream(void **state)
{
    (void)state;
    static const uint8_t longest[] = {SCAN_MAX >> 8, SCAN_MAX & 0xFF, 0, 0, 0};
    static const uint8_t longer[] = {(SCAN_MAX + 1) >> 8, (SCAN_MAX + 1) & 0xFF, 0, 0, 0, 'x'};
    struct stream s = {.framing = DRIVER_RECORDS};
    struct scan scan = {0};
    struct bytes in = bytes_of(longest, sizeof longest);
    assert_int_equal(stream_read(&s, &in, 7, &scan), 0);
    assert_int_equal(feed_long(&s, "", SCAN_MAX, "", &scan), 1);
    assert_int_equal(scan.n, SCAN_MAX);
    in = bytes_of(longer, sizeof longer);
    assert_int_equal(stream_read(&s, &in, 7, &scan), TP_E_IO);
}

static void only_a_line_may_lack_its_end(void **state)
{
    (void)state;
    static const uint8_t half[] = {0, 9, 0, 0, 0, 'x'};
    struct stream lines = {0}, records = {.framing = DRIVER_RECORDS};
    struct scan scan = {0};
    struct bytes in = bytes_of(half, sizeof half);
    assert_int_equal(stream_end(&lines, 7, &scan), 0);
    assert_int_equal(feed(&lines, "last", &scan), 0);
    assert_int_equal(stream_end(&lines, 7, &scan), 1);
    assert_scan(&scan, "", "last");
    assert_int_equal(stream_end(&lines, 7, &scan), 0);
    assert_int_equal(stream_read(&records, &in, 7, &scan), 0);
    assert_int_equal(stream_end(&records, 7, &scan), 0);
}

static void any_bytes_give_bounded_scans(void **state)
{
    (void)state;
    struct scan scan = {0};
    uint32_t seed = 5;
    for (int framing = DRIVER_LINES; framing <= DRIVER_RECORDS; framing++) {
        struct stream s = {.framing = (enum driver_framing)framing};
        for (int round = 0; round < 20000; round++) {
            uint8_t chunk[64];
            for (size_t i = 0; i < sizeof chunk; i++) {
                seed = seed * 1664525u + 1013904223u;
                chunk[i] = (uint8_t)(seed >> 24 & (framing == DRIVER_RECORDS && seed & 0x8000 ? 0x0F : 0xFF));
            }
            struct bytes in = bytes_of(chunk, sizeof chunk);
            while (in.n > 0) {
                int rc = stream_read(&s, &in, 7, &scan);
                assert_true(rc != 1 || (scan.n >= 1 && scan.n <= SCAN_MAX));
            }
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_line_is_a_scan),
        cmocka_unit_test(an_identifier_without_data_is_data),
        cmocka_unit_test(the_longest_line_fits_and_a_longer_one_is_dropped_whole),
        cmocka_unit_test(each_record_is_a_scan_wherever_the_reads_fall),
        cmocka_unit_test(a_record_that_is_too_long_ends_the_stream),
        cmocka_unit_test(only_a_line_may_lack_its_end),
        cmocka_unit_test(any_bytes_give_bounded_scans),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
