"""The server keeps to its memory limit while everything that takes memory happens at once.

New series come in by remote write while the heaviest queries run and hundreds of connections idle.
Afterwards, and again after kill -9 and a restart inside the same limit, everything that was
acknowledged is there: counted and summed.

The server runs in a memory cgroup of its own where the test may make one, so that a process above
its limit dies; where it may not, the peak of its resident memory is compared with the limit.

    LUMA_MEMORY_SERIES=1000000   how many series are sent (40,000 otherwise)
"""

import collections
import os
import re
import socket
import struct
import tempfile
import threading
import time
import unittest
import urllib.parse
from http.client import HTTPConnection
from pathlib import Path

import psycopg

from harness import LumaServer, ServerTest, http, wait_until
from remote_write import HEADERS, field, sample, varint

LIMIT_BYTES = 512 << 20
SERIES = int(os.environ.get("LUMA_MEMORY_SERIES", "40000"))
SERIES_PER_REQUEST = 1_000
ROUNDS = 3  # samples of each series
WRITERS = 4
IDLE_CONNECTIONS = 120  # of each port
ATTEMPTS = 30  # of a request that is told to try again later
CGROUPS = Path("/sys/fs/cgroup/memory")

BOOKED = re.compile(r'^luma_memory_booked_bytes\{use="(\w+)"\} (\S+)$', re.MULTILINE)

# What a client may be told when memory or disk space is short, or a query is too large.
SQL_REFUSALS = {"53100", "53200", "53300", "53400", "54000", "57014", "57P03"}
HTTP_REFUSALS = {413, 422, 429, 503}
RETRIED = {429, 503}


def literal_snappy(data: bytes) -> bytes:
    """Snappy of literals of up to 64 KiB: fast to make."""
    pieces = [data[at:at + 65536] for at in range(0, len(data), 65536)]
    return varint(len(data)) + b"".join(
        b"\xf4" + struct.pack("<H", len(piece) - 1) + piece for piece in pieces)


def label(name: str, value: str) -> bytes:
    return field(1, field(1, name.encode()) + field(2, value.encode()))


COMMON = label("__name__", "http_requests_total") + label("cluster", "production-west-2")
AFTER_INSTANCE = label("job", "kubernetes-pods") + label("namespace", "payments")


def request_body(first: int, round_number: int, start_ms: int) -> bytes:
    """One sample of each of SERIES_PER_REQUEST series; its value is the number of the series."""
    message = bytearray()
    for number in range(first, first + SERIES_PER_REQUEST):
        value = struct.unpack("<Q", struct.pack("<d", float(number)))[0]
        message += field(1, COMMON + label("instance", f"10.1.{number >> 8}.{number & 255}:9090")
                         + AFTER_INSTANCE + label("node", f"node-{number % 200}")
                         + label("pod", f"payments-{number % 5000}")
                         + field(2, sample(start_ms + 15_000 * round_number, value)))
    return literal_snappy(bytes(message))


class MemoryCgroup:
    """A cgroup (version 1) for one process, or nothing where none can be made."""

    def __init__(self, name: str, limit_bytes: int):
        self.folder: Path | None = CGROUPS / name
        try:
            self.folder.mkdir()
            (self.folder / "memory.limit_in_bytes").write_text(str(limit_bytes))
        except OSError:
            self.folder = None

    def command(self, command: list[str]) -> list[str]:
        if self.folder is None:
            return command
        join = f'echo $$ > "{self.folder}/cgroup.procs" && exec "$@"'
        return ["sh", "-c", join, "sh", *command]

    def kills(self) -> int:
        if self.folder is None:
            return 0
        lines = (self.folder / "memory.oom_control").read_text().split("\n")
        return next((int(line.split()[1]) for line in lines if line.startswith("oom_kill ")), 0)

    def remove(self):
        if self.folder is not None:
            wait_until(lambda: not (self.folder / "cgroup.procs").read_text(), "the cgroup is empty")
            self.folder.rmdir()


class LimitedServer(LumaServer):
    def __init__(self, folder: Path, settings: dict[str, str], cgroup: MemoryCgroup):
        super().__init__(folder, settings)
        self.cgroup = cgroup

    def command(self) -> list[str]:
        return self.cgroup.command(super().command())

    def memory_bytes(self, key: str) -> int:
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        return next(int(line.split()[1]) for line in status.splitlines()
                    if line.startswith(key + ":")) * 1024


