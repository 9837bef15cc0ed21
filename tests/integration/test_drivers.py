"""node-postgres and pgjdbc run their scripts (clients/) against the server."""

import unittest
from pathlib import Path

from harness import NPM_FOLDER, ServerTest

CLIENTS = Path(__file__).resolve().parent / "clients"
PGJDBC = "/usr/share/java/postgresql.jar"


class DriversTest(ServerTest):
    def port(self) -> str:
        return str(self.server.ports["postgres"])

    def test_node_postgres(self):
        printed = self.run_client(["node", str(CLIENTS / "node_postgres.js"), self.port()],
                                  {"NODE_PATH": str(NPM_FOLDER / "node_modules")})
        self.assertTrue(printed.endswith("ok\n"), printed)

    def test_pgjdbc(self):
        printed = self.run_client(["java", "-Duser.timezone=UTC", "-cp", PGJDBC,
                                   str(CLIENTS / "PgJdbcClient.java"), self.port()])
        self.assertTrue(printed.endswith("ok\n"), printed)


if __name__ == "__main__":
    unittest.main()
