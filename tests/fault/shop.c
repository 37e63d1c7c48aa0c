#include "day.h"

#include "shop/shop.h"

#include <fcntl.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

enum { CHILD_SECONDS = 60 };

static const char offer[] =
    "{\"id\":\"coffee\",\"version\":1,\"title\":\"10%\",\"currency\":\"EUR\",\"funder\":\"store\","
    "\"redeem\":[\"coupon\"],\"valid\":{\"from\":\"2020-01-01\",\"until\":\"2090-01-01\"},"
    "\"needs\":{\"category\":[\"coffee\"]},\"gives\":{\"percent\":\"10\"},"
    "\"limits\":{\"per_coupon\":1}}";

/* The files that a day changes, as they are before it. */
static struct image {
    const char *name;
    uint8_t *p;
    size_t n;
} images[] = {{"tills/till1/till.db", NULL, 0}, {"authority/authority.db", NULL, 0}};

static struct {
    pid_t pid;
    int ask, answer;
} nurse = {0, -1, -1};

static char base[128], pristine[160];
char shop_dir[160], shop_coupon[1024];
size_t shop_coupon_length;

static void stop(const char *what)
{
    fprintf(stderr, "fault: %s\n", what);
    exit(2);
}

static int run(const char *format, ...) __attribute__((format(printf, 1, 2)));
static int run(const char *format, ...)
{
    char line[1024];
    va_list args;
    va_start(args, format);
    vsnprintf(line, sizeof line, format, args);
    va_end(args);
    int status = system(line);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static void write_file(const char *path, const void *p, size_t n)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (fd < 0 || write(fd, p, n) != (ssize_t)n || close(fd)) {
        stop("a file cannot be written");
    }
}

static void read_image(struct image *im)
{
    char path[256];
    struct stat st;
    snprintf(path, sizeof path, "%s/%s", pristine, im->name);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0 || fstat(fd, &st) || !(im->p = malloc((size_t)st.st_size)) ||
        read(fd, im->p, (size_t)st.st_size) != st.st_size) {
        stop("the shop cannot be read");
    }
    im->n = (size_t)st.st_size;
    close(fd);
}

/* A till that has heard its authority, and nothing else. */
static int hear(void *arg)
{
    struct tillproof *t = NULL;
    (void)arg;
    int32_t rc = tillproof_open(pristine, NULL, 0, &t);
    return rc || tillproof_close(t, 5000);
}

void shop_make(const char *command)
{
    char path[256];
    const char *under = access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp";
    snprintf(base, sizeof base, "%s/tillproof-fault-XXXXXX", under);
    if (!mkdtemp(base)) {
        stop("no folder");
    }
    snprintf(pristine, sizeof pristine, "%s/pristine", base);
    snprintf(path, sizeof path, "%s/offer.json", base);
    write_file(path, offer, sizeof offer - 1);
    if (run("%s shop init %s >/dev/null", command, pristine) ||
        run("%s offer publish %s/offer.json --shop %s >/dev/null", command, base, pristine) ||
        run("%s coupon issue --shop %s --offer coffee --channel news --out %s/c.txt >/dev/null", command,
            pristine, base)) {
        stop("the shop cannot be made");
    }
    snprintf(path, sizeof path, "%s/c.txt", base);
    FILE *in = fopen(path, "r");
    shop_coupon_length = in ? fread(shop_coupon, 1, sizeof shop_coupon - 1, in) : 0;
    if (!in || !shop_coupon_length || fclose(in) || in_child(hear, NULL)) {
        stop("the till cannot be opened once");
    }
    for (size_t i = 0; i < sizeof images / sizeof images[0]; i++) {
        read_image(&images[i]);
    }
}

void shop_remove(void)
{
    run("rm -rf %s", base);
}

void shop_mine(int i)
{
    snprintf(shop_dir, sizeof shop_dir, "%.120s/shop%d", base, i);
    nurse.pid = 0; /* that one looks after another shop */
    if (access(shop_dir, F_OK) != 0 && run("cp -r %s %s", pristine, shop_dir)) {
        stop("the shop cannot be copied");
    }
}

void shop_file(const char *name, char *out, size_t size)
{
    snprintf(out, size, "%s/%s", shop_dir, name);
}

void shop_restore(void)
{
    static const char *const beside[] = {"", "-wal", "-shm", "-journal"};
    for (size_t i = 0; i < sizeof images / sizeof images[0]; i++) {
        for (size_t k = 1; k < sizeof beside / sizeof beside[0]; k++) {
            char path[256];
            snprintf(path, sizeof path, "%s/%s%s", shop_dir, images[i].name, beside[k]);
            unlink(path);
        }
        char path[256];
        shop_file(images[i].name, path, sizeof path);
        write_file(path, images[i].p, images[i].n);
    }
}

/* ---- processes ---- */

/* Most of what a process does first is OpenSSL's and the same each time. */
static void warm_up(void)
{
    struct shop shop;
    struct authority *a = NULL;
    if (shop_load(pristine, &shop, NULL) || shop_authority(&shop, &clock_system, &a, NULL)) {
        stop("the authority cannot be opened");
    }
    authority_close(a);
}

static void nurse_run(int ask, int answer, int (*fn)(void *arg), void *arg)
{
    char byte;
    warm_up();
    while (read(ask, &byte, 1) == 1) {
        int status = in_child(fn, arg);
        if (write(answer, &status, sizeof status) != sizeof status) {
            break;
        }
    }
    _exit(0);
}

void in_warm_end(void)
{
    if (nurse.pid > 0) {
        close(nurse.ask);
        close(nurse.answer);
        waitpid(nurse.pid, NULL, 0);
        nurse.pid = 0;
    }
}

int in_warm_child(int (*fn)(void *arg), void *arg)
{
    int to[2], from[2], status = -1;
    if (nurse.pid == 0) {
        if (pipe2(to, O_CLOEXEC) || pipe2(from, O_CLOEXEC)) {
            stop("no pipe");
        }
        fflush(stdout);
        nurse.pid = fork();
        if (nurse.pid == 0) {
            close(to[1]);
            close(from[0]);
            nurse_run(to[0], from[1], fn, arg);
        }
        close(to[0]);
        close(from[1]);
        nurse.ask = to[1];
        nurse.answer = from[0];
    }
    if (nurse.pid < 0 || write(nurse.ask, "", 1) != 1 ||
        read(nurse.answer, &status, sizeof status) != sizeof status) {
        stop("no child");
    }
    return status;
}

int in_child(int (*fn)(void *arg), void *arg)
{
    int status = 0;
    fflush(stdout);
    pid_t child = fork();
    if (child == 0) {
        alarm(CHILD_SECONDS);
        _exit(fn(arg));
    }
    if (child < 0 || waitpid(child, &status, 0) != child) {
        stop("no child");
    }
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}
