import { type LoadResult, runLoad } from '../../harness/load-client.js';

/** Twenty devices on connections of their own; every message has its own timestamp, and its number as a value. */
export interface FleetLoad {
  readonly port: number;
  readonly messages: number;
  /** Number of each device's first message; 0 by default. */
  readonly firstSeq?: number;
  readonly baseMs: number;
  readonly connections?: number;
  readonly qos?: 0 | 1 | 2;
  readonly onAcknowledged?: () => void;
  readonly signal?: AbortSignal;
}

export const FLEET_CONNECTIONS = 20;

/** For the configuration of the gateway under test. */
export const FLEET_RULE = `
rules:
  - name: fleet
    topic: fleet/+device/telemetry
    measurement: fleet
    time: { path: timestamp, unit: ms }
    tags: { device: topic.device }
    fields: { seq: payload.seq, temperature: payload.temperature }
`;

/** Publishes until everything is acknowledged, over any number of lost connections. */
export function runFleet(load: FleetLoad): Promise<LoadResult> {
  const connections = load.connections ?? FLEET_CONNECTIONS;
  return runLoad({
    host: '127.0.0.1',
    port: load.port,
    connections,
    messages: load.messages / connections,
    qos: load.qos ?? 1,
    window: 500,
    reconnect: true,
    clientId: (connection) => `dev${connection}`,
    topic: (connection) => `fleet/dev${connection}/telemetry`,
    payload: (_connection, message) => {
      const n = (load.firstSeq ?? 0) + message;
      return Buffer.from(`{"timestamp":${load.baseMs + n},"seq":${n},"temperature":${(n % 600) / 10 - 20}}`);
    },
    onAcknowledged: load.onAcknowledged,
    signal: load.signal,
  });
}

/** What each device must have in the store: so many points, whose numbers add up to exactly this. */
export function expectedOfDevice(messages: number, connections = FLEET_CONNECTIONS) {
  const each = messages / connections;
  return { points: each, sumOfSeq: (each * (each - 1)) / 2 };
}
