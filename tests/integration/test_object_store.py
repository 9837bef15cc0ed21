"""The S3 client against a real radosgw: the contract of object stores, and what only S3 has."""

import os
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

from radosgw import RadosGateway

TEST_BINARY = os.environ.get("LUMA_S3_TEST_BINARY", "build/release/bin/luma_s3_integration_test")


class ObjectStoreTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        folder = tempfile.TemporaryDirectory(prefix="luma_radosgw_")
        cls.addClassCleanup(folder.cleanup)
        cls.gateway = RadosGateway(Path(folder.name)).start()
        cls.addClassCleanup(cls.gateway.stop)

    def run_suite(self, endpoint: str, bucket: str, tests: str):
        environment = {**os.environ, "LUMA_S3_ENDPOINT": endpoint, "LUMA_S3_BUCKET": bucket,
                       "AWS_ACCESS_KEY_ID": self.gateway.ACCESS_KEY,
                       "AWS_SECRET_ACCESS_KEY": self.gateway.SECRET_KEY, "NO_PROXY": "127.0.0.1"}
        finished = subprocess.run([TEST_BINARY, f"--gtest_filter={tests}"], env=environment,
                                  stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                                  check=False, timeout=600)
        sys.stdout.write(finished.stdout[-6000:])
        self.assertEqual(finished.returncode, 0)

    def test_contract_and_errors(self):
        bucket = self.gateway.make_bucket()
        self.run_suite(self.gateway.endpoint, bucket, "*")
        # Nothing but objects of the tests is left: no probes.
        self.assertEqual([key for key in self.gateway.keys(bucket) if "probe" in key], [])

    def test_no_parts_of_uploads_are_left(self):
        bucket = self.gateway.make_bucket()
        self.run_suite(self.gateway.endpoint, bucket, "*FilesOfEverySize*")
        uploads = self.gateway.request("GET", f"/{bucket}", query="uploads=").text
        self.assertNotIn("<UploadId>", uploads)


if __name__ == "__main__":
    unittest.main()
