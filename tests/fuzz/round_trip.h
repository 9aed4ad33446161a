/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_FUZZ_ROUND_TRIP_H
#define TESTS_FUZZ_ROUND_TRIP_H

#include "graph/graph.h"

/* Printing loses nothing: what it gives parses, and prints the same again; else the program ends.
 * The graph must have passed dsq_graph_check. */
void fuzz_round_trip(const struct dsq_graph *g);

#endif
