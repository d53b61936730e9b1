import { momentOf } from './chart-time.js';
import { foreign, unitSymbol } from './format.js';

/** @import { ChartLook, ChartMarks, Fields, StoreWay } from './types.js' */

/** More words would cover the lines. */
const MAX_CALLOUTS = 3;
const MINUTE_MS = 60_000;

/** What the lines of a chart show best comes first: it has the focus. */
const SHOWN_FIRST = ['outside', 'unreadable', 'silent'];

/**
 * The looks that concern a chart: those of its measurement and tag, and of its field where they are about one.
 *
 * @param {readonly ChartLook[]} looks
 * @param {{ measurement: string, tag: string | undefined, field: string }} chart
 * @returns {readonly ChartLook[]}
 */
export function looksOf(looks, { measurement, tag, field }) {
  return looks
    .filter(
      (look) =>
        look.measurement === measurement &&
        look.tag === tag &&
        (look.state === 'silent' || look.field === undefined || look.field === field),
    )
    .toSorted((a, b) => SHOWN_FIRST.indexOf(a.state) - SHOWN_FIRST.indexOf(b.state));
}

/**
 * What is drawn besides the lines.
 *
 * @param {Fields[number] | undefined} field
 * @param {readonly ChartLook[]} looks those of this chart
 * @param {StoreWay} way
 * @param {{ nowMs: number, hasWords: boolean }} options
 * @returns {ChartMarks}
 */
export function marksOf(field, looks, way, { nowMs, hasWords }) {
  return {
    unit: unitSymbol(field?.unit ?? ''),
    expected: field?.expected,
    waitingFromMs: way.waitingFromMs,
    nowMs,
    callouts: looks
      .slice(0, MAX_CALLOUTS)
      .map((look) => ({ name: look.name, words: lookWords(look, nowMs) })),
    looks: looks.map(({ name }) => name),
    hasWords,
  };
}

/** @param {ChartLook} look @param {number} nowMs */
function lookWords({ name, state, sinceMs, value, expected }, nowMs) {
  const since = sinceMs === undefined ? 'now' : `since ${momentOf(sinceMs, MINUTE_MS, nowMs)}`;
  const device = foreign(name, 40);
  if (state === 'silent') return `${device} silent ${since}`;
  if (state === 'unreadable') return `${device} cannot be read ${since}`;
  if (expected === undefined || value === undefined) return `${device} outside ${since}`;
  return `${device} ${value > expected[1] ? 'above' : 'below'} ${since}`;
}
