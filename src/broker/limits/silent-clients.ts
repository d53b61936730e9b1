export interface SilentClientsOptions {
  /** A client that neither publishes nor subscribes for so long after its CONNECT counts as silent. */
  readonly silentAfterMs: number;
  /** Whether it is closed then. */
  readonly closesSilent: boolean;
}

/** What SilentClients needs of a connection. */
export interface WatchedClient {
  /** Whether it has neither published nor subscribed yet. */
  isSilent(): boolean;
  /** It was silent for too long: its connection ends. */
  silentFor(detail: string): void;
}

const MAX_SWEEP_MS = 10_000;

/** SilentClients counts clients that connect and then do nothing, and closes them with `closeSilent`. */
export class SilentClients {
  readonly #options: SilentClientsOptions;
  readonly #monotonicMs: () => number;
  readonly #timer: NodeJS.Timeout;
  /** In the order of their CONNECT; those that have published or subscribed leave with the next sweep. */
  readonly #connectedAtMs = new Map<WatchedClient, number>();
  #count = 0;

  constructor(options: SilentClientsOptions, monotonicMs: () => number) {
    this.#options = options;
    this.#monotonicMs = monotonicMs;
    const everyMs = Math.min(MAX_SWEEP_MS, Math.ceil(options.silentAfterMs / 4));
    this.#timer = setInterval(() => this.sweep(), everyMs).unref();
  }

  get count(): number {
    return this.#count;
  }

  connected(client: WatchedClient): void {
    this.#connectedAtMs.set(client, this.#monotonicMs());
  }

  closed(client: WatchedClient): void {
    this.#connectedAtMs.delete(client);
  }

  /** Counts and closes; the timer calls it. */
  sweep(): void {
    const { silentAfterMs, closesSilent } = this.#options;
    const nowMs = this.#monotonicMs();
    let count = 0;
    for (const [client, atMs] of [...this.#connectedAtMs]) {
      if (!client.isSilent()) {
        this.#connectedAtMs.delete(client);
      } else if (nowMs - atMs >= silentAfterMs) {
        if (closesSilent) client.silentFor(`${Math.round((nowMs - atMs) / 1000)} s after its CONNECT`);
        else count += 1;
      }
    }
    this.#count = count;
  }

  close(): void {
    clearInterval(this.#timer);
  }
}
