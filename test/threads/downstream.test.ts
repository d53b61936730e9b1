import { describe, expect, it, onTestFinished } from 'vitest';
import { parseConfig } from '../../src/config/load-config.js';
import { dataDirectory, prepareDataDirectory } from '../../src/data-directory.js';
import { gatewayOptions } from '../../src/gateway-options.js';
import { DurableEndReader } from '../../src/stream/log/durable-end.js';
import { Downstream } from '../../src/threads/downstream.js';
import { MAX_BODY_BYTES, TestLog } from '../support/log-fixture.js';
import { tempDirectory } from '../support/temp-directory.js';

/** As the thread has it, without the thread; the log holds 50 records of which nothing is JSON. */
async function started() {
  const root = tempDirectory();
  const directory = dataDirectory(root);
  await prepareDataDirectory(directory);
  const parsed = parseConfig(`stream: { log: { directory: ${directory.log} } }`, 'sluice.yaml', '/', {});
  if (!parsed.ok) throw new Error('the configuration of this test is wrong');
  const { downstream: options } = gatewayOptions(parsed.loaded.config, 'all');
  const log = await TestLog.open(directory.log);
  onTestFinished(() => log.writer.close());
  const durableEnd = new DurableEndReader(log.memory);
  log.durableEnd.onMove(() => durableEnd.woken());
  const downstream = await Downstream.open(
    { ...options, directory, maxBodyBytes: MAX_BODY_BYTES },
    durableEnd,
    {
      onSettled: () => undefined,
      onCheckpoint: () => undefined,
      warn: () => undefined,
    },
  );
  const running = downstream.run();
  onTestFinished(async () => {
    downstream.abort();
    await running;
  });
  await log.append(0, 50);
  const until = async (isReached: () => boolean) => {
    while (!isReached()) await new Promise<void>((resolve) => setImmediate(resolve));
  };
  await until(() => downstream.report().book.decided === 50);
  return { downstream, until };
}

describe('the thread of consumer and sink', () => {
  it('purges what it has parked itself, also just now, and reports how it goes and what moved', async () => {
    const { downstream, until } = await started();
    const begun = await downstream.ask({ kind: 'purge', selection: { all: true } });
    expect(begun).toMatchObject({ kind: 'purge', state: 'running', selected: 0 });
    await expect(downstream.ask({ kind: 'replay', selection: { all: true } })).rejects.toMatchObject({
      code: 'DEAD_LETTER_BUSY',
    });
    await until(() => downstream.report().settling.status?.state === 'done');
    expect(downstream.report().settling).toMatchObject({
      status: { selected: 50, settled: { purged: 50 } },
      moved: [{ book: 'log', totals: { purged: { 'payload-not-json': 50 } } }],
    });
  });

  it('explains a parked record by the rules in force', async () => {
    const { downstream } = await started();
    const id = String(1_700_000_000_000_000_007n);
    expect(await downstream.ask({ kind: 'explain', id })).toMatchObject({
      topic: 'sensors/ü0/telemetry',
      fate: 'parked',
      code: 'payload-not-json',
      rule: 'default',
      lines: [],
    });
    expect(await downstream.ask({ kind: 'explain', id: '1' })).toBeUndefined();
  });
});
