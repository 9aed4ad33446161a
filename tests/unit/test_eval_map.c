/* SPDX-License-Identifier: Apache-2.0 */
/*
 * COCO's numbers: the cases of tests/eval with pycocotools' numbers, and small ones counted by
 * hand.
 *
 * `test_eval_map judge GT.json DT.json` prints the numbers instead, for tests/eval/make_cases.py.
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <jansson.h>

#include "eval/map.h"

enum { N_NUMBERS = 12, MOST_NUMBERS = N_NUMBERS + 80 };

/* The twelve numbers in pycocotools' order, then each category's AP. Returns how many. */
static size_t judge(struct dsq_coco_dataset *dataset, const struct dsq_coco_results *results,
                    double *out)
{
    struct dsq_diag d = {0};
    struct dsq_map_result r;
    assert_true(N_NUMBERS + dataset->n_categories <= MOST_NUMBERS);
    struct dsq_matches matches = {.allocator = NULL};
    if (dsq_matches_init(&matches, dataset->n_categories, dataset->n_images, &d) != DSQ_OK ||
        dsq_map_evaluate(dataset, results, &r, &matches, &d) != DSQ_OK)
        fail_msg("%s", d.text);
    for (size_t i = 0; i < dataset->n_categories; i++)
        out[N_NUMBERS + i] = matches.class_at[i].ap;
    dsq_matches_free(&matches);
    const double twelve[N_NUMBERS] = {r.ap,  r.ap50, r.ap75,  r.ap_small, r.ap_medium, r.ap_large,
                                      r.ar1, r.ar10, r.ar100, r.ar_small, r.ar_medium, r.ar_large};
    memcpy(out, twelve, sizeof twelve);
    return N_NUMBERS + dataset->n_categories;
}

static size_t judge_files(const char *truth, const char *detections, double *out)
{
    struct dsq_diag d = {0};
    struct dsq_coco_dataset *dataset;
    struct dsq_coco_results results;
    dsq_coco_results_init(&results, NULL);
    if (dsq_coco_read(&dataset, truth, NULL, &d) != DSQ_OK ||
        dsq_coco_results_read(&results, dataset, detections, &d) != DSQ_OK)
        fail_msg("%s", d.text);
    size_t n = judge(dataset, &results, out);
    dsq_coco_results_free(&results);
    dsq_coco_free(&dataset);
    return n;
}

static void check_case(const char *name)
{
    char truth[128], detections[128], expected[128];
    snprintf(truth, sizeof truth, "tests/eval/%s.gt.json", name);
    snprintf(detections, sizeof detections, "tests/eval/%s.dt.json", name);
    snprintf(expected, sizeof expected, "tests/eval/%s.expected.json", name);
    double got[MOST_NUMBERS];
    size_t n = judge_files(truth, detections, got);
    json_error_t error;
    json_t *list = json_load_file(expected, 0, &error);
    if (!list)
        fail_msg("%s: %s", expected, error.text);
    assert_int_equal(n, json_array_size(list));
    for (size_t i = 0; i < n; i++) {
        const json_t *v = json_array_get(list, i);
        if (json_is_null(v) ? !isnan(got[i]) : !(fabs(got[i] - json_number_value(v)) <= 1e-9))
            fail_msg("%s: number %zu is %.17g, pycocotools says %.17g", name, i, got[i],
                     json_is_null(v) ? (double)NAN : json_number_value(v));
    }
    json_decref(list);
}

