import type { JsonLimits } from '../formats/json/json-value.js';
import { type Mapped, MappingWarnings } from '../rules/mapped.js';
import type { PolicyOptions } from '../rules/policies/policy-options.js';
import type { RuleOptions } from '../rules/rule-options.js';
import { compileOrThrow, type RuleSet, type RuleSetOptions } from '../rules/rule-set.js';
import type { StreamRecord } from '../stream/stream.js';

/** What records are mapped by: plain data, which can go to another thread. */
export interface MappingOptions extends Omit<RuleSetOptions, 'readClock'> {
  readonly rules: readonly RuleOptions[];
  readonly payload: JsonLimits;
  readonly policies: PolicyOptions;
}

/** Compiled rules with their caches, and the limits of a payload: a reload replaces all of it at once. */
export interface Mapping {
  readonly ruleSet: RuleSet;
  readonly payload: JsonLimits;
  readonly apply: (record: StreamRecord) => Mapped;
}

/** RulesInForce are the rules that this process maps records by. */
export class RulesInForce {
  readonly mappingWarnings = new MappingWarnings();
  #current: Mapping;

  /** Throws CONFIG_INVALID for rules that cannot be compiled. */
  constructor(options: MappingOptions) {
    this.#current = this.compile(options);
  }

  get current(): Mapping {
    return this.#current;
  }

  /** Compiles rules that are not in force yet. Throws CONFIG_INVALID. */
  compile({ rules, payload, policies: _policies, ...context }: MappingOptions): Mapping {
    const ruleSet = compileOrThrow(rules, context);
    return { ruleSet, payload, apply: (record) => ruleSet.apply(record, this.mappingWarnings, payload) };
  }

  replace(mapping: Mapping): void {
    this.#current = mapping;
  }
}
