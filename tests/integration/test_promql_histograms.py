"""Random PromQL over native histograms, classic ones, counters with resets and infinities: LumaDB, Prometheus and a reference.

Goal: no difference from Prometheus that is not a change between Debian's 2.42 and 3.14, and no mistake behind such a change.
Method: the same series go into both servers by remote write: exponential histograms of integers and floats with gaps, resets that
the counts show or only the sender tells of, changes of schema and zero bucket, observations of NaN, staleness markers, samples sent
twice, series that change between floats and histograms, gauges, counters near zero, infinities. Both answer the same expressions,
which promql_reference.py also calculates, by the rules of 3.14. LumaDB's answer must always be the reference's. Where Prometheus'
answer is another one, the evaluation must have met one of the changes listed in promql_reference.CHANGES, with these very values;
and where only changes met whose old rule is known too (COMPUTED), the reference must give Prometheus' answer with the old rules.
Two freedoms remain. Sums of several schemas and zero buckets depend on the order of series, which nobody prescribes: there LumaDB's
answer must be the reference's in some order, and the run says how often. And Prometheus takes the empty buckets of a chunk for a sign
that observations have both signs: series have both from the beginning, or one for ever.
All samples lie at odd milliseconds, and questions and steps of subqueries where no sample is on the edge of a range or lookback:
these belong to it only in 2.42 (#13904, #15431).
LUMA_SEED chooses another run, LUMA_QUESTIONS sets its length.
"""

import collections
import itertools
import json
import math
import os
import re
import time
import unittest

import native_histogram
import promql_reference as promql
import remote_write
from harness import ServerTest
from native_histogram import GAUGE, RESET, Histogram, bound
from prometheus_peer import PrometheusReceiver
from random_choice import RandomChoice, bits
from test_promql import ask, near

QUESTIONS = int(os.environ.get("LUMA_QUESTIONS", 4_000))
HISTOGRAMS = ["h_counter", "h_counter", "h_gauge", "h_mixed"]
FLOATS = ["f_total", "f_gauge"]
LENGTHS_MS = [60_000, 300_000, 1_200_000, 92_000]
QUANTILES = [0.0, 0.1, 0.5, 0.75, 0.99, 1.0, -0.5, 1.5]


