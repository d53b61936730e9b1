import type { RunningGateway } from '../processes/gateway.js';
import type { AcknowledgeSample } from '../processes/load-job.js';
import { percentile } from '../report/percentile.js';
import { windowsOf } from './computed-windows.js';

const POLL_MS = 100;
/** The thread that computes reports to the main thread in this interval. */
const REPORT_INTERVAL_MS = 500;

interface TimeSpan {
  readonly fromMs: number;
  readonly toMs: number;
}

export interface SplitLatencies {
  readonly computingP99Ms: number;
  readonly restP99Ms: number;
  /** Share of the samples that fall into a time of computing. */
  readonly computingShare: number;
}

/** Notes when a gateway computes windows, from its own report, while something else is measured. */
export class BusyTimes {
  readonly #gateway: RunningGateway;
  readonly #spans: TimeSpan[] = [];
  #timer: NodeJS.Timeout | undefined;
  #failure: unknown;
  #lastFolds = 0;
  #lastAtMs = Date.now();
  #wasWaiting = false;

  constructor(gateway: RunningGateway) {
    this.#gateway = gateway;
  }

  start(): void {
    this.#timer = setTimeout(() => void this.#look(), POLL_MS);
  }

  /** Throws when a look has failed. */
  stop(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    if (this.#failure !== undefined) throw this.#failure;
  }

  /** The 99th percentiles of messages that were acknowledged while windows were computed, and of all others. */
  split(samples: readonly AcknowledgeSample[]): SplitLatencies {
    const isComputing = ({ acknowledgedAtMs }: AcknowledgeSample) =>
      this.#spans.some(({ fromMs, toMs }) => fromMs <= acknowledgedAtMs && acknowledgedAtMs <= toMs);
    const [computing, rest]: [number[], number[]] = [[], []];
    for (const sample of samples) (isComputing(sample) ? computing : rest).push(sample.latencyMs);
    return {
      computingP99Ms: percentile(computing.sort(ascending), 0.99),
      restP99Ms: percentile(rest.sort(ascending), 0.99),
      computingShare: computing.length / samples.length,
    };
  }

  /** A window is computed between two looks when one waits at either, or when their number has risen. */
  async #look(): Promise<void> {
    try {
      const { aggregates } = await windowsOf(this.#gateway);
      const resolutions = aggregates.flatMap((aggregate) => aggregate.resolutions);
      const folds = resolutions.reduce((sum, resolution) => sum + resolution.folds, 0);
      const isWaiting = resolutions.some(({ dueSinceMs }) => dueSinceMs !== undefined);
      const atMs = Date.now();
      if (isWaiting || this.#wasWaiting || folds > this.#lastFolds) {
        this.#spans.push({ fromMs: this.#lastAtMs - REPORT_INTERVAL_MS, toMs: atMs });
      }
      [this.#lastFolds, this.#lastAtMs, this.#wasWaiting] = [folds, atMs, isWaiting];
    } catch (thrown) {
      this.#failure ??= thrown;
    }
    if (this.#timer !== undefined) this.start();
  }
}

function ascending(a: number, b: number): number {
  return a - b;
}
