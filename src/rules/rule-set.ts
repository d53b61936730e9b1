import { decodeJson } from '../formats/json/decode-json.js';
import { DEFAULT_JSON_LIMITS, isJsonObject, type JsonLimits, kindOf } from '../formats/json/json-value.js';
import { BoundedCache } from '../lib/bounded-cache.js';
import { SluiceError } from '../lib/errors.js';
import { quoted } from '../lib/printable.js';
import type { StreamRecord } from '../stream/stream.js';
import { compileRule } from './compile-rule.js';
import type { CompiledRule, TopicMatch } from './compiled-rule.js';
import type { Mapped, MappingWarningCounts } from './mapped.js';
import type { RuleOptions } from './rule-options.js';
import type { RuleProblem } from './rule-problem.js';
import type { ReadClock } from './time.js';

const MAX_CACHED_TOPICS = 20_000;

export type RuleSetResult =
  | { readonly ok: true; readonly ruleSet: RuleSet }
  | { readonly ok: false; readonly problems: readonly RuleProblem[] };

/** Compiles all rules, or reports every problem of every rule. `readClock` is the machine's clock unless a test sets it. */
export function compileRules(options: readonly RuleOptions[], readClock?: ReadClock): RuleSetResult {
  const rules: CompiledRule[] = [];
  const problems: RuleProblem[] = [];
  const names = new Map<string, number>();
  for (const [index, rule] of options.entries()) {
    const compiled = compileRule(rule, index, readClock);
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
  return problems.length > 0 ? { ok: false, problems } : { ok: true, ruleSet: new RuleSet(rules) };
}

/** Throws CONFIG_INVALID with the first problem. */
export function compileOrThrow(rules: readonly RuleOptions[]): RuleSet {
  const compiled = compileRules(rules);
  if (compiled.ok) return compiled.ruleSet;
  const first = compiled.problems[0]!;
  throw new SluiceError(
    'CONFIG_INVALID',
    `rule ${first.rule}: ${first.path.join('.')}: got ${first.got}, expected ${first.expected}`,
  );
}

/**
 * RuleSet turns records into points. The points depend on the record, the rules and the limits alone, so that a replay
 * gives the same points; the caches inside change only the speed. The clock decides only whether a device time is
 * accepted that the receive time speaks against, when the receive time itself may be wrong.
 */
export class RuleSet {
  readonly rules: readonly CompiledRule[];
  readonly #matches = new BoundedCache<TopicMatch | 'none'>(MAX_CACHED_TOPICS);

  constructor(rules: readonly CompiledRule[]) {
    this.rules = rules;
  }

  /** Maps one record. It never throws on what a device sent, and counts in `warnings` what it omitted. */
  apply(
    record: StreamRecord,
    warnings: MappingWarningCounts,
    limits: JsonLimits = DEFAULT_JSON_LIMITS,
  ): Mapped {
    const match = this.match(record.topic);
    if (match === undefined) {
      return {
        kind: 'parked',
        code: 'rule-none',
        reason: `no rule takes the topic ${quoted(record.topic)}`,
      };
    }
    const rule = match.rule;
    const device = deviceOf(match, record);
    if (rule.ignores(record, match.captures, device)) return { kind: 'filtered', rule: rule.name };
    // An empty payload is how MQTT clears a retained message.
    if (record.payload.length === 0) return rule.noValue();
    const decoded = decodeJson(record.payload, limits);
    if (!decoded.ok) {
      return { kind: 'parked', rule: rule.name, code: decoded.code, reason: decoded.reason };
    }
    const payload = decoded.value;
    if (!isJsonObject(payload)) {
      return {
        kind: 'parked',
        rule: rule.name,
        code: 'payload-not-object',
        reason: `the payload is ${kindOf(payload)}; rules take a JSON object such as {"temperature": 21.5}`,
      };
    }
    const reading = {
      record,
      payload,
      holdsExact: decoded.holdsExact,
      captures: match.captures,
      device,
    };
    return rule.map(reading, match, warnings);
  }

  /** The first rule whose filter takes the topic. */
  match(topic: string): TopicMatch | undefined {
    const known = this.#matches.get(topic);
    if (known !== undefined) return known === 'none' ? undefined : known;
    const found = this.#find(topic);
    this.#matches.set(topic, found ?? 'none');
    return found;
  }

  #find(topic: string): TopicMatch | undefined {
    for (const rule of this.rules) {
      const captures = rule.pattern.match(topic);
      if (captures !== undefined) {
        return { rule, captures, deviceLevel: topicLevelBeforeLast(topic), series: undefined };
      }
    }
    return undefined;
  }
}

/** The value of the reference `device` for a record of a matched topic. */
export function deviceOf(match: TopicMatch, record: StreamRecord): string {
  return match.deviceLevel ?? record.clientId;
}

function topicLevelBeforeLast(topic: string): string | undefined {
  // An empty level (`/temperature`) names no device either.
  return topic.split('/').at(-2) || undefined;
}
