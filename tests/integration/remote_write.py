"""Remote write 1.0 and 2.0 from Python: protobuf and snappy by hand, as small as a test needs them."""

import struct

from harness import http

HEADERS = {"Content-Type": "application/x-protobuf", "Content-Encoding": "snappy",
           "X-Prometheus-Remote-Write-Version": "0.1.0"}
STALE_MARKER_BITS = 0x7FF0000000000002


def varint(number: int) -> bytes:
    encoded = bytearray()
    while number > 0x7F:
        encoded.append(number & 0x7F | 0x80)
        number >>= 7
    return bytes(encoded) + bytes([number])


def field(number: int, content: bytes) -> bytes:
    return varint(number << 3 | 2) + varint(len(content)) + content


def sample(timestamp_ms: int, value_bits: int) -> bytes:
    return b"\x09" + struct.pack("<Q", value_bits) + b"\x10" + varint(timestamp_ms)


def series(labels: dict[str, str], samples: list[tuple[int, int]]) -> bytes:
    """One TimeSeries; a sample is (milliseconds, bits of the double)."""
    pairs = [field(1, field(1, name.encode()) + field(2, value.encode()))
             for name, value in sorted(labels.items())]
    return b"".join(pairs + [field(2, sample(*one)) for one in samples])


def histogram(timestamp_ms: int, counts: list[int], total: int | None = None) -> bytes:
    """A message Histogram of either version: schema 0, integers, `counts` from bucket 0 on; its sum is that of the counts."""
    deltas, before = b"", 0
    for count in counts:
        delta = count - before
        deltas += varint(delta << 1 if delta >= 0 else (-delta << 1) - 1)
        before = count
    total = sum(counts) if total is None else total
    return (b"\x08" + varint(total) + b"\x19" + struct.pack("<d", float(sum(counts)))
            + field(11, b"\x10" + varint(len(counts))) + field(12, deltas) + b"\x78" + varint(timestamp_ms))


def histogram_series(labels: dict[str, str], histograms: list[bytes]) -> bytes:
    """One TimeSeries of native histograms."""
    return series(labels, []) + b"".join(field(4, one) for one in histograms)


def uncompressed_snappy(data: bytes) -> bytes:
    """Valid snappy of literals only."""
    pieces = [data[at:at + 60] for at in range(0, len(data), 60)]
    return varint(len(data)) + b"".join(bytes([len(piece) - 1 << 2]) + piece for piece in pieces)


def write(url: str, all_series: list[bytes]) -> int:
    """Sends one request; returns the HTTP status."""
    message = b"".join(field(1, one) for one in all_series)
    return http(f"{url}/api/v1/write", uncompressed_snappy(message), HEADERS).status


HEADERS_V2 = {"Content-Type": "application/x-protobuf;proto=io.prometheus.write.v2.Request",
              "Content-Encoding": "snappy", "X-Prometheus-Remote-Write-Version": "2.0.0"}
COUNTER = 1  # type of a metric in both versions


class RequestV2:
    """A message of version 2.0, built series by series."""

    def __init__(self):
        self.symbols = [""]
        self.all_series = b""

    def symbol(self, text: str) -> int:
        if text not in self.symbols:
            self.symbols.append(text)
        return self.symbols.index(text)

    def references(self, labels: dict[str, str]) -> bytes:
        numbers = [self.symbol(text) for pair in sorted(labels.items()) for text in pair]
        return field(1, b"".join(map(varint, numbers)))

    @staticmethod
    def sample(timestamp_ms: int, value: float, start_ms: int = 0) -> bytes:
        start = b"\x18" + varint(start_ms) if start_ms else b""
        return field(2, sample(timestamp_ms, double_bits(value)) + start)

    def exemplar(self, labels: dict[str, str], value: float, timestamp_ms: int) -> bytes:
        return field(4, self.references(labels) + b"\x11" + struct.pack("<d", value) + b"\x18" + varint(timestamp_ms))

    def metadata(self, kind: int, help_text: str, unit: str) -> bytes:
        return field(5, b"\x08" + varint(kind) + b"\x18" + varint(self.symbol(help_text)) + b"\x20" + varint(self.symbol(unit)))

    def add(self, labels: dict[str, str], *fields: bytes):
        self.add_raw(self.references(labels), *fields)

    def add_raw(self, *fields: bytes):
        self.all_series += field(5, b"".join(fields))

    def message(self) -> bytes:
        return b"".join(field(4, text.encode()) for text in self.symbols) + self.all_series


def double_bits(value: float) -> int:
    return struct.unpack("<Q", struct.pack("<d", value))[0]


def write_v2(url: str, message: bytes, headers: dict | None = None):
    """Sends one request of version 2.0; returns the answer."""
    return http(f"{url}/api/v1/write", uncompressed_snappy(message), headers or HEADERS_V2)


def written(answer) -> tuple[int, int, int]:
    """Samples, histograms and exemplars that the answer says were stored."""
    return tuple(int(answer.headers[f"X-Prometheus-Remote-Write-{kind}-Written"])
                 for kind in ("Samples", "Histograms", "Exemplars"))
