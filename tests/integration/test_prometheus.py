"""A real Prometheus pushes into LumaDB; then both must hold the same samples.

Goal: of everything Prometheus scraped in a window of time, LumaDB has each sample exactly once.
Method: Prometheus scrapes node_exporter (three times) and itself every second and remote-writes.
The window starts when the first samples have arrived and is long enough to hold 50,000 of them; both
servers go on running while the window is compared, by SQL and by the HTTP API.
"""

import json
import math
import time
import unittest
from collections import Counter
from urllib.parse import quote

from harness import ServerTest, http, prometheus_api, wait_until
from prometheus_peer import NodeExporter, Prometheus

SAMPLES_MIN = 50_000


def millis(seconds: float) -> int:
    return round(float(seconds) * 1000)


def key_of(labels: dict[str, str]) -> tuple:
    return tuple(sorted(labels.items()))


def samples_of(matrix: list) -> dict[tuple, list]:
    """{series: [(milliseconds, value)]} of a range selector's answer."""
    return {key_of(series["metric"]): [(millis(t), float(value)) for t, value in series["values"]]
            for series in matrix}


def without_nan(series: dict[tuple, list]) -> dict[tuple, list]:
    """SQL shows staleness markers, which are NaN, and the HTTP API does not: drop both kinds."""
    kept = {key: [(t, v) for t, v in samples if not math.isnan(v)] for key, samples in series.items()}
    return {key: samples for key, samples in kept.items() if samples}


