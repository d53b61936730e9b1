import type { FieldType } from '../sink/point.js';

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
  /** 'auto': every number and boolean of the payload, nested keys joined by `_`, except those used elsewhere. */
  readonly fields: 'auto' | Readonly<Record<string, FieldOptions>>;
}

export type TimeUnit = 'auto' | 's' | 'ms' | 'us' | 'ns' | 'rfc3339';

export interface TimeOptions {
  /** Path inside the payload (with or without the leading `payload.`). */
  readonly path: string;
  readonly unit: TimeUnit;
  /** How far before the receive time a reading may lie. */
  readonly maxPastMs: number;
  readonly maxFutureMs: number;
}

export type TagOptions = { readonly path: string } | { readonly value: string };

export interface FieldOptions {
  readonly path: string;
  /** When absent: number → float, boolean → boolean, string → string. */
  readonly type?: FieldType;
  /** Inclusive; numbers only. */
  readonly range?: readonly [number, number];
  /** The unit of a number; only dashboards show it. */
  readonly unit?: string;
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
