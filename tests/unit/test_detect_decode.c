/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Decoding RetinaNet's three dialects: small maps of noise against independent numpy code
 * (tests/data/detect/make.py), in every memory layout; and what wrong outputs are told.
 */
#include "unit/detect_test.h"

#include <math.h>

#include "detect/anchors.h"
#include "detect/decode.h"
#include "detect/select.h"
#include "unit/detect_expected.h"

enum { LEVELS = 5, SCORES = 18, BOXES = 36 };

struct dialect {
    const char *task;
    int64_t grid[LEVELS][2]; /* height, width */
    const float *expected;
    size_t n_expected;
    bool is_score; /* the maps hold scores, not logits */
};

#define COMMON "\"classes\": [\"a\", \"b\"], \"candidates_per_level\": 40, \"max_detections\": 20, "
static const struct dialect dialects[] = {
    {"{\"preset\": \"retinanet-mmdet\", " COMMON "\"resize\": \"short:48,64\", \"pad\": 1}",
     {{8, 6}, {4, 3}, {2, 2}, {1, 1}, {1, 1}},
     decoded_mmdet,
     sizeof decoded_mmdet / sizeof(float) / 6,
     false},
    {"{\"preset\": \"retinanet-torchvision\", " COMMON "\"resize\": \"short:48,64\"}",
     {{8, 8}, {4, 4}, {2, 2}, {1, 1}, {1, 1}},
     decoded_torchvision,
     sizeof decoded_torchvision / sizeof(float) / 6,
     false},
    {"{\"preset\": \"retinanet-odtk\", " COMMON "\"resize\": \"short:96,128\"}",
     {{16, 16}, {8, 8}, {4, 4}, {2, 2}, {1, 1}},
     decoded_odtk,
     sizeof decoded_odtk / sizeof(float) / 6,
     true},
};

static const char *const names[2 * LEVELS] = {"s3", "s4", "s5", "s6", "s7",
                                              "b3", "b4", "b5", "b6", "b7"};

/* How the numbers of a map lie in memory. */
enum memory { PLANES, PIXELS, WIDE_PIXELS, SCATTERED, N_MEMORIES };

struct outputs {
    struct dsq_tensor tensor[2 * LEVELS];
};

static void place(struct dsq_tensor *t, enum memory memory, int64_t c, int64_t h, int64_t w)
{
    *t = (struct dsq_tensor){.dtype = DSQ_F32, .rank = 4, .dims = {2, c, h, w}};
    int64_t sc = h * w, sy = w, sx = 1, size = c * h * w;
    if (memory == PIXELS || memory == WIDE_PIXELS) {
        int64_t pixel = memory == PIXELS ? c : c + 5;
        t->layout = DSQ_NHWC;
        sc = 1, sy = w * pixel, sx = pixel, size = h * w * pixel;
    } else if (memory == SCATTERED) {
        sc = 2 * h * w, sy = 2 * w, sx = 2, size = 2 * c * h * w;
    }
    const int64_t steps[4] = {size, sc, sy, sx};
    t->data = malloc((size_t)(2 * size) * sizeof(float));
    float *p = t->data;
    for (int64_t i = 0; i < 2 * size; i++)
        p[i] = 1e9f; /* what must not be looked at: the other picture, the gaps */
    for (int i = 0; i < 4 && memory != PLANES; i++)
        t->strides[i] = steps[i] * (int64_t)sizeof(float);
    for (int64_t i = 0; i < 4; i++)
        t->strides[4 + i] = steps[i]; /* kept for fill */
}

/* Number i of picture 1: pixel by pixel in row order, then channel. */
static float *element(const struct dsq_tensor *t, int64_t i)
{
    const int64_t *step = t->strides + 4;
    int64_t c = i % t->dims[1], pixel = i / t->dims[1];
    return (float *)t->data + step[0] + c * step[1] + pixel / t->dims[3] * step[2] +
           pixel % t->dims[3] * step[3];
}

static void make_outputs(struct outputs *o, const struct dialect *v, enum memory memory)
{
    for (int l = 0; l < LEVELS; l++) {
        int64_t h = v->grid[l][0], w = v->grid[l][1];
        place(&o->tensor[l], memory, SCORES, h, w);
        place(&o->tensor[LEVELS + l], memory, BOXES, h, w);
        for (int64_t i = 0; i < h * w * SCORES; i++) {
            double x = noise((uint64_t)i, 1000 + (uint64_t)l);
            *element(&o->tensor[l], i) = (float)(v->is_score ? pow(x, 8) : x * 10 - 8);
        }
        for (int64_t i = 0; i < h * w * BOXES; i++)
            *element(&o->tensor[LEVELS + l], i) =
                (float)(noise((uint64_t)i, 2000 + (uint64_t)l) * 4 - 2);
    }
}

