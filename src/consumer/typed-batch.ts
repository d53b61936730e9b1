import {
  conflictReason,
  type FieldConversion,
  fitPoint,
  type StoredType,
  type TypeOtherwise,
} from '../rules/policies/field-types.js';
import type { KnownTypes } from '../rules/policies/known-types.js';
import type { Field, FieldType, Point } from '../sink/point.js';
import type { FieldTypeConflict, Rejection } from '../sink/sink.js';

/** A record that is parked for the type of a field. */
export interface ParkedConflict {
  readonly point: Point;
  readonly field: Field;
  readonly storedType: FieldType;
}

/** The points of one call of `write` with the types that the store has, as they become known. */
export class TypedBatch {
  readonly #points: readonly Point[];
  readonly #known: KnownTypes;
  readonly #otherwise: TypeOtherwise;
  /** What is sent for each point; undefined once it is rejected. */
  readonly #sent: (Point | undefined)[];
  readonly #conversions = new Map<number, readonly FieldConversion[]>();
  /** What the store said of single points: field → types, the newest last. */
  readonly #said = new Map<number, Map<string, FieldType[]>>();
  readonly #rejections: Rejection[] = [];
  readonly #conflicts: ParkedConflict[] = [];

  constructor(points: readonly Point[], known: KnownTypes, otherwise: TypeOtherwise) {
    this.#points = points;
    this.#known = known;
    this.#otherwise = otherwise;
    this.#sent = [...points];
    for (let index = 0; index < points.length; index++) {
      if (known.mayDiffer(points[index]!)) this.#fit(index);
    }
  }

  /** The indices of the points that are not rejected. */
  remaining(): number[] {
    const indices: number[] = [];
    for (let index = 0; index < this.#sent.length; index++) {
      if (this.#sent[index] !== undefined) indices.push(index);
    }
    return indices;
  }

  /** Applies what has become known meanwhile. */
  fitAgain(indices: Iterable<number>): void {
    for (const index of indices) this.#fit(index);
  }

  sentAt(index: number): Point {
    return this.#sent[index]!;
  }

  /**
   * Notes what the store said of a point. Returns whether it is to be written again with that: false when it was rejected,
   * also because the store says the same again.
   */
  learn(rejection: Rejection, conflict: FieldTypeConflict): boolean {
    const { index } = rejection;
    const said = this.#said.get(index) ?? new Map<string, FieldType[]>();
    this.#said.set(index, said);
    const types = said.get(conflict.field) ?? [];
    if (types.includes(conflict.storedType)) {
      this.reject({ ...rejection, code: 'field-type-conflict' });
      return false;
    }
    said.set(conflict.field, [...types, conflict.storedType]);
    this.#fit(index);
    return this.#sent[index] !== undefined;
  }

  reject(rejection: Rejection): void {
    this.#sent[rejection.index] = undefined;
    this.#conversions.delete(rejection.index);
    this.#rejections.push(rejection);
  }

  /** The points to write again, and those behind them with an identity of theirs, which must win. */
  withLater(again: ReadonlySet<number>): number[] {
    const timesNs = new Set<bigint>();
    const identities = new Set<string>();
    const indices: number[] = [];
    for (const index of this.remaining()) {
      const point = this.#points[index]!;
      if (again.has(index)) {
        timesNs.add(point.timestampNs);
        identities.add(identityOf(point));
        indices.push(index);
      } else if (timesNs.has(point.timestampNs) && identities.has(identityOf(point))) {
        indices.push(index);
      }
    }
    return indices;
  }

  /** In the order of the points. */
  rejections(): readonly Rejection[] {
    return this.#rejections.sort((a, b) => a.index - b.index);
  }

  /** The conflicts for which points are rejected. */
  conflicts(): readonly ParkedConflict[] {
    return this.#conflicts;
  }

  /** What was done to the fields of the points that are not rejected. */
  *conversions(): Iterable<FieldConversion & { readonly point: Point }> {
    for (const [index, conversions] of this.#conversions) {
      for (const conversion of conversions) yield { ...conversion, point: this.#points[index]! };
    }
  }

  #fit(index: number): void {
    const point = this.#points[index]!;
    const fitted = fitPoint(point, (field) => this.#typeOf(index, point, field), this.#otherwise);
    if (fitted.kind === 'conflict') {
      const { field, storedType } = fitted;
      const reason = conflictReason(point.series.measurement, field, storedType);
      this.reject({ index, code: 'field-type-conflict', reason });
      this.#conflicts.push({ point, field, storedType });
      return;
    }
    this.#sent[index] = fitted.point;
    if (fitted.conversions.length === 0) this.#conversions.delete(index);
    else this.#conversions.set(index, fitted.conversions);
  }

  #typeOf(index: number, { series, timestampNs }: Point, field: string): StoredType | undefined {
    const type = this.#said.get(index)?.get(field)?.at(-1);
    if (type !== undefined) return { type, isCertain: true };
    return this.#known.typeOf(series.measurement, field, timestampNs);
  }
}

function identityOf({ series, timestampNs }: Point): string {
  const tags = series.tags.map(({ name, value }) => [name, value]);
  return JSON.stringify([series.measurement, tags, String(timestampNs)]);
}
