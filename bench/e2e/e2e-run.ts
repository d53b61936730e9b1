import { type RunningGateway, startGateway } from '../processes/gateway.js';
import type { LoadClient } from '../processes/load-client.js';
import type { LoadJob } from '../processes/load-job.js';
import { type CpuUsage, cpuUsageOf, peakRssBytes } from '../processes/process-usage.js';
import type { Store } from './store.js';

export const CONNECTIONS = 20;
/** As the simulators have it: what a busy client leaves unacknowledged. */
export const WINDOW = 100;

/** What is published and how the gateway is configured beside its store. */
export interface Workload {
  readonly config: string;
  readonly readings: () => LoadJob['readings'];
  /** Called when the gateway is ready, before the first message. */
  readonly onStarted?: (gateway: RunningGateway) => void;
  /** Called when every message is written, outside of the time that is measured; the gateway still runs. */
  readonly onWritten?: (gateway: RunningGateway) => Promise<void>;
  /** Called when the gateway has stopped and its files are still there. */
  readonly onStopped?: (gateway: RunningGateway) => Promise<void>;
}

/** One run end to end: figures of it, once every message was counted in the store. */
export interface E2eRun {
  readonly messages: number;
  /** From the first message until the ledger says that all is written. */
  readonly totalMs: number;
  readonly perSecond: number;
  readonly acknowledgedPerSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly gatewayPeakRssBytes: number;
  readonly gatewayCpu: CpuUsage;
  readonly storeCpuSeconds: number;
  readonly clientCpuSeconds: number;
}

/** Throws when the ledger does not say "all written", or the store does not hold exactly as many points. */
export async function e2eRun(
  directory: string,
  store: Store,
  client: LoadClient,
  messages: number,
  workload: Workload,
): Promise<E2eRun> {
  const gateway = await startGateway(directory, `${store.sink}\n${workload.config}`, store.gateway);
  try {
    workload.onStarted?.(gateway);
    const run = await publishAndWait(gateway, store, client, messages, workload.readings());
    await workload.onWritten?.(gateway);
    await gateway.stop();
    const stored = await store.count?.(gateway);
    if (stored !== undefined && stored !== messages) {
      throw new Error(`${messages} messages were acknowledged, but ${store.name} holds ${stored} points`);
    }
    await workload.onStopped?.(gateway);
    return run;
  } finally {
    await gateway.remove();
  }
}

async function publishAndWait(
  gateway: RunningGateway,
  store: Store,
  client: LoadClient,
  messages: number,
  readings: LoadJob['readings'],
): Promise<E2eRun> {
  const { pid } = gateway.process;
  const gatewayBefore = cpuUsageOf(pid);
  const storeBefore = store.pid === undefined ? 0 : cpuUsageOf(store.pid).totalSeconds;
  const load = await client.run({
    port: gateway.process.mqttPort,
    connections: CONNECTIONS,
    messages,
    qos: 1,
    window: WINDOW,
    readings,
  });
  const outcomes = await gateway.settled();
  const totalMs = Date.now() - load.startedAtMs;
  if (outcomes.written !== messages || outcomes.received !== messages) {
    // What was lost has a reason there, and a line in the log.
    const ledger = JSON.stringify(await gateway.process.ledger());
    const warnings = await (await fetch(`${gateway.process.httpUrl}/api/warnings`)).text();
    throw new Error(
      `${messages} messages were acknowledged; the ledger says ${ledger}; warnings: ${warnings}`,
    );
  }
  const gatewayAfter = cpuUsageOf(pid);
  const storeAfter = store.pid === undefined ? 0 : cpuUsageOf(store.pid).totalSeconds;
  return {
    messages,
    totalMs,
    perSecond: (messages / totalMs) * 1000,
    acknowledgedPerSecond: (messages / load.durationMs) * 1000,
    p50Ms: load.p50Ms,
    p99Ms: load.p99Ms,
    gatewayPeakRssBytes: peakRssBytes(pid),
    gatewayCpu: {
      totalSeconds: gatewayAfter.totalSeconds - gatewayBefore.totalSeconds,
      mainThreadSeconds: gatewayAfter.mainThreadSeconds - gatewayBefore.mainThreadSeconds,
      busiestOtherSeconds: gatewayAfter.busiestOtherSeconds - gatewayBefore.busiestOtherSeconds,
    },
    storeCpuSeconds: storeAfter - storeBefore,
    clientCpuSeconds: load.cpuSeconds,
  };
}
