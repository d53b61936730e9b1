import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { listParked } from '../../src/dead-letter/dead-letter-reader.js';
import type { GatewayOptions } from '../../src/gateway/gateway-options.js';
import { SluiceError } from '../../src/lib/errors.js';
import type { Point } from '../../src/sink/point.js';
import { disk } from '../support/failing-disk.js';
import { GatewayInProcess } from '../support/gateway-in-process.js';
import { MemorySink } from '../support/memory-sink.js';
import {
  CHECKPOINT_MS,
  CODES,
  FOUND,
  fieldsOf,
  optionsOf,
  payloadOf,
  REFUSED,
  type Schedule,
  schedule,
} from './disk-schedules.js';

vi.mock('node:fs/promises', async (original) => {
  const { disk: failing } = await import('../support/failing-disk.js');
  return failing.wrap(await original<typeof import('node:fs/promises')>());
});
const store = vi.hoisted(() => ({ sink: undefined as unknown }));
vi.mock('../../src/sink/create-sink.js', () => ({ createSink: () => store.sink }));

const SCHEDULES = process.env.SLUICE_SOAK === 'full' ? 2_000 : 80;
const SEED = 20_261_130;

/** The calls that nothing may follow when they fail. */
const FATAL =
  /^(write|sync) log\/.*\.seg$|^(write|sync|rename) checkpoints\/|^(write|sync) dead-letter\/parked-/;
const FLUSH_MS = 60_000;
const QUIET_MS = 2_000;

beforeEach(() => {
  vi.useFakeTimers({
    toFake: ['setTimeout', 'clearTimeout', 'setInterval', 'clearInterval', 'performance', 'Date', 'hrtime'],
  });
});
afterEach(() => {
  vi.useRealTimers();
});

function newSink(): MemorySink {
  const sink = new MemorySink();
  sink.refuse = (point: Point) => (point.fields[0]?.value === REFUSED ? 'refused' : undefined);
  return sink;
}

/** Lets everything happen that needs no time, then moves the time, until `isReached`; false when it never is. */
async function until(isReached: () => boolean, limitMs = FLUSH_MS): Promise<boolean> {
  const endMs = performance.now() + limitMs;
  while (performance.now() < endMs) {
    for (let quiet = 0; quiet < 3; quiet += 1) {
      await new Promise<void>((resolve) => setImmediate(resolve));
      if (disk.inFlight > 0) quiet = -1;
      if (isReached()) return true;
    }
    vi.advanceTimersByTime(20);
  }
  return false;
}

/** The result of something that may need time to pass. */
async function withTime<T>(work: Promise<T>): Promise<T> {
  let isOver = false;
  void work.then(
    () => (isOver = true),
    () => (isOver = true),
  );
  if (!(await until(() => isOver))) throw new Error('it takes for ever');
  return work;
}

interface Run {
  readonly given: Schedule;
  readonly published: number;
  readonly acknowledged: number;
  readonly purges: number;
  readonly failure: unknown;
  readonly wasStopped: boolean;
}

/** One process on the disk that fails, until it stops or fails itself. */
async function failingLife(options: GatewayOptions, given: Schedule): Promise<Run> {
  const { failure, from, steps } = given;
  let published = 0;
  let acknowledged = 0;
  let purges = 0;
  disk.failFrom(from === 'start' ? failure : undefined);
  let gateway: GatewayInProcess;
  try {
    gateway = await withTime(GatewayInProcess.start(options));
  } catch (thrown) {
    await disk.kill();
    disk.revive();
    return { given, published, acknowledged, purges, failure: thrown, wasStopped: false };
  }
  if (from === 'running') disk.failFrom(failure);
  const hasFailed = () => gateway.failure !== undefined;
  for (const one of steps) {
    if (hasFailed()) break;
    if (one.kind === 'publish') {
      for (let i = 0; i < one.messages; i += 1) {
        gateway.publish('t/d', payloadOf(published, given.whenFull), () => {
          acknowledged += 1;
        });
        published += 1;
      }
    } else if (one.kind === 'process') {
      if (
        !(await until(() => hasFailed() || (acknowledged === published && gateway.ledger().buffered === 0)))
      ) {
        throw new Error(`it does not go on: ${gateway.lines.join('')}`);
      }
      await until(() => false, 3 * CHECKPOINT_MS);
    } else {
      if (one.kind === 'purge') purges += 1;
      // Refused while the pipeline ends after a failure.
      await gateway.ask({ kind: one.kind, selection: { all: true } }).catch(() => undefined);
      const isOver = () => gateway.report().replay.status?.state !== 'running';
      if (!(await until(() => hasFailed() || isOver()))) throw new Error(`the ${one.kind} does not end`);
    }
  }
  if (from === 'stop') disk.failFrom(failure);
  if (!hasFailed()) {
    let isStopped = false;
    const stopping = gateway.stop().then(() => (isStopped = true));
    await until(() => isStopped || hasFailed());
    if (isStopped && !hasFailed()) {
      await stopping;
      // The lock is released: the files are those of the next process.
      const { made } = disk;
      await until(() => false, QUIET_MS);
      expect(disk.made).toBe(made);
      return { given, published, acknowledged, purges, failure: undefined, wasStopped: true };
    }
    stopping.catch(() => undefined);
  }
  const { failure: thrown } = gateway;
  await withTime(gateway.kill(disk));
  return { given, published, acknowledged, purges, failure: thrown, wasStopped: false };
}

