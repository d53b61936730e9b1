import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { sluice } from '../../harness/programs.js';
import { onlyCountedLine } from '../../src/commands/only-counted.js';
import { dataDirectory, prepareDataDirectory } from '../../src/data-directory/data-directory.js';
import { FileCheckpointStore } from '../../src/ledger/checkpoint-store.js';
import { NO_RECORDS } from '../../src/ledger/ledger.js';
import { tempDirectory } from '../support/temp-directory.js';

/** A data directory whose consumer has parked 5 records of which only the count is kept. */
async function counted(): Promise<string> {
  const root = join(tempDirectory(), 'data');
  const directory = dataDirectory(root);
  await prepareDataDirectory(directory);
  const counts = { 'payload-not-json': 4, 'rule-none': 1 };
  await new FileCheckpointStore(directory.checkpoints, 'consumer').save({
    position: '5',
    ledger: { ...NO_RECORDS, parked: counts, withoutPayload: counts, onlyCounted: counts },
    deadLetterEnd: { file: 0, bytes: 0 },
  });
  return root;
}

it('parked records of which only the count is kept are named, of all reasons or of one', async () => {
  const root = await counted();
  expect(await onlyCountedLine(root)).toMatch(/^\(5 parked records are only counted: /);
  expect(await onlyCountedLine(root, 'rule-none')).toMatch(/^\(1 parked record is only counted: /);
  expect(await onlyCountedLine(root, 'no-fields')).toBe('');
  expect(await onlyCountedLine(tempDirectory())).toBe('');
});

it('list, replay and purge print them: an empty list alone would contradict the ledger', async () => {
  const root = await counted();
  const configFile = join(root, 'sluice.yaml');
  writeFileSync(configFile, `stream: { log: { directory: ${JSON.stringify(join(root, 'log'))} } }\n`);
  for (const command of [['list'], ['replay', '--all'], ['purge', '--all', '--yes']]) {
    const { stdout } = await sluice(['dead-letters', ...command, '-c', configFile]);
    expect(stdout, command.join(' ')).toContain('(5 parked records are only counted');
  }
  const { stdout } = await sluice(['dead-letters', 'list', '--topic', 't', '-c', configFile]);
  expect(stdout).not.toContain('only counted');
});
