/** What the load process is told to publish. */
export interface LoadJob {
  readonly port: number;
  /** The CA of the broker's certificate: the connections are made over TLS. */
  readonly caFile?: string;
  readonly connections: number;
  /** Of all connections together; each sends as many as the next. */
  readonly messages: number;
  readonly qos: 0 | 1 | 2;
  /** 5: MQTT 5, with a topic alias and no other property. Absent: MQTT 3.1.1. */
  readonly version?: 4 | 5;
  /** Unacknowledged messages a connection may have. */
  readonly window: number;
  readonly readings: CityReadings | ClimateReadings;
  /** What the client ids begin with; absent: the names of `hasUsers`. Two loads at once need two. */
  readonly clientIds?: string;
  /** Each connection signs in as a user of its own. */
  readonly hasUsers?: boolean;
  /** Of all connections together; absent: as fast as they are acknowledged. */
  readonly messagesPerSecond?: number;
}

/** A device a connection. */
export interface CityReadings {
  readonly kind: 'city';
  /** Timestamp of every device's first reading; the next ones follow ms by ms. */
  readonly baseMs: number;
}

/** Five fields, and no time of their own. */
export interface ClimateReadings {
  readonly kind: 'climate';
  /** Devices that a connection speaks for. */
  readonly devices: number;
}

export interface LoadOutcome {
  readonly acknowledged: number;
  /** When the first message went out: all connections stood by then. */
  readonly startedAtMs: number;
  /** From the first message to the last acknowledgement. */
  readonly durationMs: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly cpuSeconds: number;
  /** Of some messages: present with `messagesPerSecond`. */
  readonly samples?: readonly AcknowledgeSample[];
}

export interface AcknowledgeSample {
  /** Wall clock. */
  readonly acknowledgedAtMs: number;
  readonly latencyMs: number;
}

export type LoadAnswer = { readonly outcome: LoadOutcome } | { readonly failure: string };

/** Messages that divide evenly over the connections, at least one each. */
export function evenMessages(messages: number, connections: number): number {
  return Math.max(1, Math.round(messages / connections)) * connections;
}
