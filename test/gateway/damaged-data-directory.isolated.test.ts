import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { listParked } from '../../src/dead-letter/dead-letter-reader.js';
import { SluiceError } from '../../src/lib/errors.js';
import { DamageModel, type Damages, type Expected, type Outcome } from '../support/damage-model.js';
import { anyDamage, damaged, type FileDamage } from '../support/file-damage.js';
import {
  copyDirectory,
  HOW_LEFT,
  type LeftDirectory,
  leftDirectory,
  NEWEST_RULES,
  numberOf,
  recordOf,
} from '../support/left-directories.js';
import { LocalGateway } from '../support/local-gateway.js';
import { MemorySink } from '../support/memory-sink.js';
import { contentOf } from '../support/used-directory.js';

vi.mock('../../src/sink/create-sink.js', () => ({ createSink: (sink: unknown) => sink }));

const ROUNDS = process.env.SLUICE_SOAK === 'full' ? 1_000 : 14;
const SEED = 20_261_130;
/** Records that arrive after the start: both are written. */
const NEW = [1_000, 1_005];

/** Thousands of small files are made and synced, and none has to be durable: in memory where that is possible. */
const PARENT = existsSync('/dev/shm') ? '/dev/shm' : tmpdir();

interface Started {
  readonly lines: readonly string[];
  readonly ledger: ReturnType<LocalGateway['ledger']>;
  /** Numbers of the records of which it has written a point. */
  readonly written: ReadonlySet<number>;
  /** Numbers of the records that are still parked. */
  readonly parked: readonly (number | undefined)[];
}

/** Starts on the directory, takes new records, processes everything, replays what is parked, and stops in order. */
async function start(root: string, left: LeftDirectory, newRecords: readonly number[]): Promise<Started> {
  const sink = new MemorySink();
  const gateway = await LocalGateway.start({ root, rules: NEWEST_RULES, sink });
  let ledger: Started['ledger'];
  try {
    for (const n of newRecords) {
      const receivedAtNs = gateway.nextTime();
      expect(left.numbers.has(String(receivedAtNs)), 'a receive time was issued twice').toBe(false);
      await gateway.append(recordOf(n, receivedAtNs));
    }
    await gateway.processed(gateway.end);
    await gateway.replay({ kind: 'replay', selection: { all: true } });
    ledger = gateway.ledger();
  } finally {
    await gateway.stop();
  }
  const written = new Set([...sink.points.values()].map(({ n }) => numberOf(n as number)));
  const parked = await listParked(join(root, 'dead-letter'), 1_000);
  return { lines: gateway.lines, ledger, written, parked: parked.map(({ id }) => left.numbers.get(id)) };
}

/** `found` has all of `wanted`, and nothing else but some of `allowed`. */
function expectSame(
  found: Iterable<number | undefined>,
  wanted: readonly number[],
  allowed: ReadonlySet<number>,
): void {
  const there = new Set(found);
  expect(
    wanted.filter((n) => !there.has(n)),
    'missing',
  ).toEqual([]);
  expect(
    [...there].filter((n) => n === undefined || !(wanted.includes(n) || allowed.has(n))),
    'too many',
  ).toEqual([]);
}

