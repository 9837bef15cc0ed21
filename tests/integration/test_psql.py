"""The real psql runs a script; what it prints must be what it prints against PostgreSQL 15."""

import difflib
import unittest
from pathlib import Path

from harness import ServerTest

CLIENTS = Path(__file__).resolve().parent / "clients"


class PsqlTest(ServerTest):
    def psql(self, *arguments: str) -> str:
        connection = ["-h", "127.0.0.1", "-p", str(self.server.ports["postgres"]), "-U", "luma"]
        return self.run_client(["psql", "-X", *connection, "-d", "luma", *arguments],
                               {"PGTZ": "UTC", "PGCONNECT_TIMEOUT": "10"})

    def test_the_script_prints_what_postgresql_prints(self):
        expected = (CLIENTS / "psql.expected").read_text()
        # psql names the script in error messages as it was given, so it is given as recorded.
        printed = self.psql("-f", str(CLIENTS / "psql.sql")).replace(f"{CLIENTS}/", "")
        difference = difflib.unified_diff(expected.splitlines(), printed.splitlines(),
                                          "PostgreSQL 15", "LumaDB", lineterm="", n=2)
        self.assertEqual(expected, printed, "\n" + "\n".join(difference))

    def test_a_large_copy_goes_in_and_comes_out_unchanged(self):
        rows = "".join(f"{n}\tword {n % 7}\t{n / 8}\n" for n in range(100_000))
        source = self.folder / "rows.tsv"
        target = self.folder / "out.tsv"
        source.write_text(rows)
        self.psql("-c", "CREATE TABLE big (n integer, word text, x double precision)",
                  "-c", f"\\copy big FROM '{source}'",
                  "-c", f"\\copy (SELECT * FROM big ORDER BY n) TO '{target}'")
        self.assertEqual([line.split("\t")[:2] for line in target.read_text().splitlines()],
                         [line.split("\t")[:2] for line in rows.splitlines()])
        total = self.psql("-At", "-c", "SELECT count(*), sum(x) FROM big").strip()
        self.assertEqual(total, f"100000|{sum(n / 8 for n in range(100_000)):.0f}")


if __name__ == "__main__":
    unittest.main()
