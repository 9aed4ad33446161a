/* SPDX-License-Identifier: Apache-2.0 */
/*
 * AP from kept matches: over weighted pictures it is COCO's AP of a data set that holds each
 * picture so often; and the bootstrap made of it.
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "eval/map.h"

enum { MOST_PICTURES = 256 };

struct judged {
    struct dsq_coco_dataset *dataset;
    struct dsq_coco_results results;
    struct dsq_matches matches;
    double ap;
};

static void judge(struct judged *j)
{
    struct dsq_diag d = {0};
    struct dsq_map_result r;
    j->matches = (struct dsq_matches){.allocator = NULL};
    if (dsq_matches_init(&j->matches, j->dataset->n_categories, j->dataset->n_images, &d) != 0 ||
        dsq_map_evaluate(j->dataset, &j->results, &r, &j->matches, &d) != DSQ_OK)
        fail_msg("%s", d.text);
    j->ap = r.ap;
}

static void open_case(struct judged *j, const char *name)
{
    char truth[128], detections[128];
    struct dsq_diag d = {0};
    snprintf(truth, sizeof truth, "tests/eval/%s.gt.json", name);
    snprintf(detections, sizeof detections, "tests/eval/%s.dt.json", name);
    dsq_coco_results_init(&j->results, NULL);
    if (dsq_coco_read(&j->dataset, truth, NULL, &d) != DSQ_OK ||
        dsq_coco_results_read(&j->results, j->dataset, detections, &d) != DSQ_OK)
        fail_msg("%s", d.text);
    /* No two scores equal: among equals the order of a repeated picture's is another. */
    for (size_t i = 0; i < j->results.n; i++)
        j->results.item[i].score += (double)i * 1e-9;
    assert_true(j->dataset->n_images > 0 && j->dataset->n_images <= MOST_PICTURES);
    judge(j);
}

static void close_case(struct judged *j)
{
    dsq_matches_free(&j->matches);
    dsq_coco_results_free(&j->results);
    dsq_coco_free(&j->dataset);
}

/* COCO's AP where picture i is there weight[i] times, really. */
static double repeated_ap(const struct judged *j, const uint32_t *weight)
{
    struct dsq_diag d = {0};
    struct dsq_map_result r;
    struct dsq_coco_dataset many = *j->dataset;
    struct dsq_coco_results results;
    size_t total = 0, n_annotations = 0;
    dsq_coco_results_init(&results, NULL);
    for (size_t i = 0; i < j->dataset->n_images; i++)
        total += weight[i];
    many.image = calloc(total + 1, sizeof *many.image);
    many.annotation = calloc(total * (j->dataset->n_annotations + 1), sizeof *many.annotation);
    many.n_images = 0;
    for (size_t i = 0; i < j->dataset->n_images; i++)
        for (uint32_t k = 0; k < weight[i]; k++, many.n_images++) {
            for (size_t a = 0; a < j->dataset->n_annotations; a++) {
                struct dsq_coco_annotation copy = j->dataset->annotation[a];
                if ((size_t)copy.image != i)
                    continue;
                copy.image = (int32_t)many.n_images;
                many.annotation[n_annotations++] = copy;
            }
            for (size_t a = 0; a < j->results.n; a++) {
                struct dsq_coco_detection copy = j->results.item[a];
                if ((size_t)copy.image != i)
                    continue;
                copy.image = (int32_t)many.n_images;
                assert_int_equal(dsq_coco_results_add(&results, &copy, &d), DSQ_OK);
            }
        }
    many.n_annotations = n_annotations;
    assert_int_equal(dsq_map_evaluate(&many, &results, &r, NULL, &d), DSQ_OK);
    free(many.image);
    free(many.annotation);
    dsq_coco_results_free(&results);
    return r.ap;
}

static void assert_near(double got, double expected)
{
    if (isnan(got) != isnan(expected) || fabs(got - expected) > 1e-12)
        fail_msg("%.17g, expected %.17g", got, expected);
}

static void test_weighted_pictures(void **state)
{
    const char *name = *state;
    struct judged j;
    uint32_t weight[MOST_PICTURES], seed = 1;
    open_case(&j, name);
    struct dsq_hit *scratch = calloc(j.matches.n_matches + 1, sizeof *scratch);
    for (int round = 0; round < 40; round++) {
        for (size_t i = 0; i < j.matches.n_images; i++) {
            seed = seed * 1664525u + 1013904223u;
            weight[i] = round == 0 ? 1 : round == 1 ? 0 : (seed >> 28) % 4;
        }
        double ap = dsq_matches_ap(&j.matches, weight, scratch);
        assert_near(ap, repeated_ap(&j, weight));
        if (round == 0)
            assert_near(ap, j.ap);
        if (round == 1)
            assert_true(isnan(ap));
    }
    free(scratch);
    close_case(&j);
}

