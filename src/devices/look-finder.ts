import type { MeasurementSummary } from '../sink/store-reader.js';
import { LOOK_STATES, type Look, type NeedsLook } from './device-state.js';
import { type DeviceTags, tagByName } from './device-tags.js';
import { outsideOf } from './field-meanings.js';
import type { KnownDevices } from './known-devices.js';
import { mainField } from './main-field.js';
import type { NewestNumbers } from './newest-numbers.js';
import type { OutsideSince } from './outside-since.js';
import { SILENT_AFTER_MS, type SilentDevices } from './silent-devices.js';
import { type UnreadableDevice, unreadableByName } from './unreadable-devices.js';

/** How many looks an answer has, and how many measurements and fields with an expected range are looked at. */
export const MAX_LOOKS = 50;
export const MAX_LOOKED_MEASUREMENTS = 50;
export const MAX_LOOKED_FIELDS = 16;

export interface LookFinderParts {
  /** Those of devices: neither rows of windows nor what the gateway writes of itself. */
  readonly measurements: () => Promise<readonly MeasurementSummary[]>;
  readonly tags: Pick<DeviceTags, 'of'>;
  readonly known: Pick<KnownDevices, 'of'>;
  readonly silence: Pick<SilentDevices, 'silent'>;
  readonly numbers: Pick<NewestNumbers, 'of'>;
  readonly outsideSince: Pick<OutsideSince, 'of'>;
  readonly unreadable: (nowMs: number) => readonly UnreadableDevice[];
  readonly nowMs: () => number;
}

/** What is found in one measurement. */
interface Found {
  readonly looks: readonly Look[];
  /** Keys of all devices. */
  readonly devices: readonly string[];
  readonly moreDevices: boolean;
  readonly unreadable: readonly UnreadableDevice[];
}

/** LookFinder finds the devices of all measurements that need a look. */
export class LookFinder {
  readonly #parts: LookFinderParts;

  constructor(parts: LookFinderParts) {
    this.#parts = parts;
  }

  /** Rejects as the store does. */
  async find(): Promise<NeedsLook> {
    const nowMs = this.#parts.nowMs();
    const measurements = await this.#parts.measurements();
    const unreadable = this.#parts.unreadable(nowMs);
    const found: Found[] = [];
    for (const measurement of measurements.slice(0, MAX_LOOKED_MEASUREMENTS)) {
      found.push(await this.#inMeasurement(measurement, unreadable, nowMs));
    }
    const placed = new Set(found.flatMap((one) => one.unreadable));
    const looks = [
      ...found.flatMap((one) => one.looks),
      ...unreadable.filter((one) => !placed.has(one)).map(lookWithoutPoints),
    ].sort(byStateAndName);
    const needLook = new Set(looks.map(keyOfDevice));
    return {
      asOfMs: nowMs,
      devices: new Set([...found.flatMap(({ devices }) => devices), ...needLook]).size,
      moreDevices:
        measurements.length > MAX_LOOKED_MEASUREMENTS || found.some(({ moreDevices }) => moreDevices),
      needLook: needLook.size,
      found: looks.length,
      looks: await this.#withSince(looks.slice(0, MAX_LOOKS), nowMs),
    };
  }

  async #inMeasurement(
    summary: MeasurementSummary,
    unreadable: readonly UnreadableDevice[],
    nowMs: number,
  ): Promise<Found> {
    const { name: measurement } = summary;
    const tag = await this.#parts.tags.of(summary);
    const by = tag === undefined ? {} : { by: tag };
    const { devices, moreDevices } = await this.#parts.known.of({ measurement, ...by }, nowMs);
    // Points without the tag are of no device.
    const seen = [...devices]
      .filter(([name]) => tag === undefined || name !== '')
      .map(([name, atMs]) => ({ name, atMs }));
    const looks = new Map<string, Look>();
    const add = (name: string, look: Omit<Look, 'measurement' | 'tag' | 'name'>) => {
      const of = { measurement, tag: tag ?? '', name: tag === undefined ? measurement : name };
      if (!looks.has(name)) looks.set(name, { ...of, ...look });
    };
    const own = unreadable.filter(
      (one) => tag !== undefined && one.measurement === measurement && one.tags.has(tag),
    );
    for (const [name, device] of unreadableByName(own, measurement, tag)) add(name, lookOf(device));
    const field = mainField(summary);
    const counted = field === undefined ? {} : { counted: { measurement, ...by, field } };
    const silentBeforeMs = nowMs - SILENT_AFTER_MS;
    const silent = await this.#parts.silence.silent(seen, { ...counted, nowMs, silentBeforeMs });
    for (const { name, atMs } of seen) if (silent.has(name)) add(name, { state: 'silent', sinceMs: atMs });
    const reporting = seen.map(({ name }) => name).filter((name) => !silent.has(name));
    for (const { field: outsideField, ...outside } of await this.#outside(summary, by, reporting, nowMs)) {
      const { name, ...rest } = outside;
      add(name, { state: 'outside', field: outsideField, ...rest });
    }
    const keys = seen.map(({ name }) =>
      keyOfDevice({ tag: tag ?? '', name: name === '' ? measurement : name }),
    );
    return { looks: [...looks.values()], devices: keys, moreDevices, unreadable: own };
  }

