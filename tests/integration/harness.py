"""Starts, kills and asks the real server and the real programs around it.

A test file is a plain unittest module; ctest runs it with LUMADB_BINARY set. By hand:

    LUMADB_BINARY=build/dev/bin/lumadb /usr/bin/python3 tests/integration/test_server.py -v
"""

import json
import os
import re
import signal
import socket
import subprocess
import tempfile
import time
import unittest
import urllib.error
import urllib.parse
import urllib.request
from pathlib import Path

import psycopg

BINARY = os.environ.get("LUMADB_BINARY", "build/release/bin/lumadb")
NPM_FOLDER = Path(__file__).resolve().parents[1] / "npm"
PATIENCE_SECONDS = 60  # for anything that will surely happen; sanitizer builds are slow
LISTENING = re.compile(r"listening service=(\S+) address=(\S+):(\d+)")


def wait_until(condition, what: str, seconds: float = PATIENCE_SECONDS):
    """Returns the first true result of `condition`; fails the test after `seconds`."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        result = condition()
        if result:
            return result
        time.sleep(0.05)
    raise AssertionError(f"not within {seconds} s: {what}")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class HttpAnswer:
    def __init__(self, status: int, headers, body: bytes):
        self.status, self.headers, self.body = status, headers, body

    @property
    def text(self) -> str:
        return self.body.decode()

    def json(self):
        return json.loads(self.body)


def http(url: str, body: bytes | None = None, headers: dict | None = None,
         method: str | None = None) -> HttpAnswer:
    """GET, or POST when there is a body, or `method`. Any status is an answer; no connection raises
    OSError."""
    request = urllib.request.Request(url, data=body, headers=headers or {}, method=method)
    try:
        with urllib.request.urlopen(request, timeout=PATIENCE_SECONDS) as response:
            return HttpAnswer(response.status, response.headers, response.read())
    except urllib.error.HTTPError as error:
        return HttpAnswer(error.code, error.headers, error.read())


class Process:
    """A program that logs to a file. Only what this object started is ever signalled."""

    def __init__(self, log: Path):
        self.log = log
        self.process: subprocess.Popen | None = None

    def launch(self, command: list[str], environment: dict | None = None):
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen(
                command, stdout=log, stderr=log, env={**os.environ, **(environment or {})}
            )

    def running(self) -> bool:
        return self.process is not None and self.process.poll() is None

    def log_text(self) -> str:
        return self.log.read_text(errors="replace") if self.log.exists() else ""

    def send(self, number: int):
        self.process.send_signal(number)

    def kill(self):
        """As a crash: no clean-up runs."""
        if self.running():
            self.process.kill()
        if self.process is not None:
            self.process.wait()

    def stop(self) -> int:
        """SIGTERM; returns the exit code."""
        self.process.terminate()
        return self.process.wait(PATIENCE_SECONDS)


class LumaServer(Process):
    """lumadb on free ports with a data directory of its own, which survives restarts."""

    def __init__(self, folder: Path, settings: dict[str, str] | None = None):
        super().__init__(folder / "lumadb.log")
        self.data = folder / "data"
        self.settings = {
            "general.data_dir": str(self.data),
            "server.port": "0",
            "metrics.port": "0",
            "postgres.port": "0",
            "scrape.self": "false",
            **(settings or {}),
        }
        self.ports: dict[str, int] = {}

    def command(self) -> list[str]:
        sets = [part for key, value in self.settings.items() for part in ("--set", f"{key}={value}")]
        return [BINARY, "server", *sets]

    def start(self, environment: dict | None = None) -> "LumaServer":
        seen = len(self.log_text())
        self.launch(self.command(), environment)
        log = wait_until(lambda: self._log_once_ready(seen), "the server is ready")
        self.ports = {service: int(port) for service, _, port in LISTENING.findall(log)}
        return self

    def _log_once_ready(self, seen: int) -> str | None:
        log = self.log_text()[seen:]
        if not self.running():
            raise AssertionError(f"the server ended while starting:\n{log}")
        return log if re.search(r" server ready$", log, re.MULTILINE) else None

    def restart(self, environment: dict | None = None) -> "LumaServer":
        """After stop() or kill(). Ports may change."""
        return self.start(environment)

    def url(self, path: str, service: str = "http") -> str:
        return f"http://127.0.0.1:{self.ports[service]}{path}"

    def connect(self, **options) -> psycopg.Connection:
        settings = {"host": "127.0.0.1", "port": self.ports["postgres"], "user": "luma",
                    "dbname": "luma", "autocommit": True, "connect_timeout": 10, **options}
        return psycopg.connect(**settings)

    def sql(self, statement: str, parameters=None) -> list[tuple]:
        """Runs one statement on a connection of its own; returns its rows."""
        with self.connect() as connection:
            cursor = connection.execute(statement, parameters)
            return cursor.fetchall() if cursor.description else []

    def api(self, path: str, **parameters):
        return prometheus_api(self.url(""), path, **parameters)


def prometheus_api(base: str, path: str, **parameters):
    """The `data` of a Prometheus API answer; any error fails the test."""
    pairs = [(name, one) for name, value in parameters.items()
             for one in (value if isinstance(value, list) else [value])]
    answer = http(f"{base}/api/v1/{path}?{urllib.parse.urlencode(pairs)}").json()
    if answer["status"] != "success":
        raise AssertionError(f"{path} {parameters}: {answer}")
    return answer["data"]


class ServerTest(unittest.TestCase):
    """Gives each test a folder and a running server; shows the log when the test fails."""

    settings: dict[str, str] = {}

    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="luma_test_")
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)
        self.server = LumaServer(self.folder, self.settings)
        self.addCleanup(self._end_server)
        self.server.start()

    def _end_server(self):
        died = self.server.process is not None and self.server.process.poll() not in (None, 0, -9)
        self.server.kill()
        if died or not self._outcome.success:
            print("\n".join(self.server.log_text().splitlines()[-60:]))
        if died:
            self.fail(f"lumadb exited with {self.server.process.returncode}")

    def run_client(self, command: list[str], environment: dict | None = None) -> str:
        """Runs a client program to its end; returns what it printed; a failure shows all of it."""
        finished = subprocess.run(
            command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False,
            timeout=5 * PATIENCE_SECONDS, env={**os.environ, **(environment or {})},
        )
        self.assertEqual(finished.returncode, 0, f"{command[0]} failed:\n{finished.stdout}")
        return finished.stdout


__all__ = ["BINARY", "NPM_FOLDER", "HttpAnswer", "LumaServer", "Process", "ServerTest", "free_port",
           "http", "prometheus_api", "signal", "wait_until"]
