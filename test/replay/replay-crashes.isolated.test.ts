import { cpSync, mkdirSync, readdirSync, readFileSync, statSync, truncateSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it, vi } from 'vitest';
import { listParked } from '../../src/dead-letter/dead-letter-reader.js';
import { type DeadLetterEnd, DeadLetterWriter } from '../../src/dead-letter/dead-letter-writer.js';
import { parkedRecord } from '../../src/dead-letter/parked-record.js';
import type { ReplayOutcome } from '../../src/dead-letter/replay-journal.js';
import { ParkedFiles } from '../../src/replay/parked-files.js';
import { finishRemoving } from '../../src/replay/removed-journals.js';
import { replayChange } from '../support/replay-change.js';
import { tempDirectory } from '../support/temp-directory.js';

/** Counts what removing files does on the disk, step by step; the process is killed when no step is left. */
const disk = vi.hoisted(() => ({
  stepsLeft: Number.POSITIVE_INFINITY,
  step() {
    if (disk.stepsLeft === 0) throw new Error('killed');
    disk.stepsLeft -= 1;
  },
}));
vi.mock('node:fs/promises', async (original) => {
  const real = await original<typeof import('node:fs/promises')>();
  return {
    ...real,
    rm: (...args: Parameters<typeof real.rm>) => {
      disk.step();
      return real.rm(...args);
    },
    rename: (...args: Parameters<typeof real.rename>) => {
      disk.step();
      return real.rename(...args);
    },
  };
});

const RUNS = process.env.SLUICE_SOAK === 'full' ? 400 : 40;
const SEED = 20_261_121;

/** Small, so that a few records fill the dead letter and files end. */
const MAX_BYTES = 600;

/** What a consumer has saved: how many records it had parked, and where its dead letter ended. */
interface Checkpoint {
  readonly parked: number;
  readonly end: DeadLetterEnd;
}

/** One data directory over many processes. A crash leaves a copy of the folder as it was at that moment. */
class World {
  directory = join(tempDirectory(), 'life-0');
  lives = 0;
  checkpoint: Checkpoint | undefined;
  /** The outcome of each record whose journal line was durable, by id; the journal may be ahead of it by one batch. */
  readonly certain = new Map<string, ReplayOutcome['to']>();
  /** The outcomes of the batch that was being recorded at the crash. */
  uncertain = new Map<string, ReplayOutcome['to']>();

  constructor() {
    mkdirSync(this.directory);
  }

  /** Kills the process: everything in memory is gone. */
  crash(torn: number): void {
    this.lives += 1;
    const next = join(this.directory, '..', `life-${this.lives}`);
    cpSync(this.directory, next, { recursive: true });
    this.directory = next;
    const journals = readdirSync(next).filter((name) => name.startsWith('settled-0'));
    const lastIdOf = (journal: string) =>
      (
        JSON.parse(readFileSync(join(next, journal), 'utf8').trimEnd().split('\n').at(-1) || '{}') as {
          id: string;
        }
      ).id;
    const journal = torn === 0 ? undefined : journals.find((name) => this.uncertain.has(lastIdOf(name)));
    if (journal === undefined) return;
    // The last write may be there in part.
    const path = join(next, journal);
    truncateSync(path, statSync(path).size - Math.min(this.#bytesOfUncertain(path), torn));
  }

  /** The lines of that batch are the last ones; several of its records may share one. */
  #bytesOfUncertain(journal: string): number {
    const lines = readFileSync(journal, 'utf8').trimEnd().split('\n');
    let bytes = 0;
    for (let records = 0; records < this.uncertain.size; ) {
      const line = lines.pop()!;
      records += 1 + ((JSON.parse(line) as { more?: unknown[] }).more?.length ?? 0);
      bytes += Buffer.byteLength(line) + 1;
    }
    return bytes;
  }
}

const record = (n: number) =>
  parkedRecord(
    { receivedAtNs: BigInt(n), topic: 't', clientId: 'c', qos: 1, payload: Buffer.from(`${n}`) },
    { code: n % 2 === 0 ? 'rule-none' : 'payload-not-json', reason: 'because' },
    n,
  );

type Step =
  | { kind: 'park'; count: number }
  | { kind: 'save' }
  | { kind: 'record'; count: number; to: ReplayOutcome['to'] }
  | { kind: 'crashWhileRecording'; count: number; to: ReplayOutcome['to']; torn: number }
  | { kind: 'crash' }
  | { kind: 'sweep' }
  | { kind: 'crashWhileSweeping'; afterSteps: number };

const to = fc.constantFrom<ReplayOutcome['to']>('written', 'filtered', 'purged', 'parked');
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({ kind: fc.constant('park' as const), count: fc.integer({ min: 1, max: 6 }) }),
  },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('save' as const) }) },
  {
    weight: 5,
    arbitrary: fc.record({ kind: fc.constant('record' as const), count: fc.integer({ min: 1, max: 8 }), to }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant('crashWhileRecording' as const),
      count: fc.integer({ min: 1, max: 4 }),
      to,
      torn: fc.integer({ min: 0, max: 400 }),
    }),
  },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('crash' as const) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('sweep' as const) }) },
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant('crashWhileSweeping' as const),
      afterSteps: fc.integer({ min: 0, max: 6 }),
    }),
  },
);

