import { FormatCache } from '../formats/create-format.js';
import { quoted } from '../lib/printable.js';
import { compileAutoFields } from './compile-auto-fields.js';
import { compileAutoTags } from './compile-auto-tags.js';
import { type CompiledEach, compileEach } from './compile-each.js';
import { compileField } from './compile-field.js';
import { compileTags } from './compile-tags.js';
import { compileTime } from './compile-time.js';
import { type Check, CompiledRule, type TakenPayloads } from './compiled-rule.js';
import { Elements } from './each.js';
import type { FieldReader } from './fields.js';
import type { LookupTables } from './lookup-table.js';
import { membersOf } from './mapped.js';
import { NameBudget } from './name-budget.js';
import { hasControlCharacter, keyProblem, measurementProblem } from './point-names.js';
import { compilePolicies } from './policies/compile-policies.js';
import type { PolicyOptions } from './policies/policy-options.js';
import type { Root } from './reference.js';
import { RuleFields } from './rule-fields.js';
import {
  DEFAULT_MAX_ELEMENTS,
  DEFAULT_MAX_NAMES,
  isHalfTemplate,
  isTemplate,
  type RuleOptions,
} from './rule-options.js';
import { ProblemList, type RulePath, type RuleProblem } from './rule-problem.js';
import { sampleOf } from './sample.js';
import { type MeasurementReader, SeriesCache } from './series-cache.js';
import { compileSource, isOfTopic, type Source, type SourceNames } from './source.js';
import type { ReadClock, TimeBase } from './time.js';
import { checkFormat } from './topic-formats.js';
import { compileTopicPattern } from './topic-pattern.js';
import { compileWhere } from './where.js';

export type CompiledRuleResult =
  | { readonly ok: true; readonly rule: CompiledRule }
  | { readonly ok: false; readonly problems: readonly RuleProblem[] };

/** What rules need besides their options. */
export interface RuleContext {
  readonly tables?: LookupTables;
  /** Measurements that no message may name, because the gateway writes into them. */
  readonly reservedMeasurements?: readonly string[];
  /** Policies of all rules; one of a rule itself takes the place of the one here. */
  readonly policies?: PolicyOptions;
  /** The machine's clock unless a test sets it. */
  readonly readClock?: ReadClock;
}

/** Compiles one rule and reports everything wrong with it at once. */
export function compileRule(
  options: RuleOptions,
  index: number,
  { tables = {}, reservedMeasurements = [], policies: ofAll, readClock }: RuleContext = {},
  formats = new FormatCache(),
): CompiledRuleResult {
  const list = new ProblemList(options.name, index);
  if (options.name === '' || hasControlCharacter(options.name)) {
    list.add(['name'], quoted(options.name), 'a name without control characters');
  }
  const topic = compileTopicPattern(options.topic);
  if (!topic.ok) list.add(['topic'], quoted(options.topic), `an MQTT topic filter: ${topic.problem}`);
  if (options.format !== undefined) checkFormat(options.format, list);
  const message = { captureNames: topic.ok ? topic.pattern.captureNames : ('unknown' as const), tables };

  const where = compileCondition(options.where, ['where'], { ...message, variables: [] }, list);
  const each = compileEach(options.each ?? [], message, list);
  const names: SourceNames = { ...message, variables: each.variables };
  const inner = options.each?.at(-1);
  const checks = compileChecks(options.check ?? [], names, list);
  const measurement = compileMeasurement(options, reservedMeasurements, names, list);
  const bases = timeBases(inner?.as);
  const time = compileTime(options.time, { names, bases, index: inner?.index }, list, readClock);
  const tags = compileTags(options.tags, names, list);
  const autoTags = compileFoundTags(options, names, list);
  const seriesSources = [
    ...tags.sources,
    ...measurement.sources,
    ...(autoTags === undefined ? [] : [autoTags.source]),
  ];
  const used = [...each.sources, ...seriesSources, ...time.sources];
  const fields = compileFields(options, names, used, inner?.as, list);
  const policies = policiesOf(options, ofAll);
  const compiled =
    policies &&
    compilePolicies(
      policies,
      { name: options.name, hasFoundFields: fields.fields.areFound },
      { ...message, variables: [] },
      list,
    );

  if (list.problems.length > 0 || !topic.ok) return { ok: false, problems: list.problems };
  const rule = new CompiledRule({
    name: options.name,
    pattern: topic.pattern,
    format: options.format && formats.get(options.format),
    continues: options.continue ?? false,
    where: where?.where,
    whereReadsPayload: where?.readsPayload ?? false,
    sample: options.sample === undefined ? undefined : sampleOf(options.sample),
    takes: takenPayloads([...used, ...fields.sources], options),
    checks: checks.ofMessage,
    elementChecks: checks.ofElement,
    elements: compileElements(each, options.maxElements),
    time: time.read,
    series: new SeriesCache(measurement.reader, tags.readers, undefined, autoTags?.autoTags),
    hasAutoTags: autoTags !== undefined,
    seriesDependsOn: dependence(seriesSources),
    fields: fields.fields,
    spreadOver: policies?.collision === 'spread' ? time.precisionNs : undefined,
    policies: compiled,
    whenEmpty: options.whenEmpty ?? 'park',
  });
  return { ok: true, rule };
}

