import type { Clock } from '../../lib/clock.js';
import type { FieldType, Point } from '../../sink/point.js';
import type { FieldTypeConflict, TimeSpan } from '../../sink/sink.js';
import type { StoredType } from './field-types.js';

/** How long a type is believed: a change in the store is noticed after that time without a restart. */
const KNOWN_FOR_MS = 60_000;
/** Names come from devices. Beyond it all is forgotten, which costs a few requests. */
const MAX_FIELDS = 10_000;
/** Of one field, for InfluxDB 1 and 2, which keep types by shard. */
const MAX_SPANS = 24;

interface KnownType {
  readonly stored: StoredType;
  /** Absent: at all times. */
  readonly span?: TimeSpan;
  readonly untilMs: number;
}

interface KnownField {
  readonly types: readonly KnownType[];
  /** The type, if it is the same at all times; what has expired counts too. */
  readonly onlyType: FieldType | undefined;
}

/**
 * The types that fields have in the store, as far as they are known. They save requests and decide nothing: what the store
 * says of a point counts.
 */
export class KnownTypes {
  readonly #clock: Clock;
  /** Measurement → field. */
  readonly #measurements = new Map<string, Map<string, KnownField>>();
  #fieldCount = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Whether a field of the point may have another type in the store. It is asked for every point, so it must be cheap. */
  mayDiffer({ series, fields }: Point): boolean {
    const known = this.#measurements.get(series.measurement);
    if (known === undefined) return false;
    for (const { name, type } of fields) {
      const field = known.get(name);
      if (field !== undefined && field.onlyType !== type) return true;
    }
    return false;
  }

  typeOf(measurement: string, field: string, timestampNs: bigint): StoredType | undefined {
    const types = this.#measurements.get(measurement)?.get(field)?.types;
    if (types === undefined) return undefined;
    const nowMs = this.#clock.monotonicMs();
    let found: StoredType | undefined;
    for (const { stored, span, untilMs } of types) {
      if (untilMs <= nowMs) continue;
      if (span !== undefined && (timestampNs < span.fromNs || timestampNs >= span.toNs)) continue;
      if (stored.isCertain) return stored;
      found = stored;
    }
    return found;
  }

  /** Notes what the store said when it refused a point. */
  learn({ measurement, field, storedType, span }: FieldTypeConflict): void {
    this.#add(measurement, field, { stored: { type: storedType, isCertain: true }, span });
  }

  /** Notes what the store answered when it was asked. */
  learnAsked(measurement: string, field: string, type: FieldType): void {
    if (this.#fieldCount < MAX_FIELDS) {
      this.#add(measurement, field, { stored: { type, isCertain: false } });
    }
  }

  clear(): void {
    this.#measurements.clear();
    this.#fieldCount = 0;
  }

  #add(measurement: string, field: string, type: Omit<KnownType, 'untilMs'>): void {
    const nowMs = this.#clock.monotonicMs();
    if (this.#fieldCount >= MAX_FIELDS) this.clear();
    const fields = this.#measurements.get(measurement) ?? new Map<string, KnownField>();
    this.#measurements.set(measurement, fields);
    const before = fields.get(field)?.types ?? [];
    // What the store was asked for says less than what it has refused.
    const isKnown = before.some(
      ({ stored, span, untilMs }) => stored.isCertain && span === undefined && untilMs > nowMs,
    );
    if (isKnown && !type.stored.isCertain) return;
    if (before.length === 0) this.#fieldCount++;
    // Of the same time there is one only.
    const others = before.filter(
      ({ span, untilMs }) => untilMs > nowMs && span?.fromNs !== type.span?.fromNs,
    );
    const types = [...others.slice(1 - MAX_SPANS), { ...type, untilMs: nowMs + KNOWN_FOR_MS }];
    const isOne = types.every(({ stored }) => stored.type === type.stored.type);
    fields.set(field, { types, onlyType: isOne ? type.stored.type : undefined });
  }
}
