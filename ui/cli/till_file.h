/* A till's own file, read beside whoever has the till open; and the keys that it goes by. One thread. */
#ifndef CLI_TILL_FILE_H
#define CLI_TILL_FILE_H

#include "journal/journal.h"
#include "keys/trust.h"
#include "shop/shop.h"

struct till_file {
    struct shop shop;
    struct journal *journal;
    struct arena arena;   /* what the members below point into */
    struct policy policy; /* version 0: the till never heard one */
    struct trust trust;
    struct statement *published; /* what the till took from its authority, each with a good signature */
    size_t count;
};

/* name NULL: till1. TP_E_NO_SHOP, and as journal_read; TP_E_UNTRUSTED: what it took for published is not
 * signed. till_file_close on success. */
int till_file_open(const char *dir, const char *name, struct till_file *f, struct err *e);
void till_file_close(struct till_file *f);
/* The till's key in an epoch. Owned: cose_key_free. TP_E_UNTRUSTED when no terminal statement names it. */
int till_file_key(const struct till_file *f, int64_t epoch, struct cose_key *key, struct err *e);
/* The newest version of an offer that it knows, or NULL. */
const struct offer *till_file_offer(const struct till_file *f, const uint8_t ref[REF_SIZE]);

#endif
