/* Section numbers are those of the Device Class Definition for HID 1.11. */
#include "drivers/hid_scanner/layout.h"

enum { STACK_MAX = 16, USAGES_MAX = 32, WORK_REPORTS = 8, IDS = 256 };

enum { TYPE_MAIN = 0, TYPE_GLOBAL = 1, TYPE_LOCAL = 2 };
enum { MAIN_INPUT = 8, MAIN_OUTPUT = 9, MAIN_COLLECTION = 10, MAIN_FEATURE = 11, MAIN_END = 12 };
enum { GLOBAL_PAGE = 0, GLOBAL_SIZE = 7, GLOBAL_ID = 8, GLOBAL_COUNT = 9, GLOBAL_PUSH = 10, GLOBAL_POP = 11 };
enum { LOCAL_USAGE = 0, LOCAL_MIN = 1, LOCAL_MAX = 2, LOCAL_DELIMITER = 10 };
enum { INPUT_CONSTANT = 1, INPUT_VARIABLE = 2, INPUT_BUFFERED = 0x100 };

#define USAGE(page, id) ((uint32_t)(page) << 16 | (uint32_t)(id))
#define BYTE_COUNT      USAGE(0x01, 0x3B)
#define SCANNER         USAGE(0x8C, 0x02)
#define RAW_REPORT      USAGE(0x8C, 0x13)
#define SYMBOLOGY_1     USAGE(0x8C, 0xFB)
#define SYMBOLOGY_3     USAGE(0x8C, 0xFD)
#define DECODED_DATA    USAGE(0x8C, 0xFE)
#define CONTINUED       USAGE(0x8C, 0xFF)

struct globals {
    uint32_t page, size, count;
    uint8_t id;
};

/* `whole` when the item carried its own page (6.2.2.8). */
struct usages {
    uint32_t min, max;
    bool whole;
};

/* A field's place, in bits behind the id. */
struct place {
    bool found;
    uint32_t bit, bits;
};

struct work_report {
    uint8_t id;
    struct place data, length, aim[3], continued;
    uint32_t aim_count; /* how many of one Symbology Identifier usage follow each other */
};

struct parser {
    struct globals now, pushed[STACK_MAX];
    unsigned int pushes;
    uint32_t collections[STACK_MAX];
    unsigned int depth, scanner_depth, raw_depth;
    struct usages usages[USAGES_MAX];
    unsigned int usage_count;
    uint32_t usage_min;
    bool min_whole, in_set, set_taken;
    bool scanner, ids;
    uint32_t bits[IDS]; /* so far in each input report */
    struct work_report reports[WORK_REPORTS];
    unsigned int report_count;
};

static void add_usages(struct parser *p, uint32_t min, uint32_t max, bool whole)
{
    /* Of a set of alternatives the first is preferred (6.2.2.8, delimiters). */
    if (p->in_set && p->set_taken) {
        return;
    }
    p->set_taken = true;
    if (p->usage_count < USAGES_MAX && max >= min) {
        p->usages[p->usage_count++] = (struct usages){min, max, whole};
    }
}

static void clear_locals(struct parser *p)
{
    p->usage_count = 0;
    p->usage_min = 0;
    p->min_whole = p->in_set = p->set_taken = false;
}

/* The usage of the i-th control: the last one holds for all that follow (6.2.2.8). */
static uint32_t usage_at(const struct parser *p, uint32_t i)
{
    for (unsigned int k = 0; k < p->usage_count; k++) {
        const struct usages *u = &p->usages[k];
        uint32_t span = u->max - u->min;
        if (i <= span || k + 1 == p->usage_count) {
            uint32_t id = u->min + (i <= span ? i : span);
            return u->whole ? id : USAGE(p->now.page, id & 0xFFFF);
        }
        i -= span + 1;
    }
    return 0;
}

static struct work_report *report_of(struct parser *p, uint8_t id)
{
    for (unsigned int i = 0; i < p->report_count; i++) {
        if (p->reports[i].id == id) {
            return &p->reports[i];
        }
    }
    if (p->report_count == WORK_REPORTS) {
        return NULL;
    }
    p->reports[p->report_count].id = id;
    return &p->reports[p->report_count++];
}

