/* Where the audit's evidence comes from when it is no shop of this machine. */
#ifndef CLI_AUDIT_FILE_H
#define CLI_AUDIT_FILE_H

#include "report/audit.h"

/* A place for copies that is gone when the audit ends. */
struct audit_place {
    char dir[1024], copy[1040];
};
int audit_place_make(struct audit_place *place, struct err *e);
void audit_place_remove(struct audit_place *place); /* takes one that was not made */

/*
 * Checks a bundle: all of it, its tables, its chains. root (NULL: the bundle's own word is taken) is the
 * thumbprint that its first keyset must be signed by. a is begun by this; its `till` and `arg` are set by
 * `prepare` after that. 0, AUDIT_FALSE, or a fault. Owned: audit_end, whatever is returned.
 */
int audit_file(struct audit *a, const char *path, const uint8_t *root, const struct audit_place *place,
               void (*prepare)(void *arg, struct audit *a), void *arg, struct err *e);

/* An authority's own pages, at https://HOST[:PORT]. */
struct audit_url {
    const char *url, *ca, *token; /* files of the CA that vouches for it and of a token; token may be NULL */
    bool all;                     /* receipts of all leaves */
};
/* Checks them like a bundle, through tillproof-helper; what the authority does not show is not looked at. */
int audit_url(struct audit *a, const struct audit_url *u, const uint8_t *root,
              const struct audit_place *place, void (*prepare)(void *arg, struct audit *a), void *arg,
              struct err *e);

#endif
