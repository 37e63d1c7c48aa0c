/*
 * What of a card stays behind: nothing. While a sale with a card is open, after it, and after the plugin is
 * closed, the process's whole writable memory is dumped to a file, as a core dump would be, and searched for
 * the token and for a magnetic stripe's track that was scanned by mistake; so is every file of the shop, and
 * whatever the plugin says. A planted copy shows that the search finds what is there.
 */
#include "guest.h"

#include <fcntl.h>
#include <ftw.h>
#include <sys/mman.h>
#include <unistd.h>

enum { TOKEN, TRACK, NUMBER, NEEDLES, LONGEST = 40, CHUNK = 1 << 20, MASK = 0xA5 };

/* Kept under a mask, so that this program itself does not hold what it looks for. */
static struct needle {
    uint8_t masked[LONGEST];
    size_t n;
} needles[NEEDLES];

/* Random, so that no string of the program or of a library is alike; of the form of the real ones. */
static void make_needles(void)
{
    int fd = open("/dev/urandom", O_RDONLY | O_CLOEXEC);
    uint8_t random[NEEDLES][LONGEST];
    assert_int_equal(read(fd, random, sizeof random), sizeof random);
    close(fd);
    for (size_t i = 0; i < 28; i++) {
        needles[TOKEN].masked[i] = (uint8_t)(('a' + random[TOKEN][i] % 26) ^ MASK);
    }
    needles[TOKEN].n = 28;
    for (size_t i = 0; i < 37; i++) { /* ;4000001234567890=30125... */
        int c = i == 0 ? ';' : i == 1 ? '4' : i == 17 ? '=' : '0' + random[TRACK][i] % 10;
        needles[TRACK].masked[i] = (uint8_t)(c ^ MASK);
    }
    needles[TRACK].n = 37;
    memcpy(needles[NUMBER].masked, needles[TRACK].masked + 1, 16); /* of the card, as the track has it */
    needles[NUMBER].n = 16;
}

static void reveal(int which, uint8_t *out)
{
    for (size_t i = 0; i < needles[which].n; i++) {
        ((volatile uint8_t *)out)[i] = needles[which].masked[i] ^ MASK;
    }
}

static bool is_here(const uint8_t *at, const struct needle *n)
{
    size_t i = 0;
    while (i < n->n && (at[i] ^ MASK) == n->masked[i]) {
        i++;
    }
    return i == n->n;
}

/* How often a file holds the needle. The buffer, a mapping of its own, is in no dump. */
static int count_in(const char *path, int which, uint8_t *buffer)
{
    const struct needle *n = &needles[which];
    size_t kept = 0;
    ssize_t got;
    int count = 0, fd = open(path, O_RDONLY | O_CLOEXEC);
    while (fd >= 0 && (got = read(fd, buffer + kept, CHUNK - kept)) > 0) {
        size_t size = kept + (size_t)got;
        for (size_t i = 0; i + n->n <= size; i++) {
            count += is_here(buffer + i, n);
        }
        kept = size < n->n - 1 ? size : n->n - 1;
        memmove(buffer, buffer + size - kept, kept);
    }
    if (fd >= 0) {
        close(fd);
    }
    explicit_bzero(buffer, CHUNK);
    return count;
}

/* ---- the dump ---- */

static uint8_t *scratch; /* CHUNK bytes, left out of the dump */
static char core[192];

static void dump_range(int from, int to, uintptr_t begin, uintptr_t end)
{
    for (uintptr_t at = begin; at < end;) {
        size_t want = end - at < CHUNK ? end - at : CHUNK;
        ssize_t got = pread(from, scratch, want, (off_t)at);
        if (got <= 0) {
            break; /* a guard page */
        }
        assert_int_equal(write(to, scratch, (size_t)got), got);
        at += (size_t)got;
    }
}

