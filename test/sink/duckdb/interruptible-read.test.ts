import { DuckDBInstance } from '@duckdb/node-api';
import { expect, onTestFinished, test, vi } from 'vitest';
import { SluiceError } from '../../../src/lib/errors.js';
import { InterruptibleRead } from '../../../src/sink/duckdb/interruptible-read.js';
import { pointOf, seriesOf } from '../../support/points.js';
import { never, openedSink, queried } from './opened-sink.js';

const ENDLESS = 'SELECT sum(a.range * b.range) FROM range(10_000_000) a, range(10_000_000) b';
const LONG_MS = 600_000;

async function connected() {
  const instance = await DuckDBInstance.create(':memory:', { threads: '1' });
  const connection = await instance.connect();
  onTestFinished(() => {
    connection.disconnectSync();
    instance.closeSync();
  });
  return connection;
}

test('what DuckDB says of a statement is the cause, for the log, and not in the message, for the client', async () => {
  const connection = await connected();
  const failed = new InterruptibleRead(connection).run(
    (read) => read.rows('SELECT make_timestamp_ns(99999999999999999999) FROM secret_table'),
    LONG_MS,
  );
  await expect(failed).rejects.toMatchObject({
    code: 'SINK_QUERY_FAILED',
    message: 'DuckDB: it could not answer the query; the log of the gateway says why',
    cause: expect.objectContaining({ message: expect.stringContaining('secret_table') as string }) as Error,
  });
});

test('a query that takes too long is ended with advice, and the connection answers the next one', async () => {
  const connection = await connected();
  const result = new InterruptibleRead(connection).run((read) => read.rows(ENDLESS), 50);
  await expect(result).rejects.toMatchObject({
    code: 'SINK_QUERY_FAILED',
    message: 'DuckDB: it took longer than 0.05 s; ask for a shorter time',
  });
  expect(await new InterruptibleRead(connection).run((read) => read.rows('SELECT 1'), LONG_MS)).toEqual([
    [1],
  ]);
});

test('a read that is ended between two statements starts no other', async () => {
  const connection = await connected();
  const read = new InterruptibleRead(connection);
  const result = read.run(async () => {
    await read.rows('SELECT 1');
    read.end('the file is being closed');
    return read.rows(ENDLESS);
  }, LONG_MS);
  await expect(result).rejects.toMatchObject({ message: 'DuckDB: the file is being closed' });
});

test('an early interrupt is repeated until the read has ended', async () => {
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
  onTestFinished(() => {
    vi.useRealTimers();
  });
  const connection = await connected();
  // The first interrupt comes before the statement has begun, so DuckDB forgets it.
  vi.spyOn(connection, 'interrupt').mockImplementationOnce(() => undefined);
  const read = new InterruptibleRead(connection);
  let failure: unknown;
  const result = read.run(() => {
    const rows = read.rows(ENDLESS);
    read.end('the file is being closed');
    return rows;
  }, LONG_MS);
  result.catch((thrown: unknown) => {
    failure = thrown;
  });
  await expect
    .poll(() => {
      vi.advanceTimersByTime(20);
      return failure;
    })
    .toMatchObject({ message: 'DuckDB: the file is being closed' });
  expect(vi.getTimerCount()).toBe(0);
});

test('an error that has a code keeps it', async () => {
  const unsupported = new SluiceError('SINK_QUERY_UNSUPPORTED', 'no mean');
  const result = new InterruptibleRead(await connected()).run(() => Promise.reject(unsupported), LONG_MS);
  await expect(result).rejects.toBe(unsupported);
});

test('an endless query blocks neither writes nor close', async () => {
  const { sink, options } = await openedSink();
  await sink.write([pointOf(seriesOf('m'), 1n, { v: 1 })], never());
  await queried(
    options,
    `ALTER TABLE sluice_internal.columns RENAME TO kept;
     CREATE VIEW sluice_internal.columns AS
       SELECT kept.* FROM sluice_internal.kept, range(10_000_000) a, range(10_000_000) b WHERE a.range * b.range = 7`,
  );
  const result = [sink.reader.measurements(), sink.reader.measurements()];
  const outcomes = Promise.allSettled(result);
  for (let nth = 2n; nth < 10n; nth++) {
    expect(await sink.write([pointOf(seriesOf('m'), nth, { v: 1 })], never())).toEqual([]);
  }
  await sink.close();
  expect((await outcomes).map((outcome) => outcome.status === 'rejected' && outcome.reason.message)).toEqual([
    'DuckDB: the file is being closed',
    'The DuckDB file is not open.',
  ]);
});
