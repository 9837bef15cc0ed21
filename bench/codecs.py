#!/usr/bin/python3
"""Codec speed and bits per value on recorded scrapes of node_exporter and Prometheus.

    bench/codecs.py [--seconds 120] [--streams 4]
"""
import argparse
import subprocess

import processes
import record_bodies


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=int, default=120)
    parser.add_argument("--streams", type=int, default=4)
    arguments = parser.parse_args()
    directory = record_bodies.recorded(arguments.seconds, arguments.streams)
    subprocess.run([processes.ROOT / "build/bench/bin/lumadb_codecs_bench", directory], check=True)


if __name__ == "__main__":
    main()
