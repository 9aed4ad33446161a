/* SPDX-License-Identifier: Apache-2.0 */
/* Classes and categories; pictures on disk. */
#define _DEFAULT_SOURCE
#include "calib_test.h"

#include "calib/judge.h"

static struct dsq_coco_dataset *dataset;
static struct dsq_arena arena;

static const char annotations[] =
    "{\"images\": [{\"id\": 5, \"file_name\": \"five.jpg\", \"width\": 9, \"height\": 9},"
    " {\"id\": 3, \"file_name\": \"three.jpg\"}, {\"id\": 9, \"file_name\": \"nine.jpg\"}],"
    " \"categories\": [{\"id\": 17, \"name\": \"dog\"}, {\"id\": 2, \"name\": \"cat\"},"
    " {\"id\": 1, \"name\": \"cow\"}],"
    " \"annotations\": [{\"id\": 1, \"image_id\": 9, \"category_id\": 2, \"bbox\": [1, 1, 4, 4]},"
    " {\"id\": 2, \"image_id\": 3, \"category_id\": 17, \"bbox\": [0, 0, 5, 5]},"
    " {\"id\": 3, \"image_id\": 5, \"category_id\": 2, \"bbox\": [2, 2, 3, 3]}]}";

static int setup(void **state)
{
    dsq_arena_init(&arena, NULL);
    OK(dsq_coco_parse(&dataset, annotations, strlen(annotations), "a.json", NULL, &diag));
    said[0] = 0;
    return make_folder(state);
}

static int teardown(void **state)
{
    dsq_coco_free(&dataset);
    dsq_arena_free(&arena);
    return remove_folder(state);
}

static enum dsq_status match(const char *classes, bool by_order, int32_t **category, size_t *n)
{
    char text[512];
    struct dsq_task *task = NULL;
    snprintf(text, sizeof text, "{\"preset\": \"retinanet-mmdet\", \"classes\": [%s]}", classes);
    OK(dsq_task_parse(&task, text, NULL, 0, NULL, &diag));
    enum dsq_status s = dsq_match_classes(task, dataset, by_order, &arena, category, n, &diag);
    dsq_task_free(&task);
    return s;
}

static void test_classes(void **state)
{
    (void)state;
    int32_t *category;
    size_t n;
    OK(match("\"\", \"cat\", \"dog\"", false, &category, &n));
    assert_int_equal(n, 3);
    assert_int_equal(category[0], -1);
    assert_int_equal(dataset->category[category[1]].id, 2);
    assert_int_equal(dataset->category[category[2]].id, 17);
    OK(match("\"a\", \"\", \"c\"", true, &category, &n));
    assert_int_equal(category[0], 0);
    assert_int_equal(category[1], -1);
    assert_int_equal(category[2], 2);
    OK(match("", true, &category, &n));
    assert_int_equal(n, 3);
    assert_int_equal(category[2], 2);
}

static void test_classes_without_a_category(void **state)
{
    (void)state;
    int32_t *category;
    size_t n;
    assert_int_equal(match("\"cat\", \"Dog\", \"bat\"", false, &category, &n), DSQ_ARGUMENT);
    assert_non_null(strstr(diag.text, "2 of 3 classes"));
    assert_non_null(strstr(diag.text, "'Dog', 'bat'"));
    assert_int_equal(match("\"1\",\"2\",\"3\",\"4\",\"5\",\"6\",\"7\"", false, &category, &n),
                     DSQ_ARGUMENT);
    assert_non_null(strstr(diag.text, "'5', ..."));
    assert_int_equal(match("", false, &category, &n), DSQ_ARGUMENT);
    assert_int_equal(match("\"a\", \"b\", \"c\", \"d\"", true, &category, &n), DSQ_ARGUMENT);
}

static void test_pictures(void **state)
{
    (void)state;
    const char **path;
    write_text("three.jpg", "x");
    write_text("nine.jpg", "x");
    assert_int_equal(dsq_find_pictures(dataset, folder, false, NULL, NULL, &arena, &path, &diag),
                     DSQ_IO);
    assert_non_null(strstr(diag.text, "five.jpg"));
    assert_non_null(strstr(diag.text, "1 of 3"));
    assert_int_equal(dataset->n_images, 3);
    OK(dsq_find_pictures(dataset, folder, true, NULL, &log_kept, &arena, &path, &diag));
    assert_non_null(strstr(said, "1 of 3"));
    assert_int_equal(dataset->n_images, 2);
    assert_int_equal(dataset->n_annotations, 2);
    for (size_t i = 0; i < 2; i++) {
        const struct dsq_coco_annotation *a = &dataset->annotation[i];
        assert_int_equal(dataset->image[a->image].id, a->id == 1 ? 9 : 3);
        assert_string_equal(path[i], in_folder(dataset->image[i].file_name));
    }
    assert_int_equal(
        dsq_find_pictures(dataset, "/nonexistent", true, NULL, NULL, &arena, &path, &diag), DSQ_IO);
}

/* Perfect detections, and the classes' own numbers. */
static void test_judging(void **state)
{
    (void)state;
    struct dsq_coco_results results;
    struct dsq_eval_result r = {.size = sizeof r};
    struct dsq_judgement *judgement = NULL;
    struct dsq_class_result c = {.size = sizeof c};
    dsq_coco_results_init(&results, NULL);
    for (size_t i = 0; i < dataset->n_annotations; i++) {
        const struct dsq_coco_annotation *a = &dataset->annotation[i];
        struct dsq_coco_detection d = {.image = a->image, .category = a->category, .score = 0.5};
        memcpy(d.box, a->box, sizeof d.box);
        OK(dsq_coco_results_add(&results, &d, &diag));
    }
    OK(dsq_judge(dataset, &results, &r, &judgement, &diag));
    /* COCO divides by (count + DBL_EPSILON): not quite 1. */
    assert_true(r.ap > 1.0 - 1e-12 && r.ap50 > 1.0 - 1e-12 && r.ar100 == 1.0 && r.ap_small > 0.9);
    assert_true(isnan(r.ap_large));
    assert_int_equal(r.images, 3);
    assert_int_equal(dsq_judgement_classes(judgement), 3);
    OK(dsq_judgement_class(judgement, 0, &c));
    assert_string_equal(c.name, "dog");
    assert_true(c.ap > 1.0 - 1e-12 && c.ap50 > 1.0 - 1e-12 && c.ap75 > 1.0 - 1e-12);
    assert_true(c.category_id == 17 && c.objects == 1 && c.detections == 1);
    OK(dsq_judgement_class(judgement, 2, &c));
    assert_true(isnan(c.ap) && isnan(c.ap50) && isnan(c.ap75) && c.objects == 0);
    assert_int_equal(dsq_judgement_class(judgement, 3, &c), DSQ_ARGUMENT);
    assert_int_equal(dsq_judgement_class(judgement, -1, &c), DSQ_ARGUMENT);
    dsq_judgement_free(&judgement);
    assert_null(judgement);
    dsq_coco_results_free(&results);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_classes),
        TEST(test_classes_without_a_category),
        TEST(test_pictures),
        TEST(test_judging),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
