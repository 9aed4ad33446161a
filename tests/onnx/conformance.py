# SPDX-License-Identifier: Apache-2.0
"""ONNX's own node tests through `dsq run`: passed, refused with a clear message, or wrong; by operator.

The cases are those of the onnx package (collect_testcases(), in memory) and Debian's libonnx-testdata, as far as
every operator in them is one that dsq knows or means to know. A case passes when every output has the expected type
and shape, and numbers within the case's own tolerance. It is refused when dsq exits with 1 and one line that names
what it refuses. Everything else is wrong: other numbers, a crash, a message nobody could act on.

Where dsq wants a parameter (axes, pads, scales, weights ...) as a constant and the case gives it at run time, or lacks
a further output (Dropout's mask, LayerNormalization's mean), the case runs again as exporters write it: with the parameter
as an initializer, with the first output alone. That is counted in a column of its own.

usage: conformance.py --build DIR [--only REGEX] [--keep DIR] [--update] [--better-is-fine]
  --only     only cases whose name or operator matches; prints every one that did not pass, touches no table
  --keep     leaves model.onnx, inputs, expected and computed outputs of each case there
  --update   writes the table to docs/conformance.md; without it, the table there must be what was measured
  --better-is-fine   a table that other work has outdated for the better is only mentioned
"""
import argparse
import collections
import concurrent.futures
import glob
import os
import re
import shutil
import subprocess
import sys
import tempfile
import warnings

try:
    import numpy as np
    import onnx
    from onnx import numpy_helper
    from onnx.backend.test.case.node import collect_testcases
except ImportError as e:
    print(f"skipped: {e}")
    sys.exit(77)

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
TABLE = os.path.join(ROOT, "docs", "conformance.md")
TESTDATA = "/usr/share/libonnx-testdata/data"
LAST_OPSET = 25  # DSQ_ONNX_OPSET_MAX
SECONDS = 60  # a run that takes longer hangs

# What detectors are made of. Operators that src/onnx/onnx_ops.def has beyond these are added.
OPERATORS = set("""
    Conv ConvTranspose Gemm MatMul BatchNormalization InstanceNormalization GroupNormalization LayerNormalization
    Relu LeakyRelu PRelu Clip Sigmoid HardSigmoid HardSwish Tanh Softmax LogSoftmax Elu Gelu Erf Mish Softplus
    Add Sub Mul Div Pow Min Max Mod And Or Not Xor Where Equal Greater GreaterOrEqual Less LessOrEqual Sum
    Exp Log Sqrt Reciprocal Abs Neg Sign Floor Ceil Round MaxPool AveragePool GlobalMaxPool GlobalAveragePool
    Concat Split Slice Reshape Transpose Flatten Squeeze Unsqueeze Pad Resize Upsample Gather GatherElements Tile Expand
    DepthToSpace SpaceToDepth ReduceL1 ReduceL2 ReduceLogSum ReduceLogSumExp ReduceMax ReduceMean ReduceMin ReduceProd
    ReduceSum ReduceSumSquare ArgMax ArgMin TopK Cast Range Constant ConstantOfShape Shape Size Identity Dropout
    QuantizeLinear DequantizeLinear""".split())

# Inputs that are parameters rather than data, by operator.
PARAMETERS = {
    "BatchNormalization": (1, 2, 3, 4), "Clip": (1, 2), "ConstantOfShape": (0,), "Conv": (1, 2), "ConvTranspose": (1, 2),
    "DequantizeLinear": (1, 2), "Dropout": (1, 2), "Expand": (1,), "Gemm": (1, 2), "GroupNormalization": (1, 2),
    "InstanceNormalization": (1, 2), "LayerNormalization": (1, 2), "MatMul": (1,), "PRelu": (1,), "Pad": (1, 2, 3),
    "QuantizeLinear": (1, 2), "Range": (0, 1, 2), "Reshape": (1,), "Resize": (1, 2, 3), "Slice": (1, 2, 3, 4),
    "Split": (1,), "Squeeze": (1,), "Tile": (1,), "TopK": (1,), "Unsqueeze": (1,), "Upsample": (1,),
}
PARAMETERS.update((op, (1,)) for op in OPERATORS if op.startswith("Reduce"))


