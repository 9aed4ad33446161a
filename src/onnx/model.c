/* SPDX-License-Identifier: Apache-2.0 */
/* Reading a model: file, walk, unpacking into an arena with a budget, and its metadata. */
#include "onnx/model.h"

#include <string.h>

/* protobuf-c's lengths are int in places, and no ONNX file is larger: protobuf itself ends at 2
 * GiB. */
static const size_t max_file_bytes = INT32_MAX;

/* protobuf-c only answers NULL when it fails: this remembers whether memory was the reason. */
struct unpack_memory {
    struct dsq_arena *arena;
    bool failed;
    size_t wanted;
};

static void *unpack_alloc(void *user, size_t bytes)
{
    struct unpack_memory *u = user;
    void *p = dsq_arena_alloc(u->arena, bytes);
    if (!p) {
        u->failed = true;
        u->wanted = bytes;
    }
    return p;
}

/* Pieces die with the arena. */
static void unpack_free(void *user, void *memory)
{
    (void)user;
    (void)memory;
}

static enum dsq_status unpack_failed(const struct unpack_memory *u, struct dsq_diag *d)
{
    const size_t largest_step = 1u << 20; /* an arena takes memory in blocks of up to this */
    size_t left = u->arena->limit_bytes - u->arena->total_bytes;
    if (!u->failed)
        return dsq_fail(d, DSQ_MALFORMED, "not an ONNX model, or a damaged one");
    if (u->wanted > left || left < 2 * largest_step)
        return dsq_fail(d, DSQ_MALFORMED, "unpacking takes over %zu MiB, too much for this size",
                        u->arena->limit_bytes >> 20);
    return dsq_fail(d, DSQ_NOMEM, "out of memory");
}

/* Fill m->proto from m->data. */
static enum dsq_status unpack(struct dsq_onnx *m, struct dsq_diag *d)
{
    if (!m->bytes)
        return dsq_fail(d, DSQ_MALFORMED, "the file is empty");
    if (m->bytes > max_file_bytes)
        return dsq_fail(d, DSQ_MALFORMED, "%zu bytes; an ONNX file has at most 2 GiB", m->bytes);
    size_t budget = dsq_onnx_budget(m->bytes);
    enum dsq_status status =
        dsq_onnx_walk(&dsq_onnx__model_proto__descriptor, m->data, m->bytes, budget, d);
    if (status != DSQ_OK)
        return dsq_fail_in(d, status, "not an ONNX model, or a damaged one");
    m->arena.limit_bytes = budget;
    struct unpack_memory memory = {.arena = &m->arena};
    ProtobufCAllocator into = {unpack_alloc, unpack_free, &memory};
    m->proto = dsq_onnx__model_proto__unpack(&into, m->bytes, m->data);
    if (!m->proto)
        return unpack_failed(&memory, d);
    if (!m->proto->graph)
        return dsq_fail(d, DSQ_MALFORMED, "not an ONNX model: it has no graph");
    return DSQ_OK;
}

/* Takes over `data`, also on failure. `path` is NULL for a model in memory. */
static enum dsq_status create(struct dsq_onnx **out, void *data, size_t bytes, const char *name,
                              const char *path, const struct dsq_allocator *a, struct dsq_diag *d)
{
    enum dsq_status status = DSQ_OK;
    struct dsq_onnx *m = dsq_calloc(a, 1, sizeof *m);
    if (!m) {
        dsq_release(a, data);
        return dsq_fail(d, DSQ_NOMEM, "%s: out of memory", name);
    }
    m->allocator = a;
    m->data = data;
    m->bytes = bytes;
    dsq_arena_init(&m->arena, a);
    m->name = dsq_alloc(a, strlen(name) + 1);
    if (!m->name) {
        status = dsq_fail(d, DSQ_NOMEM, "out of memory");
        goto fail;
    }
    memcpy(m->name, name, strlen(name) + 1);
    DSQ_GUARD(unpack(m, d));
    DSQ_GUARD(dsq_onnx_load_external(m, path, d));
    *out = m;
    return DSQ_OK;
fail:
    dsq_onnx_free(&m);
    return dsq_fail_in(d, status, "%s", name);
}

enum dsq_status dsq_onnx_read(struct dsq_onnx **out, const char *path,
                              const struct dsq_allocator *a, struct dsq_diag *d)
{
    void *data = NULL;
    size_t bytes = 0;
    *out = NULL;
    DSQ_TRY(dsq_file_read(path, a, &data, &bytes, d));
    return create(out, data, bytes, path, path, a, d);
}

enum dsq_status dsq_onnx_parse(struct dsq_onnx **out, const void *data, size_t bytes,
                               const char *name, const struct dsq_allocator *a, struct dsq_diag *d)
{
    *out = NULL;
    void *copy = dsq_alloc(a, bytes);
    if (!copy)
        return dsq_fail(d, DSQ_NOMEM, "%s: out of memory", name);
    if (bytes)
        memcpy(copy, data, bytes);
    return create(out, copy, bytes, name, NULL, a, d);
}

void dsq_onnx_free(struct dsq_onnx **m)
{
    if (!m || !*m)
        return;
    const struct dsq_allocator *a = (*m)->allocator;
    dsq_arena_free(&(*m)->arena);
    dsq_release(a, (*m)->data);
    dsq_release(a, (*m)->name);
    dsq_release(a, *m);
    *m = NULL;
}

const char *dsq_onnx_metadata(const struct dsq_onnx *m, const char *key)
{
    for (size_t i = 0; i < m->proto->n_metadata_props; i++) {
        const Onnx__StringStringEntryProto *e = m->proto->metadata_props[i];
        if (e->key && strcmp(e->key, key) == 0)
            return e->value ? e->value : "";
    }
    return NULL;
}
