# SPDX-License-Identifier: Apache-2.0
"""The twelve COCO numbers of the INT8 engine's detections: ours against pycocotools', to 1e-6."""
import contextlib
import io
import json
import os
import subprocess
import sys

try:
    from pycocotools.coco import COCO
    from pycocotools.cocoeval import COCOeval
except ImportError as e:
    print(f"skipped: {e}")
    sys.exit(77)

KEYS = ["AP", "AP50", "AP75", "APs", "APm", "APl", "AR1", "AR10", "AR100", "ARs", "ARm", "ARl"]


def main():
    dsq, folder = os.environ["DSQ"], os.environ["E2E_DIR"]
    saved, annotations = f"{folder}/detections.json", "demo/val/instances_val.json"
    images, more = "demo/val", []
    if os.environ.get("SANITIZE"):
        images, more = f"{folder}/val", ["--skip-missing"]
    answer = subprocess.run([dsq, "eval", f"{folder}/int8.engine", "--quiet", "--json", "--images", images,
                             "--annotations", annotations, "--save-detections", saved] + more,
                            check=True, capture_output=True, text=True)
    ours = json.loads(answer.stdout)[0]
    with contextlib.redirect_stdout(io.StringIO()):
        truth = COCO(annotations)
        judge = COCOeval(truth, truth.loadRes(saved), "bbox")
        if more:
            judge.params.imgIds = [int(n[:-4]) for n in sorted(os.listdir(images))]
        judge.evaluate()
        judge.accumulate()
        judge.summarize()
    worst = 0.0
    for key, want in zip(KEYS, judge.stats):
        got = -1.0 if ours[key] is None else ours[key]
        worst = max(worst, abs(got - want))
        print(f"{key:6} {got:.8f} {want:.8f}")
    print(f"largest difference {worst:.2e}")
    return int(worst > 1e-6)


if __name__ == "__main__":
    sys.exit(main())
