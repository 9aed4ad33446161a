# SPDX-License-Identifier: Apache-2.0
"""Processes that draw training pictures into slots of shared memory."""
import mmap
import multiprocessing
import os

import numpy as np

from synth import Synth, jpeg, unjpeg

MAX_BOXES = 25  # a picture's further boxes are left out


class Workers:
    """Made before torch is imported: a process forked while another thread initializes CUDA may hang for ever.

    A slot holds `chunk` pictures. `free` and `ready` are queues of slot numbers: a worker takes a free slot,
    fills it and puts it into `ready`; the trainer copies it out and puts it back."""

    def __init__(self, sprites, seed, count, slots, chunk, size):
        self.chunk, self.size, self.slots = chunk, size, slots
        self.pics_bytes = slots * chunk * size * size * 3
        box_bytes = slots * chunk * MAX_BOXES * 5 * 4
        self.memory = mmap.mmap(-1, self.pics_bytes + box_bytes)
        self.pics = np.frombuffer(self.memory, np.uint8, self.pics_bytes).reshape(slots, chunk, size, size, 3)
        self.rows = np.frombuffer(self.memory, np.float32, box_bytes // 4, self.pics_bytes)
        self.rows = self.rows.reshape(slots, chunk, MAX_BOXES, 5)  # x0, y0, x1, y1, label (-1: none)
        ctx = multiprocessing.get_context("fork")
        self.free, self.ready = ctx.SimpleQueue(), ctx.SimpleQueue()
        for i in range(slots):
            self.free.put(i)
        self.processes = [ctx.Process(target=self.work, args=(sprites, seed, i), daemon=True) for i in range(count)]
        for p in self.processes:
            p.start()

    def leave(self, status):
        """End the process and its workers at once, whatever they wait for."""
        for p in self.processes:
            p.kill()
        os._exit(status)

    def work(self, sprites, seed, ident):
        os.nice(10)
        rng, synth = np.random.default_rng([seed, ident]), Synth(sprites)
        while True:
            slot = self.free.get()
            for i in range(self.chunk):
                img, box, label, _ = synth.picture(rng, self.size, self.size, rng.uniform(1, 2.4))
                self.pics[slot, i] = unjpeg(jpeg(img, rng.integers(75, 96)))
                box[:, 2:] += box[:, :2]
                box, label = box[:MAX_BOXES], label[:MAX_BOXES]
                self.rows[slot, i] = -1
                self.rows[slot, i, :len(box), :4] = box
                self.rows[slot, i, :len(box), 4] = label
            self.ready.put(slot)
