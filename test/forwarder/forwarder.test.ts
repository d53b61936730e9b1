import { describe, expect, it, onTestFinished } from 'vitest';
import { dataDirectory, prepareDataDirectory } from '../../src/data-directory/data-directory.js';
import { listParked } from '../../src/dead-letter/dead-letter-reader.js';
import { DeadLetterWriter } from '../../src/dead-letter/dead-letter-writer.js';
import { Forwarder, type ForwarderDeps, type ForwarderOptions } from '../../src/forwarder/forwarder.js';
import { FileCheckpointStore } from '../../src/ledger/checkpoint-store.js';
import { Ledger, summarize } from '../../src/ledger/ledger.js';
import { SystemClock } from '../../src/lib/clock.js';
import { SluiceError } from '../../src/lib/errors.js';
import type { StreamReader, StreamRecord } from '../../src/stream/stream.js';
import { TestLog } from '../support/log-fixture.js';
import { tempDirectory } from '../support/temp-directory.js';
import { REJECTED, ScriptedOutgoingStream } from './scripted-outgoing-stream.js';

const OPTIONS: ForwarderOptions = {
  maxBatchRecords: 10,
  maxBatchBytes: 1 << 20,
  lingerMs: 0,
  checkpointIntervalMs: 0,
  maxInFlightRecords: 1_000,
  maxInFlightBytes: 1 << 20,
};

const NUMBER_OF = (record: StreamRecord) => Number(record.receivedAtNs - 1_700_000_000_000_000_000n);
const EACH_TENTH = (record: StreamRecord) => (NUMBER_OF(record) % 10 === 3 ? REJECTED : undefined);

async function setUp() {
  const root = tempDirectory();
  const log = await TestLog.open(dataDirectory(root).log, { segmentSizeBytes: 3_000 });
  onTestFinished(() => log.writer.close());
  return { root, log };
}

interface RunOptions extends Partial<ForwarderOptions> {
  readonly deadLetterBytes?: number;
  readonly deps?: Partial<ForwarderDeps>;
  readonly wrap?: (reader: StreamReader) => StreamReader;
}

/** One run of a forwarder over the directory; as the gateway wires it. */
async function runOnce(
  root: string,
  log: TestLog,
  { deadLetterBytes, deps, wrap, ...options }: RunOptions = {},
) {
  const directory = dataDirectory(root);
  await prepareDataDirectory(directory);
  const files = new FileCheckpointStore(directory.checkpoints, 'forwarder');
  const checkpoint = await files.load();
  const deadLetter = await DeadLetterWriter.open(
    { directory: directory.deadLetter, maxSizeBytes: deadLetterBytes ?? 1 << 20 },
    checkpoint?.deadLetterEnd,
  );
  const outgoing = new ScriptedOutgoingStream();
  const warnings: string[] = [];
  const checkpointed: string[] = [];
  const reader = log.reader(checkpoint?.position);
  const forwarder = new Forwarder(
    { ...OPTIONS, ...options },
    {
      reader: wrap?.(reader) ?? reader,
      outgoing,
      deadLetter,
      checkpoints: files,
      ledger: new Ledger(checkpoint?.ledger),
      clock: new SystemClock(),
      position: checkpoint?.position ?? '0',
      onProgress: () => undefined,
      onCheckpoint: (position) => checkpointed.push(position),
      warn: (_fields, sentence) => warnings.push(sentence),
      parkRetryMs: 5,
      ...deps,
    },
  );
  const running = forwarder.run().finally(async () => {
    await deadLetter.close();
    await reader.close();
  });
  running.catch(() => undefined);
  return { forwarder, running, outgoing, warnings, checkpointed, files, deadLetterOf: directory.deadLetter };
}

async function eventually(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise<void>((resolve) => setImmediate(resolve));
}

/** Long enough for anything that would happen without being asked. */
async function aWhile(): Promise<void> {
  for (let i = 0; i < 200; i += 1) await new Promise<void>((resolve) => setImmediate(resolve));
}

