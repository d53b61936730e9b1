import { ExactNumber, type JsonValue } from '../../formats/json/json-value.js';
import type { StateTables } from '../../lib/state-tables.js';
import { MappingFailure, type MappingWarningCounts, type Reading } from '../mapped.js';
import type { Getter } from '../reference.js';
import { KnownKeys } from './message-key.js';
import { tableOfRule } from './rule-tables.js';

/** Counters that are followed at once; a device beyond that is not followed, and its gaps are not seen. */
const MAX_COUNTERS = 100_000;
/** A step that is larger is a device that began again, or another one of the same name. */
const MAX_STEP = 10_000;
const WHOLE_NUMBER = /^[+-]?\d+$/;

interface CounterGapsParts {
  readonly rule: string;
  readonly counter: Getter;
  readonly by: readonly Getter[];
  /** The counter goes from this number back to 0. */
  readonly largest: number | undefined;
}

/** CounterGaps compares the counter of each message with the one before: what is missing was lost before the gateway. */
export class CounterGaps {
  readonly table: string;
  readonly #parts: CounterGapsParts;
  readonly #keys = new KnownKeys();

  constructor(parts: CounterGapsParts) {
    this.#parts = parts;
    this.table = tableOfRule(parts.rule, 'gaps');
  }

  /** Adds what is missing before this message to `warnings`, and remembers its counter. */
  observe(reading: Reading, state: StateTables, warnings: MappingWarningCounts): void {
    const { counter, by, largest } = this.#parts;
    const found = counter(reading);
    const number = found instanceof MappingFailure ? undefined : wholeNumber(found);
    const key = this.#keys.keyOf(by, reading);
    if (number === undefined || key === undefined) {
      warnings['counter-missing']++;
      return;
    }
    const table = state.table<number>(this.table);
    const last = table.get(key);
    if (last === undefined && table.size >= MAX_COUNTERS) {
      warnings['counter-not-followed']++;
      return;
    }
    const step = last === undefined ? 1 : stepBetween(last, number, largest);
    // The same again is the message that was sent twice.
    if (step === 0) return;
    table.set(key, number);
    if (step === 1) return;
    if (step < 0 || step > MAX_STEP) warnings['counter-restarted']++;
    else warnings['lost-before-gateway'] += step - 1;
  }
}

function stepBetween(last: number, next: number, largest: number | undefined): number {
  const step = next - last;
  if (largest === undefined || step >= 0) return step;
  // A counter that falls by much has gone over its end; one that falls a little has begun again, or a message came late.
  const around = step + largest + 1;
  return around <= MAX_STEP ? around : step;
}

function wholeNumber(value: JsonValue | undefined): number | undefined {
  const number = value instanceof ExactNumber ? value.toNumber() : value;
  // Not `Number('')` and `Number(' ')`, which are 0.
  const read = typeof number === 'string' && WHOLE_NUMBER.test(number.trim()) ? Number(number) : number;
  return typeof read === 'number' && Number.isSafeInteger(read) ? read : undefined;
}
