import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';

const FOLDER = join(import.meta.dirname, '..', '..', 'simulators');

it('the simulators know the gateway only by what it speaks, MQTT and Kinesis: they import nothing from src', () => {
  const files = readdirSync(FOLDER, { recursive: true, encoding: 'utf8' }).filter((file) =>
    file.endsWith('.ts'),
  );
  expect(files.length).toBeGreaterThan(10);
  const packages = new Set<string>();
  for (const file of files) {
    const text = readFileSync(join(FOLDER, file), 'utf8');
    for (const [, from] of text.matchAll(/from '([^']+)'/g)) {
      expect(from).not.toContain('src/');
      if (!from!.startsWith('.') && !from!.startsWith('node:')) packages.add(from!);
    }
  }
  expect([...packages].sort()).toEqual(['commander', 'mqtt']);
});
