/*
 * What the plugin and tillproof-helper say to each other over one stream socket of one machine, in its own
 * byte order. Asked: helper_ask, then width x height bytes of grey. Answered: helper_answer, then `size`
 * bytes: for each code a uint32_t length and its text. One question at a time.
 */
#ifndef HELPER_TALK_H
#define HELPER_TALK_H

#include <stdint.h>

enum {
    HELPER_SOCKET = 3, /* the helper's end */
    HELPER_ASK = 0x54504831,
    HELPER_ANSWER = 0x54504832,
    HELPER_SIDE_MAX = 8192,
    HELPER_PIXELS_MAX = 32 * 1024 * 1024,
    HELPER_CODES_MAX = 16,
    HELPER_TEXT_MAX = 8192, /* the largest QR code holds 7089 digits (ISO/IEC 18004, table 7) */
    HELPER_ANSWER_MAX = HELPER_CODES_MAX * (4 + HELPER_TEXT_MAX),
    HELPER_DEADLINE_MAX = 60000,
};

struct helper_ask {
    uint32_t magic, width, height, deadline_ms;
};

/* count is 0 to HELPER_CODES_MAX, or a negative code of base/code.h with nothing after it. */
struct helper_answer {
    uint32_t magic;
    int32_t count;
    uint32_t size;
};

/*
 * Its other mode, `https`: statements posted to an authority. First comes helper_setup, then the URL and the
 * PEM text of the certificates that vouch for the authority; nothing is answered. Then, as often as wanted,
 * helper_post and the body; answered by helper_reply and `size` bytes: what the authority answered when code
 * is 0, else one line that says why it did not. A helper_post whose magic is HELPER_GET asks for a page
 * instead: its body is the page's path behind the URL, a line's end, and a token or nothing.
 */
#define HELPER_HTTPS "https"

enum {
    HELPER_SETUP = 0x54504833,
    HELPER_POST = 0x54504834,
    HELPER_REPLY = 0x54504835,
    HELPER_GET = 0x54504836,
    HELPER_URL_MAX = 512,
    HELPER_CA_MAX = 256 * 1024,
    HELPER_BODY_MAX = 4 * 1024 * 1024,
    HELPER_REPLY_MAX = 4 * 1024 * 1024 + 64 * 1024,
    HELPER_WHY_MAX = 200,
    HELPER_PAGE_MAX = 1024, /* bytes of a path and a token */
};

struct helper_setup {
    uint32_t magic, url, ca; /* lengths in bytes */
};

struct helper_post {
    uint32_t magic, size, deadline_ms;
};

/* code is 0, TP_OFFLINE or a negative code of base/code.h. */
struct helper_reply {
    uint32_t magic;
    int32_t code;
    uint32_t size;
};

static inline int helper_size_fits(uint32_t width, uint32_t height)
{
    return width > 0 && height > 0 && width <= HELPER_SIDE_MAX && height <= HELPER_SIDE_MAX &&
           (uint64_t)width * height <= HELPER_PIXELS_MAX;
}

#endif
