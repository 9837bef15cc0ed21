#!/usr/bin/python3
"""The queries of the Time Series Benchmark Suite in PromQL: LumaDB, Prometheus and VictoriaMetrics on the same samples.

    bench/tsbs_promql.py [--hosts 100] [--hours 12] [--rounds 7] [--clients 8] [--only NAME]

The data is the set cpu-only of TSBS (bench/make_bodies.cc), sent by remote write, then flushed and merged by all three. The
queries are those of TSBS' devops use case as they are put to engines that speak PromQL, and a few that dashboards ask. Every
answer is compared with Prometheus' before anything is measured; with VictoriaMetrics' where Prometheus cannot answer, because
before 3.0 it dropped the names of metrics too early. Not compared are `rate` and `increase`: these values are next to 0, where
Prometheus 3 extrapolates in another way than Debian's (bench/promql.py compares both on counters). VictoriaMetrics has its cache of answers off (`nocache=1`).

First one connection asks each query in turn; then as many as told ask it at once, by a client that takes next to no CPU
(bench/http_load.cc). Reported: CPU milliseconds of the server for one request, the median (least..most) milliseconds until
its answer was read, and the milliseconds between two answers on all connections together.
"""
import argparse
import http.client
import math
import pathlib
import platform
import os
import subprocess
import time
import urllib.parse

import ingest
import processes
import promql
import record_bodies

START_S = 1_760_000_000  # of lumadb_make_bodies
METRICS = ["usage_user", "usage_system", "usage_idle", "usage_nice", "usage_iowait", "usage_irq", "usage_softirq", "usage_steal",
           "usage_guest", "usage_guest_nice"]
ALL = '{__name__=~"cpu_.*"}'


def several(metrics, hosts=0):
    """A selector of so many metrics, of all hosts or of the first ones."""
    matchers = [f'__name__=~"{"|".join("cpu_" + name for name in METRICS[:metrics])}"' if metrics > 1
                else f'__name__="cpu_{METRICS[0]}"']
    if hosts:
        matchers.append(f'hostname=~"{"|".join(f"host_{k}" for k in range(hosts))}"' if hosts > 1 else 'hostname="host_0"')
    return "{" + ",".join(matchers) + "}"


def per_metric(operator, function, window, metrics, hosts=0, by=()):
    """Windows aggregated for each metric; of several, the name has to become a label that outlives the function."""
    windows = f"{function}({several(metrics, hosts)}[{window}])"
    if metrics > 1:
        windows, by = f'label_replace({windows}, "metric", "$1", "__name__", "(.+)")', ("metric", *by)
    return f"{operator} by ({', '.join(by)}) ({windows})"


def questions(hours):
    """(name, expression, hours, step in seconds; 0 hours is an instant query). Which of equal values topk picks is left open: summed up."""
    long = min(12, hours)
    def single(metrics, hosts, of_hours):
        return f"single-groupby-{metrics}-{hosts}-{of_hours}", per_metric("max", "max_over_time", "1m", metrics, hosts), of_hours, 60
    def double(name, metrics):
        return f"double-groupby-{name}", per_metric("avg", "avg_over_time", "1h", metrics, by=("hostname",)), long, 3600
    def highest(hosts):
        return f"cpu-max-all-{hosts}", per_metric("max", "max_over_time", "1h", 10, hosts), min(8, hours), 3600
    return [
        single(1, 1, 1), single(1, 1, long), single(1, 8, 1), single(5, 1, 1), single(5, 1, long), single(5, 8, 1),
        highest(1), highest(8),
        double("1", 1), double("5", 5), double("all", 10),
        ("high-cpu-1", 'cpu_usage_user{hostname="host_0"} > 90', long, 10),
        ("high-cpu-all", "cpu_usage_user > 90", long, 60),
        ("lastpoint", f"last_over_time({ALL}[5m])", 0, 0),
        ("groupby-orderby-limit", "max(max_over_time(cpu_usage_user[1m]))", min(1, hours), 60),
        ("topk", "sum(topk(5, cpu_usage_user))", 1, 15),
        ("quantile", "quantile by (region) (0.9, cpu_usage_user)", 1, 15),
        ("rate", "sum by (region) (rate(cpu_usage_user[5m]))", 1, 15),
        ("increase", "sum by (datacenter) (increase(cpu_usage_user[5m]))", long, 60),
        ("avg-by-region", "avg by (region) (cpu_usage_user)", long, 60),
        ("raw", "cpu_usage_user", 1, 15),
    ]


def request_of(question, end_s):
    _, expression, hours, step = question
    form = {"query": expression, "nocache": 1}
    if hours == 0:
        return "/api/v1/query", urllib.parse.urlencode(form | {"time": end_s})
    # a step less than the hours: TSBS asks for hours / step points
    return "/api/v1/query_range", urllib.parse.urlencode(form | {"start": end_s - hours * 3600 + step, "end": end_s, "step": step})


class Refused(Exception):
    pass


class Client:
    """One kept connection."""

    def __init__(self, server):
        self.connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=120)

    def ask(self, request):
        path, form = request
        self.connection.request("POST", path, form, {"Content-Type": "application/x-www-form-urlencoded"})
        response = self.connection.getresponse()
        body = response.read()
        if response.status != 200:
            raise Refused(f"{response.status}: {body[:300]}")
        return body


