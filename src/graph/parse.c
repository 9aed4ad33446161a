/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Parsing a graph's text, which may come from anywhere: an engine file is untrusted. No recursion,
 * every name is looked up, every range of the blob is checked, and memory is used in proportion to
 * the text (with borrow_blob false, once the blob beside). What a line may not say, such as a node
 * that reads itself, is dsq_graph_check's to find.
 */
#include <string.h>

#include "graph/scan.h"
#include "graph/text.h"
#include "graph/token.h"

enum { BLOB_ALIGNMENT = 64, MAX_ALIASES = 4096 };

struct id_list {
    dsq_vid *id;
    int32_t n, capacity;
};

struct parser {
    struct dsq_scanner s;
    struct dsq_graph *g;
    struct dsq_arena scratch;
    struct id_list inputs, outputs, node_in, node_out;
    const uint8_t *blob;
    size_t blob_bytes;
    bool copy_blob;
};

static enum dsq_status append(struct parser *p, struct id_list *list, dsq_vid v)
{
    if (list->n == list->capacity) {
        int32_t capacity = list->capacity ? list->capacity * 2 : 16;
        dsq_vid *id = list->n < (1 << 28)
                          ? dsq_arena_calloc(&p->scratch, (size_t)capacity, sizeof *id)
                          : NULL;
        if (!id)
            return dsq_scan_no_memory(&p->s);
        if (list->n)
            memcpy(id, list->id, (size_t)list->n * sizeof *id);
        list->id = id;
        list->capacity = capacity;
    }
    list->id[list->n++] = v;
    return DSQ_OK;
}

/* ---- values ---- */

static enum dsq_status parse_shape(struct parser *p, struct dsq_shape *s)
{
    s->rank = -1;
    if (dsq_scan_take(&p->s, "?"))
        return DSQ_OK;
    DSQ_TRY(dsq_scan_expect(&p->s, "["));
    s->rank = 0;
    if (dsq_scan_take(&p->s, "]"))
        return DSQ_OK;
    do {
        dsq_scan_blanks(&p->s);
        if (s->rank == DSQ_MAX_RANK)
            return dsq_scan_fail(&p->s, "more than %d dimensions", DSQ_MAX_RANK);
        DSQ_TRY(dsq_scan_fail_in(
            &p->s, dsq_dim_parse(&p->g->dims, &p->s.at, &s->dim[s->rank++], p->s.diag)));
    } while (dsq_scan_take(&p->s, ","));
    return dsq_scan_expect(&p->s, "]");
}

static enum dsq_status parse_quant(struct parser *p, struct dsq_quant *q)
{
    double scale, inverse;
    int64_t zero_point = 0, low = -127, high = 127;
    DSQ_TRY(dsq_scan_float(&p->s, &scale));
    if (!(scale > 0))
        return dsq_scan_fail(&p->s, "a scale must be positive");
    q->scale = (float)scale;
    q->inv_scale = 1.0f / q->scale;
    if (dsq_scan_take(&p->s, "inv=")) {
        DSQ_TRY(dsq_scan_float(&p->s, &inverse));
        q->inv_scale = (float)inverse;
    }
    if (dsq_scan_take(&p->s, "zp="))
        DSQ_TRY(dsq_scan_int(&p->s, -128, 127, &zero_point));
    if (dsq_scan_take(&p->s, "q=")) {
        DSQ_TRY(dsq_scan_int(&p->s, -128, 127, &low));
        DSQ_TRY(dsq_scan_expect(&p->s, ".."));
        DSQ_TRY(dsq_scan_int(&p->s, -128, 127, &high));
    }
    q->zero_point = (int32_t)zero_point;
    q->qmin = (int32_t)low;
    q->qmax = (int32_t)high;
    return DSQ_OK;
}

/* "a","b"; a comma with anything else behind it begins the node's next output */
static enum dsq_status parse_aliases(struct parser *p, dsq_vid v)
{
    const char *end;
    bool more;
    do {
        const char *name;
        DSQ_TRY(dsq_scan_string(&p->s, &name));
        if (p->g->value[v].n_aliases == MAX_ALIASES)
            return dsq_scan_fail(&p->s, "more than %d aliases", MAX_ALIASES);
        DSQ_TRY(dsq_graph_add_alias_name(p->g, v, name, p->s.diag));
        end = p->s.at;
        more = dsq_scan_take(&p->s, ",");
        dsq_scan_blanks(&p->s);
    } while (more && *p->s.at == '"');
    p->s.at = end;
    return DSQ_OK;
}

