/* What the tests of this folder share: pictures to send, and the helper looked at from outside. */
#ifndef TESTS_HELPER_CHILD_H
#define TESTS_HELPER_CHILD_H

#include <sys/types.h>

#include "helper/client.h"
#include "unit/picture/draw.h"

/* Long enough for the slowest build on a busy machine; nothing here waits for it. */
enum { PATIENCE = 30000 };

struct helper *open_helper(const char *program);
/* One frame with the digits' code is asked and read. */
void reads_a_code(struct helper *h);
/* A white frame's return code; no texts come with it. */
int ask_white(struct helper *h, uint32_t side, uint32_t deadline_ms);
void free_texts(struct buf texts[HELPER_CODES_MAX]);

/* The one living child of this process, or 0. */
pid_t only_child(void);
/* A line of /proc/PID/status as a number in that base. */
long status_of(pid_t pid, const char *key, int base);
/* Until the process has ended, reaped or not. */
void await_death(pid_t pid);
int count_files(pid_t pid);

/* A directory with one shell script in it, which plays the helper. */
struct script {
    char folder[64], path[80];
};
struct script write_script(const char *body);
void remove_script(const struct script *script);

#endif
