/*
 * A shop's directory: what lies where, shop.ini, and opening what it names. It joins rooms for the
 * plugin and for the commands, and holds no rules.
 *
 *   DIR/shop.ini                what the shop is, and where its authority is
 *   DIR/office/                 root.key, merchant.key, issuer.key: no till process ever opens them
 *   DIR/authority/              grant.key, log.key, registrar.key, card.key; authority.db, unless shop.ini
 * names a server DIR/tills/NAME/             till.key, till.db; devices.ini, if it has devices
 *
 * A directory on another machine has shop.ini, the CA that it names, and tills/ alone.
 */
#ifndef SHOP_SHOP_H
#define SHOP_SHOP_H

#include "authority/authority.h"
#include "transport/transport.h"

enum {
    SHOP_VERSION = 1,
    SHOP_PATH_MAX = 1024,
    SHOP_INI_MAX = 64 * 1024,
    SHOP_URL_MAX = 480,
    SHOP_CA_MAX = 256 * 1024,
    SHOP_STORE_MAX = 512,
};

struct shop {
    char dir[SHOP_PATH_MAX];
    uint8_t authority[ID_SIZE];
    uint8_t root[HASH_SIZE];    /* thumbprint of its root key */
    bool away;                  /* its authority is on another machine: */
    char url[SHOP_URL_MAX];     /* https://HOST[:PORT], without a / at its end */
    char ca[256];               /* a PEM file, in DIR unless it begins with / */
    char store[SHOP_STORE_MAX]; /* postgresql://...: where its authority keeps what it keeps; may hold a
                                 * password. Empty: in DIR/authority/authority.db. */
};

/* Reads DIR/shop.ini. 0, TP_E_NO_SHOP, TP_E_NEWER, TP_BAD_VALUE. Any thread. */
int shop_load(const char *dir, struct shop *shop, struct err *e);
/* Writes shop.ini of a new shop, whole or not at all. TP_E_EXISTS, TP_E_READ_ONLY, TP_E_IO. */
int shop_save_new(const struct shop *shop, struct err *e);
/* DIR/a or DIR/a/b/c (b and c may be NULL). TP_E_ARGUMENT when it is too long. */
int shop_path(const struct shop *shop, const char *a, const char *b, const char *c, char out[SHOP_PATH_MAX]);
enum { SHOP_DEVICE_PATHS = 8, SHOP_DEVICE_PATH_SIZE = 108 };

/* What a till reads: tillproof.h says it at tillproof_device. */
struct shop_devices {
    bool usb;
    uint32_t path_count;
    struct shop_device_path {
        bool records; /* each code with its length; else one a line */
        char path[SHOP_DEVICE_PATH_SIZE];
    } paths[SHOP_DEVICE_PATHS];
};
/* DIR/tills/NAME/devices.ini. Without that file 0 and no devices. TP_BAD_VALUE with the line; TP_E_IO. */
int shop_devices_load(const struct shop *shop, const char *till, struct shop_devices *out, struct err *e);
/* The text of a file of a shop, terminated, at most SHOP_INI_MAX bytes; `name` is for the sentence. Owned:
 * free. TP_E_NO_SHOP when there is none. */
int shop_text(const char *path, const char *name, char **out, struct err *e);

/* The shop's local authority with its store and keys, as a handle for one thread. TP_E_STATE: it is away. */
int shop_authority(const struct shop *shop, const struct clock_source *clock, struct authority **out,
                   struct err *e);
/* The key that signs its log's checkpoints and receipts; all zero where there is none. Owned: cose_key_free.
 */
int shop_log_key(const struct shop *shop, struct cose_key *key, struct err *e);
/* The way from a till of this machine to the shop's authority. helper is the path of tillproof-helper, for
 * one that is away. Waits for nothing. TP_BAD_VALUE: its CA cannot be read. */
int shop_transport(const struct shop *shop, const struct clock_source *clock, const char *helper,
                   struct transport *out, struct err *e);
/* What store_open takes for this shop's store. */
int shop_store_address(const struct shop *shop, char out[SHOP_PATH_MAX], struct err *e);
/* The store alone, to read reports: of a shop whose authority is away, too, where shop.ini names its store.
 * Owned: store_close. */
int shop_store(const struct shop *shop, struct store **out, struct err *e);
/* The same, to write what is no statement: tokens, cosignatures. TP_E_READ_ONLY. */
int shop_store_write(const struct shop *shop, struct store **out, struct err *e);

#endif