class Case:
    """A model with its data sets: pairs of {input name: array} and [expected output]."""

    def __init__(self, name, operator, model, data, rtol, atol):
        self.name, self.operator, self.model, self.data = name, operator, model, data
        self.rtol, self.atol = rtol, atol
        self.verdict = self.text = None


# ---- cases ----

def known_operators():
    with open(os.path.join(ROOT, "src", "onnx", "onnx_ops.def"), encoding="utf-8") as f:
        return OPERATORS | set(re.findall(r"^ONNX\((\w+),", f.read(), re.M))


def is_known(model, known):
    return all(n.domain in ("", "ai.onnx") and n.op_type in known for n in model.graph.node)


def form(op, opset):
    """What an operator looks like, its types aside."""
    s = onnx.defs.get_schema(op, opset)
    return ([(i.name, i.option) for i in s.inputs], [(o.name, o.option) for o in s.outputs],
            sorted((a.name, a.type, a.required, str(a.default_value)) for a in s.attributes.values()))


def lower_opset(model):
    """Declare dsq's last opset where the model has a later one that changed nothing about its operators but types."""
    for o in model.opset_import:
        if o.domain in ("", "ai.onnx") and o.version > LAST_OPSET and all(
                form(n.op_type, o.version) == form(n.op_type, LAST_OPSET) for n in model.graph.node):
            o.version = LAST_OPSET


def package_cases(known):
    """Of the onnx package. A function's body written out ("..._expanded") belongs to the function's operator."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # numpy's, on what the cases are made of
        found = collect_testcases()
    single = {c.name: c.model.graph.node[0].op_type for c in found if len(c.model.graph.node) == 1}
    for c in found:
        operator = single.get(c.name) or single.get(re.sub(r"_expanded.*", "", c.name), "other")
        if len(c.model.graph.node) != 1:
            operator += ", written out" if operator != "other" else ""
        names = [i.name for i in c.model.graph.input]
        if is_known(c.model, known):
            lower_opset(c.model)
            yield Case(c.name, operator, c.model, [(dict(zip(names, i)), o) for i, o in c.data_sets], c.rtol, c.atol)


def read_arrays(folder, kind):
    files = glob.glob(os.path.join(glob.escape(folder), f"{kind}_*.pb"))
    arrays = []
    for path in sorted(files, key=lambda p: int(re.search(r"_(\d+)\.pb$", p).group(1))):
        tensor = onnx.TensorProto()
        with open(path, "rb") as f:
            tensor.ParseFromString(f.read())
        arrays.append(numpy_helper.to_array(tensor))
    return arrays


def testdata_cases(known):
    """Of Debian's package: the node tests of its version, and small models that PyTorch wrote."""
    for kind in ("node", "pytorch-converted", "pytorch-operator", "simple"):
        for folder in sorted(glob.glob(os.path.join(TESTDATA, kind, "*", ""))):
            model = onnx.load(folder + "model.onnx")
            plain = all(i.type.WhichOneof("value") == "tensor_type" for i in model.graph.input)
            if not is_known(model, known) or not plain:
                continue
            given = {t.name for t in model.graph.initializer}
            names = [i.name for i in model.graph.input if i.name not in given]
            data = [(dict(zip(names, read_arrays(s, "input"))), read_arrays(s, "output"))
                    for s in sorted(glob.glob(glob.escape(folder) + "test_data_set_*"))]
            name = os.path.basename(folder[:-1])
            operator = model.graph.node[0].op_type if len(model.graph.node) == 1 else "several"
            if kind != "node":
                operator, name = kind, f"{kind}/{name}"
            yield Case(name, operator, model, data, 1e-3, 1e-7)


# ---- one case ----

def is_plain(value):
    return isinstance(value, (np.ndarray, np.generic)) and value.dtype != object


