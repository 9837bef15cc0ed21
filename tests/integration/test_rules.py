"""Rules and alerts beside a real Prometheus and a real Alertmanager.

Goal: a rule file does in LumaDB what it does in Prometheus: the same rules, series, labels and texts; an Alertmanager is
told; a kill -9 loses no alert's age.
"""

import base64
import json
import re
import ssl
import struct
import subprocess
import time
import unittest
import urllib.request
import warnings

import remote_write
from harness import Process, ServerTest, free_port, http, prometheus_api, wait_until
from prometheus_peer import answers

COMPARED = r"""
groups:
- name: compared
  interval: 1s
  limit: 10
  rules:
  - record: room:temperature
    expr: label_replace(vector(21.5), "room", "kitchen", "", "")
    labels: {kind: recorded}
  - record: room:temperature:double
    expr: room:temperature{kind="recorded"} * 2
  - alert: Formats
    expr: label_replace(vector(123456.5), "instance", "host.example.org:9100", "", "")
    labels:
      severity: '{{ if gt $value 1.0 }}page{{ else }}none{{ end }}'
      number: 1
    annotations:
      value: '{{ $value }} {{ .Value }} {{ printf "%.2f" $value }} {{ printf "%8.1f|%-6s|%q|%v" $value "a" "b" 3 }}'
      humanized: '{{ humanize $value }} {{ humanize1024 $value }} {{ humanizeDuration $value }} {{ humanizePercentage 0.123456 }}'
      small: '{{ humanize 0.00012345 }} {{ humanizeDuration 0.0123 }} {{ humanizeDuration -75.5 }} {{ humanizeTimestamp 1435065584.128 }}'
      labels: '{{ $labels.instance }} {{ .Labels.absent }}[{{ $labels.absent }}] {{ $labels }}'
      text: '{{ title "some words" }} {{ toUpper "a" }} {{ reReplaceAll "(.*):(.*)" "$2 $1" $labels.instance }} {{ match "[0-9]+" "a1" }} {{ stripPort $labels.instance }}'
      loop: '{{ range $k, $v := $labels }}{{ $k }}={{ $v }},{{ end }}{{ range query "room:temperature" }} {{ .Labels.room }}:{{ .Value }}{{ end }}'
      query: '{{ with query "room:temperature:double" }}{{ . | first | value }} {{ (first .).Labels.kind }}{{ end }}'
      logic: '{{ if and (eq $labels.instance "x") true }}a{{ else if or false (ne 1 2) }}b{{ end }} {{ not true }} {{ len "abc" }}'
      trimmed: "a {{- /* comment */ -}} b {{ `raw` }} {{ 1 | printf \"%d-%d\" 2 }}"
      links: '{{ graphLink "up == 0" }} {{ tableLink "a" }} {{ externalURL | len }}'
      failing: '{{ query "room:" | first }} after'
  - alert: Waiting
    expr: vector(0) == 0
    for: 1h
    keep_firing_for: 5m
  - alert: Quiet
    expr: vector(0) > 0
- name: failing
  interval: 1s
  rules:
  - record: twice
    expr: label_replace(vector(1), "a", "b", "", "") or vector(1)
    labels: {a: same}
"""

HEAT = """
groups:
- name: heat
  interval: 1s
  rules:
  - alert: Hot
    expr: temperature > 30
    labels: {severity: page}
    annotations: {summary: "{{ $labels.room }} has {{ $value }}"}
  - alert: HotForLong
    expr: temperature > 30
    for: 1h
"""


RECORDED = """
groups:
- name: recorded
  interval: 1s
  rules:
  - record: latency:recorded
    expr: latency
    labels: {kind: copy}
  - record: latency:doubled
    expr: latency:recorded * 2
  - alert: Slow
    expr: latency
    annotations: {text: "{{ $value }}"}
"""


def without_times(node):
    """Without what differs from run to run, and empty labels, which Prometheus 2 leaves out."""
    if isinstance(node, dict):
        return {key: without_times(value) for key, value in node.items()
                if key not in ("evaluationTime", "lastEvaluation", "activeAt", "file")
                and (key, value) != ("labels", {})}
    if isinstance(node, str):  # where in a template an error is
        return re.sub(r'template: \w+:\d+:\d+: executing "\w+" at <\w+>: ', "", node)
    return [without_times(one) for one in node] if isinstance(node, list) else node


