import type { LatestPages } from '../sink/latest-pages.js';
import type { LastSeenGroup, LatestGroup, MeasurementSummary } from '../sink/store-reader.js';
import type { DeviceSparks, Sparks } from './device-sparks.js';
import type { DeviceGroup, DevicePage, DeviceQuery, DeviceState, DeviceValue } from './device-state.js';
import { type MeaningOf, outsideOf } from './field-meanings.js';
import { mainField } from './main-field.js';
import type { OutsideSince } from './outside-since.js';
import type { SilenceQuery, SilentDevices } from './silent-devices.js';
import { type UnreadableDevice, unreadableByName } from './unreadable-devices.js';

export interface DevicePagesParts {
  readonly pages: Pick<LatestPages, 'page'>;
  readonly sparks: Pick<DeviceSparks, 'of'>;
  readonly meaningOf: MeaningOf;
  readonly silence: Pick<SilentDevices, 'silent' | 'late'>;
  readonly outsideSince: Pick<OutsideSince, 'of'>;
  readonly unreadable: (nowMs: number) => readonly UnreadableDevice[];
  readonly measurements: () => Promise<readonly MeasurementSummary[]>;
  readonly nowMs: () => number;
}

/** What is known of the devices of one page. */
interface Known {
  readonly silent: ReadonlySet<string>;
  readonly late: ReadonlySet<string>;
  readonly unreadable: ReadonlyMap<string, UnreadableDevice>;
  readonly outsideSince: ReadonlyMap<string, number>;
  readonly sparks: Sparks | undefined;
}

/** DevicePages answers queries for pages of the table of devices with the state of each device. */
export class DevicePages {
  readonly #parts: DevicePagesParts;

  constructor(parts: DevicePagesParts) {
    this.#parts = parts;
  }

  async page(query: DeviceQuery): Promise<DevicePage> {
    const { pages, silence, unreadable } = this.#parts;
    const { measurement, by, silentBeforeMs } = query;
    const nowMs = this.#parts.nowMs();
    const field = query.sparkField ?? (await this.#mainField(measurement));
    const grouped = by === undefined ? {} : { by };
    const asked: SilenceQuery = {
      nowMs,
      silentBeforeMs,
      ...(field !== undefined && { counted: { measurement, ...grouped, field } }),
    };
    let silent: ReadonlySet<string> = new Set();
    const page = await pages.page(query, async (devices: readonly LastSeenGroup[]) => {
      silent = await silence.silent(devices, asked);
      return silent.size;
    });
    const reporting = page.groups.filter(({ name }) => !silent.has(name));
    const values = new Map(page.groups.map((group) => [group.name, this.#values(measurement, group)]));
    const names = page.groups.map(({ name }) => name);
    const hasSparks = query.spark !== undefined && field !== undefined && names.length > 0;
    const sparked = { measurement, ...grouped, field: field ?? '', parts: query.spark ?? 0 };
    const known = {
      silent,
      late: await silence.late(reporting, asked),
      unreadable: unreadableByName(unreadable(nowMs), measurement, by),
      outsideSince: await this.#outsideSince(query, reporting, values, nowMs),
      sparks: hasSparks ? await this.#parts.sparks.of(sparked, names, nowMs) : undefined,
    };
    return {
      ...page,
      groups: page.groups.map((group) => withState(group, values.get(group.name) ?? [], known)),
      ...(hasSparks && { sparkField: field }),
    };
  }

  async #mainField(measurement: string): Promise<string | undefined> {
    const summary = (await this.#parts.measurements()).find(({ name }) => name === measurement);
    return summary && mainField(summary);
  }

  #values(measurement: string, { values }: LatestGroup): DeviceValue[] {
    return values.map((value) => {
      if (typeof value.value !== 'number') return value;
      const meaning = this.#parts.meaningOf(measurement, value.field);
      const outside = outsideOf(value.value, meaning);
      return {
        ...value,
        ...(meaning.unit !== undefined && { unit: meaning.unit }),
        ...(outside !== undefined && { outside }),
      };
    });
  }

  /** Since when the first field that is outside is so; a query for each such field of the page. */
  async #outsideSince(
    { measurement, by }: DeviceQuery,
    groups: readonly LatestGroup[],
    values: ReadonlyMap<string, readonly DeviceValue[]>,
    nowMs: number,
  ): Promise<ReadonlyMap<string, number>> {
    const byField = new Map<string, string[]>();
    for (const { name } of groups) {
      const first = values.get(name)?.find(({ outside }) => outside !== undefined);
      if (first !== undefined) byField.set(first.field, [...(byField.get(first.field) ?? []), name]);
    }
    const since = new Map<string, number>();
    for (const [field, names] of byField) {
      const { expected } = this.#parts.meaningOf(measurement, field);
      if (expected === undefined) continue;
      const asked = { measurement, field, expected, ...(by !== undefined && { by }) };
      for (const [name, atMs] of await this.#parts.outsideSince.of(asked, names, nowMs))
        since.set(name, atMs);
    }
    return since;
  }
}

function withState(group: LatestGroup, values: readonly DeviceValue[], known: Known): DeviceGroup {
  const spark = known.sparks?.get(group.name);
  return { ...group, values, ...stateOf(group, values, known), ...(spark !== undefined && { spark }) };
}

function stateOf(
  { name, atMs }: LatestGroup,
  values: readonly DeviceValue[],
  { silent, late, unreadable, outsideSince }: Known,
): { readonly state: DeviceState; readonly sinceMs?: number } {
  const parked = unreadable.get(name);
  if (parked !== undefined) return { state: 'unreadable', sinceMs: parked.sinceMs };
  if (silent.has(name)) return { state: 'silent', sinceMs: atMs };
  if (values.some(({ outside }) => outside !== undefined)) {
    const sinceMs = outsideSince.get(name);
    return { state: 'outside', ...(sinceMs !== undefined && { sinceMs }) };
  }
  return late.has(name) ? { state: 'late', sinceMs: atMs } : { state: 'reporting' };
}
