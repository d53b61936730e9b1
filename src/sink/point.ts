export interface Tag {
  readonly name: string;
  readonly value: string;
}

/** Returns the tags in the order that a series has them. */
export function sortedTags(tags: Iterable<Tag>): readonly Tag[] {
  return [...tags].sort((a, b) => Buffer.compare(Buffer.from(a.name), Buffer.from(b.name)));
}

/**
 * A measurement with a tag set. All points of a series share one object, so that a sink can keep what it
 * derives from it (an escaped prefix, a key) in a WeakMap.
 */
export interface Series {
  readonly measurement: string;
  /** Sorted by the UTF-8 bytes of the name; names unique; no empty value. */
  readonly tags: readonly Tag[];
}

/** The type of a field. A store fixes it when it first sees the field, and rejects points with another type later. */
export const FIELD_TYPES = ['float', 'int', 'string', 'boolean'] as const;
export type FieldType = (typeof FIELD_TYPES)[number];

/** `float`: finite number. `int`: bigint within int64. */
export type Field =
  | { readonly name: string; readonly type: 'float'; readonly value: number }
  | { readonly name: string; readonly type: 'int'; readonly value: bigint }
  | { readonly name: string; readonly type: 'string'; readonly value: string }
  | { readonly name: string; readonly type: 'boolean'; readonly value: boolean };

export interface Point {
  readonly series: Series;
  /** At least one; names unique within the point. */
  readonly fields: readonly Field[];
  /** ns since 1970, within int64. */
  readonly timestampNs: bigint;
}
