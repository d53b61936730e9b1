import { isJsonObject, type JsonValue, memberOf } from '../formats/json/json-value.js';
import { quoted } from '../lib/printable.js';
import type { Reading } from './mapped.js';
import type { CaptureNames } from './topic-pattern.js';

export type Getter = (reading: Reading) => JsonValue | undefined;

export type Reference =
  | { readonly root: 'payload'; readonly path: readonly (string | number)[]; readonly get: Getter }
  | { readonly root: 'topic'; readonly capture: string; readonly get: Getter }
  | { readonly root: 'device' | 'clientId'; readonly get: Getter };

export type ReferenceResult =
  | { readonly ok: true; readonly reference: Reference }
  | { readonly ok: false; readonly problem: string };

type PathResult =
  | { readonly ok: true; readonly path: readonly (string | number)[] }
  | { readonly ok: false; readonly problem: string };

const FORBIDDEN_KEYS = new Set(['__proto__', 'constructor', 'prototype']);
/** One step: `name`, `.name`, `[3]`, `["odd key"]` or `['odd key']`. */
const STEP = /\.?([^.[\]"'\s]+)|\[(\d{1,9})\]|\[("(?:[^"\\]|\\.)*")\]|\['([^']*)'\]/y;

/** Compiles a reference of RuleOptions. `captureNames` are those of the rule's topic filter. */
export function compileReference(text: string, captureNames: CaptureNames): ReferenceResult {
  if (text === 'device') return { ok: true, reference: { root: 'device', get: (reading) => reading.device } };
  if (text === 'clientId') {
    return { ok: true, reference: { root: 'clientId', get: (reading) => reading.record.clientId } };
  }
  if (text.startsWith('topic.')) {
    const capture = text.slice('topic.'.length);
    if (captureNames !== 'unknown' && !captureNames.includes(capture)) {
      return invalid(noSuchCapture(capture, captureNames));
    }
    return {
      ok: true,
      reference: { root: 'topic', capture, get: (reading) => reading.captures[capture] },
    };
  }
  if (text.startsWith('payload.') || text.startsWith('payload[')) return compilePayloadReference(text);
  return invalid(`${quoted(text)} starts with none of payload., topic., device, clientId`);
}

export type ReferencesResult =
  | { readonly ok: true; readonly get: Getter }
  | { readonly ok: false; readonly text: string; readonly problem: string };

/** Compiles one reference, or several: the first that is there and not null counts. */
export function compileReferences(
  texts: string | readonly string[],
  captureNames: CaptureNames,
): ReferencesResult {
  return compileAll(texts, (text) => compileReference(text, captureNames));
}

/** The same for paths inside the payload, with or without the leading `payload.`. */
export function compilePayloadReferences(texts: string | readonly string[]): ReferencesResult {
  return compileAll(texts, compilePayloadReference);
}

function compileAll(
  texts: string | readonly string[],
  compile: (text: string) => ReferenceResult,
): ReferencesResult {
  const getters: Getter[] = [];
  for (const text of [texts].flat()) {
    const compiled = compile(text);
    if (!compiled.ok) return { ok: false, text, problem: compiled.problem };
    getters.push(compiled.reference.get);
  }
  const [first] = getters;
  if (first === undefined) return { ok: false, text: '', problem: 'the list is empty' };
  return { ok: true, get: getters.length === 1 ? first : firstOf(getters) };
}

function firstOf(getters: readonly Getter[]): Getter {
  return (reading) => {
    let found: JsonValue | undefined;
    for (const get of getters) {
      const value = get(reading);
      if (value !== undefined && value !== null) return value;
      // A null says more than nothing at all.
      if (value === null) found = null;
    }
    return found;
  };
}

/** Compiles a path inside the payload, with or without the leading `payload.`. */
export function compilePayloadReference(text: string): ReferenceResult {
  const inside = /^payload(?=[.[])/.test(text) ? text.slice('payload'.length) : text;
  const parsed = parsePath(inside);
  if (!parsed.ok) return parsed;
  return { ok: true, reference: { root: 'payload', path: parsed.path, get: payloadGetter(parsed.path) } };
}

function parsePath(text: string): PathResult {
  const path: (string | number)[] = [];
  let at = 0;
  while (at < text.length) {
    STEP.lastIndex = at;
    const step = STEP.exec(text);
    // Only the first step may come without its dot.
    if (step === null || (step[1] !== undefined && at > 0 && text[at] !== '.')) {
      return invalid(
        `${quoted(text)} cannot be read from character ${at + 1} on; use .name, [0] or ["odd key"]`,
      );
    }
    const key = step[1] ?? step[4] ?? unquote(step[3]);
    if (step[2] !== undefined) path.push(Number(step[2]));
    else if (key === undefined) return invalid(`${step[3]} is not a quoted key`);
    else if (FORBIDDEN_KEYS.has(key)) return invalid(`the key ${key} is never accepted in a payload`);
    else path.push(key);
    at = STEP.lastIndex;
  }
  if (path.length === 0) return invalid('it names the whole payload instead of one value in it');
  return { ok: true, path };
}

function unquote(text: string | undefined): string | undefined {
  if (text === undefined) return undefined;
  try {
    const key: unknown = JSON.parse(text);
    return typeof key === 'string' ? key : undefined;
  } catch {
    // The text comes from the configuration: the caller reports a problem of the rule.
    return undefined;
  }
}

function payloadGetter(path: readonly (string | number)[]): Getter {
  const [first] = path;
  if (path.length === 1 && typeof first === 'string') return (reading) => memberOf(reading.payload, first);
  return (reading) => {
    let value: JsonValue | undefined = reading.payload;
    for (const step of path) {
      if (typeof step === 'number') value = Array.isArray(value) ? value[step] : undefined;
      else value = isJsonObject(value) ? memberOf(value, step) : undefined;
    }
    return value;
  };
}

function noSuchCapture(name: string, captureNames: readonly string[]): string {
  const known =
    captureNames.length === 0 ? 'the topic filter names no level' : `it names ${captureNames.join(', ')}`;
  return `the topic filter has no +${name} or #${name}; ${known}`;
}

function invalid(problem: string): { readonly ok: false; readonly problem: string } {
  return { ok: false, problem };
}
