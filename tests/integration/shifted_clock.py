"""The wall clock of processes that a test starts, moved by the library of clock/shifted_clock.cc.

    clock = ShiftedClock(folder)
    clock.preload(self)        # processes started from here on go by it, until the test ends
    clock.shift(3600)          # they are an hour ahead, at once
"""

import os
import struct
import unittest

LIBRARY = os.environ.get("LUMA_SHIFTED_CLOCK_LIBRARY",
                         "build/release/tests/libluma_shifted_clock.so")


class ShiftedClock:
    def __init__(self, folder: str):
        self.path = f"{folder}/clock"
        self.shift(0)

    def preload(self, test: unittest.TestCase):
        environment = {"LD_PRELOAD": os.path.abspath(LIBRARY), "LUMA_SHIFTED_CLOCK": self.path}
        os.environ.update(environment)
        test.addCleanup(lambda: [os.environ.pop(name) for name in environment])

    def shift(self, seconds: int):
        """In place: the processes have the file mapped."""
        with open(self.path, "r+b" if os.path.exists(self.path) else "wb") as file:
            file.write(struct.pack("<q", seconds))
