"""Remote write as its specifications demand it of a receiver, 2.0 above all: what is stored, what is told to the sender,
and what of it is there after a crash."""

import time
import unittest
from urllib.parse import urlencode

import remote_write
from harness import ServerTest, http
from remote_write import COUNTER, RequestV2, histogram, write_v2, written


class RemoteWriteTest(ServerTest):
    def setUp(self):
        super().setUp()
        self.now = int(time.time()) * 1000

    def send(self, request: RequestV2):
        return write_v2(self.server.url(""), request.message())

    def data(self, path: str, **parameters):
        answer = http(self.server.url(f"{path}?{urlencode(parameters)}"))
        self.assertEqual(answer.status, 200, answer.text)
        return answer.json()["data"]

    def query(self, text: str) -> list:
        """Labels and value of each series at the time of the test."""
        found = self.data("/api/v1/query", query=text, time=self.now / 1000)["result"]
        return [(series["metric"], series["value"][1]) for series in found]

    def crash(self):
        self.server.kill()
        self.server.start()


class NegotiationTest(RemoteWriteTest):
    def test_the_content_type_says_which_message_it_is(self):
        request = RequestV2()
        request.add({"__name__": "up"}, request.sample(self.now, 1))
        one = remote_write.field(1, remote_write.series({"__name__": "up_one"}, [(self.now, 0)]))
        cases = [("application/x-protobuf;proto=io.prometheus.write.v2.Request", "snappy", request.message(), 204),
                 ("application/x-protobuf; proto=prometheus.WriteRequest", "snappy", one, 204),
                 ("application/x-protobuf", "snappy", one, 204),
                 ("application/x-protobuf;proto=io.prometheus.write.v9.Request", "snappy", request.message(), 415),
                 ("application/json", "snappy", request.message(), 415),
                 ("application/x-protobuf;proto=io.prometheus.write.v2.Request", "gzip", request.message(), 415),
                 ("application/x-protobuf;proto=io.prometheus.write.v2.Request", "snappy", one, 400)]
        for content_type, encoding, message, status in cases:
            headers = {"Content-Type": content_type, "Content-Encoding": encoding}
            self.assertEqual(write_v2(self.server.url(""), message, headers).status, status, content_type)
        self.assertEqual(self.query("up_one"), [({"__name__": "up_one"}, "0")])

    def test_bodies_that_are_no_message_are_refused_for_good(self):
        request = RequestV2()
        request.add({"__name__": "up"}, request.sample(self.now, 1))
        message = request.message()
        not_empty = remote_write.field(4, b"up") + message
        for bad in (message[:-3], not_empty, b"\xff" * 100):
            answer = write_v2(self.server.url(""), bad)
            self.assertEqual((answer.status, written(answer)), (400, (0, 0, 0)))
        answer = http(self.server.url("/api/v1/write"), b"no snappy", remote_write.HEADERS_V2)
        self.assertEqual((answer.status, written(answer)), (400, (0, 0, 0)))
        self.assertEqual(self.query("up"), [])


