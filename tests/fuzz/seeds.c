/* Writes the corpora: fuzz_seeds DIR, whose folders are named like the targets and must be there. */
#include "fuzz/fuzz.h"
#include "unit/wire/sample.h"
#include "proof/note.h"
#include "vectors/cose.h"
#include "wire/cbor.h"

static const char *top;

static void put(FILE *f, struct bytes in)
{
    HOLDS(in.n == 0 || fwrite(in.p, 1, in.n, f) == in.n);
}

static void put_file(const char *target, const char *name, struct bytes first, struct bytes content)
{
    char path[4096];
    snprintf(path, sizeof path, "%s/%s/%s", top, target, name);
    FILE *f = fopen(path, "wb");
    HOLDS(f != NULL);
    put(f, first);
    put(f, content);
    HOLDS(fclose(f) == 0);
}

static void put_with(const char *target, const char *name, uint8_t first, struct bytes content)
{
    put_file(target, name, bytes_of(&first, 1), content);
}

static struct bytes from_hex(const char *hex)
{
    static uint8_t memory[1024];
    size_t n = strlen(hex) / 2;
    HOLDS(n <= sizeof memory && hex_decode(bytes_str(hex), memory, n));
    return bytes_of(memory, n);
}

/* ---- statements ---- */

static void statement_seeds(const struct cose_key *key, enum kind kind)
{
    union payload p;
    struct lines_part l = {.salt = {1}};
    struct person_part q = {.salt = {2}, .cards = {sample_hashes, 1}};
    struct line line = {.number = 1, .sku = bytes_str("4006381333931"), .quantity = 1000, .unit_price = 1299};
    struct buf payload, envelope, message, lines, person;
    uint8_t unused[2][HASH_SIZE];
    char name[64];
    sample(kind, &p);
    l.basket = (struct basket){.currency = bytes_str("EUR"), .store = bytes_str("main"), .lines = {&line, 1}};
    buf_init(&payload, STATEMENT_MAX);
    buf_init(&envelope, ENVELOPE_MAX);
    buf_init(&message, MESSAGE_MAX);
    buf_init(&lines, PART_MAX);
    buf_init(&person, PART_MAX);
    uint8_t *lines_at = kind == KIND_HOLD      ? p.hold.lines
                        : kind == KIND_COMMIT  ? p.commit.lines
                        : kind == KIND_REVERSE ? p.reverse.lines
                                               : unused[0];
    uint8_t *person_at = kind == KIND_HOLD      ? p.hold.person
                         : kind == KIND_COMMIT  ? p.commit.person
                         : kind == KIND_REVERSE ? p.reverse.person
                         : kind == KIND_LINK    ? p.link.person
                                                : unused[1];
    HOLDS(part_encode(&schema_lines_part, &l, &lines, lines_at, NULL) == 0);
    HOLDS(part_encode(&schema_person_part, &q, &person, person_at, NULL) == 0);
    HOLDS(schema_encode(kinds[kind].schema, &p, &payload, NULL) == 0);
    HOLDS(statement_sign(kind, &p, bytes_str("till-1"), key, &envelope, NULL, NULL) == 0);
    message_put(&message, kind, buf_view(&envelope), buf_view(&lines), buf_view(&person));
    put_with("statement", kinds[kind].name, (uint8_t)kind, buf_view(&payload));
    snprintf(name, sizeof name, "message-%s", kinds[kind].name);
    put_with("statement", name, 0xF1, buf_view(&message));
    if (kind == KIND_HOLD) {
        put_with("statement", "envelope", 0xF0, buf_view(&envelope));
        put_with("statement", "lines", 0x80, buf_view(&lines));
        put_with("statement", "person", 0x81, buf_view(&person));
        put_with("authority", "raw", 0, buf_view(&message));
        put_file("cbor", "message", (struct bytes){0}, buf_view(&message));
    }
    buf_free(&payload);
    buf_free(&envelope);
    buf_free(&message);
    buf_free(&lines);
    buf_free(&person);
}

