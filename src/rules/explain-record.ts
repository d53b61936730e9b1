import { DEFAULT_JSON_LIMITS, type JsonLimits } from '../formats/json/json-value.js';
import { escapeUnprintable, oneLine } from '../lib/printable.js';
import type { Point } from '../sink/point.js';
import type { StreamRecord } from '../stream/stream.js';
import { MAPPING_WARNING_CODES, type Mapped, type MappingWarningCode, MappingWarnings } from './mapped.js';
import { deviceOf, type RuleSet } from './rule-set.js';

export interface Explanation {
  readonly topic: string;
  /** Every rule up to the one that took the record, in the order of the configuration. */
  readonly tried: readonly RuleTrial[];
  /** Topic levels by name; empty when no rule matched. */
  readonly captures: Readonly<Record<string, string>>;
  /** The value of `device`; absent when no rule matched. */
  readonly device?: string;
  readonly mapped: Mapped;
  /** The points as the store would receive them. */
  readonly lines: readonly string[];
  readonly warnings: readonly MappingWarning[];
}

interface MappingWarning {
  readonly code: MappingWarningCode;
  readonly count: number;
}

export interface RuleTrial {
  readonly rule: string;
  readonly filter: string;
  /** Why the topic did not match; absent for the rule that took the record. */
  readonly mismatch?: string;
}

/** An explanation as plain JSON. The points are omitted: the lines have the same content. */
export interface ExplanationJson extends Omit<Explanation, 'mapped' | 'warnings'> {
  readonly notes: readonly MappingWarning[];
  readonly outcome: MappedOutcome;
  /** The former name of `outcome`, written for one version. */
  readonly fate: MappedOutcome;
  readonly rule?: string;
  /** Present when parked. */
  readonly code?: string;
  readonly reason?: string;
}

type MappedOutcome = 'written' | 'filtered' | 'parked';

export function explanationJson({ mapped, warnings, ...explanation }: Explanation): ExplanationJson {
  const json = { ...explanation, notes: warnings };
  if (mapped.kind === 'points') return { ...json, outcome: 'written', fate: 'written', rule: mapped.rule };
  const { kind: outcome, ...why } = mapped;
  return { ...json, outcome, fate: outcome, ...why };
}

/** Explains what the rules make of one record. `encode` writes a point in the format of the store in use. */
export function explainRecord(
  ruleSet: RuleSet,
  record: StreamRecord,
  encode: (point: Point) => string,
  limits: JsonLimits = DEFAULT_JSON_LIMITS,
): Explanation {
  const warnings = new MappingWarnings();
  const [match] = ruleSet.matches(record.topic);
  const mapped = ruleSet.apply(record, warnings, limits);
  const counts = warnings.total();
  const tried: RuleTrial[] = [];
  for (const { name, pattern } of ruleSet.rules) {
    const mismatch = pattern.mismatch(record.topic);
    tried.push({ rule: name, filter: pattern.filter, mismatch });
    if (mismatch === undefined) break;
  }
  return {
    topic: record.topic,
    tried,
    captures: match?.captures ?? {},
    device: match === undefined ? undefined : deviceOf(match, record),
    mapped,
    lines: mapped.kind === 'points' ? mapped.points.map(encode) : [],
    warnings: MAPPING_WARNING_CODES.filter((code) => counts[code] > 0).map((code) => ({
      code,
      count: counts[code],
    })),
  };
}

/** The explanation as text for a terminal, without a line feed at the end. */
export function formatExplanation(explanation: Explanation): string {
  const { mapped, captures, device, lines, warnings } = explanation;
  const text = [`topic    ${oneLine(explanation.topic)}`];
  for (const { rule, filter, mismatch } of explanation.tried) {
    const outcome = mismatch === undefined ? 'takes it' : `no: ${mismatch}`;
    text.push(`rule     ${rule} (${filter}): ${outcome}`);
  }
  for (const [name, level] of Object.entries(captures))
    text.push(`         topic.${name} = ${oneLine(level)}`);
  if (device !== undefined) text.push(`         device = ${oneLine(device)}`);
  if (mapped.kind === 'points') {
    text.push(...lines.map((line) => `line     ${escapeUnprintable(line)}`));
  } else if (mapped.kind === 'filtered') {
    text.push(`filtered by the where of rule ${mapped.rule}`);
  } else {
    text.push(`parked   ${mapped.code}: ${mapped.reason}`);
  }
  for (const { code, count } of warnings)
    text.push(`warning  ${code}${count > 1 ? ` (${count} times)` : ''}`);
  return text.join('\n');
}
