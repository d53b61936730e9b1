import { type ContentTypeFormat, contentTypeFormat } from '../formats/content-type-format.js';
import { FormatCache } from '../formats/create-format.js';
import { decodeByMagic } from '../formats/decode-by-magic.js';
import type { TopicFormat } from '../formats/format-options.js';
import { decodeJson, jsonFormat } from '../formats/json/decode-json.js';
import { DEFAULT_JSON_LIMITS, type JsonLimits } from '../formats/json/json-value.js';
import type { DecodeContext, Decoded, PayloadFormat } from '../formats/payload-format.js';
import { sparkplugFormat } from '../formats/sparkplug/sparkplug-format.js';
import { isSparkplugTopic } from '../formats/sparkplug/sparkplug-topic.js';
import { BoundedCache } from '../lib/bounded-cache.js';
import { SluiceError } from '../lib/errors.js';
import { quoted } from '../lib/printable.js';
import { refusedText } from '../lib/refused-publish.js';
import { StateTables } from '../lib/state-tables.js';
import type { StreamRecord } from '../stream/stream.js';
import { combineOutcomes } from './combine-outcomes.js';
import { compileRule, type RuleContext } from './compile-rule.js';
import type { CompiledRule, TopicMatch } from './compiled-rule.js';
import {
  type Mapped,
  type MappingWarningCounts,
  type MappingWarnings,
  membersOf,
  type Parked,
} from './mapped.js';
import type { MappingTrace } from './mapping-trace.js';
import type { OverBudgetNotice } from './policies/cardinality.js';
import type { RuleOptions } from './rule-options.js';
import type { RuleProblem } from './rule-problem.js';
import type { KnownSeries } from './series-cache.js';
import { type CompiledTopicFormat, compileTopicFormats } from './topic-formats.js';

const MAX_CACHED_TOPICS = 20_000;

const NO_OPTIONS: ApplyOptions = {};

const WITHOUT_PAYLOAD = { qos: 0, payload: Buffer.alloc(0), receivedAtNs: 0n } as const;

/** `first`: only the first rule whose filter takes the topic, and those behind a rule with `continue`. `all`: every one of them. */
export type RuleMatching = 'first' | 'all';

export interface RuleSetOptions extends RuleContext {
  readonly match?: RuleMatching;
  /** For rules that name no format: the first whose filter matches the topic counts. */
  readonly formats?: readonly TopicFormat[];
}

/** What a mapping needs besides the record. */
export interface ApplyOptions {
  /** What earlier records left; absent, nothing is known of them. It changes with every record, so it must be one per partition, in stream order. */
  readonly state?: StateTables;
  /** The record was parked and is mapped again: policies that count or compare records leave it alone. */
  readonly isReplay?: boolean;
  readonly limits?: JsonLimits;
  /** Called when something is over a budget. */
  readonly notice?: (over: OverBudgetNotice) => void;
  readonly trace?: MappingTrace;
}

export type RuleSetResult =
  | { readonly ok: true; readonly ruleSet: RuleSet }
  | { readonly ok: false; readonly problems: readonly RuleProblem[] };

/** Compiles all rules, or reports every problem of every rule. */
export function compileRules(options: readonly RuleOptions[], context: RuleSetOptions = {}): RuleSetResult {
  const rules: CompiledRule[] = [];
  const problems: RuleProblem[] = [];
  const names = new Map<string, number>();
  const cache = new FormatCache();
  for (const [index, rule] of options.entries()) {
    const compiled = compileRule(rule, index, context, cache);
    if (compiled.ok) rules.push(compiled.rule);
    else problems.push(...compiled.problems);
    const earlier = names.get(rule.name);
    if (earlier === undefined) names.set(rule.name, index);
    else {
      problems.push({
        list: 'rules',
        rule: rule.name,
        index,
        path: ['name'],
        got: quoted(rule.name),
        expected: `a name of its own; rule ${earlier + 1} has this one`,
      });
    }
  }
  const formats = compileTopicFormats(context.formats ?? [], cache);
  problems.push(...formats.problems);
  if (problems.length > 0) return { ok: false, problems };
  return { ok: true, ruleSet: new RuleSet(rules, formats.formats, context.match) };
}

