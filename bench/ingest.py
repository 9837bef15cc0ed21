#!/usr/bin/python3
"""Remote-write ingest of LumaDB, Prometheus and VictoriaMetrics on the same recorded bodies.

    bench/ingest.py [--set recorded|node|tsbs-cpu] [--rounds 5] [--seconds 120] [--streams 4]

The sets are told in record_bodies.body_set. In each round every server starts empty and receives all bodies, one connection per stream, in a
rotating order of servers. Reported: CPU seconds of the server process per million samples, wall
seconds, and bytes per sample on disk once everything is flushed and merged. LumaDB acknowledges after
fdatasync (its default); Prometheus and VictoriaMetrics run with their defaults, which do not.
"""
import argparse
import http.client
import os
import pathlib
import platform
import subprocess
import threading
import time

import processes
import record_bodies

HEADERS = {"Content-Encoding": "snappy", "Content-Type": "application/x-protobuf",
           "X-Prometheus-Remote-Write-Version": "0.1.0"}


def send_stream(server, bodies, path, failures):
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=60)
    for body in bodies:
        connection.request("POST", path, body, HEADERS)
        response = connection.getresponse()
        text = response.read()
        if response.status // 100 != 2:
            failures.append((server.name, response.status, text[:200]))
            return
    connection.close()


def wait_for_merges(segments, quiet_seconds=3):
    """Until the files have not changed for a while; half-written ones count as a change."""
    seen, since = None, time.monotonic()
    while time.monotonic() - since < quiet_seconds:
        files = sorted(f.name for f in segments.iterdir())
        if files != seen or any(name.endswith(".tmp") for name in files):
            seen, since = files, time.monotonic()
        time.sleep(0.1)


def flush(server):
    """Brings everything acknowledged into the server's on-disk form; returns the bytes it takes."""
    if server.name == "lumadb":
        subprocess.run(["psql", "-qh", "127.0.0.1", "-p", str(server.postgres_port), "-U", "luma", "-c", "CHECKPOINT"],
                       check=True, env=dict(os.environ, PGPASSWORD=""))
        wait_for_merges(server.data / "segments")
        return server.bytes_on_disk(), server.bytes_on_disk(server.data / "segments")
    if server.name == "prometheus":
        processes.http_post(server.url + "/api/v1/admin/tsdb/snapshot")
        return server.bytes_on_disk(), server.bytes_on_disk(server.data / "snapshots")
    processes.http_get(server.url + "/internal/force_flush", 60)
    processes.http_get(server.url + "/internal/force_merge", 60)
    time.sleep(3)
    size = server.bytes_on_disk()
    return size, size


def count_samples(streams):
    """Samples in the bodies, by asking the peer that counts what it was sent."""
    server = processes.victoria_metrics()
    try:
        server.start()
        ingest(server, streams)
        for line in processes.http_get(server.url + "/metrics").decode().splitlines():
            if line.startswith('vm_rows_inserted_total{type="promremotewrite"}'):
                return int(float(line.split()[-1]))
    finally:
        server.remove()
    raise RuntimeError("the sample count was not found")


def ingest(server, streams):
    failures = []
    threads = [threading.Thread(target=send_stream, args=(server, bodies, "/api/v1/write", failures))
               for bodies in streams]
    begin = time.monotonic()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if failures:
        raise RuntimeError(f"refused: {failures[0]}")
    return time.monotonic() - begin


def measure(make, streams, samples):
    server = make()
    try:
        server.start()
        idle_cpu = server.cpu_seconds()
        wall = ingest(server, streams)
        cpu = server.cpu_seconds() - idle_cpu
        all_bytes, data_bytes = flush(server)
        return {"cpu": cpu / samples * 1e6, "wall": wall, "data": data_bytes / samples, "all": all_bytes / samples,
                "cpu_flushed": (server.cpu_seconds() - idle_cpu) / samples * 1e6}
    finally:
        server.remove()


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--set", choices=["recorded", "node", "tsbs-cpu"], default="recorded")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=int, default=120)
    parser.add_argument("--streams", type=int, default=4)
    arguments = parser.parse_args()
    directory = record_bodies.body_set(arguments.set, arguments.seconds, arguments.streams)
    streams = [record_bodies.read_bodies(path) for path in sorted(pathlib.Path(directory).glob("*.bin"))]
    samples = count_samples(streams)
    makers = {"lumadb": processes.lumadb, "prometheus": processes.prometheus,
              "victoria-metrics": processes.victoria_metrics}
    results = {name: [] for name in makers}
    for turn in range(arguments.rounds):
        order = list(makers)[turn % 3:] + list(makers)[:turn % 3]
        for name in order:
            results[name].append(measure(makers[name], streams, samples))
    print(f"machine: {platform.processor() or platform.machine()}, {os.cpu_count()} cores; rounds: {arguments.rounds}")
    print("versions:", processes.version_of([str(processes.LUMADB), "version"]), "|",
          processes.version_of(["prometheus", "--version"]), "|",
          processes.version_of(["victoria-metrics", "-version"]))
    print(f"samples: {samples} in {sum(map(len, streams))} requests, "
          f"{sum(len(b) for s in streams for b in s) / samples:.2f} bytes per sample on the wire")
    print("\n| server | CPU s per 1 M samples | with flush | wall s | data bytes per sample | all files |")
    print("|---|---|---|---|---|---|")
    for name, rows in results.items():
        cells = [processes.describe([row[key] for row in rows]) for key in ("cpu", "cpu_flushed", "wall", "data", "all")]
        print(f"| {name} | " + " | ".join(cells) + " |")


if __name__ == "__main__":
    main()
