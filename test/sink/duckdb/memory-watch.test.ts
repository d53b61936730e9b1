import { DuckDBInstance } from '@duckdb/node-api';
import { expect, it, onTestFinished, vi } from 'vitest';
import type { SluiceError } from '../../../src/lib/errors.js';
import { MemoryWatch } from '../../../src/sink/duckdb/memory-watch.js';

const MIB = 2 ** 20;

async function connected() {
  const instance = await DuckDBInstance.create(':memory:', { threads: '1' });
  const connection = await instance.connect();
  onTestFinished(() => {
    connection.disconnectSync();
    instance.closeSync();
  });
  return connection;
}

/** A read that waits until it is ended. */
function waitingRead() {
  let onEnd: (reason: SluiceError) => void = () => undefined;
  const ended = new Promise<SluiceError>((resolve) => {
    onEnd = resolve;
  });
  return { end: vi.fn((reason: SluiceError) => onEnd(reason)), ended };
}

it('ends a read when the process grows by what DuckDB does not count', async () => {
  let bytes = 500 * MIB;
  const watch = new MemoryWatch(await connected(), { memoryLimitBytes: 64 * MIB, processBytes: () => bytes });
  const read = waitingRead();
  const ended = watch.around(read, () => read.ended);
  bytes += 513 * MIB;
  expect(await ended).toMatchObject({ code: 'QUERY_LIMIT_REACHED' });
});

it('ends a read when there is no memory left for the question itself', async () => {
  const connection = await connected();
  vi.spyOn(connection, 'runAndReadAll').mockRejectedValue(new Error('Out of Memory Error'));
  const watch = new MemoryWatch(connection, { memoryLimitBytes: 64 * MIB, processBytes: () => 0 });
  const read = waitingRead();
  expect(await watch.around(read, () => read.ended)).toMatchObject({ code: 'QUERY_LIMIT_REACHED' });
});

it('asks only while a read runs, and lets one through that needs little', async () => {
  const connection = await connected();
  const asked = vi.spyOn(connection, 'runAndReadAll');
  const watch = new MemoryWatch(connection, { memoryLimitBytes: 64 * MIB, processBytes: () => 0 });
  const read = waitingRead();
  await watch.around(read, () => vi.waitFor(() => expect(asked.mock.calls.length).toBeGreaterThan(2)));
  const calls = asked.mock.calls.length;
  await watch.around(read, async () => undefined);
  expect(asked.mock.calls.length).toBe(calls);
  expect(read.end).not.toHaveBeenCalled();
});
