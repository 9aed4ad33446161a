/* SPDX-License-Identifier: Apache-2.0 */
/* Inside of src/onnx: the parsed model, the walker before it, tensors and their contents. */
#ifndef DSQ_ONNX_MODEL_H
#define DSQ_ONNX_MODEL_H

#include <onnx.pb-c.h>

#include "onnx/onnx.h"

struct dsq_onnx {
    const struct dsq_allocator *allocator;
    char *name; /* path or given name, for messages */
    void *data; /* the file's bytes, for writing */
    size_t bytes;
    struct dsq_arena arena;  /* of everything below */
    Onnx__ModelProto *proto; /* const once the model is read */
    bool has_external;       /* raw_data of some tensors came from other files */
};

/* Deepest nesting of messages: what Google's own parsers allow. */
enum { DSQ_ONNX_MAX_DEPTH = 100 };
/* Bytes that unpacking `file_bytes` of model may take: well above what exporters' files need
 * (weights 1x, nodes about 10x), far below what a file made of empty messages asks for (100x and
 * more). */
size_t dsq_onnx_budget(size_t file_bytes);

/* Go over serialized bytes of a message of this type without unpacking: every length inside its
 * parent, depth at most DSQ_ONNX_MAX_DEPTH, no group, no singular message given twice (protobuf
 * would merge), and the unpacked structs within `budget`. MALFORMED with the byte offset otherwise.
 */
enum dsq_status dsq_onnx_walk(const ProtobufCMessageDescriptor *type, const void *data,
                              size_t bytes, size_t budget, struct dsq_diag *d) DSQ_MUST_CHECK;

/* A tensor's contents in the IR's types: dense, little-endian, in ONNX order. */
struct dsq_onnx_tensor {
    enum dsq_dtype dtype;
    struct dsq_shape shape; /* numbers only */
    size_t elements, bytes;
    const void *data; /* in the model or in the arena given; never NULL */
};

/* ONNX's name of a TensorProto data type ("float16"), or "unknown". */
const char *dsq_onnx_type_name(int32_t data_type);
/* The IR's type of a data type as it is in the model; false for those that the IR lacks. */
bool dsq_onnx_type(int32_t data_type, enum dsq_dtype *t);

/* What the raw data of a tensor takes by its dims and type; SIZE_MAX for types that are not read.
 * MALFORMED, UNSUPPORTED. */
enum dsq_status dsq_onnx_tensor_bytes(const Onnx__TensorProto *p, const char *name, size_t *bytes,
                                      struct dsq_diag *d) DSQ_MUST_CHECK;

/* Give every tensor with external data its bytes as raw_data (external.c). `path` is the model's
 * file, or NULL: then such a tensor is UNSUPPORTED. */
enum dsq_status dsq_onnx_load_external(struct dsq_onnx *m, const char *path,
                                       struct dsq_diag *d) DSQ_MUST_CHECK;

/* Check dims and amount of data without converting; `name` in messages. MALFORMED or UNSUPPORTED.
 * Types that the IR lacks pass: what nobody reads does no harm. */
enum dsq_status dsq_onnx_tensor_check(const Onnx__TensorProto *p, const char *name,
                                      struct dsq_diag *d) DSQ_MUST_CHECK;
/* Check and convert. float16 and double become f32 (double beyond f32's range is UNSUPPORTED). */
enum dsq_status dsq_onnx_tensor_read(const Onnx__TensorProto *p, const char *name,
                                     struct dsq_arena *arena, struct dsq_onnx_tensor *t,
                                     struct dsq_diag *d) DSQ_MUST_CHECK;

#endif
