/* The mode `https`: one authority, one connection that is kept, TLS 1.3 under the one CA that it was told. */
#include "helper/program/serve.h"

#include <curl/curl.h>
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <strings.h>

#include "helper/program/pipe.h"
#include "helper/talk.h"

#define SEQUENCE "application/cbor-seq"

/* A peer that sends less than SLOW_BYTES a second for SLOW_S seconds is not there. */
enum { SLOW_BYTES = 100, SLOW_S = 5, CONNECT_MS = 5000 };

struct session {
    CURL *easy;
    struct curl_slist *headers;
    char *url;
    struct buf ca, answer;
    char why[CURL_ERROR_SIZE];
};

int https_prepare(void)
{
    /* One arena: a second thread's would take the address space that MEMORY_MAX leaves. A sanitizer's own
     * allocator has none to set. */
    (void)mallopt(M_ARENA_MAX, 1);
    return curl_global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK ? 0 : TP_E_CRYPTO;
}

/* libcurl's write callback: what does not fit ends the call. */
static size_t take_bytes(char *p, size_t one, size_t n, void *user)
{
    struct buf *answer = user;
    buf_put(answer, p, one * n);
    return answer->failed ? 0 : one * n;
}

static bool add_headers(struct session *s)
{
    static const char *const lines[] = {"Content-Type: " SEQUENCE, "Accept: " SEQUENCE, "Expect:"};
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
        struct curl_slist *longer = curl_slist_append(s->headers, lines[i]);
        if (!longer) {
            return false;
        }
        s->headers = longer;
    }
    return true;
}

/* Debian's libcurl trusts the system's CAs unless it is told not to. */
static bool set_trust(struct session *s)
{
    struct curl_blob ca = {s->ca.p, s->ca.n, CURL_BLOB_NOCOPY};
    return curl_easy_setopt(s->easy, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_3) == CURLE_OK &&
           curl_easy_setopt(s->easy, CURLOPT_CAINFO, NULL) == CURLE_OK &&
           curl_easy_setopt(s->easy, CURLOPT_CAPATH, NULL) == CURLE_OK &&
           curl_easy_setopt(s->easy, CURLOPT_CAINFO_BLOB, &ca) == CURLE_OK &&
           curl_easy_setopt(s->easy, CURLOPT_SSL_VERIFYPEER, 1L) == CURLE_OK &&
           curl_easy_setopt(s->easy, CURLOPT_SSL_VERIFYHOST, 2L) == CURLE_OK;
}

/* No proxy, no redirection, no other protocol, nothing from the environment. */
static bool set_way(struct session *s)
{
    return curl_easy_setopt(s->easy, CURLOPT_URL, s->url) == CURLE_OK &&
           curl_easy_setopt(s->easy, CURLOPT_PROTOCOLS_STR, "https") == CURLE_OK &&
           curl_easy_setopt(s->easy, CURLOPT_PROXY, "") == CURLE_OK &&
           curl_easy_setopt(s->easy, CURLOPT_FOLLOWLOCATION, 0L) == CURLE_OK &&
           curl_easy_setopt(s->easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1) == CURLE_OK &&
           curl_easy_setopt(s->easy, CURLOPT_HTTPHEADER, s->headers) == CURLE_OK &&
           curl_easy_setopt(s->easy, CURLOPT_NOSIGNAL, 1L) == CURLE_OK &&
           curl_easy_setopt(s->easy, CURLOPT_MAXCONNECTS, 1L) == CURLE_OK &&
           curl_easy_setopt(s->easy, CURLOPT_TCP_KEEPALIVE, 1L) == CURLE_OK &&
           curl_easy_setopt(s->easy, CURLOPT_CONNECTTIMEOUT_MS, (long)CONNECT_MS) == CURLE_OK &&
           curl_easy_setopt(s->easy, CURLOPT_LOW_SPEED_LIMIT, (long)SLOW_BYTES) == CURLE_OK &&
           curl_easy_setopt(s->easy, CURLOPT_LOW_SPEED_TIME, (long)SLOW_S) == CURLE_OK &&
           curl_easy_setopt(s->easy, CURLOPT_ERRORBUFFER, s->why) == CURLE_OK &&
           curl_easy_setopt(s->easy, CURLOPT_WRITEFUNCTION, take_bytes) == CURLE_OK &&
           curl_easy_setopt(s->easy, CURLOPT_WRITEDATA, &s->answer) == CURLE_OK;
}

