import { quoted } from '../lib/printable.js';
import { TimeZone } from '../lib/time-zone.js';
import { AutoFields, type Omitted } from './auto-fields.js';
import { compileField } from './compile-field.js';
import { CompiledRule, type FieldSource } from './compiled-rule.js';
import type { FieldReader } from './fields.js';
import { hasControlCharacter, keyProblem, measurementProblem } from './point-names.js';
import {
  compilePayloadReference,
  compilePayloadReferences,
  compileReference,
  type Reference,
} from './reference.js';
import type { RuleOptions, TagOptions, TimeOptions } from './rule-options.js';
import { ProblemList, type RuleProblem } from './rule-problem.js';
import { SeriesCache, tagValueProblem } from './series-cache.js';
import {
  DEFAULT_TIME_WINDOW,
  obviousTime,
  type ReadClock,
  receiveTime,
  type TimeReader,
  timeAt,
} from './time.js';
import { type CaptureNames, compileTopicPattern } from './topic-pattern.js';
import { compileWhere, type Where } from './where.js';

export type CompiledRuleResult =
  | { readonly ok: true; readonly rule: CompiledRule }
  | { readonly ok: false; readonly problems: readonly RuleProblem[] };

interface CompiledTag {
  readonly name: string;
  readonly reference: Reference | undefined;
  readonly constant: string;
}

/** Compiles one rule and reports everything wrong with it at once. */
export function compileRule(options: RuleOptions, index: number, readClock?: ReadClock): CompiledRuleResult {
  const list = new ProblemList(options.name, index);
  if (options.name === '' || hasControlCharacter(options.name)) {
    list.add(['name'], quoted(options.name), 'a name without control characters');
  }
  const topic = compileTopicPattern(options.topic);
  if (!topic.ok) list.add(['topic'], quoted(options.topic), `an MQTT topic filter: ${topic.problem}`);
  const captureNames = topic.ok ? topic.pattern.captureNames : 'unknown';

  const measurement = measurementProblem(options.measurement);
  if (measurement !== undefined) {
    list.add(['measurement'], quoted(options.measurement), `a measurement name; this one ${measurement}`);
  }
  const where = compileCondition(options.where, captureNames, list);
  const time = compileTime(options.time, list, readClock);
  const tags = compileTags(options.tags, captureNames, list);
  const fields = compileFields(options, tags, captureNames, list);

  if (list.problems.length > 0 || !topic.ok) return { ok: false, problems: list.problems };
  const readers = tags.map(({ name, reference, constant }) => ({
    name,
    get: reference?.get ?? (() => constant),
  }));
  const rule = new CompiledRule({
    name: options.name,
    pattern: topic.pattern,
    where: where?.where,
    whereReadsPayload: where?.readsPayload ?? false,
    time: time.read,
    series: new SeriesCache(options.measurement, readers),
    seriesDependsOn: dependence(tags),
    fields,
    whenEmpty: options.whenEmpty ?? 'park',
  });
  return { ok: true, rule };
}

function compileCondition(
  expression: string | undefined,
  captureNames: CaptureNames,
  list: ProblemList,
): { readonly where: Where; readonly readsPayload: boolean } | undefined {
  if (expression === undefined) return undefined;
  const compiled = compileWhere(expression, { captureNames });
  if (compiled.ok) return compiled;
  list.add(['where'], quoted(expression), `a CEL condition: ${compiled.problem}`, compiled);
  return undefined;
}