static void answer_seeds(void)
{
    static const uint8_t d[HASH_SIZE] = {7};
    struct buf out;
    buf_init(&out, 4096);
    answer_registered(&out, d);
    answer_released(&out, d);
    answer_grant(&out, d, bytes_of("\xD2\x80", 2), bytes_str("quote"));
    answer_state(&out, d, bytes_of("\xD2\x80", 2), bytes_of("\xD2\x80\xD2\x80", 4), 2);
    answer_problem(&out, d, TP_STALE, NULL);
    answer_problem(&out, NULL, TP_BAD_STATEMENT, "why");
    put_with("statement", "answers", 0xF2, buf_view(&out));
    buf_free(&out);
}

/* ---- coupons, scans, COSE ---- */

static void coupon_seeds(const struct cose_key *key)
{
    static const uint8_t offer[REF_SIZE] = {1, 2, 3, 4, 5, 6, 7, 8};
    struct buf out, text, scan, map;
    buf_init(&out, COUPON_MAX);
    buf_init(&text, COUPON_DIGITS_MAX);
    buf_init(&scan, COUPON_DIGITS_MAX + 16);
    buf_init(&map, 128);
    HOLDS(coupon_sign(key, offer, 7, 70000, 1800000000, &out) == 0);
    coupon_to_digits(buf_view(&out), &text);
    buf_puts(&scan, "]Q1");
    buf_put(&scan, text.p, text.n);
    buf_puts(&scan, "\r\n");
    cose_key_encode(key, &map);
    put_with("coupon", "bytes", 0, buf_view(&out));
    put_with("coupon", "digits", 1, buf_view(&text));
    put_with("coupon", "tail", 1, bytes_str("8070172057594037927935255"));
    put_file("present", "raw", (struct bytes){0}, buf_view(&out));
    put_file("present", "digits", (struct bytes){0}, buf_view(&scan));
    put_file("present", "gtin", (struct bytes){0}, bytes_str("4006381333931"));
    put_file("present", "gs1_databar", (struct bytes){0},
             bytes_str("]e0811201012345612345601234567\x1d"
                       "17271231"));
    put_file("present", "gs1_8110", (struct bytes){0},
             bytes_str("(8110)106141416543213150110120327123142612315012345660614141901"));
    put_file("present", "gs1_gcn", (struct bytes){0}, bytes_str("]Q3255950110153000112345678901"));
    put_file("present", "gs1_link", (struct bytes){0},
             bytes_str("https://id.gs1.org/01/09506000134352?8112=001234561234560123456"));
    put_with("cose", "coupon", 0, buf_view(&out));
    put_with("cose", "key", 1, buf_view(&map));
    buf_free(&out);
    buf_free(&text);
    buf_free(&scan);
    buf_free(&map);
}

static void cose_seeds(void)
{
    put_with("cose", "outside", 0, from_hex(COSE_WG_SIGN_PASS_01));
    put_with("cose", "untagged", 0, from_hex(COSE_WG_SIGN_PASS_03));
    put_with("cose", "eddsa", 0, from_hex(COSE_WG_EDDSA_SIG_01));
    put_with("cose", "key-p256", 1, from_hex(COSE_WG_P256_KEY));
    put_with("cose", "key-ed25519", 1, from_hex(COSE_WG_ED25519_KEY));
    put_file("cbor", "key", (struct bytes){0}, from_hex(COSE_WG_P256_KEY));
    put_file("cbor", "nested", (struct bytes){0}, from_hex("d28441a0a0f68281a10143010203f5"));
    put_file("cbor", "lax", (struct bytes){0}, from_hex("bf6161f93c00019f02ff1bffffffffffffffffc101ff"));
}

/* ---- forms ---- */

