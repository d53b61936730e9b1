import type { FormatOptions } from '../formats/format-options.js';
import type { FieldType } from '../sink/point.js';
import type { Otherwise } from './fields.js';
import type { NumberOptions } from './number-steps.js';
import type { PolicyOptions } from './policies/policy-options.js';
import type { WordOptions } from './value-words.js';

/**
 * A rule as `config` passes it: defaults filled in, units resolved, references still text.
 *
 * A reference names where a value comes from:
 *   payload, payload.a.b, payload.list[0], payload["odd key"]   the decoded payload, or a value in it
 *   element, element.x, key, index                              what `each` of the rule names; also inside a path: payload.list[index]
 *   topic, topic.name                                            the topic; a level captured by +name or #name in the topic filter
 *   device                                                       the last topic level but one; the client id for a topic of one level
 *   clientId                                                     the MQTT client id
 *   user                                                         the user that the publisher has signed in as, if any
 *   properties.contentType, properties.user.name                  what the publisher says of the message (MQTT 5), if it does
 */
export interface RuleOptions {
  readonly name: string;
  /** Topic filter; `+name` captures one level, `#name` the rest; bare `+` and `#` match without a name. */
  readonly topic: string;
  /** How the payload is encoded; when absent, what the topic says, else JSON. */
  readonly format?: FormatOptions;
  /** CEL over `payload`, `topic`, `device`, `clientId`, `user`, `properties`, `qos`; false means filtered by this rule. */
  readonly where?: string;
  /** A message that the rule takes also goes to the rules behind it; otherwise only where every matching rule applies. */
  readonly continue?: boolean;
  /** Share of the messages that are taken, above 0 up to 1; the others are filtered. */
  readonly sample?: number;
  /** The first condition that is false parks the message, or the element, with its reason. */
  readonly check?: readonly CheckOptions[];
  /** One point for each element of a list or object; several levels, the outer first. */
  readonly each?: readonly EachOptions[];
  /** Most elements that one message may have; when absent, DEFAULT_MAX_ELEMENTS. */
  readonly maxElements?: number;
  /** A name, or where it comes from. */
  readonly measurement: string | SourceOptions;
  /** When absent, the receive time. 'auto': an obvious time key of the payload, else the receive time. */
  readonly time?: 'auto' | TimeOptions;
  /** Tag name → source. */
  readonly tags: Readonly<Record<string, TagOptions>>;
  /** Tags found in the payload, beside those that are named. */
  readonly autoTags?: AutoTagsOptions;
  /** 'filter': a message in which no declared value is present is filtered; when absent it is parked. */
  readonly whenEmpty?: 'park' | 'filter';
  /** Beside what holds for all rules. */
  readonly policies?: PolicyOptions;
  /** 'auto': every number and boolean, nested keys joined by `_`, except those used elsewhere. A name may be a template: `{key}`. */
  readonly fields: 'auto' | Readonly<Record<string, FieldOptions>>;
  /** Fields found in the payload, beside those that are named. `fields: auto` alone is the same with no options. */
  readonly autoFields?: AutoFieldsOptions;
  /** Most measurements, most fields, and most tags of `autoTags`, whose names come from messages; when absent, DEFAULT_MAX_NAMES. */
  readonly maxNames?: number;
}

/** Where a value comes from: exactly one of these. */
export interface SourceOptions {
  /** A reference, or several: the first that is in the message and not null counts. */
  readonly path?: string | readonly string[];
  readonly value?: Scalar;
  /** Text with references in braces: `{topic.site}-{payload.id}`. */
  readonly template?: string;
  readonly lookup?: LookupOptions;
  /** A CEL expression. */
  readonly cel?: string;
}

export interface LookupOptions {
  readonly table: string;
  /** A reference, or a template. */
  readonly key: string;
  readonly column: string;
}

export interface CheckOptions {
  /** A CEL condition that must be true. */
  readonly if: string;
  /** The reason when it is not. */
  readonly else: string;
}

export interface EachOptions {
  /** Where the list or object is; of several paths the first that is there and not null. */
  readonly path: string | readonly string[];
  /** The names of the element, of its key in an object, and of its index from 0. */
  readonly as: string;
  readonly key: string;
  readonly index: string;
  /** CEL condition; an element that does not satisfy it is skipped. */
  readonly where?: string;
}

export interface AutoFieldsOptions {
  /** The object whose members become fields; when absent, the element, and the payload without `each`. */
  readonly from?: string | readonly string[];
  /** Patterns of field names with `*`; when absent, all. */
  readonly include?: readonly string[];
  readonly exclude?: readonly string[];
  /** Pattern → new name, in which `*` stands for what the `*` of the pattern matched. The first that matches counts. */
  readonly rename?: Readonly<Record<string, string>>;
  /** Texts become string fields too. */
  readonly texts?: boolean;
}

