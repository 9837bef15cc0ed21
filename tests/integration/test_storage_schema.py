"""An operator asks psql what the store is made of: schema luma_storage, beside /metrics and the files."""

import unittest

from harness import BINARY, ServerTest, http

COLUMNS = "at timestamptz, machine text, load double precision"
ROWS = 50_000  # four blocks of 16,384 rows for each of three columns


class StorageSchemaTest(ServerTest):
    def psql(self, sql: str) -> list[list[str]]:
        port = str(self.server.ports["postgres"])
        printed = self.run_client(["psql", "-X", "-At", "-v", "ON_ERROR_STOP=1", "-h", "127.0.0.1",
                                   "-p", port, "-U", "luma", "-d", "luma", "-c", sql],
                                  {"PGTZ": "UTC", "PGCONNECT_TIMEOUT": "10"})
        return [line.split("|") for line in printed.splitlines()]

    def metric(self, name: str) -> float:
        for line in http(self.server.url("/metrics", "metrics")).text.splitlines():
            if line.startswith(name + " "):
                return float(line.split()[1])
        raise AssertionError(f"no such metric: {name}")

    def setUp(self):
        super().setUp()
        self.psql(f"CREATE TABLE loads ({COLUMNS})")
        self.psql("INSERT INTO loads SELECT timestamptz '2024-05-01 00:00:00+00' "
                  "+ to_seconds(15 * i), 'machine ' || i % 5, (i % 100) / 10.0 "
                  f"FROM range({ROWS}) r(i)")

    def test_rows_move_from_memory_to_a_segment_file(self):
        where = ("SELECT hot_rows, segments, warm_rows FROM luma_storage.tables "
                 "WHERE table_name = 'loads'")
        self.assertEqual(self.psql(where), [[str(ROWS), "0", "0"]])
        self.psql("CHECKPOINT")
        self.assertEqual(self.psql(where), [["0", "1", str(ROWS)]])
        self.psql("DELETE FROM loads WHERE machine = 'machine 0'")
        [[file_name, rows, deleted, size]] = self.psql(
            "SELECT file_name, rows, deleted_rows, bytes FROM luma_storage.segments "
            "WHERE table_name = 'loads'")
        self.assertEqual([rows, deleted], [str(ROWS), str(ROWS // 5)])
        files = {path.name: path.stat().st_size for path in self.server.data.rglob("*.seg")}
        self.assertEqual(files[file_name], int(size))

    def test_blocks_show_codecs_and_bounds(self):
        self.psql("CHECKPOINT")
        blocks = self.psql(
            "SELECT column_name, count(*), sum(rows), min(codec), max(codec), min(min_value), "
            "max(max_value), round(max(bits_per_value)) < 16 FROM luma_storage.blocks "
            "WHERE table_name = 'loads' GROUP BY column_name ORDER BY column_name")
        self.assertEqual([block[:3] for block in blocks],
                         [[column, "4", str(ROWS)] for column in ("at", "load", "machine")])
        self.assertEqual([block[-1] for block in blocks], ["t", "t", "t"])
        at, load, machine = blocks
        self.assertEqual(at[5:7], ["2024-05-01 00:00:00+00", "2024-05-09 16:19:45+00"])
        self.assertEqual(load[5:7], ["0.0", "9.9"])
        self.assertEqual(machine[3:7], ["dictionary+zstd", "dictionary+zstd",
                                        "machine 0", "machine 4"])
        inspected = self.run_client([BINARY, "inspect",
                                     str(self.server.data / "segments")])
        for codec in {codec for block in blocks for codec in block[3:5]}:
            self.assertIn(f" codec={codec} ", inspected)

    def test_figures_agree_with_metrics(self):
        self.psql("CHECKPOINT")
        [[rows, size]] = self.psql("SELECT rows, bytes FROM luma_storage.tiers WHERE tier = 'warm'")
        self.assertEqual(float(rows), self.metric("luma_storage_warm_rows"))
        self.assertEqual(float(size), self.metric("luma_storage_warm_bytes"))
        self.assertEqual(self.psql("SELECT sum(bytes) FROM luma_storage.segments"), [[size]])
        [[limit]] = self.psql("SELECT limit_bytes FROM luma_storage.budget WHERE use = 'hot_rows'")
        self.assertEqual(float(limit), self.metric("luma_memory_limit_bytes"))
        [[flushes, written, merges]] = self.psql(
            "SELECT flushes, flush_written_bytes, merges FROM luma_storage.compactions")
        self.assertEqual(float(flushes), self.metric("luma_storage_flushes_total"))
        self.assertEqual(float(written), self.metric("luma_flush_written_bytes_total"))
        self.assertEqual(float(merges), self.metric("luma_compaction_merges_total"))
        [[wal]] = self.psql("SELECT bytes FROM luma_storage.wal")
        self.assertEqual(float(wal), self.metric("luma_wal_bytes"))

    def test_psql_lists_the_schema(self):
        names = [row[1] for row in self.psql("\\dv luma_storage.*")]
        self.assertEqual(names, ["blocks", "budget", "cold", "compactions", "downsampling", "segments",
                                 "tables", "tiers", "wal"])


if __name__ == "__main__":
    unittest.main()
