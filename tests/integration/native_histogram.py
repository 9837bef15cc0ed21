"""Exponential native histograms as Prometheus 3.14 calculates with them, written from its model/histogram and promql/quantile.go
for tests to compare with. Where 2.42 calculates otherwise, `linear` and `forward` ask for its way."""

import math
import struct
from dataclasses import dataclass, field, replace

from remote_write import field as message, varint

UNKNOWN, RESET, NOT_RESET, GAUGE = range(4)  # counter reset hints of the wire


def bound(index: int, schema: int) -> float:
    """Upper bound of a positive bucket."""
    return 2.0 ** (index * 2.0 ** -schema)


def coarser(buckets: dict[int, float], levels: int) -> dict[int, float]:
    merged: dict[int, float] = {}
    for index, count in buckets.items():
        at = ((index - 1) >> levels) + 1
        merged[at] = merged.get(at, 0) + count
    return merged


@dataclass
class Range:
    lower: float
    upper: float
    count: float
    rule: int  # 0: (lower, upper], 1: [lower, upper), 3: [lower, upper]


@dataclass
class Histogram:
    schema: int = 0
    threshold: float = 0.0
    zero_count: float = 0
    count: float = 0
    sum: float = 0.0
    positive: dict[int, float] = field(default_factory=dict)
    negative: dict[int, float] = field(default_factory=dict)
    hint: int = UNKNOWN
    is_float: bool = False  # counts go over the wire as floats

    def copy(self, **changed) -> "Histogram":
        return replace(self, **{"positive": dict(self.positive), "negative": dict(self.negative), **changed})

    def sides(self):
        return self.positive, self.negative

    # --- what it says

    def ranges(self, shown: bool = False) -> list[Range]:
        """Buckets that are not empty, ascending; those that reach into the zero bucket begin where it ends. A zero bucket of less
        than none is shown at most."""
        def lower(index):
            return max(bound(index - 1, self.schema), self.threshold)
        found = [Range(-bound(i, self.schema), -lower(i), self.negative[i], 1)
                 for i in sorted(self.negative, reverse=True) if self.negative[i] != 0]
        if self.zero_count > 0 or shown and self.zero_count:
            found.append(Range(-self.threshold, self.threshold, self.zero_count, 3))
        return found + [Range(lower(i), bound(i, self.schema), self.positive[i], 0)
                        for i in sorted(self.positive) if self.positive[i] != 0]

    def one_sided(self, one: Range) -> Range:
        """The zero bucket of observations that all have one sign is on that side."""
        negative, positive = any(self.negative.values()), any(self.positive.values())
        if positive and not negative:
            return replace(one, lower=0.0)
        if negative and not positive:
            return replace(one, upper=0.0)
        return one

    def quantile(self, q: float, linear: bool = False, forward: bool = False) -> float:
        if q < 0 or q > 1:
            return math.copysign(math.inf, q)
        if self.count == 0 or math.isnan(q):
            return math.nan
        forward = forward or math.isnan(self.sum) or q < 0.5
        rank = (q if forward else 1 - q) * self.count
        found, count = Range(0, 0, 0, 0), 0.0
        for found in self.ranges() if forward else reversed(self.ranges()):
            count += found.count
            if count >= rank:
                break
        if found.lower < 0 < found.upper:
            found = self.one_sided(found)
        count = min(count, self.count)
        if count < rank:
            return math.nan if math.isnan(self.sum) and not linear else found.upper
        share = divide(rank - (count - found.count) if forward else count - rank, found.count)
        if linear or found.lower <= 0 <= found.upper:
            return found.lower + (found.upper - found.lower) * share
        low, high = math.log2(abs(found.lower)), math.log2(abs(found.upper))
        if found.lower > 0:
            return 2.0 ** (low + (high - low) * share)
        return -(2.0 ** (high + (low - high) * (1 - share)))

    def fraction(self, lower: float, upper: float, linear: bool = False) -> float:
        if self.count == 0 or math.isnan(lower) or math.isnan(upper):
            return math.nan
        if lower >= upper:
            return 0.0
        ranks: dict[float, float] = {}
        before = 0.0
        for one in self.ranges():
            holds_zero = one.lower <= 0 <= one.upper
            if holds_zero:
                one = self.one_sided(one)
            for value in (lower, upper):
                if value in ranks:
                    continue
                if one.lower >= value:
                    ranks[value] = before
                elif one.upper > value:
                    ranks[value] = before + one.count * share_below(one, value, linear or holds_zero)
            before += one.count
        count = before if math.isnan(self.sum) and not linear else self.count
        low, high = (min(ranks.get(value, count), count) for value in (lower, upper))
        return (high - low) / self.count

    # --- what can be done with it

    def scaled(self, factor: float) -> "Histogram":
        return self.copy(zero_count=self.zero_count * factor, count=self.count * factor, sum=self.sum * factor,
                         positive={i: n * factor for i, n in self.positive.items()},
                         negative={i: n * factor for i, n in self.negative.items()},
                         hint=GAUGE if factor < 0 else self.hint)

    def divided(self, divisor: float) -> "Histogram":
        if divisor == 0:
            return self.copy(zero_count=divide(self.zero_count, 0), count=divide(self.count, 0), sum=divide(self.sum, 0),
                             positive={}, negative={})
        return self.copy(zero_count=self.zero_count / divisor, count=self.count / divisor, sum=self.sum / divisor,
                         positive={i: n / divisor for i, n in self.positive.items()},
                         negative={i: n / divisor for i, n in self.negative.items()},
                         hint=GAUGE if divisor < 0 else self.hint)

    def at_schema(self, schema: int) -> "Histogram":
        positive, negative = (coarser(side, self.schema - schema) for side in self.sides())
        return self.copy(schema=schema, positive=positive, negative=negative)

    def compacted(self) -> "Histogram":
        return self.copy(positive={i: n for i, n in self.positive.items() if n != 0},
                         negative={i: n for i, n in self.negative.items() if n != 0})

    def wider_zero(self, threshold: float) -> tuple[float, float]:
        """Count and threshold of a zero bucket that reaches to the given one, or to the end of a populated bucket around it."""
        if threshold == self.threshold:
            return self.zero_count, threshold
        while True:
            count, moved = self.zero_count, False
            for side in self.sides():
                for index in sorted(side):
                    if bound(index - 1, self.schema) >= threshold:
                        break
                    count += side[index]
                    if bound(index, self.schema) > threshold:
                        if side[index] != 0:
                            threshold, moved = bound(index, self.schema), True
                        break
            if not moved:
                return count, threshold

    def with_zero(self, threshold: float) -> "Histogram":
        if threshold == self.threshold:
            return self
        zero_count, threshold = self.wider_zero(threshold)
        positive, negative = ({i: n for i, n in side.items() if bound(i - 1, self.schema) >= threshold} for side in self.sides())
        return self.copy(zero_count=zero_count, threshold=threshold, positive=positive, negative=negative)

    def plus(self, other: "Histogram", sign: int = 1) -> "Histogram":
        result = self
        threshold, zero_count = other.threshold, other.zero_count
        while threshold != result.threshold:
            if result.threshold > threshold:
                zero_count, threshold = other.wider_zero(result.threshold)
            if threshold > result.threshold:
                result = result.with_zero(threshold)
        schema = min(self.schema, other.schema)
        result = result.at_schema(schema)
        added = other.at_schema(schema)
        for side, of_other in zip(result.sides(), added.sides()):
            for index, count in of_other.items():
                if bound(index, schema) > result.threshold:
                    side[index] = side.get(index, 0) + sign * count
        hint = self.hint if self.hint == other.hint else GAUGE if GAUGE in (self.hint, other.hint) else UNKNOWN
        return result.copy(zero_count=result.zero_count + sign * zero_count, count=self.count + sign * other.count,
                           sum=self.sum + sign * other.sum, hint=hint)

    def is_reset_from(self, before: "Histogram", with_hint: bool = True) -> bool:
        """Whether a counter began anew between the two."""
        if with_hint and self.hint in (RESET, NOT_RESET):
            return self.hint == RESET
        if self.count < before.count or self.schema > before.schema or self.threshold < before.threshold:
            return True
        zero_count, threshold = before.wider_zero(self.threshold)
        if threshold != self.threshold or self.zero_count < zero_count:
            return True
        for side, earlier in zip(self.sides(), before.at_schema(self.schema).sides()):
            for index, count in earlier.items():
                if bound(index, self.schema) > self.threshold and side.get(index, 0) < count:
                    return True
        return False

    def same_as(self, other: "Histogram") -> bool:
        def content(one):
            return (one.schema, one.threshold, *(struct.pack("<d", n) for n in (one.count, one.sum, one.zero_count)),
                    one.compacted().positive, one.compacted().negative)
        return content(self) == content(other)