/* The first run of controls that follow each other; what comes apart from it later is not a second one. */
static void extend(struct place *at, uint32_t bit, uint32_t size)
{
    if (!at->found) {
        *at = (struct place){true, bit, size};
    } else if (at->bit + at->bits == bit) {
        at->bits += size;
    }
}

static void place_first(struct place *at, uint32_t bit, uint32_t size)
{
    if (!at->found) {
        *at = (struct place){true, bit, size};
    }
}

static void place_control(struct parser *p, uint32_t usage, uint32_t bit, uint32_t size)
{
    bool ours = usage == BYTE_COUNT || (usage >= SYMBOLOGY_1 && usage <= CONTINUED);
    struct work_report *r = ours ? report_of(p, p->now.id) : NULL;
    if (!r) {
        return;
    }
    if (usage == DECODED_DATA) {
        extend(&r->data, bit, size);
    } else if (usage == BYTE_COUNT) {
        place_first(&r->length, bit, size);
    } else if (usage == CONTINUED) {
        place_first(&r->continued, bit, size);
    } else if (usage <= SYMBOLOGY_3) {
        place_first(&r->aim[usage - SYMBOLOGY_1], bit, size);
        /* Three controls under the one usage Symbology Identifier 1 are the three characters. */
        if (usage == SYMBOLOGY_1 && size == 8 && bit == r->aim[0].bit + 8 * r->aim_count) {
            r->aim_count++;
        }
    }
}

static int input(struct parser *p, uint32_t flags, struct err *e)
{
    uint64_t total = (uint64_t)p->now.size * p->now.count;
    uint32_t begin = p->bits[p->now.id];
    if (begin + total > (uint64_t)(DRIVER_REPORT_MAX - 1) * 8) {
        return err_set(e, TP_E_MALFORMED, "an input report is longer than %d bytes", DRIVER_REPORT_MAX);
    }
    p->bits[p->now.id] = begin + (uint32_t)total;
    bool content = !(flags & INPUT_CONSTANT) && (flags & (INPUT_VARIABLE | INPUT_BUFFERED));
    if (!content || p->scanner_depth == 0 || p->raw_depth != 0 || total == 0 || p->usage_count == 0) {
        return 0;
    }
    for (uint32_t i = 0; i < p->now.count; i++) {
        place_control(p, usage_at(p, i), begin + i * p->now.size, p->now.size);
    }
    return 0;
}

static int begin_collection(struct parser *p, uint32_t kind, struct err *e)
{
    if (p->depth == STACK_MAX) {
        return err_set(e, TP_E_MALFORMED, "collections are nested deeper than %d", STACK_MAX);
    }
    uint32_t usage = usage_at(p, 0);
    p->collections[p->depth++] = usage;
    if (usage == SCANNER && kind == 1 && p->scanner_depth == 0) {
        p->scanner = true;
        p->scanner_depth = p->depth;
    }
    if (usage == RAW_REPORT && p->raw_depth == 0) {
        p->raw_depth = p->depth;
    }
    return 0;
}

static int end_collection(struct parser *p, struct err *e)
{
    if (p->depth == 0) {
        return err_set(e, TP_E_MALFORMED, "a collection ends that never began");
    }
    if (p->scanner_depth == p->depth) {
        p->scanner_depth = 0;
    }
    if (p->raw_depth == p->depth) {
        p->raw_depth = 0;
    }
    p->depth--;
    return 0;
}

static int main_item(struct parser *p, unsigned int tag, uint32_t value, struct err *e)
{
    int rc = 0;
    if (tag == MAIN_INPUT) {
        rc = input(p, value, e);
    } else if (tag == MAIN_COLLECTION) {
        rc = begin_collection(p, value, e);
    } else if (tag == MAIN_END) {
        rc = end_collection(p, e);
    } else if (tag != MAIN_OUTPUT && tag != MAIN_FEATURE) {
        rc = err_set(e, TP_E_MALFORMED, "main item %u is reserved", tag);
    }
    clear_locals(p);
    return rc;
}

