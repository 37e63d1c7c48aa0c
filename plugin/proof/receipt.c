#include "proof/receipt.h"

#include "wire/cbor.h"
#include "wire/hash.h"

#include <stdio.h>

enum {
    LABEL_ALG = 1,
    LABEL_KID = 4,
    LABEL_CLAIMS = 15,
    LABEL_RECEIPTS = 394,
    LABEL_VDS = 395,     /* verifiable data structure: 1, RFC 9162 with SHA-256 */
    LABEL_PROOFS = 396,  /* its proofs, by kind */
    LABEL_SIZE = -65537, /* ours */
    CLAIM_ISS = 1,
    CLAIM_SUB = 2,
    CLAIM_IAT = 6,
    PROOF_INCLUSION = -1,
    VDS_RFC9162 = 1,
    ENTRY_MAX = 64 * 1024,
    HEADER_MAX = 512,
};

void log_origin(const uint8_t authority[ID_SIZE], char out[ORIGIN_MAX])
{
    char hex[2 * ID_SIZE + 1];
    hex_encode(authority, ID_SIZE, hex);
    snprintf(out, ORIGIN_MAX, "tillproof/%s", hex);
}

int log_entry(const struct cose_sign1 *statement, uint8_t entry[HASH_SIZE])
{
    struct buf b;
    buf_init(&b, ENTRY_MAX);
    enc_tag(&b, 18);
    enc_array(&b, 4);
    enc_bytes(&b, statement->protected_map);
    enc_map(&b, 0);
    enc_bytes(&b, statement->payload);
    enc_bytes(&b, bytes_of(statement->signature, SIGNATURE_SIZE));
    int rc = b.failed ? TP_E_MEMORY : sha256(buf_view(&b), entry);
    buf_free(&b);
    return rc;
}

void receipt_attach(const struct cose_sign1 *statement, struct bytes receipt, struct buf *out)
{
    enc_tag(out, 18);
    enc_array(out, 4);
    enc_bytes(out, statement->protected_map);
    enc_map(out, 1);
    enc_int(out, LABEL_RECEIPTS);
    enc_array(out, 1);
    enc_bytes(out, receipt);
    enc_bytes(out, statement->payload);
    enc_bytes(out, bytes_of(statement->signature, SIGNATURE_SIZE));
}

/* ---- signing ---- */

static void put_header(const struct receipt *r, const struct cose_key *log, struct buf *out)
{
    char hex[2 * HASH_SIZE + 1];
    hex_encode(r->entry, HASH_SIZE, hex);
    enc_map(out, 5);
    enc_int(out, LABEL_ALG);
    enc_int(out, ALG_ED25519);
    enc_int(out, LABEL_KID);
    enc_bytes(out, bytes_of(log->kid, KID_SIZE));
    enc_int(out, LABEL_CLAIMS);
    enc_map(out, 3);
    enc_int(out, CLAIM_ISS);
    enc_text(out, r->origin);
    enc_int(out, CLAIM_SUB);
    enc_text(out, bytes_str(hex));
    enc_int(out, CLAIM_IAT);
    enc_int(out, r->issued);
    enc_int(out, LABEL_VDS);
    enc_int(out, VDS_RFC9162);
    enc_int(out, LABEL_SIZE);
    enc_int(out, r->size);
}

static void put_proof(const struct receipt *r, struct buf *out)
{
    enc_array(out, 3);
    enc_int(out, r->size);
    enc_int(out, r->index);
    enc_array(out, r->path.n);
    for (size_t i = 0; i < r->path.n; i++) {
        enc_bytes(out, bytes_of(r->path.v[i], HASH_SIZE));
    }
}

static void put_receipt(struct bytes header, struct bytes proof, const uint8_t signature[SIGNATURE_SIZE],
                        struct buf *out)
{
    enc_tag(out, 18);
    enc_array(out, 4);
    enc_bytes(out, header);
    enc_map(out, 1);
    enc_int(out, LABEL_PROOFS);
    enc_map(out, 1);
    enc_int(out, PROOF_INCLUSION);
    enc_array(out, 1);
    enc_bytes(out, proof);
    enc_null(out);
    enc_bytes(out, bytes_of(signature, SIGNATURE_SIZE));
}

int receipt_sign(const struct receipt *r, const uint8_t root[HASH_SIZE], const struct cose_key *log,
                 struct buf *out)
{
    uint8_t header_memory[HEADER_MAX], tbs_memory[HEADER_MAX + 128], proof_memory[RECEIPT_MAX];
    uint8_t signature[SIGNATURE_SIZE];
    struct buf header, tbs, proof;
    if (log->alg != ALG_ED25519 || !log->can_sign || r->index < 0 || r->index >= r->size ||
        r->path.n > PATH_MAX_HASHES || r->origin.n >= ORIGIN_MAX) {
        return TP_E_ARGUMENT;
    }
    buf_over(&header, header_memory, sizeof header_memory);
    buf_over(&tbs, tbs_memory, sizeof tbs_memory);
    buf_over(&proof, proof_memory, sizeof proof_memory);
    put_header(r, log, &header);
    put_proof(r, &proof);
    cose_sig_structure(buf_view(&header), bytes_of("", 0), bytes_of(root, HASH_SIZE), &tbs);
    if (header.failed || tbs.failed || proof.failed) {
        return TP_E_MEMORY;
    }
    int rc = cose_sign_bytes(log, buf_view(&tbs), signature);
    if (rc == 0) {
        put_receipt(buf_view(&header), buf_view(&proof), signature, out);
        rc = out->failed ? TP_E_MEMORY : 0;
    }
    return rc;
}

