#include "drivers/hub/quirks.h"

#include "base/id.h"

extern const unsigned char drivers_devices_list[];

struct row {
    uint16_t vendor, product;
    bool any_product;
    struct driver_quirk quirk;
};

struct bytes quirks_builtin(void)
{
    return bytes_str((const char *)drivers_devices_list);
}

static struct bytes cut(struct bytes *text, uint8_t at)
{
    const uint8_t *end = text->n ? memchr(text->p, at, text->n) : NULL;
    size_t n = end ? (size_t)(end - text->p) : text->n;
    struct bytes head = bytes_of(text->p, n);
    text->p += n + (end ? 1 : 0);
    text->n -= n + (end ? 1 : 0);
    return head;
}

static void skip_blanks(struct bytes *text)
{
    while (text->n > 0 && text->p[0] == ' ') {
        text->p++;
        text->n--;
    }
}

static struct bytes word(struct bytes *line)
{
    skip_blanks(line);
    return cut(line, ' ');
}

static bool hex16(struct bytes text, uint16_t *out)
{
    uint8_t b[2];
    if (text.n != 4 || !hex_decode(text, b, sizeof b)) {
        return false;
    }
    *out = (uint16_t)(b[0] << 8 | b[1]);
    return true;
}

static bool starts(struct bytes text, const char *with, struct bytes *rest)
{
    size_t n = strlen(with);
    if (text.n <= n || memcmp(text.p, with, n) != 0) {
        return false;
    }
    *rest = bytes_of(text.p + n, text.n - n);
    return true;
}

static bool decimal(struct bytes text, uint16_t *out)
{
    unsigned int n = 0;
    for (size_t i = 0; i < text.n; i++) {
        if (text.p[i] < '0' || text.p[i] > '9' || text.n > 4) {
            return false;
        }
        n = n * 10 + (unsigned int)(text.p[i] - '0');
    }
    *out = (uint16_t)n;
    return n > 0 && n < DRIVER_REPORT_MAX;
}

static bool option(struct bytes text, struct driver_quirk *q)
{
    struct bytes value;
    if (starts(text, "enable=", &value)) {
        q->enable_n = (uint8_t)(value.n / 2);
        return value.n % 2 == 0 && value.n / 2 <= DRIVER_QUIRK_MAX &&
               hex_decode(value, q->enable, value.n / 2);
    }
    return starts(text, "length=", &value) && decimal(value, &q->length_at);
}

static bool quoted(struct bytes text, char *out, size_t size)
{
    if (text.n < 3 || text.n - 2 >= size || text.p[0] != '"' || text.p[text.n - 1] != '"') {
        return false;
    }
    bytes_to_cstr(bytes_of(text.p + 1, text.n - 2), out, size);
    return true;
}

static bool read_row(struct bytes line, struct row *r)
{
    struct bytes ids = word(&line), product = ids, driver = word(&line);
    struct bytes vendor = cut(&product, ':');
    *r = (struct row){0};
    r->any_product = bytes_is(product, "*");
    if (!hex16(vendor, &r->vendor) || (!r->any_product && !hex16(product, &r->product))) {
        return false;
    }
    if (driver.n == 0 || driver.n >= sizeof r->quirk.driver) {
        return false;
    }
    bytes_to_cstr(driver, r->quirk.driver, sizeof r->quirk.driver);
    for (skip_blanks(&line); line.n > 0 && line.p[0] != '"'; skip_blanks(&line)) {
        if (!option(word(&line), &r->quirk)) {
            return false;
        }
    }
    return quoted(line, r->quirk.name, sizeof r->quirk.name);
}

static bool is_row(struct bytes line)
{
    return line.n > 0 && line.p[0] != '#';
}

bool quirks_find(struct bytes list, uint16_t vendor, uint16_t product, struct driver_quirk *out)
{
    struct row r;
    while (list.n > 0) {
        struct bytes line = cut(&list, '\n');
        if (is_row(line) && read_row(line, &r) && r.vendor == vendor &&
            (r.any_product || r.product == product)) {
            *out = r.quirk;
            return true;
        }
    }
    *out = (struct driver_quirk){0};
    return false;
}

int quirks_check(struct bytes list, struct err *e)
{
    struct row r;
    for (unsigned int number = 1; list.n > 0; number++) {
        struct bytes line = cut(&list, '\n');
        if (is_row(line) && !read_row(line, &r)) {
            return err_set(e, TP_BAD_VALUE, "line %u of the list of devices is not a row", number);
        }
    }
    return 0;
}
