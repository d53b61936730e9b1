import type { LastSeenQuery, StoreReader } from '../sink/store-reader.js';

/** How far back devices are known; where the store does not answer in time, less. */
const LOOK_BACK_MS = [7 * 86_400_000, 86_400_000, 3_600_000] as const;
/** Points that come later than this are found when the list is read again as a whole. */
const OVERLAP_MS = 900_000;
/**
 * The time until that doubles from one to the other: devices that a gateway sees for the first time often send what they
 * have kept, and among them may be one that is silent since.
 */
const FIRST_READ_AGAIN_MS = 15_000;
const LAST_READ_AGAIN_MS = 6 * 3_600_000;
/** Devices of one measurement. */
export const MAX_KNOWN_DEVICES = 20_000;
const MAX_LISTS = 64;

export interface KnownList {
  /** Name → time of the newest point, ms since 1970. */
  readonly devices: ReadonlyMap<string, number>;
  /** True when there are more than are known. */
  readonly moreDevices: boolean;
}

interface List {
  readonly devices: Map<string, number>;
  moreDevices: boolean;
  readonly builtMs: number;
  readonly readAgainMs: number;
  asOfMs: number;
}

/**
 * KnownDevices says when each device was last seen. The first answer reads a week of points; most later ones read only what
 * has come since, because a fleet of thousands has hundreds of millions of points in a week.
 */
export class KnownDevices {
  readonly #reader: Pick<StoreReader, 'lastSeen'>;
  readonly #lists = new Map<string, List>();
  #lookBack = 0;

  constructor(reader: Pick<StoreReader, 'lastSeen'>) {
    this.#reader = reader;
  }

  async of(query: Pick<LastSeenQuery, 'measurement' | 'by'>, nowMs: number): Promise<KnownList> {
    const key = JSON.stringify([query.measurement, query.by]);
    let list = this.#lists.get(key);
    if (list === undefined || nowMs - list.builtMs > list.readAgainMs) {
      const readAgainMs =
        list === undefined ? FIRST_READ_AGAIN_MS : Math.min(LAST_READ_AGAIN_MS, 2 * list.readAgainMs);
      list = { devices: new Map(), moreDevices: false, builtMs: nowMs, readAgainMs, asOfMs: 0 };
      await this.#read(query, nowMs - LOOK_BACK_MS[this.#lookBack % LOOK_BACK_MS.length]!, list);
      this.#lists.delete(key);
      this.#lists.set(key, list);
      const [oldest] = this.#lists.keys();
      if (this.#lists.size > MAX_LISTS && oldest !== undefined) this.#lists.delete(oldest);
    } else await this.#read(query, list.asOfMs - OVERLAP_MS, list);
    list.asOfMs = nowMs;
    return list;
  }

  async #read(query: Pick<LastSeenQuery, 'measurement' | 'by'>, fromMs: number, list: List): Promise<void> {
    const found = await this.#reader
      .lastSeen({ ...query, fromMs, maxGroups: MAX_KNOWN_DEVICES + 1 })
      .catch((thrown: unknown) => {
        // It may have been too much for the store: the next try asks for less.
        this.#lookBack += 1;
        throw thrown;
      });
    for (const { name, atMs } of found) {
      const known = list.devices.get(name);
      if (known === undefined && list.devices.size >= MAX_KNOWN_DEVICES) list.moreDevices = true;
      else if (known === undefined || known < atMs) list.devices.set(name, atMs);
    }
  }
}
