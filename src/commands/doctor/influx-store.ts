import { QUERY_PATH, queryTarget, writePath } from '../../sink/influx/endpoints.js';
import {
  type InfluxSettings,
  type InfluxSinkOptions,
  influxSettings,
} from '../../sink/influx/influx-options.js';
import { InfluxTransport, type StoreAnswer, type StoreRequest } from '../../sink/influx/transport.js';
import { type CheckResult, fail, ok } from './check-result.js';
import { pingInflux } from './influx-ping.js';
import { STORE, type StoreFinding } from './store-finding.js';

const CALL_WITHIN_MS = 3_000;
const MEANWHILE = 'until then acknowledged packets wait in the log';

/** Reachable, of which version, and whether it would take a write; nothing is stored. */
export async function checkInfluxStore(
  options: InfluxSinkOptions,
  callWithinMs = CALL_WITHIN_MS,
): Promise<StoreFinding> {
  const settings = { ...influxSettings(options), timeoutMs: callWithinMs, gzip: false };
  const ping = await pingInflux(settings, callWithinMs);
  if ('silence' in ping) return { result: unreachable(settings, ping.silence) };
  const transport = new InfluxTransport(settings);
  try {
    const answer = await transport.post(harmlessRequest(settings), new AbortController().signal);
    const result =
      answer.kind === 'silence'
        ? unreachable(settings, answer.reason)
        : judged(settings, answer, `${placeText(settings)}, ${versionText(ping.version)}`);
    return { result, ...(ping.aheadMs === undefined ? {} : { aheadMs: ping.aheadMs }) };
  } finally {
    transport.close();
  }
}

/**
 * A write without a line: versions 1 and 2 look at credentials and database before they look at the body. Version 3
 * makes a missing database at a write, so it is only asked what the database holds.
 */
function harmlessRequest(settings: InfluxSettings): StoreRequest {
  if (settings.version !== 3) {
    return { path: writePath(settings), body: '', contentType: 'text/plain; charset=utf-8' };
  }
  const body = new URLSearchParams({ ...queryTarget(settings), q: 'SHOW MEASUREMENTS LIMIT 1' }).toString();
  return {
    path: QUERY_PATH,
    body,
    contentType: 'application/x-www-form-urlencoded',
    accept: 'application/json',
  };
}

function judged(settings: InfluxSettings, { status, body }: StoreAnswer, place: string): CheckResult {
  const { version } = settings;
  const said = `${place}; it answers ${status}${body === '' ? '' : ` ${body.trim()}`}`;
  if (status === 401 || status === 403) {
    const keys = version === 1 ? 'sink.influx.username and password' : 'sink.influx.token';
    const right = status === 401 ? 'is not known' : 'may not write there';
    return fail(
      STORE,
      `${said}: the ${version === 1 ? 'user' : 'token'} ${right}`,
      `mend ${keys}, or grant the right to write; ${MEANWHILE}`,
    );
  }
  if (version === 3) {
    if (status === 404 || status === 400)
      return ok(STORE, `${place}; the database will be made by the first write`);
    if (isSuccess(status))
      return ok(STORE, `${place}; the database can be read, whether it may be written is not tried`);
  }
  if (status === 404) {
    const made =
      version === 1
        ? `make it (CREATE DATABASE "${settings.database}") or mend sink.influx.database`
        : 'make the bucket, or mend sink.influx.org, bucket or url';
    return fail(
      STORE,
      `${said}: there is no such ${version === 1 ? 'database' : 'bucket'}`,
      `${made}; ${MEANWHILE}`,
    );
  }
  if (isSuccess(status)) return ok(STORE, `${place}; writing is permitted`);
  // It refuses a write without a line, but looks at token, organisation and bucket before.
  if (version === 2 && status === 400)
    return ok(STORE, `${said} to an empty write: token and bucket are right`);
  if (version === 1 && status === 500 && body.includes('retention policy not found')) {
    return fail(STORE, said, `make the retention policy, or mend sink.influx.retentionPolicy; ${MEANWHILE}`);
  }
  return fail(STORE, said, `look at the log of the store, and whether sink.influx.url is one; ${MEANWHILE}`);
}

function unreachable(settings: InfluxSettings, reason: string): CheckResult {
  return fail(
    STORE,
    `${placeText(settings)} cannot be reached: ${reason}`,
    `start it, or mend sink.influx.url; ${MEANWHILE}`,
  );
}

function placeText({ version, url, database }: InfluxSettings): string {
  return `InfluxDB ${version} at ${url.origin}, ${version === 2 ? 'bucket' : 'database'} ${database}`;
}

function versionText(version: string | undefined): string {
  return version === undefined ? 'version not told' : `version ${version}`;
}

function isSuccess(status: number): boolean {
  return status >= 200 && status < 300;
}
