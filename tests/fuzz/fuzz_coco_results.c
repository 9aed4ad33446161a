/* SPDX-License-Identifier: Apache-2.0 */
/* COCO results of any tool on a small data set: parsed and judged. */
#include "eval/coco.h"
#include "eval/map.h"
#include "fuzz.h"

static const char annotations[] =
    "{\"images\": [{\"id\": 1, \"width\": 64, \"height\": 48}, {\"id\": 2}, {\"id\": 3}],"
    " \"categories\": [{\"id\": 1, \"name\": \"a\"}, {\"id\": 2, \"name\": \"b\"}],"
    " \"annotations\": ["
    "{\"id\": 1, \"image_id\": 1, \"category_id\": 1, \"bbox\": [1, 2, 30, 40]},"
    "{\"id\": 2, \"image_id\": 1, \"category_id\": 2, \"bbox\": [0, 0, 60, 40], \"iscrowd\": 1},"
    "{\"id\": 3, \"image_id\": 2, \"category_id\": 1, \"bbox\": [5, 5, 200, 100]}]}";

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
    struct dsq_diag d = {0};
    struct dsq_coco_dataset *dataset = NULL;
    struct dsq_coco_results results;
    struct dsq_map_result result;
    FUZZ_CHECK(dsq_coco_parse(&dataset, annotations, strlen(annotations), "data set", NULL, &d) ==
               DSQ_OK);
    dsq_coco_results_init(&results, NULL);
    if (fuzz_ok(dsq_coco_results_parse(&results, dataset, (const char *)data, bytes, "input", &d),
                &d)) {
        for (size_t i = 0; i < results.n; i++) {
            FUZZ_CHECK(results.item[i].image >= 0 && results.item[i].image < 3);
            FUZZ_CHECK(results.item[i].category >= 0 && results.item[i].category < 2);
        }
        if (fuzz_ok(dsq_map_evaluate(dataset, &results, &result, NULL, &d), &d))
            FUZZ_CHECK(result.ap >= 0 && result.ap <= 1);
    }
    dsq_coco_results_free(&results);
    dsq_coco_free(&dataset);
    return 0;
}
