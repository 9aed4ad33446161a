/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The graph's inputs: types and shapes. Named dimensions become symbols of the same name
 * (characters that a symbol cannot have become '_'); equal names are equal symbols and no two
 * different ones meet.
 */
#include "onnx/import.h"

#include <string.h>

static enum dsq_status no_memory(struct dsq_import *im)
{
    return dsq_fail(im->diag, DSQ_NOMEM, "out of memory");
}

static bool is_identifier(const char *s)
{
    for (const char *p = s; *p; p++)
        if (!((*p >= 'A' && *p <= 'Z') || (*p >= 'a' && *p <= 'z') || *p == '_' ||
              (p > s && *p >= '0' && *p <= '9')))
            return false;
    return *s != 0;
}

/* A symbol that nobody has yet, of characters that a symbol can have. */
static const char *make_symbol(struct dsq_import *im, const char *base)
{
    const struct dsq_dims *t = &im->graph->dims;
    char *clean =
        dsq_arena_printf(&im->scratch, "%s%s", *base >= '0' && *base <= '9' ? "_" : "", base);
    for (char *p = clean; clean && *p; p++)
        if (!(*p >= '0' && *p <= '9') && !is_identifier((char[2]){*p, 0}))
            *p = '_';
    const char *name = clean;
    for (int try = 2; name; try++) {
        bool taken = false;
        for (int32_t i = 0; i < t->n_symbols && !taken; i++)
            taken = strcmp(t->symbol[i], name) == 0;
        if (!taken)
            return name;
        name = dsq_arena_printf(&im->scratch, "%s_%d", clean, try);
    }
    return NULL;
}

/* dim_params that are no identifiers, with the symbols that stand for them. */
struct renamed {
    const char *param[64], *symbol[64];
    size_t n;
};

static enum dsq_status symbol_of_param(struct dsq_import *im, struct renamed *r, const char *param,
                                       const char **symbol)
{
    for (size_t i = 0; i < r->n; i++) {
        if (strcmp(r->param[i], param) == 0) {
            *symbol = r->symbol[i];
            return DSQ_OK;
        }
    }
    if (r->n == sizeof r->param / sizeof r->param[0])
        return dsq_fail(im->diag, DSQ_UNSUPPORTED, "more than %zu named dimensions", r->n);
    *symbol = make_symbol(im, param);
    r->param[r->n] = param;
    r->symbol[r->n++] = *symbol;
    return *symbol ? DSQ_OK : no_memory(im);
}

/* Whether the options free dimension i of an input, which the header gives as `header`; then it is
 * noted down. `index`: of the graph's inputs. */
static bool is_freed(struct dsq_import *im, const char *input, int32_t index, size_t i,
                     int64_t header)
{
    for (size_t k = 0; k < im->options->n_free; k++) {
        const struct dsq_onnx_free *f = &im->options->free[k];
        if (strcmp(f->input, input) != 0 || !(f->dims >> i & 1))
            continue;
        im->freed[im->n_freed++] = (struct dsq_freed_dim){index, (int32_t)i, header};
        return true;
    }
    return false;
}

static enum dsq_status read_dim(struct dsq_import *im, struct renamed *r, const char *input,
                                int32_t index, size_t i,
                                const Onnx__TensorShapeProto__Dimension *dim, dsq_dim *out)
{
    const char *symbol;
    int kind = (int)dim->value_case;
    bool number =
        kind == ONNX__TENSOR_SHAPE_PROTO__DIMENSION__VALUE_DIM_VALUE && dim->dim_value >= 0;
    if (number && dim->dim_value == 0)
        return dsq_fail(im->diag, DSQ_UNSUPPORTED, "input '%s': dimension %zu is 0", input, i);
    if (number && !is_freed(im, input, index, i, dim->dim_value)) {
        *out = dim->dim_value;
        return DSQ_OK;
    }
    if (kind == ONNX__TENSOR_SHAPE_PROTO__DIMENSION__VALUE_DIM_PARAM && dim->dim_param[0]) {
        DSQ_TRY(symbol_of_param(im, r, dim->dim_param, &symbol));
    } else { /* nothing, or the -1 that some exporters write for it, or freed */
        const char *base = dsq_arena_printf(&im->scratch, "%s_d%zu", input, i);
        symbol = base ? make_symbol(im, base) : NULL;
        if (!symbol)
            return no_memory(im);
    }
    *out = dsq_dim_symbol(&im->graph->dims, symbol);
    return *out == DSQ_DIM_UNKNOWN ? no_memory(im) : DSQ_OK;
}

