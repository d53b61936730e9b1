import { printable } from '../../printable.js';
import type { CheckResult, CheckState } from './check-result.js';

const SIGNS: Readonly<Record<CheckState, string>> = { ok: 'ok  ', warn: 'warn', fail: 'FAIL' };
const NAME_WIDTH = 14;
const MAX_TEXT = 600;

/** One line a check, and a second with the advice where there is any. Texts may come from a store or a stream. */
export function checkText({ name, state, found, advice }: CheckResult): string {
  const line = `${SIGNS[state]}  ${name.padEnd(NAME_WIDTH)}  ${printable(found, MAX_TEXT)}\n`;
  if (advice === undefined) return line;
  return `${line}${' '.repeat(SIGNS.ok.length + NAME_WIDTH + 4)}-> ${printable(advice, MAX_TEXT)}\n`;
}

export function summaryText(results: readonly CheckResult[]): string {
  const failed = count(results, 'fail');
  const warned = count(results, 'warn');
  const checks = `${results.length} checks`;
  if (failed > 0) return `${checks}: ${failed} failed, ${warned} to look at\n`;
  if (warned > 0) return `${checks}: none failed, ${warned} to look at\n`;
  return `${checks}: all is well\n`;
}

/** The same for programs. */
export function reportJson(results: readonly CheckResult[]): string {
  return `${JSON.stringify({ ok: count(results, 'fail') === 0, checks: results }, null, 2)}\n`;
}

function count(results: readonly CheckResult[], wanted: CheckState): number {
  return results.filter(({ state }) => state === wanted).length;
}
