import type { Clock } from '../lib/clock.js';
import { withinDeadline } from '../lib/lifecycle.js';
import { printable } from '../lib/printable.js';
import type { Warn } from '../lib/warnings.js';
import {
  type Fitted,
  fitPoint,
  TYPE_CONVERSIONS,
  type TypeConversion,
  type TypeOtherwise,
  type TypePolicy,
} from '../rules/policies/field-types.js';
import { KnownTypes } from '../rules/policies/known-types.js';
import type { Point } from '../sink/point.js';
import type { Rejection, Sink, SinkCounters } from '../sink/sink.js';
import type { StoreReader } from '../sink/store-reader.js';
import { type ParkedConflict, TypedBatch } from './typed-batch.js';

export interface TypedWriterDeps {
  readonly sink: Pick<Sink, 'write'>;
  /** Absent: the store cannot be asked for its types. */
  readonly reader?: Pick<StoreReader, 'measurements'>;
  readonly clock: Clock;
  readonly warn: Warn;
}

export type TypeConversionCounts = Readonly<Record<TypeConversion, number>>;

/** A field is logged once in this time. */
const WARN_EVERY_MS = 600_000;
/** How many fields are logged in that time: their names come from devices. */
const MAX_WARNED_FIELDS = 20;
const MAX_NAME_CHARACTERS = 100;
/** Points with many conflicts get one type known with each try. After so many tries the store is asked for all of them. */
const TRIES_BEFORE_ASKING = 3;
const ASK_EVERY_MS = 60_000;
/** What the answer may take of a write. */
const ASK_WITHIN_MS = 2_000;

/**
 * Writes points with the types that the store has for their fields. Points that the store refuses for the type of a field
 * are converted and written again in the same call: what becomes of a record depends on it and on the types in the store,
 * and not on when a type was learned. Types that are known are applied before a point is sent, so that conflicts cost
 * requests only when a type becomes known, about once a minute.
 *
 * A point that is written again is followed by the later ones with its identity: they must win.
 */
export class TypedWriter implements Pick<Sink, 'write'> {
  readonly #deps: TypedWriterDeps;
  readonly #known: KnownTypes;
  #otherwise: TypeOtherwise;
  readonly #conversions = Object.fromEntries(TYPE_CONVERSIONS.map((kind) => [kind, 0])) as Record<
    TypeConversion,
    number
  >;
  /** The fields that were logged since `#warnedSinceMs`. */
  readonly #warned = new Set<string>();
  #warnedSinceMs = 0;
  #askedAtMs = Number.NEGATIVE_INFINITY;
  #pointsWritten = 0;
  #pointsRefused = 0;

  constructor({ otherwise }: TypePolicy, deps: TypedWriterDeps) {
    this.#otherwise = otherwise;
    this.#deps = deps;
    this.#known = new KnownTypes(deps.clock);
  }

  /** As `Sink.write`; the codes of its rejections include `field-type-conflict`. */
  async write(points: readonly Point[], signal: AbortSignal): Promise<readonly Rejection[]> {
    const batch = new TypedBatch(points, this.#known, this.#otherwise);
    let indices = batch.remaining();
    for (let tries = 1; indices.length > 0; tries++) {
      const refused = await this.#deps.sink.write(
        indices.map((index) => batch.sentAt(index)),
        signal,
      );
      // Everything is learned first, so that a point with several conflicts is written again once.
      for (const { conflict } of refused) if (conflict !== undefined) this.#known.learn(conflict);
      const again = new Set<number>();
      for (const { conflict, index: at, ...rest } of refused) {
        const rejection = { ...rest, index: indices[at]! };
        if (conflict === undefined) batch.reject(rejection);
        else if (batch.learn(rejection, conflict)) again.add(rejection.index);
      }
      if (tries === TRIES_BEFORE_ASKING && again.size > 0) {
        await this.askTypes();
        batch.fitAgain(again);
      }
      indices = again.size === 0 ? [] : batch.withLater(again);
    }
    this.#count(batch, points.length);
    return batch.rejections();
  }

  /** The points as they were given to `write`: one that was converted and written again is written, and counted once. */
  counters(): Pick<SinkCounters, 'pointsWritten' | 'pointsRefused'> {
    return { pointsWritten: this.#pointsWritten, pointsRefused: this.#pointsRefused };
  }

  conversions(): TypeConversionCounts {
    return { ...this.#conversions };
  }

  /**
   * Asks the store for its types, at most once a minute and for 2 s. Never rejects: a store that cannot be asked tells its
   * types when it refuses points.
   */
  async askTypes(): Promise<void> {
    const nowMs = this.#deps.clock.monotonicMs();
    if (this.#deps.reader === undefined || nowMs - this.#askedAtMs < ASK_EVERY_MS) return;
    this.#askedAtMs = nowMs;
    const learned = this.#deps.reader.measurements().then(
      (measurements) => {
        for (const { name, fields } of measurements) {
          for (const field of fields) this.#known.learnAsked(name, field.name, field.type);
        }
      },
      () => undefined,
    );
    await withinDeadline(learned, ASK_WITHIN_MS);
  }

  /** Forgets the types that were learned, as after a command has changed one. */
  forgetTypes(): void {
    this.#known.clear();
  }

  replacePolicy({ otherwise }: TypePolicy): void {
    this.#otherwise = otherwise;
    this.forgetTypes();
  }

  /** What would be done to a point by the types that are known now. */
  fit(point: Point): Fitted {
    const { series, timestampNs } = point;
    return fitPoint(
      point,
      (field) => this.#known.typeOf(series.measurement, field, timestampNs),
      this.#otherwise,
    );
  }

  #count(batch: TypedBatch, pointCount: number): void {
    const refused = batch.rejections().length;
    this.#pointsRefused += refused;
    this.#pointsWritten += pointCount - refused;
    for (const { kind, ...conflict } of batch.conversions()) {
      this.#conversions[kind]++;
      if (kind === 'omitted' || kind === 'side-field') this.#warn(conflict, kind);
    }
    for (const conflict of batch.conflicts()) this.#warn(conflict, 'parked');
  }

  #warn({ point, field, storedType }: ParkedConflict, outcome: 'omitted' | 'side-field' | 'parked'): void {
    const { measurement } = point.series;
    const nowMs = this.#deps.clock.monotonicMs();
    if (nowMs - this.#warnedSinceMs >= WARN_EVERY_MS) {
      this.#warned.clear();
      this.#warnedSinceMs = nowMs;
    }
    const key = JSON.stringify([measurement, field.name]);
    if (this.#warned.size >= MAX_WARNED_FIELDS || this.#warned.has(key)) return;
    this.#warned.add(key);
    this.#deps.warn(
      {
        code: 'FIELD_TYPE_CONFLICT',
        measurement: printable(measurement, MAX_NAME_CHARACTERS),
        field: printable(field.name, MAX_NAME_CHARACTERS),
        type: field.type,
        storedType,
        outcome,
      },
      'a field has another type than in the store, and its value cannot be converted without loss',
    );
  }
}
