import type { Clock } from '../../lib/clock.js';
import type { FieldType } from '../../sink/point.js';
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

/** The types of the fields of one measurement. */
type FieldTypes = Map<string, KnownType[]>;

/**
 * The types that fields have in the store, as far as they are known. They save requests and decide nothing: what the store
 * says of a point counts.
 */
export class KnownTypes {
  readonly #clock: Clock;
  readonly #measurements = new Map<string, FieldTypes>();
  #fieldCount = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Whether a point of the measurement can be affected at all. */
  has(measurement: string): boolean {
    return this.#measurements.has(measurement);
  }

  typeOf(measurement: string, field: string, timestampNs: bigint): StoredType | undefined {
    const known = this.#measurements.get(measurement)?.get(field);
    if (known === undefined) return undefined;
    const nowMs = this.#clock.monotonicMs();
    let found: StoredType | undefined;
    for (const { stored, span, untilMs } of known) {
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
    const fields: FieldTypes = this.#measurements.get(measurement) ?? new Map();
    this.#measurements.set(measurement, fields);
    const before = fields.get(field) ?? [];
    if (before.length === 0) this.#fieldCount++;
    // Of the same time there is one only.
    const others = before.filter(
      ({ span, untilMs }) => untilMs > nowMs && span?.fromNs !== type.span?.fromNs,
    );
    fields.set(field, [...others.slice(1 - MAX_SPANS), { ...type, untilMs: nowMs + KNOWN_FOR_MS }]);
  }
}
