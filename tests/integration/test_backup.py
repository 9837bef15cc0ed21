"""An operator backs a working server up, and gets every moment of it back elsewhere."""

import datetime
import json
import struct
import subprocess
import tempfile
import threading
import time
import unittest
from pathlib import Path

from harness import BINARY, LumaServer, ServerTest, http, wait_until
from radosgw import RadosGateway
from remote_write import series, write


class Operator(ServerTest):
    """A server, a place for its backups, and the commands."""

    settings = {"server.admin_api": "true", "wal.archive_interval": "200ms"}
    restore_settings: tuple[str, ...] = ()

    def setUp(self):
        super().setUp()
        self.destination = self.folder / "backups"

    def lumadb(self, *arguments: str, exit_code: int = 0) -> str:
        finished = subprocess.run([BINARY, *arguments], capture_output=True, text=True, check=False,
                                  timeout=300)
        self.assertEqual(finished.returncode, exit_code, finished.stdout + finished.stderr)
        return finished.stdout + finished.stderr

    def last_line(self, text: str) -> dict:
        line = json.loads([line for line in text.splitlines() if line.startswith("{")][-1])
        self.assertEqual(line["phase"], "done", text)
        return line

    def backup(self) -> dict:
        return self.last_line(self.lumadb("backup", "--to", str(self.destination),
                                          "--server", self.server.url("")))

    def restore(self, *options: str) -> LumaServer:
        """Another server on what was restored; it runs beside the first."""
        folder = self.folder / f"copy{time.monotonic_ns()}"
        folder.mkdir()
        copy = LumaServer(folder, dict(one.split("=", 1) for one in self.restore_settings))
        sets = [part for one in self.restore_settings for part in ("--set", one)]
        self.restored = self.last_line(self.lumadb(
            "restore", "--from", str(self.destination), "--data-dir", str(copy.data), *options,
            *sets))
        copy.start()
        self.addCleanup(copy.kill)
        return copy

    def last_commit(self) -> int:
        [[last]] = self.server.sql("SELECT last_lsn FROM luma_storage.wal")
        return last

    def archived(self) -> int:
        for line in http(self.server.url("/metrics", "metrics")).text.splitlines():
            if line.startswith("luma_wal_archive_last_record "):
                return int(float(line.split()[1]))
        return 0

    def rows(self, server: LumaServer) -> list[tuple]:
        return server.sql("SELECT k, v FROM t ORDER BY k")


