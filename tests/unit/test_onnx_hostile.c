/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Files that want to do harm, and memory that runs out: every truncation and every flipped byte of
 * a model, messages nested without end, small files that ask for a lot of memory, the Nth
 * allocation failing. Any answer is right as long as it is one; sanitizers watch the rest.
 */
#include "onnx_models.h"

#include <stdlib.h>

static enum dsq_status import_bytes(const void *data, size_t bytes, const struct dsq_allocator *a,
                                    struct dsq_diag *d)
{
    struct dsq_onnx *m = NULL;
    struct dsq_graph *g = NULL;
    enum dsq_status s = dsq_onnx_parse(&m, data, bytes, "bytes", a, d);
    if (s == DSQ_OK)
        s = dsq_onnx_to_graph(m, &g, d);
    assert_true((s == DSQ_OK) == (g != NULL));
    if (s != DSQ_OK)
        assert_true(strncmp(d->text, "bytes: ", 7) == 0 && strlen(d->text) > 7);
    dsq_graph_free(&g);
    dsq_onnx_free(&m);
    return s;
}

/* A copy of exactly this size, so that a sanitizer sees a read behind its end. */
static void *exact_copy(const void *data, size_t bytes)
{
    void *p = malloc(bytes ? bytes : 1);
    assert_non_null(p);
    memcpy(p, data, bytes);
    return p;
}

static void truncated(void **state)
{
    (void)state;
    void *data;
    size_t bytes, n_ok = 0;
    struct dsq_diag d = {0};
    assert_int_equal(dsq_file_read("tests/onnx/detector.onnx", NULL, &data, &bytes, &d), DSQ_OK);
    for (size_t n = 0; n < bytes; n++) {
        void *part = exact_copy(data, n);
        n_ok += import_bytes(part, n, NULL, &d) == DSQ_OK;
        free(part);
    }
    /* Whole only where nothing but metadata is missing: after the graph, opset and metadata follow.
     */
    assert_true(n_ok < 8);
    assert_int_equal(import_bytes(data, bytes, NULL, &d), DSQ_OK);
    dsq_release(NULL, data);
}

static void flipped(void **state)
{
    (void)state;
    static const char *const names[] = {"detector", "opset18", "shared", "storage"};
    static const uint8_t masks[] = {0x01, 0x08, 0x80, 0xff};
    size_t n_failed = 0;
    for (size_t k = 0; k < sizeof names / sizeof names[0]; k++) {
        char path[100];
        void *data;
        size_t bytes;
        struct dsq_diag d = {0};
        snprintf(path, sizeof path, "tests/onnx/%s.onnx", names[k]);
        assert_int_equal(dsq_file_read(path, NULL, &data, &bytes, &d), DSQ_OK);
        for (size_t i = 0; i < bytes * sizeof masks; i++) {
            uint8_t *at = (uint8_t *)data + i / sizeof masks;
            *at ^= masks[i % sizeof masks];
            n_failed += import_bytes(data, bytes, NULL, &d) != DSQ_OK;
            *at ^= masks[i % sizeof masks];
        }
        dsq_release(NULL, data);
    }
    assert_true(n_failed > 1000);
}

/* ---- nesting ---- */

static size_t varint_bytes(size_t v)
{
    size_t n = 1;
    while (v >>= 7)
        n++;
    return n;
}

/* GraphProto in AttributeProto in NodeProto in GraphProto ..., `depth` messages in all below the
 * model. */
static void nest(struct dsq_writer *w, int depth)
{
    static const uint8_t tags[] = {1 << 3 | 2 /* graph.node */, 5 << 3 | 2 /* node.attribute */,
                                   6 << 3 | 2 /* attribute.g */};
    size_t *length = calloc((size_t)depth + 1, sizeof *length);
    assert_non_null(length);
    for (int i = depth - 1; i > 0; i--) /* length[i]: of what message i holds */
        length[i - 1] = 1 + varint_bytes(length[i]) + length[i];
    for (int i = 0; i < depth; i++) {
        uint8_t tag = i ? tags[(i - 1) % 3] : 7 << 3 | 2;
        dsq_write_bytes(w, &tag, 1);
        for (size_t v = length[i];; v >>= 7) {
            uint8_t b = (uint8_t)((v & 0x7f) | (v > 0x7f ? 0x80 : 0));
            dsq_write_bytes(w, &b, 1);
            if (v <= 0x7f)
                break;
        }
    }
    free(length);
}

