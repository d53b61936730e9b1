import type { Broker } from '../broker/broker.js';
import { StoppedEarly, unlessStopped, withinDeadline } from '../lib/lifecycle.js';
import { type Ended, FatalFailure } from './fatal-failure.js';
import type { GatewayOptions } from './gateway-options.js';
import type { GatewayStatus } from './gateway-status.js';
import { abandonGateway, type GatewayDeps, type GatewayParts, openGateway } from './open-gateway.js';

/** How a stop went. */
export interface StopOutcome {
  /** Something was not closed within the deadline. */
  readonly isLate: boolean;
  /** A thread hangs in native code: `process.exit` would not end the process. */
  readonly isHanging: boolean;
  /** The gateway has failed meanwhile: `onFailure` is called, too. */
  readonly hasFailed: boolean;
}

/** What the last metrics may take of the deadline: records come first. */
const LAST_METRICS_MS = 1000;

/** The last part of the deadline, in which only what is open is closed. */
const CLOSING_MS = 2000;
const FORWARD_CLOSING_MS = 700;

/** A gateway from its start to its stop. */
export class Gateway {
  readonly #parts: GatewayParts;

  private constructor(parts: GatewayParts) {
    this.#parts = parts;
  }

  /**
   * Starts the stages from the sink backwards: nothing is received before there is somewhere for it to go. Nothing beyond
   * this machine is waited for before the broker listens: from then on the log buffers. After that it waits some seconds for
   * the first answer of Kinesis, because a stream that is missing or denied ends the start.
   *
   * Leaves nothing open when it rejects. Resolves with undefined when `stop` aborts before the broker listens; when it
   * aborts later, the caller stops the gateway.
   */
  static async start(given: GatewayOptions, deps: GatewayDeps): Promise<Gateway | undefined> {
    const failure = new FatalFailure(deps.onFailure);
    const failedStart = failure.duringStart();
    const stop = deps.stop ?? new AbortController().signal;
    let gateway: Gateway | undefined;
    try {
      gateway = new Gateway(await openGateway(given, deps, failure, stop));
      await unlessStopped(Promise.race([gateway.#parts.workers.contacted(), failedStart]), stop);
    } catch (thrown) {
      if (!(thrown instanceof StoppedEarly) || failure.isReported) {
        // Accepted packets are stored and answered also now; what is stored is for the next start.
        if (gateway !== undefined) await gateway.#stop(0);
        if (failure.isReported) await failedStart;
        throw thrown;
      }
    }
    failure.startIsOver();
    return gateway;
  }

  get status(): GatewayStatus {
    return this.#parts.status;
  }

  /** Reloads the configuration, as a signal asks for it: the log has the result. */
  reload(): void {
    this.#parts.reload.onSignal();
  }

  get listeners(): Broker['listeners'] {
    return this.#parts.broker.listeners;
  }

  /** Where a person opens the live page; absent without HTTP. */
  get httpUrl(): string | undefined {
    return this.#parts.http?.url;
  }

  /**
   * Stops the stages from the broker forwards, under one deadline: no new packets, the received ones stored and answered,
   * the stored ones written as far as time allows. What is left stays in the log for the next start.
   */
  stop(): Promise<StopOutcome> {
    return this.#stop(this.#parts.options.stopDeadlineMs);
  }

  /** `drainMs`: what may be spent on writing stored records. */
  async #stop(drainMs: number): Promise<StopOutcome> {
    const { failure, options, broker, log, workers, arrivals, metrics, status, http } = this.#parts;
    const { directory, clockWatch, reserve, access, subscribers } = this.#parts;
    clockWatch.stop();
    await access.close();
    const saved = status.stopWatching();
    arrivals.stop();
    const endMs = performance.now() + options.stopDeadlineMs;
    const leftMs = () => Math.max(0, endMs - performance.now());
    const workMs = () => Math.max(0, leftMs() - CLOSING_MS);
    const draining = () => Math.min(drainMs, workMs());
    const outcomes = [
      await withinDeadline(broker.stop(workMs() / 2), workMs()),
      // A disk that hangs is not waited for: what it has not confirmed was not answered either.
      await withinDeadline(log?.close() ?? Promise.resolve(), workMs()),
      await withinDeadline(subscribers?.close() ?? Promise.resolve(), workMs()),
      await workers.drain('forward', draining() / 2, FORWARD_CLOSING_MS),
      await withinDeadline(metrics.stop(Math.min(LAST_METRICS_MS, workMs() / 2)), leftMs() / 2),
    ];
    const consumeMs = draining();
    outcomes.push(
      await workers.drain('consume', consumeMs, Math.max(0, leftMs() - consumeMs) / 2),
      // The last checkpoint lets old segments go.
      await withinDeadline(log?.trimmed() ?? Promise.resolve(), leftMs() / 2),
      await withinDeadline(http?.close() ?? Promise.resolve(), leftMs() / 2),
      await withinDeadline(saved, leftMs() / 2),
    );
    const isLate = outcomes.includes('late');
    const isHanging = isLate && (await workers.terminate()) === 'late';
    reserve.close();
    // What hangs may still hold files: the lock then ends with the process, and not before.
    if (!isLate) await directory.release();
    return { isLate, isHanging, hasFailed: failure.isReported };
  }

  /** Ends at once: nobody is answered any more, and what is not processed stays in the log. */
  abandon(): Promise<Ended> {
    return abandonGateway(this.#parts);
  }
}
