"""A day's data ages into an object store: answers stay the same, whatever happens on the way."""

import json
import shutil
import struct
import tempfile
import time
import unittest
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psycopg

from harness import NPM_FOLDER, ServerTest, http, wait_until
from radosgw import RadosGateway
from remote_write import STALE_MARKER_BITS, series, write

CLIENTS = Path(__file__).parent / "clients"
DUCKDB_MODULES = Path(__file__).resolve().parents[2] / "deps/npm/node_modules"
HOUR_MS = 3_600_000
SAMPLES = 40  # of each series, an hour apart, the newest three days old
ROWS = 20_000

# Every failpoint of a move, in its order.
FAILPOINTS = ("cold.before_write", "cold.after_write", "cold.after_compare", "cold.before_upload",
              "cold.after_upload", "cold.after_verify", "cold.after_sidecar_upload",
              "cold.after_sidecar")

SQL = (
    "SELECT count(*), sum(load), min(at), max(at) FROM loads",
    "SELECT machine, count(*), sum(load) FROM loads GROUP BY machine ORDER BY machine",
    "SELECT * FROM loads WHERE at < '2024-05-01 00:10:00+00' ORDER BY at",
    "SELECT count(*) FROM loads WHERE note IS NULL",
    "SELECT metric, labels::text, count(*), sum(value) FROM samples "
    "WHERE value < 1e9 AND metric <> 'fresh' GROUP BY ALL ORDER BY 1, 2",
    "SELECT count(*), sum(value) FROM metrics.requests_total WHERE job = 'a'",
)


def bits(value: float) -> int:
    return struct.unpack("<Q", struct.pack("<d", value))[0]