static int push_or_pop(struct parser *p, bool push, struct err *e)
{
    if (push ? p->pushes == STACK_MAX : p->pushes == 0) {
        return err_set(e, TP_E_MALFORMED, "push and pop do not match");
    }
    if (push) {
        p->pushed[p->pushes++] = p->now;
    } else {
        p->now = p->pushed[--p->pushes];
    }
    return 0;
}

static int global_item(struct parser *p, unsigned int tag, uint32_t value, struct err *e)
{
    switch (tag) {
    case GLOBAL_PAGE:
        p->now.page = value & 0xFFFF;
        break;
    case GLOBAL_SIZE:
        p->now.size = value;
        break;
    case GLOBAL_COUNT:
        p->now.count = value;
        break;
    case GLOBAL_ID:
        if (value == 0 || value > 255) {
            return err_set(e, TP_E_MALFORMED, "a report's id is not 1 to 255");
        }
        p->now.id = (uint8_t)value;
        p->ids = true;
        break;
    case GLOBAL_PUSH:
    case GLOBAL_POP:
        return push_or_pop(p, tag == GLOBAL_PUSH, e);
    default:
        break;
    }
    return 0;
}

static void local_item(struct parser *p, unsigned int tag, uint32_t value, bool whole)
{
    if (tag == LOCAL_USAGE) {
        add_usages(p, value, value, whole);
    } else if (tag == LOCAL_MIN) {
        p->usage_min = value;
        p->min_whole = whole;
    } else if (tag == LOCAL_MAX) {
        /* A range that is wider than a page is nonsense; so is one whose ends are of different form. */
        if (p->min_whole == whole && value >= p->usage_min && value - p->usage_min <= 0xFFFF) {
            add_usages(p, p->usage_min, value, whole);
        }
    } else if (tag == LOCAL_DELIMITER) {
        p->in_set = value == 1;
        p->set_taken = false;
    }
}

/* One item (6.2.2.2, 6.2.2.3) from the front of d. */
static int item(struct parser *p, struct bytes *d, struct err *e)
{
    uint8_t prefix = d->p[0];
    bool is_long = prefix == 0xFE;
    if (is_long && d->n < 3) {
        return err_set(e, TP_E_MALFORMED, "the report descriptor ends within an item");
    }
    size_t head = is_long ? 3 : 1;
    size_t size = is_long ? d->p[1] : (size_t)((prefix & 3) == 3 ? 4 : prefix & 3);
    if (d->n < head + size) {
        return err_set(e, TP_E_MALFORMED, "the report descriptor ends within an item");
    }
    uint32_t value = 0;
    for (size_t i = 0; !is_long && i < size; i++) {
        value |= (uint32_t)d->p[head + i] << (8 * i);
    }
    d->p += head + size;
    d->n -= head + size;
    if (is_long) {
        return 0; /* none is defined */
    }
    unsigned int tag = prefix >> 4, type = (prefix >> 2) & 3;
    if (type == TYPE_MAIN) {
        return main_item(p, tag, value, e);
    }
    if (type == TYPE_GLOBAL) {
        return global_item(p, tag, value, e);
    }
    if (type == TYPE_LOCAL) {
        local_item(p, tag, value, size == 4);
    }
    return 0;
}

static bool whole_bytes(const struct place *at, uint32_t bits)
{
    return at->found && at->bit % 8 == 0 && at->bits == bits;
}

static void take_aim(struct layout_report *out, const struct work_report *r, uint16_t shift)
{
    bool apart = whole_bytes(&r->aim[0], 8) && whole_bytes(&r->aim[1], 8) && whole_bytes(&r->aim[2], 8);
    bool run = !r->aim[1].found && !r->aim[2].found && whole_bytes(&r->aim[0], 8) && r->aim_count == 3;
    bool wide = !r->aim[1].found && !r->aim[2].found && whole_bytes(&r->aim[0], 24);
    for (uint16_t i = 0; i < 3; i++) {
        uint32_t bit = apart ? r->aim[i].bit : r->aim[0].bit + 8u * i;
        out->aim_at[i] = (uint16_t)(bit / 8 + shift);
    }
    out->has_aim = apart || run || wide;
}

