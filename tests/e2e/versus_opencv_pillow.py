# SPDX-License-Identifier: Apache-2.0
"""Preparation of random pictures by random tasks: every float equal to what OpenCV, Pillow and numpy give.

Pictures: JPEG (grey, three samplings, progressive, CMYK, EXIF orientations) and PNG (grey 1 to 16 bits, palette, alpha,
16-bit colour). Tasks: both filters up and down, all resize rules and roundings, colour order, padding before and after
normalization, one ratio and one per axis. The tool that runs dsq's side is $PREPARE (tests/e2e/prepare_pictures.c).
"""
import json
import math
import os
import subprocess
import sys

try:
    import cv2
    import numpy as np
    from PIL import Image, ImageFile, ImageOps
except ImportError as e:
    print(f"skipped: {e}")
    sys.exit(77)

CASES, SEED = 150, 2026
ImageFile.MAXBLOCK = 1 << 20  # else tiny progressive pictures cannot be written


def picture(rng, w, h):
    """Noise over gradients: filters and chroma sampling see both."""
    y, x = np.mgrid[:h, :w]
    base = np.stack([x * 255 / w, y * 255 / h, (x + y) * 255 / (w + h)], 2)
    return (base * .6 + rng.random((h, w, 3)) * 102).astype(np.uint8)


def jpeg(rng, rgb, path):
    kind = rng.integers(4)
    image = Image.fromarray(rgb)
    if kind == 0:
        image = image.convert("L")
    elif kind == 1:
        image = image.convert("CMYK")
    more = {} if kind < 2 else {"subsampling": int(rng.integers(3)), "progressive": bool(rng.integers(2))}
    if rng.integers(2):
        exif = Image.Exif()
        exif[0x0112] = int(rng.integers(1, 9))
        more["exif"] = exif
    image.save(path, quality=int(rng.integers(20, 100)), **more)


def png(rng, rgb, path):
    kind = rng.integers(8)
    grey, alpha = rgb[..., 0], rgb[..., 1]
    image = Image.fromarray(rgb)
    wide = rgb.astype(np.uint16) * 256 + rgb[::-1]
    if kind == 0:
        image.save(path)
    elif kind == 1:
        image.convert("L").convert("1" if rng.integers(2) else "L").save(path)
    elif kind == 2:
        Image.fromarray(np.dstack([grey, alpha]), "LA").save(path)
    elif kind == 3:
        image.quantize(int(rng.choice([2, 4, 16, 200]))).save(path, **({"transparency": 1} if rng.integers(2) else {}))
    elif kind == 4:
        Image.fromarray(np.dstack([rgb, alpha])).save(path)
    elif kind == 5:
        cv2.imwrite(path, wide)
    elif kind == 6:
        cv2.imwrite(path, np.dstack([wide, wide[..., :1]]))
    else:
        cv2.imwrite(path, wide[..., 0])


def read(path, exif):
    """As OpenCV reads it; the turn is Pillow's."""
    bgr = cv2.imread(path, cv2.IMREAD_COLOR | cv2.IMREAD_IGNORE_ORIENTATION)
    rgb = np.ascontiguousarray(bgr[..., ::-1])
    if not exif:
        return rgb
    with Image.open(path) as stored:
        turned = Image.fromarray(rgb)
        turned.getexif()[0x0112] = stored.getexif().get(0x0112, 1)
        return np.asarray(ImageOps.exif_transpose(turned))


def rounded(v, rule):
    return max(1, math.floor(v + (.5 if rule == "half-up" else 0)))


def random_task(rng, w, h):
    filter_ = ["opencv-linear", "pil-antialias"][rng.integers(2)]
    rule = ["none", "stretch", "fit", "short"][rng.integers(4)]
    a, b = (int(v) for v in rng.integers(9, 260, 2))
    text = {"none": "none", "stretch": f"stretch:{a}x{b}", "fit": f"fit:{a}x{b}",
            "short": f"short:{min(a, b)},{max(a, b)}"}[rule]
    return {"preset": "retinanet-mmdet", "filter": filter_, "resize": text,
            "size_rounding": ["floor", "half-up"][rng.integers(2)], "color": ["rgb", "bgr"][rng.integers(2)],
            "mean": [round(float(v), 3) for v in rng.uniform(0, 130, 3)],
            "std": [round(float(v), 3) for v in rng.uniform(1, 60, 3)], "pad": int(rng.choice([1, 8, 32])),
            "pad_value": float(rng.integers(0, 120)), "pad_before_normalization": bool(rng.integers(2)),
            "way_back": ["one-ratio", "per-axis"][rng.integers(2)]}


