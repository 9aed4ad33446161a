/* SPDX-License-Identifier: Apache-2.0 */
/* dsq bench --layers: where the time of a run goes. */
#ifndef DSQ_TOOLS_BENCH_LAYERS_H
#define DSQ_TOOLS_BENCH_LAYERS_H

#include "json.h"
#include "tool.h"

/* Mean milliseconds of each layer over a few runs of the inputs that are bound: an array of
 * dsq_engine_layers numbers, to be freed. NULL, with t->diag, when a run fails. */
double *layers_time(struct tool *t, const struct tool_engine *e);

/* The slowest first; those that take no time (sizes) are left out. */
void layers_print(const struct tool_engine *e, const double *ms);
void layers_print_json(struct tool_json *j, const struct tool_engine *e, const double *ms);

#endif
