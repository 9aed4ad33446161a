#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Time per picture, FP32 and INT8, beside ONNX Runtime's FP32 and u8 Q/DQ INT8, in one run on one machine.

    make oracles && make demo
    .venv/bin/python bench/compare_ort.py [--size 480x640] [--threads 1,2] [--rounds 5]

Each measurement is a process of its own, so that no idle thread pool disturbs another runtime. The runtimes
take turns, round by round, because machines drift; the table gives the median over the rounds of each
process's median, and the ratio to ONNX Runtime's row of the same precision, round by round. Peak memory is the
operating system's figure for the whole process (for ONNX Runtime that includes Python and numpy).
"""
import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
MODEL = os.path.join(ROOT, "demo", "retinanet_wo.onnx")
CALIBRATION_PICTURES = 16


def quantize_u8(path):
    """ONNX Runtime's own INT8 of the demo model: Q/DQ, u8 activations, s8 weights per channel, min-max."""
    import glob

    import cv2
    import numpy as np
    from onnxruntime.quantization import (CalibrationDataReader, CalibrationMethod, QuantFormat, QuantType,
                                          quantize_static)

    mean = np.array([123.675, 116.28, 103.53], np.float32)
    std = np.array([58.395, 57.12, 57.375], np.float32)

    class Reader(CalibrationDataReader):
        def __init__(self):
            self.files = iter(sorted(glob.glob(os.path.join(ROOT, "demo/calib/*.jpg")))[:CALIBRATION_PICTURES])

        def get_next(self):
            name = next(self.files, None)
            if name is None:
                return None
            rgb = cv2.imread(name)[:, :, ::-1].astype(np.float32)
            return {"input": np.ascontiguousarray(((rgb - mean) / std).transpose(2, 0, 1)[None])}

    quantize_static(MODEL, path, Reader(), quant_format=QuantFormat.QDQ, per_channel=True,
                    activation_type=QuantType.QUInt8, weight_type=QuantType.QInt8,
                    calibrate_method=CalibrationMethod.MinMax)


def time_ort(path, size, threads, seconds):
    """The child process of an ONNX Runtime row: one JSON line of first and median milliseconds."""
    import time

    import numpy as np
    import onnxruntime as ort

    options = ort.SessionOptions()
    options.intra_op_num_threads = threads
    options.log_severity_level = 3
    session = ort.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    h, w = map(int, size.split("x"))
    x = np.random.default_rng(1).standard_normal((1, 3, h, w), dtype=np.float32)
    times, start = [], time.perf_counter()
    while len(times) < 6 or time.perf_counter() - start < seconds:
        t = time.perf_counter()
        session.run(None, {"input": x})
        times.append(1000 * (time.perf_counter() - t))
    print(json.dumps([{"first_ms": times[0], "median_ms": statistics.median(times[1:])}]))


def run_child(command):
    """-> the JSON that the child prints, its peak resident memory in MB"""
    with tempfile.TemporaryFile() as out:
        child = subprocess.Popen(command, stdout=out, stderr=subprocess.DEVNULL)
        _, status, usage = os.wait4(child.pid, 0)
        if status != 0:
            sys.exit(f"failed: {' '.join(command)}")
        out.seek(0)
        return json.loads(out.read()), usage.ru_maxrss / 1024


def commands(a, threads, u8_path):
    """Name -> command line that prints [{"first_ms": ..., "median_ms": ...}]"""
    ours = [os.path.join(a.build, "dsq"), "bench", "--quiet", "--json", f"--threads={threads}",
            f"--shapes=1x3x{a.size}", f"--seconds={a.seconds}"] + ([f"--cpu={a.cpu}"] if a.cpu else [])
    theirs = [sys.executable, __file__, "--child", "--size", a.size, "--threads", str(threads),
              "--seconds", str(a.seconds)]
    return {"dsq FP32": ours + [os.path.join(a.engines, "fp32.engine")],
            "ONNX Runtime FP32": theirs + ["--model", MODEL],
            "dsq INT8": ours + [os.path.join(a.engines, "int8.engine")],
            "ONNX Runtime INT8 (u8 Q/DQ)": theirs + ["--model", u8_path]}


def measure(a, threads, u8_path):
    jobs = commands(a, threads, u8_path)
    rounds = {name: [] for name in jobs}
    peak = dict.fromkeys(jobs, 0.0)
    for _ in range(a.rounds):
        for name, command in jobs.items():
            answer, mb = run_child(command)
            rounds[name].append(answer[0]["median_ms"])
            peak[name] = max(peak[name], mb)
    peer = {"dsq FP32": "ONNX Runtime FP32", "dsq INT8": "ONNX Runtime INT8 (u8 Q/DQ)"}
    for name, ms in rounds.items():
        ratio = ""
        if name in peer:
            pairs = [t / o for o, t in zip(ms, rounds[peer[name]])]
            ratio = f"{statistics.median(pairs):.2f} ({min(pairs):.2f}..{max(pairs):.2f})"
        print(f"| {name} | {threads} | {statistics.median(ms):.1f} | {min(ms):.1f} | {ratio} | {peak[name]:.0f} |",
              flush=True)


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--build", default=os.path.join(ROOT, "build"))
    p.add_argument("--engines", default=os.path.join(ROOT, "out", "demo"), help="where make demo put them")
    p.add_argument("--size", default="480x640")
    p.add_argument("--threads", default="1,2")
    p.add_argument("--rounds", type=int, default=5)
    p.add_argument("--seconds", type=float, default=2.0, help="steady runs of one process")
    p.add_argument("--cpu", help="mask dsq's CPU features (ref, avx2, avx512vnni)")
    p.add_argument("--child", action="store_true", help=argparse.SUPPRESS)
    p.add_argument("--quantize", action="store_true", help=argparse.SUPPRESS)
    p.add_argument("--model", help=argparse.SUPPRESS)
    a = p.parse_args()
    if a.quantize:
        return quantize_u8(a.model)
    if a.child:
        return time_ort(a.model, a.size, int(a.threads), a.seconds)
    u8_path = os.path.join(a.engines, "ort_u8.onnx")
    if not os.path.exists(u8_path):
        # Not in this process: a child's peak memory counts from its parent's.
        subprocess.run([sys.executable, __file__, "--quantize", "--model", u8_path], check=True,
                       stderr=subprocess.DEVNULL)
    print(f"{a.size}, {a.rounds} rounds\n\n| runtime | threads | median ms | best ms | speed-up over ONNX Runtime | peak MB |")
    print("| --- | --- | --- | --- | --- | --- |")
    for threads in map(int, a.threads.split(",")):
        measure(a, threads, u8_path)


if __name__ == "__main__":
    main()
