import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { listParked } from '../../src/dead-letter/dead-letter-reader.js';
import { DeadLetterWriter } from '../../src/dead-letter/dead-letter-writer.js';
import type { ParkCode } from '../../src/dead-letter/park-codes.js';
import { type ParkedRecord, parkedRecord } from '../../src/dead-letter/parked-record.js';
import { Parking } from '../../src/dead-letter/parking.js';
import type { WhenFull } from '../../src/dead-letter/payload-keeping.js';
import { ReasonsWriter } from '../../src/dead-letter/reasons-writer.js';
import { SenderBytes } from '../../src/dead-letter/sender-bytes.js';
import { SystemClock } from '../../src/lib/clock.js';
import { SluiceError } from '../../src/lib/errors.js';
import { ParkedFiles } from '../../src/replay/parked-files.js';
import { tempDirectory } from '../support/temp-directory.js';

const MAX_SIZE = 1 << 20;
const KIB = 1024;

let next = 1_795_000_000_000_000_000n;

function parked(
  clientId: string,
  code: ParkCode = 'payload-not-json',
  bytes = 10 * KIB,
  user?: string,
): ParkedRecord {
  next += 1n;
  const record = {
    receivedAtNs: next,
    topic: 't',
    clientId,
    user,
    qos: 1 as const,
    payload: Buffer.alloc(bytes),
  };
  return parkedRecord(record, { code, reason: 'because' }, Number(next % 1_000_000_000n));
}
const many = (count: number, clientId: string, code?: ParkCode) =>
  Array.from({ length: count }, () => parked(clientId, code));

async function setUp(whenFull: WhenFull, clientSharePercent = 10, beforeDrop = () => undefined as unknown) {
  const directory = tempDirectory();
  const deadLetter = await DeadLetterWriter.open({ directory, maxSizeBytes: MAX_SIZE });
  const reasons = await ReasonsWriter.open(join(directory, 'reasons'), MAX_SIZE);
  const senders = new SenderBytes();
  const parkedFiles = await ParkedFiles.open(directory, { replayableEnd: async () => deadLetter.end });
  const warnings: string[] = [];
  const freed = async () => {
    await deadLetter.measure();
    await reasons.measure();
    senders.keepOnly(await deadLetter.files());
  };
  const parking = new Parking({
    deadLetter,
    warn: ({ code }) => warnings.push(code),
    retryMs: 1,
    keeping: {
      whenFull,
      clientSharePercent,
      deadLetter,
      reasons,
      senders,
      dropOldest: async () => {
        beforeDrop();
        const records = await parkedFiles.dropOldest('');
        if (records > 0) await freed();
        return records;
      },
      clock: new SystemClock(),
    },
  });
  onTestFinished(async () => {
    await parkedFiles.close();
    await deadLetter.close();
    await reasons.close();
  });
  const never = new AbortController();
  const park = (records: readonly ParkedRecord[]) => parking.park(records, never.signal);
  /** Parks in batches of one, and counts how they are kept. */
  const parkEach = async (records: readonly ParkedRecord[]) => {
    const counts = { whole: 0, 'without-payload': 0, counted: 0 };
    for (const record of records) counts[(await park([record])).get(record) ?? 'whole'] += 1;
    return counts;
  };
  return { directory, deadLetter, parking, parkedFiles, park, parkEach, warnings, freed };
}

