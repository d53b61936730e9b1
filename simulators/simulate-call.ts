import { defaultDevices } from './fleet.js';
import { type Qos, type ScenarioName, type SimulateOptions, UsageError } from './options.js';

/** More connections need more file descriptors than systems usually allow a process. */
export const MOST_CONNECTIONS = 20_000;

/** The options of the command line, each parsed alone. */
export interface RawOptions {
  url: string;
  devices?: number;
  connections?: number;
  rate?: number | 'max';
  duration: number | 'endless';
  count?: number;
  qos: string;
  seed: string;
  inFlight: number;
  startAt?: number;
  interval?: number;
  history?: number;
  historyEvery: number;
  storyAt: number;
  day: number;
  late: number;
  lateBy: number;
  duplicated: number;
  outOfOrder: number;
  malformed: number;
  wrongClock: number;
  disconnects: number;
  connectTimeout: number;
  ackTimeout: number;
  name?: string;
  json?: true;
  quiet?: true;
  progress: Progress;
  exitWithParent?: true;
}

/** What is printed while a run goes on. */
export const PROGRESS = ['all', 'history', 'none'] as const;
export type Progress = (typeof PROGRESS)[number];

export interface SimulateCall {
  readonly options: SimulateOptions;
  readonly json: boolean;
  readonly progress: Progress;
  readonly exitWithParent: boolean;
}

/** Resolves defaults that depend on each other. Throws UsageError when options contradict each other. */
export function resolveCall(scenario: ScenarioName, raw: RawOptions, env: NodeJS.ProcessEnv): SimulateCall {
  const url = checkedUrl(raw.url);
  const devices = raw.devices ?? defaultDevices(scenario);
  const connections = raw.connections ?? Math.min(devices, MOST_CONNECTIONS);
  if (connections > devices) {
    throw new UsageError(
      `--connections: ${connections} is more than the ${devices} devices that share them.`,
    );
  }
  if (raw.interval !== undefined && raw.startAt === undefined) {
    throw new UsageError('--interval: simulated time can only run at its own speed with --start-at.');
  }
  if (raw.history !== undefined && raw.startAt !== undefined) {
    throw new UsageError('--history: the history ends now, so it cannot be given together with --start-at.');
  }
  if (raw.history !== undefined && raw.historyEvery > raw.history) {
    throw new UsageError('--history-every: it is longer than the history.');
  }
  const faults = {
    late: raw.late,
    duplicated: raw.duplicated,
    outOfOrder: raw.outOfOrder,
    malformed: raw.malformed,
    wrongClock: raw.wrongClock,
  };
  const together = Object.values(faults).reduce((sum, one) => sum + one, 0);
  if (together > 1 + Number.EPSILON) {
    throw new UsageError(
      `The shares of the faults add up to ${Math.round(together * 1000) / 10} %: at most 100 %.`,
    );
  }
  // An empty variable counts as unset.
  const username = env.SLUICE_SIM_USERNAME || undefined;
  const password = env.SLUICE_SIM_PASSWORD || undefined;
  return {
    json: raw.json ?? false,
    progress: raw.quiet ? 'none' : raw.progress,
    exitWithParent: raw.exitWithParent ?? false,
    options: {
      scenario,
      url,
      devices,
      connections,
      rate: raw.rate ?? devices,
      durationMs: raw.duration === 'endless' ? undefined : raw.duration,
      count: raw.count,
      qos: Number(raw.qos) as Qos,
      seed: raw.seed,
      inFlight: raw.inFlight,
      startAtMs: raw.startAt,
      intervalMs: raw.interval,
      ...(raw.history !== undefined && {
        history: { pastMs: raw.history, intervalMs: raw.historyEvery },
      }),
      dayMs: raw.day,
      storyMs: raw.storyAt,
      faults,
      lateByMs: raw.lateBy,
      disconnectsPerSecond: raw.disconnects,
      connectTimeoutMs: raw.connectTimeout,
      ackTimeoutMs: raw.ackTimeout,
      name: raw.name,
      username,
      password,
    },
  };
}

function checkedUrl(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (!url || !['mqtt:', 'mqtts:', 'ws:', 'wss:'].includes(url.protocol) || url.hostname === '') {
    throw new UsageError(`--url: expected mqtt://host:port, mqtts://, ws:// or wss://, got ${text}.`);
  }
  if (url.username !== '' || url.password !== '') {
    throw new UsageError(
      '--url: give credentials as SLUICE_SIM_USERNAME and SLUICE_SIM_PASSWORD, not in the URL.',
    );
  }
  return text;
}