#define OFFER_JSON                                                                                           \
    "{\"id\":\"coffee10\",\"version\":1,\"title\":\"10% off\",\"currency\":\"EUR\",\"funder\":\"store\","    \
    "\"redeem\":[\"coupon\",\"card\"],\"valid\":{\"from\":\"2026-11-01\",\"until\":\"2026-12-31\"},"         \
    "\"needs\":{\"min_spend\":\"20.00\",\"min_quantity\":\"1\",\"category\":[\"coffee\"],\"stores\":["       \
    "\"mitte\"],"                                                                                            \
    "\"weekdays\":[\"sun\"],\"hours\":[\"07:00-11:00\"]},\"gives\":"
#define OFFER_END                                                                                            \
    ",\"stacking\":{\"group\":\"coffee\",\"priority\":10,\"exclusive\":false},"                              \
    "\"limits\":{\"per_coupon\":1},\"returns\":\"keep\",\"revive\":false,"                                   \
    "\"offline\":{\"mode\":\"deny\",\"bears\":\"merchant\"},\"fee\":{\"percent\":\"3\",\"fixed\":\"0.10\"}}"
#define BASKET_JSON                                                                                          \
    "{\"currency\":\"EUR\",\"store\":\"mitte\",\"time\":\"2026-11-22T10:00:00+01:00\","                      \
    "\"prices_include_tax\":true,\"lines\":[{\"line\":1,\"sku\":\"4006381333931\",\"name\":\"Espresso\","    \
    "\"category\":\"coffee\",\"quantity\":\"2\",\"unit_price\":\"12.99\",\"tax_percent\":\"7\"},"            \
    "{\"line\":2,\"sku\":\"b\",\"category\":\"coffee\",\"quantity\":\"3\",\"unit_price\":\"0.33\",\"tax_"    \
    "percent\":"                                                                                             \
    "\"19\"}],\"tenders\":[{\"kind\":\"card\",\"amount\":\"23.38\"}]}"

static void form_seeds(void)
{
    static const char *const gives[] = {"{\"percent\":\"10\",\"cap\":\"5.00\"}",
                                        "{\"amount\":\"3.00\"}",
                                        "{\"price\":\"0.99\"}",
                                        "{\"buy\":1,\"get\":1,\"percent\":\"100\"}",
                                        ("{\"tiers\":[{\"min_spend\":\"10.00\",\"percent\":\"5\"},{\"min_"
                                         "spend\":\"20.00\",\"amount\":\"4.00\"}]}"),
                                        "{\"cashback_percent\":\"2.5\",\"cap\":\"1.00\"}"};
    for (size_t i = 0; i < sizeof gives / sizeof gives[0]; i++) {
        char name[32];
        struct buf b;
        buf_init(&b, 4096);
        buf_puts(&b, OFFER_JSON);
        buf_puts(&b, gives[i]);
        buf_puts(&b, OFFER_END);
        buf_putc(&b, 0);
        buf_puts(&b, BASKET_JSON);
        snprintf(name, sizeof name, "price-%zu", i);
        put_with("forms", name, 2, buf_view(&b));
        buf_free(&b);
    }
    put_with("forms", "offer", 0, bytes_str(OFFER_JSON "{\"percent\":\"10\"}" OFFER_END));
    put_with("forms", "basket", 1, bytes_str(BASKET_JSON));
    put_with("forms", "unknown", 0, bytes_str("{\"id\":\"a\",\"gives\":{\"percentage\":10}}"));
}

/* ---- scanners ---- */

/* A scanner of one report: Byte Count, Symbology Identifier 1 to 3, Decoded Data of 16 bytes, Continued. */
static const uint8_t scanner[] = {
    0x05, 0x8C, 0x09, 0x02, 0xA1, 0x01, 0x09, 0x12, 0xA1, 0x02, 0x85, 0x02, 0x15, 0x00, 0x26, 0xFF,
    0x00, 0x75, 0x08, 0x95, 0x01, 0x05, 0x01, 0x09, 0x3B, 0x81, 0x02, 0x05, 0x8C, 0x95, 0x01, 0x09,
    0xFB, 0x81, 0x02, 0x09, 0xFC, 0x81, 0x02, 0x09, 0xFD, 0x81, 0x02, 0x95, 0x10, 0x09, 0xFE, 0x82,
    0x02, 0x01, 0x75, 0x01, 0x95, 0x01, 0x09, 0xFF, 0x81, 0x02, 0x95, 0x07, 0x81, 0x03, 0xC0, 0xC0};

