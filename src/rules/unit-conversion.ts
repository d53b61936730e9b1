import { nearestName } from '../lib/nearest-name.js';
import { quoted } from '../lib/printable.js';

/** `base = (value + shift) * times / over`: whole numbers where the definition has them, so that 212 °F is exactly 100 °C. */
interface Unit {
  readonly words: readonly string[];
  readonly times: number;
  readonly over?: number;
  readonly shift?: number;
}

/**
 * Units that can be converted, by what they measure; the first of each list is the base. Factors are those of the SI
 * Brochure (9th edition) and of NIST SP 811, appendix B.
 */
const UNITS: Readonly<Record<string, readonly Unit[]>> = {
  temperature: [
    { words: ['celsius', '°C', 'degC'], times: 1 },
    { words: ['fahrenheit', '°F', 'degF'], times: 5, over: 9, shift: -32 },
    { words: ['kelvin', 'K'], times: 1, shift: -273.15 },
  ],
  pressure: [
    { words: ['Pa'], times: 1 },
    { words: ['hPa', 'mbar'], times: 100 },
    { words: ['kPa'], times: 1000 },
    { words: ['MPa'], times: 1_000_000 },
    { words: ['bar'], times: 100_000 },
    { words: ['psi'], times: 6894.757 },
    { words: ['inHg'], times: 3386.389 },
    { words: ['mmHg'], times: 133.3224 },
    { words: ['atm'], times: 101_325 },
  ],
  length: [
    { words: ['m'], times: 1 },
    { words: ['mm'], times: 1, over: 1000 },
    { words: ['cm'], times: 1, over: 100 },
    { words: ['km'], times: 1000 },
    { words: ['in', 'inch'], times: 254, over: 10_000 },
    { words: ['ft', 'foot'], times: 3048, over: 10_000 },
    { words: ['mi', 'mile'], times: 1_609_344, over: 1000 },
  ],
  speed: [
    { words: ['m/s'], times: 1 },
    { words: ['km/h'], times: 10, over: 36 },
    { words: ['mph'], times: 44_704, over: 100_000 },
    { words: ['knot', 'kn'], times: 1852, over: 3600 },
  ],
  energy: [
    { words: ['Wh'], times: 1 },
    { words: ['kWh'], times: 1000 },
    { words: ['MWh'], times: 1_000_000 },
    { words: ['J'], times: 1, over: 3600 },
    { words: ['kJ'], times: 1000, over: 3600 },
    { words: ['MJ'], times: 1_000_000, over: 3600 },
  ],
  power: [
    { words: ['W'], times: 1 },
    { words: ['mW'], times: 1, over: 1000 },
    { words: ['kW'], times: 1000 },
    { words: ['MW'], times: 1_000_000 },
  ],
  voltage: [
    { words: ['V'], times: 1 },
    { words: ['mV'], times: 1, over: 1000 },
    { words: ['kV'], times: 1000 },
  ],
  current: [
    { words: ['A'], times: 1 },
    { words: ['mA'], times: 1, over: 1000 },
  ],
  charge: [
    { words: ['Ah'], times: 1 },
    { words: ['mAh'], times: 1, over: 1000 },
  ],
  mass: [
    { words: ['kg'], times: 1 },
    { words: ['g'], times: 1, over: 1000 },
    { words: ['t'], times: 1000 },
    { words: ['lb'], times: 45_359_237, over: 100_000_000 },
    { words: ['oz'], times: 45_359_237, over: 1_600_000_000 },
  ],
  volume: [
    { words: ['l', 'L'], times: 1 },
    { words: ['ml', 'mL'], times: 1, over: 1000 },
    { words: ['m³', 'm3'], times: 1000 },
    { words: ['gal'], times: 3_785_411_784, over: 1_000_000_000 },
  ],
  flow: [
    { words: ['l/min'], times: 1 },
    { words: ['l/h'], times: 1, over: 60 },
    { words: ['l/s'], times: 60 },
    { words: ['m³/h', 'm3/h'], times: 1000, over: 60 },
  ],
  time: [
    { words: ['s'], times: 1 },
    { words: ['ms'], times: 1, over: 1000 },
    { words: ['µs', 'us'], times: 1, over: 1_000_000 },
    { words: ['ns'], times: 1, over: 1_000_000_000 },
    { words: ['min'], times: 60 },
    { words: ['h'], times: 3600 },
    { words: ['d'], times: 86_400 },
  ],
  angle: [
    { words: ['degree', '°'], times: 1 },
    { words: ['radian', 'rad'], times: 180, over: Math.PI },
  ],
  share: [
    { words: ['percent', '%'], times: 1 },
    { words: ['ratio'], times: 100 },
  ],
  data: [
    { words: ['bytes', 'B'], times: 1 },
    { words: ['bit'], times: 1, over: 8 },
    { words: ['kB'], times: 1000 },
    { words: ['KiB'], times: 1024 },
    { words: ['MB'], times: 1_000_000 },
    { words: ['MiB'], times: 1024 * 1024 },
  ],
};

interface Found {
  readonly dimension: string;
  readonly unit: Unit;
}

const BY_WORD: ReadonlyMap<string, Found> = new Map(
  Object.entries(UNITS).flatMap(([dimension, units]) =>
    units.flatMap((unit) => unit.words.map((word) => [word, { dimension, unit }] as const)),
  ),
);

/** Short words are all like one another. */
const LONG_WORDS = [...BY_WORD.keys()].filter((word) => word.length > 3);

export type ConversionResult =
  | { readonly ok: true; readonly convert: (value: number) => number }
  | { readonly ok: false; readonly problem: string };

/** The conversion of a number from one unit to another of the same kind. Units are words of `unit`; case counts. */
export function conversionBetween(from: string, to: string): ConversionResult {
  const source = BY_WORD.get(from);
  if (source === undefined) return { ok: false, problem: unknownUnit(from) };
  const target = BY_WORD.get(to);
  if (target === undefined) return { ok: false, problem: unknownUnit(to) };
  if (source.dimension !== target.dimension) {
    return { ok: false, problem: `${from} is a ${source.dimension} and ${to} is a ${target.dimension}` };
  }
  const { times, over = 1, shift = 0 } = source.unit;
  const { times: targetTimes, over: targetOver = 1, shift: targetShift = 0 } = target.unit;
  const numerator = times * targetOver;
  const denominator = over * targetTimes;
  return { ok: true, convert: (value) => ((value + shift) * numerator) / denominator - targetShift };
}

function unknownUnit(word: string): string {
  const lower = word.toLowerCase();
  const similar = [...BY_WORD.keys()].filter((known) => known.toLowerCase() === lower);
  const problem = `${quoted(word)} is no unit that can be converted`;
  if (similar.length > 0) return `${problem}; units are case-sensitive: ${similar.join(' or ')}`;
  const nearest = BY_WORD.has(`°${word}`) ? `°${word}` : nearestName(word, LONG_WORDS);
  return nearest === undefined ? problem : `${problem}; did you mean ${nearest}?`;
}
