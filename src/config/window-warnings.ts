import {
  constantMeasurement,
  type FieldOptions,
  isTemplate,
  type RuleOptions,
  storesNothing,
} from '../rules/rule-options.js';
import { type Aggregate, WINDOW_FUNCTIONS, type WindowFunction } from '../windows/aggregate.js';
import type { Findings } from './findings.js';
import type { KeyPath } from './problem.js';
import type { SluiceConfig } from './sluice-config.js';

/**
 * Adds a finding for each name in an aggregate that no rule gives to its points. Where messages give names nothing is known,
 * and nothing is found.
 */
export function findWindowWarnings(
  { windows, rules }: Pick<SluiceConfig, 'windows' | 'rules'>,
  findings: Findings,
): void {
  for (const [index, aggregate] of windows?.aggregates.entries() ?? []) {
    const at: KeyPath = ['windows', 'aggregates', index];
    const writers = rules.filter((rule) => mayWrite(rule, aggregate.from));
    if (writers.length === 0) {
      findings.add([[...at, 'from']], {
        expected: 'a measurement that a rule writes',
        hint: 'this aggregate will have no windows',
      });
      continue;
    }
    warnOfFields(aggregate, writers, at, findings);
    warnOfTags(aggregate, writers, at, findings);
    warnOfFunctions(aggregate, writers, at, findings);
  }
}

function mayWrite(rule: RuleOptions, measurement: string): boolean {
  const fixed = constantMeasurement(rule.measurement);
  return (fixed === undefined || fixed === measurement) && !storesNothing(rule);
}

function warnOfFields(
  { fields }: Aggregate,
  writers: readonly RuleOptions[],
  at: KeyPath,
  findings: Findings,
): void {
  const known = new Set<string>();
  for (const { fields: named, autoFields } of writers) {
    if (named === 'auto' || autoFields !== undefined) return;
    for (const name of Object.keys(named)) {
      if (isTemplate(name)) return;
      known.add(name);
    }
  }
  for (const field of [...fields.keys()].filter((name) => !known.has(name))) {
    findings.add([[...at, 'fields', field]], {
      got: field,
      expected: `a field that a rule gives to this measurement: ${[...known].join(', ')}`,
    });
  }
}

/** What rules say of the type of a field decides which functions it has. */
function warnOfFunctions(
  { fields }: Aggregate,
  writers: readonly RuleOptions[],
  at: KeyPath,
  findings: Findings,
): void {
  for (const [field, { functions }] of fields) {
    const types = new Set(
      writers.flatMap(({ fields: named, autoFields }) => {
        // The value decides it.
        if (named === 'auto' || autoFields !== undefined) return [undefined];
        const options = named[field];
        return options === undefined ? [] : [options.type];
      }),
    );
    const [type] = types;
    if (types.size !== 1 || type === undefined) continue;
    const useless = functions.filter((one) => !isFor(one, type));
    if (useless.length === 0) continue;
    findings.add([[...at, 'fields', field]], {
      got: `${useless.join(', ')} of a field of type ${type}`,
      expected: `functions that such a field has: ${WINDOW_FUNCTIONS.filter((one) => isFor(one, type)).join(', ')}`,
    });
  }
}

function isFor(one: WindowFunction, type: NonNullable<FieldOptions['type']>): boolean {
  if (one === 'count' || one === 'changes') return true;
  if (one === 'true_ratio') return type === 'boolean';
  return type === 'float' || type === 'int';
}

function warnOfTags(
  { by = [] }: Aggregate,
  writers: readonly RuleOptions[],
  at: KeyPath,
  findings: Findings,
): void {
  if (writers.some(({ autoTags }) => autoTags !== undefined)) return;
  const known = new Set(writers.flatMap(({ tags }) => Object.keys(tags)));
  for (const tag of by.filter((name) => !known.has(name))) {
    findings.add([[...at, 'by']], {
      got: tag,
      expected:
        known.size === 0
          ? 'no tag, because no rule gives one to this measurement'
          : `a tag that a rule gives to this measurement: ${[...known].join(', ')}`,
    });
  }
}
