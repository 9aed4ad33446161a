/* SPDX-License-Identifier: Apache-2.0 */
/* Is this graph whole? Run after every pass, in every build. */
#ifndef DSQ_GRAPH_CHECK_H
#define DSQ_GRAPH_CHECK_H

#include "graph/graph.h"

/* MALFORMED with the offending node or value: ids in range, arity as ops.def says, one producer a
 * value, topological order, unique names, constants of the right size, types that the operators
 * allow (s8 with a quantization, m present exactly where conv needs it, layouts equal where LAYOUT
 * says so and NHWC where NHWC says so once `layouts_assigned`), shape_only outputs used for shapes
 * only. */
enum dsq_status dsq_graph_check(struct dsq_graph *g, bool layouts_assigned,
                                struct dsq_diag *d) DSQ_MUST_CHECK;

#endif
