/* SPDX-License-Identifier: Apache-2.0 */
/* Engine files to and from bytes. The format is in file.h and docs/engine-format.md; nothing in a
 * file is trusted before its checksum, its bounds and its contents have been looked at. */
#include <string.h>

#include "engine/engine.h"
#include "graph/check.h"
#include "graph/text.h"

enum {
    VERSION = 1,
    HEADER_BYTES = 32, /* magic, version, chunks, file bytes, two checksums */
    ENTRY_BYTES = 32,
    MAX_CHUNKS = 64,
    ALIGNMENT = 64,
    FLAG_OPTIONAL = 1, /* a reader that does not know the chunk may skip it */
};
#define MAGIC "DSQENGIN"

#define CHUNK_ID(a, b, c, d)                                                                       \
    ((uint32_t)(a) | (uint32_t)(b) << 8 | (uint32_t)(c) << 16 | (uint32_t)(d) << 24)
enum chunk { GRAPH, DATA, PROFILE, TASK, META, N_CHUNKS };
static const struct {
    uint32_t id, flags;
    const char *name;
} chunks[N_CHUNKS] = {
    [GRAPH] = {CHUNK_ID('G', 'R', 'P', 'H'), 0, "GRPH"},
    [DATA] = {CHUNK_ID('D', 'A', 'T', 'A'), 0, "DATA"},
    [PROFILE] = {CHUNK_ID('P', 'R', 'O', 'F'), 0, "PROF"},
    [TASK] = {CHUNK_ID('T', 'A', 'S', 'K'), FLAG_OPTIONAL, "TASK"},
    [META] = {CHUNK_ID('M', 'E', 'T', 'A'), FLAG_OPTIONAL, "META"},
};

struct chunk_bytes {
    const void *data; /* NULL: absent */
    size_t bytes;
};

bool dsq_engine_file_is_engine(const void *data, size_t bytes)
{
    return bytes >= strlen(MAGIC) && memcmp(data, MAGIC, strlen(MAGIC)) == 0;
}

/* ---- writing ---- */

static size_t chunk_offset(size_t n_chunks, const struct chunk_bytes *c, int chunk)
{
    size_t at = dsq_align_up(HEADER_BYTES + n_chunks * ENTRY_BYTES, ALIGNMENT);
    for (int i = 0; i < chunk; i++)
        if (c[i].data)
            at = dsq_align_up(at + c[i].bytes, ALIGNMENT);
    return at;
}

static void write_table(struct dsq_writer *table, const struct chunk_bytes *c, size_t n_chunks)
{
    for (int i = 0; i < N_CHUNKS; i++) {
        if (!c[i].data)
            continue;
        dsq_write_u32(table, chunks[i].id);
        dsq_write_u32(table, chunks[i].flags);
        dsq_write_u64(table, chunk_offset(n_chunks, c, i));
        dsq_write_u64(table, c[i].bytes);
        dsq_write_u32(table, dsq_checksum(c[i].data, c[i].bytes));
        dsq_write_u32(table, 0);
    }
}

static void write_all(struct dsq_writer *w, struct dsq_writer *table, const struct chunk_bytes *c)
{
    size_t n_chunks = 0, last = 0;
    for (int i = 0; i < N_CHUNKS; i++)
        if (c[i].data) {
            n_chunks++;
            last = (size_t)i;
        }
    write_table(table, c, n_chunks);
    if (table->failed)
        return;
    size_t begin = w->bytes;
    dsq_write_text(w, MAGIC);
    dsq_write_u32(w, VERSION);
    dsq_write_u32(w, (uint32_t)n_chunks);
    dsq_write_u64(w, chunk_offset(n_chunks, c, (int)last) + c[last].bytes);
    dsq_write_u32(w, dsq_checksum(table->data, table->bytes));
    if (w->failed)
        return;
    dsq_write_u32(w, dsq_checksum(w->data + begin, w->bytes - begin));
    dsq_write_bytes(w, table->data, table->bytes);
    for (int i = 0; i < N_CHUNKS && !w->failed; i++) {
        if (!c[i].data)
            continue;
        dsq_write_zeros(w, begin + chunk_offset(n_chunks, c, i) - w->bytes);
        dsq_write_bytes(w, c[i].data, c[i].bytes);
    }
}

static const char *non_null(const struct dsq_writer *w)
{
    return w->data ? w->data : "";
}

