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

it('sluice dead-letters shows the beginning of a payload that was not kept whole, and says so', async () => {
  const directory = tempDirectory();
  const deadLetter = join(directory, 'data', 'dead-letter');
  mkdirSync(deadLetter, { recursive: true });
  const refused = { reason: 'packet-too-large', detail: 'd', topicBytes: 3, payloadBytes: 307_200 } as const;
  const record = { ...testRecord(1), topic: 'a/b', refused };
  const why = { code: 'packet-too-large', reason: 'too much' } as const;
  const lines = ['{"t":21.5,', Buffer.from([0xff, 1])].map((payload, n) =>
    parkedLine(
      parkedRecord({ ...record, receivedAtNs: BigInt(n + 7), payload: Buffer.from(payload) }, why, 1),
    ),
  );
  writeFileSync(join(deadLetter, 'parked-00000000.jsonl'), lines.join(''));
  const configFile = join(directory, 'sluice.yaml');
  writeFileSync(
    configFile,
    `stream: { log: { directory: ${JSON.stringify(join(directory, 'data', 'log'))} } }\n`,
  );
  const listed = await sluice(['dead-letters', 'list', '-c', configFile]);
  expect(listed.stdout).toMatch(/packet-too-large +a\/b +too much \(not kept whole\)/);
  const text = await sluice(['dead-letters', 'show', '7', '-c', configFile]);
  expect(text.stdout).toContain(
    'payload    10 of 307200 bytes are kept, so it cannot be replayed: {"t":21.5,\n',
  );
  const binary = await sluice(['dead-letters', 'show', '8', '-c', configFile]);
  expect(binary.stdout).toContain('so it cannot be replayed: (binary, base64) /wE=\n');
});
