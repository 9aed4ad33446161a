/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Contents of a TensorProto: raw bytes or one of the typed fields, checked against the dims, as one
 * of the IR's element types. External data has become raw_data before (external.c).
 */
#include "onnx/model.h"

#include <math.h>
#include <string.h>

#if defined(__BYTE_ORDER__) && __BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__
#error "raw_data is little-endian and is used in place"
#endif

#define T(NAME) ONNX__TENSOR_PROTO__DATA_TYPE__##NAME

static const char *const type_names[] = {
    "undefined",      "float",      "uint8",          "int8",       "uint16",   "int16",
    "int32",          "int64",      "string",         "bool",       "float16",  "double",
    "uint32",         "uint64",     "complex64",      "complex128", "bfloat16", "float8e4m3fn",
    "float8e4m3fnuz", "float8e5m2", "float8e5m2fnuz", "uint4",      "int4",     "float4e2m1",
    "float8e8m0",     "uint2",      "int2",
};

const char *dsq_onnx_type_name(int32_t data_type)
{
    size_t n = sizeof type_names / sizeof type_names[0];
    return data_type >= 0 && (size_t)data_type < n ? type_names[data_type] : "unknown";
}

bool dsq_onnx_type(int32_t data_type, enum dsq_dtype *t)
{
    static const struct {
        int32_t data_type;
        enum dsq_dtype dtype;
    } known[] = {{T(FLOAT), DSQ_F32}, {T(INT8), DSQ_S8},   {T(UINT8), DSQ_U8},  {T(INT32), DSQ_S32},
                 {T(INT64), DSQ_S64}, {T(BOOL), DSQ_BOOL}, {T(DOUBLE), DSQ_F64}};
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
        if (known[i].data_type == data_type) {
            *t = known[i].dtype;
            return true;
        }
    }
    return false;
}

/* Bytes of one element in raw_data, or 0 for types that are not read. */
static size_t stored_bytes(int32_t data_type)
{
    enum dsq_dtype t;
    if (data_type == T(FLOAT16))
        return 2;
    return dsq_onnx_type(data_type, &t) ? dsq_dtype_bytes(t) : 0;
}

/* Elements in the typed field that belongs to the type. */
static size_t typed_elements(const Onnx__TensorProto *p)
{
    switch (p->data_type) {
    case T(FLOAT):
        return p->n_float_data;
    case T(INT64):
        return p->n_int64_data;
    case T(DOUBLE):
        return p->n_double_data;
    default:
        return p->n_int32_data;
    }
}

static enum dsq_status read_dims(const Onnx__TensorProto *p, const char *name,
                                 struct dsq_shape *shape, size_t *elements, struct dsq_diag *d)
{
    if (p->n_dims > DSQ_MAX_RANK)
        return dsq_fail(d, DSQ_UNSUPPORTED, "tensor '%s': rank %zu, at most %d is supported", name,
                        p->n_dims, DSQ_MAX_RANK);
    *shape = (struct dsq_shape){.rank = (int32_t)p->n_dims};
    *elements = 1;
    for (size_t i = 0; i < p->n_dims; i++) {
        if (p->dims[i] < 0)
            return dsq_fail(d, DSQ_MALFORMED, "tensor '%s': dimension %zu is %lld", name, i,
                            (long long)p->dims[i]);
        shape->dim[i] = p->dims[i];
        if (!dsq_mul(*elements, (size_t)p->dims[i], elements))
            return dsq_fail(d, DSQ_MALFORMED, "tensor '%s': its dimensions overflow", name);
    }
    return DSQ_OK;
}

