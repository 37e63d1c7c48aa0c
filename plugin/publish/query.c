/* Queries: decimal numbers by name, and nothing else. */
#include "publish/internal.h"

/* Up to `end` or the end of all, which is stepped over. */
static struct bytes until(struct bytes *rest, char end)
{
    const uint8_t *at = rest->n ? memchr(rest->p, end, rest->n) : NULL;
    struct bytes out = bytes_of(rest->p, at ? (size_t)(at - rest->p) : rest->n);
    *rest = bytes_of(rest->p + out.n + (at ? 1 : 0), rest->n - out.n - (at ? 1 : 0));
    return out;
}

/* Without a sign and without zeros before it. */
static bool decimal(struct bytes text, int64_t *v)
{
    int64_t got = 0;
    bool good = text.n > 0 && (text.n == 1 || text.p[0] != '0');
    for (size_t i = 0; i < text.n && good; i++) {
        good = text.p[i] >= '0' && text.p[i] <= '9' && !__builtin_mul_overflow(got, 10, &got) &&
               !__builtin_add_overflow(got, text.p[i] - '0', &got);
    }
    *v = got;
    return good;
}

int query_read(struct bytes query, const struct query_value *values, size_t n, struct err *e)
{
    unsigned seen = 0;
    for (struct bytes rest = query; rest.n > 0;) {
        struct bytes value = until(&rest, '&');
        struct bytes name = until(&value, '=');
        int64_t v = 0;
        size_t i = 0;
        while (i < n && !bytes_is(name, values[i].name)) {
            i++;
        }
        if (i == n || seen >> i & 1) {
            return err_set(e, TP_BAD_VALUE, "the page has no such question, or has it once");
        }
        if (!decimal(value, &v) || v < values[i].least || v > values[i].most) {
            return err_set(e, TP_BAD_VALUE, "%s is a number from %lld to %lld", values[i].name,
                           (long long)values[i].least, (long long)values[i].most);
        }
        seen |= 1u << i;
        *values[i].to = v;
    }
    return 0;
}
