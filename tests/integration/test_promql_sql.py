"""promql() in SQL: the answers of the HTTP API as rows that join, and relations of metrics that read no more than they must."""

import datetime
import math
import re
import unittest

import psycopg
import remote_write
from harness import ServerTest
from psycopg import errors
from random_choice import bits

START = 1_700_000_000  # seconds; a multiple of the steps asked for
UTC = datetime.timezone.utc
SAMPLES = 240  # a minute apart: four hours
END = START + 60 * (SAMPLES - 1)


def at(seconds: float) -> datetime.datetime:
    return datetime.datetime.fromtimestamp(seconds, UTC)


class PromqlSqlTest(ServerTest):
    def setUp(self):
        super().setUp()
        self.connection = self.server.connect()
        self.addCleanup(self.connection.close)
        times = [1000 * (START + 60 * i) for i in range(SAMPLES)]
        made = []
        for host in range(8):
            labels = {"host": f"h{host}", "job": "ab"[host % 2]}
            counter = [(time, bits(float(i * (host + 1)))) for i, time in enumerate(times)]
            made.append(remote_write.series({"__name__": "requests_total", **labels}, counter))
            gauge = [(time, bits(math.sin(i + host))) for i, time in enumerate(times)]
            made.append(remote_write.series({"__name__": "load", **labels}, gauge))
        native = [remote_write.histogram(time, [1, 2, i]) for i, time in enumerate(times)]
        made.append(remote_write.histogram_series({"__name__": "latency"}, native))
        self.assertIn(remote_write.write(self.server.url(""), made), (200, 204))
        self.connection.execute("CREATE TABLE hosts (name text PRIMARY KEY, team text)")
        self.connection.execute(
            "INSERT INTO hosts SELECT 'h' || i, CASE WHEN i < 4 THEN 'red' ELSE 'blue' END "
            "FROM generate_series(0, 7) AS t(i)")

    def rows(self, statement, parameters=None, **options):
        return self.connection.execute(statement, parameters, **options).fetchall()

    def http_rows(self, query: str, **times) -> set:
        """What the HTTP API answers, as (seconds, labels, bits of the value)."""
        data = self.server.api("query_range" if "step" in times else "query", query=query, **times)
        found = set()
        if data["resultType"] == "scalar":
            data["result"] = [{"metric": {}, "value": data["result"]}]
        for series in data["result"]:
            labels = tuple(sorted(series["metric"].items()))
            for time, value in series.get("values", [series.get("value")]):
                found.add((float(time), labels, bits(float(value))))
        return found

    @staticmethod
    def sql_rows(rows) -> set:
        found = set()
        for ts, metric, labels, value, histogram in rows:
            assert histogram is None
            names = {"__name__": metric} if metric else {}
            found.add((ts.timestamp(), tuple(sorted({**names, **labels}.items())), bits(value)))
        return found

    # --- the same answers

    def test_it_gives_what_the_http_api_gives(self):
        for query in ("load", "sum by (job) (rate(requests_total[5m]))", "topk(2, load)", "42",
                      'max_over_time(load{host=~"h[1-3]"}[10m:1m] offset 3m)', "load > bool 0.5",
                      "avg without (host) (requests_total)", "no_such_metric", "time()"):
            with self.subTest(query=query):
                ranged = self.http_rows(query, start=START, end=END, step=120)
                sql = "SELECT * FROM promql(%s, %s, %s, '2 minutes')"
                rows = self.rows(sql, [query, at(START), at(END)])
                self.assertEqual(self.sql_rows(rows), ranged)
                self.assertEqual(len(rows), len(ranged))
                instant = self.http_rows(query, time=START + 3600)
                rows = self.rows("SELECT * FROM promql(%s, %s)", [query, at(START + 3600)])
                self.assertEqual(self.sql_rows(rows), instant)

    def test_an_instant_selector_of_a_range_gives_samples_as_stored(self):
        rows = self.rows("SELECT extract(epoch FROM ts)::bigint, value FROM "
                         "promql('requests_total{host=\"h1\"}[3m]', %s) ORDER BY ts", [at(START + 600)])
        self.assertEqual(rows, [(START + 60 * i, 2.0 * i) for i in (8, 9, 10)])

    def test_histograms_are_text(self):
        (value, text), = self.rows("SELECT value, histogram FROM promql('latency', %s)", [at(START + 60)])
        self.assertIsNone(value)
        self.assertRegex(text, r"^\{count:4, sum:4, .*\}$")
        (count,), = self.rows("SELECT value FROM promql('histogram_count(latency)', %s)", [at(START + 60)])
        self.assertEqual(count, 4.0)

    # --- with the rest of SQL

    def test_it_joins_with_tables_and_with_relations_of_metrics(self):
        rows = self.rows(
            "SELECT h.team, max(p.value) FROM promql('rate(requests_total[5m]) * 60', %s) p "
            "JOIN hosts h ON h.name = p.labels->>'host' GROUP BY 1 ORDER BY 1", [at(END)])
        self.assertEqual([(team, round(value, 9)) for team, value in rows], [("blue", 8.0), ("red", 4.0)])
        rows = self.rows(
            "SELECT count(*) FROM promql('load', %s, %s, '1m') p JOIN metrics.load m "
            "ON m.ts = p.ts AND m.host = p.labels['host'] AND m.value = p.value", [at(START), at(END)])
        self.assertEqual(rows, [(8 * SAMPLES,)])
        rows = self.rows("SELECT count(*) FROM promql('load', %s) p JOIN samples s "
                         "ON s.metric = p.metric AND s.labels = p.labels AND s.ts = p.ts", [at(START)])
        self.assertEqual(rows, [(8,)])

    def test_columns_of_a_table_can_be_the_question(self):
        rows = self.rows(
            "SELECT h.name, p.value FROM hosts h, LATERAL promql('requests_total{host=\"' || h.name || '\"}', "
            "%s) p WHERE h.team = 'red' ORDER BY 1", [at(START + 60)])
        self.assertEqual(rows, [("h0", 1.0), ("h1", 2.0), ("h2", 3.0), ("h3", 4.0)])

    def test_a_view_over_it_moves_with_the_clock(self):
        self.connection.execute("CREATE VIEW now_up AS SELECT ts, value FROM promql('vector(1)')")
        (first, _), = self.rows("SELECT * FROM now_up")
        (second, _), = self.rows("SELECT * FROM now_up")
        self.assertLess(first, second)
        self.assertAlmostEqual(second.timestamp(), datetime.datetime.now(UTC).timestamp(), delta=60)

    # --- parameters and types

    def test_parameters_of_many_types_in_text_and_binary_prepared_on_the_server(self):
        minute = datetime.timedelta(minutes=1)
        expected = {(at(START + 60 * i), 3.0 * i) for i in range(5)}
        query = 'requests_total{host="h2"}'
        for start, end, step in ((at(START), at(START + 240), minute), (START, START + 240, 60),
                                 (float(START), START + 240.0, 60.0), (str(START), str(START + 240), "1m"),
                                 (at(START).isoformat(), at(START + 240).isoformat(), "00:01:00")):
            for binary in (False, True):
                with self.subTest(start=start, binary=binary):
                    for _ in range(3):
                        rows = self.rows("SELECT ts, value FROM promql(%s, %s, %s, %s)",
                                         [query, start, end, step], prepare=True, binary=binary)
                        self.assertEqual(set(rows), expected)

    def test_its_columns_have_postgresqls_types(self):
        cursor = self.connection.execute("SELECT * FROM promql('load', %s)", [at(START)])
        self.assertEqual([(column.name, column.type_code) for column in cursor.description],
                         [("ts", 1184), ("metric", 25), ("labels", 114), ("value", 701), ("histogram", 25)])

    # --- what goes wrong

    def test_errors_have_codes_and_promqls_own_words(self):
        for query, arguments, error, words in (
                ("sum(", "", errors.SyntaxError, "1:5: parse error"),
                ("rate(load)", "", errors.SyntaxError, "expected type range vector"),
                ('"text"', "", errors.InvalidParameterValue, "string"),
                ("load[5m]", ", 0, 1, 1", errors.InvalidParameterValue, "range"),
                ("load + on (job) load", f", {START}", errors.InvalidParameterValue, "many-to-many"),
                ("load", ", NULL", errors.InvalidParameterValue, "time must not be null"),
                ("load", ", 2, 1, 1", errors.InvalidParameterValue, "end must not be before start"),
                ("load", ", 0, 1e12, 0.001", errors.ProgramLimitExceeded, "too many steps")):
            with self.subTest(query=query, arguments=arguments):
                with self.assertRaises(error) as caught:
                    self.rows(f"SELECT * FROM promql($q${query}$q${arguments})")
                self.assertIn(words, str(caught.exception))
        self.assertEqual(self.rows("SELECT count(*) FROM promql('load', %s)", [at(START)]), [(8,)])

    def test_remarks_of_promql_are_notices(self):
        seen = []
        self.connection.add_notice_handler(lambda notice: seen.append((notice.severity, notice.message_primary)))
        self.rows("SELECT * FROM promql('rate(load[5m])', %s)", [at(END)])
        self.rows("SELECT * FROM promql('quantile(7, load)', %s)", [at(END)])
        self.assertEqual(len(seen), 2, seen)
        self.assertEqual(seen[0][0], "NOTICE")
        self.assertIn("metric might not be a counter", seen[0][1])
        self.assertEqual(seen[1][0], "WARNING")
        self.assertIn("quantile value should be between 0 and 1", seen[1][1])

    def test_a_timeout_ends_a_long_question(self):
        slow = "sum(sum_over_time(load[4h:1s])) + sum(quantile_over_time(0.9, load[4h:1s]))"
        with self.connection.transaction():
            self.connection.execute("SET LOCAL statement_timeout = '100ms'")
            with self.assertRaises(errors.QueryCanceled):
                self.rows(f"SELECT * FROM promql('{slow}', {START}, {END}, 1)")
            raise psycopg.Rollback()
        self.assertEqual(self.rows("SELECT 1"), [(1,)])

    # --- clients

    def test_psql_shows_it(self):
        printed = self.run_client(
            ["psql", "-X", "-At", "-h", "127.0.0.1", "-p", str(self.server.ports["postgres"]), "-U", "luma",
             "-d", "luma", "-c",
             f"SELECT labels->>'host', value FROM promql('topk(1, requests_total)', {END})"])
        self.assertEqual(printed.strip(), f"h7|{8 * (SAMPLES - 1)}")

    # --- relations of metrics

    def blocks_read(self, statement: str) -> tuple[int, int]:
        """Of the scan with most blocks: how many it read, and how many there are."""
        plan = "\n".join(row[-1] for row in self.rows("EXPLAIN ANALYZE " + statement))
        counts = [(int(read), int(of)) for read, of in re.findall(r"Blocks:\s+(\d+) of (\d+)", plan)]
        self.assertTrue(counts, plan)
        return max(counts, key=lambda one: one[1])

    def test_conditions_on_labels_are_shown_and_used(self):
        plan = "\n".join(row[-1] for row in self.rows("EXPLAIN SELECT value FROM metrics.load WHERE host = 'h3'"))
        self.assertIn('host="h3"', re.sub(r"[\s│]+", "", plan))
        self.assertEqual(self.rows("SELECT count(*) FROM metrics.load WHERE host = 'h3'"), [(SAMPLES,)])
        self.assertEqual(self.rows("SELECT count(*) FROM samples WHERE labels->>'host' LIKE 'h_' "
                                   "AND metric = 'load'"), [(8 * SAMPLES,)])
        read, _ = self.blocks_read("SELECT sum(value) FROM metrics.load WHERE host = 'none'")
        self.assertEqual(read, 0)


if __name__ == "__main__":
    unittest.main()