  async #outside(
    { name: measurement, fields }: MeasurementSummary,
    by: { readonly by?: string },
    names: readonly string[],
    nowMs: number,
  ) {
    const all: (Pick<Look, 'value' | 'unit' | 'expected'> & {
      readonly name: string;
      readonly field: string;
    })[] = [];
    const watched = fields.filter(({ expected }) => expected !== undefined).slice(0, MAX_LOOKED_FIELDS);
    for (const { name: field, unit, expected } of watched) {
      const numbers = await this.#parts.numbers.of({ measurement, ...by, field }, names, nowMs);
      for (const name of names) {
        const value = numbers.get(name);
        if (value === undefined || expected === undefined || outsideOf(value, { expected }) === undefined)
          continue;
        all.push({ name, field, value, expected, ...(unit !== undefined && { unit }) });
      }
    }
    return all;
  }

  /** Says of those that are outside since when; one query for the devices of one field. */
  async #withSince(looks: readonly Look[], nowMs: number): Promise<readonly Look[]> {
    const byField = new Map<string, Look[]>();
    for (const look of looks) {
      if (look.state !== 'outside') continue;
      const key = JSON.stringify([look.measurement, look.field]);
      byField.set(key, [...(byField.get(key) ?? []), look]);
    }
    const since = new Map<Look, number>();
    for (const list of byField.values()) {
      const [{ measurement, tag, field = '', expected }] = list as [Look];
      if (expected === undefined) continue;
      const nameOf = ({ name }: Look) => (tag === '' ? '' : name);
      const query = { measurement, field, expected, ...(tag !== '' && { by: tag }) };
      const found = await this.#parts.outsideSince.of(query, list.map(nameOf), nowMs);
      for (const look of list) {
        const atMs = found.get(nameOf(look));
        if (atMs !== undefined) since.set(look, atMs);
      }
    }
    return looks.map((look) => {
      const sinceMs = since.get(look);
      return sinceMs === undefined ? look : { ...look, sinceMs };
    });
  }
}

function lookOf({ topic, code, reason, count, sinceMs }: UnreadableDevice) {
  return { state: 'unreadable', topic, code, reason, count, sinceMs } as const;
}

/** Of a topic of which no device is known by its points: the rule names the device, else the topic does. */
function lookWithoutPoints(device: UnreadableDevice): Look {
  const { topic, measurement, tags } = device;
  const tag = tagByName([...tags.keys()]) ?? 'topic';
  return { measurement, tag, name: tags.get(tag) ?? topic, ...lookOf(device) };
}

/** One device may be in several measurements. */
function keyOfDevice({ tag, name }: Pick<Look, 'tag' | 'name'>): string {
  return JSON.stringify([tag, name]);
}

const names = new Intl.Collator('en', { numeric: true });

function byStateAndName(a: Look, b: Look): number {
  const order = LOOK_STATES.indexOf(a.state) - LOOK_STATES.indexOf(b.state);
  return order || names.compare(a.name, b.name) || names.compare(a.measurement, b.measurement);
}
