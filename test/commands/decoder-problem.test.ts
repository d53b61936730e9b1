import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { configChanges } from '../../src/config/config-changes.js';
import { type LoadedConfig, parseConfig } from '../../src/config/load-config.js';
import { tempDirectory } from '../support/temp-directory.js';
import { runMain } from './run-main.js';

const CONFIG = `broker: { listeners: [{ port: 0 }] }
http: false
rules:
  - { name: a, topic: a/#, measurement: m, format: { type: decoder, file: decoder.js } }
consumer: { formats: [{ topic: b/#, format: { type: decoder, file: decoder.js } }] }
`;

function directoryWith(program: string | undefined): string {
  const directory = tempDirectory();
  writeFileSync(join(directory, 'sluice.yaml'), CONFIG);
  if (program !== undefined) writeFileSync(join(directory, 'decoder.js'), program);
  return directory;
}

const check = (directory: string) => runMain('check', '-c', join(directory, 'sluice.yaml'));

test('check loads a decoder, and names the file and the line of a fault', async () => {
  const directory = directoryWith('export default () => {\n  const x = ;\n};\n');
  const { exitCode, stderr } = await check(directory);
  expect(exitCode).toBe(2);
  const got = `got ${join(directory, 'decoder.js')}:2: SyntaxError: Unexpected token ';', expected a decoder that can be loaded`;
  expect(stderr).toContain(`sluice.yaml:4:69: rules[0].format.file: ${got}`);
  expect(stderr).toContain(`consumer.formats[0].format.file: ${got}`);
});

test('check is content with a good one', async () => {
  const { exitCode, stdout } = await check(directoryWith('export default () => 1;\n'));
  expect([exitCode, stdout.slice(0, 3)]).toEqual([0, 'ok\n']);
});

test('a file that is not there is a problem of the configuration', async () => {
  const { exitCode, stderr } = await check(directoryWith(undefined));
  expect(exitCode).toBe(2);
  expect(stderr).toContain('expected a file that can be read; no file is there');
});

test('a reload sees that the file has changed', () => {
  const directory = directoryWith('export default () => 1;\n');
  const load = (): LoadedConfig => {
    const result = parseConfig(CONFIG, 'sluice.yaml', directory, {});
    if (!result.ok) throw new Error(JSON.stringify(result.problems));
    return result.loaded;
  };
  const started = load();
  writeFileSync(join(directory, 'decoder.js'), 'export default () => 2;\n');
  const { rules, settings } = configChanges({ started, applied: started }, load());
  expect([rules.changed, settings]).toEqual([['a'], ['consumer.formats[0].format.file']]);
});
