import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import type { Aggregate, AggregateField, WindowFunction } from '../../src/windows/aggregate.js';
import { pointOf, seriesOf } from '../support/points.js';
import { StepStore } from './step-store.js';
import { WindowsProcess } from './windows-process.js';

const NS_PER_MS = 1_000_000n;
const START_MS = Date.parse('2026-03-29T00:59:00Z');
const ALL: readonly WindowFunction[] = [
  ...(['count', 'sum', 'mean', 'min', 'max', 'stddev', 'first', 'last'] as const),
  ...(['increase', 'changes'] as const),
];
const MERGED = ALL.filter((one) => one !== 'increase' && one !== 'changes');

const field = (functions: readonly WindowFunction[]): AggregateField => ({ functions, quantiles: [] });
const SERIES: Aggregate = {
  name: 'fine',
  from: 'climate',
  sizeMs: 10_000,
  latenessMs: 2_000,
  earlyMs: 2_000,
  fields: new Map([
    ['v', field(ALL)],
    ['state', { functions: ['topk'], quantiles: [], top: 2 }],
  ]),
  resolutions: [
    { everyMs: 10_000, measurement: 'fine_10s', retentionMs: 0 },
    { everyMs: 60_000, measurement: 'fine_1min', retentionMs: 0 },
    { everyMs: 86_400_000, measurement: 'fine_1d', retentionMs: 0, timezone: 'Europe/Berlin' },
  ],
};
const SITES: Aggregate = {
  name: 'site',
  from: 'climate',
  by: ['site'],
  sizeMs: 30_000,
  latenessMs: 0,
  earlyMs: 1_000,
  fields: new Map([
    ['v', field(MERGED)],
    ['w', field(['count', 'mean'])],
  ]),
  resolutions: [{ everyMs: 10_000, measurement: 'site_10s', retentionMs: 0 }],
};

const series = fc.integer({ min: 0, max: 3 });
/** How far the event lies before its receive time. Most are live; some late, from a backlog, or ahead. */
const lagMs = fc.oneof(
  { weight: 5, arbitrary: fc.integer({ min: 0, max: 300 }) },
  { weight: 2, arbitrary: fc.integer({ min: 1_000, max: 15_000 }) },
  { weight: 2, arbitrary: fc.integer({ min: 20_000, max: 300_000 }) },
  { weight: 1, arbitrary: fc.integer({ min: -40_000, max: -1 }) },
);
const command = fc.oneof(
  {
    weight: 12,
    arbitrary: fc.record({
      kind: fc.constant('publish' as const),
      series,
      lagMs,
      passMs: fc.constantFrom(0, 50, 700, 3_000, 12_000),
      isRepeated: fc.boolean(),
      isRefused: fc.constantFrom(false, false, false, true),
      hasW: fc.boolean(),
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({ kind: fc.constant('work' as const), batch: fc.integer({ min: 1, max: 4 }) }),
  },
  {
    weight: 3,
    arbitrary: fc.record({ kind: fc.constant('turns' as const), count: fc.integer({ min: 1, max: 12 }) }),
  },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('checkpoint' as const) }) },
  {
    weight: 2,
    arbitrary: fc.record({ kind: fc.constant('die-after' as const), steps: fc.integer({ min: 0, max: 12 }) }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('die-in-checkpoint' as const) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('replay' as const), series, lagMs }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('clock-back' as const) }) },
);
type Command = typeof command extends fc.Arbitrary<infer Value> ? Value : never;

/** A point of the log that the store took, for the numbers that the test computes itself. */
interface Value {
  readonly device: string;
  readonly site: string;
  readonly atMs: number;
  readonly v: number;
  readonly w: number | undefined;
  readonly state: string;
}

class Run {
  readonly store = new StepStore();
  readonly process: WindowsProcess;
  /** Series and time → the value that came last. */
  readonly values = new Map<string, Value>();
  /** Values that the store took from the log, one by one. */
  accepted = { fine: 0, site: 0 };
  #nowMs = START_MS;
  #receivedNs = BigInt(START_MS) * NS_PER_MS;
  #number = 0;
  readonly #lastAtMs = new Map<number, number>();