static void hid_seeds(void)
{
    struct buf b;
    buf_init(&b, 1024);
    buf_putc(&b, 0);
    buf_putc(&b, sizeof scanner);
    buf_putc(&b, 0);
    buf_put(&b, scanner, sizeof scanner);
    for (uint8_t more = 0; more < 4; more++) { /* two codes of two reports each */
        static const uint8_t head[] = {0, 22, 2, 16, ']', 'Q', '3'};
        buf_put(&b, head, sizeof head);
        buf_puts(&b, "8070112345678901");
        buf_putc(&b, more % 2 == 0);
    }
    put_file("hid", "scanner", (struct bytes){0}, buf_view(&b));
    buf_free(&b);
}

/* ---- the authority ---- */

enum {
    HOLD,
    COMMIT,
    TIME,
    REVERSE,
    LINK,
    RELEASE,
    SYNC,
    RAW,
    SPOIL,
    POLICY,
    TERMINAL,
    OFFER,
    BATCH,
    PAYLOAD,
    REPEAT,
    HANDLE,
    ASK,
    SPEND,
    GIVE_BACK,
    WRITE_OFF
};

static void zeros(struct buf *b, size_t n)
{
    while (n-- > 0) {
        buf_putc(b, 0);
    }
}

static void move(struct buf *b, uint8_t which, uint8_t till, uint8_t sale, size_t more)
{
    buf_putc(b, which);
    buf_putc(b, till);
    buf_putc(b, sale);
    zeros(b, more);
}

/* One line of the given price; which: as in fill_presented. */
static void hold(struct buf *b, uint8_t till, uint8_t sale, uint16_t price, uint8_t which, uint8_t pick)
{
    move(b, HOLD, till, sale, 5 + 4);
    buf_putc(b, (uint8_t)(price >> 8));
    buf_putc(b, (uint8_t)price);
    zeros(b, 2 + 4);
    buf_putc(b, which);
    for (size_t i = 0; i < 6; i++) {
        if (which >> i & 1) {
            buf_putc(b, pick);
        }
    }
    zeros(b, 2);
}

static void commit(struct buf *b, uint8_t till, uint8_t sale)
{
    move(b, COMMIT, till, sale, 20);
}

static void reverse(struct buf *b, uint8_t till, uint8_t sale)
{
    move(b, REVERSE, till, sale, 14);
}

static void link_card(struct buf *b, uint8_t till, uint8_t offer, uint8_t card)
{
    move(b, LINK, till, 0, 6);
    buf_putc(b, offer);
    buf_putc(b, card);
    zeros(b, 14);
}

static void spend(struct buf *b, uint8_t till, uint8_t sale, uint8_t coupon)
{
    move(b, SPEND, till, 0, 0);
    buf_putc(b, sale);
    buf_putc(b, 0);
    buf_putc(b, coupon);
    zeros(b, 22);
}

static void game_seed(const char *name, struct buf *b)
{
    put_with("authority", name, 3, buf_view(b));
    buf_reset(b);
}

