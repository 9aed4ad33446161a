# SPDX-License-Identifier: Apache-2.0
"""Every form that an operator had in opsets 7 to 25, by one small model each: against ONNX Runtime.

ONNX's own node tests know the forms of their own version only; exporters still write the old ones. A model is a list
of nodes from "x" (and "i", an integer input) to "y", constants by name. Outputs must have ONNX Runtime's type and shape,
and max |a - b| <= 1e-5 max |b| (integers: equal).

usage: forms.py [--only NAME] [--keep FOLDER]
"""
import argparse
import os
import re
import subprocess
import sys
import tempfile

try:
    import numpy as np
    import onnx
    import onnxruntime as ort
    from onnx import TensorProto, helper, numpy_helper
    from onnx.reference import ReferenceEvaluator
except ImportError as e:
    print(f"skipped: {e}")
    sys.exit(77)

TOLERANCE = 1e-5
RNG = np.random.default_rng(11)
PICTURE = (2, 4, 6, 5)


def floats(*v):
    return np.array(v, np.float32)


def ints(*v):
    return np.array(v, np.int64)


def noise(*shape):
    return RNG.standard_normal(shape).astype(np.float32)


class Form:
    """One model. `nodes`: (operator, "inputs", "outputs", attributes)."""

    def __init__(self, name, opset, nodes, constants=None, x=PICTURE, outputs="y", x_type=np.float32):
        self.name, self.opset, self.nodes, self.constants = f"{name}-{opset}", opset, nodes, constants or {}
        self.outputs = outputs.split()
        if x_type == np.float32:
            self.x = RNG.standard_normal(x).astype(np.float32) * 2
        else:
            self.x = RNG.integers(0, 200, x).astype(x_type)

    def model(self):
        nodes = [helper.make_node(op, i.split(" ") if i else [], o.split(" "), name=f"n{k}", **a)
                 for k, (op, i, o, a) in enumerate(self.nodes)]
        x = helper.make_tensor_value_info("x", helper.np_dtype_to_tensor_dtype(self.x.dtype),
                                          [f"d{k}" for k in range(self.x.ndim)])
        y = [helper.make_tensor_value_info(o, TensorProto.UNDEFINED, None) for o in self.outputs]
        graph = helper.make_graph(nodes, self.name, [x], y,
                                  [numpy_helper.from_array(np.asarray(v), k) for k, v in self.constants.items()])
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", self.opset)], ir_version=8)
        return onnx.shape_inference.infer_shapes(model)


def one(op, opset, constants=None, x=PICTURE, name=None, outputs="y", x_type=np.float32, **attributes):
    """A single node: its inputs are x and the constants, in their order ("" where one is left out)."""
    inputs = " ".join(["x", *(k if v is not None else "" for k, v in (constants or {}).items())])
    return Form(name or op, opset, [(op, inputs, outputs.replace(" ", " "), attributes)],
                {k: v for k, v in (constants or {}).items() if v is not None}, x, outputs, x_type)


def padding():
    for opset in (7, 10):
        yield one("Pad", opset, pads=[0, 0, 1, 2, 0, 0, 0, 1], value=1.5)
        yield one("Pad", opset, pads=[0, 0, 1, 2, 0, 0, 2, 1], mode="reflect", name="Pad_reflect")
        yield one("Pad", opset, pads=[0, 1, 0, 2, 0, 0, 2, 0], mode="edge", name="Pad_edge")
    for opset in (11, 13, 18):
        yield one("Pad", opset, {"p": ints(0, 0, 1, 2, 0, 0, 0, 1), "v": np.float32(-2)})
        yield one("Pad", opset, {"p": ints(0, 0, -1, 2, 0, 0, 0, -1)}, name="Pad_crop")
        yield one("Pad", opset, {"p": ints(0, 0, 3, 2, 0, 0, 2, 1)}, mode="reflect", name="Pad_reflect")
    for opset in (18, 21):
        yield one("Pad", opset, {"p": ints(1, 2, 0, 1), "v": None, "a": ints(2, -1)}, name="Pad_axes")
    yield one("Pad", 19, {"p": ints(0, 0, 2, 2, 0, 0, 2, 3)}, mode="wrap", name="Pad_wrap")


