import { SluiceError } from '../../errors.js';

/**
 * Where and how to write. Which of the address keys count depends on `version`:
 * 1: `database`, `retentionPolicy`, `username`, `password`; 2: `org`, `bucket`, `token`; 3: `database`, `token`.
 */
export interface InfluxSinkOptions {
  /** http or https; a path before `/write` or `/api` is kept. */
  readonly url: string;
  readonly version: 1 | 2 | 3;
  readonly org?: string | undefined;
  readonly bucket?: string | undefined;
  readonly database?: string | undefined;
  /** Absent: the database's default. */
  readonly retentionPolicy?: string | undefined;
  readonly username?: string | undefined;
  readonly password?: string | undefined;
  readonly token?: string | undefined;
  /** For a whole request, waiting for a connection included. Default 10,000. */
  readonly timeoutMs?: number | undefined;
  /** Lines a request. Default 5,000. */
  readonly maxBatchLines?: number | undefined;
  /** Bytes a request before compression. Default 4 MB. */
  readonly maxBatchBytes?: number | undefined;
  /** Requests in flight at once; a series always takes the same lane. Default 1, with version 3 4 (it answers once a second). */
  readonly lanes?: number | undefined;
  /** Compress requests. Default: only when the url is not this machine. */
  readonly gzip?: boolean | undefined;
  /**
   * From 0 to 1, default 1. When more than this share of a request's lines (and at least 20 lines) is refused,
   * the request is held and tried again instead of giving the refused lines up to be parked. See `InfluxSink`.
   */
  readonly maxRefusedShare?: number | undefined;
}

/** `InfluxSinkOptions` checked and with every default filled in. */
export interface InfluxSettings {
  readonly url: URL;
  readonly version: 1 | 2 | 3;
  /** What the store calls the place: bucket or database. */
  readonly database: string;
  readonly org: string | undefined;
  readonly retentionPolicy: string | undefined;
  /** Whole value of the authorization header. */
  readonly authorization: string | undefined;
  readonly timeoutMs: number;
  readonly maxBatchLines: number;
  readonly maxBatchBytes: number;
  readonly lanes: number;
  readonly gzip: boolean;
  readonly maxRefusedShare: number;
}

const LOOPBACK = /^(localhost|127\.\d+\.\d+\.\d+|\[::1\])$/;

/** Throws SINK_UNUSABLE, naming the key, when no store could be reached with these. */
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
      'sink.influx.username is missing: there is a password without a user',
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
    lanes: atLeast(1, 'lanes', options.lanes ?? (options.version === 3 ? 4 : 1)),
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

/** In a header, never in the address: addresses end up in logs and error texts. */
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
