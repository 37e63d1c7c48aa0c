/*
 * The statements of the signed redemption protocol, profile 1: their payloads as structs, and the envelope
 * that carries them. wire/statements.cddl is the same in CDDL and is held to these tables by a test.
 */
#ifndef WIRE_STATEMENT_H
#define WIRE_STATEMENT_H

#include "wire/cbor.h"
#include "wire/coupon.h"
#include "wire/gs1.h"
#include "wire/terms.h"

enum {
    STATEMENT_MAX = 16 * 1024, /* the payload */
    ENVELOPE_MAX = STATEMENT_MAX + 1024,
    PART_MAX = 1024 * 1024,
    SALT_SIZE = 16,
    MESSAGE_MAX = 4 * 1024 * 1024,
    MESSAGE_ITEMS_MAX = 512,
    MAX_COUPONS = 32, /* presented at one sale */
    MAX_CARDS = 8,
    MAX_REDEMPTIONS = MAX_APPLIED, /* in one commit */
    MAX_VERDICTS = 128,            /* in one grant: what was presented, and automatic offers that apply */
    MAX_AUTOMATIC = 512,           /* automatic offers on one table */
    MAX_TENDERS = 32,
    GRANT_MAX = 8 * 1024,
    MAX_KEYSET_KEYS = 64,
    MAX_LINK_OFFERS = 64,
    MAX_STATE_STATEMENTS = 256, /* that follow one state */
    MAX_STATE_OUTCOMES = 128,
    MAX_RECEIPTS = 32,  /* asked for by one sync */
    MAX_PROOF = 64,     /* hashes of one consistency proof */
    MAX_CLOSE_SUMS = 8, /* currencies in one close */
    MAX_PICKUPS = 8,    /* in one hold */
    MAX_RETURNS = 256,  /* of one sale that is recalled */
    MAX_WANTED = 64,    /* offers in one sync for which leases are asked */
    PICKUP_SIZE = 9,    /* digits of a pickup code */
    TILL_NAME_MAX = 32, /* tills and stores */
    SIGNER_MAX = 63,    /* names of keys in a keyset */
    PROOF_SIZE = 64,    /* an Ed25519 signature (RFC 8032) */
};

enum kind {
    KIND_POLICY,
    KIND_KEYSET,
    KIND_TERMINAL,
    KIND_OFFER,
    KIND_BATCH,
    KIND_LINK,
    KIND_HOLD,
    KIND_RELEASE,
    KIND_GRANT,
    KIND_COMMIT,
    KIND_REVERSE,
    KIND_SYNC,
    KIND_STATE,
    KIND_PICKUP,
    KIND_CLOSE,
    KIND_CHECKPOINT,
    KIND_RECALL,
    KIND_RECALLED,
    KIND_LEASE,
    KIND_LEASE_RETURN,
    KIND_WRITE_OFF,
    KIND_RULING,
    KIND_INVITE,
    KIND_ENROL,
    KIND_RENEW,
    KIND_ERASURE,
    KIND_COUNT
};

/* What a key may do. One key, one purpose. */
enum purpose {
    PURPOSE_ROOT,
    PURPOSE_MERCHANT,
    PURPOSE_ISSUER,
    PURPOSE_TILL,
    PURPOSE_GRANT,
    PURPOSE_LOG,
    PURPOSE_WALLET,
    PURPOSE_WITNESS,
    PURPOSE_REGISTRAR /* signs terminal statements of active tills, and nothing else */
};

/* Every payload begins with these: keys 1, 2, 3. */
struct common {
    int64_t version;           /* of the profile: 1 */
    uint8_t audience[ID_SIZE]; /* the authority's id */
    int64_t time_ms;
};

/* Size and root of the last checkpoint seen. */
struct checkpoint_seen {
    int64_t size;
    uint8_t root[HASH_SIZE];
};

/* A till's head: where its chain stands. seq 0 with D of the terminal statement when nothing was recorded. */
struct head {
    int64_t epoch, seq;
    uint8_t d[HASH_SIZE];
};

/* Further keys of a record: 4 checkpoint, 5 epoch, 6 seq, 7 prev. */
struct chain {
    const struct checkpoint_seen *checkpoint; /* or NULL */
    int64_t epoch, seq;                       /* from 1 */
    uint8_t prev[HASH_SIZE];
};