class WrittenTest(RemoteWriteTest):
    def test_counts_are_those_of_what_was_stored(self):
        request = RequestV2()
        request.add({"__name__": "up", "job": "a"}, request.sample(self.now - 1000, 1), request.sample(self.now, 2),
                    request.exemplar({"trace_id": "abc"}, 0.5, self.now))
        request.add({"__name__": "h"}, remote_write.field(3, histogram(self.now, [1, 3])))
        for _ in range(2):  # a request whose answer was lost is sent again
            answer = self.send(request)
            self.assertEqual((answer.status, written(answer)), (204, (2, 1, 1)))
        self.assertEqual(self.query("count_over_time(up[1m])"), [({"job": "a"}, "2")])
        self.assertEqual(self.query("histogram_count(h)"), [({}, "4")])

    def test_valid_series_of_a_bad_request_are_kept(self):
        request = RequestV2()
        name = request.references({"__name__": "good"})
        bad = {"no name": request.references({"job": "a"}),
               "no labels": b"",
               "odd references": remote_write.field(1, b"\x01\x02\x01"),
               "reference to nothing": remote_write.field(1, b"\x01\xe7\x07"),
               "same name twice": remote_write.field(1, b"\x01\x02\x01\x02"),
               "metadata of nothing": name + remote_write.field(5, b"\x08\x01\x18\xa0\x1f")}
        for number, (what, labels) in enumerate(bad.items()):
            request.all_series = b""
            request.add_raw(labels, request.sample(self.now, 1))
            request.add({"__name__": "good", "i": str(number)}, request.sample(self.now, 1))
            answer = self.send(request)
            self.assertEqual((answer.status, written(answer)), (400, (1, 0, 0)), what)
            self.assertIn("series=1 (", answer.text)
        self.assertEqual(self.query("count(good)"), [({}, str(len(bad)))])

    def test_bad_histograms_exemplars_and_times_are_told(self):
        request = RequestV2()
        request.add({"__name__": "h"}, remote_write.field(3, histogram(self.now, [1, 3], total=2)),
                    remote_write.field(3, histogram(self.now + 1, [1, 3])))
        request.add({"__name__": "up"}, request.sample(self.now, 1), request.sample(self.now + 10 * 86_400_000, 1),
                    remote_write.field(4, remote_write.field(1, b"\x01\xe7\x07")),
                    request.exemplar({"trace_id": "x" * 200}, 1, self.now),
                    request.exemplar({"trace_id": "abc"}, 1, self.now))
        answer = self.send(request)
        self.assertEqual((answer.status, written(answer)), (400, (1, 1, 1)))
        for part in ("histograms=1 (", "samples=1 (", "exemplars=1 ("):
            self.assertIn(part, answer.text)

    def test_labels_may_be_any_text_in_any_order(self):
        labels = {"__name__": "a.b c", "job name": 'x"\\\n', "ü": "数据 😀"}
        request = RequestV2()
        request.add(labels, request.sample(self.now - 1, 1))
        numbers = [request.symbol(text) for pair in reversed(sorted(labels.items())) for text in pair]
        request.add_raw(remote_write.field(1, bytes(numbers)), request.sample(self.now, 2))
        self.assertEqual(self.send(request).status, 204)
        self.assertEqual(self.query('{__name__="a.b c"}'), [(labels, "2")])
        request.add({"__name__": "up", "bad": "?"}, request.sample(self.now, 1))
        request.symbols = [text if text != "?" else "\udcff" for text in request.symbols]
        message = b"".join(remote_write.field(4, text.encode("utf-8", "surrogateescape")) for text in request.symbols)
        answer = write_v2(self.server.url(""), message + request.all_series)
        self.assertEqual((answer.status, written(answer)), (400, (2, 0, 0)))

    def test_a_stale_marker_ends_a_series(self):
        request = RequestV2()
        stale = remote_write.sample(self.now - 5000, remote_write.STALE_MARKER_BITS)
        request.add({"__name__": "up"}, request.sample(self.now - 9000, 1), remote_write.field(2, stale))
        self.assertEqual(written(self.send(request)), (2, 0, 0))
        self.assertEqual(self.query("up"), [])

    def test_bombs_cost_nothing(self):
        huge = "x" * 60_000
        request = RequestV2()
        labels = request.references({"__name__": "up", "a": huge})
        request.all_series = remote_write.field(5, labels + request.sample(self.now, 1)) * 20_000
        answer = self.send(request)
        self.assertEqual((answer.status, written(answer)), (413, (0, 0, 0)))
        claims_much = remote_write.varint(4 << 30) + b"\x00a"
        self.assertEqual(http(self.server.url("/api/v1/write"), claims_much, remote_write.HEADERS_V2).status, 400)


