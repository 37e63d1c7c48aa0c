/*
 * The report descriptor of a scanner, then its reports. Two bytes length of the descriptor, one byte for the
 * quirk, the descriptor; then reports, each with two bytes length before it. Every field lies in its report,
 * nothing is allocated, and a scan is never longer than it may be.
 */
#include "drivers/hid_scanner/join.h"
#include "fuzz/fuzz.h"

static void check_report(const struct layout *l, const struct layout_report *r)
{
    HOLDS(r->size <= l->largest && r->data_size > 0 && r->data_at + r->data_size <= r->size);
    HOLDS(!r->has_length ||
          ((r->length_size == 1 || r->length_size == 2) && r->length_at + r->length_size <= r->size));
    for (size_t i = 0; r->has_aim && i < 3; i++) {
        HOLDS(r->aim_at[i] < r->size);
    }
    HOLDS(!r->has_continued || (r->continued_bits >= 1 && r->continued_bits <= 8 &&
                                r->continued_bit + r->continued_bits <= 8u * r->size));
    HOLDS(layout_find(l, r->id) != NULL);
}

static void check_layout(const struct layout *l)
{
    HOLDS(l->scanner && l->count >= 1 && l->count <= LAYOUT_REPORTS && l->largest <= DRIVER_REPORT_MAX);
    for (size_t i = 0; i < l->count; i++) {
        check_report(l, &l->reports[i]);
    }
}

static void feed_reports(const struct layout *l, struct feed *f)
{
    static struct join j;
    static struct scan scan;
    int64_t at = 1;
    memset(&j, 0, sizeof j);
    while (feed_left(f) > 0) {
        uint32_t n = feed_u16(f);
        struct bytes report = feed_bytes(f, n & 0xFFF);
        at += n >> 12 ? (int64_t)(n >> 12) * 200 : 1;
        int rc = join_report(&j, l, report, at, &scan);
        HOLDS(rc == 1 || rc == 0 || rc == TP_E_MALFORMED);
        HOLDS(rc != 1 || (scan.n >= 1 && scan.n <= SCAN_MAX && scan.at_ms == at));
        HOLDS(rc != 1 || (memchr(scan.symbology, 0, sizeof scan.symbology) &&
                          (!scan.symbology[0] || symbology_valid((const uint8_t *)scan.symbology))));
        HOLDS(j.n <= SCAN_MAX);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct feed f = feed_of(data, size);
    struct layout l;
    struct err e = {0};
    size_t n = feed_u16(&f);
    uint16_t quirk = feed_u8(&f);
    struct bytes descriptor = feed_bytes(&f, n);
    count_allocations();
    int rc = layout_parse(descriptor, quirk, &l, &e);
    HOLDS(rc == 0 || rc == TP_E_MALFORMED || rc == TP_UNSUPPORTED);
    HOLDS(rc == 0 ? e.code == 0 : e.code == rc && e.text[0] != '\0');
    if (rc == 0) {
        check_layout(&l);
        feed_reports(&l, &f);
    }
    HOLDS(allocations() == 0);
    return 0;
}
