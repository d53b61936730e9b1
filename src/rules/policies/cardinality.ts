import { quoted } from '../../lib/printable.js';
import { type Sender, senderOf, senderText } from '../../lib/sender.js';
import type { StateTables } from '../../lib/state-tables.js';
import type { Field, Point, Series } from '../../sink/point.js';
import { MappingFailure, type MappingWarningCounts } from '../mapped.js';
import { countedMeasurements, MeasurementCensus } from './measurement-census.js';
import { NewFieldCounts } from './new-field-counts.js';
import type { CardinalityOptions } from './policy-options.js';

/** What was over a budget, for a line in the log. */
export interface OverBudgetNotice {
  readonly budget: 'series' | 'tag-values' | 'fields' | 'new-fields' | 'client-series' | 'client-fields';
  readonly measurement: string;
  /** The tag or the field. */
  readonly name?: string;
  /** The `senderKey` of the record. */
  readonly sender: string;
  readonly limit: number;
  /** How it was decided: one line for a person. */
  readonly reason: string;
}

const NS_PER_HOUR = 3_600_000_000_000n;
const HOURS_PER_DAY = 24;
const MS_PER_DAY = 86_400_000;

/**
 * Cardinality decides which series and fields are let into the store: by what is known of each measurement in one partition of
 * the stream. The record alone and the records before it decide, so that the same records give the same points.
 */
export class Cardinality {
  readonly #state: StateTables;
  readonly #newFields: NewFieldCounts;
  readonly #census = new Map<string, MeasurementCensus>();
  #admittedFields = new Map<string, Set<string>>();
  /** The hour of the last record and its begin and end. */
  #hour = 0;
  #day = 0;
  #stamp = 0;
  #hourFromNs = 0n;
  #hourToNs = 0n;

  constructor(state: StateTables) {
    this.#state = state;
    this.#newFields = new NewFieldCounts(state);
  }

