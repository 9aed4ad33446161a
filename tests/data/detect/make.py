#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Makes this folder's pictures and ../../unit/detect_expected.h: what OpenCV, Pillow and plain numpy say about
small inputs. The tests need the results only. Needs numpy, opencv-python, Pillow < 13 (13 changed the order of the
passes of some resizes)."""
import os
import struct
import zlib

import cv2
import numpy as np
from PIL import Image

HERE = os.path.dirname(os.path.abspath(__file__))


def noise(n, seed):
    """n pseudo-random numbers in [0, 1), multiples of 2^-24; detect_test.h has the same in C. Neighbouring seeds give
    shifted rows, so that levels hold equal scores and the order of ties shows."""
    x = (np.arange(n, dtype=np.uint64) + np.uint64(seed)) * np.uint64(0x9E3779B97F4A7C15)
    x ^= x >> np.uint64(29)
    x *= np.uint64(0xBF58476D1CE4E5B9)
    x ^= x >> np.uint64(32)
    return (x >> np.uint64(40)).astype(np.float64) / 2**24


def pixels(h, w, seed):
    return (noise(h * w * 3, seed) * 256).astype(np.uint8).reshape(h, w, 3)


# ---- PNG: every kind, written bit by bit ----

ADAM7 = [(0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2)]


def pack(samples, depth):
    """samples [h, w, channels] of `depth` bits -> filtered rows (filter 0)"""
    rows = b""
    for row in samples:
        flat = row.ravel()
        if depth == 16:
            data = flat.astype(">u2").tobytes()
        else:
            bits = "".join(format(int(v), "0%db" % depth) for v in flat)
            bits += "0" * (-len(bits) % 8)
            data = bytes(int(bits[i:i + 8], 2) for i in range(0, len(bits), 8))
        rows += b"\0" + data
    return rows


def png(samples, depth, kind, palette=None, trns=None, interlaced=False, exif=None):
    h, w, _ = samples.shape

    def chunk(name, data):
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    if interlaced:
        raw = b"".join(pack(samples[y0::dy, x0::dx], depth) for x0, y0, dx, dy in ADAM7
                       if samples[y0::dy, x0::dx].size)
    else:
        raw = pack(samples, depth)
    out = b"\x89PNG\r\n\x1a\n"
    out += chunk(b"IHDR", struct.pack(">IIBBBBB", w, h, depth, kind, 0, 0, int(interlaced)))
    out += chunk(b"gAMA", struct.pack(">I", 100000))  # must be ignored
    if palette is not None:
        out += chunk(b"PLTE", palette.tobytes())
    if trns is not None:
        out += chunk(b"tRNS", trns)
    if exif is not None:
        out += chunk(b"eXIf", exif)
    return out + chunk(b"IDAT", zlib.compress(raw, 9)) + chunk(b"IEND", b"")


def tiff(orientation):
    return b"MM\0*" + struct.pack(">IHHHIHHI", 8, 1, 0x0112, 3, 1, orientation, 0, 0)


def save(name, data, rgb):
    """The file, and the pixels it must give (checked against OpenCV)."""
    with open(os.path.join(HERE, name), "wb") as f:
        f.write(data)
    read = cv2.imread(os.path.join(HERE, name), cv2.IMREAD_COLOR | cv2.IMREAD_IGNORE_ORIENTATION)[:, :, ::-1]
    assert rgb is None or (read == rgb).all(), name
    with open(os.path.join(HERE, name + ".rgb"), "wb") as f:
        f.write(struct.pack("<II", read.shape[1], read.shape[0]) + np.ascontiguousarray(read).tobytes())


def make_png():
    h, w = 5, 7
    rgb = pixels(h, w, 1)
    wide = (noise(h * w * 4, 2) * 65536).astype(np.uint16).reshape(h, w, 4)
    grey = rgb[:, :, :1]
    alpha = np.arange(h * w, dtype=np.uint8).reshape(h, w, 1) * 7
    palette = pixels(1, 16, 3)[0]
    index = (noise(h * w, 4) * 16).astype(np.uint8).reshape(h, w, 1)
    bit = index & 1
    save("rgb8.png", png(rgb, 8, 2), rgb)
    save("rgb8_interlaced.png", png(rgb, 8, 2, interlaced=True), rgb)
    save("rgb16.png", png(wide[:, :, :3], 16, 2), (wide[:, :, :3] >> 8).astype(np.uint8))
    save("rgba8.png", png(np.concatenate([rgb, alpha], 2), 8, 6), rgb)
    save("rgba16.png", png(wide, 16, 6), (wide[:, :, :3] >> 8).astype(np.uint8))
    save("grey1.png", png(bit, 1, 0), np.repeat(bit * 255, 3, 2))
    save("grey4.png", png(index, 4, 0), np.repeat(index * 17, 3, 2))
    save("grey8.png", png(grey, 8, 0, trns=struct.pack(">H", int(grey[0, 0, 0]))), np.repeat(grey, 3, 2))
    save("grey16.png", png(wide[:, :, :1], 16, 0), np.repeat((wide[:, :, :1] >> 8).astype(np.uint8), 3, 2))
    save("greya8.png", png(np.concatenate([grey, alpha], 2), 8, 4), np.repeat(grey, 3, 2))
    save("palette4.png", png(index, 4, 3, palette), palette[index[:, :, 0]])
    save("palette8_trns_interlaced.png", png(index, 8, 3, palette, trns=bytes(range(16)), interlaced=True),
         palette[index[:, :, 0]])
    save("exif6.png", png(rgb, 8, 2, exif=tiff(6)), rgb)


def make_jpeg():
    h, w = 13, 19
    y, x = np.mgrid[0:h, 0:w]
    rgb = np.stack([x * 13, y * 19, 255 - x * 6 - y * 5], 2).clip(0, 255).astype(np.uint8)
    image = Image.fromarray(rgb)
    path = os.path.join(HERE, "tmp.jpg")

    def jpeg(im, **kw):
        im.save(path, quality=85, optimize=True, **kw)
        with open(path, "rb") as f:
            return f.read()

    save("color420.jpg", jpeg(image, subsampling=2), None)
    save("color444_progressive.jpg", jpeg(image, subsampling=0, progressive=True), None)
    save("color422_restarts.jpg", jpeg(image, subsampling=1, restart_marker_blocks=1), None)
    save("grey.jpg", jpeg(image.convert("L")), None)
    save("cmyk.jpg", jpeg(image.convert("CMYK")), None)
    os.remove(path)


# ---- what numpy says ----

def floats(values):
    return ", ".join("%.9g" % v + ("" if any(c in "%.9g" % v for c in ".en") else ".0") + "f" for v in values)


def array(kind, name, values, text):
    lines, line = [], "   "
    for v in text(values).split(", "):
        if len(line) + len(v) + 2 > 98:
            lines.append(line)
            line = "   "
        line += " " + v + ","
    return "static const %s %s[] = {\n%s\n};\n" % (kind, name, "\n".join(lines + [line]))


def resize_cases():
    out = []
    for i, (h, w, H, W) in enumerate([(5, 7, 9, 13), (9, 11, 4, 5), (8, 6, 4, 3), (3, 10, 7, 10), (6, 1, 2, 3)]):
        src = pixels(h, w, 100 + i)
        linear = cv2.resize(src, (W, H), interpolation=cv2.INTER_LINEAR)
        smooth = np.asarray(Image.fromarray(src).resize((W, H), Image.BILINEAR))
        for name, values in (("linear", linear), ("antialias", smooth)):
            out.append(array("uint8_t", "%s_%d" % (name, i), values.ravel(),
                             lambda v: ", ".join(str(int(k)) for k in v)))
    return out


def prepare_case():
    """2 x 3 pixels, BGR, padded to 4 x 4 with pixel value 114 before normalization"""
    rgb = pixels(2, 3, 200).astype(np.float32)
    x = np.full((4, 4, 3), 114, np.float32)
    x[:2, :3] = rgb[:, :, ::-1]
    x = (x - np.array([103.53, 116.28, 123.675], np.float32)) / np.array([57.375, 57.12, 58.395], np.float32)
    return [array("float", "prepared", x.transpose(2, 0, 1).ravel(), floats)]


def suppress(boxes, scores, labels, rank, iou, keep):
    chosen = []
    for i in np.lexsort((rank, -scores)):
        if len(chosen) == keep:
            break
        ok = True
        for j in chosen:
            if labels[i] != labels[j]:
                continue
            w = min(boxes[i][2], boxes[j][2]) - max(boxes[i][0], boxes[j][0])
            h = min(boxes[i][3], boxes[j][3]) - max(boxes[i][1], boxes[j][1])
            both = max(w, 0) * max(h, 0)
            area = [(boxes[k][2] - boxes[k][0]) * (boxes[k][3] - boxes[k][1]) for k in (i, j)]
            ok = ok and not both > iou * (sum(area) - both)
        if ok:
            chosen.append(i)
    return chosen


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def anchors_of(variant, level, stride_x, stride_y):
    """xyxy of the nine anchors of cell (0, 0), each project's way"""
    ratios, octaves = [0.5, 1.0, 2.0], [2 ** (i / 3) for i in range(3)]
    if variant == "mmdet":
        wh = [(stride_x * 4 * s / r**.5, stride_x * 4 * s * r**.5) for r in ratios for s in octaves]
        return [(-w / 2, -h / 2, w / 2, h / 2) for w, h in wh]
    if variant == "torchvision":
        sizes = [int((32 << level) * s) for s in octaves]
        wh = [(np.round(s / r**.5 / 2), np.round(s * r**.5 / 2)) for r in ratios for s in sizes]
        return [(-w, -h, w, h) for w, h in wh]
    wh = [(stride_x * 4 * s / r**.5, stride_x * 4 * s * r**.5) for s in octaves for r in (1.0, 2.0, 0.5)]
    return [((stride_x - w) / 2, (stride_y - h) / 2, (stride_x + w) / 2, (stride_y + h) / 2) for w, h in wh]


