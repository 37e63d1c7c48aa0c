#include "audit_file.h"
#include "audit_tables.h"
#include "files.h"

#include <errno.h>
#include <stdlib.h>

int audit_place_make(struct audit_place *place, struct err *e)
{
    const char *tmp = getenv("TMPDIR");
    snprintf(place->dir, sizeof place->dir, "%.900s/tillproof-audit-XXXXXX", tmp && tmp[0] ? tmp : "/tmp");
    int rc = file_temp_dir(place->dir, e);
    if (rc) {
        place->dir[0] = 0;
        return rc;
    }
    snprintf(place->copy, sizeof place->copy, "%s/copy.db", place->dir);
    return 0;
}

void audit_place_remove(struct audit_place *place)
{
    if (place->dir[0]) {
        file_remove_tree(place->dir);
    }
}

static int check(struct audit *a, struct bundle *b, const struct bundle_header *header,
                 const struct audit_place *place, struct err *e)
{
    char path[sizeof place->dir + 16];
    struct store *s = NULL;
    snprintf(path, sizeof path, "%s/claimed", place->dir);
    FILE *claimed = fopen(path, "w+xe");
    int rc = claimed ? store_open(place->copy, a->authority, STORE_CREATE, &s, e)
                     : err_set(e, TP_E_IO, "%.200s cannot be written", path);
    rc = rc ? rc : audit_bundle(a, b, header, s, claimed, e);
    rc = rc ? rc : audit_figures(a, place->dir, place->copy, s, claimed, e);
    rc = rc ? rc : audit_chains(a, s, e);
    store_close(s);
    if (claimed) {
        fclose(claimed);
    }
    return rc;
}

int audit_file(struct audit *a, const char *path, const uint8_t *root, const struct audit_place *place,
               void (*prepare)(void *arg, struct audit *a), void *arg, struct err *e)
{
    static const uint8_t nobody[HASH_SIZE];
    struct bundle b = {.file = fopen(path, "re")};
    struct bundle_item item;
    struct err why = {0};
    audit_begin(a, nobody, nobody);
    if (!b.file) {
        return err_set(e, TP_E_IO, "%.120s cannot be read: %s", path, strerror(errno));
    }
    int rc = bundle_next(&b, &item, &why);
    if (rc == TP_E_MALFORMED || rc == 0 || (rc == 1 && item.type != BUNDLE_HEADER)) {
        snprintf(a->wrong, AUDIT_TEXT, "the file does not begin as a bundle does%s%.120s",
                 why.text[0] ? ": " : "", why.text);
        rc = AUDIT_FALSE;
    } else if (rc < 0) {
        err_set(e, rc, "%s", why.text);
    } else {
        struct bundle_header header = item.as.header;
        audit_begin(a, header.authority, root ? root : header.root);
        prepare(arg, a);
        rc = check(a, &b, &header, place, e);
    }
    fclose(b.file);
    bundle_close(&b);
    return rc;
}
