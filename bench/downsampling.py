#!/usr/bin/python3
"""What rolling up saves: bytes on disk and time of queries, of samples, of 5 minute rows and of 1 hour rows.

    bench/downsampling.py [--series 20] [--days 7] [--rounds 7]

So many series of each of five kinds that node_exporter has, 15 s apart, go in by remote write with old times. The same questions are asked
of the samples, after rolling them up to 5 minutes, and after rolling these up to an hour; their answers are compared.
"""
import argparse
import json
import math
import pathlib
import random
import statistics
import struct
import sys
import time
import urllib.parse

import processes

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "tests" / "integration"))
import psycopg  # noqa: E402
import remote_write  # noqa: E402

STEP_MS, HOUR_MS, DAY_MS = 15_000, 3_600_000, 86_400_000
KINDS = ["requests_total", "cpu_seconds_total", "memory_bytes", "temperature_celsius", "build_info"]
QUERIES = ["sum(rate(requests_total[1h]))", "max by (kind) (max_over_time(memory_bytes[6h]))",
           "avg_over_time(temperature_celsius[1d])", "sum(increase(cpu_seconds_total[1d]))", "temperature_celsius"]


def next_value(kind, value, picks):
    if kind == "requests_total":
        return value + picks.randrange(200)
    if kind == "cpu_seconds_total":
        return round(value + picks.random() * 15, 2)
    if kind == "memory_bytes":
        return float(max(0, value + 4096 * picks.randrange(-500, 501)))
    if kind == "temperature_celsius":
        return round(min(90.0, max(20.0, value + picks.choice((-0.5, 0, 0, 0, 0.5)))), 1)
    return 1.0


def send(server, kind, number, start_ms, end_ms):
    picks = random.Random(f"{kind} {number}")
    value = {"memory_bytes": 2.0**32, "temperature_celsius": 45.0}.get(kind, 0.0)
    samples, count = [], 0
    first = start_ms + picks.randrange(1, STEP_MS)
    for at in range(first, end_ms, STEP_MS):
        value = next_value(kind, value, picks)
        samples.append((at + picks.randrange(3), struct.unpack("<Q", struct.pack("<d", value))[0]))
    for begin in range(0, len(samples), 20_000):
        piece = samples[begin:begin + 20_000]
        labels = {"__name__": kind, "instance": f"host-{number}:9100", "job": "node"}
        assert remote_write.write(server.url, [remote_write.series(labels, piece)]) == 204
        count += len(piece)
    return count


def ask(server, query, start_ms, end_ms):
    form = urllib.parse.urlencode({"query": query, "start": start_ms / 1000, "end": end_ms / 1000, "step": 3600})
    return processes.http_post(server.url + "/api/v1/query_range", form.encode(), timeout=120,
                               headers={"Content-Type": "application/x-www-form-urlencoded"})


def measure(server, query, start_ms, end_ms, rounds):
    times = []
    for _ in range(rounds):
        begin = time.monotonic()
        body = ask(server, query, start_ms, end_ms)
        times.append((time.monotonic() - begin) * 1000)
    return times, {json.dumps(one["metric"], sort_keys=True): one["values"]
                   for one in json.loads(body)["data"]["result"]}


def assert_same(query, given, expected):
    assert given.keys() == expected.keys(), query
    for labels, values in expected.items():
        assert len(values) == len(given[labels]) and all(
            a[0] == b[0] and math.isclose(float(a[1]), float(b[1]), rel_tol=1e-12)
            for a, b in zip(values, given[labels])), f"{query}: {labels}"


def sql(server, statement):
    with psycopg.connect(host="127.0.0.1", port=server.postgres_port, user="luma", dbname="luma",
                         autocommit=True) as connection:
        return connection.execute(statement).fetchall()


def compact(server):
    """Every row in segment files, deleted ones gone; the bytes of the table that has rows."""
    processes.http_post(server.url + "/api/v1/admin/tsdb/clean_tombstones", timeout=600)
    return sql(server, "SELECT table_name, warm_rows, warm_bytes FROM luma_storage.tables "
                       "WHERE table_name IN ('samples', 'rollups') AND warm_rows > 0 ORDER BY 1")


def roll_up(server, rules):
    server.stop()
    server.argv += ["--set", f"downsampling.rules={rules}"]
    server.start()
    begin = time.monotonic()
    while True:
        passes = sql(server, "SELECT min(passes), max(last_error) FROM luma_storage.downsampling")[0]
        assert passes[1] is None, passes[1]
        if passes[0]:
            return time.monotonic() - begin
        time.sleep(0.1)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--series", type=int, default=20)
    parser.add_argument("--days", type=int, default=7)
    parser.add_argument("--rounds", type=int, default=7)
    args = parser.parse_args()
    end = int(time.time() * 1000) // HOUR_MS * HOUR_MS - 2 * DAY_MS
    start = end - args.days * DAY_MS
    server = processes.lumadb("server.admin_api=true", "downsampling.interval=1s")
    server.start()
    try:
        count = sum(send(server, kind, number, start, end) for kind in KINDS for number in range(args.series))
        # A present sample: a store that was not written to for days would be in doubt of the clock.
        now = int(time.time() * 1000)
        assert remote_write.write(server.url, [remote_write.series({"__name__": "up"}, [(now, 0)])]) == 204
        rows, answers = [], {}
        for name, rules in (("samples", None), ("5 minutes", '[{after = "1d", resolution = "5m"}]'),
                            ("1 hour", '[{after = "1d", resolution = "5m"}, {after = "36h", resolution = "1h"}]')):
            seconds = roll_up(server, rules) if rules else 0.0
            tables = compact(server)
            cells = []
            for query in QUERIES:
                times, answer = measure(server, query, start + DAY_MS, end, args.rounds)
                assert_same(query, answer, answers.setdefault(query, answer))
                cells.append(f"{statistics.median(times):.1f}")
            stored = sum(size for _, _, size in tables)
            rows.append((name, sum(number for _, number, _ in tables), stored, stored / count, seconds, cells))
        print(f"{count} samples of {args.series * len(KINDS)} series, {args.days} days, 15 s apart\n")
        print("| stored as | rows | bytes | bytes a sample | pass, s | " +
              " | ".join(f"`{query}` ms" for query in QUERIES) + " |")
        print("|---" * (5 + len(QUERIES)) + "|")
        for name, number, stored, each, seconds, cells in rows:
            print(f"| {name} | {number} | {stored} | {each:.3f} | {seconds:.1f} | {' | '.join(cells)} |")
    finally:
        server.remove()


if __name__ == "__main__":
    main()