export interface AutoTagsOptions extends Pick<AutoFieldsOptions, 'include' | 'exclude' | 'rename'> {
  /** The object whose members become tags. */
  readonly from: string | readonly string[];
}

export type TimeUnit = 'auto' | 's' | 'ms' | 'us' | 'ns' | 'rfc3339';

export interface TimeOptions extends Omit<SourceOptions, 'value' | 'lookup'> {
  readonly unit: TimeUnit;
  /** IANA name of the zone of a text without one. */
  readonly zone?: string;
  /** Added once for each element before this one: for lists with a base time. */
  readonly interval?: number | TimeSpanOptions;
  /** Added to the time. */
  readonly offset?: TimeSpanOptions;
  /** How far before the receive time a reading may lie. */
  readonly maxPastMs: number;
  readonly maxFutureMs: number;
  /** What happens to a time that cannot be read, or lies outside of the window; 'park' when absent. */
  readonly otherwise?: 'park' | 'receive' | 'clamp';
}

/** A number of the message that is a span of time. */
export interface TimeSpanOptions {
  readonly path: string | readonly string[];
  readonly unit: 's' | 'ms' | 'us' | 'ns';
}

/** A tag: where its value comes from, and what becomes of it. */
export interface TagOptions extends SourceOptions, Pick<WordOptions, 'noValue' | 'map'> {
  /** When there is no value. */
  readonly default?: string;
  /** A record without a value is parked; false: that there is none is expected, and no mapping warning. */
  readonly required?: boolean;
  /** What happens to a value that cannot be a tag; 'park' when absent. 'replace': forbidden characters become `_`. */
  readonly otherwise?: 'park' | 'omit' | 'replace';
}

export type Scalar = string | number | boolean;

/**
 * A field: where its value comes from, and what becomes of it in this order: no-value words, map, suffix, decimal comma;
 * type; scale, offset, unit, rounding; range, allowed values, length.
 */
export interface FieldOptions extends SourceOptions, WordOptions, NumberOptions {
  /** When absent: number → float (int where the format declares it one), boolean → boolean, string → string. */
  readonly type?: FieldType;
  /** Inclusive; numbers only. */
  readonly range?: readonly [number, number];
  /** Where the stored number usually lies, both ends included; a number outside is stored all the same. */
  readonly expected?: readonly [number, number];
  /** The unit of the stored number: dashboards show it, and `from` is converted to it. */
  readonly unit?: string;
  readonly oneOf?: readonly Scalar[];
  readonly maxLength?: number;
  readonly truncate?: number;
  /** What happens to a value that cannot be stored; 'park' when absent. */
  readonly otherwise?: Otherwise;
  /** Stored when there is no value. */
  readonly default?: Scalar;
  /** As for a tag. */
  readonly required?: boolean;
}

/**
 * The rules of a configuration without `rules`: any JSON object, number or boolean on any topic becomes a point. The tag
 * `topic` keeps the series of two topics apart, also where their last level but one is the same.
 */
export const DEFAULT_RULES: readonly RuleOptions[] = [
  {
    name: 'default',
    topic: '#',
    measurement: 'telemetry',
    time: 'auto',
    tags: { device: { path: 'device' }, topic: { path: 'topic' } },
    fields: 'auto',
  },
];

/** The most elements that one message may have, unless the rule sets another limit. */
export const DEFAULT_MAX_ELEMENTS = 2_000;

/** The most measurements, and the most fields, whose names come from messages, unless the rule sets another limit. */
export const DEFAULT_MAX_NAMES = 1_000;

/** The measurement that a rule always writes; undefined when messages name it. */
export function constantMeasurement(measurement: RuleOptions['measurement']): string | undefined {
  if (typeof measurement === 'string') return measurement;
  return measurement.value === undefined ? undefined : String(measurement.value);
}

/** Whether a rule ignores its topics on purpose. */
export function storesNothing({ where }: Pick<RuleOptions, 'where'>): boolean {
  return where?.trim() === 'false';
}

/** Whether a text has a reference in braces. */
export function isTemplate(text: string): boolean {
  return /\{[^{}]*\}/.test(text.replace(/\{\{|\}\}/g, ''));
}

/** Whether a reference in a text has a brace before it and none behind it: `pump_{topic.id`. */
export function isHalfTemplate(text: string): boolean {
  return /(?<!\{)\{\s*(?:payload|topic|device|clientId|user|properties|element|key|index)\b[^{}]*$/.test(
    text,
  );
}
