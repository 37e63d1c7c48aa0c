/*
 * A real PostgreSQL server for tests: a cluster of its own in a temporary directory, reached over a UNIX
 * socket in it, so that no port is needed. Where the tests run as root the server runs as the user postgres,
 * or nobody: it refuses root. It ends with the process that started it, however that ends. Any failure fails
 * the test.
 */
#ifndef TESTS_SUPPORT_POSTGRES_H
#define TESTS_SUPPORT_POSTGRES_H

#include <stdbool.h>
#include <sys/types.h>

struct postgres {
    char dir[96];
    char address[160]; /* of its superuser in the database `test`: postgresql:///test?host=... */
    pid_t pid;
    bool durable;
    bool telling;
};

/* `durable`: fsync as in earnest. Otherwise nothing is flushed to the disk; what the server had written still
 * outlives its own crash, though not the machine's, which no test here brings about.
 * `telling`: every statement is in its log, each line behind the application's name and the session. */
void postgres_start(struct postgres *p, bool durable, bool telling);
/* A second server with the same content as a stopped or fresh one has; p is stopped and started for it. */
void postgres_start_copy(struct postgres *p, struct postgres *copy);
/* Ends it at once, as a crash does, and starts it again on what is on the disk. */
void postgres_crash(struct postgres *p);
/* Ends it at once; postgres_start_again brings it back. */
void postgres_kill(struct postgres *p);
void postgres_start_again(struct postgres *p);
/* The address as another role and in another database; NULL: as it is. */
void postgres_address(const struct postgres *p, const char *role, const char *database, char out[160]);
/* Everything that the server logged so far; the caller frees it. */
char *postgres_log(const struct postgres *p);
void postgres_stop(struct postgres *p); /* and removes its directory */

/* Runs statements as its superuser in database `test`, over a connection of its own. */
void postgres_do(const struct postgres *p, const char *sql);
/* The first column of the first row as a number. */
long long postgres_number(const struct postgres *p, const char *sql);

#endif
