import { mkdirSync } from 'node:fs';
import { accessPasswords } from './access/access-passwords.js';
import { ack } from './ack/ack.js';
import { ack5 } from './ack/ack-5.js';
import { ackAccess } from './ack/ack-access.js';
import { ackLatency } from './ack/ack-latency.js';
import { connections } from './connections/connections.js';
import { storm } from './connections/storm.js';
import { e2eDuckdb, e2eDuckdbWindows } from './e2e/e2e-duckdb.js';
import { e2eInflux, e2eInfluxWindows } from './e2e/e2e-influx.js';
import { e2eDuckdbPages } from './e2e/e2e-pages.js';
import { fairShares } from './fair-shares/fair-shares.js';
import { e2eKinesis } from './kinesis/e2e-kinesis.js';
import { kinesis } from './kinesis/kinesis.js';
import { micro } from './micro/micro.js';
import { NotRunnable } from './not-runnable.js';
import { observers } from './observers/observers.js';
import type { BenchOptions, PartName } from './options.js';
import { reading } from './reading/reading.js';
import { readingYear } from './reading/reading-year.js';
import { busyShare } from './report/busy-share.js';
import { describeMachine, machineText } from './report/machine.js';
import { writeResults } from './report/results-file.js';
import { type PartReport, reportText } from './report/table.js';
import { tls } from './tls/tls.js';
import { tlsReconnect } from './tls/tls-reconnect.js';
import { windowsFleet } from './windows/windows-fleet.js';
import { windowsRestart } from './windows/windows-restart.js';

const RUNS: Readonly<Record<PartName, (options: BenchOptions) => Promise<PartReport>>> = {
  'access-passwords': accessPasswords,
  ack,
  'ack-5': ack5,
  'ack-access': ackAccess,
  'ack-latency': ackLatency,
  connections,
  'e2e-influx': e2eInflux,
  'e2e-duckdb': e2eDuckdb,
  'e2e-influx-windows': e2eInfluxWindows,
  'e2e-duckdb-windows': e2eDuckdbWindows,
  'e2e-duckdb-pages': e2eDuckdbPages,
  'e2e-kinesis': e2eKinesis,
  'fair-shares': fairShares,
  kinesis,
  micro,
  observers,
  reading,
  'reading-year': readingYear,
  storm,
  tls,
  'tls-reconnect': tlsReconnect,
  'windows-fleet': windowsFleet,
  'windows-restart': windowsRestart,
};

/** Runs the parts one after the other. Resolves with the exit code: 1 when one failed, after the others have run. */
export async function runBench(options: BenchOptions, args: readonly string[]): Promise<0 | 1> {
  const startedAt = new Date().toISOString();
  mkdirSync(options.directory, { recursive: true });
  const machine = await describeMachine(options.directory);
  console.log(machineText(machine));
  if (options.isQuick) console.log('--quick: too short to be quoted\n');

  const parts: Partial<Record<PartName, unknown>> = {};
  let exitCode: 0 | 1 = 0;
  for (const part of options.parts) {
    try {
      const othersShare = await busyShare(options.isQuick ? 200 : 2000);
      const report = await RUNS[part](options);
      const notes = [
        ...report.notes,
        `before it began, other programs kept ${percent(othersShare)} of the cores busy`,
      ];
      console.log(reportText({ ...report, notes }));
      parts[part] = { title: report.title, notes, othersShare, figures: report.figures };
    } catch (thrown) {
      const isSkipped = thrown instanceof NotRunnable && !options.areNamed;
      const reason = thrown instanceof Error ? thrown.message : String(thrown);
      console.error(`${part}: ${isSkipped ? 'SKIPPED' : 'FAILED'}: ${reason}\n`);
      parts[part] = isSkipped ? { skipped: reason } : { failed: reason };
      if (!isSkipped) exitCode = 1;
    }
  }
  const path = await writeResults(options.results, {
    startedAt,
    finishedAt: new Date().toISOString(),
    command: ['npm run bench --', ...args].join(' '),
    machine,
    parts,
  });
  console.log(`JSON: ${path}`);
  return exitCode;
}

function percent(share: number): string {
  return `${Math.round(share * 100)} %`;
}
