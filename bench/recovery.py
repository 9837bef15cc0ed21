#!/usr/bin/python3
"""Start of LumaDB with a full log: seconds and memory for each GiB of log that it replays.

    bench/recovery.py [--mib 1024] [--series 20000] [--memory 4GiB]

Samples come in until the log has the size; nothing is flushed meanwhile. Then kill -9 and a start.
"""
import argparse
import http.client
import struct
import sys
import time

import psycopg

import processes

sys.path.insert(0, str(processes.ROOT / "tests" / "integration"))
import remote_write  # noqa: E402  (one encoder of remote write for tests and benchmarks)

SAMPLES = 200  # of each series in a request
SERIES_PER_REQUEST = 500


def literal_snappy(data):
    pieces = [data[at:at + 65536] for at in range(0, len(data), 65536)]
    return remote_write.varint(len(data)) + b"".join(
        b"\xf4" + struct.pack("<H", len(piece) - 1) + piece for piece in pieces)


def body(first, start_ms):
    message = bytearray()
    samples = b"".join(remote_write.field(2, remote_write.sample(start_ms + i * 1000, 4607182418800017408 + i * 4099))
                       for i in range(SAMPLES))
    for number in range(first, first + SERIES_PER_REQUEST):
        labels = remote_write.series({"__name__": "load", "host": f"host-{number}"}, [])
        message += remote_write.field(1, labels + samples)
    return literal_snappy(bytes(message))


def sql(server, statement):
    with psycopg.connect(host="127.0.0.1", port=server.postgres_port, user="luma", dbname="luma") as connection:
        return connection.execute(statement).fetchone()


def fill(server, log_bytes, series):
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=120)
    start_ms = int(time.time() * 1000) - 86_400_000
    samples = turn = 0
    while sql(server, "SELECT bytes FROM luma_storage.wal")[0] < log_bytes:
        for first in range(0, series, SERIES_PER_REQUEST):
            connection.request("POST", "/api/v1/write", body(first, start_ms + turn * SAMPLES * 1000),
                               remote_write.HEADERS)
            answer = connection.getresponse()
            text = answer.read()
            if answer.status // 100 != 2:
                raise RuntimeError(f"refused: {answer.status} {text[:200]}")
            samples += SAMPLES * SERIES_PER_REQUEST
        turn += 1
    return samples


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--mib", type=int, default=1024)
    parser.add_argument("--series", type=int, default=20_000)
    parser.add_argument("--memory", default="4GiB")
    arguments = parser.parse_args()
    huge = "1TiB"
    server = processes.lumadb(f"general.memory_limit={arguments.memory}", f"storage.flush_wal_bytes={huge}",
                              f"storage.flush_hot_bytes={huge}", "storage.flush_interval=1d", f"wal.bytes_max={huge}",
                              "wal.sync=off")
    try:
        server.start()
        samples = fill(server, arguments.mib << 20, arguments.series)
        log_bytes = sql(server, "SELECT bytes FROM luma_storage.wal")[0]
        server.process.kill()
        server.process.wait()
        seconds = server.start(300)
        count = sql(server, "SELECT count(*) FROM samples")[0]
        print(f"log: {log_bytes / 2**20:.0f} MiB, {samples} samples, of those there after the start: {count}")
        print(f"start: {seconds:.2f} s, {seconds / (log_bytes / 2**30):.2f} s per GiB; largest resident memory "
              f"{server.memory_bytes('VmHWM') / 2**20:.0f} MiB")
    finally:
        server.remove()


if __name__ == "__main__":
    main()
