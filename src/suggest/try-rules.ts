import { parseConfig } from '../config/load-config.js';
import { StateTables } from '../lib/state-tables.js';
import { MappingWarnings } from '../rules/mapped.js';
import { compileRules, type RuleSet } from '../rules/rule-set.js';
import type { SampleMessage } from './sample-message.js';

/** What became of messages, in order. */
export interface TriedMessage {
  readonly message: SampleMessage;
  readonly outcome: 'written' | 'filtered' | 'parked';
  /** Why it is parked. */
  readonly reason?: string;
}

export interface Counts {
  readonly written: number;
  readonly filtered: number;
  readonly parked: number;
  /** Of the parked ones, each code once. */
  readonly reasons: readonly string[];
}

const MAX_REASONS = 3;

/** Compiles the rules of a configuration, as a gateway would; undefined when it has a problem. */
export function compileText(text: string): RuleSet | undefined {
  const parsed = parseConfig(text, 'suggestion', process.cwd(), {}, { secrets: 'optional' });
  if (!parsed.ok) return undefined;
  const { rules, mapping } = parsed.loaded.config;
  const compiled = compileRules(rules, mapping);
  return compiled.ok ? compiled.ruleSet : undefined;
}

/** Maps the messages as a gateway would that received them one after the other. */
export function tryRules(rules: RuleSet, messages: readonly SampleMessage[]): readonly TriedMessage[] {
  const state = new StateTables();
  const warnings = new MappingWarnings();
  return messages.map((message) => {
    const mapped = rules.apply(message, warnings, { state });
    if (mapped.kind === 'points') return { message, outcome: 'written' };
    if (mapped.kind === 'filtered') return { message, outcome: 'filtered' };
    return { message, outcome: 'parked', reason: `${mapped.code}: ${mapped.reason}` };
  });
}

export function countOutcomes(tried: readonly TriedMessage[]): Counts {
  const count = (wanted: TriedMessage['outcome']) => tried.filter(({ outcome }) => outcome === wanted).length;
  const reasons = new Map<string, string>();
  for (const { reason } of tried) {
    const code = reason?.split(':')[0];
    if (reason !== undefined && code !== undefined && !reasons.has(code)) reasons.set(code, reason);
  }
  return {
    written: count('written'),
    filtered: count('filtered'),
    parked: count('parked'),
    reasons: [...reasons.values()].slice(0, MAX_REASONS),
  };
}

/** `49 written, 1 parked`. */
export function countsText({ written, filtered, parked }: Counts): string {
  return [
    `${written} written`,
    ...(filtered > 0 ? [`${filtered} filtered`] : []),
    ...(parked > 0 ? [`${parked} parked`] : []),
  ].join(', ');
}
