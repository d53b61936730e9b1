const UNITS = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];
export const STORE = 'store';

/** The result of one check of `sluice doctor`. */
export interface CheckResult {
  readonly name: string;
  readonly state: CheckState;
  /** A sentence with figures and units. */
  readonly found: string;
  /** How to fix it; present unless the state is ok. */
  readonly advice?: string;
}

/** `warn`: it works, but not well. `fail`: it does not work. */
export type CheckState = 'ok' | 'warn' | 'fail';

export interface StoreFinding {
  readonly result: CheckResult;
  /** How far the store's clock is ahead of ours; absent when the store did not send its time. */
  readonly aheadMs?: number;
}

export function ok(name: string, found: string): CheckResult {
  return { name, state: 'ok', found };
}

export function warn(name: string, found: string, advice: string): CheckResult {
  return { name, state: 'warn', found, advice };
}

export function fail(name: string, found: string, advice: string): CheckResult {
  return { name, state: 'fail', found, advice };
}

/**
 * Returns a size for people, rounded to about three figures, such as `48.2 GiB`. The configuration does not accept it.
 */
export function sizeText(bytes: number): string {
  let value = bytes;
  let unit = 0;
  while (value >= 1_024 && unit < UNITS.length - 1) {
    value /= 1_024;
    unit += 1;
  }
  const digits = unit === 0 || value >= 100 ? 0 : 1;
  return `${value.toFixed(digits)} ${UNITS[unit]}`;
}
