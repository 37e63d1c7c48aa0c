#include "support/postgres.h"

#include "support/cm.h"

#include <libpq-fe.h>

#include <ftw.h>
#include <grp.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { START_MS = 20000, PATH_SIZE = 256 };

static void need(bool good, const char *what)
{
    if (!good) {
        print_error("the tests' PostgreSQL server: %s\n", what);
    }
    assert_true(good);
}

static void pause_ms(long ms)
{
    struct timespec t = {ms / 1000, ms % 1000 * 1000000};
    nanosleep(&t, NULL);
}

/* Where Debian has it, or wherever the path leads. */
static void program(const char *name, char out[PATH_SIZE])
{
    static const char debian[] = "/usr/lib/postgresql/15/bin";
    snprintf(out, PATH_SIZE, "%s/%s", debian, name);
    if (access(out, X_OK) != 0) {
        snprintf(out, PATH_SIZE, "%s", name);
    }
}

static struct passwd *other_user(void)
{
    struct passwd *user = geteuid() ? NULL : getpwnam("postgres");
    return geteuid() || user ? user : getpwnam("nobody");
}

/* In the child: the other user where there is one, and an end together with the parent. */
static void become(const struct passwd *user, pid_t parent)
{
    if (user && (setgroups(0, NULL) || setgid(user->pw_gid) || setuid(user->pw_uid))) {
        _exit(126);
    }
    prctl(PR_SET_PDEATHSIG, SIGQUIT);
    if (getppid() != parent) {
        _exit(126);
    }
}

static pid_t spawn(const struct postgres *p, char *const argv[])
{
    char log[PATH_SIZE];
    struct passwd *user = other_user();
    pid_t parent = getpid(), pid;
    snprintf(log, sizeof log, "%s/log", p->dir);
    fflush(NULL);
    pid = fork();
    if (pid == 0) {
        become(user, parent);
        if (!freopen("/dev/null", "r", stdin) || !freopen(log, "a", stdout) || dup2(1, 2) < 0 ||
            chdir(p->dir)) {
            _exit(126);
        }
        setenv("LC_ALL", "C", 1);
        execvp(argv[0], argv);
        _exit(127);
    }
    need(pid > 0, "no process");
    return pid;
}

static void run_program(const struct postgres *p, char *const argv[])
{
    int status = 0;
    pid_t pid = spawn(p, argv);
    waitpid(pid, &status, 0);
    need(WIFEXITED(status) && WEXITSTATUS(status) == 0, argv[0]);
}

static void quiet(void *arg, const char *message)
{
    (void)arg;
    (void)message;
}

static PGconn *dial(const struct postgres *p)
{
    PGconn *c = PQconnectdb(p->address);
    PQsetNoticeProcessor(c, quiet, NULL);
    return c;
}

static void wait_ready(const struct postgres *p, const char *address)
{
    for (int waited = 0; waited < START_MS; waited += 20) {
        int status = 0;
        need(waitpid(p->pid, &status, WNOHANG) == 0, "it ended while it started");
        if (PQping(address) == PQPING_OK) {
            return;
        }
        pause_ms(20);
    }
    need(false, "it did not start in time");
}

/* Once, behind what initdb wrote: small, and quick where nothing has to last. */
static void configure(const struct postgres *p)
{
    char path[PATH_SIZE];
    const char *last = p->durable ? "on" : "off";
    snprintf(path, sizeof path, "%s/data/postgresql.conf", p->dir);
    FILE *f = fopen(path, "ae");
    need(f != NULL, "its configuration");
    fprintf(f,
            "listen_addresses = ''\nfsync = %s\nfull_page_writes = %s\nshared_buffers = 32MB\n"
            "max_connections = 60\nmax_wal_size = 256MB\ndynamic_shared_memory_type = mmap\n"
            "log_line_prefix = '%%a %%c '\nlog_statement = '%s'\n",
            last, last, p->telling ? "all" : "none");
    need(fclose(f) == 0, "its configuration");
}

static void launch(struct postgres *p)
{
    char server[PATH_SIZE], data[PATH_SIZE], socket[PATH_SIZE], address[160];
    program("postgres", server);
    snprintf(data, sizeof data, "%s/data", p->dir);
    snprintf(socket, sizeof socket, "unix_socket_directories=%s", p->dir);
    char *argv[] = {server, "-D", data, "-c", socket, NULL};
    p->pid = spawn(p, argv);
    postgres_address(p, NULL, "postgres", address);
    wait_ready(p, address);
}

void postgres_address(const struct postgres *p, const char *role, const char *database, char out[160])
{
    snprintf(out, 160, "postgresql:///%s?host=%s&user=%s", database ? database : "test", p->dir,
             role ? role : "owner");
}

