// node-postgres against the server: node node_postgres.js PORT. Exits 1 at the first difference.
'use strict';
const assert = require('assert');
const { Readable } = require('stream');
const { pipeline } = require('stream/promises');
const { Client, Pool } = require('pg');
const Cursor = require('pg-cursor');
const QueryStream = require('pg-query-stream');
const copy = require('pg-copy-streams');

const settings = { host: '127.0.0.1', port: Number(process.argv[2]), user: 'luma', database: 'luma' };
const same = assert.deepStrictEqual;

async function codeOf(promise) {
  const error = await promise.then(() => assert.fail('no error'), (e) => e);
  return error.code;
}

async function definesTablesAndKeepsTypedParameters(client) {
  await client.query(`CREATE TABLE typed (id integer PRIMARY KEY, big bigint, x double precision,
    price numeric(10,2), word text, flag boolean, happened timestamptz, raw bytea)`);
  const at = new Date('2024-02-29T12:34:56.789Z');
  const insert = 'INSERT INTO typed VALUES ($1, $2, $3, $4, $5, $6, $7, $8) RETURNING id';
  const values = [1, '9007199254740993', 1.5, '12.50', "it's \u2603", true, at, Buffer.from([0, 255])];
  same((await client.query(insert, values)).rows, [{ id: 1 }]);
  same((await client.query(insert, [2, null, null, null, null, null, null, null])).rowCount, 1);
  const expected = { id: 1, big: '9007199254740993', x: 1.5, price: '12.50', word: "it's \u2603",
    flag: true, happened: at, raw: Buffer.from([0, 255]) };
  same((await client.query('SELECT * FROM typed WHERE id = $1', [1])).rows, [expected]);
  same((await client.query({ text: 'SELECT id, word, flag FROM typed WHERE id = $1', values: [1],
    binary: true })).rows, [{ id: 1, word: "it's \u2603", flag: true }]);
  same((await client.query({ text: 'SELECT word FROM typed ORDER BY id', rowMode: 'array' })).rows,
    [["it's \u2603"], [null]]);
}

async function runsNamedStatementsAgain(client) {
  for (let n = 0; n < 10; n++) {
    const result = await client.query({ name: 'twice', text: 'SELECT $1::int * 2 AS v', values: [n] });
    same(result.rows, [{ v: 2 * n }]);
  }
}

async function answersSeveralStatementsAndPipelines(client) {
  const results = await client.query('SELECT 1 AS a; SELECT 2 AS b');
  same(results.map((result) => result.rows), [[{ a: 1 }], [{ b: 2 }]]);
  const answers = await Promise.all([1, 2, 3].map((n) => client.query('SELECT $1::int AS n', [n])));
  same(answers.map((answer) => answer.rows[0].n), [1, 2, 3]);
}

async function readsPortalsInPieces(client) {
  await client.query('CREATE TABLE numbers AS SELECT n::integer FROM generate_series(1, 1000) g(n)');
  const cursor = client.query(new Cursor('SELECT n FROM numbers ORDER BY n'));
  const first = await cursor.read(33);
  const second = await cursor.read(33);
  await cursor.close();
  same([...first, ...second].map((row) => row.n), Array.from({ length: 66 }, (_, i) => i + 1));
  let sum = 0;
  const stream = new QueryStream('SELECT n FROM numbers WHERE n <= $1', [500], { batchSize: 40 });
  for await (const row of client.query(stream)) sum += row.n;
  same(sum, 125250);
}

async function commitsAndRollsBack(client) {
  await client.query('BEGIN');
  await client.query('DELETE FROM numbers');
  await client.query('ROLLBACK');
  await client.query('BEGIN');
  await client.query('DELETE FROM numbers WHERE n > 10');
  await client.query('COMMIT');
  same((await client.query('SELECT count(*)::int AS c FROM numbers')).rows, [{ c: 10 }]);
}

async function copiesInAndOut(client) {
  await client.query('CREATE TABLE copied (a integer, b text)');
  await pipeline(Readable.from(['1\tx\n2', '\ty\n', '3\t\\N\n']),
    client.query(copy.from('COPY copied FROM STDIN')));
  let text = '';
  const out = client.query(copy.to('COPY (SELECT * FROM copied ORDER BY a) TO STDOUT WITH (FORMAT csv)'));
  for await (const chunk of out) text += chunk;
  same(text, '1,x\n2,y\n3,\n');
  same(await codeOf(pipeline(Readable.from(['no number\tx\n']),
    client.query(copy.from('COPY copied FROM STDIN')))), '22P02');
}

async function reportsErrorsAndGoesOn(client) {
  same(await codeOf(client.query('SELECT * FROM nowhere')), '42P01');
  same(await codeOf(client.query('SELEC 1')), '42601');
  same(await codeOf(client.query('INSERT INTO typed (id) VALUES ($1)', [1])), '23505');
  await client.query('BEGIN');
  same(await codeOf(client.query('SELECT * FROM nowhere')), '42P01');
  same(await codeOf(client.query('SELECT $1::int', [1])), '25P02');
  await client.query('ROLLBACK');
  same((await client.query('SELECT 1 AS one')).rows, [{ one: 1 }]);
}

async function servesAPool() {
  const pool = new Pool({ ...settings, max: 8 });
  const answers = await Promise.all(
    Array.from({ length: 100 }, (_, n) => pool.query('SELECT $1::int AS n', [n])));
  same(answers.map((answer) => answer.rows[0].n), Array.from({ length: 100 }, (_, n) => n));
  await pool.end();
}

async function main() {
  const client = new Client(settings);
  await client.connect();
  const steps = [definesTablesAndKeepsTypedParameters, runsNamedStatementsAgain,
    answersSeveralStatementsAndPipelines, readsPortalsInPieces, commitsAndRollsBack, copiesInAndOut,
    reportsErrorsAndGoesOn, servesAPool];
  for (const step of steps) {
    console.log(step.name);
    await step(client);
  }
  await client.end();
  console.log('ok');
}

main().catch((error) => {
  console.error(error);
  process.exit(1);
});
