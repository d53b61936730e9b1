import type { RoleLimits } from '../../access/client-limits.js';
import { senderOf } from '../../lib/remote-address.js';
import { FairShare, WINDOW_MS } from './fair-share.js';
import { isLimited, type Rate, type RateOptions } from './rate.js';
import { PACE_REASONS, type PaceDeps, type PacedClient, type PaceReason, ReadPace } from './read-pace.js';
import { SharedRates } from './shared-rates.js';

export interface ReadPacesOptions {
  readonly perClient: RateOptions;
  readonly perUser: RateOptions;
  readonly perAddress: RateOptions;
  /** What is not sent may be sent later, up to what the rate allows in this time. */
  readonly burstMs: number;
  /** A client that its rates hold back for so long, again and again without a break, is disconnected. */
  readonly disconnectAfterMs: number;
}

export interface ReadPacesDeps {
  readonly monotonicMs: () => number;
  /** Called in every window for each client that its rates hold back for more than ten seconds. */
  readonly onSlowed: (client: PacedClient, reason: PaceReason, seconds: number) => void;
  /** Absent: the share of time that this thread was busy. */
  readonly utilization?: () => number;
}

export interface PaceCounters {
  /** Clients that are not read at the moment. */
  readonly held: Readonly<Record<PaceReason, number>>;
  /** How often a client was held back. */
  readonly holds: Readonly<Record<PaceReason, number>>;
}

/** A client that is held back for a moment is nothing to report. */
const REPORT_AFTER_MS = 10_000;

/** ReadPaces slows clients down that send more than their rate, or more than their share of a busy machine, by not reading them. */
export class ReadPaces {
  readonly #options: ReadPacesOptions;
  readonly #deps: ReadPacesDeps;
  readonly #share: FairShare;
  readonly #clients: SharedRates;
  readonly #users: SharedRates;
  readonly #addresses: SharedRates;
  /** One for all: each of ten thousand idle connections has a pace. */
  readonly #paceDeps: PaceDeps;
  readonly #held = new Set<ReadPace>();
  readonly #holds = noPaces();
  /** Runs while clients send: an idle broker wakes up for nothing. */
  #timer: NodeJS.Timeout | undefined;

  constructor(options: ReadPacesOptions, deps: ReadPacesDeps) {
    this.#options = options;
    this.#deps = deps;
    this.#share = new FairShare(deps.utilization ?? threadUtilization());
    this.#clients = new SharedRates('client', options.burstMs);
    this.#users = new SharedRates('user', options.burstMs);
    this.#addresses = new SharedRates('address', options.burstMs);
    this.#paceDeps = {
      share: this.#share,
      monotonicMs: deps.monotonicMs,
      onHeld: (pace) => this.#onHeld(pace),
      onSpent: () => this.#start(),
    };
  }

  of(client: PacedClient): ReadPace {
    return new ReadPace(client, this.#paceDeps);
  }

  counters(): PaceCounters {
    const held = noPaces();
    for (const { heldBy } of this.#held) if (heldBy !== undefined) held[heldBy] += 1;
    return { held, holds: { ...this.#holds } };
  }

  /** Gives a client that has signed in its rates; the function that is returned must be called when its connection ends. */
  signedIn(pace: ReadPace, limits: RoleLimits | undefined): () => void {
    const { clientId, user, remoteAddress } = pace.client.who();
    const { perClient, perUser, perAddress } = this.#options;
    const ofClient = {
      messagesPerSecond: limits?.messagesPerSecond ?? perClient.messagesPerSecond,
      bytesPerSecond: limits?.bytesPerSecond ?? perClient.bytesPerSecond,
    };
    const used: { readonly of: SharedRates; readonly key: string; readonly rate: Rate }[] = [];
    const use = (of: SharedRates, key: string, options: RateOptions) => {
      if (isLimited(options)) used.push({ of, key, rate: of.use(key, options) });
    };
    // Another role may have other rates: they begin with a full burst.
    use(this.#clients, `${clientId} ${ofClient.messagesPerSecond} ${ofClient.bytesPerSecond}`, ofClient);
    if (user !== '') use(this.#users, user, perUser);
    use(this.#addresses, senderOf(remoteAddress), perAddress);
    pace.useRates(used.map(({ rate }) => rate));
    return () => {
      const nowMs = this.#deps.monotonicMs();
      for (const { of, key } of used) of.release(key, nowMs);
      used.length = 0;
    };
  }

  closed(pace: ReadPace): void {
    this.#held.delete(pace);
  }

  /** Begins the next window and resumes those whose time has come; the timer calls it. */
  tick(): void {
    const wasUsed = this.#share.nextWindow();
    for (const pace of [...this.#held]) this.#look(pace);
    if (wasUsed || this.#held.size > 0) return;
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  close(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  #look(pace: ReadPace): void {
    const { heldBy, client } = pace;
    if (heldBy === undefined || pace.tryResume()) {
      if (pace.heldBy === undefined) this.#held.delete(pace);
      return;
    }
    client.keepAlive();
    if (heldBy === 'share') return;
    const slowedMs = this.#deps.monotonicMs() - pace.slowedSinceMs;
    const seconds = Math.round(slowedMs / 1000);
    if (slowedMs > this.#options.disconnectAfterMs) {
      this.#held.delete(pace);
      client.exceeded(`held back by the rate of its ${heldBy} for ${seconds} s without a break`);
    } else if (slowedMs > REPORT_AFTER_MS) {
      this.#deps.onSlowed(client, heldBy, seconds);
    }
  }

  #onHeld(pace: ReadPace): void {
    this.#holds[pace.heldBy!] += 1;
    this.#held.add(pace);
    this.#start();
  }

  #start(): void {
    this.#timer ??= setInterval(() => this.tick(), WINDOW_MS).unref();
  }
}

export function noPaces(): Record<PaceReason, number> {
  return Object.fromEntries(PACE_REASONS.map((reason) => [reason, 0])) as Record<PaceReason, number>;
}

function threadUtilization(): () => number {
  let before = performance.eventLoopUtilization();
  return () => {
    const now = performance.eventLoopUtilization();
    const { utilization } = performance.eventLoopUtilization(now, before);
    before = now;
    return utilization;
  };
}
