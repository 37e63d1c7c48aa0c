/*
 * A till renews its key by itself: past the second third of its time the worker makes a new one, asks for the
 * next epoch with it, and takes it into use when a sync brings the terminal statement that names it. Whatever
 * is lost or killed in between, one of the two keys is the one in force, and both are on the disk until then.
 */
#include "sale/internal.h"

#include <stdio.h>
#include <unistd.h>

enum { REFUSED_WAIT_MS = 3600000, OFFLINE_WAIT_MS = 5000 };

static void key_path(const struct till *t, const char *name, char out[TILL_PATH])
{
    snprintf(out, TILL_PATH, "%.1100s/%s", t->dir, name);
}

static int load_next(struct till *t, struct err *e)
{
    char path[TILL_PATH];
    key_path(t, "till.key.next", path);
    return access(path, F_OK) == 0 ? keyfile_load(path, &t->next_key, e) : 0;
}

static bool names(const struct till *t, const struct cose_key *key)
{
    return key->pkey && memcmp(t->replica.terminal_key, key->thumbprint, HASH_SIZE) == 0;
}

/* The new key in the old one's place, in memory and on the disk. Where the disk fails it is put there by the
 * next open. */
static void swap(struct till *t)
{
    char from[TILL_PATH], to[TILL_PATH];
    key_path(t, "till.key.next", from);
    key_path(t, "till.key", to);
    (void)keyfile_replace(from, to, NULL);
    cose_key_free(&t->key);
    t->key = t->next_key;
    t->next_key = (struct cose_key){0};
}

int rekey_load(struct till *t, struct err *e)
{
    const struct replica *r = &t->replica;
    char path[TILL_PATH];
    key_path(t, "till.key", path);
    int rc = keyfile_load(path, &t->key, e);
    rc = rc ? rc : load_next(t, e);
    if (rc) {
        return rc;
    }
    if (r->terminal_epoch == t->head.epoch && !names(t, &t->key)) {
        if (!names(t, &t->next_key)) {
            return err_set(e, TP_E_UNTRUSTED, "till.key is not the key that this till was enrolled with");
        }
        swap(t);
    }
    return r->terminal_epoch > t->head.epoch && names(t, &t->next_key) && !t->behind ? rekey_adopt(t, e) : 0;
}

int rekey_adopt(struct till *t, struct err *e)
{
    const struct replica *r = &t->replica;
    int rc = journal_next_epoch(t->journal, r->terminal_epoch, r->terminal_d, e);
    if (rc == 0) {
        t->head = (struct head){.epoch = r->terminal_epoch};
        memcpy(t->head.d, r->terminal_d, HASH_SIZE);
        t->rekey_at = 0;
        swap(t);
    }
    return rc;
}

enum rekey_news rekey_news(const struct till *t, const struct stage *s, int64_t epoch)
{
    if (!t->next_key.pkey || epoch != t->head.epoch + 1) {
        return REKEY_NONE;
    }
    if (t->replica.terminal_epoch == epoch) {
        return names(t, &t->next_key) ? REKEY_OURS : REKEY_NONE;
    }
    for (size_t i = 0; i < s->n; i++) {
        const struct terminal *m = &s->statements[i].payload.terminal;
        struct cose_key key = {0};
        if (s->statements[i].kind != KIND_TERMINAL || !bytes_is(m->till, t->who.name) || m->epoch != epoch ||
            m->state != TERMINAL_ACTIVE) {
            continue;
        }
        bool ours = cose_key_decode(m->cose_key, &key) == 0 &&
                    memcmp(key.thumbprint, t->next_key.thumbprint, HASH_SIZE) == 0;
        cose_key_free(&key);
        return ours ? REKEY_OURS : REKEY_NONE;
    }
    return REKEY_AWAITED;
}

bool rekey_wanted(struct till *t)
{
    const struct replica *r = &t->replica;
    if (!t->online || t->behind || t->quarantined || t->stopping || t->asks || !t->synced || !t->time.heard ||
        r->terminal_epoch != t->head.epoch || r->terminal_until == 0 || monotonic_ms() < t->rekey_at) {
        return false;
    }
    return till_now(t, NULL) >= r->terminal_from + (r->terminal_until - r->terminal_from) / 3 * 2;
}

static int make_next(struct till *t, struct err *e)
{
    char path[TILL_PATH];
    key_path(t, "till.key.next", path);
    return t->next_key.pkey ? 0 : keyfile_create(path, ALG_ESP256, &t->next_key, e);
}

static int build(struct till *t, struct buf *message, uint8_t d[HASH_SIZE], struct err *e)
{
    struct renew r = {.head = t->head, .checkpoint = t->seen.size ? &t->seen : NULL};
    struct buf key;
    buf_init(&key, 256);
    till_common(t, &r.common, request_time(t));
    cose_key_encode(&t->next_key, &key);
    r.cose_key = buf_view(&key);
    int rc = random_bytes(r.id, ID_SIZE);
    rc =
        rc ? err_code(e, rc) : statement_sign(KIND_RENEW, &r, bytes_str(t->who.name), &t->key, message, d, e);
    buf_free(&key);
    return rc;
}

/* Whether it was answered is all that counts here: the statement itself comes, checked, by sync. */
static int ask(struct till *t, struct err *e)
{
    struct buf message, reply;
    struct answer answer;
    uint8_t d[HASH_SIZE];
    buf_init(&message, ENVELOPE_MAX);
    buf_init(&reply, REPLY_MAX);
    int rc = build(t, &message, d, e);
    rc = rc ? rc : worker_call(t, buf_view(&message), &reply, e);
    rc = rc ? rc : first_answer(buf_view(&reply), d, &answer, e);
    if (rc == 0 && answer.kind == ANSWER_PROBLEM) {
        rc = err_set(e, answer.reason, "the authority: %s", code_word(answer.reason));
    }
    buf_free(&message);
    buf_free(&reply);
    return rc;
}

void rekey_run(struct till *t)
{
    int rc = make_next(t, NULL);
    rc = rc ? rc : ask(t, NULL);
    int64_t wait = rc > 0 && rc != TP_OFFLINE ? REFUSED_WAIT_MS : OFFLINE_WAIT_MS;
    t->rekey_at = monotonic_ms() + retry_wait(wait);
    t->sync_due = rc == 0 ? 0 : t->sync_due;
}