static void take_length(struct layout_report *out, const struct work_report *r, uint16_t shift,
                        uint16_t quirk)
{
    if (whole_bytes(&r->length, 8) || whole_bytes(&r->length, 16)) {
        out->has_length = true;
        out->length_at = (uint16_t)(r->length.bit / 8 + shift);
        out->length_size = (uint8_t)(r->length.bits / 8);
    } else if (!r->length.found && quirk != 0 && quirk < out->size &&
               (quirk < out->data_at || quirk >= out->data_at + out->data_size)) {
        out->has_length = true;
        out->length_at = quirk;
        out->length_size = 1;
    }
}

/* True when a code can be read from the report without a guess. */
static bool take_report(struct layout_report *out, const struct parser *p, const struct work_report *r,
                        uint16_t quirk)
{
    uint16_t shift = p->ids ? 1 : 0;
    if (!r->data.found || r->data.bit % 8 != 0 || r->data.bits % 8 != 0) {
        return false;
    }
    if (r->continued.found && r->continued.bits > 8) {
        return false;
    }
    out->id = r->id;
    out->size = (uint16_t)((p->bits[r->id] + 7) / 8 + shift);
    out->data_at = (uint16_t)(r->data.bit / 8 + shift);
    out->data_size = (uint16_t)(r->data.bits / 8);
    out->has_continued = r->continued.found;
    out->continued_bit = r->continued.bit + 8u * shift;
    out->continued_bits = (uint8_t)r->continued.bits;
    take_length(out, r, shift, quirk);
    take_aim(out, r, shift);
    return out->has_length;
}

static int take_layout(struct layout *out, const struct parser *p, uint16_t quirk, struct err *e)
{
    bool data = false;
    out->scanner = p->scanner;
    out->ids = p->ids;
    for (unsigned int i = 0; i < IDS; i++) {
        uint32_t bytes = p->bits[i] ? (p->bits[i] + 7) / 8 + (p->ids ? 1 : 0) : 0;
        out->largest = bytes > out->largest ? (uint16_t)bytes : out->largest;
    }
    for (unsigned int i = 0; i < p->report_count && out->count < LAYOUT_REPORTS; i++) {
        struct layout_report one = {0};
        data = data || p->reports[i].data.found;
        if (take_report(&one, p, &p->reports[i], quirk)) {
            out->reports[out->count++] = one;
        }
    }
    if (out->count > 0) {
        return 0;
    }
    if (!p->scanner) {
        return err_set(e, TP_UNSUPPORTED, "it is not a HID POS scanner (usage page 8C, usage 02)");
    }
    return err_set(e, TP_UNSUPPORTED,
                   data ? "its reports do not say how long the code is"
                        : "its reports have no field Decoded Data");
}

int layout_parse(struct bytes descriptor, uint16_t length_at, struct layout *out, struct err *e)
{
    struct parser p = {0};
    *out = (struct layout){0};
    if (descriptor.n == 0 || descriptor.n > LAYOUT_DESCRIPTOR_MAX) {
        return err_set(e, TP_E_MALFORMED, "the report descriptor is not 1 to %d bytes",
                       LAYOUT_DESCRIPTOR_MAX);
    }
    while (descriptor.n > 0) {
        int rc = item(&p, &descriptor, e);
        if (rc != 0) {
            return rc;
        }
    }
    if (p.depth != 0) {
        return err_set(e, TP_E_MALFORMED, "the report descriptor ends within a collection");
    }
    /* With ids in use every report has one (6.2.2.7). */
    if (p.ids && p.bits[0] != 0) {
        return err_set(e, TP_E_MALFORMED, "one input report has an id and another has none");
    }
    return take_layout(out, &p, length_at, e);
}

const struct layout_report *layout_find(const struct layout *l, uint8_t id)
{
    for (unsigned int i = 0; i < l->count; i++) {
        if (l->reports[i].id == (l->ids ? id : 0)) {
            return &l->reports[i];
        }
    }
    return NULL;
}
