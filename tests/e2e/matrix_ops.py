# SPDX-License-Identifier: Apache-2.0
"""Products, convolutions of every form and normalizations, one or a few nodes at a time, against ONNX Runtime:
shapes equal, max |a - b| <= 2e-5 max |b|. What ONNX Runtime refuses does not count.

usage: matrix_ops.py [--only TEXT] [--seed N]
"""
import argparse
import itertools
import os
import subprocess
import sys
import tempfile

try:
    import numpy as np
    import onnxruntime as ort
    from onnx import TensorProto, helper, numpy_helper
except ImportError as e:
    print(f"skipped: {e}")
    sys.exit(77)

TOLERANCE = 2e-5
RANDOM = 15 if os.environ.get("SANITIZE") else 60
node = helper.make_node


class Cases:
    def __init__(self, only, seed):
        self.only, self.rng = only, np.random.default_rng(seed)
        self.right = self.refused = 0
        self.wrong = []

    def floats(self, *shape):
        return self.rng.standard_normal(shape).astype(np.float32)

    def pick(self, low, high):
        return int(self.rng.integers(low, high + 1))

    def reference(self, model, inputs, outputs):
        options = ort.SessionOptions()
        options.graph_optimization_level = ort.GraphOptimizationLevel.ORT_DISABLE_ALL
        options.log_severity_level = 4
        options.intra_op_num_threads = 1
        try:
            return ort.InferenceSession(model, options).run(outputs, inputs)
        except Exception:  # its exceptions have no common class
            return None

    def check(self, name, nodes, inputs, constants, opset=13, outputs=("y",)):
        if self.only not in name:
            return
        values = [helper.make_tensor_value_info(k, TensorProto.FLOAT, [f"{k}{i}" for i in range(v.ndim)])
                  for k, v in inputs.items()]
        graph = helper.make_graph(nodes, "g", values,
                                  [helper.make_tensor_value_info(o, TensorProto.FLOAT, None) for o in outputs],
                                  [numpy_helper.from_array(v, k) for k, v in constants.items()])
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=8)
        expected = self.reference(model.SerializeToString(), inputs, list(outputs))
        if expected is None:
            self.refused += 1
            return
        problem = self.run(model, inputs, outputs, expected)
        if problem:
            self.wrong.append(name)
            print(f"{name}: {problem}")
        else:
            self.right += 1

    def run(self, model, inputs, outputs, expected):
        with tempfile.TemporaryDirectory() as d:
            with open(f"{d}/m.onnx", "wb") as f:
                f.write(model.SerializeToString())
            command = [os.environ.get("DSQ", "build/dsq"), "run", f"{d}/m.onnx", "--output-dir", d]
            for k, v in inputs.items():
                np.save(f"{d}/in_{k}.npy", v)
                command += ["--input", f"{k}={d}/in_{k}.npy"]
            r = subprocess.run(command, capture_output=True, text=True)
            if r.returncode:
                return f"exit {r.returncode}: {r.stderr.strip()[-300:]}"
            for o, e in zip(outputs, expected):
                y = np.load(f"{d}/{o}.npy")
                if y.shape != e.shape:
                    return f"'{o}' has shape {y.shape}, expected {e.shape}"
                most = np.abs(e).max() if e.size else 0
                if e.size and not np.abs(y - e).max() <= TOLERANCE * max(most, 1):
                    return f"'{o}' differs by {np.abs(y - e).max():.3g} of {most:.3g}"
        return None


