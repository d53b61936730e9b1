import { cpSync, readdirSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import {
  type DataDirectory,
  dataDirectory,
  prepareDataDirectory,
} from '../../src/data-directory/data-directory.js';
import { listParked } from '../../src/dead-letter/dead-letter-reader.js';
import { DeadLetterWriter } from '../../src/dead-letter/dead-letter-writer.js';
import { parkedRecord } from '../../src/dead-letter/parked-record.js';
import { adjustForReplay } from '../../src/ledger/adjust-for-replay.js';
import { FileCheckpointStore } from '../../src/ledger/checkpoint-store.js';
import { Ledger, type LedgerTotals, NO_RECORDS, summarize } from '../../src/ledger/ledger.js';
import { SystemClock } from '../../src/lib/clock.js';
import { StateTables } from '../../src/lib/state-tables.js';
import type { WarningFields } from '../../src/lib/warnings.js';
import { prepareDeadLetter } from '../../src/replay/prepare-dead-letter.js';
import { ReplayService } from '../../src/replay/replay-service.js';
import { anyPlace } from '../support/file-damage.js';
import { MemorySink } from '../support/memory-sink.js';
import { tempDirectory } from '../support/temp-directory.js';

const RECORDS = 40;
const record = (n: number) =>
  parkedRecord(
    {
      receivedAtNs: 1_795_000_000_000_000_000n + BigInt(n),
      topic: `t/${n}`,
      clientId: 'c',
      qos: 1,
      // About ten of them fill a file.
      payload: Buffer.alloc(20_000, n),
    },
    { code: n % 2 === 0 ? 'rule-none' : 'payload-not-json', reason: 'r' },
    1_700_000_000_000 + n,
  );
const idOf = (n: number) => record(n).id;

/**
 * A data directory after a clean stop: 40 records were parked in several files, and a replay has made of every fifth that
 * it is written, and of every fifth that it is parked again. Returns how the ledger and the list were.
 */
async function stopped(): Promise<{ directory: DataDirectory; ledger: LedgerTotals }> {
  const directory = dataDirectory(tempDirectory());
  await prepareDataDirectory(directory);
  const ledger = new Ledger();
  const writer = await DeadLetterWriter.open({ directory: directory.deadLetter, maxSizeBytes: 2 << 20 });
  for (let n = 0; n < RECORDS; n += 1) {
    await writer.append([record(n)]);
    ledger.partition('log').addParked(record(n).code);
  }
  const totals = ledger.totals();
  await new FileCheckpointStore(directory.checkpoints, 'consumer').save({
    position: String(RECORDS),
    ledger: totals,
    deadLetterEnd: writer.end,
  });
  await writer.close();
  const sink = new MemorySink();
  await withService(directory, async (service) => {
    for (const [rest, code] of [
      [0, 'written'],
      [1, 'no-fields'],
    ] as const) {
      const ids = Array.from({ length: RECORDS }, (_, n) => n)
        .filter((n) => n % 5 === rest)
        .map(idOf);
      outcome = code;
      service.start({ kind: 'replay', selection: { ids } });
      await service.ended();
    }
  });
  expect(sink.points.size).toBe(0);
  return { directory, ledger: totals };
}

let outcome: 'written' | 'no-fields' = 'written';

async function withService(
  directory: DataDirectory,
  use: (service: ReplayService) => Promise<void> | void,
): Promise<WarningFields[]> {
  const warnings: WarningFields[] = [];
  const warn = (fields: WarningFields) => warnings.push(fields);
  await prepareDeadLetter({ ...directory, warn });
  const end = (await new FileCheckpointStore(directory.checkpoints, 'consumer').load())?.deadLetterEnd;
  const writer = await DeadLetterWriter.open({ directory: directory.deadLetter, maxSizeBytes: 2 << 20 }, end);
  const service = await ReplayService.open({
    ...directory,
    checkpointWaitMs: 0,
    store: {
      rulesInForce: () => ({
        apply: () =>
          outcome === 'written'
            ? { kind: 'points', rule: 'r', points: [] }
            : { kind: 'parked', code: 'no-fields', reason: 'again' },
        state: new StateTables(),
      }),
      sink: { write: async () => [], status: () => ({ state: 'healthy', detail: '' }) },
    },
    clock: new SystemClock(),
    onProgress: () => undefined,
    onFreed: async () => undefined,
    warn,
  });
  try {
    await service.inspected();
    await use(service);
  } finally {
    await service.close();
    await writer.close();
  }
  return warnings;
}

/** What the ledger shows, and what is listed, after a start on the directory. */
async function started(directory: DataDirectory, ledger: LedgerTotals) {
  let totals: LedgerTotals = NO_RECORDS;
  const warnings = await withService(directory, (service) => {
    const ledgers = {
      forwarded: undefined,
      consumed: { processed: RECORDS, totals: ledger },
      isDirect: true,
    };
    ({ totals } = adjustForReplay(ledgers, service.report().replayed).consumed!);
  });
  const listed = await listParked(directory.deadLetter, 999);
  return { totals, warnings, listed };
}

function copyOf(directory: DataDirectory): DataDirectory {
  const root = tempDirectory();
  cpSync(directory.root, root, { recursive: true });
  return dataDirectory(root);
}

function filesIn({ deadLetter }: DataDirectory): string[] {
  return readdirSync(deadLetter)
    .filter((name) => name.endsWith('.jsonl') || name.endsWith('.json'))
    .filter((name) => statSync(join(deadLetter, name)).size > 0);
}

/** Whether some line of the log names the file, or its folder with the number of records that are missing. */
function isNamed(warnings: readonly WarningFields[], path: string, deadLetter: string): boolean {
  return warnings.some(
    ({ code, file, cutFiles, folders }) =>
      code === 'DEAD_LETTER_DAMAGED' &&
      (file === path ||
        (cutFiles as string[] | undefined)?.includes(path) ||
        (folders as string[] | undefined)?.includes(deadLetter)),
  );
}

const unreadableIn = (totals: LedgerTotals) => totals.parked.unreadable ?? 0;

it('a clean stop leaves nothing to warn about, and every record is listed', async () => {
  const { directory, ledger } = await stopped();
  expect(filesIn(directory).length).toBeGreaterThan(7);
  const { totals, warnings, listed } = await started(directory, ledger);
  expect(warnings).toEqual([]);
  expect(totals).toMatchObject({ written: 8, parked: { 'no-fields': 8 } });
  expect(listed).toHaveLength(RECORDS - 8);
});

it('whatever is cut or flipped while stopped: no good record is lost, the ledger balances, and a line names the file', {
  timeout: 600_000,
}, async () => {
  const { directory, ledger } = await stopped();
  const before = await started(copyOf(directory), ledger);
  const files = filesIn(directory);
  const damage = fc.record({
    file: fc.nat(files.length - 1),
    at: anyPlace,
    bit: fc.nat(7),
    kind: fc.constantFrom('cut' as const, 'flip' as const),
    // Most bytes are in payloads; half of the damage is near the end of a line.
    nearEnd: fc.option(fc.integer({ min: -25, max: 25 })),
  });
  await fc.assert(
    fc.asyncProperty(damage, async ({ file, at, bit, kind, nearEnd }) => {
      const copy = copyOf(directory);
      const name = files[file]!;
      const path = join(copy.deadLetter, name);
      const content = readFileSync(path);
      const offset = offsetIn(content, Math.floor(at * content.length), nearEnd);
      if (kind === 'cut') truncateSync(path, offset);
      else {
        content[offset]! ^= 1 << bit;
        writeFileSync(path, content);
      }
      const { totals, warnings, listed } = await started(copy, ledger);
      const sums = summarize(totals);
      expect(sums.written + sums.parked + sums.filtered + sums.lost).toBe(RECORDS);
      for (const count of Object.values(totals.parked)) expect(count).toBeGreaterThanOrEqual(0);

      const ids = new Set(listed.map(({ id }) => id));
      const missing = before.listed.filter(({ id }) => !ids.has(id));
      if (name.startsWith('parked-')) {
        // One flipped bit costs one record at most, a cut those behind it.
        if (kind === 'flip') expect(missing.length).toBeLessThanOrEqual(1);
        expect(unreadableIn(totals)).toBe(missing.length);
      } else {
        // Without its journal line a record is parked as before: it can be replayed again.
        expect(missing).toEqual([]);
        expect(unreadableIn(totals)).toBe(0);
      }
      const isNoticed = missing.length > 0 || kind === 'flip' || !isLineEnd(content, offset);
      if (isNoticed) expect(isNamed(warnings, path, copy.deadLetter), `${name} ${kind} ${offset}`).toBe(true);
      rmSync(copy.root, { recursive: true });
    }),
    { numRuns: process.env.SLUICE_SOAK === 'full' ? 1_000 : 150, seed: 20_261_129 },
  );
});

function offsetIn(content: Buffer, offset: number, nearEnd: number | null): number {
  if (nearEnd === null) return offset;
  return Math.min(content.length - 1, Math.max(0, content.indexOf(10, offset) + nearEnd));
}

/** A journal that was cut behind a whole line looks like one that never was longer. */
function isLineEnd(content: Buffer, offset: number): boolean {
  return offset === 0 || content[offset - 1] === 10;
}

it('what cannot be read has an outcome of its own, and a purge of everything lets its file go', async () => {
  const { directory, ledger } = await stopped();
  const path = join(directory.deadLetter, 'parked-00000001.jsonl');
  const content = readFileSync(path);
  // The record is neither the first of its file nor replayed.
  const at = content.lastIndexOf(10, content.indexOf(`"id":"${idOf(12)}"`)) + 1;
  content[at + 100]! ^= 1;
  writeFileSync(path, content);
  const damaged = await started(directory, ledger);
  expect(unreadableIn(damaged.totals)).toBe(1);
  expect(damaged.warnings).toContainEqual(
    expect.objectContaining({ code: 'DEAD_LETTER_DAMAGED', file: path, at, lines: 1 }),
  );

  outcome = 'written';
  await withService(directory, async (service) => {
    service.start({ kind: 'replay', selection: { all: true } });
    await service.ended();
    expect(service.report().status).toMatchObject({ selected: damaged.listed.length, unreadable: 1 });
  });
  const replayed = await started(directory, ledger);
  expect(replayed.totals).toEqual({ ...NO_RECORDS, written: RECORDS - 1, parked: { unreadable: 1 } });
  expect(readdirSync(directory.deadLetter)).toContain('parked-00000001.jsonl');

  await withService(directory, async (service) => {
    service.start({ kind: 'purge', selection: { all: true } });
    await service.ended();
    expect(service.report().status).toMatchObject({ selected: 0, unreadable: 1 });
  });
  expect(readdirSync(directory.deadLetter)).not.toContain('parked-00000001.jsonl');
  const purged = await started(directory, ledger);
  expect(purged.totals).toEqual(replayed.totals);
});

it('damaged totals of removed journals do not keep the gateway from starting', async () => {
  const { directory, ledger } = await stopped();
  await withService(directory, async (service) => {
    service.start({ kind: 'purge', selection: { all: true } });
    await service.ended();
  });
  const path = join(directory.deadLetter, 'settled-totals.json');
  const content = readFileSync(path);
  content[20]! ^= 1;
  writeFileSync(path, content);
  const { totals, warnings } = await started(directory, ledger);
  expect(isNamed(warnings, path, '')).toBe(true);
  const sums = summarize(totals);
  expect(sums.written + sums.parked + sums.filtered).toBe(RECORDS);
  expect(unreadableIn(totals)).toBeGreaterThan(0);
  expect(readdirSync(directory.deadLetter)).toContain('settled-totals.json.damaged');
});

it('a file that was cut, or has lost its last line feed, is not appended to: new records must not get the outcomes of those that were there', async () => {
  const { directory } = await stopped();
  const newest = readdirSync(directory.deadLetter)
    .filter((name) => name.startsWith('parked-'))
    .sort()
    .at(-1)!;
  const path = join(directory.deadLetter, newest);
  const whole = readFileSync(path);
  for (const bytes of [whole.subarray(0, 10), Buffer.concat([whole.subarray(0, -1), Buffer.from('x')])]) {
    writeFileSync(path, bytes);
    await expectNewFile(directory);
  }
});

async function expectNewFile(directory: DataDirectory): Promise<void> {
  const end = (await new FileCheckpointStore(directory.checkpoints, 'consumer').load())!.deadLetterEnd;
  const writer = await DeadLetterWriter.open({ directory: directory.deadLetter, maxSizeBytes: 2 << 20 }, end);
  expect(writer.end).toEqual({ file: end.file + 1, bytes: 0 });
  await writer.close();
}
