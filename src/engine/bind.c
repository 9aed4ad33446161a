/* SPDX-License-Identifier: Apache-2.0 */
/* Binding a caller's memory to inputs and outputs: checking descriptors, fixed dimensions, the
 * profile. */
#include <stdio.h>
#include <string.h>

#include "engine/engine.h"

enum dsq_status dsq_tensor_to_view(const struct dsq_tensor *t, const char *what, struct dsq_view *v,
                                   struct dsq_diag *d)
{
    if (t->device_type != DSQ_DEVICE_CPU)
        return dsq_fail(d, DSQ_ARGUMENT, "%s: its memory is not the CPU's", what);
    if (t->rank < 0 || t->rank > DSQ_MAX_RANK)
        return dsq_fail(d, DSQ_ARGUMENT, "%s: rank %d; expected 0 to %d", what, (int)t->rank,
                        DSQ_MAX_RANK);
    if (t->layout != DSQ_NCHW && (t->layout != DSQ_NHWC || t->rank != 4))
        return dsq_fail(d, DSQ_ARGUMENT, "%s: layout %d of rank %d; NHWC needs rank 4", what,
                        (int)t->layout, (int)t->rank);
    if (t->dtype < 0 || t->dtype >= DSQ_DTYPE_COUNT)
        return dsq_fail(d, DSQ_ARGUMENT, "%s: element type %d is unknown", what, (int)t->dtype);
    *v =
        (struct dsq_view){.data = t->data, .dtype = t->dtype, .layout = t->layout, .rank = t->rank};
    int64_t element = (int64_t)dsq_dtype_bytes(t->dtype);
    bool dense = true;
    for (int32_t i = 0; i < t->rank; i++) {
        if (t->dims[i] < 0 || t->strides[i] % element != 0)
            return dsq_fail(d, DSQ_ARGUMENT, "%s: dimension %d is %lld with a stride of %lld bytes",
                            what, (int)i, (long long)t->dims[i], (long long)t->strides[i]);
        v->dims[i] = t->dims[i];
        v->strides[i] = t->strides[i] / element;
        dense = dense && t->strides[i] == 0;
    }
    struct dsq_shape shape = {.rank = t->rank};
    memcpy(shape.dim, t->dims, sizeof shape.dim);
    size_t elements;
    if (!dsq_shape_elements(&shape, &elements) || elements > PTRDIFF_MAX / sizeof(double))
        return dsq_fail(d, DSQ_ARGUMENT, "%s: more elements than memory can hold", what);
    if (dense)
        dsq_view_set_dense(v);
    return DSQ_OK;
}

/* "dimension 2 (H)" or "dimension 2". */
static enum dsq_status fail_dim(const struct dsq_context *c, int32_t input, int32_t i, int64_t is,
                                int64_t low, int64_t high, bool profile, struct dsq_diag *d)
{
    const struct dsq_value *v = &c->graph.value[c->graph.input[input]];
    struct dsq_writer name;
    dsq_writer_init(&name, c->allocator);
    if (dsq_dim_is_symbolic(v->shape.dim[i])) {
        dsq_write_text(&name, " (");
        dsq_dim_print(&c->graph.dims, v->shape.dim[i], &name);
        dsq_write_text(&name, ")");
    }
    const char *text = name.data ? name.data : "";
    if (profile)
        dsq_fail(d, DSQ_SHAPE, "input '%s' dimension %d%s is %lld, profile allows %lld..%lld",
                 v->name, (int)i, text, (long long)is, (long long)low, (long long)high);
    else
        dsq_fail(d, DSQ_SHAPE, "input '%s' dimension %d%s is %lld, the model fixes it to %lld",
                 v->name, (int)i, text, (long long)is, (long long)low);
    dsq_writer_free(&name);
    return DSQ_SHAPE;
}

