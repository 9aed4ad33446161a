/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The CPU backend's inside: one struct dsq_cpu_op an operator, kept in the operator's own file and
 * listed in backend_cpu.c.
 *
 * A prepared node starts with struct dsq_prepared; an operator that keeps more puts it first in a
 * struct of its own and says how large that is. `reset` frees what prepare allocated beyond the
 * struct.
 */
#ifndef DSQ_BACKEND_CPU_BACKEND_CPU_H
#define DSQ_BACKEND_CPU_BACKEND_CPU_H

#include "backend/backend.h"
#include "kernels/binary.h"
#include "kernels/dw_f32.h"
#include "kernels/dw_s8.h"
#include "kernels/igemm_f32.h"
#include "kernels/igemm_s8.h"
#include "kernels/pixels.h"
#include "kernels/rows.h"
#include "kernels/unary.h"

extern const struct dsq_backend dsq_backend_cpu;

struct dsq_cpu_packed; /* packed.c */

struct dsq_device {
    const struct dsq_allocator *allocator;
    uint32_t cpu_flags;
    const struct dsq_dw_f32_kernel *dw_f32;
    const struct dsq_dw_s8_kernel *dw_s8;
    const struct dsq_igemm_f32_kernel *igemm_f32;
    const struct dsq_igemm_s8_kernel *igemm_s8;
    const struct dsq_rows_kernels *rows;
    const struct dsq_pixels_kernels *pixels;
    const struct dsq_unary_kernel *unary;
    const struct dsq_binary_kernel *binary;
    struct dsq_cpu_packed *packed; /* list */
    size_t packed_bytes;
};

struct dsq_cpu_op;

struct dsq_prepared {
    const struct dsq_cpu_op *op;
    struct dsq_device *device;
    const struct dsq_graph *graph;
    const struct dsq_node *node;
    char kernel[64], why[96];
};

/* Optional functions may be NULL: supports (always), prepare and reset (nothing to do), workspace
 * (0). */
struct dsq_cpu_op {
    size_t prepared_bytes; /* 0: sizeof(struct dsq_prepared) */
    uint32_t memory;       /* enum dsq_memory_flag; conv narrows it, see backend_cpu.c */
    bool (*supports)(const struct dsq_graph *g, const struct dsq_node *n, char *why, size_t bytes);
    enum dsq_status (*prepare)(struct dsq_prepared *p, struct dsq_diag *d);
    void (*reset)(struct dsq_prepared *p);
    enum dsq_status (*workspace)(const struct dsq_prepared *p, const struct dsq_call *c,
                                 size_t *bytes, struct dsq_diag *d);
    enum dsq_status (*run)(const struct dsq_prepared *p, const struct dsq_call *c,
                           struct dsq_diag *d);
};

/* clang-format off */
extern const struct dsq_cpu_op dsq_cpu_batchnorm;
extern const struct dsq_cpu_op dsq_cpu_binary;
extern const struct dsq_cpu_op dsq_cpu_cast;
extern const struct dsq_cpu_op dsq_cpu_concat;
extern const struct dsq_cpu_op dsq_cpu_conv;
extern const struct dsq_cpu_op dsq_cpu_dequantize;
extern const struct dsq_cpu_op dsq_cpu_gather;
extern const struct dsq_cpu_op dsq_cpu_global_pool;
extern const struct dsq_cpu_op dsq_cpu_groupnorm;
extern const struct dsq_cpu_op dsq_cpu_layernorm;
extern const struct dsq_cpu_op dsq_cpu_logic;
extern const struct dsq_cpu_op dsq_cpu_matmul;
extern const struct dsq_cpu_op dsq_cpu_pool;
extern const struct dsq_cpu_op dsq_cpu_quantize;
extern const struct dsq_cpu_op dsq_cpu_relayout;
extern const struct dsq_cpu_op dsq_cpu_requantize;
extern const struct dsq_cpu_op dsq_cpu_reshape;
extern const struct dsq_cpu_op dsq_cpu_resize;
extern const struct dsq_cpu_op dsq_cpu_slice;
extern const struct dsq_cpu_op dsq_cpu_split;
extern const struct dsq_cpu_op dsq_cpu_transpose;
extern const struct dsq_cpu_op dsq_cpu_unary;
/* clang-format on */

extern const struct dsq_cpu_op dsq_cpu_pad, dsq_cpu_tile, dsq_cpu_expand, dsq_cpu_range,
    dsq_cpu_gather_elements, dsq_cpu_depth_to_space, dsq_cpu_space_to_depth, dsq_cpu_reduce,
    dsq_cpu_arg, dsq_cpu_topk, dsq_cpu_softmax;

/* Input 0 and the output are of one type: the `supports` of what only moves data. */
bool dsq_cpu_same_type(const struct dsq_graph *g, const struct dsq_node *n, char *why,
                       size_t bytes);
/* Write the reason and answer false: for `supports`. */
bool dsq_cpu_refuse(char *why, size_t bytes, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* Fail, naming the node. */
enum dsq_status dsq_cpu_fail(const struct dsq_prepared *p, struct dsq_diag *d, enum dsq_status s,
                             const char *format, ...) __attribute__((format(printf, 4, 5)));

/* ---- packed weights (packed.c) ---- */

/* Memory that holds the packed form of `source`: found when the same bytes were packed the same way
 * before (tag, numbers and contents are equal), else allocated with *fresh set, for
 * the caller to fill. Belongs to the device. NULL when memory is out. */
struct dsq_packed_key {
    const void *tag; /* the kernel */
    size_t groups, n, taps, kc;
    const void *source;
    size_t source_bytes;
    int64_t part[6]; /* which part of the source it is; zeros: all of it */
};
void *dsq_cpu_packed_get(struct dsq_device *device, const struct dsq_packed_key *key, size_t bytes,
                         bool *fresh);
void dsq_cpu_packed_free(struct dsq_device *device);

/* ---- small helpers ---- */
static inline const struct dsq_view *dsq_cpu_in(const struct dsq_call *c, int32_t i)
{
    return &c->view[c->node->in[i]];
}
static inline const struct dsq_view *dsq_cpu_out(const struct dsq_call *c, int32_t i)
{
    return &c->view[c->node->out[i]];
}
/* NULL where an optional input is absent. */
static inline const struct dsq_view *dsq_cpu_optional(const struct dsq_call *c, int32_t i)
{
    return i < c->node->n_in && c->node->in[i] != DSQ_NO_VALUE ? dsq_cpu_in(c, i) : NULL;
}
/* Of a view of s64 or s32, the element at this offset. */
static inline int64_t dsq_cpu_integer(const struct dsq_view *v, int64_t i)
{
    return v->dtype == DSQ_S32 ? ((const int32_t *)v->data)[i] : ((const int64_t *)v->data)[i];
}
static inline struct dsq_rows_quant dsq_cpu_quant(const struct dsq_quant *q)
{
    return (struct dsq_rows_quant){q->scale, q->inv_scale, q->zero_point, q->qmin, q->qmax};
}
static inline int64_t dsq_ceil_div(int64_t a, int64_t b)
{
    return (a + b - 1) / b;
}

#endif
