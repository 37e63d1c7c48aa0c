#include "drivers/hid_scanner/join.h"

static uint32_t length_in(const struct layout_report *r, const uint8_t *p)
{
    return r->length_size == 2 ? (uint32_t)(p[r->length_at] | p[r->length_at + 1] << 8) : p[r->length_at];
}

static bool continued_in(const struct layout_report *r, const uint8_t *p)
{
    for (uint32_t i = 0; r->has_continued && i < r->continued_bits; i++) {
        uint32_t bit = r->continued_bit + i;
        if (p[bit / 8] >> (bit % 8) & 1) {
            return true;
        }
    }
    return false;
}

static bool covers(struct bytes report, uint32_t at, uint32_t n)
{
    return at <= report.n && n <= report.n - at;
}

/* A device may leave out what lies behind its data, but neither a byte that counts nor the continued flag. */
static bool whole(const struct layout_report *r, struct bytes report)
{
    if (!covers(report, r->length_at, r->length_size)) {
        return false;
    }
    uint32_t n = length_in(r, report.p);
    bool fits = n <= r->data_size && covers(report, r->data_at, n);
    bool flag = !r->has_continued || covers(report, (r->continued_bit + r->continued_bits - 1) / 8, 1);
    for (int i = 0; r->has_aim && i < 3; i++) {
        fits = fits && covers(report, r->aim_at[i], 1);
    }
    return fits && flag;
}

static void read_symbology(const struct layout_report *r, const uint8_t *p, char out[4])
{
    memset(out, 0, 4);
    if (r->has_aim) {
        uint8_t id[3] = {p[r->aim_at[0]], p[r->aim_at[1]], p[r->aim_at[2]]};
        if (symbology_valid(id)) {
            memcpy(out, id, 3);
        }
    }
}

static void forget(struct join *j)
{
    j->open = j->spoiled = false;
    j->symbology[0] = 0;
    j->n = 0;
}

/* The code under way is lost. Whatever follows up to its last report belongs to nothing. */
static int spoil(struct join *j, bool more)
{
    forget(j);
    j->open = j->spoiled = more;
    return TP_E_MALFORMED;
}

static int add_part(struct join *j, const struct layout_report *r, const uint8_t *p)
{
    char symbology[4];
    uint32_t n = length_in(r, p);
    read_symbology(r, p, symbology);
    if (j->n == 0) {
        memcpy(j->symbology, symbology, sizeof symbology);
    } else if (symbology[0] && strcmp(symbology, j->symbology) != 0) {
        return TP_E_MALFORMED; /* a part of another code: a report between them was lost */
    }
    if (n > SCAN_MAX - j->n) {
        return TP_E_MALFORMED;
    }
    memcpy(j->bytes + j->n, p + r->data_at, n);
    j->n += n;
    return 0;
}

static int finish(struct join *j, int64_t at_ms, struct scan *out)
{
    if (j->n == 0) {
        forget(j);
        return 0;
    }
    out->at_ms = at_ms;
    out->device = 0;
    memcpy(out->symbology, j->symbology, sizeof out->symbology);
    out->n = j->n;
    memcpy(out->bytes, j->bytes, j->n);
    forget(j);
    return 1;
}

int join_report(struct join *j, const struct layout *l, struct bytes report, int64_t at_ms, struct scan *out)
{
    if (report.n == 0) {
        return 0;
    }
    const struct layout_report *r = layout_find(l, report.p[0]);
    if (!r) {
        return 0;
    }
    bool late = j->open && at_ms - j->last_ms > JOIN_GAP_MS;
    bool lost = late && !j->spoiled;
    if (late) {
        forget(j);
    }
    j->last_ms = at_ms;
    if (!whole(r, report)) {
        /* Without the flag nobody knows whether more comes; what follows soon is taken for its rest. */
        bool flag = r->has_continued && covers(report, (r->continued_bit + r->continued_bits - 1) / 8, 1);
        return spoil(j, j->open || (flag && continued_in(r, report.p)));
    }
    bool more = continued_in(r, report.p);
    if (j->spoiled) {
        j->open = j->spoiled = more;
        return 0;
    }
    if (add_part(j, r, report.p) != 0) {
        return spoil(j, more);
    }
    j->open = more;
    if (more) {
        return lost ? TP_E_MALFORMED : 0;
    }
    return finish(j, at_ms, out);
}

void join_break(struct join *j)
{
    if (j->open) {
        spoil(j, true);
    }
}
