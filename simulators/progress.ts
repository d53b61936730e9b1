import type { RunClock } from './clock.js';
import type { Tally } from './tally.js';

const TERMINAL_EVERY_MS = 1000;
/** The history takes a few seconds. */
const HISTORY_EVERY_MS = 200;
const CLEAR_LINE = '\r\x1b[K';
/** A log file needs fewer lines than a person at a terminal. */
const PLAIN_EVERY_MS = 5000;

export interface ProgressOutput {
  readonly isTerminal: boolean;
  write(text: string): void;
}

/**
 * Prints the progress of a run: on a terminal it rewrites one line, otherwise it prints a line every few seconds.
 * Returns the function that ends it.
 */
export function showProgress(tally: Tally, output: ProgressOutput, clock: RunClock): () => void {
  let lastPublished = tally.published;
  let lastMs = clock.monotonicMs();
  const show = (): void => {
    const nowMs = clock.monotonicMs();
    const rate = ((tally.published - lastPublished) / Math.max(1, nowMs - lastMs)) * 1000;
    lastPublished = tally.published;
    lastMs = nowMs;
    const line = progressLine(tally, rate);
    output.write(output.isTerminal ? `${CLEAR_LINE}${line}` : `${line}\n`);
  };
  const timer = setInterval(show, output.isTerminal ? TERMINAL_EVERY_MS : PLAIN_EVERY_MS);
  return () => {
    clearInterval(timer);
    if (output.isTerminal) output.write(CLEAR_LINE);
  };
}

/** Prints how much of the history is sent, in the same way. The last line stays: it says how much was sent. */
export function showHistory(
  tally: Tally,
  readings: number,
  output: ProgressOutput,
  clock: RunClock,
): () => void {
  const startMs = clock.monotonicMs();
  const show = (): void => {
    const percent = Math.floor((100 * tally.acknowledged) / readings);
    const line = `history: ${count(tally.acknowledged)} of ${count(readings)} readings sent, ${percent} %`;
    output.write(output.isTerminal ? `${CLEAR_LINE}${line}` : `${line}\n`);
  };
  const timer = setInterval(show, output.isTerminal ? HISTORY_EVERY_MS : PLAIN_EVERY_MS);
  return () => {
    clearInterval(timer);
    const seconds = ((clock.monotonicMs() - startMs) / 1000).toFixed(1);
    const line = `history: ${count(tally.published)} readings sent in ${seconds} s`;
    output.write(`${output.isTerminal ? CLEAR_LINE : ''}${line}\n`);
  };
}

function count(value: number): string {
  return value.toLocaleString('en');
}

export function progressLine(tally: Tally, ratePerSecond: number): string {
  return `published ${tally.published}  acknowledged ${tally.acknowledged}  ${Math.round(ratePerSecond)}/s  in flight ${tally.unacknowledged}  reconnects ${tally.reconnects}`;
}