class Chooser(RandomChoice):
    """Random series and questions around [start_ms, end_ms]; start_ms is a multiple of four."""

    # --- samples

    def times(self):
        at = self.start_ms + 2 * self.random.randrange(30_000) + 1
        while at < self.end_ms:
            yield at
            at += self.pick([15_000, 15_000, 15_000, 30_000, 60_000, 400_000])

    def new_counter(self) -> Histogram:
        return Histogram(schema=self.pick([-1, 0, 1, 2, 3]), threshold=self.pick([0.0, 0.001, 0.25, 2.0 ** -128]))

    def observe(self, histogram: Histogram, two_sided: bool) -> Histogram:
        """Counts some more observations, among them some at zero and some that are NaN."""
        now = histogram.copy(hint=native_histogram.UNKNOWN)
        if not histogram.count:
            now.positive[3] = 1
            now.negative = {3: 1} if two_sided else {}
        for _ in range(self.pick([0, 1, 3, 10])):
            side = self.pick([now.positive, now.positive, now.negative]) if two_sided else now.positive
            index = self.random.randrange(-6, 8)
            # A bucket inside the zero bucket belongs into it, mostly.
            if bound(index, now.schema) <= now.threshold and self.chance(0.9):
                now.zero_count += 1
            else:
                side[index] = side.get(index, 0) + self.pick([1, 2, 20])
            now.sum += self.random.uniform(-1, 10)
        now.zero_count += self.pick([0, 0, 3])
        nan = 1 if self.chance(0.01) else 0
        now.sum = math.nan if nan else now.sum
        now.count = histogram.count - inside(histogram) + inside(now) + nan
        return now

    def next_counter(self, histogram: Histogram, two_sided: bool) -> Histogram:
        kind = self.random.random()
        if kind < 0.03:
            return self.observe(self.new_counter(), two_sided)
        if kind < 0.06 and histogram.schema > -2:
            histogram = histogram.at_schema(histogram.schema - 1)
        elif kind < 0.11:
            # To the end of a bucket, or into the middle of one, which a counter that goes on cannot do.
            threshold = bound(self.random.randrange(-6, 0), histogram.schema) * self.pick([1, 1, 1.1])
            if threshold > histogram.threshold:
                histogram = histogram.with_zero(threshold).copy(threshold=threshold)
        return self.observe(histogram, two_sided)

    def gauge(self, two_sided: bool) -> Histogram:
        made = Histogram(schema=self.pick([0, 0, 0, 1]), threshold=0.5, hint=GAUGE, is_float=True,
                         zero_count=self.random.uniform(0, 4), sum=self.random.uniform(-100, 100))
        for side in made.sides() if two_sided else [made.positive]:
            for _ in range(self.pick([1, 2, 5])):
                side[self.random.randrange(0, 6)] = self.random.uniform(0.5, 20)
        return made.copy(count=inside(made))

    # Series count on both sides of zero from the beginning or on one for ever: Prometheus tells that by the buckets of all the
    # samples in a chunk, empty ones too.
    def counters(self):
        two_sided = self.chance(0.5)
        histogram = self.observe(self.new_counter(), two_sided)
        while True:
            yield histogram
            histogram = self.next_counter(histogram, two_sided)

    def told_counters(self):
        """Some histograms come with the word that the counter began anew, which their counts do not show."""
        for histogram in self.counters():
            yield histogram.copy(hint=RESET) if self.chance(0.1) else histogram

    def gauges(self):
        two_sided = self.chance(0.5)
        while True:
            yield self.gauge(two_sided)

    def mixed(self):
        counters, floats = self.counters(), False
        while True:
            floats = floats if self.chance(0.9) else not floats
            yield self.random.uniform(-10, 10) if floats else next(counters)

    def float_counters(self):
        value = self.pick([0.0, 3.0, 1e6])
        while True:
            yield value
            value = self.pick([0.0, 2.0]) if self.chance(0.04) else value + self.pick([0, 1, 17, 400])

    def float_gauges(self):
        while True:
            yield self.pick([math.nan, math.inf, -math.inf]) if self.chance(0.03) else self.random.uniform(-100, 100)

    def classic(self, job: str, instance: str) -> list[promql.Series]:
        """Buckets of a counter with resets; sometimes one lags behind the others."""
        bounds = ["0.1", "0.5", "2", "10", "+Inf"]
        counts, made = [0.0] * len(bounds), [[] for _ in bounds]
        times = list(self.times())
        for _ in times:
            if self.chance(0.03):
                counts = [0.0] * len(bounds)
            for at in range(self.random.randrange(len(bounds)), len(bounds)):
                counts[at] += self.pick([1, 5]) if self.chance(0.95) else 0
            for column, count in zip(made, counts):
                column.append(count)
        return [promql.Series(labels_of("c_bucket", job, instance, le=bound), times, column)
                for bound, column in zip(bounds, made)]

    def all_series(self) -> dict[str, list[promql.Series]]:
        kinds = {"h_counter": self.counters, "h_told": self.told_counters, "h_gauge": self.gauges, "h_mixed": self.mixed,
                 "f_total": self.float_counters, "f_gauge": self.float_gauges}
        metrics = {metric: [] for metric in (*kinds, "c_bucket")}
        for job in "ab":
            for instance in "123":
                for metric, make in kinds.items():
                    if self.chance(0.9):
                        times = list(self.times())
                        values = [None if self.chance(0.03) else value for value, _ in zip(make(), times)]
                        metrics[metric].append(promql.Series(labels_of(metric, job, instance), times, values))
                metrics["c_bucket"] += self.classic(job, instance)
        return metrics

    # --- questions

    def at_ms(self) -> int:
        return self.start_ms + 4 * self.random.randrange((self.end_ms - self.start_ms) // 4) + 2

    def shift(self) -> promql.Shift:
        return promql.Shift(self.at_ms() if self.chance(0.06) else None,
                            self.pick([300_000, -300_000, 92_000]) if self.chance(0.1) else 0)

    def selector(self, metrics=None) -> promql.Selector:
        matchers = self.pick([{}, {}, {}, {"job": "a"}, {"instance": "2"}, {"job": "b", "instance": "1"}])
        return promql.Selector(self.pick(metrics or HISTOGRAMS * 3 + FLOATS), matchers, self.shift())

    def range(self, metrics=None) -> promql.Range:
        return promql.Range(self.selector(metrics), self.pick(LENGTHS_MS))

    def by(self) -> tuple[str, ...]:
        return self.pick([(), ("job",), ("instance",), ("job", "instance")])

    def vector(self, depth: int) -> promql.Node:
        if depth == 0:
            return self.pick([self.selector, self.selector, self.of_range])()
        kinds = [self.of_range, self.of_range, self.of_subquery, self.aggregation, self.aggregation, self.aggregation, self.of_histograms,
                 self.of_histograms, self.with_scalar, self.with_vector, self.of_set, self.other]
        return self.pick(kinds)(depth - 1)

    def of_range(self, _depth: int = 0) -> promql.OfRange:
        if self.chance(0.05):
            return promql.OfRange(self.pick(["rate", "increase", "irate", "resets"]), self.range(["h_told"]))
        often = ["rate", "increase", "delta", "last_over_time", "count_over_time"]
        return promql.OfRange(self.pick(often if self.chance(0.6) else list(promql.RANGE_FUNCTIONS)), self.range())

    def of_subquery(self, _depth: int) -> promql.OfRange:
        """Not of a subquery, whose steps would lie on the edges of the ranges of the other one. Where the last digit could
        make a reset or a change, of samples as they are."""
        function = self.pick(list(promql.RANGE_FUNCTIONS))
        inner = self.selector()
        if function not in ("rate", "increase", "irate", "resets", "changes"):
            inner = self.pick([self.selector, self.of_range, lambda: self.aggregation(0), lambda: self.of_histograms(0)])()
        return promql.OfRange(function, promql.Subquery(inner, self.pick([60_000, 300_000]), self.pick([20_000, 60_000]), self.shift()))

    def aggregation(self, depth: int) -> promql.Node:
        operator = self.pick(["sum", "sum", "sum", "count", "avg", "group", "min", "max", "quantile"])
        return promql.Aggregation(operator, self.by(), self.vector(depth))

    def of_histograms(self, depth: int) -> promql.Node:
        """Which hints conflict below a count or a sum depends on the samples that were read: nothing is added up there."""
        inner, parameters = self.vector(depth), ()
        adds = re.search(r"\) [+-] (on|\()", inner.text())
        function = self.pick(["histogram_quantile", "histogram_fraction"] if adds else list(promql.HISTOGRAM_FUNCTIONS))
        if function == "histogram_quantile":
            parameters = (self.pick(QUANTILES),)
        elif function == "histogram_fraction":
            parameters = self.pick([(-1.0, 1.0), (0.0, 3.3), (0.7, 100.0), (-1e9, 0.3), (5.0, 1.0)])
        return promql.OfHistograms(function, parameters, inner)

    def with_scalar(self, depth: int) -> promql.WithScalar:
        if self.chance(0.3):
            return promql.WithScalar(self.pick([">", "<="]), self.vector(depth), self.pick([0.33, 7.77]))
        sides = [self.vector(depth), self.pick([2.0, 0.25, 60.0])]
        self.random.shuffle(sides)
        return promql.WithScalar(self.pick(["*", "*", "/", "/", "+", "-"]), *sides)

    def with_vector(self, depth: int) -> promql.WithVector:
        if self.chance(0.15):
            return promql.WithVector(self.pick(["==", "!=", ">"]), self.selector(), self.selector(), bool=self.chance(0.3))
        operator = self.pick(["+", "+", "+", "-", "-", "*", "/"])
        if self.chance(0.3):
            return promql.WithVector(operator, self.vector(depth), promql.Aggregation("sum", ("job",), self.vector(depth)), on="job")
        return promql.WithVector(operator, self.vector(depth), self.vector(depth))

    def of_set(self, depth: int) -> promql.SetOperator:
        return promql.SetOperator(self.pick(["and", "or", "unless"]), self.vector(depth), self.vector(depth),
                                  on=self.pick(["", "", "job"]))

    def other(self, depth: int) -> promql.Node:
        kind = self.random.randrange(6)
        if kind == 0:
            return promql.OfFloats(self.pick(list(promql.FLOAT_FUNCTIONS)), self.vector(depth))
        if kind == 1:
            return promql.Negated(self.vector(depth))
        if kind == 2:
            selector = self.selector()
            selector.shift.at_ms = None
            return promql.Timestamp(selector)
        if kind == 3:
            return promql.Ranked(self.pick(["topk", "bottomk"]), 2, self.by(),
                                 promql.WithScalar("<=", promql.WithScalar(">", self.selector(["f_gauge", "h_mixed"]), -1e6), 1e6))
        if kind == 4:
            return promql.Absent(self.selector() if self.chance(0.5) else self.range())
        inner = self.pick([self.selector(["c_bucket"]), promql.OfRange(self.pick(["rate", "increase"]), self.range(["c_bucket"]))])
        if self.chance(0.5):
            inner = promql.Aggregation("sum", ("le", *self.by()), inner)
        return promql.ClassicQuantile(self.pick([0.1, 0.5, 0.9]), inner)

    def question(self) -> tuple[promql.Node, str, dict[str, str], list[int]]:
        """An expression, where and how to ask it, and the milliseconds of the answers."""
        node = self.vector(self.random.randrange(1, 4))
        start = self.at_ms()
        if self.chance(0.5):
            return node, "query", {"query": node.text(), "time": promql.seconds_text(start)}, [start]
        step = self.pick([20_000, 60_000, 7_300, 300_000])
        times = [start + i * step for i in range(self.random.randrange(1, 9))]
        return node, "query_range", {"query": node.text(), "start": promql.seconds_text(start),
                                     "end": promql.seconds_text(times[-1]), "step": f"{step / 1000:.3f}"}, times


def inside(histogram: Histogram) -> float:
    return histogram.zero_count + sum(histogram.positive.values()) + sum(histogram.negative.values())


def labels_of(metric: str, job: str, instance: str, **more: str) -> promql.Labels:
    return tuple(sorted({"__name__": metric, "job": job, "instance": instance, **more}.items()))


def encoded_samples(series: promql.Series) -> list[tuple[str, bytes]]:
    """As fields of a TimeSeries, with their kinds. What goes stale does so in the form of the sample before."""
    made, before = [], 0.0
    for at, value in zip(series.times, series.values):
        before = before if value is None else value
        if not isinstance(before, Histogram):
            sample = remote_write.sample(at, remote_write.STALE_MARKER_BITS if value is None else bits(value))
            made.append(("stale float" if value is None else "float", remote_write.field(2, sample)))
            continue
        stale_sum = remote_write.STALE_MARKER_BITS if value is None else None
        # 2.42 does not see that a histogram is one of floats while its count is 0.
        histogram = Histogram(is_float=before.is_float, count=1, zero_count=1) if value is None else value
        kind = "float histogram" if histogram.is_float else "histogram"
        made.append((kind, remote_write.field(4, native_histogram.encode(histogram, at, stale_sum))))
    return made


def encoded(series: promql.Series, part: int = 0, parts: int = 1) -> bytes:
    """A message TimeSeries of one of several parts; it begins with the sample that the one before ends with, which so comes twice."""
    samples = encoded_samples(series)
    length = len(samples) // parts
    end = len(samples) if part == parts - 1 else (part + 1) * length
    return message_of(series, samples[max(0, part * length - 1):end])


def message_of(series: promql.Series, samples: list[tuple[str, bytes]]) -> bytes:
    return remote_write.series(dict(series.labels), []) + b"".join(sample for _, sample in samples)


def runs_of_one_kind(series: promql.Series) -> list[bytes]:
    """Messages that 2.42 takes one by one; of samples of several kinds it loses those of one."""
    grouped = itertools.groupby(encoded_samples(series), key=lambda sample: sample[0])
    return [message_of(series, list(samples)) for _, samples in grouped]


# --- answers: {labels: {time: value}}, a histogram is (count, sum, {bounds: (count, rule)})

def bounds_text(lower: float, upper: float) -> str:
    return f"{float(lower):.9g}..{float(upper):.9g}"


def given_histogram(told: dict):
    return (float(told["count"]), float(told["sum"]),
            {bounds_text(lower, upper): (float(count), rule) for rule, lower, upper, count in told.get("buckets", [])})


def given(data) -> dict:
    found = {}
    for one in data["result"]:
        points = {at: float(value) for at, value in one.get("values") or ([one["value"]] if "value" in one else [])}
        told = one.get("histograms") or ([one["histogram"]] if "histogram" in one else [])
        points |= {at: given_histogram(histogram) for at, histogram in told}
        found[json.dumps(one["metric"], sort_keys=True)] = points
    return found


def calculated(evaluation: promql.Evaluation, node: promql.Node, times: list[int]) -> dict:
    found: dict[str, dict] = {}
    for at in times:
        for labels, value in evaluation.of(node, at).items():
            if isinstance(value, Histogram):
                ranges = {bounds_text(one.lower, one.upper): (one.count, one.rule) for one in value.ranges(shown=True)}
                value = (value.count, value.sum, ranges)
            found.setdefault(json.dumps(dict(labels), sort_keys=True), {})[at / 1000] = value
    return found


def same(a, b) -> bool:
    if isinstance(a, tuple) != isinstance(b, tuple):
        return False
    if not isinstance(a, tuple):
        return near(a, b)
    if not near(a[0], b[0]) or not near(a[1], b[1]):
        return False
    nothing = (0.0, None)
    for bounds in a[2].keys() | b[2].keys():
        (count, rule), (other, other_rule) = a[2].get(bounds, nothing), b[2].get(bounds, nothing)
        if not near(count, other) or (None not in (rule, other_rule) and rule != other_rule):
            return False
    return True


def difference(given, expected) -> str:
    """Of the first series that differs; "" when none does."""
    for labels in sorted(given.keys() | expected.keys()):
        a, b = given.get(labels, {}), expected.get(labels, {})
        for at in sorted(a.keys() | b.keys()):
            if at not in a or at not in b or not same(a[at], b[at]):
                return f"{labels} at {at}: {a.get(at)} instead of {b.get(at)}"
    return ""


def as_prometheus_shows(answer: dict) -> dict:
    """Without zero buckets of less than none: Prometheus' HTTP API leaves them out, its own test scripts expect them."""
    def shown(value):
        if not isinstance(value, tuple):
            return value
        count, total, buckets = value
        return count, total, {bounds: (n, rule) for bounds, (n, rule) in buckets.items() if rule != 3 or n > 0}
    return {labels: {at: shown(value) for at, value in points.items()} for labels, points in answer.items()}


def has_histograms(answer: dict) -> bool:
    return any(isinstance(value, tuple) for points in answer.values() for value in points.values())


class PromqlHistogramsTest(ServerTest):
    def setUp(self):
        super().setUp()
        self.prometheus = PrometheusReceiver(self.folder, "--enable-feature=native-histograms")
        self.addCleanup(self.prometheus.kill)
        self.prometheus.start()
        self.seed = int(os.environ.get("LUMA_SEED", 1))
        print(f"LUMA_SEED={self.seed}")
        end_ms = int(time.time()) // 300 * 300_000  # so that a seed gives the same steps of subqueries at any time
        self.choose = Chooser(self.seed, end_ms - 3_600_000, end_ms)
        self.metrics = self.choose.all_series()
        all_series = [series for all_of in self.metrics.values() for series in all_of]
        for messages in itertools.zip_longest(*map(runs_of_one_kind, all_series)):
            self.assertEqual(remote_write.write(self.prometheus.url, [one for one in messages if one is not None]), 204)
        # LumaDB gets parts that overlap, and then everything again; 2.42 calls most histograms that come twice an error.
        for part in range(4):
            self.assertEqual(remote_write.write(self.server.url(""), [encoded(series, part, 4) for series in all_series]), 204)
        self.assertEqual(remote_write.write(self.server.url(""), list(map(encoded, all_series))), 204)
        self.counts = collections.Counter()
        self.explained = collections.Counter()
        self.failures = []

    def check(self, number: int):
        node, path, parameters, times = self.choose.question()
        evaluation = promql.Evaluation(self.metrics)
        expected = calculated(evaluation, node, times)
        self.counts["asked"] += 1
        self.counts["not empty"] += bool(expected)
        self.counts["of histograms, not empty"] += bool(expected) and "h_" in node.text()
        self.counts["with histograms"] += has_histograms(expected)
        self.counts["series"] += len(expected)
        status, data, text = ask(self.server.url(""), path, parameters)
        what = difference(given(data), expected) if status == 200 else text[:300]
        if what and not (status == 200 and "different layouts" in evaluation.changes and self.is_other_order(data, node, times)):
            return self.fail_later("LumaDB", number, path, parameters, what)
        status, data, text = ask(self.prometheus.url, path, parameters)
        what = difference(as_prometheus_shows(expected), given(data)) if status == 200 else text[:300]
        if not what:
            self.counts["as Prometheus"] += 1
            return None
        if "same labelset" in text:
            evaluation.note("same labels")
        if not evaluation.changes:
            return self.fail_later("Prometheus", number, path, parameters, what)
        if evaluation.changes <= promql.COMPUTED and status == 200:
            old = calculated(promql.Evaluation(self.metrics, old=True), node, times)
            if other := difference(given(data), as_prometheus_shows(old)):
                return self.fail_later(f"Prometheus by old rules {evaluation.changes}", number, path, parameters, other)
            self.counts["as Prometheus by its old rules"] += 1
        else:
            self.counts["explained"] += 1
        for change in evaluation.changes:
            self.explained[change] += 1
        return None

    def is_other_order(self, data: dict, node: promql.Node, times: list[int]) -> bool:
        """Whether the answer adds series in another order. That matters where schemas and zero buckets differ: what lies on the
        edge of the wider zero bucket depends on the schema reached by then. No order is prescribed, nor does Prometheus have one."""
        targets = {promql.only(series.labels, ("job", "instance")) for series in self.metrics["c_bucket"]}
        for places in itertools.permutations(range(len(targets))):
            evaluation = promql.Evaluation(self.metrics, order=dict(zip(sorted(targets), places)))
            if not difference(given(data), calculated(evaluation, node, times)):
                self.counts["in another order"] += 1
                return True
        return False

    def fail_later(self, who: str, number: int, path: str, parameters: dict, what: str):
        self.failures.append(f"{who}: question {number}: {path} {parameters}: {what}")

    def test_answers_are_those_of_prometheus_and_of_the_reference(self):
        for number in range(QUESTIONS):
            self.check(number)
        print(f"{dict(self.counts)} differences={len(self.failures)}")
        for change, count in self.explained.most_common():
            print(f"  {count:5d} {promql.CHANGES[change]}")
        self.assertEqual(len(self.failures), 0, "\n".join(self.failures[:20]))
        self.assertGreater(self.counts["not empty"], QUESTIONS // 2, "the questions are worth asking")
        self.assertGreater(self.counts["of histograms, not empty"], QUESTIONS // 3, "and are about histograms")
        self.assertGreater(self.counts["with histograms"], QUESTIONS // 8, "whose answers have some, too")
        self.assertGreater(self.counts["as Prometheus"], QUESTIONS * 11 // 20, "most answers are those of Prometheus")
        self.assertLess(self.counts["explained"], QUESTIONS * 2 // 5, "few are explained by the reference alone")
        self.assertLess(self.counts["in another order"], 2 + QUESTIONS // 100, "hardly any depends on an order")


if __name__ == "__main__":
    unittest.main()