function outcomeOf(kind: ReplayOutcome['to']): ReplayOutcome {
  if (kind === 'filtered') return { to: 'filtered', rule: 'r' };
  if (kind === 'parked') return { to: 'parked', code: 'no-fields', reason: 'again', rule: 'r' };
  return { to: kind };
}

describe('what replay and purge have changed', () => {
  it('is in the ledger once, whatever happens between journal, totals, removal and checkpoint', {
    timeout: 120_000,
  }, async () => {
    let sweptWithCrash = 0;
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 20, maxLength: 60, size: 'max' }), async (steps) => {
        const world = new World();
        let life = await begin(world);
        for (const one of steps) {
          if (
            one.kind === 'crash' ||
            one.kind === 'crashWhileRecording' ||
            one.kind === 'crashWhileSweeping'
          ) {
            if (one.kind === 'crashWhileSweeping') {
              sweptWithCrash += (await crashWhileSweeping(world, life.parkedFiles, one.afterSteps)) ? 1 : 0;
            } else if (one.kind === 'crashWhileRecording') {
              world.uncertain = await replay(world, life.parkedFiles, one.count, one.to, false);
              world.crash(one.torn);
            } else {
              world.crash(0);
            }
            await end(life);
            life = await begin(world);
          } else if (one.kind === 'park') {
            await life.park(one.count);
          } else if (one.kind === 'save') {
            life.save();
          } else if (one.kind === 'sweep') {
            await life.parkedFiles.sweep();
            await life.writer.measure();
          } else {
            await replay(world, life.parkedFiles, one.count, one.to, true);
          }
          await check(world, life);
        }
        await end(life);
      }),
      { numRuns: RUNS, seed: SEED },
    );
    // The test has reached the cases that matter.
    expect(sweptWithCrash).toBeGreaterThan(RUNS / 10);
  });
});

async function begin(world: World) {
  const { directory } = world;
  let saved = world.checkpoint;
  await finishRemoving(directory);
  const writer = await DeadLetterWriter.open({ directory, maxSizeBytes: MAX_BYTES }, saved?.end);
  const parkedFiles = await ParkedFiles.open(directory, {
    replayableEnd: async () => saved?.end ?? { file: 0, bytes: 0 },
  });
  if (await parkedFiles.sweep()) await writer.measure();
  // What was parked after the checkpoint comes again from the stream.
  let parked = saved?.parked ?? 0;
  for (const [id, outcome] of world.uncertain) {
    const state = await stateOf(directory, id);
    if (state === 'gone' || (state === 'again' && outcome === 'parked')) world.certain.set(id, outcome);
  }
  world.uncertain = new Map();
  const save = () => {
    saved = { parked, end: writer.end };
    world.checkpoint = saved;
  };
  // As every reader does before its first record.
  save();
  return {
    parkedFiles,
    writer,
    parkedRecords: () => parked,
    park: async (count: number) => {
      for (let i = 0; i < count; i += 1) {
        try {
          await writer.append([record(parked)]);
        } catch {
          // Full: as the consumer does, the new end is saved with the position from before.
          save();
          return;
        }
        parked += 1;
      }
    },
    save,
  };
}

