/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the engine's tests share: an allocator that counts and fails on demand, random numbers from
 * a printed seed, building graphs, capturing every tensor of a run, and a reference of every
 * operator written from the definition of the numbers alone (one output after the other, planes in
 * ONNX order).
 */
#ifndef TESTS_UNIT_ENGINE_SUPPORT_H
#define TESTS_UNIT_ENGINE_SUPPORT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "counting.h"
#include "engine/engine.h"

/* ---- random numbers ---- */
uint32_t random_u32(uint64_t *state);
static inline int random_int(uint64_t *state, int low, int high)
{
    return low + (int)(random_u32(state) % (uint32_t)(high - low + 1));
}
float random_float(uint64_t *state); /* in (-1, 1) */

/* ---- graphs ---- */
/* A graph from its text (constants within the text). Fails the test otherwise. */
struct dsq_graph *graph_of(const char *text);
dsq_vid add_value(struct dsq_graph *g, enum dsq_dtype t, enum dsq_layout layout,
                  const struct dsq_shape *shape, const struct dsq_quant *q);
dsq_vid add_const(struct dsq_graph *g, enum dsq_dtype t, const struct dsq_shape *shape,
                  const void *data, size_t bytes);
void add_node(struct dsq_graph *g, enum dsq_op op, const dsq_vid *in, int32_t n_in,
              const dsq_vid *out, int32_t n_out, const void *attr);
struct dsq_quant quant_of(float scale, int32_t zero, int32_t qmin, int32_t qmax);
/* An engine file of the graph, through its bytes: what a test runs has been written and read back.
 */
struct dsq_engine_file *file_of(struct dsq_graph *g, const struct dsq_profile_input *profile);

/* ---- running ---- */
struct captured {
    bool there;
    enum dsq_dtype dtype;
    int32_t rank;
    int64_t dims[DSQ_MAX_RANK];
    size_t n;
    void *data; /* dense, ONNX order */
};
struct run {
    struct dsq_engine *engine;
    struct dsq_context *context;
    const struct dsq_graph *graph;
    struct captured *value; /* by value id */
};
/* Load with this level and thread count; every tensor is captured. */
void run_open(struct run *r, const struct dsq_engine_file *f, const char *level, int threads);
void run_once(struct run *r); /* inputs are bound */
void run_close(struct run *r);
/* All captured tensors have the same bytes. */
void assert_same_run(const struct run *a, const struct run *b);
/* Every node's outputs are what the reference computes from its inputs. */
void assert_nodes_right(const struct run *r);

#define assert_ok(call)                                                                            \
    do {                                                                                           \
        struct dsq_diag diag_of_call = {DSQ_OK, ""};                                               \
        struct dsq_diag *diag = &diag_of_call;                                                     \
        enum dsq_status status_of_call = (call);                                                   \
        if (status_of_call != DSQ_OK)                                                              \
            print_error("%s: %s\n", dsq_status_name(status_of_call), diag->text);                  \
        assert_int_equal(status_of_call, DSQ_OK);                                                  \
    } while (0)

#endif
