import type { DeviceCounts } from '../devices/device-state.js';
import type { Clock } from '../lib/clock.js';
import { COMMAND } from '../lib/package-root.js';
import type { ReplayStatus } from '../replay/replay-status.js';
import type {
  BacklogView,
  GatewayView,
  LedgerView,
  ReadinessProblem,
  StageCounters,
} from './gateway-view.js';
import type { LiveFacts } from './timeline-view.js';

const NS_PER_MS = 1_000_000n;

/** The counters at one instant, with what is needed to compute rates: the answer of `/api/counters`. */
export interface CountersAnswer extends StageCounters {
  readonly version: string;
  readonly startedAtMs: number;
  /** The gateway's wall clock. */
  readonly nowMs: number;
  readonly uptimeMs: number;
  /** Read together with the counters, so that a rate from two answers does not depend on their travel time. */
  readonly sampledAtMs: number;
  readonly mqttPort: number | null;
  readonly problems: readonly ReadinessProblem[];
}

/** Everything that the page updates once a second: the answer of `/api/state`. */
export interface LiveState extends CountersAnswer, LiveFacts {
  readonly ledger: LedgerView;
  readonly backlog: BacklogView;
  /** How long ago the message was received that is stored now: `backlog.oldestMs`, 0 while nothing waits. */
  readonly behindMs: number;
  /** Null before it is known. */
  readonly devices: DeviceCounts | null;
  /** The replay or purge that is running, or the last one; null before the first. */
  readonly replay: ReplayStatus | null;
  readonly logLevel: string;
  /** Whether replay, purge and changes of the log level are allowed here. */
  readonly mayChange: boolean;
  /** How a user of this installation calls Sluice on the command line. */
  readonly command: string;
}

export interface LiveStateSource {
  readonly view: GatewayView;
  readonly clock: Clock;
  readonly mqttPort: number | null;
  readonly mayChange: boolean;
}

export function countersAnswer({ view, clock, mqttPort }: LiveStateSource): CountersAnswer {
  const nowMs = Number(clock.nowNs() / NS_PER_MS);
  return {
    version: view.version,
    startedAtMs: view.startedAtMs,
    nowMs,
    uptimeMs: Math.max(0, nowMs - view.startedAtMs),
    sampledAtMs: clock.monotonicMs(),
    mqttPort,
    problems: view.problems(),
    ...view.counters(),
  };
}

/** @param isWatched whether a page is open: what costs a query is asked for only then */
export function liveState(source: LiveStateSource, isWatched: boolean): LiveState {
  const { view, mayChange } = source;
  const backlog = view.backlog();
  return {
    ...countersAnswer(source),
    ...view.liveFacts(),
    ledger: view.ledger(),
    backlog,
    behindMs: backlog.oldestMs,
    devices: view.deviceCounts(isWatched),
    replay: view.replayStatus() ?? null,
    logLevel: view.logLevel(),
    mayChange,
    command: COMMAND,
  };
}
