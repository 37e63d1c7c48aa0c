/* Cosignatures: checked against the checkpoint that is kept, and kept in its note. */
#include "publish/internal.h"

#include "keys/trust.h"
#include "proof/note.h"

#include <inttypes.h>

enum { ARENA_MAX = 64 * 1024 };

int witnesses_add(struct witnesses *w, struct bytes text, struct err *e)
{
    struct bytes name;
    if (w->n == WITNESSES_MAX) {
        return err_set(e, TP_BAD_VALUE, "there are at most %d witnesses", WITNESSES_MAX);
    }
    struct witness *v = &w->v[w->n];
    int rc = note_witness(text, &name, &v->key);
    if (rc == 0 && name.n >= sizeof v->name) {
        cose_key_free(&v->key);
        rc = TP_E_MALFORMED;
    }
    if (rc) {
        rc = rc == TP_E_MALFORMED || rc == TP_E_ARGUMENT ? TP_BAD_VALUE : rc;
        return err_set(e, rc, "a witness is NAME+ID+KEY, as C2SP signed-note writes a key of cosignature/v1");
    }
    bytes_to_cstr(name, v->name, sizeof v->name);
    w->n++;
    return 0;
}

void witnesses_free(struct witnesses *w)
{
    for (size_t i = 0; i < w->n; i++) {
        cose_key_free(&w->v[i].key);
    }
    *w = (struct witnesses){0};
}

int publish_cosign_query(struct bytes query, int64_t *size, struct err *e)
{
    const struct query_value values[] = {{"size", size, 1, INT64_MAX}};
    *size = NONE;
    return query_read(query, values, 1, e);
}

struct cosigning {
    const struct witnesses *told;
    struct trust keyset;
    int64_t size;
    struct bytes body;
    int *taken;
    struct err *e;
};

/* ---- who is known ---- */

static int take_keyset(void *arg, const struct stored *row)
{
    struct cosigning *c = arg;
    struct arena a;
    struct statement st;
    arena_init(&a, ARENA_MAX);
    int rc = statement_parse(row->raw, &a, &st, NULL);
    rc = rc ? rc : trust_keyset(&c->keyset, &st.payload.keyset, NULL);
    arena_reset(&a);
    return rc == 0 ? 0 : rc == TP_E_MEMORY ? rc : TP_E_CORRUPT;
}

/* A key that may sign under that name; they are tried one after another, from *at on. */
static const struct cose_key *next_key(const struct cosigning *c, struct bytes name, size_t *at)
{
    while (*at < c->told->n + c->keyset.n) {
        size_t i = (*at)++;
        if (i < c->told->n) {
            if (bytes_is(name, c->told->v[i].name)) {
                return &c->told->v[i].key;
            }
        } else {
            const struct trusted_key *k = &c->keyset.v[i - c->told->n];
            if (k->purpose == PURPOSE_WITNESS && bytes_is(name, k->name)) {
                return &k->key;
            }
        }
    }
    return NULL;
}

/* ---- the note ---- */

/* One line is somebody's whom we know, over this text. */
static int check_line(const struct cosigning *c, const struct note *n, size_t i)
{
    struct note alone = *n;
    const struct cose_key *key;
    size_t at = 0;
    bool known = false;
    alone.signatures[0] = n->signatures[i];
    alone.n = 1;
    while ((key = next_key(c, alone.signatures[0].name, &at)) != NULL) {
        known = true;
        if (note_cosigned(&alone, alone.signatures[0].name, key, NULL)) {
            return 0;
        }
    }
    return known ? err_set(c->e, TP_BAD_SIGNATURE, "a witness's signature is not over this checkpoint")
                 : err_set(c->e, TP_E_UNTRUSTED, "a line is of no witness that is known here");
}

/* The kept note with what was posted: parsed as one, so that there is one way to read lines. */
static int join(const struct cosigning *c, struct bytes kept, struct buf *out, struct note *posted)
{
    static const char dash[] = "\xe2\x80\x94 ";
    struct note had;
    if (note_parse(kept, &had)) {
        return TP_E_CORRUPT;
    }
    bool lines = c->body.n > sizeof dash && memcmp(c->body.p, dash, sizeof dash - 1) == 0;
    if (lines) {
        buf_put(out, had.text.p, had.text.n);
        buf_putc(out, '\n');
    }
    buf_put(out, c->body.p, c->body.n);
    if (note_parse(buf_view(out), posted)) {
        return err_set(c->e, TP_E_MALFORMED, "neither lines of signatures nor a checkpoint with them");
    }
    if (!bytes_equal(posted->text, had.text)) {
        return err_set(c->e, TP_CONFLICT, "the checkpoint of %" PRId64 " leaves is another one here",
                       had.size);
    }
    return 0;
}

static bool same_signer(const struct note_signature *a, const struct note_signature *b)
{
    return bytes_equal(a->name, b->name) && memcmp(a->id, b->id, sizeof a->id) == 0 &&
           (a->time == NONE_TIME) == (b->time == NONE_TIME);
}

