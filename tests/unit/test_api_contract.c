/* SPDX-License-Identifier: Apache-2.0 */
/* What dsq.h promises whatever the job: NULLs, sizes of structs, errors that name things, memory
 * that follows the actual shape, two threads on one engine, and no leak when any allocation fails.
 */
#define _DEFAULT_SOURCE
#include "calib_test.h"
#include "counting.h"

#include <pthread.h>

/* The tiny detector as an engine file on disk. */
static void write_engine(const char *name)
{
    struct dsq_engine_file *file = make_engine(NULL);
    OK(dsq_engine_file_save(file, in_folder(name), &diag));
    dsq_engine_file_free(&file);
}

/* ---- NULLs and sizes ---- */

#define REFUSED(call)                                                                              \
    do {                                                                                           \
        diag.text[0] = 0;                                                                          \
        assert_int_equal((call), DSQ_ARGUMENT);                                                    \
        assert_true(diag.text[0]);                                                                 \
        assert_int_equal(diag.status, DSQ_ARGUMENT);                                               \
    } while (0)

static void test_null(void **state)
{
    (void)state;
    struct dsq_engine_file *file = NULL;
    struct dsq_engine *engine = NULL;
    struct dsq_context *context = NULL;
    struct dsq_picture *picture = NULL;
    struct dsq_detections found = {0};
    struct dsq_io_info info;
    struct dsq_tensor t = {0};
    uint8_t rgb[3] = {0};
    REFUSED(dsq_engine_file_open(NULL, "x", NULL, &diag));
    REFUSED(dsq_engine_file_open(&file, NULL, NULL, &diag));
    REFUSED(dsq_engine_file_open_memory(&file, NULL, 5, NULL, &diag));
    REFUSED(dsq_engine_file_build(&file, NULL, NULL, &diag));
    REFUSED(dsq_engine_file_save(NULL, "x", &diag));
    REFUSED(dsq_engine_load(&engine, NULL, NULL, &diag));
    REFUSED(dsq_engine_load(NULL, NULL, NULL, &diag));
    REFUSED(dsq_context_create(&context, NULL, NULL, &diag));
    REFUSED(dsq_context_set_input(NULL, 0, &t, &diag));
    REFUSED(dsq_context_set_output(NULL, 0, &t, &diag));
    REFUSED(dsq_context_reshape(NULL, &diag));
    REFUSED(dsq_context_run(NULL, &diag));
    REFUSED(dsq_context_output(NULL, 0, &t, &diag));
    REFUSED(dsq_picture_read(&picture, NULL, true, NULL, &diag));
    REFUSED(dsq_picture_decode(&picture, NULL, 3, "x", true, NULL, &diag));
    REFUSED(dsq_picture_from_rgb(&picture, 0, 1, rgb, NULL, &diag));
    REFUSED(dsq_picture_from_rgb(NULL, 1, 1, rgb, NULL, &diag));
    REFUSED(dsq_picture_write(NULL, "x", &diag));
    REFUSED(dsq_detect(NULL, NULL, &found, &diag));
    REFUSED(dsq_prepare_input(NULL, NULL, &t, &diag));
    REFUSED(dsq_judgement_interval(NULL, NULL, NULL, NULL, &diag));
    REFUSED(dsq_quantize(NULL, NULL, NULL, &diag));
    REFUSED(dsq_inspect(NULL, false, NULL, NULL, NULL, &diag));
    assert_int_equal(dsq_engine_input_info(NULL, 0, &info), DSQ_ARGUMENT);
    assert_int_equal(dsq_engine_output_info(NULL, 0, &info), DSQ_ARGUMENT);
    assert_int_equal(dsq_engine_layer_info(NULL, 0, NULL), DSQ_ARGUMENT);
    assert_int_equal(dsq_judgement_class(NULL, 0, NULL), DSQ_ARGUMENT);
    assert_int_equal(dsq_engine_file_open(NULL, NULL, NULL, NULL), DSQ_ARGUMENT);
    dsq_engine_file_free(&file);
    dsq_engine_free(&engine);
    dsq_context_free(&context);
    dsq_picture_free(&picture);
    dsq_detections_free(&found);
    dsq_engine_file_free(NULL);
    dsq_engine_free(NULL);
    dsq_context_free(NULL);
    dsq_picture_free(NULL);
    dsq_detections_free(NULL);
    dsq_judgement_free(NULL);
}