def decode_case(variant, grids, strides, content, scale, original, per_level, keep):
    """Two classes; noise for maps; candidates, boxes and suppression in doubles"""
    one = 1.0 if variant == "odtk" else 0.0
    boxes, scores, labels, rank = [], [], [], []
    for level, ((gh, gw), (sx, sy)) in enumerate(zip(grids, strides)):
        cls = noise(gh * gw * 18, 1000 + level).reshape(gh, gw, 18)
        cls = (cls**8 if variant == "odtk" else cls * 10 - 8).astype(np.float32).astype(np.float64)
        reg = (noise(gh * gw * 36, 2000 + level).reshape(gh, gw, 36) * 4 - 2).astype(np.float32).astype(np.float64)
        score = cls if variant == "odtk" else sigmoid(cls)
        order = [i for i in np.argsort(-score.ravel(), kind="stable")[:per_level] if score.ravel()[i] > .05]
        base = anchors_of(variant, level, sx, sy)
        for i in order:
            y, x, c = np.unravel_index(i, cls.shape)
            a, label = divmod(int(c), 2)
            x0, y0, x1, y1 = (v + o for v, o in zip(base[a], (x * sx, y * sy, x * sx, y * sy)))
            w, h = x1 - x0 + one, y1 - y0 + one
            d = reg[y, x, a * 4:a * 4 + 4]
            size = d[2:]
            if variant == "mmdet":
                size = size.clip(-np.log(1000 / 16), np.log(1000 / 16))
            elif variant == "torchvision":
                size = size.clip(None, np.log(1000 / 16))
            cx, cy = d[0] * w + x0 + w / 2, d[1] * h + y0 + h / 2
            bw, bh = np.exp(size) * (w, h)
            # x1 = center + half - one is the last pixel; what lies outside altogether is left out
            b = [cx - bw / 2, cy - bh / 2, cx + bw / 2 - one, cy + bh / 2 - one]
            b = [b[0].clip(0, content[0]), b[1].clip(0, content[1]),
                 (b[2] + one).clip(0, content[0]), (b[3] + one).clip(0, content[1])]
            if b[2] - b[0] > 0 and b[3] - b[1] > 0:
                boxes.append(b)
                scores.append(score[y, x, c])
                labels.append(label)
                rank.append(level * 10**6 + i)
    boxes, scores = np.array(boxes), np.array(scores)
    chosen = suppress(boxes, scores, labels, np.array(rank), .5, keep)
    rows = []
    for i in chosen:
        b = (boxes[i] - [0, 0, one, one]) / np.array(scale * 2) + [0, 0, one, one]
        b = np.minimum(np.maximum(b, 0), np.array(original * 2))
        rows += [*b, scores[i], labels[i]]
    return array("float", "decoded_" + variant, rows, floats)


