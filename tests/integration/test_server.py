"""Start, stop, reload, ports, health checks and own metrics of the real server."""

import base64
import signal
import socket
import subprocess
import unittest

from harness import BINARY, LumaServer, ServerTest, http, wait_until


class StartAndStopTest(ServerTest):
    def test_port_zero_takes_free_ports_and_logs_them(self):
        self.assertEqual(set(self.server.ports), {"http", "metrics", "postgres"})
        self.assertNotIn(0, self.server.ports.values())

    def test_health_checks_answer_on_both_http_ports(self):
        for service in ("http", "metrics"):
            self.assertEqual(http(self.server.url("/-/healthy", service)).status, 200)
            self.assertEqual(http(self.server.url("/-/ready", service)).status, 200)

    def test_own_metrics_are_prometheus_text(self):
        answer = http(self.server.url("/metrics", "metrics"))
        self.assertTrue(answer.headers["Content-Type"].startswith("text/plain; version=0.0.4"))
        self.assertIn("# TYPE process_resident_memory_bytes gauge\n", answer.text)
        self.assertIn("\nluma_scrape_writes_failed_total 0\n", answer.text)

    def test_requests_that_no_handler_sees_are_counted(self):
        self.assertEqual(http(self.server.url("/nothing/here")).status, 404)
        page = http(self.server.url("/metrics", "metrics")).text
        self.assertIn('\nluma_http_refusals_total{code="404"} 1\n', page)

    def test_sigterm_and_sigint_stop_cleanly(self):
        for number in (signal.SIGTERM, signal.SIGINT):
            self.server.send(number)
            self.assertEqual(self.server.process.wait(60), 0)
            self.server.restart()

    def test_sighup_applies_what_can_change_and_names_the_rest(self):
        config = self.folder / "lumadb.toml"
        config.write_text("[general]\nlog_level = \"info\"\n")
        other = LumaServer(self.folder / "data", {})
        other.log = self.folder / "other.log"
        other.settings["general.data_dir"] = str(self.folder / "other")
        other.command = lambda: [*LumaServer.command(other), "--config", str(config)]
        self.addCleanup(other.kill)
        other.start()
        config.write_text("[general]\nlog_level = \"debug\"\n[wal]\nsync = \"off\"\n")
        other.send(signal.SIGHUP)
        wait_until(lambda: "configuration changed: key=general.log_level" in other.log_text(), "log")
        wait_until(lambda: "waits for a restart: key=wal.sync" in other.log_text(), "log")
        config.write_text("nonsense\n")
        other.send(signal.SIGHUP)
        wait_until(lambda: f"{config}:1: not TOML" in other.log_text(), "refusal")
        self.assertEqual(http(other.url("/-/ready")).status, 200)

    def test_a_second_server_on_the_same_data_is_refused(self):
        second = subprocess.run(self.server.command(), capture_output=True, text=True, timeout=60,
                                check=False)
        self.assertEqual(second.returncode, 1)
        self.assertIn(str(self.server.data), second.stderr)
        self.assertEqual(self.server.sql("SELECT 1"), [(1,)])

    def test_a_taken_port_is_an_error_that_names_it(self):
        port = self.server.ports["http"]
        command = [BINARY, "server", "--set", f"server.port={port}", "--set", "metrics.port=0",
                   "--set", "postgres.port=0", "--set", f"general.data_dir={self.folder}/other"]
        second = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
        self.assertEqual(second.returncode, 1)
        self.assertRegex(second.stderr, f"lumadb: server.port: cannot listen: .* port={port} ")


class DrainTest(ServerTest):
    settings = {"server.shutdown_grace": "1m"}

    # Goal: SIGTERM lets a request at work finish, and no port takes new work meanwhile.
    # Method: a request whose body is half sent keeps the HTTP port draining.
    def test_while_one_port_drains_none_takes_new_work(self):
        def refused(service):
            try:
                socket.create_connection(("127.0.0.1", self.server.ports[service])).close()
            except ConnectionRefusedError:
                return True
            return False

        with socket.create_connection(("127.0.0.1", self.server.ports["http"])) as slow:
            slow.sendall(b"POST /api/v1/query HTTP/1.1\r\nHost: x\r\nContent-Length: 7\r\n"
                         b"Expect: 100-continue\r\n"
                         b"Content-Type: application/x-www-form-urlencoded\r\n\r\n")
            self.assertIn(b"100 Continue", slow.recv(100))
            self.server.send(signal.SIGTERM)
            for service in ("http", "metrics", "postgres"):
                wait_until(lambda service=service: refused(service), f"{service} takes no more")
            slow.sendall(b"query=1")
            self.assertIn(b'"scalar"', slow.recv(4096))
        self.assertEqual(self.server.process.wait(60), 0)


