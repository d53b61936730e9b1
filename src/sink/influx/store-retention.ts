import type { Clock } from '../../lib/clock.js';
import { SluiceError } from '../../lib/errors.js';
import { readBuckets } from './admin-api.js';
import type { InfluxSettings } from './influx-options.js';
import { identifier } from './influxql.js';
import { QueryChannel } from './query-channel.js';
import { goDurationMs } from './store-duration.js';
import type { InfluxTransport } from './transport.js';

const NS_PER_MS = 1_000_000n;
/** An operator changes a retention rarely. */
const FRESH_MS = 5 * 60_000;
/** While the store does not answer, or does not let the gateway ask. */
const RETRY_MS = 30_000;

/** How long InfluxDB keeps the points of the gateway: asked in the background, so that nothing waits for it. */
export class StoreRetention {
  readonly #settings: InfluxSettings;
  readonly #transport: InfluxTransport;
  readonly #clock: Clock;
  /** 0: for ever; undefined: the store has not said it. */
  #retentionMs: number | undefined;
  #nextMs = Number.NEGATIVE_INFINITY;

  constructor(settings: InfluxSettings, transport: InfluxTransport, clock: Clock) {
    this.#settings = settings;
    this.#transport = transport;
    this.#clock = clock;
  }

  /** Points before this time may be gone, ns; undefined: none are deleted, or the store has not said it yet. */
  oldestKeptNs(): bigint | undefined {
    this.#refresh();
    const retentionMs = this.#retentionMs ?? 0;
    return retentionMs === 0 ? undefined : this.#clock.nowNs() - BigInt(retentionMs) * NS_PER_MS;
  }

  #refresh(): void {
    const nowMs = this.#clock.monotonicMs();
    if (nowMs < this.#nextMs) return;
    this.#nextMs = nowMs + FRESH_MS;
    readRetention(this.#settings, this.#transport).then(
      (retentionMs) => {
        this.#retentionMs = retentionMs;
      },
      () => {
        // What it said before is still the best that is known.
        this.#nextMs = nowMs + RETRY_MS;
      },
    );
  }
}

/** Resolves with 0 for ever, and with undefined when the store does not say. */
async function readRetention(
  settings: InfluxSettings,
  transport: InfluxTransport,
): Promise<number | undefined> {
  const { version, database, retentionPolicy } = settings;
  if (version === 2) {
    const bucket = (await readBuckets(settings, { name: database })).find(({ name }) => name === database);
    return bucket && (bucket.retentionMs ?? 0);
  }
  const channel = new QueryChannel(settings, transport);
  if (version === 3) return databaseRetentionMs(channel);
  const policies = await readPolicies(channel, database);
  return policies.find(({ name, isDefault }) =>
    retentionPolicy === undefined ? isDefault : name === retentionPolicy,
  )?.retentionMs;
}

export interface RetentionPolicy {
  readonly name: string;
  /** 0: for ever. */
  readonly retentionMs: number;
  readonly isDefault: boolean;
}

/** The policies of a database of InfluxDB 1; none for one that is not there. */
export async function readPolicies(
  channel: QueryChannel,
  database: string,
): Promise<readonly RetentionPolicy[]> {
  const statement = `SHOW RETENTION POLICIES ON ${identifier(database)}`;
  const listed = await channel.query(statement, isWithoutName).catch((thrown: unknown) => {
    // This is what a look finds before the database is made.
    if (thrown instanceof SluiceError && /database not found/i.test(thrown.message)) return [];
    throw thrown;
  });
  return listed.flatMap(({ columns, values }) => {
    const cell = (row: readonly unknown[], column: string) => row[columns.indexOf(column)];
    return values.map((row) => ({
      name: String(cell(row, 'name')),
      retentionMs: knownDurationMs(cell(row, 'duration')),
      isDefault: cell(row, 'default') === true,
    }));
  });
}

/** Of a database of InfluxDB 3: resolves with 0 for ever, and with undefined when the store does not say. */
export async function databaseRetentionMs(channel: QueryChannel): Promise<number | undefined> {
  const [series] = await channel.query('SHOW RETENTION POLICIES', () => true);
  const duration = series?.values[0]?.[series.columns.indexOf('duration')];
  return duration === undefined ? undefined : goDurationMs(String(duration));
}

function knownDurationMs(value: unknown): number {
  const ms = goDurationMs(String(value));
  if (ms === undefined) throw new SluiceError('SINK_QUERY_FAILED', `the store has a duration "${value}"`);
  return ms;
}

const isWithoutName = (name: string | undefined) => name === undefined;
