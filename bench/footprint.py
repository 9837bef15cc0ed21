#!/usr/bin/python3
"""Start time, executable size and idle memory of LumaDB, beside Prometheus and VictoriaMetrics.

    bench/footprint.py [--rounds 7]

Start time is from exec until the ready path answers 200, on an empty data directory; idle memory is
the resident set five seconds later.
"""
import argparse
import os
import pathlib
import shutil
import subprocess
import tempfile
import time

import processes


def stripped_bytes(path):
    with tempfile.NamedTemporaryFile() as copy:
        shutil.copyfile(path, copy.name)
        subprocess.run(["strip", copy.name], check=True)
        return os.path.getsize(copy.name)


def measure(make):
    server = make()
    try:
        seconds = server.start()
        time.sleep(5)
        return seconds * 1000, server.memory_bytes() / 2**20
    finally:
        server.remove()


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=7)
    rounds = parser.parse_args().rounds
    makers = {"lumadb": (processes.lumadb, processes.LUMADB),
              "prometheus": (processes.prometheus, pathlib.Path(shutil.which("prometheus"))),
              "victoria-metrics": (processes.victoria_metrics, pathlib.Path(shutil.which("victoria-metrics")))}
    results = {name: [] for name in makers}
    for _ in range(rounds):
        for name, (make, _) in makers.items():
            results[name].append(measure(make))
    print("| server | start ms | idle memory MiB | executable, stripped, MB |")
    print("|---|---|---|---|")
    for name, (_, executable) in makers.items():
        starts, memory = zip(*results[name])
        print(f"| {name} | {processes.describe(starts)} | {processes.describe(memory)} | "
              f"{stripped_bytes(executable) / 1e6:.1f} |")
    library = processes.LUMADB.parent / "libduckdb.so"
    print(f"\nlumadb also loads libduckdb.so: {stripped_bytes(library) / 1e6:.1f} MB stripped")


if __name__ == "__main__":
    main()