/** Throws CONFIG_INVALID with the first problem. */
export function compileOrThrow(rules: readonly RuleOptions[], context?: RuleSetOptions): RuleSet {
  const compiled = compileRules(rules, context);
  if (compiled.ok) return compiled.ruleSet;
  const first = compiled.problems[0]!;
  throw new SluiceError(
    'CONFIG_INVALID',
    `${first.list === 'rules' ? 'rule' : 'format of'} ${first.rule}: ${first.path.join('.')}: got ${first.got}, expected ${first.expected}`,
  );
}

/**
 * RuleSet turns records into points. The points depend on the record, the rules, their tables and the limits alone, so that a
 * replay gives the same points; the caches inside change only the speed, and a rule that has met too many names parks. The
 * clock decides only whether a device time is accepted that the receive time speaks against, when the receive time itself may
 * be wrong.
 */
export class RuleSet {
  readonly rules: readonly CompiledRule[];
  readonly #formats: readonly CompiledTopicFormat[];
  readonly #matching: RuleMatching;
  readonly #matches = new BoundedCache<readonly TopicMatch[]>(MAX_CACHED_TOPICS);

  constructor(
    rules: readonly CompiledRule[],
    formats: readonly CompiledTopicFormat[],
    matching: RuleMatching = 'first',
  ) {
    this.rules = rules;
    this.#formats = formats;
    this.#matching = matching;
  }

  /** The tables of the state that a single rule uses begin with these names. */
  get ownTables(): readonly string[] {
    return this.rules.flatMap((rule) => rule.ownTables);
  }

  /** Maps one record. It never throws on what a device sent, and counts in `warnings` what it omitted. */
  apply(record: StreamRecord, warnings: MappingWarnings, options: ApplyOptions = NO_OPTIONS): Mapped {
    const { refused } = record;
    if (refused !== undefined) {
      return { kind: 'parked', code: refused.reason, reason: refusedText(record, refused) };
    }
    const matches = this.matches(record.topic);
    if (matches.length === 1) return applyRule(matches[0]!, record, warnings, options, undefined);
    if (matches.length === 0) {
      return {
        kind: 'parked',
        code: 'rule-none',
        reason: `no rule takes the topic ${quoted(record.topic)}`,
      };
    }
    const shared: SharedPayload = new Map();
    return combineOutcomes(matches.map((one) => applyRule(one, record, warnings, options, shared)));
  }

  /** The rules that take a topic, in their order: at most one, unless more may take it. */
  matches(topic: string): readonly TopicMatch[] {
    const known = this.#matches.get(topic);
    if (known !== undefined) return known;
    const found = this.#find(topic);
    this.#matches.set(topic, found);
    return found;
  }

  /** Whether a rule has given a measurement this name since the rules came into force. */
  hasNamed(rule: string, measurement: string): boolean {
    return this.rules.some((one) => one.name === rule && one.hasNamed(measurement));
  }

  /**
   * What is known of the series of messages on a topic, without their payload; undefined when no rule takes the topic.
   *
   * @param rule the rule that took them, where that is known; else the first that takes the topic counts
   */
  knownSeries(
    sent: Pick<StreamRecord, 'topic' | 'clientId' | 'user'>,
    rule?: string,
  ): KnownSeries | undefined {
    const matches = this.matches(sent.topic);
    const match = matches.find((one) => one.rule.name === rule) ?? matches[0];
    if (match === undefined) return undefined;
    const record = { ...sent, ...WITHOUT_PAYLOAD };
    return match.rule.knownSeries({
      record,
      payload: {},
      members: {},
      holdsExact: false,
      captures: match.captures,
      device: deviceOf(match, record),
      variables: undefined,
      trace: undefined,
    });
  }

  #find(topic: string): TopicMatch[] {
    const matches: TopicMatch[] = [];
    for (const rule of this.rules) {
      const captures = rule.pattern.match(topic);
      if (captures === undefined) continue;
      const ofTopic = this.#formats.find(({ pattern }) => pattern.match(topic) !== undefined)?.format;
      matches.push({
        rule,
        format: rule.format ?? ofTopic ?? (isSparkplugTopic(topic) ? sparkplugFormat : undefined),
        formatBy: rule.format ? 'rule' : ofTopic && 'consumer.formats',
        captures,
        deviceLevel: topicLevelBeforeLast(topic),
        series: undefined,
        countedIn: undefined,
        counts: undefined,
      });
      if (this.#matching === 'first' && !rule.continues) break;
    }
    return matches;
  }
}