static void test_unset_sizes(void **state)
{
    (void)state;
    struct dsq_engine_file *file = NULL, *tiny = make_engine(NULL);
    struct dsq_engine *engine = NULL;
    struct dsq_context *context = NULL;
    const struct dsq_common common = {0};
    const struct dsq_build_settings build = {0};
    const struct dsq_engine_settings load = {0};
    const struct dsq_context_settings create = {0};
    const struct dsq_quantize_settings quantize = {0};
    const struct dsq_eval_settings eval = {0};
    struct dsq_eval_result result = {.size = sizeof result};
    REFUSED(dsq_engine_file_open(&file, "x", &common, &diag));
    REFUSED(dsq_engine_file_build(&file, "x", &build, &diag));
    REFUSED(dsq_engine_load(&engine, tiny, &load, &diag));
    REFUSED(dsq_context_create(&context, NULL, &create, &diag));
    REFUSED(dsq_quantize("x", &quantize, NULL, &diag));
    REFUSED(dsq_eval_engine(tiny, &eval, &result, &diag));
    dsq_engine_file_free(&tiny);
    /* Results: found out before the work. */
    struct dsq_quantize_result no_size = {0};
    const struct dsq_quantize_settings q = {.size = sizeof q, .images = "no such folder"};
    REFUSED(dsq_quantize("no such model", &q, &no_size, &diag));
    assert_non_null(strstr(diag.text, "dsq_quantize_result"));
    const struct dsq_eval_settings s = {.size = sizeof s, .annotations = "no such file"};
    result.size = 0;
    REFUSED(dsq_eval_detections("no such file", &s, &result, &diag));
    REFUSED(dsq_eval_detections("no such file", &s, NULL, &diag));
}

/* A program built against an older header passes less: what it does not know of keeps its default.
 */
static void test_older_program(void **state)
{
    (void)state;
    struct dsq_engine_file *file = make_engine(NULL);
    struct dsq_engine *engine = NULL;
    struct dsq_context *context = NULL;
    OK(dsq_engine_load(&engine, file, NULL, &diag));
    struct dsq_context_settings older;
    memset(&older, 0xee, sizeof older); /* beyond `size` there is anything */
    older.size = offsetof(struct dsq_context_settings, plan_cache);
    older.common = NULL;
    OK(dsq_context_create(&context, engine, &older, &diag));
    dsq_context_free(&context);
    dsq_engine_free(&engine);
    dsq_engine_file_free(&file);
}

static void never_called(void *user, void (*task)(void *arg, size_t i), void *arg, size_t n)
{
    (void)user;
    (void)task;
    (void)arg;
    (void)n;
    fail_msg("an executor was used");
}

static void test_executor_of_too_many_threads(void **state)
{
    (void)state;
    const struct dsq_executor e = {.n_threads = 1025, .run = never_called};
    const struct dsq_common common = {.size = sizeof common, .executor = &e};
    const struct dsq_context_settings s = {.size = sizeof s, .common = &common};
    struct dsq_engine_file *file = make_engine(NULL);
    struct dsq_engine *engine = NULL;
    struct dsq_context *context = NULL;
    OK(dsq_engine_load(&engine, file, NULL, &diag));
    REFUSED(dsq_context_create(&context, engine, &s, &diag));
    assert_null(context);
    dsq_engine_free(&engine);
    dsq_engine_file_free(&file);
}

/* ---- contexts ---- */

struct opened {
    struct dsq_engine_file *file;
    struct dsq_engine *engine;
    struct dsq_context *context;
};

static void open_detector(struct opened *o, int threads)
{
    const struct dsq_common common = {.size = sizeof common, .threads = threads};
    const struct dsq_context_settings s = {.size = sizeof s, .common = &common};
    o->file = make_engine(NULL);
    OK(dsq_engine_load(&o->engine, o->file, NULL, &diag));
    OK(dsq_context_create(&o->context, o->engine, &s, &diag));
}

static void close_detector(struct opened *o)
{
    dsq_context_free(&o->context);
    dsq_engine_free(&o->engine);
    dsq_engine_file_free(&o->file);
}

static void set_size(struct dsq_context *c, float *x, int64_t h, int64_t w)
{
    struct dsq_tensor t = {.dtype = DSQ_F32, .rank = 4, .dims = {1, 3, h, w}, .data = x};
    OK(dsq_context_set_input(c, 0, &t, &diag));
}