def save_inputs(folder, inputs):
    """The arguments that name the files. What numpy cannot store has none: its model must be refused before."""
    arguments = []
    for i, (name, array) in enumerate(inputs.items()):
        path = os.path.join(folder, f"input_{i}.npy")
        if is_plain(array):
            np.save(path, array)
        arguments.append(f"--input={name}={path}")
    return arguments


def file_name(output):
    return re.sub(r"^\.", "_", output.replace("/", "_")) + ".npy"


def difference(got, want, case):
    """What is wrong with an output; None if nothing is."""
    if got.dtype != want.dtype:
        return f"type {got.dtype}, expected {want.dtype}"
    if got.shape != want.shape:
        return f"shape {got.shape}, expected {want.shape}"
    try:
        np.testing.assert_allclose(got, want, rtol=case.rtol, atol=case.atol)
    except AssertionError as e:
        return " ".join(str(e).split())
    return None


def is_clear(message, model):
    """One line, that names a thing of the model, its file or its opset."""
    line = message.strip("\n")
    names = [name for n in model.graph.node for name in (n.op_type, *n.output)] + [
        v.name for v in (*model.graph.input, *model.graph.initializer)]
    return line.startswith("dsq run: ") and "\n" not in line and (
        "opset" in line or any(f"'{n}'" in line or f"({n}," in line for n in names if n))


def run_set(dsq, case, model, folder, inputs, expected):
    """(verdict, text) of one data set, in a folder of its own."""
    path = os.path.join(folder, "model.onnx")
    with open(path, "wb") as f:
        f.write(model.SerializeToString())
    command = [dsq, "run", "--quiet", "--threads=1", path, f"--output-dir={folder}/out"] + save_inputs(folder, inputs)
    for i, want in enumerate(expected):
        if is_plain(want):
            np.save(os.path.join(folder, f"expected_{i}.npy"), want)
    try:
        p = subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, errors="replace",
                           timeout=SECONDS, check=False, close_fds=False)
    except subprocess.TimeoutExpired:
        return "wrong", f"no answer within {SECONDS} s"
    if p.returncode == 1 and is_clear(p.stderr, model):
        return "refused", p.stderr.strip("\n").removeprefix("dsq run: ").removeprefix(path + ": ")
    if p.returncode:
        return "wrong", f"exit {p.returncode}: {p.stderr.strip()[-400:]}"
    for output, want in zip(model.graph.output, expected, strict=True):
        got = np.load(os.path.join(folder, "out", file_name(output.name)))
        text = difference(got, np.asarray(want), case)
        if text:
            return "wrong", f"{output.name}: {text}"
    return "passed", ""


def as_exported(model, inputs, expected, text):
    """The model with its parameter inputs as initializers, and with its first output alone if another is refused; and the
    inputs and outputs that are left. None if that changes nothing."""
    alone = expected[:1] if re.search(r"output [1-9] of|second output|[Oo]utput '.*' is of training", text) else expected
    names = {n.input[i] for n in model.graph.node for i in PARAMETERS.get(n.op_type, ())
             if i < len(n.input) and is_plain(inputs.get(n.input[i]))}
    if not names and len(alone) == len(expected):
        return None
    changed = onnx.ModelProto()
    changed.CopyFrom(model)
    kept = [i for i in changed.graph.input if i.name not in names]
    del changed.graph.input[:]
    changed.graph.input.extend(kept)
    changed.graph.initializer.extend(numpy_helper.from_array(np.asarray(inputs[n]), n) for n in sorted(names))
    del changed.graph.output[len(alone):]
    return changed, {k: v for k, v in inputs.items() if k not in names}, alone


