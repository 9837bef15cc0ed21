"""PromQL a second time, as plainly as possible, for tests to compare with: expressions that know their text and their value at one
time, over samples in memory. The rules are those of Prometheus 3.14 for floats and native histograms. Wherever 2.42 has another rule
for the very values at hand, the evaluation notes the change by name (CHANGES). Rules in COMPUTED exist in both forms: with
`Evaluation(old=True)` the answer is that of 2.42."""

import math
from bisect import bisect_right
from dataclasses import dataclass, field

from native_histogram import GAUGE, RESET, UNKNOWN, Histogram, divide

LOOKBACK_MS = 300_000

# What differs between Debian's 2.42 and 3.14, by the pull request of prometheus/prometheus that made the difference.
CHANGES = {
    "interpolation": "#14677: quantiles and fractions follow an exponential curve inside of exponential buckets",
    "nan observations": "#16724: observations of NaN lie above all buckets; before, empty buckets decided how far above",
    "quantile from above": "#12525: quantiles from 0.5 on are counted from the highest bucket down",
    "zero point": "#16828: histograms are not extrapolated to before their count was zero",
    "half an interval": "#13725: the zero point of a counter limits the half interval by which ranges are extrapolated, too",
    "first reset": "#15902: the first histogram of a range does not matter when the second one began anew",
    "reset hint": "#12772: a sender's word that a counter was reset counts, whatever the counts say",
    "histogram arithmetic": "#12262, #14726, #15245, #14821: operators know histograms; before, one was the number 0",
    "histogram comparison": "#15245, #15413: histograms are compared with each other alone; before, one was the number 0",
    "functions of floats": "#15169, #15479: functions of floats leave histograms out; before, one was the number 0",
    "aggregated histograms": "#12262, #15245, #15432: avg() knows histograms, min(), max(), topk() and others leave them out",
    "over time": "#12262, #15711: avg_over_time() and sum_over_time() know histograms, those of floats leave them out",
    "last over time": "#11998: last_over_time() knows histograms; before, one was the number 0",
    "instant change": "#15853: irate() and idelta() know histograms",
    "counting changes": "#15469, #15527: changes() and resets() compare histograms, and see floats become histograms",
    "mixed range": "#12262, #13212: a range of floats and histograms has no rate",
    "different layouts": "#12891, #12977, #13190, #13208: adding and subtracting of different schemas and zero buckets",
    "compacted sums": "#12609, #14454: results have no empty buckets, whose place decides about quantiles at the edges",
    "same labels": "#17703, #17708: results that have the same labels at different times are one series, not an error",
    "infinite mean": "#14413: averages of infinities",
}
COMPUTED = {"interpolation", "quantile from above", "zero point", "half an interval"}

Labels = tuple[tuple[str, str], ...]
Value = float | Histogram


@dataclass
class Series:
    labels: Labels
    times: list[int]
    values: list[Value | None]  # None marks that the series went stale


@dataclass
class Evaluation:
    """One question: the samples, and which changes of Prometheus its answer depends on."""

    metrics: dict[str, list[Series]]
    old: bool = False
    order: dict[Labels, int] = field(default_factory=dict)  # places of series in sums, by job and instance
    changes: set[str] = field(default_factory=set)
    known: dict = field(default_factory=dict)

    def note(self, change: str):
        assert change in CHANGES, change
        self.changes.add(change)

    def of(self, node: "Node", at: int) -> dict[Labels, Value]:
        """The value of a node at a time; looked up when it was asked before."""
        key = (id(node), at)
        if key not in self.known:
            self.known[key] = node.at(self, at)
        return self.known[key]


def without(labels: Labels, *names: str) -> Labels:
    return tuple(pair for pair in labels if pair[0] not in names)


def unnamed(labels: Labels) -> Labels:
    return without(labels, "__name__")


def only(labels: Labels, names) -> Labels:
    return tuple(pair for pair in labels if pair[0] in names)


def is_histogram(value) -> bool:
    return isinstance(value, Histogram)


