/* SPDX-License-Identifier: Apache-2.0 */
/* The current node's attributes. Each that is asked for is ticked off; at the end none may be left.
 */
#include "onnx/import.h"

#include <math.h>
#include <string.h>

#define TYPE(NAME) ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__##NAME

enum { MAX_ATTRIBUTES = 64 }; /* bits of attributes_read */

static const Onnx__AttributeProto *peek(const struct dsq_import *im, const char *name,
                                        size_t *index)
{
    for (size_t i = 0; i < im->node->n_attribute && i < MAX_ATTRIBUTES; i++) {
        const Onnx__AttributeProto *a = im->node->attribute[i];
        if (a->name && strcmp(a->name, name) == 0) {
            *index = i;
            return a;
        }
    }
    return NULL;
}

static const Onnx__AttributeProto *take(struct dsq_import *im, const char *name)
{
    size_t i;
    const Onnx__AttributeProto *a = peek(im, name, &i);
    if (a)
        im->attributes_read |= UINT64_C(1) << i;
    return a;
}

bool dsq_import_has_attr(const struct dsq_import *im, const char *name)
{
    size_t i;
    return peek(im, name, &i) != NULL;
}

void dsq_import_ignore(struct dsq_import *im, const char *name)
{
    take(im, name);
}

/* Files older than the type field are told by what is there. A writer of today may leave a value
 * out that is the type's zero. */
static enum dsq_status check_type(struct dsq_import *im, const Onnx__AttributeProto *a, int type,
                                  bool there, const char *type_name)
{
    if (a->ref_attr_name && a->ref_attr_name[0])
        return dsq_import_fail(im, DSQ_UNSUPPORTED, "attribute '%s' refers to a function's",
                               a->name);
    if (a->has_type && a->type != TYPE(UNDEFINED) ? (int)a->type != type : !there)
        return dsq_import_fail(im, DSQ_MALFORMED, "attribute '%s' is not of type %s", a->name,
                               type_name);
    return DSQ_OK;
}

enum dsq_status dsq_import_int(struct dsq_import *im, const char *name, int64_t otherwise,
                               int64_t *v)
{
    const Onnx__AttributeProto *a = take(im, name);
    *v = a ? a->i : otherwise;
    return a ? check_type(im, a, TYPE(INT), a->has_i, "int") : DSQ_OK;
}

enum dsq_status dsq_import_float(struct dsq_import *im, const char *name, float otherwise, float *v)
{
    const Onnx__AttributeProto *a = take(im, name);
    *v = a ? a->f : otherwise;
    if (!a)
        return DSQ_OK;
    DSQ_TRY(check_type(im, a, TYPE(FLOAT), a->has_f, "float"));
    return isnan(*v) ? dsq_import_fail(im, DSQ_MALFORMED, "attribute '%s' is not a number", name)
                     : DSQ_OK;
}

enum dsq_status dsq_import_ints(struct dsq_import *im, const char *name, size_t max, int64_t *v,
                                size_t *n)
{
    const Onnx__AttributeProto *a = take(im, name);
    *n = a ? a->n_ints : 0;
    if (!a)
        return DSQ_OK;
    DSQ_TRY(check_type(im, a, TYPE(INTS), a->n_ints > 0, "ints"));
    if (*n > max)
        return dsq_import_fail(im, DSQ_UNSUPPORTED, "attribute '%s' has %zu numbers, at most %zu",
                               name, *n, max);
    if (*n)
        memcpy(v, a->ints, *n * sizeof *v);
    return DSQ_OK;
}

enum dsq_status dsq_import_floats(struct dsq_import *im, const char *name, size_t max, float *v,
                                  size_t *n)
{
    const Onnx__AttributeProto *a = take(im, name);
    *n = a ? a->n_floats : 0;
    if (!a)
        return DSQ_OK;
    DSQ_TRY(check_type(im, a, TYPE(FLOATS), a->n_floats > 0, "floats"));
    if (*n > max)
        return dsq_import_fail(im, DSQ_UNSUPPORTED, "attribute '%s' has %zu numbers, at most %zu",
                               name, *n, max);
    if (*n)
        memcpy(v, a->floats, *n * sizeof *v);
    return DSQ_OK;
}

enum dsq_status dsq_import_tensor(struct dsq_import *im, const char *name,
                                  const Onnx__TensorProto **t)
{
    const Onnx__AttributeProto *a = take(im, name);
    *t = a ? a->t : NULL;
    if (!a)
        return DSQ_OK;
    DSQ_TRY(check_type(im, a, TYPE(TENSOR), a->t != NULL, "tensor"));
    return a->t ? DSQ_OK
                : dsq_import_fail(im, DSQ_MALFORMED, "attribute '%s' holds no tensor", name);
}

static bool string_is(const ProtobufCBinaryData *s, const char *text)
{
    return s->len == strlen(text) && (!s->len || memcmp(s->data, text, s->len) == 0);
}

enum dsq_status dsq_import_choice(struct dsq_import *im, const char *name,
                                  const char *const *choices, int64_t otherwise, int64_t *v)
{
    const Onnx__AttributeProto *a = take(im, name);
    char list[400] = "";
    *v = otherwise;
    if (!a)
        return DSQ_OK;
    DSQ_TRY(check_type(im, a, TYPE(STRING), a->has_s, "string"));
    for (size_t i = 0; choices[i]; i++) {
        if (string_is(&a->s, choices[i])) {
            *v = (int64_t)i;
            return DSQ_OK;
        }
        if (strlen(list) + strlen(choices[i]) + 3 < sizeof list) {
            strcat(list, i ? ", " : "");
            strcat(list, choices[i]);
        }
    }
    return dsq_import_fail(im, DSQ_UNSUPPORTED, "%s '%.*s' is not supported; supported: %s", name,
                           a->s.len > 100 ? 100 : (int)a->s.len,
                           a->s.data ? (const char *)a->s.data : "", list);
}

enum dsq_status dsq_import_only(struct dsq_import *im, const char *name, int64_t value)
{
    int64_t v;
    DSQ_TRY(dsq_import_int(im, name, value, &v));
    if (v != value)
        return dsq_import_fail(im, DSQ_UNSUPPORTED, "%s=%lld is not supported; supported: %lld",
                               name, (long long)v, (long long)value);
    return DSQ_OK;
}

enum dsq_status dsq_import_attributes_done(struct dsq_import *im)
{
    const Onnx__NodeProto *n = im->node;
    if (n->n_attribute > MAX_ATTRIBUTES)
        return dsq_import_fail(im, DSQ_UNSUPPORTED, "%zu attributes are too many", n->n_attribute);
    for (size_t i = 0; i < n->n_attribute; i++) {
        size_t first = i;
        const char *name = n->attribute[i]->name ? n->attribute[i]->name : "";
        if (peek(im, name, &first) && first != i)
            return dsq_import_fail(im, DSQ_MALFORMED, "attribute '%s' is there twice", name);
        if (!(im->attributes_read >> i & 1))
            return dsq_import_fail(im, DSQ_UNSUPPORTED, "attribute '%s' is not supported", name);
    }
    return DSQ_OK;
}
