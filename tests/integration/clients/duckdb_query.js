// Runs SQL with DuckDB's own library, without a server: node duckdb_query.js SQL...
'use strict';
const duckdb = require('@duckdb/node-bindings-linux-x64/duckdb.node');

(async () => {
  const connection = await duckdb.connect(await duckdb.open());
  for (const sql of process.argv.slice(2)) await duckdb.query(connection, sql);
})().catch((error) => {
  console.error(error);
  process.exit(1);
});
