#!/usr/bin/python3
"""Memory per active series: resident bytes over idle after two samples of each of many new series.

    bench/series_memory.py [--series 200000] [--rounds 3]

Every series has a name and eight labels, 100 series for each pod. Measured when everything has been
acknowledged, and for LumaDB once more after a flush, when the samples have left memory.
"""
import argparse
import time

import ingest
import processes
import record_bodies


def measure(make, streams):
    server = make()
    try:
        server.start()
        if server.name == "lumadb":
            ingest.flush(server)  # what the first SQL connection takes is no matter of series
        time.sleep(1)
        idle = server.memory_bytes()
        ingest.ingest(server, streams)
        time.sleep(2)
        full = server.memory_bytes()
        if server.name == "lumadb":
            ingest.flush(server)
        return {"after": full - idle, "flushed": server.memory_bytes() - idle}
    finally:
        server.remove()


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--series", type=int, default=200_000)
    parser.add_argument("--rounds", type=int, default=3)
    arguments = parser.parse_args()
    directory = record_bodies.made(f"series-{arguments.series}", "series", arguments.series, 100)
    streams = [record_bodies.read_bodies(path) for path in sorted(directory.glob("*.bin"))]
    print(f"series: {arguments.series}; rounds: {arguments.rounds}\n")
    print("| server | bytes per series | after a flush |\n|---|---|---|")
    for make in (processes.lumadb, processes.prometheus, processes.victoria_metrics):
        rows = [measure(make, streams) for _ in range(arguments.rounds)]
        cells = [processes.describe([row[key] / arguments.series for row in rows]) for key in ("after", "flushed")]
        print(f"| {make.__name__.replace('_', '-')} | " + " | ".join(cells) + " |", flush=True)


if __name__ == "__main__":
    main()