struct policy_statement {
    struct common common;
    struct policy terms;
};

struct keyset_key {
    struct bytes cose_key; /* an encoded COSE_Key map */
    int purpose;
    struct bytes name;
    int64_t from, until; /* ms */
};

struct keyset {
    struct common common;
    int64_t number;        /* from 1; never goes back */
    struct bytes merchant; /* a name for people */
    LIST(struct keyset_key) keys;
};

enum terminal_state { TERMINAL_ACTIVE, TERMINAL_REVOKED, TERMINAL_LOST };

struct terminal {
    struct common common;
    struct bytes till, store; /* names: [A-Za-z0-9][A-Za-z0-9_.-]{0,31} */
    int64_t epoch;            /* from 1 */
    struct bytes cose_key;
    int64_t from, until; /* ms; 90 days at most */
    int state;
    int64_t from_seq;    /* revoked or lost from this seq on; NONE while active */
    struct bytes invite; /* D of the invite that this enrolment used up; else absent */
};

/* What counts of the records that a till signed beyond its revocation is the merchant's to say. */
enum ruling_verdict { RULING_ACCEPT, RULING_REJECT };
struct ruling {
    struct common common;
    uint8_t record[HASH_SIZE]; /* D */
    int verdict;
};

/* Whoever shows the code may enrol this till, once, until then. Nobody can read the code out of it. */
struct invite {
    struct common common;
    struct bytes till, store;
    uint8_t code_key[HASH_SIZE]; /* the Ed25519 public key that the code makes (keys/enrolment.h) */
    int64_t until;               /* ms */
};

/* A new till asks to be enrolled; signed by the key that it brings. */
struct enrol {
    struct common common;
    uint8_t id[ID_SIZE];
    struct bytes till, cose_key;
    uint8_t proof[PROOF_SIZE]; /* by the code's key, over this till, key, id and time (keys/enrolment.h) */
};

/* A till asks for its next epoch, with a key that it has made for it. */
struct renew {
    struct common common;
    const struct checkpoint_seen *checkpoint;
    uint8_t id[ID_SIZE];
    struct head head;
    struct bytes cose_key;
};

struct offer_statement {
    struct common common;
    struct offer terms;
};

struct batch {
    struct common common;
    int64_t number; /* below 2^32, unique in the shop */
    uint8_t offer[REF_SIZE];
    int64_t first, last;            /* indexes, below 2^32 */
    struct bytes channel, campaign; /* campaign may be absent */
    int64_t exp;                    /* seconds: of its coupons */
    struct bytes till;              /* its coupons are leased to this till alone; absent: to none */
};

enum link_op { LINK_ADD, LINK_REMOVE };
struct ref {
    uint8_t v[REF_SIZE];
};

struct link {
    struct common common;
    struct chain chain;
    int op;
    LIST(struct ref) offers;
    struct bytes channel, campaign;
    uint8_t person[HASH_SIZE];
};

/* A GS1 coupon, and the offer that it stands for, whose `gs1` names what it is a coupon of. */
struct gs1_shown {
    uint8_t offer[REF_SIZE];
    struct bytes element; /* AI and data, see gs1.h */
};

/* One coupon of a hold: the COSE_Sign1 as it was scanned. Cards are in the person part. */
struct hold {
    struct common common;
    const struct checkpoint_seen *checkpoint;
    uint8_t id[ID_SIZE];
    struct head head;
    uint8_t sale[ID_SIZE];
    int64_t rev; /* from 1, growing */
    LIST(struct bytes) coupons;
    uint8_t lines[HASH_SIZE], person[HASH_SIZE];
    LIST(struct bytes) pickups; /* pickup codes that are not resolved yet: PICKUP_SIZE digits each */
    LIST(struct gs1_shown) gs1;
};

struct release {
    struct common common;
    const struct checkpoint_seen *checkpoint;
    uint8_t id[ID_SIZE];
    struct head head;
    uint8_t sale[ID_SIZE];
    int64_t rev; /* above that of the hold it undoes */
};

/* One offer's verdict. A coupon names [batch, index]; a card's offer names the card's place in the person
 * part. */
