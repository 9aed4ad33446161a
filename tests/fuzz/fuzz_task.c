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

/* How many channels the map `i` of the task's outputs has: score maps, then box maps; or one list
 * of all. */
static int64_t channels_of(const struct dsq_task *task, int32_t i, bool list)
{
    int64_t classes = task->classes.n > 0 ? task->classes.n : 2;
    if (task->family == DSQ_FAMILY_YOLOX)
        return classes + 5;
    if (task->family == DSQ_FAMILY_NANODET && list)
        return classes + 4 * task->distance_bins;
    if (task->family == DSQ_FAMILY_NANODET)
        return i < dsq_task_levels(task) ? classes : 4 * task->distance_bins;
    classes += task->background != DSQ_BACKGROUND_NONE;
    return dsq_anchor_count(task) * (i < dsq_task_levels(task) ? classes : 4);
}

static int64_t cells_of(const struct dsq_task *task, const struct dsq_prepared_size *ps)
{
    int64_t cells = 0;
    for (int32_t i = 0; i < task->strides.n; i++) {
        int64_t stride = (int64_t)task->strides.v[i];
        cells += (ps->width + stride - 1) / stride * ((ps->height + stride - 1) / stride);
    }
    return cells;
}

/* Outputs as the task asks for them, all made of the same few numbers: maps, or with `list` one
 * list of cells. */
static void decode(const struct dsq_task *task, const struct dsq_prepared_size *ps, bool list)
{
    struct dsq_diag d = {0};
    struct dsq_tensor map[2 * DSQ_TASK_MAX_NUMBERS];
    const char *names[2 * DSQ_TASK_MAX_NUMBERS];
    struct dsq_detections found = {0};
    static const float values[] = {0.0f, 2.5f, -1.5f, 40.0f, -0.25f};
    int32_t levels = dsq_task_levels(task);
    int32_t n_outputs = list ? 1 : task->family == DSQ_FAMILY_YOLOX ? levels : 2 * levels;
    int64_t cells = list ? cells_of(task, ps) : (int64_t)GRID_WIDTH * GRID_HEIGHT, most = 4;
    for (int32_t i = 0; i < n_outputs; i++)
        most = channels_of(task, i, list) > most ? channels_of(task, i, list) : most;
    size_t n = (size_t)most * (size_t)cells;
    float *data = most > MOST_NUMBERS || cells > MOST_NUMBERS || n > MOST_NUMBERS
                      ? NULL
                      : malloc((n + 1) * sizeof *data);
    if (!data)
        return;
    for (size_t i = 0; i < n; i++)
        data[i] = values[i % 5];
    for (int32_t i = 0; i < n_outputs; i++) {
        const struct dsq_task_names *wanted =
            task->outputs.n ? &task->outputs
                            : (i < levels ? &task->score_outputs : &task->box_outputs);
        int64_t c = channels_of(task, i, list);
        map[i] = (struct dsq_tensor){
            .dtype = DSQ_F32, .rank = 4, .dims = {1, c, GRID_HEIGHT, GRID_WIDTH}, .data = data};
        if (list)
            map[i] = (struct dsq_tensor){
                .dtype = DSQ_F32, .rank = 3, .dims = {1, cells, c}, .data = data};
        names[i] = wanted->n ? wanted->v[i % wanted->n] : "";
    }
    (void)fuzz_ok(dsq_decode(task, map, names, n_outputs, 0, ps, &found, &d), &d);
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
            decode(task, &ps, false);
            decode(task, &ps, true);
        }
    }
    dsq_task_free(&task);
    free(text);
    return 0;
}
