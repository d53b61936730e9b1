import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { DeadLetterWriter } from '../../src/dead-letter/dead-letter-writer.js';
import type { RecordPlace } from '../../src/dead-letter/parked-group.js';
import { parkedLine, parkedRecord, withoutPayload } from '../../src/dead-letter/parked-record.js';
import { tryParked } from '../../src/replay/try-parked.js';
import { testRecord } from '../support/log-fixture.js';
import { tempDirectory } from '../support/temp-directory.js';

const parked = (n: number, payloadBytes = 20) =>
  parkedRecord(testRecord(n, payloadBytes), { code: 'rule-none', reason: 'r' }, n);

async function park(records: readonly ReturnType<typeof parked>[]) {
  const directory = join(tempDirectory(), 'dead-letter');
  const writer = await DeadLetterWriter.open({ directory, maxSizeBytes: 1 << 28 });
  onTestFinished(() => writer.close());
  await writer.append(records);
  let at = 0;
  const places = records.map((record): RecordPlace => {
    const end = at + Buffer.byteLength(parkedLine(record));
    const place = { id: record.id, folder: '', file: 0, at, end };
    at = end;
    return place;
  });
  return { directory, places };
}

it('tries each record by itself, and cuts long reasons', async () => {
  const { directory, places } = await park([parked(1), parked(2), withoutPayload(parked(3))]);
  const gone = { ...places[0]!, file: 7 };
  const [fits, parkedAgain, ...others] = await tryParked(directory, [...places, gone], ({ id }) =>
    id === parked(1).id
      ? { outcome: 'written' }
      : { outcome: 'parked', code: 'no-fields', reason: 'x'.repeat(5_000) },
  );
  expect(fits).toEqual({ outcome: 'written', code: undefined, reason: undefined });
  expect(parkedAgain).toMatchObject({ outcome: 'parked', code: 'no-fields' });
  expect(parkedAgain!.reason).toHaveLength(300);
  expect(others).toEqual([undefined, undefined]);
});

it('tries no more than its limits of records and bytes', async () => {
  const many = await park(Array.from({ length: 510 }, (_, n) => parked(n)));
  const tried = await tryParked(many.directory, many.places, () => ({ outcome: 'written' }));
  expect(tried.filter((result) => result !== undefined)).toHaveLength(500);
  expect(tried).toHaveLength(510);

  const large = await park(Array.from({ length: 5 }, (_, n) => parked(n, 3 << 20)));
  const ofLarge = await tryParked(large.directory, large.places, () => ({ outcome: 'written' }));
  expect(ofLarge.map((result) => result?.outcome)).toEqual([
    'written',
    'written',
    undefined,
    undefined,
    undefined,
  ]);
});