/** The first column of the table of files in docs/operations.md. A folder stands for what is directly in it. */
function listedFiles(): RegExp[] {
  const page = readFileSync(join(import.meta.dirname, '..', '..', 'docs', 'operations.md'), 'utf8');
  const section = page.slice(page.indexOf('## The data directory'), page.indexOf('**What does not fit'));
  const names = [...section.matchAll(/^\| (`.*?`) \|/gm)].flatMap(([, cell]) => [
    ...cell!.matchAll(/`([^`]+)`/g),
  ]);
  return names.map(([, name]) => {
    const pattern = name!
      .replaceAll('.', '\\.')
      .replace('**/', '(.+/)?')
      .replace('…', '[^/]*')
      .replace('<n>', '\\d+')
      .replace('<reader>', '[^/]+')
      .replace(/\/$/, '/[^/]+');
    return new RegExp(`^${pattern}$`);
  });
}

function numbersWith(outcomes: readonly Outcome[], wanted: Outcome): number[] {
  return [...outcomes.keys()].filter((n) => outcomes[n] === wanted);
}

function ledgerOf({ outcomes }: Expected): object {
  const count = (...names: Outcome[]) => outcomes.filter((one) => names.includes(one)).length;
  const counts = (...names: Outcome[]) =>
    Object.fromEntries(names.filter((name) => count(name) > 0).map((name) => [name, count(name)]));
  return {
    received: outcomes.length - count('vanished') + NEW.length,
    written: count('written') + NEW.length,
    filtered: count('filtered'),
    buffered: 0,
    balanced: true,
    reasons: {
      parked: counts('payload-not-json', 'purged', 'unreadable'),
      lost: counts('damaged', 'dropped', 'outcome-unknown'),
    },
  };
}

describe.each(HOW_LEFT)('a data directory whose gateway was %s', (how) => {
  let parent: string;
  let left: LeftDirectory;
  let model: DamageModel;
  let undamaged: Expected;
  let cases = 0;

  beforeAll(async () => {
    parent = mkdtempSync(join(PARENT, 'sluice-damaged-'));
    left = await leftDirectory(parent, how);
    model = new DamageModel(left);
    undamaged = model.expected(new Map());
  });

  afterAll(() => rmSync(parent, { recursive: true, force: true }));

  /** Starts twice on a copy of the directory with these damages, and compares with the model. */
  async function check(damages: Damages): Promise<void> {
    const root = join(parent, `${how}-${cases}`);
    cases += 1;
    copyDirectory(left.root, root);
    for (const [file, bytes] of damages) {
      if (bytes === undefined) rmSync(join(root, file));
      else writeFileSync(join(root, file), bytes);
    }
    try {
      if (model.isRefused(damages)) await expectRefused(root);
      else await expectStarts(root, damages);
    } finally {
      rmSync(root, { recursive: true });
    }
  }

  async function expectRefused(root: string): Promise<void> {
    const before = contentOf(root);
    const thrown = await start(root, left, []).catch((refused: unknown) => refused);
    expect(thrown).toBeInstanceOf(SluiceError);
    expect(thrown).toMatchObject({ code: 'DATA_DIRECTORY_MISMATCH', exitCode: 2 });
    expect((thrown as SluiceError).message).toContain(join(root, 'directory.json'));
    expect(contentOf(root)).toEqual(before);
  }

  async function expectStarts(root: string, damages: Damages): Promise<void> {
    const expected = model.expected(damages);
    const first = await start(root, left, NEW);
    expect(first.ledger).toMatchObject(ledgerOf(expected));
    expectSame(first.written, [...expected.written, ...NEW], expected.mayBeWrittenAgain);
    if (!expected.isReset)
      expectSame(first.parked, numbersWith(expected.outcomes, 'payload-not-json'), new Set());
    for (const file of damages.keys()) {
      if (!mattered(file, damages)) continue;
      expect(
        first.lines.some((line) => names(line, file, root, damages)),
        `${file} in ${first.lines.join('')}`,
      ).toBe(true);
    }
    const second = await start(root, left, []);
    expect(second.ledger).toEqual(first.ledger);
    expect([...second.written]).toEqual([]);
    // Damage to parked records is reported as long as it is there, and counted once.
    expect(second.lines.filter((line) => !line.includes('"code":"DEAD_LETTER_DAMAGED"'))).toEqual([]);
  }

  /** Whether a line must name the file: the outcome would be another one if this file had not been hit. */
  function mattered(file: string, damages: Damages): boolean {
    const others = new Map([...damages].filter(([other]) => other !== file));
    const [before, after] = [model.expected(others).outcomes, model.expected(damages).outcomes];
    return (
      model.mustBeNamed(file, damages) &&
      before.some((outcome, n) => outcome !== after[n] && after[n] !== 'vanished')
    );
  }

  function names(line: string, file: string, root: string, damages: Damages): boolean {
    if (line.includes(basename(file))) return true;
    if (model.isOrderly(damages)) return false;
    const { code, folders, firstSequence, records } = JSON.parse(line) as Record<string, unknown>;
    // After a kill a file that is gone is known by the records that are missing, or by its folder.
    if (code === 'DEAD_LETTER_DAMAGED')
      return JSON.stringify(folders ?? []).includes(JSON.stringify(dirname(join(root, file))));
    return code === 'LOG_DAMAGED' && model.hasSequence(file, Number(firstSequence), Number(records));
  }

  it('goes on without a line when nothing is damaged', async () => {
    const root = join(parent, `${how}-whole`);
    copyDirectory(left.root, root);
    const { ledger, lines } = await start(root, left, NEW);
    expect(ledger).toMatchObject(ledgerOf(undamaged));
    expect(lines).toEqual([]);
    // Every kind of outcome is there, or the model would have nothing to say about it.
    expect(new Set(undamaged.outcomes)).toEqual(
      new Set(['written', 'filtered', 'payload-not-json', 'purged']),
    );
  });

  it('has no file that docs/operations.md does not list', () => {
    const listed = listedFiles();
    const names = [...model.files, ...readdirSync(left.root).filter((name) => /^lock\.\d/.test(name))];
    expect(names.filter((name) => !listed.some((pattern) => pattern.test(name)))).toEqual([]);
    expect(listed.some((pattern) => pattern.test('any.json'))).toBe(false);
  });

  it('any one file may be gone or empty', async () => {
    const first = HOW_LEFT.indexOf(how);
    // Both in two of the four directories.
    for (const [i, file] of model.files.entries()) {
      await explained(file, { kind: (first + i) % 2 === 0 ? 'remove' : 'empty' });
    }
  }, 600_000);

  it('any one file may be cut or have flipped bits', async () => {
    const damage = fc.record({ file: fc.constantFrom(...model.files), damage: anyDamage });
    await fc.assert(
      fc.asyncProperty(damage, ({ file, damage }) =>
        check(new Map([[file, damaged(model.contentOf(file), damage)]])),
      ),
      { seed: SEED, numRuns: ROUNDS },
    );
  }, 3_600_000);

  it('any two files may be damaged at once', async () => {
    const one = fc.record({ file: fc.constantFrom(...model.files), damage: anyDamage });
    await fc.assert(
      fc.asyncProperty(fc.tuple(one, one), (both) =>
        check(new Map(both.map(({ file, damage }) => [file, damaged(model.contentOf(file), damage)]))),
      ),
      { seed: SEED, numRuns: ROUNDS / 2 },
    );
  }, 3_600_000);

  async function explained(file: string, damage: FileDamage): Promise<void> {
    try {
      await check(new Map([[file, damaged(model.contentOf(file), damage)]]));
    } catch (thrown) {
      throw new Error(`${file}: ${JSON.stringify(damage)}`, { cause: thrown });
    }
  }
});
