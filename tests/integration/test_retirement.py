"""Series without recent samples leave the memory of the real server, are found, and come back.

LUMA_SEED repeats the choices of the random test.
"""

import os
import random
import subprocess
import threading
import time
import unittest

from harness import BINARY, LumaServer, ServerTest, http, wait_until
from remote_write import double_bits, series, write

MINUTE_MS = 60_000


def now_ms() -> int:
    return int(time.time() * 1000)


class RetirementTestCase(ServerTest):
    settings = {"ingest.retire_series_after": "8s"}  # a pass each second

    def setUp(self):
        super().setUp()
        self.old = now_ms() - 60 * MINUTE_MS

    def metric(self, name: str) -> float:
        page = http(self.server.url("/metrics", "metrics")).text
        return next(float(line.split()[1]) for line in page.splitlines() if line.startswith(f"{name} "))

    def write(self, pods: list[str], at: int) -> int:
        return write(self.server.url(""), [series({"__name__": "m", "pod": pod}, [(at, double_bits(1.0))])
                                           for pod in pods])

    def pods(self, start: int, end: int) -> list[str]:
        """Of the series with samples in between, in milliseconds."""
        return self.server.api("label/pod/values", start=start / 1000, end=end / 1000)

    def pods_at(self, at: int) -> list[str]:
        """Of the samples of that very time."""
        found = self.server.api("query", query="m[1ms]", time=at / 1000)["result"]
        return sorted(one["metric"]["pod"] for one in found)

    def wait_until_retired(self, count: int):
        wait_until(lambda: self.metric("luma_series_retired") == count, f"{count} series on disk")

    def series_ids(self) -> dict[str, int]:
        rows = self.server.sql("SELECT DISTINCT labels['pod'], series_id FROM samples WHERE metric = 'm'")
        self.assertEqual(len(rows), len(dict(rows)), "a series is there twice")
        [[stored]] = self.server.sql("SELECT count(*) FROM luma.series WHERE metric = 'm'")
        self.assertEqual(stored, len(rows))
        return dict(rows)

    def restart(self, kill: bool = True):
        if kill:
            self.server.kill()
        else:
            self.assertEqual(self.server.stop(), 0)
        self.server.restart()

    def expect_list_counted(self, retired: int):
        self.assertEqual(self.metric("luma_series_retired"), retired)
        self.assertEqual(self.metric("luma_series"), 0)
        self.assertNotIn("made anew", self.server.log_text())


class RetirementTest(RetirementTestCase):
    def test_series_leave_memory_are_found_and_come_back(self):
        pods = [f"pod-{number:02}" for number in range(50)]
        self.assertEqual(self.write(pods, self.old), 204)
        ids = self.series_ids()
        self.wait_until_retired(50)

        def expect_found():
            self.assertEqual(self.metric("luma_series"), 0)
            self.assertEqual(self.pods(self.old, self.old), pods)
            self.assertEqual(self.pods(self.old + MINUTE_MS, now_ms()), [])
            self.assertEqual(self.pods_at(self.old), pods)
            self.assertEqual(self.series_ids(), ids)
            found = self.server.api("series", **{"match[]": 'm{pod=~"pod-4."}'})
            self.assertEqual(len(found), 10)

        expect_found()
        for kill in (True, False):
            self.restart(kill)
            self.expect_list_counted(50)
            expect_found()

        back = now_ms()
        self.assertEqual(self.write(pods[:2], back), 204)
        text = f'm{{pod="{pods[2]}"}} 3 {back}\nm{{pod="new"}} 3 {back}\n'
        self.assertEqual(http(self.server.url("/api/v1/import/prometheus"), text.encode()).status, 204)
        self.assertEqual(self.metric("luma_series_returned_total"), 3)
        self.restart()
        self.assertEqual(self.pods_at(self.old), pods)
        self.assertEqual(self.pods_at(back), ["new", *pods[:3]])
        after = self.series_ids()
        self.assertEqual({pod: after[pod] for pod in pods}, ids)
        self.wait_until_retired(51)
        self.assertEqual(self.pods_at(self.old), pods)
        self.assertEqual(self.pods_at(back), ["new", *pods[:3]])
        self.assertEqual(self.series_ids(), after)

    # What opens the directory meanwhile, and writes no samples, costs the next start nothing.
    def test_backups_at_rest_and_failed_starts_leave_series_on_disk(self):
        self.assertEqual(self.write(["a", "b"], self.old), 204)
        self.wait_until_retired(2)
        self.assertEqual(self.server.stop(), 0)
        backup = [BINARY, "backup", "--to", str(self.folder / "backups"), "--data-dir", str(self.server.data)]
        self.run_client(backup)
        self.server.start()
        self.expect_list_counted(2)
        self.server.kill()

        file = self.folder / "file"
        file.write_text("no folder can be in here")
        broken = LumaServer(self.folder, {**self.server.settings, "wal.archive": str(file / "archive")})
        started = subprocess.run(broken.command(), capture_output=True, text=True, check=False, timeout=60)
        self.assertEqual(started.returncode, 1)
        self.assertIn("wal.archive", started.stderr)
        self.server.start()
        self.expect_list_counted(2)
        self.assertEqual(self.pods_at(self.old), ["a", "b"])

    def test_a_restored_backup_has_series_that_were_on_disk(self):
        self.assertEqual(self.write(["a", "b"], self.old), 204)
        self.wait_until_retired(2)
        self.server.stop()
        place = str(self.folder / "backups")
        self.run_client([BINARY, "backup", "--to", place, "--data-dir", str(self.server.data)])
        copy = str(self.folder / "copy")
        self.run_client([BINARY, "restore", "--from", place, "--data-dir", copy])
        self.server.settings["general.data_dir"] = copy
        self.server.start()
        self.assertEqual(self.pods_at(self.old), ["a", "b"])
        self.wait_until_retired(2)
        self.assertEqual(self.pods_at(self.old), ["a", "b"])


