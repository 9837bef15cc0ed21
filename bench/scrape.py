#!/usr/bin/python3
"""Scraping many targets: CPU share, memory and missed scrapes of LumaDB and Prometheus, one after the other.

    bench/scrape.py [--targets 1000] [--series 500] [--interval 15] [--minutes 10] [--servers lumadb,prometheus]

The targets are one process of its own (scrape_targets.cc), whose CPU is counted apart; each has its port, and sends
other values every time. Everything before the second scrape of the last target is left out. A scrape is missed when a
target has fewer samples of `up` than the window has intervals, and late when two of them are further apart than 1.1
intervals.
"""
import argparse
import json
import os
import pathlib
import subprocess
import time

import processes

TARGETS_PROGRAM = pathlib.Path(os.environ.get("SCRAPE_TARGETS",
                                              processes.ROOT / "build" / "bench" / "bin" / "lumadb_scrape_targets"))
CONFIG = """
global:
  scrape_interval: {interval}s
  scrape_timeout: {interval}s
scrape_configs:
  - job_name: many
    file_sd_configs: [{{files: ['{targets}']}}]
"""


class Targets:
    def __init__(self, count, series):
        self.process = subprocess.Popen([str(TARGETS_PROGRAM), str(count), str(series)], stdout=subprocess.PIPE, text=True)
        self.ports = []
        for line in self.process.stdout:
            if not line.strip():
                break
            self.ports.append(int(line))

    def cpu_seconds(self):
        fields = pathlib.Path(f"/proc/{self.process.pid}/stat").read_text().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / processes.CLOCK_TICKS

    def stop(self):
        self.process.terminate()
        self.process.wait()


def start(name, config):
    if name == "lumadb":
        server = processes.lumadb(f"scrape.config_file={config}")
    else:
        server = processes.Server("prometheus", [
            "prometheus", f"--config.file={config}", "--storage.tsdb.path={data}",
            "--web.listen-address=127.0.0.1:{port}", "--log.level=error"], "/-/ready")
    server.start()
    return server


def query(server, expression):
    return [(one["metric"], float(one["value"][1])) for one in processes.query_count(server, expression)]


def times_of_up(server, begin, end):
    """{instance: [times of its samples]}"""
    answer = json.loads(processes.http_get(
        f"{server.url}/api/v1/query?query=up%5B{int(end - begin)}s%5D&time={end}", 120))
    return {one["metric"]["instance"]: [at for at, _ in one["values"]] for one in answer["data"]["result"]}


def measure(server, targets, options):
    warm_up = 2 * options.interval + 5
    time.sleep(warm_up)
    begin, cpu, target_cpu = time.time(), server.cpu_seconds(), targets.cpu_seconds()
    time.sleep(options.minutes * 60)
    end = time.time()
    cpu, target_cpu = server.cpu_seconds() - cpu, targets.cpu_seconds() - target_cpu
    memory = server.memory_bytes()
    time.sleep(1)
    scrapes = times_of_up(server, begin, end)
    expected = int((end - begin) // options.interval)
    missed = sum(max(0, expected - len(times)) for times in scrapes.values())
    missed += expected * (options.targets - len(scrapes))
    gaps = sorted(b - a for times in scrapes.values() for a, b in zip(times, times[1:]))
    late = sum(gap > 1.1 * options.interval for gap in gaps)
    down = query(server, "count(up == 0)")
    durations = query(server, "quantile(0.99, scrape_duration_seconds)")
    stored = query(server, "count({job='many'})")
    seconds = end - begin
    print(f"{server.name}: {cpu / seconds:.2%} of one processor ({1e6 * cpu / (seconds * options.targets * options.series / options.interval):.2f} s"
          f" for a million samples), {memory >> 20} MiB resident; targets: {target_cpu / seconds:.2%}")
    print(f"  scrapes {sum(map(len, scrapes.values()))}, missed {missed}, late {late}, longest gap {gaps[-1]:.3f} s, down "
          f"{int(down[0][1]) if down else 0}, p99 of a scrape {1000 * durations[0][1]:.1f} ms, series {int(stored[0][1])}")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--targets", type=int, default=1000)
    parser.add_argument("--series", type=int, default=500)
    parser.add_argument("--interval", type=int, default=15)
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("--servers", default="lumadb,prometheus")
    options = parser.parse_args()
    print(processes.version_of(["prometheus", "--version"]))
    print(f"{options.targets} targets of {options.series} series every {options.interval} s, {options.minutes:g} minutes, "
          f"{os.cpu_count()} processors")
    for name in options.servers.split(","):
        targets = Targets(options.targets, options.series)
        folder = pathlib.Path(os.environ.get("TMPDIR", "/tmp")) / f"lumabench-scrape-{os.getpid()}"
        folder.mkdir(exist_ok=True)
        (folder / "targets.json").write_text(json.dumps([{"targets": [f"127.0.0.1:{port}" for port in targets.ports]}]))
        config = folder / "prometheus.yml"
        config.write_text(CONFIG.format(interval=options.interval, targets=folder / "targets.json"))
        server = start(name, config)
        try:
            measure(server, targets, options)
        finally:
            server.remove()
            targets.stop()
            for file in folder.iterdir():
                file.unlink()
            folder.rmdir()


if __name__ == "__main__":
    main()
