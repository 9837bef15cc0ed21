#!/usr/bin/python3
"""Range queries over 1,000 counters: CPU and time of LumaDB, Prometheus and VictoriaMetrics on the same samples.

    bench/promql.py [--series 1000] [--rounds 9]

The samples of an hour, 15 s apart, go in by remote write; each query asks for the hour in steps of 15 s. Answers are compared with
those of Prometheus before anything is measured. VictoriaMetrics has its cache of answers off; where its MetricsQL means another
thing (ranges that reach beyond the window, rates without extrapolation), its answers are not compared.
"""
import argparse
import json
import math
import pathlib
import random
import struct
import sys
import time
import urllib.parse

import processes

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "tests" / "integration"))
import remote_write  # noqa: E402

HOUR_MS, STEP_MS = 3_600_000, 15_000
# No sample lies on the edge of a range, which belonged to the range until Prometheus 3.
SAMPLES_AT_MS, QUERIES_AT_MS = 7_000, 1_000
QUERIES = [
    "c_total",
    "sum(c_total)",
    "sum by (dc) (rate(c_total[5m]))",
    "rate(c_total[5m])",
    "max_over_time(c_total[30m])",
    "sum_over_time(c_total[30m])",
    "topk(5, rate(c_total[1m]))",
    "quantile by (dc) (0.9, c_total)",
    "c_total / on (host) group_left c_total",
    "count_over_time(rate(c_total[1m])[10m:30s])",
]


def bits(value):
    return struct.unpack("<Q", struct.pack("<d", value))[0]


def counters(count, end_ms):
    chooser = random.Random(1)
    for number in range(count):
        value, samples = 1_000_000, []  # far from 0, next to which 3.x extrapolates otherwise
        for at in range(end_ms - HOUR_MS + SAMPLES_AT_MS, end_ms, STEP_MS):
            value += chooser.uniform(0, 100)  # no ties for topk
            samples.append((at, bits(float(value))))
        yield remote_write.series({"__name__": "c_total", "host": f"h{number}", "dc": f"d{number % 10}"}, samples)


def ask(server, query, end_ms):
    start_ms = end_ms - HOUR_MS + QUERIES_AT_MS
    form = urllib.parse.urlencode({"query": query, "start": start_ms / 1000, "end": end_ms / 1000, "step": 15, "nocache": 1})
    return processes.http_post(server.url + "/api/v1/query_range", form.encode(),
                               headers={"Content-Type": "application/x-www-form-urlencoded"})


def points(body):
    """The points of each series, of a range or of an instant."""
    return {json.dumps(one["metric"], sort_keys=True): one.get("values") or [one["value"]] for one in json.loads(body)["data"]["result"]}


def difference(given, expected):
    """What differs between two answers, or None."""
    given, expected = points(given), points(expected)
    if given.keys() != expected.keys():
        return f"{len(given)} and {len(expected)} series"
    for labels, values in expected.items():
        same = len(values) == len(given[labels]) and all(
            a[0] == b[0] and math.isclose(float(a[1]), float(b[1]), rel_tol=1e-9) for a, b in zip(values, given[labels]))
        if not same:
            return labels
    return None


def measure(server, query, end_ms, rounds):
    """CPU milliseconds a query over all rounds, and the median (least..most) milliseconds of one."""
    begin_cpu, times = server.cpu_seconds(), []
    for _ in range(rounds):
        begin = time.monotonic()
        ask(server, query, end_ms)
        times.append((time.monotonic() - begin) * 1000)
    cpu = (server.cpu_seconds() - begin_cpu) * 1000 / rounds
    median, low, high = processes.median_and_spread(times)
    return f"{cpu:.0f} | {median:.0f} ({low:.0f}..{high:.0f})"


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--series", type=int, default=1000)
    parser.add_argument("--rounds", type=int, default=9)
    arguments = parser.parse_args()
    end_ms = int(time.time()) // 60 * 60_000
    servers = [processes.lumadb(), processes.prometheus(), processes.victoria_metrics()]
    try:
        for server in servers:
            server.start()
        all_series = list(counters(arguments.series, end_ms))
        for at in range(0, len(all_series), 100):
            for server in servers:
                assert remote_write.write(server.url, all_series[at:at + 100]) in (200, 204), server.name
        time.sleep(3)  # VictoriaMetrics shows samples after a while
        print("| query | " + " | ".join(f"{server.name} CPU ms | ms" for server in servers) + " |")
        print("|---" * (1 + 2 * len(servers)) + "|")
        for query in QUERIES:
            answers = [ask(server, query, end_ms) for server in servers]
            assert (found := difference(answers[0], answers[1])) is None, f"{query}: {found}"
            row = [measure(server, query, end_ms, arguments.rounds) for server in servers]
            print(f"| `{query}` | " + " | ".join(row) + " |", flush=True)
    finally:
        for server in servers:
            server.remove()


if __name__ == "__main__":
    main()
