import { DuckDBInstance } from '@duckdb/node-api';
import { expect, onTestFinished, test, vi } from 'vitest';
import { SluiceError } from '../../../src/errors.js';
import { Reading } from '../../../src/sink/duckdb/reading.js';
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

test('what takes too long is ended with the advice to ask for less, and the connection answers the next', async () => {
  const connection = await connected();
  const asked = new Reading(connection).run((reading) => reading.rows(ENDLESS), 50);
  await expect(asked).rejects.toMatchObject({
    code: 'SINK_QUERY_FAILED',
    message: 'DuckDB: it took longer than 0.05 s; ask for a shorter time',
  });
  expect(await new Reading(connection).run((reading) => reading.rows('SELECT 1'), LONG_MS)).toEqual([[1]]);
});

test('what is ended between two statements begins no other', async () => {
  const connection = await connected();
  const reading = new Reading(connection);
  const asked = reading.run(async () => {
    await reading.rows('SELECT 1');
    reading.end('the file is being closed');
    return reading.rows(ENDLESS);
  }, LONG_MS);
  await expect(asked).rejects.toMatchObject({ message: 'DuckDB: the file is being closed' });
});

test('an interrupt that comes too early is followed by others, until the reading has ended', async () => {
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
  onTestFinished(() => {
    vi.useRealTimers();
  });
  const connection = await connected();
  // The first comes before DuckDB has begun, which forgets it.
  vi.spyOn(connection, 'interrupt').mockImplementationOnce(() => undefined);
  const reading = new Reading(connection);
  let failure: unknown;
  const asked = reading.run(() => {
    const rows = reading.rows(ENDLESS);
    reading.end('the file is being closed');
    return rows;
  }, LONG_MS);
  asked.catch((thrown: unknown) => {
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
  const asked = new Reading(await connected()).run(() => Promise.reject(unsupported), LONG_MS);
  await expect(asked).rejects.toBe(unsupported);
});

test('a question without end holds neither the writer nor the stop', async () => {
  const { sink, options } = await openedSink();
  await sink.write([pointOf(seriesOf('m'), 1n, { v: 1 })], never());
  await queried(
    options,
    `ALTER TABLE sluice_internal.columns RENAME TO kept;
     CREATE VIEW sluice_internal.columns AS
       SELECT kept.* FROM sluice_internal.kept, range(10_000_000) a, range(10_000_000) b WHERE a.range * b.range = 7`,
  );
  const asked = [sink.reader.measurements(), sink.reader.measurements()];
  const outcomes = Promise.allSettled(asked);
  for (let nth = 2n; nth < 10n; nth++) {
    expect(await sink.write([pointOf(seriesOf('m'), nth, { v: 1 })], never())).toEqual([]);
  }
  await sink.close();
  expect((await outcomes).map((outcome) => outcome.status === 'rejected' && outcome.reason.message)).toEqual([
    'DuckDB: the file is being closed',
    'The DuckDB file is not open.',
  ]);
});