describe('parking with keep-reason', () => {
  it('keeps a flooding client to its share, and everybody else whole', async () => {
    const { directory, parkEach, warnings } = await setUp('keep-reason');
    const flood = await parkEach(many(100, 'flooder'));
    // A tenth of 1 MiB has room for seven lines of 13.6 KiB.
    expect(flood).toEqual({ whole: 7, 'without-payload': 93, counted: 0 });
    expect(await parkEach(many(3, 'honest'))).toEqual({ whole: 3, 'without-payload': 0, counted: 0 });
    expect(warnings).toContain('DEAD_LETTER_PAYLOADS_NOT_KEPT');
    const listed = await listParked(directory, 999);
    expect(listed).toHaveLength(103);
    expect(listed.filter(({ bytesNotKept }) => bytesNotKept === 10 * KIB)).toHaveLength(93);
  });

  it('keeps a user to its share although each of its records has another client id [access 11]', async () => {
    const { parkEach } = await setUp('keep-reason');
    const from = (user: string, count: number) =>
      Array.from({ length: count }, (_, n) => parked(`c-${n}`, 'payload-not-json', 10 * KIB, user));
    expect(await parkEach(from('flooder', 40))).toEqual({ whole: 7, 'without-payload': 33, counted: 0 });
    expect(await parkEach(from('honest', 3))).toEqual({ whole: 3, 'without-payload': 0, counted: 0 });
    expect(await parkEach(many(3, 'flooder'))).toEqual({ whole: 3, 'without-payload': 0, counted: 0 });
  });

  it('goes on when very many senders have filled the room of devices, and leaves a quarter for the store', async () => {
    const { deadLetter, parkEach, parking } = await setUp('keep-reason');
    const kept = await parkEach(Array.from({ length: 200 }, (_, n) => parked(`client-${n}`)));
    expect(kept.whole).toBeGreaterThan(50);
    expect(kept['without-payload']).toBe(200 - kept.whole);
    expect(deadLetter.sizeBytes).toBeLessThanOrEqual(MAX_SIZE * 0.75);
    expect(await parkEach(many(10, 'any', 'store-refused'))).toMatchObject({ whole: 10 });
    expect(parking.blockedBy).toBeUndefined();
  });

  it.each<ParkCode>(['store-refused', 'store-too-large', 'not-expressible', 'mapping-failed'])(
    'waits for room for what is no fault of the device: %s',
    async (code) => {
      const { directory, deadLetter, parking } = await setUp('keep-reason');
      const giveUp = new AbortController();
      const records = many(80, 'any', code);
      let blocked: unknown;
      for (const record of records) {
        const done = parking.park([record], giveUp.signal);
        if (deadLetter.sizeBytes > MAX_SIZE - 14 * KIB) giveUp.abort();
        blocked = await done.then(
          () => undefined,
          (thrown: unknown) => thrown,
        );
        if (blocked !== undefined) break;
      }
      expect(blocked).toMatchObject({ code: 'DEAD_LETTER_FULL' });
      expect(parking.blockedBy).toContain('consumer.deadLetter.maxSize');
      const listed = await listParked(directory, 999);
      expect(listed.length).toBeGreaterThan(70);
      expect(listed.every(({ bytesNotKept }) => bytesNotKept === undefined)).toBe(true);
    },
  );

  it('keeps the reasons within a bound: beyond it records are only counted', async () => {
    const { directory, park } = await setUp('keep-reason');
    const records = many(1_000, 'flooder');
    const keeping = await park(records);
    const kept = (how: string) => [...keeping.values()].filter((one) => one === how).length;
    expect(kept('counted')).toBeGreaterThan(500);
    expect(kept('without-payload') + kept('counted')).toBe(993);
    expect(await listParked(directory, 9_999)).toHaveLength(1_000 - kept('counted'));
    // The limit of a dead letter this small: a sixteenth.
    const reasons = await listParked(join(directory, 'reasons'), 9_999);
    expect(reasons).toHaveLength(kept('without-payload'));
  });

  it('keeps a client whole again after a purge', async () => {
    const { parkEach, parkedFiles, freed } = await setUp('keep-reason');
    expect(await parkEach(many(20, 'flooder'))).toMatchObject({ whole: 7 });
    for (const span of await parkedFiles.spans()) {
      const file = (await parkedFiles.openSpan(span))!;
      const outcome = { to: 'purged' } as const;
      await file.record(
        [...file.pending()].map(({ at, parked: { id, code } }) => ({
          at,
          id,
          from: code,
          replayedAtMs: 0,
          outcome,
        })),
      );
    }
    expect(await parkedFiles.sweep()).toBe(true);
    await freed();
    expect(await parkEach(many(5, 'flooder'))).toMatchObject({ whole: 5 });
  });
});

describe('parking with drop-oldest', () => {
  it('waits while there is no room on the disk to note what it drops', async () => {
    const noRoom = new SluiceError('DISK_FULL', 'no room');
    let refusals = 3;
    const { parkEach, warnings, parking } = await setUp('drop-oldest', 100, () => {
      refusals -= 1;
      if (refusals >= 0) throw noRoom;
    });
    expect(await parkEach(many(200, 'flooder'))).toEqual({ whole: 200, 'without-payload': 0, counted: 0 });
    expect(warnings.filter((code) => code === 'DISK_FULL')).toHaveLength(3);
    expect(parking.blockedBy).toBeUndefined();
  });

  it('drops the oldest files of what devices cause, counted, and keeps the newest whole', async () => {
    const { directory, parkedFiles, parkEach, warnings } = await setUp('drop-oldest', 100);
    const records = many(200, 'flooder');
    expect(await parkEach(records)).toEqual({ whole: 200, 'without-payload': 0, counted: 0 });
    expect(warnings).toContain('DEAD_LETTER_RECORDS_DROPPED');
    const listed = await listParked(directory, 999);
    expect(listed[0]!.id).toBe(records.at(-1)!.id);
    const { dropped } = parkedFiles.totals()[0]!.totals;
    expect((dropped?.['payload-not-json'] ?? 0) + listed.length).toBe(200);
  });

  it('never drops what the store refused', async () => {
    const { directory, parkEach } = await setUp('drop-oldest', 100);
    const refused = many(40, 'a', 'store-refused');
    await parkEach(refused);
    await parkEach(many(100, 'flooder'));
    const listed = await listParked(directory, 999, { code: 'store-refused' });
    expect(listed.map(({ id }) => id)).toEqual(refused.map(({ id }) => id).reverse());
  });
});

it('parking with block keeps everything whole, and waits', async () => {
  const { deadLetter, parking } = await setUp('block');
  const giveUp = new AbortController();
  const records = many(100, 'flooder');
  let parkedRecords = 0;
  const parkAll = async () => {
    for (const record of records) {
      if (deadLetter.sizeBytes > MAX_SIZE - 14 * KIB) giveUp.abort();
      expect((await parking.park([record], giveUp.signal)).size).toBe(0);
      parkedRecords += 1;
    }
  };
  await expect(parkAll()).rejects.toMatchObject({ code: 'DEAD_LETTER_FULL' });
  expect(parkedRecords).toBeGreaterThan(70);
});
