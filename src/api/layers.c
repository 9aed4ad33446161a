/* SPDX-License-Identifier: Apache-2.0 */
/* The steps of an engine: what they are and how long they take. */
#include "api/layers.h"

#include <dsq/dsq.h>

#include "base/settings.h"
#include "engine/engine.h"

const char *dsq_node_precision(const struct dsq_graph *g, const struct dsq_node *n)
{
    if (n->n_in == 0)
        return "";
    dsq_vid x = n->op == DSQ_OP_CONV ? dsq_conv_x(n, 0) : n->in[0];
    enum dsq_dtype in = g->value[x].dtype, out = g->value[n->out[0]].dtype;
    if (in == DSQ_S8)
        return out == DSQ_S8 ? "INT8" : "INT8, writes FP32";
    if (in != DSQ_F32 && out != DSQ_F32 && out != DSQ_S8)
        return dsq_dtype_name(out);
    return out == DSQ_S8 ? "FP32, writes INT8" : "FP32";
}

int32_t dsq_engine_layers(const struct dsq_engine *engine)
{
    return engine->file->graph->n_nodes;
}

enum dsq_status dsq_engine_layer_info(const struct dsq_engine *engine, int32_t i,
                                      struct dsq_layer_info *info)
{
    struct dsq_diag d;
    if (!engine || !info || i < 0 || i >= dsq_engine_layers(engine))
        return DSQ_ARGUMENT;
    DSQ_TRY(dsq_result_check(info, "struct dsq_layer_info", &d));
    const struct dsq_graph *g = engine->file->graph;
    const struct dsq_node *n = &g->node[i];
    struct dsq_kernel_info kernel;
    dsq_engine_node_kernel(engine, i, &kernel);
    struct dsq_layer_info r = {
        .size = sizeof r,
        .name = n->name ? n->name : "",
        .output = n->n_out > 0 ? g->value[n->out[0]].name : "",
        .op = dsq_op_info(n->op)->name,
        .precision = dsq_node_precision(g, n),
        .kernel = kernel.kernel,
        .why = kernel.why,
    };
    dsq_result_write(info, &r, sizeof r);
    return DSQ_OK;
}

void dsq_context_time_layers(struct dsq_context *context, double *seconds)
{
    dsq_context_profile(context, seconds);
}
