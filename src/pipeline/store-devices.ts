import type { UnreadableTopics } from '../consumer/unreadable-topics.js';
import { DevicePages } from '../devices/device-pages.js';
import { DeviceSparks } from '../devices/device-sparks.js';
import type { DevicePage, DeviceQuery, NeedsLook } from '../devices/device-state.js';
import { DeviceTags } from '../devices/device-tags.js';
import { fieldMeanings, withMeanings } from '../devices/field-meanings.js';
import { KnownDevices } from '../devices/known-devices.js';
import { LookFinder } from '../devices/look-finder.js';
import { NewestNumbers } from '../devices/newest-numbers.js';
import { OutsideSince } from '../devices/outside-since.js';
import { SilentDevices } from '../devices/silent-devices.js';
import { unreadableDevices } from '../devices/unreadable-devices.js';
import { UsualIntervals } from '../devices/usual-intervals.js';
import type { Clock } from '../lib/clock.js';
import { RecentAnswers } from '../lib/recent-answers.js';
import type { SeriesStores } from '../reading/ask-segment.js';
import { LatestPages } from '../sink/latest-pages.js';
import type { MeasurementSummary, StoreReader } from '../sink/store-reader.js';
import type { WindowsOptions } from '../windows/aggregate.js';
import { rowFieldSources } from '../windows/row-field-sources.js';
import type { RulesInForce } from './rules-in-force.js';
import { shownMeasurements } from './shown-measurements.js';

/** A new measurement is seen so much later by those who look at devices. */
const KEEP_MEASUREMENTS_MS = 10_000;

export interface StoreDevicesParts {
  readonly reader: StoreReader;
  readonly stores: SeriesStores;
  readonly rules: Pick<RulesInForce, 'current'>;
  readonly unreadable: Pick<UnreadableTopics, 'list'>;
  readonly windows: WindowsOptions | undefined;
  /** What the gateway writes itself: no devices. */
  readonly reserved: readonly string[];
  /** Receive time of the oldest record that is read and not yet stored, ns; undefined: there is none. */
  readonly oldestPendingNs: () => bigint | undefined;
  readonly clock: Clock;
}

/** StoreDevices wires what is known of devices: their points in the store, the rules, and what is parked now. */
export class StoreDevices {
  readonly #parts: StoreDevicesParts;
  readonly #pages: DevicePages;
  readonly #finder: LookFinder;
  readonly #meaningOf;
  readonly #recent = new RecentAnswers<readonly MeasurementSummary[]>(KEEP_MEASUREMENTS_MS, 1);

  constructor(parts: StoreDevicesParts) {
    const { reader, stores, rules, windows, clock } = parts;
    this.#parts = parts;
    this.#meaningOf = fieldMeanings(() => rules.current.declared, rowFieldSources(windows));
    const pages = new LatestPages(reader);
    const shared = {
      measurements: () => this.#recent.get('', () => this.measurements()),
      silence: new SilentDevices(new UsualIntervals(stores), (nowMs) => this.#behindMs(nowMs)),
      outsideSince: new OutsideSince(reader),
      unreadable: (nowMs: number) =>
        unreadableDevices(parts.unreadable.list(nowMs), (sent, rule) =>
          rules.current.ruleSet.knownSeries(sent, rule),
        ),
      nowMs: () => Number(clock.nowNs() / 1_000_000n),
    };
    const known = new KnownDevices(reader);
    this.#pages = new DevicePages({
      ...shared,
      pages,
      sparks: new DeviceSparks(stores),
      meaningOf: this.#meaningOf,
    });
    this.#finder = new LookFinder({
      ...shared,
      measurements: async () => (await shared.measurements()).filter(({ name }) => !this.#isOwn(name)),
      known,
      tags: new DeviceTags(async (query) => (await known.of(query, shared.nowMs())).devices.size),
      numbers: new NewestNumbers(reader),
    });
  }

  /** The measurements as a person expects them, with what the rules state about their fields. */
  async measurements(): Promise<readonly MeasurementSummary[]> {
    const shown = shownMeasurements(await this.#parts.reader.measurements(), this.#parts.windows);
    return withMeanings(shown, this.#meaningOf, (name) => this.#parts.rules.current.declared.named(name));
  }

  page(query: DeviceQuery): Promise<DevicePage> {
    return this.#pages.page(query);
  }

  needsLook(): Promise<NeedsLook> {
    return this.#finder.find();
  }

  #isOwn(measurement: string): boolean {
    return this.#parts.reserved.includes(measurement);
  }

  #behindMs(nowMs: number): number {
    const oldestNs = this.#parts.oldestPendingNs();
    return oldestNs === undefined ? 0 : Math.max(0, nowMs - Number(oldestNs / 1_000_000n));
  }
}
