/* SPDX-License-Identifier: Apache-2.0 */
/* Tasks: presets, overriding, canonical JSON, and what every mistake is told. */
#define _POSIX_C_SOURCE 200809L
#include "unit/detect_test.h"

#include <unistd.h>

#include "detect/task.h"
#include "detect/task_fields.h"

static struct dsq_task *parse(const char *text, const char *resize, int32_t pad)
{
    struct dsq_task *task = NULL;
    struct dsq_diag d = {0};
    assert_ok(dsq_task_parse(&task, text, resize, pad, NULL, &d), d);
    return task;
}

static void refuse(const char *text, const char *resize, int32_t pad, enum dsq_status expected,
                   const char *says)
{
    struct dsq_task *task = NULL;
    struct dsq_diag d = {0};
    enum dsq_status status = dsq_task_parse(&task, text, resize, pad, NULL, &d);
    assert_null(task);
    if (status != expected)
        fail_msg("%s: status %d, expected %d: %s", text, status, expected, d.text);
    assert_says(d, says);
}

static void test_presets_round_trip(void **state)
{
    (void)state;
    int32_t n = 0;
    for (; dsq_task_preset(n); n++) {
        struct dsq_diag d = {0};
        char *first = NULL, *second = NULL;
        struct dsq_task *task = parse(dsq_task_preset(n), NULL, 0);
        assert_string_equal(task->name, dsq_task_preset(n));
        assert_ok(dsq_task_to_json(task, &first, NULL, &d), d);
        struct dsq_task *again = parse(first, NULL, 0);
        assert_ok(dsq_task_to_json(again, &second, NULL, &d), d);
        assert_string_equal(first, second);
        assert_memory_equal(&task->anchor_scales, &again->anchor_scales,
                            sizeof task->anchor_scales);
        assert_true(task->score_threshold == again->score_threshold);
        dsq_release(NULL, first);
        dsq_release(NULL, second);
        dsq_task_free(&task);
        dsq_task_free(&again);
        assert_null(task);
    }
    assert_int_equal(n, 7);
    assert_null(dsq_task_preset(-1));
}

static void test_preset_defaults(void **state)
{
    (void)state;
    struct dsq_task *mmdet = parse("retinanet-mmdet", NULL, 0);
    struct dsq_task *torchvision = parse("retinanet-torchvision", NULL, 0);
    struct dsq_task *odtk = parse("retinanet-odtk", NULL, 0);
    assert_int_equal(mmdet->resize.rule, DSQ_RESIZE_SHORT);
    assert_int_equal(mmdet->resize.a, 800);
    assert_int_equal(mmdet->resize.b, 1333);
    assert_int_equal(mmdet->pad, 32);
    assert_int_equal(odtk->pad, 128);
    assert_int_equal(odtk->filter, DSQ_FILTER_PIL_ANTIALIAS);
    assert_int_equal(odtk->way_back, DSQ_BACK_ONE_RATIO);
    assert_int_equal(torchvision->stride_rule, DSQ_STRIDE_GRID);
    assert_int_equal(torchvision->size_rounding, DSQ_SIZE_FLOOR);
    assert_int_equal(mmdet->classes.n, 80);
    assert_int_equal(odtk->classes.n, 80);
    assert_int_equal(torchvision->classes.n, 91);
    assert_string_equal(dsq_task_class_name(mmdet, 79), "toothbrush");
    assert_string_equal(dsq_task_class_name(torchvision, 90), "toothbrush");
    assert_string_equal(dsq_task_class_name(torchvision, 0), "");
    assert_string_equal(dsq_task_class_name(mmdet, 80), "");
    assert_string_equal(dsq_task_class_name(mmdet, -1), "");
    dsq_task_free(&mmdet);
    dsq_task_free(&torchvision);
    dsq_task_free(&odtk);
}