@dataclass
class Window:
    times: list[int]
    values: list[Value]
    start: int
    end: int

    def floats(self) -> list[float]:
        return [value for value in self.values if not is_histogram(value)]

    def histograms(self) -> list[Histogram]:
        return [value for value in self.values if is_histogram(value)]

    def is_mixed(self) -> bool:
        return 0 < len(self.floats()) < len(self.values)


class Node:
    """An expression. Its text() is what servers are asked."""

    def text(self) -> str:
        raise NotImplementedError

    def at(self, evaluation: Evaluation, at: int) -> dict[Labels, Value]:
        raise NotImplementedError


def seconds_text(ms: int) -> str:
    return f"{ms // 1000}.{ms % 1000:03d}"


@dataclass
class Shift:
    """`@` and `offset`."""

    at_ms: int | None = None
    offset_ms: int = 0

    def text(self) -> str:
        fixed = "" if self.at_ms is None else f" @ {seconds_text(self.at_ms)}"
        moved = "" if self.offset_ms == 0 else f" offset {'-' * (self.offset_ms < 0)}{abs(self.offset_ms) // 1000}s"
        return fixed + moved

    def of(self, at: int) -> int:
        return (at if self.at_ms is None else self.at_ms) - self.offset_ms


@dataclass(eq=False)
class Selector(Node):
    metric: str
    matchers: dict[str, str]
    shift: Shift

    def bare(self) -> str:
        return self.metric + "{" + ",".join(f'{name}="{value}"' for name, value in self.matchers.items()) + "}"

    def text(self) -> str:
        return self.bare() + self.shift.text()

    def series(self, evaluation: Evaluation) -> list[Series]:
        return [one for one in evaluation.metrics[self.metric] if self.matchers.items() <= dict(one.labels).items()]

    def samples(self, evaluation: Evaluation, at: int) -> dict[Labels, tuple[int, Value]]:
        found, at = {}, self.shift.of(at)
        for one in self.series(evaluation):
            last = bisect_right(one.times, at) - 1
            if last >= 0 and one.times[last] > at - LOOKBACK_MS and one.values[last] is not None:
                found[one.labels] = one.times[last], one.values[last]
        return found

    def at(self, evaluation, at):
        return {labels: value for labels, (_, value) in self.samples(evaluation, at).items()}


@dataclass(eq=False)
class Range(Node):
    """`selector[5m]`."""

    selector: Selector
    length_ms: int

    def text(self) -> str:
        return f"{self.selector.bare()}[{self.length_ms // 1000}s]{self.selector.shift.text()}"

    def windows(self, evaluation: Evaluation, at: int) -> dict[Labels, Window]:
        end = self.selector.shift.of(at)
        found = {}
        for one in self.selector.series(evaluation):
            inside = [i for i in range(bisect_right(one.times, end - self.length_ms), bisect_right(one.times, end))
                      if one.values[i] is not None]
            if inside:
                found[one.labels] = Window([one.times[i] for i in inside], [one.values[i] for i in inside],
                                           end - self.length_ms, end)
        return found


