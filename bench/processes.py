"""Servers as measured processes: start, wait until ready, CPU seconds, memory, bytes on disk, stop.

Standard library only. Every server listens on 127.0.0.1, on a free port, with its data in a fresh
directory that is removed afterwards.
"""
import contextlib
import json
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import tempfile
import time
import urllib.error
import urllib.request

ROOT = pathlib.Path(__file__).resolve().parent.parent
LUMADB = pathlib.Path(os.environ.get("LUMADB", ROOT / "build" / "release" / "bin" / "lumadb"))
CLOCK_TICKS = os.sysconf("SC_CLK_TCK")


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def http_get(url, timeout=10):
    with urllib.request.urlopen(url, timeout=timeout) as response:
        return response.read()


def http_post(url, body=b"", timeout=60, headers=None):
    request = urllib.request.Request(url, data=body, headers=headers or {}, method="POST")
    with urllib.request.urlopen(request, timeout=timeout) as response:
        return response.read()


class Server:
    """One server process. `argv` may name {data} and {port}; `ready_path` answers 200 when up."""

    def __init__(self, name, argv, ready_path, files=None):
        self.name = name
        self.directory = pathlib.Path(tempfile.mkdtemp(prefix=f"lumabench-{name}-"))
        self.data = self.directory / "data"
        self.port = free_port()
        self.ready_path = ready_path
        fill = {"data": str(self.data), "port": self.port, "dir": str(self.directory)}
        for file_name, text in (files or {}).items():
            (self.directory / file_name).write_text(text.format(**fill))
        self.argv = [part.format(**fill) for part in argv]
        self.process = None

    @property
    def url(self):
        return f"http://127.0.0.1:{self.port}"

    def start(self, timeout=30.0):
        """Starts and returns the seconds until the ready path answered."""
        log = open(self.directory / "log", "ab")
        begin = time.monotonic()
        self.process = subprocess.Popen(self.argv, stdout=log, stderr=log, cwd=self.directory)
        log.close()
        while time.monotonic() - begin < timeout:
            if self.process.poll() is not None:
                break
            with contextlib.suppress(OSError, urllib.error.URLError):
                http_get(self.url + self.ready_path, timeout=1)
                return time.monotonic() - begin
            time.sleep(0.002)
        raise RuntimeError(f"{self.name} did not become ready:\n" + (self.directory / "log").read_text()[-2000:])

    def cpu_seconds(self):
        fields = pathlib.Path(f"/proc/{self.process.pid}/stat").read_text().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / CLOCK_TICKS

    def memory_bytes(self, key="VmRSS"):
        for line in pathlib.Path(f"/proc/{self.process.pid}/status").read_text().splitlines():
            if line.startswith(key + ":"):
                return int(line.split()[1]) * 1024
        raise KeyError(key)

    def bytes_on_disk(self, under=None):
        top = under or self.data
        return sum(f.lstat().st_size for f in top.rglob("*") if f.is_file() and not f.is_symlink())

    def stop(self):
        if self.process is not None and self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(30)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        self.process = None

    def remove(self):
        self.stop()
        shutil.rmtree(self.directory, ignore_errors=True)


def lumadb(*settings):
    """LumaDB with durable defaults; `settings` are more --set values."""
    postgres_port = free_port()
    argv = [str(LUMADB), "server"]
    for setting in ("general.data_dir={data}", "server.port={port}", f"postgres.port={postgres_port}",
                    "metrics.port=0", "scrape.self=false", "rate_limit.enabled=false",
                    "auth.require_auth=false") + settings:
        argv += ["--set", setting]
    server = Server("lumadb", argv, "/-/ready")
    server.postgres_port = postgres_port
    return server


def prometheus():
    config = "global:\n  scrape_interval: 1h\n"
    return Server("prometheus", ["prometheus", "--config.file={dir}/prometheus.yml", "--storage.tsdb.path={data}",
                                 "--web.listen-address=127.0.0.1:{port}", "--web.enable-remote-write-receiver",
                                 "--web.enable-admin-api", "--log.level=error"], "/-/ready", {"prometheus.yml": config})


def victoria_metrics():
    return Server("victoria-metrics", ["victoria-metrics", "-storageDataPath={data}", "-httpListenAddr=127.0.0.1:{port}",
                                       "-retentionPeriod=100y", "-selfScrapeInterval=0", "-loggerLevel=ERROR"], "/health")


def version_of(argv):
    output = subprocess.run(argv, capture_output=True, text=True, check=False)
    lines = (output.stdout + output.stderr).strip().splitlines()
    return lines[0] if lines else f"{argv[0]} (prints no version)"


def median_and_spread(values):
    ordered = sorted(values)
    return ordered[len(ordered) // 2], ordered[0], ordered[-1]


def describe(values, unit=""):
    median, low, high = median_and_spread(values)
    return f"{median:.3g}{unit} ({low:.3g}..{high:.3g})"


def query_count(server, expression):
    """Value of one instant query, for checking that a server holds what it acknowledged."""
    answer = json.loads(http_get(server.url + "/api/v1/query?query=" + urllib.request.quote(expression), 60))
    return answer["data"]["result"]
