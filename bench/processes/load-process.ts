import { runLoad } from '../../harness/load-client.js';
import { cityPayload, cityTopic } from './city-reading.js';
import type { LoadAnswer, LoadJob, LoadOutcome } from './load-job.js';

/** The MQTT client in a process of its own, so that it and the broker share nothing but the machine. */

process.on('message', (job: LoadJob) => {
  publish(job).then(
    (outcome) => answer({ outcome }),
    (thrown: unknown) => answer({ failure: String(thrown) }),
  );
});
// The bench has ended, by whatever way.
process.on('disconnect', () => process.exit());

async function publish(job: LoadJob): Promise<LoadOutcome> {
  globalThis.gc?.();
  const before = process.cpuUsage();
  const { acknowledged, durationMs, latenciesMs } = await runLoad({
    host: '127.0.0.1',
    port: job.port,
    connections: job.connections,
    messages: job.messages / job.connections,
    qos: job.qos,
    window: job.window,
    connectFirst: true,
    clientId: (connection) => `bench-${connection}`,
    topic: cityTopic,
    payload: (connection, reading) => Buffer.from(cityPayload(connection, reading, job.baseMs)),
  });
  const endedAtMs = Date.now();
  const { user, system } = process.cpuUsage(before);
  return {
    acknowledged,
    startedAtMs: endedAtMs - durationMs,
    durationMs,
    p50Ms: percentile(latenciesMs, 0.5),
    p99Ms: percentile(latenciesMs, 0.99),
    cpuSeconds: (user + system) / 1e6,
  };
}

/** NaN of nothing: QoS 0 has no acknowledgements. */
function percentile(ascending: readonly number[], share: number): number {
  return ascending[Math.min(ascending.length - 1, Math.floor(ascending.length * share))] ?? Number.NaN;
}

function answer(answer: LoadAnswer): void {
  process.send?.(answer);
}
