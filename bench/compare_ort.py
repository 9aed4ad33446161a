#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Time per picture, FP32 and INT8, beside ONNX Runtime's FP32 and u8 Q/DQ INT8, in one run on one machine.

    make oracles && make demo
    .venv/bin/python bench/compare_ort.py [--size 480x640] [--threads 1,2] [--rounds 5]
    .venv/bin/python bench/compare_ort.py MODEL.onnx --size 416x416 --pictures DIR --mean 103.53,116.28,123.675 \\
        --std 57.375,57.12,58.395 [--rgb]

The second form takes any model with one picture as its input. Both sides calibrate on the same prepared pictures:
dsq by its own defaults, ONNX Runtime by its static quantization (Q/DQ, u8 activations, s8 weights per channel,
min-max) after its own preparation, the model raised to operator set 13 where it is older. What is made stays in
--work and is used again.

Each measurement is a process of its own, so that no idle thread pool disturbs another runtime. The runtimes
take turns, round by round, because machines drift; the table gives the median over the rounds of each
process's median, and the ratio to ONNX Runtime's row of the same precision, round by round. Peak memory is the
operating system's figure for the whole process (for ONNX Runtime that includes Python and numpy).
"""
import argparse
import glob
import json
import os
import statistics
import subprocess
import sys
import tempfile

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
DEMO = os.path.join(ROOT, "demo", "retinanet_wo.onnx")
DEMO_CALIB = os.path.join(ROOT, "demo", "calib")
DEMO_MEAN, DEMO_STD = "123.675,116.28,103.53", "58.395,57.12,57.375"
CALIBRATION_PICTURES = 16


def prepare_pictures(a, folder):
    """The first pictures as .npy files of [1,3,H,W]; at their own size for the demo model, else at --size."""
    import cv2
    import numpy as np

    mean = np.array([float(v) for v in a.mean.split(",")], np.float32)
    std = np.array([float(v) for v in a.std.split(",")], np.float32)
    files = sorted(glob.glob(os.path.join(a.pictures, "*.jpg")))[:CALIBRATION_PICTURES]
    if not files:
        sys.exit(f"{a.pictures}: no pictures")
    os.makedirs(folder, exist_ok=True)
    for i, name in enumerate(files):
        picture = cv2.imread(name)
        if a.model != DEMO:
            h, w = map(int, a.size.split("x"))
            picture = cv2.resize(picture, (w, h))
        x = picture[:, :, ::-1 if a.rgb else 1].astype(np.float32)
        np.save(os.path.join(folder, f"{i:03}.npy"), np.ascontiguousarray(((x - mean) / std).transpose(2, 0, 1)[None]))


def quantize_ort(model, tensors, path):
    """ONNX Runtime's own INT8 of the model, calibrated on the .npy files of a folder."""
    import numpy as np
    import onnx
    from onnxruntime.quantization import CalibrationDataReader, CalibrationMethod, QuantFormat, QuantType, quantize_static
    from onnxruntime.quantization.shape_inference import quant_pre_process

    class Reader(CalibrationDataReader):
        def __init__(self, name):
            self.name, self.files = name, iter(sorted(glob.glob(os.path.join(tensors, "*.npy"))))

        def get_next(self):
            file = next(self.files, None)
            return None if file is None else {self.name: np.load(file)}

    graph = onnx.load(model)
    if graph.opset_import[0].version < 13:
        graph = onnx.version_converter.convert_version(graph, 13)
    with tempfile.TemporaryDirectory() as folder:
        raised, prepared = os.path.join(folder, "raised.onnx"), os.path.join(folder, "prepared.onnx")
        onnx.save(graph, raised)
        quant_pre_process(raised, prepared, skip_symbolic_shape=True)
        quantize_static(prepared, path, Reader(graph.graph.input[0].name), quant_format=QuantFormat.QDQ,
                        per_channel=True, activation_type=QuantType.QUInt8, weight_type=QuantType.QInt8,
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
    feed = {session.get_inputs()[0].name: np.random.default_rng(1).standard_normal((1, 3, h, w), dtype=np.float32)}
    times, start = [], time.perf_counter()
    while len(times) < 6 or time.perf_counter() - start < seconds:
        t = time.perf_counter()
        session.run(None, feed)
        times.append(1000 * (time.perf_counter() - t))
    print(json.dumps([{"first_ms": times[0], "median_ms": statistics.median(times[1:])}]))


def call(*command):
    """Run to its end, or stop with what it said. In a process of its own: a child's peak memory counts from its
    parent's."""
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    if done.returncode != 0:
        sys.exit(f"failed: {' '.join(command)}\n{done.stdout.decode()}")


def make(a):
    """-> the folder with fp32.engine, int8.engine and ort_u8.onnx, those that are missing made"""
    folder = a.work
    name = os.path.splitext(os.path.basename(a.model))[0]
    here = lambda file: os.path.join(folder, file)
    os.makedirs(folder, exist_ok=True)
    this, dsq = [sys.executable, __file__, a.model], os.path.join(a.build, "dsq")
    if not os.path.exists(here("ort_u8.onnx")):
        options = ["--size", a.size, "--pictures", a.pictures, f"--mean={a.mean}", f"--std={a.std}"]
        call(*this, "--job=prepare", *options, "--work", folder, *(["--rgb"] if a.rgb else []))
        call(*this, "--job=quantize", "--work", folder)
    if not os.path.exists(here("fp32.engine")):
        call(dsq, "build", a.model, "--fp32", "--quiet", "-o", here("fp32.engine"))
    if not os.path.exists(here("int8.engine")):
        call(dsq, "quantize", a.model, f"--tensors={here('tensors')}", "--quiet", "-o", folder)
        call(dsq, "build", here(name + ".onnx"), "--quiet", "-o", here("int8.engine"))
    return folder


def run_child(command):
    """-> the JSON that the child prints, its peak resident memory in MB"""
    with tempfile.TemporaryFile() as out:
        child = subprocess.Popen(command, stdout=out, stderr=subprocess.DEVNULL)
        _, status, usage = os.wait4(child.pid, 0)
        if status != 0:
            sys.exit(f"failed: {' '.join(command)}")
        out.seek(0)
        return json.loads(out.read()), usage.ru_maxrss / 1024


def commands(a, threads, folder):
    """Name -> command line that prints [{"first_ms": ..., "median_ms": ...}]"""
    ours = [os.path.join(a.build, "dsq"), "bench", "--quiet", "--json", f"--threads={threads}",
            f"--shapes=1x3x{a.size}", f"--seconds={a.seconds}"] + ([f"--cpu={a.cpu}"] if a.cpu else [])
    theirs = lambda model: [sys.executable, __file__, model, "--job=time", "--size", a.size, "--threads",
                            str(threads), "--seconds", str(a.seconds)]
    return {"dsq FP32": ours + [os.path.join(folder, "fp32.engine")],
            "ONNX Runtime FP32": theirs(a.model),
            "dsq INT8": ours + [os.path.join(folder, "int8.engine")],
            "ONNX Runtime INT8 (u8 Q/DQ)": theirs(os.path.join(folder, "ort_u8.onnx"))}


def measure(a, threads, folder):
    jobs = commands(a, threads, folder)
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
    p.add_argument("model", nargs="?", default=DEMO, help="an ONNX model [the demo's]")
    p.add_argument("--build", default=os.path.join(ROOT, "build"))
    p.add_argument("--work", help="where engines and the peer's model are or go [out/demo, where make demo put them; "
                   "out/bench/NAME-SIZE]")
    p.add_argument("--pictures", default=DEMO_CALIB, help="JPEG files to calibrate on")
    p.add_argument("--mean", default=DEMO_MEAN)
    p.add_argument("--std", default=DEMO_STD)
    p.add_argument("--rgb", action="store_true", help="channels in this order [blue first]")
    p.add_argument("--size", default="480x640")
    p.add_argument("--threads", default="1,2")
    p.add_argument("--rounds", type=int, default=5)
    p.add_argument("--seconds", type=float, default=2.0, help="steady runs of one process")
    p.add_argument("--cpu", help="mask dsq's CPU features (ref, avx2, avx512vnni)")
    p.add_argument("--job", choices=["prepare", "quantize", "time"], help=argparse.SUPPRESS)
    a = p.parse_args()
    demo = a.model == DEMO
    name = os.path.splitext(os.path.basename(a.model))[0]
    a.rgb = a.rgb or demo
    a.work = a.work or os.path.join(ROOT, "out", "demo" if demo else os.path.join("bench", f"{name}-{a.size}"))
    tensors = os.path.join(a.work, "tensors")
    if a.job == "prepare":
        return prepare_pictures(a, tensors)
    if a.job == "quantize":
        return quantize_ort(a.model, tensors, os.path.join(a.work, "ort_u8.onnx"))
    if a.job == "time":
        return time_ort(a.model, a.size, int(a.threads), a.seconds)
    folder = make(a)
    print(f"{name}, {a.size}, {a.rounds} rounds\n\n"
          "| runtime | threads | median ms | best ms | speed-up over ONNX Runtime | peak MB |")
    print("| --- | --- | --- | --- | --- | --- |")
    for threads in map(int, a.threads.split(",")):
        measure(a, threads, folder)


if __name__ == "__main__":
    main()