/* The data is as long as the dims say, and there is only one kind of it. */
static enum dsq_status check_amount(const Onnx__TensorProto *p, const char *name, size_t elements,
                                    struct dsq_diag *d)
{
    size_t have = typed_elements(p), each = stored_bytes(p->data_type), need;
    if (p->has_raw_data && p->raw_data.len) {
        if (have)
            return dsq_fail(d, DSQ_MALFORMED, "tensor '%s': has raw_data and typed data", name);
        if (!dsq_mul(elements, each, &need) || p->raw_data.len != need)
            return dsq_fail(
                d, DSQ_MALFORMED,
                "tensor '%s': %zu bytes of raw_data, its %zu elements of type %s need %zu", name,
                p->raw_data.len, elements, dsq_onnx_type_name(p->data_type),
                dsq_mul(elements, each, &need) ? need : SIZE_MAX);
        return DSQ_OK;
    }
    if (have != elements)
        return dsq_fail(d, DSQ_MALFORMED,
                        "tensor '%s': %zu elements of data, its dimensions need %zu of type %s",
                        name, have, elements, dsq_onnx_type_name(p->data_type));
    return DSQ_OK;
}

static enum dsq_status check(const Onnx__TensorProto *p, const char *name, struct dsq_shape *shape,
                             size_t *elements, struct dsq_diag *d)
{
    if (p->segment)
        return dsq_fail(d, DSQ_UNSUPPORTED, "tensor '%s': segmented data is not supported", name);
    DSQ_TRY(read_dims(p, name, shape, elements, d));
    return stored_bytes(p->data_type) ? check_amount(p, name, *elements, d) : DSQ_OK;
}

enum dsq_status dsq_onnx_tensor_bytes(const Onnx__TensorProto *p, const char *name, size_t *bytes,
                                      struct dsq_diag *d)
{
    struct dsq_shape shape;
    size_t elements = 0, each = stored_bytes(p->data_type);
    *bytes = SIZE_MAX;
    if (!each)
        return DSQ_OK;
    DSQ_TRY(read_dims(p, name, &shape, &elements, d));
    return dsq_mul(elements, each, bytes)
               ? DSQ_OK
               : dsq_fail(d, DSQ_MALFORMED, "tensor '%s': its dimensions overflow", name);
}

enum dsq_status dsq_onnx_tensor_check(const Onnx__TensorProto *p, const char *name,
                                      struct dsq_diag *d)
{
    struct dsq_shape shape;
    size_t elements = 0;
    return check(p, name, &shape, &elements, d);
}

/* IEEE 754 binary16 to binary32, exact. */
static float half_to_float(uint16_t h)
{
    uint32_t sign = (uint32_t)(h & 0x8000) << 16, exponent = h >> 10 & 31, fraction = h & 0x3ff;
    uint32_t bits;
    float f;
    if (exponent == 0) { /* zero or subnormal: fraction * 2^-24 */
        f = (float)fraction * 0x1p-24f;
        return sign ? -f : f;
    }
    bits = exponent == 31 ? 0x7f800000u : (exponent + 112) << 23;
    bits |= sign | fraction << 13;
    memcpy(&f, &bits, sizeof f);
    return f;
}

static enum dsq_status from_half(const Onnx__TensorProto *p, const char *name,
                                 struct dsq_onnx_tensor *t, float *dst, struct dsq_diag *d)
{
    for (size_t i = 0; i < t->elements; i++) {
        uint16_t h;
        if (p->has_raw_data && p->raw_data.len) {
            memcpy(&h, p->raw_data.data + 2 * i, 2);
        } else {
            if (p->int32_data[i] < 0 || p->int32_data[i] > UINT16_MAX)
                return dsq_fail(d, DSQ_MALFORMED, "tensor '%s': element %zu is no float16", name,
                                i);
            h = (uint16_t)p->int32_data[i];
        }
        dst[i] = half_to_float(h);
    }
    return DSQ_OK;
}

static enum dsq_status from_double(const Onnx__TensorProto *p, const char *name,
                                   struct dsq_onnx_tensor *t, float *dst, struct dsq_diag *d)
{
    for (size_t i = 0; i < t->elements; i++) {
        double v;
        if (p->has_raw_data && p->raw_data.len)
            memcpy(&v, p->raw_data.data + 8 * i, 8);
        else
            v = p->double_data[i];
        if (isfinite(v) && !isfinite((float)v))
            return dsq_fail(d, DSQ_UNSUPPORTED, "tensor '%s': element %zu is %g, beyond float32",
                            name, i, v);
        dst[i] = (float)v;
    }
    return DSQ_OK;
}

