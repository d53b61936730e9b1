import { cpSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { listParked } from '../../src/dead-letter/dead-letter-reader.js';
import { type DeadLetterEnd, DeadLetterWriter } from '../../src/dead-letter/dead-letter-writer.js';
import type { ParkCode } from '../../src/dead-letter/park-codes.js';
import { parkedRecord } from '../../src/dead-letter/parked-record.js';
import { NO_RECORDS } from '../../src/ledger/ledger.js';
import { SystemClock } from '../../src/lib/clock.js';
import { RESERVE_BYTES } from '../../src/lib/disk-room.js';
import { SluiceError } from '../../src/lib/errors.js';
import type { MessageProperties } from '../../src/lib/message-properties.js';
import { StateTables } from '../../src/lib/state-tables.js';
import { SerialSink } from '../../src/pipeline/serial-sink.js';
import { ParkedFiles } from '../../src/replay/parked-files.js';
import { Replayer, type ReplayerDeps, type ReplayStore } from '../../src/replay/replayer.js';
import type { ReplayMapping } from '../../src/replay/reprocess-parked.js';
import { MappingWarnings } from '../../src/rules/mapped.js';
import { compileOrThrow, compileRules } from '../../src/rules/rule-set.js';
import { MemorySink, unreachable } from '../support/memory-sink.js';
import { replayChange } from '../support/replay-change.js';
import { tempDirectory } from '../support/temp-directory.js';

const compiled = compileRules([
  {
    name: 'fixed',
    topic: 's/+device',
    where: 'payload.v >= 0.0',
    measurement: 'm',
    tags: { device: { path: 'topic.device' } },
    fields: { v: { path: 'payload.v', type: 'float' } },
  },
]);
if (!compiled.ok) throw new Error('rules');
const { ruleSet } = compiled;

/** By the fixed rule, ten records become eight points, one is filtered, one is parked again. */
const parked = (n: number, code: ParkCode = 'field-wrong-type') =>
  parkedRecord(
    {
      receivedAtNs: 1_795_000_000_000_000_000n + BigInt(n),
      topic: n % 10 === 5 ? 'elsewhere' : `s/d${n % 4}`,
      clientId: 'c',
      qos: 1,
      payload: Buffer.from(`{"v":${n % 10 === 7 ? -1 : n}}`),
    },
    { code, reason: 'by the old rule', rule: 'old' },
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
  options: {
    saved?: () => DeadLetterEnd | undefined;
    saveCheckpoint?: () => Promise<void>;
    store?: 'none';
    waitMs?: number;
    rulesInForce?: () => ReplayMapping['apply'];
    onReplayed?: ReplayStore['onReplayed'];
  } = {},
) {
  const parkedFiles = await ParkedFiles.open(directory, { replayableEnd: async () => options.saved?.() });
  const sink = new MemorySink();
  const writes = new SerialSink(sink);
  const mappingWarnings = new MappingWarnings();
  const deps: ReplayerDeps = {
    parkedFiles,
    clock: new SystemClock(),
    onProgress: () => undefined,
    onFreed: async () => undefined,
    warn: () => undefined,
    saveCheckpoint: options.saveCheckpoint,
    ...(options.store === 'none'
      ? {}
      : {
          store: {
            ...(options.onReplayed !== undefined && { onReplayed: options.onReplayed }),
            rulesInForce: () => ({
              apply: options.rulesInForce?.() ?? ((record) => ruleSet.apply(record, mappingWarnings)),
              state: new StateTables(),
            }),
            sink: { write: (points, signal) => writes.write(points, signal), status: () => sink.status() },
          },
        }),
  };
  const replayer = new Replayer({ checkpointWaitMs: options.waitMs ?? 0 }, deps);
  const end = async () => {
    replayer.abort();
    await replayer.ended();
    await parkedFiles.close();
  };
  onTestFinished(end);
  const change = () => replayChange(parkedFiles.totals());
  return { parkedFiles, sink, writes, replayer, end, change };
}

describe('a record with message properties', () => {
  it('is replayed with them: they choose its format and are its tags', async () => {
    const { directory, writer } = await setUp(0);
    const properties: MessageProperties = {
      contentType: 'application/cbor',
      userProperties: [['site', 'pune']],
    };
    const record = {
      receivedAtNs: 1_795_000_000_000_000_001n,
      topic: 's/d1',
      clientId: 'c',
      qos: 1,
      payload: Buffer.from('a161761901f4', 'hex'), // {"v": 500}
      properties,
    } as const;
    await writer.append([
      parkedRecord(record, { code: 'rule-none', reason: 'no rule' }, 1),
      parkedRecord({ ...record, properties: undefined }, { code: 'rule-none', reason: 'no rule' }, 1),
    ]);
    expect((await listParked(directory, 2)).map((one) => one.properties)).toEqual([undefined, properties]);
    const rules = compileOrThrow([
      {
        name: 'r',
        topic: 's/+device',
        measurement: 'm',
        tags: { site: { path: 'properties.user.site' } },
        fields: { v: { path: 'payload.v' } },
      },
    ]);
    const { replayer, sink, change } = await life(directory, {
      saved: () => writer.end,
      rulesInForce: () => (one) => rules.apply(one, new MappingWarnings()),
    });
    replayer.start({ kind: 'replay', selection: { all: true } });
    await replayer.ended();
    expect([...sink.points]).toEqual([[expect.stringContaining('site=pune'), { v: 500 }]]);
    expect(change()).toMatchObject({ written: 1, parked: { 'rule-none': -2, 'payload-not-utf8': 1 } });
  });
});

describe('a record that the broker had not accepted', () => {
  const topics = { reason: 'topic-not-accepted', detail: 'd' } as const;
  const refusedRecord = (n: number, topicBytes: number, payloadBytes: number) =>
    parkedRecord(
      {
        receivedAtNs: 1_795_000_000_000_000_000n + BigInt(n),
        topic: 's/d1',
        clientId: 'c',
        qos: 1,
        payload: Buffer.from('{"v":5}'),
        refused: { ...topics, topicBytes, payloadBytes },
      },
      { code: 'topic-not-accepted', reason: 'r' },
      1_700_000_000_000 + n,
    );

  it('is replayed by the rules when topic and payload are kept whole, and else stays parked', async () => {
    const { directory, writer } = await setUp(0);
    await writer.append([refusedRecord(1, 4, 7), refusedRecord(2, 4, 300_000), refusedRecord(3, 2_000, 7)]);
    const { replayer, sink, change } = await life(directory, { saved: () => writer.end });
    replayer.start({ kind: 'replay', selection: { all: true } });
    await replayer.ended();
    expect(replayer.status()).toMatchObject({ state: 'done', selected: 1, withoutPayload: 2 });
    expect(sink.points).toHaveLength(1);
    expect(change()).toEqual({ ...NO_RECORDS, written: 1, parked: { 'topic-not-accepted': -1 } });
    replayer.start({ kind: 'purge', selection: { all: true } });
    await replayer.ended();
    expect(change().parked).toMatchObject({ 'topic-not-accepted': -3 });
  });
});

describe('a replay', () => {
  it('processes records again by the rules in force: points keep their identity, ledger and list follow', async () => {
    const { directory } = await setUp(100);
    const { replayer, sink, change } = await life(directory);
    expect(replayer.start({ kind: 'replay', selection: { all: true } })).toMatchObject({ state: 'running' });
    await replayer.ended();
    expect(replayer.status()).toMatchObject({
      state: 'done',
      selected: 100,
      outcomes: { written: 80, filtered: 10, parkedAgain: 10, purged: 0 },
      parkedAgain: { 'rule-none': 10 },
    });
    expect(change()).toEqual({
      written: 80,
      filtered: { fixed: 10 },
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

  it('reports the records that are written or filtered now, and none of a preview', async () => {
    const { directory } = await setUp(20);
    const reported: string[] = [];
    const { replayer } = await life(directory, {
      onReplayed: (records) => reported.push(...records.map(({ id }) => id.slice(-2))),
    });
    replayer.start({ kind: 'replay', selection: { all: true }, dryRun: true });
    await replayer.ended();
    expect(reported).toEqual([]);
    replayer.start({ kind: 'replay', selection: { all: true } });
    await replayer.ended();
    // Those of the topic that no rule takes are parked again.
    const all = Array.from({ length: 20 }, (_, n) => String(n).padStart(2, '0'));
    expect(reported).toEqual(all.filter((id) => id !== '05' && id !== '15'));
  });

  it('goes on with the rules it began with when a reload replaces them; the next one uses the new rules', async () => {
    // More than one batch.
    const { directory, writer } = await setUp(1_500);
    const filteredBy =
      (rule: string): ReplayMapping['apply'] =>
      () => ({ kind: 'filtered', rule });
    let inForce = filteredBy('before');
    const { replayer, change } = await life(directory, { rulesInForce: () => inForce });
    replayer.start({ kind: 'replay', selection: { all: true } });
    inForce = filteredBy('after');
    await replayer.ended();
    expect(change().filtered).toEqual({ before: 1_500 });
    await writer.append([parked(2_000)]);
    replayer.start({ kind: 'replay', selection: { all: true } });
    await replayer.ended();
    expect(change().filtered).toEqual({ before: 1_500, after: 1 });
  });

  it('takes only what is selected, by the reason for which it is parked now', async () => {
    const { directory, writer } = await setUp(20);
    await writer.append([parked(100, 'rule-none')]);
    const { replayer } = await life(directory);
    const selectedBy = async (selection: Parameters<Replayer['start']>[0]['selection']) => {
      replayer.start({ kind: 'replay', selection });
      await replayer.ended();
      return replayer.status()!.selected;
    };
    expect(await selectedBy({ ids: [parked(1).id, parked(2).id, '5'] })).toBe(2);
    expect(await selectedBy({ topic: 's/d3', rule: 'unknown' })).toBe(0);
    expect(await selectedBy({ topic: 'elsewhere', rule: 'old' })).toBe(2);
    // Since then those two are parked for another reason.
    expect(await selectedBy({ code: 'rule-none' })).toBe(3);
    expect(await selectedBy({ parkedBeforeMs: 1_700_000_000_000 + 4, code: 'field-wrong-type' })).toBe(2);
    expect(await selectedBy({ all: true })).toBe(16);
  });

  it('that parks a record again for the same reason changes nothing, and the journal does not grow', async () => {
    const { directory, writer } = await setUp(0);
    const hopeless = { ...parked(5), code: 'rule-none' as const };
    await writer.append([hopeless]);
    const { replayer, change } = await life(directory);
    for (let time = 0; time < 3; time += 1) {
      replayer.start({ kind: 'replay', selection: { all: true } });
      await replayer.ended();
      expect(replayer.status()).toMatchObject({ selected: 1, outcomes: { parkedAgain: 1 } });
    }
    // The first replay has given it a new reason; the others found the same.
    const journal = readFileSync(join(directory, 'settled-00000000.jsonl'), 'utf8');
    expect(journal.trimEnd().split('\n')).toHaveLength(1);
    expect(change()).toEqual(NO_RECORDS);
  });

  it('parks a record again when the store rejects a point, with the reason of the store', async () => {
    const { directory } = await setUp(10);
    const { replayer, sink, change } = await life(directory);
    sink.refuse = (point) => (point.fields[0]!.value === 2 ? 'field type conflict' : undefined);
    replayer.start({ kind: 'replay', selection: { all: true } });
    await replayer.ended();
    expect(change()).toMatchObject({ written: 7, parked: { 'store-refused': 1, 'rule-none': 1 } });
    expect(await listParked(directory, 9, { code: 'store-refused' })).toMatchObject([
      { id: parked(2).id, reason: 'field type conflict', rule: 'fixed' },
    ]);
  });

  it('takes no record that was parked after the last checkpoint: after a crash those come again', async () => {
    const { directory, writer } = await setUp(10);
    const saved = writer.end;
    await writer.append([parked(10), parked(11)]);
    const { replayer } = await life(directory, { saved: () => saved });
    replayer.start({ kind: 'replay', selection: { all: true } });
    await replayer.ended();
    expect(replayer.status()).toMatchObject({ state: 'done', selected: 10 });
    expect((await listParked(directory, 9)).map(({ id }) => id)).toContain(parked(11).id);
  });

  it('waits for a checkpoint that covers the newest records when one is to come', async () => {
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

  it('lets the reader of its thread save a checkpoint, however long that takes', async () => {
    const { directory, writer } = await setUp(10);
    let saved = writer.end;
    await writer.append([parked(10), parked(11)]);
    const saves: (() => void)[] = [];
    const saveCheckpoint = () => new Promise<void>((resolve) => saves.push(resolve));
    const { replayer } = await life(directory, { saved: () => saved, saveCheckpoint, waitMs: 1 });
    replayer.start({ kind: 'replay', selection: { all: true } });
    while (saves.length === 0) await new Promise((resolve) => setImmediate(resolve));
    // The checkpoint takes longer than `waitMs`.
    const begunMs = performance.now();
    while (performance.now() - begunMs < 10) await new Promise((resolve) => setImmediate(resolve));
    expect(replayer.status()).toMatchObject({ state: 'running', selected: 0 });
    saved = writer.end;
    saves[0]!();
    await replayer.ended();
    expect(replayer.status()).toMatchObject({ state: 'done', selected: 12 });
  });

  it('does without a checkpoint that cannot be saved now', async () => {
    const { directory, writer } = await setUp(10);
    const saved = writer.end;
    await writer.append([parked(10), parked(11)]);
    const saveCheckpoint = () => Promise.reject(new SluiceError('DISK_FULL', 'no room'));
    const { replayer } = await life(directory, { saved: () => saved, saveCheckpoint, waitMs: 1 });
    replayer.start({ kind: 'replay', selection: { all: true } });
    await replayer.ended();
    expect(replayer.status()).toMatchObject({ state: 'done', selected: 10 });
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
      const before = next.change();
      const left = (await listParked(copy, 9_999)).filter(({ code }) => code === 'field-wrong-type').length;
      expect(-before.parked['field-wrong-type']! || 0).toBe(3_500 - left);
      next.replayer.start({ kind: 'replay', selection: { code: 'field-wrong-type' } });
      await next.replayer.ended();
      expect(next.change()).toEqual(first.change());
      expect(new Set([...inStore[i]!, ...next.sink.points.keys()]).size).toBe(2_800);
    }
  });

  it('waits for the store like the consumer; a stop gives up its batch, which stays parked', async () => {
    const { directory } = await setUp(10);
    const { replayer, sink, change } = await life(directory);
    sink.before = unreachable;
    sink.status = () => ({ state: 'retrying', detail: 'no answer' });
    replayer.start({ kind: 'replay', selection: { all: true } });
    while (sink.writes === 0) await new Promise((resolve) => setImmediate(resolve));
    expect(replayer.status()).toMatchObject({ state: 'running', waitingFor: 'no answer' });
    expect(() => replayer.start({ kind: 'purge', selection: { all: true } })).toThrow(/is running/);
    replayer.abort();
    await replayer.ended();
    expect(replayer.status()).toMatchObject({ state: 'stopped', outcomes: { written: 0 } });
    expect(change()).toEqual(NO_RECORDS);
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
    expect(replayer.status()).toMatchObject({
      state: 'stopped',
      selected: 2_500,
      outcomes: { written: 800 },
    });
    expect(await listParked(directory, 9_999)).toHaveLength(2_500 - 900);
  });

  it('previews its result with a dry run and changes nothing', async () => {
    const { directory } = await setUp(100);
    const { replayer, sink, change } = await life(directory);
    replayer.start({ kind: 'replay', selection: { all: true }, dryRun: true });
    await replayer.ended();
    expect(replayer.status()).toMatchObject({
      dryRun: true,
      outcomes: { written: 80, filtered: 10, parkedAgain: 10 },
    });
    expect(sink.writes).toBe(0);
    expect(change()).toEqual(NO_RECORDS);
    expect(await listParked(directory, 999)).toHaveLength(100);
  });

  it('remembers the last jobs that have ended, with what they were about, and no preview', async () => {
    const { directory } = await setUp(30);
    const { replayer } = await life(directory);
    expect(replayer.finished()).toEqual([]);
    const begin = async (request: Parameters<typeof replayer.start>[0]) => {
      replayer.start(request);
      await replayer.ended();
    };
    await begin({ kind: 'replay', selection: { all: true }, dryRun: true });
    await begin({ kind: 'replay', selection: { ids: ['1', '2'], code: 'field-wrong-type' } });
    await begin({ kind: 'replay', selection: { all: true } });
    const [last, before, ...others] = replayer.finished();
    expect(last).toMatchObject({
      selection: { all: true },
      status: { state: 'done', outcomes: { written: 24 } },
    });
    expect(last!.endedAtMs).toBeGreaterThanOrEqual(last!.status.startedAtMs);
    expect(before!.selection).toEqual({ ids: 2, code: 'field-wrong-type' });
    expect(others).toEqual([]);
    for (let n = 0; n < 25; n += 1) await begin({ kind: 'purge', selection: { code: `c${n}` } });
    expect(replayer.finished()).toHaveLength(20);
    expect(replayer.finished()[0]!.selection).toEqual({ code: 'c24' });
  });

  it('needs a store; a purge does not', async () => {
    const { directory } = await setUp(10);
    const { replayer, change } = await life(directory, { store: 'none' });
    expect(() => replayer.start({ kind: 'replay', selection: { all: true } })).toThrow(
      expect.objectContaining({ code: 'REPLAY_UNSUPPORTED' }) as Error,
    );
    replayer.start({ kind: 'purge', selection: { all: true } });
    await replayer.ended();
    expect(change()).toMatchObject({ written: 0, parked: { 'field-wrong-type': -10, purged: 10 } });
    expect(await listParked(directory, 99)).toEqual([]);
  });

  it('reaches the folders inside the dead letter, such as what Kinesis rejected', async () => {
    const { directory } = await setUp(10, { folder: 'forwarder' });
    const { replayer, parkedFiles } = await life(directory);
    replayer.start({ kind: 'replay', selection: { all: true } });
    await replayer.ended();
    expect(parkedFiles.totals().find(({ folder }) => folder === 'forwarder')!.totals).toMatchObject({
      replayed: { 'field-wrong-type': 10 },
      outcome: { written: 8, parked: { 'rule-none': 1 } },
    });
  });
});

describe('a purge on a full disk', () => {
  it('needs little of the reserve for a whole file of small records, also if the file cannot be removed', async () => {
    const directory = tempDirectory();
    const writer = await DeadLetterWriter.open({ directory, maxSizeBytes: 1 << 28 });
    onTestFinished(() => writer.close());
    while (writer.end.bytes < 15 << 20) {
      await writer.append(Array.from({ length: 1_000 }, (_, n) => parked(writer.end.bytes + n)));
    }
    expect(writer.end.file).toBe(0);
    const { replayer } = await life(directory, { store: 'none' });
    replayer.start({ kind: 'purge', selection: { all: true } });
    await replayer.ended();
    const { state, selected, outcomes } = replayer.status()!;
    expect([state, outcomes.purged]).toEqual(['done', selected]);
    expect(selected).toBeGreaterThan(40_000);
    expect(await listParked(directory, 1)).toEqual([]);
    const journalBytes = statSync(join(directory, 'settled-00000000.jsonl')).size;
    expect(journalBytes).toBeLessThan(RESERVE_BYTES / 2);
  });

  it('removes each file before it goes on with the next', async () => {
    const directory = tempDirectory();
    const writer = await DeadLetterWriter.open({ directory, maxSizeBytes: 1 << 19 });
    onTestFinished(() => writer.close());
    while (writer.end.file < 4) await writer.append(Array.from({ length: 100 }, (_, n) => parked(n)));
    const { replayer, parkedFiles } = await life(directory, { store: 'none' });
    const left: (readonly number[])[] = [];
    const openSpan = parkedFiles.openSpan.bind(parkedFiles);
    parkedFiles.openSpan = async (span) => {
      left.push(await writer.files());
      return openSpan(span);
    };
    replayer.start({ kind: 'purge', selection: { all: true } });
    await replayer.ended();
    // Once to count, once to purge, once for lines that cannot be read.
    expect(left.slice(5, 10)).toEqual([[0, 1, 2, 3, 4], [1, 2, 3, 4], [2, 3, 4], [3, 4], [4]]);
  });
});

describe('consumer and replay share the sink', () => {
  it('so that writes do not overlap, and neither waits for more than one write of the other', async () => {
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
