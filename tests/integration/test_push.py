"""What is pushed as text: pages of metrics, and InfluxDB's line protocol as Telegraf sends it; and the limits of series,
which hold for every way in."""

import base64
import gzip
import tempfile
import time
import unittest
from pathlib import Path
from urllib.parse import urlencode

import remote_write
from harness import ServerTest, http, wait_until
from remote_write import RequestV2, write_v2, written
from scrape_targets import TEXT, TargetServer

# A batch of Telegraf 1.x: inputs cpu, mem, disk and system with their types; strings are no samples.
TELEGRAF_LINES = (
    "cpu,cpu=cpu-total,host=web-1 usage_user=3.5,usage_system=1.25,usage_idle=95.25 {ns}\n"
    "mem,host=web-1 total=16777216000i,used=8388608000i,used_percent=50 {ns}\n"
    "disk,device=sda1,fstype=ext4,host=web-1,mode=rw,path=/ free=123456789u,inodes_used=42i {ns}\n"
    "system,host=web-1 load1=0.5,uptime_format=\"3 days,  1:02\",ok=true {ns}\n"
    "win\\ disk,host=web-1,instance=C:,name=my\\,disk value=1 {ns}\n"
)
TELEGRAF_SAMPLES = 3 + 3 + 2 + 2 + 1


class PushTest(ServerTest):
    def setUp(self):
        super().setUp()
        self.now = int(time.time())

    def post(self, path: str, body: str | bytes, headers: dict | None = None, method: str | None = None):
        data = body if isinstance(body, bytes) else body.encode()
        return http(self.server.url(path), data, {"Content-Type": "text/plain; charset=utf-8", **(headers or {})}, method)

    def query(self, text: str) -> dict[str, float]:
        """The value of each series, by its labels."""
        answer = http(self.server.url(f"/api/v1/query?{urlencode({'query': text, 'time': self.now + 1})}"))
        self.assertEqual(answer.status, 200, answer.text)
        return {",".join(f"{name}={value}" for name, value in sorted(series["metric"].items())): float(series["value"][1])
                for series in answer.json()["data"]["result"]}

    def metric(self, text: str) -> float:
        for line in http(self.server.url("/metrics", "metrics")).text.splitlines():
            if line.startswith(text + " "):
                return float(line.split()[-1])
        self.fail(f"not on the metrics page: {text}")


class ImportTest(PushTest):
    def test_a_page_is_stored_and_survives_a_crash(self):
        page = f"# TYPE jobs_done counter\njobs_done{{queue=\"a\"}} 5\nold 1 {(self.now - 60) * 1000}\n"
        answer = self.post(f"/api/v1/import/prometheus?timestamp={self.now * 1000}&extra_label=dc=eu", page)
        self.assertEqual((answer.status, answer.body), (204, b""))
        self.server.kill()
        self.server.start()
        self.assertEqual(self.query("jobs_done"), {"__name__=jobs_done,dc=eu,queue=a": 5})
        self.assertEqual(self.query("timestamp(old)"), {"dc=eu": self.now - 60})

    def test_compressed_pages_and_openmetrics(self):
        page = "# TYPE m gauge\n" + "".join(f"m{{i=\"{i}\"}} {i} {self.now}\n" for i in range(500)) + "# EOF\n"
        answer = self.post("/api/v1/import/prometheus", gzip.compress(page.encode()),
                           {"Content-Type": "application/openmetrics-text; version=1.0.0", "Content-Encoding": "gzip"})
        self.assertEqual(answer.status, 204, answer.text)
        self.assertEqual(self.query("count(m)"), {"": 500})

    def test_paths_of_a_pushgateway(self):
        label = base64.urlsafe_b64encode(b"/var/tmp").decode()
        answer = self.post(f"/api/v1/import/prometheus/metrics/job/backup/dir@base64/{label}", "bytes 7\n", method="PUT")
        self.assertEqual(answer.status, 204)
        self.assertEqual(self.query("bytes"), {"__name__=bytes,dir=/var/tmp,job=backup": 7})

    def test_of_a_page_that_cannot_be_read_nothing_is_stored(self):
        answer = self.post("/api/v1/import/prometheus", "a 1\nb 2\nc three\n")
        self.assertEqual(answer.status, 400)
        self.assertIn("nothing was stored", answer.text)
        self.assertIn("line=3", answer.text)
        self.assertEqual(self.query("{__name__=~'a|b|c'}"), {})
        self.assertEqual(self.metric("luma_import_requests_refused_total"), 1)

    def test_a_bomb_is_refused(self):
        bomb = gzip.compress(b"\n" * (64 << 20))
        self.assertEqual(self.post("/api/v1/import/prometheus", bomb, {"Content-Encoding": "gzip"}).status, 413)
        self.assertEqual(self.post("/write", bomb, {"Content-Encoding": "gzip"}).status, 413)