/** The decoded payload of a record that several rules take: once for each format. */
type SharedPayload = Map<PayloadFormat | undefined, Decoded>;

function applyRule(
  match: TopicMatch,
  record: StreamRecord,
  warnings: MappingWarnings,
  options: ApplyOptions,
  shared: SharedPayload | undefined,
): Mapped {
  const { rule, captures } = match;
  const { trace } = options;
  const device = deviceOf(match, record);
  if (trace !== undefined) trace.rule(rule.name, 'takes it');
  const decided = rule.beforePayload(record, captures, device, trace);
  if (decided !== undefined) return decided;
  // An empty payload is how MQTT clears a retained message.
  if (record.payload.length === 0) return rule.noValue();
  const named = record.properties === undefined ? undefined : formatByContentType(match, record);
  const format = named === undefined ? match.format : named.format;
  const decoded = shared?.get(format) ?? decode(record, format, options);
  if (shared !== undefined) shared.set(format, decoded);
  if (!decoded.ok) {
    const { code, reason } = decoded;
    return withContentType({ kind: 'parked', rule: rule.name, code, reason }, record, named);
  }
  const { value: payload, holdsExact } = decoded;
  const counts = countsOf(match, warnings);
  // Strict JSON has nothing to say besides.
  if (format !== undefined || decoded.format !== undefined) countRemarks(decoded, counts);
  if (trace !== undefined) {
    trace.payload(payload, decoded.format ?? format?.name ?? jsonFormat.name, decoded.repaired);
  }
  const members = membersOf(payload);
  if (members !== payload) {
    const refusal = rule.refusal(payload);
    if (refusal !== undefined) return withContentType(refusal, record, named);
  }
  const reading = { record, payload, members, holdsExact, captures, device, variables: undefined, trace };
  return rule.map(reading, match, counts, options);
}

/** The format that the publisher names, where neither the rule nor the configuration does; undefined: it names none. */
export function formatByContentType(
  { formatBy }: TopicMatch,
  { properties }: StreamRecord,
): ContentTypeFormat | undefined {
  const contentType = properties?.contentType;
  return formatBy === undefined && contentType !== undefined ? contentTypeFormat(contentType) : undefined;
}

/** Says which format was used where a reader would expect another one. */
function withContentType(
  parked: Parked,
  { properties }: StreamRecord,
  named: ContentTypeFormat | undefined,
): Parked {
  if (named === undefined) return parked;
  const contentType = quoted(properties?.contentType ?? '');
  return {
    ...parked,
    reason: `${parked.reason}; the format is ${named.name}, by the content type ${contentType} of the message`,
  };
}

function decode(
  record: StreamRecord,
  format: PayloadFormat | undefined,
  { limits = DEFAULT_JSON_LIMITS, state }: ApplyOptions,
): Decoded {
  if (format !== undefined) return format.decode(record.payload, contextOf(record, limits, state));
  const decoded = decodeJson(record.payload, limits);
  if (decoded.ok) return decoded;
  return decodeByMagic(record.payload, contextOf(record, limits, state), jsonFormat) ?? decoded;
}

function contextOf(
  { topic, receivedAtNs }: StreamRecord,
  limits: JsonLimits,
  state = new StateTables(),
): DecodeContext {
  return { limits, topic, receivedAtNs, state };
}

function countRemarks(
  { repaired, notes = [] }: Extract<Decoded, { ok: true }>,
  counts: MappingWarningCounts,
): void {
  if (repaired !== undefined) counts['payload-repaired']++;
  for (const note of notes) counts[note]++;
}

/** The counts of the rule, kept with the topic: nearly all records of a process are counted in one place. */
function countsOf(match: TopicMatch, warnings: MappingWarnings): MappingWarningCounts {
  if (match.countedIn !== warnings) {
    match.countedIn = warnings;
    match.counts = warnings.of(match.rule.name);
  }
  return match.counts!;
}

/** The value of the reference `device` for a record of a matched topic. */
export function deviceOf(match: TopicMatch, record: StreamRecord): string {
  return match.deviceLevel ?? record.clientId;
}

function topicLevelBeforeLast(topic: string): string | undefined {
  // An empty level (`/temperature`) names no device either.
  return topic.split('/').at(-2) || undefined;
}