def decode_cases():
    # 39 x 50 (w x h) pictures; short:48,64 gives 48 x 62 (half-up), 48 x 61 (floor); odtk: short:96,128
    return [
        decode_case("mmdet", [(8, 6), (4, 3), (2, 2), (1, 1), (1, 1)], [(s, s) for s in (8, 16, 32, 64, 128)],
                    (48, 62), (48 / 39, 62 / 50), (39, 50), 40, 20),
        decode_case("torchvision", [(8, 8), (4, 4), (2, 2), (1, 1), (1, 1)],
                    [(8, 8), (16, 16), (32, 32), (64, 64), (64, 64)],
                    (48, 61), (48 / 39, 61 / 50), (39, 50), 40, 20),
        decode_case("odtk", [(16, 16), (8, 8), (4, 4), (2, 2), (1, 1)], [(s, s) for s in (8, 16, 32, 64, 128)],
                    (96, 50 * 96 / 39), (96 / 39, 96 / 39), (39, 50), 40, 20),
    ]


# ---- the other families: two classes, noise for outputs, cells in row order ----


def softmax(x):
    e = np.exp(x - x.max(-1, keepdims=True))
    return e / e.sum(-1, keepdims=True)


def f32(x):
    return x.astype(np.float32).astype(np.float64)


