# SPDX-License-Identifier: Apache-2.0
"""Models whose header fixes their size, at other sizes: against ONNX Runtime on the same model with a symbolic header.

Small models that work at any size, and small ones that do not and must say which node; and yolox_nano (1x3x416x416)
with a profile, where the test data has it.
"""
import os
import subprocess
import sys

try:
    import numpy as np
    import onnx
    import onnxruntime as ort
    from onnx import TensorProto, helper, numpy_helper
except ImportError as e:
    print(f"skipped: {e}")
    sys.exit(77)

TOLERANCE = 1e-4
YOLOX = os.path.join(os.environ.get("DSQ_DATA", "../shared/data"), "models", "yolox_nano.onnx")
PROFILE = ["--minShapes={0}:1x3x64x64", "--optShapes={0}:1x3x416x416", "--maxShapes={0}:{1}x3x640x640"]


def small(nodes, constants, size=(1, 3, 64, 64)):
    """A model x -> y of a fixed size: two strided convolutions, then `nodes` from "c", 8 channels at stride 4."""
    rng = np.random.default_rng(1)
    weights = {"w1": rng.standard_normal((8, 3, 3, 3)).astype(np.float32) / 5,
               "w2": rng.standard_normal((8, 8, 3, 3)).astype(np.float32) / 8, **constants}
    body = [helper.make_node("Conv", ["x", "w1"], ["a"], strides=[2, 2], pads=[1] * 4),
            helper.make_node("Conv", ["a", "w2"], ["c"], strides=[2, 2], pads=[1] * 4)]
    body += [helper.make_node(op, i.split(" "), [o], name=f"{op}_{o}", **a) for op, i, o, a in nodes]
    graph = helper.make_graph(body, "g", [helper.make_tensor_value_info("x", TensorProto.FLOAT, size)],
                              [helper.make_tensor_value_info("y", TensorProto.FLOAT, None)],
                              [numpy_helper.from_array(v, k) for k, v in weights.items()])
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)


def ints(*v):
    return np.array(v, np.int64)


# Work at any size, and for any batch.
GOOD = {
    "rows": small([("Reshape", "c s", "r", {}), ("Transpose", "r", "y", {"perm": [0, 2, 1]})], {"s": ints(0, 8, -1)}),
    "pyramid": small([("Resize", "c  two", "u", {"mode": "nearest"}), ("Add", "a u", "y", {})],
                     {"two": np.array([1, 1, 2, 2], np.float32)}),
}
# Work at any size, but pictures must come one by one.
GOOD_ALONE = {
    "rows_of_one": small([("Reshape", "c s", "r", {}), ("Transpose", "r", "y", {"perm": [0, 2, 1]})], {"s": ints(1, 8, -1)}),
}
# Were made for 64x64: what must be named.
BAD = {
    "reshape": (small([("Reshape", "c s", "y", {})], {"s": ints(1, 8, 256)}), "node 'Reshape_y' (reshape)"),
    "shuffle": (small([("Reshape", "c s", "r", {}), ("Transpose", "r", "t", {"perm": [0, 2, 1, 3, 4]}),
                       ("Reshape", "t d", "y", {})], {"s": ints(1, 2, 4, 16, 16), "d": ints(1, 8, 16, 16)}),
                "node 'Reshape_r' (reshape)"),
    "half": (small([("Reshape", "c s", "y", {})], {"s": ints(1, -1, 16, 8)}), "node 'Reshape_y' (reshape)"),
    "grid": (small([("Add", "c g", "y", {})], {"g": np.ones((1, 1, 16, 16), np.float32)}), "node 'Add_y' (add)"),
    "sizes": (small([("Resize", "c   s", "u", {"mode": "nearest"}), ("Add", "a u", "y", {})], {"s": ints(1, 8, 32, 32)}),
              "node 'Add_y' (add)"),
}


def symbolic(model):
    """The same model with names for the sizes of its header."""
    free = onnx.ModelProto()
    free.CopyFrom(model)
    for k in (0, 2, 3):
        free.graph.input[0].type.tensor_type.shape.dim[k].dim_param = f"d{k}"
    for o in free.graph.output:
        o.type.tensor_type.ClearField("shape")
    del free.graph.value_info[:]
    return free


class Checker:
    def __init__(self, dsq, work):
        self.dsq, self.work, self.failed = dsq, work, 0

    def run(self, *command):
        return subprocess.run([self.dsq, *command], capture_output=True, text=True, check=False)

    def fail(self, text):
        print(text)
        self.failed += 1

    def build(self, name, path, batch):
        """The engine of a profile with other sizes than the header; and the command's result."""
        x = onnx.load(path).graph.input[0].name
        engine = f"{self.work}/{name}.engine"
        return engine, self.run("build", path, *(p.format(x, batch) for p in PROFILE), "-o", engine)

    def compare(self, name, path, engine, sizes):
        model = symbolic(onnx.load(path))
        options = ort.SessionOptions()
        options.log_severity_level = 3
        session = ort.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])
        x = model.graph.input[0].name
        for size in sizes:
            v = np.random.default_rng(7).uniform(0, 255, size).astype(np.float32)  # as pixels are
            np.save(f"{self.work}/x.npy", v)
            p = self.run("run", engine, "--quiet", "--input", f"{x}={self.work}/x.npy", "--output-dir", self.work)
            if p.returncode:
                self.fail(f"{name} at {size}: {p.stderr}")
                continue
            for o, want in zip(session.get_outputs(), session.run(None, {x: v})):
                got = np.load(f"{self.work}/{o.name}.npy")
                if got.shape != want.shape or not np.abs(got - want).max() <= TOLERANCE * np.abs(want).max():
                    self.fail(f"{name} at {size}: {o.name} differs from ONNX Runtime's")

    def good(self, name, path, sizes):
        engine, p = self.build(name, path, max(s[0] for s in sizes))
        if p.returncode:
            return self.fail(f"{name}: {p.stderr}")
        self.compare(name, path, engine, sizes)
        return self.compare(name, path, path, sizes)  # a model as such is as free as it can be

    def bad(self, name, path, named, batch=1):
        _, p = self.build(name, path, batch)
        if p.returncode != 1 or named not in p.stderr or p.stderr.count("\n") != 1:
            self.fail(f"{name}: exit {p.returncode}, expected one line with {named}: {p.stderr}")

    def save(self, name, model):
        path = f"{self.work}/{name}.onnx"
        onnx.save(model, path)
        return path


def main():
    work = os.path.join(os.environ["E2E_DIR"], "freed_sizes")
    os.makedirs(work, exist_ok=True)
    c = Checker(os.environ["DSQ"], work)
    alone, together = [(1, 3, 64, 64), (1, 3, 97, 140)], [(2, 3, 128, 96), (1, 3, 96, 160)]
    for name, model in GOOD.items():
        c.good(name, c.save(name, model), together)
    for name, model in GOOD_ALONE.items():
        path = c.save(name, model)
        c.good(name, path, alone)
        c.bad(name, path, "node 'Reshape_r' (reshape): its output does not keep the batch", 2)
    for name, (model, named) in BAD.items():
        c.bad(name, c.save(name, model), named)
    if os.path.exists(YOLOX):
        c.good("yolox_nano", YOLOX, [(1, 3, 320, 448), (1, 3, 480, 640)])
        c.bad("yolox_nano", YOLOX, "node 'Reshape_405' (reshape): its output does not keep the batch", 2)
    else:
        print(f"without yolox_nano: no {YOLOX}")
    return 1 if c.failed else 0


if __name__ == "__main__":
    sys.exit(main())