@dataclass(eq=False)
class Subquery(Node):
    """`(expression)[5m:20s]`."""

    inner: Node
    length_ms: int
    step_ms: int
    shift: Shift

    def text(self) -> str:
        return f"({self.inner.text()})[{self.length_ms // 1000}s:{self.step_ms // 1000}s]{self.shift.text()}"

    def windows(self, evaluation: Evaluation, at: int) -> dict[Labels, Window]:
        end = self.shift.of(at)
        start = end - self.length_ms
        found: dict[Labels, Window] = {}
        for time in range((start // self.step_ms + 1) * self.step_ms, end + 1, self.step_ms):
            for labels, value in evaluation.of(self.inner, time).items():
                if is_histogram(value) and value.hint != GAUGE:
                    value = value.copy(hint=UNKNOWN)
                window = found.setdefault(labels, Window([], [], start, end))
                window.times.append(time)
                window.values.append(value)
        return found


# --- functions of ranges: each gives a value for a window, or None

def increase_of(evaluation: Evaluation, histograms: list[Histogram], is_counter: bool) -> Histogram:
    first, last = histograms[0], histograms[-1]
    if len({(one.schema, one.threshold) for one in histograms}) > 1:
        evaluation.note("different layouts")
    schemas = [first.schema, last.schema]
    if is_counter:
        if histograms[1].is_reset_from(first):
            if (first.schema, first.threshold) != (histograms[1].schema, histograms[1].threshold) or math.isnan(first.sum):
                evaluation.note("first reset")
            first = Histogram(schema=histograms[1].schema)
            schemas[0] = first.schema
        schemas += [one.schema for one in histograms[1:-1]]
    result = last.at_schema(min(schemas)).plus(first, -1)
    if is_counter:
        before = first
        for now in histograms[1:]:
            if now.is_reset_from(before):
                result = result.plus(before)
            if now.hint == RESET and not now.is_reset_from(before, with_hint=False):
                evaluation.note("reset hint")
            before = now
    return result.compacted().copy(hint=GAUGE)


def extrapolated(evaluation: Evaluation, window: Window, is_counter: bool, per_second: bool) -> Value | None:
    if len(window.values) < 2:
        return None
    if window.is_mixed():
        evaluation.note("mixed range")
        return None
    histograms = window.histograms()
    if histograms:
        result = increase_of(evaluation, histograms, is_counter)
        first_count, increase = histograms[0].count, result.count
    else:
        values = window.values
        result = increase = values[-1] - values[0] + sum(a for a, b in zip(values, values[1:]) if is_counter and b < a)
        first_count = values[0]
    sampled = (window.times[-1] - window.times[0]) / 1000
    mean = sampled / (len(window.values) - 1)
    to_start, to_end = (window.times[0] - window.start) / 1000, (window.end - window.times[-1]) / 1000
    zero_point = math.inf
    if is_counter and increase > 0 and first_count >= 0:
        zero_point = sampled * (first_count / increase)
    if histograms:
        if zero_point < (to_start if to_start < mean * 1.1 else mean / 2):
            evaluation.note("zero point")
        if evaluation.old:
            zero_point = math.inf
    elif to_start >= mean * 1.1 and zero_point < to_start:
        evaluation.note("half an interval")
    if evaluation.old:
        to_start = min(to_start, zero_point)
        to_start = to_start if to_start < mean * 1.1 else mean / 2
    else:
        to_start = min(to_start if to_start < mean * 1.1 else mean / 2, zero_point)
    to_end = to_end if to_end < mean * 1.1 else mean / 2
    factor = (sampled + to_start + to_end) / sampled
    if per_second:
        factor /= (window.end - window.start) / 1000
    return result.scaled(factor) if histograms else result * factor


def instant(evaluation: Evaluation, window: Window, per_second: bool) -> Value | None:
    if window.histograms():
        evaluation.note("instant change")
    if len(window.values) < 2:
        return None
    before, last = window.values[-2:]
    if is_histogram(before) != is_histogram(last):
        return None
    interval = (window.times[-1] - window.times[-2]) / 1000
    if is_histogram(last):
        change = last if per_second and last.is_reset_from(before) else last.plus(before, -1)
        change = change.compacted().copy(hint=GAUGE)
        return change.divided(interval) if per_second else change
    change = last if per_second and last < before else last - before
    return change / interval if per_second else change


def pairs(window: Window):
    return zip(window.values, window.values[1:])


def resets(evaluation: Evaluation, window: Window) -> float:
    if window.histograms():
        evaluation.note("counting changes")
    return float(sum(is_histogram(a) != is_histogram(b) or (b.is_reset_from(a) if is_histogram(b) else b < a)
                     for a, b in pairs(window)))


def changes(evaluation: Evaluation, window: Window) -> float:
    if window.histograms():
        evaluation.note("counting changes")
    def differ(a, b):
        if is_histogram(a) != is_histogram(b):
            return True
        return not b.same_as(a) if is_histogram(b) else a != b and not (math.isnan(a) and math.isnan(b))
    return float(sum(differ(a, b) for a, b in pairs(window)))


def mean(evaluation: Evaluation, values: list[float]) -> float:
    if any(map(math.isinf, values)):
        evaluation.note("infinite mean")
    return total(values) / len(values)


def total(values: list[float]) -> float:
    return sum(values) if any(not math.isfinite(value) for value in values) else math.fsum(values)


def sum_of(evaluation: Evaluation, histograms: list[Histogram]) -> Histogram:
    if len({(one.schema, one.threshold) for one in histograms}) > 1:
        evaluation.note("different layouts")
    result = histograms[0]
    for one in histograms[1:]:
        result = result.plus(one)
    return result


def added(evaluation: Evaluation, window: Window, as_mean: bool) -> Value | None:
    histograms = window.histograms()
    if not histograms:
        return mean(evaluation, window.values) if as_mean else total(window.values)
    evaluation.note("over time")
    if window.is_mixed():
        return None
    result = sum_of(evaluation, histograms).compacted()
    return result.divided(len(histograms)) if as_mean else result


def last(evaluation: Evaluation, window: Window) -> Value:
    if is_histogram(window.values[-1]):
        evaluation.note("last over time")
    return window.values[-1]


def of_floats(evaluation: Evaluation, window: Window, function) -> float | None:
    if window.histograms():
        evaluation.note("over time")
    floats = window.floats()
    return function(floats) if floats else None


def extreme(values: list[float], choose) -> float:
    numbers = [value for value in values if not math.isnan(value)]
    return choose(numbers) if numbers else math.nan


def quantile(q: float, values: list[float]) -> float:
    ordered = [v for v in values if math.isnan(v)] + sorted(v for v in values if not math.isnan(v))
    rank = q * (len(ordered) - 1)
    low = math.floor(rank)
    high = min(len(ordered) - 1, low + 1)
    return ordered[low] * (1 - (rank - low)) + ordered[high] * (rank - low)


RANGE_FUNCTIONS = {
    "rate": lambda e, w: extrapolated(e, w, True, True),
    "increase": lambda e, w: extrapolated(e, w, True, False),
    "delta": lambda e, w: extrapolated(e, w, False, False),
    "irate": lambda e, w: instant(e, w, True),
    "idelta": lambda e, w: instant(e, w, False),
    "resets": resets,
    "changes": changes,
    "sum_over_time": lambda e, w: added(e, w, False),
    "avg_over_time": lambda e, w: added(e, w, True),
    "count_over_time": lambda e, w: float(len(w.values)),
    "present_over_time": lambda e, w: 1.0,
    "last_over_time": last,
    "min_over_time": lambda e, w: of_floats(e, w, lambda floats: extreme(floats, min)),
    "max_over_time": lambda e, w: of_floats(e, w, lambda floats: extreme(floats, max)),
    "quantile_over_time": lambda e, w: of_floats(e, w, lambda floats: quantile(0.7, floats)),
}


@dataclass(eq=False)
class OfRange(Node):
    function: str
    range: Range | Subquery

    def text(self) -> str:
        before = "0.7, " if self.function == "quantile_over_time" else ""
        return f"{self.function}({before}{self.range.text()})"

    def at(self, evaluation, at):
        found = {}
        for labels, window in self.range.windows(evaluation, at).items():
            value = RANGE_FUNCTIONS[self.function](evaluation, window)
            if value is not None:
                found[labels if self.function == "last_over_time" else unnamed(labels)] = value
        return found


# --- functions of vectors

def histogram_quantile(evaluation: Evaluation, histogram: Histogram, q: float) -> float:
    value = histogram.quantile(q)
    linear = histogram.quantile(q, linear=True)
    old = histogram.quantile(q, linear=True, forward=True)
    if math.isnan(histogram.sum):
        evaluation.note("nan observations")
    if value != linear:
        evaluation.note("interpolation")
    if linear != old:
        evaluation.note("quantile from above")
    if q in (0, 1):
        evaluation.note("compacted sums")
    return old if evaluation.old else value


def histogram_fraction(evaluation: Evaluation, histogram: Histogram, lower: float, upper: float) -> float:
    value, old = histogram.fraction(lower, upper), histogram.fraction(lower, upper, linear=True)
    if math.isnan(histogram.sum):
        evaluation.note("nan observations")
    if value != old:
        evaluation.note("interpolation")
    return old if evaluation.old else value


HISTOGRAM_FUNCTIONS = {
    "histogram_count": lambda e, h: float(h.count),
    "histogram_sum": lambda e, h: h.sum,
    "histogram_quantile": histogram_quantile,
    "histogram_fraction": histogram_fraction,
}
FLOAT_FUNCTIONS = {
    "abs": abs,
    "sqrt": lambda v: math.sqrt(v) if v >= 0 else math.nan,
    "sgn": lambda v: v if math.isnan(v) else float((v > 0) - (v < 0)),
    "ceil": lambda v: math.ceil(v) if math.isfinite(v) else v,
    "deg": math.degrees,
    "exp": lambda v: math.exp(v) if v < 700 else math.inf if v > 710 else math.exp(v),
}


@dataclass(eq=False)
class OfHistograms(Node):
    """histogram_count() and the like: leaves floats out."""

    function: str
    parameters: tuple[float, ...]
    inner: Node

    def text(self) -> str:
        return f"{self.function}({''.join(f'{p}, ' for p in self.parameters)}{self.inner.text()})"

    def at(self, evaluation, at):
        return {unnamed(labels): HISTOGRAM_FUNCTIONS[self.function](evaluation, value, *self.parameters)
                for labels, value in evaluation.of(self.inner, at).items() if is_histogram(value)}


@dataclass(eq=False)
class OfFloats(Node):
    """abs() and the like: leaves histograms out."""

    function: str
    inner: Node

    def text(self) -> str:
        return f"{self.function}({self.inner.text()})"

    def at(self, evaluation, at):
        vector = evaluation.of(self.inner, at)
        if any(map(is_histogram, vector.values())):
            evaluation.note("functions of floats")
        return {unnamed(labels): FLOAT_FUNCTIONS[self.function](value)
                for labels, value in vector.items() if not is_histogram(value)}


@dataclass(eq=False)
class Timestamp(Node):
    inner: Selector

    def text(self) -> str:
        return f"timestamp({self.inner.text()})"

    def at(self, evaluation, at):
        return {unnamed(labels): time / 1000 for labels, (time, _) in self.inner.samples(evaluation, at).items()}


@dataclass(eq=False)
class Negated(Node):
    inner: Node

    def text(self) -> str:
        return f"-({self.inner.text()})"

    def at(self, evaluation, at):
        vector = evaluation.of(self.inner, at)
        if any(map(is_histogram, vector.values())):
            evaluation.note("histogram arithmetic")
        return {unnamed(labels): value.scaled(-1) if is_histogram(value) else -value for labels, value in vector.items()}


# --- classic histograms

def force_monotonic(counts: list[float]) -> list[float]:
    for i in range(1, len(counts)):
        counts[i] = max(counts[i], counts[i - 1])
    return counts


def bucket_quantile(q: float, buckets: list[tuple[float, float]]) -> float:
    bounds, counts = [bound for bound, _ in buckets], force_monotonic([count for _, count in buckets])
    if bounds[-1] != math.inf or len(bounds) < 2 or not counts[-1] > 0:
        return math.nan
    rank = q * counts[-1]
    found = next((i for i, count in enumerate(counts[:-1]) if count >= rank), len(counts) - 1)
    if found == len(counts) - 1:
        return bounds[-2]
    if found == 0 and bounds[0] <= 0:
        return bounds[0]
    lower, before = (bounds[found - 1], counts[found - 1]) if found else (0.0, 0.0)
    return lower + (bounds[found] - lower) * divide(rank - before, counts[found] - before)


@dataclass(eq=False)
class ClassicQuantile(Node):
    q: float
    inner: Node

    def text(self) -> str:
        return f"histogram_quantile({self.q}, {self.inner.text()})"

    def at(self, evaluation, at):
        groups: dict[Labels, list[tuple[float, float]]] = {}
        for labels, value in evaluation.of(self.inner, at).items():
            groups.setdefault(unnamed(without(labels, "le")), []).append((float(dict(labels)["le"].replace("+", "")), value))
        return {labels: bucket_quantile(self.q, sorted(buckets)) for labels, buckets in groups.items()}


# --- aggregations

def aggregate(evaluation: Evaluation, operator: str, values: list[Value]) -> Value | None:
    floats = [value for value in values if not is_histogram(value)]
    histograms = [value for value in values if is_histogram(value)]
    if operator == "count":
        return float(len(values))
    if operator == "group":
        return 1.0
    if histograms and operator != "sum":
        evaluation.note("aggregated histograms")
    if operator in ("sum", "avg"):
        if floats and histograms:
            return None
        if histograms:
            result = sum_of(evaluation, histograms).compacted()
            return result.divided(len(histograms)) if operator == "avg" else result
        return mean(evaluation, floats) if operator == "avg" else total(floats)
    if not floats:
        return None
    if operator == "quantile":
        return quantile(0.7, floats)
    return extreme(floats, min if operator == "min" else max)


@dataclass(eq=False)
class Aggregation(Node):
    operator: str
    by: tuple[str, ...]
    inner: Node

    def text(self) -> str:
        before = "0.7, " if self.operator == "quantile" else ""
        return f"{self.operator} by ({', '.join(self.by)}) ({before}{self.inner.text()})"

    def at(self, evaluation, at):
        groups: dict[Labels, list[Value]] = {}
        vector = evaluation.of(self.inner, at)
        for labels in sorted(vector, key=lambda labels: evaluation.order.get(only(labels, ("job", "instance")), 0)):
            groups.setdefault(only(labels, self.by), []).append(vector[labels])
        found = {labels: aggregate(evaluation, self.operator, values) for labels, values in groups.items()}
        return {labels: value for labels, value in found.items() if value is not None}


@dataclass(eq=False)
class Ranked(Node):
    """topk() and bottomk() of values that do not repeat."""

    operator: str
    count: int
    by: tuple[str, ...]
    inner: Node

    def text(self) -> str:
        return f"{self.operator} by ({', '.join(self.by)}) ({self.count}, {self.inner.text()})"

    def at(self, evaluation, at):
        groups: dict[Labels, list[tuple[Labels, float]]] = {}
        for labels, value in evaluation.of(self.inner, at).items():
            if is_histogram(value):
                evaluation.note("aggregated histograms")
            else:
                groups.setdefault(only(labels, self.by), []).append((labels, value))
        def key(entry):
            return math.inf if math.isnan(entry[1]) else -entry[1] if self.operator == "topk" else entry[1]
        return dict(entry for group in groups.values() for entry in sorted(group, key=key)[:self.count])


# --- operators

ARITHMETIC = {"+": lambda a, b: a + b, "-": lambda a, b: a - b, "*": lambda a, b: a * b, "/": divide}
COMPARISONS = {"==": lambda a, b: a == b, "!=": lambda a, b: a != b, ">": lambda a, b: a > b, "<=": lambda a, b: a <= b}


def arithmetic(evaluation: Evaluation, operator: str, a: Value, b: Value) -> Value | None:
    if not is_histogram(a) and not is_histogram(b):
        return ARITHMETIC[operator](a, b)
    if is_histogram(a) and is_histogram(b):
        if operator == "+":
            return sum_of(evaluation, [a, b]).compacted()
        evaluation.note("histogram arithmetic")
        return a.plus(b, -1).compacted().copy(hint=GAUGE) if operator == "-" else None
    evaluation.note("histogram arithmetic")
    if operator == "*":
        return (a.scaled(b) if is_histogram(a) else b.scaled(a)).compacted()
    return a.divided(b).compacted() if operator == "/" and is_histogram(a) else None


def compare(evaluation: Evaluation, operator: str, a: Value, b: Value) -> bool | None:
    """None of values that cannot be compared."""
    if not is_histogram(a) and not is_histogram(b):
        return COMPARISONS[operator](a, b)
    evaluation.note("histogram comparison")
    if is_histogram(a) != is_histogram(b) or operator not in ("==", "!="):
        return None
    return a.same_as(b) == (operator == "==")


@dataclass(eq=False)
class WithScalar(Node):
    operator: str
    left: Node | float
    right: Node | float

    def text(self) -> str:
        left, right = (f"({side.text()})" if isinstance(side, Node) else str(side) for side in (self.left, self.right))
        return f"{left} {self.operator} {right}"

    def at(self, evaluation, at):
        vector_left = isinstance(self.left, Node)
        found = {}
        for labels, value in evaluation.of(self.left if vector_left else self.right, at).items():
            sides = (value, self.right) if vector_left else (self.left, value)
            if self.operator in ARITHMETIC:
                result = arithmetic(evaluation, self.operator, *sides)
                if result is not None:
                    found[unnamed(labels)] = result
            elif compare(evaluation, self.operator, *sides):
                found[labels] = value
        return found


@dataclass(eq=False)
class WithVector(Node):
    """One to one by all labels, or many to one by `on`, whose right side is unique."""

    operator: str
    left: Node
    right: Node
    on: str = ""
    bool: bool = False

    def text(self) -> str:
        matching = f" on ({self.on}) group_left ()" if self.on else ""
        return f"({self.left.text()}) {self.operator}{' bool' * self.bool}{matching} ({self.right.text()})"

    def key(self, labels: Labels) -> Labels:
        return only(labels, (self.on,)) if self.on else unnamed(labels)

    def at(self, evaluation, at):
        others = {self.key(labels): value for labels, value in evaluation.of(self.right, at).items()}
        found = {}
        for labels, value in evaluation.of(self.left, at).items():
            other = others.get(self.key(labels))
            if other is None:
                continue
            if self.operator in ARITHMETIC:
                result, labels = arithmetic(evaluation, self.operator, value, other), unnamed(labels)
            else:
                holds = compare(evaluation, self.operator, value, other)
                if self.bool and holds is not None:
                    result, labels = float(holds), unnamed(labels)
                else:
                    result = value if holds else None
            if result is not None:
                found[labels] = result
        return found


@dataclass(eq=False)
class SetOperator(Node):
    operator: str
    left: Node
    right: Node
    on: str = ""

    def text(self) -> str:
        return f"({self.left.text()}) {self.operator}{f' on ({self.on})' if self.on else ''} ({self.right.text()})"

    def at(self, evaluation, at):
        def key(labels):
            return only(labels, (self.on,)) if self.on else unnamed(labels)
        left, right = evaluation.of(self.left, at), evaluation.of(self.right, at)
        if self.operator == "or":
            keys = {key(labels) for labels in left}
            return left | {labels: value for labels, value in right.items() if key(labels) not in keys}
        keys = {key(labels) for labels in right}
        return {labels: value for labels, value in left.items() if (key(labels) in keys) == (self.operator == "and")}


@dataclass(eq=False)
class Absent(Node):
    """Of a selector or, over time, of a range of one."""

    inner: Selector | Range

    def text(self) -> str:
        return f"absent{'_over_time' if isinstance(self.inner, Range) else ''}({self.inner.text()})"

    def at(self, evaluation, at):
        is_range = isinstance(self.inner, Range)
        if self.inner.windows(evaluation, at) if is_range else evaluation.of(self.inner, at):
            return {}
        matchers = (self.inner.selector if is_range else self.inner).matchers
        return {tuple(sorted(matchers.items())): 1.0}