class PrometheusTest(ServerTest):
    def setUp(self):
        super().setUp()
        self.exporter = NodeExporter(self.folder)
        self.addCleanup(self.exporter.kill)
        self.exporter.start()
        self.prometheus = Prometheus(self.folder, self.exporter, self.server.url("/api/v1/write"))
        self.addCleanup(self.prometheus.kill)
        self.prometheus.start()

    def luma_now(self, query: str, at: float):
        return self.server.api("query", query=query, time=f"{at:.3f}")["result"]

    def prometheus_now(self, query: str, at: float):
        return prometheus_api(self.prometheus.url, "query", query=query, time=f"{at:.3f}")["result"]

    def count(self, start: float, end: float) -> int:
        return self.server.sql("SELECT count(*) FROM samples WHERE ts BETWEEN to_timestamp(%s) AND "
                               "to_timestamp(%s)", [start, end])[0][0]

    def fill_window(self) -> tuple[float, float]:
        wait_until(lambda: self.server.sql("SELECT count(*) FROM samples")[0][0] > 0, "first sample")
        start = math.ceil(time.time()) + 1.0
        # A fifth more than needed: the last second counts here and is cut off below.
        enough = SAMPLES_MIN * 1.2
        wait_until(lambda: self.count(start, time.time()) >= enough, "enough samples", 300)
        end = float(math.floor(time.time()))
        # What was scraped by `end` is sent within moments; `up` of every job later than that says so.
        jobs = len(Prometheus.NODE_JOBS) + 1
        wait_until(lambda: self.server.sql("SELECT count(DISTINCT job) FROM metrics.up WHERE ts > "
                                           "to_timestamp(%s)", [end + 2])[0][0] == jobs, "drained")
        return start, end

    def test_sql_and_http_answer_what_prometheus_itself_has(self):
        start, end = self.fill_window()
        window = f"[{millis(end - start)}ms]"
        every = '{__name__=~".+"}' + window
        theirs = samples_of(self.prometheus_now(every, end))
        total = sum(len(samples) for samples in theirs.values())
        self.assertGreaterEqual(total, SAMPLES_MIN)
        print(f"\n{self.prometheus.version()}: {len(theirs)} series, {total} samples")
        with self.subTest("range selector over HTTP"):
            self.assert_same_samples(theirs, samples_of(self.luma_now(every, end)))
        with self.subTest("samples relation"):
            self.assert_same_samples(without_nan(theirs), self.samples_by_sql(start, end))
        with self.subTest("relations of metrics"):
            for metric in ("node_cpu_seconds_total", "up", "prometheus_http_requests_total"):
                self.check_metric_relation(metric, theirs, start, end)
        with self.subTest("selectors over HTTP"):
            self.check_selectors(start, end)
        with self.subTest("names and values"):
            self.check_metadata(start, end)

    def assert_same_samples(self, theirs: dict, ours: dict):
        """Equal; says how many are missing, extra, doubled or different before failing."""
        expected = Counter((key, t, repr(v)) for key, all_of in theirs.items() for t, v in all_of)
        actual = Counter((key, t, repr(v)) for key, all_of in ours.items() for t, v in all_of)
        missing, extra = expected - actual, actual - expected
        if missing or extra:
            self.fail(f"missing {missing.total()}, not in Prometheus or doubled {extra.total()} of "
                      f"{expected.total()}: {list(missing)[:3]} {list(extra)[:3]}")

    def samples_by_sql(self, start: float, end: float) -> dict[tuple, list]:
        rows = self.server.sql(
            "SELECT metric, to_json(labels)::text, ts, value FROM samples WHERE ts BETWEEN "
            "to_timestamp(%s) AND to_timestamp(%s) AND NOT isnan(value) ORDER BY ts", [start, end])
        found: dict[tuple, list] = {}
        for metric, labels, ts, value in rows:
            key = key_of({"__name__": metric, **json.loads(labels)})
            found.setdefault(key, []).append((millis(ts.timestamp()), value))
        return found

    def check_metric_relation(self, metric: str, theirs: dict, start: float, end: float):
        with self.server.connect() as connection:
            cursor = connection.execute(
                f"SELECT * FROM metrics.{metric} WHERE ts BETWEEN to_timestamp(%s) AND "
                "to_timestamp(%s) AND NOT isnan(value) ORDER BY ts", [start, end])
            names = [column.name for column in cursor.description]
            rows = [dict(zip(names, row)) for row in cursor]
        found: dict[tuple, list] = {}
        for row in rows:
            sample = (millis(row.pop("ts").timestamp()), row.pop("value"))
            labels = {name: value for name, value in row.items() if value not in (None, "")}
            found.setdefault(key_of({"__name__": metric, **labels}), []).append(sample)
        expected = {key: samples for key, samples in theirs.items() if dict(key)["__name__"] == metric}
        self.assertTrue(expected)
        self.assert_same_samples(without_nan(expected), found)

    def check_selectors(self, start: float, end: float):
        selectors = [
            "up", 'up{job="node_a"}', 'node_cpu_seconds_total{mode!="idle",job=~"node_(a|b)"}',
            '{__name__=~"node_memory_.*",job!~"node_[bc]"}', 'up{job=""}', "no_such_metric",
            "node_cpu_seconds_total[5s]", 'up{instance=~".*"}[3s]', "prometheus_build_info",
        ]
        for selector in selectors:
            for at in (start + 0.5, (start + end) / 2, end):
                with self.subTest(selector=selector, at=at):
                    ours, theirs = self.luma_now(selector, at), self.prometheus_now(selector, at)
                    self.assertEqual(sorted(map(repr, self.normal(ours))),
                                     sorted(map(repr, self.normal(theirs))))

    @staticmethod
    def normal(result: list) -> list:
        return [(key_of(series["metric"]), series.get("value"), series.get("values"))
                for series in result]

    def check_metadata(self, start: float, end: float):
        match = '{job="node_a"}'
        bounds = {"start": f"{start:.3f}", "end": f"{end:.3f}", "match[]": match}
        for path in ("labels", "label/__name__/values", "label/mode/values", "label/job/values"):
            with self.subTest(path):
                self.assertEqual(self.server.api(path, **bounds),
                                 prometheus_api(self.prometheus.url, path, **bounds))
        ours = {key_of(labels) for labels in self.server.api("series", **bounds)}
        theirs = {key_of(labels) for labels in prometheus_api(self.prometheus.url, "series", **bounds)}
        self.assertEqual(ours, theirs)

    def test_expressions_that_are_none_get_a_clear_error(self):
        for expression in ("sum(up", "rate(up)", "no_such_function(up)"):
            with self.subTest(expression):
                answer = http(self.server.url("/api/v1/query?query=" + quote(expression)))
                self.assertEqual(answer.status, 400)
                self.assertEqual(answer.json()["errorType"], "bad_data")
                self.assertTrue(answer.json()["error"])

    def test_what_was_acknowledged_survives_kill_and_prometheus_resumes(self):
        wait_until(lambda: self.server.sql("SELECT count(*) FROM samples")[0][0] > 2_000, "samples")
        port = self.server.ports["http"]
        before = self.server.sql("SELECT metric, labels, ts, value FROM samples WHERE NOT isnan(value)")
        self.server.kill()
        self.server.settings["server.port"] = str(port)  # Prometheus keeps sending to it
        self.server.restart()
        after = self.server.sql("SELECT metric, labels, ts, value FROM samples WHERE NOT isnan(value)")
        lost = Counter(map(repr, before)) - Counter(map(repr, after))
        self.assertEqual(lost.total(), 0, f"of {len(before)}: {list(lost)[:3]}")
        restarted = time.time()
        wait_until(lambda: self.count(restarted, restarted + 600) > 1_000, "new samples")
        doubled = self.server.sql("SELECT metric, labels, ts FROM samples GROUP BY ALL "
                                  "HAVING count(*) > 1 LIMIT 3")
        self.assertEqual(doubled, [])


class SelfScrapeTest(ServerTest):
    settings = {"scrape.self": "true", "scrape.global_interval": "500ms",
                "scrape.scrape_timeout": "400ms"}

    def test_the_default_configuration_shows_live_data(self):
        wait_until(lambda: self.server.api("query", query="up")["result"], "up")
        up = self.server.api("query", query="up")["result"][0]
        self.assertEqual((up["metric"]["job"], up["value"][1]), ("lumadb", "1"))
        rows = self.server.sql("SELECT job, value FROM metrics.process_resident_memory_bytes LIMIT 1")
        self.assertEqual(rows[0][0], "lumadb")
        self.assertGreater(rows[0][1], 1e6)

    def test_a_target_that_is_down_is_reported_so(self):
        self.server.stop()
        self.server.settings["scrape.jobs"] = (
            '[{job="gone", targets=["127.0.0.1:1"], interval="500ms", timeout="400ms"}]')
        self.server.restart()
        wait_until(lambda: self.server.api("query", query='up{job="gone"}')["result"], "up")
        value = self.server.api("query", query='up{job="gone"}')["result"][0]["value"][1]
        self.assertEqual(value, "0")


if __name__ == "__main__":
    unittest.main()
