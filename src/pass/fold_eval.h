/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Small evaluators for operators on constants: data movement of any type, arithmetic on f32 and
 * s64. They serve fold_constants; the executor has its own, faster ones.
 */
#ifndef DSQ_PASS_FOLD_EVAL_H
#define DSQ_PASS_FOLD_EVAL_H

#include "graph/graph.h"

/* Compute the only output of node i, all of whose inputs are constants, into `dst`, which holds the
 * output's shape and type densely (a known number of elements). False, dst undefined: not foldable
 * here. */
bool dsq_fold_node(const struct dsq_graph *g, int32_t i, void *dst);

/* The same for operators that compute element by element; fold_eval.c's own. */
bool dsq_fold_elements(const struct dsq_graph *g, const struct dsq_node *n, void *dst);

#endif
