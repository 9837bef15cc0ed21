"""Remote write 1.0 from Python: protobuf and snappy by hand, as small as a test needs them."""

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


def histogram(timestamp_ms: int, counts: list[int]) -> bytes:
    """A native histogram of integers, schema 0, with these counts in the buckets from index 0 on; its sum is 2.5."""
    differences = [count - before for before, count in zip([0] + counts, counts)]
    deltas = b"".join(varint(one << 1 if one >= 0 else (-one << 1) - 1) for one in differences)
    return (b"\x08" + varint(sum(counts)) + b"\x19" + struct.pack("<d", 2.5)
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
