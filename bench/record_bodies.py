#!/usr/bin/python3
"""Records real remote-write bodies: Prometheus scrapes node_exporter and itself once a second and
sends to a recorder that keeps every request as it came.

    bench/record_bodies.py DIRECTORY [--seconds 120] [--streams 4]

One Prometheus per stream, told apart by an external label; one shard each, so a stream's requests
are in time order and can be replayed on one connection. DIRECTORY/stream-K.bin holds the requests
as (uint32 little-endian length, body).
"""
import argparse
import http.server
import pathlib
import struct
import subprocess
import tempfile
import threading
import time

import processes

CONFIG = """global:
  scrape_interval: 1s
  external_labels:
    replica: stream-{stream}
scrape_configs:
  - job_name: node
    static_configs:
      - targets: ['127.0.0.1:{exporter}']
  - job_name: prometheus
    static_configs:
      - targets: ['127.0.0.1:{{port}}']
remote_write:
  - url: http://127.0.0.1:{recorder}/stream-{stream}
    queue_config:
      max_shards: 1
      min_shards: 1
      max_samples_per_send: 2000
      batch_send_deadline: 1s
"""


class Recorder(http.server.ThreadingHTTPServer):
    def __init__(self, directory):
        super().__init__(("127.0.0.1", 0), Handler)
        self.directory = directory
        self.lock = threading.Lock()


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        with self.server.lock, open(self.server.directory / (self.path.strip("/") + ".bin"), "ab") as out:
            out.write(struct.pack("<I", len(body)) + body)
        self.send_response(204)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *arguments):
        pass


def start_prometheus(stream, exporter_port, recorder_port):
    config = CONFIG.format(stream=stream, exporter=exporter_port, recorder=recorder_port)
    server = processes.Server("recording-prometheus", [
        "prometheus", "--config.file={dir}/prometheus.yml", "--storage.tsdb.path={data}",
        "--web.listen-address=127.0.0.1:{port}", "--log.level=error"], "/-/ready", {"prometheus.yml": config})
    server.start()
    return server


def record(directory, seconds, streams):
    directory.mkdir(parents=True, exist_ok=True)
    recorder = Recorder(directory)
    threading.Thread(target=recorder.serve_forever, daemon=True).start()
    exporter_port = processes.free_port()
    exporter = subprocess.Popen(["prometheus-node-exporter", f"--web.listen-address=127.0.0.1:{exporter_port}"],
                                stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    senders = []
    try:
        senders = [start_prometheus(k, exporter_port, recorder.server_port) for k in range(streams)]
        time.sleep(seconds)
    finally:
        for sender in senders:
            sender.remove()
        exporter.terminate()
        exporter.wait()
        recorder.shutdown()


def read_bodies(path):
    data = path.read_bytes()
    bodies, at = [], 0
    while at < len(data):
        (length,) = struct.unpack_from("<I", data, at)
        bodies.append(data[at + 4:at + 4 + length])
        at += 4 + length
    return bodies


def recorded(seconds=120, streams=4):
    """Directory with a recording of that size, made once and kept in the temporary directory."""
    directory = pathlib.Path(tempfile.gettempdir()) / f"lumadb-bench-bodies-{seconds}s-{streams}"
    if not (directory / "complete").exists():
        print(f"recording {streams} streams for {seconds} s into {directory}", flush=True)
        for stale in directory.glob("*.bin"):
            stale.unlink()
        record(directory, seconds, streams)
        (directory / "complete").touch()
    return directory


def made(name, *arguments):
    """Directory with bodies that lumadb_make_bodies (bench/make_bodies.cc) made, once."""
    directory = pathlib.Path(tempfile.gettempdir()) / f"lumadb-bench-{name}"
    if not (directory / "complete").exists():
        directory.mkdir(parents=True, exist_ok=True)
        kind, *rest = map(str, arguments)
        program = processes.ROOT / "build/bench/bin/lumadb_make_bodies"
        subprocess.run([program, kind, directory, *rest], check=True)
        (directory / "complete").touch()
    return directory


def body_set(name, seconds=480, streams=4):
    """recorded: a scrape a second; node: the same at 15 s; tsbs-cpu: 400 hosts for two hours."""
    if name == "recorded":
        return recorded(seconds, streams)
    if name == "node":
        return made(f"node-{seconds}", "stretch", recorded(seconds, streams), 15)
    if name == "tsbs-cpu":
        return made("tsbs-cpu-400-2", "tsbs-cpu", 400, 2)
    raise ValueError(name)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("directory", type=pathlib.Path)
    parser.add_argument("--seconds", type=int, default=120)
    parser.add_argument("--streams", type=int, default=4)
    arguments = parser.parse_args()
    record(arguments.directory, arguments.seconds, arguments.streams)
    for path in sorted(arguments.directory.glob("*.bin")):
        print(path, len(read_bodies(path)), "requests", path.stat().st_size, "bytes")


if __name__ == "__main__":
    main()
