"""A day of data goes hot, warm, cold while the wall clock passes it, into a real S3 service.

The clock of the server and of the S3 service is moved by shifted_clock.py, hour by hour; hot_age
alone counts by the monotonic clock. Every answer is compared with the data as it was written.
"""

import struct
import tempfile
import time
import unittest
from pathlib import Path

from harness import ServerTest, wait_until
from radosgw import RadosGateway
from remote_write import series, write
from shifted_clock import ShiftedClock

DAY_HOURS = 24
SETTLED_HOURS = 12  # after the day is over
MACHINES = ("a", "b", "c")


def bits(value: float) -> int:
    return struct.unpack("<Q", struct.pack("<d", value))[0]


def load(machine: int, minute: int) -> float:
    """Whole numbers: the order in which they are added does not show."""
    return float(minute * 7 % 1000 + machine)


class AgeingTest(ServerTest):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="luma_ageing_")
        self.addCleanup(folder.cleanup)
        self.clock = ShiftedClock(folder.name)
        self.gateway = RadosGateway(Path(folder.name) / "radosgw")
        self.addCleanup(self.gateway.stop)
        self.gateway.start()
        bucket = self.gateway.make_bucket()
        self.clock.preload(self)
        # Signatures of another hour are refused: the service goes by the same clock.
        self.gateway.stop_service()
        self.gateway.start_service()
        self.settings = {
            "cold.store": f"s3://{bucket}/day", "cold.endpoint": self.gateway.endpoint,
            "cold.access_key": self.gateway.ACCESS_KEY, "cold.secret_key": self.gateway.SECRET_KEY,
        }
        super().setUp()
        self.start = int(time.time()) // 60 * 60
        self.server.sql("CREATE TABLE loads (at timestamptz, machine text, load double precision)")
        for table in ("loads", "luma.samples"):
            self.server.sql(f"ALTER TABLE {table} SET (hot_age = '3s', warm_age = '6h')")

    def write_hour(self, hour: int):
        minutes = range(hour * 60, hour * 60 + 60)
        written = [series({"__name__": "load", "machine": name},
                          [((self.start + minute * 60) * 1000, bits(load(number, minute)))
                           for minute in minutes]) for number, name in enumerate(MACHINES)]
        self.assertIn(write(self.server.url(""), written), (200, 204))
        rows = ", ".join(f"(to_timestamp({self.start + minute * 60}), '{name}', "
                         f"{load(number, minute)})"
                         for minute in minutes for number, name in enumerate(MACHINES))
        self.server.sql(f"INSERT INTO loads VALUES {rows}")

    def check_answers(self, hours: int):
        """What SQL and PromQL say of the first `hours` hours, against what was written."""
        minutes = range(hours * 60)
        expected = [(name, len(minutes), sum(load(number, minute) for minute in minutes))
                    for number, name in enumerate(MACHINES)]
        for statement in ("SELECT machine, count(*), sum(load) FROM loads GROUP BY 1 ORDER BY 1",
                          "SELECT labels->>'machine', count(*), sum(value) FROM samples "
                          "WHERE metric = 'load' GROUP BY 1 ORDER BY 1"):
            self.assertEqual(self.server.sql(statement), expected, statement)
        end = self.start + (hours * 60 - 1) * 60
        answer = self.server.api("query_range", query="sum_over_time(load[1h])", step=3600,
                                 start=self.start + 59 * 60, end=end)["result"]
        self.assertEqual([row["metric"]["machine"] for row in answer], list(MACHINES))
        for number, row in enumerate(answer):
            sums = [sum(load(number, hour * 60 + minute) for minute in range(60))
                    for hour in range(hours)]
            self.assertEqual([float(value) for _, value in row["values"]], sums)

    def tiers(self) -> set[str]:
        return {tier for tier, rows in self.server.sql(
            "SELECT tier, rows FROM luma_storage.tiers") if rows > 0}

    def everything_is_cold(self) -> bool:
        rows = dict(self.server.sql("SELECT tier, rows FROM luma_storage.tiers"))
        return rows["cold"] == 2 * DAY_HOURS * 60 * len(MACHINES)

    def test_a_day_goes_through_all_tiers_and_every_answer_stays(self):
        seen = set()
        for hour in range(DAY_HOURS + SETTLED_HOURS):
            self.clock.shift((hour + 1) * 3600)
            if hour < DAY_HOURS:
                self.write_hour(hour)
            self.check_answers(min(hour + 1, DAY_HOURS))
            seen.add(frozenset(self.tiers()))
            time.sleep(1)
        wait_until(self.everything_is_cold, "the whole day is in the object store", 60)
        self.assertIn(frozenset({"hot", "warm", "cold"}), seen, "data lay in all tiers at once")
        self.check_answers(DAY_HOURS)
        self.server.kill()
        self.server.restart()
        self.check_answers(DAY_HOURS)


if __name__ == "__main__":
    unittest.main()
