/* SPDX-License-Identifier: Apache-2.0 */
/* Detections in COCO's results format: read, refused, written and read back to the same bits. */
#define _POSIX_C_SOURCE 200809L
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "eval/coco.h"

static const char truth[] = "{\"images\": [{\"id\": 7}, {\"id\": 3}], \"annotations\": [], "
                            "\"categories\": [{\"id\": 90}, {\"id\": 2}]}";

static int make_dataset(void **state)
{
    struct dsq_coco_dataset *dataset;
    if (dsq_coco_parse(&dataset, truth, strlen(truth), "truth", NULL, NULL) != DSQ_OK)
        return -1;
    *state = dataset;
    return 0;
}

static int free_dataset(void **state)
{
    struct dsq_coco_dataset *dataset = *state;
    dsq_coco_free(&dataset);
    return 0;
}

static void refuse(const struct dsq_coco_dataset *dataset, const char *text, const char *reason)
{
    struct dsq_diag d = {0};
    struct dsq_coco_results r;
    dsq_coco_results_init(&r, NULL);
    assert_int_equal(dsq_coco_results_parse(&r, dataset, text, strlen(text), "r.json", &d),
                     DSQ_MALFORMED);
    if (!strstr(d.text, reason))
        fail_msg("expected '%s' in: %s", reason, d.text);
    dsq_coco_results_free(&r);
}

#define GOOD "{\"image_id\": 7, \"category_id\": 2, \"bbox\": [1, 2, 3, 4], \"score\": 0.25}"

static void test_reading(void **state)
{
    struct dsq_diag d = {0};
    struct dsq_coco_results r;
    dsq_coco_results_init(&r, NULL);
    const char text[] =
        "\n[" GOOD ",\n {\"image_id\": 3, \"category_id\": 55, \"bbox\": [1, 2, 3, 4], "
        "\"score\": 1}, {\"image_id\": 3, \"category_id\": 90, "
        "\"bbox\": [1, 2.5, 3, 4], \"score\": 1, \"more\": {}} ]\n ";
    assert_int_equal(dsq_coco_results_parse(&r, *state, text, strlen(text), "r", &d), DSQ_OK);
    assert_int_equal(r.n, 2);
    assert_int_equal(r.n_strays, 1); /* category 55 */
    assert_true(r.item[0].image == 1 && r.item[0].category == 1 && r.item[0].score == 0.25);
    assert_true(r.item[1].image == 0 && r.item[1].category == 0 && r.item[1].box[1] == 2.5);
    assert_int_equal(dsq_coco_results_parse(&r, *state, " [ ] ", 5, "r", &d), DSQ_OK);
    assert_int_equal(r.n, 2);
    dsq_coco_results_free(&r);
}

static void test_refusals(void **state)
{
    refuse(*state, "", "r.json:1:1: expected a list");
    refuse(*state, "{\"annotations\": []}", "expected a list");
    refuse(*state, "[\n" GOOD "\n" GOOD "]", "r.json:3:1: expected ','");
    refuse(*state, "[" GOOD ",]", "expected a detection");
    refuse(*state, "[" GOOD, "expected ','");
    refuse(*state, "[" GOOD "] x", "expected the end");
    refuse(*state, "[] x", "expected the end");
    refuse(*state, "[1]", "expected a detection");
    refuse(*state, "[" GOOD ",\n{\"image_id\": nan}]", "r.json:2:");
    refuse(*state, "[{\"category_id\": 2}]", "'image_id'");
    refuse(*state, "[{\"image_id\": 7}]", "'category_id'");
    refuse(*state, "[{\"image_id\": 7, \"category_id\": 2, \"segmentation\": []}]", "'bbox'");
    refuse(*state, "[{\"image_id\": 7, \"category_id\": 2, \"bbox\": [1,2,3,4]}]", "'score'");
    refuse(*state, "[{\"image_id\": 8, \"category_id\": 2, \"bbox\": [1,2,3,4], \"score\": 1}]",
           "image_id 8");
}

static void test_written_and_read_back(void **state)
{
    const struct dsq_coco_dataset *dataset = *state;
    struct dsq_diag d = {0};
    struct dsq_coco_results r, back;
    dsq_coco_results_init(&r, NULL);
    dsq_coco_results_init(&back, NULL);
    srand(1);
    for (int i = 0; i < 3000; i++) {
        struct dsq_coco_detection x = {.image = i % 2, .category = i / 2 % 2};
        for (int k = 0; k < 4; k++)
            x.box[k] = (double)((float)rand() / 1000.0f) - (double)((float)rand() / 1e6f);
        x.score = (double)((float)rand() / (float)RAND_MAX);
        assert_int_equal(dsq_coco_results_add(&r, &x, &d), DSQ_OK);
    }
    char path[] = "/tmp/dsq-results-XXXXXX";
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    close(fd);
    assert_int_equal(dsq_coco_results_write(&r, dataset, path, &d), DSQ_OK);
    assert_int_equal(dsq_coco_results_read(&back, dataset, path, &d), DSQ_OK);
    assert_int_equal(back.n, r.n);
    for (size_t i = 0; i < r.n; i++)
        assert_true(back.item[i].image == r.item[i].image &&
                    back.item[i].category == r.item[i].category &&
                    memcmp(back.item[i].box, r.item[i].box, sizeof r.item[i].box) == 0 &&
                    back.item[i].score == r.item[i].score);
    /* What cannot be written leaves the file as it was. */
    r.item[5].score = (double)NAN;
    assert_int_equal(dsq_coco_results_write(&r, dataset, path, &d), DSQ_ARGUMENT);
    dsq_coco_results_free(&back);
    assert_int_equal(dsq_coco_results_read(&back, dataset, path, &d), DSQ_OK);
    assert_int_equal(back.n, 3000);
    r.n = 0;
    assert_int_equal(dsq_coco_results_write(&r, dataset, path, &d), DSQ_OK);
    dsq_coco_results_free(&back);
    assert_int_equal(dsq_coco_results_read(&back, dataset, path, &d), DSQ_OK);
    assert_int_equal(back.n, 0);
    unlink(path);
    dsq_coco_results_free(&back);
    dsq_coco_results_free(&r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_reading),
        cmocka_unit_test(test_refusals),
        cmocka_unit_test(test_written_and_read_back),
    };
    return cmocka_run_group_tests(tests, make_dataset, free_dataset);
}
