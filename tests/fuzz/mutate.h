/* Changes that know CBOR: what comes out is mostly still of the profile, so that they reach what lies behind
 * it. */
#ifndef TESTS_FUZZ_MUTATE_H
#define TESTS_FUZZ_MUTATE_H

#include "fuzz/fuzz.h"

/* libFuzzer's own way to change bytes. */
size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t max_size);

/* Changes one item, at any depth and within byte strings that hold CBOR, of the CBOR sequence that follows
 * the first `skip` bytes; now and then, or where there is none, only bytes. The new size, at most max. */
size_t mutate_cbor(uint8_t *data, size_t size, size_t max, size_t skip, unsigned int seed);

/* As above; what libFuzzer calls when a target has it. */
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned int seed);

#endif