class Load:
    """Writers and readers at once. `problems` collects every answer that is no clean one."""

    def __init__(self, server: LimitedServer):
        self.server = server
        self.start_ms = int(time.time() * 1000) - 60_000
        self.lock = threading.Lock()
        self.acknowledged = [[False] * (SERIES // SERIES_PER_REQUEST) for _ in range(ROUNDS)]
        self.answers: collections.Counter = collections.Counter()
        self.problems: list[str] = []
        self.writing = True
        self.booked_at_peak: dict[str, int] = {}

    def count(self, what: str, problem: str | None = None):
        with self.lock:
            self.answers[what] += 1
            if problem and len(self.problems) < 20:
                self.problems.append(f"{what}: {problem}")

    def run(self):
        writers = [threading.Thread(target=self.write, args=(number,)) for number in range(WRITERS)]
        readers = [threading.Thread(target=self.repeat, args=(work,))
                   for work in (self.query_http, self.query_sql, self.query_sql, self.copy_out)]
        readers.append(threading.Thread(target=self.watch))
        for thread in writers + readers:
            thread.start()
        for thread in writers:
            thread.join()
        self.writing = False
        for thread in readers:
            thread.join()

    def watch(self):
        """Remembers what was booked when the process was largest."""
        largest = 0
        while self.writing:
            resident = self.server.memory_bytes("VmRSS")
            if resident > largest:
                largest = resident
                page = http(self.server.url("/metrics", "metrics")).text
                self.booked_at_peak = {use: int(float(size)) >> 20 for use, size in BOOKED.findall(page)
                                       if float(size) >= 1 << 20}
                self.booked_at_peak["resident"] = resident >> 20
            time.sleep(0.2)

    # ---- writers

    def write(self, writer: int):
        connection = HTTPConnection("127.0.0.1", self.server.ports["http"], timeout=120)
        for round_number in range(ROUNDS):
            for index in range(writer, SERIES // SERIES_PER_REQUEST, WRITERS):
                body = request_body(index * SERIES_PER_REQUEST, round_number, self.start_ms)
                self.acknowledged[round_number][index] = self.send(connection, body)
        connection.close()

    def send(self, connection, body: bytes) -> bool:
        for _ in range(ATTEMPTS):
            connection.request("POST", "/api/v1/write", body, HEADERS)
            answer = connection.getresponse()
            text = answer.read()
            retry_after = answer.headers.get("Retry-After")
            is_clean = answer.status // 100 == 2 or (answer.status in RETRIED and retry_after)
            self.count(f"write {answer.status}", None if is_clean else f"{retry_after} {text[:200]}")
            if answer.status not in RETRIED:
                return answer.status // 100 == 2
            time.sleep(0.3)
        return False

    # ---- readers

    def repeat(self, work):
        while self.writing:
            try:
                work()
            except OSError as error:
                self.count("connection", repr(error))
                return

    def query_http(self):
        everything = '{__name__=~".+"}'
        now = self.start_ms // 1000 + 60
        requests = (("query", {"query": everything, "time": now}),
                    ("query_range", {"query": everything, "start": now - 300, "end": now, "step": 5}),
                    ("series", {"match[]": everything}), ("labels", {}),
                    ("label/instance/values", {}))
        for path, parameters in requests:
            answer = http(self.server.url(f"/api/v1/{path}?{urllib.parse.urlencode(parameters)}"))
            has_retry = answer.status not in RETRIED or answer.headers.get("Retry-After")
            is_clean = (answer.status == 200 or answer.status in HTTP_REFUSALS) and has_retry
            self.count(f"{path} {answer.status}", None if is_clean else answer.text[:200])

    def query_sql(self):
        for statement in (
                "SELECT * FROM samples ORDER BY value DESC, labels, ts OFFSET 1000000000",
                "SELECT count(*) FROM samples a JOIN samples b ON a.labels = b.labels",
                "SELECT labels, metric, sum(value), list(value), string_agg(metric, ',') FROM samples "
                "GROUP BY labels, metric ORDER BY 3 OFFSET 1000000000",
                "SELECT count(DISTINCT labels), count(DISTINCT value) FROM samples",
                "SELECT max(s) FROM (SELECT sum(value) OVER (PARTITION BY metric ORDER BY value, ts "
                "ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW) s FROM samples)",
                "SELECT length(repeat('x', 100000000))"):
            self.sql(lambda connection, sql=statement: connection.execute(sql).fetchall())

    def copy_out(self):
        def read_all(connection):
            with connection.cursor().copy("COPY (SELECT * FROM samples) TO STDOUT") as copy:
                for _ in copy:
                    pass
        self.sql(read_all)

    def sql(self, work):
        try:
            with self.server.connect() as connection:
                work(connection)
            self.count("sql ok")
        except psycopg.OperationalError as error:
            state = error.sqlstate or "none"
            self.count(f"sql {state}", None if state in SQL_REFUSALS else str(error))
        except psycopg.Error as error:
            state = error.sqlstate or "none"
            self.count(f"sql {state}", None if state in SQL_REFUSALS else str(error))

    # ---- what has to be there

    def expected(self) -> tuple[int, int]:
        """Samples and the sum of their values."""
        count = total = 0
        for acknowledged in self.acknowledged:
            for index, is_there in enumerate(acknowledged):
                if not is_there:
                    continue
                first = index * SERIES_PER_REQUEST
                count += SERIES_PER_REQUEST
                total += SERIES_PER_REQUEST * first + SERIES_PER_REQUEST * (SERIES_PER_REQUEST - 1) // 2
        return count, total


class MemoryTest(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="luma_memory_")
        self.addCleanup(folder.cleanup)
        self.cgroup = MemoryCgroup(f"luma_memory_{os.getpid()}", LIMIT_BYTES)
        self.addCleanup(self.cgroup.remove)
        settings = {"general.memory_limit": "512MiB", "postgres.max_connections": "400"}
        self.server = LimitedServer(Path(folder.name), settings, self.cgroup)
        self.addCleanup(self.server.kill)
        self.server.start()

    def idle_connections(self) -> list:
        connections = []
        for _ in range(IDLE_CONNECTIONS):
            connections.append(self.server.connect())
            connections.append(socket.create_connection(("127.0.0.1", self.server.ports["http"])))
        for connection in connections:
            self.addCleanup(connection.close)
        return connections

    def check_everything_is_there(self, load: Load):
        count, total = load.expected()
        def stored():
            return self.server.sql("SELECT count(*), sum(value)::bigint FROM samples")
        self.assertEqual(stored(), [(count, total if count else None)])

    def check_memory(self, what: str):
        peak, now = self.server.memory_bytes("VmHWM"), self.server.memory_bytes("VmRSS")
        kind = "no cgroup" if self.cgroup.folder is None else "in a cgroup"
        print(f"{what}: peak {peak >> 20} MiB, now {now >> 20} MiB, {kind}")
        for row in self.server.sql("SELECT use, booked_bytes >> 20 FROM luma_storage.budget"):
            print("   ", *row)
        self.assertEqual(self.cgroup.kills(), 0)
        self.assertLess(peak, LIMIT_BYTES)

    def test_limit_holds_while_everything_happens_at_once(self):
        self.idle_connections()
        load = Load(self.server)
        begin = time.monotonic()
        load.run()
        print(f"{SERIES} series x {ROUNDS}: {time.monotonic() - begin:.0f} s, {load.expected()[0]} "
              f"samples acknowledged; answers: {dict(sorted(load.answers.items()))}")
        print("MiB at the largest moment seen:", load.booked_at_peak)
        self.assertTrue(self.server.running(), self.server.log_text()[-3000:])
        self.check_memory("under load")
        self.assertEqual(load.problems, [])
        self.assertGreater(load.expected()[0], 0)
        self.check_everything_is_there(load)

        self.server.kill()
        begin = time.monotonic()
        self.server.restart()
        print(f"restart after kill -9: {time.monotonic() - begin:.1f} s")
        self.check_everything_is_there(load)
        self.check_memory("after the restart")
        connection = HTTPConnection("127.0.0.1", self.server.ports["http"], timeout=60)
        self.assertTrue(load.send(connection, request_body(0, ROUNDS, load.start_ms)))
        connection.close()


if __name__ == "__main__":
    unittest.main()
