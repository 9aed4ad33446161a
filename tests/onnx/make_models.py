#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Write the small models that the import tests read, next to this script.

NAME.onnx are valid (onnx.checker has passed them) and import; bad/NAME.onnx do not, each for one reason,
which tests/unit/test_onnx_refusals.c spells out. Needs the onnx package; the files are committed, so the
tests do not. The same versions of onnx and numpy write the same bytes again.
"""
import os

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

HERE = os.path.dirname(os.path.abspath(__file__))
F = TensorProto.FLOAT


def numbers(*shape):
    """Small distinct numbers that float16 holds exactly."""
    n = int(np.prod(shape))
    return ((np.arange(n) - n // 2) / 8).astype(np.float32).reshape(shape)


def init(name, array):
    return numpy_helper.from_array(np.asarray(array), name)


def ints(name, *v):
    return init(name, np.array(v, np.int64))


def info(name, shape=None, elem=F):
    return helper.make_tensor_value_info(name, elem, shape)


def node(op, inputs, outputs, name=None, **attributes):
    return helper.make_node(op, inputs.split(), outputs.split(), name=name or op.lower(), **attributes)


def model(nodes, inputs, outputs, initializers=(), opset=13, ir=7, name="g", domains=()):
    graph = helper.make_graph(nodes, name, inputs, outputs, list(initializers))
    opsets = [helper.make_opsetid("", opset)] + [helper.make_opsetid(d, 1) for d in domains]
    return helper.make_model(graph, opset_imports=opsets, ir_version=ir, producer_name="dsq-tests")


def save(name, m, check=True):
    if check:
        onnx.checker.check_model(m, full_check=True)
    with open(os.path.join(HERE, name + ".onnx"), "wb") as f:
        f.write(m.SerializeToString(deterministic=True))


X = [info("x", ["N", 3, "H", "W"])]
Y = [info("y", [None] * 4)]


def detector():
    """A little of everything that detectors have, with a resize to a computed size."""
    nodes = [
        node("Conv", "x w b", "c1", kernel_shape=[3, 3], strides=[2, 2], pads=[1, 0, 1, 2],
             dilations=[1, 1], group=1),
        node("BatchNormalization", "c1 scale shift mean var", "n1", epsilon=0.001),
        node("Relu", "n1", "r1"),
        node("MaxPool", "r1", "p1", kernel_shape=[3, 3], strides=[2, 2], pads=[1, 1, 1, 1],
             ceil_mode=1),
        node("Conv", "p1 w_dw", "c2", name="depthwise", kernel_shape=[3, 3], pads=[1, 1, 1, 1], group=4),
        node("Clip", "c2 zero six", "r2"),
        node("Shape", "r1", "s"),
        node("Slice", "s two four axis0", "hw"),
        node("Shape", "r2", "s2"),
        node("Slice", "s2 zero_i two axis0", "nc"),
        node("Concat", "nc hw", "size", name="size_concat", axis=0),
        node("Resize", "r2   size", "up", mode="nearest", nearest_mode="floor",
             coordinate_transformation_mode="asymmetric"),
        node("Add", "up r1", "sum"),
        node("Concat", "sum r1", "cat", axis=1),
        node("Sigmoid", "cat", "y"),
    ]
    nodes[11].input[:] = ["r2", "", "", "size"]
    inits = [init("w", numbers(4, 3, 3, 3)), init("b", numbers(4)), init("w_dw", numbers(4, 1, 3, 3)),
             init("scale", np.float32([1, 2, 3, 4])), init("shift", numbers(4)), init("mean", numbers(4)),
             init("var", np.float32([1, 2, 1, 2])), init("zero", np.float32(0)), init("six", np.float32(6)),
             ints("two", 2), ints("four", 4), ints("axis0", 0), ints("zero_i", 0)]
    m = model(nodes, X, Y, inits, name="detector")
    helper.set_model_props(m, {"author": "somebody", "dsq.task": "{}", "license": "Apache-2.0"})
    save("detector", m)


def old_forms():
    w = [init("w", numbers(2, 3, 1, 1))]
    nodes = [
        node("Conv", "x w", "c"),
        node("Clip", "c", "k", min=0.0, max=6.0),
        node("Slice", "k", "s", starts=[1, 0], ends=[9, 2], axes=[2, 1]),
        node("Unsqueeze", "s", "u", axes=[0]),
        node("Squeeze", "u", "q", axes=[0]),
        node("Upsample", "q", "up", mode="nearest", scales=[1.0, 1.0, 2.0, 2.0]),
        node("Dropout", "up", "y mask", ratio=0.5),
    ]
    # IR 3: initializers are inputs as well.
    save("opset7", model(nodes, X + [info("w", [2, 3, 1, 1])], Y, w, opset=7, ir=3))
    nodes = [node("Upsample", "x up", "a", name="bigger", mode="nearest"),
             node("Upsample", "a up", "y", name="smooth", mode="linear")]
    save("opset9", model(nodes, X, Y, [init("up", np.float32([1, 1, 2, 3]))], opset=9, ir=4))
    nodes = [node("Resize", "x up", "a", name="bigger"), node("Resize", "a down", "b", name="smaller"),
             node("Resize", "b down", "c", name="smooth", mode="linear"),
             node("Slice", "c from to  step", "y")]
    nodes[3].input[:] = ["c", "from", "to", "", "step"]
    inits = [init("up", np.float32([1, 1, 2, 2])), init("down", np.float32([1, 1, 0.5, 0.5])),
             ints("from", 0, 0, 1, 1), ints("to", 9, 9, 99, 99), ints("step", 1, 1, 2, 2)]
    save("opset10", model(nodes, X, Y, inits, opset=10, ir=5))


def splits():
    """Both forms of Split: parts as an attribute, as an input, by number; an output nobody names."""
    parts = [info("y", [None] * 4), info("z", [None] * 4)]
    nodes = [node("Split", "x", "a b", name="one", axis=1, split=[1, 2]), node("Split", "b", "y z", axis=1)]
    save("split11", model(nodes, X, parts, opset=11))
    nodes = [node("Split", "x parts", "a b", name="one", axis=1), node("Split", "b", "y q z", axis=2, num_outputs=3)]
    nodes[1].output[1] = ""
    save("split18", model(nodes, [info("x", ["N", 3, 8, "W"])], parts, [ints("parts", 1, 2)], opset=18, ir=8))


def moving():
    """Operators that move data, in their first and in their last forms."""
    names = "p t e g d s r a k l v f q"
    nodes = [node("Pad", "x", "p", mode="reflect", pads=[0, 0, 1, 2, 0, 0, 3, 4]),
             node("Tile", "x repeats", "t"), node("Expand", "x shape", "e"),
             node("Gather", "x index", "g", axis=1), node("DepthToSpace", "x", "d", blocksize=2),
             node("SpaceToDepth", "x", "s", blocksize=2), node("ReduceL2", "x", "r", axes=[2, 3], keepdims=0),
             node("ArgMax", "x", "a", axis=1), node("TopK", "x", "k l", axis=1, k=2), node("Softmax", "x", "v"),
             node("Flatten", "x", "f", axis=2), node("Pad", "x", "q", name="fill", pads=[0] * 8, value=1.5)]
    inits = [ints("repeats", 1, 2, 3, 1), ints("shape", 1, 4, 1, 1), ints("index", 3, -1)]
    x4, y4 = [info("x", ["N", 4, "H", "W"])], [info(n) for n in names.split()]
    for y in y4:
        y.ClearField("type")
    save("moving8", model(nodes, x4, y4, inits, opset=8, ir=8), check=False)
    names = "p z r n a k v c o u s"
    nodes = [node("Pad", "x pads one axes", "p"), node("Size", "x", "z"),
             node("ReduceMean", "x axes", "r"), node("ReduceSum", "x", "n", noop_with_empty_axes=1),
             node("ArgMin", "x", "a", axis=-1, keepdims=0, select_last_index=1),
             node("TopK", "x two", "k ki", axis=1, largest=0, sorted=0), node("LogSoftmax", "x", "v"),
             node("ConstantOfShape", "shape", "c", value=init("", np.int32([7]))),
             node("Range", "zero size one_int", "o"), node("Unsqueeze", "x computed", "u"),
             node("GatherElements", "x a4", "s", axis=3)]
    shape = [node("Shape", "x", "shape"), node("Gather", "shape three", "size"),
             node("Shape", "shape", "computed", name="rank"),
             node("Unsqueeze", "a last", "a4", name="lift")]
    inits = [ints("pads", 1, 2), init("one", np.float32(1)), ints("axes", -1), ints("two", 2), ints("three", 3),
             init("zero", np.int64(0)), init("one_int", np.int64(1)), ints("last", -1)]
    nodes[8].input[1] = "width"
    shape.append(node("Squeeze", "size", "width"))
    y4 = [info(n) for n in names.split()]
    for y in y4:
        y.ClearField("type")
    save("moving18", model(shape[:3] + shape[4:] + nodes[:5] + shape[3:4] + nodes[5:], x4, y4, inits, opset=18, ir=8), check=False)


def new_forms():
    nodes = [
        node("Squeeze", "a axes", "b"),
        node("Unsqueeze", "b axes", "c"),
        node("Shape", "c", "hw", start=2),
        node("Shape", "c", "nc", name="head", start=0, end=-2),
        node("Concat", "nc hw", "shape", axis=0),
        node("Cast", "shape", "shape32", to=TensorProto.INT32),
        node("Cast", "shape32", "shape64", name="back", to=TensorProto.INT64),
        node("Reshape", "c shape64", "d", allowzero=1),
        node("Resize", "d  scales ", "e", mode="linear", coordinate_transformation_mode="half_pixel",
             antialias=0),
        node("Dropout", "e ratio training", "f"),
        node("Clip", "f  max", "g"),
        node("Transpose", "g", "h", perm=[0, 2, 3, 1]),
        node("Flatten", "h", "y", axis=2),
    ]
    nodes[8].input[:] = ["d", "", "scales"]
    nodes[10].input[:] = ["f", "", "max"]
    inits = [ints("axes", 0), init("scales", np.float32([1, 1, 1.5, 1.5])), init("ratio", np.float32(0.5)),
             init("training", np.array(False)), init("max", np.float32([6])[0])]
    save("opset18", model(nodes, [info("a", [1, 3, "H", "W"])], [info("y", [None, None])], inits, opset=18, ir=8))
    # Resize 11: roi and scales are there but empty.
    nodes = [node("Resize", "x roi none size", "y", mode="nearest")]
    inits = [init("roi", np.zeros(0, np.float32)), init("none", np.zeros(0, np.float32)),
             ints("size", 1, 3, 8, 8)]
    save("opset11", model(nodes, [info("x", [1, 3, 4, 4])], Y, inits, opset=11, ir=6))


def matrices():
    """Products, convolutions of other kinds, and weights that reach them in several ways."""
    nodes = [
        node("Gemm", "a g1 bias", "y1", transB=1),
        node("Gemm", "y1 g1", "y2", alpha=0.5),
        node("MatMul", "seq g1", "y3"),
        node("MatMul", "seq seq_t", "y4"),
        node("Transpose", "t0", "t1", perm=[1, 0]),
        node("MatMul", "a t1", "y5"),
        node("Conv", "seq c1", "y6", auto_pad="SAME_UPPER", kernel_shape=[2], strides=[2]),
        node("ConvTranspose", "x ct b2", "y7", strides=[2, 2], pads=[1, 0, 1, 2], output_padding=[1, 0], group=2),
        node("ConvTranspose", "x ct", "y8", strides=[2, 2], auto_pad="SAME_LOWER", group=2),
        node("ConvTranspose", "x ct", "y9", strides=[2, 2], output_shape=[9, 8], auto_pad="SAME_UPPER", group=2),
        node("ConvTranspose", "seq c1", "y10", strides=[3]),
        node("InstanceNormalization", "x s4 b4", "y11", epsilon=0.5),
    ]
    inputs = [info("a", ["M", 6]), info("seq", ["N", 4, 6]), info("seq_t", ["N", 6, "K"]), info("x", ["N", 4, "H", "W"])]
    inits = [init("g1", numbers(6, 6)), init("bias", numbers(6)), init("t0", numbers(2, 6)),
             init("c1", numbers(4, 4, 2)), init("ct", numbers(4, 3, 3, 4)), init("b2", numbers(6)),
             init("s4", numbers(4)), init("b4", numbers(4))]
    ranks = [2, 2, 3, 3, 2, 3, 4, 4, 4, 3, 4]
    outputs = [info(f"y{i + 1}", [None] * rank) for i, rank in enumerate(ranks)]
    save("matrices", model(nodes, inputs, outputs, inits))


def shared_weights():
    """One set of weights for three convolutions, once by way of Identity, and as plain data too; nodes in
    reverse order; constants from Constant nodes."""
    nodes = [
        node("Conv", "x w b", "c1", name="first"),
        node("Conv", "c1 w b", "c2", name="second"),
        node("Identity", "w", "w_again"),
        node("Identity", "b", "b_again", name="identity_b"),
        node("Conv", "c2 w_again b_again", "c3", name="third"),
        node("Constant", "", "grain", value=init("", np.float32([[[[0.5]]]]))),
        node("Mul", "c3 grain", "m"),
        node("Constant", "", "grain2", name="constant2", value_float=2.0),
        node("Div", "m grain2", "d"),
        node("Conv", "d k", "c4", name="fourth"),
        node("Constant", "", "k", name="constant3", value=init("", numbers(3, 3, 1, 1))),
        node("Add", "c4 w", "e"),
        node("Identity", "e", "y", name="last"),
    ]
    for n in nodes:
        if n.op_type == "Constant":
            del n.input[:]
    inits = [init("w", numbers(3, 3, 1, 1)), init("b", numbers(3))]
    x = [info("x", [3, 3, "H", "W"])]
    onnx.checker.check_model(model(sorted(nodes, key=lambda n: "constant" not in n.name), x, Y, inits))
    m = model(nodes[::-1], x, Y, inits)
    save("shared", m, check=False)  # the checker insists on the order


def storage():
    """Every way in which the same numbers can be stored."""
    v = numbers(3)
    h = v.astype(np.float16)
    t = {
        "raw": init("raw", v),
        "typed": helper.make_tensor("typed", F, [3], v),
        "half_raw": init("half_raw", h),
        "half_typed": helper.make_tensor("half_typed", TensorProto.FLOAT16, [3], h),
        "double_raw": init("double_raw", v.astype(np.float64)),
        "double_typed": helper.make_tensor("double_typed", TensorProto.DOUBLE, [3], v.astype(np.float64)),
    }
    # The smallest subnormal, the largest number, the smallest normal one.
    t["half_edges"] = init("half_edges", np.array([0x0001, 0x7bff, 0x8400], np.uint16).view(np.float16))
    nodes, last = [], "x"
    for i, name in enumerate(t):
        out = "y" if i == len(t) - 1 else f"a{i}"
        nodes.append(node("Add", f"{last} {name}", out, name=f"add{i}"))
        last = out
    i32 = {"i32_raw": init("i32_raw", np.int32([1, -2])),
           "i32_typed": helper.make_tensor("i32_typed", TensorProto.INT32, [2], [1, -2])}
    i64 = {"i64_raw": ints("i64_raw", 3, 1 << 40),
           "i64_typed": helper.make_tensor("i64_typed", TensorProto.INT64, [2], [3, 1 << 40])}
    nodes += [node("Add", "i32_raw i32_typed", "z", name="add_i32"),
              node("Add", "i64_raw i64_typed", "zz", name="add_i64")]
    m = model(nodes, [info("x", ["N", 3])],
              [info("y", ["N", 3]), info("z", [2], TensorProto.INT32), info("zz", [2], TensorProto.INT64)],
              list(t.values()) + list(i32.values()) + list(i64.values()))
    save("storage", m, check=False)  # ONNX's Add takes no mixed types; the import converts before


def quantized():
    """An activation through u8 and back, weights of s8 per channel."""
    nodes = [node("QuantizeLinear", "x s z", "q"), node("DequantizeLinear", "q s z", "d"),
             node("DequantizeLinear", "w ws wz", "wd", name="weights", axis=0), node("Conv", "d wd", "y")]
    inits = [init("s", np.float32(0.25)), init("z", np.uint8(120)), init("w", np.int8([-128, 4, 6, 127]).reshape(2, 2, 1, 1)),
             init("ws", np.float32([0.5, 2])), init("wz", np.int8([0, 1]))]
    save("quantized", model(nodes, [info("x", ["N", 2, "H", "W"])], Y, inits))


def not_finite():
    w = np.ones((2, 3, 1, 1), np.float32)
    w[1, 2] = np.nan
    save("not_finite", model([node("Conv", "x w", "c"), node("Add", "c k", "y")], [info("x", [1, 3, "H", "W"])], Y,
                             [init("w", w), init("k", np.float32([-np.inf]))]))


def dimensions():
    """Dimensions with names that are no identifiers, with the same name, without one."""
    nodes = [node("Relu", "x", "y"), node("Relu", "z", "w")]
    x = info("x", ["batch size", 3, None, "x_d2"])
    z = info("z", ["batch_size", "batch size", -1, 5])
    save("dimensions", model(nodes, [x, z], [info("y", [None] * 4), info("w", [None] * 4)]), check=False)


def elements():
    """Functions and arithmetic of single elements that import as something else than their own name."""
    I = TensorProto.INT64
    nodes = [node("Selu", "x", "selu"), node("Celu", "selu", "celu", alpha=2.0), node("Softsign", "celu", "softsign"),
             node("Gelu", "softsign", "gelu", approximate="tanh"), node("Mean", "gelu x z", "mean"),
             node("Max", "mean", "one"), node("Min", "one x z", "three"), node("Less", "three x", "less"),
             node("LessOrEqual", "x z", "less_equal"), node("And", "less less_equal", "both"),
             node("Where", "both x z", "chosen"), node("Clip", "chosen z x", "clip_computed"),
             node("Clip", "clip_computed hi lo", "clip_crossed"), node("Clip", "k int_lo", "clip_int"),
             node("Mod", "clip_int k", "mod"), node("Mod", "mod k", "fmod", fmod=1),
             node("Sum", "clip_crossed x", "y"), node("HardSigmoid", "y", "hard"), node("LeakyRelu", "hard", "leaky")]
    m = model(nodes, [info("x", ["N", 3]), info("z", [1]), info("k", ["N"], I)],
              [info("leaky", ["N", 3]), info("fmod", ["N"], I)],
              [init("lo", np.float32(-1)), init("hi", np.float32(1)), init("int_lo", np.int64(-3))], opset=20)
    save("elements", m)


def tail():
    """Post-processing that can be cut off at `boxes` and `scores`."""
    nodes = [node("Relu", "x", "boxes"), node("Sigmoid", "x", "scores"),
             node("NonMaxSuppression", "boxes scores", "picked", name="nms"),
             node("LSTM", "picked", "y")]
    save("tail", model(nodes, [info("x", [1, 1, 4])], [info("y", [None, None])]), check=False)


def conv(**changes):
    attributes = {"kernel_shape": [3, 3], **changes}
    return model([node("Conv", "x w b", "y", **attributes)], X, Y,
                 [init("w", numbers(4, 3, 3, 3)), init("b", numbers(4))])


def single(op, inputs="x", opset=13, ins=None, inits=(), outputs="y", domain="", **attributes):
    n = node(op, inputs, outputs, name="the_node", domain=domain, **attributes)
    return model([n], ins or X, Y, inits, opset=opset, domains=[domain] if domain else [])


def bad(name, m):
    save(os.path.join("bad", name), m, check=False)


def bad_nodes():
    two = [node("Hardmax", "x", "a"), node("LpNormalization", "a", "y")]
    bad("hardmax", model(two, X, Y, opset=11))
    bad("domain", single("Swish", domain="com.example"))
    bad("ml", single("Scaler", domain="ai.onnx.ml"))
    bad("upsample_13", single("Upsample", "x x", mode="nearest"))
    bad("opset5", single("Relu", opset=5))
    bad("opset6_axis", single("Add", "x k", opset=6, inits=[init("k", np.float32([1, 2, 3]))], broadcast=1, axis=1))
    bad("opset6_training", single("BatchNormalization", "x k k k k", opset=6, inits=[init("k", np.float32([1, 2, 3]))]))
    bad("opset26", single("Relu", opset=26))
    nameless = single("LSTM")
    nameless.graph.node[0].name = ""
    bad("nameless", nameless)
    none = single("Relu")
    del none.opset_import[:]
    bad("no_opset", none)
    bad("attribute", single("Relu", alpha=1.0))
    twice = single("Flatten", axis=1)
    twice.graph.node[0].attribute.append(twice.graph.node[0].attribute[0])
    bad("attribute_twice", twice)
    bad("attribute_type", single("Flatten", axis=1.0))
    bad("arity", single("Add", "x"))
    bad("missing", single("Add", "x nobody"))
    bad("cycle", model([node("Add", "x b", "a", name="one"), node("Relu", "a", "b", name="two"),
                        node("Relu", "b", "y", name="three")], X, Y))
    bad("duplicate_output", model([node("Relu", "x", "y", name="one"), node("Sigmoid", "x", "y", name="two")],
                                  X, Y))
    bad("duplicate_initializer", single("Add", "x k", inits=[init("k", np.float32(1)), init("k", np.float32(2))]))
    bad("duplicate_input", single("Relu", ins=X + X))
    bad("no_output", model([node("Relu", "x", "z")], X, Y))
    bad("batchnorm_training", model([node("BatchNormalization", "x s s s s", "y m v", name="the_node",
                                          training_mode=1)], X, Y, [init("s", np.float32([1, 1, 1]))], opset=14))
    bad("batchnorm_length", single("BatchNormalization", "x s s k s", inits=[
        init("s", np.float32([1, 1, 1])), init("k", np.float32([1, 1]))]))
    bad("maxpool_indices", single("MaxPool", outputs="y indices", kernel_shape=[2, 2]))
    bad("maxpool_3d", single("MaxPool", kernel_shape=[2, 2, 2]))
    bad("dropout_mask", model([node("Dropout", "x", "a m"), node("Add", "a m", "y", name="reader")], X, Y))
    bad("clip_bounds", single("Clip", opset=10, min=float("nan"), max=1.0))
    bad("cast_half", single("Cast", to=TensorProto.FLOAT16))
    bad("perm", single("Transpose", perm=[0, 0, 1, 2]))
    bad("input_half", single("Relu", ins=[info("x", [1], TensorProto.FLOAT16)]))
    bad("input_rank", single("Relu", ins=[info("x", None)]))
    bad("input_zero", single("Relu", ins=[info("x", [0, 3])]))


def bad_convs():
    bad("conv_3d", single("Conv", "x w", ins=[info("x", ["N", 3, "D", "H", "W"])],
                          inits=[init("w", numbers(2, 3, 1, 1, 1))]))
    bad("conv_group", conv(group=3))
    bad("conv_kernel", conv(kernel_shape=[3, 5]))
    bad("conv_stride", conv(strides=[0, 1]))
    bad("conv_pads", conv(pads=[1, 1, 1, -1]))
    bad("conv_pads_count", conv(pads=[1, 1]))
    bad("conv_auto_pad", conv(auto_pad="SAME"))
    bad("conv_auto_pad_gap", conv(auto_pad="SAME_UPPER", strides=[1, 5]))
    bad("transposed_gap", single("ConvTranspose", "x w", inits=[init("w", numbers(3, 2, 1, 1))],
                                 auto_pad="SAME_LOWER", strides=[1, 2]))
    bad("transposed_out_pad", single("ConvTranspose", "x w", inits=[init("w", numbers(3, 2, 1, 1))],
                                     output_padding=[0, 1]))
    bad("conv_two_pads", conv(auto_pad="SAME_UPPER", pads=[1, 1, 1, 1]))
    bad("conv_weights_computed", single("Conv", "x x"))
    bad("conv_bias", single("Conv", "x w b", inits=[init("w", numbers(4, 3, 1, 1)), init("b", numbers(3))]))
    bad("conv_channels", single("Conv", "x w", inits=[init("w", numbers(4, 2, 1, 1))]))


def bad_resizes():
    scales = [init("scales", np.float32([1, 1, 2, 2]))]

    def resize(opset=18, inits=scales, inputs=("x", "", "scales"), **attributes):
        m = single("Resize", "x", opset=opset, inits=inits, **attributes)
        m.graph.node[0].input[:] = inputs
        return m
    bad("resize_crop", resize(coordinate_transformation_mode="tf_crop_and_resize"))
    bad("resize_crop_count", resize(coordinate_transformation_mode="tf_crop_and_resize",
                                    inputs=("x", "scales", "scales")))
    bad("resize_axes", resize(axes=[2, 4]))
    bad("resize_axes_count", resize(axes=[2, 3]))
    bad("resize_channels", resize(inits=[init("scales", np.float32([1, 2, 2, 2]))]))
    bad("resize_neither", resize(inputs=("x",)))


def bad_quantized():
    s, z = init("s", np.float32(0.25)), init("z", np.int8(3))
    bad("quantize_output", single("QuantizeLinear", "x s z", inits=[s, z]))
    bad("quantize_axis", single("QuantizeLinear", "x k", inits=[init("k", np.float32([1, 2, 3]))], axis=1))
    bad("quantize_blocks", single("QuantizeLinear", "x s z", opset=21, inits=[s, z], block_size=2))
    bad("quantize_float8", single("QuantizeLinear", "x s", opset=21, inits=[s], output_dtype=TensorProto.FLOAT8E4M3FN))
    bad("quantize_negative", single("QuantizeLinear", "x k", inits=[init("k", np.float32(-1))]))
    nodes = [node("QuantizeLinear", "x s z", "q"), node("DequantizeLinear", "q k z", "y", name="the_node")]
    bad("dequantize_scale", model(nodes, X, Y, [s, z, init("k", np.float32(0.5))]))


def bad_moves():
    """Sizes that only a run would know, and forms that are none."""
    bad("size_from_data", model([node("Cast", "x", "c", to=TensorProto.INT64), node("Reshape", "x c", "y", name="the_node")], X, Y))
    bad("topk_from_data", model([node("ReduceMax", "x", "m", keepdims=0), node("Cast", "m", "c", to=TensorProto.INT64),
                                 node("TopK", "x c", "y i", name="the_node")], X, Y))
    bad("topk_no_k", single("TopK", opset=9))
    bad("topk_outputs", model([node("TopK", "x k", "y i j", name="the_node")], X, Y, [ints("k", 1)]))
    bad("split_number", model([node("Split", "x", "y z", name="the_node", num_outputs=3)], X, Y, opset=18))
    bad("fill_two", model([node("Shape", "x", "s"), node("ConstantOfShape", "s", "y", name="the_node", value=init("", np.float32([1, 2])))],
                          X, Y))
    bad("pad_mode", single("Pad", "x p", inits=[ints("p", *[0] * 8)], mode="symmetric"))
    bad("reduce_axis", model([node("ReduceSum", "x axes", "y", name="the_node")], X, Y, [ints("axes", 4)]))


def bad_tensors():
    def with_tensor(t):
        return single("Add", "x k", inits=[t])
    t = init("k", np.float32([1, 2]))
    t.raw_data = t.raw_data[:-1]
    bad("tensor_short", with_tensor(t))
    t = helper.make_tensor("k", F, [3], [1, 2, 3])
    del t.float_data[2:]
    bad("tensor_few", with_tensor(t))
    t = init("k", np.float32([1, 2]))
    t.float_data.extend([1, 2])
    bad("tensor_both", with_tensor(t))
    t = init("k", np.float32([1, 2]))
    t.dims[0] = -2
    bad("tensor_negative", with_tensor(t))
    t = init("k", np.float32([1, 2]))
    t.dims[:] = [1 << 40, 1 << 40]
    bad("tensor_overflow", with_tensor(t))
    t = init("k", np.float32([1, 2]))
    t.ClearField("raw_data")
    t.data_location = TensorProto.EXTERNAL
    t.external_data.add(key="location", value="../secret")
    bad("tensor_external", with_tensor(t))
    bad("tensor_double", with_tensor(init("k", np.float64([1, 1e300]))))
    bad("tensor_uint16", with_tensor(init("k", np.uint16([1, 2]))))
    bad("constant_string", model([helper.make_node("Constant", [], ["k"], name="the_node", value_string="a"),
                                  node("Add", "x k", "y")], X, Y))


if __name__ == "__main__":
    os.makedirs(os.path.join(HERE, "bad"), exist_ok=True)
    for make in (detector, old_forms, new_forms, splits, moving, matrices, shared_weights, storage, quantized,
                 not_finite, dimensions, elements, tail,
                 bad_nodes, bad_convs,
                 bad_resizes, bad_quantized, bad_moves, bad_tensors):
        make()