function compileTime(
  options: RuleOptions['time'],
  list: ProblemList,
  readClock?: ReadClock,
): { readonly read: TimeReader } {
  if (options === undefined) return { read: receiveTime(readClock) };
  if (options === 'auto') return { read: obviousTime(DEFAULT_TIME_WINDOW, readClock) };
  const window = [
    ['maxPastMs', options.maxPastMs],
    ['maxFutureMs', options.maxFutureMs],
  ] as const;
  let isWindowFine = true;
  for (const [key, ms] of window) {
    if (Number.isFinite(ms) && ms >= 0) continue;
    isWindowFine = false;
    list.add(['time', key], String(ms), 'a duration of zero or more');
  }
  const zone = options.zone === undefined ? undefined : TimeZone.of(options.zone);
  if (options.zone !== undefined && zone === undefined) {
    list.add(['time', 'zone'], quoted(options.zone), 'an IANA time zone such as Europe/Berlin or UTC');
  }
  const references = compilePayloadReferences(options.path);
  if (!references.ok) {
    list.add(['time', 'path'], quoted(references.text), `a path inside the payload: ${references.problem}`);
  }
  if (!references.ok || !isWindowFine) return { read: receiveTime(readClock) };
  const path = [options.path].flat().join(', ');
  return { read: timeAt({ ...options, path, get: references.get, zone }, readClock) };
}

/** The tags are sorted by the UTF-8 bytes of their names, as SeriesCache needs them. */
function compileTags(
  options: Readonly<Record<string, TagOptions>>,
  captureNames: CaptureNames,
  list: ProblemList,
): CompiledTag[] {
  const tags: CompiledTag[] = [];
  for (const [name, source] of Object.entries(options)) {
    const problem = keyProblem(name);
    if (problem !== undefined) list.add(['tags', name], quoted(name), `a tag name; this one ${problem}`);
    if ('value' in source) {
      const valueProblem = source.value === '' ? 'is empty' : tagValueProblem(source.value);
      if (valueProblem !== undefined) {
        list.add(['tags', name, 'value'], quoted(source.value), `a tag value; this one ${valueProblem}`);
      }
      tags.push({ name, reference: undefined, constant: source.value });
      continue;
    }
    const compiled = compileReference(source.path, captureNames);
    if (compiled.ok) tags.push({ name, reference: compiled.reference, constant: '' });
    else list.add(['tags', name, 'path'], quoted(source.path), `a reference: ${compiled.problem}`);
  }
  return tags.sort((left, right) => Buffer.compare(Buffer.from(left.name), Buffer.from(right.name)));
}

/** What the tags depend on besides the topic. If nothing else changes them, the series is kept with the topic. */
function dependence(tags: readonly CompiledTag[]): 'topic' | 'topic-and-client' | 'record' {
  const roots = tags.map((tag) => tag.reference?.root);
  if (roots.includes('payload') || roots.includes('clientId')) return 'record';
  return roots.includes('device') ? 'topic-and-client' : 'topic';
}

function compileFields(
  options: RuleOptions,
  tags: readonly CompiledTag[],
  captureNames: CaptureNames,
  list: ProblemList,
): FieldSource {
  const tagNames = new Set(tags.map((tag) => tag.name));
  if (options.fields === 'auto') return autoFields(options.time, tags, tagNames);
  const entries = Object.entries(options.fields);
  if (entries.length === 0) list.add(['fields'], 'no field', 'at least one field, or auto');
  const readers: FieldReader[] = [];
  for (const [name, field] of entries) {
    const reader = compileField(name, field, { tagNames, captureNames }, list);
    if (reader !== undefined) readers.push(reader);
  }
  return readers;
}

function autoFields(
  time: 'auto' | TimeOptions | undefined,
  tags: readonly CompiledTag[],
  tagNames: ReadonlySet<string>,
): AutoFields {
  const omitted: Omitted = new Map();
  for (const { reference } of tags) {
    if (reference?.root === 'payload') omit(omitted, reference.path);
  }
  if (time !== undefined && time !== 'auto') {
    for (const path of [time.path].flat()) {
      const compiled = compilePayloadReference(path);
      if (compiled.ok && compiled.reference.root === 'payload') omit(omitted, compiled.reference.path);
    }
  }
  return new AutoFields(omitted, tagNames, time === 'auto');
}

function omit(omitted: Omitted, path: readonly (string | number)[]): void {
  let level = omitted;
  for (const [index, step] of path.entries()) {
    // `auto` omits arrays anyway.
    if (typeof step === 'number') return;
    const known = level.get(step);
    if (known === true) return;
    if (index === path.length - 1) {
      level.set(step, true);
      return;
    }
    const next: Omitted = known ?? new Map();
    level.set(step, next);
    level = next;
  }
}