static void test_cases(void **state)
{
    (void)state;
    static const char *const names[] = {"plain",      "ties",   "id_zero",      "crowded",
                                        "small_only", "strays", "no_detections"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        check_case(names[i]);
}

/* One picture, one category, the annotations and detections given as JSON lists. */
static void judge_small(const char *annotations, const char *detections, double *out)
{
    char text[2048];
    struct dsq_diag d = {0};
    struct dsq_coco_dataset *dataset;
    struct dsq_coco_results results;
    dsq_coco_results_init(&results, NULL);
    snprintf(text, sizeof text,
             "{\"images\": [{\"id\": 1}], \"categories\": [{\"id\": 1}], \"annotations\": %s}",
             annotations);
    if (dsq_coco_parse(&dataset, text, strlen(text), "small", NULL, &d) != DSQ_OK ||
        dsq_coco_results_parse(&results, dataset, detections, strlen(detections), "small", &d) !=
            DSQ_OK)
        fail_msg("%s", d.text);
    judge(dataset, &results, out);
    dsq_coco_results_free(&results);
    dsq_coco_free(&dataset);
}

#define BOX "\"image_id\": 1, \"category_id\": 1, \"bbox\": [10, 10, 40, 40]"

static void test_a_perfect_detection_is_one(void **state)
{
    (void)state;
    double v[MOST_NUMBERS];
    judge_small("[{\"id\": 1, " BOX "}]", "[{" BOX ", \"score\": 0.5}]", v);
    for (int i = 0; i < 3; i++)
        assert_true(fabs(v[i] - 1) < 1e-9); /* pycocotools' epsilon keeps it from exactly 1 */
    assert_true(isnan(v[3]));               /* 40 x 40 is medium: there is nothing small */
    assert_true(fabs(v[4] - 1) < 1e-9);
    assert_true(v[6] == 1 && v[7] == 1 && v[8] == 1);
}

static void test_id_zero_counts_as_a_miss(void **state)
{
    (void)state;
    double v[MOST_NUMBERS];
    judge_small("[{\"id\": 0, " BOX "}]", "[{" BOX ", \"score\": 0.5}]", v);
    assert_true(v[0] == 0 && v[8] == 0);
}

static void test_a_crowd_takes_any_number_without_harm(void **state)
{
    (void)state;
    double v[MOST_NUMBERS];
    judge_small(
        "[{\"id\": 1, " BOX "}, {\"id\": 2, \"image_id\": 1, \"category_id\": 1, "
        "\"bbox\": [100, 0, 200, 200], \"iscrowd\": 1}]",
        "[{\"image_id\": 1, \"category_id\": 1, \"bbox\": [120, 10, 20, 20], \"score\": 0.9},"
        " {\"image_id\": 1, \"category_id\": 1, \"bbox\": [150, 50, 60, 60], \"score\": 0.8},"
        " {" BOX ", \"score\": 0.1}]",
        v);
    assert_true(fabs(v[0] - 1) < 1e-9);
}

static void test_the_first_of_equal_scores_wins(void **state)
{
    (void)state;
    double v[MOST_NUMBERS];
    static const char right[] = "{" BOX ", \"score\": 0.5}";
    static const char wrong[] =
        "{\"image_id\": 1, \"category_id\": 1, \"bbox\": [300, 300, 40, 40], \"score\": 0.5}";
    char text[512];
    snprintf(text, sizeof text, "[%s, %s]", right, wrong);
    judge_small("[{\"id\": 1, " BOX "}]", text, v);
    assert_true(fabs(v[0] - 1) < 1e-9 && v[6] == 1);
    snprintf(text, sizeof text, "[%s, %s]", wrong, right);
    judge_small("[{\"id\": 1, " BOX "}]", text, v);
    assert_true(fabs(v[0] - 0.5) < 1e-9 && v[6] == 0);
}

static void test_no_ground_truth_is_nan(void **state)
{
    (void)state;
    double v[MOST_NUMBERS];
    judge_small("[]", "[{" BOX ", \"score\": 0.5}]", v);
    for (int i = 0; i < N_NUMBERS + 1; i++)
        assert_true(isnan(v[i]));
    judge_small("[]", "[]", v);
    for (int i = 0; i < N_NUMBERS + 1; i++)
        assert_true(isnan(v[i]));
}

/* Memory that ends after a number of requests. */
struct limited {
    int left;
    int in_use;
};

static void *limited_alloc(void *user, size_t bytes)
{
    struct limited *l = user;
    if (l->left == 0)
        return NULL;
    l->left--;
    l->in_use++;
    return dsq_alloc(NULL, bytes);
}

static void limited_free(void *user, void *memory)
{
    ((struct limited *)user)->in_use--;
    dsq_release(NULL, memory);
}

static void test_memory_may_end_anywhere(void **state)
{
    (void)state;
    struct limited l;
    const struct dsq_allocator a = {&l, limited_alloc, limited_free};
    enum dsq_status status = DSQ_NOMEM;
    for (int n = 0; status != DSQ_OK; n++) {
        l = (struct limited){n, 0};
        struct dsq_coco_dataset *dataset = NULL;
        struct dsq_coco_results results;
        struct dsq_map_result r;
        dsq_coco_results_init(&results, &a);
        status = dsq_coco_read(&dataset, "tests/eval/plain.gt.json", &a, NULL);
        if (status == DSQ_OK)
            status = dsq_coco_results_read(&results, dataset, "tests/eval/plain.dt.json", NULL);
        struct dsq_matches m = {.allocator = &a};
        struct dsq_interval ap, change;
        if (status == DSQ_OK)
            status = dsq_matches_init(&m, dataset->n_categories, dataset->n_images, NULL);
        if (status == DSQ_OK)
            status = dsq_map_evaluate(dataset, &results, &r, &m, NULL);
        if (status == DSQ_OK)
            status = dsq_bootstrap(&m, &m, 10, 1, 0.9, &ap, &change, NULL);
        dsq_matches_free(&m);
        assert_true(status == DSQ_OK || status == DSQ_NOMEM);
        dsq_coco_results_free(&results);
        dsq_coco_free(&dataset);
        assert_int_equal(l.in_use, 0);
        assert_true(n < 1000);
    }
}

int main(int argc, char **argv)
{
    if (argc == 4 && strcmp(argv[1], "judge") == 0) {
        double v[MOST_NUMBERS];
        size_t n = judge_files(argv[2], argv[3], v);
        for (size_t i = 0; i < n; i++)
            isnan(v[i]) ? printf("nan\n") : printf("%.17g\n", v[i]);
        return 0;
    }
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_cases),
        cmocka_unit_test(test_a_perfect_detection_is_one),
        cmocka_unit_test(test_id_zero_counts_as_a_miss),
        cmocka_unit_test(test_a_crowd_takes_any_number_without_harm),
        cmocka_unit_test(test_the_first_of_equal_scores_wins),
        cmocka_unit_test(test_no_ground_truth_is_nan),
        cmocka_unit_test(test_memory_may_end_anywhere),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
