/* A disk that says that it has kept what it dropped, and one on which a byte goes wrong. */
#include "vfs.h"

#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { FILES_MAX = 16 };

/* What is truly on the disk of each file. */
struct durable {
    char path[256];
    uint8_t *p;
    size_t n;
    bool there, lied;
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct durable files[FILES_MAX];
static size_t file_count;
static const char *about;
static bool keeping;

void fault_lie_about(const char *part)
{
    about = part;
    keeping = true;
}

static bool concerned(const char *path)
{
    return keeping && *path && (!about || strstr(path, about));
}

static struct durable *find(const char *path)
{
    for (size_t i = 0; i < file_count; i++) {
        if (strcmp(files[i].path, path) == 0) {
            return &files[i];
        }
    }
    if (file_count == FILES_MAX) {
        abort();
    }
    struct durable *d = &files[file_count++];
    memcpy(d->path, path, strlen(path) + 1);
    return d;
}

static void take(struct durable *d)
{
    struct stat st;
    int fd = open(d->path, O_RDONLY | O_CLOEXEC);
    d->there = fd >= 0 && fstat(fd, &st) == 0;
    d->n = d->there ? (size_t)st.st_size : 0;
    d->p = realloc(d->p, d->n + 1);
    if (!d->p || (d->there && read(fd, d->p, d->n) != (ssize_t)d->n)) {
        abort();
    }
    if (fd >= 0) {
        close(fd);
    }
}

void lie_opened(const struct file *f)
{
    pthread_mutex_lock(&lock);
    if (concerned(f->path)) {
        bool known = false;
        for (size_t i = 0; i < file_count; i++) {
            known = known || strcmp(files[i].path, f->path) == 0;
        }
        /* A log that SQLite makes anew is not on the disk before it is synced. */
        struct durable *d = known ? NULL : find(f->path);
        if (d) {
            take(d);
            d->there = d->n > 0;
        }
    }
    pthread_mutex_unlock(&lock);
}

bool lie_sync(const struct file *f)
{
    bool lied = false;
    pthread_mutex_lock(&lock);
    if (concerned(f->path)) {
        lied = fault_counts(FAULT_LIE, "xSync");
        if (!lied) {
            take(find(f->path));
        }
    }
    pthread_mutex_unlock(&lock);
    return lied;
}

void fault_cut(void)
{
    pthread_mutex_lock(&lock);
    for (size_t i = 0; i < file_count; i++) {
        const struct durable *d = &files[i];
        int fd = d->there ? open(d->path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600) : -1;
        if (!d->there) {
            unlink(d->path);
        } else if (fd < 0 || write(fd, d->p, d->n) != (ssize_t)d->n) {
            abort();
        }
    }
    _exit(FAULT_KILLED);
}

/* ---- rot ---- */

static const char *rot_end;
static int64_t rot_at;
static bool rot_seen;

void fault_rot(const char *end, int64_t at)
{
    rot_end = end;
    rot_at = at;
    rot_seen = false;
}

bool fault_rot_met(void)
{
    return rot_seen;
}

void rot_read(const struct file *f, void *p, int n, sqlite3_int64 at)
{
    size_t have = strlen(f->path), want = rot_end ? strlen(rot_end) : 0;
    if (!rot_end || !f->main || have < want || strcmp(f->path + have - want, rot_end) != 0 || rot_at < at ||
        rot_at >= at + n) {
        return;
    }
    ((uint8_t *)p)[rot_at - at] ^= 0x55;
    rot_seen = true;
}
