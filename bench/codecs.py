#!/usr/bin/python3
"""Codec speed and bits per value on recorded scrapes of node_exporter and Prometheus, or on TSBS's cpu-only set.

    bench/codecs.py [--set recorded|node|tsbs-cpu] [--seconds 120] [--streams 4]
"""
import argparse
import subprocess

import processes
import record_bodies


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--set", choices=["recorded", "node", "tsbs-cpu"], default="recorded")
    parser.add_argument("--seconds", type=int, default=120)
    parser.add_argument("--streams", type=int, default=4)
    arguments = parser.parse_args()
    directory = record_bodies.body_set(arguments.set, arguments.seconds, arguments.streams)
    subprocess.run([processes.ROOT / "build/bench/bin/lumadb_codecs_bench", directory], check=True)


if __name__ == "__main__":
    main()