static void put_line(const struct note_signature *s, struct buf *out)
{
    uint8_t memory[sizeof s->id + 8 + SIGNATURE_SIZE];
    struct buf content;
    buf_over(&content, memory, sizeof memory);
    buf_put(&content, s->id, sizeof s->id);
    for (int i = 0; i < 8 && s->time != NONE_TIME; i++) {
        buf_putc(&content, (uint8_t)((uint64_t)s->time >> 8 * (7 - i)));
    }
    buf_put(&content, s->signature, SIGNATURE_SIZE);
    buf_puts(out, "\xe2\x80\x94 ");
    buf_put(out, s->name.p, s->name.n);
    buf_putc(out, ' ');
    base64_encode(buf_view(&content), out);
    buf_putc(out, '\n');
}

/* Of each signer the latest; the log's own first, as it was. */
static int merge(struct note *had, const struct note *posted, int *taken)
{
    for (size_t i = 0; i < posted->n; i++) {
        const struct note_signature *s = &posted->signatures[i];
        size_t at = 0;
        if (s->time == NONE_TIME) {
            continue;
        }
        while (at < had->n && !same_signer(&had->signatures[at], s)) {
            at++;
        }
        if (at == NOTE_SIGNATURES_MAX) {
            return TP_E_MEMORY;
        }
        if (at == had->n || had->signatures[at].time < s->time) {
            had->signatures[at] = *s;
            had->n += at == had->n;
            ++*taken;
        }
    }
    return 0;
}

static int keep(struct store *s, const struct cosigning *c, struct bytes before, struct note *had)
{
    struct buf after;
    int64_t witnesses = 0;
    buf_init(&after, NOTE_MAX);
    buf_put(&after, had->text.p, had->text.n);
    buf_putc(&after, '\n');
    for (size_t i = 0; i < had->n; i++) {
        put_line(&had->signatures[i], &after);
        witnesses += had->signatures[i].time != NONE_TIME;
    }
    int rc =
        after.failed ? TP_E_MEMORY : store_checkpoint_note(s, c->size, before, buf_view(&after), witnesses);
    buf_free(&after);
    return rc;
}

static int keep_note(void *arg, const struct checkpoint_row *row)
{
    struct buf *out = arg;
    buf_put(out, row->note.p, row->note.n);
    return out->failed ? TP_E_MEMORY : 0;
}

static int take(struct store *s, struct cosigning *c, struct bytes kept)
{
    struct buf text;
    struct note posted = {0}, had = {0};
    size_t cosigned = 0;
    buf_init(&text, NOTE_MAX);
    int rc = join(c, kept, &text, &posted);
    for (size_t i = 0; i < posted.n && rc == 0; i++) {
        if (posted.signatures[i].time != NONE_TIME) {
            cosigned++;
            rc = check_line(c, &posted, i);
        }
    }
    if (rc == 0 && cosigned == 0) {
        rc = err_set(c->e, TP_E_MALFORMED, "there is no cosignature in it");
    }
    if (rc == 0 && (rc = note_parse(kept, &had)) == 0 && (rc = merge(&had, &posted, c->taken)) == 0 &&
        *c->taken) {
        rc = keep(s, c, kept, &had);
    }
    buf_free(&text);
    return rc;
}

static int run(struct store *s, void *arg)
{
    struct cosigning *c = arg;
    struct checkpoint_row last;
    struct buf kept;
    int rc = 0;
    *c->taken = 0;
    buf_init(&kept, NOTE_MAX);
    trust_free(&c->keyset);
    if (c->size == NONE && (rc = store_checkpoint_last(s, &last)) == 0) {
        c->size = last.size;
    }
    rc = rc ? rc : checkpoint_note(s, c->size, keep_note, &kept);
    if (rc == STORE_NOT_FOUND) {
        rc = err_set(c->e, TP_STALE, "there is no checkpoint of that size");
    }
    rc = rc ? rc : store_statements(s, 1u << KIND_KEYSET, 0, INT64_MAX, take_keyset, c);
    rc = rc ? rc : take(s, c, buf_view(&kept));
    buf_free(&kept);
    return rc;
}

/* A whole note says itself of which size it is. */
static int64_t size_said(struct bytes body)
{
    struct note n;
    return note_parse(body, &n) ? NONE : n.size;
}

int publish_cosign(struct store *s, const struct visitor *who, const struct witnesses *told, int64_t size,
                   struct bytes body, int *taken, struct err *e)
{
    struct cosigning c = {
        .told = told, .size = size == NONE ? size_said(body) : size, .body = body, .taken = taken, .e = e};
    *taken = 0;
    if (who->role == ROLE_NOBODY && !who->log_open) {
        return err_set(e, TP_UNKNOWN_TOKEN, "this is for those who have a token");
    }
    if (who->role == ROLE_FUNDER && !who->log_open) {
        return err_set(e, TP_NOT_PERMITTED, "a funder's token does not open this");
    }
    if (body.n == 0 || body.n > COSIGN_MAX) {
        return err_set(e, TP_E_MALFORMED, "a cosignature is text of at most 16 KiB");
    }
    int rc = store_write(s, run, &c);
    trust_free(&c.keyset);
    return rc;
}
