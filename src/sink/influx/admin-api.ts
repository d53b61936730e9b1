import { askPeer } from '../../lib/ask-peer.js';
import { MAX_SHORT_ANSWER_BYTES } from '../../lib/bounded-answer.js';
import { errorText, SluiceError } from '../../lib/errors.js';
import { printable } from '../../lib/printable.js';
import { type InfluxSettings, queryTarget } from './influx-options.js';

/** An organisation can have thousands of buckets, each with a mapping of about 300 bytes. */
const MAX_ANSWER_BYTES = 4 * 1024 * 1024;
const MAX_REASON_CHARACTERS = 300;
const MS_PER_SECOND = 1_000;

export type ApiSettings = Pick<InfluxSettings, 'url' | 'authorization' | 'org' | 'timeoutMs'>;

export interface ApiCall {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH';
  /** Path and query. */
  readonly path: string;
  /** Sent as JSON. */
  readonly body?: unknown;
}

/** What the API of InfluxDB 2 says about a bucket. */
export interface Bucket {
  readonly id: string;
  readonly name: string;
  readonly orgId: string;
  /** Absent for a bucket that keeps its points for ever. */
  readonly retentionMs?: number;
}

/** InfluxDB answered a call with a status that is no success. */
export class ApiRefusal extends SluiceError {
  readonly status: number;
  /** The store's own message. */
  readonly reason: string;

  constructor(sentence: string, status: number, reason: string) {
    super('SINK_QUERY_FAILED', `${sentence} with ${status}: ${reason}`);
    this.status = status;
    this.reason = reason;
  }
}

/** A database and retention policy of InfluxQL, and the bucket of InfluxDB 2 that they lead to. */
export interface BucketMapping {
  readonly database: string;
  readonly policy: string;
  readonly isDefault: boolean;
  readonly bucketId: string;
}

/**
 * Calls the administrative API of InfluxDB 2 or 3, and resolves with the JSON of the answer; undefined when it has none.
 * Rejects with SINK_QUERY_FAILED, which says what the store answers.
 */
export async function askApi(
  { url, authorization, timeoutMs }: ApiSettings,
  { method, path, body }: ApiCall,
): Promise<unknown> {
  const answer = await askPeer({
    url: `${url.origin}${url.pathname.replace(/\/$/, '')}${path}`,
    method,
    ...(body !== undefined && { body: JSON.stringify(body) }),
    headers: {
      accept: 'application/json',
      ...(body !== undefined && { 'content-type': 'application/json' }),
      ...(authorization !== undefined && { authorization }),
    },
    timeoutMs,
    limits: { success: MAX_ANSWER_BYTES, error: MAX_SHORT_ANSWER_BYTES },
  }).catch((thrown: unknown) => {
    throw failed(`InfluxDB at ${url.origin} does not answer: ${errorText(thrown)}`, thrown);
  });
  const { status, text, omitted } = answer;
  if (status < 200 || status >= 300) {
    const place = path.replace(/\?.*$/s, '');
    throw new ApiRefusal(`InfluxDB at ${url.origin} answers ${method} ${place}`, status, reasonOf(text));
  }
  if (omitted !== undefined)
    throw failed(`the answer of InfluxDB at ${url.origin} cannot be read: ${omitted}`);
  if (text.trim() === '') return undefined;
  try {
    return JSON.parse(text) as unknown;
  } catch (thrown) {
    throw failed(`InfluxDB at ${url.origin} does not answer with JSON`, thrown);
  }
}

/** Resolves with the buckets that the token may see. */
export async function readBuckets(
  settings: ApiSettings,
  query: Readonly<Record<string, string>>,
): Promise<readonly Bucket[]> {
  const org: Record<string, string> = settings.org === undefined ? {} : { org: settings.org };
  const path = `/api/v2/buckets?${new URLSearchParams({ ...org, ...query })}`;
  return (await bucketList(settings, path)).map(({ id, name, orgID, retentionRules }) => ({
    id: String(id),
    name: String(name),
    orgId: String(orgID),
    retentionMs: retentionMs(retentionRules),
  }));
}

async function bucketList(
  settings: ApiSettings,
  path: string,
): Promise<readonly Readonly<Record<string, unknown>>[]> {
  try {
    return await listIn(settings, path, 'buckets');
  } catch (thrown) {
    const isUnknown = thrown instanceof ApiRefusal && thrown.status === 404;
    // Not every version answers with an empty list.
    if (isUnknown && /\bbucket\b.* not found/i.test(thrown.reason)) return [];
    throw thrown;
  }
}

export async function readMappings(settings: ApiSettings, orgID: string): Promise<readonly BucketMapping[]> {
  const path = `/api/v2/dbrps?${new URLSearchParams({ orgID })}`;
  return (await listIn(settings, path, 'content')).map((one) => ({
    database: String(one.database),
    policy: String(one.retention_policy),
    isDefault: one.default === true,
    bucketId: String(one.bucketID),
  }));
}

/** Returns the mapping that queries take to reach the configured bucket; it may lead to another one. */
export function mappingTaken(
  settings: InfluxSettings,
  mappings: readonly BucketMapping[],
): BucketMapping | undefined {
  const { db, rp } = queryTarget(settings);
  return mappings.find(
    ({ database, policy, isDefault }) => database === db && (rp === undefined ? isDefault : policy === rp),
  );
}

/** Resolves with the list that an answer has under a key. */
export async function listIn(
  settings: ApiSettings,
  path: string,
  key: string,
): Promise<readonly Record<string, unknown>[]> {
  const json = await askApi(settings, { method: 'GET', path });
  const list = ((json ?? {}) as Record<string, unknown>)[key];
  if (!Array.isArray(list)) throw failed(`${settings.url.origin} does not answer as InfluxDB 2 does`);
  return list as readonly Record<string, unknown>[];
}

function retentionMs(rules: unknown): number | undefined {
  const seconds = (Array.isArray(rules) ? (rules as readonly { everySeconds?: unknown }[]) : [])
    .map(({ everySeconds }) => Number(everySeconds))
    .filter((each) => each > 0);
  return seconds.length === 0 ? undefined : Math.min(...seconds) * MS_PER_SECOND;
}

/** The store's own message. */
function reasonOf(text: string): string {
  let message: unknown;
  try {
    const json = JSON.parse(text) as { message?: unknown; error?: unknown } | null;
    message = json?.message ?? json?.error;
  } catch {
    // A text that is no JSON is the message.
  }
  const reason = typeof message === 'string' ? message : text.trim();
  return reason === '' ? 'without a text' : printable(reason, MAX_REASON_CHARACTERS);
}

function failed(sentence: string, cause?: unknown): SluiceError {
  return new SluiceError('SINK_QUERY_FAILED', sentence, { cause });
}