static void free_outputs(struct outputs *o)
{
    for (int i = 0; i < 2 * LEVELS; i++)
        free(o->tensor[i].data);
}

static struct dsq_task *parse(const char *text)
{
    struct dsq_task *task = NULL;
    struct dsq_diag d = {0};
    assert_ok(dsq_task_parse(&task, text, NULL, 0, NULL, &d), d);
    return task;
}

static void expect(const struct dsq_detections *found, const float *expected, size_t n,
                   const char *what)
{
    static const char *const classes[] = {"a", "b"};
    assert_int_equal(found->n, n);
    for (size_t i = 0; i < n; i++, expected += 6) {
        const struct dsq_box *b = &found->box[i];
        const float got[5] = {b->x0, b->y0, b->x1, b->y1, b->score};
        for (int k = 0; k < 5; k++)
            if (!(fabsf(got[k] - expected[k]) <= (k < 4 ? 1e-4f : 1e-6f)))
                fail_msg("%s: box %zu, number %d: %.9g, expected %.9g", what, i, k, (double)got[k],
                         (double)expected[k]);
        assert_int_equal(b->label, (int)expected[5]);
        assert_string_equal(b->name, classes[b->label]);
    }
}

static void test_dialects(void **state)
{
    (void)state;
    for (size_t k = 0; k < sizeof dialects / sizeof dialects[0]; k++)
        for (int memory = 0; memory < N_MEMORIES; memory++) {
            const struct dialect *v = &dialects[k];
            struct dsq_task *task = parse(v->task);
            struct dsq_prepared_size ps;
            struct dsq_detections found = {0};
            struct outputs o;
            struct dsq_diag d = {0};
            assert_ok(dsq_prepare_size(task, 39, 50, &ps, &d), d);
            make_outputs(&o, v, memory);
            for (int twice = 0; twice < 2; twice++)
                assert_ok(dsq_decode(task, o.tensor, names, 10, 1, &ps, &found, &d), d);
            expect(&found, v->expected, v->n_expected, v->task);
            dsq_detections_free(&found);
            assert_int_equal(found.n, 0);
            free_outputs(&o);
            dsq_task_free(&task);
        }
}

/* Named outputs are found in any order; more outputs than needed are fine then. */
static void test_names(void **state)
{
    (void)state;
    struct dsq_task *task =
        parse("{\"preset\": \"retinanet-mmdet\", " COMMON "\"resize\": \"short:48,64\", \"pad\": 1,"
              "\"score_outputs\": [\"s3\", \"s4\", \"s5\", \"s6\", \"s7\"],"
              "\"box_outputs\": [\"b3\", \"b4\", \"b5\", \"b6\", \"b7\"]}");
    struct outputs o;
    struct dsq_tensor mixed[2 * LEVELS + 1];
    const char *mixed_names[2 * LEVELS + 1];
    struct dsq_prepared_size ps;
    struct dsq_detections found = {0};
    struct dsq_diag d = {0};
    make_outputs(&o, &dialects[0], PIXELS);
    for (int i = 0; i < 2 * LEVELS; i++) {
        mixed[i * 7 % 11] = o.tensor[i];
        mixed_names[i * 7 % 11] = names[i];
    }
    mixed[10 * 7 % 11] = (struct dsq_tensor){.rank = 1};
    mixed_names[10 * 7 % 11] = "other";
    assert_ok(dsq_prepare_size(task, 39, 50, &ps, &d), d);
    assert_ok(dsq_decode(task, mixed, mixed_names, 11, 1, &ps, &found, &d), d);
    expect(&found, dialects[0].expected, dialects[0].n_expected, "named outputs");
    mixed_names[3 * 7 % 11] = "s6b";
    assert_int_equal(dsq_decode(task, mixed, mixed_names, 11, 1, &ps, &found, &d), DSQ_SHAPE);
    assert_says(d, "output 's6' is not among");
    dsq_detections_free(&found);
    free_outputs(&o);
    dsq_task_free(&task);
}