static void test_memory_follows_the_shape(void **state)
{
    (void)state;
    struct opened o;
    open_detector(&o, 1);
    float x = 0; /* a reshape reads no data */
    assert_int_equal(dsq_context_activation_bytes(o.context), 0);
    set_size(o.context, &x, 1024, 1024);
    OK(dsq_context_reshape(o.context, &diag));
    size_t large = dsq_context_activation_bytes(o.context);
    set_size(o.context, &x, 128, 128);
    OK(dsq_context_reshape(o.context, &diag));
    size_t small = dsq_context_activation_bytes(o.context);
    /* 64 times the pixels; what does not grow with them is small. */
    assert_in_range(large / small, 40, 64);
    set_size(o.context, &x, 1024, 1024);
    OK(dsq_context_reshape(o.context, &diag));
    assert_int_equal(dsq_context_activation_bytes(o.context), large);
    close_detector(&o);
}

static void test_output_on_an_input(void **state)
{
    (void)state;
    struct opened o;
    float *x = calloc(3 * 64 * 64, sizeof *x);
    assert_non_null(x);
    open_detector(&o, 1);
    set_size(o.context, x, 64, 64);
    struct dsq_tensor t = {.dtype = DSQ_F32, .rank = 4, .dims = {1, 18, 8, 8}, .data = x + 100};
    OK(dsq_context_set_output(o.context, 0, &t, &diag));
    REFUSED(dsq_context_run(o.context, &diag));
    assert_non_null(strstr(diag.text, "'cls'"));
    assert_non_null(strstr(diag.text, "'x'"));
    OK(dsq_context_set_output(o.context, 0, NULL, &diag)); /* and the context goes on */
    OK(dsq_context_run(o.context, &diag));
    close_detector(&o);
    free(x);
}

/* ---- detection ---- */

static void test_detect_after_failure(void **state)
{
    (void)state;
    struct opened o;
    struct dsq_detections found = {0};
    struct dsq_picture *p = random_picture(60, 44, 9);
    float own[18 * 8 * 8];
    open_detector(&o, 1);
    OK(dsq_detect(o.context, p, &found, &diag));
    size_t n = found.n;
    assert_true(n > 0);
    /* Whatever the caller has bound meanwhile. */
    struct dsq_tensor t = {.dtype = DSQ_F32, .rank = 4, .dims = {1, 18, 8, 8}, .data = own};
    OK(dsq_context_set_output(o.context, 0, &t, &diag));
    OK(dsq_detect(o.context, p, &found, &diag));
    assert_int_equal(found.n, n);
    /* A failure leaves no old boxes behind. */
    assert_int_not_equal(dsq_detect(o.context, NULL, &found, &diag), DSQ_OK);
    close_detector(&o);
    struct dsq_engine_file *bare = NULL;
    struct dsq_graph *g = make_detector();
    OK(dsq_passes_run(g, NULL, NULL, &diag));
    OK(dsq_engine_file_create(&bare, g, NULL, NULL, NULL, "bare.engine", NULL, &diag));
    o.file = bare;
    OK(dsq_engine_load(&o.engine, bare, NULL, &diag));
    OK(dsq_context_create(&o.context, o.engine, NULL, &diag));
    assert_int_equal(dsq_detect(o.context, p, &found, &diag), DSQ_UNSUPPORTED);
    assert_non_null(strstr(diag.text, "bare.engine"));
    assert_non_null(strstr(diag.text, "retinanet-mmdet"));
    assert_int_equal(found.n, 0);
    close_detector(&o);
    dsq_picture_free(&p);
    dsq_detections_free(&found);
}

struct looker {
    const struct dsq_engine *engine;
    int turn; /* which sizes first */
    size_t n[3];
    float score[3];
    bool ok;
};

