import type { TimeZone } from '../lib/time-zone.js';

/** The statements of InfluxQL that are answered, as typed trees. They know names and values as they were written, and no store. */

export type Expression =
  | Reference
  | Call
  | Binary
  | Literal
  | { readonly kind: 'wildcard'; readonly only?: 'field' | 'tag' }
  | Regex;

/** The name of a field, a tag, or `time`. */
export interface Reference {
  readonly kind: 'reference';
  readonly name: string;
  /** What follows `::`. */
  readonly cast?: Cast;
}

export const CASTS = ['field', 'tag', 'float', 'integer', 'string', 'boolean'] as const;
export type Cast = (typeof CASTS)[number];

export interface Call {
  readonly kind: 'call';
  /** In lower case. */
  readonly name: string;
  readonly args: readonly Expression[];
}

export interface Binary {
  readonly kind: 'binary';
  readonly operator: Operator;
  readonly left: Expression;
  readonly right: Expression;
}

export interface Regex {
  readonly kind: 'regex';
  /** In the syntax of RE2. */
  readonly pattern: string;
}

export type Literal =
  | { readonly kind: 'string'; readonly value: string }
  | { readonly kind: 'integer'; readonly value: bigint }
  | { readonly kind: 'number'; readonly value: number }
  | { readonly kind: 'boolean'; readonly value: boolean }
  | { readonly kind: 'duration'; readonly ns: bigint }
  /** Only computed: texts are read as times where they are compared with time. */
  | { readonly kind: 'time'; readonly ns: bigint };

/** Operators by how strongly they bind, the weakest first. */
export const PRECEDENCE = {
  OR: 1,
  AND: 2,
  '=': 3,
  '!=': 3,
  '=~': 3,
  '!~': 3,
  '<': 3,
  '<=': 3,
  '>': 3,
  '>=': 3,
  '+': 4,
  '-': 4,
  '|': 4,
  '^': 4,
  '*': 5,
  '/': 5,
  '%': 5,
  '&': 5,
} as const;
export type Operator = keyof typeof PRECEDENCE;

export interface Field {
  readonly expression: Expression;
  /** What follows AS. */
  readonly alias?: string;
}

/** A measurement by its name, or all whose names match. A database and a retention policy before it are not kept. */
export type Source = { readonly name: string } | Regex;

export type Fill =
  | { readonly kind: 'null' | 'none' | 'previous' | 'linear' }
  | { readonly kind: 'number'; readonly value: bigint | number };

/** How many rows or names are omitted and kept; 0 keeps all. */
export interface Limits {
  readonly limit: number;
  readonly offset: number;
}

export interface SelectStatement extends Limits {
  readonly kind: 'select';
  readonly fields: readonly Field[];
  readonly sources: readonly Source[];
  readonly condition?: Expression;
  readonly groupBy: readonly Expression[];
  readonly fill: Fill;
  readonly ascending: boolean;
  readonly seriesLimit: number;
  readonly seriesOffset: number;
  /** Absent: UTC. */
  readonly zone?: TimeZone;
}

export interface ShowStatement extends Limits {
  readonly kind: 'show';
  readonly what:
    | 'databases'
    | 'retention policies'
    | 'measurements'
    | 'tag keys'
    | 'tag values'
    | 'field keys'
    | 'series';
  /** Absent: all. */
  readonly sources?: readonly Source[];
  readonly condition?: Expression;
  /** For tag values: which keys. */
  readonly keys?: KeyChoice;
}

export type KeyChoice =
  | { readonly operator: 'in' | 'not in'; readonly names: readonly string[] }
  | { readonly operator: '=~' | '!~'; readonly pattern: string };

export type Statement = SelectStatement | ShowStatement;
