import type { JsonValue } from '../formats/json/json-value.js';
import type { MappingTrace, TracedCondition, TracedValue } from './mapping-trace.js';
import { unusedPaths } from './unused-paths.js';
import { valueText } from './value-text.js';

/** One value of an explanation; `found` is JSON, cut. */
export interface ExplainedValue extends Omit<TracedValue, 'found'> {
  readonly found?: string;
  /** The element of `each` that it belongs to. */
  readonly element?: string;
}

export interface ExplainedCondition extends Omit<TracedCondition, 'read'> {
  readonly read: readonly { readonly path: string; readonly found?: string }[];
}

/** A payload has at most so many keys by default; with `each` a rule may read more values. */
const MAX_VALUES = 1_000;
const ROOT = 'payload';
/** A step whose key a variable names: which one it was is not in the text. */
const VARIABLE_STEP = /\[[A-Za-z_]\w*\]/;

/** RecordedTrace keeps what the rules report of one record, within bounds. */
export class RecordedTrace implements MappingTrace {
  readonly rules = new Map<string, string>();
  readonly #values: ExplainedValue[] = [];
  /** A condition that is decided before the payload is decoded may be evaluated again with it. */
  readonly #conditions = new Map<string, ExplainedCondition>();
  readonly #used = new Set<string>();
  readonly #elements = new Set<string>();
  #element: string | undefined;
  /** The elements that are open, by the names that the rule gives them. */
  #bases: Readonly<Record<string, string>> = {};
  #payload: JsonValue | undefined;
  #format: string | undefined;
  #repaired: readonly string[] | undefined;
  #moreValues = 0;

  payload(value: JsonValue, format: string, repaired: readonly string[] | undefined): void {
    this.#payload = value;
    this.#format = format;
    this.#repaired = repaired;
  }

  rule(name: string, outcome: string): void {
    this.rules.set(name, outcome);
  }

  condition({ read, ...condition }: TracedCondition): void {
    for (const { path } of read) this.#use(path);
    const explained = read.map(({ path, found }) => ({ path, ...foundText(found) }));
    this.#conditions.set(condition.expression, { ...condition, read: explained });
  }

  value({ target, name, from, found, ...outcome }: TracedValue): void {
    this.#use(from);
    if (this.#values.length >= MAX_VALUES) {
      this.#moreValues += 1;
      return;
    }
    const element = this.#element;
    const inElement = element === undefined ? {} : { element };
    this.#values.push({ target, name, from, ...foundText(found), ...outcome, ...inElement });
  }

  element(path: string, bases: Readonly<Record<string, string>>): void {
    this.#element = path;
    this.#bases = bases;
    for (const base of Object.values(bases)) this.#elements.add(base);
  }

  /** The format that the payload was decoded by. */
  get format(): string | undefined {
    return this.#format;
  }

  /** What was tolerated in the payload. */
  get repaired(): readonly string[] | undefined {
    return this.#repaired;
  }

  get values(): readonly ExplainedValue[] {
    return this.#values;
  }

  /** How many values there are beyond the bound. */
  get moreValues(): number {
    return this.#moreValues;
  }

  get conditions(): readonly ExplainedCondition[] {
    return [...this.#conditions.values()];
  }

  /** What of the payload no value and no condition has read. */
  unused(): readonly string[] {
    return this.#payload === undefined ? [] : unusedPaths(this.#payload, this.#used, this.#elements);
  }

  /** A reference that begins with the name of the element reads inside of it. */
  #use(reference: string): void {
    const [name = ''] = /^\w+/.exec(reference) ?? [];
    const base = name === ROOT ? ROOT : this.#bases[name];
    if (base === undefined) return;
    const steps = reference.slice(name.length);
    const variable = VARIABLE_STEP.exec(steps);
    this.#used.add(base + (variable === null ? steps : steps.slice(0, variable.index)));
  }
}

function foundText(value: JsonValue | undefined): { readonly found?: string } {
  const found = valueText(value);
  return found === undefined ? {} : { found };
}
