/* SPDX-License-Identifier: Apache-2.0 */
/* Weights in other files: where they may lie, what must be refused, and that a written model has
 * them inside. Every model here is y = x + k with k somewhere else, put together by protobuf-c. */
#define _XOPEN_SOURCE 700
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "onnx/model.h"
#include "onnx_models.h"

enum { KEYS = 3 };

/* What the tensor says; NULL: nothing. */
struct said {
    const char *location, *offset, *length;
};

static const float weights[] = {1, 2, 3, 4};

struct fixture {
    char folder[64], model[160];
    struct dsq_diag diag;
};

static void path_in(const struct fixture *f, const char *name, char path[160])
{
    snprintf(path, 160, "%s/%s", f->folder, name);
}

/* Names "x", "y" as graph input and output: float, one dimension "n". */
struct info {
    Onnx__ValueInfoProto value;
    Onnx__TypeProto type;
    Onnx__TypeProto__Tensor tensor;
    Onnx__TensorShapeProto shape;
    Onnx__TensorShapeProto__Dimension dim, *dims[1];
};

static void make_info(struct info *i, char *name)
{
    *i = (struct info){ONNX__VALUE_INFO_PROTO__INIT,
                       ONNX__TYPE_PROTO__INIT,
                       ONNX__TYPE_PROTO__TENSOR__INIT,
                       ONNX__TENSOR_SHAPE_PROTO__INIT,
                       ONNX__TENSOR_SHAPE_PROTO__DIMENSION__INIT,
                       {&i->dim}};
    i->dim.value_case = ONNX__TENSOR_SHAPE_PROTO__DIMENSION__VALUE_DIM_PARAM;
    i->dim.dim_param = "n";
    i->shape.n_dim = 1;
    i->shape.dim = i->dims;
    i->tensor.has_elem_type = 1;
    i->tensor.elem_type = ONNX__TENSOR_PROTO__DATA_TYPE__FLOAT;
    i->tensor.shape = &i->shape;
    i->type.value_case = ONNX__TYPE_PROTO__VALUE_TENSOR_TYPE;
    i->type.tensor_type = &i->tensor;
    i->value.name = name;
    i->value.type = &i->type;
}

/* n_tensors alike: k, and others that nobody reads. */
static void write_model(const char *path, const struct said *said, int64_t elements,
                        size_t n_tensors)
{
    Onnx__StringStringEntryProto entry[KEYS], *entries[KEYS];
    const char *value[KEYS] = {said->location, said->offset, said->length};
    char *key[KEYS] = {"location", "offset", "length"};
    size_t n = 0;
    for (size_t i = 0; i < KEYS; i++) {
        if (!value[i])
            continue;
        entries[n] = &entry[n];
        entry[n] = (Onnx__StringStringEntryProto)ONNX__STRING_STRING_ENTRY_PROTO__INIT;
        entry[n].key = key[i];
        entry[n++].value = (char *)value[i];
    }
    Onnx__TensorProto tensor[8], *tensors[8];
    char names[8][8];
    for (size_t i = 0; i < n_tensors; i++) {
        tensors[i] = &tensor[i];
        tensor[i] = (Onnx__TensorProto)ONNX__TENSOR_PROTO__INIT;
        tensor[i].name = names[i];
        snprintf(names[i], sizeof names[i], i ? "k%zu" : "k", i);
        tensor[i].has_data_type = tensor[i].has_data_location = 1;
        tensor[i].data_type = ONNX__TENSOR_PROTO__DATA_TYPE__FLOAT;
        tensor[i].data_location = ONNX__TENSOR_PROTO__DATA_LOCATION__EXTERNAL;
        tensor[i].n_dims = 1;
        tensor[i].dims = &elements;
        tensor[i].n_external_data = n;
        tensor[i].external_data = entries;
    }
    struct info x, y;
    make_info(&x, "x");
    make_info(&y, "y");
    Onnx__ValueInfoProto *input = &x.value, *output = &y.value;
    Onnx__NodeProto add = ONNX__NODE_PROTO__INIT, *node = &add;
    char *in[] = {"x", "k"}, *out[] = {"y"};
    add.op_type = "Add";
    add.n_input = 2, add.input = in;
    add.n_output = 1, add.output = out;
    Onnx__GraphProto graph = ONNX__GRAPH_PROTO__INIT;
    graph.n_node = graph.n_input = graph.n_output = 1;
    graph.node = &node, graph.input = &input, graph.output = &output;
    graph.n_initializer = n_tensors, graph.initializer = tensors;
    Onnx__OperatorSetIdProto opset = ONNX__OPERATOR_SET_ID_PROTO__INIT, *opsets = &opset;
    opset.has_version = 1, opset.version = 13;
    Onnx__ModelProto model = ONNX__MODEL_PROTO__INIT;
    model.graph = &graph;
    model.n_opset_import = 1, model.opset_import = &opsets;
    char *bytes = dsq_alloc(NULL, dsq_onnx__model_proto__get_packed_size(&model));
    size_t size = dsq_onnx__model_proto__pack(&model, (uint8_t *)bytes);
    assert_int_equal(dsq_file_write(path, bytes, size, NULL), DSQ_OK);
    dsq_release(NULL, bytes);
}