enum dsq_status dsq_engine_file_serialize(const struct dsq_engine_file *f, struct dsq_writer *w,
                                          struct dsq_diag *d)
{
    struct dsq_writer text, blob, profile, table;
    dsq_writer_init(&text, f->allocator);
    dsq_writer_init(&blob, f->allocator);
    dsq_writer_init(&profile, f->allocator);
    dsq_writer_init(&table, f->allocator);
    enum dsq_status status = dsq_graph_print(f->graph, &text, &blob, d);
    if (status == DSQ_OK)
        status = dsq_profile_to_json(f->profile, f->profile ? f->graph->n_inputs : 0, &profile, d);
    if (status == DSQ_OK && (text.failed || blob.failed || profile.failed))
        status = dsq_fail(d, DSQ_NOMEM, "%s: no memory to write it", f->path);
    if (status == DSQ_OK) {
        const struct chunk_bytes c[N_CHUNKS] = {
            [GRAPH] = {non_null(&text), text.bytes},
            [DATA] = {non_null(&blob), blob.bytes},
            [PROFILE] = {non_null(&profile), profile.bytes},
            [TASK] = {f->task_json, f->task_json ? strlen(f->task_json) : 0},
            [META] = {f->meta_json, f->meta_json ? strlen(f->meta_json) : 0},
        };
        write_all(w, &table, c);
        if (w->failed || table.failed)
            status = dsq_fail(d, DSQ_NOMEM, "%s: no memory to write it", f->path);
    }
    dsq_writer_free(&text);
    dsq_writer_free(&blob);
    dsq_writer_free(&profile);
    dsq_writer_free(&table);
    return status;
}

/* ---- reading ---- */

struct header {
    uint32_t n_chunks, table_checksum;
};

static enum dsq_status read_header(struct dsq_reader *r, const void *data, size_t bytes,
                                   const char *path, struct header *h, struct dsq_diag *d)
{
    const void *magic = dsq_read_bytes(r, strlen(MAGIC));
    if (!magic || memcmp(magic, MAGIC, strlen(MAGIC)) != 0)
        return dsq_fail(d, DSQ_MALFORMED, "%s: not an engine file: it does not begin with %s", path,
                        MAGIC);
    uint32_t version = dsq_read_u32(r);
    h->n_chunks = dsq_read_u32(r);
    uint64_t file_bytes = dsq_read_u64(r);
    h->table_checksum = dsq_read_u32(r);
    uint32_t checksum = dsq_read_u32(r);
    if (dsq_reader_failed(r))
        return dsq_fail(d, DSQ_MALFORMED, "%s: cut off within its header, at %zu bytes", path,
                        bytes);
    if (checksum != dsq_checksum(data, HEADER_BYTES - sizeof checksum))
        return dsq_fail(d, DSQ_MALFORMED, "%s: its header is damaged (checksum)", path);
    if (version != VERSION)
        return dsq_fail(d, DSQ_UNSUPPORTED, "%s: format version %u; this library reads %d", path,
                        (unsigned)version, VERSION);
    if (file_bytes != bytes)
        return dsq_fail(d, DSQ_MALFORMED,
                        "%s: %zu bytes long, its header says %llu: cut off or padded", path, bytes,
                        (unsigned long long)file_bytes);
    if (h->n_chunks > MAX_CHUNKS)
        return dsq_fail(d, DSQ_MALFORMED, "%s: %u chunks; at most %d", path, (unsigned)h->n_chunks,
                        MAX_CHUNKS);
    return DSQ_OK;
}

static int chunk_of(uint32_t id)
{
    for (int i = 0; i < N_CHUNKS; i++)
        if (chunks[i].id == id)
            return i;
    return -1;
}

static void id_text(uint32_t id, char text[5])
{
    for (int i = 0; i < 4; i++)
        text[i] = (char)(id >> (8 * i) & 0x7f);
    text[4] = 0;
}

static enum dsq_status read_entry(struct dsq_reader *table, const void *data, size_t bytes,
                                  const char *path, struct chunk_bytes *out, struct dsq_diag *d)
{
    uint32_t id = dsq_read_u32(table), flags = dsq_read_u32(table);
    uint64_t offset = dsq_read_u64(table), length = dsq_read_u64(table);
    uint32_t checksum = dsq_read_u32(table);
    dsq_read_u32(table);
    char name[5];
    id_text(id, name);
    if (offset % ALIGNMENT != 0 || offset > bytes || length > bytes - offset)
        return dsq_fail(d, DSQ_MALFORMED, "%s: chunk %s lies outside the file", path, name);
    int chunk = chunk_of(id);
    if (chunk < 0 && !(flags & FLAG_OPTIONAL))
        return dsq_fail(d, DSQ_UNSUPPORTED,
                        "%s: chunk %s is unknown and required: written by a newer version", path,
                        name);
    if (chunk >= 0 && out[chunk].data)
        return dsq_fail(d, DSQ_MALFORMED, "%s: chunk %s is there twice", path, name);
    const char *at = (const char *)data + offset;
    if (checksum != dsq_checksum(at, (size_t)length))
        return dsq_fail(d, DSQ_MALFORMED, "%s: chunk %s is damaged (checksum)", path, name);
    if (chunk >= 0)
        out[chunk] = (struct chunk_bytes){at, (size_t)length};
    return DSQ_OK;
}

