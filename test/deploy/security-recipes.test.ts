import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { loadAccessFile } from '../../src/config/access/load-access-file.js';
import { problemsOf } from '../config/parse.js';
import { page } from '../docs/pages.js';
import { composeSchema } from './compose-schema.js';

const { text } = page('docs/security.md');
const recipes = text.slice(text.indexOf('\n## Recipes'), text.indexOf('\n## Hardening guide'));
/** Configurations stand in blocks of their own, or in the shell as `cat > file <<'END'`. */
const written = [
  ...[...recipes.matchAll(/^```yaml\n([\s\S]*?)^```/gm)].map(([, yaml]) => yaml!),
  ...[...recipes.matchAll(/<<'END'\n([\s\S]*?)^END/gm)].map(([, yaml]) => yaml!),
];
const configurations = written.filter((yaml) => /^broker:/m.test(yaml));
const accessFiles = written.filter((yaml) => /^roles:/m.test(yaml));
const overrides = written.filter((yaml) => /^services:/m.test(yaml));

describe('the recipes of docs/security.md', () => {
  let directory = '';
  beforeAll(() => {
    directory = mkdtempSync(join(tmpdir(), 'sluice-recipes-'));
  });
  afterAll(() => rmSync(directory, { recursive: true, force: true }));

  it('have three configurations, an access file and an override', () => {
    expect([configurations.length, accessFiles.length, overrides.length]).toEqual([3, 1, 1]);
  });

  it('are valid configurations, of at most ten lines', () => {
    for (const yaml of configurations) {
      expect(problemsOf(yaml, { environment: { INFLUX_TOKEN: 'set' }, directory })).toEqual([]);
      expect(yaml.split('\n').length).toBeLessThanOrEqual(10);
    }
  });

  it('have a role that lets a device publish below its own name', () => {
    const file = join(directory, 'access.yaml');
    writeFileSync(file, accessFiles[0]!, { mode: 0o600 });
    const loaded = loadAccessFile(file);
    expect(loaded).toMatchObject({ ok: true });
  });

  it('change services of docker-compose.yml by keys that it knows', () => {
    const { services } = parse(overrides[0]!) as { services: Record<string, object> };
    const known = Object.keys(
      composeSchema.parse(parse(page('docker-compose.yml').text, { merge: true })).services,
    );
    for (const [name, { ports, volumes }] of Object.entries(services) as [
      string,
      Record<string, string[]>,
    ][]) {
      expect(known).toContain(name);
      expect([...(ports ?? []), ...(volumes ?? [])].every((one) => /:/.test(one))).toBe(true);
    }
  });
});
