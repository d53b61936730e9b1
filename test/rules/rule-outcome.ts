import { parseConfig } from '../../src/config/load-config.js';
import { formatProblem } from '../../src/config/problem.js';
import { type Mapped, MappingWarnings } from '../../src/rules/mapped.js';
import { type ApplyOptions, compileRules, type RuleSet } from '../../src/rules/rule-set.js';
import { newLineText } from '../../src/sink/influx/line.js';
import type { StreamRecord } from '../../src/stream/stream.js';
import { sampleRecord } from './sample-record.js';

/** 2026-03-08T20:05:12.5Z, the receive time of all cases. */
export const CASE_RECEIVED_AT_NS = 1_773_000_312_500_000_000n;

/** Compiles a configuration as a user writes it. Throws its problems. */
export function ruleSetOf(yaml: string): RuleSet {
  const parsed = parseConfig(yaml, 'sluice.yaml', '/', {});
  if (!parsed.ok) throw new Error(parsed.problems.map(formatProblem).join('\n'));
  const { rules, mapping } = parsed.loaded.config;
  const compiled = compileRules(rules, mapping);
  if (!compiled.ok) throw new Error(JSON.stringify(compiled.problems));
  return compiled.ruleSet;
}

export interface Outcome {
  /** The lines that reach InfluxDB; with a parked record those of its good parts. */
  readonly lines: readonly string[];
  /** `written`, `filtered by …` or `parked as …`. */
  readonly outcome: string;
  readonly reason?: string;
  /** The mapping warnings that were given, each with its count. */
  readonly notes: Readonly<Record<string, number>>;
}

export function outcomeIn(
  rules: RuleSet,
  payload: string | Buffer,
  overrides: Partial<StreamRecord> = {},
  options: ApplyOptions = {},
): Outcome {
  const warnings = new MappingWarnings();
  const record = sampleRecord(payload, { receivedAtNs: CASE_RECEIVED_AT_NS, ...overrides });
  const mapped = rules.apply(record, warnings, options);
  const given = Object.entries(warnings.total()).filter(([, count]) => count > 0);
  return { ...inWords(mapped), notes: Object.fromEntries(given) };
}

function inWords(mapped: Mapped): Omit<Outcome, 'notes'> {
  if (mapped.kind === 'filtered') return { lines: [], outcome: `filtered by ${mapped.rule}` };
  const lines = (mapped.points ?? []).map(newLineText());
  if (mapped.kind === 'points') return { lines, outcome: 'written' };
  return { lines, outcome: `parked as ${mapped.code}`, reason: mapped.reason };
}

/** The rule `r`, for the measurement `m` on every topic unless `keys` (YAML) say otherwise. */
export function ruleOf(keys: string): RuleSet {
  const topic = /\btopic: "/.test(keys) ? '' : 'topic: "#", ';
  const measurement = /\bmeasurement:/.test(keys) ? '' : 'measurement: m, ';
  return ruleSetOf(`rules: [{ name: r, ${topic}${measurement}${keys} }]`);
}
