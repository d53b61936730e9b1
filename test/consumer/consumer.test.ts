import { cpSync } from 'node:fs';
import { describe, expect, it, onTestFinished } from 'vitest';
import { Consumer } from '../../src/consumer/consumer.js';
import { dataDirectory, prepareDataDirectory } from '../../src/data-directory/data-directory.js';
import { listParked } from '../../src/dead-letter/dead-letter-reader.js';
import { DeadLetterWriter } from '../../src/dead-letter/dead-letter-writer.js';
import {
  type Checkpoint,
  type CheckpointStore,
  FileCheckpointStore,
} from '../../src/ledger/checkpoint-store.js';
import { Ledger, summarize } from '../../src/ledger/ledger.js';
import { PartitionStates } from '../../src/ledger/partition-states.js';
import { StateJournal, stateFolder } from '../../src/ledger/state-journal.js';
import { SystemClock } from '../../src/lib/clock.js';
import type { StateTables } from '../../src/lib/state-tables.js';
import { savingState } from '../../src/pipeline/consumer-source.js';
import { type Mapped, MappingWarnings } from '../../src/rules/mapped.js';
import { compileRules } from '../../src/rules/rule-set.js';

import type { StreamRecord } from '../../src/stream/stream.js';
import { TestLog } from '../support/log-fixture.js';
import { MemorySink, unreachable } from '../support/memory-sink.js';
import { tempDirectory } from '../support/temp-directory.js';

const RULES = compileRules([
  {
    name: 'warm',
    topic: 's/+device',
    where: 'payload.v >= 0.0',
    measurement: 'm',
    tags: { device: { path: 'topic.device' } },
    fields: { v: { path: 'payload.v', type: 'float' } },
  },
]);

/** Of ten records: seven points, one filtered, two parked. */
function record(n: number): StreamRecord {
  const kind = n % 10;
  const payload = kind === 3 ? '{"v":' : kind === 7 ? `{"v":${-n}}` : `{"v":${n}}`;
  return {
    receivedAtNs: 1_795_000_000_000_000_000n + BigInt(n),
    topic: kind === 5 ? 'elsewhere' : `s/d${n % 4}`,
    clientId: 'c',
    qos: 1,
    payload: Buffer.from(payload),
  };
}

async function append(log: TestLog, from: number, to: number): Promise<void> {
  await new Promise<void>((resolve) => {
    for (let n = from; n < to; n += 1) log.writer.append(record(n), n === to - 1 ? resolve : () => undefined);
  });
}

/** Numbers the points of a topic: a mapping that depends on the records before. */
function numbered(mapped: Mapped, topic: string, state: StateTables): Mapped {
  if (mapped.kind !== 'points') return mapped;
  const table = state.table<number>('points');
  const number = (table.get(topic) ?? 0) + 1;
  table.set(topic, number);
  const points = mapped.points.map((point) => ({
    ...point,
    fields: [...point.fields, { name: 'number', type: 'float' as const, value: number }],
  }));
  return { ...mapped, points };
}

/** What `numbered` gives when nothing disturbs it, for the records that become points. */
function undisturbedNumbers(records: number): Map<string, number> {
  const counts = new Map<string, number>();
  const numbers = new Map<string, number>();
  for (let n = 0; n < records; n += 1) {
    if ([3, 5, 7].includes(n % 10)) continue;
    const { topic, receivedAtNs } = record(n);
    const number = (counts.get(topic) ?? 0) + 1;
    counts.set(topic, number);
    numbers.set(String(receivedAtNs), number);
  }
  return numbers;
}