static void authority_seeds(void)
{
    struct buf b;
    buf_init(&b, 4096);
    hold(&b, 0, 0, 2000, 0x0F, 0);
    commit(&b, 0, 0);
    move(&b, REPEAT, SYNC, 0, 8);
    game_seed("sale", &b);
    hold(&b, 0, 0, 2000, 1, 0);
    hold(&b, 1, 1, 3000, 1, 0); /* held */
    move(&b, TIME, 200, 0, 0);
    hold(&b, 1, 1, 3000, 1, 0);
    commit(&b, 1, 1);
    commit(&b, 0, 0); /* late: two uses of one coupon */
    reverse(&b, 1, 1);
    game_seed("contest", &b);
    link_card(&b, 0, 2, 0);
    move(&b, TIME, 1, 0, 0);
    hold(&b, 1, 0, 5000, 0x10, 0);
    commit(&b, 1, 0);
    link_card(&b, 1, 1, 0);
    reverse(&b, 1, 0);
    game_seed("card", &b);
    hold(&b, 0, 0, 900, 2, 0);
    move(&b, RELEASE, 0, 0, 5);
    buf_putc(&b, HANDLE);
    hold(&b, 1, 2, 900, 2, 1);
    commit(&b, 1, 2);
    move(&b, SPOIL, 1, 0, 5);
    game_seed("release", &b);
    move(&b, TERMINAL, 0, 0, 4);
    buf_putc(&b, 1); /* the next epoch */
    zeros(&b, 2);
    move(&b, OFFER, 0, 0, 9);
    move(&b, BATCH, 0, 0, 5);
    move(&b, POLICY, 0, 0, 5);
    hold(&b, 0, 0, 2000, 0x0F, 0);
    game_seed("office", &b);
    for (uint8_t i = 0; i < 3; i++) { /* one more than the lease has */
        spend(&b, 0, i, i % 2);
    }
    reverse(&b, 0, 0);
    move(&b, GIVE_BACK, 0, 0, 8);
    spend(&b, 0, 3, 1);
    game_seed("lease", &b);
    spend(&b, 1, 0, 0);
    move(&b, WRITE_OFF, 1, 0, 4);
    move(&b, ASK, 1, 0, 6);
    spend(&b, 1, 1, 1);
    hold(&b, 1, 2, 2000, 8, 0);
    commit(&b, 1, 2);
    game_seed("write-off", &b);
    buf_free(&b);
}

static void note_seeds(void)
{
    static const char *const paths[] = {"tile/0/000.p/1", "tile/7/x001/x234/067", "tile/entries/000"};
    struct cose_key log, witness;
    struct bytes name = bytes_str("one.example");
    struct buf note, text;
    const uint8_t root[HASH_SIZE] = {1};
    HOLDS(cose_key_generate(ALG_ED25519, &log) == 0 && cose_key_generate(ALG_ED25519, &witness) == 0);
    buf_init(&note, NOTE_MAX);
    buf_init(&text, NOTE_MAX);
    HOLDS(note_sign(bytes_str("log.example"), 70000, root, &log, &note) == 0);
    put_with("note", "signed", 0, buf_view(&note));
    HOLDS(note_cosign(&note, name, 1700000000, &witness) == 0);
    put_with("note", "cosigned", 0, buf_view(&note));
    HOLDS(note_key_text(name, true, &witness, &text) == 0);
    put_with("note", "key", 2, buf_view(&text));
    for (size_t i = 0; i < sizeof paths / sizeof *paths; i++) {
        char file[16];
        snprintf(file, sizeof file, "path-%zu", i);
        put_with("note", file, 1, bytes_str(paths[i]));
    }
    buf_free(&note);
    buf_free(&text);
    cose_key_free(&log);
    cose_key_free(&witness);
}

int main(int argc, char **argv)
{
    struct cose_key key;
    HOLDS(argc == 2);
    top = argv[1];
    HOLDS(cose_key_generate(ALG_ESP256, &key) == 0);
    for (int kind = 0; kind < KIND_COUNT; kind++) {
        statement_seeds(&key, (enum kind)kind);
    }
    answer_seeds();
    coupon_seeds(&key);
    cose_seeds();
    form_seeds();
    hid_seeds();
    note_seeds();
    authority_seeds();
    cose_key_free(&key);
    return 0;
}
