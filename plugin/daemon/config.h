/* What the daemon is told: one INI file, or a shop's directory and options. */
#ifndef DAEMON_CONFIG_H
#define DAEMON_CONFIG_H

#include "base/code.h"
#include "publish/publish.h"
#include "shop/shop.h"

enum { CONFIG_ADDRESS_MAX = 64, CONFIG_WITNESS_MAX = 160, CONFIG_MIB = 1024 * 1024 };

/* Every key of the file is in packaging/man/tillproofd.8. */
struct daemon_config {
    /* Only a start takes these. */
    char address[CONFIG_ADDRESS_MAX]; /* numeric; IPv6 without its brackets */
    int64_t port;                     /* 0: any free one */
    char shop[SHOP_PATH_MAX];
    char store[SHOP_STORE_MAX]; /* instead of the server that shop.ini names; may hold a password */
    int64_t workers;            /* threads that check signatures beside the one that writes, 1..64 */

    /* These are taken anew by SIGHUP, too. */
    char certificate[SHOP_PATH_MAX]; /* PEM, with the chain behind it */
    char key[SHOP_PATH_MAX];         /* PEM, without a passphrase */
    int64_t queue;                   /* requests that wait for their turn, 1..1024; pages, as many again */
    int64_t connections;             /* 1..10000; more wait in the kernel */
    int64_t address_connections;     /* of one address, 0..10000; 0: as many; below 0: not told */
    int64_t memory_mib;              /* of bodies and answers that are in flight, 16..65536 */
    int64_t timeout_s;               /* for a whole request to arrive, and for its answer to leave; 1..600 */
    int64_t till_rate, till_burst;   /* messages a second of one till, and at once; rate 0: no limit */
    int64_t address_rate, address_burst; /* requests of one address likewise */
    int64_t codes;                       /* pickup and enrolment codes a minute of one address; 0: no limit */
    int64_t wrong_tokens;                /* that one address may try a minute */
    bool metrics_all;                    /* false: /metrics is for this machine alone */
    bool log_open;                       /* the log's pages need no token */
    char witness[WITNESSES_MAX][CONFIG_WITNESS_MAX]; /* keys as C2SP writes them */
    size_t witness_count;
};

void config_default(struct daemon_config *c);
/* Reads the file over what is set. TP_E_IO, TP_UNKNOWN_KEY, TP_BAD_VALUE with the line in e. */
int config_load(const char *path, struct daemon_config *c, struct err *e);
/* One key of the file's [server]; also the options', with - for _. TP_UNKNOWN_KEY, TP_BAD_VALUE. */
int config_set(struct daemon_config *c, const char *name, const char *value, struct err *e);
/* Something is missing: TP_E_ARGUMENT. Certificate and key of a shop are DIR/server/certificate.pem and
 * key.pem unless they are told; one address may have half of the connections, rounded up. */
int config_check(struct daemon_config *c, struct err *e);
/* The defaults, then argv's --NAME VALUE in their order (--config FILE is one), then config_check. */
int config_read(int argc, char **argv, struct daemon_config *c, struct err *e);
/* The witnesses' keys. Owned: witnesses_free. */
int config_witnesses(const struct daemon_config *c, struct witnesses *out, struct err *e);
/* Bytes that requests may take together at worst: connections, bodies, answers, and what threads work in. */
int64_t config_worst(const struct daemon_config *c);

#endif
