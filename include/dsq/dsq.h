/* SPDX-License-Identifier: Apache-2.0 */
/*
 * dsq: INT8 object detectors at any input size. The whole public API.
 *
 * The way through it:
 *
 *   model.onnx --dsq_quantize--> model.onnx + model.json --dsq_engine_file_build--> engine file
 *   engine file --dsq_engine_load--> engine (immutable, shared by threads)
 *   engine --dsq_context_create--> context (one thread's)
 *   context: set inputs, run, read outputs;   or dsq_detect(): picture in, boxes out
 *
 * A whole program (examples/detect.c is the long form):
 *
 *   struct dsq_diag diag;
 *   struct dsq_engine_file *file = NULL;
 *   struct dsq_engine *engine = NULL;
 *   struct dsq_context *context = NULL;
 *   struct dsq_picture *picture = NULL;
 *   struct dsq_detections found = {0};
 *   if (dsq_engine_file_open(&file, "int8.engine", NULL, &diag) ||
 *       dsq_engine_load(&engine, file, NULL, &diag) ||
 *       dsq_context_create(&context, engine, NULL, &diag) ||
 *       dsq_picture_read(&picture, "photo.jpg", true, NULL, &diag) ||
 *       dsq_detect(context, picture, &found, &diag))
 *       fprintf(stderr, "%s\n", diag.text);
 *   for (size_t i = 0; i < found.n; i++)
 *       printf("%s %.3f\n", found.box[i].name, found.box[i].score);
 *   dsq_detections_free(&found); dsq_picture_free(&picture); dsq_context_free(&context);
 *   dsq_engine_free(&engine); dsq_engine_file_free(&file);
 *
 * Rules that hold for every function:
 * - It answers DSQ_OK or a status from types.h, and writes the reason to `diag` (which may be
 *   NULL).
 * - It never prints, exits or aborts. Messages for people go to the dsq_log that you give.
 * - Handles come out of *_create, *_open, *_load and go back through *_free, which takes the
 *   handle's address, sets it to NULL and accepts NULL. On failure no handle is given out: *out is
 *   NULL.
 * - A pointer may be NULL only where it says so. Functions that answer a status then say ARGUMENT;
 *   queries, which cannot, must not be asked about NULL.
 * - Names and arrays returned by query functions belong to the handle asked.
 * - Thread safety: different handles may be used from different threads at once. An engine file and
 *   an engine may be shared by threads; a context, a picture being read and a dataset belong to one
 *   thread at a time.
 * - Settings may be NULL (all defaults). Otherwise they start with their size: see types.h. So do
 *   results: set `size` before the call; as much as fits is filled in.
 * - What settings point to (strings, allocator, log, executor) is read during the call; an
 *   allocator and an executor must outlive what was made with them.
 */
#ifndef DSQ_DSQ_H
#define DSQ_DSQ_H

#include <dsq/types.h>
#include <dsq/version.h>