/* 8-bit types that were stored as int32. */
static enum dsq_status from_int32(const Onnx__TensorProto *p, const char *name,
                                  struct dsq_onnx_tensor *t, uint8_t *dst, struct dsq_diag *d)
{
    int32_t lo = t->dtype == DSQ_S8 ? INT8_MIN : 0;
    int32_t hi = t->dtype == DSQ_S8 ? INT8_MAX : t->dtype == DSQ_U8 ? UINT8_MAX : 1;
    for (size_t i = 0; i < t->elements; i++) {
        int32_t v = p->int32_data[i];
        if (v < lo || v > hi)
            return dsq_fail(d, DSQ_MALFORMED, "tensor '%s': element %zu is %d, not of type %s",
                            name, i, (int)v, dsq_onnx_type_name(p->data_type));
        dst[i] = (uint8_t)v;
    }
    return DSQ_OK;
}

/* Fill a fresh copy in the IR's type. */
static enum dsq_status convert(const Onnx__TensorProto *p, const char *name,
                               struct dsq_arena *arena, struct dsq_onnx_tensor *t,
                               struct dsq_diag *d)
{
    void *dst = dsq_arena_alloc64(arena, t->bytes);
    if (!dst)
        return dsq_fail(d, DSQ_NOMEM, "tensor '%s': out of memory", name);
    t->data = dst;
    if (p->data_type == T(FLOAT16))
        return from_half(p, name, t, dst, d);
    if (p->data_type == T(DOUBLE))
        return from_double(p, name, t, dst, d);
    return from_int32(p, name, t, dst, d);
}

/* The data as it lies in the model, when that is the IR's form already; else NULL. */
static const void *in_place(const Onnx__TensorProto *p)
{
    if (p->data_type == T(FLOAT16) || p->data_type == T(DOUBLE))
        return NULL;
    if (p->has_raw_data && p->raw_data.len)
        return p->raw_data.data;
    if (p->data_type == T(FLOAT))
        return p->float_data;
    if (p->data_type == T(INT64))
        return p->int64_data;
    return p->data_type == T(INT32) ? p->int32_data : NULL;
}

enum dsq_status dsq_onnx_tensor_read(const Onnx__TensorProto *p, const char *name,
                                     struct dsq_arena *arena, struct dsq_onnx_tensor *t,
                                     struct dsq_diag *d)
{
    static const uint64_t nothing = 0; /* what an empty tensor's data points to */
    *t = (struct dsq_onnx_tensor){0};
    DSQ_TRY(check(p, name, &t->shape, &t->elements, d));
    if (p->data_type != T(FLOAT16) && !dsq_onnx_type(p->data_type, &t->dtype))
        return dsq_fail(d, DSQ_UNSUPPORTED, "tensor '%s': data type %s is not supported", name,
                        dsq_onnx_type_name(p->data_type));
    if (p->data_type == T(DOUBLE) || p->data_type == T(FLOAT16))
        t->dtype = DSQ_F32;
    if (!dsq_mul(t->elements, dsq_dtype_bytes(t->dtype), &t->bytes))
        return dsq_fail(d, DSQ_MALFORMED, "tensor '%s': its dimensions overflow", name);
    t->data = t->elements ? in_place(p) : &nothing;
    if (!t->data)
        DSQ_TRY(convert(p, name, arena, t, d));
    const uint8_t *flag = t->data;
    for (size_t i = 0; t->dtype == DSQ_BOOL && i < t->elements; i++)
        if (flag[i] > 1)
            return dsq_fail(d, DSQ_MALFORMED, "tensor '%s': element %zu is %d, not a bool", name, i,
                            flag[i]);
    return DSQ_OK;
}