def run_case(dsq, case, folder):
    """Sets verdict: passed, exported (passed as exporters write it), refused or wrong; and the text to it."""
    verdicts = []
    for i, (inputs, expected) in enumerate(case.data):
        place = os.path.join(folder, re.sub(r"\W", "_", case.name) + (f"_{i}" if i else ""))
        os.makedirs(place)
        verdict, text = run_set(dsq, case, case.model, place, inputs, expected)
        changed = as_exported(case.model, inputs, expected, text) if verdict == "refused" else None
        if changed:
            os.makedirs(place + "_exported")
            again, text_again = run_set(dsq, case, changed[0], place + "_exported", *changed[1:])
            if again != "refused":
                verdict, text = ("exported" if again == "passed" else again), f"as exporters write it: {text_again}"
            else:
                text = text_again
        verdicts.append((["passed", "exported", "refused", "wrong"].index(verdict), verdict, text))
    _, case.verdict, case.text = max(verdicts)


def run_cases(dsq, cases, keep):
    """All of them, a few at a time. Folders go as soon as their case is done, unless they are to be kept."""
    def one(case):
        folder = tempfile.mkdtemp(dir=work)
        run_case(dsq, case, folder)
        if keep:
            for name in os.listdir(folder):
                shutil.rmtree(os.path.join(keep, name), ignore_errors=True)
                shutil.move(os.path.join(folder, name), keep)
        shutil.rmtree(folder)

    with tempfile.TemporaryDirectory() as work, \
            concurrent.futures.ThreadPoolExecutor(min(8, os.cpu_count() or 1)) as pool:
        list(pool.map(one, cases))


# ---- the table ----

def reason(text):
    """A message without the names of its case, so that equal reasons look equal."""
    text = re.sub(r"^node (of output )?'.*?' \((\w+), opset \d+\): (?=not supported)", r"\2: ", text)
    text = re.sub(r"^node (of output )?'.*?' \(\w+(, opset \d+)?\): ", "", text)
    text = re.sub(r"(not supported)( \(nor are .*|; supported are .*|; if this is .*)", r"\1", text)
    text = re.sub(r"'[^']*'", "'...'", text)
    return text if len(text) <= 110 else text[:107] + "..."


def count(cases):
    c = collections.Counter(case.verdict for case in cases)
    return [len(cases), c["passed"], c["exported"], c["refused"], c["wrong"]]


def render(cases):
    """Rows by operator, then the reasons of the refused."""
    groups = collections.defaultdict(list)
    for case in cases:
        groups[case.operator].append(case)
    lines = ["| operator | cases | passed | as exported | refused | wrong |", "|---|--:|--:|--:|--:|--:|"]
    for operator in sorted(groups):
        lines.append(f"| {operator} | " + " | ".join(str(n) if n else "" for n in count(groups[operator])) + " |")
    lines.append("| **all** | " + " | ".join(f"**{n}**" for n in count(cases)) + " |")
    reasons = collections.defaultdict(list)
    for case in cases:
        if case.verdict == "refused":
            reasons[reason(case.text)].append(case.operator)
    if reasons:
        lines += ["", "| refused, because | cases | of |", "|---|--:|---|"]
    for text, operators in sorted(reasons.items(), key=lambda r: (-len(r[1]), r[0])):
        names = sorted(set(operators))
        of = ", ".join(names[:6]) + (f" and {len(names) - 6} more" if len(names) > 6 else "")
        lines.append(f"| {text.replace('|', chr(92) + '|')} | {len(operators)} | {of} |")
    return "\n".join(lines) + "\n"


INTRO = """# Conformance

ONNX's own node tests through `dsq run`, by operator; written by `tests/onnx/conformance.py --update`, and a test compares. *passed*:
every output has the expected type, shape and numbers (relative 1e-3, absolute 1e-7, as the cases say themselves). *as
exported*: dsq wants an input of the operator (axes, sizes, scales, weights ...) as a constant and the case gives it at run
time, or dsq lacks an output beside the first (a mask, a mean); the case passes as exporters write it, with the input as an
initializer and the first output alone. *refused*: with a message that names node
or tensor and the reason. *wrong*: anything else. Cases with operators that dsq does not mean to support are left
out. Cases of an opset after 25 run as opset 25 where only types came to their operators since. "X, written out" is operator X as the graph of simpler operators that ONNX defines it by.
"""


