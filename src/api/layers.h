/* SPDX-License-Identifier: Apache-2.0 */
/* What a node of the graph is to people. */
#ifndef DSQ_API_LAYERS_H
#define DSQ_API_LAYERS_H

#include "graph/graph.h"

/* "INT8" when it reads s8, and what it writes where that differs. "" without inputs. */
const char *dsq_node_precision(const struct dsq_graph *g, const struct dsq_node *n);

#endif
