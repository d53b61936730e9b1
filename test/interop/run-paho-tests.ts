import { join } from 'node:path';
import { runProgram } from '../../harness/programs.js';
import { findProgram } from '../../harness/server-process.js';
import { pahoTestingFolder } from './paho-testing.js';

export interface PahoRun {
  readonly version: '3.1.1' | '5';
  readonly port: number;
  /** PAHO_USER and the others that paho-client-test.py describes. */
  readonly env?: Readonly<Record<string, string>>;
}

export interface PahoResults {
  /** The names of the tests, sorted. */
  readonly passed: readonly string[];
  readonly failed: readonly string[];
  /** All that was printed, for the message of a test that fails. */
  readonly output: string;
}

/** Runs Paho's interoperability tests against a broker on this machine. */
export async function runPahoTests({ version, port, env }: PahoRun): Promise<PahoResults> {
  const { stdout, stderr } = await runProgram(
    findProgram('python3') ?? '/usr/bin/python3',
    [
      ...[join(import.meta.dirname, 'paho-client-test.py'), pahoTestingFolder(), version],
      ...['127.0.0.1', String(port)],
    ],
    // Those of version 5 sleep for four minutes.
    { env, endsWithinMs: 800_000 },
  );
  const named = (result: 'ok' | 'failed') =>
    [...stdout.matchAll(new RegExp(`^RESULT (\\w+) ${result}$`, 'gm'))].map(([, name]) => name ?? '').sort();
  return { passed: named('ok'), failed: named('failed'), output: `${stdout}${stderr}` };
}
