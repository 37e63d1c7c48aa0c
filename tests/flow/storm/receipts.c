/*
 * storm_receipts SHOP: the receipt of every leaf of a shop's log, made as its authority makes it and checked
 * with the log's public key alone. Prints "N receipts"; exit 1 at the first that does not verify.
 */
#include "keys/keyfile.h"
#include "proof/receipt.h"
#include "shop/shop.h"
#include "store/log.h"
#include "store/postgres/postgres.h"

#include <stdio.h>

struct checking {
    struct authority *authority;
    struct cose_key log; /* its public part */
    char origin[ORIGIN_MAX];
    struct buf receipt;
    long good;
};

static int check_one(void *arg, const struct leaf_row *row, struct bytes raw)
{
    struct checking *c = arg;
    struct receipt said;
    struct cose_sign1 sign1;
    struct err e = {0};
    uint8_t entry[HASH_SIZE];
    c->receipt.n = 0;
    int rc = cose_sign1_parse(raw, true, &sign1);
    rc = rc ? rc : log_entry(&sign1, entry);
    rc = rc ? rc : authority_receipt(c->authority, row->d, &c->receipt, &e);
    rc = rc ? rc : receipt_check(buf_view(&c->receipt), entry, bytes_str(c->origin), &c->log, &said, NULL);
    if (rc || said.index != row->index) {
        fprintf(stderr, "storm_receipts: leaf %lld: %s %s\n", (long long)row->index, code_word(rc), e.text);
        return rc ? rc : TP_E_CORRUPT;
    }
    c->good++;
    return 0;
}

static int public_part(const struct shop *shop, struct cose_key *key, struct err *e)
{
    char path[SHOP_PATH_MAX];
    int rc = shop_path(shop, "authority", "log.key", NULL, path);
    return rc ? rc : keyfile_load_public(path, key, e);
}

int main(int argc, char **argv)
{
    struct shop shop;
    struct store *store = NULL;
    struct checking c = {0};
    struct err e = {0};
    if (argc != 2) {
        fputs("storm_receipts: SHOP\n", stderr);
        return 2;
    }
    store_postgres();
    buf_init(&c.receipt, RECEIPT_MAX);
    int rc = shop_load(argv[1], &shop, &e);
    rc = rc ? rc : public_part(&shop, &c.log, &e);
    rc = rc ? rc : shop_authority(&shop, &clock_system, &c.authority, &e);
    rc = rc ? rc : shop_store(&shop, &store, &e);
    if (rc == 0) {
        log_origin(shop.authority, c.origin);
        rc = store_leaves(store, 0, check_one, &c);
    }
    if (rc) {
        fprintf(stderr, "storm_receipts: %s %s\n", code_word(rc), e.text);
    } else {
        printf("%ld receipts\n", c.good);
    }
    store_close(store);
    authority_close(c.authority);
    cose_key_free(&c.log);
    buf_free(&c.receipt);
    return rc ? 1 : 0;
}