static struct dsq_interval interval(const struct judged *j, const struct judged *first,
                                    int32_t resamples, uint64_t seed, struct dsq_interval *change)
{
    struct dsq_diag d = {0};
    struct dsq_interval ap;
    assert_int_equal(dsq_bootstrap(&j->matches, first ? &first->matches : NULL, resamples, seed,
                                   0.9, &ap, change, &d),
                     DSQ_OK);
    return ap;
}

static void test_bootstrap(void **state)
{
    (void)state;
    struct judged j, worse;
    struct dsq_interval change, again, none;
    open_case(&j, "plain");
    open_case(&worse, "plain");
    struct dsq_interval ap = interval(&j, &j, 500, 7, &change);
    assert_true(ap.low < j.ap && j.ap < ap.high && ap.high <= 1 && ap.low >= 0);
    assert_true(change.low == 0 && change.high == 0); /* paired: the same engine twice */
    struct dsq_interval same = interval(&j, NULL, 500, 7, &none);
    assert_true(same.low == ap.low && same.high == ap.high);
    assert_true(isnan(none.low) && isnan(none.high));
    struct dsq_interval other = interval(&j, NULL, 500, 8, &none);
    assert_true(other.low != ap.low && fabs(other.low - ap.low) < 0.1);
    /* Half of the detections gone: surely worse, and by less doubt than two unpaired ones. */
    size_t n = 0;
    for (size_t i = 0; i < worse.results.n; i += 2)
        worse.results.item[n++] = worse.results.item[i];
    worse.results.n = n;
    dsq_matches_free(&worse.matches);
    judge(&worse);
    struct dsq_interval low = interval(&worse, &j, 500, 7, &change);
    (void)interval(&j, &worse, 500, 7, &again);
    assert_true(change.high < 0 && change.low < worse.ap - j.ap && worse.ap - j.ap < change.high);
    assert_true(fabs(again.low + change.high) < 1e-12 && fabs(again.high + change.low) < 1e-12);
    assert_true(change.high - change.low < (ap.high - ap.low) + (low.high - low.low));
    close_case(&j);
    close_case(&worse);
}

/* Two pictures, one all right and one all wrong: a draw has 0, 1 or 2 of the good one, with chances
 * 1/4, 1/2, 1/4; so the middle 90 % go from 0 to 1 and the middle 40 % are the AP of one each. */
static void test_bootstrap_by_hand(void **state)
{
    (void)state;
    static const char truth[] =
        "{\"images\": [{\"id\": 1}, {\"id\": 2}], \"categories\": [{\"id\": 1, \"name\": \"a\"}],"
        " \"annotations\": [{\"id\": 1, \"image_id\": 1, \"category_id\": 1, \"bbox\": [0, 0, 9, "
        "9]},"
        " {\"id\": 2, \"image_id\": 2, \"category_id\": 1, \"bbox\": [0, 0, 9, 9]}]}";
    static const char found[] =
        "[{\"image_id\": 1, \"category_id\": 1, \"bbox\": [0, 0, 9, 9], \"score\": 0.9}]";
    struct dsq_diag d = {0};
    struct judged j;
    struct dsq_interval ap, change;
    dsq_coco_results_init(&j.results, NULL);
    assert_int_equal(dsq_coco_parse(&j.dataset, truth, strlen(truth), "gt", NULL, &d), DSQ_OK);
    assert_int_equal(dsq_coco_results_parse(&j.results, j.dataset, found, strlen(found), "dt", &d),
                     DSQ_OK);
    judge(&j);
    assert_near(j.ap, 51.0 / 101.0); /* recalls 0 to .50 of 0 to 1 */
    ap = interval(&j, NULL, 4000, 3, &change);
    assert_near(ap.low, 0);
    assert_true(ap.high > 1 - 1e-12);
    assert_int_equal(dsq_bootstrap(&j.matches, NULL, 4000, 3, 0.4, &ap, &change, &d), DSQ_OK);
    assert_near(ap.low, j.ap);
    assert_near(ap.high, j.ap);
    close_case(&j);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_prestate(test_weighted_pictures, "plain"),
        cmocka_unit_test_prestate(test_weighted_pictures, "crowded"),
        cmocka_unit_test_prestate(test_weighted_pictures, "id_zero"),
        cmocka_unit_test_prestate(test_weighted_pictures, "small_only"),
        cmocka_unit_test_prestate(test_weighted_pictures, "no_detections"),
        cmocka_unit_test(test_bootstrap),
        cmocka_unit_test(test_bootstrap_by_hand),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