static enum dsq_status check_dims(const struct dsq_context *c, int32_t input,
                                  const struct dsq_view *t, struct dsq_diag *d)
{
    const struct dsq_value *v = &c->graph.value[c->graph.input[input]];
    const struct dsq_profile_input *p = c->engine->file->profile;
    if (t->dtype != v->dtype)
        return dsq_fail(d, DSQ_ARGUMENT, "input '%s' is %s, the tensor given is %s", v->name,
                        dsq_dtype_name(v->dtype), dsq_dtype_name(t->dtype));
    if (t->rank != v->shape.rank)
        return dsq_fail(d, DSQ_SHAPE, "input '%s' has rank %d, the tensor given has %d", v->name,
                        (int)v->shape.rank, (int)t->rank);
    for (int32_t i = 0; i < t->rank; i++) {
        dsq_dim dim = v->shape.dim[i];
        if (dsq_dim_is_number(dim) && t->dims[i] != dim)
            return fail_dim(c, input, i, t->dims[i], dim, dim, false, d);
        if (p && (t->dims[i] < p[input].min[i] || t->dims[i] > p[input].max[i]))
            return fail_dim(c, input, i, t->dims[i], p[input].min[i], p[input].max[i], true, d);
    }
    return DSQ_OK;
}

enum dsq_status dsq_context_set_input(struct dsq_context *c, int32_t i,
                                      const struct dsq_tensor *tensor, struct dsq_diag *diag)
{
    if (!c)
        return dsq_fail(diag, DSQ_ARGUMENT, "no context");
    if (i < 0 || i >= c->graph.n_inputs || !tensor || !tensor->data)
        return dsq_fail(diag, DSQ_ARGUMENT,
                        "input %d: no tensor, no data, or one of only %d inputs", (int)i,
                        (int)c->graph.n_inputs);
    const struct dsq_value *v = &c->graph.value[c->graph.input[i]];
    char what[256];
    snprintf(what, sizeof what, "input '%s'", v->name);
    struct dsq_view view;
    DSQ_TRY(dsq_tensor_to_view(tensor, what, &view, diag));
    DSQ_TRY(check_dims(c, i, &view, diag));
    c->input[i] = view;
    int64_t *key = c->key + (size_t)i * DSQ_MAX_RANK;
    if (memcmp(key, view.dims, sizeof view.dims) != 0 || !c->plan)
        c->dirty = true;
    memcpy(key, view.dims, sizeof view.dims);
    return DSQ_OK;
}

enum dsq_status dsq_context_set_output(struct dsq_context *c, int32_t i,
                                       const struct dsq_tensor *tensor, struct dsq_diag *diag)
{
    if (!c)
        return dsq_fail(diag, DSQ_ARGUMENT, "no context");
    if (i < 0 || i >= c->graph.n_outputs)
        return dsq_fail(diag, DSQ_ARGUMENT, "output %d of only %d", (int)i,
                        (int)c->graph.n_outputs);
    const struct dsq_value *v = &c->graph.value[c->graph.output[i]];
    struct dsq_output_binding b = {.bound = tensor && tensor->data};
    if (tensor && tensor->layout != DSQ_NCHW && tensor->layout != DSQ_NHWC)
        return dsq_fail(diag, DSQ_ARGUMENT, "output '%s': layout %d is unknown", v->name,
                        (int)tensor->layout);
    if (tensor)
        b.tensor = *tensor;
    if (b.bound) {
        char what[256];
        struct dsq_view view;
        snprintf(what, sizeof what, "output '%s'", v->name);
        DSQ_TRY(dsq_tensor_to_view(tensor, what, &view, diag));
        if (view.dtype != v->dtype)
            return dsq_fail(diag, DSQ_ARGUMENT, "%s is %s, the tensor given is %s", what,
                            dsq_dtype_name(v->dtype), dsq_dtype_name(view.dtype));
    }
    c->output[i] = b;
    c->ran = false;
    return DSQ_OK;
}
