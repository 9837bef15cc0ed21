"""The HTTP API as its clients use it: promtool, Grafana's Prometheus data source, and a Prometheus that keeps its samples
in LumaDB."""

import gzip
import json
import re
import shutil
import socket
import struct
import subprocess
import time
import unittest
from urllib.parse import urlencode

import promql_reference as promql
import remote_write
from harness import BINARY, LumaServer, Process, ServerTest, free_port, http, prometheus_api, wait_until
from native_histogram import Histogram, encode
from prometheus_peer import NodeExporter, PrometheusReceiver, answers
from test_promql_histograms import calculated, difference, given

FORM = {"Content-Type": "application/x-www-form-urlencoded"}
MINUTES = 10


def bits(value: float) -> int:
    return struct.unpack("<Q", struct.pack("<d", value))[0]


class ApiTest(ServerTest):
    """Two jobs with `up` and a counter, a sample every 15 s for ten minutes."""

    settings = {"server.lifecycle_api": "true", "server.admin_api": "true"}

    def setUp(self):
        super().setUp()
        self.now = int(time.time())
        self.times = range(self.now - MINUTES * 60, self.now + 1, 15)
        all_series = []
        for job in ("a", "b"):
            labels = {"job": job, "instance": f"{job}:1"}
            all_series += [
                self.series({"__name__": "up", **labels}, lambda i: 1),
                self.series({"__name__": "requests_total", "code": "200", **labels}, lambda i: 10 * i)]
        self.assertEqual(remote_write.write(self.server.url(""), all_series), 204)
        metadata = b"\x08\x01" + remote_write.field(2, b"requests_total") + remote_write.field(4, b"Answers.")
        body = remote_write.uncompressed_snappy(remote_write.field(3, metadata))
        self.assertEqual(http(self.server.url("/api/v1/write"), body, remote_write.HEADERS).status, 204)

    def series(self, labels: dict, value) -> bytes:
        samples = [(at * 1000, bits(value(i))) for i, at in enumerate(self.times)]
        return remote_write.series(labels, samples)

    def data(self, path: str, form: dict | list | None = None):
        """GET, or POST of a form; anything but success fails."""
        body = None if form is None else urlencode(form).encode()
        answer = http(self.server.url(path), body, FORM if body else None)
        self.assertEqual(answer.status, 200, answer.text)
        return answer.json()["data"]


class PromtoolTest(ApiTest):
    def promtool(self, *arguments: str) -> str:
        return self.run_client(["promtool", *arguments])

    def test_queries(self):
        url = self.server.url("")
        self.assertEqual(self.promtool("query", "instant", url, "1+1").split()[:2], ["scalar:", "2"])
        self.assertIn('up{instance="a:1", job="a"} => 1 @[', self.promtool("query", "instant", url, "up"))
        ranged = self.promtool("query", "range", f"--start={self.now - 60}", f"--end={self.now}",
                               "--step=15s", url, "sum(rate(requests_total[1m]))")
        self.assertEqual(ranged.count(" @["), 5, ranged)
        series = self.promtool("query", "series", "--match=up", f"--start={self.now - 60}", url)
        self.assertEqual(series.splitlines(), ['{__name__="up", instance="a:1", job="a"}',
                                               '{__name__="up", instance="b:1", job="b"}'])
        self.assertEqual(self.promtool("query", "labels", url, "job").split(), ["a", "b"])

    def test_answers_as_json_and_errors(self):
        url = self.server.url("")
        instant = json.loads(self.promtool("query", "instant", "-o", "json", f"--time={self.now}", url, 'up{job="a"}'))
        self.assertEqual(instant, [{"metric": {"__name__": "up", "instance": "a:1", "job": "a"}, "value": [self.now, "1"]}])
        ranged = json.loads(self.promtool("query", "range", "-o", "json", f"--start={self.now - 30}", f"--end={self.now}",
                                          "--step=15s", url, "sum(up)"))
        self.assertEqual(ranged, [{"metric": {}, "values": [[self.now - 30 + 15 * i, "2"] for i in range(3)]}])
        self.assertEqual(len(self.promtool("query", "series", '--match=up{job="a"}', "--match=requests_total", url).splitlines()), 3)
        self.assertEqual(self.promtool("query", "labels", '--match=up{job="b"}', url, "job").split(), ["b"])
        failed = subprocess.run(["promtool", "query", "instant", url, "sum("], capture_output=True, text=True, check=False)
        self.assertEqual(failed.returncode, 1)
        self.assertIn("bad_data", failed.stderr)

    def test_the_files_it_accepts_are_those_that_the_server_accepts(self):
        rules, config = self.folder / "rules.yml", self.folder / "prometheus.yml"
        self.server.stop()
        self.server.settings |= {"rules.files": str(rules), "scrape.config_file": str(config)}
        good_rule, good_job = "sum by (job) (up)", "scrape_interval: 1m"
        for rule, job in ((good_rule, good_job), ("sum(up", good_job), ("rate(up)", good_job), (good_rule, "scrape_interval: never"),
                          (good_rule, "relabel_configs: [{action: replace, regex: '('}]"), ("histogram_sum(up)", "honor_labels: true")):
            with self.subTest(rule=rule, job=job):
                rules.write_text(f"groups: [{{name: g, rules: [{{record: jobs, expr: '{rule}'}}]}}]\n")
                config.write_text(f"scrape_configs: [{{job_name: a, {job}}}]\n")
                if not self.server.running():
                    self.server.restart()
                checked = [subprocess.run(["promtool", "check", kind, file], capture_output=True, check=False).returncode
                           for kind, file in (("rules", rules), ("config", config))]
                reload = http(self.server.url("/-/reload"), b"", method="POST")
                self.assertEqual(reload.status == 200, checked == [0, 0], reload.text)

    def test_its_own_metrics_pass_the_check(self):
        page = http(self.server.url("/metrics", "metrics")).body
        self.assertIn(b"luma_", page)
        # What it finds are matters of naming; bytes that are no page are an error of another kind.
        self.assertNotIn("error while linting", self.lint(page))

    def lint(self, page: bytes) -> str:
        return subprocess.run(["promtool", "check", "metrics"], input=page, check=False,
                              capture_output=True).stderr.decode()


