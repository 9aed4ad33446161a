/* SPDX-License-Identifier: Apache-2.0 */
/* Reading annotations: what is understood, what is left out, what is refused and how that is said.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "eval/coco.h"

static enum dsq_status parse(struct dsq_coco_dataset **out, const char *text, struct dsq_diag *d)
{
    return dsq_coco_parse(out, text, strlen(text), "a.json", NULL, d);
}

static struct dsq_coco_dataset *parse_good(const char *text)
{
    struct dsq_diag d = {0};
    struct dsq_coco_dataset *dataset;
    if (parse(&dataset, text, &d) != DSQ_OK)
        fail_msg("%s", d.text);
    return dataset;
}

static void refuse(const char *text, const char *reason)
{
    struct dsq_diag d = {0};
    struct dsq_coco_dataset *dataset;
    assert_int_equal(parse(&dataset, text, &d), DSQ_MALFORMED);
    assert_null(dataset);
    if (!strstr(d.text, reason))
        fail_msg("expected '%s' in: %s", reason, d.text);
}

#define IMAGES                                                                                     \
    "\"images\": [{\"id\": 7, \"file_name\": \"7.jpg\", \"width\": 64, \"height\": 48}, {\"id\": " \
    "3}]"
#define CATEGORIES                                                                                 \
    "\"categories\": [{\"id\": 90, \"name\": \"cat\"}, {\"id\": 2, \"name\": \"dog\"}]"
#define WITH(annotations) "{" IMAGES ", " CATEGORIES ", \"annotations\": [" annotations "]}"
#define PLACE "\"image_id\": 7, \"category_id\": 2, \"bbox\": [1, 2, 3, 4]"

static void test_fields(void **state)
{
    (void)state;
    struct dsq_coco_dataset *s =
        parse_good(WITH("{\"id\": 5, " PLACE ", \"area\": 9.5, \"iscrowd\": 1}"));
    assert_int_equal(s->n_images, 2);
    assert_int_equal(s->image[0].id, 3); /* by id */
    assert_string_equal(s->image[0].file_name, "");
    assert_string_equal(s->image[1].file_name, "7.jpg");
    assert_true(s->image[1].width == 64 && s->image[1].height == 48);
    assert_string_equal(s->category[0].name, "cat"); /* in the file's order */
    assert_int_equal(dsq_coco_image_by_id(s, 7), 1);
    assert_int_equal(dsq_coco_image_by_id(s, 8), -1);
    assert_int_equal(dsq_coco_category_by_id(s, 90), 0);
    assert_int_equal(dsq_coco_category_by_id(s, 2), 1);
    assert_int_equal(dsq_coco_category_by_id(s, 1), -1);
    assert_int_equal(dsq_coco_category_by_name(s, "dog"), 1);
    assert_int_equal(dsq_coco_category_by_name(s, "Dog"), -1);
    const struct dsq_coco_annotation *a = s->annotation;
    assert_true(s->n_annotations == 1 && a->id == 5 && a->image == 1 && a->category == 1);
    assert_true(a->crowd && a->area == 9.5 && a->box[0] == 1 && a->box[3] == 4);
    dsq_coco_free(&s);
    assert_null(s);
}

static void test_missing_crowd_and_area(void **state)
{
    (void)state;
    struct dsq_coco_dataset *s =
        parse_good(WITH("{\"id\": 1, " PLACE "}, {\"id\": 2, " PLACE ", \"iscrowd\": null, "
                        "\"area\": null}, {\"id\": 3, " PLACE ", \"iscrowd\": true}"));
    assert_int_equal(s->n_annotations, 3);
    assert_true(!s->annotation[0].crowd && s->annotation[0].area == 12);
    assert_true(!s->annotation[1].crowd && s->annotation[1].area == 12);
    assert_true(s->annotation[2].crowd);
    dsq_coco_free(&s);
}