/* %name type shape [layout] [quantization] [aliases]; a new value */
static enum dsq_status parse_value(struct parser *p, dsq_vid *v)
{
    const char *name;
    int64_t dtype = 0;
    struct dsq_shape shape;
    DSQ_TRY(dsq_scan_name(&p->s, &name));
    DSQ_TRY(dsq_scan_choice(&p->s, dsq_dtype_names, "type", &dtype));
    DSQ_TRY(parse_shape(p, &shape));
    DSQ_TRY(dsq_scan_fail_in(
        &p->s, dsq_graph_add_value(p->g, name, (enum dsq_dtype)dtype, &shape, v, p->s.diag)));
    if (dsq_scan_take(&p->s, dsq_layout_names[DSQ_NHWC]))
        p->g->value[*v].layout = DSQ_NHWC;
    else
        dsq_scan_take(&p->s, dsq_layout_names[DSQ_NCHW]);
    if (dsq_scan_take(&p->s, "scale="))
        DSQ_TRY(parse_quant(p, &p->g->value[*v].q));
    return dsq_scan_take(&p->s, "alias=") ? parse_aliases(p, *v) : DSQ_OK;
}

/* %name of a value that exists, or _ */
static enum dsq_status parse_use(struct parser *p, dsq_vid *v)
{
    const char *name, *begin = (dsq_scan_blanks(&p->s), p->s.at);
    bool folded;
    *v = DSQ_NO_VALUE;
    if (dsq_scan_take(&p->s, "_"))
        return DSQ_OK;
    DSQ_TRY(dsq_scan_name(&p->s, &name));
    *v = dsq_graph_find(p->g, name, &folded);
    if (*v >= 0 && !folded)
        return DSQ_OK;
    p->s.at = begin;
    return dsq_scan_fail(&p->s, "no value before this line is named '%s'", name);
}

/* ---- constants ---- */

static void store_int(uint8_t *to, enum dsq_dtype t, int64_t v)
{
    int32_t narrow = (int32_t)v;
    if (t == DSQ_S64)
        memcpy(to, &v, sizeof v);
    else if (t == DSQ_S32)
        memcpy(to, &narrow, sizeof narrow);
    else
        *to = (uint8_t)v;
}

static enum dsq_status parse_element(struct parser *p, enum dsq_dtype t, uint8_t *to)
{
    static const int64_t low[] = {
        [DSQ_S8] = INT8_MIN, [DSQ_S32] = INT32_MIN, [DSQ_S64] = INT64_MIN, [DSQ_BOOL] = 0};
    static const int64_t high[] = {[DSQ_S8] = INT8_MAX,
                                   [DSQ_U8] = UINT8_MAX,
                                   [DSQ_S32] = INT32_MAX,
                                   [DSQ_S64] = INT64_MAX,
                                   [DSQ_BOOL] = 1};
    int64_t v = 0;
    double real = 0;
    if (t != DSQ_F32 && t != DSQ_F64) {
        DSQ_TRY(dsq_scan_int(&p->s, low[t], high[t], &v));
        store_int(to, t, v);
        return DSQ_OK;
    }
    DSQ_TRY(dsq_scan_float(&p->s, &real));
    float narrow = (float)real;
    memcpy(to, t == DSQ_F64 ? (void *)&real : (void *)&narrow, dsq_dtype_bytes(t));
    return DSQ_OK;
}

/* 1, 2, 3} */
static enum dsq_status parse_elements(struct parser *p, struct dsq_value *v, size_t n)
{
    size_t size = dsq_dtype_bytes(v->dtype);
    if (n > (size_t)(p->s.end - p->s.at)) /* each takes a character at least */
        return dsq_scan_fail(&p->s, "constant '%s' has fewer elements than its shape", v->name);
    uint8_t *data = dsq_arena_alloc64(&p->g->arena, v->bytes);
    if (!data)
        return dsq_scan_no_memory(&p->s);
    for (size_t i = 0; i < n; i++) {
        if (i)
            DSQ_TRY(dsq_scan_expect(&p->s, ","));
        DSQ_TRY(parse_element(p, v->dtype, data + i * size));
    }
    v->data = data;
    return dsq_scan_expect(&p->s, "}");
}

