/** What one check of `sluice doctor` found. */
export interface CheckResult {
  readonly name: string;
  readonly state: CheckState;
  /** With figures and units. */
  readonly found: string;
  /** What to mend; present unless the state is ok. */
  readonly advice?: string;
}

/** warn: it works, but not as it should. fail: it does not work. */
export type CheckState = 'ok' | 'warn' | 'fail';

export function ok(name: string, found: string): CheckResult {
  return { name, state: 'ok', found };
}

export function warn(name: string, found: string, advice: string): CheckResult {
  return { name, state: 'warn', found, advice };
}

export function fail(name: string, found: string, advice: string): CheckResult {
  return { name, state: 'fail', found, advice };
}
