"""A real S3 service for tests: Ceph's radosgw over one monitor and one disk daemon, on free ports.

    gateway = RadosGateway(folder).start()     # about 5 s, 110 MB; once for each test module
    bucket = gateway.make_bucket()             # one for each test
    gateway.endpoint, gateway.ACCESS_KEY, gateway.SECRET_KEY
    gateway.stop()

Authentication inside the cluster is off, so everything listens on 127.0.0.1. Only the processes
started here are ever signalled.
"""

import datetime
import hashlib
import hmac
import itertools
import os
import subprocess
import urllib.parse
import uuid
from pathlib import Path

from harness import HttpAnswer, Process, free_port, http, wait_until

CONFIGURATION = """
[global]
fsid = {fsid}
mon_host = v2:127.0.0.1:{mon_port}
public_addr = 127.0.0.1
cluster_addr = 127.0.0.1
ms_bind_ipv6 = false
auth_cluster_required = none
auth_service_required = none
auth_client_required = none
run_dir = {folder}/run
admin_socket = {folder}/run/$name.asok
pid_file = {folder}/run/$name.pid
log_file = {folder}/run/$name.log
heartbeat_file = {folder}/run/$name.hb
keyring = {folder}/keyring
mon_data = {folder}/mon
osd_data = {folder}/osd$id
osd_objectstore = bluestore
bluestore_block_size = 8589934592
osd_memory_target = 939524096
osd_pool_default_size = 1
osd_pool_default_min_size = 1
osd_pool_default_pg_num = 1
osd_pool_default_pgp_num = 1
osd_pool_default_pg_autoscale_mode = off
osd_crush_chooseleaf_type = 0
mon_allow_pool_size_one = true
mon_max_pg_per_osd = 1000
mon_data_avail_crit = 1
osd_class_load_list = *
osd_class_default_list = *
paxos_propose_interval = 0.02
paxos_min_wait = 0.005
[client.rgw]
# The gateway asks for a secure monitor connection, which there is none of without authentication.
ms_mon_client_mode = crc
ms_client_mode = crc
rgw_data = {folder}/rgw
# Without tcp_nodelay each small read takes 49 ms.
rgw_frontends = beast endpoint=127.0.0.1:{port} tcp_nodelay=1
"""


class RadosGateway:
    ACCESS_KEY = "LUMATESTKEY"
    SECRET_KEY = "luma/test+secret/key"
    REGION = "us-east-1"

    def __init__(self, folder: Path):
        self.folder = folder
        self.port = free_port()
        self.endpoint = f"http://127.0.0.1:{self.port}"
        self.processes: list[Process] = []
        self.bucket_numbers = itertools.count(1)

    def start(self) -> "RadosGateway":
        try:
            self._start()
        except BaseException:
            self.stop()
            raise
        return self

    def stop(self):
        for process in reversed(self.processes):
            process.kill()
        self.processes.clear()

    def stop_service(self):
        """An outage: nobody listens any more. What is stored stays."""
        self.service.kill()
        self.processes.remove(self.service)

    def start_service(self):
        self._launch_service()
        wait_until(self._answers, "radosgw answers again")

    def make_bucket(self) -> str:
        bucket = f"test-{next(self.bucket_numbers)}"
        answer = self.request("PUT", f"/{bucket}")
        if answer.status != 200:
            raise AssertionError(f"no bucket: {answer.status} {answer.text}")
        return bucket

    def request(self, method: str, path: str, body: bytes = b"", query: str = "") -> HttpAnswer:
        """A signed request (AWS signature 4); `path` and `query` are encoded already."""
        now = datetime.datetime.now(datetime.timezone.utc).strftime("%Y%m%dT%H%M%SZ")
        digest = hashlib.sha256(body).hexdigest()
        host = f"127.0.0.1:{self.port}"
        canonical = (f"{method}\n{path}\n{query}\nhost:{host}\nx-amz-content-sha256:{digest}\n"
                     f"x-amz-date:{now}\n\nhost;x-amz-content-sha256;x-amz-date\n{digest}")
        scope = f"{now[:8]}/{self.REGION}/s3/aws4_request"
        to_sign = (f"AWS4-HMAC-SHA256\n{now}\n{scope}\n"
                   f"{hashlib.sha256(canonical.encode()).hexdigest()}")
        key = f"AWS4{self.SECRET_KEY}".encode()
        for part in (now[:8], self.REGION, "s3", "aws4_request"):
            key = hmac.digest(key, part.encode(), "sha256")
        signature = hmac.digest(key, to_sign.encode(), "sha256").hex()
        headers = {
            "X-Amz-Date": now,
            "X-Amz-Content-SHA256": digest,
            "Authorization": f"AWS4-HMAC-SHA256 Credential={self.ACCESS_KEY}/{scope}, "
                             "SignedHeaders=host;x-amz-content-sha256;x-amz-date, "
                             f"Signature={signature}",
        }
        url = f"{self.endpoint}{path}{'?' if query else ''}{query}"
        return http(url, body, headers, method)

    def keys(self, bucket: str) -> list[str]:
        """All keys of a bucket with at most 1,000 of them, as the service itself lists them."""
        page = self.request("GET", f"/{bucket}", query="list-type=2").text
        return [urllib.parse.unquote(part.split("</Key>")[0]) for part in page.split("<Key>")[1:]]

    def _start(self):
        for name in ("mon", "osd0", "run", "rgw"):
            (self.folder / name).mkdir(parents=True)
        (self.folder / "keyring").touch()
        fsid, mon_port = str(uuid.uuid4()), free_port()
        configuration = self.folder / "ceph.conf"
        configuration.write_text(CONFIGURATION.format(
            fsid=fsid, mon_port=mon_port, folder=self.folder, port=self.port))
        self.environment = {"CEPH_CONF": str(configuration)}
        monmap = str(self.folder / "monmap")
        self._run("monmaptool", "--create", "--addv", "a", f"[v2:127.0.0.1:{mon_port}]", "--fsid",
                  fsid, monmap)
        self._run("ceph-mon", "--mkfs", "-i", "a", "--monmap", monmap)
        self._launch("ceph-mon", "-f", "-i", "a")
        osd = str(uuid.uuid4())
        self._run("ceph", "osd", "new", osd, "0")
        self._run("ceph-osd", "-i", "0", "--mkfs", "--osd-uuid", osd)
        self._launch("ceph-osd", "-f", "-i", "0")
        self._launch_service()
        self._run("radosgw-admin", "-n", "client.rgw", "user", "create", "--uid=luma",
                  "--display-name=luma", f"--access-key={self.ACCESS_KEY}",
                  f"--secret-key={self.SECRET_KEY}")
        wait_until(self._answers, "radosgw answers")

    def _launch_service(self):
        self.service = self._launch("radosgw", "-f", "-n", "client.rgw")

    def _answers(self) -> bool:
        if not self.service.running():
            raise AssertionError(f"radosgw ended while starting:\n{self.service.log_text()}")
        try:
            return http(self.endpoint).status in (200, 403)
        except OSError:
            return False

    def _run(self, *command: str):
        finished = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                                  text=True, check=False, timeout=120,
                                  env={**os.environ, **self.environment})
        if finished.returncode != 0:
            raise AssertionError(f"{command[0]} failed:\n{finished.stdout}")

    def _launch(self, *command: str) -> Process:
        process = Process(self.folder / f"{command[0]}.out")
        process.launch(list(command), self.environment)
        self.processes.append(process)
        return process
