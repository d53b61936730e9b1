import { truncateSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { deadLetterFileName } from '../../src/dead-letter/dead-letter-files.js';
import { listParked } from '../../src/dead-letter/dead-letter-reader.js';
import { DeadLetterWriter } from '../../src/dead-letter/dead-letter-writer.js';
import type { ParkCode } from '../../src/dead-letter/park-codes.js';
import type { ParkedGroup } from '../../src/dead-letter/parked-group.js';
import { ParkedIndex } from '../../src/dead-letter/parked-index.js';
import { type ParkedRecord, parkedRecord, withoutPayload } from '../../src/dead-letter/parked-record.js';
import { readParkedAt } from '../../src/dead-letter/read-parked-at.js';
import type { ReplayOutcome } from '../../src/dead-letter/replay-journal.js';
import { ParkedFiles } from '../../src/replay/parked-files.js';
import { testRecord } from '../support/log-fixture.js';
import { tempDirectory } from '../support/temp-directory.js';

const ALL = { maxBytes: Number.POSITIVE_INFINITY, maxMs: Number.POSITIVE_INFINITY };
const BEGIN_MS = 1_700_000_000_000;

function parked(n: number, code: ParkCode = 'rule-none', rule?: string, payloadBytes = 20): ParkedRecord {
  const why = { code, reason: `because of "${n}"`, rule };
  return parkedRecord({ ...testRecord(n, payloadBytes), topic: `t/${n % 30}` }, why, BEGIN_MS + n);
}

async function opened(maxSizeBytes = 1 << 26) {
  const directory = join(tempDirectory(), 'dead-letter');
  const writer = await DeadLetterWriter.open({ directory, maxSizeBytes });
  const reasons = await DeadLetterWriter.open({ directory: join(directory, 'reasons'), maxSizeBytes });
  onTestFinished(async () => {
    await writer.close();
    await reasons.close();
  });
  return { directory, writer, reasons, index: new ParkedIndex(directory) };
}

/** What a replay of everything that is parked notes. */
async function replayAll(directory: string, outcomeOf: (parked: ParkedRecord) => ReplayOutcome) {
  const files = await ParkedFiles.open(directory, { replayableEnd: async () => undefined });
  for (const span of await files.spans()) {
    const file = await files.openSpan(span);
    const moves = [...(file?.pending() ?? [])].map(({ at, parked: one }) => ({
      at,
      id: one.id,
      from: one.code,
      replayedAtMs: 3,
      outcome: outcomeOf(one),
    }));
    await file?.record(moves);
  }
  await files.close();
}

const counts = (index: ParkedIndex) =>
  index.groups(BEGIN_MS).groups.map(({ code, rule, count }) => [code, rule, count]);

/** The group of a code, or the first one. */
const groupOf = (index: ParkedIndex, code?: string): ParkedGroup =>
  index.groups(BEGIN_MS).groups.find((group) => code === undefined || group.code === code)!;

it('counts the records of all folders by code and rule, with times, topics, and those without payload', async () => {
  const { directory, writer, reasons, index } = await opened();
  expect(await index.update(ALL)).toBe(true);
  expect(index.groups(BEGIN_MS)).toEqual({ groups: [], ofOtherGroups: 0 });

  await writer.append(Array.from({ length: 90 }, (_, n) => parked(n)));
  await writer.append([
    parked(90, 'no-fields', 'a'),
    parked(91, 'no-fields', 'b'),
    parked(92, 'no-fields', 'b'),
  ]);
  await reasons.append([withoutPayload(parked(93))]);
  expect(await index.update(ALL)).toBe(true);
  expect(counts(index)).toEqual([
    ['rule-none', undefined, 91],
    ['no-fields', 'b', 2],
    ['no-fields', 'a', 1],
  ]);
  const largest = groupOf(index);
  expect(largest).toMatchObject({ firstMs: BEGIN_MS, lastMs: BEGIN_MS + 93, withoutPayload: 1 });
  const ofTopics = [...largest.topics.values()].reduce((sum, records) => sum + records, 0);
  expect(ofTopics + largest.ofOtherTopics).toBe(91);
  expect(largest.topics.size).toBeLessThanOrEqual(10);
  expect([...largest.quarters.values()].reduce((sum, records) => sum + records, 0)).toBe(91);
  expect((await listParked(directory, 1, { code: 'rule-none' }))[0]!.id).toBe(largest.newest!.id);
});

it('reads later only what was appended, and goes on where its limits have ended it', async () => {
  const { directory, writer, index } = await opened(1 << 19);
  const records = 400;
  for (let n = 0; n < records; n += 1) await writer.append([parked(n, 'rule-none', undefined, 800)]);
  let calls = 0;
  for (let isComplete = false; !isComplete; calls += 1) {
    const before = groupOf(index)?.count ?? 0;
    isComplete = await index.update({ ...ALL, maxBytes: 1 });
    if (!isComplete) expect(groupOf(index).count).toBeGreaterThan(before);
  }
  expect(calls).toBeGreaterThan(3);
  expect(counts(index)).toEqual([['rule-none', undefined, records]]);

  await writer.append([parked(records)]);
  expect(await index.update(ALL)).toBe(true);
  expect(groupOf(index).count).toBe(records + 1);
  // A file that has become shorter is read again.
  truncateSync(join(directory, deadLetterFileName(writer.end.file)), 0);
  await index.update(ALL);
  expect(groupOf(index).count).toBeLessThan(records);
});

it('follows what replay and purge make of records, also of those that are parked again', async () => {
  const { directory, writer, index } = await opened();
  await writer.append([parked(1), parked(2), parked(3), parked(4)]);
  await index.update(ALL);
  const second = parked(2).id;
  await replayAll(directory, ({ id }) =>
    id === second ? { to: 'parked', code: 'no-fields', reason: 'none', rule: 'r' } : { to: 'written' },
  );
  await writer.append([parked(5)]);
  expect(await index.update(ALL)).toBe(true);
  expect(counts(index)).toEqual([
    ['rule-none', undefined, 1],
    ['no-fields', 'r', 1],
  ]);
  expect(groupOf(index, 'no-fields').newest!.id).toBe(second);
  await replayAll(directory, () => ({ to: 'purged' }));
  await index.update(ALL);
  expect(counts(index)).toEqual([]);
});

it('keeps the places of some records, spread over all of them, from which each can be read', async () => {
  const { directory, writer, index } = await opened();
  const records = 1_000;
  await writer.append(Array.from({ length: records }, (_, n) => parked(n)));
  await index.update(ALL);
  const places = groupOf(index).spread(20);
  expect(places).toHaveLength(20);
  const numbers: number[] = [];
  for (const place of places) {
    const one = (await readParkedAt(directory, place))!;
    expect(one.id).toBe(place.id);
    numbers.push(one.parkedAtMs - BEGIN_MS);
  }
  const gaps = numbers.slice(1).map((n, i) => n - numbers[i]!);
  expect(Math.min(...gaps)).toBeGreaterThan(0);
  expect(Math.max(...gaps)).toBeLessThan(records / 8);
  expect(numbers[0]).toBe(0);
  expect(numbers.at(-1)).toBeGreaterThan(records * 0.9);

  const [place] = places;
  expect(await readParkedAt(directory, { ...place!, id: '1' })).toBeUndefined();
  expect(await readParkedAt(directory, { ...place!, at: place!.at + 1 })).toBeUndefined();
  expect(await readParkedAt(directory, { ...place!, file: 99 })).toBeUndefined();
  expect(await readParkedAt(directory, { ...place!, at: 1 << 30, end: (1 << 30) + 99 })).toBeUndefined();
});

it('stays small whatever devices send, and says how much it does not keep apart', async () => {
  const { writer, index } = await opened();
  const hostile = Array.from({ length: 3_000 }, (_, n) => ({
    ...parked(n, `code-${n % 300}` as ParkCode),
    topic: `${n}/`.padEnd(2_000, 'x'),
    parkedAtMs: BEGIN_MS + n * 3_600_000,
  }));
  await writer.append(hostile);
  await index.update(ALL);
  const { groups, ofOtherGroups } = index.groups(BEGIN_MS);
  expect(groups).toHaveLength(100);
  expect(groups.reduce((sum, { count }) => sum + count, 0) + ofOtherGroups).toBe(3_000);
  for (const { topics, quarters, places } of groups) {
    expect(topics.size).toBeLessThanOrEqual(10);
    for (const topic of topics.keys()) expect(topic.length).toBeLessThan(300);
    expect(quarters.size).toBeLessThanOrEqual(104);
    expect(places.length).toBeLessThan(40);
  }
});
