import { BoundedCache } from './bounded-cache.js';

const MS_PER_DAY = 86_400_000;
/** Clocks are changed on a quarter of an hour, everywhere and always since 1972. */
const MS_PER_QUARTER = 900_000;
const MAX_CACHED_OFFSETS = 4_096;

/** An IANA time zone, such as Europe/Berlin, with its history of daylight saving time. */
export class TimeZone {
  readonly #format: Intl.DateTimeFormat;
  /** Quarter of an hour since 1970 → offset in ms. */
  readonly #offsets = new BoundedCache<number>(MAX_CACHED_OFFSETS);

  private constructor(format: Intl.DateTimeFormat) {
    this.#format = format;
  }

  /** The name of the zone of a city such as `Berlin` or `New York`, for a person who wrote no region. */
  static ofCity(city: string): string | undefined {
    const end = `/${city.trim().replaceAll(' ', '_')}`.toLowerCase();
    return Intl.supportedValuesOf('timeZone').find((name) => name.toLowerCase().endsWith(end));
  }

  /** `undefined` for a name that no zone has. */
  static of(name: string): TimeZone | undefined {
    try {
      return new TimeZone(
        new Intl.DateTimeFormat('en-US', {
          timeZone: name,
          hourCycle: 'h23',
          era: 'short',
          year: 'numeric',
          month: 'numeric',
          day: 'numeric',
          hour: 'numeric',
          minute: 'numeric',
          second: 'numeric',
        }),
      );
    } catch {
      // The name comes from the configuration: the caller reports it.
      return undefined;
    }
  }

  /**
   * The instant in ms since 1970 when the clocks of the zone show `wallMs`, a time of day written as if it were UTC. Of a
   * time that comes twice, when clocks go back, it is the first; a time that is skipped, when they go forward, is as far
   * behind the change as it is behind the last moment before it. (RFC 5545, section 3.3.5, has the same rule.)
   */
  instantOf(wallMs: number): number {
    const before = this.#offsetMs(wallMs - MS_PER_DAY);
    const after = this.#offsetMs(wallMs + MS_PER_DAY);
    const first = wallMs - before;
    if (before === after || this.#offsetMs(first) === before) return first;
    const second = wallMs - after;
    return this.#offsetMs(second) === after ? second : first;
  }

  /** What the clocks of the zone show at an instant, written as if it were UTC. */
  wallOf(utcMs: number): number {
    return utcMs + this.#offsetMs(utcMs);
  }

  #offsetMs(utcMs: number): number {
    const quarter = Math.floor(utcMs / MS_PER_QUARTER);
    const known = this.#offsets.get(String(quarter));
    if (known !== undefined) return known;
    const offset = this.#wallMs(quarter * MS_PER_QUARTER) - quarter * MS_PER_QUARTER;
    this.#offsets.set(String(quarter), offset);
    return offset;
  }

  #wallMs(utcMs: number): number {
    const parts = Object.fromEntries(
      this.#format.formatToParts(utcMs).map(({ type, value }) => [type, value]),
    );
    const year = Number(parts.year) * (parts.era === 'BC' ? -1 : 1);
    return Date.UTC(
      year,
      Number(parts.month) - 1,
      Number(parts.day),
      Number(parts.hour),
      Number(parts.minute),
      Number(parts.second),
    );
  }
}
