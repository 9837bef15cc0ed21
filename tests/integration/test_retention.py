"""Deletes, retention and samples out of bounds, with the real server."""

import signal
import struct
import time
import unittest
import urllib.parse

from harness import LumaServer, ServerTest, http, wait_until
from remote_write import series, write

DAY_MS = 86_400_000


def bits(value: float) -> int:
    return struct.unpack("<Q", struct.pack("<d", value))[0]


def now_ms() -> int:
    return int(time.time() * 1000)


class RetentionTestCase(ServerTest):
    def write(self, name: str, labels: dict, times: list[int]) -> int:
        samples = [(at, bits(float(i))) for i, at in enumerate(times)]
        return write(self.server.url(""), [series({"__name__": name, **labels}, samples)])

    def admin(self, path: str, method: str = "POST", **parameters):
        query = urllib.parse.urlencode(parameters, doseq=True)
        return http(self.server.url(f"{path}?{query}"), b"", method=method)

    def names(self) -> list[str]:
        return http(self.server.url("/api/v1/label/__name__/values")).json()["data"]

    def count(self, name: str) -> int:
        return self.server.sql(f"SELECT count(*) FROM samples WHERE metric = '{name}'")[0][0]

    def metric(self, name: str) -> float:
        page = http(self.server.url("/metrics", "metrics")).text
        return next(float(line.split()[1]) for line in page.splitlines() if line.startswith(f"{name} "))


class DeleteTest(RetentionTestCase):
    settings = {"server.admin_api": "true"}

    def test_delete_series_by_selector_and_time(self):
        now = now_ms()
        times = [now - i * 1000 for i in range(10)]
        for job in ("a", "b"):
            self.assertEqual(self.write("cut", {"job": job}, times), 204)
        self.assertEqual(self.write("whole", {}, times), 204)
        answer = self.admin("/api/v1/admin/tsdb/delete_series", **{
            "match[]": ['cut{job="a"}'], "start": (now - 4000) / 1000, "end": now / 1000})
        self.assertEqual((answer.status, answer.text), (204, ""))
        self.assertEqual(self.count("cut"), 15)
        self.assertEqual(self.admin("/api/v1/admin/tsdb/delete_series", "PUT",
                                    **{"match[]": ["whole", "nothing"]}).status, 204)
        self.assertEqual(self.admin("/api/v1/admin/tsdb/clean_tombstones").status, 204)
        self.assertNotIn("whole", self.names())
        deleted = self.server.sql("SELECT sum(deleted_rows) FROM luma_storage.tables "
                                  "WHERE table_name = 'samples'")
        self.assertEqual(deleted[0][0], 0)

        self.server.kill()
        self.server.restart()
        self.assertEqual(self.count("cut"), 15)
        self.assertNotIn("whole", self.names())
        self.assertEqual(self.server.sql("SELECT count(*) FROM luma.series WHERE metric = 'whole'"),
                         [(0,)])
        self.assertEqual(self.write("whole", {}, times), 204)
        self.assertEqual(self.count("whole"), 10)

    def test_bad_requests_are_bad_data(self):
        for parameters in ({}, {"match[]": "up{"}, {"match[]": "up", "start": "x"}):
            answer = self.admin("/api/v1/admin/tsdb/delete_series", **parameters)
            self.assertEqual((answer.status, answer.json()["errorType"]), (400, "bad_data"))

    def test_sql_deletes_samples_too(self):
        now = now_ms()
        self.assertEqual(self.write("by_sql", {}, [now - i for i in range(5)]), 204)
        with self.server.connect() as connection:
            deleted = connection.execute(
                "DELETE FROM luma.samples WHERE series_id IN "
                "(SELECT series_id FROM luma.series WHERE metric = 'by_sql')")
            self.assertEqual(deleted.rowcount, 5)
        self.assertEqual(self.count("by_sql"), 0)


class AdminApiOffTest(RetentionTestCase):
    def test_admin_routes_say_that_they_are_off(self):
        for path in ("/api/v1/admin/tsdb/delete_series", "/api/v1/admin/tsdb/clean_tombstones",
                     "/-/confirm-clock"):
            answer = self.admin(path, **{"match[]": "up"})
            self.assertEqual(answer.status, 503)
            self.assertEqual(answer.json()["error"], "admin APIs disabled")


class BoundsTest(RetentionTestCase):
    settings = {"ingest.late_max": "1h"}

    def test_samples_out_of_bounds_are_refused_and_the_others_stored(self):
        now = now_ms()
        times = [now, now - 2 * 3_600_000, now + 2 * DAY_MS, 4_102_444_800_000]
        samples = [(at, bits(1.0)) for at in times]
        self.assertEqual(write(self.server.url(""), [series({"__name__": "m"}, samples)]), 400)
        self.assertEqual(self.count("m"), 1)
        self.assertEqual(self.metric("luma_samples_refused_total"), 3)
        self.assertEqual(self.metric("luma_samples_refused_late_total"), 1)
        self.assertEqual(self.write("m", {}, [now + 1]), 204)
        self.assertEqual(self.count("m"), 2)


class RulesTest(ServerTest):
    # Goal: rules of the file apply at the start and after SIGHUP. Method: the first pass comes only
    # after ten minutes, so what is looked at is that the rules are read, refused and taken over.
    def test_rules_are_read_again(self):
        config = self.folder / "lumadb.toml"
        config.write_text("[[retention.rules]]\nmatch = '{job=\"debug\"}'\nkeep = \"3d\"\n")
        other = LumaServer(self.folder / "other", {})
        (self.folder / "other").mkdir(exist_ok=True)
        other.command = lambda: [*LumaServer.command(other), "--config", str(config)]
        self.addCleanup(other.kill)
        other.start()
        config.write_text("[retention]\ndefault_keep = \"30d\"\n"
                          "[[retention.rules]]\nmatch = '{job=\"debug\"}'\nkeep = \"2d\"\n")
        other.send(signal.SIGHUP)
        wait_until(lambda: "configuration changed: key=retention.rules" in other.log_text(), "log")
        wait_until(lambda: "configuration changed: key=retention.default_keep" in other.log_text(),
                   "log")
        config.write_text("[[retention.rules]]\nmatch = 'up{'\nkeep = \"2d\"\n")
        other.send(signal.SIGHUP)
        wait_until(lambda: "retention.rules: rule 1: 1:4: parse error" in other.log_text(), "refusal")


if __name__ == "__main__":
    unittest.main()