  /**
   * Goes to the day of a receive time, and returns a number that changes when what was let in must be looked at again: on
   * another day, and when something was forgotten.
   */
  stampOf(receivedAtNs: bigint): number {
    if (receivedAtNs < this.#hourFromNs || receivedAtNs >= this.#hourToNs) this.#turnHour(receivedAtNs);
    return this.#stamp;
  }

  /** What each measurement has, with its `top` largest tags and senders. */
  usage(top: number): MeasurementUsage[] {
    return countedMeasurements(this.#state)
      .map((measurement) => this.#of(measurement))
      .map((census) => ({
        measurement: census.measurement,
        series: census.seriesCount,
        fields: census.fieldCount,
        tags: census.tags().slice(0, top),
        clients: census.topSenders(top).map(([key, count]) => ({ ...senderOf(key), series: count })),
        fieldClients: census
          .topFieldSenders(top)
          .map(([key, count]) => ({ ...senderOf(key), fields: count })),
      }));
  }

  /**
   * The point as it may be written, or why it may not. Tags are taken out one after the other, until the series is known or
   * has room.
   */
  admitSeries(
    point: Point,
    sender: string,
    options: CardinalityOptions,
    warnings: MappingWarningCounts,
    notice: (over: OverBudgetNotice) => void,
  ): Point | MappingFailure {
    const census = this.#of(point.series.measurement);
    const day = this.#day;
    let admitted = point;
    for (;;) {
      const { series } = admitted;
      const over = census.seeSeries(series, day)
        ? undefined
        : this.#overSeriesBudget(census, series, sender, day, options);
      if (over === undefined) {
        if (!census.seeSeries(series, day)) census.addSeries(series, day, sender);
        return admitted;
      }
      notice(over);
      const tag = over.name;
      if (options.otherwise === 'park' || tag === undefined) {
        return new MappingFailure('too-many-series', over.reason);
      }
      const value = series.tags.find(({ name }) => name === tag)?.value ?? '';
      const demoted: Field = { name: `${tag}_value`, type: 'string', value };
      const isFree = [...admitted.fields, ...series.tags].every(({ name }) => name !== demoted.name);
      const isDemoted = options.otherwise === 'demote' && isFree;
      warnings[isDemoted ? 'tag-demoted' : 'tag-over-budget']++;
      const fields = isDemoted ? [...admitted.fields, demoted] : admitted.fields;
      const tags = series.tags.filter(({ name }) => name !== tag);
      admitted = { ...admitted, series: { measurement: series.measurement, tags }, fields };
    }
  }

  #overSeriesBudget(
    census: MeasurementCensus,
    series: Series,
    sender: string,
    day: number,
    options: CardinalityOptions,
  ): OverBudgetNotice | undefined {
    const { tagValues, clientSharePercent } = options;
    const { measurement } = census;
    const over = this.#firstOver(census, series, sender, options);
    if (over === undefined) return undefined;
    this.#forget(census, day, options);
    if (this.#firstOver(census, series, sender, options) === undefined) return undefined;
    const m = quoted(measurement);
    if (over.budget === 'tag-values') {
      const reason = `the tag ${quoted(over.tag)} of ${m} has ${tagValues} values already (policies.cardinality.tagValues)`;
      return { budget: over.budget, measurement, name: over.tag, sender, limit: tagValues, reason };
    }
    const tag = largestTag(census, series);
    const limit = over.limit;
    const reason =
      over.budget === 'series'
        ? `${m} has ${limit} series already (policies.cardinality.series)`
        : `${senderText(sender, quoted)} has added ${limit} series to ${m} already, ${clientSharePercent} % of all that it may have (policies.cardinality.clientShare)`;
    return { budget: over.budget, measurement, name: tag, sender, limit, reason };
  }

  #firstOver(
    census: MeasurementCensus,
    { tags }: Series,
    sender: string,
    { series, tagValues, clientSharePercent }: CardinalityOptions,
  ): Over | undefined {
    for (const tag of tags) {
      if (census.tagValueCount(tag.name) < tagValues || census.hasTagValue(tag)) continue;
      return { budget: 'tag-values', tag: tag.name, limit: tagValues };
    }
    if (census.seriesCount >= series) return { budget: 'series', limit: series };
    const share = shareOf(series, clientSharePercent);
    return census.seriesOfSender(sender) >= share ? { budget: 'client-series', limit: share } : undefined;
  }

  /** The point with the fields that may be written. */
  admitFields(
    point: Point,
    sender: string,
    options: CardinalityOptions,
    warnings: MappingWarningCounts,
    notice: (over: OverBudgetNotice) => void,
  ): Point | MappingFailure {
    const { measurement } = point.series;
    const day = this.#day;
    let admitted = this.#admittedFields.get(measurement);
    if (admitted === undefined) {
      admitted = new Set();
      this.#admittedFields.set(measurement, admitted);
    }
    const seen = admitted;
    if (point.fields.every(({ name }) => seen.has(name))) return point;
    const census = this.#of(measurement);
    const fresh: string[] = [];
    const left: string[] = [];
    for (const { name } of point.fields) {
      if (seen.has(name) || census.seeField(name, day)) continue;
      const over = this.#fieldOver(census, name, sender, fresh.length, day, options);
      if (over === undefined) fresh.push(name);
      else {
        if (left.length === 0) notice(over);
        // A parked message adds none of its fields: nothing of it comes into the store.
        if (options.otherwise === 'park') return new MappingFailure('too-many-fields', over.reason);
        left.push(name);
      }
    }
    for (const name of fresh) census.addField(name, day, sender);
    this.#newFields.add(sender, fresh.length, this.#hour);
    warnings['field-over-budget'] += left.length;
    const fields = left.length === 0 ? point.fields : point.fields.filter(({ name }) => !left.includes(name));
    for (const { name } of fields) seen.add(name);
    if (left.length === 0) return point;
    if (fields.length > 0) return { ...point, fields };
    return new MappingFailure(
      'too-many-fields',
      `all fields of the message are over a budget of ${quoted(measurement)}`,
    );
  }

  #fieldOver(
    census: MeasurementCensus,
    name: string,
    sender: string,
    pending: number,
    day: number,
    options: CardinalityOptions,
  ): OverBudgetNotice | undefined {
    const over = this.#firstFieldOver(census, name, sender, pending, options);
    if (over === undefined) return undefined;
    this.#forget(census, day, options);
    return this.#firstFieldOver(census, name, sender, pending, options);
  }

  /** `pending`: new fields of the same message. */
  #firstFieldOver(
    census: MeasurementCensus,
    name: string,
    sender: string,
    pending: number,
    { fields, newFields, clientSharePercent }: CardinalityOptions,
  ): OverBudgetNotice | undefined {
    const { measurement } = census;
    const share = shareOf(fields, clientSharePercent);
    const m = quoted(measurement);
    const over = (budget: OverBudgetNotice['budget'], limit: number, why: string): OverBudgetNotice => ({
      budget,
      measurement,
      name,
      sender,
      limit,
      reason: `the field ${quoted(name)} is new: ${why}`,
    });
    if (census.fieldCount + pending >= fields)
      return over('fields', fields, `${m} may have ${fields} such fields (policies.cardinality.fields)`);
    if (census.fieldsOfSender(sender) + pending >= share)
      return over(
        'client-fields',
        share,
        `${senderText(sender, quoted)} may add ${share} fields to ${m} (policies.cardinality.clientShare)`,
      );
    if (this.#newFields.of(sender, this.#hour) + pending >= newFields)
      return over(
        'new-fields',
        newFields,
        `${senderText(sender, quoted)} may add ${newFields} fields in an hour (policies.cardinality.newFields)`,
      );
    return undefined;
  }

  #forget(census: MeasurementCensus, day: number, { forgetAfterMs }: CardinalityOptions): void {
    if (!census.forgetBefore(day - Math.ceil(forgetAfterMs / MS_PER_DAY), day)) return;
    // After a clock was set back, what was let in today may be forgotten as well.
    this.#stamp += 1;
    this.#admittedFields = new Map();
  }