class Alertmanager(Process):
    def __init__(self, folder):
        super().__init__(folder / "alertmanager.log")
        self.folder = folder
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"

    def start(self, *options: str):
        config = self.folder / "alertmanager.yml"
        config.write_text("route: {receiver: nobody}\nreceivers: [{name: nobody}]\n")
        self.launch(["prometheus-alertmanager", f"--config.file={config}",
                     f"--storage.path={self.folder / 'alertmanager_data'}", "--cluster.listen-address=",
                     f"--web.listen-address=127.0.0.1:{self.port}", *options])
        wait_until(self.is_ready, "the Alertmanager is ready")

    def is_ready(self) -> bool:
        return answers(f"{self.url}/-/ready")

    def alerts(self) -> dict[str, dict]:
        return {one["labels"]["alertname"]: one for one in http(f"{self.url}/api/v2/alerts").json()}


class GuardedAlertmanager(Alertmanager):
    """One that speaks https only and asks for a password."""

    PASSWORD = "correct horse"

    def start(self, *options: str):
        self.certificate = self.folder / "alertmanager.pem"
        key = self.folder / "alertmanager.key"
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
                        "-days", "2", "-subj", "/CN=alerts.test", "-addext", "subjectAltName=DNS:alerts.test",
                        "-keyout", str(key), "-out", str(self.certificate)], check=True, capture_output=True)
        hashed = bcrypt_hash(self.PASSWORD)
        web = self.folder / "web.yml"
        web.write_text(f"tls_server_config: {{cert_file: {self.certificate}, key_file: {key}}}\n"
                       f"basic_auth_users: {{luma: '{hashed}'}}\n")
        super().start(f"--web.config.file={web}")

    def ask(self, path: str):
        token = base64.b64encode(f"luma:{self.PASSWORD}".encode()).decode()
        request = urllib.request.Request(f"https://127.0.0.1:{self.port}{path}",
                                         headers={"Authorization": f"Basic {token}"})
        context = ssl.create_default_context(cafile=str(self.certificate))
        context.check_hostname = False
        with urllib.request.urlopen(request, context=context, timeout=10) as response:
            return response.read()

    def is_ready(self) -> bool:
        try:
            return bool(self.ask("/-/ready"))
        except OSError:
            return False

    def alerts(self) -> dict[str, dict]:
        return {one["labels"]["alertname"]: one for one in json.loads(self.ask("/api/v2/alerts"))}


def bcrypt_hash(password: str) -> str:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        import crypt
        return crypt.crypt(password, crypt.mksalt(crypt.METHOD_BLOWFISH, rounds=16))


class RulesTest(ServerTest):
    settings = {"server.lifecycle_api": "true"}

    def setUp(self):
        super().setUp()
        self.rules = self.folder / "rules.yml"

    def use_rules(self, text: str, **settings: str):
        """Restarts the server with these rules."""
        self.rules.write_text(text)
        self.assertEqual(self.server.stop(), 0)
        self.server.settings.update({"rules.files": str(self.rules), "rules.evaluation_interval": "1s",
                                     **{f"rules.{key}": value for key, value in settings.items()}})
        self.server.restart()

    def write(self, value: float):
        sample = (int(time.time() * 1000), struct.unpack("<Q", struct.pack("<d", value))[0])
        labels = {"__name__": "temperature", "room": "kitchen"}
        series = remote_write.series(labels, [sample])
        self.assertEqual(remote_write.write(self.server.url(""), [series]), 204)

    def alert(self, name: str) -> dict | None:
        found = [one for one in self.server.api("alerts")["alerts"] if one["labels"]["alertname"] == name]
        return found[0] if found else None


