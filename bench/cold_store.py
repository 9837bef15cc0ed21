"""Upload, verification and reads of the cold tier's object stores: a local directory beside S3, which is
Ceph's radosgw on this machine. bench/results/cold.md.

    /usr/bin/python3 bench/cold_store.py build/bench/bin/lumadb_cold_store_bench
"""

import os
import subprocess
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests/integration"))
from radosgw import RadosGateway  # noqa: E402

PROGRAM = sys.argv[1] if len(sys.argv) > 1 else "build/bench/bin/lumadb_cold_store_bench"


def run(kind: str, environment: dict | None = None):
    with tempfile.TemporaryDirectory(prefix="luma_cold_store_") as folder:
        subprocess.run([PROGRAM, kind, folder], check=True,
                       env={**os.environ, **(environment or {})})


def main():
    run("local")
    with tempfile.TemporaryDirectory(prefix="luma_radosgw_") as folder:
        gateway = RadosGateway(Path(folder)).start()
        try:
            run("s3", {"LUMA_S3_ENDPOINT": gateway.endpoint, "NO_PROXY": "127.0.0.1",
                       "LUMA_S3_BUCKET": gateway.make_bucket(),
                       "AWS_ACCESS_KEY_ID": gateway.ACCESS_KEY,
                       "AWS_SECRET_ACCESS_KEY": gateway.SECRET_KEY})
        finally:
            gateway.stop()


if __name__ == "__main__":
    main()