def slicing():
    for opset in (7, 9):
        yield one("Slice", opset, starts=[1, 0], ends=[5, 3], axes=[2, 3])
        yield one("Slice", opset, starts=[0, 1, -4, 0], ends=[9, 4, -1, 1000], name="Slice_all")
    for opset in (10, 11, 13):
        yield one("Slice", opset, {"s": ints(5), "e": ints(-100), "a": ints(-2), "t": ints(-2)})
        yield one("Slice", opset, {"s": ints(1, 1), "e": ints(2, 3)}, name="Slice_leading")
    for opset in (7, 12):
        yield one("Split", opset, axis=1, split=[1, 3], outputs="y z")
        yield one("Split", opset, axis=2, outputs="y z", name="Split_even")
    yield one("Split", 13, {"s": ints(2, 2)}, axis=1, outputs="y z")
    yield one("Split", 13, axis=1, outputs="y z w v", name="Split_even")
    yield one("Split", 18, axis=3, num_outputs=3, outputs="y z w", name="Split_count")
    for opset in (7, 11, 13):
        yield one("Gather", opset, {"k": ints(0, 2)}, axis=1)
    yield one("Gather", 11, {"k": ints(-1)}, axis=1, name="Gather_negative")
    for opset in (7, 11, 13):
        yield one("Concat", opset, {"c": noise(2, 3, 6, 5)}, axis=1)
    yield one("Tile", 7, {"r": ints(1, 2, 1, 3)})
    yield one("Tile", 13, {"r": ints(2, 1, 1, 1)})
    yield one("Expand", 8, {"s": ints(2, 1, 6, 1)}, x=(4, 1, 5))
    yield one("Expand", 13, {"s": ints(1, 5)}, x=(3, 1))
    yield one("SpaceToDepth", 7, blocksize=2, x=(1, 3, 4, 6))
    yield one("SpaceToDepth", 13, blocksize=3, x=(2, 1, 6, 3))
    yield one("DepthToSpace", 7, blocksize=2, x=(1, 8, 2, 3))
    yield one("DepthToSpace", 11, blocksize=2, x=(1, 8, 2, 3), mode="CRD", name="DepthToSpace_CRD")


def reshaping():
    for opset in (7, 13, 14, 19):
        yield one("Reshape", opset, {"s": ints(0, -1, 5)})
    for opset in (7, 9, 11, 13):
        yield one("Flatten", opset, axis=2)
    yield one("Flatten", 13, axis=-1, name="Flatten_negative")
    for opset in (7, 11):
        yield one("Squeeze", opset, axes=[1], x=(2, 1, 3, 1))
        yield one("Squeeze", opset, x=(2, 1, 3, 4), axes=[1], name="Squeeze_one")
        yield one("Unsqueeze", opset, axes=[0, 3], x=(2, 3))
    yield one("Squeeze", 11, axes=[-1, 1], x=(2, 1, 3, 1), name="Squeeze_negative")
    for opset in (13, 21, 23):
        yield one("Squeeze", opset, {"a": ints(1, -1)}, x=(2, 1, 3, 1))
        yield one("Unsqueeze", opset, {"a": ints(0, -1)}, x=(2, 3))
    yield one("Transpose", 7, perm=[0, 2, 3, 1])
    yield one("Transpose", 13, name="Transpose_reversed")
    for opset in (7, 13, 15):
        yield one("Shape", opset)
    yield one("Shape", 15, start=1, end=-1, name="Shape_part")
    yield one("Size", 7)


def activations():
    yield one("Clip", 7, min=-0.5, max=1.0)
    yield one("Clip", 10, max=0.25, name="Clip_upper")
    yield one("Clip", 11, {"lo": np.float32(-1)}, name="Clip_lower")
    yield one("Clip", 12, {"lo": None, "hi": np.float32(0.5)}, name="Clip_upper")
    yield one("Clip", 13, {"lo": np.float32(-1), "hi": np.float32(1)})
    for opset in (7, 11, 13):
        for axis in (0, 1, 3):
            yield one("Softmax", opset, axis=axis, name=f"Softmax_{axis}")
            yield one("LogSoftmax", opset, axis=axis, name=f"LogSoftmax_{axis}")
        yield one("Softmax", opset, name="Softmax_default")
    yield one("LeakyRelu", 7, alpha=0.2)
    yield one("LeakyRelu", 16)
    yield one("PRelu", 7, {"s": noise(4, 1, 1)})
    yield one("PRelu", 16, {"s": noise(1)})
    yield one("Elu", 7, alpha=0.5)
    yield one("HardSigmoid", 7, alpha=0.3, beta=0.4)
    yield one("HardSigmoid", 22)
    yield one("HardSwish", 14)
    for op in ("Relu", "Sigmoid", "Tanh", "Exp", "Abs", "Neg", "Floor", "Ceil", "Softplus"):
        for opset in (7, 14):
            yield one(op, opset)
    yield one("Gelu", 20, approximate="tanh")
    yield one("Mish", 18)
    for opset in (7, 10):
        yield one("Dropout", opset, ratio=0.4)
    yield one("Dropout", 12, {"r": np.float32(0.4)})
    yield one("Dropout", 13, name="Dropout_default")