  #turnHour(receivedAtNs: bigint): void {
    const hour = receivedAtNs / NS_PER_HOUR;
    this.#hour = Number(hour);
    this.#hourFromNs = hour * NS_PER_HOUR;
    this.#hourToNs = this.#hourFromNs + NS_PER_HOUR;
    const day = Math.floor(this.#hour / HOURS_PER_DAY);
    if (day === this.#day) return;
    this.#day = day;
    this.#stamp += 1;
    // What is seen on a new day is written down again.
    this.#admittedFields = new Map();
  }

  #of(measurement: string): MeasurementCensus {
    let census = this.#census.get(measurement);
    if (census === undefined) {
      census = new MeasurementCensus(measurement, this.#state);
      this.#census.set(measurement, census);
    }
    return census;
  }
}

export interface MeasurementUsage {
  readonly measurement: string;
  readonly series: number;
  readonly fields: number;
  readonly tags: readonly { readonly tag: string; readonly values: number }[];
  /** The users that added most series, or clients without a user. */
  readonly clients: readonly (Sender & { readonly series: number })[];
  /** The users that added most fields, or clients without a user. */
  readonly fieldClients: readonly (Sender & { readonly fields: number })[];
}

type Over =
  | { readonly budget: 'tag-values'; readonly tag: string; readonly limit: number }
  | { readonly budget: 'series' | 'client-series'; readonly limit: number };

/** The tag of the series that has most values in the measurement: the one that makes so many series. */
function largestTag(census: MeasurementCensus, { tags }: Series): string | undefined {
  let largest: string | undefined;
  for (const { name } of tags) {
    if (largest === undefined || census.tagValueCount(name) > census.tagValueCount(largest)) largest = name;
  }
  return largest;
}

/** What one user, or one client without a user, may add of a budget. */
export function shareOf(budget: number, percent: number): number {
  return Math.max(1, Math.floor((budget * percent) / 100));
}
