# SPDX-License-Identifier: Apache-2.0
"""Random small networks, at two input sizes each: FP32 against ONNX Runtime, max |a - b| <= 1e-4 max |b|;
INT8 (quantize, build, run) against ONNX Runtime, at least 20 dB; the same bits for every CPU level and thread count.

usage: random_models.py [--first SEED] [--count N] [--keep FOLDER]
A failure names its seed; --keep leaves the files of each there.
"""
import argparse
import os
import subprocess
import sys
import tempfile

try:
    import numpy as np
    import onnx
    import onnxruntime as ort
    from onnx import TensorProto, helper, numpy_helper
except ImportError as e:
    print(f"skipped: {e}")
    sys.exit(77)

from random_growth import Feature, Growth

TOLERANCE, LEAST_DB = 1e-4, 20.0
MODELS = 8 if os.environ.get("SANITIZE") else 40
OPSETS = [9, 10, 11, 12, 13, 15, 18, 19, 21]


class Net(Growth):
    """A graph that grows at random. Each grow_* adds nodes and returns the new feature, or None where it cannot."""

    def __init__(self, seed):
        self.rng = np.random.default_rng(seed)
        self.opset = int(self.rng.choice(OPSETS))
        self.dynamic = self.rng.random() < 0.7
        sizes = self.rng.integers(9, 33, (2, 2))
        self.sizes = [tuple(map(int, s)) for s in (sizes if self.dynamic else sizes[:1])]
        self.batch = 1 if self.rng.random() < 0.6 else 2
        self.nodes, self.constants, self.count = [], [], 0
        self.pool = [Feature("input", 3, self.sizes)]
        self.outputs = []

    # ---- pieces of a graph ----

    def chance(self, p):
        return self.rng.random() < p

    def pick(self, items):
        return items[int(self.rng.integers(len(items)))]

    def fresh(self, kind):
        self.count += 1
        return f"{kind}_{self.count}"

    def constant(self, array):
        name = self.fresh("const")
        if self.chance(0.2):
            self.nodes.append(helper.make_node("Constant", [], [name], value=numpy_helper.from_array(array, name)))
        else:
            self.constants.append(numpy_helper.from_array(array, name))
        return name

    def ints(self, *values):
        return self.constant(np.array(values, np.int64))

    def floats(self, shape, scale=1.0):
        return self.constant((self.rng.standard_normal(shape) * scale).astype(np.float32))

    def node(self, op, inputs, **attributes):
        out = self.fresh(op.lower())
        self.nodes.append(helper.make_node(op, inputs, [out], name=out, **attributes))
        return out

    def axes_node(self, op, x, axes):
        """Squeeze or Unsqueeze, in the form of the opset."""
        if self.opset < 13:
            return self.node(op, [x], axes=axes)
        return self.node(op, [x, self.ints(*axes)])

    def any(self):
        return self.pick(self.pool[-6:])

    # ---- windows ----

    def window(self, hw, pooling):
        """Attributes of a window and what sizes come out; None if it does not fit."""
        kernel = [int(k) for k in self.rng.choice([1, 2, 3, 5], 2)] if self.chance(0.4) else [self.pick([1, 3])] * 2
        stride = [int(s) for s in self.rng.integers(1, 3, 2)]
        dilation = [int(s) for s in self.rng.integers(1, 3, 2)] if not pooling or self.opset >= 10 else [1, 1]
        dilation = dilation if self.chance(0.3) else [1, 1]
        extent = [(k - 1) * d + 1 for k, d in zip(kernel, dilation)]
        a = {"kernel_shape": kernel, "strides": stride}
        if dilation != [1, 1]:
            a["dilations"] = dilation
        mode = self.pick(["SAME_UPPER", "SAME_LOWER", "VALID"]) if self.chance(0.3) else None
        if mode and mode != "VALID" and (dilation != [1, 1] or any(s > k for s, k in zip(stride, kernel))):
            mode = None  # ONNX Runtime refuses a dilated one, and negative padding
        if mode:
            a["auto_pad"] = mode
            pads = [0] * 4
        else:
            most = kernel if pooling else extent  # ONNX Runtime leaves dilation out of a pool's limit
            pads = [int(self.rng.integers(0, most[i % 2])) for i in range(4)]
            pads = pads if self.chance(0.5) else [m // 2 for m in most] * 2
            if any(pads) or self.chance(0.5):
                a["pads"] = pads
        ceil = pooling and self.opset >= 10 and not mode and self.chance(0.4)
        if ceil:
            a["ceil_mode"] = 1
        out = []
        for size in hw:
            one = []
            for i in range(2):
                if mode and mode != "VALID":
                    one.append(-(-size[i] // stride[i]))
                    continue
                room = size[i] + pads[i] + pads[i + 2] - extent[i]
                n = (-(-room // stride[i]) if ceil else room // stride[i]) + 1 if room >= 0 else 0
                if ceil and (n - 1) * stride[i] >= size[i] + pads[i]:
                    n -= 1
                one.append(n)
            out.append(tuple(one))
        if any(n < 1 for one in out for n in one):
            return None
        return a, out

    def grow_conv(self):
        x = self.any()
        w = self.window(x.hw, False)
        if not w:
            return None
        group = self.pick([g for g in range(1, x.c + 1) if x.c % g == 0]) if self.chance(0.3) else 1
        c = group * int(self.rng.integers(1, 1 + max(1, 24 // group)))
        k = w[0]["kernel_shape"]
        fan = x.c // group * k[0] * k[1]
        inputs = [x.name, self.floats((c, x.c // group, *k), fan ** -0.5)]
        if self.chance(0.6):
            inputs.append(self.floats(c, 0.2))
        y = Feature(self.node("Conv", inputs, group=group, **w[0]), c, w[1])
        for decorate in self.pick([[], [self.activation], [self.batchnorm], [self.batchnorm, self.activation],
                                   [self.affine], [self.affine, self.activation]]):
            if self.chance(0.1):
                self.outputs.append(y.name)
            y = decorate(y)
        return y

    def grow_transposed(self):
        """A transposed convolution as decoders have it: at most twice as large."""
        x = self.any()
        group = self.pick([g for g in range(1, x.c + 1) if x.c % g == 0]) if self.chance(0.3) else 1
        c, stride = int(self.rng.integers(1, 1 + max(1, 16 // group))), int(self.rng.integers(1, 3))
        if max(max(hw) for hw in x.hw) * stride > 64:
            return None
        k = int(self.rng.integers(stride, 5))
        pad = int(self.rng.integers(0, k // 2 + 1))
        inputs = [x.name, self.floats((x.c, c, k, k), (x.c // group * k * k / stride ** 2) ** -0.5)]
        if self.chance(0.6):
            inputs.append(self.floats(c * group, 0.2))
        hw = [tuple((n - 1) * stride + k - 2 * pad for n in size) for size in x.hw]
        if any(n < 1 for size in hw for n in size):
            return None
        y = Feature(self.node("ConvTranspose", inputs, strides=[stride] * 2, pads=[pad] * 4, group=group), c * group, hw)
        for decorate in self.pick([[], [self.activation], [self.batchnorm, self.activation]]):
            y = decorate(y)
        return y

    def grow_linear(self):
        """Two linear layers over the channels of each pixel, as attention's feed-forward part."""
        x = self.any()
        hidden, c = int(self.rng.integers(1, 17)), int(self.rng.integers(1, 17))
        y = self.node("Transpose", [x.name], perm=[0, 2, 3, 1])
        y = self.node("MatMul", [y, self.floats((x.c, hidden), x.c ** -0.5)])
        y = self.node("Relu", [self.node("Add", [y, self.floats(hidden, 0.2)])])
        y = self.node("MatMul", [y, self.floats((hidden, c), hidden ** -0.5)])
        return Feature(self.node("Transpose", [y], perm=[0, 3, 1, 2]), c, x.hw)

    def grow_heads(self):
        """The same weights on two features, as detectors do."""
        x = self.any()
        others = [f for f in self.pool if f.c == x.c and f is not x]
        c = int(self.rng.integers(1, 9))
        w, b = self.floats((c, x.c, 3, 3), (9 * x.c) ** -0.5), self.floats(c, 0.2)
        made = [Feature(self.node("Conv", [f.name, w, b], pads=[1] * 4), c, f.hw)
                for f in [x] + ([self.pick(others)] if others else [])]
        self.pool += made[1:]
        return made[0]

    def grow_maxpool(self):
        x = self.any()
        w = self.window(x.hw, True)
        return w and Feature(self.node("MaxPool", [x.name], **w[0]), x.c, w[1])

    # ---- element by element ----

    def batchnorm(self, x):
        rng = self.rng
        p = [rng.uniform(0.5, 1.5, x.c), rng.standard_normal(x.c) * 0.2, rng.standard_normal(x.c) * 0.2,
             rng.uniform(0.5, 1.5, x.c)]
        return Feature(self.node("BatchNormalization", [x.name] + [self.constant(v.astype(np.float32)) for v in p],
                                 epsilon=1e-3), x.c, x.hw)

    def activation(self, x):
        if self.chance(0.5):
            return self.spelled(x)
        kind = self.pick(["Relu", "Relu", "Clip", "Sigmoid", "LowClip", "LeakyRelu", "HardSigmoid", "Tanh"])
        if not kind.endswith("Clip"):
            return Feature(self.node(kind, [x.name]), x.c, x.hw)
        low, high = self.pick([(0.0, 6.0), (0.0, None), (None, 0.7), (-0.5, 1.5), (None, None), (0.25, 2.0)])
        if self.opset < 11:
            a = {k: v for k, v in (("min", low), ("max", high)) if v is not None}
            return Feature(self.node("Clip", [x.name], **a), x.c, x.hw)
        bounds = [self.constant(np.array(v, np.float32)) if v is not None else "" for v in (low, high)]
        while bounds and not bounds[-1]:
            bounds.pop()
        return Feature(self.node("Clip", [x.name] + bounds), x.c, x.hw)

    def spelled(self, x):
        """SiLU, hardswish, hardsigmoid and Mish as exporters write them."""
        kind = self.pick(["silu", "hardswish", "hardsigmoid", "mish"])
        if kind == "silu":
            pair = [self.node("Sigmoid", [x.name]), x.name]
            return Feature(self.node("Mul", pair if self.chance(0.5) else pair[::-1]), x.c, x.hw)
        if kind == "mish":
            return Feature(self.node("Mul", [x.name, self.node("Tanh", [self.node("Softplus", [x.name])])]), x.c, x.hw)
        three, six, sixth = (self.constant(np.array(v, np.float32)) for v in (3, 6, 1 / 6))
        y = self.node("Add", [x.name, three])
        if self.opset < 11:
            y = self.node("Clip", [y], min=0.0, max=6.0)
        else:
            y = self.node("Clip", [y, self.constant(np.array(0, np.float32)), six])
        if kind == "hardsigmoid":
            return Feature(self.node("Div", [y, six]), x.c, x.hw)
        if self.chance(0.5):
            return Feature(self.node("Mul", [x.name, self.node("Mul", [y, sixth])]), x.c, x.hw)
        return Feature(self.node("Div", [self.node("Mul", [x.name, y]), six]), x.c, x.hw)

    def grow_gate(self):
        """Squeeze and excitation: each channel times a number made of all channels' means."""
        x = self.any()
        mean = self.node("GlobalAveragePool", [x.name])
        c = int(self.rng.integers(1, 6))
        y = self.node("Relu", [self.node("Conv", [mean, self.floats((c, x.c, 1, 1), x.c ** -0.5)])])
        y = self.node("Sigmoid", [self.node("Conv", [y, self.floats((x.c, c, 1, 1), c ** -0.5)])])
        return Feature(self.node("Mul", [x.name, y] if self.chance(0.5) else [y, x.name]), x.c, x.hw)

    def affine(self, x):
        """With a constant that broadcasts: one number, one a channel, one a column, one an element."""
        shapes = [(), (1,), (x.c, 1, 1), (1, x.c, 1, 1), (1, 1, 1, 1)]
        if not self.dynamic:
            h, w = x.hw[0]
            shapes += [(w,), (h, 1), (1, h, w), (x.c, h, w), (1, x.c, h, w), (1, 1, h, 1)]
        op = self.pick(["Add", "Mul", "Sub", "Div"])
        v = self.rng.uniform(0.5, 1.5, self.pick(shapes)) * self.rng.choice([-1.0, 1.0])
        inputs = [x.name, self.constant(np.asarray(v, np.float32))]
        if op != "Div" and self.chance(0.4):
            inputs.reverse()
        return Feature(self.node(op, inputs), x.c, x.hw)

    def grow_lone(self):
        x = self.any()
        return self.pick([self.batchnorm, self.activation, self.affine])(x)

    def grow_add(self):
        x = self.any()
        same = [f for f in self.pool if f.hw == x.hw and f.c in (x.c, 1)]
        y = self.pick(same)
        inputs = [x.name, y.name]
        if self.chance(0.5):
            inputs.reverse()
        y = Feature(self.node(self.pick(["Add", "Add", "Add", "Sub", "Mul"]), inputs), x.c, x.hw)
        return self.activation(y) if self.chance(0.5) else y

    def grow_residual(self):
        """conv and Add with what is there, from either side; perhaps both sides are convolutions."""
        x = self.any()
        side = [x.name, None]
        for i in range(2 if self.chance(0.3) else 1):
            w = self.floats((x.c, x.c, 3, 3), (9 * x.c) ** -0.5)
            side[1 - i] = self.node("Conv", [x.name, w], pads=[1] * 4)
        if self.chance(0.2):
            self.outputs.append(side[1])
        if self.chance(0.5):
            side.reverse()
        y = Feature(self.node("Add", side), x.c, x.hw)
        return self.activation(y) if self.chance(0.5) else y

    def grow_row(self):
        """An activation that is added to all rows."""
        x = self.any()
        one = self.slice(x.name, [0], [1], [2], [1])
        return Feature(self.node("Add", [one, x.name] if self.chance(0.5) else [x.name, one]), x.c, x.hw)

    # ---- moving ----

    def split(self, x, parts, lengths):
        if self.opset < 13:
            self.nodes.append(helper.make_node("Split", [x], parts, name=parts[0], axis=1, split=lengths))
        else:
            self.nodes.append(helper.make_node("Split", [x, self.ints(*lengths)], parts, name=parts[0], axis=1))

    def slice(self, x, starts, ends, axes, steps):
        if self.opset < 10:
            assert all(s == 1 for s in steps)
            return self.node("Slice", [x], starts=starts, ends=ends, axes=axes)
        return self.node("Slice", [x] + [self.ints(*v) for v in (starts, ends, axes, steps)])

    def grow_slice(self):
        x = self.any()
        axis = int(self.rng.integers(1, 4))
        step = self.pick([1, 2, -1, -2]) if self.opset >= 10 else 1
        lengths = [x.c] * len(x.hw) if axis == 1 else [s[axis - 2] for s in x.hw]
        start, end = (self.pick([0, 1, -3, -99]), self.pick([-1, 99, 1 << 40])) if step > 0 else \
            (self.pick([-1, -2, 99]), self.pick([0, -99, -(1 << 40)]))
        kept = [len(range(n)[start:end:step]) for n in lengths]
        if any(k < 1 for k in kept):
            return None
        name = self.slice(x.name, [start], [end], [axis - 4 if self.chance(0.3) else axis], [step])
        if axis == 1:
            return Feature(name, kept[0], x.hw)
        return Feature(name, x.c, [(k, s[1]) if axis == 2 else (s[0], k) for k, s in zip(kept, x.hw)])

    def grow_gather(self):
        x = self.any()
        index = self.rng.integers(-x.c, x.c, int(self.rng.integers(1, 2 * x.c + 1)))
        if self.opset < 11:
            index = np.abs(index) % x.c
        return Feature(self.node("Gather", [x.name, self.ints(*index)], axis=1), len(index), x.hw)

    def grow_concat(self):
        axis = self.pick([1, 1, 1, 2, 3])
        x = self.any()
        fit = [f for f in self.pool if (f.hw == x.hw if axis == 1 else f.c == x.c and all(
            a[3 - axis] == b[3 - axis] for a, b in zip(f.hw, x.hw)))]
        parts = [x] + [self.pick(fit) for _ in range(int(self.rng.integers(1, 3)))]
        if sum(p.c for p in parts) > 64:
            return None
        from_end = self.opset > 10 and self.chance(0.2)
        name = self.node("Concat", [p.name for p in parts], axis=axis - 4 if from_end else axis)
        if axis == 1:
            return Feature(name, sum(p.c for p in parts), x.hw)
        total = [sum(p.hw[i][axis - 2] for p in parts) for i in range(len(x.hw))]
        return Feature(name, x.c, [(t, s[1]) if axis == 2 else (s[0], t) for t, s in zip(total, x.hw)])

    def size_of(self, x):
        """[h, w] of a feature, as exporters ask for it."""
        shape = self.node("Shape", [x.name])
        if self.chance(0.5):
            return self.slice(shape, [2], [4], [0], [1])
        one = [self.axes_node("Unsqueeze", self.node("Gather", [shape, self.constant(np.array(i, np.int64))]), [0])
               for i in (2, 3)]
        return self.node("Concat", one, axis=0)

    def resize_attributes(self):
        a = {"mode": "nearest"}
        if self.opset < 11:
            return a
        a["coordinate_transformation_mode"] = self.pick(["half_pixel", "asymmetric", "pytorch_half_pixel",
                                                         "align_corners"])
        a["nearest_mode"] = self.pick(["round_prefer_floor", "round_prefer_ceil", "floor", "ceil"])
        return a

    def grow_resize(self):
        x = self.any()
        scale = [float(s) for s in self.rng.choice([1.0, 1.5, 2.0, 3.0] if self.opset < 11 else
                                                   [0.5, 1.0, 1.3, 1.5, 2.0, 3.0], 2)]
        if max(max(s) for s in x.hw) > 70:
            return None
        f32 = np.float32
        hw = [tuple(int(np.floor(f32(n) * f32(k))) for n, k in zip(s, scale)) for s in x.hw]
        if any(n < 1 for s in hw for n in s):
            return None
        scales = self.constant(np.array([1, 1, *scale], np.float32))
        op = "Upsample" if self.opset < 10 else "Resize"
        inputs = [x.name, "", scales] if self.opset > 10 else [x.name, scales]
        if self.opset in (11, 12):
            inputs[1] = self.constant(np.zeros(0, np.float32))
        a = self.resize_attributes()
        if a.get("coordinate_transformation_mode") == "align_corners" and \
                any(n != m * k for s, t in zip(hw, x.hw) for n, m, k in zip(s, t, scale)):
            return None  # ONNX's node tests use the size before rounding down, ONNX Runtime the one after
        return Feature(self.node(op, inputs, **a), x.c, hw)

    def grow_pyramid(self):
        """A coarse feature enlarged to a finer one's size and added to it."""
        if self.opset < 11:
            return None
        x, fine = self.any(), self.pick(self.pool)
        if max(max(s) for s in x.hw + fine.hw) > 70:
            return None
        w = self.floats((x.c, fine.c, 1, 1), fine.c ** -0.5)
        lateral = Feature(self.node("Conv", [fine.name, w]), x.c, fine.hw)
        head = self.slice(self.node("Shape", [x.name]), [0], [2], [0], [1])
        sizes = self.node("Concat", [head, self.size_of(lateral)], axis=0)
        none = self.constant(np.zeros(0, np.float32)) if self.opset < 13 else ""
        up = self.node("Resize", [x.name, none, none, sizes], **self.resize_attributes())
        return Feature(self.node("Add", [lateral.name, up] if self.chance(0.5) else [up, lateral.name]), x.c, fine.hw)

    def grow_shuffle(self):
        """Channels in another order by Reshape, Transpose, Reshape; sizes computed, or -1 and 0."""
        x = self.any()
        g = self.pick([g for g in range(1, x.c + 1) if x.c % g == 0])
        split = self.node("Reshape", [x.name, self.ints(0, g, x.c // g, -1)])
        turned = self.node("Transpose", [split], perm=[0, 2, 1, 3])
        shape = self.node("Concat", [self.ints(self.batch if not self.dynamic else -1, x.c), self.size_of(x)], axis=0)
        return Feature(self.node("Reshape", [turned, shape]), x.c, x.hw)

    def grow_turn(self):
        """Height and width change places."""
        x = self.any()
        return Feature(self.node("Transpose", [x.name], perm=[0, 1, 3, 2]), x.c, [s[::-1] for s in x.hw])

    def grow_identity(self):
        x = self.any()
        return Feature(self.node(self.pick(["Identity", "Dropout"]), [x.name]), x.c, x.hw)

    # ---- the end ----

    def end(self, x):
        """A feature as it is, or as a detector's head gives it."""
        kind = int(self.rng.integers(6))
        if kind == 5:
            return self.more_ends(x) or x.name
        if kind == 0:
            nhwc = self.node("Transpose", [x.name], perm=[0, 2, 3, 1])
            return self.node("Reshape", [nhwc, self.ints(0 if not self.dynamic else self.batch, -1, x.c)])
        if kind == 1:
            return self.node("Flatten", [x.name], axis=int(self.rng.integers(0, 5)))
        if kind == 2:
            return self.axes_node("Squeeze", self.slice(x.name, [0], [1], [2], [1]), [2])
        if kind == 3:
            rows = self.node("Reshape", [x.name, self.ints(0, x.c, -1)])
            return self.node("Sigmoid", [self.node("Transpose", [rows], perm=[0, 2, 1])])
        return x.name

    def build(self):
        grow = [getattr(self, m) for m in sorted(dir(self)) if m.startswith("grow_")]
        grow += [self.grow_conv] * 6 + [self.grow_residual] * 2
        first = None
        while not first:
            first = self.grow_conv()
        self.pool.append(first)
        for _ in range(int(self.rng.integers(3, 11))):
            y = self.pick(grow)()
            if y:
                self.pool.append(y)
        read = {i for n in self.nodes for i in n.input}
        leaves = [f for f in self.pool[1:] if f.name not in read]
        names = [self.end(f) for f in leaves] + self.outputs
        if self.chance(0.3):
            names.append(self.pick(self.pool[1:]).name)
        dims = [self.batch, 3, *self.sizes[0]]
        if self.dynamic:
            dims = ["n", 3, "height", "width"] if self.chance(0.7) else [None, 3, None, None]
        outputs = [onnx.ValueInfoProto(name=n) for n in dict.fromkeys(names)]
        source = helper.make_tensor_value_info("input", TensorProto.FLOAT, dims)
        graph = helper.make_graph(self.nodes, "random", [source], outputs, self.constants)
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", self.opset)])
        model.ir_version = 8
        for o in model.graph.output:
            o.type.tensor_type.elem_type = TensorProto.FLOAT
        return model


# ---- running ----

class Failure(Exception):
    pass


class NotJudged(Exception):
    """ONNX Runtime cannot load or run the model."""


def call(*args):
    p = subprocess.run([os.environ["DSQ"], *args, "--quiet"], capture_output=True, text=True)
    if p.returncode:
        raise Failure(f"{' '.join(args[:2])}: {p.stderr.strip()}")


def run(model, x, names, folder, *flags):
    np.save(f"{folder}/x.npy", x)
    out = f"{folder}/out"
    call("run", model, "--input", f"input={folder}/x.npy", "--output-dir", out, *flags)
    return [np.load(f"{out}/{n}.npy") for n in names]


def cpu_levels():
    flags = open("/proc/cpuinfo").read() if os.path.exists("/proc/cpuinfo") else ""
    return ["ref"] + [level for level, flag in (("avx2", "avx2"), ("avx512vnni", "avx512_vnni")) if f" {flag}" in flags]


def same_bits(a, b):
    return all(p.tobytes() == q.tobytes() and p.shape == q.shape for p, q in zip(a, b))


def check_bits(what, model, x, names, folder):
    first = run(model, x, names, folder, "--threads=1")
    for flags in [[f"--cpu={level}", f"--threads={t}"] for level in cpu_levels() for t in (1, 3)]:
        if not same_bits(first, run(model, x, names, folder, *flags)):
            raise Failure(f"{what}: other bits with {' '.join(flags)}")
    return first


def check_float(got, want, names, shape):
    worst = 0.0
    for name, g, w in zip(names, got, want):
        if g.shape != w.shape:
            raise Failure(f"{shape}: '{name}' is {g.shape}, expected {w.shape}")
        if not w.size:
            continue
        error = float(np.abs(g - w).max() / max(np.abs(w).max(), 1e-30))
        worst = max(worst, error)
        if not error <= TOLERANCE:
            raise Failure(f"{shape}: '{name}' is off by {error:.2e} of the largest value")
    return worst


def check_int8(got, want, names):
    least = np.inf
    for name, g, w in zip(names, got, want):
        noise, signal = float(np.square(g - w, dtype=np.float64).sum()), float(np.square(w, dtype=np.float64).sum())
        db = 10 * np.log10(signal / noise) if noise and signal else np.inf
        least = min(least, db)
        if not db >= LEAST_DB:
            raise Failure(f"INT8: '{name}' has {db:.1f} dB, expected {LEAST_DB:.0f}")
    return least


def check(seed, folder):
    net = Net(seed)
    model = net.build()
    path = f"{folder}/model.onnx"
    onnx.save(model, path)
    options = ort.SessionOptions()
    options.graph_optimization_level = ort.GraphOptimizationLevel.ORT_DISABLE_ALL
    options.log_severity_level = 4
    rng = np.random.default_rng(seed)
    inputs = [rng.standard_normal((net.batch, 3, *s), dtype=np.float32) for s in net.sizes]
    names = [o.name for o in model.graph.output]
    try:
        session = ort.InferenceSession(path, options, providers=["CPUExecutionProvider"])
        wants = [session.run(names, {"input": x}) for x in inputs]
    except Exception as e:  # its exceptions have no common base
        raise NotJudged(str(e)) from e
    worst = max(check_float(run(path, x, names, folder), w, names, x.shape) for x, w in zip(inputs, wants))
    check_bits("FP32", path, inputs[0], names, folder)

    os.makedirs(f"{folder}/tensors", exist_ok=True)
    for i, x in enumerate(inputs):
        np.save(f"{folder}/tensors/{i}.npy", x)
    call("quantize", path, f"--tensors={folder}/tensors", "--method=minmax", "-o", f"{folder}/int8")
    call("build", f"{folder}/int8/model.onnx", "-o", f"{folder}/int8.engine")
    least = min(check_int8(check_bits("INT8", f"{folder}/int8.engine", x, names, folder), w, names)
                for x, w in zip(inputs, wants))
    return worst, least


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--count", type=int, default=MODELS)
    parser.add_argument("--keep")
    args = parser.parse_args()
    failed, not_judged, worst, least = 0, 0, 0.0, np.inf
    for seed in range(args.first, args.first + args.count):
        with tempfile.TemporaryDirectory() as folder:
            if args.keep:
                folder = os.path.join(args.keep, str(seed))
                os.makedirs(folder, exist_ok=True)
            try:
                error, db = check(seed, folder)
                worst, least = max(worst, error), min(least, db)
            except Failure as e:
                failed += 1
                print(f"seed {seed}: {e}")
            except NotJudged as e:
                not_judged += 1
                print(f"seed {seed}: not judged: {e}")
    failed += not_judged > args.count // 10
    print(f"{args.count} models, {failed} failed, {not_judged} not judged; worst FP32 {worst:.1e} of the largest value "
          f"(allowed {TOLERANCE:.0e}), least INT8 {least:.1f} dB (at least {LEAST_DB:.0f})")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