def normalizations():
    p = {"s": noise(4), "b": noise(4), "m": noise(4), "v": np.abs(noise(4)) + 0.1}
    for opset in (7, 9, 14, 15):
        yield one("BatchNormalization", opset, p, epsilon=1e-3)
    yield one("BatchNormalization", 7, p, spatial=1, name="BatchNormalization_spatial")
    yield one("InstanceNormalization", 7, {"s": noise(4), "b": noise(4)})
    yield one("LayerNormalization", 17, {"s": noise(5), "b": noise(5)})
    yield one("GroupNormalization", 21, {"s": noise(4), "b": noise(4)}, num_groups=2)
    for opset in (7, 9, 11, 13):
        yield one("Gemm", opset, {"w": noise(3, 5), "c": noise(3)}, x=(2, 5), transB=1, alpha=0.5, beta=2.0)
    yield one("Gemm", 11, {"w": noise(5, 3)}, x=(5, 2), transA=1, name="Gemm_without_bias")
    yield one("MatMul", 7, {"w": noise(5, 3)})
    yield one("MatMul", 13, {"w": noise(4, 5, 2)}, name="MatMul_stack")


def reductions():
    for op in ("ReduceSum", "ReduceMean", "ReduceMax", "ReduceMin", "ReduceL2", "ReduceProd", "ReduceSumSquare"):
        for opset in (7, 11):
            yield one(op, opset, axes=[2, 3])
            yield one(op, opset, axes=[1], keepdims=0, name=f"{op}_dropped")
        yield one(op, 11, axes=[-1], name=f"{op}_negative")
        yield one(op, 11, name=f"{op}_all")
    yield one("ReduceSum", 13, {"a": ints(1, -1)})
    yield one("ReduceSum", 13, {"a": np.zeros(0, np.int64)}, noop_with_empty_axes=1, name="ReduceSum_noop")
    yield one("ReduceMean", 18, {"a": ints(2, 3)}, keepdims=0)
    yield one("ReduceMax", 18, {"a": ints(0)})
    for opset in (7, 11, 13):
        yield one("ArgMax", opset, axis=1)
        yield one("ArgMin", opset, axis=2, keepdims=0)
    yield one("ArgMax", 12, axis=1, select_last_index=1, name="ArgMax_last")
    yield one("TopK", 7, axis=1, k=2, outputs="y z")
    yield one("TopK", 10, {"k": ints(3)}, axis=3, outputs="y z")
    yield one("TopK", 11, {"k": ints(2)}, axis=1, largest=0, outputs="y z", name="TopK_smallest")


def windows():
    for opset in (7, 8, 10, 11, 12):
        yield one("MaxPool", opset, kernel_shape=[3, 2], strides=[2, 1], pads=[1, 0, 1, 1])
        yield one("AveragePool", opset, kernel_shape=[3, 3], strides=[2, 2], pads=[1, 1, 1, 1])
        yield one("AveragePool", opset, kernel_shape=[3, 3], pads=[1, 1, 1, 1], count_include_pad=1, name="AveragePool_pad")
    yield one("MaxPool", 10, kernel_shape=[2, 2], strides=[2, 2], ceil_mode=1, name="MaxPool_ceil")
    yield one("MaxPool", 10, kernel_shape=[2, 2], dilations=[2, 2], name="MaxPool_dilated")
    yield one("AveragePool", 10, kernel_shape=[2, 2], strides=[2, 2], ceil_mode=1, name="AveragePool_ceil")
    yield one("AveragePool", 19, kernel_shape=[2, 2], dilations=[2, 2], name="AveragePool_dilated")
    for opset in (7, 22):
        yield one("GlobalAveragePool", opset)
        yield one("GlobalMaxPool", opset)
    for opset in (7, 11, 22):
        yield one("Conv", opset, {"w": noise(3, 4, 3, 3), "b": noise(3)}, auto_pad="SAME_UPPER", strides=[2, 2])
        yield one("ConvTranspose", opset, {"w": noise(4, 3, 3, 3)}, strides=[2, 2], pads=[1, 1, 1, 1])
    yield one("ConvTranspose", 11, {"w": noise(4, 3, 3, 3)}, strides=[2, 2], output_shape=[12, 10], name="ConvTranspose_shape")