class TierTest(ServerTest):
    """A server with old data in two tables, and one answer for each question."""

    def fill(self):
        self.newest = (int(time.time()) // 3600 - 72) * HOUR_MS
        times = [self.newest - step * HOUR_MS for step in reversed(range(SAMPLES))]
        written = [
            series({"__name__": "requests_total", "job": job},
                   [(at, bits(float(7 * step + offset))) for step, at in enumerate(times)])
            for offset, job in enumerate("abc")]
        written.append(series({"__name__": "up", "job": "a"},
                              [(at, bits(1.0)) for at in times[:-1]]
                              + [(times[-1], STALE_MARKER_BITS)]))
        self.assertIn(write(self.server.url(""), written), (200, 204))
        self.server.sql("CREATE TABLE loads (at timestamptz, machine text, load double precision, "
                        "note text) WITH (hot_bytes = '1GB')")
        self.server.sql("ALTER TABLE loads SET (warm_age = '10000d')")
        # Loads are whole numbers: the order in which threads add them does not show.
        self.server.sql("INSERT INTO loads SELECT timestamptz '2024-05-01 00:00:00+00' "
                        "+ to_seconds(15 * i), 'machine ' || i % 5, i % 100, "
                        f"CASE WHEN i % 3 = 0 THEN 'note ' || i END FROM range({ROWS}) r(i)")
        self.server.sql("CHECKPOINT")

    def answers(self) -> list:
        sql = [self.server.sql(statement) for statement in SQL]
        window = {"start": self.newest / 1000 - 40 * 3600, "end": self.newest / 1000,
                  "step": 3600}
        promql = [self.server.api("query_range", query=query, **window)["result"]
                  for query in ("sum by (job) (rate(requests_total[3h]))", "up",
                                "max_over_time(requests_total[6h])")]
        return sql + promql

    def age(self):
        """From now on all of it is old."""
        self.server.sql("ALTER TABLE loads SET (warm_age = '1d')")
        self.server.sql("ALTER TABLE luma.samples SET (warm_age = '1d')")

    def tier_rows(self) -> dict[str, int]:
        return dict(self.server.sql("SELECT tier, rows FROM luma_storage.tiers"))

    def old_rows_are_cold(self) -> bool:
        """Whatever ages has left this machine; luma.series has no age."""
        return self.server.sql(
            "SELECT count(*) FROM luma_storage.segments WHERE tier <> 'cold' "
            "AND table_name IN ('loads', 'samples')") == [(0,)]

    def wait_until_cold(self):
        wait_until(self.old_rows_are_cold, "old rows are in the object store", 120)
        self.assertEqual(self.tier_rows()["cold"], ROWS + 4 * SAMPLES)


class DirectoryTest(TierTest):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="luma_cold_")
        self.addCleanup(folder.cleanup)
        self.settings = {"cold.store": f"{folder.name}/store"}
        super().setUp()
        self.fill()

    def test_a_crash_at_any_step_of_a_move_loses_and_doubles_nothing(self):
        before = self.answers()
        for number, failpoint in enumerate(FAILPOINTS):
            with self.subTest(failpoint=failpoint):
                self.server.stop()
                self.server.restart({"LUMA_FAILPOINT": f"{failpoint}:1"})
                if number == 0:
                    self.age()
                self.server.sql("CHECKPOINT")  # until then the log may have rows of any run
                wait_until(lambda: not self.server.running(), f"the crash at {failpoint}")
                self.server.kill()
                self.server.restart()
                self.assertEqual(self.answers(), before)
        self.server.sql("CHECKPOINT")
        self.wait_until_cold()
        self.assertEqual(self.answers(), before)

    def test_deleted_and_late_rows_are_right_beside_cold_ones(self):
        self.age()
        self.wait_until_cold()
        self.server.sql("DELETE FROM loads WHERE machine = 'machine 1'")
        self.server.sql("UPDATE loads SET load = 0 WHERE machine = 'machine 2'")
        self.server.sql("INSERT INTO loads VALUES ('2024-05-01 00:00:01+00', 'late', 1, NULL)")
        expected = [("late", 1, 1.0), ("machine 0", ROWS // 5, None), ("machine 2", ROWS // 5, 0.0),
                    ("machine 3", ROWS // 5, None), ("machine 4", ROWS // 5, None)]
        for _ in range(2):
            rows = self.server.sql("SELECT machine, count(*), sum(load) FROM loads "
                                   "GROUP BY machine ORDER BY machine")
            self.assertEqual([row[:2] for row in rows], [row[:2] for row in expected])
            for row, (_, _, total) in zip(rows, expected):
                if total is not None:
                    self.assertEqual(row[2], total)
            self.server.stop()
            self.server.restart()


    def test_sidecars_lost_everywhere_are_rebuilt_from_parquet(self):
        before = self.answers()
        self.age()
        self.wait_until_cold()
        self.server.stop()
        store = Path(self.settings["cold.store"])
        lost = [*store.rglob("*.sidecar"), *self.server.data.rglob("*.sidecar")]
        content = {path: path.read_bytes() for path in lost}
        self.assertGreaterEqual(len(lost), 4)
        for path in lost:
            path.unlink()
        self.server.restart()
        self.assertEqual(self.answers(), before)
        wait_until(lambda: all(path.exists() for path in lost), "all sidecars are there again")
        self.assertEqual({path: path.read_bytes() for path in lost}, content)
        self.assertIn("cold sidecar is rebuilt from its object", self.server.log_text())

    def test_a_directory_that_is_not_mounted_is_no_loss(self):
        before = self.answers()
        self.age()
        self.wait_until_cold()
        self.server.stop()
        store = Path(self.settings["cold.store"])
        away = store.with_name("away")
        store.rename(away)
        shutil.rmtree(self.server.data / "cold" / "cache")
        self.server.restart()
        with self.assertRaises(psycopg.Error) as failure:
            self.server.sql("SELECT sum(load) FROM loads")
        self.assertEqual(failure.exception.sqlstate, "57P03")
        self.assertIn("not mounted", str(failure.exception))
        wait_until(lambda: "cold tier: object store has lost the mark" in self.server.log_text(),
                   "the log says so")
        self.assertEqual(list(store.rglob("*.*")), [])
        self.server.stop()
        store.rmdir()
        away.rename(store)
        self.server.restart()
        self.assertEqual(self.answers(), before)


class ObjectStoreTest(TierTest):
    @classmethod
    def setUpClass(cls):
        folder = tempfile.TemporaryDirectory(prefix="luma_radosgw_")
        cls.addClassCleanup(folder.cleanup)
        cls.gateway = RadosGateway(Path(folder.name)).start()
        cls.addClassCleanup(cls.gateway.stop)

    def setUp(self):
        self.bucket = self.gateway.make_bucket()
        self.settings = {
            "cold.store": f"s3://{self.bucket}/data",
            "cold.endpoint": self.gateway.endpoint,
            "cold.access_key": self.gateway.ACCESS_KEY,
            "cold.secret_key": self.gateway.SECRET_KEY,
            "cold.request_timeout": "3s",
            "cold.cache_size": "0B",
        }
        super().setUp()
        self.fill()

    def test_answers_stay_the_same_while_data_moves(self):
        before = self.answers()
        self.assertEqual(self.tier_rows()["cold"], 0)
        self.age()
        during = 0
        while not self.old_rows_are_cold():
            self.assertEqual(self.answers(), before)
            during += 1
        self.assertGreater(during, 0)
        self.wait_until_cold()
        self.assertEqual(self.answers(), before)
        self.assertEqual(list(self.server.data.glob("segments/*")), self.files_of_series())
        self.server.stop()
        self.server.restart()
        self.assertEqual(self.answers(), before)
        self.check_that_others_read_the_objects(before)

    def files_of_series(self) -> list[Path]:
        names = self.server.sql("SELECT file_name FROM luma_storage.segments WHERE tier = 'warm'")
        return [self.server.data / "segments" / name for (name,) in names]

    def check_that_others_read_the_objects(self, answers: list):
        files = self.download_objects()
        by_machine, by_series = answers[1], answers[4]
        loads = self.read_with_hyparquet(files["loads"])
        self.assertEqual({name: (one["rows"], round(one["sum"], 6)) for name, one in loads.items()},
                         {name: (rows, round(total, 6)) for name, rows, total in by_machine})
        samples = self.read_with_hyparquet(files["samples"])
        # The server was asked for values below 1e9: without the marker, which hyparquet counts.
        self.assertEqual({name: one["sum"] for name, one in samples.items()},
                         {f"{metric}{{job={labels[len('{job='):-1]}}}": total
                          for metric, labels, _, total in by_series})
        self.assertEqual(samples["up{job=a}"]["rows"], SAMPLES)
        self.assertEqual(samples["up{job=a}"]["last"], self.newest)

        printed = self.folder / "duckdb.json"
        listed = ", ".join(f"'{path}'" for path in files["loads"])
        self.run_client(["node", str(CLIENTS / "duckdb_query.js"),
                         "COPY (SELECT machine, count(*) AS rows, sum(load) AS sum "
                         f"FROM read_parquet([{listed}]) GROUP BY 1 ORDER BY 1) "
                         f"TO '{printed}' (FORMAT json)"], {"NODE_PATH": str(DUCKDB_MODULES)})
        rows = [json.loads(line) for line in printed.read_text().splitlines()]
        self.assertEqual([(row["machine"], row["rows"], round(row["sum"], 6)) for row in rows],
                         [(name, count, round(total, 6)) for name, count, total in by_machine])

    def read_with_hyparquet(self, files: list[Path]) -> dict:
        return json.loads(self.run_client(["node", str(CLIENTS / "hyparquet.mjs"),
                                           str(NPM_FOLDER / "node_modules"), *map(str, files)]))

    def manifests(self) -> list[dict]:
        """What the tables have in the store, as it says itself."""
        return [self.gateway.request("GET", f"/{self.bucket}/{key}").json()
                for key in self.gateway.keys(self.bucket) if key.endswith("/manifest.json")]

    def listed_rows(self) -> int:
        return sum(one["rows"] for manifest in self.manifests() for one in manifest["files"])

    def download_objects(self) -> dict[str, list[Path]]:
        """The objects of each table that its manifest lists, below this test's folder."""
        wait_until(lambda: self.listed_rows() == ROWS + 4 * SAMPLES, "the manifests are written")
        files: dict[str, list[Path]] = {}
        for manifest in self.manifests():
            for one in manifest["files"]:
                answer = self.gateway.request("GET", f"/{self.bucket}/{one['key']}")
                self.assertEqual((answer.status, len(answer.body)), (200, one["bytes"]))
                path = self.folder / one["key"].replace("/", "_")
                path.write_bytes(answer.body)
                files.setdefault(manifest["name"], []).append(path)
        return files

    def test_a_store_that_is_away_fails_only_what_needs_it(self):
        before = self.answers()
        self.age()
        self.wait_until_cold()
        now = int(time.time()) * 1000
        self.assertIn(write(self.server.url(""), [series({"__name__": "fresh"}, [(now, bits(5.0))])]),
                      (200, 204))
        self.gateway.stop_service()
        try:
            with self.assertRaises(psycopg.Error) as failure:
                self.server.sql("SELECT sum(load) FROM loads")
            self.assertEqual(failure.exception.sqlstate, "57P03")
            self.assertIn("cold rows are out of reach: table=public.loads",
                          str(failure.exception))
            answer = http(self.server.url(f"/api/v1/query?query=up&time={self.newest / 1000 - 3600}"))
            self.assertEqual(answer.status, 503)
            self.assertEqual(self.server.sql("SELECT value FROM metrics.fresh"), [(5.0,)])
            self.assertEqual(
                self.server.api("query", query="fresh", time=now / 1000)["result"][0]["value"][1],
                "5")
            self.server.stop()
            self.server.restart()  # a start needs no store
            self.assertEqual(self.server.sql("SELECT value FROM metrics.fresh"), [(5.0,)])
            self.check_that_only_late_samples_wait(now)
        finally:
            self.gateway.start_service()
        wait_until(lambda: self._answers_again(before), "cold rows are read again")

    def check_that_only_late_samples_wait(self, now: int):
        late = [series({"__name__": "requests_total", "job": "a"},
                       [(self.newest - HOUR_MS, bits(-1.0))])]
        with ThreadPoolExecutor() as pool:
            refused = pool.submit(write, self.server.url(""), late)
            for i in range(1, 20):
                for labels in ({}, {"job": f"new {i}"}):
                    sample = [series({"__name__": "fresh", **labels}, [(now + i, bits(5.0))])]
                    self.assertIn(write(self.server.url(""), sample), (200, 204))
            self.assertEqual(refused.result(), 503)

    def _answers_again(self, before: list) -> bool:
        try:
            return self.answers() == before
        except (psycopg.Error, AssertionError):
            return False


del TierTest  # unittest runs the test cases of a module; this one has none of its own

if __name__ == "__main__":
    unittest.main()