def sizes(task, w, h):
    """Resized and padded width and height, and the ratio of the rules that have one."""
    rule, _, numbers = task["resize"].partition(":")
    a, b = (int(v) for v in numbers.replace("x", ",").split(",")) if numbers else (0, 0)
    if rule == "none":
        size, ratio = (w, h), 1.0
    elif rule == "stretch":
        size, ratio = (b, a), None
    else:
        ratio = min(a / h, b / w) if rule == "fit" else min(a / min(w, h), b / max(w, h))
        size = tuple(rounded(v * ratio, task["size_rounding"]) for v in (w, h))
    least = (b, a) if rule == "fit" else (0, 0)
    padded = tuple(-(-max(v, m) // task["pad"]) * task["pad"] for v, m in zip(size, least))
    return size, padded, ratio


def prepare(task, rgb):
    h, w = rgb.shape[:2]
    size, padded, ratio = sizes(task, w, h)
    if size == (w, h):
        small = rgb
    elif task["filter"] == "opencv-linear":
        small = cv2.resize(rgb, size, interpolation=cv2.INTER_LINEAR)
    else:  # one axis after the other: the order that Pillow took until 13 began to choose
        small = np.asarray(Image.fromarray(rgb).resize((size[0], h), Image.BILINEAR).resize(size, Image.BILINEAR))
    if task["color"] == "bgr":
        small = small[..., ::-1]
    mean, std = np.float32(task["mean"]), np.float32(task["std"])
    x = np.full((padded[1], padded[0], 3), np.float32(task["pad_value"]))
    if task["pad_before_normalization"]:
        x = (x - mean) / std
    x[:size[1], :size[0]] = (small.astype(np.float32) - mean) / std
    one = task["way_back"] == "one-ratio" and ratio is not None
    return x.transpose(2, 0, 1), (ratio, ratio) if one else (size[0] / w, size[1] / h)


def main():
    folder = os.path.join(os.environ["E2E_DIR"], "versus_opencv_pillow")
    os.makedirs(folder, exist_ok=True)
    rng, cases = np.random.default_rng(SEED), []
    for i in range(CASES):
        w, h = (int(v) for v in rng.integers(1, 300, 2))
        path = f"{folder}/{i}." + ["jpg", "png"][i % 2]
        (jpeg, png)[i % 2](rng, picture(rng, w, h), path)
        exif = bool(rng.integers(2)) and i % 2 == 0
        seen = read(path, exif)
        cases.append((random_task(rng, seen.shape[1], seen.shape[0]), path, exif, seen))
    with open(f"{folder}/list", "w") as f:
        for i, (task, path, exif, _) in enumerate(cases):
            f.write("\t".join([json.dumps(task), path, "exif" if exif else "plain", f"{folder}/{i}.npy"]) + "\n")
    answer = subprocess.run([os.environ["PREPARE"], f"{folder}/list"], check=True, capture_output=True, text=True)
    wrong = 0
    for i, ((task, path, exif, seen), line) in enumerate(zip(cases, answer.stdout.splitlines(), strict=True)):
        want, scale = prepare(task, seen)
        got = np.load(f"{folder}/{i}.npy")
        same = got.shape == want.shape and (got == want).all() and (np.float32(line.split()) == np.float32(scale)).all()
        if not same:
            wrong += 1
            off = f"{np.abs(got - want).max() * max(task['std'])}" if got.shape == want.shape else f"{got.shape}"
            print(f"{path} {seen.shape} exif {exif}: {off}, {line} for {want.shape}, {scale}; {json.dumps(task)}")
    print(f"{CASES} pictures, {wrong} of them not as OpenCV, Pillow and numpy prepare them")
    return int(wrong > 0)


if __name__ == "__main__":
    sys.exit(main())
