import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { Consumer } from '../../src/consumer/consumer.js';
import { DeadLetterWriter } from '../../src/dead-letter/dead-letter-writer.js';
import type { Checkpoint } from '../../src/ledger/checkpoint-store.js';
import { Ledger } from '../../src/ledger/ledger.js';
import { SystemClock } from '../../src/lib/clock.js';
import { SluiceError } from '../../src/lib/errors.js';
import type { StateTables } from '../../src/lib/state-tables.js';
import type { Mapped } from '../../src/rules/mapped.js';
import type { RecordBatch, StreamReader, StreamRecord } from '../../src/stream/stream.js';
import { MemorySink } from '../support/memory-sink.js';
import { tempDirectory } from '../support/temp-directory.js';

function record(n: number): StreamRecord {
  return { receivedAtNs: BigInt(n), topic: 't', clientId: 'c', qos: 1, payload: Buffer.from('') };
}

/** Rules that map each record into a measurement with their name, and filter every third one. */
function rules(name: string): (record: StreamRecord) => Mapped {
  return ({ receivedAtNs }) =>
    receivedAtNs % 3n === 2n
      ? { kind: 'filtered', rule: name }
      : {
          kind: 'points',
          rule: name,
          points: [
            {
              series: { measurement: name, tags: [] },
              timestampNs: receivedAtNs,
              fields: [{ name: 'n', type: 'int', value: receivedAtNs }],
            },
          ],
        };
}

/** Hands out what a test gives it, a record a batch. */
class TestReader implements StreamReader {
  readonly #given: RecordBatch[] = [];
  #wake: () => void = () => undefined;
  #next = 0;

  give(records: number): void {
    for (let i = 0; i < records; i += 1) {
      const n = this.#next++;
      this.#given.push({
        parts: [{ partition: '', records: [record(n)], lost: { damaged: 0, dropped: 0 } }],
        position: String(n + 1),
        release: () => undefined,
      });
    }
    this.#wake();
  }

  async next(
    { whenEmpty }: { readonly whenEmpty: 'wait' | 'return' },
    signal: AbortSignal,
  ): Promise<RecordBatch | undefined> {
    if (this.#given.length === 0 && whenEmpty === 'wait' && !signal.aborted) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
        signal.addEventListener('abort', () => resolve(), { once: true });
      });
    }
    return this.#given.shift();
  }

  async close(): Promise<void> {}
}

/** A running consumer whose store and checkpoints a test steers. */
async function setUp() {
  const deadLetter = await DeadLetterWriter.open(
    { directory: tempDirectory(), maxSizeBytes: 1 << 20 },
    undefined,
  );
  const reader = new TestReader();
  const sink = new MemorySink();
  const saved: Checkpoint[] = [];
  const disk: { failure: Error | undefined; saving: Promise<void> } = {
    failure: undefined,
    saving: Promise.resolve(),
  };
  const consumer = new Consumer(
    { maxBatchRecords: 10, maxBatchBytes: 1 << 20, lingerMs: 0, checkpointIntervalMs: 3_600_000 },
    {
      reader,
      apply: rules('old'),
      sink,
      deadLetter,
      checkpoints: {
        load: async () => undefined,
        save: async (checkpoint) => {
          await disk.saving;
          if (disk.failure !== undefined) throw disk.failure;
          saved.push(checkpoint);
        },
      },
      ledger: new Ledger(undefined),
      clock: new SystemClock(),
      position: '0',
      onProgress: () => undefined,
      onCheckpoint: () => undefined,
      warn: () => undefined,
    },
  );
  const running = consumer.run();
  onTestFinished(async () => {
    disk.failure = undefined;
    consumer.abort();
    await running;
    await deadLetter.close();
  });
  return { consumer, reader, sink, saved, disk, running };
}

/** Holds writes until `open` is called; one that is held has been mapped. */
function held(sink: MemorySink): () => void {
  let open: () => void = () => undefined;
  const opened = new Promise<void>((resolve) => {
    open = resolve;
  });
  sink.before = (signal) =>
    Promise.race([opened, new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve()))]);
  return open;
}

async function until(isReached: () => boolean): Promise<void> {
  while (!isReached()) await new Promise<void>((resolve) => setImmediate(resolve));
}

const measurements = ({ points }: MemorySink) => [...points.keys()].map((key) => key.split('|')[0]);

