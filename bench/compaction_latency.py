#!/usr/bin/python3
"""Query latency while compaction runs and while it does not; write amplification and speed of merges.

    bench/compaction_latency.py [--series 2000] [--batches 24] [--seconds 20]

One server without merges takes the samples in many flushes, so that there is much to merge. It is
restarted twice with the same data: first with merges switched off (idle), then with merges on, when
the same queries run until the last merge has ended. Latencies are of one client, one query at a time.
Values are random hundredths, which no codec can do much about.
"""
import argparse
import http.client
import os
import random
import struct
import sys
import time
import urllib.parse

import psycopg

import processes

sys.path.insert(0, str(processes.ROOT / "tests" / "integration"))
import remote_write  # noqa: E402  (one encoder of remote write for tests and benchmarks)

STEP_MS = 15_000
SAMPLES_PER_BATCH = 240  # of each series: an hour
SERIES_PER_REQUEST = 20


def body(series, first, start_ms):
    """An hour of each of SERIES_PER_REQUEST series."""
    message = bytearray()
    for number in range(first, min(first + SERIES_PER_REQUEST, series)):
        labels = {"__name__": "load", "host": f"host-{number}", "zone": f"zone-{number % 7}"}
        samples = [(start_ms + i * STEP_MS, struct.unpack("<Q", struct.pack("<d", random.randrange(1000) / 100))[0])
                   for i in range(SAMPLES_PER_BATCH)]
        message += remote_write.field(1, remote_write.series(labels, samples))
    return remote_write.uncompressed_snappy(bytes(message))


def sql_connection(server):
    return psycopg.connect(host="127.0.0.1", port=server.postgres_port, user="luma", dbname="luma", autocommit=True)


def load(server, series, batches, start_ms):
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=60)
    with sql_connection(server) as sql:
        sql.execute("CREATE TABLE points (id BIGINT PRIMARY KEY, note TEXT)")
        for batch in range(batches):
            for first in range(0, series, SERIES_PER_REQUEST):
                connection.request("POST", "/api/v1/write",
                                   body(series, first, start_ms + batch * SAMPLES_PER_BATCH * STEP_MS),
                                   remote_write.HEADERS)
                answer = connection.getresponse()
                answer.read()
                if answer.status // 100 != 2:
                    raise RuntimeError(f"refused: {answer.status}")
            sql.execute(f"INSERT INTO points SELECT i, 'note ' || i FROM range({batch * 2000}, {batch * 2000 + 2000}) r(i)")
            sql.execute("CHECKPOINT")


def compactions(server):
    with sql_connection(server) as sql:
        row = sql.execute("SELECT flush_written_bytes, merges, merge_read_bytes, merge_written_bytes, merged_rows, "
                          "merge_seconds FROM luma_storage.compactions").fetchone()
    return dict(zip(("flushed", "merges", "read", "written", "rows", "seconds"), row))


class Queries:
    def __init__(self, server, end_ms, points):
        self.http = http.client.HTTPConnection("127.0.0.1", server.port, timeout=60)
        self.sql = sql_connection(server)
        self.end, self.points, self.turn = end_ms // 1000, points, 0
        self.seconds = {"instant query, 300 series": [], "range query, 1 series, 6 h": [],
                        "range query, 300 series, 1 h": [], "SQL point read": []}

    def get(self, path, **parameters):
        self.http.request("GET", f"/api/v1/{path}?{urllib.parse.urlencode(parameters)}")
        answer = self.http.getresponse()
        answer.read()
        if answer.status != 200:
            raise RuntimeError(f"{path}: {answer.status}")

    def once(self):
        self.turn += 1
        zone, host = f'load{{zone="zone-{self.turn % 7}"}}', f'load{{host="host-{self.turn % 300}"}}'
        key = self.turn * 7919 % self.points
        work = (lambda: self.get("query", query=zone, time=self.end - 5),
                lambda: self.get("query_range", query=host, start=self.end - 6 * 3600, end=self.end, step=60),
                lambda: self.get("query_range", query=zone, start=self.end - 3600, end=self.end, step=60),
                lambda: self.sql.execute("SELECT note FROM points WHERE id = %s", (key,)).fetchall())
        for seconds, run in zip(self.seconds.values(), work):
            begin = time.perf_counter()
            run()
            seconds.append((time.monotonic(), time.perf_counter() - begin))


def percentile(values, share):
    return sorted(values)[min(len(values) - 1, int(len(values) * share))] * 1000


def merging(server, before):
    """Whether merges may still run, and the figures; nothing merged for four seconds means no."""
    now = compactions(server)
    return now["merges"] == 0 or now != before, now


def measure(server, end_ms, points, seconds, until_merged):
    server.start(60)
    queries = Queries(server, end_ms, points)
    begin = looked = last_change = time.monotonic()
    stats, goes_on = compactions(server), True
    if until_merged:
        queries.sql.execute("INSERT INTO points VALUES (-1, 'last')")
        queries.sql.execute("CHECKPOINT")  # merges look for work after a flush of something
    while goes_on and time.monotonic() - begin < (300 if until_merged else seconds):
        queries.once()
        if until_merged and time.monotonic() - looked > 4:
            looked = time.monotonic()
            before = stats
            goes_on, stats = merging(server, before)
            last_change = looked if stats != before else last_change
    server.stop()
    end = last_change if until_merged else time.monotonic()
    return {name: [took for at, took in seconds if at <= end] for name, seconds in queries.seconds.items()}, stats


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--series", type=int, default=2000)
    parser.add_argument("--batches", type=int, default=24)
    parser.add_argument("--seconds", type=int, default=20)
    arguments = parser.parse_args()
    start_ms = (int(time.time()) // 86400 - 2) * 86_400_000
    end_ms = start_ms + arguments.batches * SAMPLES_PER_BATCH * STEP_MS
    server = processes.lumadb("compaction.enabled=false")
    without = list(server.argv)
    try:
        server.start()
        load(server, arguments.series, arguments.batches, start_ms)
        flushed = compactions(server)["flushed"]
        server.stop()
        points = arguments.batches * 2000
        idle, _ = measure(server, end_ms, points, arguments.seconds, False)
        server.argv = [part.replace("compaction.enabled=false", "compaction.enabled=true") for part in without]
        busy, stats = measure(server, end_ms, points, arguments.seconds, True)
    finally:
        server.remove()
    samples = arguments.series * arguments.batches * SAMPLES_PER_BATCH
    print(f"{os.cpu_count()} cores, load average {os.getloadavg()[0]:.1f}; {samples} samples in {arguments.batches} "
          f"flushes of {flushed / 2**20:.1f} MiB in all")
    print(f"merges: {stats['merges']}, {stats['rows'] / 1e6:.1f} M rows, read {stats['read'] / 2**20:.1f} MiB, written "
          f"{stats['written'] / 2**20:.1f} MiB in {stats['seconds']:.1f} s of merging: "
          f"{stats['rows'] / 1e6 / stats['seconds']:.2f} M rows/s, "
          f"{(stats['read'] + stats['written']) / 2**20 / stats['seconds']:.1f} MiB/s read and written")
    print(f"write amplification: {(flushed + stats['written']) / flushed:.2f} "
          f"(bytes written by flushes and merges for each byte flushed)\n")
    print("| query | idle p50 ms | p99 | n | while merging p50 ms | p99 | n |\n|---|---|---|---|---|---|---|")
    for name in idle:
        print(f"| {name} | " + " | ".join(
            f"{percentile(v, 0.5):.2f} | {percentile(v, 0.99):.2f} | {len(v)}" for v in (idle[name], busy[name])) + " |")


if __name__ == "__main__":
    main()