/** Undefined when there are none at all. */
function policiesOf({ policies }: RuleOptions, ofAll: PolicyOptions | undefined): PolicyOptions | undefined {
  if (ofAll === undefined) return policies;
  return policies === undefined ? ofAll : { ...ofAll, ...policies };
}

/** `time: auto` looks into the element first, and then into the payload. */
function timeBases(element: string | undefined): readonly TimeBase[] {
  const payload: TimeBase = { members: ({ members }) => members, text: 'payload' };
  if (element === undefined) return [payload];
  return [{ members: ({ variables }) => membersOf(variables?.[element]), text: element }, payload];
}

function compileCondition(
  expression: string | undefined,
  path: RulePath,
  names: SourceNames,
  list: ProblemList,
) {
  if (expression === undefined) return undefined;
  const compiled = compileWhere(expression, names);
  if (compiled.ok) return compiled;
  const { at, hint, problem } = compiled;
  list.add(path, quoted(expression), `a CEL condition: ${problem}`, { at, hint });
  return undefined;
}

/** A check that asks for what `each` names is one of the element. */
function compileChecks(
  checks: NonNullable<RuleOptions['check']>,
  names: SourceNames,
  list: ProblemList,
): { readonly ofMessage: readonly Check[]; readonly ofElement: readonly Check[] } {
  const ofMessage: Check[] = [];
  const ofElement: Check[] = [];
  for (const [index, check] of checks.entries()) {
    const compiled = compileCondition(check.if, ['check', index, 'if'], names, list);
    if (compiled === undefined) continue;
    const target = compiled.readsVariable ? ofElement : ofMessage;
    target.push({ where: compiled.where, reason: check.else });
  }
  return { ofMessage, ofElement };
}

function compileElements({ levels }: CompiledEach, max = DEFAULT_MAX_ELEMENTS): Elements | undefined {
  return levels.length === 0 ? undefined : new Elements(levels, max);
}

function compileMeasurement(
  { measurement, maxNames = DEFAULT_MAX_NAMES }: RuleOptions,
  reserved: readonly string[],
  names: SourceNames,
  list: ProblemList,
): { readonly reader: MeasurementReader; readonly sources: readonly Source[] } {
  if (typeof measurement === 'string') {
    const problem = measurementProblem(measurement);
    if (problem !== undefined) {
      list.add(['measurement'], quoted(measurement), `a measurement name; this one ${problem}`);
    }
    if (isHalfTemplate(measurement)) {
      list.add(['measurement'], quoted(measurement), 'a measurement name; the brace { has no partner', {
        hint: `for a name out of the message write { template: '…{…}…' }, for this very name { value: '${measurement}' }`,
      });
    } else if (looksLikeSource(measurement, names)) {
      const section = isTemplate(measurement) ? 'template' : 'path';
      list.add(['measurement'], quoted(measurement), 'a measurement name', {
        hint: `for a name out of the message write { ${section}: '${measurement}' }, for this very name { value: '${measurement}' }`,
      });
    }
    return { reader: measurement, sources: [] };
  }
  if (measurement.value !== undefined) {
    const name = String(measurement.value);
    const problem = measurementProblem(name);
    if (problem !== undefined) {
      list.add(['measurement', 'value'], quoted(name), `a measurement name; this one ${problem}`);
    }
    return { reader: name, sources: [] };
  }
  const source = compileSource(measurement, { path: ['measurement'] }, names, list);
  if (source === undefined) return { reader: '', sources: [] };
  const budget = new NameBudget('measurement', maxNames, (name) =>
    reserved.includes(name) ? 'is one that the gateway itself writes' : measurementProblem(name),
  );
  const { get, origin } = source;
  return { reader: { get, origin, names: budget, isOfTopic: isOfTopic(source) }, sources: [source] };
}

