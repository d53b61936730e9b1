import { ExactNumber, type JsonValue } from '../formats/json/json-value.js';
import { type EpochUnit, guessEpochUnit, PLACES_TO_NS } from './epoch.js';
import type { TimeUnit } from './rule-options.js';
import { plainNumber } from './value-words.js';

/** The places of a second that a time has in a text such as `20:05:11.25`. */
const DECIMALS_OF_SECOND = /:\d{2}:\d{2}[.,](\d+)/;
const NS_DIGITS = 9;
const POWERS_OF_TEN = Array.from({ length: NS_DIGITS + 1 }, (_, places) => 10 ** places);

/** The span, in ns, in which all instants are written alike: a second for `20:05:11`. Undefined for what is no time. */
export function precisionNs(value: JsonValue | undefined, unit: TimeUnit): number | undefined {
  if (typeof value === 'number' && Number.isInteger(value)) return tenTo(PLACES_TO_NS[unitOf(value, unit)]);
  const number = numberText(value);
  if (number !== undefined) return ofEpoch(number, unit);
  if (typeof value !== 'string') return undefined;
  const found = DECIMALS_OF_SECOND.exec(value);
  // A time of hours and minutes is taken for one of whole seconds: a reading must not leave its minute by much.
  return tenTo(NS_DIGITS - (found?.[1]?.length ?? 0));
}

function numberText(value: JsonValue | undefined): string | undefined {
  if (typeof value === 'number') return String(value);
  if (value instanceof ExactNumber) return value.text;
  return typeof value === 'string' ? plainNumber(value) : undefined;
}

function ofEpoch(number: string, unit: TimeUnit): number {
  // An exponent says nothing about the decimals that the device has.
  const decimals = /^[^eE]*\.(\d+)$/.exec(number)?.[1]?.length ?? 0;
  return tenTo(PLACES_TO_NS[unitOf(Number(number), unit)] - decimals);
}

function unitOf(epoch: number, unit: TimeUnit): EpochUnit {
  return unit === 'auto' || unit === 'rfc3339' ? guessEpochUnit(epoch) : unit;
}

function tenTo(places: number): number {
  return POWERS_OF_TEN[places] ?? 1;
}
