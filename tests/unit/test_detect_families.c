/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Decoding NanoDet, YOLOX and RetinaFace: small outputs of noise against independent numpy code
 * (tests/data/detect/make.py), in every form and memory layout; and what wrong outputs are told.
 */
#include "unit/detect_test.h"

#include <math.h>

#include "detect/decode.h"
#include "unit/detect_expected.h"

enum { LEVELS = 3, MOST = 64 * 32 };

#define COMMON                                                                                     \
    "\"classes\": [\"a\", \"b\"], \"candidates_per_picture\": 60, \"max_detections\": 20,"         \
    " \"score_threshold\": 0.05, "
#define NANODET                                                                                    \
    "{\"preset\": \"nanodet\", \"distance_bins\": 5, \"resize\": \"stretch:64x64\", " COMMON
#define YOLOX "{\"preset\": \"yolox\", \"resize\": \"fit:64x64\", " COMMON
#define RETINAFACE "{\"preset\": \"retinaface\", " COMMON
#define PLAIN "\"name\": \"\"}"

enum form { MAPS, PIXEL_MAPS, LIST, TURNED_LIST };

struct outputs {
    struct dsq_tensor tensor[2 * LEVELS];
    const char *name[2 * LEVELS];
    int32_t n;
    float *data[2 * LEVELS];
};

static float nanodet_score(double x)
{
    return (float)pow(x, 8);
}
static float nanodet_bin(double x)
{
    return (float)(x * 6 - 3);
}
static float plain(double x)
{
    return (float)x;
}
static float face_score(double x)
{
    return (float)(x * 10 - 6);
}
static float face_delta(double x)
{
    return (float)(x * 4 - 2);
}

static const int64_t square[LEVELS][2] = {{8, 8}, {4, 4}, {2, 2}};
static const int64_t natural[LEVELS][2] = {{7, 5}, {4, 3}, {2, 2}};

/* Maps of one kind, one a level: picture 1 of a batch of 2 holds noise, picture 0 what must not be
 * looked at. */
static void add_maps(struct outputs *o, enum form form, const int64_t grid[][2], int64_t channels,
                     uint64_t seed, float (*value)(double), const char *const *names)
{
    for (int l = 0; l < LEVELS; l++) {
        int64_t cells = grid[l][0] * grid[l][1], size = cells * channels;
        float *p = o->data[o->n] = malloc((size_t)(2 * size) * sizeof *p);
        for (int64_t i = 0; i < size; i++) {
            int64_t at = form == PIXEL_MAPS ? i : i % channels * cells + i / channels;
            p[i] = 1e9f;
            p[size + at] = value(noise((uint64_t)i, seed + (uint64_t)l));
        }
        o->tensor[o->n] = (struct dsq_tensor){.dtype = DSQ_F32,
                                              .rank = 4,
                                              .layout = form == PIXEL_MAPS ? DSQ_NHWC : DSQ_NCHW,
                                              .dims = {2, channels, grid[l][0], grid[l][1]},
                                              .data = p};
        o->name[o->n++] = names[l];
    }
}

/* All levels' cells in one list, with `two` the channels of the first kind of maps and then those
 * of the second. Turned: in memory channel by channel. */
static void make_list(struct outputs *list, const struct outputs *maps, bool two, bool turned)
{
    int64_t cells = 0, at = 0, first = maps->tensor[0].dims[1];
    int64_t channels = first + (two ? maps->tensor[LEVELS].dims[1] : 0);
    for (int l = 0; l < LEVELS; l++)
        cells += maps->tensor[l].dims[2] * maps->tensor[l].dims[3];
    float *p = list->data[0] = calloc((size_t)(2 * cells * channels), sizeof *p);
    float *q = p + cells * channels;
    for (int l = 0; l < LEVELS; l++) {
        int64_t n = maps->tensor[l].dims[2] * maps->tensor[l].dims[3];
        for (int64_t i = 0; i < n * channels; i++) {
            int64_t cell = i / channels, c = i % channels, m = c < first ? 0 : LEVELS;
            int64_t k = c < first ? c : c - first, width = c < first ? first : channels - first;
            const float *map = (const float *)maps->tensor[l + m].data + n * width;
            q[turned ? c * cells + at + cell : (at + cell) * channels + c] = map[k * n + cell];
        }
        at += n;
    }
    struct dsq_tensor *t = &list->tensor[0];
    *t = (struct dsq_tensor){.dtype = DSQ_F32, .rank = 3, .dims = {2, cells, channels}, .data = p};
    if (turned) {
        t->strides[0] = cells * channels * (int64_t)sizeof(float);
        t->strides[1] = sizeof(float);
        t->strides[2] = cells * (int64_t)sizeof(float);
    }
    list->name[0] = "all";
    list->n = 1;
}

static void free_outputs(struct outputs *o)
{
    for (int i = 0; i < 2 * LEVELS; i++)
        free(o->data[i]);
    memset(o, 0, sizeof *o);
}