def nanodet_level(level, h, w, stride):
    """Score maps of 2 channels, box maps of 4 sides x 5 bins."""
    scores = f32(noise(h * w * 2, 1000 + level)**8).reshape(-1, 2)
    sides = softmax(f32(noise(h * w * 20, 2000 + level) * 6 - 3).reshape(-1, 4, 5)) @ np.arange(5) * stride
    y, x = np.mgrid[:h, :w].reshape(2, -1)
    center = np.stack([x + .5, y + .5], 1) * stride
    return scores, np.concatenate([center - sides[:, :2], center + sides[:, 2:]], 1)


def yolox_level(level, h, w, stride):
    """x y w h objectness a b"""
    o = f32(noise(h * w * 7, 1000 + level)).reshape(-1, 7)
    y, x = np.mgrid[:h, :w].reshape(2, -1)
    center, half = (o[:, :2] + np.stack([x, y], 1)) * stride, np.exp(o[:, 2:4]) * stride / 2
    return o[:, 4:5] * o[:, 5:], np.concatenate([center - half, center + half], 1)


def retinaface_level(level, h, w, stride):
    """Two anchors, of background and two classes each."""
    scores = softmax(f32(noise(h * w * 6, 1000 + level) * 10 - 6).reshape(-1, 3))[:, 1:]
    d = f32(noise(h * w * 8, 2000 + level) * 4 - 2).reshape(-1, 4) * [.1, .1, .2, .2]
    y, x = np.repeat(np.mgrid[:h, :w].reshape(2, -1), 2, 1)
    side = np.tile([1, 2], h * w)[:, None] * [10, 32, 128][level]
    center = np.stack([x + .5, y + .5], 1) * stride + d[:, :2] * side
    half = side * np.exp(d[:, 2:]) / 2
    return scores, np.concatenate([center - half, center + half], 1)


def family_case(name, make_level, grids, scale, iou, best=False):
    """The best 60 of the picture over .05, clipped to it, empty ones left out; 20 kept."""
    parts = [make_level(i, h, w, 8 << i) for i, (h, w) in enumerate(grids)]
    scores, boxes = (np.concatenate(p) for p in zip(*parts))
    if best:
        scores = np.where(np.arange(2) == scores.argmax(1)[:, None], scores, 0)
    boxes = np.clip(boxes / np.array(scale * 2), 0, [39, 50, 39, 50])
    real = (boxes[:, 2:] > boxes[:, :2]).all(1)
    order = [i for i in np.argsort(-scores.ravel(), kind="stable") if scores.ravel()[i] > .05 and real[i // 2]][:60]
    labels, chosen, b = [i % 2 for i in order], scores.ravel()[order], boxes[[i // 2 for i in order]]
    assert len(order) == 60
    rows = []
    for i in suppress(b, chosen, labels, np.arange(len(order)), iou, 20):
        rows += [*b[i], chosen[i], labels[i]]
    return array("float", "decoded_" + name, rows, floats)


def family_cases():
    # 39 x 50 pictures; stretch:64x64; fit:64x64 has one ratio, 64 / 50; natural size
    square, natural = [(8, 8), (4, 4), (2, 2)], [(7, 5), (4, 3), (2, 2)]
    return [
        family_case("nanodet", nanodet_level, square, (64 / 39, 64 / 50), .6),
        family_case("yolox", yolox_level, square, (1.28, 1.28), .65),
        family_case("yolox_best", yolox_level, square, (1.28, 1.28), .65, True),
        family_case("retinaface", retinaface_level, natural, (1, 1), .6),
    ]


if __name__ == "__main__":
    make_png()
    make_jpeg()
    with open(os.path.join(HERE, "../../unit/detect_expected.h"), "w") as f:
        f.write("/* SPDX-License-Identifier: Apache-2.0 */\n/* Made by tests/data/detect/make.py from OpenCV, Pillow"
                " and numpy. */\n/* clang-format off */\n#include <stdint.h>\n\n")
        f.write("\n".join(resize_cases() + prepare_case()) + "\n")
        f.write("/* x0 y0 x1 y1 score label, best first */\n" + "\n".join(decode_cases() + family_cases()))
