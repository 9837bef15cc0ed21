// Reads Parquet files with hyparquet, a reader that has nothing to do with DuckDB:
//   node hyparquet.mjs NODE_MODULES FILE...
// Prints one line of JSON with what the samples or rows of all files add up to.
import { pathToFileURL } from 'node:url';

const [modules, ...files] = process.argv.slice(2);
const load = (path) => import(pathToFileURL(`${modules}/${path}`).href);
const { asyncBufferFromFile, parquetReadObjects } = await load('hyparquet/src/node.js');
const { compressors } = await load('hyparquet-compressors/src/index.js');

const totals = {};
for (const path of files) {
  const file = await asyncBufferFromFile(path);
  for (const row of await parquetReadObjects({ file, compressors })) {
    // A sample is known by its labels alone; a row of `loads` by its machine.
    const name = row.labels ? `${row.metric}{job=${row.labels.job}}` : row.machine;
    const time = (row.ts ?? row.at).getTime();
    const value = row.value ?? row.load;
    const total = (totals[name] ??= { rows: 0, first: time, last: time, sum: 0 });
    total.rows += 1;
    total.first = Math.min(total.first, time);
    total.last = Math.max(total.last, time);
    if (!Number.isNaN(value)) total.sum += value;
  }
}
console.log(JSON.stringify(totals));
