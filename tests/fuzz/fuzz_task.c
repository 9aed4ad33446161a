/* SPDX-License-Identifier: Apache-2.0 */
/* Tasks as JSON: what is read prints, and prints the same after being read again; then a small
 * picture is prepared and small maps are decoded as the task says. */
#include "base/memory.h"
#include "detect/anchors.h"
#include "detect/decode.h"
#include "detect/prepare.h"
#include "detect/task.h"
#include "fuzz.h"

enum { GRID_WIDTH = 3, GRID_HEIGHT = 2, MOST_NUMBERS = 1 << 16 };

static void round_trip(const struct dsq_task *task)
{
    struct dsq_diag d = {0};
    char *text = NULL, *again = NULL;
    struct dsq_task *copy = NULL;
    FUZZ_CHECK(dsq_task_to_json(task, &text, NULL, &d) == DSQ_OK);
    enum dsq_status status = dsq_task_parse(&copy, text, NULL, 0, NULL, &d);
    if (status != DSQ_OK)
        fprintf(stderr, "%s\n%s\n", d.text, text);
    FUZZ_CHECK(status == DSQ_OK);
    FUZZ_CHECK(dsq_task_to_json(copy, &again, NULL, &d) == DSQ_OK);
    FUZZ_CHECK(strcmp(text, again) == 0);
    dsq_task_free(&copy);
    dsq_release(NULL, text);
    dsq_release(NULL, again);
}

static void prepare(const struct dsq_task *task, const struct dsq_prepared_size *ps)
{
    struct dsq_diag d = {0};
    struct dsq_picture *p = NULL;
    uint8_t rgb[7 * 5 * 3];
    for (size_t i = 0; i < sizeof rgb; i++)
        rgb[i] = (uint8_t)(i * 37);
    size_t n = (size_t)ps->width * (size_t)ps->height * 3;
    if (n > MOST_NUMBERS || dsq_picture_from_rgb(&p, 7, 5, rgb, NULL, &d) != DSQ_OK)
        return;
    float *dst = malloc(n * sizeof *dst);
    if (dst)
        (void)fuzz_ok(dsq_prepare(task, p, ps, dst, DSQ_NHWC, &d), &d);
    free(dst);
    dsq_picture_free(&p);
}

/* Maps of the channels that the task asks for, all made of the same few numbers. */
static void decode(const struct dsq_task *task, const struct dsq_prepared_size *ps)
{
    struct dsq_diag d = {0};
    struct dsq_tensor map[2 * DSQ_TASK_MAX_NUMBERS];
    const char *names[2 * DSQ_TASK_MAX_NUMBERS];
    struct dsq_detections found = {0};
    static const float values[] = {0.0f, 2.5f, -1.5f, 40.0f, -0.25f};
    int32_t levels = task->anchor_base_sizes.n, anchors = dsq_anchor_count(task);
    int32_t classes = task->classes.n > 0 ? task->classes.n : 2;
    size_t n = (size_t)anchors * (size_t)(classes > 4 ? classes : 4) * GRID_WIDTH * GRID_HEIGHT;
    float *data = n > MOST_NUMBERS ? NULL : malloc(n * sizeof *data);
    if (!data)
        return;
    for (size_t i = 0; i < n; i++)
        data[i] = values[i % 5];
    for (int32_t i = 0; i < 2 * levels; i++) {
        const struct dsq_task_names *wanted =
            i < levels ? &task->score_outputs : &task->box_outputs;
        map[i] = (struct dsq_tensor){.dtype = DSQ_F32, .rank = 4, .data = data};
        map[i].dims[0] = 1;
        map[i].dims[1] = anchors * (i < levels ? classes : 4);
        map[i].dims[2] = GRID_HEIGHT;
        map[i].dims[3] = GRID_WIDTH;
        names[i] = wanted->n ? wanted->v[i % levels] : "";
    }
    (void)fuzz_ok(dsq_decode(task, map, names, 2 * levels, 0, ps, &found, &d), &d);
    dsq_detections_free(&found);
    free(data);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
    struct dsq_diag d = {0};
    struct dsq_task *task = NULL;
    struct dsq_prepared_size ps;
    char *text = fuzz_text(data, bytes);
    if (!text || text[0] != '{') { /* else it names a preset or a file */
        free(text);
        return 0;
    }
    enum dsq_status status = dsq_task_parse(&task, text, NULL, 0, NULL, &d);
    fuzz_check_answer(status, task, &d);
    if (task) {
        round_trip(task);
        if (fuzz_ok(dsq_prepare_size(task, 7, 5, &ps, &d), &d)) {
            prepare(task, &ps);
            decode(task, &ps);
        }
    }
    dsq_task_free(&task);
    free(text);
    return 0;
}
