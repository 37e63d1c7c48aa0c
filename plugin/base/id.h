/* Ids, random bytes, hex; secrets that are wiped and compared in constant time. */
#ifndef BASE_ID_H
#define BASE_ID_H

#include "base/bytes.h"

enum { ID_SIZE = 16, HASH_SIZE = 32, REF_SIZE = 8 };

/* n random bytes from the kernel. 0 or TP_E_IO. */
int random_bytes(void *out, size_t n);
/* Lower-case hex of n bytes and a terminator: out holds 2n + 1. */
void hex_encode(const void *p, size_t n, char *out);
/* Exactly n bytes from 2n lower- or upper-case digits; false and out untouched otherwise. */
bool hex_decode(struct bytes text, void *out, size_t n);
void wipe(void *p, size_t n);
/* True when equal; the time taken does not depend on the content. */
bool secret_equal(const void *a, const void *b, size_t n);

#endif