class TelegrafTest(PushTest):
    """The requests that Telegraf's outputs make, in their order."""

    def lines(self) -> str:
        return TELEGRAF_LINES.format(ns=self.now * 1_000_000_000)

    def check_stored(self, labels: str):
        self.assertEqual(self.query(f"count({{host='web-1',{labels}}})"), {"": TELEGRAF_SAMPLES})
        self.assertEqual(list(self.query("cpu_usage_idle").values()), [95.25])
        self.assertEqual(list(self.query("system_ok").values()), [1])
        self.assertEqual(list(self.query("disk_free{path='/'}").values()), [123456789])
        self.assertEqual(list(self.query("{__name__='win disk_value',name='my,disk',instance='C:'}").values()), [1])

    def test_output_influxdb(self):
        form = urlencode({"q": 'CREATE DATABASE "telegraf"'})
        created = http(self.server.url("/query"), form.encode(), {"Content-Type": "application/x-www-form-urlencoded"})
        self.assertEqual((created.status, created.json()), (200, {"results": [{"statement_id": 0}]}))
        answer = self.post("/write?db=telegraf", gzip.compress(self.lines().encode()), {"Content-Encoding": "gzip"})
        self.assertEqual((answer.status, answer.body), (204, b""))
        self.check_stored("db='telegraf'")
        self.assertEqual(self.metric("luma_influx_strings_ignored_total"), 1)

    def test_output_influxdb_v2(self):
        self.assertEqual(http(self.server.url("/health")).json()["status"], "pass")
        answer = self.post("/api/v2/write?bucket=telegraf&org=o&precision=ns", self.lines(),
                           {"Authorization": "Token any", "Content-Encoding": "identity"})
        self.assertEqual((answer.status, answer.body), (204, b""))
        self.check_stored("db='telegraf'")

    def test_under_influx(self):
        self.assertEqual(http(self.server.url("/influx/ping")).status, 204)
        self.assertEqual(self.post("/influx/write?precision=s", f"m v=1 {self.now}").status, 204)
        self.assertEqual(self.post("/influx/api/v2/write?precision=ms", f"m,a=b v=2 {self.now * 1000}").status, 204)
        self.assertEqual(self.query("m_v"), {"__name__=m_v": 1, "__name__=m_v,a=b": 2})

    def test_partial_writes(self):
        answer = self.post("/write?db=d", "good v=1\nbad v=oops\ngood,x=y v=2\n")
        self.assertEqual(answer.status, 400)
        self.assertEqual(answer.json(), {"error": "partial write: unable to parse 'bad v=oops': invalid boolean (line 2) dropped=1"})
        self.assertEqual(answer.headers["X-Influxdb-Error"], answer.json()["error"])
        self.assertEqual(len(self.query("good_v")), 2)
        answer = self.post("/api/v2/write?bucket=b", "bad\n")
        self.assertEqual((answer.status, answer.json()["code"]), (400, "invalid"))
        self.assertEqual(self.post("/write?precision=weeks", "m v=1").status, 400)


class PasswordTest(PushTest):
    settings = {"server.require_auth": "true", "auth.password": "secret"}

    def test_tokens_and_basic_authentication(self):
        basic = base64.b64encode(b"luma:secret").decode()
        for header, status in (("Token luma:secret", 204), (f"Basic {basic}", 204), ("Token luma:wrong", 401), ("Token x", 401)):
            answer = self.post("/api/v2/write?bucket=b", "m v=1", {"Authorization": header})
            self.assertEqual(answer.status, status, header)
        self.assertEqual(self.post("/write", "m v=1").status, 401)
        self.assertEqual(http(self.server.url("/ping")).status, 204)