def sections(package, testdata):
    """{heading: text}. The heading says which version the figures are of."""
    made = {f"## The onnx package {onnx.__version__}": render(package)}
    if testdata:
        made[f"## Debian's libonnx-testdata {testdata_version()}"] = render(testdata)
    return made


def testdata_version():
    p = subprocess.run(["dpkg-query", "-W", "-f=${Version}", "libonnx-testdata"], capture_output=True, text=True,
                       check=False)
    return p.stdout or "of an unknown version"


def committed():
    """The sections of the table that is there."""
    if not os.path.exists(TABLE):
        return {}
    with open(TABLE, encoding="utf-8") as f:
        parts = re.split(r"^(## .*)\n\n", f.read(), flags=re.M)
    return dict(zip(parts[1::2], (text.rstrip("\n") + "\n" for text in parts[2::2])))


def write_table(made):
    """Sections of other versions go, unless nothing takes their place: the cases may just not be installed here."""
    package = {h.rsplit(" ", 1)[0] for h in made}
    kept = {h: text for h, text in committed().items() if h.rsplit(" ", 1)[0] not in package}
    with open(TABLE, "w", encoding="utf-8") as f:
        f.write(INTRO + "".join(f"\n{heading}\n\n{text}" for heading, text in {**made, **kept}.items()))


def passed_rows(text):
    """{operator: cases that pass, one way or the other} of a section."""
    rows = re.findall(r"^\| (.*?) \| (\d*) \| (\d*) \| (\d*) \| (\d*) \| (\d*) \|$", text, re.M)
    return {r[0]: int(r[2] or 0) + int(r[3] or 0) for r in rows}


def is_worse(made):
    """Whether some operator passes fewer cases than the committed table of the same version says."""
    there = committed()
    for heading in made.keys() & there.keys():
        now = passed_rows(made[heading])
        if any(now.get(operator, 0) < n for operator, n in passed_rows(there[heading]).items()):
            return True
    return False


def compare_tables(made):
    """Lines to print about sections of the same version that differ from the committed ones."""
    there, told = committed(), []
    for heading, text in made.items():
        if heading not in there:
            print(f"no table to compare with: {heading[3:]}")
        elif there[heading] != text:
            old, new = there[heading].splitlines(), text.splitlines()
            told += [f"- {line}" for line in old if line not in new] + [f"+ {line}" for line in new if line not in old]
    return told


# ---- all of it ----

def arguments():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--build", default="build")
    parser.add_argument("--only")
    parser.add_argument("--keep")
    parser.add_argument("--update", action="store_true")
    parser.add_argument("--better-is-fine", action="store_true")
    return parser.parse_args()


def chosen(cases, only):
    return [c for c in cases if not only or re.search(only, c.name, re.I) or re.search(only, c.operator, re.I)]


def main():
    args = arguments()
    known = known_operators()
    package = chosen(package_cases(known), args.only)
    testdata = chosen(testdata_cases(known), args.only)
    if args.keep:
        os.makedirs(args.keep, exist_ok=True)
    run_cases(os.path.join(args.build, "dsq"), package + testdata, args.keep)
    wrong = [c for c in package + testdata if c.verdict == "wrong"]
    for case in package + testdata if args.only else wrong:
        if case.verdict in ("wrong", "refused"):
            print(f"{case.verdict}: {case.name} ({case.operator}): {case.text}")
    for title, cases in (("onnx " + onnx.__version__, package), ("libonnx-testdata", testdata)):
        if cases:
            print(f"{title}: {'%d cases, %d passed, %d as exported, %d refused, %d wrong' % tuple(count(cases))}")
    if args.only:
        return 1 if wrong else 0
    made = sections(package, testdata)
    if args.update:
        write_table(made)
        return 1 if wrong else 0
    told = compare_tables(made)
    if told:
        print("docs/conformance.md is not what was measured (tests/onnx/conformance.py --update writes it):", *told,
              sep="\n")
    outdated = told and not (args.better_is_fine and not is_worse(made))
    return 1 if wrong or outdated else 0


if __name__ == "__main__":
    sys.exit(main())