describe('the forwarder', () => {
  it('sends every record in log order, and the ledger balances', async () => {
    const { root, log } = await setUp();
    const { forwarder, running, outgoing, checkpointed, deadLetterOf, files } = await runOnce(root, log);
    await log.append(0, 100);
    await eventually(() => outgoing.sent.length === 100);
    expect(outgoing.sent.map(NUMBER_OF)).toEqual(Array.from({ length: 100 }, (_, n) => n));
    outgoing.completeAll(EACH_TENTH);
    await eventually(() => forwarder.progress().position === '100');
    forwarder.drain();
    await running;
    expect(forwarder.progress()).toMatchObject({
      position: '100',
      ledger: { written: 90, parked: { 'stream-refused': 10 }, filtered: {}, lost: {} },
      recordsRead: 100,
    });
    const parked = await listParked(deadLetterOf, 999);
    expect(parked.map(({ receivedAtNs }) => Number(receivedAtNs % 1_000n))).toEqual([
      93, 83, 73, 63, 53, 43, 33, 23, 13, 3,
    ]);
    expect(parked[0]).toMatchObject({
      code: 'stream-refused',
      reason: 'by the script',
      clientId: 'device-2',
    });
    expect(checkpointed[0]).toBe('0');
    expect(checkpointed.at(-1)).toBe('100');
    expect((await files.load())!.ledger.written).toBe(90);
  });

  it('moves the position over no batch with an incomplete record, nor over any batch behind it', async () => {
    const { root, log } = await setUp();
    const { forwarder, running, outgoing, deadLetterOf } = await runOnce(root, log);
    await log.append(0, 40);
    await eventually(() => outgoing.waiting.length === 40);
    // All but record 15, in the wrong order and one of them rejected.
    while (outgoing.waiting.length > 16) {
      const last = outgoing.waiting.at(-1)!.record;
      outgoing.complete(outgoing.waiting.length - 1, NUMBER_OF(last) === 33 ? REJECTED : undefined);
    }
    while (outgoing.waiting.length > 1) outgoing.complete(0);
    await eventually(() => forwarder.progress().position === '10');
    await aWhile();
    expect(forwarder.progress().position).toBe('10');
    expect(summarize(forwarder.progress().ledger).written).toBe(10);
    expect(forwarder.progress().oldestPendingNs! % 1_000n).toBe(10n);
    expect(await listParked(deadLetterOf, 9)).toEqual([]);
    outgoing.complete(0);
    await eventually(() => forwarder.progress().position === '40');
    expect((await listParked(deadLetterOf, 9)).length).toBe(1);
    forwarder.drain();
    await running;
  });

  it('releases a batch when every record of it is completed, and not before', async () => {
    const { root, log } = await setUp();
    const released: string[] = [];
    const wrap = (reader: StreamReader): StreamReader => ({
      next: async (limits, signal) => {
        const batch = await reader.next(limits, signal);
        if (batch === undefined) return undefined;
        const release = () => {
          if (!released.includes(batch.position)) released.push(batch.position);
          batch.release();
        };
        return { ...batch, release };
      },
      close: () => reader.close(),
    });
    const { forwarder, running, outgoing } = await runOnce(root, log, { wrap });
    await log.append(0, 30);
    await eventually(() => outgoing.waiting.length === 30);
    for (let i = 0; i < 9; i += 1) outgoing.complete(20);
    for (let i = 0; i < 9; i += 1) outgoing.complete(10);
    expect(released).toEqual([]);
    outgoing.complete(11);
    expect(released).toEqual(['30']);
    outgoing.complete(10, REJECTED);
    await aWhile();
    expect(released).toEqual(['30']);
    outgoing.completeAll();
    await eventually(() => released.length === 3);
    forwarder.drain();
    await running;
  });

  it('reads no more than its budget of records, and goes on as they are completed', async () => {
    const { root, log } = await setUp();
    const { forwarder, running, outgoing } = await runOnce(root, log, { maxInFlightRecords: 25 });
    await log.append(0, 100);
    await eventually(() => outgoing.waiting.length === 25);
    await aWhile();
    expect(outgoing.sent.length).toBe(25);
    for (let i = 0; i < 10; i += 1) outgoing.complete(0);
    await eventually(() => outgoing.sent.length === 35);
    await aWhile();
    expect(outgoing.sent.length).toBe(35);
    forwarder.drain();
    while (outgoing.sent.length < 100 || outgoing.waiting.length > 0) {
      outgoing.completeAll();
      await aWhile();
    }
    await running;
    expect(forwarder.progress().ledger.written).toBe(100);
  });

  it('reads no more than its budget of bytes', async () => {
    const { root, log } = await setUp();
    const { forwarder, running, outgoing } = await runOnce(root, log, {
      maxInFlightBytes: 5_000,
      maxBatchRecords: 3,
    });
    await log.append(0, 50, 1_000);
    await eventually(() => outgoing.waiting.length > 0);
    await aWhile();
    expect(outgoing.sent.length).toBeGreaterThan(3);
    expect(outgoing.sent.length).toBeLessThan(8);
    forwarder.abort();
    await running;
  });

  it('drains what the log holds, flushes the outgoing stream and waits until all is completed', async () => {
    const { root, log } = await setUp();
    await log.append(0, 50);
    const { forwarder, running, outgoing } = await runOnce(root, log);
    forwarder.drain();
    await eventually(() => outgoing.flushes > 0);
    expect(outgoing.waiting.length).toBe(50);
    let isOver = false;
    void running.then(() => {
      isOver = true;
    });
    await aWhile();
    expect(isOver).toBe(false);
    outgoing.completeAll();
    await running;
    expect(forwarder.progress().position).toBe('50');
  });

  it('gives up at once on abort: what is not completed stays in the log and is sent in the next run', async () => {
    const { root, log } = await setUp();
    await log.append(0, 50);
    const first = await runOnce(root, log);
    await eventually(() => first.outgoing.waiting.length === 50);
    for (let i = 0; i < 25; i += 1) first.outgoing.complete(0);
    await eventually(() => first.forwarder.progress().position === '20');
    first.forwarder.abort();
    await first.running;
    first.outgoing.completeAll();
    await aWhile();
    expect(first.forwarder.progress().position).toBe('20');
    const second = await runOnce(root, log);
    second.forwarder.drain();
    await eventually(() => second.outgoing.flushes > 0);
    expect(second.outgoing.sent.map(NUMBER_OF)).toEqual(Array.from({ length: 30 }, (_, n) => n + 20));
    second.outgoing.completeAll();
    await second.running;
    expect(second.forwarder.progress().ledger.written).toBe(50);
  });

  it('waits while the dead letter is full, reports why, and parks when there is room', async () => {
    const { root, log } = await setUp();
    await log.append(0, 10);
    let isFull = true;
    const parked: number[] = [];
    const deadLetter: ForwarderDeps['deadLetter'] = {
      end: { file: 0, bytes: 0 },
      append: async (records) => {
        if (isFull) throw new SluiceError('DEAD_LETTER_FULL', 'full, by the test');
        parked.push(records.length);
      },
    };
    const { forwarder, running, outgoing, warnings } = await runOnce(root, log, { deps: { deadLetter } });
    await eventually(() => outgoing.waiting.length === 10);
    outgoing.completeAll(EACH_TENTH);
    await eventually(() => warnings.length > 2);
    expect(forwarder.progress()).toMatchObject({ position: '0', blockedBy: 'full, by the test' });
    isFull = false;
    await eventually(() => forwarder.progress().position === '10');
    expect(forwarder.progress().blockedBy).toBeUndefined();
    expect(parked).toEqual([1]);
    forwarder.drain();
    await running;
  });

  it('ends on abort while the dead letter is full, and the record stays in the log', async () => {
    const { root, log } = await setUp();
    await log.append(0, 20);
    const { forwarder, running, outgoing } = await runOnce(root, log, { deadLetterBytes: 10 });
    await eventually(() => outgoing.waiting.length === 20);
    outgoing.completeAll((record) => (NUMBER_OF(record) === 15 ? REJECTED : undefined));
    await eventually(() => forwarder.progress().blockedBy !== undefined);
    forwarder.abort();
    await running;
    expect(forwarder.progress().position).toBe('10');
  });

  it('rejects when the checkpoint cannot be saved, and moves no checkpoint', async () => {
    const { root, log } = await setUp();
    const checkpointed: string[] = [];
    let saves = 0;
    const checkpoints = {
      load: async () => undefined,
      save: async () => {
        saves += 1;
        if (saves > 1) throw new SluiceError('CHECKPOINT_FAILED', 'by the test');
      },
    };
    const onCheckpoint = (position: string) => checkpointed.push(position);
    const { running, outgoing } = await runOnce(root, log, { deps: { checkpoints, onCheckpoint } });
    await log.append(0, 10);
    await eventually(() => outgoing.waiting.length === 10);
    outgoing.completeAll();
    await expect(running).rejects.toMatchObject({ code: 'CHECKPOINT_FAILED' });
    expect(checkpointed).toEqual(['0']);
  });

  it('rejects when the log cannot be read', async () => {
    const { root, log } = await setUp();
    const wrap = (): StreamReader => ({
      next: () => Promise.reject(new SluiceError('LOG_FAILED', 'by the test')),
      close: async () => undefined,
    });
    const { running } = await runOnce(root, log, { wrap });
    await expect(running).rejects.toMatchObject({ code: 'LOG_FAILED' });
  });

  it('rejects when the dead letter fails', async () => {
    const { root, log } = await setUp();
    const deadLetter: ForwarderDeps['deadLetter'] = {
      end: { file: 0, bytes: 0 },
      append: () => Promise.reject(new SluiceError('DEAD_LETTER_FAILED', 'by the test')),
    };
    const { forwarder, running, outgoing } = await runOnce(root, log, { deps: { deadLetter } });
    await log.append(0, 10);
    await eventually(() => outgoing.waiting.length === 10);
    outgoing.completeAll(EACH_TENTH);
    await expect(running).rejects.toMatchObject({ code: 'DEAD_LETTER_FAILED' });
    expect(forwarder.progress().position).toBe('0');
  });

  it('saves at most once an interval, and at the end', async () => {
    const { root, log } = await setUp();
    const { forwarder, running, outgoing, checkpointed } = await runOnce(root, log, {
      checkpointIntervalMs: 60_000,
    });
    await log.append(0, 100);
    await eventually(() => outgoing.waiting.length === 100);
    outgoing.completeAll();
    await eventually(() => forwarder.progress().position === '100');
    await aWhile();
    expect(checkpointed).toEqual(['0']);
    forwarder.drain();
    await running;
    expect(checkpointed).toEqual(['0', '100']);
  });

  it('counts what the log has lost, also in a batch without a record', async () => {
    const { root, log } = await setUp();
    const lost = { damaged: 3, dropped: 4 };
    const batches = [
      { parts: [{ partition: 'log', records: [], lost }], position: '7', release: () => undefined },
    ];
    const wrap = (): StreamReader => ({ next: async () => batches.shift(), close: async () => undefined });
    const { forwarder, running } = await runOnce(root, log, { wrap });
    forwarder.drain();
    await running;
    expect(forwarder.progress()).toMatchObject({ position: '7', ledger: { written: 0, lost } });
  });
});
