/* Key files: written whole or not at all, read only when nobody else could have. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
/* cmocka wants the above before it. */
#include <cmocka.h>

#include "keys/keyfile.h"
#include "vectors/cose.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

static char folder[200];
static char path[300];

static const char public_pem[] = "-----BEGIN PUBLIC KEY-----\n"
                                 "MCowBQYDK2VwAyEA11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=\n"
                                 "-----END PUBLIC KEY-----\n";

static size_t count_files(void)
{
    size_t n = 0;
    DIR *d = opendir(folder);
    assert_non_null(d);
    for (struct dirent *entry; (entry = readdir(d)) != NULL;) {
        n += entry->d_name[0] != '.';
    }
    closedir(d);
    return n;
}

static int make_folder(void **state)
{
    (void)state;
    const char *tmp = getenv("TMPDIR");
    snprintf(folder, sizeof folder, "%s/tillproof-keyfile-XXXXXX", tmp ? tmp : "/tmp");
    if (!mkdtemp(folder)) {
        return -1;
    }
    snprintf(path, sizeof path, "%s/key.pem", folder);
    return 0;
}

static int remove_folder(void **state)
{
    (void)state;
    unlink(path);
    return rmdir(folder);
}

static void put_file(const void *content, size_t n, mode_t mode)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, content, n), n);
    assert_int_equal(fchmod(fd, mode), 0);
    close(fd);
}

static void a_new_key_is_written_0600_and_loaded_again(void **state)
{
    (void)state;
    static const int algs[] = {ALG_ESP256, ALG_ED25519};
    for (size_t i = 0; i < 2; i++) {
        struct cose_key made, loaded;
        struct err e = {0};
        struct stat st;
        mode_t before = umask(0);
        assert_int_equal(keyfile_create(path, algs[i], &made, &e), 0);
        umask(before);
        assert_int_equal(stat(path, &st), 0);
        assert_int_equal(st.st_mode & 07777, 0600);
        assert_int_equal(count_files(), 1);
        assert_int_equal(keyfile_load(path, &loaded, &e), 0);
        assert_true(loaded.can_sign && loaded.alg == algs[i]);
        assert_memory_equal(made.thumbprint, loaded.thumbprint, HASH_SIZE);
        cose_key_free(&made);
        cose_key_free(&loaded);
        unlink(path);
    }
}

static void what_a_loaded_key_signs_checks_with_the_public_part(void **state)
{
    (void)state;
    struct cose_key made, loaded, public;
    struct cose_sign1 s;
    struct buf out;
    buf_init(&out, 1000);
    assert_int_equal(keyfile_create(path, ALG_ESP256, &made, NULL), 0);
    assert_int_equal(keyfile_load(path, &loaded, NULL), 0);
    assert_int_equal(keyfile_load_public(path, &public, NULL), 0);
    assert_false(public.can_sign);
    assert_int_equal(cose_sign1(&loaded, bytes_str("\xA0"), bytes_str("x"), &out, NULL), 0);
    assert_int_equal(cose_sign1_parse(buf_view(&out), true, &s), 0);
    assert_int_equal(cose_verify(&public, ALG_ESP256, &s, true), 0);
    assert_int_equal(cose_sign1(&public, bytes_str("\xA0"), bytes_str("x"), &out, NULL), TP_E_CRYPTO);
    cose_key_free(&made);
    cose_key_free(&loaded);
    cose_key_free(&public);
    buf_free(&out);
}

static void a_file_that_is_there_is_never_overwritten(void **state)
{
    (void)state;
    struct cose_key key = {.alg = 7};
    struct err e = {0};
    uint8_t secret[HASH_SIZE] = {7};
    char content[8] = {0};
    put_file("precious", 8, 0600);
    assert_int_equal(keyfile_create(path, ALG_ESP256, &key, &e), TP_E_EXISTS);
    assert_int_equal(e.code, TP_E_EXISTS);
    assert_int_equal(key.alg, 7);
    assert_int_equal(secretfile_create(path, secret, NULL), TP_E_EXISTS);
    assert_int_equal(secret[0], 7);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    assert_int_equal(read(fd, content, sizeof content), 8);
    close(fd);
    assert_memory_equal(content, "precious", 8);
    assert_int_equal(count_files(), 1);
}