/* The limit on logits divides floats exactly as the sigmoid in doubles does. */
static void test_score_limit(void **state)
{
    (void)state;
    static const double thresholds[] = {0.05, 0.01, 0.3, 0.5, 0.9, 0.999};
    for (size_t i = 0; i < sizeof thresholds / sizeof thresholds[0]; i++) {
        char text[128];
        snprintf(text, sizeof text, "{\"preset\": \"retinanet-mmdet\", \"score_threshold\": %.17g}",
                 thresholds[i]);
        struct dsq_task *task = parse(text);
        double t = thresholds[i], exact = log(t / (1 - t));
        float limit = dsq_select_limit(task, true);
        assert_true((double)limit <= exact);
        assert_true((double)nextafterf(limit, INFINITY) > exact);
        limit = dsq_select_limit(task, false);
        assert_true((double)limit <= t);
        assert_true((double)nextafterf(limit, INFINITY) > t);
        dsq_task_free(&task);
    }
}

/* ---- one level of one pixel, built by hand ---- */

struct tiny {
    float score[6], box[12]; /* 3 anchors (scales 1, 2, 4) of 2 classes */
    struct dsq_tensor tensor[2];
    struct dsq_task *task;
    struct dsq_prepared_size ps;
    struct dsq_detections found;
};

#define TINY                                                                                       \
    "{\"preset\": \"retinanet-mmdet\", \"resize\": \"none\", \"pad\": 1, \"strides\": [8], "       \
    "\"anchor_base_sizes\": [8], \"anchor_scales\": [1, 2, 4], \"anchor_ratios\": [1], "           \
    "\"anchor_center_offset\": 0.5, "

static void tiny_init(struct tiny *t, const char *more)
{
    char text[1024];
    struct dsq_diag d = {0};
    memset(t, 0, sizeof *t);
    snprintf(text, sizeof text, TINY "%s}", more);
    t->task = parse(text);
    assert_ok(dsq_prepare_size(t->task, 64, 64, &t->ps, &d), d);
    t->tensor[0] = (struct dsq_tensor){.rank = 4, .dims = {1, 6, 1, 1}, .data = t->score};
    t->tensor[1] = (struct dsq_tensor){.rank = 4, .dims = {1, 12, 1, 1}, .data = t->box};
    for (int i = 0; i < 6; i++)
        t->score[i] = -9.0f;
}

static void tiny_decode(struct tiny *t)
{
    static const char *const tiny_names[] = {"scores", "boxes"};
    struct dsq_diag d = {0};
    assert_ok(dsq_decode(t->task, t->tensor, tiny_names, 2, 0, &t->ps, &t->found, &d), d);
}

static void tiny_free(struct tiny *t)
{
    dsq_detections_free(&t->found);
    dsq_task_free(&t->task);
}

static void test_classes_per_box(void **state)
{
    (void)state;
    struct tiny t;
    for (int best = 0; best < 2; best++) {
        tiny_init(&t, best ? "\"classes\": [], \"classes_per_box\": \"best\""
                           : "\"classes\": [], \"classes_per_box\": \"all\"");
        t.score[0] = 1.0f;
        t.score[1] = 1.0f; /* as good, but second */
        t.score[4] = 0.5f;
        t.score[5] = 2.0f;
        tiny_decode(&t);
        assert_int_equal(t.found.n, best ? 2 : 4);
        assert_int_equal(t.found.box[0].label, 1);
        assert_int_equal(t.found.box[1].label, 0);
        assert_true(t.found.box[1].x1 == 8.0f && t.found.box[1].x0 == 0.0f);
        assert_string_equal(t.found.box[0].name, "");
        tiny_free(&t);
    }
}

/* Labels named "" are never reported; NaN and infinite numbers do no harm. */
static void test_odd_numbers(void **state)
{
    (void)state;
    struct tiny t;
    tiny_init(&t, "\"classes\": [\"\", \"cat\"]");
    t.score[0] = 5.0f;
    t.score[1] = INFINITY;
    t.score[2] = NAN;
    t.score[3] = 3.0f;
    t.score[5] = 4.0f;
    t.box[4] = NAN;      /* anchor 1: no box */
    t.box[8] = INFINITY; /* anchor 2: wholly outside */
    tiny_decode(&t);
    assert_int_equal(t.found.n, 1);
    assert_string_equal(t.found.box[0].name, "cat");
    assert_true(t.found.box[0].score == 1.0f);
    tiny_free(&t);
}

