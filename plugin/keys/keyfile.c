#include "keys/keyfile.h"

#include "wire/hash.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/decoder.h>
#include <openssl/encoder.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

enum { KEYFILE_MAX = 16 * 1024, PATH_SIZE = 4096 };

/* ---- files ---- */

static int write_error(const char *path, int number, struct err *e)
{
    if (number == EEXIST) {
        return err_set(e, TP_E_EXISTS, "%s is there already", path);
    }
    if (number == EROFS || number == EACCES || number == EPERM) {
        return err_set(e, TP_E_READ_ONLY, "%s cannot be written: %s", path, strerrordesc_np(number));
    }
    return err_set(e, TP_E_IO, "%s cannot be written: %s", path, strerrordesc_np(number));
}

/* Returns 0 or an errno. */
static int write_all(int fd, struct bytes content)
{
    for (size_t at = 0; at < content.n;) {
        ssize_t n = write(fd, content.p + at, content.n - at);
        if (n < 0 && errno != EINTR) {
            return errno;
        }
        at += n > 0 ? (size_t)n : 0;
    }
    return fsync(fd) ? errno : 0;
}

static int sync_folder(const char *path)
{
    char folder[PATH_SIZE];
    const char *slash = strrchr(path, '/');
    size_t n = slash ? (size_t)(slash - path) : 0;
    int number = 0;
    snprintf(folder, sizeof folder, "%.*s", n ? (int)n : 1, slash ? path : ".");
    int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0) {
        return errno;
    }
    /* EINVAL: a file system that syncs no directories. */
    if (fsync(fd) && errno != EINVAL) {
        number = errno;
    }
    close(fd);
    return number;
}

/* Gives the finished file its name, which must be free. Returns 0 or an errno. */
static int publish(const char *from, const char *to)
{
    if (!renameat2(AT_FDCWD, from, AT_FDCWD, to, RENAME_NOREPLACE)) {
        return 0;
    }
    if (errno != EINVAL && errno != ENOSYS) {
        return errno;
    }
    if (link(from, to)) {
        return errno;
    }
    unlink(from);
    return 0;
}

int keyfile_replace(const char *from, const char *to, struct err *e)
{
    int number = rename(from, to) ? errno : sync_folder(to);
    return number ? write_error(to, number, e) : 0;
}

static int write_new(const char *path, struct bytes content, struct err *e)
{
    uint8_t chance[8];
    char hex[2 * sizeof chance + 1], temporary[PATH_SIZE];
    if (access(path, F_OK) == 0) {
        return write_error(path, EEXIST, e);
    }
    if (random_bytes(chance, sizeof chance)) {
        return err_set(e, TP_E_IO, "the system gives no random bytes");
    }
    hex_encode(chance, sizeof chance, hex);
    int n = snprintf(temporary, sizeof temporary, "%s.%s", path, hex);
    if (n < 0 || (size_t)n >= sizeof temporary) {
        return write_error(path, ENAMETOOLONG, e);
    }
    int fd = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0) {
        return write_error(path, errno, e);
    }
    int number = fchmod(fd, 0600) ? errno : write_all(fd, content);
    close(fd);
    if (!number) {
        number = publish(temporary, path);
    }
    if (number) {
        unlink(temporary);
    } else {
        number = sync_folder(path);
    }
    return number ? write_error(path, number, e) : 0;
}

static int read_all(int fd, struct buf *out)
{
    uint8_t chunk[1024];
    ssize_t n = 0;
    do {
        n = read(fd, chunk, sizeof chunk);
        if (n > 0) {
            buf_put(out, chunk, (size_t)n);
        }
    } while ((n > 0 && !out->failed) || (n < 0 && errno == EINTR));
    wipe(chunk, sizeof chunk);
    return n < 0 ? errno : 0;
}

/* O_NONBLOCK: a FIFO in the file's place must not hang the caller. */
static int read_file(const char *path, bool secret, struct buf *out, struct err *e)
{
    struct stat st;
    int fd = secret ? open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY | O_NOFOLLOW)
                    : open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    if (fd < 0 || fstat(fd, &st)) {
        int number = errno;
        if (fd >= 0) {
            close(fd);
        }
        return number == ELOOP && secret
                   ? err_set(e, TP_E_UNTRUSTED, "%s is a link; a key lies where it is used", path)
                   : err_set(e, TP_E_IO, "%s cannot be read: %s", path, strerrordesc_np(number));
    }
    int rc = 0;
    if (!S_ISREG(st.st_mode)) {
        rc = err_set(e, TP_E_UNTRUSTED, "%s is not a plain file", path);
    } else if (secret && (st.st_mode & 077)) {
        rc = err_set(e, TP_E_UNTRUSTED, "%s may be read by others; set its mode to 0600", path);
    } else {
        int number = read_all(fd, out);
        if (number) {
            rc = err_set(e, TP_E_IO, "%s cannot be read: %s", path, strerrordesc_np(number));
        } else if (out->failed) {
            rc = err_set(e, TP_E_UNTRUSTED, "%s is longer than such a file can be", path);
        }
    }
    close(fd);
    return rc;
}

/* ---- keys ---- */

