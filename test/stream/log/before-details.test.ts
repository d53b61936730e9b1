import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { LogPressure } from '../../../src/stream/log/size-limit.js';
import type { StreamRecord } from '../../../src/stream/stream.js';
import { TestLog, testRecord } from '../../support/log-fixture.js';
import { tempDirectory } from '../../support/temp-directory.js';

const withProperties: StreamRecord = { ...testRecord(1), properties: { contentType: 'text/plain' } };
const refused: StreamRecord = {
  ...testRecord(2),
  refused: { reason: 'packet-too-large', detail: 'why', topicBytes: 20, payloadBytes: 300_000 },
};

/** The bytes of all segments. */
function written(directory: string): Buffer {
  const segments = readdirSync(directory).filter((name) => name.endsWith('.seg'));
  return Buffer.concat(segments.map((name) => readFileSync(join(directory, name))));
}

function stored(log: TestLog, record: StreamRecord): Promise<void> {
  return new Promise((resolve) => log.writer.append(record, resolve));
}

describe('what must be done before a record has details', () => {
  it.each([
    ['properties', withProperties],
    ['why the broker has not accepted it', refused],
  ])('is done before the first record with %s is written, and once', async (_what, record) => {
    const directory = tempDirectory();
    const seen: number[] = [];
    const log = await TestLog.open(
      directory,
      {},
      { beforeDetails: async () => void seen.push(written(directory).length) },
    );
    await stored(log, testRecord(0));
    const before = written(directory).length;
    expect(seen).toEqual([]);
    await Promise.all([stored(log, testRecord(1)), stored(log, record), stored(log, testRecord(3))]);
    await stored(log, record);
    expect(seen).toEqual([before]);
    await log.writer.close();
  });

  it('keeps the record waiting while the disk has no room for it, and nothing is lost', async () => {
    const directory = tempDirectory();
    const pressures: LogPressure['kind'][] = [];
    let tries = 0;
    const log = await TestLog.open(
      directory,
      {},
      {
        retryMs: 1,
        onPressure: ({ kind }) => pressures.push(kind),
        beforeDetails: async () => {
          tries += 1;
          if (tries === 1) throw Object.assign(new Error('ENOSPC: refused'), { code: 'ENOSPC' });
        },
      },
    );
    await Promise.all([stored(log, testRecord(0)), stored(log, withProperties), stored(log, testRecord(2))]);
    expect(tries).toBe(2);
    expect(pressures).toEqual(['disk-full', 'unblocked']);
    expect((await log.readAll()).records).toEqual([testRecord(0), withProperties, testRecord(2)]);
    await log.writer.close();
  });

  it('ends the log when it fails in another way: an older version would read the record wrongly', async () => {
    const directory = tempDirectory();
    const log = await TestLog.open(
      directory,
      {},
      { beforeDetails: () => Promise.reject(Object.assign(new Error('EIO: refused'), { code: 'EIO' })) },
    );
    log.writer.append(withProperties, () => expect.unreachable());
    while (log.failures.length === 0) await new Promise((resolve) => setImmediate(resolve));
    expect(written(directory)).toHaveLength(0);
    expect(log.failures).toMatchObject([{ code: 'LOG_FAILED' }]);
    await log.writer.close();
  });
});