/* Every private writable mapping of this process: heap, stacks, data of all objects. */
static size_t dump(void)
{
    char line[512];
    FILE *maps = fopen("/proc/self/maps", "re");
    int from = open("/proc/self/mem", O_RDONLY | O_CLOEXEC);
    int to = open(core, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    assert_non_null(maps);
    assert_true(from >= 0 && to >= 0);
    while (fgets(line, sizeof line, maps)) {
        uintptr_t begin = 0, end = 0;
        char access[5] = "";
        if (sscanf(line, "%lx-%lx %4s", &begin, &end, access) == 3 && access[0] == 'r' && access[1] == 'w' &&
            begin != (uintptr_t)scratch) {
            dump_range(from, to, begin, end);
        }
    }
    off_t size = lseek(to, 0, SEEK_END);
    fclose(maps);
    close(from);
    close(to);
    explicit_bzero(scratch, CHUNK);
    return (size_t)size;
}

static int in_memory(int which)
{
    assert_true(dump() > 100000);
    return count_in(core, which, scratch);
}

static void nowhere_in_memory(const char *when)
{
    for (int i = 0; i < NEEDLES; i++) {
        int n = in_memory(i);
        if (n) {
            fail_msg("%s, the %s is in memory %d times", when,
                     i == TOKEN   ? "token"
                     : i == TRACK ? "track"
                                  : "card's number",
                     n);
        }
    }
}

/* ---- the files ---- */

static int found_in_files;

static int look(const char *path, const struct stat *st, int flag, struct FTW *at)
{
    (void)st, (void)at;
    for (int i = 0; i < NEEDLES && flag == FTW_F; i++) {
        found_in_files += count_in(path, i, scratch);
    }
    return 0;
}

static void nowhere_in_the_shop(void)
{
    found_in_files = 0;
    assert_int_equal(nftw(shop, look, 16, FTW_PHYS), 0);
    assert_int_equal(found_in_files, 0);
}

/* ---- what the plugin says ---- */

static void says_nothing_of_it(const char *text, size_t n)
{
    for (int i = 0; i < NEEDLES; i++) {
        for (size_t k = 0; k + needles[i].n <= n; k++) {
            assert_false(is_here((const uint8_t *)text + k, &needles[i]));
        }
    }
}

static void nowhere_in_words(struct tillproof *t)
{
    struct tillproof_event event = {.size = sizeof event};
    char text[4096];
    uint32_t length = sizeof text;
    if (plugin.reason_(text, &length) == 0) {
        says_nothing_of_it(text, length);
    }
    while (plugin.event_next_(t, 50, &event) == 0 && event.kind) {
        says_nothing_of_it((const char *)&event, sizeof event);
        length = sizeof text;
        if (event.length && plugin.event_data_(t, event.number, (uint8_t *)text, &length) == 0) {
            says_nothing_of_it(text, length);
        }
        event.size = sizeof event;
    }
}

/* ---- the tests ---- */

/* The program's own buffer, wiped by the program at once. */
static int32_t present(struct tillproof *t, int64_t sale, uint32_t kind, int which, int32_t *outcome)
{
    static uint8_t own[LONGEST];
    struct tillproof_presentation p = {.size = sizeof p};
    reveal(which, own);
    int32_t rc = plugin.present_(t, sale, kind, own, (uint32_t)needles[which].n, &p);
    explicit_bzero(own, sizeof own);
    *outcome = p.outcome;
    return rc;
}

static void the_search_finds_what_is_planted(void **state)
{
    (void)state;
    for (int i = 0; i < NEEDLES; i++) {
        uint8_t *planted = malloc(LONGEST);
        assert_non_null(planted);
        reveal(i, planted);
        assert_int_equal(in_memory(i), 1);
        explicit_bzero(planted, LONGEST);
        assert_int_equal(in_memory(i), 0);
        free(planted);
    }
    /* on the stack, and in a file of the shop */
    char path[192];
    uint8_t here[LONGEST];
    snprintf(path, sizeof path, "%s/planted", shop);
    int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    reveal(TRACK, here);
    assert_int_equal(write(fd, here, needles[TRACK].n), needles[TRACK].n);
    assert_true(in_memory(TRACK) >= 1);
    explicit_bzero(here, sizeof here);
    close(fd);
    found_in_files = 0;
    assert_int_equal(nftw(shop, look, 16, FTW_PHYS), 0);
    assert_int_equal(found_in_files, 2); /* the track, and the number in it */
    assert_int_equal(unlink(path), 0);
    nowhere_in_memory("before any sale");
}

static void a_card_leaves_nothing_behind(void **state)
{
    (void)state;
    struct tillproof *t = till_open("till1");
    struct tillproof_quote quote = {.size = sizeof quote};
    struct tillproof_commit commit = {.size = sizeof commit};
    struct tillproof_tender tender = {.size = sizeof tender, .amount = DUE};
    int32_t outcome = -1;
    int64_t sale = 0;
    snprintf(tender.kind, sizeof tender.kind, "card");
    assert_int_equal(sale_fill(t, "card-1", 0, coupons[0], &sale), 0);
    assert_int_equal(present(t, sale, TILLPROOF_CARD, TOKEN, &outcome), 0);
    assert_int_equal(outcome, 0);
    nowhere_in_memory("after the card was presented");
    assert_int_equal(present(t, sale, TILLPROOF_CARD, TOKEN, &outcome), 0);
    assert_int_equal(outcome, TILLPROOF_DUPLICATE); /* it knows the card without its token */
    /* a stripe that was read where a code was expected */
    assert_int_equal(present(t, sale, TILLPROOF_SCAN, TRACK, &outcome), 0);
    assert_true(outcome > 0);
    assert_int_equal(present(t, sale, TILLPROOF_TYPED, TRACK, &outcome), 0);
    assert_true(outcome > 0);
    assert_int_equal(present(t, sale, TILLPROOF_SCAN, NUMBER, &outcome), 0);
    assert_int_equal(present(t, sale, TILLPROOF_TYPED, NUMBER, &outcome), 0);
    nowhere_in_words(t);
    nowhere_in_memory("after a stripe was scanned");
    assert_int_equal(plugin.hold_(t, sale, 10000, &quote), 0);
    assert_int_equal(quote.outcome, TILLPROOF_BINDING);
    nowhere_in_memory("while the price is held");
    assert_int_equal(plugin.commit_(t, sale, "R-1", &tender, 1, &commit), 0);
    nowhere_in_words(t);
    nowhere_in_memory("after the sale");
    till_close(t);
    nowhere_in_memory("after the plugin was closed");
    nowhere_in_the_shop();
}

/* Refused as misuse: nothing of it is kept or told, either. */
static void what_is_refused_leaves_nothing_behind(void **state)
{
    (void)state;
    struct tillproof *t = till_open("till1");
    int32_t outcome = -1;
    int64_t sale = 0;
    assert_int_equal(sale_fill(t, "card-2", 0, NULL, &sale), 0);
    assert_true(present(t, sale, 77, TOKEN, &outcome) < 0);
    nowhere_in_words(t);
    assert_true(present(t, sale + 1000, TILLPROOF_CARD, TOKEN, &outcome) < 0);
    nowhere_in_words(t);
    assert_true(present(NULL, sale, TILLPROOF_CARD, TRACK, &outcome) < 0);
    nowhere_in_words(t);
    nowhere_in_memory("after it was refused");
    till_close(t);
    nowhere_in_the_shop();
}

static int set_up(void **state)
{
    make_needles();
    scratch = mmap(NULL, CHUNK, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (scratch == MAP_FAILED || shop_make(state)) {
        return 1;
    }
    snprintf(core, sizeof core, "%s.core", shop);
    return 0;
}

static int tear_down(void **state)
{
    unlink(core);
    return shop_drop(state);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_search_finds_what_is_planted),
        quiet_test(a_card_leaves_nothing_behind),
        quiet_test(what_is_refused_leaves_nothing_behind),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
