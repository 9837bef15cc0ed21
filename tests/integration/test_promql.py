"""Random PromQL to LumaDB and to a real Prometheus that hold the same samples.

Goal: no operator, aggregation or function has a silently different answer.
Method: the same random series with gaps, NaN and staleness markers go into both by remote write; then both are asked the same
random expressions, at one time or over a range. Values may differ by what sums in another order differ.
LumaDB follows Prometheus 3 where it differs from Debian's 2.42, so these are kept out of the questions: samples at the left end of
a range (samples have odd milliseconds, steps of subqueries are multiples of four, questions lie between), counters with resets
or near zero (3.x extrapolates them otherwise), infinities (averages of them), names of metrics in groups, atan2 (drops the name
only since 3.x), predict_linear() with "@" (2.42 answers the first step alone), and filters between vectors whose matching is not
unique, and timestamp() of a selector with both "@" and "offset" (Prometheus reads samples at the offset and then, its offset
overwritten by the distance to "@", looks for them without it: evalTimestampFunctionOverVectorSelector in promql/engine.go,
in 3.14 too). So are ties between ranks, and what blows up last digits: powers, remainders, rounding, sine, cosine and tangent of calculated values.
test_promql_histograms.py asks about histograms, resets and infinities.
LUMA_SEED repeats a run, LUMA_QUESTIONS sets its length.
"""

import json
import math
import os
import random
import time
import unittest
import urllib.parse

import remote_write
from harness import ServerTest, http
from prometheus_peer import PrometheusReceiver
from random_choice import RandomChoice, bits

QUESTIONS = int(os.environ.get("LUMA_QUESTIONS", 2_000))
GAUGES = ["g0", "g1"]
OVER_TIME = ["sum", "avg", "min", "max", "count", "last", "present", "stddev", "stdvar"]
OF_COUNTERS = ["rate", "increase", "irate", "resets"]
OF_RANGES = ["delta", "idelta", "deriv", "changes", *(name + "_over_time" for name in OVER_TIME)]
OF_VALUES = ["abs", "ceil", "floor", "sqrt", "exp", "ln", "log2", "log10", "sgn", "atan", "sinh",
             "tanh", "deg", "rad", "timestamp"]
PERIODIC = ["sin", "cos", "tan"]
OF_DATES = ["minute", "hour", "day_of_week", "day_of_month", "day_of_year", "days_in_month", "month", "year"]
AGGREGATIONS = ["sum", "avg", "min", "max", "count", "group", "stddev", "stdvar"]
ARITHMETIC = ["+", "-", "*", "/"]
COMPARISONS = ["==", "!=", "<", "<=", ">", ">="]
RANGES = ["1m", "5m", "20m", "17s"]