function compileFoundTags(options: RuleOptions, names: SourceNames, list: ProblemList) {
  const { autoTags, tags, fields, maxNames = DEFAULT_MAX_NAMES } = options;
  if (autoTags === undefined) return undefined;
  const takenNames = new Set([...Object.keys(tags), ...(fields === 'auto' ? [] : Object.keys(fields))]);
  const budget = new NameBudget('tag', maxNames, keyProblem);
  return compileAutoTags(autoTags, takenNames, budget, names, list);
}

function looksLikeSource(measurement: string, { variables }: SourceNames): boolean {
  const roots = ['payload', 'topic', 'properties', ...variables].join('|');
  return isTemplate(measurement) || new RegExp(`^(?:${roots})[.[]`).test(measurement);
}

/** What the series depends on besides the topic. If nothing else changes it, it is kept with the topic. */
function dependence(sources: readonly Source[]): 'topic' | 'topic-and-client' | 'record' {
  const reads = new Set<Root>(sources.flatMap((source) => [...source.reads]));
  const ofRecord: readonly Root[] = ['payload', 'variable', 'clientId', 'user', 'properties', 'qos'];
  if (ofRecord.some((root) => reads.has(root))) return 'record';
  return reads.has('device') ? 'topic-and-client' : 'topic';
}

function compileFields(
  options: RuleOptions,
  names: SourceNames,
  used: readonly Source[],
  element: string | undefined,
  list: ProblemList,
): { readonly fields: RuleFields; readonly sources: readonly Source[] } {
  const tagNames = new Set(Object.keys(options.tags));
  const budget = new NameBudget('field', options.maxNames ?? DEFAULT_MAX_NAMES, keyProblem);
  const isAuto = options.fields === 'auto' || options.autoFields !== undefined;
  const entries = options.fields === 'auto' ? [] : Object.entries(options.fields);
  if (entries.length === 0 && !isAuto) list.add(['fields'], 'no field', 'at least one field, or auto');
  const readers: FieldReader[] = [];
  const sources: Source[] = [];
  for (const [name, field] of entries) {
    const compiled = compileField(name, field, { tagNames, names, budget }, list);
    if (compiled === undefined) continue;
    readers.push(compiled.reader);
    sources.push(...compiled.sources);
  }
  const auto = isAuto
    ? compileAutoFields(
        options.autoFields ?? {},
        {
          names,
          element,
          usedPlaces: [...used, ...sources].flatMap(({ places }) => places),
          takenNames: new Set([...tagNames, ...readers.map(({ name }) => name)]),
          isTimeAuto: options.time === 'auto',
          budget,
        },
        list,
      )
    : undefined;
  return { fields: new RuleFields(readers, auto), sources };
}

/** A rule that names a value in the payload takes objects only: anything else is a mistake of the device or of the rule. */
function takenPayloads(sources: readonly Source[], options: RuleOptions): TakenPayloads {
  const takesWhole = sources.some(({ places }) =>
    places.some(({ base, path }) => base === 'payload' && path.length === 0),
  );
  if (takesWhole) return 'any';
  const isAuto = options.fields === 'auto' && options.autoFields?.from === undefined;
  return isAuto && options.each === undefined ? 'bare' : 'object';
}
