"""The real Prometheus and node_exporter on free ports: with remote write into LumaDB, or as a peer that is told the same
and asked the same."""

import subprocess
import urllib.error
from pathlib import Path

from harness import Process, free_port, http, wait_until

CONFIG = """
global:
  scrape_interval: 1s
  scrape_timeout: 1s
scrape_configs:
{jobs}
remote_write:
  - url: {url}
    queue_config:
      batch_send_deadline: 500ms
"""
JOB = """  - job_name: {name}
    static_configs:
      - targets: ['127.0.0.1:{port}']
"""


def answers(url: str) -> bool:
    try:
        return http(url).status == 200
    except (urllib.error.URLError, ConnectionError):
        return False


class NodeExporter(Process):
    def __init__(self, folder: Path):
        super().__init__(folder / "node_exporter.log")
        self.port = free_port()

    def start(self) -> "NodeExporter":
        self.launch(["prometheus-node-exporter", f"--web.listen-address=127.0.0.1:{self.port}"])
        wait_until(lambda: answers(f"http://127.0.0.1:{self.port}/metrics"), "node_exporter answers")
        return self


class Prometheus(Process):
    """Scrapes itself once and the exporter under several job names, each once a second."""

    NODE_JOBS = ["node_a", "node_b", "node_c"]

    def __init__(self, folder: Path, exporter: NodeExporter, remote_write_url: str):
        super().__init__(folder / "prometheus.log")
        self.folder = folder
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        jobs = JOB.format(name="prometheus", port=self.port)
        jobs += "".join(JOB.format(name=name, port=exporter.port) for name in self.NODE_JOBS)
        self.config = folder / "prometheus.yml"
        self.config.write_text(CONFIG.format(jobs=jobs, url=remote_write_url))

    def start(self) -> "Prometheus":
        self.launch(["prometheus", f"--config.file={self.config}",
                     f"--storage.tsdb.path={self.folder / 'prometheus_data'}",
                     f"--web.listen-address=127.0.0.1:{self.port}"])
        wait_until(lambda: answers(f"{self.url}/-/ready"), "Prometheus is ready")
        return self

    def version(self) -> str:
        return subprocess.run(["prometheus", "--version"], capture_output=True, text=True,
                              check=True).stdout.splitlines()[0]


class PrometheusReceiver(Process):
    """Scrapes nothing; takes samples by remote write."""

    def __init__(self, folder: Path, *options: str, config: str = "scrape_configs: []\n"):
        super().__init__(folder / "prometheus.log")
        self.folder = folder
        self.options = options
        self.config = config
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"

    def start(self) -> "PrometheusReceiver":
        config = self.folder / "prometheus.yml"
        config.write_text(self.config)
        self.launch(["prometheus", f"--config.file={config}", "--web.enable-remote-write-receiver",
                     f"--storage.tsdb.path={self.folder / 'prometheus_data'}",
                     f"--web.listen-address=127.0.0.1:{self.port}", *self.options])
        wait_until(lambda: answers(f"{self.url}/-/ready"), "Prometheus is ready")
        return self
