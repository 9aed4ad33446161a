/* SPDX-License-Identifier: Apache-2.0 */
/* Models that cannot be imported, each for one reason, and what the reason is told to be. */
#include "onnx_models.h"

struct bad {
    const char *name; /* tests/onnx/bad/NAME.onnx */
    enum dsq_status status;
    const char *text; /* behind the file's name; one that ends in a space is the beginning of it */
};

static const struct bad bad[] = {
    {"arity", DSQ_MALFORMED, "node 'the_node' (Add, opset 13): 1 inputs, expected at least 2"},
    {"attribute", DSQ_UNSUPPORTED,
     "node 'the_node' (Relu, opset 13): attribute 'alpha' is not supported"},
    {"attribute_twice", DSQ_MALFORMED,
     "node 'the_node' (Flatten, opset 13): attribute 'axis' is there twice"},
    {"attribute_type", DSQ_MALFORMED,
     "node 'the_node' (Flatten, opset 13): attribute 'axis' is not of type int"},
    {"batchnorm_length", DSQ_SHAPE,
     "node 'the_node' (batchnorm): channels of the input and of its statistics: 3 and 2 must be "
     "equal"},
    {"batchnorm_training", DSQ_UNSUPPORTED,
     "node 'the_node' (BatchNormalization, opset 14): output 'm' is of training; export the "
     "model for inference"},
    {"cast_half", DSQ_UNSUPPORTED,
     "node 'the_node' (Cast, opset 13): to type float16 is not supported; supported: float, "
     "int32, int64, bool, uint8"},
    {"clip_bounds", DSQ_MALFORMED,
     "node 'the_node' (Clip, opset 10): attribute 'min' is not a number"},
    {"constant_string", DSQ_UNSUPPORTED,
     "node 'the_node' (Constant, opset 13): needs one attribute: value, value_int(s) or "
     "value_float(s)"},
    {"conv_3d", DSQ_UNSUPPORTED,
     "node 'the_node' (Conv, opset 13): is 3-dimensional; 1-D and 2-D (pictures) are supported"},
    {"conv_auto_pad", DSQ_UNSUPPORTED,
     "node 'conv' (Conv, opset 13): auto_pad 'SAME' is not supported; supported: NOTSET, "
     "SAME_UPPER, SAME_LOWER, VALID"},
    {"conv_auto_pad_gap", DSQ_UNSUPPORTED,
     "node 'conv' (Conv, opset 13): auto_pad with a kernel of 3 and a stride of 5 is not defined "
     "the same way everywhere; use pads"},
    {"conv_bias", DSQ_MALFORMED, "node 'the_node' (Conv, opset 13): bias 'b' must be 4 floats"},
    {"conv_channels", DSQ_SHAPE, "node 'the_node' "},
    {"conv_group", DSQ_MALFORMED,
     "node 'conv' (Conv, opset 13): group 3 does not divide 4 output channels"},
    {"conv_kernel", DSQ_MALFORMED,
     "node 'conv' (Conv, opset 13): kernel_shape is not the weights' 3x3"},
    {"conv_pads", DSQ_UNSUPPORTED,
     "node 'conv' (Conv, opset 13): attribute 'pads' has -1, expected 0 to 2147483647"},
    {"conv_pads_count", DSQ_MALFORMED,
     "node 'conv' (Conv, opset 13): attribute 'pads' has 2 numbers, expected 4"},
    {"conv_stride", DSQ_MALFORMED,
     "node 'conv' (Conv, opset 13): attribute 'strides' has 0, expected 1 to 2147483647"},
    {"conv_two_pads", DSQ_MALFORMED,
     "node 'conv' (Conv, opset 13): auto_pad and pads exclude each other"},
    {"conv_weights_computed", DSQ_UNSUPPORTED,
     "node 'the_node' (Conv, opset 13): weights 'x' must be a constant, but the model "
     "computes it"},
    {"cycle", DSQ_MALFORMED, "node 'one' "},
    {"dequantize_scale", DSQ_UNSUPPORTED,
     "node 'the_node' (DequantizeLinear, opset 13): its scale or zero point is not that of the "
     "QuantizeLinear before"},
    {"domain", DSQ_UNSUPPORTED,
     "node 'the_node' (Swish, opset 13): not supported; its domain is 'com.example', only "
     "ONNX's own operators are"},
    {"dropout_mask", DSQ_UNSUPPORTED,
     "node 'reader' (Add, opset 13): tensor 'm' is output 1 of Dropout, not supported"},
    {"duplicate_initializer", DSQ_MALFORMED, "two initializers are named 'k'"},
    {"duplicate_input", DSQ_MALFORMED, "two graph inputs are named 'x'"},
    {"duplicate_output", DSQ_MALFORMED,
     "node 'two' (Sigmoid, opset 13): makes tensor 'y', which another node, input or "
     "initializer makes"},
    {"fill_two", DSQ_MALFORMED,
     "node 'the_node' (ConstantOfShape, opset 13): its value has 2 elements, must have one"},
    {"input_half", DSQ_UNSUPPORTED,
     "input 'x' is of type float16; supported: float, int32, int64, bool, uint8"},
    {"input_rank", DSQ_UNSUPPORTED, "input 'x' has no shape, not even a rank"},
    {"input_zero", DSQ_UNSUPPORTED, "input 'x': dimension 0 is 0"},
    {"hardmax", DSQ_UNSUPPORTED,
     "node 'hardmax' (Hardmax, opset 11): not supported (nor are LpNormalization)"},
    {"maxpool_3d", DSQ_UNSUPPORTED,
     "node 'the_node' (MaxPool, opset 13): is 3-dimensional; 1-D and 2-D (pictures) are "
     "supported"},
    {"maxpool_indices", DSQ_UNSUPPORTED,
     "node 'the_node' (MaxPool, opset 13): its second output 'indices' (indices) is not "
     "supported"},
    {"missing", DSQ_MALFORMED,
     "node 'the_node' (Add, opset 13): tensor 'nobody' is no graph input, no initializer and "
     "no node's output"},
    {"ml", DSQ_UNSUPPORTED,
     "node 'the_node' (Scaler, opset 13): not supported; its domain is 'ai.onnx.ml', only "
     "ONNX's own operators are"},
    {"nameless", DSQ_UNSUPPORTED, "node of output 'y' (LSTM, opset 13): not supported"},
    {"no_opset", DSQ_MALFORMED, "no opset for ONNX's own operators"},
    {"no_output", DSQ_MALFORMED,
     "output 0: tensor 'y' is no graph input, no initializer and no node's output"},
    {"opset26", DSQ_UNSUPPORTED, "opset 26 is not supported; supported are 1 to 25"},
    {"opset5", DSQ_UNSUPPORTED,
     "node 'the_node' (Relu, opset 5): not supported; supported at opset 6 to 25"},
    {"opset6_axis", DSQ_UNSUPPORTED,
     "node 'the_node' (Add, opset 6): broadcasts from an axis of its own, which opset 7 dropped; "
     "convert the model to a later opset"},
    {"opset6_training", DSQ_UNSUPPORTED,
     "node 'the_node' (BatchNormalization, opset 6): is in training mode; export the model for "
     "inference"},
    {"pad_mode", DSQ_UNSUPPORTED,
     "node 'the_node' (Pad, opset 13): mode 'symmetric' is not supported; supported: constant, "
     "reflect, edge, wrap"},
    {"perm", DSQ_MALFORMED,
     "node 'the_node' (Transpose, opset 13): perm is no permutation of 4 axes"},
    {"reduce_axis", DSQ_SHAPE, "node 'the_node' (reduce): axis 4 is outside a tensor of rank 4"},
    {"resize_axes", DSQ_UNSUPPORTED,
     "node 'the_node' (Resize, opset 18): axis 4 is none of a picture's four"},
    {"resize_axes_count", DSQ_MALFORMED, "node 'the_node' (Resize, opset 18): 4 scales for 2 axes"},
    {"resize_channels", DSQ_UNSUPPORTED,
     "node 'the_node' (Resize, opset 18): resizes the channels (scale 2)"},
    {"resize_crop", DSQ_MALFORMED, "node 'the_node' (Resize, opset 18): input 1 is missing"},
    {"resize_crop_count", DSQ_MALFORMED,
     "node 'the_node' (Resize, opset 18): roi 'scales' must be 8 floats"},
    {"resize_neither", DSQ_MALFORMED,
     "node 'the_node' (Resize, opset 18): needs either scales or sizes"},
    {"size_from_data", DSQ_UNSUPPORTED,
     "node 'the_node' (reshape): the size of its output depends on the numbers in 'c', which do "
     "not follow from the input sizes; if this is post-processing, cut it off: name the tensors "
     "before "
     "it as outputs (--outputs=a,b)"},
    {"split_number", DSQ_MALFORMED,
     "node 'the_node' (Split, opset 18): num_outputs is 3, but it has 2 outputs"},
    {"tensor_both", DSQ_MALFORMED, "tensor 'k': has raw_data and typed data"},
    {"tensor_double", DSQ_UNSUPPORTED, "tensor 'k': element 1 is 1e+300, beyond float32"},
    {"tensor_external", DSQ_MALFORMED,
     "tensor 'k': its data lies in '../secret'; only files in the model's folder are read"},
    {"tensor_few", DSQ_MALFORMED,
     "tensor 'k': 2 elements of data, its dimensions need 3 of type float"},
    {"tensor_negative", DSQ_MALFORMED, "tensor 'k': dimension 0 is -2"},
    {"tensor_overflow", DSQ_MALFORMED, "tensor 'k': its dimensions overflow"},
    {"tensor_short", DSQ_MALFORMED,
     "tensor 'k': 7 bytes of raw_data, its 2 elements of type float need 8"},
    {"tensor_uint16", DSQ_UNSUPPORTED, "tensor 'k': data type uint16 is not supported"},
    {"topk_from_data", DSQ_UNSUPPORTED,
     "node 'the_node' (topk): the size of its output depends on the numbers in 'c', which do not "
     "follow from the input sizes; if this is post-processing, cut it off: name the tensors before "
     "it as "
     "outputs (--outputs=a,b)"},
    {"topk_no_k", DSQ_MALFORMED, "node 'the_node' (TopK, opset 9): has no k"},
    {"topk_outputs", DSQ_MALFORMED, "node 'the_node' (TopK, opset 13): 3 outputs"},
    {"transposed_gap", DSQ_UNSUPPORTED,
     "node 'the_node' (ConvTranspose, opset 13): auto_pad with a kernel of 1 and a stride of 2 is "
     "not defined the same way everywhere; use pads"},
    {"transposed_out_pad", DSQ_MALFORMED,
     "node 'the_node' (ConvTranspose, opset 13): output_padding 1 must be less than the stride or "
     "dilation"},
    {"upsample_13", DSQ_UNSUPPORTED,
     "node 'the_node' (Upsample, opset 13): not supported; supported at opset 7 to 9"},
};

