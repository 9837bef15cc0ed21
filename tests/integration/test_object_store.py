"""The S3 client against a real radosgw: the contract of object stores, and what only S3 has."""

import os
import subprocess
import sys
import tempfile
import unittest
from collections import Counter
from pathlib import Path

from faulty_proxy import PASSING_KINDS, FaultyProxy
from radosgw import RadosGateway

TEST_BINARY = os.environ.get("LUMA_S3_TEST_BINARY", "build/release/bin/luma_s3_integration_test")


class ObjectStoreTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        folder = tempfile.TemporaryDirectory(prefix="luma_radosgw_")
        cls.addClassCleanup(folder.cleanup)
        cls.folder = Path(folder.name)
        cls.gateway = RadosGateway(cls.folder / "gateway").start()
        cls.addClassCleanup(cls.gateway.stop)

    def run_suite(self, endpoint: str, bucket: str, tests: str, ca_file: str = ""):
        environment = {**os.environ, "LUMA_S3_ENDPOINT": endpoint, "LUMA_S3_BUCKET": bucket,
                       "LUMA_S3_CA_FILE": ca_file,
                       "AWS_ACCESS_KEY_ID": self.gateway.ACCESS_KEY,
                       "AWS_SECRET_ACCESS_KEY": self.gateway.SECRET_KEY, "NO_PROXY": "127.0.0.1"}
        finished = subprocess.run([TEST_BINARY, f"--gtest_filter={tests}"], env=environment,
                                  stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                                  check=False, timeout=600)
        sys.stdout.write(finished.stdout[-6000:])
        self.assertEqual(finished.returncode, 0)

    def test_contract_and_errors(self):
        bucket = self.gateway.make_bucket()
        self.run_suite(self.gateway.endpoint, bucket, "*-S3Behind*")
        # Nothing but objects of the tests is left: no probes.
        self.assertEqual([key for key in self.gateway.keys(bucket) if "probe" in key], [])

    def test_no_parts_of_uploads_are_left(self):
        bucket = self.gateway.make_bucket()
        self.run_suite(self.gateway.endpoint, bucket, "*FilesOfEverySize*")
        uploads = self.gateway.request("GET", f"/{bucket}", query="uploads=").text
        self.assertNotIn("<UploadId>", uploads)

    def proxy(self) -> FaultyProxy:
        proxy = FaultyProxy(self.gateway.port).start()
        self.addCleanup(proxy.stop)
        return proxy

    def test_contract_behind_faults_of_every_passing_kind(self):
        injected = Counter()
        for seed in (1, 2, 3):
            with self.subTest(seed=seed):
                proxy = self.proxy()
                proxy.set_faults(PASSING_KINDS, probability=0.1, seed=seed)
                self.run_suite(proxy.endpoint, self.gateway.make_bucket(), "*Contract*")
                injected += proxy.injected
        self.assertEqual(set(injected), set(PASSING_KINDS))

    def test_bytes_changed_on_the_way_up_are_sent_again(self):
        proxy = self.proxy()
        proxy.set_faults(["wrong_request"], probability=0.3, methods=["PUT"])
        self.run_suite(proxy.endpoint, self.gateway.make_bucket(), "*.EveryUploadIsVerified")
        self.assertGreater(proxy.injected["wrong_request"], 0)

    def test_bytes_changed_on_the_way_down_never_verify(self):
        proxy = self.proxy()
        proxy.set_faults(["wrong_answer"], methods=["GET"])
        self.run_suite(proxy.endpoint, self.gateway.make_bucket(), "*.NoUploadVerifies")

    def test_a_request_that_stalls_is_sent_again(self):
        proxy = self.proxy()
        proxy.set_faults(["stall"], times=1)
        self.run_suite(proxy.endpoint, self.gateway.make_bucket(), "*.EveryUploadIsVerified")
        self.assertEqual(proxy.injected["stall"], 1)

    def test_tls_is_verified(self):
        certificate = self.folder / "certificate.pem"
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
                        "ec_paramgen_curve:P-256", "-nodes", "-days", "2", "-subj", "/CN=test",
                        "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", certificate, "-out",
                        self.folder / "public.pem"], check=True, capture_output=True)
        public = (self.folder / "public.pem").read_text()
        certificate.write_text(certificate.read_text() + public)
        proxy = FaultyProxy(self.gateway.port, certificate).start()
        self.addCleanup(proxy.stop)
        proxy.set_faults(PASSING_KINDS, probability=0.2)
        bucket = self.gateway.make_bucket()
        ca_file = str(self.folder / "public.pem")
        self.run_suite(proxy.endpoint, bucket, "*.EveryUploadIsVerified", ca_file)
        self.run_suite(proxy.endpoint, bucket, "*.AnUnknownAuthorityIsRefused")


if __name__ == "__main__":
    unittest.main()