static void write_weights(const struct fixture *f, const char *name)
{
    char path[160];
    path_in(f, name, path);
    assert_int_equal(dsq_file_write(path, weights, sizeof weights, NULL), DSQ_OK);
}

static int setup(void **state)
{
    struct fixture *f = calloc(1, sizeof *f);
    *state = f;
    strcpy(f->folder, "/tmp/dsq_external_XXXXXX");
    if (!mkdtemp(f->folder))
        return -1;
    char inner[160];
    path_in(f, "in", inner);
    snprintf(f->model, sizeof f->model, "%s/in/m.onnx", f->folder);
    if (dsq_make_folder(inner, NULL) != DSQ_OK)
        return -1;
    write_weights(f, "in/w.bin");
    write_weights(f, "secret.bin");
    return 0;
}

static int teardown(void **state)
{
    struct fixture *f = *state;
    char command[128];
    snprintf(command, sizeof command, "rm -r %s", f->folder);
    int failed = system(command);
    free(f);
    return failed;
}

static enum dsq_status import(struct fixture *f, struct dsq_graph **g)
{
    struct dsq_onnx *m = NULL;
    enum dsq_status s = dsq_onnx_read(&m, f->model, NULL, &f->diag);
    if (s == DSQ_OK)
        s = dsq_onnx_to_graph(m, g, &f->diag);
    dsq_onnx_free(&m);
    return s;
}

static void expect_weights(struct fixture *f, const float *expected, size_t n)
{
    struct dsq_graph *g = NULL;
    if (import(f, &g) != DSQ_OK)
        fail_msg("%s", f->diag.text);
    const struct dsq_value *k = value_of(g, "k");
    assert_int_equal(k->bytes, n * sizeof *expected);
    assert_memory_equal(k->data, expected, k->bytes);
    dsq_graph_free(&g);
}

static void reads(void **state)
{
    struct fixture *f = *state;
    static const struct {
        struct said said;
        size_t first, n;
    } good[] = {
        {{"w.bin", NULL, NULL}, 0, 4},  {{"w.bin", "0", "16"}, 0, 4},  {{"w.bin", "4", "8"}, 1, 2},
        {{"./w.bin", "8", NULL}, 2, 2}, {{"w.bin", "12", NULL}, 3, 1},
    };
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        write_model(f->model, &good[i].said, (int64_t)good[i].n, 1);
        expect_weights(f, weights + good[i].first, good[i].n);
    }
}

static const struct {
    struct said said;
    int64_t elements;
    enum dsq_status status;
    const char *text;
} bad[] = {
    {{NULL, NULL, NULL}, 4, DSQ_MALFORMED, "tensor 'k': its external data has no location"},
    {{"../secret.bin", NULL, NULL}, 4, DSQ_MALFORMED, "only files in the model's folder"},
    {{"../in/w.bin", NULL, NULL}, 4, DSQ_MALFORMED, "only files in the model's folder"},
    {{"a/../../secret.bin", NULL, NULL}, 4, DSQ_MALFORMED, "only files in the model's folder"},
    {{"..", NULL, NULL}, 4, DSQ_MALFORMED, "only files in the model's folder"},
    {{"/etc/passwd", NULL, NULL}, 4, DSQ_MALFORMED, "'/etc/passwd'; only files"},
    {{"none.bin", NULL, NULL}, 4, DSQ_IO, "its data lies in 'none.bin': No such file"},
    {{".", NULL, NULL}, 4, DSQ_MALFORMED, "link out of the model's folder"},
    {{"link.bin", NULL, NULL},
     4,
     DSQ_MALFORMED,
     "its data lies in 'link.bin', which is a link out of the model's folder"},
    {{"folder", NULL, NULL}, 4, DSQ_IO, "'folder' is not a regular file"},
    {{"fifo", NULL, NULL}, 4, DSQ_IO, "'fifo' is not a regular file"},
    {{"w.bin", NULL, NULL},
     5,
     DSQ_MALFORMED,
     "its data are 20 bytes from byte 0 on of 'w.bin', which has 16"},
    {{"w.bin", "8", NULL}, 4, DSQ_MALFORMED, "16 bytes from byte 8 on of 'w.bin', which has 16"},
    {{"w.bin", "17", NULL}, 0, DSQ_MALFORMED, "0 bytes from byte 17 on of 'w.bin'"},
    {{"w.bin", "18446744073709551615", NULL}, 4, DSQ_MALFORMED, "from byte 18446744073709551615"},
    {{"w.bin", "18446744073709551616", NULL},
     4,
     DSQ_MALFORMED,
     "tensor 'k': offset of its external data is '18446744073709551616'"},
    {{"w.bin", "-1", NULL}, 4, DSQ_MALFORMED, "offset of its external data is '-1'"},
    {{"w.bin", "", NULL}, 4, DSQ_MALFORMED, "offset of its external data is ''"},
    {{"w.bin", "0", "12"},
     4,
     DSQ_MALFORMED,
     "tensor 'k': 12 bytes of external data, its dimensions need 16"},
    {{"w.bin", NULL, NULL}, -4, DSQ_MALFORMED, "tensor 'k': dimension 0 is -4"},
    {{"w.bin", NULL, NULL}, INT64_MAX, DSQ_MALFORMED, "tensor 'k': its dimensions overflow"},
    {{"w.bin", NULL, NULL}, INT64_C(1) << 60, DSQ_MALFORMED, "bytes from byte 0 on of 'w.bin'"},
};

