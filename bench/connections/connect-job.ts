/** What a process of clients is told to connect. */
export interface ConnectJob {
  readonly port: number;
  readonly connections: number;
  /** What the client ids begin with. */
  readonly clientIds: string;
  /** The address that they come from; absent: the one that the system takes. */
  readonly localAddress?: string;
  /** Connections under way at once. */
  readonly atOnce: number;
  readonly keepAliveSeconds: number;
}

export interface ConnectOutcome {
  readonly connected: number;
  /** From the first connection to the last CONNACK. */
  readonly durationMs: number;
  /** Ascending; from the first try of a client to its CONNACK. */
  readonly latenciesMs: readonly number[];
  /** Connections that ended before their CONNACK, by what the system said. */
  readonly failures: Readonly<Record<string, number>>;
  /** Tries beyond the first one of each client. */
  readonly retries: number;
}

export type ConnectRequest =
  | { readonly kind: 'connect'; readonly job: ConnectJob }
  | { readonly kind: 'close' };

export type ConnectAnswer =
  | { readonly kind: 'connected'; readonly outcome: ConnectOutcome }
  | { readonly kind: 'closed' }
  | { readonly kind: 'failure'; readonly text: string };
