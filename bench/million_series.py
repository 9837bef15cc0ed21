#!/usr/bin/python3
"""A million active series: what ingest, queries of labels and a rate over all of them take in time, CPU and memory.

    bench/million_series.py [--series 1000000] [--minutes 6] [--rounds 3]

One counter of each pod, with the labels dc (20), node (997) and pod, a sample a minute (bench/make_bodies.cc): first all series at
the first minute, which are new then, and so on. Each server in turn starts empty, receives the same bodies on four connections and
is asked the same questions, each `rounds` times; answers have to be those of Prometheus before a figure counts.
LumaDB acknowledges after fdatasync (its default); Prometheus and VictoriaMetrics run with their defaults, which do not.
VictoriaMetrics gets the limits it needs to answer (-search.max*), and has its cache of answers off (`nocache=1`).
Reported: seconds from the first to the last acknowledgement, CPU seconds of the server, peak of resident memory (VmHWM) after
each part, and of every question the median (least..most) milliseconds and CPU milliseconds.
"""
import argparse
import http.client
import json
import os
import platform
import time
import urllib.parse

import ingest
import processes
import promql
import record_bodies

START_S = 1_760_000_000  # of lumadb_make_bodies


def questions(end_s):
    """(name, path, form)."""
    window = {"start": end_s - 300, "end": end_s}
    return [
        ("label names", "/api/v1/labels", window),
        ("values of dc", "/api/v1/label/dc/values", window),
        ("values of pod, of a node", "/api/v1/label/pod/values", window | {"match[]": '{node="node-5"}'}),
        ("series of a node", "/api/v1/series", window | {"match[]": '{node="node-5"}'}),
        ("one series", "/api/v1/query", {"query": 'requests_total{pod="pod-4711"}', "time": end_s}),
        ("count(requests_total)", "/api/v1/query", {"query": "count(requests_total)", "time": end_s}),
        ("sum by (dc) (rate(requests_total[5m]))", "/api/v1/query",
         {"query": "sum by (dc) (rate(requests_total[5m]))", "time": end_s}),
    ]


def ask(server, path, form):
    """GET, which all three take for all paths."""
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=300)
    connection.request("GET", path + "?" + urllib.parse.urlencode(form | {"nocache": 1}))
    response = connection.getresponse()
    body = response.read()
    connection.close()
    assert response.status == 200, f"{server.name}: {path} {form}: {response.status} {body[:300]}"
    return body


def listed(body):
    """The data of an answer about labels, in an order of its own."""
    return sorted(json.dumps(one, sort_keys=True) for one in json.loads(body)["data"])


def difference(path, given, expected):
    if path.startswith("/api/v1/query"):
        return promql.difference(given, expected)
    return None if listed(given) == listed(expected) else f"{given[:200]} instead of {expected[:200]}"


def peak(server):
    return server.memory_bytes("VmHWM") >> 20


def measure(server, streams, asked, rounds):
    """The cells of a server's row of ingest, and for each question (milliseconds, CPU milliseconds, answer)."""
    server.start()
    before = server.cpu_seconds()
    wall = ingest.ingest(server, streams)
    row = [f"{wall:.1f}", f"{server.cpu_seconds() - before:.1f}", f"{peak(server)}"]
    # VictoriaMetrics shows nothing before it has flushed; the others have nothing left to do.
    if server.name == "victoria-metrics":
        processes.http_get(server.url + "/internal/force_flush", 60)
    time.sleep(3)
    row.append(f"{server.memory_bytes() >> 20}")
    answers = []
    for _, path, form in asked:
        times, cpu = [], []
        for _ in range(rounds):
            begin, begin_cpu = time.monotonic(), server.cpu_seconds()
            body = ask(server, path, form)
            times.append((time.monotonic() - begin) * 1000)
            cpu.append((server.cpu_seconds() - begin_cpu) * 1000)
        answers.append((times, cpu, body))
    return row + [f"{peak(server)}"], answers


def victoria_metrics():
    server = processes.victoria_metrics()
    server.argv += ["-search.maxUniqueTimeseries=2000000", "-search.maxSeries=2000000", "-search.maxQueryDuration=5m"]
    return server


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--series", type=int, default=1_000_000)
    parser.add_argument("--minutes", type=int, default=6)
    parser.add_argument("--rounds", type=int, default=3)
    arguments = parser.parse_args()
    name = f"active-{arguments.series}-{arguments.minutes}"
    directory = record_bodies.made(name, "active", arguments.series, arguments.minutes)
    streams = [record_bodies.read_bodies(path) for path in sorted(directory.glob("*.bin"))]
    # Half a minute after the last sample: none lies on the edge of a range.
    asked = questions(START_S + (arguments.minutes - 1) * 60 + 30)
    rows, answers = {}, {}
    for make in (processes.prometheus, processes.lumadb, victoria_metrics):
        server = make()
        try:
            rows[server.name], answers[server.name] = measure(server, streams, asked, arguments.rounds)
        finally:
            server.remove()
    print(f"machine: {platform.machine()}, {os.cpu_count()} cores; {arguments.series} series x {arguments.minutes} samples, "
          f"{sum(map(len, streams))} requests")
    print("\n| server | ingest s | ingest CPU s | peak MiB | MiB 3 s later | peak MiB after the questions |\n|---|---|---|---|---|---|")
    for name, row in rows.items():
        print(f"| {name} | " + " | ".join(row) + " |")
    print("\n| question | " + " | ".join(f"{name} ms | CPU ms" for name in rows) + " | answers differ from Prometheus' |")
    print("|---" * (2 + 2 * len(rows)) + "|")
    for number, (question, path, _) in enumerate(asked):
        expected = answers["prometheus"][number][2]
        cells = [processes.describe(values) for name in rows for values in answers[name][number][:2]]
        others = [name for name in rows if difference(path, answers[name][number][2], expected) is not None]
        assert "lumadb" not in others, f"{question}: {difference(path, answers['lumadb'][number][2], expected)}"
        print(f"| {question} | " + " | ".join(cells) + f" | {', '.join(others) or 'none'} |")


if __name__ == "__main__":
    main()