class BackupTest(Operator):
    def test_a_backup_under_load_has_all_that_was_acknowledged_and_no_half_transaction(self):
        self.server.sql("CREATE TABLE t (k BIGINT PRIMARY KEY, v TEXT)")
        self.server.sql("CREATE TABLE pairs (k BIGINT, side TEXT)")
        done = threading.Event()
        acknowledged = {"rows": 0, "samples": 0}
        failures = []

        def write_rows():
            with self.server.connect(autocommit=False) as connection:
                while not done.is_set():
                    key = acknowledged["rows"]
                    connection.execute("INSERT INTO t VALUES (%s, %s)", (key, f"row {key}"))
                    connection.execute("INSERT INTO pairs VALUES (%s, 'left'), (%s, 'right')",
                                       (key, key))
                    connection.commit()
                    acknowledged["rows"] = key + 1

        def write_samples():
            while not done.is_set():
                number = acknowledged["samples"]
                [bits] = struct.unpack("<Q", struct.pack("<d", number))
                status = write(self.server.url(""),
                               [series({"__name__": "load"}, [(1000 * (number + 1), bits)])])
                if status // 100 != 2:
                    failures.append(status)
                    return
                acknowledged["samples"] = number + 1

        writers = [threading.Thread(target=write) for write in (write_rows, write_samples)]
        for writer in writers:
            writer.start()
        try:
            wait_until(lambda: min(acknowledged.values()) > 50, "some writes")
            self.server.sql("CHECKPOINT")
            before = dict(acknowledged)
            backup = self.backup()
            after = dict(acknowledged)
            wait_until(lambda: acknowledged["rows"] > after["rows"] + 20, "writers go on")
        finally:
            done.set()
            for writer in writers:
                writer.join()
        self.assertEqual(failures, [])

        copy = self.restore()
        self.assertEqual(self.restored["commit"], backup["commit"])
        rows = self.rows(copy)
        self.assertGreaterEqual(len(rows), before["rows"])
        self.assertLessEqual(len(rows), after["rows"] + 1)
        self.assertEqual(rows, [(k, f"row {k}") for k in range(len(rows))])
        [[pairs, keys]] = copy.sql("SELECT count(*), count(DISTINCT k) FROM pairs")
        self.assertEqual([pairs, keys], [2 * len(rows), len(rows)])
        values = [value for [value] in copy.sql("SELECT value FROM samples WHERE metric = 'load' ORDER BY ts")]
        self.assertGreaterEqual(len(values), before["samples"])
        self.assertEqual(values, list(range(len(values))))
        # The copy is a database of its own: it takes writes, and a check finds nothing.
        copy.sql("INSERT INTO t VALUES (-1, 'new')")
        self.lumadb("check", str(copy.data), exit_code=1)  # in use
        copy.stop()
        self.assertIn("everything is intact", self.lumadb("check", str(copy.data)))

    def test_the_second_backup_moves_only_what_changed(self):
        self.server.sql("CREATE TABLE t (k BIGINT, v TEXT)")
        self.server.sql("INSERT INTO t SELECT i, md5(i::TEXT) FROM range(200000) r(i)")
        first = self.backup()
        self.server.sql("INSERT INTO t VALUES (-1, 'one more')")
        second = self.backup()
        self.assertGreaterEqual(first["bytes_moved"], first["segment_bytes"])
        self.assertGreater(second["segment_bytes"], first["segment_bytes"])
        self.assertLess(second["bytes_moved"], first["bytes_moved"] // 100)
        listed = self.lumadb("backup", "list", "--from", str(self.destination))
        self.assertEqual([line.split()[0] for line in listed.splitlines()], [first["id"], second["id"]])
        verified = self.lumadb("backup", "verify", "--from", str(self.destination))
        self.assertEqual(verified.count(": intact"), 2)
        self.lumadb("backup", "delete", "--from", str(self.destination), "--id", first["id"])
        self.assertEqual(self.restore().sql("SELECT count(*) FROM t"), [(200001,)])

    def test_any_commit_and_any_time_since_a_backup_comes_back(self):
        self.server.stop()
        self.server.settings["wal.archive"] = str(self.destination)
        self.server.start()
        self.server.sql("CREATE TABLE t (k BIGINT PRIMARY KEY, v TEXT)")
        self.backup()
        seen = []
        for key in range(6):
            self.server.sql("INSERT INTO t VALUES (%s, 'first')", (key,))
            if key % 2:
                self.server.sql("DELETE FROM t WHERE k = %s", (key - 1,))
            seen.append((self.last_commit(), self.rows(self.server),
                         datetime.datetime.now(datetime.timezone.utc)))
            time.sleep(0.01)
            if key == 2:
                self.server.sql("CHECKPOINT")
            if key == 4:
                self.server.kill()  # the archive goes on where it was
                self.server.restart()
        self.server.sql("DROP TABLE t")  # the mistake
        dropped = self.last_commit()
        wait_until(lambda: self.archived() >= dropped, "the archive has it all")
        for commit, rows, at in (seen[1], seen[3], seen[5]):
            copy = self.restore("--to-commit", str(commit))
            self.assertEqual(self.rows(copy), rows)
            copy.stop()
            copy = self.restore("--to-time", at.isoformat().replace("+00:00", "Z"))
            self.assertEqual(self.rows(copy), rows)
            copy.stop()
        message = self.lumadb("restore", "--from", str(self.destination), "--data-dir",
                              str(self.folder / "later"), "--to-commit", str(dropped + 1000),
                              exit_code=1)
        self.assertIn("archived log ends before the target", message)

    def test_a_restore_passes_changes_of_rows_that_flushes_have_moved(self):
        self.server.stop()
        self.server.settings["wal.archive"] = str(self.destination)
        self.server.start()
        # Sorted by time, because they have a retention.
        columns = "v TEXT, at TIMESTAMPTZ) WITH (retention = '36500d')"
        self.server.sql(f"CREATE TABLE t (k BIGINT PRIMARY KEY, {columns}")
        self.server.sql(f"CREATE TABLE bag (k BIGINT, {columns}")
        self.backup()
        at = int(time.time() - 3600) * 1000

        def write_sample(series_name: str, offset_ms: int, value: float):
            [bits] = struct.unpack("<Q", struct.pack("<d", value))
            status = write(self.server.url(""),
                           [series({"__name__": series_name}, [(at + offset_ms, bits)])])
            self.assertEqual(status // 100, 2)

        descending = ("SELECT 1000 - i, 'old', timestamptz '2024-05-01 00:00:00+00' - to_seconds(i) "
                      "FROM range(1000) r(i)")
        for table in ("t", "bag", "bag"):
            self.server.sql(f"INSERT INTO {table} {descending}")
        for minute in range(10):
            for name in ("second", "first"):
                write_sample(name, minute * 60_000, minute)
        self.server.sql("CHECKPOINT")  # sorts what came in descending order
        states = []

        def state(server: LumaServer) -> list:
            bag = server.sql("SELECT k, v, count(*) FROM bag GROUP BY k, v ORDER BY k, v")
            samples = server.sql("SELECT metric, ts, value FROM samples ORDER BY metric, ts")
            return [self.rows(server), bag, samples]

        def remember():
            states.append((self.last_commit(), state(self.server)))

        remember()
        for change in (
                "UPDATE t SET v = 'new' WHERE k % 10 = 3",
                "DELETE FROM t WHERE k > 900",
                "DELETE FROM bag WHERE k <= 5",
                f"INSERT INTO bag SELECT * FROM ({descending}) d(k, v, at) WHERE k = 4",
                "UPDATE t SET v = 'old' WHERE k = 13",
                "DELETE FROM luma.samples WHERE value >= 7 AND series_id IN "
                "(SELECT series_id FROM luma.series WHERE metric = 'second')"):
            self.server.sql(change)
            remember()
        write_sample("first", 3 * 60_000, 333)  # a late duplicate replaces
        remember()
        self.server.sql("CHECKPOINT")
        write_sample("first", 3 * 60_000, 3)
        self.server.sql("UPDATE t SET v = 'newer' WHERE v = 'new'")
        remember()
        last = states[-1][0]
        wait_until(lambda: self.archived() >= last, "the archive has it all")
        for commit, expected in states:
            copy = self.restore("--to-commit", str(commit))
            self.assertEqual(state(copy), expected, commit)
            copy.sql("INSERT INTO t VALUES (5000, 'it goes on', now())")
            copy.stop()
            self.assertIn("everything is intact", self.lumadb("check", str(copy.data)))

    def test_damage_is_refused_and_named(self):
        self.server.sql("CREATE TABLE t (k BIGINT, v TEXT)")
        self.server.sql("INSERT INTO t SELECT i, md5(i::TEXT) FROM range(50000) r(i)")
        backup = self.backup()
        part = max((path for path in self.destination.rglob("segments/**/*") if path.is_file()),
                   key=lambda path: path.stat().st_size)
        flip_byte(part, 5000)
        name = part.parent.name
        verified = self.lumadb("backup", "verify", "--from", str(self.destination), "--id",
                               backup["id"], exit_code=1)
        self.assertRegex(verified, rf"problem: bad segment block checksum: path=.*{name}.*offset=\d+")
        target = self.folder / "damaged"
        refused = self.lumadb("restore", "--from", str(self.destination), "--data-dir", str(target),
                              exit_code=1)
        self.assertIn(name, refused)
        self.assertTrue((target / "RESTORE-INCOMPLETE").exists())
        broken = LumaServer(self.folder / "none", {"general.data_dir": str(target)})
        started = subprocess.run(broken.command(), capture_output=True, text=True, check=False,
                                 timeout=60)
        self.assertEqual(started.returncode, 1)
        self.assertIn("interrupted restore", started.stderr)
        flip_byte(part, 5000)
        self.lumadb("restore", "--from", str(self.destination), "--data-dir", str(target))
        self.assertIn("everything is intact", self.lumadb("check", str(target)))

    def test_the_running_server_is_checked(self):
        self.server.sql("CREATE TABLE t (k BIGINT, v TEXT)")
        self.server.sql("INSERT INTO t SELECT i, md5(i::TEXT) FROM range(50000) r(i)")
        self.server.sql("CHECKPOINT")
        report = self.last_line(self.lumadb("check", "--server", self.server.url("")))
        self.assertEqual([report["segment_files"], report["problems"]], [1, []])
        [segment] = self.server.data.rglob("*.seg")
        flip_byte(segment, 5000)
        damaged = self.lumadb("check", "--server", self.server.url(""), "--rate", "100MiB",
                              exit_code=1)
        self.assertRegex(damaged, rf"bad segment block checksum: path=.*{segment.name} offset=\d+")
        flip_byte(segment, 5000)

    def test_a_directory_at_rest_is_backed_up_without_a_server(self):
        self.server.sql("CREATE TABLE t (k BIGINT, v TEXT)")
        self.server.sql("INSERT INTO t VALUES (1, 'one')")
        self.lumadb("backup", "--to", str(self.destination), "--data-dir", str(self.server.data),
                    exit_code=1)  # in use
        self.server.kill()
        made = self.last_line(self.lumadb("backup", "--to", str(self.destination), "--data-dir",
                                          str(self.server.data)))
        self.assertEqual(self.rows(self.restore("--id", made["id"])), [(1, "one")])

    def test_the_admin_api_is_off_unless_asked_for_and_keeps_to_the_password(self):
        self.server.stop()
        del self.server.settings["server.admin_api"]
        self.server.start()
        refused = self.lumadb("backup", "--to", str(self.destination), "--server",
                              self.server.url(""), exit_code=1)
        self.assertIn("server.admin_api", refused)
        self.server.stop()
        secured = {"server.admin_api": "true", "server.require_auth": "true",
                   "auth.password": "secret"}
        self.server.settings.update(secured)
        self.server.start()
        server = ("--server", self.server.url(""))
        self.lumadb("backup", "--to", str(self.destination), *server, exit_code=1)
        self.lumadb("backup", "--to", str(self.destination), *server,
                    "--set", "server.require_auth=true", "--set", "auth.password=secret")


class S3Test(Operator):
    """Backups in a bucket, of a database whose old rows are in another place of it."""

    @classmethod
    def setUpClass(cls):
        folder = tempfile.TemporaryDirectory(prefix="luma_rgw_")
        cls.addClassCleanup(folder.cleanup)
        cls.gateway = RadosGateway(Path(folder.name)).start()
        cls.addClassCleanup(cls.gateway.stop)

    def setUp(self):
        self.bucket = self.gateway.make_bucket()
        s3 = {"cold.endpoint": self.gateway.endpoint, "cold.access_key": self.gateway.ACCESS_KEY,
              "cold.secret_key": self.gateway.SECRET_KEY}
        self.settings = {**Operator.settings, **s3, "cold.store": f"s3://{self.bucket}/cold",
                         "wal.archive": f"s3://{self.bucket}/backups"}
        self.restore_settings = tuple(f"{key}={value}" for key, value in
                                      {**s3, "cold.store": f"s3://{self.bucket}/copies"}.items())
        super().setUp()
        self.destination = f"s3://{self.bucket}/backups"

    def test_cold_and_warm_rows_and_the_log_come_back_out_of_a_bucket(self):
        self.server.sql("CREATE TABLE t (k BIGINT, at TIMESTAMPTZ, v TEXT) WITH (warm_age = '1d')")
        self.server.sql("INSERT INTO t SELECT i, timestamptz '2024-05-01 00:00:00+00' "
                        "+ to_seconds(i), md5(i::TEXT) FROM range(30000) r(i)")
        self.server.sql("CHECKPOINT")
        is_cold = "SELECT count(*) FROM luma_storage.segments WHERE tier = 'cold'"
        wait_until(lambda: self.server.sql(is_cold) == [(1,)], "old rows are cold", 120)
        self.server.sql("INSERT INTO t VALUES (-1, now(), 'warm')")
        backup = self.backup()
        self.assertGreaterEqual(backup["bytes_moved"], backup["segment_bytes"])
        self.server.sql("INSERT INTO t VALUES (-2, now(), 'in the log')")
        last, rows = self.last_commit(), self.rows(self.server)
        wait_until(lambda: self.archived() >= last, "the log is archived")
        originals = set(self.gateway.keys(self.bucket))

        copy = self.restore("--to-commit", str(last))
        self.assertEqual(self.rows(copy), rows)
        self.assertEqual(copy.sql(is_cold), [(1,)])
        copy.sql("DROP TABLE t")
        copy.sql("CHECKPOINT")
        copy.stop()
        self.assertLessEqual(originals, set(self.gateway.keys(self.bucket)))
        self.assertEqual(self.rows(self.server), rows)
        sets = [part for one in self.restore_settings for part in ("--set", one)]
        verified = self.lumadb("backup", "verify", "--from", self.destination, *sets)
        self.assertIn(f"{backup['id']}: ", verified)
        self.assertIn(": intact", verified)


def flip_byte(path: Path, offset: int):
    with open(path, "r+b") as file:
        file.seek(offset)
        byte = file.read(1)[0]
        file.seek(offset)
        file.write(bytes([byte ^ 1]))


if __name__ == "__main__":
    unittest.main()
