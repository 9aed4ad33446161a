# SPDX-License-Identifier: Apache-2.0
"""Models with absurd numbers, through every command that reads a model: exit 1, one line that names the node, no file left."""
import os
import subprocess
import sys
import tempfile

try:
    import numpy as np
    import onnx
    from onnx import TensorProto, helper, numpy_helper
except ImportError as e:
    print(f"skipped: {e}")
    sys.exit(77)

HUGE = 1 << 62


def model(op, constants=None, outputs="y", size=(1, 3, 4, 4), **attributes):
    """y = op(x, constants ...)"""
    constants = {k: np.asarray(v) for k, v in (constants or {}).items()}
    node = helper.make_node(op, ["x", *constants], outputs.split(), name="the_node", **attributes)
    info = [helper.make_tensor_value_info(o, TensorProto.FLOAT, None) for o in outputs.split()]
    graph = helper.make_graph([node], "g", [helper.make_tensor_value_info("x", TensorProto.FLOAT, size)], info,
                              [numpy_helper.from_array(v, k) for k, v in constants.items()])
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)


def ints(*v):
    return np.array(v, np.int64)


NOTHING = np.zeros(0, np.float32)
MODELS = {
    "input": model("Relu", size=(HUGE,) * 4),
    "reshape": model("Reshape", {"s": ints(HUGE, HUGE, 1, -1)}),
    "expand": model("Expand", {"s": ints(1 << 30, 3, 1 << 30, 1 << 30)}),
    "tile": model("Tile", {"s": ints(1 << 40, 1 << 40, 1, 1)}),
    "pad": model("Pad", {"s": ints(0, 0, HUGE, HUGE, 0, 0, HUGE, HUGE)}),
    "crop": model("Pad", {"s": ints(0, 0, -HUGE, -HUGE, 0, 0, -9, -9)}),
    "scales": model("Resize", {"e": NOTHING, "s": np.float32([1, 1, 1e30, 1e30])}),
    "sizes": model("Resize", {"e": NOTHING, "f": NOTHING, "s": ints(1, 3, 1 << 40, 1 << 40)}),
    "window_list": model("MaxPool", kernel_shape=[2] * 100000),
    "window": model("MaxPool", kernel_shape=[1 << 40] * 2),
    "dilation": model("Conv", {"w": np.zeros((1, 3, 3, 3), np.float32)}, dilations=[HUGE, HUGE]),
    "stride": model("ConvTranspose", {"w": np.zeros((3, 1, 3, 3), np.float32)}, strides=[1 << 30, 1 << 30]),
    "parts": model("Split", {"s": ints(-1, 2)}, outputs="y z"),
    "index": model("Gather", {"s": ints(1 << 60)}, axis=1),
    "best": model("TopK", {"s": ints(1 << 60)}, outputs="y z"),
    "block": model("DepthToSpace", blocksize=1 << 40),
    "axes": model("Squeeze", {"s": ints(*range(100))}),
    "step": model("Slice", {"a": ints(0), "b": ints(9), "c": ints(2), "d": ints(0)}),
}


def left(folder):
    return [os.path.join(d, f) for d, _, files in os.walk(folder) for f in files]


def check(dsq, name, work):
    """What is wrong; [] if nothing is."""
    path, out = f"{work}/model.onnx", f"{work}/out"
    onnx.save(MODELS[name], path)
    os.makedirs(f"{work}/tensors", exist_ok=True)
    np.save(f"{work}/tensors/x.npy", np.zeros((1, 3, 4, 4), np.float32))
    wrong = []
    for command in (["run", path, f"--input=x={work}/tensors/x.npy", f"--output-dir={out}"],
                    ["quantize", path, f"--tensors={work}/tensors", f"--output={out}"]):
        p = subprocess.run([dsq, *command, "--quiet"], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
                           errors="replace", timeout=60, check=False)
        if p.returncode != 1 or p.stderr.count("\n") != 1 or "'the_node'" not in p.stderr:
            wrong.append(f"{name}: {command[0]}: exit {p.returncode}: {p.stderr.strip()}")
        if left(out):
            wrong.append(f"{name}: {command[0]} left {left(out)}")
    return wrong


def main():
    wrong = []
    for name in MODELS:
        with tempfile.TemporaryDirectory() as work:
            wrong += check(os.environ.get("DSQ", "build/dsq"), name, work)
    print(*wrong, f"{len(MODELS)} models, {len(wrong)} wrong answers", sep="\n")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