class GrafanaTest(ApiTest):
    def test_what_the_data_source_asks_for(self):
        window = {"start": self.now - 300, "end": self.now}
        health = self.data("/api/v1/query", {"query": "1+1", "time": self.now})
        self.assertEqual(health["result"][1], "2")
        self.assertIn("version", self.data("/api/v1/status/buildinfo"))
        instant = self.data("/api/v1/query", {"query": "up", "time": f"{self.now}.5"})
        self.assertEqual([one["metric"]["job"] for one in instant["result"]], ["a", "b"])
        ranged = self.data("/api/v1/query_range", {"query": "sum(requests_total)", "step": "15", **window})
        self.assertEqual(len(ranged["result"][0]["values"]), 21)
        self.assertEqual(len(self.data("/api/v1/series", [("match[]", "up"), *window.items()])), 2)
        self.assertIn("code", self.data("/api/v1/labels", window))
        self.assertEqual(self.data("/api/v1/label/__name__/values?" + urlencode(window)),
                         ["requests_total", "up"])
        self.assertEqual(self.data("/api/v1/label/U__job/values?limit=1"), ["a"])
        self.assertEqual(self.data("/api/v1/metadata?metric=requests_total"),
                         {"requests_total": [{"type": "counter", "help": "Answers.", "unit": ""}]})
        self.assertEqual(self.data("/api/v1/query_exemplars", {"query": "up", **window}), [])
        self.assertEqual(self.data("/api/v1/rules"), {"groups": []})
        self.assertEqual(self.data("/api/v1/format_query?query=sum(up)by(job)"), "sum by (job) (up)")
        self.assertEqual(self.data("/api/v1/parse_query?query=-up")["type"], "unaryExpr")

    def test_forms_and_addresses_say_the_same(self):
        window = [("start", f"{self.now - 300}.25"), ("end", str(self.now))]
        asked = [("query", [("query", "sum by (job) (rate(requests_total[1m]))"), ("time", f"{self.now}.125")]),
                 ("query_range", [("query", "requests_total"), ("step", "15"), *window]),
                 ("query_range", [("query", "requests_total"), ("step", "1m"), ("limit", "1"), *window]),
                 ("series", [("match[]", "up"), ("match[]", 'requests_total{job="a"}'), *window]),
                 ("labels", [("match[]", 'requests_total{code=~"2.."}'), *window]),
                 ("labels", [("limit", "2"), *window]),
                 ("query_exemplars", [("query", "requests_total"), *window]),
                 ("format_query", [("query", "sum(up)by(job)")]),
                 ("parse_query", [("query", "rate(requests_total[5m:1m] offset 1h)")])]
        for path, form in asked:
            with self.subTest(path=path, form=form):
                self.assertEqual(self.data(f"/api/v1/{path}", form), self.data(f"/api/v1/{path}?{urlencode(form)}"))

    def test_the_rest_of_the_surface(self):
        self.assertEqual(self.data("/api/v1/alerts"), {"alerts": []})
        self.assertEqual(self.data("/api/v1/alertmanagers"),
                         {"activeAlertmanagers": [], "droppedAlertmanagers": []})
        self.assertEqual(self.data("/api/v1/targets")["activeTargets"], [])
        self.assertEqual(self.data("/api/v1/targets/metadata"), [])
        self.assertEqual(self.data("/api/v1/scrape_pools"), {"scrapePools": []})
        self.assertIn("global:", self.data("/api/v1/status/config")["yaml"])
        self.assertEqual(self.data("/api/v1/status/flags")["web.enable-lifecycle"], "true")
        self.assertTrue(self.data("/api/v1/status/runtimeinfo")["reloadConfigSuccess"])
        head = self.data("/api/v1/status/tsdb")
        self.assertEqual(head["headStats"]["numSeries"], 4)
        self.assertEqual(head["seriesCountByMetricName"][0]["value"], 2)
        self.assertEqual(self.data("/api/v1/notifications"), [])
        self.assertIn("api", self.data("/api/v1/features"))
        self.assertEqual(http(self.server.url("/-/reload"), b"", method="POST").status, 200)
        self.assertEqual(http(self.server.url("/-/reload")).status, 405)
        federated = http(self.server.url("/federate?match[]=up")).text
        self.assertIn('up{instance="a:1",job="a"} 1 ', federated)

    def test_pages_of_other_origins_may_ask(self):
        origin = {"Origin": "https://page.test"}
        answer = http(self.server.url("/api/v1/query?query=1"), headers=origin)
        self.assertEqual(answer.headers["Access-Control-Allow-Origin"], "*")
        self.assertEqual(answer.headers["Access-Control-Expose-Headers"], "Date")
        asked = http(self.server.url("/api/v1/query_range"), headers=origin, method="OPTIONS")
        self.assertEqual((asked.status, asked.headers["Access-Control-Allow-Methods"]),
                         (204, "GET, POST, OPTIONS"))
        self.assertIsNone(http(self.server.url("/api/v1/query?query=1")).headers["Access-Control-Allow-Origin"])

    def test_a_query_that_nobody_waits_for_any_more_ends(self):
        query = urlencode({"query": "count_over_time(sum_over_time(vector(1)[30m:5ms])[30h:1s])"})  # half a minute of work
        with socket.create_connection(("127.0.0.1", self.server.ports["http"])) as client:
            client.sendall(f"GET /api/v1/query?{query} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
            time.sleep(0.2)
        cancelled = re.compile(r'^luma_http_requests_total\{handler="/api/v1/query",code="499"\} 1$', re.MULTILINE)
        wait_until(lambda: cancelled.search(http(self.server.url("/metrics", "metrics")).text), "the query was cancelled")

    def test_blocks_and_the_servers_own_metrics(self):
        self.server.sql("CHECKPOINT")
        blocks = self.data("/api/v1/status/tsdb/blocks")["blocks"]
        self.assertEqual(sum(block["stats"]["numSamples"] for block in blocks), 4 * len(self.times))
        self.assertEqual(min(block["minTime"] for block in blocks), 1000 * self.times[0])
        self.assertEqual(max(block["maxTime"] for block in blocks), 1000 * self.times[-1] + 1)
        self.assertRegex(blocks[0]["ulid"], "^[0-9A-HJKMNP-TV-Z]{26}$")
        families = {one["name"]: one for one in self.data("/api/v1/status/self_metrics")}
        page = http(self.server.url("/metrics", "metrics")).text
        self.assertEqual(set(families), set(re.findall(r"^# TYPE (\S+)", page, re.MULTILINE)))
        chosen = self.data("/api/v1/status/self_metrics?metric_name_pattern=luma_http.*_total")
        self.assertTrue(chosen and all(one["type"] == "COUNTER" for one in chosen))

    def test_a_failed_reload_is_told_and_its_end_too(self):
        def live() -> list:
            answer = http(self.server.url("/api/v1/notifications/live"))
            self.assertEqual(answer.headers["Content-Type"], "text/event-stream")
            return [json.loads(line[6:]) for line in answer.text.splitlines() if line.startswith("data: ")]

        self.assertEqual(live(), [])
        rules = self.folder / "rules.yml"
        rules.write_text("groups: []\n")
        self.assertEqual(self.server.stop(), 0)
        self.server.settings["rules.files"] = str(rules)
        self.server.restart()
        rules.write_text("groups: [")
        self.assertEqual(http(self.server.url("/-/reload"), b"", method="POST").status, 500)
        told, = self.data("/api/v1/notifications")
        self.assertEqual((told["text"], told["active"]), ("Configuration reload has failed.", True))
        self.assertEqual(live(), [told])
        rules.write_text("groups: []\n")
        self.assertEqual(http(self.server.url("/-/reload"), b"", method="POST").status, 200)
        self.assertEqual(self.data("/api/v1/notifications"), [])
        self.assertEqual([one["active"] for one in live()], [False])

    def test_a_snapshot_restores_to_the_same_answers(self):
        answer = http(self.server.url("/api/v1/admin/tsdb/snapshot"), b"", method="POST").json()
        name = answer["data"]["name"]
        self.assertRegex(name, r"^\d{8}T\d{6}Z-[0-9a-f]{16}$")
        asked = {"query": "sum by (job) (requests_total)", "time": self.now}
        before = self.data("/api/v1/query", asked)
        folder = self.folder / "copy"
        folder.mkdir()
        copy = LumaServer(folder)
        self.run_client([BINARY, "restore", "--from", str(self.server.data / "snapshots" / name),
                         "--data-dir", str(copy.data)])
        self.addCleanup(copy.kill)
        copy.start()
        self.assertEqual(copy.api("query", **asked), before)
        self.assertEqual(http(self.server.url("/api/v1/admin/tsdb/snapshot?skip_head=x"), b"",
                              method="POST").status, 400)

    def test_answers_are_compressed_for_those_who_ask(self):
        path = "/api/v1/query_range?" + urlencode(
            {"query": "requests_total", "start": self.now - 600, "end": self.now, "step": 1})
        plain = http(self.server.url(path))
        packed = http(self.server.url(path), headers={"Accept-Encoding": "gzip"})
        self.assertEqual(packed.headers["Content-Encoding"], "gzip")
        self.assertLess(len(packed.body), len(plain.body) / 4)
        self.assertEqual(json.loads(gzip.decompress(packed.body)), plain.json())
        zstd = http(self.server.url(path), headers={"Accept-Encoding": "zstd, gzip"})
        self.assertEqual(zstd.headers["Content-Encoding"], "zstd")


CONFIG = """
global:
  scrape_interval: 1s
scrape_configs:
  - job_name: node
    static_configs:
      - targets: ['127.0.0.1:{target}']
  - job_name: federated
    metrics_path: /federate
    params: {{'match[]': ['{{job="node"}}']}}
    static_configs:
      - targets: ['127.0.0.1:{luma}']
remote_write:
  - url: {url}/api/v1/write
    queue_config: {{batch_send_deadline: 200ms}}
    write_relabel_configs:
      - {{source_labels: [job], regex: federated, action: drop}}
remote_read:
  - url: {url}/api/v1/read
    read_recent: true
"""


class RemoteReadTest(ServerTest):
    """Goal: a Prometheus whose disk is lost answers from LumaDB as if it were not.
    Method: it scrapes and writes for some seconds, is stopped, loses its data directory and starts again; then both are
    asked about the time before."""

    QUERIES = ["node_cpu_seconds_total", "rate(node_cpu_seconds_total[5s])",
               "sum by (mode) (increase(node_cpu_seconds_total[4s]))", 'up{job=~"n.*"}',
               'count({__name__=~"node_.+",job="node"})', "topk(3, node_memory_MemTotal_bytes)",
               "absent(node_no_such_metric)", "scrape_samples_scraped offset 2s",
               "max_over_time(node_load1[5s])", "node_boot_time_seconds == bool 0"]

    def setUp(self):
        super().setUp()
        self.exporter = NodeExporter(self.folder)
        self.addCleanup(self.exporter.kill)
        self.exporter.start()
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.data = self.folder / "prometheus_data"
        self.config = self.folder / "prometheus.yml"
        self.config.write_text(CONFIG.format(target=self.exporter.port, url=self.server.url(""),
                                             luma=self.server.ports["http"]))
        self.prometheus = Process(self.folder / "prometheus.log")
        self.addCleanup(self.prometheus.kill)

    def start_prometheus(self):
        self.prometheus.launch(["prometheus", f"--config.file={self.config}",
                                f"--storage.tsdb.path={self.data}",
                                f"--web.listen-address=127.0.0.1:{self.port}"])
        wait_until(lambda: answers(f"{self.url}/-/ready"), "Prometheus is ready")

    def ranged(self, base: str, query: str, start: float, end: float):
        result = prometheus_api(base, "query_range", query=query, start=start, end=end, step=1)["result"]
        return sorted((sorted(one["metric"].items()), one["values"]) for one in result)

    def test_a_prometheus_reads_what_it_wrote(self):
        start = time.time()
        self.start_prometheus()
        wait_until(lambda: self.server.api("query", query='count_over_time(up{job="node"}[1m]) > 15')["result"],
                   "fifteen scrapes")
        wait_until(lambda: prometheus_api(self.url, "query", query='up{job="federated"} == 1')["result"],
                   "LumaDB is federated")
        end = time.time()
        self.prometheus.stop()
        shutil.rmtree(self.data)
        self.start_prometheus()
        for query in self.QUERIES:
            with self.subTest(query):
                # Whole seconds in the middle, so that no sample is on its way at the edges.
                window = (int(start) + 8, int(end) - 2)
                ours = self.ranged(self.server.url(""), query, *window)
                theirs = self.ranged(self.url, query, *window)
                self.assertTrue(ours or "bool" in query)
                self.assertEqual(ours, theirs)


class NativeHistogramSenderTest(ServerTest):
    """Goal: native histograms arrive from a real Prometheus as it has them itself.
    Method: it is told histograms of both kinds in the pace of time and sends them on; then both are asked the same. Ranges are
    compared with what was sent: 2.42 gives all integer histograms of one the values of the last. Nothing is read back:
    Prometheus' remote read knows histograms since 2.44."""

    CONFIG = """
remote_write:
  - url: {url}/api/v1/write
    send_native_histograms: true
    queue_config: {{batch_send_deadline: 200ms}}
"""
    QUERIES = ["h", "sum(h)", "histogram_count(h)", "histogram_sum(sum by (kind) (h))", "count_over_time(h[1m])"]
    SAMPLES = 20

    def setUp(self):
        super().setUp()
        self.prometheus = PrometheusReceiver(self.folder, "--enable-feature=native-histograms",
                                             config=self.CONFIG.format(url=self.server.url("")))
        self.addCleanup(self.prometheus.kill)
        self.prometheus.start()
        self.sent = [promql.Series((("__name__", "h"), ("kind", kind)), [], []) for kind in ("float", "integer")]

    def send(self, number: int):
        """The same histogram to both series, now."""
        counts = {1: 1000 + number, 2: 2000 + 3 * number, 7: 1 + number}
        histogram = Histogram(schema=1, threshold=0.001, zero_count=number, positive=counts, negative={0: 5}, sum=number * 1.5,
                              count=sum(counts.values()) + number + 5)
        at = int(time.time() * 1000)
        for series in self.sent:
            series.times.append(at)
            series.values.append(histogram.copy(is_float=series is self.sent[0]))
        made = [remote_write.histogram_series(dict(series.labels), [encode(series.values[-1], at)]) for series in self.sent]
        self.assertEqual(remote_write.write(self.prometheus.url, made), 204)

    def test_what_prometheus_sends_is_what_it_has(self):
        for number in range(self.SAMPLES):
            self.send(number)
            time.sleep(0.25)
        wait_until(lambda: len(self.server.api("query", query=f"count_over_time(h[1m]) == {self.SAMPLES}")["result"]) == 2, "all arrived")
        at_ms = int(time.time() * 1000)
        for query in self.QUERIES:
            with self.subTest(query):
                ours, theirs = (given(prometheus_api(url, "query", query=query, time=promql.seconds_text(at_ms)))
                                for url in (self.server.url(""), self.prometheus.url))
                self.assertTrue(theirs)
                self.assertEqual(difference(ours, theirs), "")
        evaluation = promql.Evaluation({"h": [promql.Series(one.labels, one.times, one.values) for one in self.sent]})
        for function in ("increase", "sum_over_time"):
            with self.subTest(function):
                node = promql.OfRange(function, promql.Range(promql.Selector("h", {}, promql.Shift()), 4_000))
                ours = given(self.server.api("query", query=node.text(), time=promql.seconds_text(at_ms)))
                self.assertEqual(len(ours), 2)
                self.assertEqual(difference(ours, calculated(evaluation, node, [at_ms])), "")


if __name__ == "__main__":
    unittest.main()
