import type { BacklogView, ReadinessProblem } from '../http/gateway-view.js';
import type { Clock } from '../lib/clock.js';
import type { Warn } from '../lib/warnings.js';
import { type BacklogSample, backlogOf, logBytesPerSecond } from './backlog.js';

/** A worker as the main thread sees it. */
export interface WatchedWorker {
  readonly stage: 'producer' | 'consumer';
  /** Its newest report: another object for each. */
  readonly report: object;
  /** Differs when the worker has done something since. */
  readonly progress: string;
  /** Records that wait for it. */
  readonly waiting: number;
  /** True while something else explains that it does not move: the store is away, the dead letter is full. */
  readonly isHeldUp: boolean;
}

export interface PathWatchParts {
  readonly workers: () => readonly WatchedWorker[];
  readonly backlog: () => Omit<BacklogSample, 'atMs'>;
  readonly clock: Pick<Clock, 'monotonicMs'>;
  readonly warn: Warn;
  /** The best rate at which records were processed; absent: not known. */
  readonly bestPerSecond?: () => number | undefined;
  /** Called after each look. */
  readonly onLook?: (sample: BacklogSample) => void;
}

const TICK_MS = 1_000;
/** Workers report twice a second, also while nothing happens. */
export const SILENT_AFTER_TICKS = 30;
export const MOTIONLESS_AFTER_TICKS = 60;
/** A tick may find records that are on their way. */
const LEAST_WAITING_TICKS = 5;
/** Rates are taken from this time. */
const KEPT_SAMPLES = 300;

interface Seen {
  report: object;
  progress: string;
  /** Ticks since the last report, and since anything moved or nothing had to. */
  silent: number;
  motionless: number;
}

/**
 * Looks at the path once a second, from the main thread, and notices what no stage can say of itself: a worker that is
 * stuck, and records that wait although every stage is well. It counts its own ticks and no time, so that a machine or a
 * main thread that stood still is not taken for a worker that did.
 */
export class PathWatch {
  readonly #parts: PathWatchParts;
  readonly #samples: BacklogSample[] = [];
  readonly #seen = new Map<string, Seen>();
  #stuck: readonly ReadinessProblem[] = [];
  #timer: NodeJS.Timeout | undefined;
  /** Ticks since there is a backlog and nothing of it was processed: a lower bound of its age. */
  #waitingTicks = 0;
  #lastProcessed = 0;

  constructor(parts: PathWatchParts) {
    this.#parts = parts;
  }

  start(): void {
    this.#timer ??= setInterval(() => this.tick(), TICK_MS).unref();
  }

  stop(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  tick(): void {
    const sample = this.#sample();
    const isMoving = sample.received <= sample.processed || sample.processed !== this.#lastProcessed;
    this.#waitingTicks = isMoving ? 0 : this.#waitingTicks + 1;
    this.#lastProcessed = sample.processed;
    this.#samples.push(sample);
    if (this.#samples.length > KEPT_SAMPLES) this.#samples.shift();
    const stuck = this.#parts.workers().flatMap((worker) => this.#look(worker));
    for (const { stage, reason } of stuck) {
      if (this.#stuck.some((known) => known.stage === stage)) continue;
      this.#parts.warn({ code: 'WORKER_STALLED', stage, reason }, 'records wait and nothing is processed');
    }
    this.#stuck = stuck;
    this.#parts.onLook?.(sample);
  }

  /** Stages that do not move although they should. */
  problems(stage: ReadinessProblem['stage']): readonly ReadinessProblem[] {
    return this.#stuck.filter((problem) => problem.stage === stage);
  }

  /** How long nothing was processed although records wait: a lower bound of their age, also of those not read yet. */
  get waitedMs(): number {
    return this.#waitingTicks < LEAST_WAITING_TICKS ? 0 : this.#waitingTicks * TICK_MS;
  }

  backlog(): BacklogView {
    return backlogOf([...this.#samples, this.#sample()], this.#parts.bestPerSecond?.());
  }

  get logBytesPerSecond(): number | undefined {
    return logBytesPerSecond(this.#samples);
  }

  #sample(): BacklogSample {
    const { backlog, clock } = this.#parts;
    const sample = backlog();
    return { ...sample, oldestMs: Math.max(sample.oldestMs, this.waitedMs), atMs: clock.monotonicMs() };
  }

  #look({ stage, report, progress, waiting, isHeldUp }: WatchedWorker): ReadinessProblem[] {
    const seen = this.#seen.get(stage);
    if (seen === undefined) {
      this.#seen.set(stage, { report, progress, silent: 0, motionless: 0 });
      return [];
    }
    seen.silent = seen.report === report ? seen.silent + 1 : 0;
    const isMoving = waiting === 0 || isHeldUp || seen.progress !== progress;
    seen.motionless = isMoving ? 0 : seen.motionless + 1;
    seen.report = report;
    seen.progress = progress;
    if (seen.silent >= SILENT_AFTER_TICKS) {
      const reason = `its thread has not reported for ${seen.silent} s; ${waiting} records wait`;
      return [
        {
          stage,
          reason: `${reason}; a rule or a call of the store does not end: correct it and restart, nothing is lost`,
        },
      ];
    }
    if (seen.motionless < MOTIONLESS_AFTER_TICKS) return [];
    const reason = `${waiting} records wait and none was processed for ${seen.motionless} s, although no stage has a problem`;
    return [{ stage, reason: `${reason}; if it lasts, restart the gateway: nothing is lost` }];
  }
}
