"""The same prometheus.yml for Debian's prometheus and for LumaDB, and the same targets.

Goal: series with their labels, reports (`up`, `scrape_...`), staleness and the targets API are the same in both.
Method: both scrape a server of this test and a node_exporter every second; the pages and the list of targets change on the
way. What Prometheus 3 does otherwise than Debian's 2.42 is taken into account by name: bounds of buckets have one spelling.
"""

import json
import os
import time
import unittest

from harness import LumaServer, ServerTest, http, prometheus_api, wait_until
from prometheus_peer import NodeExporter, Prometheus
from scrape_targets import OPEN_METRICS, TEXT, TargetServer

CONFIG = """
global:
  scrape_interval: 1s
  scrape_timeout: 900ms
scrape_configs:
  - job_name: node
    static_configs:
      - targets: ['{node}']
        labels: {{Zone: Rack-A}}
    relabel_configs:
      - source_labels: [Zone]
        target_label: zone
        action: lowercase
      - regex: Zone
        action: labeldrop
      - source_labels: [__address__]
        target_label: shard
        modulus: 16
        action: hashmod
    metric_relabel_configs:
      - source_labels: [__name__]
        regex: 'go_.*|node_scrape_collector_duration_seconds'
        action: drop
      - source_labels: [__name__, mode]
        regex: 'node_cpu_seconds_total;(idle|user)'
        target_label: kind
        replacement: 'cpu_$1'
  - job_name: files
    file_sd_configs:
      - files: ['targets/*.json']
    relabel_configs:
      - source_labels: [__meta_filepath]
        regex: '.*/(.+)\\.json'
        target_label: file
      - source_labels: [drop_me]
        regex: 'yes'
        action: drop
      - regex: 'meta_(.+)'
        action: labelmap
      - regex: 'meta_.+'
        action: labeldrop
  - job_name: conflicts
    metrics_path: /conflicts
    params: {{module: [a, b], x: ['1']}}
    static_configs: [{{targets: ['{own}'], labels: {{zone: mine}}}}]
  - job_name: honored
    metrics_path: /conflicts
    honor_labels: true
    static_configs: [{{targets: ['{own}'], labels: {{zone: mine}}}}]
  - job_name: open_metrics
    metrics_path: /open_metrics
    static_configs: [{{targets: ['{own}']}}]
  - job_name: times
    metrics_path: /times
    static_configs: [{{targets: ['{own}']}}]
  - job_name: times_ignored
    metrics_path: /times
    honor_timestamps: false
    static_configs: [{{targets: ['{own}']}}]
  - job_name: changing
    metrics_path: /changing
    static_configs: [{{targets: ['{own}']}}]
  - job_name: too_many_samples
    metrics_path: /conflicts
    sample_limit: 2
    static_configs: [{{targets: ['{own}']}}]
  - job_name: too_many_labels
    metrics_path: /conflicts
    label_limit: 3
    static_configs: [{{targets: ['{own}']}}]
  - job_name: too_large
    metrics_path: /conflicts
    body_size_limit: 10B
    static_configs: [{{targets: ['{own}']}}]
  - job_name: too_many_targets
    target_limit: 1
    static_configs: [{{targets: ['{own}', '{node}']}}]
  - job_name: broken
    metrics_path: /broken
    static_configs: [{{targets: ['{own}']}}]
  - job_name: missing
    metrics_path: /missing
    static_configs: [{{targets: ['{own}']}}]
"""

CONFLICTS = """# HELP busy Whether.
# TYPE busy gauge
busy{job="theirs",zone="other",exported_zone="x"} 1
busy{instance="",b="2"} 2
# TYPE h histogram
h_bucket{le="1"} 1
h_bucket{le="2.50"} 2
h_bucket{le="+Inf"} 3
h_sum 4
h_count 3
# TYPE s summary
s{quantile="0.5"} 1
s{quantile="0.99"} NaN
"""

