import type { Point } from '../sink/point.js';
import type { StreamRecord } from '../stream/stream.js';
import type { ExplainedWindow, ExplainWindows } from '../windows/explain-windows.js';
import type { TopicMatch } from './compiled-rule.js';
import { MAPPING_WARNING_CODES, type Mapped, type MappingWarningCode, MappingWarnings } from './mapped.js';
import type { Fitted } from './policies/field-types.js';
import { type ExplainedType, fitMapped } from './policies/fit-mapped.js';
import { type ExplainedCondition, type ExplainedValue, RecordedTrace } from './recorded-trace.js';
import { type ApplyOptions, deviceOf, formatByContentType, type RuleSet } from './rule-set.js';

export interface Explanation {
  readonly topic: string;
  /** Every rule, in the order of the configuration. */
  readonly tried: readonly RuleTrial[];
  /** Topic levels by name; empty when no rule matched. */
  readonly captures: Readonly<Record<string, string>>;
  /** The value of `device`; absent when no rule matched. */
  readonly device?: string;
  /** The format that the payload was decoded by; absent when it was not decoded. */
  readonly format?: string;
  /** Who has named the format of a message with a content type; absent without one. `default`: nobody has. */
  readonly formatBy?: 'rule' | 'consumer.formats' | 'content-type' | 'default';
  /** The content type of the message; absent without one. */
  readonly contentType?: string;
  /** What a lenient format has repaired in it, by the words of its option; absent when nothing. */
  readonly repaired?: readonly string[];
  /** The conditions that were evaluated, with the values that they name. */
  readonly conditions: readonly ExplainedCondition[];
  /** Where each tag, field and time comes from, and why one is omitted. */
  readonly values: readonly ExplainedValue[];
  /** The number of values that are not listed; absent when all are. */
  readonly moreValues?: number;
  /** Paths in the payload that nothing has read; empty where the rule has not come to all of its references. */
  readonly unused: readonly string[];
  readonly mapped: Mapped;
  /** Fields that have another type in the store, as far as it is known; absent when there are none. */
  readonly types?: readonly ExplainedType[];
  /** The points as the store would receive them. */
  readonly lines: readonly string[];
  /** The windows that they fall into; absent when there are none. */
  readonly windows?: readonly ExplainedWindow[];
  readonly warnings: readonly MappingWarning[];
}

interface MappingWarning {
  readonly code: MappingWarningCode;
  readonly count: number;
}

export interface RuleTrial {
  readonly rule: string;
  readonly filter: string;
  /** Why the rule did not take the record; absent for the one that did. */
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

const TAKEN = 'takes it';

export function explanationJson({ mapped, warnings, ...explanation }: Explanation): ExplanationJson {
  const json = { ...explanation, notes: warnings };
  if (mapped.kind === 'points') return { ...json, outcome: 'written', fate: 'written', rule: mapped.rule };
  const { kind: outcome, points: _inLines, ...why } = { points: undefined, ...mapped };
  return { ...json, outcome, fate: outcome, ...why };
}

export interface ExplainOptions extends Pick<ApplyOptions, 'limits' | 'state'> {
  /** Gives a point the types that the store has; absent where they are not known. */
  readonly fitTypes?: ((point: Point) => Fitted) | undefined;
  /** Absent without windows. */
  readonly explainWindows?: ExplainWindows | undefined;
}

/**
 * Explains what the rules make of one record.
 *
 * @param encode writes a point in the format of the store in use
 */
export function explainRecord(
  ruleSet: RuleSet,
  record: StreamRecord,
  encode: (point: Point) => string,
  { fitTypes, explainWindows, ...options }: ExplainOptions = {},
): Explanation {
  const warnings = new MappingWarnings();
  const [match] = record.refused === undefined ? ruleSet.matches(record.topic) : [];
  const trace = new RecordedTrace();
  const made = ruleSet.apply(record, warnings, { ...options, trace });
  const { mapped, types } = fitTypes === undefined ? { mapped: made, types: [] } : fitMapped(made, fitTypes);
  const counts = warnings.total();
  const written = mapped.kind === 'filtered' ? [] : (mapped.points ?? []);
  const windows = explainWindows?.(written) ?? [];
  return {
    topic: record.topic,
    tried: ruleSet.rules.map(({ name, pattern }) => {
      const mismatch =
        refusedMismatch(record) ?? pattern.mismatch(record.topic) ?? notTaken(trace.rules.get(name));
      return { rule: name, filter: pattern.filter, ...(mismatch !== undefined && { mismatch }) };
    }),
    captures: match?.captures ?? {},
    ...(match !== undefined && { device: deviceOf(match, record) }),
    ...(trace.format !== undefined && { format: trace.format }),
    ...(match !== undefined && chosenFormat(match, record)),
    ...(trace.repaired !== undefined && { repaired: trace.repaired }),
    conditions: trace.conditions,
    values: trace.values,
    ...(trace.moreValues > 0 && { moreValues: trace.moreValues }),
    unused: isReadToItsEnd(made) ? trace.unused() : [],
    mapped,
    ...(types.length > 0 && { types }),
    lines: written.map(encode),
    ...(windows.length > 0 && { windows }),
    warnings: MAPPING_WARNING_CODES.filter((code) => counts[code] > 0).map((code) => ({
      code,
      count: counts[code],
    })),
  };
}

/** Whether the rule has come to all of its references. One that finds none of its fields has, and probably misspells them. */
function isReadToItsEnd(mapped: Mapped): boolean {
  return mapped.kind === 'points' || (mapped.kind === 'parked' && mapped.code === 'no-fields');
}

const MAX_CONTENT_TYPE_CHARACTERS = 200;

function chosenFormat(
  match: TopicMatch,
  record: StreamRecord,
): Pick<Explanation, 'contentType' | 'formatBy'> {
  const { contentType } = record.properties ?? {};
  if (contentType === undefined) return {};
  const byContentType = formatByContentType(match, record) === undefined ? 'default' : 'content-type';
  return {
    contentType: contentType.slice(0, MAX_CONTENT_TYPE_CHARACTERS),
    formatBy: match.formatBy ?? byContentType,
  };
}

function refusedMismatch({ refused }: StreamRecord): string | undefined {
  return refused === undefined ? undefined : 'the broker has not accepted the message, so no rule sees it';
}

/** Why a rule whose topic matches did not take the record; `outcome` is what it reported, if it was asked. */
function notTaken(outcome: string | undefined): string | undefined {
  if (outcome === undefined) return 'not tried: an earlier rule took it';
  return outcome === TAKEN ? undefined : outcome;
}
