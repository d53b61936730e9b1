import { chmodSync, cpSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { GatewayProcess, isBalanced } from '../../harness/gateway-process.js';
import { sluice } from '../../harness/programs.js';
import { startFakeStore } from '../support/fake-store.js';
import { tempDirectory } from '../support/temp-directory.js';

/**
 * Written by version 0.1 (commit 0f60539) and killed with SIGKILL: 8 records written, two of them by a replay, 1 filtered,
 * 3 parked (one of them purged), and 3 received while the store was down.
 */
const WRITTEN_BY_0_1 = join(import.meta.dirname, '..', 'fixtures', 'data-directory-0.1');

it('a data directory of version 0.1 starts, balances, and its parked records can be replayed', async () => {
  const store = await startFakeStore(() => ({ status: 204 }));
  onTestFinished(() => store.stop());
  const directory = tempDirectory();
  cpSync(WRITTEN_BY_0_1, join(directory, 'data'), { recursive: true });
  chmodSync(join(directory, 'data'), 0o700);
  const gateway = new GatewayProcess({
    directory,
    config: `broker: { listeners: [{ protocol: mqtt, host: 127.0.0.1, port: 0 }] }
http: { host: 127.0.0.1, port: 0 }
sink: { influx: { url: "${store.url}", database: iot } }
rules:
  - { name: a, topic: "a/+device", measurement: m, tags: { device: topic.device }, fields: auto }
  - { name: c, topic: "c/+device", measurement: m, tags: { device: topic.device }, fields: auto }
`,
  });
  onTestFinished(() => gateway.end());
  await gateway.start();

  const before = await gateway.ledgerWhen(({ buffered }) => buffered === 0);
  expect(before).toMatchObject({
    received: 15,
    written: 11,
    parked: 3,
    filtered: 1,
    lost: 0,
    reasons: { parked: { 'rule-none': 1, 'payload-not-json': 1, purged: 1 }, filtered: { a: 1 } },
  });
  expect(isBalanced(before)).toBe(true);

  const replay = await sluice(['dead-letters', 'replay', '-c', gateway.configFile, '--code', 'rule-none']);
  expect(replay).toMatchObject({ code: 0, stdout: expect.stringContaining('1 written') as string });
  const after = await gateway.ledger();
  expect(after).toMatchObject({ written: 12, parked: 2, filtered: 1, buffered: 0 });
  expect(isBalanced(after)).toBe(true);
  // The journal goes on under the name that version 0.1 gave it.
  expect(readdirSync(join(gateway.dataDirectory, 'dead-letter'))).toContain('settled-00000000.jsonl');

  expect(await gateway.stop()).toBe(0);
  await gateway.start();
  expect(await gateway.ledger()).toEqual(after);
});
