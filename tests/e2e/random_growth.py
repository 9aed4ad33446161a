# SPDX-License-Identifier: Apache-2.0
"""More that a random network of random_models.py can grow: what detectors' backbones, necks and heads are made of."""
import numpy as np


class Feature:
    """A tensor [N, c, h, w]: its name, channels and height x width at each of the tried sizes."""

    def __init__(self, name, c, hw):
        self.name, self.c, self.hw = name, c, tuple(hw)


class Growth:
    """Uses what random_models.Net has: node, constant, floats, ints, pick, chance, any, window, slice, opset."""

    # ---- activations, one operator or spelled out as exporters do ----

    def spelled_out(self, kind, x):
        """The output's name of an activation on the tensor x."""
        if kind == "Silu":
            return self.node("Mul", [x, self.node("Sigmoid", [x])])
        if kind == "HardSwish":
            if self.opset >= 14 and self.chance(0.5):
                return self.node("HardSwish", [x])
            if self.chance(0.5):
                return self.node("Mul", [x, self.node("HardSigmoid", [x], alpha=1 / 6, beta=0.5)])
            three, six = (self.constant(np.array(v, np.float32)) for v in (3, 6))
            low = self.bounded(self.node("Add", [x, three]), 0.0, 6.0)
            return self.node("Div", [self.node("Mul", [x, low]), six])
        if kind == "Mish":
            return self.node("Mul", [x, self.node("Tanh", [self.node("Softplus", [x])])])
        a = {"LeakyRelu": {"alpha": 0.1}, "Elu": {"alpha": 0.7}, "HardSigmoid": {"alpha": 0.25, "beta": 0.4}}
        return self.node(kind, [x], **a.get(kind, {}))

    def bounded(self, x, low, high):
        if self.opset < 11:
            return self.node("Clip", [x], min=low, max=high)
        return self.node("Clip", [x, *(self.constant(np.array(v, np.float32)) for v in (low, high))])

    def grow_activation(self):
        x = self.any()
        kind = self.pick(["LeakyRelu", "Silu", "Silu", "HardSwish", "HardSigmoid", "Tanh", "Elu", "Softplus", "Mish", "Abs", "Neg"])
        return Feature(self.spelled_out(kind, x.name), x.c, x.hw)

    def grow_conv_activation(self):
        """The way of mobile backbones: 1x1, depthwise 3x3, 1x1, an activation each."""
        x = self.any()
        wide, kind = min(2 * x.c, 32), self.pick(["LeakyRelu", "Silu", "HardSwish", "Mish", "Relu"])
        stride = self.pick([1, 2])
        y = self.spelled_out(kind, self.node("Conv", [x.name, self.floats((wide, x.c, 1, 1), x.c ** -0.5)]))
        y = self.node("Conv", [y, self.floats((wide, 1, 3, 3), 1 / 3), self.floats(wide, 0.1)], group=wide, pads=[1] * 4,
                      strides=[stride] * 2)
        y = self.node("Conv", [self.spelled_out(kind, y), self.floats((x.c, wide, 1, 1), wide ** -0.5)])
        hw = [tuple(-(-n // stride) for n in s) for s in x.hw]
        if stride == 1 and self.chance(0.5):
            y = self.node("Add", [x.name, y])
        return Feature(y, x.c, hw)

    # ---- pools ----

    def grow_averagepool(self):
        x = self.any()
        w = self.window(x.hw, True)
        if not w or "dilations" in w[0] or "ceil_mode" in w[0]:
            return None
        if self.chance(0.5):
            w[0]["count_include_pad"] = 1
        return Feature(self.node("AveragePool", [x.name], **w[0]), x.c, w[1])

    def grow_squeeze(self):
        """A picture's channels weighed by what is in it (squeeze and excite)."""
        x = self.any()
        kind = self.pick(["GlobalAveragePool", "GlobalMaxPool", "ReduceMean"])
        a = {"axes": [2, 3]} if kind == "ReduceMean" and self.opset < 18 else {}
        mean = self.node(kind, [x.name] + ([self.ints(2, 3)] if kind == "ReduceMean" and not a else []), **a)
        gate = self.node("Conv", [mean, self.floats((x.c, x.c, 1, 1), x.c ** -0.5), self.floats(x.c)])
        return Feature(self.node("Mul", [x.name, self.node(self.pick(["Sigmoid", "HardSigmoid"]), [gate])]), x.c, x.hw)

    # ---- moving ----

    def grow_split(self):
        """Two parts of the channels; one goes on alone, and both meet again."""
        x = self.any()
        if x.c < 2:
            return None
        first = int(self.rng.integers(1, x.c))
        parts = [self.fresh("split"), self.fresh("split")]
        self.split(x.name, parts, [first, x.c - first])
        one = self.spelled_out(self.pick(["LeakyRelu", "Tanh"]), parts[0])
        return Feature(self.node("Concat", [parts[1], one] if self.chance(0.5) else [one, parts[1]], axis=1), x.c, x.hw)

    def grow_pad(self):
        x = self.any()
        pads = [int(p) for p in self.rng.integers(0, 4, 4)]
        mode = self.pick(["constant", "reflect", "edge"])
        if max(max(s) for s in x.hw) > 70 or min(min(s) for s in x.hw) < 4:
            return None
        pads8 = [0, 0, pads[0], pads[1], 0, 0, pads[2], pads[3]]
        if self.opset < 11:
            name = self.node("Pad", [x.name], pads=pads8, mode=mode)
        else:
            name = self.node("Pad", [x.name, self.ints(*pads8)], mode=mode)
        return Feature(name, x.c, [(h + pads[0] + pads[2], w + pads[1] + pads[3]) for h, w in x.hw])

    def grow_blocks(self):
        """Pixels become channels, or channels pixels."""
        x = self.any()
        if x.c % 4 == 0 and max(max(s) for s in x.hw) < 40 and self.chance(0.6):
            a = {"mode": self.pick(["DCR", "CRD"])} if self.opset >= 11 else {}
            return Feature(self.node("DepthToSpace", [x.name], blocksize=2, **a), x.c // 4, [(2 * h, 2 * w) for h, w in x.hw])
        if any(n % 2 or n < 2 for s in x.hw for n in s) or x.c > 12:
            return None
        return Feature(self.node("SpaceToDepth", [x.name], blocksize=2), 4 * x.c, [(h // 2, w // 2) for h, w in x.hw])

    def grow_focus(self):
        """Every second pixel, four times, as channels: the stem of YOLO."""
        x = self.any()
        if any(n % 2 or n < 2 for s in x.hw for n in s) or x.c > 12 or self.opset < 10:
            return None
        end = 2 ** 31 - 1
        parts = [self.slice(self.slice(x.name, [i], [end], [2], [2]), [k], [end], [3], [2]) for k in (0, 1) for i in (0, 1)]
        return Feature(self.node("Concat", parts, axis=1), 4 * x.c, [(h // 2, w // 2) for h, w in x.hw])

    # ---- enlarging ----

    def grow_linear(self):
        x = self.any()
        if max(max(s) for s in x.hw) > 35 or self.opset < 11:
            return None
        scale = [float(s) for s in self.rng.choice([1.0, 2.0, 3.0], 2)]
        none = self.constant(np.zeros(0, np.float32)) if self.opset < 13 else ""
        name = self.node("Resize", [x.name, none, self.constant(np.array([1, 1, *scale], np.float32))],
                         mode=self.pick(["linear", "linear", "cubic"]),
                         coordinate_transformation_mode=self.pick(["half_pixel", "asymmetric", "align_corners"]))
        return Feature(name, x.c, [(int(h * scale[0]), int(w * scale[1])) for h, w in x.hw])

    def grow_convtranspose(self):
        x = self.any()
        if max(max(s) for s in x.hw) > 35:
            return None
        c, k = int(self.rng.integers(1, 13)), self.pick([2, 3, 4])
        inputs = [x.name, self.floats((x.c, c, k, k), (x.c * k * k / 4) ** -0.5)]
        if self.chance(0.5):
            inputs.append(self.floats(c, 0.1))
        pad = self.pick([0, (k - 1) // 2])
        return Feature(self.node("ConvTranspose", inputs, strides=[2, 2], pads=[pad] * 4), c,
                       [(2 * (h - 1) + k - 2 * pad, 2 * (w - 1) + k - 2 * pad) for h, w in x.hw])

    # ---- normalizing ----

    def grow_instancenorm(self):
        x = self.any()
        if min(h * w for h, w in x.hw) < 16:
            return None
        return Feature(self.node("InstanceNormalization", [x.name, self.floats(x.c), self.floats(x.c)], epsilon=1e-2), x.c, x.hw)

    def grow_softmax(self):
        x = self.any()
        if self.opset < 13 or x.c < 2:
            return None
        return Feature(self.node("Softmax", [x.name], axis=self.pick([1, -3])), x.c, x.hw)

    # ---- the end ----

    def more_ends(self, x):
        """A feature as a classifier's head gives it, or as pairs of numbers do; None for neither."""
        kind = int(self.rng.integers(4))
        if kind == 0:
            flat = self.node("Flatten", [self.node("GlobalAveragePool", [x.name])])
            return self.node("Gemm", [flat, self.floats((5, x.c), x.c ** -0.5), self.floats(5)], transB=1)
        if kind == 1:
            rows = self.node("Transpose", [self.node("Reshape", [x.name, self.ints(0, x.c, -1)])], perm=[0, 2, 1])
            return self.node("MatMul", [rows, self.floats((x.c, 6), x.c ** -0.5)])
        if kind == 2:
            a = {"axes": [1]} if self.opset < 18 else {}
            return self.node("ReduceMax", [x.name] + ([] if a else [self.ints(1)]), keepdims=0, **a)
        return None