static int begin(int socket, struct session *s, bool *ended)
{
    struct helper_setup setup = {0};
    bool cut = false;
    int rc = pipe_read(socket, &setup, sizeof setup, ended);
    if (rc) {
        return rc;
    }
    if (setup.magic != HELPER_SETUP || setup.url == 0 || setup.url > HELPER_URL_MAX || setup.ca == 0 ||
        setup.ca > HELPER_CA_MAX) {
        return TP_E_IO;
    }
    buf_init(&s->ca, setup.ca);
    buf_init(&s->answer, HELPER_REPLY_MAX);
    s->url = calloc(1, setup.url + 1);
    s->easy = curl_easy_init();
    uint8_t *ca = buf_extend(&s->ca, setup.ca);
    if (!s->url || !s->easy || !ca) {
        return TP_E_MEMORY;
    }
    rc = pipe_read(socket, s->url, setup.url, &cut);
    rc = rc ? rc : pipe_read(socket, ca, setup.ca, &cut);
    return rc ? rc : add_headers(s) && set_trust(s) && set_way(s) ? 0 : TP_E_MEMORY;
}

/* Why there is no answer to believe, in one line; "" when there is one. A page may be of any type. */
static void judge(struct session *s, CURLcode rc, bool page, char why[HELPER_WHY_MAX])
{
    long status = 0;
    const char *type = NULL;
    *why = 0;
    if (rc != CURLE_OK) {
        snprintf(why, HELPER_WHY_MAX, "%s%.150s",
                 rc == CURLE_PEER_FAILED_VERIFICATION ? "the authority's certificate is refused: "
                                                      : "the authority is not reached: ",
                 *s->why ? s->why : curl_easy_strerror(rc));
        return;
    }
    curl_easy_getinfo(s->easy, CURLINFO_RESPONSE_CODE, &status);
    curl_easy_getinfo(s->easy, CURLINFO_CONTENT_TYPE, &type);
    if (status == 429 || status == 503) {
        snprintf(why, HELPER_WHY_MAX, "the authority has too much to do");
    } else if (page && (status == 401 || status == 403)) {
        snprintf(why, HELPER_WHY_MAX, "the authority does not show that %s",
                 status == 401 ? "without a token that it knows" : "to the holder of this token");
    } else if (status != 200) {
        snprintf(why, HELPER_WHY_MAX, "the authority answers with HTTP status %ld", status);
    } else if (!page && (!type || strncasecmp(type, SEQUENCE, strlen(SEQUENCE)) != 0)) {
        snprintf(why, HELPER_WHY_MAX, "what answers is no authority");
    }
}

static int reply(int socket, int code, struct bytes body)
{
    const struct helper_reply head = {HELPER_REPLY, code, (uint32_t)body.n};
    int rc = pipe_write(socket, bytes_of(&head, sizeof head));
    return rc ? rc : pipe_write(socket, body);
}

static int post(int socket, struct session *s, struct bytes body, uint32_t deadline_ms)
{
    char why[HELPER_WHY_MAX];
    /* The plugin kills what is late: be a little early. */
    long most = (long)(deadline_ms - deadline_ms / 20);
    buf_reset(&s->answer);
    *s->why = 0;
    curl_easy_setopt(s->easy, CURLOPT_POSTFIELDS, body.p);
    curl_easy_setopt(s->easy, CURLOPT_POSTFIELDSIZE, (long)body.n);
    curl_easy_setopt(s->easy, CURLOPT_TIMEOUT_MS, most > 0 ? most : 1L);
    CURLcode rc = curl_easy_perform(s->easy);
    judge(s, rc, false, why);
    return *why ? reply(socket, TP_OFFLINE, bytes_str(why)) : reply(socket, 0, buf_view(&s->answer));
}

