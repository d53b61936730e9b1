import { access, constants, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { askPeer } from '../../lib/ask-peer.js';
import { errorText, SluiceError, systemErrorCode } from '../../lib/errors.js';
import { printable } from '../../lib/printable.js';
import { type DuckdbSinkOptions, loadDuckdb } from '../../sink/duckdb/duckdb-database.js';
import {
  type InfluxSettings,
  type InfluxSinkOptions,
  influxSettings,
} from '../../sink/influx/influx-options.js';
import { probeRequest } from '../../sink/influx/probe-request.js';
import { isPolicyMissing, storeMessage } from '../../sink/influx/response.js';
import { InfluxTransport, type StoreAnswer } from '../../sink/influx/transport.js';
import { folderProblem } from '../environment-problems.js';
import { type CheckResult, fail, ok, STORE, type StoreFinding, sizeText } from './check-result.js';

const CALL_WITHIN_MS = 3_000;
const MEANWHILE = 'until then acknowledged packets wait in the log';
const HALF_SECOND_MS = 500;
const MAX_VERSION_CHARACTERS = 40;

export interface InfluxPing {
  /** The version that the store reports; absent when it reports none. */
  readonly version?: string;
  /** The `Date` header of the answer, which has whole seconds, compared with the middle of the call. */
  readonly aheadMs?: number;
}

/** Checks that the store is reachable and accepts writes, and reports its version. It stores nothing. */
export async function checkInfluxStore(
  options: InfluxSinkOptions,
  callWithinMs = CALL_WITHIN_MS,
): Promise<StoreFinding> {
  const settings = { ...influxSettings(options), timeoutMs: callWithinMs, gzip: false };
  const ping = await pingInflux(settings, callWithinMs);
  if ('silence' in ping) return { result: unreachable(settings, ping.silence) };
  const transport = new InfluxTransport(settings);
  try {
    const answer = await transport.post(probeRequest(settings), new AbortController().signal);
    const result =
      answer.kind === 'no-answer'
        ? unreachable(settings, answer.reason)
        : writeResult(settings, answer, `${placeText(settings)}, ${versionText(ping.version)}`);
    return { result, aheadMs: ping.aheadMs };
  } finally {
    transport.close();
  }
}

function writeResult(settings: InfluxSettings, answer: StoreAnswer, target: string): CheckResult {
  const { version } = settings;
  const { status, body } = answer;
  if (answer.movedTo !== undefined) {
    return fail(
      STORE,
      `${target}; it answers ${status} to ${answer.movedTo}`,
      `set sink.influx.url to that address: redirects are not followed; ${MEANWHILE}`,
    );
  }
  if (answer.isWebPage) {
    return fail(
      STORE,
      `${target}; it answers ${status} with ${storeMessage(answer)}`,
      `correct sink.influx.url: something else than InfluxDB is there; ${MEANWHILE}`,
    );
  }
  const answered = `${target}; it answers ${status}${body === '' ? '' : ` ${body.trim()}`}`;
  if (status === 401 || status === 403) {
    const keys = version === 1 ? 'sink.influx.username and password' : 'sink.influx.token';
    const right = status === 401 ? 'is not known' : 'may not write there';
    return fail(
      STORE,
      `${answered}: the ${version === 1 ? 'user' : 'token'} ${right}`,
      `correct ${keys}, or grant the right to write; ${MEANWHILE}`,
    );
  }
  if (version === 3) {
    if (status === 404 || status === 400) return ok(STORE, `${target}; the first write creates the database`);
    if (isSuccess(status)) return ok(STORE, `${target}; the database can be read; writing was not tried`);
  }
  if (version === 2 && status === 404 && /\borgani[sz]ation\b/i.test(body)) {
    return fail(
      STORE,
      `${answered}: there is no such organisation, or the token is not for it`,
      `correct sink.influx.org; ${MEANWHILE}`,
    );
  }
  if (status === 404) {
    const fix =
      version === 1
        ? `create it (CREATE DATABASE "${settings.database}") or correct sink.influx.database`
        : 'create the bucket, or correct sink.influx.org, bucket or url';
    return fail(
      STORE,
      `${answered}: there is no such ${version === 1 ? 'database' : 'bucket'}`,
      `${fix}; ${MEANWHILE}`,
    );
  }
  if (isSuccess(status)) return ok(STORE, `${target}; writing is permitted`);
  // InfluxDB 2 rejects a write without a line, but only after it has accepted token, organisation and bucket.
  if (version === 2 && status === 400)
    return ok(STORE, `${answered} to an empty write: token and bucket are correct`);
  if (version === 1 && isPolicyMissing(status, body)) {
    return fail(
      STORE,
      answered,
      `create the retention policy, or correct sink.influx.retentionPolicy; ${MEANWHILE}`,
    );
  }
  return fail(
    STORE,
    answered,
    `check the log of the store, and that sink.influx.url points to InfluxDB; ${MEANWHILE}`,
  );
}

function unreachable(settings: InfluxSettings, reason: string): CheckResult {
  return fail(
    STORE,
    `${placeText(settings)} cannot be reached: ${reason}`,
    `start it, or correct sink.influx.url; ${MEANWHILE}`,
  );
}

function placeText({ version, url, database }: InfluxSettings): string {
  return `InfluxDB ${version} at ${url.origin}, ${version === 2 ? 'bucket' : 'database'} ${database}`;
}

function versionText(version: string | undefined): string {
  return version === undefined ? 'version unknown' : `version ${version}`;
}

function isSuccess(status: number): boolean {
  return status >= 200 && status < 300;
}

/** Calls GET /ping, which every version has. Any answer counts; without an answer it resolves with the reason. */
export async function pingInflux(
  { url, authorization }: Pick<InfluxSettings, 'url' | 'authorization'>,
  limitMs: number,
): Promise<InfluxPing | { readonly silence: string }> {
  const beganMs = Date.now();
  try {
    const { headers } = await askPeer({
      url: `${url.origin}${url.pathname.replace(/\/$/, '')}/ping`,
      timeoutMs: limitMs,
      headers: authorization === undefined ? {} : { authorization },
    });
    const middleMs = (beganMs + Date.now()) / 2;
    const version = headers['x-influxdb-version'];
    const dateMs = Date.parse(headers.date ?? '');
    return {
      ...(typeof version === 'string' ? { version: printable(version, MAX_VERSION_CHARACTERS) } : {}),
      ...(Number.isNaN(dateMs) ? {} : { aheadMs: dateMs + HALF_SECOND_MS - middleMs }),
    };
  } catch (thrown) {
    return { silence: errorText(thrown) };
  }
}

/**
 * Opens the file for reading only, so it creates and changes nothing. While a gateway runs it does not open it at all.
 */
export async function checkDuckdbStore(
  { path }: Pick<DuckdbSinkOptions, 'path'>,
  isGatewayRunning: boolean,
  load: typeof loadDuckdb = loadDuckdb,
): Promise<CheckResult> {
  let api: Awaited<ReturnType<typeof loadDuckdb>>;
  try {
    api = await load();
  } catch (thrown) {
    if (!(thrown instanceof SluiceError)) throw thrown;
    return fail(
      STORE,
      thrown.message,
      'run `npm install` with optional dependencies, or configure sink.influx',
    );
  }
  const version = `DuckDB ${api.version()}`;
  const sizeBytes = await fileSize(path);
  if (sizeBytes === undefined) return missingFileResult(version, path);
  const target = `${version}, ${path}, ${sizeText(sizeBytes)}`;
  if (isGatewayRunning) return ok(STORE, `${target}, in use by the running gateway`);
  try {
    await access(path, constants.R_OK | constants.W_OK);
    const instance = await api.DuckDBInstance.create(path, { access_mode: 'READ_ONLY' });
    instance.closeSync();
    return ok(STORE, `${target}, can be opened`);
  } catch (thrown) {
    const text = errorText(thrown);
    const advice = /lock/i.test(text)
      ? 'another program has it open: stop that one, or name another file with sink.duckdb.path'
      : 'restore the file, move it away (a new one is created), or name another with sink.duckdb.path';
    return fail(STORE, `${target}, cannot be opened: ${text}`, advice);
  }
}

async function missingFileResult(version: string, path: string): Promise<CheckResult> {
  const problem = await folderProblem(dirname(path));
  if (problem === undefined) return ok(STORE, `${version}, ${path} will be created`);
  return fail(
    STORE,
    `${version}, ${path} cannot be created: ${problem.hint}`,
    'make its folder writable for this user, or name another with sink.duckdb.path',
  );
}

async function fileSize(path: string): Promise<number | undefined> {
  try {
    return (await stat(path)).size;
  } catch (thrown) {
    const code = systemErrorCode(thrown);
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined;
    throw thrown;
  }
}