def divide(a: float, b: float) -> float:
    if b != 0:
        return a / b
    return math.nan if a == 0 or math.isnan(a) else math.copysign(math.inf, a) * math.copysign(1, b)


def share_below(one: Range, value: float, linear: bool) -> float:
    if linear:
        return (value - one.lower) / (one.upper - one.lower)
    low, high, at = (math.log2(abs(v)) for v in (one.lower, one.upper, value))
    return (at - low) / (high - low) if value > 0 else 1 - (at - high) / (low - high)


# --- the message of remote write 1.0

def signed(number: int) -> bytes:
    return varint(number << 1 if number >= 0 else (-number << 1) - 1)


def double(number: int, value: float) -> bytes:
    return varint(number << 3 | 1) + struct.pack("<d", value)


def encode_side(buckets: dict[int, float], first_field: int, is_float: bool) -> bytes:
    """Spans, and the deltas or counts after them, in fields from `first_field` on."""
    spans, counts, next_index = [], [], 0
    for index in sorted(buckets):
        if spans and index == next_index:
            spans[-1][1] += 1
        else:
            spans.append([index - next_index, 1])
        counts.append(buckets[index])
        next_index = index + 1
    encoded = b"".join(message(first_field, b"\x08" + signed(offset) + b"\x10" + varint(length)) for offset, length in spans)
    if is_float:
        return encoded + message(first_field + 2, struct.pack(f"<{len(counts)}d", *counts))
    deltas = [int(now - before) for before, now in zip([0, *counts], counts)]
    return encoded + message(first_field + 1, b"".join(map(signed, deltas)))


def encode(histogram: Histogram, timestamp_ms: int, sum_bits: int | None = None) -> bytes:
    """A message Histogram; `sum_bits` makes it a staleness marker."""
    total = struct.pack("<d", histogram.sum) if sum_bits is None else struct.pack("<Q", sum_bits)
    if histogram.is_float:
        counts, zero = double(2, histogram.count), double(7, histogram.zero_count)
    else:
        counts, zero = b"\x08" + varint(int(histogram.count)), b"\x30" + varint(int(histogram.zero_count))
    return (counts + b"\x19" + total + b"\x20" + signed(histogram.schema) + double(5, histogram.threshold) + zero
            + encode_side(histogram.negative, 8, histogram.is_float) + encode_side(histogram.positive, 11, histogram.is_float)
            + b"\x70" + varint(histogram.hint) + b"\x78" + varint(timestamp_ms))