class Chooser(RandomChoice):
    """Random series and questions around [start_ms, end_ms]; start_ms is a multiple of four."""

    # --- samples

    def gauge(self) -> list[tuple[int, int]]:
        samples, at = [], self.start_ms + 2 * self.random.randrange(60_000) + 1
        while at < self.end_ms:
            value = self.random.uniform(-100, 100) if self.chance(0.97) else math.nan
            samples.append((at, remote_write.STALE_MARKER_BITS if self.chance(0.03) else bits(value)))
            at += self.pick([15_000, 15_000, 15_000, 60_000, 400_000])
        return samples

    def counter(self) -> list[tuple[int, int]]:
        samples, at, value = [], self.start_ms + 2 * self.random.randrange(60_000) + 1, 1e6
        while at < self.end_ms:
            samples.append((at, bits(value)))
            value += self.pick([0, 1, 17, 400])
            at += self.pick([15_000, 15_000, 30_000, 180_000])
        return samples

    def all_series(self) -> list[bytes]:
        made = []
        for job in "abc":
            made.append(remote_write.series({"__name__": "team", "job": job, "team": "x" + job}, self.gauge()))
            for instance in "1234":
                labels = {"job": job, "instance": instance}
                for metric in GAUGES:
                    if self.chance(0.85):
                        made.append(remote_write.series({"__name__": metric, **labels}, self.gauge()))
                made.append(remote_write.series({"__name__": "c_total", **labels}, self.counter()))
        return made

    # --- questions

    def time(self) -> str:
        ms = self.start_ms + 4 * self.random.randrange((self.end_ms - self.start_ms) // 4) + 2
        return f"{ms // 1000}.{ms % 1000:03d}"

    def shift(self) -> str:
        at = f" @ {self.time()}" if self.chance(0.1) else ""
        return at + (" offset " + self.pick(["5m", "-5m", "1h", "92s"]) if self.chance(0.15) else "")

    def matchers(self) -> str:
        return "{" + self.pick(["", "", 'job="a"', 'job!="b"', 'instance=~"1|2"', 'instance!~"[34]"', 'job="a",instance="1"']) + "}"

    def selector(self) -> str:
        return self.pick([*GAUGES, *GAUGES, "c_total"]) + self.matchers() + self.shift()

    def matrix(self, depth: int) -> str:
        if depth > 0 and self.chance(0.3):
            inner = self.vector(depth - 1)
            return f"({inner})[{self.pick(RANGES)}:{self.pick(['20s', '8s', '1m', ''])}]{self.shift()}"
        return f"{self.pick(GAUGES)}{self.matchers()}[{self.pick(RANGES)}]{self.shift()}"

    def scalar(self, depth: int) -> str:
        kinds = ["2", "0.5", "-3", "100", "time()", "1e3"]
        if depth > 0 and self.chance(0.3):
            return f"scalar({self.vector(depth - 1)})"
        return self.pick(kinds)

    def grouping(self) -> str:
        return self.pick(["", " by (job)", " by (instance)", " by (job, instance)", " without (instance)", " by (none)"])

    def vector(self, depth: int) -> str:
        if depth == 0:
            return self.selector()
        return self.pick([self.selector_of, self.of_range, self.of_range, self.of_value, self.aggregated, self.aggregated,
                          self.with_scalar, self.with_vector, self.of_set, self.other])(depth - 1)

    def selector_of(self, _depth: int) -> str:
        return self.selector()

    def of_range(self, depth: int) -> str:
        if self.chance(0.3):
            return f"{self.pick(OF_COUNTERS)}(c_total{self.matchers()}[{self.pick(RANGES)}]{self.shift()})"
        if self.chance(0.2):
            return f"quantile_over_time({self.pick(['0.3', '1', '2', '-1'])}, {self.matrix(depth)})"
        if self.chance(0.1):
            # With "@", 2.42 answers only the first step.
            return f"predict_linear({self.pick(GAUGES)}{self.matchers()}[{self.pick(RANGES)}] offset 1m, 600)"
        if self.chance(0.1):
            return f"holt_winters({self.matrix(depth)}, 0.3, 0.6)"
        return f"{self.pick(OF_RANGES)}({self.matrix(depth)})"

    def of_value(self, depth: int) -> str:
        inner = self.vector(depth)
        if self.chance(0.2):
            return self.pick([f"clamp({inner}, -10, {self.scalar(depth)})", f"clamp_min({inner}, 5)", f"clamp_max({inner}, 5)",
                              f"round({self.selector()}, 0.5)", f"({self.selector()}) % 7", f"-({inner})"])
        if self.chance(0.2):
            return f"{self.pick(OF_DATES)}(abs(c_total{self.matchers()}) * 997)"
        if self.chance(0.1):
            return f"{self.pick(PERIODIC)}({self.selector()})"
        function = self.pick(OF_VALUES)
        if function == "timestamp" and " @ " in inner and " offset " in inner:
            function = "abs"
        return f"{function}({inner})"

    def aggregated(self, depth: int) -> str:
        inner = self.vector(depth)
        if self.chance(0.3):
            # Equal values (NaN too) may rank in any order, and calculated ones may differ in the last digit.
            name, parameter, operand = self.pick([("topk", "3", self.ranked()), ("bottomk", "2", self.ranked()),
                                                  ("quantile", "0.7", inner), ("count_values", '"v"', self.ranked())])
            return f"{name}{self.grouping()}({parameter}, {operand})"
        aggregation = self.pick(AGGREGATIONS)
        if aggregation in ("stddev", "stdvar"):
            inner = f"({inner}) > -1e300 < 1e300"  # NaN or Inf alone deviates by NaN only since 3.x
        return f"{aggregation}{self.grouping()}({inner})"

    def ranked(self) -> str:
        return f"({self.pick(GAUGES)} > -1e300)"

    def with_scalar(self, depth: int) -> str:
        operator = self.pick([*ARITHMETIC, *COMPARISONS, "> bool", "== bool"])
        sides = [f"({self.vector(depth)})", self.scalar(depth)]
        self.random.shuffle(sides)
        return f" {operator} ".join(sides)

    def with_vector(self, depth: int) -> str:
        matching = self.pick(["", "", "ignoring (none)", "on (job, instance)", "on (job) group_left", "on (job) group_left (team)"])
        if "group_left" in matching:
            return f"({self.vector(depth)}) {self.pick(ARITHMETIC)} {matching} team"
        operator = self.pick([*ARITHMETIC, "> bool", "<= bool", *([] if matching.startswith("on") else COMPARISONS)])
        return f"({self.vector(depth)}) {operator} {matching} ({self.vector(depth)})"

    def of_set(self, depth: int) -> str:
        matching = self.pick(["", "on (job)", "ignoring (instance)"])
        return f"({self.vector(depth)}) {self.pick(['and', 'or', 'unless'])} {matching} ({self.vector(depth)})"

    def other(self, depth: int) -> str:
        inner = self.vector(depth)
        return self.pick([
            f"vector({self.scalar(depth)})",
            f"absent({inner})",
            f"absent_over_time({self.matrix(depth)})",
            f'label_replace({inner}, "job", "$1-$2", "instance", "([12])(.*)")',
            f'label_join({inner}, "both", "/", "job", "instance")',
            f"sort_desc({inner})",
        ])

    def question(self) -> tuple[str, dict[str, str]]:
        query = self.vector(self.random.randrange(1, 4))
        if self.chance(0.5):
            return "query", {"query": query, "time": self.time()}
        start = float(self.time())
        step_ms = self.pick([20_000, 60_000, 7_300, 300_000])
        end = start + self.random.randrange(40) * step_ms / 1000
        return "query_range", {"query": query, "start": f"{start:.3f}", "end": f"{end:.3f}", "step": f"{step_ms / 1000:.3f}"}


def ask(url: str, path: str, parameters: dict[str, str]):
    answer = http(f"{url}/api/v1/{path}", urllib.parse.urlencode(parameters).encode())
    return answer.status, answer.json().get("data"), answer.text


def points(data) -> dict[str, dict[float, float]]:
    """Values by labels and time."""
    if data["resultType"] == "scalar":
        return {"": {data["result"][0]: float(data["result"][1])}}
    return {json.dumps(one["metric"], sort_keys=True): {at: float(value) for at, value in one.get("values") or [one["value"]]}
            for one in data["result"]}


def near(a: float, b: float) -> bool:
    return (math.isnan(a) and math.isnan(b)) or a == b or math.isclose(a, b, rel_tol=1e-6, abs_tol=1e-6)


def difference(given, expected) -> str:
    """Of the first series that differs; "" when none does."""
    for labels in sorted(given.keys() | expected.keys()):
        a, b = given.get(labels, {}), expected.get(labels, {})
        for at in sorted(a.keys() | b.keys()):
            if at not in a or at not in b or not near(a[at], b[at]):
                return f"{labels} at {at}: {a.get(at)} instead of {b.get(at)}"
    return ""


class PromqlTest(ServerTest):
    def setUp(self):
        super().setUp()
        self.prometheus = PrometheusReceiver(self.folder)
        self.addCleanup(self.prometheus.kill)
        self.prometheus.start()
        self.seed = int(os.environ.get("LUMA_SEED", random.SystemRandom().randrange(1 << 32)))
        print(f"LUMA_SEED={self.seed}")

    def test_prometheus_gives_the_same_answers(self):
        end_ms = int(time.time()) * 1000
        choose = Chooser(self.seed, end_ms - 3_600_000, end_ms)
        all_series = choose.all_series()
        for url in (self.server.url(""), self.prometheus.url):
            self.assertEqual(remote_write.write(url, all_series), 204)
        not_empty, errors, differences = 0, 0, []
        for number in range(QUESTIONS):
            path, parameters = choose.question()
            expected_status, expected, expected_text = ask(self.prometheus.url, path, parameters)
            status, given, text = ask(self.server.url(""), path, parameters)
            if "same labelset" in expected_text:
                continue  # 3.x joins such series unless they overlap
            if status != expected_status:
                differences.append(f"question {number}: {path} {parameters}: {text[:300]} instead of {expected_text[:300]}")
            elif status == 200 and (what := difference(points(given), points(expected))):
                differences.append(f"question {number}: {path} {parameters}: {what}")
            not_empty += expected is not None and bool(expected["result"])
            errors += expected_status != 200
        print(f"questions={QUESTIONS} not_empty={not_empty} errors={errors} differences={len(differences)}")
        self.assertEqual(len(differences), 0, "\n".join(differences[:20]))
        self.assertGreater(not_empty, QUESTIONS // 2, "the questions are worth asking")


if __name__ == "__main__":
    unittest.main()