class LimitsTest(PushTest):
    settings = {"limits.series_per_metric": "2", "limits.values_per_label": "4"}

    def page(self, *instances: str) -> str:
        return "".join(f"m{{instance=\"{one}\"}} 1 {self.now * 1000}\n" for one in instances)

    def test_every_way_in_stores_what_is_within_the_limits(self):
        answer = self.post("/api/v1/import/prometheus", self.page("a", "b", "c"))
        self.assertEqual((answer.status, answer.headers["Retry-After"]), (429, "1"))
        self.assertIn("too many series of a metric: metric=m limit=2", answer.text)
        self.assertEqual(len(self.query("m")), 2)

        one = remote_write.field(1, remote_write.series({"__name__": "m", "instance": "d"}, [(self.now * 1000, 0)]))
        other = remote_write.field(1, remote_write.series({"__name__": "n", "instance": "a"}, [(self.now * 1000, 0)]))
        answer = http(self.server.url("/api/v1/write"), remote_write.uncompressed_snappy(one + other), remote_write.HEADERS)
        self.assertEqual(answer.status, 429)
        self.assertIn("new_series=1 (too many series of a metric", answer.text)
        self.assertEqual(len(self.query("n")), 1)

        request = RequestV2()
        request.add({"__name__": "m", "instance": "a"}, request.sample(self.now * 1000 + 1, 2))
        request.add({"__name__": "m", "instance": "e"}, request.sample(self.now * 1000, 2))
        answer = write_v2(self.server.url(""), request.message())
        self.assertEqual((answer.status, written(answer)), (429, (1, 0, 0)))

        lines = f"o,instance=a v=1 {self.now}\no,instance=b v=1 {self.now}\no,instance=f v=1 {self.now}\n"
        answer = self.post("/write?precision=s", lines)
        self.assertEqual(answer.status, 429)
        self.assertEqual(answer.json()["error"], "partial write: too many series of a metric: metric=o_v limit=2 dropped=1")
        self.assertEqual(len(self.query("o_v")), 2)

        self.assertEqual(self.metric('luma_cardinality_series_refused_total{limit="series_per_metric"}'), 4)
        self.assertEqual(self.metric('luma_cardinality_current{limit="series_per_metric"}'), 2)
        shown = http(self.server.url("/api/v1/status/cardinality?limit=1")).json()["data"]
        self.assertEqual(shown["metrics"], [{"name": "m", "value": 2}])
        self.assertEqual([limit["limit"] for limit in shown["limits"]], [10_000_000, 2, 4])

    def test_values_of_a_label(self):
        page = "".join(f"m{i}{{pod=\"p{i}\"}} 1\n" for i in range(5))
        self.assertIn("too many values of a label: label=", self.post("/api/v1/import/prometheus", page).text)
        self.assertEqual(len(self.query("{pod!=''}")), 4)

    def test_a_request_that_is_only_repeated_is_given_up(self):
        statuses = [self.post("/api/v1/import/prometheus", self.page("a", "b", "c")).status for _ in range(4)]
        self.assertEqual(statuses, [429, 429, 400, 400])
        self.assertEqual(self.post("/api/v1/import/prometheus", self.page("a", "b", "d")).status, 429)


class ScrapeLimitsTest(PushTest):
    def setUp(self):
        target = TargetServer({"/metrics": (TEXT, "".join(f"m{{i=\"{i}\"}} {i}\n" for i in range(5)) + "other 1\n")})
        self.addCleanup(target.stop)
        folder = tempfile.TemporaryDirectory(prefix="luma_test_")
        self.addCleanup(folder.cleanup)
        config = Path(folder.name) / "prometheus.yml"
        config.write_text("scrape_configs: [{job_name: a, scrape_interval: 1s, scrape_timeout: 900ms, "
                          f"static_configs: [{{targets: ['{target.address}']}}]}}]")
        self.settings = {"limits.series_per_metric": "3", "scrape.config_file": str(config)}
        super().setUp()

    def values(self, text: str) -> list[float]:
        self.now = int(time.time())
        return list(self.query(text).values())

    def test_the_rest_of_a_page_is_stored(self):
        wait_until(lambda: self.values("count(m)") == [3], "three series of the page")
        wait_until(lambda: self.values("other") == [1] and self.values("up") == [1], "the others, and up")
        wait_until(lambda: self.values("count_over_time(other[1m]) > 2"), "later scrapes")
        self.assertEqual(self.values("count(m)"), [3])


if __name__ == "__main__":
    unittest.main()
