import { type JsonValue, memberOf } from '../formats/json/json-value.js';
import { nearestName } from '../lib/nearest-name.js';
import { quoted } from '../lib/printable.js';
import type { MappingFailure, Reading } from './mapped.js';
import { type Path, type PathProblem, parsePath, pathText, valueAt } from './path.js';
import { compilePropertyReference, PROPERTIES_ROOT } from './property-reference.js';
import { referenceHint } from './reference-hint.js';
import type { CaptureNames } from './topic-pattern.js';

/** Reads a value; undefined when it is not there. A failure comes from an expression or a template only. */
export type Getter = (reading: Reading) => JsonValue | undefined | MappingFailure;

/** The text of what a value comes from; of several references the one that counted. Only an explanation asks for it. */
export type Origin = (reading: Reading) => string;

/** What a value depends on. `variable`: an element of `each`, its key or its index. */
export type Root = 'payload' | 'variable' | 'topic' | 'device' | 'clientId' | 'user' | 'properties' | 'qos';

/** A place inside of decoded values. */
export interface Place {
  /** `payload`, or the name of a variable. */
  readonly base: string;
  /** Empty for the base as a whole. */
  readonly path: Path;
}

export interface Reference {
  readonly root: Root;
  /** As a rule writes it; inside the payload always with the leading `payload`. */
  readonly text: string;
  /** Present with the roots `payload` and `variable`. */
  readonly place?: Place;
  readonly get: (reading: Reading) => JsonValue | undefined;
}

export type ReferenceResult = { readonly ok: true; readonly reference: Reference } | PathProblem;

/** The names that a rule may refer to. */
export interface RuleNames {
  /** Those of the rule's topic filter. */
  readonly captureNames: CaptureNames;
  /** Those of `each`; empty without it. */
  readonly variables: readonly string[];
}

/** A brace that is not in a quoted key. Braces in pairs make a template of a text, which is no reference. */
const LONE_BRACE = /^[^["'{}]*[{}]/;

/** Compiles a reference of RuleOptions. */
export function compileReference(text: string, names: RuleNames): ReferenceResult {
  const brace = LONE_BRACE.exec(text);
  if (brace !== null) {
    const at = brace[0].length - 1;
    return {
      ...invalid(`the brace ${text[at]} has no partner`, at),
      hint: 'a reference in a text is written {…}',
    };
  }
  if (text === 'device') return found({ root: 'device', text, get: (reading) => reading.device });
  if (text === 'clientId') return found({ root: 'clientId', text, get: ({ record }) => record.clientId });
  // Without a user there is no value, not an empty one: a tag of it is omitted.
  if (text === 'user') return found({ root: 'user', text, get: ({ record }) => record.user || undefined });
  if (text === 'topic') return found({ root: 'topic', text, get: ({ record }) => record.topic });
  if (text.startsWith('topic.')) return captureReference(text, names.captureNames);
  const [root = ''] = /^\w+(?=[.[]|$)/.exec(text) ?? [];
  if (root === 'payload') return payloadReference(text, root.length, names);
  if (names.variables.includes(root)) return variableReference(text, root, names);
  // Behind the variables: a rule of before these properties may have a variable of this name.
  if (root === PROPERTIES_ROOT) return propertyReference(text);
  const roots = ['payload', 'topic', 'device', 'clientId', 'user', PROPERTIES_ROOT, ...names.variables];
  if (text === '') return invalid('it is empty');
  const hint = referenceHint(text, roots);
  return { ...invalid(`${quoted(text)} starts with none of ${roots.join(', ')}`), hint };
}

/** Compiles a path inside the payload, with or without the leading `payload.`, or below a variable of `each`. */
export function compilePayloadReference(text: string, names: RuleNames): ReferenceResult {
  const [root = ''] = /^\w+(?=[.[]|$)/.exec(text) ?? [];
  if (names.variables.includes(root)) return variableReference(text, root, names);
  return payloadReference(text, root === 'payload' ? root.length : 0, names);
}

function captureReference(text: string, captureNames: CaptureNames): ReferenceResult {
  const capture = text.slice('topic.'.length);
  if (captureNames !== 'unknown' && !captureNames.includes(capture)) {
    const nearest = nearestName(capture, captureNames);
    const hint = nearest === undefined ? referenceHint(text, ['topic']) : `did you mean topic.${nearest}?`;
    return { ...invalid(noSuchCapture(capture, captureNames), 'topic.'.length), hint };
  }
  return found({ root: 'topic', text, get: (reading) => reading.captures[capture] });
}

function payloadReference(text: string, from: number, { variables }: RuleNames): ReferenceResult {
  const parsed = parsePath(text.slice(from), variables);
  if (!parsed.ok) return shifted(parsed, text, from);
  const { path } = parsed;
  const place = { base: 'payload', path };
  const written = pathText('payload', path);
  const [first] = path;
  if (path.length === 1 && typeof first === 'string') {
    return found({
      root: 'payload',
      text: written,
      place,
      get: ({ members }) => memberOf(members, first),
    });
  }
  return found({
    root: 'payload',
    text: written,
    place,
    get: (reading) => valueAt(reading.payload, path, reading),
  });
}

function propertyReference(text: string): ReferenceResult {
  const compiled = compilePropertyReference(text);
  if (!compiled.ok) return compiled;
  const { read } = compiled;
  return found({ root: 'properties', text, get: ({ record }) => read(record.properties) });
}

function variableReference(text: string, name: string, { variables }: RuleNames): ReferenceResult {
  const parsed = parsePath(text.slice(name.length), variables);
  if (!parsed.ok) return shifted(parsed, text, name.length);
  const { path } = parsed;
  return found({
    root: 'variable',
    text,
    place: { base: name, path },
    get: (reading) => valueAt(reading.variables?.[name], path, reading),
  });
}

function noSuchCapture(name: string, captureNames: readonly string[]): string {
  const known =
    captureNames.length === 0 ? 'the topic filter names no level' : `it names ${captureNames.join(', ')}`;
  return `the topic filter has no +${name} or #${name}; ${known}`;
}

function found(reference: Reference): ReferenceResult {
  return { ok: true, reference };
}

/** A problem in the steps, as one in the whole text. */
function shifted(problem: PathProblem, text: string, from: number): PathProblem {
  return {
    ...problem,
    at: (problem.at ?? 0) + from,
    hint: problem.hint ?? referenceHint(text, [text.slice(0, from)]),
  };
}

function invalid(problem: string, at?: number): PathProblem {
  return { ok: false, problem, at };
}
