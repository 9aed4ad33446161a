/* SPDX-License-Identifier: Apache-2.0 */
/*
 * dsq/types.h: the plain types that pass between a program and libdsq. No functions; dsq.h has
 * those.
 *
 * Every settings and result struct begins with its own size, so that a library newer than the
 * program still knows which fields the program could have set, and an older one ignores those it
 * does not know. Zero-initialize, set `size`, then set what you need: 0 and NULL are the defaults.
 */
#ifndef DSQ_TYPES_H
#define DSQ_TYPES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* What a call can answer. A value exists only where a caller would act on it differently. */
#define DSQ_STATUS_LIST(X)                                                                         \
    X(OK, 0, "success")                                                                            \
    X(NOMEM, -1, "out of memory")                                                                  \
    X(IO, -2, "cannot read or write the file")                                                     \
    X(MALFORMED, -3, "the input breaks its own format")                                            \
    X(UNSUPPORTED, -4, "valid, but not supported here")                                            \
    X(SHAPE, -5, "shapes do not fit together")                                                     \
    X(ARGUMENT, -6, "the caller passed an invalid argument")                                       \
    X(DEVICE, -7, "the device or its driver failed")

enum dsq_status {
#define DSQ_STATUS_ENUM(name, value, text) DSQ_##name = value,
    DSQ_STATUS_LIST(DSQ_STATUS_ENUM)
#undef DSQ_STATUS_ENUM
};

/* Where a failing call writes its reason. Owned by the caller; may be NULL in every call that
 * takes one. The text is one line without a newline and names the file, node or tensor. */
struct dsq_diag {
    enum dsq_status status; /* of the last failure; untouched by success */
    char text[1024];
};

/* Element types. */
enum dsq_dtype {
    DSQ_F32 = 0,
    DSQ_S8 = 1,
    DSQ_U8 = 2,
    DSQ_S32 = 3,
    DSQ_S64 = 4,
    DSQ_BOOL = 5, /* one byte, 0 or 1 */
    DSQ_F64 = 6,
    DSQ_DTYPE_COUNT
};

/* In which order the elements of a rank-4 tensor lie. Dimensions are always named in ONNX's order.
 * */
enum dsq_layout {
    DSQ_NCHW = 0, /* the dimensions' own order: what ONNX, numpy and most callers use */
    DSQ_NHWC = 1, /* channels innermost: what the kernels use; rank 4 only */
};

enum dsq_device_type { DSQ_DEVICE_CPU = 0, DSQ_DEVICE_CUDA = 1 };

#define DSQ_MAX_RANK 8

/* One tensor in memory, never owned by the descriptor. Field by field convertible to a DLTensor of
 * DLPack without copying. Byte stride i is the distance between neighbours along dimension i;
 * for DSQ_NHWC stride[1] is the element size. */
struct dsq_tensor {
    enum dsq_dtype dtype;
    enum dsq_layout layout;
    enum dsq_device_type device_type;
    int32_t device_id;
    int32_t rank;
    int64_t dims[DSQ_MAX_RANK];    /* ONNX order: N, C, H, W for pictures */
    int64_t strides[DSQ_MAX_RANK]; /* bytes; all zero means dense in `layout` */
    void *data;
};

/* Memory for everything the library allocates. `alloc` returns at least 64-byte aligned memory or
 * NULL; both functions must be callable from any thread. */
struct dsq_allocator {
    void *user;
    void *(*alloc)(void *user, size_t bytes);
    void (*free)(void *user, void *memory);
};

enum dsq_log_level { DSQ_LOG_ERROR, DSQ_LOG_WARNING, DSQ_LOG_INFO };

/* Messages to people: warnings and summaries, never errors that a status already reports.
 * `text` is one line without a newline. May be called from the thread that called the library. */
struct dsq_log {
    void *user;
    void (*message)(void *user, enum dsq_log_level level, const char *text);
    /* `done` of `total` steps of `what` are through; called at most some ten times a second. */
    void (*progress)(void *user, const char *what, int64_t done, int64_t total);
};

/* A caller's own thread pool in place of the library's. `run` calls task(arg, i) once for each i in
 * [0, n_tasks), from any threads, and returns when all have ended. Tasks are independent. */
struct dsq_executor {
    void *user;
    int32_t n_threads; /* how many tasks may run at once, 1 to 1024 */
    void (*run)(void *user, void (*task)(void *arg, size_t i), void *arg, size_t n_tasks);
};

#ifdef __cplusplus
}
#endif

#if defined(__GNUC__)
#define DSQ_MUST_CHECK __attribute__((warn_unused_result))
#define DSQ_API __attribute__((visibility("default")))
#else
#define DSQ_MUST_CHECK
#define DSQ_API
#endif

#endif
