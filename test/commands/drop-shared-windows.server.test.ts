import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { dataDirectory, prepareDataDirectory } from '../../src/data-directory/data-directory.js';
import { windowsRows } from '../../src/pipeline/kinesis-shared-windows.js';
import { AggregateState } from '../../src/windows/aggregate-state.js';
import { prepareLayouts } from '../../src/windows/shared/prepare-layouts.js';
import { SharedTable } from '../../src/windows/shared/shared-table.js';
import { MarksMemory } from '../../src/windows/window-marks.js';
import { startDynalite } from '../support/kinesis-servers.js';
import { tempDirectory } from '../support/temp-directory.js';
import { runMain } from './run-main.js';

const AGGREGATE = {
  name: 'climate',
  from: 'climate',
  sizeMs: 60_000,
  latenessMs: 0,
  fields: new Map([['v', { functions: ['mean' as const], quantiles: [] }]]),
  resolutions: [{ everyMs: 60_000, measurement: 'climate_1min', retentionMs: 0 }],
};

/** A table in which windows of `climate` are due, and the configuration of a consumer. */
async function shared() {
  const dynamo = await startDynalite();
  onTestFinished(() => dynamo.stop());
  const root = tempDirectory();
  const file = join(root, 'sluice.yaml');
  writeFileSync(
    file,
    `stream:
  mode: kinesis
  log: { directory: ./data/log }
  kinesis: { name: telemetry, endpoint: "http://127.0.0.1:9", checkpoints: dynamodb, leases: { table: mine, endpoint: "${dynamo.endpoint}" } }
sink: { influx: { url: "http://127.0.0.1:9", database: iot } }
`,
  );
  await prepareDataDirectory(dataDirectory(join(root, 'data')));
  const leases = { table: 'mine', endpoint: dynamo.endpoint, failoverMs: 10_000 };
  const table = new SharedTable(windowsRows({ region: undefined }, leases));
  onTestFinished(() => table.close());
  await table.prepare();
  await prepareLayouts([new AggregateState(AGGREGATE, new MarksMemory(1_000_000))], table, Date.now());
  return { table, drop: () => runMain('windows', 'rebuild', '--drop', 'climate', '-c', file, '--yes') };
}

it('forgets an aggregate of consumers that share a stream, and what is due of it', async () => {
  const { table, drop } = await shared();
  expect(await table.due()).toHaveLength(1);
  const { exitCode, stdout, stderr } = await drop();
  expect([exitCode, stderr]).toEqual([0, '']);
  expect(stdout).toContain('  DROP MEASUREMENT "climate_1min"\n');
  expect([await table.layout('climate'), await table.due()]).toEqual([undefined, []]);
  expect(await drop()).toMatchObject({
    exitCode: 2,
    stderr: expect.stringContaining('no windows "climate" are known in the DynamoDB table mine-windows'),
  });
});

it('does nothing while a consumer computes, and takes one that writes nothing for killed', async () => {
  const { table, drop } = await shared();
  const first = { owner: 'one', counter: 1, closedToMs: 0, report: '' };
  await table.writeComputer(undefined, first);
  let [known, isComputing] = [first, true];
  const computing = (async () => {
    while (isComputing) {
      const next = { ...known, counter: known.counter + 1 };
      await table.writeComputer(known, next);
      known = next;
    }
  })();
  const refused = await drop();
  isComputing = false;
  await computing;
  expect(refused.exitCode).toBe(1);
  expect(refused.stderr).toContain('the consumer "one" computes windows now: stop all consumers first');
  expect(await table.layout('climate')).toBeDefined();
  expect((await drop()).exitCode).toBe(0);
});
