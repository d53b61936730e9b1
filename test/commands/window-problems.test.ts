import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { dataDirectory, prepareDataDirectory } from '../../src/data-directory/data-directory.js';
import { openIdleWindows } from '../support/open-windows.js';
import { tempDirectory } from '../support/temp-directory.js';
import { runMain } from './run-main.js';

/** A configuration with one aggregate by these tags. */
function textWith(by: string): string {
  return `broker: { listeners: [{ port: 0 }] }
http: { port: 0 }
rules: [{ name: r, topic: "+a/+b", measurement: climate, tags: { a: topic.a, b: topic.b }, fields: { v: payload.v } }]
windows:
  aggregates:
    - { name: climate, from: climate, by: ${by}, every: 1min, fields: { v: mean } }
`;
}

test('sluice check names the aggregate that was something else when its rows were written', async () => {
  const root = tempDirectory();
  const file = join(root, 'sluice.yaml');
  writeFileSync(file, textWith('[a]'));
  expect((await runMain('check', '-c', file)).stdout).toContain('windows        climate_1min\n');

  const directory = dataDirectory(join(root, 'data'));
  await prepareDataDirectory(directory);
  mkdirSync(directory.windows, { recursive: true, mode: 0o700 });
  const windows = await openIdleWindows(directory.windows, [
    {
      name: 'climate',
      from: 'climate',
      by: ['a'],
      sizeMs: 60_000,
      latenessMs: 0,
      fields: new Map([['v', { functions: ['mean'], quantiles: [] }]]),
      resolutions: [{ everyMs: 60_000, measurement: 'climate_1min', retentionMs: 0 }],
    },
  ]);
  await windows.close();
  expect((await runMain('check', '-c', file)).exitCode).toBe(0);

  writeFileSync(file, textWith('[a, b]'));
  const { exitCode, stderr } = await runMain('check', '-c', file);
  expect(exitCode).toBe(2);
  expect(stderr).toContain(
    `${file}:6:7: windows.aggregates[0]: got another aggregate under this name, expected the one that has rows; by of the windows "climate" was [a] and is [a, b]: give`,
  );
});
