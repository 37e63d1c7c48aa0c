/* What the daemon is told: one INI file, or a shop's directory and options. */
#ifndef DAEMON_CONFIG_H
#define DAEMON_CONFIG_H

#include "base/code.h"
#include "shop/shop.h"

enum { CONFIG_ADDRESS_MAX = 64 };

struct daemon_config {
    char address[CONFIG_ADDRESS_MAX]; /* numeric; IPv6 without its brackets */
    uint16_t port;                    /* 0: any free one */
    char certificate[SHOP_PATH_MAX];  /* PEM, with the chain behind it */
    char key[SHOP_PATH_MAX];          /* PEM, without a passphrase */
    char shop[SHOP_PATH_MAX];
    int64_t workers;     /* threads that handle statements, 1..64 */
    int64_t queue;       /* requests that wait for one, 1..1024 */
    int64_t connections; /* 1..10000; more wait in the kernel */
    int64_t timeout_s;   /* for a whole request to arrive, and for its answer to leave; 1..600 */
    bool metrics_all;    /* false: /metrics is for this machine alone */
};

void config_default(struct daemon_config *c);
/* Reads the file over what is set. TP_E_IO, TP_UNKNOWN_KEY, TP_BAD_VALUE with the line in e. */
int config_load(const char *path, struct daemon_config *c, struct err *e);
/* One key of the file's [server]; also the options'. TP_UNKNOWN_KEY, TP_BAD_VALUE. */
int config_set(struct daemon_config *c, const char *name, const char *value, struct err *e);
/* Something is missing: TP_E_ARGUMENT. Certificate and key of a shop are DIR/server/certificate.pem and
 * key.pem unless they are told. */
int config_check(struct daemon_config *c, struct err *e);

#endif
