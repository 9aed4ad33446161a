/* SPDX-License-Identifier: Apache-2.0 */
/* A model's nodes as they are in the file, for people who ask why it cannot be imported. */
#include "onnx/import.h"

int64_t dsq_onnx_opset(const struct dsq_onnx *m)
{
    for (size_t i = 0; i < m->proto->n_opset_import; i++)
        if (dsq_import_default_domain(m->proto->opset_import[i]->domain))
            return m->proto->opset_import[i]->version;
    return 0;
}

size_t dsq_onnx_nodes(const struct dsq_onnx *m)
{
    return m->proto->graph ? m->proto->graph->n_node : 0;
}

static const char *text_or_empty(const char *text)
{
    return text ? text : "";
}

struct dsq_onnx_node dsq_onnx_node_at(const struct dsq_onnx *m, size_t i)
{
    const Onnx__NodeProto *n = m->proto->graph->node[i];
    const struct dsq_import im = {.model = m, .proto = m->proto->graph, .opset = dsq_onnx_opset(m)};
    return (struct dsq_onnx_node){
        .name = text_or_empty(n->name),
        .op = text_or_empty(n->op_type),
        .domain = text_or_empty(n->domain),
        .output = n->n_output > 0 ? text_or_empty(n->output[0]) : "",
        .supported = n->op_type && dsq_import_op_find(&im, n) != NULL,
    };
}
