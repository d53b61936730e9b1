import { SluiceError } from '../../lib/errors.js';

/** Measurement of the known-good line, which shows whether a refused line or the store is at fault. */
export const HEALTH_MEASUREMENT = 'sluice_health';

/**
 * Where and how to write. `version` decides which of the address keys count:
 * 1: `database`, `retentionPolicy`, `username`, `password`; 2: `org`, `bucket`, `token`; 3: `database`, `token`.
 */
export interface InfluxSinkOptions {
  /** An http or https URL; its path is put before `/write` or `/api`. */
  readonly url: string;
  readonly version: 1 | 2 | 3;
  readonly org?: string;
  readonly bucket?: string;
  readonly database?: string;
  /** The database's default when absent. */
  readonly retentionPolicy?: string;
  readonly username?: string;
  readonly password?: string;
  readonly token?: string;
  /** Time-out of a whole request, including the wait for a connection. Default 10,000. */
  readonly timeoutMs?: number;
  /** Lines per request. Default 5,000. */
  readonly maxBatchLines?: number;
  /** Bytes per request before compression. Default 4 MB. */
  readonly maxBatchBytes?: number;
  /** Requests in flight at once; the points of a series keep their order. Default 1, and 4 for version 3, which answers once a second. */
  readonly concurrency?: number;
  /** Compresses requests. By default only when the URL is not this machine. */
  readonly gzip?: boolean;
  /**
   * From 0 to 1, default 1. When the store refuses more than this share of a request's lines (and at least 20), the
   * sink holds the request and sends it again, instead of rejecting the lines so that they are parked. See `InfluxSink`.
   */
  readonly maxRefusedShare?: number;
}

/** Returns the options with another retention policy (version 1), bucket (2) or database (3). */
export function influxTarget(options: InfluxSinkOptions, to: string): InfluxSinkOptions {
  if (options.version === 1) return { ...options, retentionPolicy: to };
  return options.version === 2 ? { ...options, bucket: to } : { ...options, database: to };
}

/** `InfluxSinkOptions` after checking, with every default filled in. */
export interface InfluxSettings {
  readonly url: URL;
  readonly version: 1 | 2 | 3;
  /** The bucket in version 2, the database in the others. */
  readonly database: string;
  readonly org: string | undefined;
  readonly retentionPolicy: string | undefined;
  /** The complete value of the authorization header. */
  readonly authorization: string | undefined;
  readonly timeoutMs: number;
  readonly maxBatchLines: number;
  readonly maxBatchBytes: number;
  readonly concurrency: number;
  readonly gzip: boolean;
  readonly maxRefusedShare: number;
}

const LOOPBACK = /^(localhost|127\.\d+\.\d+\.\d+|\[::1\])$/;

/** Checks the options and fills in defaults. Throws SINK_UNUSABLE, which names the key, when they cannot work. */
export function influxSettings(options: InfluxSinkOptions): InfluxSettings {
  const url = storeUrl(options.url);
  const database = options.version === 2 ? options.bucket : options.database;
  if (database === undefined || database === '') {
    const key = options.version === 2 ? 'bucket' : 'database';
    throw new SluiceError(
      'SINK_UNUSABLE',
      `sink.influx.${key} is missing: InfluxDB ${options.version} needs it`,
    );
  }
  if (options.password !== undefined && options.username === undefined) {
    throw new SluiceError(
      'SINK_UNUSABLE',
      'sink.influx.username is missing: there is a password but no user',
    );
  }
  return {
    url,
    version: options.version,
    database,
    org: options.org,
    retentionPolicy: options.retentionPolicy,
    authorization: authorizationOf(options),
    timeoutMs: atLeast(1, 'timeoutMs', options.timeoutMs ?? 10_000),
    maxBatchLines: atLeast(1, 'maxBatchLines', options.maxBatchLines ?? 5_000),
    maxBatchBytes: atLeast(1, 'maxBatchBytes', options.maxBatchBytes ?? 4_000_000),
    concurrency: atLeast(1, 'concurrency', options.concurrency ?? (options.version === 3 ? 4 : 1)),
    gzip: options.gzip ?? !LOOPBACK.test(url.hostname),
    maxRefusedShare: atLeast(0, 'maxRefusedShare', options.maxRefusedShare ?? 1),
  };
}

function storeUrl(text: string): URL {
  if (!URL.canParse(text)) {
    throw new SluiceError(
      'SINK_UNUSABLE',
      `sink.influx.url is not a URL: expected http://host:8086, got "${text}"`,
    );
  }
  const url = new URL(text);
  if (url.protocol !== 'http:' && url.protocol !== 'https:') {
    throw new SluiceError('SINK_UNUSABLE', `sink.influx.url must be http or https, got "${url.protocol}"`);
  }
  if (url.username !== '' || url.password !== '') {
    throw new SluiceError(
      'SINK_UNUSABLE',
      'sink.influx.url must not hold a user or password: use the keys for them',
    );
  }
  return url;
}

/** Credentials go into a header and never into the URL, because URLs end up in logs and error messages. */
function authorizationOf(options: InfluxSinkOptions): string | undefined {
  if (options.version === 1) {
    if (options.username === undefined) return undefined;
    const pair = `${options.username}:${options.password ?? ''}`;
    return `Basic ${Buffer.from(pair, 'utf8').toString('base64')}`;
  }
  if (options.token === undefined || options.token === '') return undefined;
  return `${options.version === 3 ? 'Bearer' : 'Token'} ${options.token}`;
}

function atLeast(least: number, key: string, value: number): number {
  if (Number.isFinite(value) && value >= least) return value;
  throw new SluiceError('SINK_UNUSABLE', `sink.influx.${key} must be at least ${least}, got ${value}`);
}

/** Returns path and query of the write request. Nanoseconds are always explicit: v3 would otherwise guess from the number's size. */
export function writePath({ version, database, org, retentionPolicy }: InfluxSettings): string {
  if (version === 1) return withQuery('/write', { db: database, rp: retentionPolicy, precision: 'n' });
  if (version === 2) return withQuery('/api/v2/write', { org, bucket: database, precision: 'ns' });
  return withQuery('/api/v3/write_lp', {
    db: database,
    precision: 'nanosecond',
    accept_partial: 'true',
    no_sync: 'false',
  });
}

/** Path of the InfluxQL endpoint in every version. */
export const QUERY_PATH = '/query';

/**
 * Returns the form parameters that name the database for InfluxQL. v2 maps a bucket "db/rp" to database and
 * retention policy, and any other bucket to a database of its name (DBRP); v3 has databases only.
 */
export function queryTarget({ version, database, retentionPolicy }: InfluxSettings): Record<string, string> {
  if (version === 3) return { db: database };
  if (version === 1)
    return retentionPolicy === undefined ? { db: database } : { db: database, rp: retentionPolicy };
  const slash = database.indexOf('/');
  if (slash < 0) return { db: database };
  return { db: database.slice(0, slash), rp: database.slice(slash + 1) };
}

function withQuery(path: string, parameters: Readonly<Record<string, string | undefined>>): string {
  const pairs = Object.entries(parameters)
    .filter((pair): pair is [string, string] => pair[1] !== undefined)
    .map(([name, value]) => `${name}=${encodeURIComponent(value)}`);
  return `${path}?${pairs.join('&')}`;
}