/* In TMPDIR, or where the other user can get to. */
static void make_dir(struct postgres *p)
{
    const char *base = getenv("TMPDIR");
    struct passwd *user = other_user();
    struct stat st;
    char above[PATH_SIZE];
    bool open = base && strlen(base) < 64;
    for (size_t n = open ? strlen(base) : 0; open && user && n > 0; n--) {
        if (base[n] == '/' || base[n] == 0) {
            snprintf(above, sizeof above, "%.*s", (int)n, base);
            open = stat(above, &st) == 0 && st.st_mode & S_IXOTH;
        }
    }
    snprintf(p->dir, sizeof p->dir, "%s/tillproof-pg-XXXXXX", open ? base : "/tmp");
    need(mkdtemp(p->dir) != NULL, "no directory");
    need(!user || chown(p->dir, user->pw_uid, user->pw_gid) == 0, "its directory's owner");
    postgres_address(p, NULL, NULL, p->address);
}

static void create_database(const struct postgres *p)
{
    char address[160];
    postgres_address(p, NULL, "postgres", address);
    PGconn *c = PQconnectdb(address);
    PGresult *r = PQexec(c, "CREATE DATABASE test TEMPLATE template0 ENCODING 'UTF8'");
    need(PQresultStatus(r) == PGRES_COMMAND_OK, PQerrorMessage(c));
    PQclear(r);
    PQfinish(c);
}

void postgres_start(struct postgres *p, bool durable, bool telling)
{
    char initdb[PATH_SIZE], data[PATH_SIZE];
    *p = (struct postgres){.durable = durable, .telling = telling};
    make_dir(p);
    program("initdb", initdb);
    snprintf(data, sizeof data, "%s/data", p->dir);
    char *argv[] = {initdb,  "-D", data,   "-U",         "owner",     "-A",
                    "trust", "-E", "UTF8", "--locale=C", "--no-sync", "--no-instructions",
                    NULL};
    run_program(p, argv);
    configure(p);
    launch(p);
    create_database(p);
}

static void end(struct postgres *p, int how)
{
    int status = 0;
    if (p->pid > 0) {
        kill(p->pid, how);
        waitpid(p->pid, &status, 0);
        p->pid = 0;
    }
}

void postgres_start_copy(struct postgres *p, struct postgres *copy)
{
    char from[PATH_SIZE], to[PATH_SIZE];
    *copy = (struct postgres){.durable = p->durable};
    make_dir(copy);
    end(p, SIGINT); /* in order */
    snprintf(from, sizeof from, "%s/data", p->dir);
    snprintf(to, sizeof to, "%s/data", copy->dir);
    char *argv[] = {"cp", "-a", from, to, NULL};
    run_program(copy, argv);
    launch(p);
    launch(copy);
}

void postgres_kill(struct postgres *p)
{
    end(p, SIGQUIT);
}

void postgres_start_again(struct postgres *p)
{
    launch(p);
}

void postgres_crash(struct postgres *p)
{
    postgres_kill(p);
    postgres_start_again(p);
}

char *postgres_log(const struct postgres *p)
{
    char path[PATH_SIZE];
    struct stat st;
    snprintf(path, sizeof path, "%s/log", p->dir);
    FILE *f = fopen(path, "re");
    need(f && fstat(fileno(f), &st) == 0, "its log");
    char *text = calloc(1, (size_t)st.st_size + 1);
    need(text && fread(text, 1, (size_t)st.st_size, f) == (size_t)st.st_size, "its log");
    fclose(f);
    return text;
}

static int drop(const char *path, const struct stat *st, int kind, struct FTW *at)
{
    (void)st;
    (void)kind;
    (void)at;
    return remove(path);
}

void postgres_stop(struct postgres *p)
{
    end(p, SIGQUIT);
    if (p->dir[0]) {
        nftw(p->dir, drop, 16, FTW_DEPTH | FTW_PHYS);
    }
    *p = (struct postgres){0};
}

static long long ask(const struct postgres *p, const char *sql)
{
    PGconn *c = dial(p);
    PGresult *r = PQexec(c, sql);
    ExecStatusType status = PQresultStatus(r);
    need(status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK, PQerrorMessage(c));
    long long n = PQntuples(r) > 0 ? atoll(PQgetvalue(r, 0, 0)) : -1;
    PQclear(r);
    PQfinish(c);
    return n;
}

void postgres_do(const struct postgres *p, const char *sql)
{
    ask(p, sql);
}

long long postgres_number(const struct postgres *p, const char *sql)
{
    return ask(p, sql);
}