static void nested(void **state)
{
    (void)state;
    struct dsq_diag d = {0};
    for (int depth = 90; depth < 250000; depth = depth < 110 ? depth + 1 : depth * 10) {
        struct dsq_writer w;
        dsq_writer_init(&w, NULL);
        nest(&w, depth);
        assert_false(w.failed);
        assert_int_not_equal(import_bytes(w.data, w.bytes, NULL, &d), DSQ_OK);
        const char *too_deep = strstr(d.text, "messages nest deeper than 100 levels");
        assert_true((depth >= 100) == (too_deep != NULL)); /* the model itself is one level */
        dsq_writer_free(&w);
    }
}

/* A node that takes two bytes: 350000 of them want 50 MB. */
static void many_messages(void **state)
{
    (void)state;
    enum { BYTES = 700000 };
    struct dsq_diag d = {0};
    struct dsq_writer w;
    dsq_writer_init(&w, NULL);
    const uint8_t head[] = {7 << 3 | 2, 0x80 | (BYTES & 0x7f), 0x80 | (BYTES >> 7 & 0x7f),
                            BYTES >> 14};
    const uint8_t node[] = {1 << 3 | 2, 0};
    dsq_write_bytes(&w, head, sizeof head);
    for (int i = 0; i < BYTES / 2; i++)
        dsq_write_bytes(&w, node, sizeof node);
    assert_int_equal(import_bytes(w.data, w.bytes, NULL, &d), DSQ_MALFORMED);
    assert_non_null(
        strstr(d.text, "so many nested messages that unpacking them takes over 26 MiB"));
    dsq_writer_free(&w);
}

static void not_a_model(void **state)
{
    (void)state;
    static const char png[] = "\x89PNG\r\n\x1a\n\0\0\0\rIHDR", text[] = "{\"act_quant_info\": {}}";
    static const char two_graphs[] = "\x3a\x00\x3a\x00", group[] = "\x0b\x0c";
    struct dsq_diag d = {0};
    assert_int_equal(import_bytes("", 0, NULL, &d), DSQ_MALFORMED);
    assert_string_equal(d.text, "bytes: the file is empty");
    assert_int_equal(import_bytes(png, sizeof png - 1, NULL, &d), DSQ_MALFORMED);
    assert_non_null(strstr(d.text, "bytes: not an ONNX model, or a damaged one"));
    assert_int_equal(import_bytes(text, sizeof text - 1, NULL, &d), DSQ_MALFORMED);
    assert_int_equal(import_bytes(two_graphs, 4, NULL, &d), DSQ_MALFORMED);
    assert_non_null(strstr(d.text, "byte 4: a second 'graph' in one ModelProto"));
    assert_int_equal(import_bytes(group, 2, NULL, &d), DSQ_MALFORMED);
    assert_non_null(strstr(d.text, "byte 0: wire type 3 is not used in ONNX"));
    assert_int_equal(import_bytes("\x08\x07", 2, NULL, &d), DSQ_MALFORMED);
    assert_non_null(strstr(d.text, "it has no graph"));
}

/* ---- memory ---- */

struct failing {
    size_t until; /* requests that still succeed */
    long n_live;
};

static void *failing_alloc(void *user, size_t bytes)
{
    struct failing *f = user;
    if (!f->until)
        return NULL;
    f->until--;
    f->n_live++;
    return dsq_default_allocator()->alloc(NULL, bytes);
}

static void failing_free(void *user, void *memory)
{
    ((struct failing *)user)->n_live--;
    dsq_default_allocator()->free(NULL, memory);
}

static void out_of_memory(void **state)
{
    (void)state;
    static const char *const names[] = {"detector", "shared", "dimensions", "opset18"};
    for (size_t k = 0; k < sizeof names / sizeof names[0]; k++) {
        char path[100];
        void *data;
        size_t bytes, n = 0;
        struct dsq_diag d = {0};
        enum dsq_status s;
        snprintf(path, sizeof path, "tests/onnx/%s.onnx", names[k]);
        assert_int_equal(dsq_file_read(path, NULL, &data, &bytes, &d), DSQ_OK);
        do {
            struct failing f = {.until = n};
            struct dsq_allocator a = {&f, failing_alloc, failing_free};
            s = import_bytes(data, bytes, &a, &d);
            if (s != DSQ_OK && s != DSQ_NOMEM)
                fail_msg("%s, allocation %zu: %s", names[k], n, d.text);
            assert_int_equal(f.n_live, 0);
            n++;
        } while (s != DSQ_OK);
        assert_true(n > 5);
        dsq_release(NULL, data);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(truncated),   cmocka_unit_test(flipped),
        cmocka_unit_test(nested),      cmocka_unit_test(many_messages),
        cmocka_unit_test(not_a_model), cmocka_unit_test(out_of_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
