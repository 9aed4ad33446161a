#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Make the validation set again and compare it, byte by byte, with demo/val.

    python check_data.py [--n 100] [--font /usr/share/fonts/truetype/noto/NotoColorEmoji.ttf]

Exit status 0: the same; 1: different; 77: OpenCV, fontTools or the font is not installed.
"""
import argparse
import json
import os
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
VAL = os.path.join(os.path.dirname(HERE), "val")
SEED, DENSITY = 2, 1.6


def main():
    ap = argparse.ArgumentParser()
    ap.add_argument("--n", type=int, default=100, help="how many pictures, from the first on")
    ap.add_argument("--font", default="/usr/share/fonts/truetype/noto/NotoColorEmoji.ttf")
    a = ap.parse_args()
    try:
        import cv2  # noqa: F401
        import fontTools  # noqa: F401
    except ImportError as e:
        print(f"skipped: {e}")
        return 77
    if not os.path.exists(a.font):
        print(f"skipped: no {a.font} (Debian: fonts-noto-color-emoji)")
        return 77
    with tempfile.TemporaryDirectory() as tmp:
        def run(script, *args):
            subprocess.run([sys.executable, os.path.join(HERE, script), *args], check=True, stdout=subprocess.DEVNULL)
        sheet = os.path.join(tmp, "sprites.png")
        run("extract_sprites.py", "--font", a.font, "--out", sheet)
        run("make_dataset.py", "--sprites", sheet, "--seed", str(SEED), "--n", str(a.n), "--density", str(DENSITY),
            "--out", tmp, "--json", "instances.json")
        names = [f"{i:012d}.jpg" for i in range(1, a.n + 1)]
        different = [n for n in names if open(f"{tmp}/{n}", "rb").read() != open(f"{VAL}/{n}", "rb").read()]
        made, kept = (json.load(open(p))["annotations"] for p in (f"{tmp}/instances.json", f"{VAL}/instances_val.json"))
        if made != [x for x in kept if x["image_id"] <= a.n]:
            different.append("annotations")
    print(f"{a.n} pictures, different: {different or 'none'}")
    return 1 if different else 0


if __name__ == "__main__":
    sys.exit(main())
