import type { LastSeenQuery, MeasurementSummary } from '../sink/store-reader.js';

/** src/web/devices-tag.js chooses by the same names. */
const USUAL_NAMES = /^(device|device[-_]?(id|name)|sensor|sensor[-_]?id|client[-_]?id|node|thing)$/i;
/** Each tag that is tried is one query to the store. */
const MAX_TRIED_TAGS = 4;
const MAX_REMEMBERED = 1_000;

type CountGroups = (query: Pick<LastSeenQuery, 'measurement' | 'by'>) => Promise<number>;

/** The tag with a usual name for devices; `device` itself comes first. */
export function tagByName(tags: readonly string[]): string | undefined {
  return tags.find((tag) => tag === 'device') ?? tags.find((tag) => USUAL_NAMES.test(tag));
}

/** DeviceTags finds the tag that identifies devices as the page does: by its name, otherwise the one with most values. */
export class DeviceTags {
  readonly #count: CountGroups;
  readonly #found = new Map<string, string | undefined>();

  constructor(count: CountGroups) {
    this.#count = count;
  }

  /** Resolves with undefined for a measurement without tags. */
  async of({ name, tags }: Pick<MeasurementSummary, 'name' | 'tags'>): Promise<string | undefined> {
    const named = tagByName(tags);
    if (named !== undefined || tags.length < 2) return named ?? tags[0];
    const key = JSON.stringify([name, tags]);
    if (!this.#found.has(key)) {
      if (this.#found.size >= MAX_REMEMBERED) this.#found.clear();
      this.#found.set(key, await this.#tagWithMostValues(name, tags));
    }
    return this.#found.get(key);
  }

  async #tagWithMostValues(measurement: string, tags: readonly string[]): Promise<string | undefined> {
    let best = { tag: tags[0], groups: -1 };
    for (const tag of tags.slice(0, MAX_TRIED_TAGS)) {
      const groups = await this.#count({ measurement, by: tag });
      if (groups > best.groups) best = { tag, groups };
    }
    return best.tag;
  }
}
