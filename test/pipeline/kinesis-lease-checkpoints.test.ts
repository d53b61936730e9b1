import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { workerIdOf } from '../../src/pipeline/kinesis-lease-checkpoints.js';
import { tempDirectory } from '../support/temp-directory.js';

it('a consumer keeps its name with its data directory, and takes a new one on another host', async () => {
  const directory = tempDirectory();
  mkdirSync(directory, { recursive: true });
  const id = await workerIdOf(directory, 'berlin');
  expect(id).toMatch(/^berlin-[0-9a-f]{12}$/);
  expect(await workerIdOf(directory, 'berlin')).toBe(id);
  const copied = await workerIdOf(directory, 'paris');
  expect(copied).toMatch(/^paris-[0-9a-f]{12}$/);
  expect(await workerIdOf(directory, 'paris')).toBe(copied);
  writeFileSync(join(directory, 'worker-id'), '');
  expect(await workerIdOf(directory, 'paris')).not.toBe(copied);
});
