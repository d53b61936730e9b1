import { execFileSync } from 'node:child_process';
import { expect, it } from 'vitest';
import { findProgram } from '../../harness/server-process.js';
import { kernelBacklogLimit } from '../../src/commands/doctor/kernel-backlog-limit.js';
import { LISTEN_BACKLOG } from '../../src/lib/listen-backlog.js';
import { HeldIntake, startBroker } from '../support/broker-fixture.js';

it.skipIf(findProgram('ss') === undefined)(
  'a listener has the backlog of a fleet, as far as the kernel allows',
  async () => {
    const { port } = await startBroker(new HeldIntake());
    const row = execFileSync('ss', ['-Hltn', `sport = :${port}`], { encoding: 'utf8' });
    const backlog = Number(row.trim().split(/\s+/)[2]);
    expect(backlog).toBe(Math.min(LISTEN_BACKLOG, kernelBacklogLimit() ?? LISTEN_BACKLOG));
  },
);
