#!/usr/bin/python3
"""Conditions on labels in SQL: CPU milliseconds of the server and blocks read, with one executable or with several.

    bench/label_pruning.py [--series 20000] [--samples 200] [--binary PATH ...]

So many series of one metric, 15 s apart, each with a host, one of 20 regions and one of 4 zones, merged; then each question
20 times. Answers of all executables are compared. promql() is asked only where it is there.
"""
import argparse
import pathlib
import struct
import sys

import processes

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "tests" / "integration"))
import psycopg  # noqa: E402
import remote_write  # noqa: E402

START = 1_700_000_000
REPEATS = 20
SERIES_PER_REQUEST = 200
NO_SUCH_FUNCTION = ("42883", "42P01")  # an executable from before promql()


def bits(value):
    return struct.unpack("<Q", struct.pack("<d", value))[0]


def send(server, series, samples):
    for begin in range(0, series, SERIES_PER_REQUEST):
        made = [remote_write.series({"__name__": "load", "host": f"host-{number:06d}", "region": f"r{number % 20}",
                                     "zone": f"z{number % 4}"},
                                    [(1000 * (START + 15 * i), bits(float(number + i))) for i in range(samples)])
                for number in range(begin, min(begin + SERIES_PER_REQUEST, series))]
        assert remote_write.write(server.url, made) in (200, 204)
    processes.http_post(server.url + "/api/v1/admin/tsdb/clean_tombstones", timeout=600)


def questions(series, samples):
    host = f"host-{series // 2:06d}"
    last = START + 15 * (samples - 1)
    return {
        "one host": f"SELECT count(*), sum(value) FROM metrics.load WHERE host = '{host}'",
        "one host, last ten samples": f"SELECT count(*), sum(value) FROM metrics.load WHERE host = '{host}' "
                                      f"AND ts > to_timestamp({last - 150})",
        "ten hosts by LIKE": f"SELECT count(*), sum(value) FROM metrics.load WHERE host LIKE '{host[:-1]}%'",
        "100 hosts by ~": f"SELECT count(*), sum(value) FROM metrics.load WHERE host ~ '{host[:-2]}..'",
        "one host in 100 by LIKE": "SELECT count(*), sum(value) FROM metrics.load WHERE host LIKE '%77'",
        "samples, labels['host']": f"SELECT count(*), sum(value) FROM samples WHERE metric = 'load' AND labels['host'] = '{host}'",
        "a region: one series in 20": "SELECT count(*), sum(value) FROM metrics.load WHERE region = 'r7'",
        "everything": "SELECT count(*), sum(value) FROM metrics.load",
        "promql, sum by (region), 50 steps": "SELECT count(*), sum(value) FROM promql('sum by (region) (load)', "
                                             f"{START}, {START + 15 * 49}, 15)",
        "promql, one host joined with metrics.load": f"SELECT count(*), sum(p.value) FROM promql('load{{host=\"{host}\"}}', {START}, "
                                                     f"{last}, 15) p JOIN metrics.load m ON m.ts = p.ts AND m.host = '{host}'",
    }


def blocks(connection, statement):
    plan = "\n".join(row[-1] for row in connection.execute("EXPLAIN ANALYZE " + statement))
    counts = [part.split("Blocks:")[1].split()[:3] for part in plan.splitlines() if "Blocks:" in part]
    counts = [(int(read), int(of)) for read, _, of in counts]
    return "{} of {}".format(*max(counts, key=lambda one: one[1])) if counts else "-"


def ask(server, connection, statement):
    """The rows, and the mean of the CPU milliseconds: the system counts in tens of them."""
    connection.execute(statement)
    before = server.cpu_seconds()
    for _ in range(REPEATS):
        rows = connection.execute(statement).fetchall()
    return rows, 1000 * (server.cpu_seconds() - before) / REPEATS


def run(binary, args):
    processes.LUMADB = pathlib.Path(binary)
    figures = {}
    server = processes.lumadb("server.admin_api=true")
    server.start()
    try:
        send(server, args.series, args.samples)
        with psycopg.connect(host="127.0.0.1", port=server.postgres_port, user="luma", dbname="luma",
                             autocommit=True) as connection:
            for name, statement in questions(args.series, args.samples).items():
                try:
                    rows, cpu = ask(server, connection, statement)
                    figures[name] = (rows, cpu, blocks(connection, statement))
                except psycopg.Error as error:
                    if "promql(" not in statement or error.sqlstate not in NO_SUCH_FUNCTION:
                        raise
                    figures[name] = (None, None, error.sqlstate)
    finally:
        server.remove()
    return figures


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--series", type=int, default=20_000)
    parser.add_argument("--samples", type=int, default=200)
    parser.add_argument("--binary", action="append", default=[])
    args = parser.parse_args()
    binaries = args.binary or [str(processes.LUMADB)]
    results = [run(binary, args) for binary in binaries]
    for name in results[0]:
        answers = {str(one[name][0]) for one in results if one[name][0] is not None}
        assert len(answers) == 1, (name, answers)
        cells = ["-" if one[name][1] is None else f"{one[name][1]:.1f} ms, {one[name][2]}" for one in results]
        print(f"| {name} | " + " | ".join(cells) + " |", flush=True)


if __name__ == "__main__":
    main()
