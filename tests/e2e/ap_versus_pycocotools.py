# SPDX-License-Identifier: Apache-2.0
"""AP of real FP32 models through `dsq eval`, against a chain that shares nothing with it: OpenCV reads and resizes,
ONNX Runtime runs, numpy decodes, pycocotools judges. Equal to 0.001 each. Skips where data or packages are missing.

Usage: ap_versus_pycocotools.py [MODEL...]   (DSQ, E2E_DIR in the environment)
"""
import contextlib
import io
import json
import os
import subprocess
import sys

try:
    import cv2
    import numpy as np
    import onnx
    import onnxruntime as ort
    from pycocotools.coco import COCO
    from pycocotools.cocoeval import COCOeval
except ImportError as e:
    print(f"skipped: {e}")
    sys.exit(77)

DATA, TOLERANCE = os.environ.get("DSQ_DATA", "../shared/data"), 1e-3
SCORE, CANDIDATES, KEPT = 0.01, 1000, 100


def softmax(x, axis):
    e = np.exp(x - x.max(axis, keepdims=True))
    return e / e.sum(axis, keepdims=True)


def rows(maps, depth):
    """[1, a * depth, h, w] -> [h * w * a, depth], cell by cell."""
    n, c, h, w = maps.shape
    return maps[0].transpose(1, 2, 0).reshape(h * w * (c // depth), depth)


def centers(h, w, stride, offset):
    y, x = np.mgrid[:h, :w]
    return np.stack([(x.ravel() + offset) * stride, (y.ravel() + offset) * stride], 1)


def decode_nanodet(out, shape):
    scores, boxes = [], []
    for level, stride in enumerate((8, 16, 32)):
        cls, reg = out[f"cls{level}"], out[f"reg{level}"]
        p = centers(*cls.shape[2:], stride, 0.5)
        side = softmax(rows(reg, 44).reshape(-1, 4, 11), 2) @ np.arange(11) * stride
        scores.append(rows(cls, 80))
        boxes.append(np.concatenate([p - side[:, :2], p + side[:, 2:]], 1))
    return np.concatenate(scores), np.concatenate(boxes)


def decode_yolox(out, shape):
    o = out["output"][0]
    grid = np.concatenate([centers(shape[0] // s, shape[1] // s, 1, 0) for s in (8, 16, 32)])
    stride = np.concatenate([np.full((shape[0] // s * (shape[1] // s), 1), s) for s in (8, 16, 32)])
    xy, wh = (o[:, :2] + grid) * stride, np.exp(o[:, 2:4]) * stride
    return o[:, 4:5] * o[:, 5:], np.concatenate([xy - wh / 2, xy + wh / 2], 1)


def decode_retinaface(out, shape):
    scores, boxes = [], []
    for level, (stride, sides) in enumerate(((8, (10, 20)), (16, (32, 64)), (32, (128, 256)))):
        cls, box = out[f"cls{level}"], rows(out[f"box{level}"], 4)
        p = np.repeat(centers(*cls.shape[2:], stride, 0.5), 2, 0)
        side = np.tile(np.array(sides, float), len(p) // 2)[:, None]
        xy, wh = p + 0.1 * box[:, :2] * side, side * np.exp(0.2 * box[:, 2:])
        scores.append(softmax(rows(cls, 2), 1)[:, 1:])
        boxes.append(np.concatenate([xy - wh / 2, xy + wh / 2], 1))
    return np.concatenate(scores), np.concatenate(boxes)


def stretch_bgr(image):
    x = (cv2.resize(image, (416, 416)).astype(np.float32) - np.float32([103.53, 116.28, 123.675])) \
        / np.float32([57.375, 57.12, 58.395])
    return x, (416 / image.shape[1], 416 / image.shape[0])


def fit_bgr(image):
    h, w = image.shape[:2]
    ratio = min(416 / h, 416 / w)
    x = np.full((416, 416, 3), 114, np.float32)
    x[:int(h * ratio), :int(w * ratio)] = cv2.resize(image, (int(w * ratio), int(h * ratio)))
    return x, (ratio, ratio)


def natural_bgr(image):
    return image.astype(np.float32) - np.float32([104, 117, 123]), (1, 1)


COCO_DATA = ("coco/val2017", "coco/instances_val.json")
WIDER_DATA = ("wider", "wider/instances.json")
# model: prepare, decode, NMS threshold, pictures and annotations, the task
MODELS = {
    "nanodet_g": (stretch_bgr, decode_nanodet, 0.6, COCO_DATA, "nanodet"),
    "yolox_nano": (fit_bgr, decode_yolox, 0.65, COCO_DATA, "yolox"),
    "retinaface_mnet025": (natural_bgr, decode_retinaface, 0.6, WIDER_DATA, "retinaface"),
}


def suppress(boxes, labels, threshold):
    """Greedy, best first, within each class."""
    kept, area = [], (boxes[:, 2:] - boxes[:, :2]).prod(1)
    alive = np.ones(len(boxes), bool)
    for i in range(len(boxes)):
        if not alive[i]:
            continue
        kept.append(i)
        both = np.maximum(np.minimum(boxes[i, 2:], boxes[:, 2:]) - np.maximum(boxes[i, :2], boxes[:, :2]), 0).prod(1)
        alive &= ~((labels == labels[i]) & (both > threshold * (area[i] + area - both)))
    return kept[:KEPT]


def reference(name):
    prepare, decode, threshold, (folder, annotations), _ = MODELS[name]
    options = ort.SessionOptions()
    options.log_severity_level = 3
    options.graph_optimization_level = ort.GraphOptimizationLevel.ORT_DISABLE_ALL
    session = ort.InferenceSession(f"{DATA}/models/{name}.onnx", options, providers=["CPUExecutionProvider"])
    names = [o.name for o in session.get_outputs()]
    with contextlib.redirect_stdout(io.StringIO()):
        truth = COCO(f"{DATA}/{annotations}")
    found, categories = [], truth.getCatIds()
    for image in truth.loadImgs(truth.getImgIds()):
        picture = cv2.imread(f"{DATA}/{folder}/{image['file_name']}", cv2.IMREAD_COLOR | cv2.IMREAD_IGNORE_ORIENTATION)
        x, ratio = prepare(picture)
        out = session.run(names, {session.get_inputs()[0].name: x.transpose(2, 0, 1)[None].copy()})
        scores, boxes = decode(dict(zip(names, out)), x.shape)
        flat = scores.ravel()
        order = np.argsort(-flat, kind="stable")[:CANDIDATES]
        order = order[flat[order] > SCORE]
        labels = order % scores.shape[1]
        h, w = picture.shape[:2]
        b = boxes[order // scores.shape[1]] / np.array(ratio * 2)
        b = np.clip(b, 0, [w, h, w, h])
        for i in suppress(b, labels, threshold):
            x0, y0, x1, y1 = map(float, b[i])
            found.append({"image_id": image["id"], "category_id": categories[labels[i]],
                          "bbox": [x0, y0, x1 - x0, y1 - y0], "score": float(flat[order[i]])})
    with contextlib.redirect_stdout(io.StringIO()):
        judge = COCOeval(truth, truth.loadRes(found), "bbox")
        judge.evaluate()
        judge.accumulate()
        judge.summarize()
    return judge.stats[0], judge.stats[1]


def ours(name):
    dsq, folder, (_, _, _, (images, annotations), task) = os.environ["DSQ"], os.environ["E2E_DIR"], MODELS[name]
    os.makedirs(folder, exist_ok=True)
    engine = f"{folder}/{name}.engine"
    subprocess.run([dsq, "build", f"{DATA}/models/{name}.onnx", "--quiet", "--task", task, "-o", engine], check=True,
                   stdout=subprocess.DEVNULL)
    answer = subprocess.run([dsq, "eval", engine, "--quiet", "--json", "--images", f"{DATA}/{images}", "--annotations",
                             f"{DATA}/{annotations}"], check=True, capture_output=True, text=True)
    result = json.loads(answer.stdout)[0]
    return result["AP"], result["AP50"]


def main():
    if not os.path.isdir(f"{DATA}/models"):
        print(f"skipped: {DATA}/models is not there")
        return 77
    worst = 0.0
    for name in sys.argv[1:] or MODELS:
        want, got = reference(name), ours(name)
        worst = max([worst] + [abs(a - b) for a, b in zip(want, got)])
        print(f"{name}: AP {got[0]:.5f}, AP50 {got[1]:.5f}; ONNX Runtime + pycocotools {want[0]:.5f}, {want[1]:.5f}")
    print(f"largest difference {worst:.5f} (allowed {TOLERANCE})")
    return int(not worst <= TOLERANCE)


if __name__ == "__main__":
    sys.exit(main())
