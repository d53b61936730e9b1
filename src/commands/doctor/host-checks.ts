import type { StoredEpochs } from '../../bridge/receive-times.js';
import type { BrokerConfig, SluiceConfig } from '../../config/sluice-config.js';
import { LISTEN_BACKLOG } from '../../lib/listen-backlog.js';
import { openFilesLimit, shareOpenFiles } from '../../lib/open-files.js';
import { RELEASED_AT_MS } from '../../lib/package-root.js';
import { isPlausibleMs } from '../../lib/plausible-time.js';
import { listenProblem } from '../environment-problems.js';
import { type CheckResult, fail, ok, warn } from './check-result.js';
import { kernelBacklogLimit } from './kernel-backlog-limit.js';

const CLOCK = 'clock';

const DATE_LENGTH = 10;
const MAX_STEP_MS = 500;
const MAX_OFF_MS = 60_000;

const ADVICE =
  'set the clock and synchronise it with NTP: it stamps the readings, and readings outside time.window are parked';

const NODE = 'node';

/** The same version as `engines` in package.json. */
const LEAST = [20, 19] as const;

const OPEN_FILES = 'open files';

const PORTS = 'ports';

/** Both clocks of the process, read at one moment. */
export interface ClockSample {
  readonly wallMs: number;
  readonly monotonicMs: number;
}

export function readClocks(): ClockSample {
  return { wallMs: Date.now(), monotonicMs: performance.now() };
}

/**
 * Checks that the clock is plausible. `storeAheadMs` is how far the store's clock is ahead, if the store sent its time;
 * `epochs` are those of the receive times in the data directory, if it has any.
 */
export function checkWallClock(
  began: ClockSample,
  now: ClockSample,
  storeAheadMs: number | undefined,
  epochs?: Pick<StoredEpochs, 'current'>,
): CheckResult {
  const time = Number.isFinite(now.wallMs) ? new Date(now.wallMs).toISOString() : String(now.wallMs);
  if (!isPlausibleMs(now.wallMs)) {
    const released = new Date(RELEASED_AT_MS).toISOString().slice(0, DATE_LENGTH);
    return fail(CLOCK, `${time} cannot be correct: this version was released on ${released}`, ADVICE);
  }
  const stepMs = now.wallMs - began.wallMs - (now.monotonicMs - began.monotonicMs);
  if (Math.abs(stepMs) > MAX_STEP_MS) {
    return warn(CLOCK, `${time}; it jumped by ${Math.round(stepMs)} ms during the checks`, ADVICE);
  }
  const newestMs = Number((epochs?.current.firstNs ?? 0n) / 1_000_000n);
  if (newestMs - now.wallMs > MAX_OFF_MS) {
    const newest = new Date(newestMs).toISOString();
    return warn(CLOCK, `${time}; the newest records were received at ${newest}: it was wrong, or is`, ADVICE);
  }
  if (storeAheadMs === undefined) return ok(CLOCK, `${time}; nothing to compare it with`);
  const off = `${time}; the store's is ${Math.abs(Math.round(storeAheadMs / 1_000))} s ${storeAheadMs < 0 ? 'behind' : 'ahead'}`;
  return Math.abs(storeAheadMs) > MAX_OFF_MS ? warn(CLOCK, off, ADVICE) : ok(CLOCK, off);
}

/** `version` has the form of process.versions.node. */
export function checkNodeVersion(version: string): CheckResult {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  const found = `Node ${version} on ${process.platform}-${process.arch}`;
  if (major > LEAST[0] || (major === LEAST[0] && minor >= LEAST[1])) return ok(NODE, found);
  return warn(
    NODE,
    found,
    `install Node ${LEAST.join('.')} or later: Sluice is not tested with earlier versions`,
  );
}

/**
 * Compares the limit of open files with the connections. It reads the limit of this process; a service may have
 * another.
 */
export async function checkOpenFiles(
  { maxConnections, listeners }: Pick<BrokerConfig, 'maxConnections' | 'listeners'>,
  limitsFile?: string,
  beside = { hasHttp: true, hasKinesis: false },
): Promise<CheckResult> {
  const limit = openFilesLimit(limitsFile);
  if (limit === undefined) return ok(OPEN_FILES, 'not checked: this platform does not report its limit');
  const wanted = maxConnections * listeners.length;
  const { needed, mqttConnections } = shareOpenFiles(limit, { mqttConnections: wanted, ...beside });
  const found = `limit ${limit}, needed up to ${needed} (broker.maxConnections ${maxConnections} for each listener, ${listeners.length} in all)`;
  if (limit >= needed) return ok(OPEN_FILES, found);
  return warn(
    OPEN_FILES,
    found,
    `raise the limit (LimitNOFILE= of systemd, 'ulimit -n') or lower broker.maxConnections: more than ${mqttConnections} connections are refused`,
  );
}

/** Checks each port by listening on it for a moment. */
export async function checkPorts(
  { broker, http }: Pick<SluiceConfig, 'broker' | 'http'>,
  isGatewayRunning: boolean,
  kernelLimit = kernelBacklogLimit(),
): Promise<CheckResult> {
  const listeners = [
    ...broker.listeners.map(({ protocol, host, port }) => ({ use: protocol, host, port })),
    ...(http === undefined ? [] : [{ use: 'http', host: http.host, port: http.port }]),
  ];
  const found: string[] = [];
  const advice: string[] = [];
  for (const { use, host, port } of listeners) {
    const name = `${use} ${host}:${port}`;
    const problem = await listenProblem(host, port);
    if (problem === undefined) found.push(`${name} ${port === 0 ? 'any free port' : 'free'}`);
    else if (isGatewayRunning && problem.expected === 'a free port') {
      found.push(`${name} in use by the running gateway`);
    } else {
      found.push(`${name} is not ${problem.expected}`);
      advice.push(`${host}:${port}: ${problem.hint ?? `use ${problem.expected}`}`);
    }
  }
  if (kernelLimit !== undefined && kernelLimit < LISTEN_BACKLOG) {
    found.push(
      `the kernel lets ${kernelLimit} new connections wait, the listeners ask for ${LISTEN_BACKLOG} (net.core.somaxconn)`,
    );
  }
  const text = found.join(', ');
  return advice.length === 0 ? ok(PORTS, text) : fail(PORTS, text, advice.join('; '));
}
