import type { Point } from '../../../../src/sink/point.js';
import { pointOf, seriesOf } from '../../../support/points.js';

/** 2026-10-20T00:00:00Z, a Tuesday. */
export const BASE_NS = 1_792_454_400_000_000_000n;
const SECOND_NS = 1_000_000_000n;
const HOUR_NS = 3_600n * SECOND_NS;

/** Every type of field, sparse fields, series without a tag, equal times, gaps, and names that need quotes. */
export function comparedPoints(): readonly Point[] {
  return [...climate(), ...energy(), ...ties(), ...days(), ...named()];
}

/** A deterministic sequence in [0, 1). */
export function randomNumbers(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

/** Two hours of four devices, of which one is at no site and one is silent for half an hour. */
function climate(): Point[] {
  const random = randomNumbers(1);
  const devices = [
    seriesOf('climate', { device: 'a1', site: 'attic' }),
    seriesOf('climate', { device: 'a2', site: 'attic' }),
    seriesOf('climate', { device: 'c1', site: 'cellar' }),
    seriesOf('climate', { device: 'x1' }),
  ];
  const points: Point[] = [];
  for (let nth = 0; nth < 240; nth++) {
    for (const [place, series] of devices.entries()) {
      if (place === 2 && nth >= 60 && nth < 120) continue;
      const at = BASE_NS + BigInt(nth) * 30n * SECOND_NS + BigInt(place) * 1_234_567_891n;
      points.push(
        pointOf(series, at, {
          temperature: Math.round((15 + place * 2 + random() * 8) * 100) / 100,
          ...(nth % 3 === 0 ? { humidity: Math.round(random() * 10_000) / 100 } : {}),
          ...(nth % 2 === 0 ? { battery: BigInt(Math.floor(random() * 20) - 5) } : {}),
          ...(nth % 5 === 0 ? { ok: random() > 0.4 } : {}),
          ...(nth % 7 === 0 ? { state: ['idle', 'busy', 'off'][Math.floor(random() * 3)]! } : {}),
        }),
      );
    }
  }
  return points;
}

/** Counters that grow and begin again. */
function energy(): Point[] {
  const random = randomNumbers(2);
  const points: Point[] = [];
  for (const [place, meter] of ['m1', 'm2', 'm3'].entries()) {
    let total = 9_007_199_254_740_993n;
    let wh = 100;
    for (let nth = 0; nth < 180; nth++) {
      total += BigInt(Math.floor(random() * 50));
      wh = nth === 77 ? 0.5 : wh + random() * 3;
      const at = BASE_NS + BigInt(nth) * 40n * SECOND_NS + BigInt(place) * 333n;
      points.push(
        pointOf(seriesOf('energy', { meter, building: place === 2 ? 'b2' : 'b1' }), at, {
          power: wh,
          total,
          temperature: BigInt(20 + place),
        }),
      );
    }
  }
  return points;
}

/** Values of several series at the same times. */
function ties(): Point[] {
  const points: Point[] = [];
  for (let nth = 0; nth < 30; nth++) {
    for (const [place, host] of ['h1', 'h2', 'h3'].entries()) {
      const at = BASE_NS + BigInt(nth) * 60n * SECOND_NS;
      points.push(
        pointOf(seriesOf('ties', { host }), at, {
          v: (nth * 7 + place * 3) % 5,
          n: BigInt((nth * 5 + place) % 4),
          b: (nth + place) % 3 === 0,
          s: `${host}-${nth % 2}`,
        }),
      );
    }
  }
  return points;
}

/** Two weeks, hourly, over the night in which the clocks of Europe go back (25 October). */
function days(): Point[] {
  const points: Point[] = [];
  for (let hour = 0; hour < 14 * 24; hour++) {
    if (hour > 200 && hour < 250) continue;
    points.push(
      pointOf(
        seriesOf('days', { place: hour % 2 === 0 ? 'even' : 'odd' }),
        BASE_NS + BigInt(hour) * HOUR_NS,
        {
          value: hour % 24,
          count: BigInt(hour),
        },
      ),
    );
  }
  return points;
}

function named(): Point[] {
  const at = (nth: number) => BASE_NS + BigInt(nth) * SECOND_NS;
  return [
    pointOf(seriesOf('it\'s a "test", über', { 'tag, one': 'value = "1"', ключ: 'значение' }), at(0), {
      'field "x"': 1.5,
      "o'k": true,
    }),
    pointOf(seriesOf('it\'s a "test", über', { 'tag, one': "it's", ключ: 'ä' }), at(1), {
      'field "x"': -2.25,
      text: 'a "quoted" text, with \\ and ünïcode',
    }),
    pointOf(seriesOf('one', {}), at(3), { v: 42n }),
  ];
}