EXPOSITION = """# TYPE requests_seconds counter
# UNIT requests_seconds seconds
# HELP requests_seconds Time.
requests_seconds_total{code="200"} 12 # {trace_id="abc"} 0.5 1600000000.5
requests_seconds_created{code="200"} 1600000000.25
# TYPE build info
build_info{version="1.2"} 1
# TYPE state stateset
state{state="on"} 1
state{state="off"} 0
# EOF
"""

PAGES = {
    "/metrics": (TEXT, "plain 1\n"),
    "/conflicts": (TEXT, CONFLICTS),
    "/open_metrics": (OPEN_METRICS, EXPOSITION),
    "/changing": (TEXT, "stays 1\nvanishes 1\n"),
    "/broken": (TEXT, "fine 1\nnot{ fine\n"),
}

NORMALIZED = {"le": {"1": "1.0", "2.50": "2.5"}, "quantile": {"0": "0.0", "1": "1.0"}}
# What depends on which of the two asked, or how often.
VARYING = ("promhttp_", "process_", "node_scrape_collector")


class Peer(Prometheus):
    """Debian's prometheus with the configuration of the test."""

    def __init__(self, folder, config: str):
        super().__init__(folder, NodeExporter(folder), "http://127.0.0.1:1/")
        self.config.write_text(config)


