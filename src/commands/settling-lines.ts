import type { SettlingStatus } from '../dead-letter/settling-status.js';
import { printable } from '../printable.js';

const REASON_CHARACTERS = 200;

/** For a terminal, while it goes on. */
export function progressLine(status: SettlingStatus): string {
  const { kind, selected, waitingFor } = status;
  const waiting = waitingFor === undefined ? '' : `; waits: ${printable(waitingFor, REASON_CHARACTERS)}`;
  return `${kind}: ${settledRecords(status)} of ${selected}${waiting}`;
}

/** `replayed 12: 10 written, 1 filtered, 1 parked again (field-wrong-type)` */
export function closingLine(status: SettlingStatus): string {
  const { kind, dryRun, selected, settled, state } = status;
  if (selected === 0 && state === 'done') return 'no parked record matches';
  const done = settledRecords(status);
  const verb = dryRun ? `would ${kind}` : { replay: 'replayed', purge: 'purged' }[kind];
  const fates = [
    ...(settled.written > 0 ? [`${settled.written} written`] : []),
    ...(settled.filtered > 0 ? [`${settled.filtered} filtered`] : []),
    ...(settled.parkedAgain > 0 ? [`${settled.parkedAgain} parked again (${reasons(status)})`] : []),
  ];
  const left = selected - done;
  return [
    `${verb} ${done}`,
    fates.length === 0 ? '' : `: ${fates.join(', ')}`,
    left > 0 ? `; ${left} left, ${state}` : '',
  ].join('');
}

function settledRecords({ settled: { written, filtered, parkedAgain, purged } }: SettlingStatus): number {
  return written + filtered + parkedAgain + purged;
}

function reasons({ parkedAgain }: SettlingStatus): string {
  const codes = Object.entries(parkedAgain);
  if (codes.length === 1) return codes[0]![0];
  return codes.map(([code, records]) => `${records} ${code}`).join(', ');
}
