import type { Clock } from '../clock.js';
import type { SettlingStatus } from '../dead-letter/settling-status.js';
import type { GatewayView, LedgerView, ReadinessProblem, StageCounters } from './gateway-view.js';

const NS_PER_MS = 1_000_000n;

/** What the counters mean at one instant; `/api/counters`. */
export interface CountersAnswer extends StageCounters {
  readonly version: string;
  readonly startedAtMs: number;
  /** The gateway's wall clock. */
  readonly nowMs: number;
  readonly uptimeMs: number;
  /** Taken together with the counters: a rate made from two answers does not depend on how long they travelled. */
  readonly sampledAtMs: number;
  readonly mqttPort: number | null;
  readonly problems: readonly ReadinessProblem[];
}

/** All that the page shows anew every second. */
export interface LiveState extends CountersAnswer {
  readonly ledger: LedgerView;
  /** The replay or purge under way, or the last one; null before the first. */
  readonly settling: SettlingStatus | null;
  readonly logLevel: string;
  /** Whether replay, purge and log level are answered here. */
  readonly mayChange: boolean;
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

export function liveState(source: LiveStateSource): LiveState {
  const { view, mayChange } = source;
  return {
    ...countersAnswer(source),
    ledger: view.ledger(),
    settling: view.settling() ?? null,
    logLevel: view.logLevel(),
    mayChange,
  };
}
