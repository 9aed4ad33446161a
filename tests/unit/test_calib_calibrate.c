/* SPDX-License-Identifier: Apache-2.0 */
/* Calibration of a tiny detector: the same bits however it is run, right numbers, errors, memory.
 */
#define _DEFAULT_SOURCE
#include "calib_test.h"

#include "calib/calibrate.h"
#include "detect/prepare.h"

static const char *const wanted[] = {"x", "stem", "pool"};
static const int32_t sizes[][2] = {{64, 48}, {33, 70}, {120, 31}, {16, 16}, {97, 97}};
enum { WANTED = 3, PICTURES = 5 };

static struct dsq_engine_file *engine;
static struct dsq_task *task;

static int setup(void **state)
{
    engine = make_engine(NULL);
    OK(dsq_task_parse(&task, detector_task, NULL, 0, NULL, &diag));
    said[0] = 0;
    return make_folder(state);
}

static int teardown(void **state)
{
    dsq_task_free(&task);
    dsq_engine_file_free(&engine);
    return remove_folder(state);
}

/* Picture i under a name that puts it at place `at`. */
static void write_pictures(const int *place)
{
    for (int i = 0; i < PICTURES; i++) {
        char name[32];
        snprintf(name, sizeof name, "%02d.png", place ? place[i] : i);
        write_picture(name, sizes[i][0], sizes[i][1], 100 + (uint64_t)i);
    }
}

static struct dsq_calibrate_settings settings(const struct dsq_common *common)
{
    return (struct dsq_calibrate_settings){
        .common = common, .task = task, .images = folder, .wanted = wanted, .n_wanted = WANTED};
}

static struct dsq_calibration *calibrate(int threads)
{
    struct dsq_common common = {.size = sizeof common, .threads = threads};
    struct dsq_calibrate_settings s = settings(&common);
    struct dsq_calibration *c = NULL;
    OK(dsq_calibrate(&c, engine, &s, &diag));
    return c;
}

static void assert_same(const struct dsq_calibration *a, const struct dsq_calibration *b)
{
    for (int i = 0; i < WANTED; i++)
        assert_memory_equal(dsq_calibration_histogram(a, wanted[i]),
                            dsq_calibration_histogram(b, wanted[i]), sizeof(struct dsq_histogram));
}

static void test_threads_and_order_do_not_matter(void **state)
{
    static const int places[][PICTURES] = {{4, 3, 2, 1, 0}, {2, 0, 4, 1, 3}};
    write_pictures(NULL);
    struct dsq_calibration *first = calibrate(1);
    assert_int_equal(dsq_calibration_inputs(first), PICTURES);
    for (int threads = 2; threads <= 4; threads++) {
        struct dsq_calibration *c = calibrate(threads);
        assert_same(first, c);
        dsq_calibration_free(&c);
    }
    for (int k = 0; k < 2; k++) {
        remove_folder(state);
        make_folder(state);
        write_pictures(places[k]);
        struct dsq_calibration *c = calibrate(2);
        assert_same(first, c);
        dsq_calibration_free(&c);
    }
    dsq_calibration_free(&first);
    assert_null(first);
}

/* The values of one tensor, element by element, for comparison. */
struct tap {
    const char *name;
    struct dsq_histogram h;
};

static void add_plainly(struct dsq_histogram *h, const struct dsq_tensor *t)
{
    for (int64_t n = 0; n < t->dims[0]; n++)
        for (int64_t c = 0; c < t->dims[1]; c++)
            for (int64_t y = 0; y < t->dims[2]; y++)
                for (int64_t x = 0; x < t->dims[3]; x++)
                    dsq_histogram_add(
                        h,
                        (const float *)(const void *)((const char *)t->data + n * t->strides[0] +
                                                      c * t->strides[1] + y * t->strides[2] +
                                                      x * t->strides[3]),
                        1);
}

static void tap_hook(void *user, const char *node, const char *tensor,
                     const struct dsq_tensor *value)
{
    struct tap *tap = user;
    (void)node;
    if (strcmp(tensor, tap->name) == 0)
        add_plainly(&tap->h, value);
}

