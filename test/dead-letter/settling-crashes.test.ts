import { cpSync, mkdirSync, readdirSync, readFileSync, statSync, truncateSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it, vi } from 'vitest';
import { movedWithin } from '../../src/books/moved-books.js';
import { listParked } from '../../src/dead-letter/dead-letter-reader.js';
import { type DeadLetterEnd, DeadLetterWriter } from '../../src/dead-letter/dead-letter-writer.js';
import { parkedRecord } from '../../src/dead-letter/parked-record.js';
import type { SettledAs } from '../../src/dead-letter/settled-journal.js';
import { Settling } from '../../src/dead-letter/settling.js';
import { tempDirectory } from '../support/temp-directory.js';

/** What removing a file does on the disk, one step after the other; the process dies before the step that is too many. */
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

/** What a consumer knows of its records: how many it has parked, and where it last saved. */
interface Checkpoint {
  readonly parked: number;
  readonly end: DeadLetterEnd;
}

/** One data directory over many lives. A crash leaves a copy of the folder as it was at some moment. */
class World {
  directory = join(tempDirectory(), 'life-0');
  lives = 0;
  checkpoint: Checkpoint | undefined;
  /** Fate of each record whose settling was durable, by id; the journal may be ahead of it by one batch. */
  readonly certain = new Map<string, SettledAs['to']>();
  /** Of the batch whose settling was under way at the crash. */
  uncertain = new Map<string, SettledAs['to']>();

  constructor() {
    mkdirSync(this.directory);
  }

  /** Ends this life: all that is in memory is gone. */
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

  /** The lines of the batch under way are the last ones. */
  #bytesOfUncertain(journal: string): number {
    const lines = readFileSync(journal, 'utf8').trimEnd().split('\n');
    return lines.slice(-this.uncertain.size).reduce((sum, line) => sum + Buffer.byteLength(line) + 1, 0);
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
  | { kind: 'settle'; count: number; to: SettledAs['to'] }
  | { kind: 'crashWhileSettling'; count: number; to: SettledAs['to']; torn: number }
  | { kind: 'crash' }
  | { kind: 'sweep' }
  | { kind: 'crashWhileSweeping'; afterSteps: number };

const to = fc.constantFrom<SettledAs['to']>('written', 'filtered', 'purged', 'parked');
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({ kind: fc.constant('park' as const), count: fc.integer({ min: 1, max: 6 }) }),
  },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('save' as const) }) },
  {
    weight: 5,
    arbitrary: fc.record({ kind: fc.constant('settle' as const), count: fc.integer({ min: 1, max: 8 }), to }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant('crashWhileSettling' as const),
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

function fateOf(kind: SettledAs['to']): SettledAs {
  if (kind === 'filtered') return { to: 'filtered', rule: 'r' };
  if (kind === 'parked') return { to: 'parked', code: 'no-fields', reason: 'again', rule: 'r' };
  return { to: kind };
}

describe('what was settled', () => {
  it('is in the books once, whatever happens between journal, totals, removal and checkpoint', {
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
            one.kind === 'crashWhileSettling' ||
            one.kind === 'crashWhileSweeping'
          ) {
            if (one.kind === 'crashWhileSweeping') {
              sweptWithCrash += (await crashWhileSweeping(world, life.settling, one.afterSteps)) ? 1 : 0;
            } else if (one.kind === 'crashWhileSettling') {
              world.uncertain = await settle(world, life.settling, one.count, one.to, false);
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
            await life.settling.sweep();
            await life.writer.measure();
          } else {
            await settle(world, life.settling, one.count, one.to, true);
          }
          await check(world, life);
        }
        await end(life);
      }),
      { numRuns: RUNS, seed: SEED },
    );
    // The histories do come to where it matters.
    expect(sweptWithCrash).toBeGreaterThan(RUNS / 10);
  });
});

