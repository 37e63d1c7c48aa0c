/* The authority's own keys: their names in the keyset, and the files that a rotation replaces under it. */
#include "authority/internal.h"

#include "keys/keyfile.h"

#include <stdio.h>

enum { OWN_KEYS = 3 };

struct own_key {
    enum purpose purpose;
    const char *file;
    struct cose_key *key;
    char *name;
};

static void list_keys(struct authority *a, struct own_key out[OWN_KEYS])
{
    out[0] = (struct own_key){PURPOSE_GRANT, "grant.key", &a->config.grant_key, a->name};
    out[1] = (struct own_key){PURPOSE_LOG, "log.key", &a->config.log_key, a->log_name};
    out[2] =
        (struct own_key){PURPOSE_REGISTRAR, "registrar.key", &a->config.registrar_key, a->registrar_name};
}

/* The keyset's newest key of the purpose, the one that signs from now on. NULL: it has none. */
static const struct trusted_key *newest(const struct trust *t, enum purpose purpose)
{
    const struct trusted_key *best = NULL;
    for (size_t i = 0; i < t->n; i++) {
        const struct trusted_key *k = &t->v[i];
        if (k->purpose == purpose && (!best || k->from >= best->from)) {
            best = k;
        }
    }
    return best;
}

static bool is_key(const struct trusted_key *k, const struct cose_key *key)
{
    return memcmp(k->key.thumbprint, key->thumbprint, HASH_SIZE) == 0;
}

static void learn_name(const struct trust *t, const struct own_key *own)
{
    own->name[0] = 0;
    for (size_t i = 0; i < t->n; i++) {
        if (t->v[i].purpose == own->purpose && is_key(&t->v[i], own->key)) {
            bytes_to_cstr(bytes_str(t->v[i].name), own->name, 64);
        }
    }
}

void own_keys_learn(struct authority *a)
{
    struct own_key all[OWN_KEYS];
    list_keys(a, all);
    a->keys_due = false;
    for (size_t i = 0; i < OWN_KEYS; i++) {
        const struct trusted_key *k = newest(&a->trust, all[i].purpose);
        learn_name(&a->trust, &all[i]);
        a->keys_due = a->keys_due || (k && !is_key(k, all[i].key));
    }
}

/* The file may not have been put in its place yet: then the key in hand goes on, and the next call looks
 * again.
 */
static void reload(struct authority *a, const struct own_key *own)
{
    const struct trusted_key *k = newest(&a->trust, own->purpose);
    struct cose_key key = {0};
    char path[sizeof a->config.key_dir + 32];
    if (!k || is_key(k, own->key)) {
        return;
    }
    snprintf(path, sizeof path, "%s/%s", a->config.key_dir, own->file);
    if (keyfile_load(path, &key, NULL) == 0 && is_key(k, &key)) {
        cose_key_free(own->key);
        *own->key = key;
        return;
    }
    cose_key_free(&key);
}

void own_keys_reload(struct authority *a)
{
    struct own_key all[OWN_KEYS];
    if (!a->keys_due || !a->config.key_dir[0]) {
        return;
    }
    list_keys(a, all);
    for (size_t i = 0; i < OWN_KEYS; i++) {
        reload(a, &all[i]);
    }
    own_keys_learn(a);
}