def resizing():
    for mode in ("nearest", "linear"):
        yield one("Upsample", 7, scales=[1.0, 1.0, 2.0, 3.0], mode=mode, name=f"Upsample_{mode}")
        yield one("Upsample", 9, {"s": floats(1, 1, 2, 2)}, mode=mode, name=f"Upsample_{mode}")
        yield one("Resize", 10, {"s": floats(1, 1, 2, 2)}, mode=mode, name=f"Resize_{mode}")
        yield one("Resize", 10, {"s": floats(1, 1, 0.5, 0.6)}, mode=mode, name=f"Resize_down_{mode}")
        for opset in (11, 13, 18, 19):
            yield one("Resize", opset, {"r": np.zeros(0, np.float32), "s": floats(1, 1, 1.5, 2)}, mode=mode, name=f"Resize_{mode}")
            yield one("Resize", opset, {"r": None, "s": None, "z": ints(2, 4, 9, 3)}, mode=mode, name=f"Resize_sizes_{mode}",
                      coordinate_transformation_mode="align_corners")
    yield one("Resize", 13, {"r": None, "s": floats(1, 1, 2, 2)}, mode="cubic", name="Resize_cubic")


def constants():
    yield Form("Constant", 7, [("Constant", "", "c", {"value": numpy_helper.from_array(noise(5), "c")}), ("Add", "x c", "y", {})])
    yield Form("Constant_float", 12, [("Constant", "", "c", {"value_float": 0.5}), ("Mul", "x c", "y", {})])
    yield Form("Constant_floats", 12, [("Constant", "", "c", {"value_floats": [1.0, 2.0, 3.0, 4.0, 5.0]}), ("Mul", "x c", "y", {})])
    yield Form("Constant_int", 13, [("Constant", "", "k", {"value_int": 1}), ("Gather", "x k", "y", {"axis": 1})])
    yield Form("Constant_ints", 13, [("Constant", "", "s", {"value_ints": [2, -1]}), ("Reshape", "x s", "y", {})])
    yield Form("ConstantOfShape", 9, [("Shape", "x", "s", {}), ("ConstantOfShape", "s", "c", {
        "value": numpy_helper.from_array(floats(2), "v")}), ("Mul", "x c", "y", {})])
    yield Form("Range", 11, [("Range", "a b c", "r", {}), ("Add", "x r", "y", {})], {
        "a": np.float32(0), "b": np.float32(5), "c": np.float32(1)})
    for opset in (7, 9, 13, 19):
        yield Form("Cast", opset, [("Cast", "x", "k", {"to": TensorProto.INT32}), ("Cast", "k", "y", {"to": TensorProto.FLOAT})])
    yield Form("Cast_bool", 13, [("Cast", "x", "y", {"to": TensorProto.BOOL})])
    yield Form("Cast_u8", 13, [("Cast", "x", "f", {"to": TensorProto.FLOAT}), ("Transpose", "f", "y", {"perm": [0, 3, 1, 2]})],
               x=(1, 4, 5, 3), x_type=np.uint8)
    yield Form("Transpose_u8", 13, [("Transpose", "x", "t", {"perm": [0, 3, 1, 2]}), ("Cast", "t", "y", {"to": TensorProto.FLOAT})],
               x=(1, 4, 5, 3), x_type=np.uint8)
    for opset in (7, 13, 14):
        for op in ("Add", "Sub", "Mul", "Div"):
            yield one(op, opset, {"c": noise(4, 1, 1)})
    yield one("Pow", 7, {"e": floats(2)})
    yield one("Pow", 13, {"e": ints(3)}, name="Pow_int")
    for opset in (8, 12, 13):
        yield one("Max", opset, {"c": noise(5)})
        yield one("Min", opset, {"c": noise(5)})