struct verdict {
    uint8_t offer[REF_SIZE];
    int64_t version;
    int64_t batch, index; /* NONE for a card's offer and a GS1 coupon */
    int64_t card;         /* NONE for a coupon */
    int reason;           /* 0: granted; else why not */
    int64_t at_ms;        /* already_used, held: since when, and */
    struct bytes till;    /* at which till; NONE and absent otherwise */
    int64_t number;       /* of the grant, from one counter; NONE when refused */
    int64_t basis, discount, cashback;
};

/* What one pickup code of the hold stands for: a coupon, which has its verdict like any other; or nothing,
 * and why. */
struct picked {
    struct bytes coupon;
    int reason; /* 0 with a coupon */
};

/* The serial of a GS1 coupon that was granted. */
struct gs1_granted {
    int64_t number; /* the verdict's */
    struct bytes serial;
};

struct grant {
    struct common common;       /* time: the authority's */
    uint8_t request[HASH_SIZE]; /* D of the hold */
    struct bytes till;
    uint8_t sale[ID_SIZE];
    int64_t rev;
    int64_t ttl_ms;
    int64_t policy;                /* its version */
    LIST(struct verdict) verdicts; /* by offer ref, then batch, index, card */
    uint8_t quote[HASH_SIZE];      /* SHA-256 of the quote's encoding */
    LIST(struct picked) pickups;   /* one for each of the hold's, in its order */
    LIST(struct gs1_granted) gs1;  /* one for each verdict on a GS1 coupon with a serial that granted it */
};

struct tender {
    struct bytes kind; /* cash, card, voucher, ...: [a-z_]{1,16} */
    int64_t amount;
};

struct redemption {
    uint8_t offer[REF_SIZE];
    int64_t version;
    struct bytes coupon; /* the COSE_Sign1, or a GS1 coupon's element; absent for a card's offer */
    int64_t card;        /* place in the person part, or NONE */
    int64_t grant;       /* number in the embedded grant, or of a lease; NONE: redeemed without one */
    int64_t basis, discount, cashback;
};

/* Of a sale that was paid without a hold: what its till might still have redeemed alone in that hour. */
struct unheld {
    int64_t hour_left; /* minor units, 0 or more */
};

struct commit {
    struct common common;
    struct chain chain;
    uint8_t sale[ID_SIZE];
    int64_t rev, policy;
    struct bytes currency;
    int64_t gross, discount, net, tax, due, cashback;
    LIST(struct tender) tenders;
    LIST(struct redemption) redemptions;
    struct bytes grant; /* the whole grant statement, or absent */
    uint8_t lines[HASH_SIZE], person[HASH_SIZE];
    const struct unheld *unheld; /* NULL: its price was held, or decided by the till within its caps */
};

enum reverse_op { REVERSE_RETURN, REVERSE_VOID };

/* What of one redemption of the commit is taken back. */
struct reversed {
    int64_t redemption; /* its place in the commit, from 0 */
    int64_t discount, cashback;
};

struct reverse {
    struct common common;
    struct chain chain;
    int op;
    uint8_t commit[HASH_SIZE]; /* its D */
    uint8_t sale[ID_SIZE];     /* the refund's own id; a void's is the sale's */
    struct bytes currency;
    int64_t gross, discount, net, tax, due; /* what went back, positive */
    LIST(struct tender) tenders;
    LIST(struct reversed) redemptions;
    uint8_t lines[HASH_SIZE], person[HASH_SIZE];
};

/* What one currency's commits, less its voids and returns, add up to. */
struct close_sum {
    struct bytes currency;
    int64_t sales, voids, returns; /* how many */
    int64_t gross, discount, net, tax, due;
};

/* A place in a chain. */
struct record_place {
    int64_t epoch, seq;
};

/* The end of a till's day: its records from `first` to `last` have been counted, and a sale among them is not
 * voided any more. */
struct close {
    struct common common;
    struct chain chain;
    struct record_place first, last;
    LIST(struct close_sum) sums; /* by currency */
};

/* The log's head, as its key signs it. */
struct checkpoint {
    struct common common;
    int64_t size; /* leaves, from 1 */
    uint8_t root[HASH_SIZE];
};

/* Coupons first..last of one batch. */
struct leased_coupons {
    int64_t batch, first, last;
};