class ComparedRulesTest(RulesTest):
    maxDiff = None

    def start_prometheus(self) -> str:
        port = free_port()
        config = self.folder / "prometheus.yml"
        config.write_text(f"rule_files: ['{self.rules}']\n")
        prometheus = Process(self.folder / "prometheus.log")
        self.addCleanup(prometheus.kill)
        prometheus.launch(["prometheus", f"--config.file={config}",
                           f"--storage.tsdb.path={self.folder / 'prometheus_data'}",
                           f"--web.external-url=http://127.0.0.1:{port}",
                           f"--web.listen-address=127.0.0.1:{port}"])
        url = f"http://127.0.0.1:{port}"
        wait_until(lambda: answers(f"{url}/-/ready"), "Prometheus is ready")
        self.server.settings["rules.external_url"] = url
        return url

    def test_the_same_as_prometheus(self):
        self.rules.write_text(COMPARED)
        self.run_client(["promtool", "check", "rules", str(self.rules)])
        url = self.start_prometheus()
        self.use_rules(COMPARED)

        def settled(base: str) -> bool:
            groups = prometheus_api(base, "rules")["groups"]
            rules = [rule for group in groups for rule in group["rules"]]
            texts = [alert["annotations"].get("query", "") for rule in rules
                     for alert in rule.get("alerts", [])]
            return (any(text.startswith("43 ") for text in texts)
                    and all(rule["health"] != "unknown" for rule in rules))
        for base in (url, self.server.url("")):
            wait_until(lambda base=base: settled(base), f"{base} has evaluated the rules twice")
        theirs = without_times(prometheus_api(url, "rules")["groups"])
        ours = without_times(self.server.api("rules")["groups"])
        self.assertEqual([group["name"] for group in ours], [group["name"] for group in theirs])
        for our_group, their_group in zip(ours, theirs):
            for our_rule, their_rule in zip(our_group.pop("rules"), their_group.pop("rules")):
                with self.subTest(their_rule["name"]):
                    self.assertEqual(our_rule, their_rule)
            self.assertEqual(our_group, their_group)
        for query in ('room:temperature:double', "twice", "ALERTS", "ALERTS_FOR_STATE > bool 1e9"):
            with self.subTest(query):
                self.assertEqual(self.instant(self.server.url(""), query), self.instant(url, query))
        self.check_filters(url)

    @staticmethod
    def instant(base: str, query: str) -> list:
        result = prometheus_api(base, "query", query=query)["result"]
        return sorted((sorted(one["metric"].items()), one["value"][1]) for one in result)

    def check_filters(self, url: str):
        for parameters in ({"type": "alert"}, {"type": "record"}):  # all that Prometheus 2.42 has
            with self.subTest(parameters):
                names = [[rule["name"] for group in prometheus_api(base, "rules", **parameters)["groups"]
                          for rule in group["rules"]] for base in (self.server.url(""), url)]
                self.assertEqual(*names)


class RecordedHistogramTest(RulesTest):
    def test_a_recorded_histogram_is_one_and_survives_a_kill(self):
        self.use_rules(RECORDED)
        now = int(time.time() * 1000)
        latency = remote_write.histogram_series({"__name__": "latency"}, [
            remote_write.histogram(now - 2000, [1, 2]), remote_write.histogram(now, [2, 4, 1])])
        self.assertEqual(remote_write.write(self.server.url(""), [latency]), 204)
        recorded = wait_until(lambda: self.server.api("query", query="latency:recorded")["result"],
                              "the rule has recorded")
        self.assertEqual(recorded[0]["metric"], {"__name__": "latency:recorded", "kind": "copy"})
        self.assertEqual(recorded[0]["histogram"][1]["count"], "7")
        doubled = wait_until(lambda: self.server.api("query", query="latency:doubled")["result"],
                             "a rule over the recorded histogram has recorded")
        self.assertEqual([bucket[3] for bucket in doubled[0]["histogram"][1]["buckets"]], ["4", "8", "2"])
        alert = wait_until(lambda: self.alert("Slow"), "the alert is there")
        self.assertEqual(alert["annotations"], {"text": "{count:7, sum:7, (0.5,1]:2, (1,2]:4, (2,4]:1}"})
        self.server.kill()
        self.server.restart()
        quantile = self.server.api("query", query="histogram_quantile(0.5, last_over_time(latency:recorded[1h]))")
        self.assertEqual(len(quantile["result"]), 1)
        self.assertGreater(float(quantile["result"][0]["value"][1]), 1)


class GuardedAlertmanagerTest(RulesTest):
    def test_alerts_go_over_https_with_a_password_as_prometheus_yml_says(self):
        alertmanager = GuardedAlertmanager(self.folder)
        self.addCleanup(alertmanager.kill)
        alertmanager.start()
        (self.folder / "password").write_text("wrong")
        prometheus_yml = self.folder / "prometheus.yml"
        prometheus_yml.write_text(f"""
alerting:
  alert_relabel_configs:
    - {{source_labels: [room], target_label: place}}
    - {{regex: room, action: labeldrop}}
  alertmanagers:
    - scheme: https
      basic_auth: {{username: luma, password_file: password}}
      tls_config: {{ca_file: {alertmanager.certificate}, server_name: alerts.test}}
      static_configs: [{{targets: ['127.0.0.1:{alertmanager.port}']}}]
""")
        self.server.settings["scrape.config_file"] = str(prometheus_yml)
        self.use_rules(HEAT, resend_delay="1s")
        self.write(31.5)
        wait_until(lambda: "reason=status 401" in self.server.log_text(), "the password is refused")
        (self.folder / "password").write_text(alertmanager.PASSWORD + "\n")
        alert = wait_until(lambda: alertmanager.alerts().get("Hot"), "the Alertmanager has the alert")
        self.assertEqual(alert["labels"], {"alertname": "Hot", "place": "kitchen", "severity": "page"})
        self.assertEqual(self.server.api("alertmanagers")["activeAlertmanagers"],
                         [{"url": f"https://127.0.0.1:{alertmanager.port}/api/v2/alerts"}])
        shown = self.server.api("status/config")["yaml"]
        self.assertIn("alerting", shown)
        self.assertNotIn(alertmanager.PASSWORD, shown)