static enum dsq_status read_chunks(const void *data, size_t bytes, const char *path,
                                   struct chunk_bytes *out, struct dsq_diag *d)
{
    struct dsq_reader r;
    struct header h = {0, 0};
    dsq_reader_init(&r, data, bytes);
    DSQ_TRY(read_header(&r, data, bytes, path, &h, d));
    const void *at = dsq_read_bytes(&r, (size_t)h.n_chunks * ENTRY_BYTES);
    if (!at || dsq_checksum(at, (size_t)h.n_chunks * ENTRY_BYTES) != h.table_checksum)
        return dsq_fail(d, DSQ_MALFORMED, "%s: its table of contents is damaged (checksum)", path);
    struct dsq_reader table;
    dsq_reader_init(&table, at, (size_t)h.n_chunks * ENTRY_BYTES);
    for (uint32_t i = 0; i < h.n_chunks; i++)
        DSQ_TRY(read_entry(&table, data, bytes, path, out, d));
    for (int i = 0; i < N_CHUNKS; i++)
        if (!out[i].data && !(chunks[i].flags & FLAG_OPTIONAL))
            return dsq_fail(d, DSQ_MALFORMED, "%s: chunk %s is missing", path, chunks[i].name);
    return DSQ_OK;
}

/* Text of a JSON chunk: kept as it is, but it must be text. */
static enum dsq_status copy_text(struct dsq_engine_file *f, const struct chunk_bytes *c, int chunk,
                                 const char **out, struct dsq_diag *d)
{
    *out = NULL;
    if (!c[chunk].data)
        return DSQ_OK;
    if (c[chunk].bytes > 0 && memchr(c[chunk].data, 0, c[chunk].bytes))
        return dsq_fail(d, DSQ_MALFORMED, "chunk %s is not text", chunks[chunk].name);
    *out = dsq_arena_string(&f->arena, c[chunk].data, c[chunk].bytes);
    return *out ? DSQ_OK : dsq_fail(d, DSQ_NOMEM, "no memory for chunk %s", chunks[chunk].name);
}

static enum dsq_status parse_chunks(struct dsq_engine_file *f, const struct chunk_bytes *c,
                                    struct dsq_diag *d)
{
    DSQ_TRY(dsq_graph_parse(&f->graph, c[GRAPH].data, c[GRAPH].bytes, c[DATA].data, c[DATA].bytes,
                            true, f->allocator, d));
    DSQ_TRY(dsq_graph_check(f->graph, true, d));
    DSQ_TRY(
        dsq_profile_parse(&f->profile, f->graph, c[PROFILE].data, c[PROFILE].bytes, &f->arena, d));
    DSQ_TRY(copy_text(f, c, TASK, &f->task_json, d));
    return copy_text(f, c, META, &f->meta_json, d);
}

enum dsq_status dsq_engine_file_parse(struct dsq_engine_file **out, void *data, size_t bytes,
                                      const char *path, const struct dsq_allocator *a,
                                      struct dsq_diag *d)
{
    *out = NULL;
    struct chunk_bytes c[N_CHUNKS] = {{NULL, 0}};
    enum dsq_status status = DSQ_OK;
    struct dsq_engine_file *f = dsq_calloc(a, 1, sizeof *f);
    if (!f) {
        dsq_release(a, data);
        return dsq_fail(d, DSQ_NOMEM, "%s: no memory to open it", path);
    }
    f->allocator = a;
    f->data = data;
    dsq_arena_init(&f->arena, a);
    DSQ_GUARD(read_chunks(data, bytes, path, c, d));
    f->path = dsq_arena_string(&f->arena, path, strlen(path));
    status = f->path ? parse_chunks(f, c, d) : dsq_fail(d, DSQ_NOMEM, "no memory to open it");
    if (status != DSQ_OK) {
        dsq_fail_in(d, status, "%s", path);
        goto fail;
    }
    *out = f;
    return DSQ_OK;
fail:
    dsq_engine_file_free(&f);
    return status;
}
