import { type RunClock, systemClock } from './clock.js';
import { Connection } from './connection.js';
import { NO_FAULTS } from './faults.js';
import { type Fleet, planFleets } from './fleet.js';
import {
  afterHistory,
  type HistoryStage,
  historyReadings,
  historyStages,
  sendingOrder,
  stageFleet,
} from './history.js';
import { Lane, type LaneOptions } from './lane.js';
import type { SimulateOptions } from './options.js';
import { Publishing, type PublishingOptions } from './publishing.js';
import { Pump } from './pump.js';
import { hashText, Sfc32 } from './random.js';
import { type StoppedBy, type Summary, summarise } from './summary.js';
import { Tally } from './tally.js';

/** Connection attempts at the same time: more would overflow the listen backlog of common brokers. */
const MOST_CONNECTING = 100;
/** After a signal a person waits for the end. */
const SIGNAL_ACK_TIMEOUT_MS = 5000;

/** The broker was not reached in time or rejects this client: exit code 1. */
export class ConnectError extends Error {
  override readonly name = 'ConnectError';
}

export interface RunContext {
  /** Aborting it ends the run early, as a signal does. */
  readonly stop: AbortSignal;
  readonly clock?: RunClock;
  /** Called before the history is sent, with the counters and the number of its readings. */
  readonly onHistory?: (tally: Tally, readings: number) => void;
  /** Called once publishing the readings of now begins, with the live counters. */
  readonly onStart?: (tally: Tally) => void;
}

/**
 * Runs one simulation to its end. Rejects with UsageError before anything is opened and with ConnectError before
 * anything is published; afterwards it resolves, and what was not acknowledged is in the summary.
 */
export async function runSimulation(options: SimulateOptions, context: RunContext): Promise<Summary> {
  const fleets = planFleets(options);
  const simulation = new Simulation(options, fleets, context);
  try {
    if (!(await simulation.connect())) return simulation.summary('signal');
    if ((await simulation.publishHistory()) === 'signal') return simulation.summary('signal');
    const stoppedBy = await simulation.publish();
    await simulation.acknowledgements(stoppedBy);
    return simulation.summary(stoppedBy);
  } finally {
    await simulation.close();
  }
}

class Simulation {
  readonly #options: SimulateOptions;
  readonly #fleets: readonly Fleet[];
  readonly #context: RunContext;
  readonly #clock: RunClock;
  readonly #tally = new Tally();
  readonly #connections: readonly Connection[];
  #publishedForMs = 0;
  #stages: readonly HistoryStage[] | undefined;
  #historyMessages = 0;
  #publishing: Publishing | undefined;
  #onAcknowledged = (): void => {};
  #closed = false;

  constructor(options: SimulateOptions, fleets: readonly Fleet[], context: RunContext) {
    this.#options = options;
    this.#fleets = fleets;
    this.#context = context;
    this.#clock = context.clock ?? systemClock;
    this.#connections = Array.from(
      { length: options.connections },
      (_, index) =>
        new Connection(
          { ...options, clientId: `${options.name ?? 'sim'}-${options.scenario}-${index + 1}` },
          this.#tally,
          this.#clock,
          { onRoom: () => this.#publishing?.onRoom(), onAcknowledged: () => this.#onAcknowledged() },
        ),
    );
  }

  /** Opens all connections or rejects with ConnectError. Resolves with false when the run was stopped meanwhile. */
  async connect(): Promise<boolean> {
    const { url, connectTimeoutMs } = this.#options;
    const { stop } = this.#context;
    let timer: NodeJS.Timeout | undefined;
    let onStop = (): void => {};
    const timeout = new Promise<'timeout'>((resolve) => {
      timer = setTimeout(() => resolve('timeout'), connectTimeoutMs);
    });
    const stopped = new Promise<'stopped'>((resolve) => {
      onStop = () => resolve('stopped');
      if (stop.aborted) onStop();
      else stop.addEventListener('abort', onStop, { once: true });
    });
    const opening = this.#openAll();
    try {
      const outcome = await Promise.race([opening, timeout, stopped]);
      if (outcome === 'stopped') return false;
      if (outcome === 'opened') return true;
      const missing = this.#connections.filter((connection) => !connection.ready);
      const reached = this.#connections.length - missing.length;
      throw new ConnectError(
        `Cannot reach the MQTT broker at ${url} within ${connectTimeoutMs / 1000} s (${reached} of ${this.#connections.length} connections made): ${missing[0]?.lastError ?? 'no answer'}`,
      );
    } catch (thrown) {
      if (thrown instanceof ConnectError) throw thrown;
      const reason = thrown instanceof Error ? thrown.message : String(thrown);
      throw new ConnectError(`The MQTT broker at ${url} rejects the connection: ${reason}`, {
        cause: thrown,
      });
    } finally {
      clearTimeout(timer);
      stop.removeEventListener('abort', onStop);
      // A rejection after the timeout changes nothing: the timeout has been reported.
      opening.catch(() => {});
    }
  }

  async #openAll(): Promise<'opened'> {
    const left = this.#connections.values();
    const openSome = async (): Promise<void> => {
      for (const connection of left) {
        if (this.#closed) return;
        await connection.open();
      }
    };
    await Promise.all(Array.from({ length: MOST_CONNECTING }, openSome));
    return 'opened';
  }

