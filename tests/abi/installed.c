/* What an integrator writes first: opens a till and has a picture read, which needs the helper, too. Compiled
 * by the test `installed` against an installed header and library. Usage: installed SHOP */
#include <tillproof.h>

#include <stdio.h>
#include <string.h>

static int wrong(const char *what, int32_t code)
{
    printf("%s: %s\n", what, tillproof_name(code));
    return 1;
}

static int look_at(struct tillproof *till, int64_t sale)
{
    static uint8_t white[64 * 64];
    struct tillproof_event event = {.size = sizeof event};
    int32_t taken = 0;
    memset(white, 255, sizeof white);
    int32_t rc = tillproof_present_image(till, sale, white, 64, 64, 64, &taken);
    while (rc == 0 && event.kind != TILLPROOF_EVENT_PICTURE) {
        rc = tillproof_event_next(till, 10000, &event);
        if (rc == 0 && event.kind == 0) {
            return wrong("nobody looked at the picture", event.code);
        }
    }
    return rc || event.code != TILLPROOF_NO_CODE ? wrong("the picture", rc ? rc : event.code) : 0;
}

int main(int argc, char **argv)
{
    struct tillproof *till = NULL;
    int64_t sale = 0;
    if (argc != 2 || tillproof_version() != TILLPROOF_VERSION) {
        return wrong("another version", TILLPROOF_E_ARGUMENT);
    }
    int32_t rc = tillproof_open(argv[1], "till1", 0, &till);
    if (rc == 0) {
        rc = tillproof_sale_begin(till, "R-1", "EUR", 0, &sale);
    }
    if (rc) {
        return wrong("the till", rc);
    }
    int failed = look_at(till, sale);
    tillproof_close(till, 1000);
    return failed;
}