async function begin(world: World) {
  const { directory } = world;
  let saved = world.checkpoint;
  const settling = await Settling.open(directory, {
    settleableEnd: async () => saved?.end ?? { file: 0, bytes: 0 },
  });
  const writer = await DeadLetterWriter.open({ directory, maxSizeBytes: MAX_BYTES }, saved?.end);
  // What lies behind the checkpoint comes again from the stream.
  let parked = saved?.parked ?? 0;
  for (const [id, fate] of world.uncertain) {
    const state = await stateOf(directory, id);
    if (state === 'gone' || (state === 'again' && fate === 'parked')) world.certain.set(id, fate);
  }
  world.uncertain = new Map();
  const save = () => {
    saved = { parked, end: writer.end };
    world.checkpoint = saved;
  };
  // As every reader does before its first record.
  save();
  return {
    settling,
    writer,
    parkedRecords: () => parked,
    park: async (count: number) => {
      for (let i = 0; i < count; i += 1) {
        try {
          await writer.append([record(parked)]);
        } catch {
          // Full: as the consumer does, the new end is saved with the place from before.
          save();
          return;
        }
        parked += 1;
      }
    },
    save,
  };
}

/** Sweeps, and dies after so many steps on the disk; false when it came to its end before. */
async function crashWhileSweeping(world: World, settling: Settling, afterSteps: number): Promise<boolean> {
  disk.stepsLeft = afterSteps;
  const isCut = await settling.sweep().then(
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
  await life.settling.close();
  await life.writer.close();
}

async function stateOf(directory: string, id: string): Promise<'gone' | 'again' | 'first'> {
  const [found] = await listParked(directory, 1, { id });
  if (found === undefined) return 'gone';
  return found.code === 'no-fields' ? 'again' : 'first';
}

/** Settles the oldest `count` records that may be; returns those moved. */
async function settle(
  world: World,
  settling: Settling,
  count: number,
  kind: SettledAs['to'],
  isCertain: boolean,
): Promise<Map<string, SettledAs['to']>> {
  const moved = new Map<string, SettledAs['to']>();
  for (const span of await settling.spans()) {
    const file = await settling.openSpan(span);
    if (file === undefined || moved.size >= count) continue;
    const lines = [];
    for (const { at, parked } of file.pending()) {
      if (moved.size >= count) break;
      moved.set(parked.id, kind);
      lines.push({ at, id: parked.id, from: parked.code, settledAtMs: 0, fate: fateOf(kind) });
    }
    await file.settle(lines);
    if (!isCertain) break;
  }
  if (isCertain) for (const [id, fate] of moved) world.certain.set(id, fate);
  return moved;
}

/** The sums say what the model says, the list holds exactly what is still parked, and only small files stay. */
async function check(world: World, life: Awaited<ReturnType<typeof begin>>): Promise<void> {
  const sums = { written: 0, filtered: 0, parked: new Map<string, number>() };
  const count = (code: string, by: number) => sums.parked.set(code, (sums.parked.get(code) ?? 0) + by);
  for (const [id, fate] of world.certain) {
    count(record(Number(id)).code, -1);
    if (fate === 'written') sums.written += 1;
    else if (fate === 'filtered') sums.filtered += 1;
    else count(fate === 'purged' ? 'purged' : 'no-fields', 1);
  }
  const [total] = life.settling.totals();
  const delta = total && movedWithin(total.totals);
  expect(delta?.written ?? 0).toBe(sums.written);
  expect(delta?.filtered.r ?? 0).toBe(sums.filtered);
  for (const code of ['rule-none', 'payload-not-json', 'no-fields', 'purged']) {
    expect(delta?.parked[code] ?? 0, code).toBe(sums.parked.get(code) ?? 0);
  }
  const listed = (await listParked(world.directory, 999)).map(({ id, code }) => `${id} ${code}`);
  const expected: string[] = [];
  for (let n = life.parkedRecords() - 1; n >= 0; n -= 1) {
    const fate = world.certain.get(String(n));
    if (fate === undefined) expected.push(`${n} ${record(n).code}`);
    else if (fate === 'parked') expected.push(`${n} no-fields`);
  }
  expect(listed).toEqual(expected);
}