  /**
   * Publishes the history, if the options ask for one, as fast as it is acknowledged, and waits for all
   * acknowledgements. A signal ends it at once.
   */
  async publishHistory(): Promise<StoppedBy> {
    const { history, devices } = this.#options;
    if (!history) return 'count';
    this.#stages = historyStages(history, this.#clock.wallMs());
    this.#context.onHistory?.(this.#tally, historyReadings(this.#stages, devices));
    for (const stage of sendingOrder(this.#stages)) {
      const fleets = this.#fleets.map((fleet) => stageFleet(fleet, stage));
      const pumps = this.#makePumps(fleets, { ...stage, faults: NO_FAULTS });
      const stoppedBy = await this.#publishPumps(pumps, { behindMs: 0 });
      await this.acknowledgements(stoppedBy);
      this.#historyMessages = this.#tally.published;
      if (stoppedBy === 'signal') return stoppedBy;
    }
    return 'count';
  }

  /** Publishes until the count, the duration or a signal ends it. */
  publish(): Promise<StoppedBy> {
    const { startAtMs, faults, durationMs } = this.#options;
    const nowMs = this.#clock.wallMs();
    const after = this.#stages && afterHistory(this.#stages);
    const pumps = this.#makePumps(this.#fleets, { startMs: startAtMs ?? nowMs, ...after, faults });
    this.#context.onStart?.(this.#tally);
    // While the history was sent, readings became due: they follow at once.
    const behindMs = after === undefined ? 0 : Math.max(0, nowMs - after.startMs);
    return this.#publishPumps(pumps, { durationMs, behindMs });
  }

  async #publishPumps(
    pumps: readonly Pump[],
    time: Pick<PublishingOptions, 'durationMs' | 'behindMs'>,
  ): Promise<StoppedBy> {
    const { ackTimeoutMs } = this.#options;
    this.#publishing = new Publishing(pumps, {
      clock: this.#clock,
      stop: this.#context.stop,
      ackTimeoutMs,
      ...time,
    });
    const stopCutting = this.#cutAtRandom();
    const stoppedBy = await this.#publishing.run();
    stopCutting();
    this.#publishedForMs = this.#publishing.ranForMs;
    return stoppedBy;
  }

  /** Waits until everything published is acknowledged, or for as long as the options allow. */
  acknowledgements(stoppedBy: StoppedBy): Promise<void> {
    const { ackTimeoutMs } = this.#options;
    const { stop } = this.#context;
    return new Promise((resolve) => {
      let timer: NodeJS.Timeout | undefined;
      const finish = (): void => {
        clearTimeout(timer);
        stop.removeEventListener('abort', onSignal);
        this.#onAcknowledged = () => {};
        resolve();
      };
      const waitAtMost = (ms: number): void => {
        clearTimeout(timer);
        timer = setTimeout(finish, ms);
      };
      const onSignal = (): void => waitAtMost(Math.min(ackTimeoutMs, SIGNAL_ACK_TIMEOUT_MS));
      if (this.#tally.unacknowledged === 0) {
        finish();
        return;
      }
      if (stoppedBy === 'signal') onSignal();
      else {
        waitAtMost(ackTimeoutMs);
        stop.addEventListener('abort', onSignal, { once: true });
      }
      this.#onAcknowledged = () => {
        if (this.#tally.unacknowledged === 0) finish();
      };
    });
  }

  async close(): Promise<void> {
    this.#closed = true;
    await Promise.all(this.#connections.map((connection) => connection.close()));
  }

  summary(stoppedBy: StoppedBy): Summary {
    return summarise(this.#options, this.#tally, {
      durationMs: this.#publishedForMs,
      history: this.#historyMessages,
      stoppedBy,
    });
  }

  /** Device g of the whole run publishes on connection g modulo the number of connections. */
  #makePumps(
    fleets: readonly Fleet[],
    time: Pick<LaneOptions, 'startMs' | 'untilMs' | 'before' | 'faults'>,
  ): readonly Pump[] {
    const { lateByMs } = this.#options;
    const seed = hashText(this.#options.seed);
    return this.#connections.map((connection, at) => {
      const lanes: Lane[] = [];
      for (const fleet of fleets) {
        const deviceIndexes = [...fleet.devices.keys()].filter(
          (index) => (fleet.firstIndex + index) % this.#connections.length === at,
        );
        if (deviceIndexes.length === 0) continue;
        lanes.push(new Lane({ fleet, deviceIndexes, seed, lateByMs, ...time }));
      }
      return new Pump(connection, lanes, this.#tally);
    });
  }

  /** Cuts connections at random times, `disconnectsPerSecond` on average, until the returned function is called. */
  #cutAtRandom(): () => void {
    const { disconnectsPerSecond, seed } = this.#options;
    if (disconnectsPerSecond === 0) return () => {};
    let timer: NodeJS.Timeout | undefined;
    const random = new Sfc32(hashText(seed), hashText('disconnects'), 0);
    const next = (): void => {
      const waitMs = (-Math.log(1 - random.next()) / disconnectsPerSecond) * 1000;
      timer = setTimeout(() => {
        const up = this.#connections.filter((connection) => connection.ready);
        const victim = up[Math.floor(random.next() * up.length)];
        if (victim) {
          victim.cut();
          this.#tally.disconnects++;
        }
        next();
      }, waitMs);
    };
    next();
    return () => clearTimeout(timer);
  }
}