#ifdef __cplusplus
extern "C" {
#endif

struct dsq_engine_file; /* a model ready to run anywhere: graph, weights, profile, task */
struct dsq_engine;      /* the same, packed for one device */
struct dsq_context;     /* one user of an engine: its memory, plans and threads */
struct dsq_picture;     /* 8-bit RGB pixels */
struct dsq_pool;        /* threads */
struct dsq_judgement;   /* an evaluation, class by class and picture by picture */

/* "0.1.0"; "MALFORMED"; "the input breaks its own format"; "f32". Never NULL. */
DSQ_API const char *dsq_version(void);
DSQ_API const char *dsq_status_name(enum dsq_status status);
DSQ_API const char *dsq_status_text(enum dsq_status status);
DSQ_API const char *dsq_dtype_name(enum dsq_dtype dtype);
/* Bytes of one element. */
DSQ_API size_t dsq_dtype_bytes(enum dsq_dtype dtype);

/* ---- what every job shares ---- */

struct dsq_common {
    size_t size;
    const struct dsq_allocator *allocator; /* NULL: aligned_alloc */
    const struct dsq_log *log;             /* NULL: silence */
    const struct dsq_executor *executor;   /* NULL: threads of the library's own */
    int32_t threads;                       /* 0: one for each processor. Ignored with an executor */
    const char *cpu_level;                 /* NULL: the best; "ref", "avx2", "avx512vnni" */
    bool strict;                           /* warnings become errors */
};

/* ---- quantize: pictures in, ranges out ---- */

struct dsq_quantize_settings {
    size_t size;
    const struct dsq_common *common;
    const char *images;  /* a folder of JPEG and PNG files, or NULL */
    const char *tensors; /* a folder of prepared inputs (.npy), or NULL; exactly one of both */
    const char *task;    /* a preset's name, a JSON file or JSON text; NULL: the model's own */
    const char *resize;  /* replaces the task's rule: none, stretch:HxW, fit:HxW, short:S,MAX */
    int32_t pad;         /* replaces the task's padding multiple when > 0 */
    const char *method;  /* "auto", "kl", "mse", "minmax", "percentile"; NULL: auto */
    const char *out_dir; /* NULL: "." */
    const char *outputs; /* as in dsq_build_settings */
};
struct dsq_quantize_result {
    size_t size;
    int32_t pictures, tensors, int8_nodes, float_nodes;
    double seconds;
    char onnx_path[512], json_path[512];
};
/* Calibrate MODEL.onnx and write OUT/NAME.onnx (dsq.quant and dsq.task in its metadata) and
 * OUT/NAME.json. Files appear whole or not at all. `result` may be NULL. */
DSQ_API enum dsq_status dsq_quantize(const char *model,
                                     const struct dsq_quantize_settings *settings,
                                     struct dsq_quantize_result *result,
                                     struct dsq_diag *diag) DSQ_MUST_CHECK;

/* ---- engine files ---- */

struct dsq_build_settings {
    size_t size;
    const struct dsq_common *common;
    const char *quant;      /* NAME.json with ranges; NULL: what the model carries, else FP32 */
    const char *min_shapes; /* trtexec's spelling: "input:1x3x320x320,other:1x8"; all or none */
    const char *opt_shapes;
    const char *max_shapes;
    const char *task; /* as in dsq_quantize_settings; NULL: the model's own, if any */
    const char *resize;
    int32_t pad;
    const char *dump_after; /* print the IR after this pass ("all": every one) to the log */
    const char *outputs;    /* "a,b": cut the model at these tensors; NULL: its own outputs */
    bool float_only;        /* ignore what the model carries: build FP32 */
    bool free_sizes;        /* without shapes: a size that the model's header fixes is free if the
                             * model provably works at others. (A profile frees what it names.) */
};
/* Compile MODEL.onnx in memory. */
DSQ_API enum dsq_status dsq_engine_file_build(struct dsq_engine_file **out, const char *model,
                                              const struct dsq_build_settings *settings,
                                              struct dsq_diag *diag) DSQ_MUST_CHECK;
/* Read an engine file. MALFORMED says what is damaged. */
DSQ_API enum dsq_status dsq_engine_file_open(struct dsq_engine_file **out, const char *path,
                                             const struct dsq_common *common,
                                             struct dsq_diag *diag) DSQ_MUST_CHECK;
DSQ_API enum dsq_status dsq_engine_file_open_memory(struct dsq_engine_file **out, const void *data,
                                                    size_t bytes, const struct dsq_common *common,
                                                    struct dsq_diag *diag) DSQ_MUST_CHECK;
/* Write under a temporary name, then rename. */
DSQ_API enum dsq_status dsq_engine_file_save(const struct dsq_engine_file *file, const char *path,
                                             struct dsq_diag *diag) DSQ_MUST_CHECK;
DSQ_API void dsq_engine_file_free(struct dsq_engine_file **file);
/* How many convolutions of the model compute in INT8 and how many in float, and how many of the
 * latter only because a tensor has no range or their weights do not allow integers. Pointers may be
 * NULL. */
DSQ_API void dsq_engine_file_precision(const struct dsq_engine_file *file, int32_t *int8_nodes,
                                       int32_t *float_nodes, int32_t *fallbacks);
/* The task as JSON, or NULL when the engine carries none. */
DSQ_API const char *dsq_engine_file_task(const struct dsq_engine_file *file);

/* ---- engines: an engine file on a device ---- */

struct dsq_engine_settings {
    size_t size;
    const struct dsq_common *common; /* threads and executor are a context's, not used here */
    enum dsq_device_type device_type;
    int32_t device_id;
};
/* Pack the weights for the device. The file must outlive the engine. */
DSQ_API enum dsq_status dsq_engine_load(struct dsq_engine **out, const struct dsq_engine_file *file,
                                        const struct dsq_engine_settings *settings,
                                        struct dsq_diag *diag) DSQ_MUST_CHECK;
DSQ_API void dsq_engine_free(struct dsq_engine **engine); /* after its contexts */

/* One input or output. A dimension of -1 is decided at run time. */
struct dsq_io_info {
    const char *name;
    enum dsq_dtype dtype;
    int32_t rank;
    int64_t dims[DSQ_MAX_RANK];
    /* inputs of an engine with a profile */
    int64_t min[DSQ_MAX_RANK], opt[DSQ_MAX_RANK], max[DSQ_MAX_RANK];
    bool has_profile;
};
DSQ_API int32_t dsq_engine_inputs(const struct dsq_engine *engine);
DSQ_API int32_t dsq_engine_outputs(const struct dsq_engine *engine);
/* ARGUMENT when `i` is out of range. Names live as long as the engine file. */
DSQ_API enum dsq_status dsq_engine_input_info(const struct dsq_engine *engine, int32_t i,
                                              struct dsq_io_info *info) DSQ_MUST_CHECK;
DSQ_API enum dsq_status dsq_engine_output_info(const struct dsq_engine *engine, int32_t i,
                                               struct dsq_io_info *info) DSQ_MUST_CHECK;

/* One step of an engine; fused operators are one. */
struct dsq_layer_info {
    size_t size;
    const char *name;      /* the ONNX node's, "" where the model has none */
    const char *output;    /* its first output tensor */
    const char *op;        /* "conv", "relayout", ... */
    const char *precision; /* "FP32", "INT8", "INT8, writes FP32", "FP32, writes INT8" */
    const char *kernel;    /* what executes it here; "host" for what only computes sizes */
    const char *why;       /* this kernel */
};
DSQ_API int32_t dsq_engine_layers(const struct dsq_engine *engine);
/* ARGUMENT when `i` is out of range. Texts live as long as the engine. */
DSQ_API enum dsq_status dsq_engine_layer_info(const struct dsq_engine *engine, int32_t i,
                                              struct dsq_layer_info *info) DSQ_MUST_CHECK;

/* ---- contexts: running ---- */

struct dsq_context_settings {
    size_t size;
    const struct dsq_common *common; /* threads or executor of this context */
    int32_t plan_cache;              /* shapes whose plans are kept; 0: 16 */
    struct dsq_pool *pool;           /* the library's own use; leave NULL */
};
/* The engine must outlive its contexts. A context goes on after any error: bind what was wrong
 * again. */
DSQ_API enum dsq_status dsq_context_create(struct dsq_context **out,
                                           const struct dsq_engine *engine,
                                           const struct dsq_context_settings *settings,
                                           struct dsq_diag *diag) DSQ_MUST_CHECK;
DSQ_API void dsq_context_free(struct dsq_context **context);

/* Bind input i: shape, layout, strides and memory, until it is bound anew. The memory is read
 * during dsq_context_run only, and must then still be there. Strides are multiples of the element's
 * size, and may be negative or 0. SHAPE outside the profile, naming the dimension and its range;
 * then, as after any error, the binding before stays. */
DSQ_API enum dsq_status dsq_context_set_input(struct dsq_context *context, int32_t i,
                                              const struct dsq_tensor *tensor,
                                              struct dsq_diag *diag) DSQ_MUST_CHECK;
/* Compute all shapes and the memory plan for the bound inputs: arithmetic only, microseconds.
 * Called by run when needed; call it yourself to learn output shapes before binding outputs. */
DSQ_API enum dsq_status dsq_context_reshape(struct dsq_context *context,
                                            struct dsq_diag *diag) DSQ_MUST_CHECK;
/* Where output i shall be written, in the descriptor's layout and strides, until it is bound anew;
 * dims are checked by run (SHAPE), which is also the time to learn that the memory overlaps an
 * input's (ARGUMENT). Outputs must not overlap each other. With tensor NULL or data NULL the
 * context owns the memory; then layout alone is obeyed (default NCHW; NHWC counts for rank 4 only).
 * May be called before or after reshape. */
DSQ_API enum dsq_status dsq_context_set_output(struct dsq_context *context, int32_t i,
                                               const struct dsq_tensor *tensor,
                                               struct dsq_diag *diag) DSQ_MUST_CHECK;
/* Run. Allocates nothing when the shape has been run before and its plan is still kept. Memory
 * grows to the largest shape that was run, and goes back with the context. */
DSQ_API enum dsq_status dsq_context_run(struct dsq_context *context,
                                        struct dsq_diag *diag) DSQ_MUST_CHECK;
/* Output i after a run (its shape already after a reshape, then with data NULL). Valid until the
 * next reshape, run or dsq_context_set_output. */
DSQ_API enum dsq_status dsq_context_output(const struct dsq_context *context, int32_t i,
                                           struct dsq_tensor *tensor,
                                           struct dsq_diag *diag) DSQ_MUST_CHECK;
/* Bytes of activations and scratch for the current shape, whatever the profile's largest; 0 before
 * there is one. Outputs that the context owns come on top. */
DSQ_API size_t dsq_context_activation_bytes(const struct dsq_context *context);

/* From the next run on, add each layer's seconds to seconds[i] (dsq_engine_layers numbers, the
 * caller's). NULL ends that. */
DSQ_API void dsq_context_time_layers(struct dsq_context *context, double *seconds);

/* Called right after a node has run, before its memory is reused: once for each output. `node` is
 * the ONNX name ("" where the model has none), `tensor` the ONNX name of the value. The graph's
 * inputs are shown first, with node "". The descriptor is in the engine's own layout and type
 * (inputs and outputs: as they are bound); it and its data are valid during the call only. Sizes
 * computed on the host are not shown, nor what passes have folded away. NULL removes the hook. It
 * runs on the thread that called dsq_context_run and must not call into this context. */
typedef void dsq_on_tensor_fn(void *user, const char *node, const char *tensor,
                              const struct dsq_tensor *value);
DSQ_API void dsq_context_on_tensor(struct dsq_context *context, dsq_on_tensor_fn *fn, void *user);

/* ---- pictures ---- */

/* Decode a JPEG or PNG file to 8-bit RGB. obey_exif turns it as its orientation tag says. */
DSQ_API enum dsq_status dsq_picture_read(struct dsq_picture **out, const char *path, bool obey_exif,
                                         const struct dsq_allocator *allocator,
                                         struct dsq_diag *diag) DSQ_MUST_CHECK;
/* The same from memory; `name` is for messages. */
DSQ_API enum dsq_status dsq_picture_decode(struct dsq_picture **out, const void *data, size_t bytes,
                                           const char *name, bool obey_exif,
                                           const struct dsq_allocator *allocator,
                                           struct dsq_diag *diag) DSQ_MUST_CHECK;
/* From pixels: `rgb` is height rows of width * 3 bytes, copied. */
DSQ_API enum dsq_status dsq_picture_from_rgb(struct dsq_picture **out, int32_t width,
                                             int32_t height, const uint8_t *rgb,
                                             const struct dsq_allocator *allocator,
                                             struct dsq_diag *diag) DSQ_MUST_CHECK;
DSQ_API void dsq_picture_free(struct dsq_picture **picture);
DSQ_API int32_t dsq_picture_width(const struct dsq_picture *picture);
DSQ_API int32_t dsq_picture_height(const struct dsq_picture *picture);
DSQ_API uint8_t *dsq_picture_pixels(struct dsq_picture *picture); /* RGB rows without gaps */
/* Write a PNG (whole or not at all). */
DSQ_API enum dsq_status dsq_picture_write(const struct dsq_picture *picture, const char *path,
                                          struct dsq_diag *diag) DSQ_MUST_CHECK;

/* ---- detection ---- */

struct dsq_box {
    float x0, y0, x1, y1; /* pixels of the original picture */
    float score;
    int32_t label;    /* class index of the model */
    const char *name; /* the class's, "" when unnamed; lives as long as the context */
};
struct dsq_detections {                    /* begins as {0} */
    struct dsq_box *box;                   /* best first */
    size_t n, capacity;                    /* the array grows as needed and may be used again */
    const struct dsq_allocator *allocator; /* of the array; NULL: the default */
};
DSQ_API void dsq_detections_free(struct dsq_detections *detections);

/* Prepare the picture as the engine's task says, run, decode, suppress. `found` is replaced; after
 * an error it is empty. Binds the context's input and outputs anew each time. UNSUPPORTED without a
 * task, or for a model of several inputs. */
DSQ_API enum dsq_status dsq_detect(struct dsq_context *context, const struct dsq_picture *picture,
                                   struct dsq_detections *found,
                                   struct dsq_diag *diag) DSQ_MUST_CHECK;
/* The first step alone: the picture as the engine's task prepares it, for dsq_context_set_input.
 * Its memory is the context's, valid until the next call of this or dsq_detect. UNSUPPORTED as
 * above. */
DSQ_API enum dsq_status dsq_prepare_input(struct dsq_context *context,
                                          const struct dsq_picture *picture,
                                          struct dsq_tensor *input,
                                          struct dsq_diag *diag) DSQ_MUST_CHECK;
/* Draw the boxes of at least min_score, with names and scores, onto the picture. */
DSQ_API enum dsq_status dsq_draw(struct dsq_picture *picture, const struct dsq_detections *found,
                                 float min_score, struct dsq_diag *diag) DSQ_MUST_CHECK;
/* Names of the built-in tasks, one by one; NULL past the last. */
DSQ_API const char *dsq_task_preset(int32_t i);

/* ---- evaluation ---- */

struct dsq_eval_settings {
    size_t size;
    const struct dsq_common *common;
    const char *images;      /* folder */
    const char *annotations; /* COCO instances JSON */
    const char *task, *resize;
    int32_t pad;
    const char *save_detections; /* COCO results JSON to write, or NULL */
    bool skip_missing;           /* annotated pictures that are not there are left out */
    bool match_by_order;         /* classes by position, not by name */
    /* Where each class's numbers and what was right in each picture go, or NULL. On success
     * *judgement is a new handle; free it with dsq_judgement_free. After an error it is NULL. */
    struct dsq_judgement **judgement;
};
struct dsq_eval_result {
    size_t size;
    /* COCO's twelve numbers; NaN where there is no ground truth */
    double ap, ap50, ap75, ap_small, ap_medium, ap_large;
    double ar1, ar10, ar100, ar_small, ar_medium, ar_large;
    int32_t images;
    double fps_network, fps_total;      /* 0 when only detections were judged */
    double ms_pre, ms_network, ms_post; /* mean per picture */
    char precision[16];                 /* "FP32", "INT8", "" */
    char input_size[32];                /* "natural", "480x640", ... */
};
/* Run every annotated picture through the engine, in a pipeline, and judge. */
DSQ_API enum dsq_status dsq_eval_engine(const struct dsq_engine_file *file,
                                        const struct dsq_eval_settings *settings,
                                        struct dsq_eval_result *result,
                                        struct dsq_diag *diag) DSQ_MUST_CHECK;
/* Judge a COCO results file of any tool. With `images` given, pictures that are not there count as
 * in dsq_eval_engine. */
DSQ_API enum dsq_status dsq_eval_detections(const char *detections,
                                            const struct dsq_eval_settings *settings,
                                            struct dsq_eval_result *result,
                                            struct dsq_diag *diag) DSQ_MUST_CHECK;

/* The classes of a judgement: the annotations' categories, in their order. */
struct dsq_class_result {
    size_t size;
    const char *name; /* lives as long as the judgement */
    int64_t category_id;
    int64_t objects, detections; /* annotated (crowds aside); found, at most 100 a picture */
    double ap, ap50, ap75;       /* NaN without objects */
};
DSQ_API int32_t dsq_judgement_classes(const struct dsq_judgement *judgement);
/* ARGUMENT when `i` is out of range. */
DSQ_API enum dsq_status dsq_judgement_class(const struct dsq_judgement *judgement, int32_t i,
                                            struct dsq_class_result *result) DSQ_MUST_CHECK;

/* How sure AP is, by a bootstrap over pictures: AP is computed again for as many pictures drawn
 * with replacement, many times; the interval holds the middle part of what comes out. */
struct dsq_interval_settings {
    size_t size;
    int32_t resamples; /* 0: 1000 */
    double confidence; /* 0: .9 */
    uint64_t seed;     /* the same seed gives the same draws */
};
struct dsq_interval_result {
    size_t size;
    double ap_low, ap_high;
    double change_low, change_high; /* of AP less `first`'s; NaN without it */
};
/* `first`, or NULL, is another judgement of the same pictures (else ARGUMENT): both are computed on
 * the same draws, so that what the pictures have in common falls out of the difference. */
DSQ_API enum dsq_status dsq_judgement_interval(const struct dsq_judgement *judgement,
                                               const struct dsq_judgement *first,
                                               const struct dsq_interval_settings *settings,
                                               struct dsq_interval_result *result,
                                               struct dsq_diag *diag) DSQ_MUST_CHECK;
DSQ_API void dsq_judgement_free(struct dsq_judgement **judgement);

/* ---- looking inside ---- */

/* Receives text piece by piece. */
typedef void dsq_write_fn(void *user, const char *text, size_t bytes);
/* Describe a file: a model or an engine (inputs and outputs, layers with precision and kernel, what
 * fell back to float and why; of a model that cannot be imported, the nodes that stand in the way),
 * ranges, a task, annotations, detections, a tensor (.npy), a picture. `write` gets nothing before
 * all is known, so nothing after an error. Text that is no UTF-8 comes out with '?' in it.
 * MALFORMED for any other file. */
DSQ_API enum dsq_status dsq_inspect(const char *path, bool json, const struct dsq_common *common,
                                    dsq_write_fn *write, void *user,
                                    struct dsq_diag *diag) DSQ_MUST_CHECK;

/* ---- numpy files ---- */

/* Read NAME.npy (C order, little-endian; f4 f8 i1 u1 i4 i8 b1). The tensor's data is allocated;
 * free it with dsq_npy_free. */
DSQ_API enum dsq_status dsq_npy_read(struct dsq_tensor *out, const char *path,
                                     const struct dsq_allocator *allocator,
                                     struct dsq_diag *diag) DSQ_MUST_CHECK;
DSQ_API void dsq_npy_free(struct dsq_tensor *tensor, const struct dsq_allocator *allocator);
/* Write any tensor, in ONNX order. */
DSQ_API enum dsq_status dsq_npy_write(const struct dsq_tensor *tensor, const char *path,
                                      struct dsq_diag *diag) DSQ_MUST_CHECK;

#ifdef __cplusplus
}
#endif

#endif