/* What one till, in one epoch, may spend of an offer without asking: from <= t < until, each of the limits
 * that it names. What it does not spend stays its own until a lease-return or a write-off. */
struct lease {
    struct common common; /* time: the authority's */
    struct bytes till;
    int64_t epoch;
    uint8_t offer[REF_SIZE];
    int64_t number;       /* from the grants' one counter: commits name it, and it ranks them */
    int64_t from, until;  /* ms */
    int64_t uses, amount; /* NONE: not counted; one is */
    const struct leased_coupons *coupons; /* for these alone, each once; or NULL */
};

/* What is left of a lease, which the till spends no more. */
struct lease_return {
    struct common common;
    struct chain chain;
    uint8_t lease[HASH_SIZE]; /* its D */
    int64_t uses, amount;     /* NONE where the lease has none */
};

/* What the merchant gives up of a lease, because its till will not give it back. */
struct write_off {
    struct common common;
    struct bytes till;        /* the lease's */
    uint8_t lease[HASH_SIZE]; /* its D */
    int64_t uses, amount;     /* NONE where the lease has none */
};

/* An offer for which a till asks for leases, and what it has left of them. */
struct lease_wanted {
    uint8_t offer[REF_SIZE];
    int64_t uses, amount;
};

struct sync {
    struct common common;
    const struct checkpoint_seen *checkpoint;
    uint8_t id[ID_SIZE];
    struct head head;
    int64_t have;     /* number of the last public statement taken, 0 at first */
    int64_t outcomes; /* number of the last outcome taken, 0 at first */
    int64_t keyset;   /* number of the keyset in force, 0: none yet; NONE: not said */
    LIST(struct lease_wanted) wanted;
    LIST(struct bytes) receipts; /* D of records whose receipt is asked for, 32 bytes each; may be none */
};

/* What became of one redemption of one of the till's commits. */
struct outcome {
    uint8_t commit[HASH_SIZE];
    int64_t redemption;
    int reason;     /* 0, or conflict, already_used, ... */
    int64_t amount; /* in conflict, minor units */
};

/* The authority's signed answer to a sync: the public statements that follow it in the message are these. */
struct state {
    struct common common;       /* time: the authority's */
    uint8_t request[HASH_SIZE]; /* D of the sync */
    struct head head;           /* of this till, as the authority has it */
    bool quarantined;
    int64_t have; /* number of the last statement sent */
    bool more;    /* ask again at once */
    int64_t outcomes_to;
    LIST(struct bytes) statements; /* D of each, 32 bytes */
    LIST(struct outcome) outcomes;
    uint8_t card_key[HASH_SIZE];              /* turns card tokens into handles; never logged */
    const struct checkpoint_seen *checkpoint; /* the log's last one; NULL while there is none */
    /* That it begins with the one that the sync carried (RFC 9162, section 2.1.4): 32 bytes each. */
    LIST(struct bytes) consistency;
};

/* A coupon for a screen that cannot be scanned: asks for a code that stands for it for a few minutes. */
struct pickup {
    struct common common;
    uint8_t id[ID_SIZE];
    struct bytes coupon; /* the COSE_Sign1 */
};

/* A sale of any till of the shop is asked for, because goods of it come back: by its id, or by what stands
 * for the host's own reference. */
struct recall {
    struct common common;
    const struct checkpoint_seen *checkpoint;
    uint8_t id[ID_SIZE];
    struct head head;
    struct bytes sale;            /* ID_SIZE bytes, or absent */
    uint8_t reference[HASH_SIZE]; /* reference_handle */
};

/* The answer: the hash of the recalled part that follows it. */
struct recalled {
    struct common common;
    uint8_t request[HASH_SIZE]; /* D of the recall */
    uint8_t commit[HASH_SIZE];  /* D of the sale's commit */
    uint8_t part[HASH_SIZE];
};

/* Of one line: what came back. */
struct line_back {
    int64_t number, quantity; /* thousandths, above 0 */
};

/* One return, without what was too much of it. */
struct return_made {
    LIST(struct line_back) lines;
};

/* Persons' parts are gone from the authority: how many by now, and which. It names nobody. */
struct erasure {
    struct common common;
    int64_t parts;             /* all that were erased so far */
    uint8_t digest[HASH_SIZE]; /* erased_digest, of their statements and what stays of them */
};