class CrashTest(RetirementTestCase):
    # Goal: whatever step of a move a server dies at, no sample is lost and no series made twice.
    # Method: it dies at named points, in a pass and when a series comes back.
    def test_a_server_that_dies_in_a_pass_goes_on(self):
        pods = ["a", "b", "c"]
        self.assertEqual(self.write(pods, self.old), 204)
        ids = self.series_ids()
        at = self.old
        for point in ("series_partition.before_write:1", "series_partition.written:1",
                      "series_index.before_write:2", "series_index.written:2"):
            with self.subTest(point):
                self.restart_to_die_at(point)
                self.server.process.wait()
                self.server.restart()
                self.assertEqual(self.pods_at(at), pods)
                self.wait_until_retired(3)
                self.assertEqual(self.pods_at(at), pods)
                at += MINUTE_MS
                self.assertEqual(self.write(pods, at), 204)
                self.assertEqual(self.series_ids(), ids)

    def test_a_server_that_dies_when_a_series_comes_back_goes_on(self):
        pods = ["a", "b", "c"]
        self.assertEqual(self.write(pods, self.old), 204)
        ids = self.series_ids()
        for number, point in enumerate(("series_index.before_write", "series_index.written")):
            with self.subTest(point):
                self.wait_until_retired(3)
                self.restart_to_die_at(f"{point}:2")
                at = self.old + (number + 1) * MINUTE_MS
                with self.assertRaises(OSError):
                    self.write(["b"], at)
                self.server.process.wait()
                self.server.restart()
                self.assertEqual(self.write(["b"], at), 204)
                self.assertEqual(self.pods_at(at), ["b"])
                self.assertEqual(self.pods_at(self.old), pods)
                self.assertEqual(self.series_ids(), ids)

    def restart_to_die_at(self, point: str):
        """The first list that is written is that of the start."""
        self.server.kill()
        self.server.start({"LUMA_FAILPOINT": point})


class RandomCrashTest(RetirementTestCase):
    settings = {"ingest.retire_series_after": "1s"}

    # Goal: acknowledged samples are found after a crash at any moment, and no series is made twice.
    # Method: a writer takes some of 200 pods at a time, so that the others leave memory and come
    # back; the server dies at random moments.
    def test_acknowledged_samples_survive_crashes_while_series_move(self):
        seed = int(os.environ.get("LUMA_SEED", random.SystemRandom().randrange(1 << 32)))
        print(f"LUMA_SEED={seed}")
        choice = random.Random(seed)
        pods = [f"pod-{number}" for number in range(200)]
        acknowledged: dict[int, list[str]] = {}
        moved = 0
        for _ in range(6):
            done = threading.Event()
            pause = choice.random()

            def write_some():
                while not done.is_set():
                    some = sorted(choice.sample(pods, 3))
                    at = now_ms()
                    try:
                        if self.write(some, at) == 204:
                            acknowledged[at] = some
                    except OSError:
                        return
                    done.wait(0.02)

            writer = threading.Thread(target=write_some)
            writer.start()
            wait_until(lambda: self.metric("luma_series_returned_total") > 100, "series come back")
            time.sleep(pause)
            moved += self.metric("luma_series_retired_total")
            self.server.kill()
            done.set()
            writer.join()
            self.server.restart()
            found = self.samples_by_time()
            lost = {at: some for at, some in acknowledged.items() if not set(some) <= found.get(at, set())}
            self.assertEqual(lost, {})
            self.series_ids()
        self.assertGreater(moved, 100)

    def samples_by_time(self) -> dict[int, set[str]]:
        result: dict[int, set[str]] = {}
        for one in self.server.api("query", query="m[1h]", time=now_ms() / 1000)["result"]:
            for at, _ in one["values"]:
                result.setdefault(round(at * 1000), set()).add(one["metric"]["pod"])
        return result


if __name__ == "__main__":
    unittest.main()
