import { unitByName } from './unit-by-name.js';

export interface TopicFilter {
  /** As a rule writes it: levels that vary are `+name`. */
  readonly filter: string;
  readonly captures: readonly Capture[];
  /** The levels that are the same in all topics. */
  readonly constants: readonly string[];
}

interface Capture {
  readonly name: string;
  readonly values: ReadonlySet<string>;
  readonly level: number;
}

interface Levels {
  readonly levels: readonly string[];
}

/** Words in topics that say nothing about what varies behind them. */
const GENERIC = new Set(['data', 'state', 'status', 'events', 'news', 'values']);
const PLAIN_NAME = /^[a-z_][a-z0-9_]*$/;

/** The filter that takes the given topics: levels that vary become captures, named by the word before them or by their place. */
export function filterOf(topics: readonly Levels[]): TopicFilter {
  const width = topics[0]?.levels.length ?? 0;
  const values = Array.from(
    { length: width },
    (_, level) => new Set(topics.map(({ levels }) => levels[level]!)),
  );
  const varying = values.flatMap((one, level) => (one.size > 1 ? [level] : []));
  const taken = new Set<string>();
  const captures: Capture[] = [];
  const filter = values.map((one, level) => {
    if (one.size === 1) return [...one][0]!;
    const name = uniqueName(nameOf(level, values, varying), taken);
    taken.add(name);
    captures.push({ name, values: one, level });
    return `+${name}`;
  });
  const constants = values.flatMap((one) => (one.size === 1 ? [...one] : []));
  return { filter: filter.join('/'), captures, constants };
}

function nameOf(level: number, values: readonly ReadonlySet<string>[], varying: readonly number[]): string {
  const before = values[level - 1];
  if (before?.size === 1) {
    const singular = singularOf([...before][0]!.toLowerCase());
    if (singular !== undefined) return singular;
  }
  const isLast = level === values.length - 1;
  // The last level often is what is measured, behind the one with the device.
  if (isLast && varying.length > 1 && namesQuantities(values[level]!)) return 'kind';
  const behind = varying.filter((one) => !(one === values.length - 1 && namesQuantities(values[one]!)));
  return level === behind.at(-1) || varying.length === 1 ? 'device' : `level${level + 1}`;
}

/** `rooms` → `room`; undefined for what is no plural. */
function singularOf(word: string): string | undefined {
  if (!word.endsWith('s') || word.endsWith('ss') || GENERIC.has(word) || word.length < 4) return undefined;
  const singular = word.endsWith('ies') ? `${word.slice(0, -3)}y` : word.slice(0, -1);
  return PLAIN_NAME.test(singular) ? singular : undefined;
}

function namesQuantities(values: ReadonlySet<string>): boolean {
  const known = [...values].filter((value) => unitByName(value, { min: 0, max: 50 }) !== undefined).length;
  return known >= values.size / 2;
}

function uniqueName(name: string, taken: ReadonlySet<string>): string {
  if (!taken.has(name)) return name;
  let number = 2;
  while (taken.has(`${name}${number}`)) number += 1;
  return `${name}${number}`;
}
