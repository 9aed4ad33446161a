/* SPDX-License-Identifier: Apache-2.0 */
/* The CPU backend: which operator is whose, opening the device, preparing nodes. */
#include "backend/cpu/backend_cpu.h"

#include <stdarg.h>
#include <stdio.h>

#include "backend/cpu/nd.h"

static const struct dsq_cpu_op *const ops[DSQ_OP_COUNT] = {
    [DSQ_OP_CONV] = &dsq_cpu_conv,
    [DSQ_OP_MATMUL] = &dsq_cpu_matmul,
    [DSQ_OP_BATCHNORM] = &dsq_cpu_batchnorm,
    [DSQ_OP_GROUPNORM] = &dsq_cpu_groupnorm,
    [DSQ_OP_LAYERNORM] = &dsq_cpu_layernorm,
    [DSQ_OP_RELU] = &dsq_cpu_unary,
    [DSQ_OP_CLIP] = &dsq_cpu_unary,
    [DSQ_OP_SIGMOID] = &dsq_cpu_unary,
    [DSQ_OP_LEAKY_RELU] = &dsq_cpu_unary,
    [DSQ_OP_HARDSIGMOID] = &dsq_cpu_unary,
    [DSQ_OP_HARDSWISH] = &dsq_cpu_unary,
    [DSQ_OP_TANH] = &dsq_cpu_unary,
    [DSQ_OP_SILU] = &dsq_cpu_unary,
    [DSQ_OP_ELU] = &dsq_cpu_unary,
    [DSQ_OP_GELU] = &dsq_cpu_unary,
    [DSQ_OP_GELU_TANH] = &dsq_cpu_unary,
    [DSQ_OP_MISH] = &dsq_cpu_unary,
    [DSQ_OP_SOFTPLUS] = &dsq_cpu_unary,
    [DSQ_OP_ERF] = &dsq_cpu_unary,
    [DSQ_OP_EXP] = &dsq_cpu_unary,
    [DSQ_OP_LOG] = &dsq_cpu_unary,
    [DSQ_OP_SQRT] = &dsq_cpu_unary,
    [DSQ_OP_RECIPROCAL] = &dsq_cpu_unary,
    [DSQ_OP_ABS] = &dsq_cpu_unary,
    [DSQ_OP_NEG] = &dsq_cpu_unary,
    [DSQ_OP_SIGN] = &dsq_cpu_unary,
    [DSQ_OP_FLOOR] = &dsq_cpu_unary,
    [DSQ_OP_CEIL] = &dsq_cpu_unary,
    [DSQ_OP_ROUND] = &dsq_cpu_unary,
    [DSQ_OP_ADD] = &dsq_cpu_binary,
    [DSQ_OP_SUB] = &dsq_cpu_binary,
    [DSQ_OP_MUL] = &dsq_cpu_binary,
    [DSQ_OP_DIV] = &dsq_cpu_binary,
    [DSQ_OP_POW] = &dsq_cpu_binary,
    [DSQ_OP_MIN] = &dsq_cpu_binary,
    [DSQ_OP_MAX] = &dsq_cpu_binary,
    [DSQ_OP_MOD] = &dsq_cpu_binary,
    [DSQ_OP_FMOD] = &dsq_cpu_binary,
    [DSQ_OP_PRELU] = &dsq_cpu_binary,
    [DSQ_OP_AND] = &dsq_cpu_logic,
    [DSQ_OP_OR] = &dsq_cpu_logic,
    [DSQ_OP_XOR] = &dsq_cpu_logic,
    [DSQ_OP_NOT] = &dsq_cpu_logic,
    [DSQ_OP_EQUAL] = &dsq_cpu_logic,
    [DSQ_OP_GREATER] = &dsq_cpu_logic,
    [DSQ_OP_GREATER_EQUAL] = &dsq_cpu_logic,
    [DSQ_OP_WHERE] = &dsq_cpu_logic,
    [DSQ_OP_MAXPOOL] = &dsq_cpu_pool,
    [DSQ_OP_AVGPOOL] = &dsq_cpu_pool,
    [DSQ_OP_GLOBAL_MAXPOOL] = &dsq_cpu_global_pool,
    [DSQ_OP_GLOBAL_AVGPOOL] = &dsq_cpu_global_pool,
    [DSQ_OP_RESIZE] = &dsq_cpu_resize,
    [DSQ_OP_CONCAT] = &dsq_cpu_concat,
    [DSQ_OP_GATHER] = &dsq_cpu_gather,
    [DSQ_OP_SLICE] = &dsq_cpu_slice,
    [DSQ_OP_SPLIT] = &dsq_cpu_split,
    [DSQ_OP_SQUEEZE] = &dsq_cpu_reshape,
    [DSQ_OP_UNSQUEEZE] = &dsq_cpu_reshape,
    [DSQ_OP_CAST] = &dsq_cpu_cast,
    [DSQ_OP_RESHAPE] = &dsq_cpu_reshape,
    [DSQ_OP_FLATTEN] = &dsq_cpu_reshape,
    [DSQ_OP_TRANSPOSE] = &dsq_cpu_transpose,
    [DSQ_OP_PAD] = &dsq_cpu_pad,
    [DSQ_OP_TILE] = &dsq_cpu_tile,
    [DSQ_OP_EXPAND] = &dsq_cpu_expand,
    [DSQ_OP_RANGE] = &dsq_cpu_range,
    [DSQ_OP_GATHER_ELEMENTS] = &dsq_cpu_gather_elements,
    [DSQ_OP_DEPTH_TO_SPACE] = &dsq_cpu_depth_to_space,
    [DSQ_OP_SPACE_TO_DEPTH] = &dsq_cpu_space_to_depth,
    [DSQ_OP_REDUCE] = &dsq_cpu_reduce,
    [DSQ_OP_ARGMAX] = &dsq_cpu_arg,
    [DSQ_OP_ARGMIN] = &dsq_cpu_arg,
    [DSQ_OP_TOPK] = &dsq_cpu_topk,
    [DSQ_OP_SOFTMAX] = &dsq_cpu_softmax,
    [DSQ_OP_LOG_SOFTMAX] = &dsq_cpu_softmax,
    [DSQ_OP_IDENTITY] = &dsq_cpu_relayout,
    [DSQ_OP_RELAYOUT] = &dsq_cpu_relayout,
    [DSQ_OP_QUANTIZE] = &dsq_cpu_quantize,
    [DSQ_OP_DEQUANTIZE] = &dsq_cpu_dequantize,
    [DSQ_OP_REQUANTIZE] = &dsq_cpu_requantize,
};