static enum dsq_status add_input(struct dsq_import *im, struct renamed *r,
                                 struct dsq_import_name *e, int32_t index)
{
    const Onnx__TypeProto *type = e->input->type;
    enum dsq_dtype dtype;
    if (!type || type->value_case != ONNX__TYPE_PROTO__VALUE_TENSOR_TYPE)
        return dsq_fail(im->diag, DSQ_UNSUPPORTED, "input '%s' is no tensor", e->name);
    const Onnx__TypeProto__Tensor *t = type->tensor_type;
    if (!dsq_onnx_type(t->elem_type, &dtype) || dtype == DSQ_F64 || dtype == DSQ_S8)
        return dsq_fail(im->diag, DSQ_UNSUPPORTED,
                        "input '%s' is of type %s; supported: float, int32, int64, bool, uint8",
                        e->name, dsq_onnx_type_name(t->elem_type));
    if (!t->shape)
        return dsq_fail(im->diag, DSQ_UNSUPPORTED, "input '%s' has no shape, not even a rank",
                        e->name);
    if (t->shape->n_dim > DSQ_MAX_RANK)
        return dsq_fail(im->diag, DSQ_UNSUPPORTED,
                        "input '%s' has rank %zu, at most %d is supported", e->name,
                        t->shape->n_dim, DSQ_MAX_RANK);
    struct dsq_shape shape = {.rank = (int32_t)t->shape->n_dim};
    for (size_t i = 0; i < t->shape->n_dim; i++)
        DSQ_TRY(read_dim(im, r, e->name, index, i, t->shape->dim[i], &shape.dim[i]));
    return dsq_graph_add_value(im->graph, e->name, dtype, &shape, &e->value, im->diag);
}

/* Names that need no change become symbols first, so that no other takes them. */
static enum dsq_status add_plain_symbols(struct dsq_import *im, struct renamed *r)
{
    for (size_t i = 0; i < im->proto->n_input; i++) {
        const Onnx__TypeProto *t = im->proto->input[i]->type;
        bool tensor = t && t->value_case == ONNX__TYPE_PROTO__VALUE_TENSOR_TYPE;
        const Onnx__TensorShapeProto *s = tensor ? t->tensor_type->shape : NULL;
        for (size_t k = 0; s && k < s->n_dim; k++) {
            const char *symbol = NULL;
            if (s->dim[k]->value_case == ONNX__TENSOR_SHAPE_PROTO__DIMENSION__VALUE_DIM_PARAM &&
                is_identifier(s->dim[k]->dim_param))
                DSQ_TRY(symbol_of_param(im, r, s->dim[k]->dim_param, &symbol));
            if (symbol && dsq_dim_symbol(&im->graph->dims, symbol) == DSQ_DIM_UNKNOWN)
                return no_memory(im);
        }
    }
    return DSQ_OK;
}

enum dsq_status dsq_import_inputs(struct dsq_import *im, dsq_vid *input, int32_t *n)
{
    struct renamed *r = dsq_arena_alloc(&im->scratch, sizeof *r);
    im->freed =
        dsq_arena_calloc(&im->scratch, im->proto->n_input * DSQ_MAX_RANK, sizeof *im->freed);
    if (!r || !im->freed)
        return no_memory(im);
    DSQ_TRY(add_plain_symbols(im, r));
    for (size_t i = 0; i < im->proto->n_input; i++) {
        struct dsq_import_name *e = dsq_import_names_find(im, im->proto->input[i]->name);
        if (e->tensor)
            continue;
        DSQ_TRY(add_input(im, r, e, *n));
        input[(*n)++] = e->value;
    }
    return DSQ_OK;
}