/** One run of a consumer over the directory; as the gateway wires it. */
async function runOnce(
  root: string,
  log: TestLog,
  sink: MemorySink,
  options: { maxBatchRecords?: number; deadLetterBytes?: number; checkpoints?: CheckpointStore } = {},
) {
  const directory = dataDirectory(root);
  await prepareDataDirectory(directory);
  const files = new FileCheckpointStore(directory.checkpoints, 'consumer');
  const checkpoint = await files.load();
  const deadLetter = await DeadLetterWriter.open(
    { directory: directory.deadLetter, maxSizeBytes: options.deadLetterBytes ?? 1 << 20 },
    checkpoint?.deadLetterEnd,
  );
  if (!RULES.ok) throw new Error('rules');
  const { ruleSet } = RULES;
  const mappingWarnings = new MappingWarnings();
  const warnings: string[] = [];
  const checkpointed: string[] = [];
  const reader = log.reader(checkpoint?.position);
  const states = new PartitionStates();
  const journal = await StateJournal.open(
    stateFolder(directory.checkpoints, 'consumer'),
    checkpoint?.stateEnd,
    states,
    ({ code }) => expect(code).toBe('none'),
  );
  const consumer = new Consumer(
    {
      maxBatchRecords: options.maxBatchRecords ?? 7,
      maxBatchBytes: 1 << 20,
      lingerMs: 0,
      checkpointIntervalMs: 0,
    },
    {
      reader,
      apply: (r, state) => numbered(ruleSet.apply(r, mappingWarnings), r.topic, state),
      states,
      journal,
      sink,
      deadLetter,
      checkpoints: savingState(options.checkpoints ?? files, journal),
      ledger: new Ledger(checkpoint?.ledger),
      clock: new SystemClock(),
      position: checkpoint?.position ?? '0',
      onProgress: () => undefined,
      onCheckpoint: (position) => checkpointed.push(position),
      warn: (_fields, sentence) => warnings.push(sentence),
    },
  );
  const running = consumer
    .run()
    .finally(() => Promise.all([deadLetter.close(), reader.close(), journal.close()]));
  return { consumer, running, warnings, checkpointed, directory };
}

function numbersOf(sink: MemorySink): Map<string, unknown> {
  const entries = [...sink.points].map(([key, fields]): [string, unknown] => [
    key.slice(key.lastIndexOf('|') + 1),
    fields.number,
  ]);
  return new Map(entries);
}

async function setUp() {
  const root = tempDirectory();
  const log = await TestLog.open(dataDirectory(root).log, { segmentSizeBytes: 3000 });
  onTestFinished(() => log.writer.close());
  return { root, log, sink: new MemorySink() };
}

async function eventually(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise<void>((resolve) => setImmediate(resolve));
}

const LEDGER_OF_100 = {
  written: 70,
  parked: { 'payload-not-json': 10, 'rule-none': 10 },
  filtered: { warm: 10 },
  lost: {},
};

