# SPDX-License-Identifier: Apache-2.0
"""Every output of the FP32 engine at 20 random sizes against ONNX Runtime: max |a - b| <= 1e-4 max |b|."""
import os
import subprocess
import sys

try:
    import numpy as np
    import onnxruntime as ort
except ImportError as e:
    print(f"skipped: {e}")
    sys.exit(77)

SIZES, SEED, TOLERANCE = 20, 2026, 1e-4


def main():
    dsq, folder = os.environ["DSQ"], os.environ["E2E_DIR"]
    work = os.path.join(folder, "versus_onnxruntime")
    os.makedirs(work, exist_ok=True)
    options = ort.SessionOptions()
    options.log_severity_level = 3
    session = ort.InferenceSession("demo/retinanet_wo.onnx", options, providers=["CPUExecutionProvider"])
    names = [o.name for o in session.get_outputs()]
    rng = np.random.default_rng(SEED)
    worst, count = 0.0, 4 if os.environ.get("SANITIZE") else SIZES
    for _ in range(count):
        n, (h, w) = int(rng.integers(1, 3)), rng.integers(33, 500, 2)
        x = rng.standard_normal((n, 3, h, w), dtype=np.float32) * 2
        np.save(f"{work}/input.npy", x)
        subprocess.run([dsq, "run", f"{folder}/fp32.engine", "--quiet", "--input", f"input={work}/input.npy",
                        "--output-dir", work], check=True, stdout=subprocess.DEVNULL)
        for name, want in zip(names, session.run(names, {"input": x})):
            got = np.load(f"{work}/{name}.npy")
            assert got.shape == want.shape, (name, got.shape, want.shape)
            error = float(np.abs(got - want).max() / np.abs(want).max())
            worst = max(worst, error)
            if not error <= TOLERANCE:  # a NaN is an error too
                print(f"{n}x3x{h}x{w} {name}: {error:.2e} of the largest value")
                return 1
    print(f"{count} sizes x {len(names)} outputs: worst {worst:.2e} of the largest value (allowed {TOLERANCE:.0e})")
    return 0


if __name__ == "__main__":
    sys.exit(main())