static void test_overrides(void **state)
{
    (void)state;
    struct dsq_task *t =
        parse(" {\"classes\": [\"cat\", \"d\\u00f6g\"], \"preset\": \"retinanet-mmdet\","
              " \"resize\": \"fit:416x320\", \"pad\": 64, \"mean\": [1, 2.5, 3],"
              " \"score_threshold\": 0.25, \"color\": \"bgr\"}",
              NULL, 0);
    assert_int_equal(t->classes.n, 2);
    assert_string_equal(t->classes.v[1], "d\xc3\xb6g");
    assert_int_equal(t->resize.rule, DSQ_RESIZE_FIT);
    assert_int_equal(t->resize.a, 416);
    assert_int_equal(t->resize.b, 320);
    assert_int_equal(t->pad, 64);
    assert_true(t->mean.v[1] == 2.5 && t->score_threshold == 0.25);
    assert_int_equal(t->color, DSQ_COLOR_BGR);
    assert_int_equal(t->candidates_per_level, 1000); /* the preset's */
    dsq_task_free(&t);
    t = parse("retinanet-odtk", "short:600,1000", 1);
    assert_int_equal(t->resize.rule, DSQ_RESIZE_SHORT);
    assert_int_equal(t->resize.a, 600);
    assert_int_equal(t->resize.b, 1000);
    assert_int_equal(t->pad, 1);
    dsq_task_free(&t);
    t = parse("retinanet-odtk", "none", 0);
    assert_int_equal(t->resize.rule, DSQ_RESIZE_NONE);
    assert_int_equal(t->pad, 128);
    dsq_task_free(&t);
}

static void test_file(void **state)
{
    (void)state;
    struct dsq_task *t = parse("demo/task.json", NULL, 0);
    assert_int_equal(t->resize.rule, DSQ_RESIZE_NONE);
    assert_int_equal(t->pad, 1);
    assert_int_equal(t->classes.n, 80);
    assert_string_equal(t->score_outputs.v[4], "output5");
    assert_string_equal(t->box_outputs.v[0], "output6");
    dsq_task_free(&t);
    char path[] = "/tmp/dsq_task_XXXXXX";
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    close(fd);
    struct dsq_diag d = {0};
    const char *text = "{\n  \"preset\": \"retinanet-mmdet\",\n  oops\n}";
    assert_ok(dsq_file_write(path, text, strlen(text), &d), d);
    refuse(path, NULL, 0, DSQ_MALFORMED, path);
    refuse(path, NULL, 0, DSQ_MALFORMED, "line 3, column");
    unlink(path);
}

#define MMDET "{\"preset\": \"retinanet-mmdet\", "

