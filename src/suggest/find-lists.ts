import { isJsonObject, type JsonObject, type JsonValue } from '../formats/json/json-value.js';
import { numberOf, type Unit } from './observed.js';

/** A list, or an object whose keys are identities: each element becomes a point. */
export interface FoundList {
  readonly path: readonly string[];
  /** `keys`: an object of alike objects. `numbers`: a list of numbers. */
  readonly kind: 'objects' | 'keys' | 'numbers';
  readonly elements: readonly Unit[];
  /** The most elements that one message has. */
  readonly longest: number;
  /** Where lists of numbers of the same lengths are: they are read beside it. */
  readonly parallel: readonly (readonly string[])[];
}

const MAX_DEPTH = 6;
const MIN_MEMBERS = 2;
/** More elements say nothing new about what is in them. */
const MAX_ELEMENTS = 20_000;
/** How many keys two objects must share, of those of the smaller one. */
const MIN_ALIKE = 0.5;

interface Candidate {
  readonly path: readonly string[];
  readonly values: Unit[];
}

/** Finds the lists in messages, and the objects with keys that are identities. What lies within one of them is not looked at. */
export function findLists(units: readonly Unit[]): readonly FoundList[] {
  const candidates = new Map<string, Candidate>();
  for (const { message, value } of units) collect(message, value, [], candidates);
  const lists = [...candidates.values()].flatMap(({ path, values }) => asList(path, values) ?? []);
  const outer = lists.filter(
    ({ path }) => !lists.some((other) => other.path !== path && isWithin(path, other.path)),
  );
  return withParallels(outer);
}

function collect(
  message: Unit['message'],
  value: JsonValue,
  path: readonly string[],
  candidates: Map<string, Candidate>,
): void {
  const isList = Array.isArray(value);
  if ((!isList && !isJsonObject(value)) || path.length > MAX_DEPTH) return;
  const id = JSON.stringify(path);
  const candidate = candidates.get(id) ?? { path, values: [] };
  candidates.set(id, candidate);
  candidate.values.push({ message, value });
  if (isList) return;
  for (const [key, member] of Object.entries(value)) collect(message, member, [...path, key], candidates);
}

function asList(path: readonly string[], values: Candidate['values']): FoundList | undefined {
  const lists = values.filter(({ value }) => Array.isArray(value));
  if (lists.length > 0) {
    const longest = lists.reduce((most, { value }) => Math.max(most, (value as JsonValue[]).length), 0);
    const elements = lists.flatMap(({ message, value }) =>
      (value as JsonValue[]).map((element) => ({ message, value: element })),
    );
    if (elements.length > MAX_ELEMENTS) elements.length = MAX_ELEMENTS;
    const isOf = (test: (value: JsonValue) => boolean) =>
      elements.length > 0 && elements.every(({ value }) => value === null || test(value));
    if (isOf(isJsonObject)) return { path, kind: 'objects', elements, longest, parallel: [] };
    if (isOf((value) => numberOf(value) !== undefined))
      return { path, kind: 'numbers', elements, longest, parallel: [] };
    return undefined;
  }
  return asKeys(path, values);
}

/** An object whose members are objects alike: `{"attic":{"t":18},"cellar":{"t":12}}`. */
function asKeys(path: readonly string[], values: Candidate['values']): FoundList | undefined {
  const members = values.map(({ message, value }) => ({
    message,
    objects: Object.entries(value as JsonObject).filter((entry): entry is [string, JsonObject] =>
      isJsonObject(entry[1]),
    ),
  }));
  const keys = new Set(members.flatMap(({ objects }) => objects.map(([key]) => key)));
  const all = members.flatMap(({ objects }) => objects.map(([, object]) => Object.keys(object)));
  if (keys.size < MIN_MEMBERS || all.some((one) => one.length === 0)) return undefined;
  const [first] = all;
  if (!all.every((other) => areAlike(first!, other))) return undefined;
  const elements = members.flatMap(({ message, objects }) =>
    objects.map(([, value]) => ({ message, value })),
  );
  const longest = members.reduce((most, { objects }) => Math.max(most, objects.length), 0);
  return { path, kind: 'keys', elements, longest, parallel: [] };
}

/** Whether two sets of keys have most of the smaller one in common. */
export function areAlike(one: readonly string[], other: readonly string[]): boolean {
  const known = new Set(one);
  const shared = other.filter((key) => known.has(key)).length;
  return shared >= MIN_ALIKE * Math.min(one.length, other.length) && shared > 0;
}

function isWithin(path: readonly string[], outer: readonly string[]): boolean {
  return outer.length < path.length && outer.every((key, index) => path[index] === key);
}

/** Lists of numbers side by side, such as the current and voltage of three phases, are one list. */
function withParallels(lists: readonly FoundList[]): readonly FoundList[] {
  const kept: FoundList[] = [];
  for (const list of lists) {
    const index = kept.findIndex((other) => areParallel(other, list));
    if (index < 0) kept.push(list);
    else kept[index] = { ...kept[index]!, parallel: [...kept[index]!.parallel, list.path] };
  }
  return kept;
}

function areParallel(one: FoundList, other: FoundList): boolean {
  if (one.kind !== 'numbers' || other.kind !== 'numbers' || one.elements.length !== other.elements.length)
    return false;
  const isBeside = JSON.stringify(one.path.slice(0, -1)) === JSON.stringify(other.path.slice(0, -1));
  return isBeside && one.elements.every(({ message }, index) => message === other.elements[index]!.message);
}
