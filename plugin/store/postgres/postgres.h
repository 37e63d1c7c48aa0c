/*
 * PostgreSQL 15 behind store.h, over libpq. Programs that may open such a store register it once; the plugin
 * never does, so that no host gets libpq into its process.
 */
#ifndef STORE_POSTGRES_POSTGRES_H
#define STORE_POSTGRES_POSTGRES_H

#include "store/store.h"

enum { POSTGRES_ADDRESS_MAX = 1024 };

/* From now on store_open takes postgresql://... Before the program starts threads. */
void store_postgres(void);

/*
 * Makes or brings forward the schema `tillproof` at this address, as a role that may, and gives
 * tillproof_service and tillproof_report, where these roles exist, what they need and no more. Several may
 * run it at once: one does it. *version receives the schema's version. 0; TP_E_NEWER; TP_E_READ_ONLY: the
 * role may not; TP_E_BUSY: no server answers; TP_E_IO. e never holds what the address holds beyond its host.
 */
int store_postgres_migrate(const char *address, int64_t *version, struct err *e);

#endif
