/** What the reconnect process does: once without session tickets, once with those of the first time. */
export interface ReconnectJob {
  readonly port: number;
  readonly caFile: string;
  readonly devices: number;
}

export interface Round {
  readonly connected: number;
  readonly failed: number;
  /** Connections that resumed a session. */
  readonly resumed: number;
  /** From the first connection to the last CONNACK. */
  readonly durationMs: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
}

export type ReconnectAnswer = { readonly first: Round; readonly again: Round } | { readonly failure: string };
