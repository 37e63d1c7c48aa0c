/* Codes as a camera sees them: turned, small, light on dark, blurred and noisy; and what each pass makes. */
#include "draw.h"

#include <stdlib.h>

#include "picture/passes.h"

/* Times 15 degrees. */
static double cosine(int k)
{
    static const double first[] = {1, 0.9659258263, 0.8660254038, 0.7071067812, 0.5, 0.2588190451, 0};
    k = (k % 24 + 24) % 24;
    k = k > 12 ? 24 - k : k;
    return k <= 6 ? first[k] : -first[12 - k];
}

enum { UNIT = 65536 };

static int64_t units(double v)
{
    return (int64_t)(v * UNIT + (v < 0 ? -0.5 : 0.5));
}

/* At modules (u, v) from the symbol's corner, in UNITs. */
static bool dark_at(const struct qr *qr, int64_t u, int64_t v)
{
    int64_t x = u >> 16, y = v >> 16;
    return x >= 0 && y >= 0 && x < qr->side && y < qr->side && qr->dark[y * qr->side + x];
}

/* Each pixel is the mean of 16 points; dark is 30, light 225. */
static struct grey see(const struct qr *qr, int module, int angle)
{
    double cos = cosine(angle), sin = cosine(angle - 6);
    double reach = (cos < 0 ? -cos : cos) + (sin < 0 ? -sin : sin);
    int side = (int)((qr->side + 8) * module * reach) + 2;
    struct grey g = draw_white((uint32_t)side, (uint32_t)side);
    int64_t across = units(cos / module / 4), down = units(sin / module / 4),
            half = (int64_t)qr->side * UNIT / 2;
    for (int y = 0; y < side * 4; y++) {
        /* Quarters of pixels from the middle of the plane, at the middle of each quarter. */
        int64_t v = 2 * (int64_t)y + 1 - 4 * side, u = 1 - 4 * side;
        int64_t mu = (u * across + v * down) / 2 + half, mv = (v * across - u * down) / 2 + half;
        for (int x = 0; x < side * 4; x++, mu += across, mv -= down) {
            g.px[y / 4 * side + x / 4] = (uint8_t)(g.px[y / 4 * side + x / 4] - dark_at(qr, mu, mv));
        }
    }
    for (int i = 0; i < side * side; i++) {
        g.px[i] = (uint8_t)(225 - 195 * (255 - g.px[i]) / 16);
    }
    return g;
}

static void soften_line(uint8_t *p, size_t step, uint32_t n)
{
    int before = p[0];
    for (uint32_t i = 0; i < n; i++) {
        int at = p[i * step], after = i + 1 < n ? p[(i + 1) * step] : at;
        p[i * step] = (uint8_t)((before + 2 * at + after + 2) / 4);
        before = at;
    }
}

/* 1 2 1 across and down: `runs` of it are a Gaussian with a variance of runs / 2. */
static void soften(struct grey *g, int runs)
{
    for (int i = 0; i < runs; i++) {
        for (uint32_t y = 0; y < g->height; y++) {
            soften_line(g->px + (size_t)y * g->width, 1, g->width);
        }
        for (uint32_t x = 0; x < g->width; x++) {
            soften_line(g->px + x, g->width, g->height);
        }
    }
}

/* Four equal distributions of 0 to `most`, near enough to normal; a standard deviation of 0.58 most. */
static void add_noise(struct grey *g, unsigned most, uint64_t *seed)
{
    for (size_t i = 0; most && i < (size_t)g->width * g->height; i++) {
        int v = g->px[i] - 2 * (int)most;
        for (int k = 0; k < 4; k++) {
            v += (int)((draw_random(seed) >> 33) % (most + 1));
        }
        g->px[i] = (uint8_t)(v < 0 ? 0 : v > 255 ? 255 : v);
    }
}

static void invert(struct grey *g)
{
    for (size_t i = 0; i < (size_t)g->width * g->height; i++) {
        g->px[i] = (uint8_t)(255 - g->px[i]);
    }
}

static void free_codes(struct buf texts[PICTURE_CODES_MAX])
{
    for (int i = 0; i < PICTURE_CODES_MAX; i++) {
        buf_free(&texts[i]);
    }
}

static int read_codes(const struct grey *g, struct buf texts[PICTURE_CODES_MAX])
{
    hush_begin();
    int n = grey_codes(g, texts);
    hush_end();
    return n;
}

static bool reads(const struct grey *g, const char *text, size_t n)
{
    struct buf texts[PICTURE_CODES_MAX];
    bool right = read_codes(g, texts) == 1 && bytes_equal(buf_view(&texts[0]), bytes_of(text, n));
    free_codes(texts);
    return right;
}

