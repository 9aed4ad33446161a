/* SPDX-License-Identifier: Apache-2.0 */
/* What other programs can ask of a context: a prepared picture, layers and their times. */
#define _DEFAULT_SOURCE
#include "calib_test.h"

#include "detect/prepare.h"
#include "engine/file.h"

struct running {
    struct dsq_engine_file *file;
    struct dsq_engine *engine;
    struct dsq_context *context;
};

static struct running start(void)
{
    struct running r = {.file = make_engine(NULL)};
    OK(dsq_engine_load(&r.engine, r.file, NULL, &diag));
    OK(dsq_context_create(&r.context, r.engine, NULL, &diag));
    return r;
}

static void stop(struct running *r)
{
    dsq_context_free(&r->context);
    dsq_engine_free(&r->engine);
    dsq_engine_file_free(&r->file);
}

/* The prepared picture is what the task says, and running with it gives what dsq_detect gives. */
static void test_prepared_input(void **state)
{
    (void)state;
    struct running r = start();
    struct dsq_picture *picture = random_picture(45, 37, 4);
    struct dsq_task *task = NULL;
    struct dsq_prepared_size ps;
    struct dsq_tensor input;
    OK(dsq_task_parse(&task, detector_task, NULL, 0, NULL, &diag));
    OK(dsq_prepare_size(task, 45, 37, &ps, &diag));
    assert_true(ps.width == 48 && ps.height == 48);
    float *expected = malloc(48 * 48 * 3 * sizeof *expected);
    OK(dsq_prepare(task, picture, &ps, expected, DSQ_NHWC, &diag));
    OK(dsq_prepare_input(r.context, picture, &input, &diag));
    assert_int_equal(input.rank, 4);
    assert_int_equal(input.dims[0], 1);
    assert_int_equal(input.dims[1], 3);
    assert_int_equal(input.dims[2], 48);
    assert_int_equal(input.dims[3], 48);
    assert_int_equal(input.layout, DSQ_NHWC);
    assert_memory_equal(input.data, expected, 48 * 48 * 3 * sizeof *expected);
    assert_int_equal(dsq_prepare_input(r.context, NULL, &input, &diag), DSQ_ARGUMENT);
    assert_int_equal(dsq_prepare_input(NULL, picture, &input, &diag), DSQ_ARGUMENT);
    free(expected);
    dsq_task_free(&task);
    dsq_picture_free(&picture);
    stop(&r);
}

static void test_layers(void **state)
{
    (void)state;
    struct running r = start();
    struct dsq_picture *picture = random_picture(200, 200, 4);
    struct dsq_detections found = {0};
    int32_t n = dsq_engine_layers(r.engine), convolutions = 0, timed = 0;
    assert_true(n >= 3);
    for (int32_t i = 0; i < n; i++) {
        struct dsq_layer_info info = {.size = sizeof info};
        OK(dsq_engine_layer_info(r.engine, i, &info));
        assert_true(info.name && info.output && *info.op && info.precision && *info.kernel);
        if (strcmp(info.op, "conv") == 0) {
            assert_string_equal(info.precision, "FP32");
            convolutions++;
        }
    }
    assert_int_equal(convolutions, 3);
    struct dsq_layer_info info = {.size = sizeof info};
    assert_int_equal(dsq_engine_layer_info(r.engine, n, &info), DSQ_ARGUMENT);
    assert_int_equal(dsq_engine_layer_info(r.engine, -1, &info), DSQ_ARGUMENT);
    info.size = 3;
    assert_int_equal(dsq_engine_layer_info(r.engine, 0, &info), DSQ_ARGUMENT);
    double *seconds = calloc((size_t)n, sizeof *seconds),
           *before = calloc((size_t)n, sizeof *before);
    dsq_context_time_layers(r.context, seconds);
    OK(dsq_detect(r.context, picture, &found, &diag));
    dsq_context_time_layers(r.context, NULL);
    for (int32_t i = 0; i < n; i++) {
        assert_true(seconds[i] >= 0 && seconds[i] < 60);
        timed += seconds[i] > 0;
        before[i] = seconds[i];
    }
    assert_true(timed >= convolutions);
    OK(dsq_detect(r.context, picture, &found, &diag));
    assert_memory_equal(seconds, before, (size_t)n * sizeof *seconds); /* it has ended */
    free(seconds);
    free(before);
    dsq_detections_free(&found);
    dsq_picture_free(&picture);
    stop(&r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_prepared_input),
        cmocka_unit_test(test_layers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
