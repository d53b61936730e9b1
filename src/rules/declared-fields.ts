import { constantMeasurement, type FieldOptions, isTemplate, type RuleOptions } from './rule-options.js';
import { textsOfTemplate } from './template.js';

/** What the rules state about the numbers of a field. */
export interface FieldMeaning {
  readonly unit?: string;
  /** Where its numbers usually lie, both ends included. */
  readonly expected?: readonly [low: number, high: number];
}

/** Whether a rule has given a measurement this name, since the rules came into force. */
export type HasNamed = (rule: string, measurement: string) => boolean;

interface DeclaringRule {
  readonly name: string;
  readonly measurement: NameMatch;
  readonly fields: ReadonlyMap<string, FieldOptions>;
  readonly templates: readonly { readonly name: NameMatch; readonly options: FieldOptions }[];
}

/** A name that a rule writes, or what is known of it beforehand. */
interface NameMatch {
  readonly isConstant: boolean;
  readonly fits: (name: string) => boolean;
}

const NOTHING: FieldMeaning = {};

/**
 * DeclaredFields says what the rules state about a field. Names that messages give are compared with the text around their
 * references, and of several rules that fit, those count that have named the measurement. Where two rules state different
 * things nothing is said: a wrong unit is worse than none.
 */
export class DeclaredFields {
  readonly #rules: readonly DeclaringRule[];
  readonly #hasNamed: HasNamed;
  /** Measurement → its fields in the order in which rules name them. */
  readonly #named = new Map<string, string[]>();

  constructor(rules: readonly RuleOptions[], hasNamed: HasNamed = () => false) {
    this.#rules = rules
      .map(declaringRule)
      .filter(({ fields, templates }) => fields.size + templates.length > 0);
    this.#hasNamed = hasNamed;
    for (const { measurement, fields } of rules) {
      const name = constantMeasurement(measurement);
      if (name === undefined || fields === 'auto') continue;
      this.#named.set(name, [...(this.#named.get(name) ?? []), ...Object.keys(fields)]);
    }
  }

  /** The fields of a measurement in the order in which the rules name them; those of templates and of `auto` are absent. */
  named(measurement: string): readonly string[] {
    return this.#named.get(measurement) ?? [];
  }

  of(measurement: string, field: string): FieldMeaning {
    const stated = this.#writers(measurement).flatMap((rule) => optionsOf(rule, field));
    const unit = onlyOne(stated.map((options) => options.unit));
    const expected = onlyOne(stated.map((options) => options.expected));
    if (unit === undefined && expected === undefined) return NOTHING;
    return { ...(unit !== undefined && { unit }), ...(expected !== undefined && { expected }) };
  }

  /** The rules that write a measurement, as far as it is known. */
  #writers(measurement: string): readonly DeclaringRule[] {
    const fitting = this.#rules.filter((rule) => rule.measurement.fits(measurement));
    const certain = fitting.filter(
      (rule) => rule.measurement.isConstant || this.#hasNamed(rule.name, measurement),
    );
    return certain.length > 0 ? certain : fitting;
  }
}

function declaringRule({ name, measurement, fields }: RuleOptions): DeclaringRule {
  const entries =
    fields === 'auto' ? [] : Object.entries(fields).filter(([, field]) => statesSomething(field));
  return {
    name,
    measurement: measurementMatch(measurement),
    fields: new Map(entries.filter(([field]) => !isTemplate(field))),
    templates: entries
      .filter(([field]) => isTemplate(field))
      .map(([field, options]) => ({ name: templateMatch(field), options })),
  };
}

function statesSomething({ unit, expected }: FieldOptions): boolean {
  return unit !== undefined || expected !== undefined;
}

/** A field that the rule names counts before one that a template of it could name. */
function optionsOf({ fields, templates }: DeclaringRule, field: string): readonly FieldOptions[] {
  const named = fields.get(field);
  if (named !== undefined) return [named];
  return templates.filter(({ name }) => name.fits(field)).map(({ options }) => options);
}

function measurementMatch(measurement: RuleOptions['measurement']): NameMatch {
  const constant = constantMeasurement(measurement);
  if (constant !== undefined) return { isConstant: true, fits: (name) => name === constant };
  const template = typeof measurement === 'string' ? undefined : measurement.template;
  return template === undefined ? { isConstant: false, fits: () => true } : templateMatch(template);
}

/** Fits names that have the texts around the references in their order; what a reference gives is not empty. */
function templateMatch(template: string): NameMatch {
  const texts = textsOfTemplate(template);
  const [first = ''] = texts;
  const last = texts.at(-1) ?? '';
  return {
    isConstant: false,
    fits: (name) => {
      if (!name.startsWith(first) || !name.endsWith(last)) return false;
      const end = name.length - last.length;
      let at = first.length;
      for (const text of texts.slice(1, -1)) {
        const found = name.indexOf(text, at + 1);
        if (found < 0) return false;
        at = found + text.length;
      }
      return at < end;
    },
  };
}

/** The only thing that is stated; undefined where nothing is, or two things are. */
function onlyOne<T>(all: readonly (T | undefined)[]): T | undefined {
  const stated = new Map(
    all.flatMap((one) => (one === undefined ? [] : [[JSON.stringify(one), one] as const])),
  );
  return stated.size === 1 ? [...stated.values()][0] : undefined;
}