static void test_mistakes(void **state)
{
    (void)state;
    refuse("retinanet", NULL, 0, DSQ_ARGUMENT, "retinanet-mmdet, retinanet-torchvision");
    refuse("{\"preset\": \"yolo\"}", NULL, 0, DSQ_ARGUMENT, "'yolo' is no preset");
    refuse("{\"preset\": 3}", NULL, 0, DSQ_MALFORMED, "field 'preset'");
    refuse("missing/task.json", NULL, 0, DSQ_IO, "missing/task.json");
    refuse("{", NULL, 0, DSQ_MALFORMED, "task: line 1, column");
    refuse("{\"family\": \"retinanet\"}", NULL, 0, DSQ_MALFORMED, "field 'color' is missing");
    refuse(MMDET "\"colour\": \"rgb\"}", NULL, 0, DSQ_MALFORMED, "unknown field 'colour'");
    refuse(MMDET "\"pad\": 2, \"pad\": 2}", NULL, 0, DSQ_MALFORMED, "duplicate");
    refuse(MMDET "\"color\": \"grb\"}", NULL, 0, DSQ_MALFORMED, "'color': expected one of \"rgb\"");
    refuse(MMDET "\"color\": 1}", NULL, 0, DSQ_MALFORMED, "'color'");
    refuse(MMDET "\"mean\": [1, 2]}", NULL, 0, DSQ_MALFORMED, "'mean': expected an array of 3");
    refuse(MMDET "\"mean\": 3}", NULL, 0, DSQ_MALFORMED, "'mean'");
    refuse(MMDET "\"std\": [1, 0, 1]}", NULL, 0, DSQ_MALFORMED, "'std': expected a number from");
    refuse(MMDET "\"strides\": []}", NULL, 0, DSQ_MALFORMED,
           "'strides': expected an array of 1 to");
    refuse(MMDET "\"strides\": [8]}", NULL, 0, DSQ_MALFORMED, "'strides': 1 numbers for the 5");
    refuse(MMDET "\"pad\": 1.5}", NULL, 0, DSQ_MALFORMED, "'pad': expected an integer");
    refuse(MMDET "\"pad\": 0}", NULL, 0, DSQ_MALFORMED, "'pad': expected an integer");
    refuse(MMDET "\"pad\": \"1\"}", NULL, 0, DSQ_MALFORMED, "'pad': expected an integer");
    refuse(MMDET "\"pad_before_normalization\": 1}", NULL, 0, DSQ_MALFORMED, "true or false");
    refuse(MMDET "\"resize\": \"short:800\"}", NULL, 0, DSQ_MALFORMED, "'resize'");
    refuse(MMDET "\"resize\": 800}", NULL, 0, DSQ_MALFORMED, "'resize'");
    refuse(MMDET "\"classes\": \"cat\"}", NULL, 0, DSQ_MALFORMED, "'classes': expected an array");
    refuse(MMDET "\"classes\": [1]}", NULL, 0, DSQ_MALFORMED, "'classes': expected a string");
    refuse(MMDET "\"name\": null}", NULL, 0, DSQ_MALFORMED, "'name': expected a string");
    refuse(MMDET "\"score_threshold\": 1}", NULL, 0, DSQ_MALFORMED, "'score_threshold'");
    refuse(MMDET "\"score_outputs\": [\"a\"]}", NULL, 0, DSQ_MALFORMED, "go together");
    refuse(MMDET "\"score_outputs\": [\"a\"], \"box_outputs\": [\"b\"]}", NULL, 0, DSQ_MALFORMED,
           "'score_outputs': 1 names");
    refuse(MMDET "\"score_outputs\": [\"a\",\"b\",\"c\",\"d\",\"e\"], \"box_outputs\": [\"b\"]}",
           NULL, 0, DSQ_MALFORMED, "'box_outputs': 1 names");
    refuse("retinanet-mmdet", "800", 0, DSQ_ARGUMENT, "resize '800'");
    refuse("retinanet-mmdet", NULL, -1, DSQ_ARGUMENT, "pad -1");
    refuse("retinanet-mmdet", NULL, 5000, DSQ_ARGUMENT, "pad 5000");
}

static void test_resize_rules(void **state)
{
    (void)state;
    static const char *const good[] = {"none", "stretch:1x2", "fit:416x320", "short:800,1333",
                                       "stretch:9999999x1"};
    static const char *const bad[] = {"",
                                      "None",
                                      "stretch",
                                      "stretch:",
                                      "stretch:1",
                                      "stretch:1x",
                                      "stretch:x1",
                                      "stretch:0x1",
                                      "stretch:1x0",
                                      "stretch:1x2x3",
                                      "fit:1,2",
                                      "short:1x2",
                                      "short:-1,2",
                                      "short:1,2 ",
                                      "fit:12345678x1",
                                      "fit:99999999999999999999x1"};
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        struct dsq_task_resize r;
        char text[64];
        assert_true(dsq_task_resize_parse(good[i], &r));
        dsq_task_resize_format(&r, text, sizeof text);
        assert_string_equal(text, good[i]);
    }
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct dsq_task_resize r;
        if (dsq_task_resize_parse(bad[i], &r))
            fail_msg("'%s' was taken", bad[i]);
    }
}

/* Every field that the family uses can be left to the preset, and every one but the optional is
 * asked for without it; every other is refused. */