/* offset:bytes */
static enum dsq_status parse_range(struct parser *p, struct dsq_value *v)
{
    int64_t offset = 0, bytes = 0;
    if (dsq_scan_take(&p->s, "-"))
        return dsq_scan_fail(&p->s, "constant '%s' was printed without its data", v->name);
    DSQ_TRY(dsq_scan_int(&p->s, 0, INT64_MAX, &offset));
    DSQ_TRY(dsq_scan_expect(&p->s, ":"));
    DSQ_TRY(dsq_scan_int(&p->s, 0, INT64_MAX, &bytes));
    if ((uint64_t)bytes != v->bytes)
        return dsq_scan_fail(&p->s, "constant '%s' has %lld bytes, its shape needs %zu", v->name,
                             (long long)bytes, v->bytes);
    if (offset % BLOB_ALIGNMENT || (uint64_t)offset > p->blob_bytes ||
        (uint64_t)bytes > p->blob_bytes - (uint64_t)offset)
        return dsq_scan_fail(&p->s,
                             "constant '%s' lies outside the %zu bytes of data, or is not aligned",
                             v->name, p->blob_bytes);
    v->data = bytes ? p->blob + offset : dsq_arena_alloc64(&p->g->arena, 0);
    return v->data ? DSQ_OK : dsq_scan_no_memory(&p->s);
}

static enum dsq_status parse_const(struct parser *p)
{
    dsq_vid id;
    size_t n;
    DSQ_TRY(parse_value(p, &id));
    struct dsq_value *v = &p->g->value[id];
    if (!dsq_shape_elements(&v->shape, &n) || !dsq_mul(n, dsq_dtype_bytes(v->dtype), &v->bytes))
        return dsq_scan_fail(&p->s, "constant '%s' needs a shape of numbers", v->name);
    if (dsq_scan_take(&p->s, "{"))
        return parse_elements(p, v, n);
    DSQ_TRY(dsq_scan_expect(&p->s, "@"));
    return parse_range(p, v);
}

/* ---- nodes ---- */

static enum dsq_status parse_field(struct parser *p, const struct dsq_attr_field *f, char *data)
{
    size_t n = 0;
    int64_t v = 0;
    double real = 0;
    do {
        if (n == f->count)
            return dsq_scan_fail(&p->s, "%s has %zu elements", f->name, f->count);
        if (f->type == DSQ_FIELD_FLOAT) {
            DSQ_TRY(dsq_scan_float(&p->s, &real));
            float narrow = (float)real;
            memcpy(data + n * sizeof narrow, &narrow, sizeof narrow);
        } else {
            if (f->type == DSQ_FIELD_ENUM)
                DSQ_TRY(dsq_scan_choice(&p->s, f->names, f->name, &v));
            else
                DSQ_TRY(dsq_scan_int(&p->s, INT64_MIN, INT64_MAX, &v));
            memcpy(data + n * sizeof v, &v, sizeof v);
        }
        n++;
    } while (dsq_scan_take(&p->s, ","));
    return DSQ_OK;
}

/* field=... field=...} */
static enum dsq_status parse_attr(struct parser *p, const struct dsq_attr_type *t, char *attr)
{
    while (!dsq_scan_take(&p->s, "}")) {
        char word[64];
        const char *begin = (dsq_scan_blanks(&p->s), p->s.at);
        size_t i = 0;
        dsq_scan_word(&p->s, word, sizeof word);
        while (i < t->n_fields && strcmp(t->fields[i].name, word) != 0)
            i++;
        if (i == t->n_fields) {
            p->s.at = begin;
            return dsq_scan_fail(&p->s, "unknown attribute '%s'", word);
        }
        DSQ_TRY(dsq_scan_expect(&p->s, "="));
        DSQ_TRY(parse_field(p, &t->fields[i], attr + t->fields[i].offset));
    }
    return DSQ_OK;
}

/* op(%a, _, ...) [name="..."] [{attributes}] */
static enum dsq_status parse_call(struct parser *p)
{
    char word[64];
    enum dsq_op op;
    int32_t index = 0;
    const char *name = "", *begin = p->s.at;
    bool shape_only = dsq_scan_take(&p->s, "shape_only ");
    dsq_scan_word(&p->s, word, sizeof word);
    if (!dsq_op_find(word, &op)) {
        p->s.at = begin;
        return dsq_scan_fail(&p->s, "unknown operator '%s'", word);
    }
    DSQ_TRY(dsq_scan_expect(&p->s, "("));
    while (!dsq_scan_take(&p->s, ")")) {
        dsq_vid v = DSQ_NO_VALUE;
        if (p->node_in.n)
            DSQ_TRY(dsq_scan_expect(&p->s, ","));
        DSQ_TRY(parse_use(p, &v));
        DSQ_TRY(append(p, &p->node_in, v));
    }
    if (dsq_scan_take(&p->s, "name="))
        DSQ_TRY(dsq_scan_string(&p->s, &name));
    DSQ_TRY(dsq_graph_add_node(p->g, op, name, p->node_in.n, p->node_in.id, p->node_out.n,
                               p->node_out.id, NULL, &index, p->s.diag));
    p->g->node[index].shape_only = shape_only;
    return dsq_scan_take(&p->s, "{") ? parse_attr(p, dsq_op_info(op)->attr, p->g->node[index].attr)
                                     : DSQ_OK;
}

