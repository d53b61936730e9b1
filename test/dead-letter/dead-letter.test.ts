import { appendFileSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { listParked } from '../../src/dead-letter/dead-letter-reader.js';
import { DeadLetterWriter } from '../../src/dead-letter/dead-letter-writer.js';
import { type ParkedRecord, parkedRecord } from '../../src/dead-letter/parked-record.js';
import { testRecord } from '../support/log-fixture.js';
import { tempDirectory } from '../support/temp-directory.js';

const parked = (n: number, payload?: Buffer): ParkedRecord =>
  parkedRecord(
    { ...testRecord(n), ...(payload === undefined ? {} : { payload }) },
    { code: n % 2 === 0 ? 'payload-not-json' : 'rule-none', reason: `because of ${n}`, rule: 'r' },
    1_700_000_000_000 + n,
  );
const many = (from: number, to: number) => Array.from({ length: to - from }, (_, i) => parked(from + i));

describe('the dead letter', () => {
  it('lists parked records, newest first, with each payload bit for bit', async () => {
    const directory = tempDirectory();
    const writer = await DeadLetterWriter.open({ directory, maxSizeBytes: 1 << 20 });
    const binary = parked(3, Buffer.from([0, 0xff, 0xfe, 10, 13, 34]));
    const partial = {
      ...parked(4),
      refusedPoints: [{ index: 1, code: 'store-refused' as const, reason: 'x' }],
    };
    await writer.append([...many(0, 3), binary]);
    await writer.append([partial]);
    await writer.close();
    expect(await listParked(directory, 10)).toEqual([partial, binary, parked(2), parked(1), parked(0)]);
    expect(await listParked(directory, 2)).toEqual([partial, binary]);
  });

  it('can be searched by reason, topic and id', async () => {
    const directory = tempDirectory();
    const writer = await DeadLetterWriter.open({ directory, maxSizeBytes: 1 << 20 });
    await writer.append(many(0, 20));
    await writer.close();
    expect(await listParked(directory, 99, { code: 'rule-none' })).toHaveLength(10);
    expect(await listParked(directory, 99, { topic: testRecord(3).topic })).toHaveLength(3);
    expect(await listParked(directory, 99, { id: parked(7).id })).toEqual([parked(7)]);
    expect(await listParked(directory, 99, { id: '12' })).toEqual([]);
    expect(await listParked(join(directory, 'absent'), 99)).toEqual([]);
  });

  it('goes back to the end of the last checkpoint, across files: what came after it comes again', async () => {
    const directory = tempDirectory();
    const options = { directory, maxSizeBytes: 100 << 20 };
    const big = (n: number) => parked(n, Buffer.alloc(6 << 20, 'x'));
    const first = await DeadLetterWriter.open(options);
    await first.append([big(0)]);
    await first.append([big(1)]);
    const { end } = first;
    await first.append([big(2)]);
    await first.append([big(3)]);
    await first.close();
    expect(readdirSync(directory).length).toBe(2);

    const second = await DeadLetterWriter.open(options, end);
    expect((await listParked(directory, 9)).map((p) => p.id)).toEqual([big(1).id, big(0).id]);
    await second.append([parked(5)]);
    await second.close();
    expect((await listParked(directory, 9)).map((p) => p.id)).toEqual([parked(5).id, big(1).id, big(0).id]);
  });

  it('keeps everything when there is no checkpoint to go back to', async () => {
    const directory = tempDirectory();
    const options = { directory, maxSizeBytes: 1 << 20 };
    const first = await DeadLetterWriter.open(options);
    await first.append(many(0, 3));
    await first.close();
    const second = await DeadLetterWriter.open(options);
    await second.append(many(3, 4));
    await second.close();
    expect(await listParked(directory, 9)).toHaveLength(4);
  });

  it('cuts a torn tail off when there is no checkpoint: the next line would be lost with it', async () => {
    const directory = tempDirectory();
    const options = { directory, maxSizeBytes: 1 << 20 };
    const first = await DeadLetterWriter.open(options);
    await first.append(many(0, 2));
    await first.close();
    const file = join(directory, readdirSync(directory)[0]!);
    appendFileSync(file, readFileSync(file).subarray(0, 40));
    const second = await DeadLetterWriter.open(options);
    await second.append(many(2, 3));
    await second.close();
    expect(await listParked(directory, 9)).toEqual([parked(2), parked(1), parked(0)]);
  });

  it('does not reuse the number of a journal: its outcomes belong to other records', async () => {
    const directory = tempDirectory();
    const options = { directory, maxSizeBytes: 1 << 20 };
    writeFileSync(join(directory, 'settled-00000002.jsonl'), '');
    const writer = await DeadLetterWriter.open(options, { file: 2, bytes: 300 });
    expect(writer.end).toEqual({ file: 3, bytes: 0 });
    await writer.close();
  });

  it('that cannot be read is an error, not an empty list', async () => {
    const inTheWay = join(tempDirectory(), 'file');
    writeFileSync(inTheWay, '');
    await expect(listParked(inTheWay, 9)).rejects.toMatchObject({ code: 'DEAD_LETTER_FAILED' });
  });

  it('skips a line whose id is damaged', async () => {
    const directory = tempDirectory();
    const writer = await DeadLetterWriter.open({ directory, maxSizeBytes: 1 << 20 });
    await writer.append(many(0, 2));
    await writer.close();
    const file = join(directory, readdirSync(directory)[0]!);
    writeFileSync(file, readFileSync(file, 'utf8').replace(`"id":"${parked(0).id}"`, '"id":"17x"'));
    expect(await listParked(directory, 9)).toEqual([parked(1)]);
  });

  it('skips a torn line', async () => {
    const directory = tempDirectory();
    const writer = await DeadLetterWriter.open({ directory, maxSizeBytes: 1 << 20 });
    await writer.append(many(0, 2));
    await writer.close();
    const file = join(directory, readdirSync(directory)[0]!);
    appendFileSync(file, readFileSync(file).subarray(0, 40));
    expect(await listParked(directory, 9)).toHaveLength(2);
  });

  it('writes nothing over its size and names the key to change', async () => {
    const directory = tempDirectory();
    const writer = await DeadLetterWriter.open({ directory, maxSizeBytes: 1000 });
    await writer.append(many(0, 2));
    await expect(writer.append(many(2, 10))).rejects.toMatchObject({
      code: 'DEAD_LETTER_FULL',
      message: expect.stringContaining('consumer.deadLetter.maxSize') as string,
    });
    expect(await listParked(directory, 99)).toHaveLength(2);
    // In a new file: the full one can be removed once none of its records is parked.
    expect(writer.end).toEqual({ file: 1, bytes: 0 });
    await writer.append(many(2, 3));
    await writer.close();
    expect(await listParked(directory, 99)).toHaveLength(3);
  });
});
