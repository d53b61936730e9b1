import { decodeJson } from '../formats/json/decode-json.js';
import { DEFAULT_JSON_LIMITS, type JsonLimits } from '../formats/json/json-value.js';
import { BoundedCache } from '../lib/bounded-cache.js';
import { SluiceError } from '../lib/errors.js';
import { quoted } from '../lib/printable.js';
import type { StreamRecord } from '../stream/stream.js';
import { compileRule, type RuleContext } from './compile-rule.js';
import type { CompiledRule, TopicMatch } from './compiled-rule.js';
import type { Mapped, MappingWarnings } from './mapped.js';
import type { MappingTrace } from './mapping-trace.js';
import type { RuleOptions } from './rule-options.js';
import type { RuleProblem } from './rule-problem.js';

const MAX_CACHED_TOPICS = 20_000;

/** `first`: only the first rule whose filter takes the topic. `all`: every one of them. */
export type RuleMatching = 'first' | 'all';

export interface RuleSetOptions extends RuleContext {
  readonly match?: RuleMatching;
}

export type RuleSetResult =
  | { readonly ok: true; readonly ruleSet: RuleSet }
  | { readonly ok: false; readonly problems: readonly RuleProblem[] };

/** Compiles all rules, or reports every problem of every rule. */
export function compileRules(options: readonly RuleOptions[], context: RuleSetOptions = {}): RuleSetResult {
  const rules: CompiledRule[] = [];
  const problems: RuleProblem[] = [];
  const names = new Map<string, number>();
  for (const [index, rule] of options.entries()) {
    const compiled = compileRule(rule, index, context);
    if (compiled.ok) rules.push(compiled.rule);
    else problems.push(...compiled.problems);
    const earlier = names.get(rule.name);
    if (earlier === undefined) names.set(rule.name, index);
    else {
      problems.push({
        rule: rule.name,
        index,
        path: ['name'],
        got: quoted(rule.name),
        expected: `a name of its own; rule ${earlier + 1} has this one`,
      });
    }
  }
  if (problems.length > 0) return { ok: false, problems };
  return { ok: true, ruleSet: new RuleSet(rules, context.match) };
}

/** Throws CONFIG_INVALID with the first problem. */
export function compileOrThrow(rules: readonly RuleOptions[], context?: RuleSetOptions): RuleSet {
  const compiled = compileRules(rules, context);
  if (compiled.ok) return compiled.ruleSet;
  const first = compiled.problems[0]!;
  throw new SluiceError(
    'CONFIG_INVALID',
    `rule ${first.rule}: ${first.path.join('.')}: got ${first.got}, expected ${first.expected}`,
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
  readonly #matching: RuleMatching;
  readonly #matches = new BoundedCache<readonly TopicMatch[]>(MAX_CACHED_TOPICS);

  constructor(rules: readonly CompiledRule[], matching: RuleMatching = 'first') {
    this.rules = rules;
    this.#matching = matching;
  }

  /** Maps one record. It never throws on what a device sent, and counts in `warnings` what it omitted. */
  apply(
    record: StreamRecord,
    warnings: MappingWarnings,
    limits: JsonLimits = DEFAULT_JSON_LIMITS,
    trace?: MappingTrace,
  ): Mapped {
    const [match, second] = this.matches(record.topic);
    if (match === undefined) {
      return {
        kind: 'parked',
        code: 'rule-none',
        reason: `no rule takes the topic ${quoted(record.topic)}`,
      };
    }
    const payload = new DecodedOnce(record.payload, limits);
    if (second === undefined) return applyRule(match, record, payload, warnings, trace);
    const outcomes = this.matches(record.topic).map((one) =>
      applyRule(one, record, payload, warnings, trace),
    );
    return combined(outcomes);
  }

  /** The rules that take a topic, in their order: at most one, unless all may take it. */
  matches(topic: string): readonly TopicMatch[] {
    const known = this.#matches.get(topic);
    if (known !== undefined) return known;
    const found = this.#find(topic);
    this.#matches.set(topic, found);
    return found;
  }

  #find(topic: string): TopicMatch[] {
    const matches: TopicMatch[] = [];
    for (const rule of this.rules) {
      const captures = rule.pattern.match(topic);
      if (captures === undefined) continue;
      matches.push({ rule, captures, deviceLevel: topicLevelBeforeLast(topic), series: undefined });
      if (this.#matching === 'first') break;
    }
    return matches;
  }
}

/** The payload of a record, decoded when the first rule asks for it. */
class DecodedOnce {
  readonly #payload: Buffer;
  readonly #limits: JsonLimits;
  #decoded: ReturnType<typeof decodeJson> | undefined;

  constructor(payload: Buffer, limits: JsonLimits) {
    this.#payload = payload;
    this.#limits = limits;
  }

  get decoded(): ReturnType<typeof decodeJson> {
    this.#decoded ??= decodeJson(this.#payload, this.#limits);
    return this.#decoded;
  }
}

function applyRule(
  match: TopicMatch,
  record: StreamRecord,
  payload: DecodedOnce,
  warnings: MappingWarnings,
  trace: MappingTrace | undefined,
): Mapped {
  const { rule, captures } = match;
  const device = deviceOf(match, record);
  trace?.rule(rule.name, 'takes it');
  const decided = rule.beforePayload(record, captures, device, trace);
  if (decided !== undefined) return decided;
  // An empty payload is how MQTT clears a retained message.
  if (record.payload.length === 0) return rule.noValue();
  const { decoded } = payload;
  if (!decoded.ok) {
    return { kind: 'parked', rule: rule.name, code: decoded.code, reason: decoded.reason };
  }
  trace?.payload(decoded.value);
  const refusal = rule.refusal(decoded.value);
  if (refusal !== undefined) return refusal;
  const { value, holdsExact } = decoded;
  return rule.map(
    { record, payload: value, holdsExact, captures, device, trace },
    match,
    warnings.of(rule.name),
  );
}

/** The one outcome of a record that several rules have taken: parked if one of them parks it, and written if one gives points. */
function combined(outcomes: readonly Mapped[]): Mapped {
  const points = outcomes.flatMap((outcome) => (outcome.kind === 'filtered' ? [] : (outcome.points ?? [])));
  const parked = outcomes.find((outcome) => outcome.kind === 'parked');
  if (parked !== undefined) return { ...parked, points };
  const written = outcomes.find((outcome) => outcome.kind === 'points');
  return written === undefined ? outcomes[0]! : { ...written, points };
}

/** The value of the reference `device` for a record of a matched topic. */
export function deviceOf(match: TopicMatch, record: StreamRecord): string {
  return match.deviceLevel ?? record.clientId;
}

function topicLevelBeforeLast(topic: string): string | undefined {
  // An empty level (`/temperature`) names no device either.
  return topic.split('/').at(-2) || undefined;
}