def products(c):
    shapes = [((3, 4), (4, 5)), ((2, 3, 4), (2, 4, 5)), ((2, 3, 4), (4, 5)), ((3, 4), (2, 4, 5)), ((4,), (4,)), ((4,), (4, 5)),
              ((2, 1, 3, 4), (1, 5, 4, 6)), ((3, 4), (4,)), ((2, 3, 4), (4,)), ((4,), (2, 4, 5)), ((1, 7, 300), (1, 300, 77)),
              ((2, 3, 0), (2, 0, 5)), ((8, 50, 32), (8, 32, 50))]
    for sa, sb in shapes:
        a, b = c.floats(*sa), c.floats(*sb)
        last = (a @ b).shape[-1:] or (1,)
        matmul = node("MatMul", ["a", "b"], ["y"])
        c.check(f"matmul {sa} {sb}", [matmul], {"a": a, "b": b}, {})
        c.check(f"matmul {sa} const {sb}", [matmul], {"a": a}, {"b": b})
        c.check(f"matmul const {sa} {sb}", [matmul], {"b": b}, {"a": a})
        c.check(f"linear {sa} {sb}", [node("MatMul", ["a", "b"], ["c"]), node("Add", ["d", "c"], ["e"]),
                                      node("Relu", ["e"], ["y"])], {"a": a}, {"b": b, "d": c.floats(*last)})
    for trans_a, trans_b, (alpha, beta), shape, const in itertools.product(
            (0, 1), (0, 1), ((1.0, 1.0), (0.25, 0.35)), (None, (9,), (7, 9), (1,), (7, 1), (1, 9)), (False, True)):
        a, b = c.floats(*((13, 7) if trans_a else (7, 13))), c.floats(*((9, 13) if trans_b else (13, 9)))
        given = {"b": b} if shape is None else {"b": b, "c": c.floats(*shape)}
        c.check(f"gemm {trans_a} {trans_b} {alpha} {shape} {const}",
                [node("Gemm", ["a", *given], ["y"], transA=trans_a, transB=trans_b, alpha=alpha, beta=beta)],
                {"a": a} if const else {"a": a, **given}, given if const else {})
    w = c.floats(6, 6)
    c.check("one matrix both ways", [node("Gemm", ["a", "w"], ["b"]), node("Gemm", ["b", "w"], ["c"], transB=1),
                                     node("MatMul", ["c", "w"], ["d"]), node("Add", ["d", "w"], ["y"])],
            {"a": c.floats(6, 6)}, {"w": w})
    c.check("transposed constant", [node("Transpose", ["w"], ["t"]), node("MatMul", ["a", "t"], ["y"]),
                                    node("Relu", ["t"], ["z"])], {"a": c.floats(5, 6)}, {"w": w}, outputs=("y", "z"))


