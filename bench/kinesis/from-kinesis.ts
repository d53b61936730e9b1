import { rmSync } from 'node:fs';
import { mkdir, mkdtemp } from 'node:fs/promises';
import { join } from 'node:path';
import { Consumer } from '../../src/consumer/consumer.js';
import { DeadLetterWriter } from '../../src/dead-letter/dead-letter-writer.js';
import { FileCheckpointStore } from '../../src/ledger/checkpoint-store.js';
import { Ledger } from '../../src/ledger/ledger.js';
import { SystemClock } from '../../src/lib/clock.js';
import { scheduleOnTimer } from '../../src/lib/timers.js';
import { MappingWarnings } from '../../src/rules/mapped.js';
import { compileRules } from '../../src/rules/rule-set.js';
import { KinesisReader } from '../../src/stream/kinesis/reader/kinesis-reader.js';
import { PollingSource } from '../../src/stream/kinesis/reader/polling-source.js';
import { SingleWorkerAssigner } from '../../src/stream/kinesis/reader/single-worker-assigner.js';
import { CITY_RULE } from '../micro/apply.js';
import type { InstantKinesis } from './instant-kinesis.js';
import { InstantSink } from './instant-sink.js';

/** Kinesis gives a shard 5 calls and 2 MB a second; here it is the reader that is measured. */
const NO_LIMITS = { callsPerSecond: 1e9, bytesPerSecond: 1e12 };

/** The way from Kinesis to the sink as the gateway goes it, until `records` points are written. Resolves with points a second. */
export async function consumeAll(
  kinesis: InstantKinesis,
  records: number,
  directory: string,
): Promise<number> {
  const own = await mkdtemp(join(directory, 'sluice-bench-kinesis-'));
  await mkdir(join(own, 'checkpoints'));
  const compiled = compileRules([CITY_RULE]);
  if (!compiled.ok)
    throw new Error(`the rules of the bench do not compile: ${JSON.stringify(compiled.problems)}`);
  const clock = new SystemClock();
  const warn = () => undefined;
  const owner = new SingleWorkerAssigner(
    { initial: { kind: 'TRIM_HORIZON' }, shardSyncMs: 60_000 },
    { api: kinesis, clock, timers: scheduleOnTimer, warn },
  );
  const deadLetter = await DeadLetterWriter.open({
    directory: join(own, 'dead-letter'),
    maxSizeBytes: 2 ** 30,
  });
  const notes = new MappingWarnings();
  globalThis.gc?.();
  const startedMs = performance.now();
  const reader = await KinesisReader.open(
    { streamName: 'bench', bufferBytes: 64 * 2 ** 20, maxConcurrentFetches: 16 },
    {
      source: new PollingSource(
        { api: kinesis, clock, timers: scheduleOnTimer, random: Math.random },
        NO_LIMITS,
      ),
      assigner: owner,
      clock,
      timers: scheduleOnTimer,
      warn,
    },
  );
  const sink = new InstantSink();
  const consumer: Consumer = new Consumer(
    { maxBatchRecords: 5_000, maxBatchBytes: 8 * 2 ** 20, lingerMs: 100, checkpointIntervalMs: 1_000 },
    {
      reader,
      apply: (record) => compiled.ruleSet.apply(record, notes),
      sink,
      deadLetter,
      checkpoints: new FileCheckpointStore(join(own, 'checkpoints'), 'kinesis'),
      ledger: new Ledger(),
      clock,
      position: owner.position(),
      onProgress: () => {
        if (sink.pointsWritten >= records) consumer.abort();
      },
      onCheckpoint: () => undefined,
      warn,
    },
  );
  await consumer.run();
  const seconds = (performance.now() - startedMs) / 1000;
  await reader.close();
  await deadLetter.close();
  rmSync(own, { recursive: true, force: true });
  return sink.pointsWritten / seconds;
}