struct sight {
    int first, step; /* pixels a module, up to 8 */
    int blur;        /* variance in half square pixels */
    unsigned noise;
    bool inverted;
};

/* Each 15 degrees, each sight that has such modules. */
static void read_at_every_angle(size_t digits, const struct sight *sights, int n)
{
    uint64_t seed = 20261123;
    char text[300];
    struct qr qr;
    draw_digits(&seed, text, digits);
    assert_int_equal(qr_encode(bytes_of(text, digits), &qr, NULL), 0);
    for (int i = 0; i < 7 * 24 * n; i++) {
        const struct sight *s = &sights[i % n];
        int angle = i / n % 24, module = i / n / 24 + 2;
        if (module < s->first || (module - s->first) % s->step) {
            continue;
        }
        struct grey g = see(&qr, module, angle);
        soften(&g, s->blur);
        add_noise(&g, s->noise, &seed);
        if (s->inverted) {
            invert(&g);
        }
        if (!reads(&g, text, digits)) {
            fail_msg("not read: %zu digits, %d pixels a module, %d degrees, blur %d, noise %u%s", digits,
                     module, angle * 15, s->blur, s->noise, s->inverted ? ", inverted" : "");
        }
        grey_free(&g);
    }
    qr_free(&qr);
}

/* The bounds that README.md states. */
static void codes_are_read_at_every_angle(void **state)
{
    (void)state;
    static const struct sight sharp = {2, 1, 0, 0, false};
    read_at_every_angle(281, &sharp, 1);
    read_at_every_angle(13, &sharp, 1);
}

static void light_codes_on_dark_are_read_at_every_angle(void **state)
{
    (void)state;
    static const struct sight sights[] = {{2, 1, 0, 0, true}, {3, 2, 2, 10, true}};
    read_at_every_angle(40, sights, 2);
}

static void blurred_and_noisy_codes_are_read_at_every_angle(void **state)
{
    (void)state;
    static const struct sight sights[] = {{3, 2, 2, 10, false}, {4, 2, 4, 10, false}, {4, 2, 2, 20, false}};
    read_at_every_angle(281, sights, 1);
    read_at_every_angle(40, sights, 3);
}

static struct grey speckled(uint32_t width, uint32_t height)
{
    uint64_t seed = 1234567;
    struct grey g = draw_white(width, height);
    for (size_t i = 0; i < (size_t)width * height; i++) {
        g.px[i] = (uint8_t)(draw_random(&seed) >> 40);
    }
    return g;
}

static struct grey make(const struct pass *pass, const struct grey *g)
{
    struct grey made = {0};
    assert_int_equal(pass_make(pass, g, &made), 0);
    assert_int_equal((uint64_t)made.width * made.height, pass_pixels(pass, g->width, g->height));
    return made;
}

static void every_pass_takes_every_size(void **state)
{
    (void)state;
    static const uint32_t sides[][2] = {{1, 1},   {1, 7},      {7, 1},     {2, 3},
                                        {17, 33}, {401, 13},   {640, 480}, {1, PICTURE_SIDE_MAX},
                                        {900, 3}, {2500, 1000}};
    for (size_t s = 0; s < sizeof sides / sizeof *sides; s++) {
        struct grey g = speckled(sides[s][0], sides[s][1]);
        for (int i = 0; i < PASSES; i++) {
            if (pass_pixels(&passes[i], g.width, g.height)) {
                struct grey made = make(&passes[i], &g);
                grey_free(&made);
            }
        }
        grey_free(&g);
    }
}

static void only_the_first_passes_are_larger_than_the_limit(void **state)
{
    (void)state;
    for (int i = 0; i < PASSES; i++) {
        uint64_t n = pass_pixels(&passes[i], 8192, 4096);
        assert_true(i < 2 ? n == PICTURE_PIXELS_MAX : n > 0 && n <= PASS_PIXELS_MAX);
        assert_true(pass_pixels(&passes[i], PICTURE_SIDE_MAX, 1) <= PASS_PIXELS_MAX);
    }
}

/* In the order in which they are tried: as it stands, inverted, then the harder ones upright and inverted. */
static void the_passes_come_in_pairs(void **state)
{
    (void)state;
    assert_false(passes[0].inverted);
    assert_true(passes[1].inverted);
    for (int i = 2; i < 9; i++) {
        struct pass turned_over = passes[i];
        turned_over.inverted = true;
        assert_memory_equal(&turned_over, &passes[i + 7], sizeof turned_over);
        assert_false(passes[i].inverted);
    }
}