/* Against a serial run of our own through the public API. */
static void test_sees_the_right_numbers(void **state)
{
    (void)state;
    static struct tap stem = {.name = "stem"}, input = {.name = "x"};
    dsq_histogram_init(&stem.h);
    dsq_histogram_init(&input.h);
    struct dsq_engine *e = NULL;
    struct dsq_context *c = NULL;
    OK(dsq_engine_load(&e, engine, NULL, &diag));
    OK(dsq_context_create(&c, e, NULL, &diag));
    dsq_context_on_tensor(c, tap_hook, &stem);
    for (int i = 0; i < PICTURES; i++) {
        struct dsq_picture *p = random_picture(sizes[i][0], sizes[i][1], 100 + (uint64_t)i);
        struct dsq_prepared_size ps;
        OK(dsq_prepare_size(task, sizes[i][0], sizes[i][1], &ps, &diag));
        int64_t w = ps.width, h = ps.height, f = (int64_t)sizeof(float);
        float *x = malloc((size_t)(w * h * 3 * f));
        OK(dsq_prepare(task, p, &ps, x, DSQ_NCHW, &diag));
        struct dsq_tensor t = {.dtype = DSQ_F32,
                               .rank = 4,
                               .dims = {1, 3, h, w},
                               .strides = {3 * h * w * f, h * w * f, w * f, f},
                               .data = x};
        OK(dsq_context_set_input(c, 0, &t, &diag));
        OK(dsq_context_run(c, &diag));
        add_plainly(&input.h, &t);
        free(x);
        dsq_picture_free(&p);
    }
    dsq_context_free(&c);
    dsq_engine_free(&e);
    write_pictures(NULL);
    struct dsq_calibration *cal = calibrate(2);
    assert_memory_equal(dsq_calibration_histogram(cal, "x"), &input.h, sizeof input.h);
    assert_memory_equal(dsq_calibration_histogram(cal, "stem"), &stem.h, sizeof stem.h);
    assert_true(stem.h.n_zero > 0 && stem.h.max > 0.0f && stem.h.min == 0.0f);
    dsq_calibration_free(&cal);
}

static void test_ranges(void **state)
{
    (void)state;
    write_pictures(NULL);
    struct dsq_calibration *c = calibrate(1);
    for (int m = 0; m < DSQ_METHOD_COUNT; m++) {
        struct dsq_ranges *r = NULL;
        OK(dsq_calibration_ranges(c, (enum dsq_method)m, &r, &diag));
        assert_int_equal(dsq_ranges_count(r), WANTED);
        for (int i = 0; i < WANTED; i++) {
            double range = -1.0;
            assert_string_equal(dsq_ranges_name(r, (size_t)i), wanted[i]);
            assert_true(dsq_ranges_get(r, wanted[i], &range));
            assert_true(range == dsq_method_range((enum dsq_method)m,
                                                  dsq_calibration_histogram(c, wanted[i])));
            assert_true(range > 0.0);
        }
        dsq_ranges_free(&r);
    }
    dsq_calibration_free(&c);
}

/* Prepared tensors instead of pictures; then one with a NaN; then one of a wrong rank. */
static void test_tensors(void **state)
{
    (void)state;
    float x[3 * 16 * 32];
    uint64_t seed = 3;
    for (size_t i = 0; i < sizeof x / sizeof *x; i++)
        x[i] = random_normal(&seed);
    struct dsq_tensor t = {.dtype = DSQ_F32, .rank = 4, .dims = {1, 3, 16, 32}, .data = x};
    struct dsq_common common = {.size = sizeof common, .threads = 2, .log = &log_kept};
    struct dsq_calibrate_settings s = settings(&common);
    struct dsq_calibration *c = NULL;
    s.tensors = s.images;
    s.images = NULL;
    s.task = NULL;
    OK(dsq_npy_write(&t, in_folder("a.npy"), &diag));
    OK(dsq_npy_write(&t, in_folder("b.npy"), &diag));
    OK(dsq_calibrate(&c, engine, &s, &diag));
    assert_int_equal(dsq_calibration_inputs(c), 2);
    assert_int_equal(dsq_calibration_histogram(c, "x")->n_finite, 2 * 3 * 16 * 32);
    assert_string_equal(said, "");
    dsq_calibration_free(&c);
    x[77] = NAN;
    OK(dsq_npy_write(&t, in_folder("b.npy"), &diag));
    OK(dsq_calibrate(&c, engine, &s, &diag));
    assert_int_equal(dsq_calibration_histogram(c, "x")->n_nan, 1);
    assert_non_null(strstr(said, "'x'"));
    dsq_calibration_free(&c);
    common.strict = true;
    assert_int_equal(dsq_calibrate(&c, engine, &s, &diag), DSQ_MALFORMED);
    assert_null(c);
    t.rank = 3;
    t.dims[0] = 3;
    t.dims[1] = 16;
    t.dims[2] = 32;
    OK(dsq_npy_write(&t, in_folder("c.npy"), &diag));
    assert_int_equal(dsq_calibrate(&c, engine, &s, &diag), DSQ_SHAPE);
    assert_non_null(strstr(diag.text, "c.npy"));
}

static void test_unknown_names(void **state)
{
    (void)state;
    static const char *const names[] = {"ghost", "stem"};
    struct dsq_common common = {.size = sizeof common, .threads = 1, .log = &log_kept};
    struct dsq_calibrate_settings s = settings(&common);
    struct dsq_calibration *c = NULL;
    struct dsq_ranges *r = NULL;
    s.wanted = names;
    s.n_wanted = 2;
    write_pictures(NULL);
    OK(dsq_calibrate(&c, engine, &s, &diag));
    assert_non_null(strstr(said, "'ghost'"));
    OK(dsq_calibration_ranges(c, DSQ_METHOD_KL, &r, &diag));
    assert_int_equal(dsq_ranges_count(r), 1);
    dsq_ranges_free(&r);
    dsq_calibration_free(&c);
}