def measure(server, request, rounds, clients):
    """CPU milliseconds of a request, the milliseconds of each, and those between two answers."""
    path, form = request
    argv = [processes.ROOT / "build/bench/bin/lumadb_http_load", str(server.port), path, str(clients), str(rounds)]
    with subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as load:
        load.stdin.write(form + "\n")
        load.stdin.flush()
        if load.stdout.readline() != "ready\n":
            raise Refused(f"{server.name}: {form}")
        begin_cpu, begin = server.cpu_seconds(), time.monotonic()
        load.stdin.close()
        times = [float(line) for line in load.stdout]
        load.wait()
        each = (time.monotonic() - begin) * 1000 / len(times)
    return (server.cpu_seconds() - begin_cpu) * 1000 / len(times), times, each


def rounds_for(server, request, least):
    """So many that the CPU clock of 10 ms says something: half a second of work."""
    client, times = Client(server), []
    for _ in range(5):
        begin = time.monotonic()
        client.ask(request)
        times.append(time.monotonic() - begin)
    return max(least, math.ceil(0.5 / min(times)))


def cells_of(measured):
    cpu, times, apart = measured
    return f"{cpu:.3g} | {processes.describe(times)} | {apart:.3g}"


def compare(servers, listed, refused, end_s, least_rounds, clients):
    print(f"\n{clients} connection{'s' if clients > 1 else ''}:\n")
    print("| query | " + " | ".join(f"{server.name} CPU ms | ms | apart" for server in servers) + " | CPU / VictoriaMetrics | ms | apart |")
    print("|---" * (4 + 3 * len(servers)) + "|")
    ratios = []
    for question in listed:
        request, measured = request_of(question, end_s), {}
        for server in servers:
            if server.name == "prometheus" and question[0] in refused:
                continue
            rounds = rounds_for(server, request, least_rounds) * min(clients, os.cpu_count()) // clients
            measured[server.name] = measure(server, request, max(least_rounds, rounds), clients)
        (cpu, times, apart), (peer_cpu, peer_times, peer_apart) = measured["lumadb"], measured["victoria-metrics"]
        median = [processes.median_and_spread(each)[0] for each in (times, peer_times)]
        ratios.append((cpu / peer_cpu, median[0] / median[1], apart / peer_apart))
        cells = [cells_of(measured[server.name]) if server.name in measured else "- | - | -" for server in servers]
        print(f"| {question[0]} | " + " | ".join(cells) + " | {:.2f} | {:.2f} | {:.2f} |".format(*ratios[-1]), flush=True)
    means = [math.exp(sum(math.log(max(each, 1e-3)) for each in column) / len(ratios)) for column in zip(*ratios)]
    print("\ngeometric mean of LumaDB / VictoriaMetrics: CPU {:.2f}, milliseconds {:.2f}, apart {:.2f}; ".format(*means)
          + "worst: CPU {:.2f}, milliseconds {:.2f}, apart {:.2f}".format(*(max(column) for column in zip(*ratios))), flush=True)


def load(servers, hosts, hours):
    directory = record_bodies.made(f"tsbs-cpu-{hosts}-{hours}", "tsbs-cpu", hosts, hours)
    streams = [record_bodies.read_bodies(path) for path in sorted(pathlib.Path(directory).glob("*.bin"))]
    for server in servers:
        ingest.ingest(server, streams)
        ingest.flush(server)


def answer(server, question, end_s):
    """None of Prometheus, if it says that names are the same without the metric's."""
    try:
        return Client(server).ask(request_of(question, end_s))
    except Refused as refused:
        if server.name == "prometheus" and "same labelset" in str(refused):
            return None
        raise Refused(f"{server.name}: {question[0]}: {refused}") from refused


def check_answers(servers, listed, end_s):
    """The names of the queries that Prometheus cannot answer."""
    others, refused = [], []
    for question in listed:
        if question[0] in ("rate", "increase"):
            continue
        given, expected, peer = (answer(server, question, end_s) for server in servers)
        if expected is None:
            refused.append(question[0])
        elif promql.difference(peer, expected) is not None:
            others.append(question[0])
        found = promql.difference(given, expected or peer)
        assert found is None, f"{question[0]}: {found}"
    print("LumaDB's answers agree with Prometheus', where that refuses with VictoriaMetrics':", ", ".join(refused) or "none")
    print("VictoriaMetrics means another thing by:", ", ".join(others) or "none")
    return refused


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--hosts", type=int, default=100)
    parser.add_argument("--hours", type=int, default=12)
    parser.add_argument("--rounds", type=int, default=7, help="at least so many")
    parser.add_argument("--clients", type=int, default=8)
    parser.add_argument("--only", default="")
    arguments = parser.parse_args()
    listed = [question for question in questions(arguments.hours) if arguments.only in question[0]]
    end_s = START_S + arguments.hours * 3600 - 5  # no sample on the edge of a range: it belonged to the range until Prometheus 3
    servers = [processes.lumadb(), processes.prometheus(), processes.victoria_metrics()]
    try:
        for server in servers:
            server.start()
        load(servers, arguments.hosts, arguments.hours)
        print(f"machine: {platform.machine()}, {os.cpu_count()} cores; {arguments.hosts} hosts x 10 series x {arguments.hours} h at 10 s")
        refused = check_answers(servers, listed, end_s)
        for clients in (1, arguments.clients):
            compare(servers, listed, refused, end_s, arguments.rounds, clients)
    finally:
        for server in servers:
            server.remove()


if __name__ == "__main__":
    main()