static void test_refusals(void **state)
{
    (void)state;
    refuse("[]", "a.json: not an object");
    refuse("{}", "no array 'images'");
    refuse("{" IMAGES "}", "no array 'categories'");
    refuse("{" IMAGES ", " CATEGORIES "}", "no array 'annotations'");
    refuse("{\n  \"images\": [}", "a.json:2:14");
    refuse("{\"images\": [{\"id\": 1}, {\"id\": 1}]}", "two images have the id 1");
    refuse("{\"images\": [{\"id\": \"x\"}]}", "images[0]: 'id'");
    refuse("{\"images\": [{\"id\": 1.5}]}", "images[0]: 'id'");
    refuse("{" IMAGES ", \"categories\": [{\"id\": 4}, {\"id\": 4}]}",
           "two categories have the id 4");
    refuse(WITH("{\"id\": 1, " PLACE "}, {\"id\": 1, " PLACE "}"), "two annotations have the id 1");
    refuse(WITH("{" PLACE "}"), "annotations[0]: 'id'");
    refuse(WITH("{\"id\": 1, \"category_id\": 2}"), "annotations[0]: 'image_id'");
    refuse(WITH("{\"id\": 1, \"image_id\": 2}"), "annotations[0]: 'category_id'");
    refuse(WITH("{\"id\": 1, \"image_id\": 7, \"category_id\": 2}"), "annotations[0]: 'bbox'");
    refuse(WITH("{\"id\": 1, \"image_id\": 7, \"category_id\": 2, \"bbox\": [1, 2, 3]}"), "'bbox'");
    refuse(WITH("{\"id\": 1, " PLACE ", \"iscrowd\": \"no\"}"), "'iscrowd'");
    refuse(WITH("{\"id\": 1, " PLACE ", \"area\": \"big\"}"), "'area'");
    refuse(WITH("1"), "annotations[0]");
}

static void count_message(void *user, enum dsq_log_level level, const char *text)
{
    (void)text;
    assert_int_equal(level, DSQ_LOG_WARNING);
    ++*(int *)user;
}

static void test_warnings(void **state)
{
    (void)state;
    int n = 0;
    const struct dsq_log log = {&n, count_message, NULL};
    struct dsq_diag d = {0};
    struct dsq_coco_dataset *s =
        parse_good(WITH("{\"id\": 0, " PLACE "}, {\"id\": 1, \"image_id\": 99, \"category_id\": 2, "
                        "\"bbox\": [0, 0, 1, 1]}"));
    assert_true(s->has_id_zero && s->n_strays == 1 && s->n_annotations == 1);
    assert_int_equal(dsq_coco_warn(s, "a.json", &log, false, &d), DSQ_OK);
    assert_int_equal(n, 2);
    assert_int_equal(dsq_coco_warn(s, "a.json", NULL, false, &d), DSQ_OK);
    assert_int_equal(dsq_coco_warn(s, "a.json", &log, true, &d), DSQ_MALFORMED);
    assert_non_null(strstr(d.text, "id 0"));
    dsq_coco_free(&s);
    s = parse_good(WITH("{\"id\": 1, " PLACE "}"));
    assert_int_equal(dsq_coco_warn(s, "a.json", &log, true, &d), DSQ_OK);
    assert_int_equal(n, 2);
    dsq_coco_free(&s);
}

static void test_a_file_that_is_not_there(void **state)
{
    (void)state;
    struct dsq_diag d = {0};
    struct dsq_coco_dataset *s;
    assert_int_equal(dsq_coco_read(&s, "tests/eval/none.json", NULL, &d), DSQ_IO);
    assert_null(s);
    assert_non_null(strstr(d.text, "tests/eval/none.json"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_fields),
        cmocka_unit_test(test_missing_crowd_and_area),
        cmocka_unit_test(test_refusals),
        cmocka_unit_test(test_warnings),
        cmocka_unit_test(test_a_file_that_is_not_there),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