static void *look(void *arg)
{
    static const int32_t side[3] = {40, 72, 56};
    struct looker *l = arg;
    const struct dsq_common common = {.size = sizeof common, .threads = 2};
    const struct dsq_context_settings s = {.size = sizeof s, .common = &common, .plan_cache = 2};
    struct dsq_context *c = NULL;
    struct dsq_detections found = {0};
    bool ok = dsq_context_create(&c, l->engine, &s, NULL) == DSQ_OK;
    for (int round = 0; ok && round < 12; round++) {
        int k = (round + l->turn) % 3;
        struct dsq_picture *p = NULL;
        uint8_t rgb[72 * 50 * 3];
        for (size_t i = 0; i < sizeof rgb; i++)
            rgb[i] = (uint8_t)(i * 31 + i / 7);
        ok = dsq_picture_from_rgb(&p, side[k], 50, rgb, NULL, NULL) == DSQ_OK &&
             dsq_detect(c, p, &found, NULL) == DSQ_OK;
        dsq_picture_free(&p);
        if (!ok)
            break;
        float score = found.n ? found.box[0].score : 0;
        ok = round < 3 || (l->n[k] == found.n && l->score[k] == score);
        l->n[k] = found.n;
        l->score[k] = score;
    }
    dsq_detections_free(&found);
    dsq_context_free(&c);
    l->ok = ok;
    return NULL;
}

static void test_two_threads_share_an_engine(void **state)
{
    (void)state;
    struct dsq_engine_file *file = make_engine(NULL);
    struct dsq_engine *engine = NULL;
    OK(dsq_engine_load(&engine, file, NULL, &diag));
    struct looker l[2] = {{.engine = engine}, {.engine = engine, .turn = 1}};
    pthread_t thread;
    assert_int_equal(pthread_create(&thread, NULL, look, &l[0]), 0);
    look(&l[1]);
    assert_int_equal(pthread_join(thread, NULL), 0);
    assert_true(l[0].ok && l[1].ok);
    assert_memory_equal(l[0].n, l[1].n, sizeof l[0].n);
    assert_memory_equal(l[0].score, l[1].score, sizeof l[0].score);
    dsq_engine_free(&engine);
    dsq_engine_file_free(&file);
}

/* ---- out of memory ---- */

static enum dsq_status whole_way(struct counting *count, const char *engine, const char *path)
{
    const struct dsq_common common = {
        .size = sizeof common, .allocator = &count->allocator, .threads = 2};
    const struct dsq_engine_settings es = {.size = sizeof es, .common = &common};
    const struct dsq_context_settings cs = {.size = sizeof cs, .common = &common};
    struct dsq_engine_file *file = NULL;
    struct dsq_engine *e = NULL;
    struct dsq_context *c = NULL;
    struct dsq_picture *p = NULL;
    struct dsq_detections found = {.allocator = &count->allocator};
    enum dsq_status status = dsq_engine_file_open(&file, engine, &common, &diag);
    if (status == DSQ_OK)
        status = dsq_engine_load(&e, file, &es, &diag);
    if (status == DSQ_OK)
        status = dsq_context_create(&c, e, &cs, &diag);
    if (status == DSQ_OK)
        status = dsq_picture_read(&p, path, true, &count->allocator, &diag);
    if (status == DSQ_OK)
        status = dsq_detect(c, p, &found, &diag);
    if (status == DSQ_NOMEM && c && p) { /* a context is of use again after an error */
        OK(dsq_detect(c, p, &found, &diag));
        assert_true(found.n > 0);
    }
    dsq_detections_free(&found);
    dsq_picture_free(&p);
    dsq_context_free(&c);
    dsq_engine_free(&e);
    dsq_engine_file_free(&file);
    return status;
}

static void test_out_of_memory(void **state)
{
    (void)state;
    char engine[160], path[160];
    strcpy(engine, in_folder("tiny.engine"));
    strcpy(path, in_folder("p.png"));
    write_engine("tiny.engine");
    write_picture("p.png", 70, 50, 77);
    enum dsq_status status = DSQ_NOMEM;
    for (size_t n = 1; status != DSQ_OK; n++) {
        struct counting count;
        counting_init(&count);
        count.fail_at = n;
        status = whole_way(&count, engine, path);
        if (status != DSQ_OK)
            assert_int_equal(status, DSQ_NOMEM);
        assert_int_equal(count.n_live, 0);
        assert_true(n < 5000);
    }
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, make_folder, remove_folder)

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_null),
        cmocka_unit_test(test_unset_sizes),
        cmocka_unit_test(test_older_program),
        cmocka_unit_test(test_executor_of_too_many_threads),
        cmocka_unit_test(test_memory_follows_the_shape),
        cmocka_unit_test(test_output_on_an_input),
        cmocka_unit_test(test_detect_after_failure),
        cmocka_unit_test(test_two_threads_share_an_engine),
        TEST(test_out_of_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
