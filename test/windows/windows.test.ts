import { appendFileSync, readdirSync, readFileSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import type { Aggregate, WindowFunction } from '../../src/windows/aggregate.js';
import { pointOf, seriesOf } from '../support/points.js';
import { tempDirectory } from '../support/temp-directory.js';
import { StepStore } from './step-store.js';
import { WindowsProcess } from './windows-process.js';

const NS_PER_S = 1_000_000_000n;
const START_S = 1_795_000_020n;
const FUNCTIONS: readonly WindowFunction[] = ['count', 'sum', 'stddev'];

function aggregate(more: Partial<Aggregate> = {}): Aggregate {
  return {
    name: 'room',
    from: 'climate',
    by: ['room'],
    sizeMs: 10_000,
    latenessMs: 2_000,
    fields: new Map([['v', { functions: FUNCTIONS, quantiles: [] }]]),
    resolutions: [
      { everyMs: 10_000, measurement: 'room_10s', retentionMs: 0 },
      { everyMs: 60_000, measurement: 'room_1min', retentionMs: 0 },
    ],
    ...more,
  };
}

async function started(of: readonly Aggregate[] = [aggregate()], memoryBytes?: number) {
  const store = new StepStore();
  const folder = join(tempDirectory(), 'windows');
  const gateway = new WindowsProcess(of, folder, store, memoryBytes);
  gateway.clock.wallNs = START_S * NS_PER_S;
  onTestFinished(() => gateway.stop());
  await gateway.start();
  /** A value of a room, so many seconds from the start, received at that time. */
  const publish = (room: string, seconds: number, v: number, receivedS = seconds) => {
    const receivedNs = (START_S + BigInt(receivedS)) * NS_PER_S;
    const timestampNs = (START_S + BigInt(seconds)) * NS_PER_S;
    gateway.log.push({ receivedNs, point: pointOf(seriesOf('climate', { room }), timestampNs, { v }) });
  };
  const end = () => gateway.settle((START_S + 600n) * NS_PER_S);
  return { store, folder, gateway, publish, end };
}

function rowsOf(store: StepStore, measurement: string) {
  const span = { fromNs: 0n, toNs: 2n ** 62n };
  const rows = store.reference.rows({
    ...span,
    measurement,
    fields: ['v_count', 'v_sum', 'v_stddev', 'open', 'inexact'],
  });
  return rows.map(({ tags, timestampNs, fields }) => ({
    room: tags[0]?.value,
    at: Number(timestampNs / NS_PER_S - START_S),
    ...Object.fromEntries(
      fields.map(({ name, value }) => [name, typeof value === 'bigint' ? Number(value) : value]),
    ),
  }));
}

const CLOSED = { open: false, inexact: false };

it('writes a row for each group when its window has closed, and the coarser one behind all of its parts', async () => {
  const { store, gateway, publish, end } = await started();
  publish('a', 1, 5);
  publish('a', 2, 7);
  publish('b', 3, 1);
  publish('a', 15, 9);
  await gateway.work(10);
  await gateway.turns(5);
  // The records have come to 15 s: the first window closed at 12 s.
  expect(rowsOf(store, 'room_10s')).toEqual([
    { room: 'a', at: 0, v_count: 2, v_sum: 12, v_stddev: Math.SQRT2, ...CLOSED },
    { room: 'b', at: 0, v_count: 1, v_sum: 1, ...CLOSED },
  ]);
  expect(rowsOf(store, 'room_1min')).toEqual([]);
  await end();
  expect(rowsOf(store, 'room_1min')).toEqual([
    { room: 'a', at: 0, v_count: 3, v_sum: 21, v_stddev: 2, ...CLOSED },
    { room: 'b', at: 0, v_count: 1, v_sum: 1, ...CLOSED },
  ]);
});

it('computes only the group of a late point again, after the quiet of the lateness', async () => {
  const { store, gateway, publish, end } = await started();
  publish('a', 1, 5);
  publish('b', 1, 5);
  publish('a', 30, 1);
  await gateway.work(10);
  await gateway.turns(5);
  const before = gateway.windows.report().aggregates[0]!.resolutions[0]!.rowsWritten;
  publish('a', 2, 100, 31);
  await gateway.work(10);
  await gateway.turns(5);
  expect(rowsOf(store, 'room_10s')[0]).toMatchObject({ v_count: 1 });
  publish('b', 34, 1);
  await gateway.work(10);
  await gateway.turns(5);
  expect(rowsOf(store, 'room_10s')[0]).toMatchObject({ room: 'a', at: 0, v_count: 2, v_sum: 105 });
  expect(gateway.windows.report().aggregates[0]!.resolutions[0]!.rowsWritten).toBe(before + 1);
  await end();
});

it('does not close a window for a device whose clock is ahead', async () => {
  const { store, gateway, publish } = await started();
  publish('a', 1, 5);
  publish('ahead', 10_000, 5, 2);
  publish('a', 3, 6);
  await gateway.work(10);
  await gateway.turns(5);
  expect(rowsOf(store, 'room_10s')).toEqual([]);
});

it('counts values that it has no room to remember, warns, and leaves their points alone', async () => {
  const { store, gateway, publish, end } = await started([aggregate()], 900);
  for (let nth = 0; nth < 8; nth++) publish('a', nth * 10, nth);
  await gateway.work(10);
  await end();
  const { values } = gateway.windows.report().aggregates[0]!;
  expect(values.accepted).toBe(8);
  expect(values.beyondMemory).toBeGreaterThan(0);
  expect(values.aggregated + values.beyondMemory).toBe(8);
  expect(gateway.warnings).toContain('WINDOWS_OVER_MEMORY');
  expect(
    store.reference.rows({ measurement: 'climate', fromNs: 0n, toNs: 2n ** 62n, fields: ['v'] }),
  ).toHaveLength(8);
});

it('computes all groups of a window where there is no room for the late ones, so that rows are exact', async () => {
  // Room for four windows and some of their groups.
  const { store, gateway, publish, end } = await started([aggregate()], 2_000);
  for (const room of ['a', 'b']) publish(room, 1, 1);
  await gateway.work(10);
  await end();
  publish('a', 701, 1);
  await gateway.work(1);
  publish('a', 2, 2, 701);
  publish('a', 41, 3, 701);
  publish('b', 3, 4, 701);
  publish('a', 52, 5, 701);
  await gateway.work(1);
  await end();
  const { values } = gateway.windows.report().aggregates[0]!;
  expect(values).toMatchObject({ beyondMemory: 0, awaiting: 0 });
  expect(rowsOf(store, 'room_1min')).toMatchObject([
    { room: 'a', v_sum: 11, inexact: false },
    { room: 'a', v_sum: 1, inexact: false },
    { room: 'b', v_sum: 5, inexact: false },
  ]);
  expect(gateway.warnings).toEqual([]);
});

it('says in rows that they lack values for which there was no room, until they are rebuilt', async () => {
  const { store, gateway, publish, end } = await started([aggregate()], 2_100);
  publish('a', 1, 1);
  publish('a', 11, 1);
  await gateway.work(10);
  await end();
  expect(rowsOf(store, 'room_10s')).toMatchObject([{ inexact: false }, { inexact: false }]);
  // These take the room, so that the late value cannot be noted.
  for (let nth = 10; nth < 15; nth++) publish('a', nth * 1_000, nth, 700);
  await gateway.work(10);
  publish('a', 2, 5, 701);
  publish('a', 25, 5, 701);
  await gateway.work(10);
  await gateway.turns(5);
  expect(gateway.lastWarning).toMatchObject({
    code: 'WINDOWS_OVER_MEMORY',
    from: new Date(day.fromMs).toISOString(),
    to: new Date(day.fromMs + 30_000).toISOString(),
  });
  const marked = [
    { at: 0, v_count: 1, inexact: true },
    { at: 10, v_count: 1, inexact: false },
  ];
  expect(rowsOf(store, 'room_10s').slice(0, 2)).toMatchObject(marked);
  expect(rowsOf(store, 'room_1min')[0]).toMatchObject({ v_count: 2, inexact: true });
  await gateway.checkpoint();
  await gateway.stop();
  await gateway.start();
  await gateway.settle((START_S + 20_000n) * NS_PER_S);
  // It is also known after a restart, and when the coarser row is computed for another reason.
  publish('a', 12, 1, 20_001);
  await gateway.settle((START_S + 20_010n) * NS_PER_S);
  expect(rowsOf(store, 'room_1min')[0]).toMatchObject({ v_count: 3, inexact: true });
  const rebuild = async (seconds: number) => {
    const fromMs = day.fromMs + seconds * 1_000;
    await gateway.windows.rebuild({ fromMs, toMs: fromMs + 1, isForced: false, isDryRun: false });
    await gateway.settle((START_S + 20_020n) * NS_PER_S);
  };
  await rebuild(0);
  expect(rowsOf(store, 'room_10s')[0]).toMatchObject({ at: 0, v_count: 2, v_sum: 6, inexact: false });
  // There never was a row of the third window.
  expect(rowsOf(store, 'room_1min')[0]).toMatchObject({ v_count: 4, inexact: true });
  await rebuild(20);
  expect(rowsOf(store, 'room_1min')[0]).toMatchObject({ v_count: 5, inexact: false });
});

it('keeps room and time for the windows of now when a device with a wrong clock fills the memory', async () => {
  const { store, gateway, publish } = await started([aggregate()], 4_000);
  publish('a', 1, 5);
  await gateway.work(10);
  for (let nth = 1; nth <= 50; nth++) publish('wrong', -1_000_000 * nth, nth, 2);
  for (let nth = 1; nth <= 50; nth++) publish('wrong', 1_000_000 * nth, nth, 2);
  await gateway.work(10);
  expect(gateway.warnings).toContain('WINDOWS_OVER_MEMORY');
  publish('a', 11, 6);
  publish('a', 25, 7);
  await gateway.work(1);
  // One fold a turn: those of now come first.
  await gateway.turns(4);
  expect(rowsOf(store, 'room_10s').filter(({ room }) => room === 'a')).toMatchObject([
    { at: 0, v_count: 1 },
    { at: 10, v_count: 1 },
  ]);
});

it('shows open windows of all resolutions at the interval, also while no finer window closes', async () => {
  const of = aggregate({ earlyMs: 3_000, latenessMs: 0, sizeMs: 30_000 });
  const resolutions = [
    { everyMs: 30_000, measurement: 'room_30s', retentionMs: 0 },
    { everyMs: 3_600_000, measurement: 'room_1h', retentionMs: 0 },
    { everyMs: 86_400_000, measurement: 'room_1d', retentionMs: 0 },
  ];
  const { store, gateway, publish } = await started([{ ...of, resolutions }]);
  const shown = () =>
    ['room_30s', 'room_1h', 'room_1d'].map((name) => {
      const last = rowsOf(store, name).at(-1) as { v_count?: number; open?: boolean } | undefined;
      return [last?.v_count, last?.open];
    });
  // Not in the hour and day of the start, which are due anyway.
  publish('a', 90_001, 5);
  await gateway.work(1);
  await gateway.turns(5);
  expect(shown()).toEqual([
    [1, true],
    [1, true],
    [1, true],
  ]);
  publish('a', 90_002, 6);
  await gateway.work(1);
  await gateway.turns(5);
  expect(shown()).toEqual([
    [1, true],
    [1, true],
    [1, true],
  ]);
  gateway.clock.elapsedMs += 3_000;
  await gateway.turns(5);
  expect(shown()).toEqual([
    [2, true],
    [2, true],
    [2, true],
  ]);
  // The finest window closes, and no point falls into the next one.
  const receivedNs = (START_S + 90_031n) * NS_PER_S;
  gateway.log.push({ receivedNs, point: pointOf(seriesOf('other', {}), receivedNs, { v: 1 }) });
  await gateway.work(1);
  await gateway.turns(5);
  expect(shown()).toEqual([
    [2, false],
    [2, true],
    [2, true],
  ]);
  // That the hour and the day are due when they end is known after a restart, too.
  await gateway.checkpoint();
  await gateway.stop();
  await gateway.start();
  await gateway.settle((START_S + 300_000n) * NS_PER_S);
  expect(shown()).toEqual([
    [2, false],
    [2, false],
    [2, false],
  ]);
});

it('computes the other windows while one cannot be computed', async () => {
  const { store, gateway, publish } = await started();
  const bad = BigInt(START_S) * NS_PER_S;
  const fold = store.points.fold;
  store.points.fold = (query, signal) => {
    if (query.fromNs === bad) throw new Error('too large');
    return fold(query, signal);
  };
  publish('a', 1, 5);
  publish('a', 11, 6);
  publish('a', 30, 7);
  await gateway.work(10);
  await expect
    .poll(
      async () => {
        await gateway.turns(1);
        return rowsOf(store, 'room_10s');
      },
      { timeout: 10_000 },
    )
    .toMatchObject([{ at: 10, v_count: 1 }]);
  expect(gateway.warnings).toEqual(['WINDOW_FOLD_FAILED']);
  store.points.fold = fold;
  gateway.clock.elapsedMs += 10_000;
  await expect
    .poll(
      async () => {
        await gateway.turns(1);
        return rowsOf(store, 'room_10s').map(({ at }) => at);
      },
      { timeout: 10_000 },
    )
    .toEqual([0, 10]);
});

it('does not compute a window whose points may be gone, and says so in the row that there is', async () => {
  const { store, gateway, publish, end } = await started();
  publish('a', 1, 5);
  publish('a', 2, 6);
  publish('a', 200, 1);
  await gateway.work(10);
  await gateway.turns(10);
  store.keptNs.set('climate', (START_S + 5n) * NS_PER_S);
  publish('a', 7, 8, 201);
  await gateway.work(10);
  await end();
  expect(rowsOf(store, 'room_10s')[0]).toEqual({
    ...{ room: 'a', at: 0, v_count: 2, v_sum: 11, v_stddev: Math.SQRT1_2 },
    ...{ open: false, inexact: true },
  });
  expect(rowsOf(store, 'room_1min')[0]).toMatchObject({ v_count: 2, inexact: true });
  const { values } = gateway.windows.report().aggregates[0]!;
  expect(values).toMatchObject({ accepted: 4, aggregated: 3, beyondRetention: 1, awaiting: 0 });
});

it('keeps from deletion what windows are still to be computed from', async () => {
  const { gateway, publish, end } = await started();
  expect(gateway.windows.keepFromNs('climate')).toBeDefined();
  await end();
  expect(gateway.windows.keepFromNs('climate')).toBeUndefined();
  publish('a', 1_001, 5);
  await gateway.work(1);
  expect(gateway.windows.keepFromNs('climate')).toBe((START_S + 1_000n) * NS_PER_S);
  expect(gateway.windows.keepFromNs('other')).toBeUndefined();
});

const day = { fromMs: Number(START_S) * 1_000, toMs: Number(START_S + 60n) * 1_000 };

it('computes again what a person asks for, but no row whose count would fall unless that is asked for', async () => {
  const { store, gateway, publish, end } = await started();
  publish('a', 1, 5);
  publish('a', 2, 6);
  await end();
  const changed = new StepStore();
  // Half of the points are gone, and a row is damaged.
  changed.reference.write([pointOf(seriesOf('climate', { room: 'a' }), (START_S + 1n) * NS_PER_S, { v: 5 })]);
  Object.assign(store, { reference: changed.reference });
  store.reference.write([
    pointOf(seriesOf('room_10s', { room: 'a' }), START_S * NS_PER_S, {
      v_count: 2n,
      v_sum: 11,
      open: false,
      inexact: false,
    }),
  ]);
  const rebuild = async (isForced: boolean, isDryRun = false) => {
    const result = await gateway.windows.rebuild({ ...day, isForced, isDryRun });
    await end();
    return result;
  };
  expect(await rebuild(false, true)).toEqual({
    aggregates: [
      { measurement: 'room_10s', windows: 6, beyondRetention: 0 },
      { measurement: 'room_1min', windows: 1, beyondRetention: 0 },
    ],
  });
  expect(rowsOf(store, 'room_10s')[0]).toMatchObject({ v_count: 2, inexact: false });
  await rebuild(false);
  expect(rowsOf(store, 'room_10s')[0]).toMatchObject({ v_count: 2, v_sum: 11, inexact: true });
  await rebuild(true);
  expect(rowsOf(store, 'room_10s')[0]).toMatchObject({ v_count: 1, v_sum: 5, inexact: false });
  expect(rowsOf(store, 'room_1min')[0]).toMatchObject({ v_count: 1, v_sum: 5, inexact: false });
});

it('refuses to rebuild an aggregate that there is not, with the nearest name', async () => {
  const { gateway } = await started();
  const request = { ...day, aggregate: 'rooms', isDryRun: false, isForced: false };
  await expect(gateway.windows.rebuild(request)).rejects.toMatchObject({
    code: 'USAGE_INVALID',
    message: 'there is no aggregate "rooms"; did you mean "room"?',
  });
});

it('refuses to start with an aggregate that was another one under its name', async () => {
  const { gateway, folder, store } = await started();
  await gateway.checkpoint();
  await gateway.stop();
  const changed = new WindowsProcess([aggregate({ by: [] })], folder, store);
  await expect(changed.start()).rejects.toMatchObject({ code: 'CONFIG_INVALID' });
  await expect(changed.start()).rejects.toThrow('by of the windows "room" was [room] and is []');
});

/** The newest file of the journal. */
function journalFile(folder: string): string {
  return join(folder, readdirSync(folder).sort().at(-1)!);
}

it('reads its journal to half a line that a crash has left, without a warning', async () => {
  const { store, gateway, publish, folder, end } = await started();
  publish('a', 1, 5);
  await gateway.work(10);
  await gateway.checkpoint();
  await gateway.stop();
  appendFileSync(journalFile(folder), '{"crc32":"00');
  await gateway.start();
  await end();
  expect(gateway.warnings).toEqual([]);
  expect(rowsOf(store, 'room_10s')).toMatchObject([{ v_count: 1 }]);
});

it.each([
  [
    'a flipped bit',
    (file: string) => writeFileSync(file, readFileSync(file, 'utf8').replace('"counts"', '"countz"')),
  ],
  ['an empty file', (file: string) => truncateSync(file, 0)],
])('says that its journal is damaged by %s, goes on, and computes what is open', async (_name, damage) => {
  const { store, gateway, publish, folder, end } = await started();
  publish('a', 1, 5);
  await gateway.work(10);
  await gateway.checkpoint();
  await gateway.stop();
  damage(journalFile(folder));
  await gateway.start();
  await end();
  expect(gateway.warnings).toEqual(['WINDOWS_STATE_LOST']);
  expect(rowsOf(store, 'room_10s')).toMatchObject([{ at: 0, v_count: 1 }]);
});
