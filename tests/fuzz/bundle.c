/*
 * A bundle's items, whatever the file holds: what is read is written back as the same bytes, views lie in the
 * item, and the running hash is that of what was read.
 */
#include "fuzz/fuzz.h"
#include "report/bundle.h"

static bool within(struct bytes view, const struct buf *in)
{
    return view.n == 0 || (view.p >= in->p && view.p + view.n <= in->p + in->n);
}

static void check_views(const struct bundle_item *item, const struct buf *in)
{
    const struct bundle_statement *s = &item->as.statement;
    switch (item->type) {
    case BUNDLE_STATEMENT:
        HOLDS(within(s->raw, in) && within(s->lines.content, in) && within(s->person.content, in));
        HOLDS(s->index == NONE || s->index >= 0);
        break;
    case BUNDLE_CHECKPOINT:
        HOLDS(within(item->as.checkpoint.raw, in) && within(item->as.checkpoint.note, in));
        HOLDS(item->as.checkpoint.from_last.n <= PATH_MAX_HASHES);
        break;
    case BUNDLE_RECEIPT:
        HOLDS(within(item->as.receipt.receipt, in) && item->as.receipt.index >= 0);
        break;
    case BUNDLE_FIGURE:
        HOLDS(within(item->as.figure, in) && bytes_utf8(item->as.figure));
        break;
    default:
        break;
    }
}

/* An END has the hash of what was before it filled in when it is written: such a one comes back only if it
 * had it. */
static void check_same(struct bundle *back, const struct bundle_item *item, const struct bundle *in)
{
    bool other = item->type == BUNDLE_END && memcmp(item->as.end.hash, in->hash, HASH_SIZE) != 0;
    HOLDS(bundle_put(back, item) == 0);
    HOLDS(other || bytes_equal(buf_view(&back->item), buf_view(&in->item)));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct bundle in = {.file = size ? fmemopen((void *)(uintptr_t)data, size, "r") : NULL};
    struct bundle back = {.file = fopen("/dev/null", "w")};
    struct bundle_item item;
    struct err why = {0};
    int got = 0;
    HOLDS(back.file != NULL);
    while (in.file && (got = bundle_next(&in, &item, &why)) == 1) {
        check_views(&item, &in.item);
        check_same(&back, &item, &in);
        HOLDS(item.type == BUNDLE_END || memcmp(in.hash, back.hash, HASH_SIZE) == 0);
        if (item.type == BUNDLE_END) {
            break;
        }
    }
    HOLDS(got == 0 || got == 1 || (got == TP_E_MALFORMED && why.text[0]));
    if (in.file) {
        fclose(in.file);
    }
    fclose(back.file);
    bundle_close(&in);
    bundle_close(&back);
    return 0;
}
