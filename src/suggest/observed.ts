import { ExactNumber, isJsonObject, type JsonValue } from '../formats/json/json-value.js';
import type { SampleMessage } from './sample-message.js';

/** One value at a path, in one message or element. */
export interface Observation {
  readonly message: SampleMessage;
  readonly value: JsonValue;
}

/** All values of one path. */
export interface Observed {
  /** `payload`, or the element of a list. */
  readonly base: string;
  readonly path: readonly string[];
  /** Where the path has no name for it: a payload that is one value is named by its topic. */
  readonly name?: string;
  readonly seen: readonly Observation[];
  /** How many messages or elements there are, with the value or without. */
  readonly of: number;
}

/** A message with its value; of a list each element is one. */
export interface Unit {
  readonly message: SampleMessage;
  readonly value: JsonValue;
}

/** More paths than a person would name are not looked at: the rule takes all numbers then. */
export const MAX_PATHS = 150;
const MAX_DEPTH = 6;

/**
 * The values of all paths in objects, by path, in the order in which they come up. Lists are values, too. `isLeaf` says which
 * objects are not entered, because they are something else than nested values.
 */
export function observe(
  units: readonly Unit[],
  base: string,
  isLeaf: (path: readonly string[]) => boolean,
): readonly Observed[] {
  const found = new Map<string, { path: readonly string[]; seen: Observation[] }>();
  const add = (message: SampleMessage, value: JsonValue, path: readonly string[]): void => {
    if (isLeaf(path)) return;
    if (isJsonObject(value) && path.length < MAX_DEPTH) {
      for (const [key, member] of Object.entries(value)) add(message, member, [...path, key]);
      return;
    }
    const id = JSON.stringify(path);
    let entry = found.get(id);
    if (entry === undefined) {
      if (found.size >= MAX_PATHS) return;
      entry = { path, seen: [] };
      found.set(id, entry);
    }
    entry.seen.push({ message, value });
  };
  for (const { message, value } of units) add(message, value, []);
  return [...found.values()].map(({ path, seen }) => ({ base, path, seen, of: units.length }));
}

/** The number that a value is; undefined for anything else. */
export function numberOf(value: JsonValue): number | undefined {
  if (typeof value === 'number') return value;
  return value instanceof ExactNumber ? value.toNumber() : undefined;
}

/** The text of a number, text or boolean: what a tag would hold. */
export function scalarOf(value: JsonValue): string | undefined {
  if (typeof value === 'string') return value;
  if (typeof value === 'number' || typeof value === 'boolean') return String(value);
  return value instanceof ExactNumber ? value.text : undefined;
}

const SIMPLE_KEY = /^[A-Za-z0-9_-]+$/;

/** A reference as a rule writes it. Keys that could mean something in a reference are in quotes. */
export function referenceTo(base: string, path: readonly string[]): string {
  return path.reduce(
    (text, key) => text + (SIMPLE_KEY.test(key) ? `.${key}` : `[${JSON.stringify(key)}]`),
    base,
  );
}

/** The name of a value: its last key, unless it is named otherwise. */
export function nameOf({ name, path }: Observed): string {
  return name ?? path.at(-1) ?? '';
}
