import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { HttpConfig, KinesisConfig, SluiceConfig } from '../../config/sluice-config.js';
import { isDataDirectoryLocked } from '../../data-directory/directory-lock.js';
import { askPeer } from '../../lib/ask-peer.js';
import { SluiceError } from '../../lib/errors.js';
import { checkFit, describeUsable } from '../../pipeline/kinesis-check.js';
import { leaseTable } from '../../pipeline/kinesis-lease-checkpoints.js';
import { connectKinesis } from '../../stream/kinesis/aws/connect-kinesis.js';
import { type CheckResult, fail, ok, warn } from './check-result.js';

const STREAM = 'stream';
const LEASES = 'leases';
const GATEWAY = 'gateway';
const HEALTH_WITHIN_MS = 2_000;

export interface RunningGateway {
  /** Whether a gateway holds the data directory: it may then use its ports and its store. */
  readonly isRunning: boolean;
  readonly result: CheckResult;
}

/** Checks that the stream exists, fits the configuration and permits writing and reading. It writes nothing. */
export async function checkKinesisStream(kinesis: KinesisConfig): Promise<CheckResult> {
  const { name, producer } = kinesis;
  const api = await connectKinesis(kinesis);
  try {
    const stream = await describeUsable(api, name);
    const unwise = checkFit({ name, ...producer }, stream);
    await api.probe('write');
    await api.probe('read');
    const found =
      `Kinesis ${name} is ${stream.status}: ${stream.openShards} open shards (${stream.mode}), retention ` +
      `${stream.retentionHours} h, writing and reading ${kinesis.endpoint === undefined ? 'permitted' : 'not refused (a local stand-in checks no permissions)'}`;
    return unwise.length === 0 ? ok(STREAM, found) : warn(STREAM, found, unwise.join('; '));
  } catch (thrown) {
    if (!(thrown instanceof SluiceError)) throw thrown;
    return fail(STREAM, `Kinesis ${name}: ${thrown.message}`, adviceFor(thrown));
  } finally {
    api.close();
  }
}

function adviceFor({ code, retryable }: SluiceError): string {
  if (code === 'KINESIS_DENIED') {
    return 'give the credentials the rights to describe, write (--role ingest) and read (--role consume) this stream';
  }
  if (code === 'KINESIS_STREAM_MISSING')
    return '`sluice stream create`, or correct stream.kinesis.name or region';
  if (!retryable) return 'correct stream.kinesis as the text says';
  return 'check the network, stream.kinesis.endpoint and region, and AWS; until then acknowledged packets wait in the log';
}

/** Checks that the table of `checkpoints: dynamodb` can be read. The first consumer creates a missing table. */
export async function checkLeaseTable(
  kinesis: KinesisConfig,
  leases: NonNullable<KinesisConfig['reader']['leases']>,
): Promise<CheckResult> {
  const table = leaseTable(kinesis, leases);
  try {
    const { leases: rows, workers } = await table.scan();
    const held = [...rows.values()].filter(({ owner }) => owner !== undefined).length;
    return ok(
      LEASES,
      `DynamoDB table ${leases.table}: ${rows.size} leases, ${held} of them held, ${workers.length} workers known`,
    );
  } catch (thrown) {
    if (!(thrown instanceof SluiceError)) throw thrown;
    if (thrown.cause instanceof Error && thrown.cause.name === 'ResourceNotFoundException') {
      return ok(LEASES, `DynamoDB table ${leases.table} does not exist yet: the first consumer creates it`);
    }
    const advice = thrown.retryable
      ? 'check the network, stream.kinesis.leases.endpoint and AWS'
      : 'correct stream.kinesis.leases, or the rights of the credentials on this table';
    return fail(LEASES, thrown.message, advice);
  } finally {
    table.close();
  }
}

/** Reads the lock of the data directory, and asks a running gateway for its health. */
export async function findRunningGateway({
  dataDirectory,
  http,
}: Pick<SluiceConfig, 'dataDirectory' | 'http'>): Promise<RunningGateway> {
  if (!(await isDataDirectoryLocked(dataDirectory))) {
    return { isRunning: false, result: ok(GATEWAY, 'no gateway is running here') };
  }
  const owner = await readFile(join(dataDirectory, 'lock.owner'), 'utf8').catch(() => '');
  const pid = /^\d+/.exec(owner)?.[0];
  const found = `a gateway is running here${pid === undefined ? '' : ` (process ${pid})`}`;
  return { isRunning: true, result: await gatewayHealth(found, http) };
}

async function gatewayHealth(found: string, http: HttpConfig | undefined): Promise<CheckResult> {
  if (http === undefined || http.port === 0) {
    return ok(GATEWAY, `${found}; its health was not checked: its HTTP port is not in the configuration`);
  }
  const scheme = http.tls === undefined ? 'http' : 'https';
  const url = `${scheme}://${reachableHost(http.host)}:${http.port}/healthz`;
  try {
    const answer = await askHealth(url);
    if (answer.status === 200) return await gatewayReadiness(found, url);
    return fail(
      GATEWAY,
      `${found}; ${url} answers ${answer.status}`,
      'it cannot continue: check its log lines and restart it',
    );
  } catch {
    return warn(
      GATEWAY,
      `${found}; ${url} does not answer within ${HEALTH_WITHIN_MS / 1_000} s`,
      'either it was started with another http.port, or it hangs: check its log lines',
    );
  }
}

/** The certificate names the address that others use, not the one of this machine. */
function askHealth(url: string): ReturnType<typeof askPeer> {
  return askPeer({ url, timeoutMs: HEALTH_WITHIN_MS, anyCertificate: true });
}

/** Asks a healthy gateway whether it is ready: its own problems are the result, with its own words. */
async function gatewayReadiness(found: string, healthUrl: string): Promise<CheckResult> {
  const url = healthUrl.replace(/\/healthz$/, '/readyz');
  const answer = await askHealth(url);
  const { problems, summary } = readinessOf(answer.text);
  const waiting = summary === undefined ? '' : `; ${summary}`;
  if (answer.status === 200 && problems.length === 0)
    return ok(GATEWAY, `${found}; ${url} reports it ready${waiting}`);
  if (problems.length === 0) return fail(GATEWAY, `${found}; ${url} answers ${answer.status}`, LOOK);
  return fail(GATEWAY, `${found}, but it is not ready: ${problems.join('; ')}${waiting}`, LOOK);
}

const LOOK =
  'fix what it names: acknowledged records wait in its log meanwhile; docs/runbook.md has the steps';

/** Reads the answer of `/readyz`; what it does not have is absent. */
function readinessOf(text: string): { readonly problems: readonly string[]; readonly summary?: string } {
  let answer: { problems?: unknown; backlog?: { summary?: unknown } } | null;
  try {
    answer = JSON.parse(text) as typeof answer;
  } catch {
    return { problems: [] };
  }
  const listed = Array.isArray(answer?.problems) ? (answer.problems as unknown[]) : [];
  const problems = listed.map((problem) => {
    const { stage, reason } = (problem ?? {}) as { stage?: unknown; reason?: unknown };
    return `${String(stage)}: ${String(reason)}`;
  });
  const summary = answer?.backlog?.summary;
  return { problems, ...(typeof summary === 'string' && { summary }) };
}

/** Returns an address of this machine for a listener on every address. */
function reachableHost(host: string): string {
  if (host === '0.0.0.0') return '127.0.0.1';
  if (host === '::') return '[::1]';
  return host.includes(':') ? `[${host}]` : host;
}