class DurabilityTest(ServerTest):
    def test_committed_rows_survive_kill_and_clean_restart_and_uncommitted_ones_do_not(self):
        self.server.sql("CREATE TABLE kept (id integer PRIMARY KEY, word text)")
        self.server.sql("INSERT INTO kept VALUES (1, 'one'), (2, 'two')")
        open_transaction = self.server.connect(autocommit=False)
        self.addCleanup(open_transaction.close)
        open_transaction.execute("INSERT INTO kept VALUES (3, 'never committed')")
        self.server.kill()
        self.server.restart()
        self.assertEqual(self.server.sql("SELECT * FROM kept ORDER BY id"),
                         [(1, "one"), (2, "two")])
        self.server.sql("DELETE FROM kept WHERE id = 1")
        self.assertEqual(self.server.stop(), 0)
        self.server.restart()
        self.assertEqual(self.server.sql("SELECT * FROM kept"), [(2, "two")])

    def test_the_definition_of_tables_views_and_sequences_survives(self):
        self.server.sql("CREATE SEQUENCE numbers START 7")
        self.server.sql("CREATE TABLE t (n bigint DEFAULT nextval('numbers'), "
                        "price numeric(10,2) NOT NULL CHECK (price > 0))")
        self.server.sql("CREATE VIEW cheap AS SELECT * FROM t WHERE price < 5")
        self.server.sql("INSERT INTO t (price) VALUES (1.25), (9.75)")
        self.server.kill()
        self.server.restart()
        self.server.sql("INSERT INTO t (price) VALUES (2.50)")
        rows = self.server.sql("SELECT n, price::text FROM cheap ORDER BY n")
        self.assertEqual([price for _, price in rows], ["1.25", "2.50"])
        self.assertGreaterEqual(rows[1][0], 9)


class AuthenticationTest(ServerTest):
    settings = {"auth.password": "secret", "auth.require_auth": "true",
                "server.require_auth": "true"}

    def test_postgres_asks_for_the_password(self):
        with self.server.connect(password="secret") as connection:
            self.assertEqual(connection.execute("SELECT 1").fetchall(), [(1,)])
        for wrong in ({"password": "Secret"}, {"password": "secret", "user": "other"}):
            with self.assertRaisesRegex(Exception, "password authentication failed"):
                self.server.connect(**wrong)

    def test_http_asks_for_the_password_but_health_checks_do_not(self):
        def status(path, credentials):
            token = base64.b64encode(credentials.encode()).decode()
            headers = {"Authorization": f"Basic {token}"} if credentials else {}
            return http(self.server.url(path), headers=headers).status

        self.assertEqual(status("/-/ready", ""), 200)
        self.assertEqual(status("/api/v1/query?query=up", ""), 401)
        self.assertEqual(status("/api/v1/query?query=up", "luma:wrong"), 401)
        self.assertEqual(status("/api/v1/query?query=up", "luma:secret"), 200)


class QueryTimeoutTest(ServerTest):
    settings = {"query.timeout": "1ms"}

    def test_searches_end_with_the_timeout_of_queries(self):
        values = "".join(f"m{{v=\"{'a' * 1000}{i}\"}} 1\n" for i in range(100))
        self.assertEqual(http(self.server.url("/api/v1/import/prometheus"), values.encode()).status, 204)
        terms = "&".join(f"search[]={'a' * 500}b{i}" for i in range(32))  # each nearly fits everywhere
        answer = http(self.server.url("/api/v1/search/label_values"), f"label=v&{terms}".encode())
        self.assertEqual(answer.status, 503, answer.text)
        self.assertIn("search took too long", answer.text)


class RateLimitTest(ServerTest):
    settings = {"rate_limit.enabled": "true", "rate_limit.max_requests": "20"}

    def test_the_client_that_asks_too_often_is_banned_and_told_for_how_long(self):
        answers = [http(self.server.url("/-/ready")) for _ in range(30)]
        refused = [answer for answer in answers if answer.status == 429]
        self.assertGreaterEqual(len(refused), 5)
        self.assertGreaterEqual(int(refused[0].headers["Retry-After"]), 290)


if __name__ == "__main__":
    unittest.main()
