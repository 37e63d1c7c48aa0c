/* SIGHUP: all of the configuration and the certificate are taken anew, or nothing is. */
#include "daemon/internal.h"

#include "daemon/log.h"
#include "daemon/notify.h"
#include "daemon/tls.h"

#include <stdlib.h>

int server_witnesses(struct server *s, const struct daemon_config *c, struct err *e)
{
    struct witnesses told = {0};
    int rc = config_witnesses(c, &told, e);
    if (rc == 0) {
        reader_witnesses(s->reader, &told);
    }
    return rc;
}

/* What a start alone takes stays as it is, and that is said. */
static void keep_fixed(const struct daemon_config *now, struct daemon_config *fresh)
{
    const struct {
        const char *name;
        bool same;
    } fixed[] = {
        {"listen", strcmp(now->address, fresh->address) == 0 && now->port == fresh->port},
        {"shop", strcmp(now->shop, fresh->shop) == 0},
        {"store", strcmp(now->store, fresh->store) == 0},
        {"workers", now->workers == fresh->workers},
    };
    for (size_t i = 0; i < sizeof fixed / sizeof *fixed; i++) {
        if (!fixed[i].same) {
            log_line(LOG_WARN, "%s is taken by a start alone, and stays", fixed[i].name);
        }
    }
    memcpy(fresh->address, now->address, sizeof fresh->address);
    memcpy(fresh->shop, now->shop, sizeof fresh->shop);
    memcpy(fresh->store, now->store, sizeof fresh->store);
    fresh->port = now->port;
    fresh->workers = now->workers;
}

/* Connections that stand keep the certificate that they began with; limits count for all from now on. */
static void put_in_force(struct server *s, const struct daemon_config *fresh, SSL_CTX *tls)
{
    s->now = *fresh;
    SSL_CTX_free(s->tls);
    s->tls = tls;
    pool_limit(s->pool, (size_t)fresh->queue);
    reader_limit(s->reader, (size_t)fresh->queue);
    server_patience(s);
    conn_admit(s);
    event_active(s->over, 0, 0);
}

static int reload(struct server *s, struct daemon_config *fresh, struct err *e)
{
    SSL_CTX *tls = NULL;
    int rc = config_read(s->start->argc, s->start->argv, fresh, e);
    if (rc) {
        return rc;
    }
    keep_fixed(s->config, fresh);
    rc = tls_open(fresh->certificate, fresh->key, &tls, e);
    rc = rc ? rc : server_witnesses(s, fresh, e);
    if (rc) {
        SSL_CTX_free(tls);
        return rc;
    }
    put_in_force(s, fresh, tls);
    return 0;
}

void server_reload(evutil_socket_t sig, short what, void *arg)
{
    struct server *s = arg;
    struct err e = {0};
    struct daemon_config *fresh = malloc(sizeof *fresh);
    (void)sig, (void)what;
    notify_reloading();
    int rc = fresh ? reload(s, fresh, &e) : err_code(&e, TP_E_MEMORY);
    free(fresh);
    if (rc) {
        log_line(LOG_FAULT, "the old configuration and certificate stay: %s", e.text);
    } else {
        log_line(LOG_SAY, "configuration and certificate were taken anew");
    }
    notify("READY=1\n");
}