/** Sweeps, and is killed after so many steps on the disk; false when the sweep was done before. */
async function crashWhileSweeping(
  world: World,
  parkedFiles: ParkedFiles,
  afterSteps: number,
): Promise<boolean> {
  disk.stepsLeft = afterSteps;
  const isCut = await parkedFiles.sweep().then(
    () => false,
    (thrown: Error) => {
      expect(thrown.message).toContain('killed');
      return true;
    },
  );
  disk.stepsLeft = Number.POSITIVE_INFINITY;
  world.crash(0);
  return isCut;
}

async function end(life: Awaited<ReturnType<typeof begin>>): Promise<void> {
  await life.parkedFiles.close();
  await life.writer.close();
}

async function stateOf(directory: string, id: string): Promise<'gone' | 'again' | 'first'> {
  const [found] = await listParked(directory, 1, { id });
  if (found === undefined) return 'gone';
  return found.code === 'no-fields' ? 'again' : 'first';
}

/** Records an outcome for the oldest `count` records that may be replayed; resolves with them. */
async function replay(
  world: World,
  parkedFiles: ParkedFiles,
  count: number,
  kind: ReplayOutcome['to'],
  isCertain: boolean,
): Promise<Map<string, ReplayOutcome['to']>> {
  const replayed = new Map<string, ReplayOutcome['to']>();
  for (const span of await parkedFiles.spans()) {
    const file = await parkedFiles.openSpan(span);
    if (file === undefined || replayed.size >= count) continue;
    const lines = [];
    for (const { at, parked } of file.pending()) {
      if (replayed.size >= count) break;
      replayed.set(parked.id, kind);
      lines.push({ at, id: parked.id, from: parked.code, replayedAtMs: 0, outcome: outcomeOf(kind) });
    }
    await file.record(lines);
    if (!isCertain) break;
  }
  if (isCertain) for (const [id, outcome] of replayed) world.certain.set(id, outcome);
  return replayed;
}

/** The sums are those of the model, and the list has exactly the records that are still parked. */
async function check(world: World, life: Awaited<ReturnType<typeof begin>>): Promise<void> {
  const sums = { written: 0, filtered: 0, parked: new Map<string, number>() };
  const count = (code: string, by: number) => sums.parked.set(code, (sums.parked.get(code) ?? 0) + by);
  for (const [id, outcome] of world.certain) {
    count(record(Number(id)).code, -1);
    if (outcome === 'written') sums.written += 1;
    else if (outcome === 'filtered') sums.filtered += 1;
    else count(outcome === 'purged' ? 'purged' : 'no-fields', 1);
  }
  const delta = replayChange(life.parkedFiles.totals());
  expect(delta.written).toBe(sums.written);
  expect(delta.filtered.r ?? 0).toBe(sums.filtered);
  for (const code of ['rule-none', 'payload-not-json', 'no-fields', 'purged']) {
    expect(delta.parked[code] ?? 0, code).toBe(sums.parked.get(code) ?? 0);
  }
  const listed = (await listParked(world.directory, 999)).map(({ id, code }) => `${id} ${code}`);
  const expected: string[] = [];
  for (let n = life.parkedRecords() - 1; n >= 0; n -= 1) {
    const outcome = world.certain.get(String(n));
    if (outcome === undefined) expected.push(`${n} ${record(n).code}`);
    else if (outcome === 'parked') expected.push(`${n} no-fields`);
  }
  expect(listed).toEqual(expected);
}