static int to_pem(const struct cose_key *key, unsigned char **pem, size_t *n)
{
    OSSL_ENCODER_CTX *ctx =
        OSSL_ENCODER_CTX_new_for_pkey(key->pkey, EVP_PKEY_KEYPAIR, "PEM", "PrivateKeyInfo", NULL);
    int rc = ctx && OSSL_ENCODER_to_data(ctx, pem, n) == 1 ? 0 : TP_E_CRYPTO;
    OSSL_ENCODER_CTX_free(ctx);
    return rc;
}

/* No passphrase is ever asked for: an encrypted key is refused. */
static int from_pem(struct bytes pem, struct cose_key *key)
{
    EVP_PKEY *pkey = NULL;
    OSSL_DECODER_CTX *ctx =
        crypto_context() ? OSSL_DECODER_CTX_new_for_pkey(&pkey, "PEM", NULL, NULL, 0, crypto_context(), NULL)
                         : NULL;
    const unsigned char *at = pem.p;
    size_t n = pem.n;
    int rc = ctx && OSSL_DECODER_from_data(ctx, &at, &n) == 1 ? cose_key_wrap(pkey, key) : TP_E_UNTRUSTED;
    if (rc) {
        EVP_PKEY_free(pkey);
    }
    OSSL_DECODER_CTX_free(ctx);
    return rc ? TP_E_UNTRUSTED : 0;
}

/* True when the private part belongs to the public one that others will check with. */
static bool pair_fits(const struct cose_key *key)
{
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_pkey(crypto_context(), key->pkey, NULL);
    bool fits = ctx && EVP_PKEY_pairwise_check(ctx) == 1;
    EVP_PKEY_CTX_free(ctx);
    return fits;
}

int keyfile_create(const char *path, int alg, struct cose_key *key, struct err *e)
{
    struct cose_key made = {0};
    unsigned char *pem = NULL;
    size_t n = 0;
    int rc = cose_key_generate(alg, &made);
    if (!rc) {
        rc = to_pem(&made, &pem, &n);
    }
    if (rc) {
        err_code(e, rc);
    } else {
        rc = write_new(path, bytes_of(pem, n), e);
    }
    OPENSSL_clear_free(pem, n);
    if (rc) {
        cose_key_free(&made);
    } else {
        *key = made;
    }
    return rc;
}

int keyfile_load(const char *path, struct cose_key *key, struct err *e)
{
    struct cose_key made = {0};
    struct buf content;
    buf_init(&content, KEYFILE_MAX);
    int rc = read_file(path, true, &content, e);
    if (!rc && from_pem(buf_view(&content), &made)) {
        rc = err_set(e, TP_E_UNTRUSTED, "%s holds no P-256 or Ed25519 key in PEM", path);
    }
    if (!rc && (!made.can_sign || !pair_fits(&made))) {
        rc = err_set(e, TP_E_UNTRUSTED, "%s holds no whole private key", path);
    }
    buf_free_secret(&content);
    if (rc) {
        cose_key_free(&made);
    } else {
        *key = made;
    }
    return rc;
}

/* The public part alone, also where the file holds more. */
static int public_from_pem(struct bytes pem, struct cose_key *key)
{
    uint8_t memory[128];
    struct cose_key whole = {0};
    struct buf map;
    int rc = from_pem(pem, &whole);
    if (!rc) {
        buf_over(&map, memory, sizeof memory);
        cose_key_encode(&whole, &map);
        rc = cose_key_decode(buf_view(&map), key);
    }
    cose_key_free(&whole);
    return rc;
}

int keyfile_load_public(const char *path, struct cose_key *key, struct err *e)
{
    static const char mark[] = "-----BEGIN ";
    struct buf content;
    buf_init(&content, KEYFILE_MAX);
    int rc = read_file(path, false, &content, e);
    if (!rc) {
        bool pem = content.n && memmem(content.p, content.n, mark, sizeof mark - 1);
        if (pem ? public_from_pem(buf_view(&content), key) : cose_key_decode_any(buf_view(&content), key)) {
            rc = err_set(e, TP_E_UNTRUSTED, "%s holds no P-256 or Ed25519 key in PEM or as a COSE_Key", path);
        }
    }
    buf_free_secret(&content);
    return rc;
}

/* ---- secrets ---- */

int secretfile_create(const char *path, uint8_t secret[HASH_SIZE], struct err *e)
{
    uint8_t made[HASH_SIZE];
    int rc = random_bytes(made, sizeof made);
    if (rc) {
        err_set(e, rc, "the system gives no random bytes");
    } else {
        rc = write_new(path, bytes_of(made, sizeof made), e);
    }
    if (!rc) {
        memcpy(secret, made, sizeof made);
    }
    wipe(made, sizeof made);
    return rc;
}

int secretfile_load(const char *path, uint8_t secret[HASH_SIZE], struct err *e)
{
    uint8_t memory[HASH_SIZE + 1];
    struct buf content;
    buf_over(&content, memory, sizeof memory);
    int rc = read_file(path, true, &content, e);
    if (!rc && content.n != HASH_SIZE) {
        rc = err_set(e, TP_E_UNTRUSTED, "%s does not hold %d bytes", path, HASH_SIZE);
    }
    if (!rc) {
        memcpy(secret, memory, HASH_SIZE);
    }
    wipe(memory, sizeof memory);
    return rc;
}
