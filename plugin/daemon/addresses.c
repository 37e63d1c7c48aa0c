#include "daemon/addresses.h"

#include "base/id.h"
#include "wire/hash.h"

#include <netinet/in.h>
#include <stdlib.h>

enum { HEADS = 1024 };

struct addresses {
    uint8_t secret[HASH_SIZE]; /* so that nobody can choose addresses that share a head */
    struct address *heads[HEADS];
    size_t n;
};

struct addresses *addresses_new(void)
{
    struct addresses *a = calloc(1, sizeof *a);
    if (!a || random_bytes(a->secret, sizeof a->secret)) {
        free(a);
        return NULL;
    }
    return a;
}

void addresses_free(struct addresses *a)
{
    for (size_t i = 0; a && i < HEADS; i++) {
        for (struct address *one = a->heads[i], *next = NULL; one; one = next) {
            next = one->next;
            free(one);
        }
    }
    free(a);
}

size_t addresses_count(const struct addresses *a)
{
    return a->n;
}

static void read_address(const struct sockaddr_storage *from, struct address *out)
{
    static const uint8_t mapped[12] = {[10] = 0xFF, [11] = 0xFF};
    const struct sockaddr_in *four = (const void *)from;
    const struct sockaddr_in6 *six = (const void *)from;
    if (from->ss_family == AF_INET) {
        memcpy(out->bytes, &four->sin_addr, out->n = 4);
    } else if (from->ss_family == AF_INET6 && memcmp(&six->sin6_addr, mapped, sizeof mapped) == 0) {
        memcpy(out->bytes, six->sin6_addr.s6_addr + sizeof mapped, out->n = 4);
    } else if (from->ss_family == AF_INET6) {
        memcpy(out->bytes, &six->sin6_addr, out->n = 8);
    }
}

static struct address **head_of(struct addresses *a, const struct address *one)
{
    uint8_t hash[HASH_SIZE] = {0}; /* without its hash it goes to the first head, which only takes longer */
    hmac_sha256(bytes_of(a->secret, sizeof a->secret), bytes_of(one->bytes, one->n), hash);
    return &a->heads[((size_t)hash[0] | (size_t)hash[1] << 8) % HEADS];
}

struct address *addresses_come(struct addresses *a, const struct sockaddr_storage *from)
{
    struct address wanted = {.connections = 1};
    read_address(from, &wanted);
    wanted.head = head_of(a, &wanted);
    struct address *one = *wanted.head;
    while (one && (one->n != wanted.n || memcmp(one->bytes, wanted.bytes, wanted.n) != 0)) {
        one = one->next;
    }
    if (one) {
        one->connections++;
        return one;
    }
    one = malloc(sizeof *one);
    if (one) {
        wanted.next = *wanted.head;
        *one = wanted;
        *one->head = one;
        a->n++;
    }
    return one;
}

void addresses_leave(struct addresses *a, struct address *one)
{
    if (!one || --one->connections > 0) {
        return;
    }
    struct address **at = one->head;
    while (*at != one) {
        at = &(*at)->next;
    }
    *at = one->next;
    a->n--;
    free(one);
}