class AlertmanagerTest(RulesTest):
    def setUp(self):
        super().setUp()
        self.alertmanager = Alertmanager(self.folder)
        self.addCleanup(self.alertmanager.kill)
        self.alertmanager.start()

    def start_rules(self):
        self.use_rules(HEAT, alertmanagers=self.alertmanager.url, external_url="http://luma.test/x/",
                       external_labels="cluster=c1", resend_delay="1s", for_grace_period="1s")

    def test_an_alertmanager_is_told_the_beginning_and_the_end(self):
        self.start_rules()
        self.write(31.5)
        alert = wait_until(lambda: self.alertmanager.alerts().get("Hot"), "the Alertmanager has the alert")
        self.assertEqual(alert["labels"], {"alertname": "Hot", "cluster": "c1", "room": "kitchen",
                                           "severity": "page"})
        self.assertEqual(alert["annotations"], {"summary": "kitchen has 31.5"})
        self.assertEqual(alert["generatorURL"],
                         "http://luma.test/x/graph?g0.expr=temperature+%3E+30&g0.tab=1")
        self.assertEqual(alert["status"]["state"], "active")
        self.assertEqual(self.server.api("alertmanagers")["activeAlertmanagers"],
                         [{"url": f"{self.alertmanager.url}/api/v2/alerts"}])
        self.assertNotIn("HotForLong", self.alertmanager.alerts())
        self.write(20)
        wait_until(lambda: "Hot" not in self.alertmanager.alerts(), "the alert is resolved")

    def test_alerts_wait_for_an_alertmanager_that_is_down(self):
        self.start_rules()
        self.alertmanager.kill()
        self.write(31.5)
        wait_until(lambda: "alerts are not taken" in self.server.log_text(), "a failure is logged")
        self.alertmanager.start()
        wait_until(lambda: self.alertmanager.alerts().get("Hot"), "the Alertmanager has the alert")

    def test_a_kill_keeps_the_age_of_alerts(self):
        self.start_rules()
        self.write(31.5)
        before = wait_until(lambda: self.alert("HotForLong"), "the alert is pending")
        self.assertEqual(before["state"], "pending")
        wait_until(lambda: self.server.api("query", query="ALERTS_FOR_STATE")["result"], "it is stored")
        time.sleep(5)  # so that a new alert would be clearly younger
        down = time.time()
        self.server.kill()
        self.server.restart()
        series = 'ALERTS_FOR_STATE{alertname="HotForLong"}'
        restored = wait_until(
            lambda: self.server.api("query", query=f"timestamp({series}) > {down} and {series}")["result"],
            "the state is stored again")
        since = float(self.server.api("query", query=series)["result"][0]["value"][1])
        away = float(restored[0]["value"][1]) - down
        self.assertLess(since, down - 4 + away + 1, "as old as before, but for the time away")

    def test_a_bad_file_changes_nothing(self):
        self.start_rules()
        self.rules.write_text("groups: [{name: g, rules: [{alert: X, expr: 'up{'}]}]")
        answer = http(self.server.url("/-/reload"), b"", method="POST")
        self.assertEqual(answer.status, 500)
        self.assertIn("could not parse expression", answer.text)
        self.assertFalse(self.server.api("status/runtimeinfo")["reloadConfigSuccess"])
        self.assertEqual(len(self.server.api("rules")["groups"][0]["rules"]), 2)
        self.rules.write_text("groups: [{name: heat, rules: [{record: one, expr: '1'}]}]")
        self.assertEqual(http(self.server.url("/-/reload"), b"", method="POST").status, 200)
        self.assertEqual([rule["name"] for rule in self.server.api("rules")["groups"][0]["rules"]], ["one"])


if __name__ == "__main__":
    unittest.main()
