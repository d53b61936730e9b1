import { cpSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { addTotals, NO_RECORDS } from '../../src/books/ledger.js';
import { movedWithin } from '../../src/books/moved-books.js';
import { SystemClock } from '../../src/clock.js';
import { Replayer, type ReplayerDeps } from '../../src/consumer/replayer.js';
import { createNoteCounts } from '../../src/consumer/rules/notes.js';
import { compileRules } from '../../src/consumer/rules/rule-set.js';
import { listParked } from '../../src/dead-letter/dead-letter-reader.js';
import { type DeadLetterEnd, DeadLetterWriter } from '../../src/dead-letter/dead-letter-writer.js';
import type { ParkCode } from '../../src/dead-letter/park-codes.js';
import { parkedRecord } from '../../src/dead-letter/parked-record.js';
import { Settling } from '../../src/dead-letter/settling.js';
import { SerialSink } from '../../src/sink/serial-sink.js';
import { MemorySink, unreachable } from '../support/memory-sink.js';
import { tempDirectory } from '../support/temp-directory.js';

const compiled = compileRules([
  {
    name: 'mended',
    topic: 's/+device',
    where: 'payload.v >= 0.0',
    measurement: 'm',
    tags: { device: { path: 'topic.device' } },
    fields: { v: { path: 'payload.v', type: 'float' } },
  },
]);
if (!compiled.ok) throw new Error('rules');
const { ruleSet } = compiled;

/** Of ten records by the mended rule: eight points, one filtered, one parked again. */
const parked = (n: number, code: ParkCode = 'field-wrong-type') =>
  parkedRecord(
    {
      receivedAtNs: 1_795_000_000_000_000_000n + BigInt(n),
      topic: n % 10 === 5 ? 'elsewhere' : `s/d${n % 4}`,
      clientId: 'c',
      qos: 1,
      payload: Buffer.from(`{"v":${n % 10 === 7 ? -1 : n}}`),
    },
    { code, reason: 'by the rule of then', rule: 'then' },
    1_700_000_000_000 + n,
  );

async function setUp(
  records: number,
  options: { saved?: () => DeadLetterEnd | undefined; folder?: string } = {},
) {
  const directory = tempDirectory();
  const writer = await DeadLetterWriter.open({
    directory: join(directory, options.folder ?? ''),
    maxSizeBytes: 1 << 26,
  });
  onTestFinished(() => writer.close());
  await writer.append(Array.from({ length: records }, (_, n) => parked(n)));
  return { directory, writer };
}

/** One process that can replay. */
async function life(
  directory: string,
  options: { saved?: () => DeadLetterEnd | undefined; store?: 'none'; waitMs?: number } = {},
) {
  const settling = await Settling.open(directory, { settleableEnd: async () => options.saved?.() });
  const sink = new MemorySink();
  const writes = new SerialSink(sink);
  const notes = createNoteCounts();
  const deps: ReplayerDeps = {
    settling,
    clock: new SystemClock(),
    onSettled: () => undefined,
    onFreed: async () => undefined,
    warn: () => undefined,
    ...(options.store === 'none'
      ? {}
      : {
          store: {
            apply: (record) => ruleSet.apply(record, notes),
            sink: { write: (points, signal) => writes.write(points, signal), status: () => sink.status() },
          },
        }),
  };
  const replayer = new Replayer({ checkpointWaitMs: options.waitMs ?? 0 }, deps);
  const end = async () => {
    replayer.abort();
    await replayer.ended();
    await settling.close();
  };
  onTestFinished(end);
  const delta = () =>
    settling.totals().reduce((sum, { totals }) => addTotals(sum, movedWithin(totals)), NO_RECORDS);
  return { settling, sink, writes, replayer, end, delta };
}

describe('a replay', () => {
  it('decides again by the rules of now: points with their first identity, books and list follow', async () => {
    const { directory } = await setUp(100);
    const { replayer, sink, delta } = await life(directory);
    expect(replayer.start({ kind: 'replay', selection: { all: true } })).toMatchObject({ state: 'running' });
    await replayer.ended();
    expect(replayer.status()).toMatchObject({
      state: 'done',
      selected: 100,
      settled: { written: 80, filtered: 10, parkedAgain: 10, purged: 0 },
      parkedAgain: { 'rule-none': 10 },
    });
    expect(delta()).toEqual({
      written: 80,
      filtered: { mended: 10 },
      parked: { 'field-wrong-type': -100, 'rule-none': 10 },
      lost: {},
    });
    expect(sink.points.get(`m|device=d0|${1_795_000_000_000_000_000n + 4n}`)).toEqual({ v: 4 });
    const left = await listParked(directory, 999);
    expect(left.map(({ code }) => code)).toEqual(Array(10).fill('rule-none'));
    expect(left[0]).toMatchObject({
      topic: 'elsewhere',
      reason: expect.stringContaining('no rule') as string,
    });
    expect(left[0]!.rule).toBeUndefined();
  });

  it('takes only what is selected, by what it is parked for now', async () => {
    const { directory, writer } = await setUp(20);
    await writer.append([parked(100, 'rule-none')]);
    const { replayer } = await life(directory);
    const settledBy = async (selection: Parameters<Replayer['start']>[0]['selection']) => {
      replayer.start({ kind: 'replay', selection });
      await replayer.ended();
      return replayer.status()!.selected;
    };
    expect(await settledBy({ ids: [parked(1).id, parked(2).id, '5'] })).toBe(2);
    expect(await settledBy({ topic: 's/d3', rule: 'nobody' })).toBe(0);
    expect(await settledBy({ topic: 'elsewhere', rule: 'then' })).toBe(2);
    // Those two are parked for another reason since.
    expect(await settledBy({ code: 'rule-none' })).toBe(3);
    expect(await settledBy({ parkedBeforeMs: 1_700_000_000_000 + 4, code: 'field-wrong-type' })).toBe(2);
    expect(await settledBy({ all: true })).toBe(16);
  });

  it('parked again for the same reason moves nothing, and the journal does not grow', async () => {
    const { directory, writer } = await setUp(0);
    const hopeless = { ...parked(5), code: 'rule-none' as const };
    await writer.append([hopeless]);
    const { replayer, delta } = await life(directory);
    for (let turn = 0; turn < 3; turn += 1) {
      replayer.start({ kind: 'replay', selection: { all: true } });
      await replayer.ended();
      expect(replayer.status()).toMatchObject({ selected: 1, settled: { parkedAgain: 1 } });
    }
    // The first replay has given it a new reason; the others found the same.
    const journal = readFileSync(join(directory, 'settled-00000000.jsonl'), 'utf8');
    expect(journal.trimEnd().split('\n')).toHaveLength(1);
    expect(delta().parked).toEqual({ 'rule-none': 0 });
  });

  it('keeps a record of which the store refuses a point, with the words of the store', async () => {
    const { directory } = await setUp(10);
    const { replayer, sink, delta } = await life(directory);
    sink.refuse = (point) => (point.fields[0]!.value === 2 ? 'field type conflict' : undefined);
    replayer.start({ kind: 'replay', selection: { all: true } });
    await replayer.ended();
    expect(delta()).toMatchObject({ written: 7, parked: { 'store-refused': 1, 'rule-none': 1 } });
    expect(await listParked(directory, 9, { code: 'store-refused' })).toMatchObject([
      { id: parked(2).id, reason: 'field type conflict', rule: 'mended' },
    ]);
  });

  it('settles nothing behind the last saved checkpoint: after a crash those come again', async () => {
    const { directory, writer } = await setUp(10);
    const saved = writer.end;
    await writer.append([parked(10), parked(11)]);
    const { replayer } = await life(directory, { saved: () => saved });
    replayer.start({ kind: 'replay', selection: { all: true } });
    await replayer.ended();
    expect(replayer.status()).toMatchObject({ state: 'done', selected: 10 });
    expect((await listParked(directory, 9)).map(({ id }) => id)).toContain(parked(11).id);
  });

  it('waits for a checkpoint behind the newest records when one is to come', async () => {
    const { directory, writer } = await setUp(10);
    let saved = writer.end;
    await writer.append([parked(10), parked(11)]);
    const { replayer } = await life(directory, { saved: () => saved, waitMs: 60_000 });
    replayer.start({ kind: 'replay', selection: { all: true } });
    while (replayer.status()!.waitingFor === undefined) await new Promise((resolve) => setImmediate(resolve));
    expect(replayer.status()).toMatchObject({ state: 'running', selected: 0 });
    saved = writer.end;
    await replayer.ended();
    expect(replayer.status()).toMatchObject({ state: 'done', selected: 12 });
  });

  it('of many records is exact after a crash at any batch', { timeout: 60_000 }, async () => {
    const { directory } = await setUp(3_500);
    const copies: string[] = [];
    const inStore: string[][] = [];
    const parent = tempDirectory();
    const first = await life(directory);
    first.sink.before = async () => {
      const copy = join(parent, `copy-${copies.length}`);
      cpSync(directory, copy, { recursive: true });
      copies.push(copy);
      inStore.push([...first.sink.points.keys()]);
    };
    first.replayer.start({ kind: 'replay', selection: { all: true } });
    await first.replayer.ended();
    expect(copies.length).toBe(4);
    for (const [i, copy] of copies.entries()) {
      const next = await life(copy);
      const before = next.delta();
      const left = (await listParked(copy, 9_999)).filter(({ code }) => code === 'field-wrong-type').length;
      expect(-before.parked['field-wrong-type']! || 0).toBe(3_500 - left);
      next.replayer.start({ kind: 'replay', selection: { code: 'field-wrong-type' } });
      await next.replayer.ended();
      expect(next.delta()).toEqual(first.delta());
      expect(new Set([...inStore[i]!, ...next.sink.points.keys()]).size).toBe(2_800);
    }
  });

  it('waits for the store like the consumer; a stop gives up its batch, which stays parked', async () => {
    const { directory } = await setUp(10);
    const { replayer, sink, delta } = await life(directory);
    sink.before = unreachable;
    sink.status = () => ({ state: 'retrying', detail: 'nobody answers' });
    replayer.start({ kind: 'replay', selection: { all: true } });
    while (sink.writes === 0) await new Promise((resolve) => setImmediate(resolve));
    expect(replayer.status()).toMatchObject({ state: 'running', waitingFor: 'nobody answers' });
    expect(() => replayer.start({ kind: 'purge', selection: { all: true } })).toThrow(/is running/);
    replayer.abort();
    await replayer.ended();
    expect(replayer.status()).toMatchObject({ state: 'stopped', settled: { written: 0 } });
    expect(delta()).toEqual(NO_RECORDS);
    expect(await listParked(directory, 99)).toHaveLength(10);
  });

  it('stops between batches when it is asked to drain', async () => {
    const { directory } = await setUp(2_500);
    const { replayer, sink } = await life(directory);
    sink.before = async () => {
      if (sink.writes === 1) replayer.drain();
    };
    replayer.start({ kind: 'replay', selection: { all: true } });
    await replayer.ended();
    expect(replayer.status()).toMatchObject({ state: 'stopped', selected: 2_500, settled: { written: 800 } });
    expect(await listParked(directory, 9_999)).toHaveLength(2_500 - 900);
  });

  it('foretells with a dry run and changes nothing', async () => {
    const { directory } = await setUp(100);
    const { replayer, sink, delta } = await life(directory);
    replayer.start({ kind: 'replay', selection: { all: true }, dryRun: true });
    await replayer.ended();
    expect(replayer.status()).toMatchObject({
      dryRun: true,
      settled: { written: 80, filtered: 10, parkedAgain: 10 },
    });
    expect(sink.writes).toBe(0);
    expect(delta()).toEqual(NO_RECORDS);
    expect(await listParked(directory, 999)).toHaveLength(100);
  });

  it('needs a store; a purge does not', async () => {
    const { directory } = await setUp(10);
    const { replayer, delta } = await life(directory, { store: 'none' });
    expect(() => replayer.start({ kind: 'replay', selection: { all: true } })).toThrow(
      expect.objectContaining({ code: 'REPLAY_UNSUPPORTED' }) as Error,
    );
    replayer.start({ kind: 'purge', selection: { all: true } });
    await replayer.ended();
    expect(delta()).toMatchObject({ written: 0, parked: { 'field-wrong-type': -10, purged: 10 } });
    expect(await listParked(directory, 99)).toEqual([]);
  });

  it('reaches the folders inside the dead letter, such as what Kinesis refused', async () => {
    const { directory } = await setUp(10, { folder: 'forwarder' });
    const { replayer, settling } = await life(directory);
    replayer.start({ kind: 'replay', selection: { all: true } });
    await replayer.ended();
    expect(settling.totals().find(({ folder }) => folder === 'forwarder')!.totals).toMatchObject({
      replayed: { 'field-wrong-type': 10 },
      outcome: { written: 8, parked: { 'rule-none': 1 } },
    });
  });
});

describe('consumer and replay share the sink', () => {
  it('in turns: writes do not overlap, and neither waits for more than one of the other', async () => {
    const sink = new MemorySink();
    const serial = new SerialSink(sink);
    const order: string[] = [];
    let under = 0;
    sink.before = async () => {
      under += 1;
      expect(under).toBe(1);
      await new Promise((resolve) => setImmediate(resolve));
      under -= 1;
    };
    const { signal } = new AbortController();
    const writer = async (name: string) => {
      for (let i = 0; i < 5; i += 1) {
        await serial.write([], signal);
        order.push(name);
      }
    };
    await Promise.all([writer('consumer'), writer('replay')]);
    expect(order).toEqual(Array.from({ length: 10 }, (_, i) => (i % 2 === 0 ? 'consumer' : 'replay')));
  });
});