def transposed_attributes(c, k, size):
    s, d = [c.pick(1, 4), c.pick(1, 4)], [c.pick(1, 3), c.pick(1, 3)]
    extent = [(k[i] - 1) * d[i] + 1 for i in range(2)]
    attributes = {"strides": s, "dilations": d}
    extra = [c.pick(0, s[i] - 1) for i in range(2)]
    if any(extra) and c.pick(0, 1):
        attributes["output_padding"] = extra
    mode = c.pick(0, 3)
    if mode < 2:
        attributes["pads"] = [c.pick(0, extent[i] // 2) for i in (0, 1, 0, 1)]
    elif mode == 2 and all(extent[i] >= s[i] for i in range(2)):
        attributes["auto_pad"] = ("SAME_UPPER", "SAME_LOWER", "VALID")[c.pick(0, 2)]
    elif mode == 3:
        attributes["output_shape"] = [max(1, s[i] * (size[i] - 1) + extent[i] - c.pick(0, 3)) for i in range(2)]
        attributes["auto_pad"] = ("SAME_UPPER", "NOTSET")[c.pick(0, 1)]
    return attributes


def convolutions(c):
    for i in range(RANDOM):
        group = (1, 1, 2, 3)[c.pick(0, 3)]
        n_in, each = c.pick(1, 5) * group, c.pick(1, 6)
        if c.pick(0, 3) == 0:
            group, each = n_in, 1
        k, size = [c.pick(1, 5), c.pick(1, 5)], [c.pick(1, 7), c.pick(1, 9)]
        attributes = transposed_attributes(c, k, size)
        act = ("Relu", "Sigmoid", "Identity")[c.pick(0, 2)]
        c.check(f"transposed {i} {k} {size} {group} {attributes}",
                [node("ConvTranspose", ["x", "w", "b"], ["c"], group=group, **attributes), node(act, ["c"], ["y"])],
                {"x": c.floats(c.pick(1, 2), n_in, *size)},
                {"w": c.floats(n_in, each, *k), "b": c.floats(each * group)}, opset=11)
    for i in range(RANDOM):
        group = (1, 1, 2)[c.pick(0, 2)]
        n_in, each = c.pick(1, 5), c.pick(1, 5)
        k, size = [c.pick(1, 5), c.pick(1, 5)], [c.pick(1, 19), c.pick(1, 21)]
        attributes = {"strides": [c.pick(1, 4), c.pick(1, 4)], "group": group}
        same = all(k[i] + 1 >= attributes["strides"][i] for i in range(2))  # otherwise it is refused
        if same and c.pick(0, 2):
            attributes["auto_pad"] = ("SAME_UPPER", "SAME_LOWER", "VALID")[c.pick(0, 2)]
        else:
            attributes.update(pads=[c.pick(0, 3) for _ in range(4)], dilations=[c.pick(1, 3), c.pick(1, 3)])
        c.check(f"conv {i} {k} {size} {attributes}", [node("Conv", ["x", "w", "b"], ["y"], **attributes)],
                {"x": c.floats(2, n_in * group, *size)},
                {"w": c.floats(each * group, n_in, *k), "b": c.floats(each * group)})
    for i in range(RANDOM // 3):
        k, s, d, n_in = c.pick(1, 5), c.pick(1, 3), c.pick(1, 3), c.pick(1, 4)
        given = {"w": c.floats(n_in, n_in, k), "b": c.floats(n_in)}
        for op in ("Conv", "ConvTranspose"):
            c.check(f"{op} of one dimension {i} {k} {s} {d}",
                    [node(op, ["x", "w", "b"], ["y"], strides=[s], dilations=[d], pads=[(k - 1) * d // 2, 0])],
                    {"x": c.floats(2, n_in, c.pick(3, 20))}, given)


def weights(c):
    w = c.floats(6, 4, 3, 3)
    x = {"x": c.floats(1, 4, 8, 8)}
    conv = node("Conv", ["x", "v"], ["y"])
    c.check("weights transposed", [node("Transpose", ["w"], ["v"], perm=[1, 0, 2, 3]), conv], x,
            {"w": np.ascontiguousarray(w.transpose(1, 0, 2, 3))})
    c.check("weights reshaped", [node("Identity", ["w"], ["u"]), node("Reshape", ["u", "s"], ["v"]), conv], x,
            {"w": w.reshape(6, -1), "s": np.int64([0, 4, 3, -1])})
    c.check("batch norm after transposed",
            [node("ConvTranspose", ["x", "w"], ["c"], strides=[2, 2], pads=[1, 1, 1, 1]),
             node("BatchNormalization", ["c", "s", "b", "m", "v"], ["n"]), node("Relu", ["n"], ["y"])], x,
            {"w": c.floats(4, 7, 4, 4), **{k: c.floats(7) for k in "sbm"}, "v": np.abs(c.floats(7)) + 0.1})


def normalizations(c):
    for shape in ((2, 6), (2, 6, 5), (2, 6, 4, 5), (1, 6, 2, 3, 4), (3, 6, 40, 37)):
        p = {k: c.floats(6) for k in "sbm"} | {"v": np.abs(c.floats(6)) + 0.1}
        pair = {k: p[k] for k in "sb"}
        x = {"x": c.floats(*shape) * 3 + 1}
        batch = node("BatchNormalization", ["x", "s", "b", "m", "v"], ["y"], epsilon=1e-3)
        c.check(f"batch norm {shape}", [batch], x, p)
        c.check(f"batch norm, computed statistics {shape}", [batch], {**x, **p}, {})
        for axis in range(-len(shape), len(shape)):
            given = {k: c.floats(*shape[axis:]) for k in "sb"}
            c.check(f"layer norm {shape} {axis}", [node("LayerNormalization", ["x", "s", "b"], ["y"], axis=axis)], x, given, 17)
            c.check(f"layer norm without bias {shape} {axis}", [node("LayerNormalization", ["x", "s"], ["y"], axis=axis)], x,
                    {"s": given["s"]}, 17)
        if len(shape) == 2:
            continue
        c.check(f"instance norm {shape}", [node("InstanceNormalization", ["x", "s", "b"], ["y"])], x, pair)
        for groups in (1, 2, 6):
            group = node("GroupNormalization", ["x", "s", "b"], ["y"], num_groups=groups)
            c.check(f"group norm of 21 {shape} {groups}", [group], x, pair, 21)
            c.check(f"group norm of 18 {shape} {groups}", [group], x, {k: p[k][:groups] for k in "sb"}, 18)
        if len(shape) == 4:
            c.check(f"group norm between convolutions {shape}",
                    [node("Conv", ["x", "k"], ["c"]), node("GroupNormalization", ["c", "s", "b"], ["n"], num_groups=3),
                     node("Conv", ["n", "k"], ["y"])], x, {**pair, "k": c.floats(6, 6, 1, 1)}, 21)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--only", default="")
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args()
    c = Cases(args.only, args.seed)
    for group in (products, convolutions, weights, normalizations):
        group(c)
    print(f"{c.right} right, {len(c.wrong)} wrong, {c.refused} refused by ONNX Runtime")
    if c.right < 4 * c.refused and not args.only:
        print("ONNX Runtime refuses too many of them: this tests little")
        return 1
    return 1 if c.wrong or not c.right else 0


if __name__ == "__main__":
    sys.exit(main())
