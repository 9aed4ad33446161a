/* SPDX-License-Identifier: Apache-2.0 */
/* What the tests of src/calib share: a temporary folder, random pictures, a tiny detector. */
#ifndef DSQ_TESTS_CALIB_TEST_H
#define DSQ_TESTS_CALIB_TEST_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include <dsq/dsq.h>

#include "base/bytes.h"
#include "engine/file.h"
#include "graph/infer.h"
#include "pass/pass.h"
#include "quant_random.h"

static struct dsq_diag diag;

/* Must succeed; shows the message otherwise. */
#define OK(call)                                                                                   \
    do {                                                                                           \
        if ((call) != DSQ_OK)                                                                      \
            fail_msg("%s:%d: %s: %s", __FILE__, __LINE__, #call, diag.text);                       \
    } while (0)

static char folder[64]; /* of the running test; see make_folder */

static inline int make_folder(void **state)
{
    (void)state;
    strcpy(folder, "/tmp/dsq_calibXXXXXX");
    return mkdtemp(folder) ? 0 : -1;
}

static inline int remove_folder(void **state)
{
    (void)state;
    char command[128];
    snprintf(command, sizeof command, "rm -rf '%s'", folder);
    return system(command);
}

static inline const char *in_folder(const char *name)
{
    static char path[4][160];
    static int turn;
    turn = (turn + 1) % 4;
    snprintf(path[turn], sizeof path[turn], "%s/%s", folder, name);
    return path[turn];
}

static inline void write_text(const char *name, const char *text)
{
    OK(dsq_file_write(in_folder(name), text, strlen(text), &diag));
}

/* A picture of coloured noise on a gradient. */
static inline struct dsq_picture *random_picture(int32_t width, int32_t height, uint64_t seed)
{
    struct dsq_picture *p = NULL;
    size_t n = (size_t)width * (size_t)height * 3;
    uint8_t *rgb = malloc(n);
    assert_non_null(rgb);
    for (size_t i = 0; i < n; i++)
        rgb[i] = (uint8_t)(i * 200 / n + random_u32(&seed) % 56);
    OK(dsq_picture_from_rgb(&p, width, height, rgb, NULL, &diag));
    free(rgb);
    return p;
}

static inline void write_picture(const char *name, int32_t width, int32_t height, uint64_t seed)
{
    struct dsq_picture *p = random_picture(width, height, seed);
    OK(dsq_picture_write(p, in_folder(name), &diag));
    dsq_picture_free(&p);
}

/* ---- a detector of one level: x -> stem (conv, ReLU) -> pool -> cls, box ---- */

static const char detector_task[] =
    "{\"preset\": \"retinanet-mmdet\", \"resize\": \"none\", \"pad\": 16, \"strides\": [8],"
    " \"anchor_base_sizes\": [8], \"score_outputs\": [\"cls\"], \"box_outputs\": [\"box\"],"
    " \"score_threshold\": 0.3, \"classes\": [\"cat\", \"dog\"]}";

static inline dsq_vid random_weights(struct dsq_graph *g, const char *name, int64_t o, int64_t k,
                                     int64_t i, float spread, uint64_t *seed)
{
    struct dsq_shape shape = {4, {o, k, k, i}};
    size_t n = (size_t)(o * k * k * i);
    float *w = malloc(n * sizeof *w);
    dsq_vid v;
    assert_non_null(w);
    for (size_t e = 0; e < n; e++)
        w[e] = spread * random_normal(seed) / sqrtf((float)(k * k * i));
    OK(dsq_graph_add_const(g, name, DSQ_F32, &shape, w, n * sizeof *w, &v, &diag));
    free(w);
    return v;
}

static inline dsq_vid add_conv(struct dsq_graph *g, dsq_vid x, const char *y, int64_t o, int64_t k,
                               int64_t i, float spread, bool relu, uint64_t *seed)
{
    char name[32];
    snprintf(name, sizeof name, "%s.w", y);
    struct dsq_shape shape = {-1, {0}};
    struct dsq_conv_attr a = {
        .win = {.kernel = {k, k}, .stride = {k, k}, .dilation = {1, 1}},
        .group = 1,
        .out_channels = o,
        .act = relu ? DSQ_ACT_RELU : DSQ_ACT_NONE,
        .act_lo = relu ? 0.0f : -INFINITY,
        .act_hi = INFINITY,
    };
    dsq_vid out, w = random_weights(g, name, o, k, i, spread, seed);
    OK(dsq_graph_add_value(g, y, DSQ_F32, &shape, &out, &diag));
    dsq_vid in[] = {w, DSQ_NO_VALUE, x, DSQ_NO_VALUE, DSQ_NO_VALUE};
    OK(dsq_graph_add_node(g, DSQ_OP_CONV, y, 5, in, 1, &out, &a, NULL, &diag));
    return out;
}

/* The graph as an importer would leave it. */
static inline struct dsq_graph *make_detector(void)
{
    struct dsq_graph *g = NULL;
    uint64_t seed = 42;
    OK(dsq_graph_create(&g, "detector", NULL, &diag));
    struct dsq_shape shape = {4,
                              {dsq_dim_symbol(&g->dims, "N"), 3, dsq_dim_symbol(&g->dims, "H"),
                               dsq_dim_symbol(&g->dims, "W")}};
    struct dsq_shape unknown = {-1, {0}};
    dsq_vid x, pool;
    OK(dsq_graph_add_value(g, "x", DSQ_F32, &shape, &x, &diag));
    dsq_vid stem = add_conv(g, x, "stem", 16, 4, 3, 1.0f, true, &seed);
    struct dsq_pool_attr a = {.win = {.kernel = {2, 2}, .stride = {2, 2}, .dilation = {1, 1}}};
    OK(dsq_graph_add_value(g, "pool", DSQ_F32, &unknown, &pool, &diag));
    OK(dsq_graph_add_node(g, DSQ_OP_MAXPOOL, "pool", 1, &stem, 1, &pool, &a, NULL, &diag));
    dsq_vid out[2];
    out[0] = add_conv(g, pool, "cls", 18, 1, 16, 3.0f, false, &seed);
    out[1] = add_conv(g, pool, "box", 36, 1, 16, 0.3f, false, &seed);
    OK(dsq_graph_set_io(g, &x, 1, out, 2, &diag));
    OK(dsq_graph_infer(g, &diag));
    return g;
}

static inline struct dsq_engine_file *make_engine(const struct dsq_ranges *ranges)
{
    struct dsq_graph *g = make_detector();
    struct dsq_pass_settings s = {.ranges = ranges};
    struct dsq_pass_report report = {0};
    struct dsq_engine_file *file = NULL;
    OK(dsq_passes_run(g, &s, &report, &diag));
    OK(dsq_engine_file_create(&file, g, NULL, detector_task, NULL, "detector", NULL, &diag));
    return file;
}

/* ---- what is said through a log ---- */

static char said[4096];

static inline void keep_message(void *user, enum dsq_log_level level, const char *text)
{
    (void)user;
    (void)level;
    snprintf(said + strlen(said), sizeof said - strlen(said), "%s\n", text);
}

static const struct dsq_log log_kept = {.message = keep_message};

#endif
