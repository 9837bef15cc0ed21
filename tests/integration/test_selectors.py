"""Random questions to LumaDB and to a real Prometheus that hold the same samples.

Goal: no selector has a silently different answer: matchers (empty ones too), lookback, staleness, offset, @, ranges, steps,
the lists of series, labels and values, and the text of every number.
Method: the same random series with gaps, NaN, infinities, staleness markers and awkward labels go into both by remote write, in
LumaDB one half into segment files; then both are asked the same random questions, by GET and POST.
LumaDB follows Prometheus 3 where it differs from Debian's 2.42, so two things are kept out of the questions: samples exactly at the
left end of a range (samples have even milliseconds, questions odd ones) and line feeds in label values, which "." matches.
LUMA_SEED repeats a run.
"""

import json
import os
import random
import time
import unittest
import urllib.parse

import remote_write
from harness import ServerTest, http, wait_until
from prometheus_peer import PrometheusReceiver
from random_choice import RandomChoice, bits

METRICS = ["m0", "m1", "m2", "m3"]
VALUES = {"job": ["a", "b", "", "api-server", "x.y"],
          "instance": ["1", "2", "10.0.0.1:90", "\u00fc", "q\"\\"],
          "env": ["prod", "dev", ""]}
PATTERNS = [".*", ".+", "", "a|b", "a|", "(a|b)?", "1|2", "[^a]*", "x.y", "x\\.y", "api.*", ".*er", "\u00fc",
            "pro|dev", "p.od", "(?i)PROD", "^a$", "\\d+", "a||b", "q\"\\\\"]
NUMBERS = [0.0, -0.0, 1.5, float("inf"), float("-inf"), float("nan"), 1e300, 5e-324, 1.5e-7, -2e-6, 1e20, 1e21,
           123456789012345680.0]
GAPS_MS = [15_000, 15_000, 15_000, 60_000, 400_000, 2, 1_000]
QUESTIONS = 1_500


class Chooser(RandomChoice):
    """Random series and questions around [start_ms, end_ms]."""

    # --- samples

    def samples(self) -> list[tuple[int, int]]:
        samples, at = [], self.start_ms + 2 * self.random.randrange(300_000)
        while at < self.end_ms:
            value = self.pick(NUMBERS + [float(self.random.randrange(1000)), self.random.uniform(-1e6, 1e6)])
            samples.append((at, remote_write.STALE_MARKER_BITS if self.chance(0.05) else bits(value)))
            at += self.pick(GAPS_MS)
        return samples

    def all_series(self, count: int) -> list[bytes]:
        label_sets = {}
        for _ in range(count):
            labels = {name: self.pick(values) for name, values in VALUES.items()}
            labels = {"__name__": self.pick(METRICS), **{n: v for n, v in labels.items() if v}}
            label_sets[tuple(sorted(labels.items()))] = labels
        return [remote_write.series(labels, self.samples()) for labels in label_sets.values()]

    # --- questions

    def time(self) -> str:
        odd_ms = self.random.randrange(self.start_ms - 100_000, self.end_ms + 100_000) | 1
        return f"{odd_ms // 1000}.{odd_ms % 1000:03d}"

    def matcher(self) -> str:
        name = self.pick([*VALUES, "missing"])
        operator = self.pick(["=", "!=", "=~", "!~"])
        values = PATTERNS if "~" in operator else [*VALUES.get(name, []), "", "other"]
        return f"{name}{operator}{json.dumps(self.pick(values), ensure_ascii=False)}"

    def selector(self) -> str:
        matchers = [self.matcher() for _ in range(self.random.randrange(4))]
        if self.chance(0.6):
            return self.pick(METRICS) + "{" + ",".join(matchers) + "}"
        matchers.append(self.pick(['__name__=~"m[01]"', '__name__=~"m.*"', '__name__="m3"']))
        self.random.shuffle(matchers)
        return "{" + ",".join(matchers) + "}"

    def shift(self) -> str:
        at = f" @ {self.time()}" if self.chance(0.3) else ""
        offset = " offset " + self.pick(["5m", "-5m", "1h", "90s", "2ms", "-1s"]) if self.chance(0.3) else ""
        return at + offset

    def question(self) -> tuple[str, list[tuple[str, str]]]:
        """A path below /api/v1 and its parameters."""
        kind = self.pick(["instant", "instant", "range", "steps", "series", "labels", "values"])
        if kind in ("instant", "range"):
            window = "[" + self.pick(["1m", "5m", "17s", "2h", "2ms"]) + "]" if kind == "range" else ""
            return "query", [("query", self.selector() + window + self.shift()), ("time", self.time())]
        if kind == "steps":
            start, end = sorted([self.time(), self.time()], key=float)
            query = self.pick(["", "-"]) + self.selector() + self.shift()
            return "query_range", [("query", query), ("start", start), ("end", end),
                                   ("step", self.pick(["20", "1m", "7.3", "1h"]))]
        path = f"label/{self.pick(['job', 'instance', '__name__', 'missing'])}/values"
        return (path if kind == "values" else kind,
                [("match[]", self.selector()) for _ in range(1 + self.random.randrange(2))])


def ask(url: str, path: str, parameters: list[tuple[str, str]], by_post: bool):
    """Status and answer, in an order that is the same for everybody."""
    form = urllib.parse.urlencode(parameters)
    target = f"{url}/api/v1/{path}"
    answer = http(target, form.encode()) if by_post else http(f"{target}?{form}")
    data = answer.json().get("data")
    if isinstance(data, dict) and isinstance(data["result"], list):
        data["result"].sort(key=lambda one: json.dumps(one["metric"], sort_keys=True))
    if isinstance(data, list):
        data.sort(key=lambda one: json.dumps(one, sort_keys=True))
    return answer.status, data


class SelectorsTest(ServerTest):
    settings = {"storage.flush_interval": "1s"}

    def setUp(self):
        super().setUp()
        self.prometheus = PrometheusReceiver(self.folder)
        self.addCleanup(self.prometheus.kill)
        self.prometheus.start()
        self.seed = int(os.environ.get("LUMA_SEED", random.SystemRandom().randrange(1 << 32)))
        print(f"LUMA_SEED={self.seed}")

    def write(self, all_series: list[bytes]):
        for url in (self.server.url(""), self.prometheus.url):
            self.assertEqual(remote_write.write(url, all_series), 204)

    def flushed_rows(self) -> bool:
        page = http(self.server.url("/metrics", "metrics")).text
        return "\nluma_storage_hot_rows 0\n" in page and "\nluma_storage_warm_rows 0\n" not in page

    def test_prometheus_gives_the_same_answers(self):
        end_ms = int(time.time()) * 1000
        choose = Chooser(self.seed, end_ms - 3_600_000, end_ms)
        all_series = choose.all_series(80)
        half = len(all_series) // 2
        self.write(all_series[:half])
        wait_until(self.flushed_rows, "the first half is in segment files")
        self.write(all_series[half:])
        not_empty = 0
        for number in range(QUESTIONS):
            path, parameters = choose.question()
            by_post = not path.startswith("label/") and choose.chance(0.5)
            expected = ask(self.prometheus.url, path, parameters, by_post)
            self.assertEqual(ask(self.server.url(""), path, parameters, by_post), expected,
                             f"question {number}: {path} {parameters}")
            result = expected[1]["result"] if isinstance(expected[1], dict) else expected[1]
            not_empty += bool(result)
        self.assertGreater(not_empty, QUESTIONS // 3, "the questions are worth asking")


if __name__ == "__main__":
    unittest.main()
