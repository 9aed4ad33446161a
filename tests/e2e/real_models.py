# SPDX-License-Identifier: Apache-2.0
"""Detectors that people ship, at 20 random sizes against ONNX Runtime: every output, max |a - b| <= 1e-4 max |b|.

The models lie outside the repository (DSQ_DATA, else ../shared/data); without them the test skips.
"""
import os
import subprocess
import sys

try:
    import numpy as np
    import onnx
    import onnxruntime as ort
except ImportError as e:
    print(f"skipped: {e}")
    sys.exit(77)

MODELS = os.path.join(os.environ.get("DSQ_DATA", "../shared/data"), "models")
SIZES, SEED, TOLERANCE = 20, 2026, 1e-4
# name, input, what a side must be a multiple of, largest picture of a batch
WORK = [("nanodet_g", "input", 32, 2), ("yolox_nano", "images", 32, 1), ("retinaface_mnet025", "input", 1, 2)]


def symbolic_session(path):
    """The model with H and W symbolic (yolox_nano's header fixes them, its nodes do not)."""
    model = onnx.load(path)
    dims = model.graph.input[0].type.tensor_type.shape.dim
    for axis, symbol in ((2, "H"), (3, "W")):
        dims[axis].dim_param = symbol
    for output in model.graph.output:
        output.type.tensor_type.ClearField("shape")
    options = ort.SessionOptions()
    options.log_severity_level = 3
    return ort.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])


def worst_of(dsq, work, name, feed, multiple, batch, count):
    session = symbolic_session(f"{MODELS}/{name}.onnx")
    outputs = [o.name for o in session.get_outputs()]
    rng = np.random.default_rng(SEED)
    worst = 0.0
    profile = [f"--{kind}Shapes={feed}:{n}x3x{side}x{side}" for kind, n, side in
               (("min", 1, 32), ("opt", 1, 320), ("max", batch, 608))]
    subprocess.run([dsq, "build", f"{MODELS}/{name}.onnx", "--quiet", *profile, "-o", f"{work}/{name}.engine"],
                   check=True)
    for _ in range(count):
        n = int(rng.integers(1, batch + 1))
        h, w = (int(v) // multiple * multiple for v in rng.integers(max(33, 2 * multiple), 601, 2))
        x = rng.standard_normal((n, 3, h, w), dtype=np.float32) * 60
        np.save(f"{work}/x.npy", x)
        subprocess.run([dsq, "run", f"{work}/{name}.engine", "--quiet", "--input", f"{feed}={work}/x.npy",
                        "--output-dir", work], check=True, stdout=subprocess.DEVNULL)
        for output, want in zip(outputs, session.run(outputs, {feed: x})):
            got = np.load(f"{work}/{output}.npy")
            assert got.shape == want.shape, (name, output, got.shape, want.shape)
            error = float(np.abs(got - want).max() / np.abs(want).max())
            if not error <= TOLERANCE:  # a NaN is an error too
                sys.exit(f"{name} {n}x3x{h}x{w} {output}: {error:.2e} of the largest value")
            worst = max(worst, error)
    print(f"{name}: {count} sizes x {len(outputs)} outputs: worst {worst:.2e} of the largest value "
          f"(allowed {TOLERANCE:.0e})")


def main():
    if not os.path.isdir(MODELS):
        print(f"skipped: no models in {MODELS}")
        return 77
    dsq, work = os.environ["DSQ"], os.path.join(os.environ["E2E_DIR"], "real_models")
    os.makedirs(work, exist_ok=True)
    count = 3 if os.environ.get("SANITIZE") else SIZES
    for entry in WORK:
        worst_of(dsq, work, *entry, count)
    return 0


if __name__ == "__main__":
    sys.exit(main())