static enum dsq_status parse_node(struct parser *p)
{
    p->node_in.n = p->node_out.n = 0;
    do {
        dsq_vid v = DSQ_NO_VALUE;
        if (!dsq_scan_take(&p->s, "_"))
            DSQ_TRY(parse_value(p, &v));
        DSQ_TRY(append(p, &p->node_out, v));
    } while (dsq_scan_take(&p->s, ","));
    DSQ_TRY(dsq_scan_expect(&p->s, "="));
    return parse_call(p);
}

/* ---- statements ---- */

static enum dsq_status parse_statement(struct parser *p)
{
    dsq_vid v = DSQ_NO_VALUE;
    if (*p->s.at == '%' || *p->s.at == '_')
        return parse_node(p);
    if (dsq_scan_take(&p->s, "const "))
        return parse_const(p);
    if (dsq_scan_take(&p->s, "value "))
        return parse_value(p, &v);
    if (dsq_scan_take(&p->s, "input ")) {
        DSQ_TRY(parse_value(p, &v));
        return append(p, &p->inputs, v);
    }
    if (!dsq_scan_take(&p->s, "output "))
        return dsq_scan_fail(&p->s,
                             "expected a statement: input, const, value, output, or %%... = ...");
    DSQ_TRY(parse_use(p, &v));
    return v < 0 ? dsq_scan_fail(&p->s, "an output cannot be absent") : append(p, &p->outputs, v);
}

/* Blank lines and comments (# to the end of the line) before a statement; false at the end of the
 * text. */
static bool next_statement(struct parser *p)
{
    for (;; p->s.at++) {
        if (*p->s.at == '#')
            while (*p->s.at && *p->s.at != '\n')
                p->s.at++;
        if (!*p->s.at)
            return false;
        if (!strchr(" \t\r\n", *p->s.at))
            return true;
    }
}

static enum dsq_status end_statement(struct parser *p)
{
    dsq_scan_blanks(&p->s);
    return strchr("\r\n#", *p->s.at) ? DSQ_OK
                                     : dsq_scan_fail(&p->s, "expected the end of the line");
}

static enum dsq_status parse_text(struct parser *p)
{
    const char *name;
    if (!next_statement(p) || !dsq_scan_take(&p->s, "graph "))
        return dsq_scan_fail(&p->s, "expected: graph \"NAME\"");
    DSQ_TRY(dsq_scan_string(&p->s, &name));
    DSQ_TRY(end_statement(p));
    DSQ_TRY(dsq_graph_create(&p->g, name, p->scratch.allocator, p->s.diag));
    if (p->copy_blob && p->blob_bytes) {
        p->blob = dsq_arena_copy(&p->g->arena, p->blob, p->blob_bytes);
        if (!p->blob)
            return dsq_scan_no_memory(&p->s);
    }
    while (next_statement(p)) {
        DSQ_TRY(parse_statement(p));
        DSQ_TRY(end_statement(p));
    }
    return dsq_graph_set_io(p->g, p->inputs.id, p->inputs.n, p->outputs.id, p->outputs.n,
                            p->s.diag);
}

enum dsq_status dsq_graph_parse(struct dsq_graph **out, const char *text, size_t text_bytes,
                                const void *blob, size_t blob_bytes, bool borrow_blob,
                                const struct dsq_allocator *a, struct dsq_diag *d)
{
    struct parser p = {
        .blob = blob, .blob_bytes = blob ? blob_bytes : 0, .copy_blob = !borrow_blob};
    enum dsq_status status;
    *out = NULL;
    dsq_arena_init(&p.scratch, a);
    p.s = (struct dsq_scanner){.arena = &p.scratch, .diag = d};
    if (text_bytes && memchr(text, 0, text_bytes)) {
        status = dsq_fail(d, DSQ_MALFORMED, "the graph's text has a zero byte in it");
        goto fail;
    }
    if (borrow_blob && (uintptr_t)blob % BLOB_ALIGNMENT) {
        status = dsq_fail(d, DSQ_ARGUMENT, "the graph's data must be 64-byte aligned");
        goto fail;
    }
    p.s.text = p.s.at = dsq_arena_string(&p.scratch, text, text_bytes);
    if (!p.s.text) {
        status = dsq_scan_no_memory(&p.s);
        goto fail;
    }
    p.s.end = p.s.text + text_bytes;
    DSQ_GUARD(parse_text(&p));
    *out = p.g;
    p.g = NULL;
fail:
    dsq_graph_free(&p.g);
    dsq_arena_free(&p.scratch);
    return status;
}