static void test_clamp_and_clip(void **state)
{
    (void)state;
    static const char *const clamps[] = {"both", "above", "none"};
    for (int i = 0; i < 3; i++) {
        char more[128];
        struct tiny t;
        snprintf(more, sizeof more,
                 "\"classes\": [], \"clip\": \"none\", \"box_clamp\": \"%s\", "
                 "\"box_clamp_ratio\": 0.5",
                 clamps[i]);
        tiny_init(&t, more);
        t.score[0] = 1.0f;
        t.box[2] = 3.0f;  /* width times e^3, or 2 */
        t.box[3] = -3.0f; /* height by e^3, or 2 */
        tiny_decode(&t);
        assert_int_equal(t.found.n, 1);
        float w = t.found.box[0].x1 - t.found.box[0].x0, h = t.found.box[0].y1 - t.found.box[0].y0;
        assert_true(fabsf(w - (i < 2 ? 16.0f : 8.0f * expf(3.0f))) < 1e-3f);
        assert_true(fabsf(h - (i < 1 ? 4.0f : 8.0f * expf(-3.0f))) < 1e-3f);
        assert_true(t.found.box[0].x0 < 0.0f);
        tiny_free(&t);
    }
}

/* retinanet-examples before 0.2.1, whose anchors of stride 8 and ratio 0.5 have the sides 44 x 24:
 * round(sqrt(64 / 0.5)) = 11, round(11 * 0.5) = 6, times 4. */
static void test_rounded_anchors(void **state)
{
    (void)state;
    struct dsq_anchor anchors[9];
    struct dsq_task *old = parse("{\"preset\": \"retinanet-odtk\", \"anchor_rounding\": \"base\","
                                 " \"anchor_extent\": \"inclusive\"}");
    dsq_anchors_make(old, 0, 8, 8, anchors);
    assert_true(anchors[2].width == 44.0f && anchors[2].height == 24.0f);
    assert_true(anchors[2].center_x == 4.0f && anchors[2].center_y == 4.0f);
    assert_true(anchors[0].width == 32.0f && anchors[0].height == 32.0f);
    dsq_task_free(&old);
    /* since then: exact sides, which the box coding counts one longer */
    struct dsq_task *now = parse("retinanet-odtk");
    dsq_anchors_make(now, 0, 8, 8, anchors);
    assert_true(anchors[0].width == 33.0f && anchors[0].center_x == 4.5f);
    assert_true(fabsf(anchors[2].width - 46.2548340f) < 1e-5f);
    dsq_task_free(&now);
}

static void test_picture_limit(void **state)
{
    (void)state;
    struct tiny t;
    tiny_init(&t, "\"classes\": [], \"candidates_per_picture\": 2");
    for (int i = 0; i < 6; i++)
        t.score[i] = (float)i;
    tiny_decode(&t);
    assert_int_equal(t.found.n, 2);
    assert_int_equal(t.found.box[0].label, 1);
    assert_int_equal(t.found.box[1].label, 0);
    tiny_free(&t);
}

/* Equal logits: the best K are those of the lowest index, whatever the order of reading. */
static void test_ties_at_the_limit(void **state)
{
    (void)state;
    for (int nhwc = 0; nhwc < 2; nhwc++) {
        struct tiny t;
        struct dsq_diag d = {0};
        static const char *const tiny_names[] = {"scores", "boxes"};
        float score[6 * 64], box[12 * 64] = {0};
        tiny_init(&t, "\"classes\": [], \"candidates_per_level\": 3, \"nms_threshold\": 1");
        for (int i = 0; i < 6 * 64; i++)
            score[i] = 2.0f;
        t.tensor[0] = (struct dsq_tensor){.rank = 4, .dims = {1, 6, 1, 64}, .data = score};
        t.tensor[1] = (struct dsq_tensor){.rank = 4, .dims = {1, 12, 1, 64}, .data = box};
        t.tensor[0].layout = t.tensor[1].layout = nhwc ? DSQ_NHWC : DSQ_NCHW;
        assert_ok(dsq_decode(t.task, t.tensor, tiny_names, 2, 0, &t.ps, &t.found, &d), d);
        assert_int_equal(t.found.n, 3);
        assert_int_equal(t.found.box[0].label, 0);
        assert_int_equal(t.found.box[1].label, 1);
        assert_int_equal(t.found.box[2].label, 0);
        assert_true(t.found.box[2].x1 == 12.0f); /* pixel 0's second anchor */
        tiny_free(&t);
    }
}

