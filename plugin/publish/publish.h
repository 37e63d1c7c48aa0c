/*
 * What an authority shows to others: the log's pages for auditors and witnesses, its statements by who asks,
 * and the cosignatures that it takes from witnesses. Paths and queries come from anybody, and are read
 * strictly. One store, one thread; nothing but receipts is signed here.
 */
#ifndef PUBLISH_PUBLISH_H
#define PUBLISH_PUBLISH_H

#include "store/tokens.h"

enum {
    PAGE_MAX = 6 * 1024 * 1024, /* bytes of a page */
    STATEMENTS_MOST = 1000,     /* statements on one page, and */
    STATEMENTS_BYTES = 2 * 1024 * 1024,
    STATEMENTS_READ = 4096, /* leaves that are read for it */
    PROOFS_MOST = 256,      /* checkpoints or receipts on one page, whose page is at most 64 KiB long */
    COSIGN_MAX = 16 * 1024, /* bytes of what a witness posts */
    WITNESSES_MAX = 16,     /* that are told from outside the keyset */
};

/* ---- who asks ---- */

enum role { ROLE_NOBODY, ROLE_MERCHANT, ROLE_FUNDER, ROLE_AUDITOR, ROLE_COUNT };
extern const char *const role_words[ROLE_COUNT]; /* "nobody" first */

struct visitor {
    enum role role;  /* nobody: without a token */
    int64_t parts;   /* an auditor's: PART_LINES | PART_PERSON that the merchant releases */
    char funder[65]; /* a funder's */
    bool log_open;   /* the log's pages need no token */
};

enum { TOKEN_SECRET = 32, TOKEN_TEXT_SIZE = 4 + 2 * TOKEN_SECRET + 1 };

/* A new token, which is told once: text is "tpt_" and 64 hex digits; row.hash is what is kept of it. 0,
 * TP_E_IO, TP_E_CRYPTO. */
int token_make(struct token_row *row, char text[TOKEN_TEXT_SIZE]);
/* Who comes with this token now. 0; TP_UNKNOWN_TOKEN, TP_EXPIRED, TP_REVOKED; or what the store says.
 * who->log_open is left as it is. */
int token_visitor(struct store *s, struct bytes text, int64_t now_ms, struct visitor *who);

/* ---- pages ---- */

enum page_form { PAGE_TEXT, PAGE_BYTES, PAGE_SEQUENCE };

struct page {
    enum page_form form;
    bool forever; /* it never changes: a tile */
    struct buf body;
    int64_t next;  /* statements: the leaf from which the next page begins; NONE: there is no more */
    int64_t limit; /* statements: how many were asked for */
};

/*
 * Makes one page; path begins with '/', query is what stands behind '?' (may be absent); log signs receipts
 * (NULL: there are none). The pages:
 *   /v1/keyset                       the keyset statements, oldest first (CBOR sequence)
 *   /v1/statements?from=I&limit=N    [index, item] from leaf I on (CBOR sequence), as the visitor may see
 *                                    them
 *   /v1/consistency?from=N           what a witness is sent (C2SP tlog-witness, add-checkpoint): from N
 *                                    leaves to the last checkpoint
 *   /v1/checkpoints?from=N&limit=M   [statement, note, proof] of those of more than N leaves, each with the
 *                                    consistency from the one before, the first from N leaves (0: none)
 *   /v1/receipts?from=I&limit=N&size=S   [index, receipt] from leaf I on, in the tree of the checkpoint of S
 *                                    leaves (the last); for those with a token
 *   /checkpoint[?size=N|?witnessed=1]   the last one, that of N leaves, the last that a witness signed
 *   /tile/...                        C2SP tlog-tiles; entries are the 32 bytes that leaves are hashes of
 *
 * 0; TP_NOT_PERMITTED, TP_UNKNOWN_TOKEN (a token is needed), TP_BAD_VALUE with a sentence; TP_E_ARGUMENT:
 * there is no such page; or what the store says. page->body is owned (buf_free), also after an error.
 */
int publish_page(struct store *s, const struct visitor *who, const struct cose_key *log, struct bytes path,
                 struct bytes query, struct page *page, struct err *e);
/* Whether such a page is served at all, without looking into the store. */
bool publish_knows(struct bytes path);

/* ---- witnesses ---- */

struct witness {
    char name[64];
    struct cose_key key;
};
struct witnesses {
    struct witness v[WITNESSES_MAX];
    size_t n;
};
/* Adds one by its key as C2SP writes it. 0, TP_BAD_VALUE, TP_E_MEMORY, TP_E_CRYPTO. */
int witnesses_add(struct witnesses *w, struct bytes text, struct err *e);
void witnesses_free(struct witnesses *w);

/*
 * Takes what witnesses say of the checkpoint of `size` leaves (NONE: the last): their lines of
 * cosignature/v1, or a whole note with them. Known are those that `told` names and the keyset's keys of
 * purpose witness. All or nothing; *taken is how many lines stand now that did not before. 0; TP_E_MALFORMED;
 * TP_STALE: no such checkpoint; TP_CONFLICT: it has another root or log; TP_UNKNOWN_TOKEN, TP_NOT_PERMITTED:
 * whoever comes may not; TP_E_UNTRUSTED: nobody known signs so; TP_BAD_SIGNATURE; or what the store says.
 */
int publish_cosign(struct store *s, const struct visitor *who, const struct witnesses *told, int64_t size,
                   struct bytes body, int *taken, struct err *e);
/* Reads its query: size=N, or nothing. 0 or TP_BAD_VALUE. */
int publish_cosign_query(struct bytes query, int64_t *size, struct err *e);

#endif