describe('the consumer', () => {
  it('gives every record one outcome, and the ledger balances', async () => {
    const { root, log, sink } = await setUp();
    const { consumer, running, directory, checkpointed } = await runOnce(root, log, sink);
    await append(log, 0, 100);
    await eventually(() => consumer.progress().position === '100');
    consumer.drain();
    await running;
    expect(consumer.progress().ledger).toEqual(LEDGER_OF_100);
    expect(sink.points.size).toBe(70);
    const parked = await listParked(directory.deadLetter, 999);
    expect(parked.length).toBe(20);
    expect(parked.find((p) => p.id === String(record(3).receivedAtNs))).toMatchObject({
      code: 'payload-not-json',
      topic: 's/d3',
      payload: Buffer.from('{"v":'),
    });
    expect(checkpointed[0]).toBe('0');
    expect(checkpointed.at(-1)).toBe('100');
  });

  it('drains what the log holds before it stops', async () => {
    const { root, log, sink } = await setUp();
    await append(log, 0, 100);
    const { consumer, running } = await runOnce(root, log, sink);
    consumer.drain();
    await running;
    expect(consumer.progress().position).toBe('100');
    expect(sink.points.size).toBe(70);
  });

  it('goes on behind its checkpoint in the next run, and keeps the ledger', async () => {
    const { root, log, sink } = await setUp();
    await append(log, 0, 50);
    const first = await runOnce(root, log, sink);
    first.consumer.drain();
    await first.running;
    await append(log, 50, 100);
    const second = await runOnce(root, log, sink);
    second.consumer.drain();
    await second.running;
    expect(second.consumer.progress().ledger).toEqual(LEDGER_OF_100);
    expect(sink.written.length).toBe(70);
  });

  it('keeps what an unreachable store has not taken: nothing counted, all of it again next time', async () => {
    const { root, log, sink } = await setUp();
    await append(log, 0, 100);
    sink.before = unreachable;
    const first = await runOnce(root, log, sink);
    await eventually(() => sink.writes === 1);
    first.consumer.abort();
    await first.running;
    expect(first.consumer.progress()).toMatchObject({ position: '0', ledger: { written: 0, parked: {} } });
    sink.before = async () => undefined;
    const second = await runOnce(root, log, sink);
    second.consumer.drain();
    await second.running;
    expect(second.consumer.progress().ledger).toEqual(LEDGER_OF_100);
  });

  it('parks what the store rejects with its message, and writes the rest', async () => {
    const { root, log, sink } = await setUp();
    sink.refuse = (point) => (point.fields[0]!.value === 12 ? 'field type conflict' : undefined);
    await append(log, 0, 100);
    const { consumer, running, directory } = await runOnce(root, log, sink, { maxBatchRecords: 100 });
    consumer.drain();
    await running;
    expect(consumer.progress().ledger).toMatchObject({ written: 69, parked: { 'store-refused': 1 } });
    expect(await listParked(directory.deadLetter, 9, { code: 'store-refused' })).toMatchObject([
      { reason: 'field type conflict', rule: 'warm', id: String(record(12).receivedAtNs) },
    ]);
  });

  it('is exact after a crash at any point: ledger, dead letter and points', async () => {
    const { root, log, sink } = await setUp();
    await append(log, 0, 100);
    const files = new FileCheckpointStore(dataDirectory(root).checkpoints, 'consumer');
    // Dies at the n-th checkpoint: everything before it on disk, itself not.
    for (let dies = 0; dies < 12; dies += 1) {
      let saves = 0;
      const checkpoints: CheckpointStore = {
        load: () => files.load(),
        save: async (checkpoint: Checkpoint) => {
          saves += 1;
          if (saves > dies) throw new Error('killed');
          await files.save(checkpoint);
        },
      };
      const run = await runOnce(root, log, sink, { checkpoints });
      run.consumer.drain();
      await run.running.catch((thrown: Error) => expect(thrown.message).toBe('killed'));
    }
    const last = await runOnce(root, log, sink);
    last.consumer.drain();
    await last.running;
    expect(last.consumer.progress().ledger).toEqual(LEDGER_OF_100);
    expect(sink.points.size).toBe(70);
    const ids = (await listParked(last.directory.deadLetter, 999)).map((p) => p.id);
    expect(ids.length).toBe(20);
    expect(new Set(ids).size).toBe(20);
    expect(numbersOf(sink)).toEqual(undisturbedNumbers(100));
  });

  it('is exact when what a copy of the directory holds is all that is left', async () => {
    const { root, log, sink } = await setUp();
    await append(log, 0, 200);
    const copies: string[] = [];
    const { consumer, running } = await runOnce(root, log, sink, { maxBatchRecords: 20 });
    const parent = tempDirectory();
    sink.before = async () => {
      const copy = `${parent}/copy-${copies.length}`;
      cpSync(root, copy, { recursive: true });
      copies.push(copy);
    };
    consumer.drain();
    await running;
    sink.before = async () => undefined;
    expect(copies.length).toBeGreaterThan(5);
    for (const copy of copies) {
      const copiedLog = await TestLog.open(dataDirectory(copy).log);
      const run = await runOnce(copy, copiedLog, sink, { maxBatchRecords: 13 });
      run.consumer.drain();
      await run.running;
      expect(summarize(run.consumer.progress().ledger)).toEqual({
        written: 140,
        parked: 40,
        filtered: 20,
        lost: 0,
      });
      expect((await listParked(run.directory.deadLetter, 999)).length).toBe(40);
      await copiedLog.writer.close();
      expect(numbersOf(sink)).toEqual(undisturbedNumbers(200));
    }
    expect(sink.points.size).toBe(140);
  });

  it('waits while the dead letter is full, warns, and loses nothing', async () => {
    const { root, log, sink } = await setUp();
    await append(log, 0, 100);
    const first = await runOnce(root, log, sink, { deadLetterBytes: 700 });
    await eventually(() => first.consumer.progress().blockedBy !== undefined);
    expect(first.warnings[0]).toContain('consumer.deadLetter.maxSize');
    first.consumer.abort();
    await first.running;
    const second = await runOnce(root, log, sink);
    second.consumer.drain();
    await second.running;
    expect(second.consumer.progress().ledger).toEqual(LEDGER_OF_100);
    expect((await listParked(second.directory.deadLetter, 999)).length).toBe(20);
  });

  it('stops with an error when its checkpoint cannot be saved', async () => {
    const { root, log, sink } = await setUp();
    await append(log, 0, 10);
    let saves = 0;
    const checkpoints: CheckpointStore = {
      load: async () => undefined,
      save: async () => {
        saves += 1;
        if (saves > 1) throw new Error('disk gone');
      },
    };
    const { running } = await runOnce(root, log, sink, { checkpoints });
    await expect(running).rejects.toThrow('disk gone');
  });
});