static void test_errors(void **state)
{
    (void)state;
    struct dsq_common common = {.size = sizeof common, .threads = 2};
    struct dsq_calibrate_settings s = settings(&common);
    struct dsq_calibration *c = NULL;
    assert_int_equal(dsq_calibrate(&c, engine, &s, &diag), DSQ_ARGUMENT); /* empty folder */
    write_pictures(NULL);
    write_text("03x.jpg", "this is no picture");
    write_text("04x.jpg", "nor is this");
    for (common.threads = 1; common.threads <= 3; common.threads++) {
        assert_int_equal(dsq_calibrate(&c, engine, &s, &diag), DSQ_MALFORMED);
        assert_non_null(strstr(diag.text, "03x.jpg"));
        assert_null(c);
    }
    s.images = "/nonexistent";
    assert_int_equal(dsq_calibrate(&c, engine, &s, &diag), DSQ_IO);
    s.tensors = folder;
    assert_int_equal(dsq_calibrate(&c, engine, &s, &diag), DSQ_ARGUMENT);
    s.images = s.tensors = NULL;
    assert_int_equal(dsq_calibrate(&c, engine, &s, &diag), DSQ_ARGUMENT);
    s.images = folder;
    s.task = NULL;
    assert_int_equal(dsq_calibrate(&c, engine, &s, &diag), DSQ_ARGUMENT);
}

/* ---- memory ---- */

struct meter {
    size_t now, peak;
};

static void *meter_alloc(void *user, size_t bytes)
{
    struct meter *m = user;
    size_t whole = (bytes + 64 + 63) / 64 * 64;
    size_t *p = aligned_alloc(64, whole);
    if (!p)
        return NULL;
    *p = bytes;
    m->now += bytes;
    m->peak = m->now > m->peak ? m->now : m->peak;
    return (char *)p + 64;
}

static void meter_free(void *user, void *memory)
{
    struct meter *m = user;
    size_t *p = (size_t *)(void *)((char *)memory - 64);
    m->now -= *p;
    free(p);
}

/* Four times the pictures, the same memory; and nothing stays. One thread: a meter knows no locks.
 */
static void test_memory_does_not_grow(void **state)
{
    (void)state;
    size_t peak[2];
    for (int k = 0; k < 2; k++) {
        struct meter m = {0};
        struct dsq_allocator a = {&m, meter_alloc, meter_free};
        struct dsq_common common = {.size = sizeof common, .threads = 1, .allocator = &a};
        struct dsq_calibrate_settings s = settings(&common);
        struct dsq_calibration *c = NULL;
        for (int i = 0; i < (k ? 40 : 10); i++) {
            char name[32];
            snprintf(name, sizeof name, "%02d.png", i);
            write_picture(name, 80, 64, (uint64_t)i + 1);
        }
        OK(dsq_calibrate(&c, engine, &s, &diag));
        dsq_calibration_free(&c);
        assert_int_equal(m.now, 0);
        peak[k] = m.peak;
    }
    assert_true(peak[1] <= peak[0] + 30 * 256); /* file names */
}

/* Every request for memory fails once: NOMEM, nothing given out, nothing left over. */
struct failing {
    struct meter meter;
    long left;
};

static void *failing_alloc(void *user, size_t bytes)
{
    struct failing *f = user;
    return f->left-- > 0 ? meter_alloc(&f->meter, bytes) : NULL;
}

static void failing_free(void *user, void *memory)
{
    struct failing *f = user;
    meter_free(&f->meter, memory);
}

static void test_out_of_memory(void **state)
{
    (void)state;
    enum dsq_status status = DSQ_NOMEM;
    long n = 0;
    write_picture("a.png", 40, 24, 1);
    write_picture("b.png", 24, 40, 2);
    for (; status == DSQ_NOMEM && n < 5000; n++) {
        struct failing f = {.left = n};
        struct dsq_allocator a = {&f, failing_alloc, failing_free};
        struct dsq_common common = {.size = sizeof common, .threads = 1, .allocator = &a};
        struct dsq_calibrate_settings s = settings(&common);
        struct dsq_calibration *c = NULL;
        status = dsq_calibrate(&c, engine, &s, &diag);
        assert_true((status == DSQ_OK) == (c != NULL));
        dsq_calibration_free(&c);
        assert_int_equal(f.meter.now, 0);
    }
    assert_int_equal(status, DSQ_OK);
    assert_true(n > 20);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_threads_and_order_do_not_matter),
        TEST(test_sees_the_right_numbers),
        TEST(test_ranges),
        TEST(test_tensors),
        TEST(test_unknown_names),
        TEST(test_errors),
        TEST(test_memory_does_not_grow),
        TEST(test_out_of_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