static enum dsq_status import(const char *path, struct dsq_diag *d)
{
    struct dsq_onnx *m = NULL;
    struct dsq_graph *g = NULL;
    enum dsq_status s = dsq_onnx_read(&m, path, NULL, d);
    if (s == DSQ_OK)
        s = dsq_onnx_to_graph(m, &g, d);
    dsq_graph_free(&g);
    dsq_onnx_free(&m);
    return s;
}

static void reasons(void **state)
{
    (void)state;
    size_t n_wrong = 0;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        char path[100], expected[1024];
        struct dsq_diag d = {0};
        snprintf(path, sizeof path, "tests/onnx/bad/%s.onnx", bad[i].name);
        snprintf(expected, sizeof expected, "%s: %s", path, bad[i].text);
        size_t n = strlen(expected);
        enum dsq_status s = import(path, &d);
        if (s == bad[i].status && d.status == s &&
            strncmp(d.text, expected, expected[n - 1] == ' ' ? n : n + 1) == 0)
            continue;
        print_error("%s\n  is:        %s: %s\n  should be: %s: %s\n", bad[i].name,
                    dsq_status_name(s), d.text, dsq_status_name(bad[i].status), expected);
        n_wrong++;
    }
    assert_int_equal(n_wrong, 0);
}

/* The reason may not be wanted. */
static void without_a_diag(void **state)
{
    (void)state;
    assert_int_equal(import("tests/onnx/bad/missing.onnx", NULL), DSQ_MALFORMED);
    assert_int_equal(import("tests/onnx/bad/hardmax.onnx", NULL), DSQ_UNSUPPORTED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reasons),
        cmocka_unit_test(without_a_diag),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