/* What a return is reckoned from: the sale as its till recorded it, without the person; the till's key; the
 * price, line by line; and the returns so far, in the order in which they count. */
struct recalled_part {
    struct bytes terminal, commit; /* statements */
    struct bytes lines;            /* the commit's lines part */
    struct bytes quote;
    LIST(struct return_made) returns;
};

/* The parts. Each begins with a random salt, so that its hash tells nothing. */
struct lines_part {
    uint8_t salt[SALT_SIZE];
    struct basket basket;
};

struct person_part {
    uint8_t salt[SALT_SIZE];
    LIST(struct bytes)
    cards;                  /* handles: HMAC-SHA-256 of the token under the authority's card key; 32 bytes */
    struct bytes customer;  /* the shop's own name for the person, or absent */
    struct bytes reference; /* the host's own number of the sale, or absent */
};

/* What stays of a person part when it is erased: of a commit's what its redemptions had come to by then, of a
 * link's for which of its offers it counts as a card that was linked. Of a reverse's nothing stays. */
struct residue_row {
    int64_t place;                  /* in the commit, from 0 */
    int reason;                     /* 0, or why it does not count, as far as that hung on who it was */
    struct bytes channel, campaign; /* or absent */
};
struct residue_link {
    int64_t card; /* which of the link's cards, from 0, in no order that tells anything */
    uint8_t offer[REF_SIZE];
};
struct residue {
    LIST(struct residue_row) redemptions;
    LIST(struct residue_link) links;
};

/* Any payload. Views and lists point into the message and the arena. */
union payload {
    struct common common;
    struct policy_statement policy;
    struct keyset keyset;
    struct terminal terminal;
    struct offer_statement offer;
    struct batch batch;
    struct link link;
    struct hold hold;
    struct release release;
    struct grant grant;
    struct commit commit;
    struct reverse reverse;
    struct sync sync;
    struct state state;
    struct pickup pickup;
    struct close close;
    struct checkpoint checkpoint;
    struct recall recall;
    struct recalled recalled;
    struct lease lease;
    struct lease_return lease_return;
    struct write_off write_off;
    struct ruling ruling;
    struct invite invite;
    struct enrol enrol;
    struct renew renew;
    struct erasure erasure;
};

/* The table of kinds. */
struct kind_info {
    const char *name; /* as in typ: application/vnd.tillproof.<name> */
    const struct schema *schema;
    enum purpose by; /* whose key signs it */
    bool record;     /* chained by a till */
    bool request;    /* asks; neither chained nor kept */
    bool leaf;       /* goes into the log */
    uint8_t parts;   /* PART_LINES | PART_PERSON */
};
enum { PART_LINES = 1, PART_PERSON = 2 };
extern const struct kind_info kinds[KIND_COUNT];
extern const struct schema schema_lines_part, schema_person_part, schema_recalled_part, schema_gs1_shown,
    schema_residue;
extern const char *const purpose_words[];

/* A statement taken apart. */
struct statement {
    enum kind kind;
    struct bytes raw; /* the whole envelope, as received */
    uint8_t d[HASH_SIZE];
    int64_t alg;
    uint8_t kid[KID_SIZE];
    struct bytes iss, sub; /* sub is absent where the kind has none */
    struct cose_sign1 sign1;
    union payload payload;
    struct bytes lines,
        person; /* the parts as received; absent where the kind has none, or person was erased */
};

/*
 * Parses one envelope (not the parts): header, payload, and that they agree (sub is the payload's own id).
 * Says nothing of the signature. 0, TP_E_MALFORMED, TP_BAD_STATEMENT, TP_E_MEMORY.
 */
int statement_parse(struct bytes raw, struct arena *a, struct statement *out, struct err *e);
/* The signature, by the profile. 0 or TP_E_UNTRUSTED. */
int statement_verify(const struct statement *s, const struct cose_key *key);
/* Checks that the given part hashes to what the payload says. 0 or TP_BAD_STATEMENT. */
int statement_check_parts(const struct statement *s, struct err *e);

/*
 * Encodes, signs, appends. iss is the signer's name as in the keyset or terminal statement; sub follows
 * from the payload. d may be NULL. 0, TP_BAD_STATEMENT, TP_E_CRYPTO, TP_E_MEMORY.
 */