static void refuses(void **state)
{
    struct fixture *f = *state;
    char path[160], target[160];
    path_in(f, "secret.bin", target);
    path_in(f, "in/link.bin", path);
    assert_int_equal(symlink(target, path), 0);
    path_in(f, "in/folder", path);
    assert_int_equal(mkdir(path, 0777), 0);
    path_in(f, "in/fifo", path);
    assert_int_equal(mkfifo(path, 0666), 0);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct dsq_graph *g = NULL;
        write_model(f->model, &bad[i].said, bad[i].elements, 1);
        enum dsq_status s = import(f, &g);
        if (s != bad[i].status || !strstr(f->diag.text, bad[i].text) || g)
            fail_msg("case %zu: %s: %s", i, dsq_status_name(s), f->diag.text);
    }
}

/* Links may lead anywhere inside; and a cache that links the model links its weights alike. */
static void links(void **state)
{
    struct fixture *f = *state;
    static const struct said said = {"w.bin", NULL, NULL};
    char path[160], linked[160];
    write_model(f->model, &said, 4, 1);
    path_in(f, "snapshot", path);
    assert_int_equal(mkdir(path, 0777), 0);
    path_in(f, "snapshot/m.onnx", linked);
    assert_int_equal(symlink("../in/m.onnx", linked), 0);
    snprintf(f->model, sizeof f->model, "%s", linked);
    path_in(f, "snapshot/w.bin", path);
    assert_int_equal(symlink("../in/w.bin", path), 0);
    expect_weights(f, weights, 4);
    unlink(path);
    assert_int_equal(symlink("../secret.bin", path), 0); /* neither beside the link nor the model */
    struct dsq_graph *g = NULL;
    assert_int_equal(import(f, &g), DSQ_MALFORMED);
}

/* Tied weights share a range; a thousandfold file is an attack. */
static void bounds_the_sum(void **state)
{
    struct fixture *f = *state;
    static const struct said said = {"w.bin", NULL, NULL};
    struct dsq_graph *g = NULL;
    write_model(f->model, &said, 4, 2);
    expect_weights(f, weights, 4);
    write_model(f->model, &said, 4, 3);
    assert_int_equal(import(f, &g), DSQ_MALFORMED);
    assert_non_null(strstr(f->diag.text, "'k2': the tensors up to it want over twice"));
}

static void not_from_memory(void **state)
{
    struct fixture *f = *state;
    static const struct said said = {"w.bin", NULL, NULL};
    void *data;
    size_t bytes;
    struct dsq_onnx *m = NULL;
    write_model(f->model, &said, 4, 1);
    assert_int_equal(dsq_file_read(f->model, NULL, &data, &bytes, NULL), DSQ_OK);
    assert_int_equal(dsq_onnx_parse(&m, data, bytes, "memory", NULL, &f->diag), DSQ_UNSUPPORTED);
    assert_string_equal(f->diag.text, "memory: tensor 'k': its data lies in another file, 'w.bin', "
                                      "and a model in memory has none beside it");
    dsq_release(NULL, data);
}

/* A written model stands alone. */
static void writes_inside(void **state)
{
    struct fixture *f = *state;
    static const struct said said = {"w.bin", NULL, NULL};
    static const struct dsq_onnx_meta meta = {"dsq.task", "{}"};
    struct dsq_onnx *m = NULL;
    char path[160];
    write_model(f->model, &said, 4, 1);
    assert_int_equal(dsq_onnx_read(&m, f->model, NULL, &f->diag), DSQ_OK);
    path_in(f, "alone.onnx", path);
    assert_int_equal(dsq_onnx_write(m, path, &meta, 1, &f->diag), DSQ_OK);
    dsq_onnx_free(&m);
    snprintf(f->model, sizeof f->model, "%s", path);
    expect_weights(f, weights, 4);
    assert_int_equal(dsq_onnx_read(&m, path, NULL, &f->diag), DSQ_OK);
    assert_string_equal(dsq_onnx_metadata(m, "dsq.task"), "{}");
    dsq_onnx_free(&m);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(reads, setup, teardown),
        cmocka_unit_test_setup_teardown(refuses, setup, teardown),
        cmocka_unit_test_setup_teardown(links, setup, teardown),
        cmocka_unit_test_setup_teardown(bounds_the_sum, setup, teardown),
        cmocka_unit_test_setup_teardown(not_from_memory, setup, teardown),
        cmocka_unit_test_setup_teardown(writes_inside, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