  constructor(folder: string, memoryBytes?: number) {
    this.process = new WindowsProcess([SERIES, SITES], folder, this.store, memoryBytes);
    this.process.clock.wallNs = BigInt(START_MS) * NS_PER_MS;
  }

  async do(one: Command): Promise<void> {
    switch (one.kind) {
      case 'publish':
        return this.#publish(one);
      case 'work':
        return this.process.work(one.batch);
      case 'turns':
        return this.process.turns(one.count);
      case 'checkpoint':
        return this.process.checkpoint();
      case 'die-after':
        this.store.stepsLeft = one.steps;
        return;
      case 'die-in-checkpoint':
        return this.process.dieInCheckpoint();
      case 'replay':
        return this.#replay(one.series, one.lagMs);
      case 'clock-back':
        // As after a clock that was an hour ahead: a new epoch of receive times begins.
        this.#nowMs -= 3_600_000;
        this.#receivedNs = BigInt(this.#nowMs) * NS_PER_MS;
        this.process.clock.wallNs = this.#receivedNs;
        return;
    }
  }

  #publish(one: Extract<Command, { kind: 'publish' }>): void {
    this.#nowMs += one.passMs;
    this.process.clock.elapsedMs += one.passMs;
    const byClock = BigInt(this.#nowMs) * NS_PER_MS;
    this.#receivedNs = byClock > this.#receivedNs ? byClock : this.#receivedNs + 1n;
    this.process.clock.wallNs = this.#receivedNs;
    const lastAtMs = this.#lastAtMs.get(one.series);
    const atMs = one.isRepeated && lastAtMs !== undefined ? lastAtMs : this.#nowMs - one.lagMs;
    this.#lastAtMs.set(one.series, atMs);
    const point = this.#point(one.series, atMs, one.isRefused, one.hasW);
    this.process.log.push({ receivedNs: this.#receivedNs, point });
    if (one.isRefused) return;
    this.accepted.fine += 2;
    this.accepted.site += 3 * (one.hasW ? 2 : 1);
  }

  /** A replayed record overwrites what is there, so the test does not replay into a value of the log. */
  async #replay(nth: number, lagMs: number): Promise<void> {
    const atMs = this.#nowMs - lagMs - 1;
    await this.process.replay(this.#point(nth, atMs + 0.5, false, false));
  }

  #point(nth: number, atMs: number, isRefused: boolean, hasW: boolean) {
    const v = Math.sin(++this.#number * 12.9898) * 1_000;
    const w = hasW ? this.#number : undefined;
    const state = `state ${(this.#number * 7) % 4}`;
    const [device, site] = [`d${nth}`, `s${nth % 2}`];
    if (!isRefused) {
      const before = this.values.get(`${nth} ${atMs}`);
      this.values.set(`${nth} ${atMs}`, { device, site, atMs, v, w: w ?? before?.w, state });
    }
    const tags = { device, site, ...(isRefused && { refused: 'yes' }) };
    const timestampNs = BigInt(Math.round(atMs * 1e6 - START_MS * 1e6)) + BigInt(START_MS) * NS_PER_MS;
    return pointOf(seriesOf('climate', tags), timestampNs, { v, state, ...(w !== undefined && { w }) });
  }

  get lastMs(): number {
    return Math.max(this.#nowMs, ...[...this.values.values()].map(({ atMs }) => atMs));
  }
}

/** Numbers of a window by plain loops. */
function expected(values: readonly Value[], prefix: string, pick: (value: Value) => number | undefined) {
  const inOrder = values
    .filter((value) => pick(value) !== undefined)
    .sort((a, b) => a.atMs - b.atMs || (a.device < b.device ? -1 : 1));
  const numbers = inOrder.map((value) => pick(value)!);
  const count = numbers.length;
  if (count === 0) return {};
  const sum = numbers.reduce((total, number) => total + number, 0);
  const mean = sum / count;
  const squares = numbers.reduce((total, number) => total + (number - mean) ** 2, 0);
  const firstMs = inOrder[0]!.atMs;
  return {
    [`${prefix}_count`]: count,
    [`${prefix}_sum`]: sum,
    [`${prefix}_mean`]: mean,
    [`${prefix}_min`]: Math.min(...numbers),
    [`${prefix}_max`]: Math.max(...numbers),
    ...(count > 1 && { [`${prefix}_stddev`]: Math.sqrt(squares / (count - 1)) }),
    // Of several series with that time it is the greatest one.
    [`${prefix}_first`]: pick(inOrder.filter(({ atMs }) => atMs === firstMs).at(-1)!),
    [`${prefix}_last`]: numbers.at(-1),
  };
}

/** The two most frequent states, by plain loops; of equals the first in the alphabet. */
function expectedStates(values: readonly Value[]) {
  const states = [...new Set(values.map(({ state }) => state))].sort();
  const counted = states.map((state) => ({
    state,
    count: values.filter((one) => one.state === state).length,
  }));
  const [first, second] = counted.sort((a, b) => b.count - a.count);
  return {
    ...{ state_top1: first?.state, state_top1_count: first?.count },
    ...{ state_top2: second?.state ?? '', state_top2_count: second?.count ?? 0 },
  };
}

function expectRows(
  run: Run,
  aggregate: Aggregate,
  level: number,
  spansOf: (atMs: number) => readonly { startMs: number; endMs: number }[],
  isComplete: boolean,
): void {
  const { measurement } = aggregate.resolutions[level]!;
  const groupOf = ({ device, site }: Value) => (aggregate.by === undefined ? `${device},${site}` : site);
  const windows = new Map<string, Value[]>();
  for (const value of run.values.values()) {
    for (const { startMs } of spansOf(value.atMs)) {
      const key = `${startMs} ${groupOf(value)}`;
      windows.set(key, [...(windows.get(key) ?? []), value]);
    }
  }
  const names = [...aggregate.fields].flatMap(([name, { functions }]) =>
    functions.filter((one) => one !== 'topk').map((one) => `${name}_${one}`),
  );
  const stateNames = aggregate.fields.has('state') ? Object.keys(expectedStates([])) : [];
  const rows = run.store.reference.rows({
    measurement,
    fromNs: -(2n ** 62n),
    toNs: 2n ** 62n,
    fields: [...names, ...stateNames, 'open', 'inexact'],
  });
  const keyOf = (row: (typeof rows)[number]) =>
    `${row.timestampNs / NS_PER_MS} ${row.tags.map(({ value }) => value).join(',')}`;
  const found = new Map(rows.map((row) => [keyOf(row), row]));
  if (isComplete) expect([...found.keys()].sort(), measurement).toEqual([...windows.keys()].sort());
  for (const key of found.keys()) expect([...windows.keys()], measurement).toContain(key);
  for (const [key, values] of windows) {
    if (!found.has(key)) continue;
    const fields = Object.fromEntries(found.get(key)!.fields.map(({ name, value }) => [name, value]));
    expect(fields.open, `${measurement} ${key}`).toBe(false);
    if (!isComplete && fields.inexact === true) continue;
    expect(fields.inexact, `${measurement} ${key}`).toBe(false);
    const states = Object.fromEntries(
      stateNames.map((name) => [name, name.endsWith('count') ? Number(fields[name]) : fields[name]]),
    );
    if (stateNames.length > 0) expect(states, `${measurement} ${key}`).toEqual(expectedStates(values));
    const all = { ...expected(values, 'v', ({ v }) => v), ...expected(values, 'w', ({ w }) => w) };
    for (const name of names) {
      if (!(name in all)) continue;
      const [actual, truth] = [Number(fields[name]), Number(all[name])];
      const tolerance = name.endsWith('stddev') ? 1e-6 : 1e-9;
      const isExact = /count|min|max|first|last/.test(name);
      if (isExact) expect(actual, `${measurement} ${key} ${name}`).toBe(truth);
      else expect(Math.abs(actual - truth), `${measurement} ${key} ${name}`).toBeLessThan(tolerance * 1e4);
    }
  }
}

const BERLIN_OFFSET_MS = 2 * 3_600_000;
const DAY_MS = 86_400_000;
/** The days around the change of the clocks in Berlin on 2026-03-29 at 01:00 UTC, by hand. */
function berlinDay(atMs: number): { startMs: number; endMs: number }[] {
  const midnights = ['2026-03-27T23:00Z', '2026-03-28T23:00Z', '2026-03-29T22:00Z', '2026-03-30T22:00Z'].map(
    (text) => Date.parse(text),
  );
  const nth = midnights.findIndex((midnight, at) => atMs >= midnight && atMs < (midnights[at + 1] ?? 0));
  if (nth >= 0) return [{ startMs: midnights[nth]!, endMs: midnights[nth + 1]! }];
  const startMs = Math.floor((atMs + BERLIN_OFFSET_MS) / DAY_MS) * DAY_MS - BERLIN_OFFSET_MS;
  return [{ startMs, endMs: startMs + DAY_MS }];
}

async function check(commands: readonly Command[], memoryBytes?: number): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'sluice-windows-'));
  const run = new Run(join(folder, 'windows'), memoryBytes);
  try {
    await run.process.start();
    for (const one of commands) await run.do(one);
    await run.process.settle(BigInt(Math.ceil(run.lastMs) + 2 * DAY_MS) * NS_PER_MS);
    expect(run.process.dueWindows()).toBe(0);
    const { aggregates } = run.process.windows.report();
    // A fold that a death ended is one that failed.
    const warnings = new Set(run.process.warnings.filter((code) => code !== 'WINDOW_FOLD_FAILED'));
    const isComplete = !warnings.delete('WINDOWS_OVER_MEMORY');
    expect([...warnings]).toEqual([]);
    const aligned = (everyMs: number) => (atMs: number) => {
      const startMs = Math.floor(atMs / everyMs) * everyMs;
      return [{ startMs, endMs: startMs + everyMs }];
    };
    const overlapping = (atMs: number) => {
      const { startMs } = aligned(10_000)(atMs)[0]!;
      return [startMs, startMs - 10_000, startMs - 20_000].map((start) => ({
        startMs: start,
        endMs: start + 30_000,
      }));
    };
    expectRows(run, SERIES, 0, aligned(10_000), isComplete);
    expectRows(run, SERIES, 1, aligned(60_000), isComplete);
    expectRows(run, SERIES, 2, berlinDay, isComplete);
    expectRows(run, SITES, 0, overlapping, isComplete);
    for (const { name, values } of aggregates) {
      const { accepted, aggregated, awaiting, beyondMemory, beyondRetention } = values;
      expect(aggregated + awaiting + beyondMemory + beyondRetention, name).toBe(accepted);
      if (isComplete) expect(beyondMemory, name).toBe(0);
      if (commands.some(({ kind }) => kind === 'replay')) continue;
      expect(accepted, name).toBe(run.accepted[name as keyof typeof run.accepted]);
    }
  } finally {
    await run.process.stop();
    await rm(folder, { recursive: true, force: true });
  }
}

const numRuns = Number(process.env.WINDOWS_RUNS ?? 60);

it('the same log gives the same rows, whatever was late, repeated, refused, replayed or killed in between', async () => {
  const commands = fc.array(command, { minLength: 5, maxLength: 60 });
  await fc.assert(
    fc.asyncProperty(commands, (some) => check(some)),
    { numRuns },
  );
}, 120_000);

it('a row that lacks values because there was no room to note their window says so', async () => {
  const commands = fc.array(command, { minLength: 20, maxLength: 60 });
  const memoryBytes = fc.integer({ min: 800, max: 6_000 });
  await fc.assert(fc.asyncProperty(commands, memoryBytes, check), { numRuns });
}, 120_000);