/** The next process, on a disk that works: everything is processed, and every message has one outcome. */
async function healthyLife(
  options: GatewayOptions,
  sink: MemorySink,
  run: Run & { readonly refused: readonly string[] },
): Promise<void> {
  disk.failFrom(undefined);
  const gateway = await withTime(GatewayInProcess.start(options));
  expect(await until(() => gateway.ledger().buffered === 0), gateway.lines.join('')).toBe(true);
  const ledger = gateway.ledger();
  expect(ledger.balanced).toBe(true);
  expect(ledger.lost).toBe(0);
  expect(ledger.received).toBeGreaterThanOrEqual(run.acknowledged);
  expect(ledger.received).toBeLessThanOrEqual(run.published);
  expect(ledger.written).toBe(sink.points.size);
  const { purged = 0, dropped = 0, unreadable = 0 } = ledger.reasons.parked;
  expect(unreadable).toBe(0);
  if (run.purges === 0) expect(purged).toBe(0);
  const { onlyCounted = {} } = gateway.report().ledger.totals;
  const counted = Object.values(onlyCounted).reduce((sum, records) => sum + records, 0);
  const listed = await withTime(listParked(options.directory.deadLetter, 9_999));
  expect(new Set(listed.map(({ id }) => id)).size).toBe(listed.length);
  expect(listed.length + purged + dropped + counted).toBe(ledger.parked);
  // The log has the first ones that were published, and each of them has the outcome that its payload asks for.
  const expected = { points: [] as number[], filtered: 0, parked: 0 };
  for (let n = 0; n < ledger.received; n += 1) {
    const { v } = fieldsOf(payloadOf(n, run.given.whenFull));
    if (v === undefined || v === REFUSED) expected.parked += 1;
    else if (v < 0) expected.filtered += 1;
    else expected.points.push(v);
  }
  const points = [...sink.points.values()].map(({ v }) => v as number).sort((a, b) => a - b);
  expect({ points, filtered: ledger.filtered, parked: ledger.parked }).toEqual(expected);
  await withTime(gateway.stop());
  expect(gateway.failure).toBeUndefined();
  const isExpected = (line: string) =>
    // The note on deleted segments is written in place: half of it may be there.
    (run.refused.some((call) => call.endsWith('log.note')) && line.includes('"fileName":"log.note"')) ||
    // Half of a line was written, and could not be cut off either.
    (run.refused.some((call) => /truncate .*settled-/.test(call)) && line.includes('settled-')) ||
    (run.given.failure.code === 'EIO' && line.includes('settled-'));
  const complaints = gateway.lines.filter((line) => /DAMAGED|UNUSABLE|RESET/.test(line) && !isExpected(line));
  expect(complaints).toEqual([]);
}

it('what was acknowledged has one outcome, whichever call on whichever file a disk refuses', {
  timeout: 1_800_000,
}, async () => {
  const reached = new Map<string, number>();
  await fc.assert(
    fc.asyncProperty(schedule, async (given) => {
      const root = mkdtempSync(join(tmpdir(), 'sluice-test-'));
      const sink = newSink();
      store.sink = sink;
      try {
        const options = optionsOf(root, given.whenFull);
        const run = await failingLife(options, given);
        const { refused } = disk;
        if (refused.length > 0) reached.set(given.failure.code, (reached.get(given.failure.code) ?? 0) + 1);
        const { failure } = run;
        const note = existsSync(join(root, 'data', 'clean-stop.json'));
        if (failure !== undefined) {
          expect(failure, String((failure as Error).stack)).toBeInstanceOf(SluiceError);
          const { code, message } = failure as SluiceError;
          expect(code).not.toBe('WORKER_FAILED');
          expect(message).toContain(join(root, 'data'));
          if (given.from !== 'start') {
            expect(given.failure.code, message).toBe('EIO');
            expect(note).toBe(false);
          }
          if (given.from === 'start') expect(given.failure.code, message).not.toBe('EMFILE');
        } else if (given.from !== 'start') {
          expect(run.wasStopped).toBe(true);
        }
        // What these files hold is unknown after that.
        const isFatal = given.failure.code === 'EIO' && FATAL.test(refused[0] ?? '');
        if (isFatal) expect(failure, refused[0]).toBeDefined();
        await healthyLife(options, sink, { ...run, refused });
      } finally {
        rmSync(root, { recursive: true, force: true });
      }
    }),
    { numRuns: SCHEDULES, seed: SEED, examples: FOUND.map((given) => [given]) },
  );
  // The schedules reach what they are about.
  for (const code of CODES) expect(reached.get(code), code).toBeGreaterThan(SCHEDULES / 40);
});
