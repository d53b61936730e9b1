import type { JsonLimits } from '../formats/json/json-value.js';
import type { StateTables } from '../lib/state-tables.js';
import { DeclaredFields } from '../rules/declared-fields.js';
import { type Mapped, MappingWarnings } from '../rules/mapped.js';
import type { OverBudgetNotice } from '../rules/policies/cardinality.js';
import type { TypePolicy } from '../rules/policies/field-types.js';
import type { CardinalityOptions } from '../rules/policies/policy-options.js';
import type { RuleOptions } from '../rules/rule-options.js';
import { compileOrThrow, type RuleSet, type RuleSetOptions } from '../rules/rule-set.js';
import type { StreamRecord } from '../stream/stream.js';

/** What records are mapped by: plain data, which can go to another thread. */
export interface MappingOptions extends Omit<RuleSetOptions, 'readClock'> {
  readonly rules: readonly RuleOptions[];
  readonly payload: JsonLimits;
  /** What becomes of a field whose type is not that of the store. */
  readonly types: TypePolicy;
}

/** Compiled rules with their caches, and the limits of a payload: a reload replaces all of it at once. */
export interface Mapping {
  readonly ruleSet: RuleSet;
  /** What the rules state about fields. */
  readonly declared: DeclaredFields;
  readonly payload: JsonLimits;
  /** The budgets of rules that have none of their own. */
  readonly budgets: CardinalityOptions | undefined;
  readonly apply: (record: StreamRecord, state: StateTables) => Mapped;
  /** The unit that a rule states for a field of its own. */
  readonly unitOf: (rule: string, field: string) => string | undefined;
  /** The same for a record that was parked. */
  readonly applyAgain: (record: StreamRecord, state: StateTables) => Mapped;
}

/** RulesInForce are the rules that this process maps records by. */
export class RulesInForce {
  readonly mappingWarnings = new MappingWarnings();
  readonly #notice: (over: OverBudgetNotice) => void;
  #current: Mapping;

  /** `notice` is called when a record is over a budget. Throws CONFIG_INVALID for rules that cannot be compiled. */
  constructor(options: MappingOptions, notice: (over: OverBudgetNotice) => void = () => undefined) {
    this.#notice = notice;
    this.#current = this.compile(options);
  }

  get current(): Mapping {
    return this.#current;
  }

  /** Compiles rules that are not in force yet. Throws CONFIG_INVALID. */
  compile({ rules, payload, types: _types, ...context }: MappingOptions): Mapping {
    const ruleSet = compileOrThrow(rules, context);
    const fieldsOf = new Map(rules.map(({ name, fields }) => [name, fields]));
    return {
      ruleSet,
      declared: new DeclaredFields(rules, (rule, measurement) => ruleSet.hasNamed(rule, measurement)),
      payload,
      budgets: context.policies?.cardinality,
      apply: (record, state) =>
        ruleSet.apply(record, this.mappingWarnings, { limits: payload, state, notice: this.#notice }),
      unitOf: (rule, field) => {
        const fields = fieldsOf.get(rule) ?? 'auto';
        return fields === 'auto' || !Object.hasOwn(fields, field) ? undefined : fields[field]?.unit;
      },
      applyAgain: (record, state) =>
        ruleSet.apply(record, this.mappingWarnings, { limits: payload, state, isReplay: true }),
    };
  }

  replace(mapping: Mapping): void {
    this.#current = mapping;
  }
}
