import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { vi } from 'vitest';
import type { CheckResult } from '../../../src/commands/doctor/check-result.js';
import { doctor } from '../../../src/commands/doctor/doctor.js';

/** Ports that nobody else takes. */
export const FREE = 'broker: { listeners: [{ port: 0 }] }\nhttp: { port: 0 }\n';

export interface DoctorOutcome {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** The command inside this process, with what it printed. */
export async function runDoctor(config: string, json = false): Promise<DoctorOutcome> {
  const printed = { stdout: '', stderr: '' };
  const spies = (['stdout', 'stderr'] as const).map((stream) =>
    vi.spyOn(process[stream], 'write').mockImplementation((chunk) => {
      printed[stream] += String(chunk);
      return true;
    }),
  );
  try {
    return { exitCode: await doctor({ config, json }), ...printed };
  } finally {
    for (const spy of spies) spy.mockRestore();
  }
}

export interface DoctorReport {
  readonly exitCode: number;
  readonly ok: boolean;
  readonly checks: readonly CheckResult[];
  /** The check of this name. */
  readonly of: (name: string) => CheckResult;
}

export async function doctorReport(config: string): Promise<DoctorReport> {
  const { exitCode, stdout } = await runDoctor(config, true);
  const { ok, checks } = JSON.parse(stdout) as { ok: boolean; checks: CheckResult[] };
  const of = (name: string) => {
    const found = checks.find((check) => check.name === name);
    if (found === undefined) throw new Error(`no check ${name} in ${stdout}`);
    return found;
  };
  return { exitCode, ok, checks, of };
}

export function configFile(directory: string, yaml: string): string {
  const file = join(directory, 'sluice.yaml');
  writeFileSync(file, yaml);
  return file;
}

export function influxConfig(directory: string, url: string, keys = 'version: 1, database: d'): string {
  return configFile(directory, `${FREE}sink: { influx: { url: "${url}", ${keys} } }\n`);
}