def quantization():
    """Of activations and of weights; scales that are powers of two, so that every runtime rounds alike."""
    def pair(zero, opset, name):
        return Form(f"QuantizeLinear_{name}", opset, [("QuantizeLinear", "x s z", "q", {}), ("DequantizeLinear", "q s z", "y", {})],
                    {"s": np.float32(1 / 64), "z": zero})
    for opset in (10, 13, 19, 21, 23):
        yield pair(np.uint8(100), opset, "u8")
        yield pair(np.int8(-7), opset, "s8")
    yield Form("QuantizeLinear_without_zero", 13, [("QuantizeLinear", "x s", "q", {}), ("DequantizeLinear", "q s", "y", {})],
               {"s": np.float32(1 / 32)})
    yield Form("QuantizeLinear_output", 13, [("QuantizeLinear", "x s z", "y", {})], {"s": np.float32(0.25), "z": np.uint8(128)})
    yield Form("QuantizeLinear_bytes", 13, [("QuantizeLinear", "x s z", "q", {}), ("Transpose", "q", "t", {"perm": [0, 2, 3, 1]}),
                                            ("DequantizeLinear", "t s z", "y", {})], {"s": np.float32(1 / 16), "z": np.uint8(60)})
    yield Form("DequantizeLinear_input", 13, [("DequantizeLinear", "x s z", "y", {})],
               {"s": np.float32(0.5), "z": np.uint8(7)}, x_type=np.uint8)
    weights = {"w": RNG.integers(-127, 128, (3, 4, 3, 3)).astype(np.int8), "s": np.float32([.01, .02, .005]), "z": np.zeros(3, np.int8),
               "b": RNG.integers(-9, 9, 3).astype(np.int32), "t": np.float32([.1, .2, .3])}
    yield Form("DequantizeLinear_weights", 13, [("DequantizeLinear", "w s z", "d", {"axis": 0}), ("DequantizeLinear", "b t", "e", {"axis": 0}),
                                                ("Conv", "x d e", "y", {})], weights)
    yield Form("DequantizeLinear_constant", 13, [("DequantizeLinear", "w s z", "d", {"axis": 1}), ("Add", "x d", "y", {})],
               {"w": RNG.integers(0, 255, (4, 1, 1)).astype(np.uint8), "s": np.float32(0.1), "z": np.uint8(9)})
    yield Form("QuantizeLinear_network", 13, [
        ("QuantizeLinear", "x xs xz", "xq", {}), ("DequantizeLinear", "xq xs xz", "xd", {}),
        ("DequantizeLinear", "w s z", "d", {"axis": 0}), ("Conv", "xd d", "c", {"pads": [1] * 4}), ("Relu", "c", "r", {}),
        ("QuantizeLinear", "r ys yz", "rq", {}), ("DequantizeLinear", "rq ys yz", "y", {})],
        {**{k: weights[k] for k in "wz"}, "s": np.float32([1 / 64, 1 / 128, 1 / 256]), "xs": np.float32(1 / 16), "xz": np.uint8(120),
         "ys": np.float32(1 / 4), "yz": np.uint8(0)})


FAMILIES = (padding, slicing, reshaping, activations, normalizations, reductions, windows, resizing, constants, quantization)


# ---- running ----

def compare(got, want):
    if got.dtype != want.dtype or got.shape != want.shape:
        return f"{got.dtype} {got.shape}, expected {want.dtype} {want.shape}"
    if want.dtype != np.float32:
        return None if np.array_equal(got, want) else "other integers"
    error = np.abs(got - want).max(initial=0) / max(np.abs(want).max(initial=0), 1e-30)
    return None if error <= TOLERANCE else f"differs by {error:.1e} of the largest value"


def expected(form, model):
    """By ONNX Runtime; by ONNX's reference where ONNX Runtime lacks the form."""
    options = ort.SessionOptions()
    options.log_severity_level = 4
    options.graph_optimization_level = ort.GraphOptimizationLevel.ORT_DISABLE_ALL
    try:
        session = ort.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])
    except (ort.capi.onnxruntime_pybind11_state.NotImplemented, ort.capi.onnxruntime_pybind11_state.InvalidGraph,
            ort.capi.onnxruntime_pybind11_state.InvalidArgument, ort.capi.onnxruntime_pybind11_state.Fail):
        print(f"{form.name}: not in ONNX Runtime, against ONNX's reference")
        session = ReferenceEvaluator(model)
    return [np.asarray(v) for v in session.run(form.outputs, {"x": form.x})]


def check(form, dsq, work):
    """None, or what is wrong."""
    model = form.model()
    path = f"{work}/model.onnx"
    onnx.save(model, path)
    np.save(f"{work}/x.npy", form.x)
    want = expected(form, model)
    p = subprocess.run([dsq, "run", path, "--quiet", "--threads=1", f"--input=x={work}/x.npy", f"--output-dir={work}"],
                       stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, check=False)
    if p.returncode:
        return p.stderr.strip()
    for name, w in zip(form.outputs, want):
        text = compare(np.load(f"{work}/{name}.npy"), w)
        if text:
            return f"{name}: {text}"
    return None


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--only", default="")
    parser.add_argument("--keep")
    args = parser.parse_args()
    forms = [f for family in FAMILIES for f in family() if re.search(args.only, f.name)]
    failed = 0
    with tempfile.TemporaryDirectory() as scratch:
        for i, form in enumerate(forms):
            work = os.path.join(args.keep or scratch, f"{i:03}_{form.name}")
            os.makedirs(work, exist_ok=True)
            text = check(form, os.environ.get("DSQ", "build/dsq"), work)
            failed += bool(text)
            if text:
                print(f"{form.name}: {text}")
    print(f"{len(forms)} forms, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
