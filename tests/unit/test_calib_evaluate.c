/* SPDX-License-Identifier: Apache-2.0 */
/* The evaluation pipeline with a tiny detector, against a serial run of our own. */
#define _DEFAULT_SOURCE
#include "calib_test.h"

#include "base/settings.h"
#include "calib/evaluate.h"
#include "detect/decode.h"
#include "quant/ranges.h"

static const int32_t sizes[][2] = {{64, 48}, {33, 70}, {120, 31}, {64, 48}, {97, 97}, {40, 40}};
enum { PICTURES = 6 };

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

/* Detections of one picture, step by step, with outputs in NCHW where the pipeline has NHWC. */
static void detect_plainly(struct dsq_context *c, const struct dsq_picture *p,
                           struct dsq_detections *found)
{
    struct dsq_prepared_size ps;
    OK(dsq_prepare_size(task, dsq_picture_width(p), dsq_picture_height(p), &ps, &diag));
    float *x = malloc((size_t)ps.width * (size_t)ps.height * 3 * sizeof *x);
    OK(dsq_prepare(task, p, &ps, x, DSQ_NCHW, &diag));
    struct dsq_tensor t = {
        .dtype = DSQ_F32, .rank = 4, .dims = {1, 3, ps.height, ps.width}, .data = x};
    OK(dsq_context_set_input(c, 0, &t, &diag));
    OK(dsq_context_run(c, &diag));
    struct dsq_tensor out[2];
    const char *const names[] = {"cls", "box"};
    for (int i = 0; i < 2; i++)
        OK(dsq_context_output(c, i, &out[i], &diag));
    OK(dsq_decode(task, out, names, 2, 0, &ps, found, &diag));
    free(x);
}

/* Six pictures; COCO files whose ground truth is every third detection. Writes expected.json. */
static void make_data_set(void)
{
    struct dsq_engine *e = NULL;
    struct dsq_context *c = NULL;
    struct dsq_detections found = {0};
    struct dsq_writer images, truth, w;
    OK(dsq_engine_load(&e, engine, NULL, &diag));
    OK(dsq_context_create(&c, e, NULL, &diag));
    dsq_writer_init(&images, NULL);
    dsq_writer_init(&truth, NULL);
    dsq_writer_init(&w, NULL);
    dsq_write_text(&w, "[");
    size_t n = 0;
    for (int i = 0; i < PICTURES; i++) {
        struct dsq_picture *p = random_picture(sizes[i][0], sizes[i][1], 500 + (uint64_t)i);
        char name[32];
        snprintf(name, sizeof name, "p%d.png", i);
        OK(dsq_picture_write(p, in_folder(name), &diag));
        dsq_write_format(&images, "%s{\"id\":%d,\"file_name\":\"%s\"}", i ? "," : "", i + 10, name);
        detect_plainly(c, p, &found);
        assert_true(found.n > 0);
        for (size_t k = 0; k < found.n; k++, n++) {
            const struct dsq_box *b = &found.box[k];
            char box[160];
            snprintf(box, sizeof box,
                     "\"image_id\":%d,\"category_id\":%d,\"bbox\":[%.17g,%.17g,%.17g,%.17g]",
                     i + 10, b->label ? 4 : 7, (double)b->x0, (double)b->y0,
                     (double)b->x1 - (double)b->x0, (double)b->y1 - (double)b->y0);
            dsq_write_format(&w, "%s{%s,\"score\":%.17g}", n ? "," : "", box, (double)b->score);
            if (n % 3 == 0)
                dsq_write_format(&truth, "%s{\"id\":%zu,%s}", n ? "," : "", n + 1, box);
        }
        dsq_picture_free(&p);
    }
    dsq_write_text(&w, "]");
    write_text("expected.json", w.data);
    w.bytes = 0;
    dsq_write_format(&w,
                     "{\"images\":[%s],\"annotations\":[%s],\"categories\":[{\"id\":4,\"name\":"
                     "\"dog\"},{\"id\":7,\"name\":\"cat\"}]}",
                     images.data, truth.data);
    write_text("instances.json", w.data);
    dsq_writer_free(&w);
    dsq_writer_free(&truth);
    dsq_writer_free(&images);
    dsq_detections_free(&found);
    dsq_context_free(&c);
    dsq_engine_free(&e);
}

struct call {
    struct dsq_common common;
    struct dsq_eval_settings s;
    struct dsq_eval_result r;
    char annotations[160], save[160];
};