static void test_every_field_is_required(void **state)
{
    const char *preset = *state;
    size_t n;
    const struct dsq_task_field *fields = dsq_task_fields(&n);
    struct dsq_task *whole = parse(preset, NULL, 0);
    for (size_t i = 0; i < n; i++) {
        char says[96];
        json_t *root = json_loads(dsq_task_preset_json(preset), 0, NULL);
        bool used = dsq_task_field_used(&fields[i], whole->family);
        if (whole->score_outputs.n > 0) { /* the two go together */
            json_object_set_new(root, "score_outputs", json_array());
            json_object_set_new(root, "box_outputs", json_array());
        }
        assert_int_equal(json_object_del(root, fields[i].name) == 0, used);
        if (!used)
            json_object_set_new(root, fields[i].name, dsq_task_field_write(whole, &fields[i]));
        char *text = json_dumps(root, 0);
        if (!used) {
            snprintf(says, sizeof says, "field '%s'", fields[i].name);
            refuse(text, NULL, 0, DSQ_MALFORMED, says);
        } else if (fields[i].optional) {
            struct dsq_task *task = parse(text, NULL, 0);
            dsq_task_free(&task);
        } else {
            snprintf(says, sizeof says, "field '%s' is missing", fields[i].name);
            refuse(text, NULL, 0, DSQ_MALFORMED, says);
        }
        free(text);
        json_decref(root);
    }
    dsq_task_free(&whole);
}

/* A family of one's own over a preset of another: what was inherited and is not used is dropped,
 * what is used and not inherited is asked for. */
static void test_other_family(void **state)
{
    (void)state;
    struct dsq_diag d = {0};
    char *text = NULL;
    struct dsq_task *t = parse("{\"preset\": \"nanodet\", \"family\": \"raw\"}", NULL, 0);
    assert_int_equal(t->family, DSQ_FAMILY_RAW);
    assert_int_equal(dsq_task_decodes(t, &d), DSQ_UNSUPPORTED);
    assert_ok(dsq_task_to_json(t, &text, NULL, &d), d);
    assert_null(strstr(text, "score_threshold"));
    assert_non_null(strstr(text, "103.53"));
    dsq_release(NULL, text);
    dsq_task_free(&t);
    refuse("{\"preset\": \"yolox\", \"family\": \"nanodet\"}", NULL, 0, DSQ_MALFORMED,
           "field 'anchor_center_offset' is missing");
    refuse("{\"preset\": \"raw\", \"score_threshold\": 0.5}", NULL, 0, DSQ_MALFORMED,
           "field 'score_threshold' means nothing to family \"raw\"");
    refuse("{\"preset\": \"nanodet\", \"score_activation\": \"softmax\"}", NULL, 0, DSQ_MALFORMED,
           "no \"softmax\" in family \"nanodet\"");
    refuse("{\"preset\": \"nanodet\", \"outputs\": [\"a\"]}", NULL, 0, DSQ_MALFORMED,
           "either in outputs or in score_outputs");
    refuse("{\"preset\": \"yolox\", \"outputs\": [\"a\", \"b\"]}", NULL, 0, DSQ_MALFORMED,
           "'outputs': 2 names for 3 levels");
    refuse("{\"preset\": \"nanodet\", \"strides\": [8, 16]}", NULL, 0, DSQ_MALFORMED,
           "'score_outputs': 3 names for 2 levels");
}

static void test_out_of_memory(void **state)
{
    (void)state;
    struct dsq_diag d;
    struct dsq_task *task = NULL;
    char *text = NULL;
    struct failing f;
    long n = 0;
    for (;; n++) {
        failing_init(&f, n);
        enum dsq_status status = dsq_task_parse(&task, "demo/task.json", NULL, 0, &f.allocator, &d);
        if (status == DSQ_OK)
            status = dsq_task_to_json(task, &text, &f.allocator, &d);
        dsq_task_free(&task);
        if (status == DSQ_OK)
            break;
        assert_int_equal(status, DSQ_NOMEM);
        assert_int_equal(f.live, 0);
    }
    dsq_release(&f.allocator, text);
    assert_int_equal(f.live, 0);
    assert_true(n > 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_presets_round_trip),
        cmocka_unit_test(test_preset_defaults),
        cmocka_unit_test(test_overrides),
        cmocka_unit_test(test_file),
        cmocka_unit_test(test_mistakes),
        cmocka_unit_test(test_resize_rules),
        cmocka_unit_test_prestate(test_every_field_is_required, "retinanet-mmdet"),
        cmocka_unit_test_prestate(test_every_field_is_required, "nanodet"),
        cmocka_unit_test_prestate(test_every_field_is_required, "yolox"),
        cmocka_unit_test_prestate(test_every_field_is_required, "raw"),
        cmocka_unit_test(test_other_family),
        cmocka_unit_test(test_out_of_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
