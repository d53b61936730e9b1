import type { FieldType } from '../sink/point.js';
import type { Otherwise } from './fields.js';
import type { NumberOptions } from './number-steps.js';
import type { WordOptions } from './value-words.js';

/**
 * A rule as `config` passes it: defaults filled in, units resolved, references still text.
 *
 * A reference names where a value comes from:
 *   payload.a.b, payload.list[0], payload["odd key"]   inside the decoded payload
 *   topic.name                                          a level captured by +name or #name in the topic filter
 *   device                                              the last topic level but one; the client id for a topic of one level
 *   clientId                                            the MQTT client id
 */
export interface RuleOptions {
  readonly name: string;
  /** Topic filter; `+name` captures one level, `#name` the rest; bare `+` and `#` match without a name. */
  readonly topic: string;
  /** CEL over `payload`, `topic`, `device`, `clientId`, `qos`; false means filtered by this rule. */
  readonly where?: string;
  readonly measurement: string;
  /** When absent, the receive time. 'auto': an obvious time key of the payload, else the receive time. */
  readonly time?: 'auto' | TimeOptions;
  /** Tag name → reference or constant. */
  readonly tags: Readonly<Record<string, TagOptions>>;
  /** 'filter': a message in which no declared value is present is filtered; when absent it is parked. */
  readonly whenEmpty?: 'park' | 'filter';
  /** 'auto': every number and boolean of the payload, nested keys joined by `_`, except those used elsewhere. */
  readonly fields: 'auto' | Readonly<Record<string, FieldOptions>>;
}

export type TimeUnit = 'auto' | 's' | 'ms' | 'us' | 'ns' | 'rfc3339';

export interface TimeOptions {
  /** Path inside the payload (with or without the leading `payload.`), or several: the first that is there and not null counts. */
  readonly path: string | readonly string[];
  readonly unit: TimeUnit;
  /** IANA name of the zone of a text without one. */
  readonly zone?: string;
  /** How far before the receive time a reading may lie. */
  readonly maxPastMs: number;
  readonly maxFutureMs: number;
  /** What happens to a time that cannot be read, or lies outside of the window; 'park' when absent. */
  readonly otherwise?: 'park' | 'receive' | 'clamp';
}

export type TagOptions = { readonly path: string } | { readonly value: string };

export type FieldDefault = string | number | boolean;

/**
 * A field: where its value comes from, and what becomes of it in this order: no-value words, map, suffix, decimal comma;
 * type; scale, offset, unit, rounding; range, allowed values, length.
 */
export interface FieldOptions extends WordOptions, NumberOptions {
  /** A reference, or several: the first that is in the message and not null counts. */
  readonly path: string | readonly string[];
  /** When absent: number → float, boolean → boolean, string → string. */
  readonly type?: FieldType;
  /** Inclusive; numbers only. */
  readonly range?: readonly [number, number];
  /** The unit of the stored number: dashboards show it, and `from` is converted to it. */
  readonly unit?: string;
  readonly oneOf?: readonly FieldDefault[];
  readonly maxLength?: number;
  readonly truncate?: number;
  /** What happens to a value that cannot be stored; 'park' when absent. */
  readonly otherwise?: Otherwise;
  /** Stored when there is no value. */
  readonly default?: FieldDefault;
  readonly required?: boolean;
}

/** The rules of a configuration without `rules`: any JSON object on any topic becomes a point. */
export const DEFAULT_RULES: readonly RuleOptions[] = [
  {
    name: 'default',
    topic: '#',
    measurement: 'telemetry',
    time: 'auto',
    tags: { device: { path: 'device' } },
    fields: 'auto',
  },
];
