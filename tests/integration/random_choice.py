"""What tests with random questions share: choices that a seed repeats, and the bits of values."""

import random
import struct


def bits(value: float) -> int:
    return struct.unpack("<Q", struct.pack("<d", value))[0]


class RandomChoice:
    """Base of a test's choices for samples and questions within [start_ms, end_ms]."""

    def __init__(self, seed: int, start_ms: int, end_ms: int):
        self.random = random.Random(seed)
        self.start_ms, self.end_ms = start_ms, end_ms

    def pick(self, choices):
        return self.random.choice(choices)

    def chance(self, share: float) -> bool:
        return self.random.random() < share
