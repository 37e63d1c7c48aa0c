/*
 * What witnesses and readers of the log send. The first byte says which: a checkpoint as a note, the path of
 * a tile, a witness's key. What is accepted is written back the same; views lie in what was given.
 */
#include "fuzz/fuzz.h"
#include "proof/note.h"
#include "proof/tile.h"

enum { NOTE, PATH, KEY, WHICH };

static bool within(struct bytes view, struct bytes in)
{
    return view.p >= in.p && view.p + view.n <= in.p + in.n;
}

static void check_note(struct bytes in)
{
    struct note n;
    count_allocations();
    int rc = note_parse(in, &n);
    HOLDS(allocations() == 0);
    HOLDS(rc == 0 || rc == TP_E_MALFORMED);
    if (rc) {
        return;
    }
    HOLDS(within(n.text, in) && within(n.origin, n.text) && n.text.p == in.p && n.size >= 0);
    HOLDS(n.text.p[n.text.n - 1] == '\n' && n.text.p[n.text.n] == '\n');
    HOLDS(n.n <= NOTE_SIGNATURES_MAX);
    for (size_t i = 0; i < n.n; i++) {
        HOLDS(within(n.signatures[i].name, in) && n.signatures[i].time >= NONE_TIME);
    }
}

static void check_path(struct bytes in)
{
    struct tile t;
    char again[TILE_PATH_MAX];
    int rc = tile_path_parse(in, &t);
    HOLDS(rc == 0 || rc == TP_E_MALFORMED);
    if (rc == 0) {
        HOLDS(tile_path(&t, again) == 0 && bytes_is(in, again));
        HOLDS(t.width >= 1 && t.width <= TILE_WIDTH && t.number >= 0);
    }
}

static void check_key(struct bytes in)
{
    struct bytes name;
    struct cose_key key;
    uint8_t memory[2048];
    struct buf again;
    int rc = note_witness(in, &name, &key);
    HOLDS(rc == 0 || rc == TP_E_MALFORMED);
    if (rc) {
        return;
    }
    buf_over(&again, memory, sizeof memory);
    HOLDS(within(name, in) && note_key_text(name, true, &key, &again) == 0);
    for (size_t i = 0; i < in.n; i++) { /* its id may be in capitals */
        HOLDS(again.p[i] == in.p[i] || (in.p[i] >= 'A' && in.p[i] <= 'F' && again.p[i] == in.p[i] + 32));
    }
    HOLDS(again.n == in.n);
    cose_key_free(&key);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct bytes in = bytes_of(data + (size > 0), size - (size > 0));
    switch (size ? data[0] % WHICH : WHICH) {
    case NOTE:
        check_note(in);
        break;
    case PATH:
        check_path(in);
        break;
    case KEY:
        check_key(in);
        break;
    default:
        break;
    }
    return 0;
}
