import type { UnreadableTopic } from '../consumer/unreadable-topics.js';
import type { KnownSeries } from '../rules/series-cache.js';

/** A topic that is unreadable now, with what the rules say of its device without the payload. */
export interface UnreadableDevice extends UnreadableTopic {
  /** '' where it is not known. */
  readonly measurement: string;
  readonly tags: ReadonlyMap<string, string>;
}

type KnownSeriesOf = (
  sent: Pick<UnreadableTopic, 'topic' | 'clientId' | 'user'>,
  rule?: string,
) => KnownSeries | undefined;

export function unreadableDevices(
  topics: readonly UnreadableTopic[],
  knownSeries: KnownSeriesOf,
): readonly UnreadableDevice[] {
  return topics.map((unreadable) => {
    const { topic, clientId, user, rule } = unreadable;
    const { measurement = '', tags = [] } = knownSeries({ topic, clientId, user }, rule) ?? {};
    return { ...unreadable, measurement, tags: new Map(tags.map(({ name, value }) => [name, value])) };
  });
}

/** The unreadable devices of a measurement by the value of a tag; of several topics of one the one that is so longest. */
export function unreadableByName(
  devices: readonly UnreadableDevice[],
  measurement: string,
  by: string | undefined,
): ReadonlyMap<string, UnreadableDevice> {
  const byName = new Map<string, UnreadableDevice>();
  for (const device of devices) {
    const name = by === undefined ? undefined : device.tags.get(by);
    if (device.measurement !== measurement || name === undefined) continue;
    const known = byName.get(name);
    if (known === undefined || device.sinceMs < known.sinceMs) byName.set(name, device);
  }
  return byName;
}