static void a_picture_is_scaled(void **state)
{
    (void)state;
    struct grey g = draw_white(2, 1);
    g.px[0] = 0;
    struct grey made = make(&(struct pass){.halves = 4}, &g);
    assert_int_equal(made.width, 4);
    assert_int_equal(made.height, 2);
    static const uint8_t ramp[] = {0, 64, 191, 255, 0, 64, 191, 255};
    for (int i = 0; i < 8; i++) {
        assert_in_range(made.px[i] + 1, ramp[i], ramp[i] + 2);
    }
    grey_free(&made);
    grey_free(&g);
    g = draw_white(30, 20);
    made = make(&(struct pass){.halves = 3}, &g);
    assert_int_equal(made.width, 45);
    assert_int_equal(made.height, 30);
    grey_free(&made);
    grey_free(&g);
}

static void a_large_picture_is_shrunk_by_means(void **state)
{
    (void)state;
    struct grey g = draw_white(800, 600);
    for (size_t i = 0; i < (size_t)g.width * g.height; i += 2) {
        g.px[i] = 1;
    }
    struct grey made = make(&(struct pass){.halves = 2, .cap = 400}, &g);
    assert_int_equal(made.width, 400);
    assert_int_equal(made.height, 300);
    for (size_t i = 0; i < (size_t)made.width * made.height; i++) {
        assert_int_equal(made.px[i], 128);
    }
    grey_free(&made);
    grey_free(&g);
    assert_int_equal(pass_pixels(&(struct pass){.halves = 2, .cap = 400}, 400, 400), 0);
    assert_int_equal(pass_pixels(&(struct pass){.halves = 2, .cap = 400}, 200, 401), 199 * 400);
}

static void a_turned_picture_holds_all_of_it_on_white(void **state)
{
    (void)state;
    struct grey g = draw_white(101, 51);
    memset(g.px, 0, (size_t)g.width * g.height);
    struct grey made = make(&(struct pass){.halves = 2, .turned = true}, &g);
    assert_int_equal(made.width, made.height);
    uint64_t dark = 0, n = (uint64_t)made.width * made.height;
    for (size_t i = 0; i < n; i++) {
        dark += made.px[i] < 128;
    }
    assert_in_range(dark, 101 * 51 - 120, 101 * 51 + 120);
    assert_int_equal(made.px[0], 255);
    assert_int_equal(made.px[n - 1], 255);
    assert_int_equal(made.px[(made.height / 2) * made.width + made.width / 2], 0);
    grey_free(&made);
    grey_free(&g);
}

/* Against the sum written out, with the square cut at the edges. */
static uint8_t mean_around(const struct grey *g, int64_t x, int64_t y, int64_t r)
{
    uint64_t sum = 0, n = 0;
    for (int64_t v = y - r; v <= y + r; v++) {
        for (int64_t u = x - r; u <= x + r; u++) {
            if (u >= 0 && v >= 0 && u < g->width && v < g->height) {
                sum += g->px[v * g->width + u];
                n++;
            }
        }
    }
    return (uint8_t)((sum + n / 2) / n);
}

static void black_and_white_are_told_by_the_mean_around(void **state)
{
    (void)state;
    static const uint32_t sides[][2] = {{37, 23}, {3, 40}, {40, 3}, {1, 1}, {5, 1}};
    static const uint8_t reaches[] = {1, 4, 8, 16};
    for (size_t s = 0; s < 5 * 4; s++) {
        struct grey g = speckled(sides[s / 4][0], sides[s / 4][1]);
        int64_t r = reaches[s % 4];
        struct grey made = make(&(struct pass){.halves = 2, .mean = (uint8_t)r}, &g);
        for (int64_t i = 0; i < (int64_t)g.width * g.height; i++) {
            bool light = g.px[i] >= mean_around(&g, i % g.width, i / g.width, r);
            assert_int_equal(made.px[i], light ? 255 : 0);
        }
        grey_free(&made);
        grey_free(&g);
    }
}

static void a_blur_is_the_mean_of_means(void **state)
{
    (void)state;
    struct grey g = speckled(19, 31), once = draw_white(19, 31);
    for (int64_t i = 0; i < 19 * 31; i++) {
        once.px[i] = mean_around(&g, i % 19, i / 19, 2);
    }
    struct grey made = make(&(struct pass){.halves = 2, .blur = 2}, &g);
    for (int64_t i = 0; i < 19 * 31; i++) {
        assert_int_equal(made.px[i], mean_around(&once, i % 19, i / 19, 2));
    }
    grey_free(&made);
    grey_free(&once);
    grey_free(&g);
}

static void inverting_turns_light_to_dark(void **state)
{
    (void)state;
    struct grey g = speckled(9, 7), made = make(&passes[1], &g);
    for (size_t i = 0; i < 63; i++) {
        assert_int_equal(made.px[i], 255 - g.px[i]);
    }
    grey_free(&made);
    grey_free(&g);
}

