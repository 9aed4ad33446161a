/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The engine file in memory: the IR after every pass that affects numbers, the shape profile, the
 * task. No device is involved. docs/engine-format.md is the specification of the bytes.
 *
 *   offset 0   "DSQENGIN", u32 version, u32 number of chunks, u64 file bytes, u32 crc of the table,
 *              u32 crc of this header
 *   then       table of contents: per chunk u32 id, u32 flags, u64 offset, u64 bytes, u32 crc,
 *              u32 0
 *   then       chunks, each at a multiple of 64 bytes
 *
 * Chunks: GRPH (IR text), DATA (constants), PROF (JSON), TASK (JSON, optional), META (JSON). A
 * chunk of unknown id is skipped when its OPTIONAL flag is set, refused otherwise.
 */
#ifndef DSQ_ENGINE_FILE_H
#define DSQ_ENGINE_FILE_H

#include "graph/graph.h"

/* Bounds of one graph input; a dimension's value is in [min, max]. */
struct dsq_profile_input {
    const char *name;
    int32_t rank;
    int64_t min[DSQ_MAX_RANK], opt[DSQ_MAX_RANK], max[DSQ_MAX_RANK];
};

/* Public opaque type; see dsq.h. Immutable once made; owns everything. */
struct dsq_engine_file {
    const struct dsq_allocator *allocator;
    struct dsq_graph *graph;
    struct dsq_arena arena;            /* profile and strings */
    struct dsq_profile_input *profile; /* one a graph input; NULL: no bounds */
    const char *task_json;             /* or NULL */
    const char *meta_json;             /* or NULL: source model, fallbacks */
    const char *path;                  /* for messages */
    void *data;                        /* the file's bytes that constants point into, or NULL */
};

/* Takes over `graph` (also on failure). profile (n_inputs entries, or NULL), task, meta are copied.
 * */
enum dsq_status dsq_engine_file_create(struct dsq_engine_file **out, struct dsq_graph *graph,
                                       const struct dsq_profile_input *profile,
                                       const char *task_json, const char *meta_json,
                                       const char *path, const struct dsq_allocator *a,
                                       struct dsq_diag *d) DSQ_MUST_CHECK;

/* To and from bytes. parse copies nothing of DATA: it takes over `data` (from dsq_alloc, also on
 * failure). */
enum dsq_status dsq_engine_file_serialize(const struct dsq_engine_file *f, struct dsq_writer *w,
                                          struct dsq_diag *d) DSQ_MUST_CHECK;
enum dsq_status dsq_engine_file_parse(struct dsq_engine_file **out, void *data, size_t bytes,
                                      const char *path, const struct dsq_allocator *a,
                                      struct dsq_diag *d) DSQ_MUST_CHECK;
bool dsq_engine_file_is_engine(const void *data, size_t bytes); /* starts with the magic */

#endif