/* "PATH\nTOKEN", as the plugin's side has checked it, and as it is checked once more. */
static bool split_page(char *text, char **token)
{
    *token = strchr(text, '\n');
    if (text[0] != '/' || !*token) {
        return false;
    }
    *(*token)++ = 0;
    for (const char *c = text; *c; c++) {
        if (*c <= ' ' || *c > '~') {
            return false;
        }
    }
    for (const char *c = *token; *c; c++) {
        if (*c <= ' ' || *c > '~') {
            return false;
        }
    }
    return true;
}

/* With headers of its own; afterwards the session posts as before. */
static CURLcode perform_get(struct session *s, const char *path, const char *token)
{
    char url[HELPER_URL_MAX + HELPER_PAGE_MAX + 1], line[HELPER_PAGE_MAX + 32];
    struct curl_slist *headers = NULL;
    snprintf(url, sizeof url, "%s%s", s->url, path);
    snprintf(line, sizeof line, "Authorization: Bearer %s", token);
    headers = *token ? curl_slist_append(NULL, line) : NULL;
    curl_easy_setopt(s->easy, CURLOPT_URL, url);
    curl_easy_setopt(s->easy, CURLOPT_HTTPHEADER, headers);
    curl_easy_setopt(s->easy, CURLOPT_HTTPGET, 1L);
    CURLcode rc = *token && !headers ? CURLE_OUT_OF_MEMORY : curl_easy_perform(s->easy);
    curl_easy_setopt(s->easy, CURLOPT_URL, s->url);
    curl_easy_setopt(s->easy, CURLOPT_HTTPHEADER, s->headers);
    curl_slist_free_all(headers);
    return rc;
}

static int get(int socket, struct session *s, struct bytes page, uint32_t deadline_ms)
{
    char why[HELPER_WHY_MAX], text[HELPER_PAGE_MAX + 1], *token = NULL;
    if (page.n > HELPER_PAGE_MAX) {
        return TP_E_IO;
    }
    memcpy(text, page.p, page.n);
    text[page.n] = 0;
    if (!split_page(text, &token)) {
        return TP_E_IO;
    }
    long most = (long)(deadline_ms - deadline_ms / 20);
    buf_reset(&s->answer);
    *s->why = 0;
    curl_easy_setopt(s->easy, CURLOPT_TIMEOUT_MS, most > 0 ? most : 1L);
    CURLcode rc = perform_get(s, text, token);
    judge(s, rc, true, why);
    return *why ? reply(socket, TP_OFFLINE, bytes_str(why)) : reply(socket, 0, buf_view(&s->answer));
}

static int post_one(int socket, struct session *s, bool *ended)
{
    struct helper_post ask = {0};
    bool cut = false;
    int rc = pipe_read(socket, &ask, sizeof ask, ended);
    if (rc) {
        return rc;
    }
    bool page = ask.magic == HELPER_GET;
    if ((ask.magic != HELPER_POST && !page) || ask.size == 0 || ask.size > HELPER_BODY_MAX ||
        ask.deadline_ms == 0 || ask.deadline_ms > INT32_MAX) {
        return TP_E_IO;
    }
    uint8_t *body = malloc(ask.size);
    if (!body) {
        return TP_E_MEMORY;
    }
    rc = pipe_read(socket, body, ask.size, &cut);
    struct bytes sent = bytes_of(body, ask.size);
    rc = rc ? rc : page ? get(socket, s, sent, ask.deadline_ms) : post(socket, s, sent, ask.deadline_ms);
    free(body);
    return rc;
}

int serve_https(int socket)
{
    struct session s = {0};
    bool ended = false;
    int rc = begin(socket, &s, &ended);
    while (rc == 0) {
        rc = post_one(socket, &s, &ended);
    }
    curl_easy_cleanup(s.easy);
    curl_slist_free_all(s.headers);
    buf_free(&s.ca);
    buf_free(&s.answer);
    free(s.url);
    return ended ? 0 : rc;
}
