import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { sluice } from '../../harness/programs.js';
import { parkedLine, parkedRecord } from '../../src/dead-letter/parked-record.js';
import { testRecord } from '../support/log-fixture.js';
import { tempDirectory } from '../support/temp-directory.js';

it('sluice dead-letters list prints as many records as it is asked for', { timeout: 60_000 }, async () => {
  // More than one call of a function takes as arguments.
  const RECORDS = 150_000;
  const directory = tempDirectory();
  const deadLetter = join(directory, 'data', 'dead-letter');
  mkdirSync(deadLetter, { recursive: true });
  const line = parkedLine(parkedRecord(testRecord(1), { code: 'rule-none', reason: 'r' }, 1));
  writeFileSync(join(deadLetter, 'parked-00000000.jsonl'), line.repeat(RECORDS));
  const configFile = join(directory, 'sluice.yaml');
  writeFileSync(
    configFile,
    `stream: { log: { directory: ${JSON.stringify(join(directory, 'data', 'log'))} } }\n`,
  );
  for (const more of [[], ['--json']]) {
    const args = ['dead-letters', 'list', '--limit', '1000000', '-c', configFile, ...more];
    const { code, stdout, stderr } = await sluice(args);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout.match(/rule-none/g)).toHaveLength(RECORDS);
  }
});
