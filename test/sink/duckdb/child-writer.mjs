// A process of its own that writes batch after batch until it is killed: node child-writer.mjs <file> <first batch> <last batch>
// Prints `ack <batch>` once a batch is durable and `retrying <why>` when the store has not taken one.
import { writeSync } from 'node:fs';
import { DuckdbSink } from '../../../dist/src/sink/duckdb/duckdb-sink.js';
import { childBatch } from './child-batch.mjs';

const [path, first, last] = process.argv.slice(2);
let elapsedMs = 0;
// Retention is due at each write: with it a checkpoint, so that kills fall into checkpoints too.
const clock = { nowNs: () => 1_795_000_000_000_000_000n, monotonicMs: () => (elapsedMs += 3_600_000) };
const say = (line) => writeSync(1, `${line}\n`);
const sink = new DuckdbSink(
  { path, retentionMs: 86_400_000 },
  {
    clock,
    backOff: { firstMs: 10, capMs: 50 },
    warn: (fields) => say(`retrying ${fields.reason}`),
  },
);
await sink.open();
say('open');
for (let batch = Number(first); batch <= Number(last); batch++) {
  const rejections = await sink.write(childBatch(batch), new AbortController().signal);
  if (rejections.length > 0) throw new Error(rejections[0].reason);
  say(`ack ${batch}`);
}
await sink.close();
say('closed');
