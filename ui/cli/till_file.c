#include "till_file.h"

enum { MEMORY = 256 * 1024 * 1024 };

static int count_one(void *arg, struct bytes raw)
{
    (void)raw;
    ++*(size_t *)arg;
    return 0;
}

struct reading {
    struct till_file *f;
    struct err *e;
};

static int read_one(void *arg, struct bytes raw)
{
    struct reading *r = arg;
    struct till_file *f = r->f;
    struct bytes kept = arena_copy(&f->arena, raw);
    int rc = kept.p ? statement_parse(kept, &f->arena, &f->published[f->count], r->e)
                    : err_code(r->e, TP_E_MEMORY);
    f->count += rc == 0;
    return rc;
}

/* By keysets that follow from the shop's root key, each the newer one. */
static int read_keysets(struct till_file *f, struct err *e)
{
    int rc = 0;
    for (size_t i = 0; i < f->count && rc == 0; i++) {
        const struct statement *st = &f->published[i];
        const struct trusted_key *by = NULL;
        if (st->kind != KIND_KEYSET || st->payload.keyset.number <= f->trust.keyset) {
            continue;
        }
        rc = f->trust.keyset ? trust_verify(&f->trust, st, NONE, &by, e)
                             : trust_first_keyset(st, f->shop.root, e);
        rc = rc ? rc : trust_keyset(&f->trust, &st->payload.keyset, e);
    }
    return rc;
}

static int check_others(struct till_file *f, struct err *e)
{
    int rc = 0;
    for (size_t i = 0; i < f->count && rc == 0; i++) {
        const struct statement *st = &f->published[i];
        const struct trusted_key *by = NULL;
        if (st->kind == KIND_KEYSET) {
            continue;
        }
        rc = trust_verify(&f->trust, st, NONE, &by, e);
        if (rc == 0 && st->kind == KIND_POLICY && st->payload.policy.terms.version > f->policy.version) {
            f->policy = st->payload.policy.terms;
        }
    }
    return rc;
}

static int read_published(struct till_file *f, struct err *e)
{
    struct reading r = {f, e};
    size_t n = 0;
    int rc = journal_replica(f->journal, count_one, &n, e);
    f->published = ARENA_NEW(&f->arena, struct statement, n + 1);
    rc = rc || f->published ? rc : err_code(e, TP_E_MEMORY);
    rc = rc ? rc : journal_replica(f->journal, read_one, &r, e);
    rc = rc ? rc : read_keysets(f, e);
    rc = rc ? rc : check_others(f, e);
    return rc > 0 ? TP_E_CORRUPT : rc;
}

int till_file_open(const char *dir, const char *name, struct till_file *f, struct err *e)
{
    char path[SHOP_PATH_MAX];
    *f = (struct till_file){0};
    if (!name_valid(bytes_str(name ? name : "till1"))) {
        return err_set(e, TP_E_ARGUMENT, "that is not a till's name");
    }
    int rc = shop_load(dir, &f->shop, e);
    if (rc == 0 && (rc = shop_path(&f->shop, "tills", name ? name : "till1", NULL, path)) != 0) {
        err_code(e, rc);
    }
    rc = rc ? rc : journal_read(path, &f->journal, e);
    if (rc) {
        return rc;
    }
    arena_init(&f->arena, MEMORY);
    rc = read_published(f, e);
    if (rc) {
        till_file_close(f);
    }
    return rc;
}

void till_file_close(struct till_file *f)
{
    journal_close(f->journal);
    trust_free(&f->trust);
    arena_reset(&f->arena);
    *f = (struct till_file){0};
}

int till_file_key(const struct till_file *f, int64_t epoch, struct cose_key *key, struct err *e)
{
    for (size_t i = 0; i < f->count; i++) {
        const struct terminal *m = &f->published[i].payload.terminal;
        if (f->published[i].kind == KIND_TERMINAL && m->epoch == epoch) {
            int rc = cose_key_decode(m->cose_key, key);
            return rc ? err_code(e, rc) : 0;
        }
    }
    return err_set(e, TP_E_UNTRUSTED, "the till knows no terminal statement of its epoch %lld",
                   (long long)epoch);
}

const struct offer *till_file_offer(const struct till_file *f, const uint8_t ref[REF_SIZE])
{
    const struct offer *best = NULL;
    for (size_t i = 0; i < f->count; i++) {
        const struct offer *o = &f->published[i].payload.offer.terms;
        if (f->published[i].kind == KIND_OFFER && memcmp(o->ref, ref, REF_SIZE) == 0 &&
            (!best || o->version > best->version)) {
            best = o;
        }
    }
    return best;
}
