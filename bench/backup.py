"""How fast backups, checks and restores are, and what they cost writers: bench/results/backup.md.

    LUMADB_BINARY=build/release/bin/lumadb /usr/bin/python3 bench/backup.py [rows]
"""

import json
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests/integration"))
from harness import BINARY, LumaServer  # noqa: E402

ROWS = int(sys.argv[1]) if len(sys.argv) > 1 else 4_000_000
WRITE_SECONDS = 8


def lumadb(*arguments: str) -> tuple[float, dict]:
    start = time.monotonic()
    printed = subprocess.run([BINARY, *arguments], check=True, capture_output=True, text=True).stdout
    lines = [json.loads(line) for line in printed.splitlines() if line.startswith("{")]
    return time.monotonic() - start, lines[-1] if lines else {}


def commits_per_second(server: LumaServer, seconds: float, meanwhile=None) -> float:
    """Of one client that commits a row at a time, while `meanwhile` repeats itself."""
    done = threading.Event()
    beside = threading.Thread(target=lambda: [meanwhile() for _ in iter(done.is_set, True)])
    if meanwhile:
        beside.start()
    commits = 0
    with server.connect() as connection:
        start = time.monotonic()
        while time.monotonic() - start < seconds:
            connection.execute("INSERT INTO w VALUES (%s)", (commits,))
            commits += 1
        taken = time.monotonic() - start
    done.set()
    if meanwhile:
        beside.join()
    return commits / taken


def report(what: str, seconds: float, size: int):
    print(f"{what:34} {seconds:6.2f} s  {size / 1e6:8.1f} MB  {size / 1e6 / seconds:8.1f} MB/s")


def main():
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        server = LumaServer(folder, {"server.admin_api": "true"}).start()
        to = str(folder / "backups")
        asked = ("--server", server.url(""))
        try:
            server.sql("CREATE TABLE t (k BIGINT, v TEXT)")
            server.sql("CREATE TABLE w (k BIGINT)")
            for first in range(0, ROWS, 500_000):
                server.sql("INSERT INTO t SELECT i, md5(i::TEXT) "
                           f"FROM range({first}, {first + 500_000}) r(i)")
            server.sql("CHECKPOINT")
            seconds, first = lumadb("backup", "--to", to, *asked)
            size = first["segment_bytes"]
            report("first backup", seconds, size)
            server.sql("INSERT INTO t VALUES (-1, 'one more')")
            seconds, second = lumadb("backup", "--to", to, *asked)
            print(f"{'backup after one more row':34} {seconds:6.2f} s  moved "
                  f"{second['bytes_moved']} bytes")
            report("backup verify (one)", lumadb("backup", "verify", "--from", to, "--id",
                                                 first["id"])[0], size)
            report("check of the running server", lumadb("check", *asked)[0], size)
            report("restore", lumadb("restore", "--from", to, "--data-dir",
                                     str(folder / "copy"))[0], size)
            alone = commits_per_second(server, WRITE_SECONDS)
            count = iter(range(1000))
            beside = commits_per_second(
                server, WRITE_SECONDS,
                lambda: lumadb("backup", "--to", str(folder / f"new{next(count)}"), *asked))
            again = commits_per_second(server, WRITE_SECONDS)
            print(f"commits/s of one client: alone {alone:.0f}, beside whole backups one after the "
                  f"other {beside:.0f}, alone again {again:.0f}")
        finally:
            server.stop()


if __name__ == "__main__":
    main()
