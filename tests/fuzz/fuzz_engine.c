/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Engine files: opened, loaded and run once on the smallest inputs that they allow, if that is
 * little work. The bytes are tried as they are, and again with every checksum put right: a checksum
 * is no protection against somebody who writes one.
 *
 * Bytes that are no engine file stand for what one holds, so that it can change in length: the
 * graph's text up to the first NUL, then the constants' data.
 */
#include "base/bytes.h"
#include "base/memory.h"
#include "engine/engine.h"
#include "fuzz.h"
#include "graph/text.h"

enum {
    HEADER_BYTES = 32,
    ENTRY_BYTES = 32,
    MOST_INPUTS = 8,
    MOST_BYTES = 1 << 20, /* of an input, of the activations */
    USUAL_SIZE = 8,       /* of a dimension that is free */
};

/* Sizes multiply: a resize in a file of 300 bytes asks for 14 GB, which a machine may well have. */
static void *little_memory(void *user, size_t bytes)
{
    (void)user;
    return bytes > 32 * MOST_BYTES ? NULL : aligned_alloc(64, dsq_align_up(bytes ? bytes : 1, 64));
}

static void give_back(void *user, void *memory)
{
    (void)user;
    free(memory);
}

static const struct dsq_allocator allocator = {NULL, little_memory, give_back};
static const struct dsq_common one_thread = {
    .size = sizeof one_thread, .threads = 1, .allocator = &allocator};

/* ---- checksums ---- */

static uint64_t get(const uint8_t *at, int n)
{
    uint64_t v = 0;
    while (n-- > 0)
        v = v << 8 | at[n];
    return v;
}

static void put_checksum(uint8_t *at, const uint8_t *data, size_t bytes)
{
    uint32_t v = dsq_checksum(data, bytes);
    for (int i = 0; i < 4; i++)
        at[i] = (uint8_t)(v >> 8 * i);
}

/* The layout of engine/file.h: chunks first, then the table, then the header, which covers it. */
static void mend(uint8_t *file, size_t bytes)
{
    if (bytes < HEADER_BYTES)
        return;
    for (int i = 0; i < 8; i++)
        file[16 + i] = (uint8_t)((uint64_t)bytes >> 8 * i);
    uint64_t n = get(file + 12, 4);
    if (n > (bytes - HEADER_BYTES) / ENTRY_BYTES)
        return;
    for (uint64_t i = 0; i < n; i++) {
        uint8_t *entry = file + HEADER_BYTES + i * ENTRY_BYTES;
        uint64_t offset = get(entry + 8, 8), length = get(entry + 16, 8);
        if (offset <= bytes && length <= bytes - offset)
            put_checksum(entry + 24, file + offset, (size_t)length);
    }
    put_checksum(file + 24, file + HEADER_BYTES, (size_t)n * ENTRY_BYTES);
    put_checksum(file + 28, file, 28);
}

/* ---- running ---- */

/* False when the input would be large. */
static bool make_input(const struct dsq_io_info *info, struct dsq_tensor *t)
{
    size_t bytes = dsq_dtype_bytes(info->dtype);
    *t = (struct dsq_tensor){.dtype = info->dtype, .rank = info->rank};
    for (int32_t i = 0; i < info->rank; i++) {
        int64_t dim = info->dims[i];
        if (dim < 0)
            dim = info->has_profile ? info->min[i] : USUAL_SIZE;
        if (dim > MOST_BYTES || !dsq_mul(bytes, (size_t)dim, &bytes) || bytes > MOST_BYTES)
            return false;
        t->dims[i] = dim;
    }
    t->data = calloc(bytes ? bytes : 1, 1);
    return t->data != NULL;
}

static void read_outputs(const struct dsq_context *c, int32_t n)
{
    struct dsq_diag d = {0};
    struct dsq_tensor t;
    for (int32_t i = 0; i < n; i++) {
        FUZZ_CHECK(dsq_context_output(c, i, &t, &d) == DSQ_OK);
        bool empty = false;
        for (int32_t k = 0; k < t.rank; k++)
            empty = empty || t.dims[k] == 0;
        FUZZ_CHECK(empty || t.data);
    }
}

static void run(const struct dsq_engine *e, size_t file_bytes)
{
    struct dsq_diag d = {0};
    struct dsq_context *c = NULL;
    struct dsq_tensor input[MOST_INPUTS] = {{0}};
    struct dsq_context_settings s = {.size = sizeof s, .common = &one_thread};
    int32_t n = dsq_engine_inputs(e);
    bool small = n <= MOST_INPUTS;
    enum dsq_status status = dsq_context_create(&c, e, &s, &d);
    fuzz_check_answer(status, c, &d);
    for (int32_t i = 0; i < n && small && c; i++) {
        struct dsq_io_info info;
        FUZZ_CHECK(dsq_engine_input_info(e, i, &info) == DSQ_OK);
        small =
            make_input(&info, &input[i]) && fuzz_ok(dsq_context_set_input(c, i, &input[i], &d), &d);
    }
    if (small && c && fuzz_ok(dsq_context_reshape(c, &d), &d) &&
        dsq_context_activation_bytes(c) < MOST_BYTES &&
        dsq_context_activation_bytes(c) * file_bytes < (size_t)1 << 30 &&
        fuzz_ok(dsq_context_run(c, &d), &d))
        read_outputs(c, dsq_engine_outputs(e));
    for (int32_t i = 0; i < MOST_INPUTS; i++)
        free(input[i].data);
    dsq_context_free(&c);
}

static void load_and_run(const struct dsq_engine_file *file, size_t bytes)
{
    struct dsq_diag d = {0};
    struct dsq_engine *engine = NULL;
    dsq_engine_file_precision(file, NULL, NULL, NULL);
    enum dsq_status status = dsq_engine_load(&engine, file, NULL, &d);
    fuzz_check_answer(status, engine, &d);
    if (engine)
        run(engine, bytes);
    dsq_engine_free(&engine);
}

/* ---- the two kinds of input ---- */

static void open_file(const uint8_t *data, size_t bytes)
{
    struct dsq_diag d = {0};
    struct dsq_engine_file *file = NULL;
    enum dsq_status status = dsq_engine_file_open_memory(&file, data, bytes, NULL, &d);
    fuzz_check_answer(status, file, &d);
    if (file)
        load_and_run(file, bytes);
    dsq_engine_file_free(&file);
}

static void make_file(const uint8_t *data, size_t bytes)
{
    struct dsq_diag d = {0};
    struct dsq_graph *g = NULL;
    struct dsq_engine_file *file = NULL;
    const uint8_t *end = memchr(data, 0, bytes);
    if (!end)
        end = data + bytes;
    size_t text_bytes = (size_t)(end - data), nul = text_bytes < bytes;
    enum dsq_status status = dsq_graph_parse(&g, (const char *)data, text_bytes, end + nul,
                                             bytes - text_bytes - nul, false, NULL, &d);
    fuzz_check_answer(status, g, &d);
    if (!g)
        return;
    status = dsq_engine_file_create(&file, g, NULL, NULL, NULL, "graph", NULL, &d);
    fuzz_check_answer(status, file, &d);
    if (file)
        load_and_run(file, bytes);
    dsq_engine_file_free(&file);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
    uint8_t *file = calloc(bytes ? bytes : 1, 1);
    if (!file)
        return 0;
    if (bytes)
        memcpy(file, data, bytes);
    if (dsq_engine_file_is_engine(file, bytes)) {
        open_file(file, bytes);
        mend(file, bytes);
        open_file(file, bytes);
    } else {
        make_file(file, bytes);
    }
    free(file);
    return 0;
}
