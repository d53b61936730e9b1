import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { parseConfig } from '../../src/config/load-config.js';
import { shippedProfiles } from '../../src/config/profiles/find-profile.js';
import { tempDirectory } from '../support/temp-directory.js';
import { runMain } from './run-main.js';

const FOLDER = join(import.meta.dirname, '../../src/profiles');

test('list prints a line for each profile, with its title and the topics that it stores', async () => {
  const { exitCode, stdout } = await runMain('profiles', 'list');
  expect(exitCode).toBe(0);
  const lines = stdout.trimEnd().split('\n');
  expect(lines.map((line) => line.split(' ')[0])).toEqual(shippedProfiles());
  expect(lines.find((line) => line.startsWith('tasmota '))).toMatch(
    /^tasmota +Tasmota +tele\/\+device\/SENSOR, tele\/\+device\/STATE$/,
  );
});

test('show prints the file as it is', async () => {
  expect(await runMain('profiles', 'show', 'tasmota')).toEqual({
    exitCode: 0,
    stdout: readFileSync(join(FOLDER, 'tasmota.yaml'), 'utf8'),
    stderr: '',
  });
});

test('show --rules prints rules that a configuration takes', async () => {
  const { stdout } = await runMain('profiles', 'show', 'tasmota', '--rules');
  const parsed = parseConfig(stdout, 'sluice.yaml', '/', {});
  const used = parseConfig('rules: [{ profile: tasmota }]', 'sluice.yaml', '/', {});
  expect(parsed.ok && used.ok && parsed.loaded.config.rules).toEqual(used.ok && used.loaded.config.rules);
});

test('show takes a file, and names what is wrong in it', async () => {
  const file = join(tempDirectory(), 'plant.yaml');
  writeFileSync(file, 'name: plant\n');
  const { exitCode, stderr } = await runMain('profiles', 'show', file, '--rules');
  expect(exitCode).toBe(2);
  expect(stderr).toContain(`${file}: title: expected text; it is missing`);
});

test('show names the profile that was meant', async () => {
  expect(await runMain('profiles', 'show', 'tasmoto')).toMatchObject({
    exitCode: 2,
    stdout: '',
    stderr: expect.stringMatching(/got tasmoto, expected a profile of .*; did you mean tasmota\?/),
  });
});