/* ---- reading and checking ---- */

static bool next_is(struct dec *d, int64_t label)
{
    int64_t key;
    return !dec_int(d, &key) && key == label;
}

static bool read_claims(struct dec *d, struct receipt *r)
{
    struct bytes hex;
    size_t count;
    return !dec_map(d, &count) && count == 3 && next_is(d, CLAIM_ISS) && !dec_text(d, &r->origin) &&
           r->origin.n < ORIGIN_MAX && next_is(d, CLAIM_SUB) && !dec_text(d, &hex) &&
           hex_decode(hex, r->entry, HASH_SIZE) && next_is(d, CLAIM_IAT) && !dec_int(d, &r->issued);
}

static bool read_header(struct bytes header, struct receipt *r, struct bytes *kid)
{
    struct dec d;
    size_t count;
    int64_t alg, vds;
    dec_init(&d, header);
    return !dec_map(&d, &count) && count == 5 && next_is(&d, LABEL_ALG) && !dec_int(&d, &alg) &&
           alg == ALG_ED25519 && next_is(&d, LABEL_KID) && !dec_bytes(&d, kid) && kid->n == KID_SIZE &&
           next_is(&d, LABEL_CLAIMS) && read_claims(&d, r) && next_is(&d, LABEL_VDS) && !dec_int(&d, &vds) &&
           vds == VDS_RFC9162 && next_is(&d, LABEL_SIZE) && !dec_int(&d, &r->size) && dec_done(&d);
}

/* The proof names the tree's size again, outside the signature: it must be the one that was signed. */
static bool read_proof(struct bytes proof, struct receipt *r)
{
    struct dec d;
    size_t count;
    int64_t size;
    dec_init(&d, proof);
    if (dec_array(&d, &count) || count != 3 || dec_int(&d, &size) || size != r->size ||
        dec_int(&d, &r->index) || dec_array(&d, &count) || count > PATH_MAX_HASHES) {
        return false;
    }
    for (r->path.n = 0; r->path.n < count; r->path.n++) {
        struct bytes hash;
        if (dec_bytes(&d, &hash) || hash.n != HASH_SIZE) {
            return false;
        }
        memcpy(r->path.v[r->path.n], hash.p, HASH_SIZE);
    }
    return dec_done(&d);
}

struct parts {
    struct bytes header, proof, kid, signature;
};

static bool read_parts(struct bytes in, struct parts *p)
{
    struct dec d;
    uint64_t tag;
    size_t count;
    dec_init(&d, in);
    return in.n <= RECEIPT_MAX && !dec_tag(&d, &tag) && tag == 18 && !dec_array(&d, &count) && count == 4 &&
           !dec_bytes(&d, &p->header) && !dec_map(&d, &count) && count == 1 && next_is(&d, LABEL_PROOFS) &&
           !dec_map(&d, &count) && count == 1 && next_is(&d, PROOF_INCLUSION) && !dec_array(&d, &count) &&
           count == 1 && !dec_bytes(&d, &p->proof) && !dec_null(&d) && !dec_bytes(&d, &p->signature) &&
           p->signature.n == SIGNATURE_SIZE && dec_done(&d);
}

static int parse(struct bytes in, struct parts *p, struct receipt *out)
{
    *out = (struct receipt){0};
    bool good = read_parts(in, p) && read_header(p->header, out, &p->kid) && read_proof(p->proof, out);
    return good ? 0 : TP_E_MALFORMED;
}

int receipt_parse(struct bytes in, struct receipt *out)
{
    struct parts p;
    return parse(in, &p, out);
}

int receipt_check(struct bytes in, const uint8_t entry[HASH_SIZE], struct bytes origin,
                  const struct cose_key *log, struct receipt *out, uint8_t root[HASH_SIZE])
{
    uint8_t leaf[HASH_SIZE], r[HASH_SIZE], memory[HEADER_MAX + 128];
    struct parts p;
    struct buf tbs;
    int rc = parse(in, &p, out);
    if (rc) {
        return rc;
    }
    if (log->alg != ALG_ED25519 || !bytes_equal(out->origin, origin) ||
        !bytes_equal(p.kid, bytes_of(log->kid, KID_SIZE)) || memcmp(out->entry, entry, HASH_SIZE) != 0) {
        return TP_E_UNTRUSTED;
    }
    rc = tree_leaf(bytes_of(entry, HASH_SIZE), leaf);
    if (rc || (rc = path_root(&out->path, out->index, out->size, leaf, r))) {
        return rc;
    }
    buf_over(&tbs, memory, sizeof memory);
    cose_sig_structure(p.header, bytes_of("", 0), bytes_of(r, HASH_SIZE), &tbs);
    if (tbs.failed || cose_verify_bytes(log, buf_view(&tbs), p.signature.p, true)) {
        return TP_E_UNTRUSTED;
    }
    if (root) {
        memcpy(root, r, HASH_SIZE);
    }
    return 0;
}