int statement_sign(enum kind kind, const void *payload, struct bytes iss, const struct cose_key *key,
                   struct buf *out, uint8_t d[HASH_SIZE], struct err *e);

/* Encodes a part (schema_lines_part or schema_person_part), which ends at PART_MAX, and hashes it. */
int part_encode(const struct schema *s, const void *part, struct buf *out, uint8_t hash[HASH_SIZE],
                struct err *e);

/*
 * Messages: a CBOR sequence (RFC 8742). A request item is a statement alone, or [statement, bstr lines,
 * bstr person] where the kind has parts (link has only person: [statement, bstr]); null stands for a part
 * that was erased.
 */
void message_put(struct buf *out, enum kind kind, struct bytes statement, struct bytes lines,
                 struct bytes person);
/* The next item of a message: 1, 0 at the end, or TP_E_MALFORMED / TP_BAD_STATEMENT. Parts are checked. */
int message_next(struct dec *d, struct arena *a, struct statement *out, struct err *e);

/*
 * Answers, one an item, in order: [D, "registered"], [D, grant, bstr quote], [D, recalled, bstr part] and
 * [D, terminal, bstr keyset] (as a grant's: the statement tells which),
 * [D, state, statement..., ? checkpoint, receipt or null...],
 * [D, "released"], [D, "pickup", code, until ms], or a problem [D or null, {-1: word, -2: sentence}] (RFC
 * 9290; it echoes nothing).
 */
enum answer_kind {
    ANSWER_REGISTERED,
    ANSWER_RELEASED,
    ANSWER_GRANT,
    ANSWER_STATE,
    ANSWER_PROBLEM,
    ANSWER_PICKUP
};

struct answer {
    enum answer_kind kind;
    bool names; /* false: a problem with the message itself, not with one statement */
    uint8_t d[HASH_SIZE];
    struct bytes statement; /* GRANT, STATE: the envelope */
    struct bytes quote;     /* GRANT: the quote's encoding */
    struct bytes rest;      /* STATE: what follows it, as a CBOR sequence */
    int reason;             /* PROBLEM: a code, or TP_BAD_STATEMENT for a word this version does not know */
    struct bytes detail;    /* PROBLEM */
    struct bytes code;      /* PICKUP: PICKUP_SIZE digits */
    int64_t until_ms;       /* PICKUP */
};

void answer_registered(struct buf *out, const uint8_t d[HASH_SIZE]);
void answer_released(struct buf *out, const uint8_t d[HASH_SIZE]);
void answer_grant(struct buf *out, const uint8_t d[HASH_SIZE], struct bytes grant, struct bytes quote);
/* rest: `count` items one after another: the statements that the state lists, then the log's checkpoint and
 * the receipts. */
void answer_state(struct buf *out, const uint8_t d[HASH_SIZE], struct bytes state, struct bytes rest,
                  size_t count);
void answer_pickup(struct buf *out, const uint8_t d[HASH_SIZE], struct bytes code, int64_t until_ms);
void answer_problem(struct buf *out, const uint8_t *d, int reason, const char *detail);
/* The next answer: 1, 0 at the end, TP_E_MALFORMED. */
int answer_next(struct dec *d, struct answer *out);

/* The 8 bytes by which coupons and records name an offer: the first of SHA-256(authority id, "offer", id). */
int offer_ref(const uint8_t authority[ID_SIZE], struct bytes id, uint8_t ref[REF_SIZE]);
/* A card token's handle: HMAC-SHA-256(card key, token). */
int card_handle(const uint8_t card_key[HASH_SIZE], struct bytes token, uint8_t handle[HASH_SIZE]);
/* What stands for a host's own reference of a sale: HMAC-SHA-256(card key, "sale reference", 0, reference).
 */
int reference_handle(const uint8_t card_key[HASH_SIZE], struct bytes reference, uint8_t handle[HASH_SIZE]);

/* [A-Za-z0-9][A-Za-z0-9_.-]{0,31}, and no "..": tills and stores. Safe as a file name. */
bool name_valid(struct bytes name);
/* PICKUP_SIZE digits. */
bool pickup_valid(struct bytes code);

#endif
