#include "child.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/pidfd.h>
#include <sys/stat.h>
#include <unistd.h>

struct helper *open_helper(const char *program)
{
    struct helper *h = NULL;
    struct err e = {0};
    if (helper_open(program, &h, &e)) {
        fail_msg("%s", e.text);
    }
    return h;
}

void free_texts(struct buf texts[HELPER_CODES_MAX])
{
    for (int i = 0; i < HELPER_CODES_MAX; i++) {
        buf_free(&texts[i]);
    }
}

void reads_a_code(struct helper *h)
{
    struct buf texts[HELPER_CODES_MAX];
    struct err e = {0};
    struct grey g = draw_code("314159265", 9, 4);
    struct helper_frame frame = {g.width, g.height, g.px};
    if (helper_decode(h, &frame, PATIENCE, texts, &e) != 1) {
        fail_msg("not read: %s", e.text);
    }
    assert_true(bytes_is(buf_view(&texts[0]), "314159265"));
    free_texts(texts);
    grey_free(&g);
}

int ask_white(struct helper *h, uint32_t side, uint32_t deadline_ms)
{
    struct buf texts[HELPER_CODES_MAX];
    struct grey g = draw_white(side, side);
    struct helper_frame frame = {g.width, g.height, g.px};
    int n = helper_decode(h, &frame, deadline_ms, texts, NULL);
    for (int i = 0; i < HELPER_CODES_MAX; i++) {
        assert_null(texts[i].p);
    }
    grey_free(&g);
    return n;
}

static FILE *open_proc(pid_t pid, const char *file)
{
    char path[64];
    snprintf(path, sizeof path, "/proc/%d/%s", (int)pid, file);
    return fopen(path, "re");
}

long status_of(pid_t pid, const char *key, int base)
{
    char line[512];
    long value = -1;
    size_t n = strlen(key);
    FILE *f = open_proc(pid, "status");
    while (f && fgets(line, sizeof line, f)) {
        if (strncmp(line, key, n) == 0 && line[n] == ':') {
            value = strtol(line + n + 1, NULL, base);
        }
    }
    if (f) {
        fclose(f);
    }
    return value;
}

/* The state's letter follows the last parenthesis of the name. */
static bool lives(pid_t pid)
{
    char line[512] = "";
    FILE *f = open_proc(pid, "stat");
    size_t n = f ? fread(line, 1, sizeof line - 1, f) : 0;
    if (f) {
        fclose(f);
    }
    const char *end = n ? strrchr(line, ')') : NULL;
    return end && end[1] && end[2] != 'Z' && end[2] != 'X';
}

pid_t only_child(void)
{
    pid_t found = 0;
    DIR *proc = opendir("/proc");
    assert_non_null(proc);
    for (struct dirent *d = readdir(proc); d; d = readdir(proc)) {
        pid_t pid = isdigit((unsigned char)d->d_name[0]) ? (pid_t)strtol(d->d_name, NULL, 10) : 0;
        if (pid && status_of(pid, "PPid", 10) == getpid() && lives(pid)) {
            assert_int_equal(found, 0);
            found = pid;
        }
    }
    closedir(proc);
    return found;
}

void await_death(pid_t pid)
{
    int fd = pidfd_open(pid, 0);
    if (fd < 0) {
        assert_int_equal(errno, ESRCH);
        return;
    }
    struct pollfd end = {.fd = fd, .events = POLLIN};
    int n = 0;
    do {
        n = poll(&end, 1, PATIENCE);
    } while (n < 0 && errno == EINTR);
    assert_int_equal(n, 1);
    close(fd);
}

int count_files(pid_t pid)
{
    char path[64];
    int n = 0;
    snprintf(path, sizeof path, "/proc/%d/fd", (int)pid);
    DIR *d = opendir(path);
    assert_non_null(d);
    while (readdir(d)) {
        n++;
    }
    closedir(d);
    return n - 2 - (pid == getpid());
}

struct script write_script(const char *body)
{
    struct script s;
    const char *tmp = getenv("TMPDIR");
    snprintf(s.folder, sizeof s.folder, "%s/tp-helper-XXXXXX", tmp && strlen(tmp) < 40 ? tmp : "/tmp");
    assert_non_null(mkdtemp(s.folder));
    snprintf(s.path, sizeof s.path, "%s/play", s.folder);
    FILE *f = fopen(s.path, "we");
    assert_non_null(f);
    fprintf(f, "#!/bin/sh\n%s\n", body);
    assert_int_equal(fclose(f), 0);
    assert_int_equal(chmod(s.path, 0700), 0);
    return s;
}

void remove_script(const struct script *s)
{
    assert_int_equal(unlink(s->path), 0);
    assert_int_equal(rmdir(s->folder), 0);
}
