/* SPDX-License-Identifier: Apache-2.0 */
/* A plain interpreter of float graphs; see pass_interpreter.c. */
#ifndef DSQ_TESTS_PASS_INTERPRETER_H
#define DSQ_TESTS_PASS_INTERPRETER_H

#include "graph/infer.h"

struct interpreter {
    struct dsq_graph *g;
    struct dsq_sizes sizes;
    struct dsq_arena arena;
    double **data; /* by value */
};

struct dims {
    int64_t n, c, h, w;
};
/* A value's dimensions, padded with ones in front. */
struct dims interpreter_dims(const struct interpreter *m, dsq_vid v);

/* Run at height h and width w over a fixed input of one picture of four channels. The results are
 * in m->data, which lives in m->arena: free that. */
void interpreter_run(struct interpreter *m, struct dsq_graph *g, int64_t h, int64_t w);

#endif
