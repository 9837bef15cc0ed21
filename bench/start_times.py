#!/usr/bin/python3
"""What start times cost on disk: bytes a sample of luma.samples and of luma.start_times, merged.

    bench/start_times.py [--series 200] [--hours 24]

So many counters, 15 s apart with a millisecond or two of jitter, go in by remote write 2.0: without start times, with the time of a
restart every six hours, and as deltas, which begin at the sample before.
"""
import argparse
import pathlib
import random
import sys
import time

import processes

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "tests" / "integration"))
import psycopg  # noqa: E402
import remote_write  # noqa: E402

STEP_MS, RESTART_MS, HOUR_MS = 15_000, 6 * 3_600_000, 3_600_000
SAMPLES_PER_REQUEST = 20_000


def samples(kind, number, start_ms, end_ms):
    """(time, value, start) of each."""
    picks = random.Random(number)
    value, before = 0, start_ms
    began = start_ms + picks.randrange(STEP_MS)
    for at in range(start_ms + picks.randrange(1, STEP_MS), end_ms, STEP_MS):
        at += picks.randrange(3)
        if at - began >= RESTART_MS:
            value, began = 0, at - picks.randrange(1, STEP_MS)
        value += picks.randrange(200)
        yield at, value, {"none": 0, "counters": began, "deltas": before}[kind]
        before = at


def send(server, kind, number, start_ms, end_ms):
    all_samples = list(samples(kind, number, start_ms, end_ms))
    for begin in range(0, len(all_samples), SAMPLES_PER_REQUEST):
        request = remote_write.RequestV2()
        request.add({"__name__": "requests_total", "instance": f"host-{number}:9100"},
                    *(request.sample(*one) for one in all_samples[begin:begin + SAMPLES_PER_REQUEST]))
        assert remote_write.write_v2(server.url, request.message()).status == 204
    return len(all_samples)


def table_bytes(server):
    processes.http_post(server.url + "/api/v1/admin/tsdb/clean_tombstones", timeout=600)
    with psycopg.connect(host="127.0.0.1", port=server.postgres_port, user="luma", dbname="luma", autocommit=True) as connection:
        return dict(connection.execute(
            "SELECT table_name, warm_bytes FROM luma_storage.tables WHERE table_name IN ('samples', 'start_times')").fetchall())


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--series", type=int, default=200)
    parser.add_argument("--hours", type=int, default=24)
    args = parser.parse_args()
    end = int(time.time() * 1000) // HOUR_MS * HOUR_MS
    start = end - args.hours * HOUR_MS
    print("| start times | samples | bytes a sample, luma.samples | luma.start_times |\n|---|---|---|---|")
    for kind in ("none", "counters", "deltas"):
        server = processes.lumadb("server.admin_api=true")
        server.start()
        try:
            count = sum(send(server, kind, number, start, end) for number in range(args.series))
            stored = table_bytes(server)
            print(f"| {kind} | {count} | {stored['samples'] / count:.3f} | {stored.get('start_times', 0) / count:.3f} |")
        finally:
            server.remove()


if __name__ == "__main__":
    main()
