import type { ReadinessNote } from '../http/gateway-view.js';
import type { Clock } from '../lib/clock.js';
import { isPlausibleNs } from '../lib/plausible-time.js';
import type { Warn } from '../lib/warnings.js';

export interface ClockWatchDeps {
  readonly clock: Clock;
  readonly warn: Warn;
  readonly info: (fields: Readonly<Record<string, unknown>>, sentence: string) => void;
  /** The receive time that was issued last; absent in a process that receives nothing. */
  readonly lastReceivedAtNs?: () => bigint;
}

export interface ClockFacts {
  readonly isImplausible: boolean;
  readonly steps: number;
}

const CHECK_EVERY_MS = 1_000;
const NS_PER_MS = 1_000_000n;
const LEAST_STEP_NS = 60_000_000_000n;
/** How long a step is noted in `/readyz`. */
const NOTE_STEP_FOR_MS = 3_600_000;

interface Step {
  readonly fromNs: bigint;
  readonly toNs: bigint;
  readonly atMs: number;
}

/** Compares wall clock and monotonic clock every second: it reports steps, and a clock that cannot be correct. */
export class ClockWatch {
  readonly #deps: ClockWatchDeps;
  #wallNs: bigint;
  #monotonicMs: number;
  #isImplausible = false;
  #steps = 0;
  #lastStep: Step | undefined;
  #timer: NodeJS.Timeout | undefined;

  constructor(deps: ClockWatchDeps) {
    this.#deps = deps;
    this.#wallNs = deps.clock.nowNs();
    this.#monotonicMs = deps.clock.monotonicMs();
    const lastNs = deps.lastReceivedAtNs?.() ?? 0n;
    // What happened while nothing ran is seen from the newest record.
    if (lastNs - this.#wallNs > LEAST_STEP_NS) {
      this.#addStep(lastNs, this.#wallNs, 'the clock is behind the newest record of the log');
    }
    this.#checkPlausible();
  }

  start(): void {
    this.#timer = setInterval(() => this.check(), CHECK_EVERY_MS).unref();
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  check(): void {
    const { clock } = this.#deps;
    const wallNs = clock.nowNs();
    const monotonicMs = clock.monotonicMs();
    const expectedNs = this.#wallNs + BigInt(Math.round(monotonicMs - this.#monotonicMs)) * NS_PER_MS;
    const stepNs = wallNs - expectedNs;
    this.#wallNs = wallNs;
    this.#monotonicMs = monotonicMs;
    if (stepNs > LEAST_STEP_NS || stepNs < -LEAST_STEP_NS) {
      this.#addStep(expectedNs, wallNs, 'the clock was set, or the machine was suspended');
    }
    this.#checkPlausible();
  }

  facts(): ClockFacts {
    return { isImplausible: this.#isImplausible, steps: this.#steps };
  }

  /** What somebody should know who asks whether the gateway is ready: it is, but times may be wrong. */
  notes(): readonly ReadinessNote[] {
    const { clock, lastReceivedAtNs } = this.#deps;
    const nowNs = clock.nowNs();
    const notes: ReadinessNote[] = [];
    const add = (note: string) => notes.push({ stage: 'clock', note });
    if (this.#isImplausible) {
      add(
        `${isoTime(nowNs)} cannot be correct; until the clock is set, the times of devices are not checked`,
      );
    }
    const step = this.#lastStep;
    if (step !== undefined && clock.monotonicMs() - step.atMs < NOTE_STEP_FOR_MS) {
      add(`the clock went from ${isoTime(step.fromNs)} to ${isoTime(step.toNs)} within the last hour`);
    }
    const lastNs = lastReceivedAtNs?.() ?? 0n;
    if (lastNs - nowNs > LEAST_STEP_NS) {
      add(`the newest receive time, ${isoTime(lastNs)}, is ahead of the clock`);
    }
    return notes;
  }

  #addStep(fromNs: bigint, toNs: bigint, sentence: string): void {
    this.#steps += 1;
    this.#lastStep = { fromNs, toNs, atMs: this.#deps.clock.monotonicMs() };
    const seconds = Number((toNs - fromNs) / 1_000_000_000n);
    const fields = { code: 'CLOCK_STEPPED', from: isoTime(fromNs), to: isoTime(toNs), seconds } as const;
    this.#deps.warn(fields, sentence);
  }

  #checkPlausible(): void {
    const isImplausible = !isPlausibleNs(this.#wallNs);
    if (isImplausible === this.#isImplausible) return;
    this.#isImplausible = isImplausible;
    const time = isoTime(this.#wallNs);
    if (!isImplausible) {
      this.#deps.info({ time }, 'the clock is plausible again');
      return;
    }
    this.#deps.warn(
      { code: 'CLOCK_IMPLAUSIBLE', time },
      'the clock cannot be correct; until it is set, the times of devices are not checked',
    );
  }
}

function isoTime(ns: bigint): string {
  return new Date(Number(ns / NS_PER_MS)).toISOString();
}
