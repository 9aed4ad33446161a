/* SPDX-License-Identifier: Apache-2.0 */
/* COCO's annotations: parsed, looked up, and judged against detections that copy them. */
#include "eval/coco.h"
#include "eval/map.h"
#include "fuzz.h"

static void judge(const struct dsq_coco_dataset *dataset)
{
    struct dsq_diag d = {0};
    struct dsq_coco_results results;
    struct dsq_map_result result;
    dsq_coco_results_init(&results, NULL);
    for (size_t i = 0; i < dataset->n_annotations; i++) {
        const struct dsq_coco_annotation *a = &dataset->annotation[i];
        FUZZ_CHECK(a->image >= 0 && (size_t)a->image < dataset->n_images);
        FUZZ_CHECK(a->category >= 0 && (size_t)a->category < dataset->n_categories);
        struct dsq_coco_detection copy = {a->image, a->category, {0}, 1.0 / (double)(i + 1)};
        memcpy(copy.box, a->box, sizeof copy.box);
        FUZZ_CHECK(dsq_coco_results_add(&results, &copy, &d) == DSQ_OK);
    }
    if (fuzz_ok(dsq_map_evaluate(dataset, &results, &result, NULL, &d), &d))
        FUZZ_CHECK(!(result.ap < 0) && !(result.ap > 1));
    dsq_coco_results_free(&results);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
    struct dsq_diag d = {0};
    struct dsq_coco_dataset *dataset = NULL;
    enum dsq_status status = dsq_coco_parse(&dataset, (const char *)data, bytes, "input", NULL, &d);
    fuzz_check_answer(status, dataset, &d);
    if (!dataset)
        return 0;
    for (size_t i = 0; i < dataset->n_images; i++)
        FUZZ_CHECK(dsq_coco_image_by_id(dataset, dataset->image[i].id) == (int32_t)i);
    for (size_t i = 0; i < dataset->n_categories; i++)
        FUZZ_CHECK(dsq_coco_category_by_id(dataset, dataset->category[i].id) == (int32_t)i);
    judge(dataset);
    dsq_coco_free(&dataset);
    return 0;
}