class MetadataTest(RemoteWriteTest):
    def test_metadata_of_both_versions_is_there_at_once(self):
        request = RequestV2()
        for suffix in ("bucket", "sum", "count"):
            request.add({"__name__": f"latency_seconds_{suffix}"}, request.sample(self.now, 1),
                        request.metadata(3, "How long.", "seconds"))
        request.add({"__name__": "requests_total"}, request.metadata(COUNTER, "Answers.", ""))
        self.assertEqual(written(self.send(request)), (3, 0, 0))
        one = b"\x08\x02" + remote_write.field(2, b"old") + remote_write.field(4, b"One.")
        body = remote_write.uncompressed_snappy(remote_write.field(3, one))
        self.assertEqual(http(self.server.url("/api/v1/write"), body, remote_write.HEADERS).status, 204)
        metadata = self.data("/api/v1/metadata")
        self.assertEqual({name: metadata[name] for name in ("latency_seconds", "requests_total", "old")}, {
            "latency_seconds": [{"type": "histogram", "help": "How long.", "unit": "seconds"}],
            "requests_total": [{"type": "counter", "help": "Answers.", "unit": ""}],
            "old": [{"type": "gauge", "help": "One.", "unit": ""}]})
        self.assertEqual(self.query("requests_total"), [])


class ExemplarTest(RemoteWriteTest):
    def exemplars(self, query: str, **parameters) -> list:
        return [(series["seriesLabels"], [(one["labels"], one["value"], one["timestamp"]) for one in series["exemplars"]])
                for series in self.data("/api/v1/query_exemplars", query=query, **parameters)]

    def write_both_versions(self):
        request = RequestV2()
        request.add({"__name__": "two_bucket"}, request.sample(self.now, 1),
                    request.exemplar({"trace_id": "abc", "span_id": "1"}, 0.5, self.now - 500),
                    request.exemplar({}, 0.25, self.now))
        self.assertEqual(written(self.send(request)), (1, 0, 2))
        label = remote_write.field(1, remote_write.field(1, b"trace_id") + remote_write.field(2, b"def"))
        one = remote_write.field(3, label + b"\x11" + bytes(8) + b"\x18" + remote_write.varint(self.now))
        series = remote_write.series({"__name__": "one"}, [(self.now, 0)]) + one
        self.assertEqual(remote_write.write(self.server.url(""), [series]), 204)

    def test_exemplars_survive_a_crash_and_are_told_once(self):
        self.write_both_versions()
        self.crash()
        self.write_both_versions()
        two = ({"__name__": "two_bucket"},
               [({"span_id": "1", "trace_id": "abc"}, "0.5", (self.now - 500) / 1000), ({}, "0.25", self.now / 1000)])
        one = ({"__name__": "one"}, [({"trace_id": "def"}, "0", self.now / 1000)])
        self.assertEqual(self.exemplars("histogram_quantile(0.9, rate(two_bucket[5m])) + one"), [one, two])
        self.assertEqual(self.exemplars("one", start=self.now / 1000 + 1), [])
        with self.server.connect() as connection:
            rows = connection.execute("SELECT metric, trace_id, value FROM exemplars ORDER BY metric, ts").fetchall()
            self.assertEqual(rows, [("one", "def", 0), ("two_bucket", "abc", 0.5), ("two_bucket", None, 0.25)])
            connection.execute("DELETE FROM luma.exemplars WHERE value = 0.25")
            self.assertEqual(connection.execute("SELECT count(*) FROM luma.exemplars").fetchone()[0], 2)
            connection.execute("ALTER TABLE luma.exemplars SET (retention = '7d')")


class StartTimestampTest(RemoteWriteTest):
    def test_start_timestamps_survive_a_crash_and_count_in_rates(self):
        request = RequestV2()
        request.add({"__name__": "c_total"}, request.sample(self.now - 60_000, 10), request.sample(self.now, 30, self.now - 30_000))
        request.add({"__name__": "plain_total"}, request.sample(self.now - 60_000, 10), request.sample(self.now, 30))
        self.assertEqual(written(self.send(request)), (4, 0, 0))
        self.crash()
        start = (self.now - 30_000) / 1000
        self.assertEqual([float(value) for _, value in self.query("start_timestamp(c_total)")], [start])
        self.assertEqual(self.query("start_timestamp(plain_total)"), [({}, "0")])
        self.assertEqual(self.query("resets(c_total[5m])"), [({}, "1")])
        self.assertEqual(self.query("resets(plain_total[5m])"), [({}, "0")])
        with self.server.connect() as connection:
            rows = connection.execute("SELECT count(*) FROM luma.start_times").fetchone()[0]
            self.assertEqual(rows, 1, "only the sample that has one costs a row")


if __name__ == "__main__":
    unittest.main()