bool dsq_cpu_refuse(char *why, size_t bytes, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    if (why && bytes)
        vsnprintf(why, bytes, format, args);
    va_end(args);
    return false;
}

enum dsq_status dsq_cpu_fail(const struct dsq_prepared *p, struct dsq_diag *d, enum dsq_status s,
                             const char *format, ...)
{
    char text[512];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    const struct dsq_node *n = p->node;
    const char *op = dsq_op_info(n->op)->name;
    if (n->name[0])
        return dsq_fail(d, s, "node '%s' (%s): %s", n->name, op, text);
    return dsq_fail(d, s, "node of output '%s' (%s): %s", p->graph->value[n->out[0]].name, op,
                    text);
}

bool dsq_cpu_same_type(const struct dsq_graph *g, const struct dsq_node *n, char *why, size_t bytes)
{
    enum dsq_dtype x = g->value[n->in[0]].dtype, y = g->value[n->out[0]].dtype;
    if (x != y)
        return dsq_cpu_refuse(why, bytes, "%s to %s", dsq_dtype_name(x), dsq_dtype_name(y));
    return true;
}

static bool cpu_supports(const struct dsq_graph *g, int32_t node, char *why, size_t why_bytes)
{
    const struct dsq_node *n = &g->node[node];
    const struct dsq_cpu_op *op = ops[n->op];
    if (!op)
        return dsq_cpu_refuse(why, why_bytes, "'%s' runs on sizes only, not on data",
                              dsq_op_info(n->op)->name);
    return !op->supports || op->supports(g, n, why, why_bytes);
}

static uint32_t cpu_memory(const struct dsq_graph *g, int32_t node)
{
    const struct dsq_node *n = &g->node[node];
    if (!ops[n->op])
        return 0;
    uint32_t flags = ops[n->op]->memory;
    /* The s8 epilogue writes rows of bytes only. */
    for (int32_t i = 0; n->op == DSQ_OP_CONV && i < n->n_out; i++)
        if (g->value[n->out[i]].dtype == DSQ_S8)
            flags &= ~(uint32_t)DSQ_MEM_WRITES_ANY;
    return flags;
}

