#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Random COCO evaluation cases with pycocotools' numbers.

    make_cases.py write DIR                         write the cases and their expected numbers
    make_cases.py compare PROGRAM [SEED [COUNT]]    judge new random cases with both

PROGRAM is test_eval_map; `PROGRAM judge GT.json DT.json` prints the twelve numbers and then each
category's AP, one a line. Exit code 77: pycocotools is not installed.
"""
import contextlib
import io
import json
import os
import random
import subprocess
import sys
import tempfile

try:
    import numpy as np
    from pycocotools.coco import COCO
    from pycocotools.cocoeval import COCOeval
except ImportError as e:
    print(f"skipped: {e}; install tests/requirements.txt to compare with pycocotools")
    sys.exit(77)


def make_box(r, small):
    """Sizes around the limits of the area ranges, on half pixels so that overlaps tie."""
    w, h = (r.choice([8, 16, 31.5, 32, 32.5, 64, 96, 97, 150, 200]) for _ in range(2))
    if small:
        w, h = w / 2, h / 2
    return [r.randrange(0, 800) / 2, r.randrange(0, 600) / 2, w, h]


def make_truth(r, o):
    images = [{"id": i, "file_name": f"{i}.jpg", "width": 640, "height": 480}
              for i in r.sample(range(1, 10 * o["images"]), o["images"])]
    categories = [{"id": c, "name": f"class{c}"}
                  for c in r.sample(range(1, 5 * o["categories"]), o["categories"])]
    annotations, next_id = [], 0 if o.get("id_zero") else 1
    for image in images:
        for _ in range(r.choice(o["boxes"])):
            # The last category never has ground truth.
            category = r.choice(categories[:-1] or categories)
            box = make_box(r, o.get("small", False))
            annotations.append({
                "id": next_id, "image_id": image["id"], "category_id": category["id"], "bbox": box,
                "area": box[2] * box[3] * r.choice([1, 0.7]),
                "iscrowd": int(r.random() < o["crowds"])})
            next_id += 1
    r.shuffle(annotations)
    if o.get("strays"):
        annotations.append(dict(annotations[0], id=next_id, image_id=10 ** 6))
        annotations.append(dict(annotations[0], id=next_id + 1, category_id=10 ** 6))
    return {"images": images, "categories": categories, "annotations": annotations}


def make_results(r, o, truth):
    results = []
    known = {i["id"] for i in truth["images"]}
    for a in truth["annotations"]:
        for _ in range(r.choice([0, 1, 1, 2]) if a["image_id"] in known else 0):
            shift = r.choice([0, 0.5, 2, 5])
            box = [a["bbox"][0] + shift, a["bbox"][1] - shift / 2,
                   a["bbox"][2] * r.choice([1, 1.1, 0.8]), a["bbox"][3]]
            category = a["category_id"] if r.random() < 0.9 else r.choice(truth["categories"])["id"]
            results.append([a["image_id"], category, box])
    for _ in range(o["noise"]):
        results.append([r.choice(truth["images"])["id"], r.choice(truth["categories"])["id"],
                        make_box(r, False)])
    r.shuffle(results)
    # Few different scores: ties within and across pictures.
    return [{"image_id": i, "category_id": c, "bbox": b,
             "score": r.randrange(0, o["scores"]) / o["scores"]} for i, c, b in results]


OPTIONS = {
    "plain": dict(images=12, categories=4, boxes=[0, 1, 3, 6], crowds=0.1, noise=30, scores=1000),
    "ties": dict(images=10, categories=3, boxes=[0, 1, 3, 8], crowds=0.2, noise=40, scores=4),
    "id_zero": dict(images=4, categories=2, boxes=[0, 1, 3, 4], crowds=0, noise=5, scores=50,
                    id_zero=True),
    "crowded": dict(images=1, categories=2, boxes=[25], crowds=0.5, noise=300, scores=300),
    "small_only": dict(images=6, categories=3, boxes=[0, 1, 3, 5], crowds=0, noise=10, scores=30,
                       small=True),
    "strays": dict(images=5, categories=3, boxes=[0, 1, 3, 5], crowds=0.1, noise=10, scores=20,
                   strays=True),
    "no_detections": dict(images=3, categories=2, boxes=[0, 1, 3, 3], crowds=0, noise=0, scores=10,
                          empty=True),
}


def make_case(r, o):
    truth = make_truth(r, o)
    return truth, [] if o.get("empty") else make_results(r, o, truth)


def judge(truth, results):
    """pycocotools' twelve numbers, then each category's AP in the file's order; None: no truth."""
    with contextlib.redirect_stdout(io.StringIO()):
        gt = COCO()
        gt.dataset = json.loads(json.dumps(truth))
        gt.createIndex()
        if results:
            dt = gt.loadRes(json.loads(json.dumps(results)))
        else:  # loadRes does not take an empty list
            dt = COCO()
            dt.dataset = dict(gt.dataset, annotations=[])
            dt.createIndex()
        e = COCOeval(gt, dt, "bbox")
        e.evaluate()
        e.accumulate()
        e.summarize()
    per_class = []
    for category in truth["categories"]:
        s = e.eval["precision"][:, :, e.params.catIds.index(category["id"]), 0, 2]
        per_class.append(float(np.mean(s[s > -1])) if (s > -1).any() else -1)
    return [None if v == -1 else float(v) for v in [*e.stats, *per_class]]


def write(folder):
    for number, (name, options) in enumerate(OPTIONS.items()):
        truth, results = make_case(random.Random(number), options)
        contents = {"gt": truth, "dt": results, "expected": judge(truth, results)}
        for suffix, content in contents.items():
            with open(os.path.join(folder, f"{name}.{suffix}.json"), "w") as f:
                if suffix == "expected":
                    json.dump(content, f, indent=0)
                    f.write("\n")
                else:
                    json.dump(content, f, separators=(",", ":"))
                    f.write("\n")


def compare(program, seed, count):
    bad = 0
    with tempfile.TemporaryDirectory() as folder:
        for i in range(count):
            name = list(OPTIONS)[i % len(OPTIONS)]
            truth, results = make_case(random.Random(seed + i), OPTIONS[name])
            paths = [os.path.join(folder, n) for n in ("gt.json", "dt.json")]
            for path, content in zip(paths, (truth, results)):
                with open(path, "w") as f:
                    json.dump(content, f)
            run = subprocess.run([program, "judge", *paths], capture_output=True, text=True,
                                 check=True)
            got = [None if v == "nan" else float(v) for v in run.stdout.split()]
            expected = judge(truth, results)
            same = len(got) == len(expected) and all(
                (g is None) == (e is None) and (g is None or abs(g - e) <= 1e-9)
                for g, e in zip(got, expected))
            if not same:
                bad += 1
                print(f"differs: {name}, seed {seed + i}\n  got      {got}\n  expected {expected}")
    print(f"{count - bad} of {count} random cases agree with pycocotools "
          f"(seeds {seed}..{seed + count - 1})")
    return 1 if bad else 0


if __name__ == "__main__":
    if len(sys.argv) == 3 and sys.argv[1] == "write":
        write(sys.argv[2])
    elif len(sys.argv) >= 3 and sys.argv[1] == "compare":
        numbers = [int(v) for v in sys.argv[3:5]]
        sys.exit(compare(sys.argv[2], *numbers, *[1000, 50][len(numbers):]))
    else:
        sys.exit(__doc__)
