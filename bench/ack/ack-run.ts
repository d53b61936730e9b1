import type { LoadClient } from '../processes/load-client.js';
import { evenMessages } from '../processes/load-job.js';
import { cpuUsageOf } from '../processes/process-usage.js';
import type { Broker } from './broker.js';

export interface Cell {
  readonly qos: 0 | 1 | 2;
  readonly connections: number;
  /** Unacknowledged messages a connection may have. */
  readonly window: number;
}

export interface AckRun {
  /** Acknowledged; at QoS 0 taken, for what was shed was not taken. */
  readonly perSecond: number;
  /** Publish to acknowledgement with a full window; NaN at QoS 0. */
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly brokerCpuUsPerMessage: number;
  readonly clientCpuUsPerMessage: number;
  /** QoS 0 messages that the gateway dropped under pressure and counted; 0 when the broker does not tell. */
  readonly shed: number;
}

/** One run from a broker at rest to a broker at rest: nothing left over weighs on the next one. */
export async function ackRun(
  broker: Broker,
  client: LoadClient,
  cell: Cell,
  messages: number,
): Promise<AckRun> {
  const sent = evenMessages(messages, cell.connections);
  const takenBefore = await broker.atRest();
  const cpuBefore = cpuUsageOf(broker.pid);
  const { durationMs, p50Ms, p99Ms, cpuSeconds } = await client.run({
    port: broker.port,
    caFile: broker.caFile,
    connections: cell.connections,
    messages: sent,
    qos: cell.qos,
    window: cell.window,
    readings: { kind: 'city', baseMs: Date.now() },
    ...(broker.hasUsers === true && { hasUsers: true }),
    ...(broker.version !== undefined && { version: broker.version }),
  });
  const taken = await broker.atRest();
  const cpuAfter = cpuUsageOf(broker.pid);

  const shed = shedOf(cell, sent, takenBefore, taken);
  return {
    perSecond: ((sent - shed) / durationMs) * 1000,
    p50Ms,
    p99Ms,
    brokerCpuUsPerMessage: ((cpuAfter.totalSeconds - cpuBefore.totalSeconds) / sent) * 1e6,
    clientCpuUsPerMessage: (cpuSeconds / sent) * 1e6,
    shed,
  };
}

function shedOf(cell: Cell, sent: number, before: number | undefined, after: number | undefined): number {
  if (before === undefined || after === undefined) return 0;
  // At QoS 0 each connection ends with one QoS 1 message behind the others, the fence.
  const expected = sent + (cell.qos === 0 ? cell.connections : 0);
  const missing = expected - (after - before);
  if (missing < 0 || (missing > 0 && cell.qos > 0)) {
    throw new Error(
      `${sent} messages were acknowledged at QoS ${cell.qos}, ${after - before} are in the log`,
    );
  }
  return missing;
}