describe('new rules in a running consumer', () => {
  it('map what comes after a checkpoint, and nothing that lies before it', async () => {
    const { consumer, reader, sink, saved } = await setUp();
    reader.give(3);
    await until(() => consumer.progress().position === '3');
    expect(saved.map(({ position }) => position)).toEqual(['0']);
    await consumer.swapRules(rules('new'));
    expect(saved.at(-1)).toMatchObject({ position: '3', ledger: { written: 2, filtered: { old: 1 } } });
    reader.give(3);
    await until(() => consumer.progress().position === '6');
    expect(measurements(sink)).toEqual(['old', 'old', 'new', 'new']);
    expect(consumer.progress().ledger.filtered).toEqual({ old: 1, new: 1 });
  });

  it('drop what only the old ones remember behind the checkpoint, and before they map', async () => {
    const { consumer, reader } = await setUp();
    const remembering = (name: string) => (record: StreamRecord, state: StateTables) => {
      state.table<number>(name).set('x', 1);
      seen.push([...state.names]);
      return rules(name)(record);
    };
    const seen: string[][] = [];
    await consumer.swapRules(remembering('old'));
    reader.give(1);
    await until(() => consumer.progress().position === '1');
    await consumer.swapRules(remembering('new'), (states) => {
      for (const state of states) state.drop('old');
    });
    reader.give(1);
    await until(() => consumer.progress().position === '2');
    expect(seen).toEqual([['old'], ['new']]);
  });

  it('come into force while nothing arrives', async () => {
    const { consumer, reader, sink } = await setUp();
    await consumer.swapRules(rules('new'));
    reader.give(1);
    await until(() => consumer.progress().position === '1');
    expect(measurements(sink)).toEqual(['new']);
  });

  it('wait until what the old ones have mapped is in the store, also the batch that is already prepared', async () => {
    const { consumer, reader, sink, saved } = await setUp();
    const open = held(sink);
    reader.give(4);
    // One batch is being written, and one more is mapped.
    await until(() => consumer.progress().pointsMade === 2);
    let isSwapped = false;
    const swapped = consumer.swapRules(rules('new')).then(() => {
      isSwapped = true;
    });
    await new Promise<void>((resolve) => setImmediate(resolve));
    expect([isSwapped, saved.length]).toEqual([false, 1]);
    open();
    await swapped;
    await until(() => consumer.progress().position === '4');
    // The checkpoint is behind everything of the old rules, and in front of everything of the new ones.
    const oldOnes = [...sink.points.keys()].filter((key) => key.startsWith('old'));
    const newOnes = [...sink.points.keys()].filter((key) => key.startsWith('new'));
    const boundary = BigInt(saved[1]!.position);
    expect(oldOnes.every((key) => BigInt(key.split('|')[2]!) < boundary)).toBe(true);
    expect(newOnes.every((key) => BigInt(key.split('|')[2]!) >= boundary)).toBe(true);
    expect(oldOnes.length + newOnes.length).toBe(3);
    expect(oldOnes.length).toBeGreaterThanOrEqual(2);
  });

  it('map nothing before the checkpoint is durable, so that a crash until then has nothing of theirs', async () => {
    const { consumer, reader, sink, saved, disk } = await setUp();
    reader.give(2);
    await until(() => consumer.progress().position === '2');
    let finish: () => void = () => undefined;
    disk.saving = new Promise((resolve) => {
      finish = resolve;
    });
    const swapped = consumer.swapRules(rules('new'));
    reader.give(2);
    await until(() => consumer.progress().recordsInFlight > 0);
    for (let turn = 0; turn < 10; turn += 1) await new Promise<void>((resolve) => setImmediate(resolve));
    expect([consumer.progress().pointsMade, saved.length]).toEqual([2, 1]);
    finish();
    await swapped;
    await until(() => consumer.progress().position === '4');
    expect(saved.at(-1)).toMatchObject({ position: '2' });
    expect(measurements(sink)).toEqual(['old', 'old', 'new']);
  });

  it('do not come into force when the checkpoint cannot be saved, and do at the next try', async () => {
    const { consumer, reader, sink, disk } = await setUp();
    reader.give(1);
    await until(() => consumer.progress().position === '1');
    disk.failure = new SluiceError('DISK_FULL', 'no space left on the disk');
    await expect(consumer.swapRules(rules('new'))).rejects.toMatchObject({
      code: 'RELOAD_FAILED',
      message: 'the checkpoint cannot be saved: no space left on the disk',
    });
    reader.give(1);
    await until(() => consumer.progress().position === '2');
    expect(measurements(sink)).toEqual(['old', 'old']);
    disk.failure = undefined;
    await consumer.swapRules(rules('new'));
    reader.give(2);
    await until(() => consumer.progress().position === '4');
    expect(measurements(sink)).toEqual(['old', 'old', 'new']);
  });

  it('are given up while the store does not take the present batch, and then never come into force', async () => {
    const { consumer, reader, sink } = await setUp();
    const open = held(sink);
    reader.give(1);
    await until(() => consumer.progress().pointsInFlight === 1);
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    onTestFinished(() => {
      vi.useRealTimers();
    });
    const swapped = consumer.swapRules(rules('new'));
    const refused = expect(swapped).rejects.toMatchObject({
      code: 'RELOAD_FAILED',
      message: expect.stringContaining('the store has not taken its points') as string,
    });
    await vi.advanceTimersByTimeAsync(10_000);
    await refused;
    open();
    reader.give(1);
    await until(() => consumer.progress().position === '2');
    expect(measurements(sink)).toEqual(['old', 'old']);
  });

  it('are refused by a consumer that stops', async () => {
    const { consumer, running } = await setUp();
    consumer.drain();
    await running;
    await expect(consumer.swapRules(rules('new'))).rejects.toMatchObject({
      code: 'RELOAD_FAILED',
      message: 'the gateway is stopping',
    });
  });
});
