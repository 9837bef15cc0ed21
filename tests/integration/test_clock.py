"""The wall clock jumps under the real server: nothing expires, nothing is lost (RELIABILITY.md, D14)."""

import struct
import tempfile
import time
import unittest

from harness import ServerTest, http, wait_until
from remote_write import series, write
from shifted_clock import ShiftedClock

YEAR_SECONDS = 365 * 86_400
# Retention looks once a minute, by the monotonic clock.
PASS_SECONDS = 65
SAMPLES = 60
ROWS = 1_000


class ClockTest(ServerTest):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="luma_clock_")
        self.addCleanup(folder.cleanup)
        self.clock = ShiftedClock(folder.name)
        self.clock.preload(self)
        self.settings = {"cold.store": f"{folder.name}/store", "cold.warm_age": "1d",
                         "retention.default_keep": "30d", "server.admin_api": "true"}
        super().setUp()
        self.now = int(time.time())
        self.assertEqual(self.write("kept", self.now), 204)
        self.server.sql("CREATE TABLE events (at timestamptz, number bigint)")
        self.server.sql(f"INSERT INTO events SELECT to_timestamp({self.now} - i * 60), i "
                        f"FROM range({ROWS}) r(i)")
        self.server.sql("CHECKPOINT")

    def write(self, name: str, newest: int) -> int:
        bits = struct.unpack("<Q", struct.pack("<d", 1.0))[0]
        samples = [((newest - i * 60) * 1000, bits) for i in reversed(range(SAMPLES))]
        return write(self.server.url(""), [series({"__name__": name}, samples)])

    def answers(self) -> list:
        return [self.server.sql("SELECT count(*), sum(number), min(at), max(at) FROM events"),
                self.server.sql("SELECT metric, count(*), sum(value), min(ts), max(ts) FROM samples "
                                "WHERE metric = 'kept' GROUP BY metric"),
                self.server.api("query_range", query="kept", start=self.now - 3600, end=self.now,
                                step=60)["result"]]

    def server_year(self) -> int:
        return self.server.sql("SELECT extract(year FROM now())::int")[0][0]

    def lag_seconds(self) -> float:
        page = http(self.server.url("/metrics", "metrics")).text
        return next(float(line.split()[1]) for line in page.splitlines()
                    if line.startswith("luma_retention_clock_lag_seconds "))

    def check_after_retention(self, expected: list):
        time.sleep(PASS_SECONDS)
        self.assertEqual(self.answers(), expected)

    def test_ten_years_ahead_and_back_expire_nothing(self):
        expected = self.answers()
        year = self.server_year()
        self.clock.shift(10 * YEAR_SECONDS)
        self.assertGreaterEqual(self.server_year(), year + 9, "the clock has been moved")
        self.assertGreater(self.lag_seconds(), 9 * YEAR_SECONDS)
        self.check_after_retention(expected)
        self.assertEqual(self.write("during", self.now), 204, "present samples are accepted")

        self.server.kill()
        self.server.restart()
        self.assertGreaterEqual(self.server_year(), year + 9)
        self.check_after_retention(expected)

        self.clock.shift(0)
        self.assertEqual(self.answers(), expected)
        self.assertEqual(self.lag_seconds(), 0)
        self.assertEqual(self.write("after", self.now), 204)
        for seconds in (-1, 3600, -3600, -10 * YEAR_SECONDS, 0):
            self.clock.shift(seconds)
            self.assertEqual(self.answers(), expected, f"moved by {seconds} s")
        self.server.kill()
        self.server.restart()
        self.check_after_retention(expected)
        for name in ("during", "after"):
            count = self.server.sql(f"SELECT count(*) FROM samples WHERE metric = '{name}'")
            self.assertEqual(count, [(SAMPLES,)])

    # The control: by a clock that an operator vouches for the same data does expire.
    def test_a_confirmed_clock_expires_data(self):
        self.clock.shift(10 * YEAR_SECONDS)
        self.assertGreater(self.lag_seconds(), 9 * YEAR_SECONDS)
        self.assertEqual(http(self.server.url("/-/confirm-clock"), b"").status, 204)
        self.server.sql("CHECKPOINT")
        wait_until(lambda: self.server.sql("SELECT count(*) FROM samples WHERE metric = 'kept'")
                   == [(0,)], "the samples have expired", 3 * PASS_SECONDS)


if __name__ == "__main__":
    unittest.main()