static void refuse(struct tiny *t, int32_t n, int32_t batch, enum dsq_status expected,
                   const char *says)
{
    static const char *const tiny_names[] = {"scores", "boxes"};
    struct dsq_diag d = {0};
    assert_int_equal(dsq_decode(t->task, t->tensor, tiny_names, n, batch, &t->ps, &t->found, &d),
                     expected);
    assert_int_equal(t->found.n, 0);
    assert_says(d, says);
}

static void test_mistakes(void **state)
{
    (void)state;
    struct tiny t;
    tiny_init(&t, "\"classes\": [\"a\", \"b\"]");
    refuse(&t, 1, 0, DSQ_SHAPE, "the model has 1 outputs, the task's 1 levels");
    refuse(&t, 2, 1, DSQ_ARGUMENT, "output 'scores': picture 1 of a batch of 1");
    refuse(&t, 2, -1, DSQ_ARGUMENT, "picture -1");
    t.tensor[0].dims[1] = 3;
    refuse(&t, 2, 0, DSQ_SHAPE, "'scores' has 3 channels; 3 anchors of 2 classes need 6");
    t.tensor[0].dims[1] = 6;
    t.tensor[1].dims[1] = 8;
    refuse(&t, 2, 0, DSQ_SHAPE, "'boxes' has 8 channels; 3 anchors of 4 numbers need 12");
    t.tensor[1].dims[1] = 12;
    t.tensor[1].dims[3] = 2;
    refuse(&t, 2, 0, DSQ_SHAPE, "'boxes' is 1 x 2 (height x width), 'scores' is 1 x 1");
    t.tensor[1].dims[3] = 1;
    t.tensor[1].dtype = DSQ_S8;
    refuse(&t, 2, 0, DSQ_SHAPE, "'boxes': expected a float map of rank 4 in CPU memory, got s8");
    t.tensor[1].dtype = DSQ_F32;
    t.tensor[0].rank = 3;
    refuse(&t, 2, 0, DSQ_SHAPE, "'scores': expected a float map of rank 4");
    t.tensor[0].rank = 4;
    t.tensor[0].strides[1] = 3;
    refuse(&t, 2, 0, DSQ_ARGUMENT, "'scores': a stride of 3 bytes");
    t.tensor[0].strides[1] = 0;
    tiny_free(&t);
    tiny_init(&t, "\"classes\": []");
    t.tensor[0].dims[1] = 4;
    refuse(&t, 2, 0, DSQ_SHAPE, "'scores' has 4 channels, no multiple of 3 anchors");
    tiny_free(&t);
    tiny_init(&t, "\"classes\": [], \"stride_rule\": \"grid\"");
    t.tensor[0].dims[3] = t.tensor[1].dims[3] = 65;
    refuse(&t, 2, 0, DSQ_SHAPE, "'scores' is 1 x 65 (height x width) for an input of 64 x 64");
    tiny_free(&t);
}

static void test_out_of_memory(void **state)
{
    (void)state;
    struct tiny t;
    static const char *const tiny_names[] = {"scores", "boxes"};
    long n = 0;
    tiny_init(&t, "\"classes\": []");
    t.score[0] = 1.0f;
    for (;; n++) {
        struct failing f;
        struct dsq_diag d = {0};
        failing_init(&f, n);
        t.found = (struct dsq_detections){.allocator = &f.allocator};
        enum dsq_status status =
            dsq_decode(t.task, t.tensor, tiny_names, 2, 0, &t.ps, &t.found, &d);
        if (status != DSQ_OK)
            assert_int_equal(status, DSQ_NOMEM);
        dsq_detections_free(&t.found);
        assert_int_equal(f.live, 0);
        if (status == DSQ_OK)
            break;
    }
    assert_true(n >= 3);
    t.found = (struct dsq_detections){0};
    tiny_free(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_dialects),          cmocka_unit_test(test_names),
        cmocka_unit_test(test_score_limit),       cmocka_unit_test(test_classes_per_box),
        cmocka_unit_test(test_odd_numbers),       cmocka_unit_test(test_clamp_and_clip),
        cmocka_unit_test(test_rounded_anchors),   cmocka_unit_test(test_picture_limit),
        cmocka_unit_test(test_ties_at_the_limit), cmocka_unit_test(test_mistakes),
        cmocka_unit_test(test_out_of_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