/* A link to nowhere is a file that is there: nothing may be written through it. */
static void a_dangling_link_is_not_followed(void **state)
{
    (void)state;
    struct cose_key key;
    char target[320];
    snprintf(target, sizeof target, "%s/elsewhere", folder);
    assert_int_equal(symlink(target, path), 0);
    assert_int_equal(keyfile_create(path, ALG_ESP256, &key, NULL), TP_E_EXISTS);
    assert_int_equal(access(target, F_OK), -1);
    assert_int_equal(count_files(), 1);
}

static void a_file_that_others_may_read_is_refused(void **state)
{
    (void)state;
    static const mode_t open_modes[] = {0644, 0640, 0604, 0620, 0602, 0610, 0601};
    struct cose_key made, key = {.alg = 7};
    uint8_t secret[HASH_SIZE];
    assert_int_equal(keyfile_create(path, ALG_ED25519, &made, NULL), 0);
    cose_key_free(&made);
    for (size_t i = 0; i < sizeof open_modes / sizeof open_modes[0]; i++) {
        struct err e = {0};
        assert_int_equal(chmod(path, open_modes[i]), 0);
        assert_int_equal(keyfile_load(path, &key, &e), TP_E_UNTRUSTED);
        assert_non_null(strstr(e.text, "0600"));
        assert_int_equal(key.alg, 7);
        assert_int_equal(secretfile_load(path, secret, NULL), TP_E_UNTRUSTED);
    }
    assert_int_equal(chmod(path, 0400), 0);
    assert_int_equal(keyfile_load(path, &key, NULL), 0);
    cose_key_free(&key);
}

/* A key lies where it is used: what a link points to may be anybody's. */
static void a_link_to_a_key_is_refused(void **state)
{
    (void)state;
    struct cose_key made, key = {.alg = 7};
    struct err e = {0};
    uint8_t secret[HASH_SIZE];
    char target[320];
    snprintf(target, sizeof target, "%s/elsewhere", folder);
    assert_int_equal(keyfile_create(target, ALG_ED25519, &made, NULL), 0);
    cose_key_free(&made);
    assert_int_equal(symlink(target, path), 0);
    assert_int_equal(keyfile_load(path, &key, &e), TP_E_UNTRUSTED);
    assert_non_null(strstr(e.text, "link"));
    assert_int_equal(key.alg, 7);
    assert_int_equal(secretfile_load(path, secret, NULL), TP_E_UNTRUSTED);
    assert_int_equal(keyfile_load_public(path, &key, NULL), 0); /* what is public may be anywhere */
    cose_key_free(&key);
    unlink(path);
    unlink(target);
}

static void what_is_no_whole_private_key_is_refused(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "",
        "x",
        "-----BEGIN PRIVATE KEY-----\n-----END PRIVATE KEY-----\n",
        "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n",
        public_pem,
        "-----BEGIN ENCRYPTED PRIVATE KEY-----\nMAAA\n-----END ENCRYPTED PRIVATE KEY-----\n",
    };
    struct cose_key key = {.alg = 7};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        put_file(bad[i], strlen(bad[i]), 0600);
        assert_int_equal(keyfile_load(path, &key, NULL), TP_E_UNTRUSTED);
    }
    char big[20 * 1024];
    memset(big, 'A', sizeof big);
    put_file(big, sizeof big, 0600);
    assert_int_equal(keyfile_load(path, &key, NULL), TP_E_UNTRUSTED);
    assert_int_equal(keyfile_load_public(path, &key, NULL), TP_E_UNTRUSTED);
    assert_int_equal(key.alg, 7);
}

/* Every cut of a good file, and every byte of it changed: refused, or the very same key. */
static void a_damaged_file_never_gives_another_key(void **state)
{
    (void)state;
    struct cose_key made, key;
    char pem[400];
    assert_int_equal(keyfile_create(path, ALG_ESP256, &made, NULL), 0);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t n = read(fd, pem, sizeof pem);
    close(fd);
    assert_true(n > 100 && n < (ssize_t)sizeof pem);
    for (size_t at = 0; at < (size_t)n; at++) {
        char was = pem[at];
        pem[at] = was == 'A' ? 'B' : 'A';
        put_file(pem, (size_t)n, 0600);
        if (!keyfile_load(path, &key, NULL)) {
            assert_memory_equal(key.thumbprint, made.thumbprint, HASH_SIZE);
            cose_key_free(&key);
        }
        pem[at] = was;
    }
    cose_key_free(&made);
}

