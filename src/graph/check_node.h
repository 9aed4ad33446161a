/* SPDX-License-Identifier: Apache-2.0 */
/* Between check.c and check_node.c: what the checker carries around. */
#ifndef DSQ_GRAPH_CHECK_NODE_H
#define DSQ_GRAPH_CHECK_NODE_H

#include "graph/graph.h"

struct dsq_checker {
    const struct dsq_graph *g;
    bool layouts_assigned;
    int32_t *producer; /* by value */
    struct dsq_diag *diag;
};

/* MALFORMED, "NODE: what" */
enum dsq_status dsq_check_fail(const struct dsq_checker *c, int32_t node, const char *what);
/* Types, scales and layouts of a node whose ids and attributes are in range. */
enum dsq_status dsq_check_node(const struct dsq_checker *c, int32_t i);

#endif
