"""Old samples are rolled up by the real server, and questions get the answers they got before."""

import math
import random
import struct
import subprocess
import time
import unittest
import urllib.parse

from harness import BINARY, LumaServer, ServerTest, http, wait_until
from remote_write import STALE_MARKER_BITS, series, write

MINUTE = 60_000
HOUR = 60 * MINUTE
DAY = 24 * HOUR
RULES = ('[{after = "1d", resolution = "5m"}, {after = "4d", resolution = "1h"}]')


def bits(value: float) -> int:
    return struct.unpack("<Q", struct.pack("<d", value))[0]


class DownsamplingTest(ServerTest):
    settings = {"downsampling.interval": "1s", "server.admin_api": "true"}

    def setUp(self):
        super().setUp()
        self.now = int(time.time() * 1000)
        self.end = self.now // HOUR * HOUR - 2 * DAY
        self.start = self.end - 4 * DAY
        self.written = 0
        picks = random.Random(1)  # the same series every time: what varies is the time of day
        for number in range(4):
            self.write_series("requests_total", number, picks)
            self.write_series("temperature", number, picks)
        # A present sample: a store that was not written to for days would be in doubt of the clock.
        self.send("up", {}, [(self.now, bits(1.0))])

    def send(self, metric: str, labels: dict, samples: list[tuple[int, int]]):
        self.assertEqual(write(self.server.url(""), [series({"__name__": metric, **labels}, samples)]),
                         204)

    def write_series(self, metric: str, number: int, picks: random.Random):
        samples, value = [], 0.0
        at = self.start + 1 + picks.randrange(MINUTE)
        while at <= self.end:
            value = value + picks.randrange(50) if metric.endswith("_total") else picks.random() * 40
            if picks.randrange(300) == 0:
                value = 0.0
            samples.append((at, bits(value)))
            if picks.randrange(200) == 0:
                samples.append((at + 1000, STALE_MARKER_BITS))
                at += picks.randrange(2 * HOUR)
            at += MINUTE + picks.randrange(900)
        self.send(metric, {"number": str(number)}, samples)
        self.written += sum(1 for _, value_bits in samples if value_bits != STALE_MARKER_BITS)

    def answers(self) -> dict:
        """Questions of whole hours over everything, and of five minutes where they are the buckets."""
        answers = {}
        for start, step, window in ((self.start + DAY, HOUR, "1h"), (self.start + DAY, HOUR, "6h"),
                                    (self.now // HOUR * HOUR - 3 * DAY - 12 * HOUR, 5 * MINUTE, "15m")):
            for query in (f"count_over_time(temperature[{window}])",
                          f"sum_over_time(temperature[{window}])",
                          f"avg_over_time(temperature[{window}])",
                          f"min_over_time(temperature[{window}])",
                          f"max_over_time(temperature[{window}])",
                          f"rate(requests_total[{window}])",
                          f"sum(increase(requests_total[{window}]))",
                          f"resets(requests_total[{window}])",
                          "temperature", "count(requests_total)", "timestamp(requests_total)"):
                answers[query, step] = self.server.api(
                    "query_range", query=query, start=start / 1000, end=self.end / 1000,
                    step=step / 1000)["result"]
        return answers

    def assert_same_answers(self, before: dict):
        for question, answer in self.answers().items():
            self.assertEqual([one["metric"] for one in answer],
                             [one["metric"] for one in before[question]], question)
            for now, then in zip(answer, before[question]):
                self.assertEqual([at for at, _ in now["values"]], [at for at, _ in then["values"]],
                                 question)
                for (_, value), (at, expected) in zip(now["values"], then["values"]):
                    self.assertTrue(math.isclose(float(value), float(expected), rel_tol=1e-12),
                                    f"{question} at {at}: {value} instead of {expected}")

    def start_with_rules(self, crashes: tuple[str, ...] = ()):
        self.server.stop()
        self.server.settings["downsampling.rules"] = RULES
        for failpoint in crashes:
            self.server.launch(self.server.command(), {"LUMA_FAILPOINT": failpoint})
            wait_until(lambda: not self.server.running(), f"the crash at {failpoint}")
        self.server.start()
        wait_until(self.passes_done, "a pass of both rules")

    def passes_done(self) -> bool:
        rules = self.server.sql("SELECT passes, last_error FROM luma_storage.downsampling")
        self.assertEqual([error for _, error in rules], [None, None])
        return all(passes > 0 for passes, _ in rules)

    def metric(self, name: str) -> float:
        page = http(self.server.url("/metrics", "metrics")).text
        return next(float(line.split()[1]) for line in page.splitlines() if line.startswith(f"{name} "))

    def test_answers_stay_the_same(self):
        before = self.answers()
        self.start_with_rules(("downsampling.before_commit:2", "downsampling.after_commit:1"))
        self.assert_same_answers(before)
        self.assertEqual(self.server.sql("SELECT metric FROM samples"), [("up",)])

        self.server.kill()
        self.server.restart()
        self.assert_same_answers(before)
        counts = self.server.sql(
            "SELECT resolution_ms, sum(count)::BIGINT FROM rollups GROUP BY ALL ORDER BY ALL")
        self.assertEqual([resolution for resolution, _ in counts], [5 * MINUTE, HOUR])
        self.assertEqual(sum(count for _, count in counts), self.written)
        self.assertEqual(self.server.sql(
            "SELECT count(*) FROM rollups WHERE metric = 'temperature' AND labels['number'] = '1' "
            "AND (min > max OR first NOT BETWEEN min AND max OR first_ts > last_ts OR last_ts > ts "
            "OR increase < 0 AND resets > 0)"), [(0,)])
        self.check_offline(before)

    def check_offline(self, before: dict):
        self.server.stop()
        checked = subprocess.run([BINARY, "check", str(self.server.data)],
                                 capture_output=True, text=True, check=False)
        self.assertEqual(checked.returncode, 0, checked.stdout + checked.stderr)
        store = self.folder / "backups"
        for command in (["backup", "--to", str(store), "--data-dir", str(self.server.data)],
                        ["restore", "--from", str(store), "--data-dir", str(self.folder / "copy")]):
            done = subprocess.run([BINARY, *command], capture_output=True, text=True, check=False)
            self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        folder = self.folder / "other"
        folder.mkdir()
        self.server = LumaServer(folder, {"general.data_dir": str(self.folder / "copy")})
        self.server.start()
        self.assert_same_answers(before)

    def test_late_samples_deletes_and_names(self):
        self.start_with_rules()
        rules = self.server.sql("SELECT resolution_seconds, samples_in, rollups_out "
                                "FROM luma_storage.downsampling")
        self.assertEqual([resolution for resolution, _, _ in rules], [300.0, 3600.0])
        self.assertGreater(sum(samples for _, samples, _ in rules), self.written)  # markers, too
        self.assertEqual(self.metric("luma_downsampling_samples_total"),
                         sum(samples for _, samples, _ in rules))
        self.assertEqual(self.metric("luma_downsampling_rollups_total"),
                         sum(rollups for _, _, rollups in rules))
        self.assertEqual(self.metric("luma_downsampling_failing_rules"), 0)
        self.assertEqual(self.metric("luma_downsampling_failed_days"), 0)

        count = "sum_over_time(sum(count_over_time(temperature[1h]))[5d:1h])"
        at = self.end / 1000
        before = float(self.server.api("query", query=count, time=at)["result"][0]["value"][1])
        self.assertEqual(before, self.server.sql(
            "SELECT sum(count)::BIGINT FROM rollups WHERE metric = 'temperature'")[0][0])
        minutes = self.minutes_with_a_value()
        self.send("temperature", {"number": "0"}, [(self.start + DAY + 1, bits(7.0))])
        self.assertGreaterEqual(self.minutes_with_a_value(), minutes)  # beside the late sample
        after = float(self.server.api("query", query=count, time=at)["result"][0]["value"][1])
        self.assertEqual(after, before + 1)

        quantile = http(self.server.url("/api/v1/query?" + urllib.parse.urlencode(
            {"query": "quantile_over_time(0.5, temperature[1h])", "time": at}))).json()
        self.assertIn("sees the last one of each bucket", quantile["infos"][0])
        for query in ("count_over_time(temperature[5m])", "absent_over_time(temperature[5m])"):
            cut = http(self.server.url("/api/v1/query?" + urllib.parse.urlencode(
                {"query": query, "time": (self.start + DAY + 20 * MINUTE) / 1000}))).json()
            self.assertEqual(cut["data"]["result"], [])
            self.assertIn("samples are rolled up", cut["infos"][0])

        names = self.server.api("label/__name__/values")
        self.assertEqual(names, ["requests_total", "temperature", "up"])
        found = self.server.api("series", **{"match[]": "temperature", "start": self.start / 1000,
                                             "end": self.end / 1000})
        self.assertEqual(len(found), 4)
        gone = http(self.server.url("/api/v1/admin/tsdb/delete_series?match[]=temperature"), b"",
                    method="POST")
        self.assertEqual(gone.status, 204)
        self.assertEqual(self.server.api("label/__name__/values"), ["requests_total", "up"])
        self.assertEqual(self.server.sql("SELECT DISTINCT metric FROM rollups"), [("requests_total",)])

    def minutes_with_a_value(self) -> set:
        """Of an hour that is one bucket."""
        found = self.server.api("query_range", query='temperature{number="0"}', step=60,
                                start=(self.start + DAY) / 1000,
                                end=(self.start + DAY + HOUR) / 1000)["result"]
        return {at for one in found for at, _ in one["values"]}

    def test_rules_without_sense_are_refused(self):
        refused = subprocess.run(
            [BINARY, "check-config", "--set",
             'downsampling.rules=[{after = "1d", resolution = "7m"}]'],
            capture_output=True, text=True, check=False)
        self.assertNotEqual(refused.returncode, 0)
        self.assertIn("a bucket is a second or longer, and so many of them make a day",
                      refused.stdout + refused.stderr)


if __name__ == "__main__":
    unittest.main()
