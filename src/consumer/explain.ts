import type { Point } from '../sink/sink.js';
import type { StreamRecord } from '../stream/stream.js';
import { DEFAULT_JSON_LIMITS, type JsonLimits } from './formats/json/json-limits.js';
import { escapeUnprintable, oneLine } from './formats/quoted.js';
import type { Mapped } from './rules/mapped.js';
import { createNoteCounts, NOTE_CODES, type NoteCode } from './rules/notes.js';
import { deviceOf, type RuleSet } from './rules/rule-set.js';

export interface Explanation {
  readonly topic: string;
  /** Every rule up to the one that took the record, in their order. */
  readonly tried: readonly RuleTrial[];
  /** Topic levels by name; empty when no rule matched. */
  readonly captures: Readonly<Record<string, string>>;
  /** What `device` stands for; absent when no rule matched. */
  readonly device?: string;
  readonly mapped: Mapped;
  /** The points as the store would get them. */
  readonly lines: readonly string[];
  readonly notes: readonly { readonly code: NoteCode; readonly count: number }[];
}

export interface RuleTrial {
  readonly rule: string;
  readonly filter: string;
  /** Why the topic did not match; absent for the rule that took the record. */
  readonly mismatch?: string;
}

/** The same as plain JSON: without the points themselves, the lines say the same. */
export interface ExplanationJson extends Omit<Explanation, 'mapped'> {
  readonly fate: 'written' | 'filtered' | 'parked';
  readonly rule?: string;
  /** Present when parked. */
  readonly code?: string;
  readonly reason?: string;
}

export function explanationJson({ mapped, ...explanation }: Explanation): ExplanationJson {
  if (mapped.kind === 'points') return { ...explanation, fate: 'written', rule: mapped.rule };
  const { kind: fate, ...why } = mapped;
  return { ...explanation, fate, ...why };
}

/** What the rules make of one record, and why. `encode` writes a point the way the store in use wants it. */
export function explainRecord(
  ruleSet: RuleSet,
  record: StreamRecord,
  encode: (point: Point) => string,
  limits: JsonLimits = DEFAULT_JSON_LIMITS,
): Explanation {
  const notes = createNoteCounts();
  const match = ruleSet.match(record.topic);
  const mapped = ruleSet.apply(record, notes, limits);
  const tried: RuleTrial[] = [];
  for (const { name, pattern } of ruleSet.rules) {
    const mismatch = pattern.mismatch(record.topic);
    tried.push({ rule: name, filter: pattern.filter, ...(mismatch === undefined ? {} : { mismatch }) });
    if (mismatch === undefined) break;
  }
  return {
    topic: record.topic,
    tried,
    captures: match?.captures ?? {},
    ...(match === undefined ? {} : { device: deviceOf(match, record) }),
    mapped,
    lines: mapped.kind === 'points' ? mapped.points.map(encode) : [],
    notes: NOTE_CODES.filter((code) => notes[code] > 0).map((code) => ({ code, count: notes[code] })),
  };
}

/** The explanation as text for a terminal, without a line feed at the end. */
export function formatExplanation(explanation: Explanation): string {
  const { mapped, captures, device, lines, notes } = explanation;
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
  for (const { code, count } of notes) text.push(`note     ${code}${count > 1 ? ` (${count} times)` : ''}`);
  return text.join('\n');
}
