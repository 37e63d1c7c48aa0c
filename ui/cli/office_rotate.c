/* Keys that are replaced: a new keyset names the new one, and says until when the old one signs. */
#include "office.h"

#include "files.h"

#include <stdio.h>
#include <unistd.h>

#define HOUR_MS INT64_C(3600000)
#define DAY_MS  INT64_C(86400000)

enum { KEYSET_MEMORY = 256 * 1024 };

/* Where the key of a purpose lies; NULL: it is not for rotating. */
static const char *folder_of(enum purpose purpose)
{
    switch (purpose) {
    case PURPOSE_MERCHANT:
    case PURPOSE_ISSUER:
        return "office";
    case PURPOSE_GRANT:
    case PURPOSE_LOG:
    case PURPOSE_REGISTRAR:
        return "authority";
    default:
        return NULL;
    }
}

struct rotation {
    struct office *o;
    enum purpose purpose;
    int64_t old_until;
    char file[SHOP_PATH_MAX], next[SHOP_PATH_MAX + 8];
    struct cose_key fresh;
    struct arena arena;
    struct keyset keyset; /* the one in force, then the one to come */
    bool published;       /* the fresh key stands in it already: an earlier run was interrupted */
};

static int paths(struct rotation *r, struct err *e)
{
    char name[32];
    snprintf(name, sizeof name, "%s.key", purpose_words[r->purpose]);
    int rc = shop_path(&r->o->shop, folder_of(r->purpose), name, NULL, r->file);
    snprintf(r->next, sizeof r->next, "%s.next", r->file);
    return rc ? err_code(e, rc) : 0;
}

/* One that an earlier run has made goes on. */
static int make_fresh(struct rotation *r, struct err *e)
{
    int alg = r->purpose == PURPOSE_LOG ? ALG_ED25519 : ALG_ESP256;
    return access(r->next, F_OK) == 0 ? keyfile_load(r->next, &r->fresh, e)
                                      : keyfile_create(r->next, alg, &r->fresh, e);
}

static int find_fresh(struct rotation *r, struct err *e)
{
    for (size_t i = 0; i < r->keyset.keys.n && !r->published; i++) {
        struct cose_key key = {0};
        int rc = cose_key_decode(r->keyset.keys.v[i].cose_key, &key);
        if (rc) {
            return err_code(e, rc);
        }
        r->published = memcmp(key.thumbprint, r->fresh.thumbprint, HASH_SIZE) == 0;
        cose_key_free(&key);
    }
    return 0;
}

/* All keys stay, for what they signed is checked with them as long as it is kept. */
static int next_keyset(struct rotation *r, struct err *e)
{
    struct keyset *k = &r->keyset;
    struct keyset_key *list = ARENA_NEW(&r->arena, struct keyset_key, k->keys.n + 1);
    struct buf encoded;
    if (k->keys.n == MAX_KEYSET_KEYS) {
        return err_set(e, TP_E_STATE, "the keyset is full: %d keys were in use in this shop",
                       MAX_KEYSET_KEYS);
    }
    k->common = office_common(r->o);
    buf_init(&encoded, 256);
    cose_key_encode(&r->fresh, &encoded);
    struct bytes fresh = arena_copy(&r->arena, buf_view(&encoded));
    buf_free(&encoded);
    if (!list || !fresh.p) {
        return err_code(e, TP_E_MEMORY);
    }
    int64_t now = k->common.time_ms;
    for (size_t i = 0; i < k->keys.n; i++) {
        list[i] = k->keys.v[i];
        if (list[i].purpose == (int)r->purpose && list[i].until > now + r->old_until) {
            list[i].until = now + r->old_until > list[i].from ? now + r->old_until : list[i].from + 1;
        }
    }
    list[k->keys.n] = (struct keyset_key){.cose_key = fresh,
                                          .purpose = (int)r->purpose,
                                          .name = bytes_str(purpose_words[r->purpose]),
                                          .from = now,
                                          .until = now + 3653 * DAY_MS};
    k->number++;
    k->keys.v = list;
    k->keys.n++;
    return 0;
}

static int run(struct rotation *r, struct err *e)
{
    const struct cose_key *root = NULL; /* before anything is made: without it nothing is published */
    int rc = paths(r, e);
    rc = rc ? rc : office_key(r->o, PURPOSE_ROOT, &root, e);
    rc = rc ? rc : office_keyset(r->o, &r->arena, &r->keyset, e);
    rc = rc ? rc : make_fresh(r, e);
    rc = rc ? rc : find_fresh(r, e);
    if (rc == 0 && !r->published) {
        rc = next_keyset(r, e);
        rc = rc ? rc : office_submit(r->o, KIND_KEYSET, &r->keyset, NULL, e);
    }
    return rc ? rc : keyfile_replace(r->next, r->file, e);
}

int office_rotate(struct office *o, const char *purpose, bool at_once, int64_t *number, struct err *e)
{
    struct rotation r = {.o = o};
    while (purpose_words[r.purpose] && strcmp(purpose_words[r.purpose], purpose) != 0) {
        r.purpose++;
    }
    if (!purpose_words[r.purpose] || !folder_of(r.purpose)) {
        return err_set(e, TP_E_ARGUMENT, "'%.20s' is not one of merchant, issuer, grant, log, registrar",
                       purpose);
    }
    /* Who signs by the authority's keys may have them in hand, and changes over with the next call. */
    bool office = strcmp(folder_of(r.purpose), "office") == 0;
    r.old_until = office || at_once ? 0 : HOUR_MS;
    arena_init(&r.arena, KEYSET_MEMORY);
    int rc = run(&r, e);
    *number = r.keyset.number;
    cose_key_free(&r.fresh);
    arena_reset(&r.arena);
    return rc;
}