struct asked {
    int times, most;
    uint64_t last;
};

static bool allow_some(void *ctx, uint64_t pixels)
{
    struct asked *a = ctx;
    a->last = pixels;
    return a->times++ < a->most;
}

static void a_caller_may_end_the_search(void **state)
{
    (void)state;
    struct buf texts[PICTURE_CODES_MAX];
    struct grey white = draw_white(100, 80), code = draw_code("123", 3, 4);
    for (int most = 0; most <= 14; most++) {
        struct asked asked = {0, most, 0};
        assert_int_equal(grey_codes_while(&white, allow_some, &asked, texts), 0);
        /* The cap is no pass of its own for a small picture, upright or inverted. */
        assert_int_equal(asked.times, most < 13 ? most + 1 : 13);
        assert_true(asked.last >= 100 * 80);
    }
    struct asked asked = {0, 14, 0};
    assert_int_equal(grey_codes_while(&code, allow_some, &asked, texts), 1);
    assert_int_equal(asked.times, 0);
    free_codes(texts);
    invert(&code);
    asked = (struct asked){0, 0, 0};
    assert_int_equal(grey_codes_while(&code, allow_some, &asked, texts), 0);
    asked = (struct asked){0, 1, 0};
    assert_int_equal(grey_codes_while(&code, allow_some, &asked, texts), 1);
    free_codes(texts);
    grey_free(&code);
    grey_free(&white);
}

/* ISO/IEC 16390: a pair of digits in five bars and the five spaces between them; wide is three modules. */
static struct grey draw_itf(const char *digits)
{
    static const char wide[10][6] = {"00110", "10001", "01001", "11000", "00101",
                                     "10100", "01100", "00011", "10010", "01010"};
    char widths[200] = "1111";
    size_t n = 4;
    for (; digits[0]; digits += 2) {
        for (int i = 0; i < 5; i++) {
            widths[n++] = wide[digits[0] - '0'][i] == '1' ? '3' : '1';
            widths[n++] = wide[digits[1] - '0'][i] == '1' ? '3' : '1';
        }
    }
    memcpy(widths + n, "311", 4);
    struct grey g = draw_white(400, 80);
    uint32_t x = 40;
    for (size_t i = 0; widths[i]; i++) {
        uint32_t w = (uint32_t)(widths[i] - '0') * 2;
        for (uint32_t y = 10; i % 2 == 0 && y < 70; y++) {
            memset(g.px + y * g.width + x, 0, w);
        }
        x += w;
    }
    return g;
}

/* A picture that holds both: the checked one is what counts. */
static void a_code_with_a_check_goes_before_one_without(void **state)
{
    (void)state;
    struct qr qr;
    struct grey bars = draw_itf("1234567890"), g = draw_white(400, 240);
    memcpy(g.px, bars.px, (size_t)400 * 80);
    assert_true(reads(&g, "1234567890", 10));
    assert_int_equal(qr_encode(bytes_str("777"), &qr, NULL), 0);
    draw_qr(&g, &qr, 150, 110, 4);
    assert_true(reads(&g, "777", 3));
    qr_free(&qr);
    grey_free(&bars);
    grey_free(&g);
}

static void codes_without_a_check_are_read_only_as_they_stand(void **state)
{
    (void)state;
    struct buf texts[PICTURE_CODES_MAX];
    struct grey g = draw_itf("1234567890");
    assert_true(reads(&g, "1234567890", 10));
    invert(&g);
    assert_int_equal(read_codes(&g, texts), 0);
    grey_free(&g);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(codes_are_read_at_every_angle, hush_teardown),
        cmocka_unit_test_teardown(light_codes_on_dark_are_read_at_every_angle, hush_teardown),
        cmocka_unit_test_teardown(blurred_and_noisy_codes_are_read_at_every_angle, hush_teardown),
        cmocka_unit_test(every_pass_takes_every_size),
        cmocka_unit_test(only_the_first_passes_are_larger_than_the_limit),
        cmocka_unit_test(the_passes_come_in_pairs),
        cmocka_unit_test(a_picture_is_scaled),
        cmocka_unit_test(a_large_picture_is_shrunk_by_means),
        cmocka_unit_test(a_turned_picture_holds_all_of_it_on_white),
        cmocka_unit_test(black_and_white_are_told_by_the_mean_around),
        cmocka_unit_test(a_blur_is_the_mean_of_means),
        cmocka_unit_test(inverting_turns_light_to_dark),
        cmocka_unit_test_teardown(a_caller_may_end_the_search, hush_teardown),
        cmocka_unit_test_teardown(a_code_with_a_check_goes_before_one_without, hush_teardown),
        cmocka_unit_test_teardown(codes_without_a_check_are_read_only_as_they_stand, hush_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