static void public_keys_come_as_pem_or_cose_key(void **state)
{
    (void)state;
    struct cose_key from_pem, from_map;
    uint8_t map[128];
    size_t n = strlen(COSE_WG_ED25519_KEY) / 2;
    put_file(public_pem, sizeof public_pem - 1, 0644);
    assert_int_equal(keyfile_load_public(path, &from_pem, NULL), 0);
    assert_true(hex_decode(bytes_str(COSE_WG_ED25519_KEY), map, n));
    put_file(map, n, 0644);
    assert_int_equal(keyfile_load_public(path, &from_map, NULL), 0);
    assert_memory_equal(from_pem.thumbprint, from_map.thumbprint, HASH_SIZE);
    cose_key_free(&from_pem);
    cose_key_free(&from_map);
    put_file(map, n - 1, 0644);
    assert_int_equal(keyfile_load_public(path, &from_map, NULL), TP_E_UNTRUSTED);
}

static void secrets_have_32_bytes(void **state)
{
    (void)state;
    uint8_t made[HASH_SIZE], loaded[HASH_SIZE], zero[40] = {0};
    struct stat st;
    struct err e = {0};
    assert_int_equal(secretfile_create(path, made, &e), 0);
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 07777, 0600);
    assert_int_equal(secretfile_load(path, loaded, &e), 0);
    assert_memory_equal(made, loaded, HASH_SIZE);
    assert_memory_not_equal(made, zero, HASH_SIZE);
    put_file(zero, 31, 0600);
    assert_int_equal(secretfile_load(path, loaded, NULL), TP_E_UNTRUSTED);
    put_file(zero, 33, 0600);
    assert_int_equal(secretfile_load(path, loaded, NULL), TP_E_UNTRUSTED);
    assert_memory_equal(made, loaded, HASH_SIZE);
}

static void what_is_not_there_or_no_file_is_an_error(void **state)
{
    (void)state;
    struct cose_key key;
    char deep[320];
    struct err e = {0};
    assert_int_equal(keyfile_load(path, &key, &e), TP_E_IO);
    assert_non_null(strstr(e.text, "No such file"));
    assert_int_equal(keyfile_load(folder, &key, NULL), TP_E_UNTRUSTED);
    assert_int_equal(mkfifo(path, 0600), 0);
    assert_int_equal(keyfile_load(path, &key, NULL), TP_E_UNTRUSTED);
    snprintf(deep, sizeof deep, "%s/none/key.pem", folder);
    assert_int_equal(keyfile_create(deep, ALG_ESP256, &key, NULL), TP_E_IO);
    assert_int_equal(keyfile_create(path, -35, &key, NULL), TP_E_CRYPTO);
}

/* As root every folder can be written; /proc says no to root, too. */
static void a_folder_that_cannot_be_written_is_read_only(void **state)
{
    (void)state;
    struct cose_key key;
    if (geteuid() == 0) {
        int rc = keyfile_create("/proc/self/key.pem", ALG_ESP256, &key, NULL);
        assert_true(rc == TP_E_READ_ONLY || rc == TP_E_IO);
        return;
    }
    assert_int_equal(chmod(folder, 0500), 0);
    assert_int_equal(keyfile_create(path, ALG_ESP256, &key, NULL), TP_E_READ_ONLY);
    assert_int_equal(chmod(folder, 0700), 0);
    assert_int_equal(count_files(), 0);
}

#define IN_FOLDER(test) cmocka_unit_test_setup_teardown(test, make_folder, remove_folder)

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_FOLDER(a_new_key_is_written_0600_and_loaded_again),
        IN_FOLDER(what_a_loaded_key_signs_checks_with_the_public_part),
        IN_FOLDER(a_file_that_is_there_is_never_overwritten),
        IN_FOLDER(a_dangling_link_is_not_followed),
        IN_FOLDER(a_file_that_others_may_read_is_refused),
        IN_FOLDER(a_link_to_a_key_is_refused),
        IN_FOLDER(what_is_no_whole_private_key_is_refused),
        IN_FOLDER(a_damaged_file_never_gives_another_key),
        IN_FOLDER(public_keys_come_as_pem_or_cose_key),
        IN_FOLDER(secrets_have_32_bytes),
        IN_FOLDER(what_is_not_there_or_no_file_is_an_error),
        IN_FOLDER(a_folder_that_cannot_be_written_is_read_only),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
