import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { findProgram } from '../../../harness/server-process.js';
import { kernelBacklogLimit, LISTEN_BACKLOG } from '../../../src/broker/transport/listen-backlog.js';
import { HeldIntake, startBroker } from '../../support/broker-fixture.js';
import { tempDirectory } from '../../support/temp-directory.js';

describe('the listen backlog', () => {
  it.skipIf(findProgram('ss') === undefined)('is that of a fleet, as far as the kernel allows', async () => {
    const { port } = await startBroker(new HeldIntake());
    const row = execFileSync('ss', ['-Hltn', `sport = :${port}`], { encoding: 'utf8' });
    const backlog = Number(row.trim().split(/\s+/)[2]);
    expect(backlog).toBe(Math.min(LISTEN_BACKLOG, kernelBacklogLimit() ?? LISTEN_BACKLOG));
  });

  it('is unknown where the kernel does not say its limit', () => {
    const file = join(tempDirectory(), 'somaxconn');
    expect(kernelBacklogLimit(file)).toBeUndefined();
    writeFileSync(file, '128\n');
    expect(kernelBacklogLimit(file)).toBe(128);
    writeFileSync(file, 'many');
    expect(kernelBacklogLimit(file)).toBeUndefined();
  });
});