static const char *const cls[] = {"cls0", "cls1", "cls2"}, *const reg[] = {"reg0", "reg1", "reg2"};
static const char *const box[] = {"box0", "box1", "box2"};

static void make_nanodet(struct outputs *o, enum form form)
{
    struct outputs maps = {0};
    add_maps(&maps, form == LIST ? MAPS : form, square, 2, 1000, nanodet_score, cls);
    add_maps(&maps, form == LIST ? MAPS : form, square, 20, 2000, nanodet_bin, reg);
    if (form != LIST) {
        *o = maps;
        return;
    }
    make_list(o, &maps, true, false);
    free_outputs(&maps);
}

static void make_yolox(struct outputs *o, enum form form)
{
    struct outputs maps = {0};
    bool list = form == LIST || form == TURNED_LIST;
    add_maps(&maps, list ? MAPS : form, square, 7, 1000, plain, cls);
    if (!list) {
        *o = maps;
        return;
    }
    make_list(o, &maps, false, form == TURNED_LIST);
    free_outputs(&maps);
}

static void make_faces(struct outputs *o, enum form form)
{
    add_maps(o, form, natural, 6, 1000, face_score, cls);
    add_maps(o, form, natural, 8, 2000, face_delta, box);
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

static void check(const char *text, struct outputs *o, const float *expected, size_t bytes)
{
    struct dsq_task *task = parse(text);
    struct dsq_prepared_size ps;
    struct dsq_detections found = {0};
    struct dsq_diag d = {0};
    assert_ok(dsq_prepare_size(task, 39, 50, &ps, &d), d);
    assert_ok(dsq_decode(task, o->tensor, o->name, o->n, 1, &ps, &found, &d), d);
    expect(&found, expected, bytes / sizeof(float) / 6, text);
    dsq_detections_free(&found);
    dsq_task_free(&task);
    free_outputs(o);
}

static void test_nanodet(void **state)
{
    (void)state;
    struct outputs o = {0};
    make_nanodet(&o, MAPS);
    check(NANODET PLAIN, &o, decoded_nanodet, sizeof decoded_nanodet);
    make_nanodet(&o, PIXEL_MAPS);
    check(NANODET PLAIN, &o, decoded_nanodet, sizeof decoded_nanodet);
    make_nanodet(&o, PIXEL_MAPS);
    check(NANODET "\"score_outputs\": [], \"box_outputs\": []}", &o, decoded_nanodet,
          sizeof decoded_nanodet);
    make_nanodet(&o, LIST);
    check(NANODET "\"score_outputs\": [], \"box_outputs\": []}", &o, decoded_nanodet,
          sizeof decoded_nanodet);
    make_nanodet(&o, LIST);
    check(NANODET "\"score_outputs\": [], \"box_outputs\": [], \"outputs\": [\"all\"]}", &o,
          decoded_nanodet, sizeof decoded_nanodet);
}

static void test_yolox(void **state)
{
    (void)state;
    struct outputs o = {0};
    static const enum form forms[] = {MAPS, PIXEL_MAPS, LIST, TURNED_LIST};
    for (size_t i = 0; i < sizeof forms / sizeof forms[0]; i++) {
        make_yolox(&o, forms[i]);
        check(YOLOX PLAIN, &o, decoded_yolox, sizeof decoded_yolox);
        make_yolox(&o, forms[i]);
        check(YOLOX "\"classes_per_box\": \"best\"}", &o, decoded_yolox_best,
              sizeof decoded_yolox_best);
    }
    make_yolox(&o, MAPS);
    check(YOLOX "\"outputs\": [\"cls0\", \"cls1\", \"cls2\"]}", &o, decoded_yolox,
          sizeof decoded_yolox);
    make_yolox(&o, LIST);
    check(YOLOX "\"outputs\": [\"all\"]}", &o, decoded_yolox, sizeof decoded_yolox);
}

/* Objectness and classes as logits give the same as their sigmoids. */
static void test_yolox_logits(void **state)
{
    (void)state;
    struct outputs o = {0};
    make_yolox(&o, MAPS);
    for (int l = 0; l < LEVELS; l++) {
        int64_t cells = square[l][0] * square[l][1];
        for (int64_t i = 4 * cells; i < 7 * cells; i++) {
            float *p = &o.data[l][7 * cells + i];
            *p = (float)log((double)*p / (1.0 - (double)*p));
        }
    }
    check(YOLOX "\"score_activation\": \"sigmoid\"}", &o, decoded_yolox, sizeof decoded_yolox);
}

/* Move the channels of each anchor (of `n`) by one: the first becomes the last. */
static void rotate_channels(float *p, int64_t channels, int64_t cells, int64_t n)
{
    float old[64 * 6];
    memcpy(old, p, (size_t)(channels * cells) * sizeof *p);
    for (int64_t i = 0; i < channels * cells; i++) {
        int64_t c = i / cells, from = c / n * n + (c % n + 1) % n;
        p[i] = old[from * cells + i % cells];
    }
}

static void test_retinaface(void **state)
{
    (void)state;
    struct outputs o = {0};
    make_faces(&o, MAPS);
    check(RETINAFACE PLAIN, &o, decoded_retinaface, sizeof decoded_retinaface);
    make_faces(&o, PIXEL_MAPS);
    check(RETINAFACE PLAIN, &o, decoded_retinaface, sizeof decoded_retinaface);
    make_faces(&o, MAPS);
    for (int l = 0; l < LEVELS; l++) {
        int64_t cells = natural[l][0] * natural[l][1];
        rotate_channels(o.data[l] + 6 * cells, 6, cells, 3);
    }
    check(RETINAFACE "\"background\": \"last\"}", &o, decoded_retinaface,
          sizeof decoded_retinaface);
}

/* The softmax may be in the model: then the scores are read as they are, without the background. */
static void test_scores_with_background(void **state)
{
    (void)state;
    struct outputs o = {0};
    make_faces(&o, MAPS);
    for (int l = 0; l < LEVELS; l++) {
        int64_t cells = natural[l][0] * natural[l][1];
        for (int64_t i = 0; i < 2 * cells; i++) {
            float *p = o.data[l] + 6 * cells + i / cells * 3 * cells + i % cells;
            double e[3], sum = 0;
            for (int k = 0; k < 3; k++)
                sum += e[k] = exp((double)p[k * cells]);
            for (int k = 0; k < 3; k++)
                p[k * cells] = (float)(e[k] / sum);
        }
    }
    check(RETINAFACE "\"score_activation\": \"none\"}", &o, decoded_retinaface,
          sizeof decoded_retinaface);
}

static void refuse(const char *text, const struct outputs *o, int32_t n, enum dsq_status expected,
                   const char *says)
{
    struct dsq_task *task = parse(text);
    struct dsq_prepared_size ps;
    struct dsq_detections found = {0};
    struct dsq_diag d = {0};
    assert_ok(dsq_prepare_size(task, 39, 50, &ps, &d), d);
    assert_int_equal(dsq_decode(task, o->tensor, o->name, n, 1, &ps, &found, &d), expected);
    assert_says(d, says);
    dsq_detections_free(&found);
    dsq_task_free(&task);
}

static void test_mistakes(void **state)
{
    (void)state;
    struct outputs o = {0};
    make_yolox(&o, LIST);
    refuse("raw", &o, 1, DSQ_UNSUPPORTED, "family \"raw\" has no boxes");
    refuse(YOLOX "\"strides\": [8, 16]}", &o, 1, DSQ_SHAPE,
           "'all' has 84 cells; an input of 64 x 64 (height x width) has 80 at the task's 2");
    refuse("{\"preset\": \"yolox\", \"resize\": \"fit:64x64\", \"classes\": [\"a\"]}", &o, 1,
           DSQ_SHAPE, "'all' has 7 channels; 1 classes need 6");
    refuse(YOLOX "\"outputs\": [\"any\"]}", &o, 1, DSQ_SHAPE,
           "output 'any' is not among the model's outputs (all)");
    o.tensor[0].dims[2] = 5;
    refuse("{\"preset\": \"yolox\", \"resize\": \"fit:64x64\", \"classes\": []}", &o, 1, DSQ_SHAPE,
           "'all' has 5 channels; expected 5 and one for each class");
    o.tensor[0].rank = 4;
    refuse(YOLOX PLAIN, &o, 1, DSQ_SHAPE, "'all': expected a float list of cells of rank 3");
    free_outputs(&o);
    make_yolox(&o, MAPS);
    refuse(YOLOX PLAIN, &o, 2, DSQ_SHAPE, "the model has 2 outputs, expected one list");
    free_outputs(&o);
    make_nanodet(&o, MAPS);
    refuse("{\"preset\": \"nanodet\", \"classes\": [\"a\", \"b\"]}", &o, 6, DSQ_SHAPE,
           "'reg0' has 20 channels; 4 sides of 11 distance_bins need 44");
    refuse("nanodet", &o, 6, DSQ_SHAPE, "'cls0' has 2 channels; 80 classes need 80");
    o.tensor[2].dims[1] = o.tensor[2].dims[1] - 1;
    refuse("{\"preset\": \"nanodet\", \"distance_bins\": 5, \"classes\": []}", &o, 6, DSQ_SHAPE,
           "'cls2' has 1 classes, the first level has 2");
    free_outputs(&o);
    make_faces(&o, MAPS);
    refuse("retinaface", &o, 6, DSQ_SHAPE,
           "'cls0' has 6 channels; 2 anchors of 1 classes and background need 4");
    o.tensor[0].dims[1] = 2;
    refuse("{\"preset\": \"retinaface\", \"classes\": []}", &o, 6, DSQ_SHAPE,
           "no multiple of 2 anchors of a class and background");
    free_outputs(&o);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_nanodet),
        cmocka_unit_test(test_yolox),
        cmocka_unit_test(test_yolox_logits),
        cmocka_unit_test(test_retinaface),
        cmocka_unit_test(test_scores_with_background),
        cmocka_unit_test(test_mistakes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