class ScrapeTest(ServerTest):
    def setUp(self):
        super().setUp()
        self.exporter = NodeExporter(self.folder)
        self.addCleanup(self.exporter.kill)
        self.exporter.start()
        self.targets = TargetServer({**PAGES, "/times": (TEXT, self.page_with_times())})
        self.addCleanup(self.targets.stop)
        (self.folder / "targets").mkdir()
        self.write_targets([{"targets": [self.targets.address], "labels": {"meta_team": "a"}},
                            {"targets": ["127.0.0.1:1"], "labels": {"drop_me": "yes"}}])
        config = CONFIG.format(node=f"127.0.0.1:{self.exporter.port}", own=self.targets.address)
        self.peer = Peer(self.folder, config)
        self.addCleanup(self.peer.kill)
        self.server.stop()
        self.server.settings.update({"scrape.config_file": str(self.peer.config),
                                     "server.lifecycle_api": "true"})
        self.peer.start()
        self.server.restart()

    @staticmethod
    def page_with_times() -> str:
        now = int(time.time() * 1000)
        return f"timed 1 {now - 60_000}\ntimed_now 2\n"

    def write_targets(self, groups: list):
        """All at once, as programs that write such files do."""
        fresh = self.folder / "targets" / "list.new"
        fresh.write_text(json.dumps(groups))
        os.replace(fresh, self.folder / "targets" / "list.json")

    # -- what both say

    def both(self, path: str, **parameters):
        return (prometheus_api(self.peer.url, path, **parameters),
                prometheus_api(self.server.url(""), path, **parameters))

    @staticmethod
    def normalized(labels: dict) -> tuple:
        return tuple(sorted((name, NORMALIZED.get(name, {}).get(value, value))
                            for name, value in labels.items()))

    def values(self, answer: dict) -> dict[tuple, str]:
        return {self.normalized(one["metric"]): one["value"][1] for one in answer["result"]
                if not one["metric"].get("__name__", "").startswith(VARYING)}

    def assert_same(self, query: str):
        """Both answer the query with the same series and values, at once or soon."""
        def differences():
            theirs, ours = (self.values(answer) for answer in self.both("query", query=query))
            return [] if theirs == ours else [f"{query}:", *(
                f"{'theirs' if pair in theirs.items() else 'ours'} {pair}"
                for pair in sorted(set(theirs.items()) ^ set(ours.items())))]
        self.settle(differences)

    def assert_same_series(self, selector: str):
        def differences():
            theirs, ours = (set(self.values(answer)) for answer in self.both("query", query=selector))
            return [f"theirs alone {sorted(theirs - ours)}", f"ours alone {sorted(ours - theirs)}"] \
                if theirs != ours or not theirs else []
        self.settle(differences)

    def settle(self, differences):
        try:
            wait_until(lambda: not differences(), "no difference", 20)
        except AssertionError:
            self.fail("\n".join(map(str, differences())) or "differs now and then")

    # -- the tests

    def test_both_store_the_same(self):
        jobs = CONFIG.count("job_name:")
        for url in (self.peer.url, self.server.url("")):
            wait_until(lambda url=url: len(prometheus_api(url, "query", query="count by (job) (up)")
                                           ["result"]) == jobs, f"every job is scraped: {url}")
        with self.subTest("up and what was scraped"):
            self.assert_same("up")
            for report in ("scrape_samples_scraped", "scrape_samples_post_metric_relabeling"):
                self.assert_same(report + '{job!="node"}')
            self.assert_same_series('{__name__=~"scrape_.+"}')
        with self.subTest("new series are counted once"):
            self.assert_same('sum_over_time(scrape_series_added{job!~"node|files|broken|too.*"}[1h])')
        with self.subTest("labels and values"):
            self.assert_same('{__name__!="",job!~"node|files|changing|times.*",__name__!~"scrape_.+"}')
            self.assert_same_series('{job="node"}')
            self.assert_same('{job="files",__name__!~"scrape_.+"}')
        with self.subTest("own timestamps"):
            self.assert_same('{job=~"times.*",__name__=~"timed.*"}')
            self.assert_same('timestamp(timed{job="times"})')
        with self.subTest("targets API"):
            self.check_targets()
        with self.subTest("requests"):
            self.check_requests()
        with self.subTest("metadata"):
            self.check_metadata()
        with self.subTest("exemplars"):
            self.check_exemplars()

    def check_targets(self):
        fields = ("discoveredLabels", "labels", "scrapePool", "scrapeUrl", "health", "scrapeInterval",
                  "scrapeTimeout")

        def shown(data: dict):
            active = sorted((json.dumps({key: target[key] for key in fields}, sort_keys=True)
                             for target in data["activeTargets"]))
            return active, [target["discoveredLabels"] for target in data["droppedTargets"]]
        theirs, ours = (shown(answer) for answer in self.both("targets"))
        self.assertEqual(theirs, ours)
        theirs, ours = ({target["scrapePool"]: target["lastError"] for target in answer["activeTargets"]}
                        for answer in self.both("targets", state="active"))
        for pool, error in theirs.items():
            self.assertEqual(bool(error), bool(ours[pool]), pool)
        for pool in ("too_many_samples", "too_many_labels", "too_large", "too_many_targets", "missing"):
            self.assertIn(theirs[pool].split(" (")[0], ours[pool])

    def check_requests(self):
        """What a target sees: the parameters and headers, from either program."""
        seen = {}
        for path, headers in self.targets.requests:
            if path.startswith("/conflicts?"):
                seen[headers["User-Agent"].split("/")[0]] = (path, headers)
        self.assertEqual(set(seen), {"Prometheus", "LumaDB"})
        (their_path, theirs), (our_path, ours) = seen["Prometheus"], seen["LumaDB"]
        self.assertEqual(their_path, our_path)
        self.assertEqual(theirs["Accept-Encoding"], ours["Accept-Encoding"])
        self.assertEqual(float(theirs["X-Prometheus-Scrape-Timeout-Seconds"]),
                         float(ours["X-Prometheus-Scrape-Timeout-Seconds"]))
        self.assertTrue(ours["Accept"].startswith("application/openmetrics-text;version=1.0.0"))

    def check_metadata(self):
        theirs, ours = ({(one["metric"], one["type"], one["help"], one["unit"]) for one in answer}
                        for answer in self.both("targets/metadata", match_target='{job="open_metrics"}'))
        self.assertEqual(theirs, ours)

    def check_exemplars(self):
        """The one on the page, at its own time, with the labels of its series."""
        answer = self.server.api("query_exemplars", query="requests_seconds_total", start=1.5e9, end=1.7e9)
        self.assertEqual([one["seriesLabels"]["job"] for one in answer], ["open_metrics"])
        exemplar, = answer[0]["exemplars"]
        self.assertEqual((exemplar["labels"], float(exemplar["value"]), float(exemplar["timestamp"])),
                         ({"trace_id": "abc"}, 0.5, 1_600_000_000.5))

    def test_series_and_targets_come_and_go(self):
        self.assert_same_series('{job="changing",__name__=~"stays|vanishes"}')
        with self.subTest("a series vanishes and is back"):
            self.targets.pages["/changing"] = (TEXT, "stays 2\n")
            self.expect_both('{job="changing",__name__=~"stays|vanishes"}', ["stays"])
            self.targets.pages["/changing"] = (TEXT, "stays 3\nvanishes 3\n")
            self.expect_both('{job="changing",__name__=~"stays|vanishes"}', ["stays", "vanishes"])
        with self.subTest("a target is down"):
            del self.targets.pages["/changing"]
            self.expect_both('{job="changing",__name__=~"stays|vanishes"}', [])
            self.assert_same('up{job="changing"}')
        with self.subTest("a target leaves the list"):
            self.expect_both('plain{job="files"}', ["plain"])
            self.write_targets([])
            self.expect_both('{job="files"}', [])
            self.assertEqual([target for target in self.server.api("targets")["activeTargets"]
                              if target["scrapePool"] == "files"], [])
        with self.subTest("and is back"):
            self.write_targets([{"targets": [self.targets.address]}])
            self.expect_both('plain{job="files"}', ["plain"])

    def expect_both(self, selector: str, names: list[str]):
        for url in (self.peer.url, self.server.url("")):
            wait_until(lambda url=url: names == sorted(
                one["metric"]["__name__"] for one in prometheus_api(url, "query", query=selector)["result"]),
                f"{selector} is {names} at {url}")

    def test_a_bad_file_keeps_the_old_configuration_and_says_so(self):
        good = self.peer.config.read_text()
        pools = self.server.api("scrape_pools")
        self.peer.config.write_text(good + "  - job_name: more\n    unknown_key: 1\n")
        answer = http(self.server.url("/-/reload"), b"", method="POST")
        self.assertEqual(answer.status, 500)
        line = good.count("\n") + 2
        self.assertIn(f"line {line}: field unknown_key not found in type config.ScrapeConfig", answer.text)
        self.assertIn("unknown_key", self.server.log_text())
        self.assertEqual(self.server.api("scrape_pools"), pools)
        self.assertFalse(self.server.api("status/runtimeinfo")["reloadConfigSuccess"])
        self.peer.config.write_text(good + "  - job_name: more\n")
        self.assertEqual(http(self.server.url("/-/reload"), b"", method="POST").status, 200)
        self.assertIn("more", self.server.api("scrape_pools")["scrapePools"])
        self.assertIn("job_name: more", self.server.api("status/config")["yaml"])

    def test_an_unchanged_target_is_not_stale_after_a_reload(self):
        wait_until(lambda: self.server.api("query", query='stays{job="changing"}')["result"], "scraped")
        for _ in range(3):
            self.assertEqual(http(self.server.url("/-/reload"), b"", method="POST").status, 200)
            self.assertTrue(self.server.api("query", query='stays{job="changing"}')["result"])
            time.sleep(1)
        rows = self.server.sql("SELECT count(*) FILTER (isnan(value)), count(*) FROM samples "
                               "WHERE metric = 'stays'")
        self.assertEqual(rows[0][0], 0)
        self.assertGreaterEqual(rows[0][1], 3)


class StartTest(ServerTest):
    def test_a_bad_file_stops_the_start_with_its_name_and_line(self):
        self.server.stop()
        config = self.folder / "prometheus.yml"
        config.write_text("scrape_configs:\n- job_name: a\n  nonsense: 1\n")
        self.server.settings["scrape.config_file"] = str(config)
        with self.assertRaises(AssertionError) as failure:
            self.server.restart()
        self.assertIn(f"{config}: line 3: field nonsense not found", str(failure.exception))
        self.server = LumaServer(self.folder)
        self.server.start()


if __name__ == "__main__":
    unittest.main()