static void prepare_call(struct call *call, int threads)
{
    *call = (struct call){
        .common = {.size = sizeof call->common, .threads = threads, .log = &log_kept}};
    strcpy(call->annotations, in_folder("instances.json"));
    strcpy(call->save, in_folder("saved.json"));
    call->s = (struct dsq_eval_settings){.size = sizeof call->s,
                                         .common = &call->common,
                                         .images = folder,
                                         .annotations = call->annotations,
                                         .save_detections = call->save};
}

static void assert_same_numbers(const struct dsq_eval_result *a, const struct dsq_eval_result *b)
{
    assert_memory_equal(&a->ap, &b->ap, 12 * sizeof a->ap);
    assert_int_equal(a->images, b->images);
}

static void test_pipeline(void **state)
{
    (void)state;
    make_data_set();
    struct call call;
    struct dsq_eval_result expected = {.size = sizeof expected};
    void *first = NULL, *text = NULL;
    size_t first_bytes = 0, bytes = 0;
    prepare_call(&call, 1);
    OK(dsq_evaluate_detections(in_folder("expected.json"), &call.s, &expected, &diag));
    assert_true(expected.ap > 0.0 && expected.ap < 1.0);
    assert_true(expected.fps_network == 0.0 && expected.precision[0] == 0);
    for (int threads = 1; threads <= 4; threads++) {
        prepare_call(&call, threads);
        OK(dsq_evaluate_engine(engine, &call.s, &call.r, &diag));
        assert_same_numbers(&call.r, &expected);
        assert_string_equal(call.r.precision, "FP32");
        assert_string_equal(call.r.input_size, "natural");
        assert_int_equal(call.r.images, PICTURES);
        assert_true(call.r.fps_network > 0.0 && call.r.fps_total > 0.0 && call.r.ms_pre > 0.0);
        assert_true(call.r.ms_network > 0.0 && call.r.ms_post > 0.0);
        OK(dsq_file_read(call.save, NULL, &text, &bytes, &diag));
        if (!first) {
            first = text;
            first_bytes = bytes;
            continue;
        }
        assert_int_equal(bytes, first_bytes);
        assert_memory_equal(text, first, bytes);
        dsq_release(NULL, text);
    }
    dsq_release(NULL, first);
    OK(dsq_evaluate_detections(in_folder("saved.json"), &call.s, &call.r, &diag));
    assert_same_numbers(&call.r, &expected);
}

static void test_int8(void **state)
{
    (void)state;
    make_data_set();
    struct dsq_ranges *ranges = NULL;
    OK(dsq_ranges_create(&ranges, NULL, &diag));
    OK(dsq_ranges_set(ranges, "x", 2.7, &diag));
    OK(dsq_ranges_set(ranges, "stem", 6.0, &diag));
    dsq_engine_file_free(&engine);
    engine = make_engine(ranges);
    dsq_ranges_free(&ranges);
    struct call call;
    prepare_call(&call, 2);
    call.s.resize = "stretch:64x96";
    OK(dsq_evaluate_engine(engine, &call.s, &call.r, &diag));
    assert_string_equal(call.r.precision, "INT8");
    assert_string_equal(call.r.input_size, "64x96");
}

static void test_errors(void **state)
{
    (void)state;
    make_data_set();
    struct call call;
    for (int threads = 1; threads <= 3; threads += 2) {
        write_text("p3.png", "this is no picture");
        prepare_call(&call, threads);
        assert_int_equal(dsq_evaluate_engine(engine, &call.s, &call.r, &diag), DSQ_MALFORMED);
        assert_non_null(strstr(diag.text, "p3.png"));
        unlink(in_folder("p3.png"));
        assert_int_equal(dsq_evaluate_engine(engine, &call.s, &call.r, &diag), DSQ_IO);
        assert_non_null(strstr(diag.text, "p3.png"));
        call.s.skip_missing = true;
        OK(dsq_evaluate_engine(engine, &call.s, &call.r, &diag));
        assert_int_equal(call.r.images, PICTURES - 1);
        call.s.task = "retinanet-mmdet"; /* other outputs, other classes */
        assert_int_equal(dsq_evaluate_engine(engine, &call.s, &call.r, &diag), DSQ_ARGUMENT);
        assert_non_null(strstr(diag.text, "'person'"));
    }
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {TEST(test_pipeline), TEST(test_int8), TEST(test_errors)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