static enum dsq_status cpu_open(struct dsq_device **out, const struct dsq_backend_settings *s,
                                struct dsq_diag *d)
{
    *out = NULL;
    struct dsq_device *dev = dsq_calloc(s->allocator, 1, sizeof *dev);
    if (!dev)
        return dsq_fail(d, DSQ_NOMEM, "no memory for the CPU device");
    dev->allocator = s->allocator;
    dev->cpu_flags = s->cpu_flags;
    dev->dw_f32 = dsq_dw_f32_select(s->cpu_flags);
    dev->dw_s8 = dsq_dw_s8_select(s->cpu_flags);
    dev->igemm_f32 = dsq_igemm_f32_select(s->cpu_flags);
    dev->igemm_s8 = dsq_igemm_s8_select(s->cpu_flags);
    dev->rows = dsq_rows_select(s->cpu_flags);
    dev->pixels = dsq_pixels_select(s->cpu_flags);
    dev->unary = dsq_unary_select(s->cpu_flags);
    dev->binary = dsq_binary_select(s->cpu_flags);
    *out = dev;
    return DSQ_OK;
}

static void cpu_close(struct dsq_device **device)
{
    if (!*device)
        return;
    dsq_cpu_packed_free(*device);
    dsq_release((*device)->allocator, *device);
    *device = NULL;
}

static void cpu_release(struct dsq_prepared **prepared)
{
    struct dsq_prepared *p = *prepared;
    if (!p)
        return;
    if (p->op->reset)
        p->op->reset(p);
    dsq_release(p->device->allocator, p);
    *prepared = NULL;
}

static enum dsq_status cpu_prepare(struct dsq_device *device, const struct dsq_graph *g,
                                   int32_t node, struct dsq_prepared **out, struct dsq_diag *d)
{
    *out = NULL;
    char why[256] = "";
    const struct dsq_node *n = &g->node[node];
    const struct dsq_cpu_op *op = ops[n->op];
    struct dsq_prepared head = {.op = op, .device = device, .graph = g, .node = n};
    if (!cpu_supports(g, node, why, sizeof why))
        return dsq_cpu_fail(&head, d, DSQ_UNSUPPORTED, "%s", why);
    size_t bytes = op->prepared_bytes ? op->prepared_bytes : sizeof head;
    struct dsq_prepared *p = dsq_calloc(device->allocator, 1, bytes);
    if (!p)
        return dsq_cpu_fail(&head, d, DSQ_NOMEM, "no memory to prepare it");
    *p = head;
    snprintf(p->kernel, sizeof p->kernel, "%s", dsq_op_info(n->op)->name);
    snprintf(p->why, sizeof p->why, "plain C");
    enum dsq_status status = op->prepare ? op->prepare(p, d) : DSQ_OK;
    if (status != DSQ_OK) {
        cpu_release(&p);
        return status;
    }
    *out = p;
    return DSQ_OK;
}

static enum dsq_status cpu_workspace(const struct dsq_prepared *p, const struct dsq_call *call,
                                     size_t *bytes, struct dsq_diag *d)
{
    *bytes = 0;
    return p->op->workspace ? p->op->workspace(p, call, bytes, d) : DSQ_OK;
}

static enum dsq_status cpu_run(const struct dsq_prepared *p, const struct dsq_call *call,
                               struct dsq_diag *d)
{
    for (int32_t i = 0; i < call->node->n_out; i++)
        if (dsq_view_elements(dsq_cpu_out(call, i)) != 0)
            return p->op->run(p, call, d);
    return DSQ_OK; /* nothing to compute */
}

static void cpu_copy(const struct dsq_device *device, struct dsq_pool *pool,
                     const struct dsq_view *dst, const struct dsq_view *src)
{
    dsq_cpu_copy(device->rows, pool, dst, src);
}

static void cpu_describe(const struct dsq_prepared *p, struct dsq_kernel_info *info)
{
    *info = (struct dsq_kernel_info){.kernel = p->kernel, .why = p->why};
}

static size_t cpu_packed_bytes(const struct dsq_device *device)
{
    return device->packed_bytes;
}

const struct dsq_backend dsq_backend_cpu = {
    .name = "cpu",
    .type = DSQ_DEVICE_CPU,
    .supports = cpu_supports,
    .memory = cpu_memory,
    .open = cpu_open,
    .close = cpu_close,
    .prepare = cpu_prepare,
    .release = cpu_release,
    .workspace = cpu_workspace,
    .run = cpu_run,
    .copy = cpu_copy,
    .describe = cpu_describe,
    .packed_bytes = cpu_packed_bytes,
};
