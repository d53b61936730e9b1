import { readFileSync } from 'node:fs';
import type { Duplex } from 'node:stream';
import { connect, createSecureContext } from 'node:tls';
import { runLoad } from '../../harness/load-client.js';
import { percentile } from '../report/percentile.js';
import { benchToken, benchUser } from './bench-users.js';
import { cityPayload, cityTopic } from './city-reading.js';
import { climatePayload } from './climate-reading.js';
import type { AcknowledgeSample, LoadAnswer, LoadJob, LoadOutcome } from './load-job.js';

/** The MQTT client in a process of its own, so that it and the broker share nothing but the machine. */

process.on('message', (job: LoadJob) => {
  publish(job).then(
    (outcome) => answer({ outcome }),
    (thrown: unknown) => answer({ failure: String(thrown) }),
  );
});
// The bench has ended, by whatever way.
process.on('disconnect', () => process.exit());

/** One in so many messages is a sample. */
const SAMPLE_EVERY = 16;

async function publish(job: LoadJob): Promise<LoadOutcome> {
  globalThis.gc?.();
  const before = process.cpuUsage();
  const samples: AcknowledgeSample[] = [];
  const { messagesPerSecond, clientIds } = job;
  const { acknowledged, durationMs, latenciesMs } = await runLoad({
    host: '127.0.0.1',
    port: job.port,
    ...(job.caFile !== undefined && { open: overTls(job.port, job.caFile) }),
    connections: job.connections,
    messages: job.messages / job.connections,
    qos: job.qos,
    ...(job.version !== undefined && { version: job.version }),
    window: job.window,
    connectFirst: true,
    clientId: (connection) =>
      clientIds === undefined ? benchUser(connection) : `${clientIds}-${connection}`,
    ...(job.hasUsers === true && {
      signIn: (connection) => ({ userName: benchUser(connection), password: benchToken(connection) }),
    }),
    topic: cityTopic,
    payload: (connection, reading) => Buffer.from(payloadOf(job, connection, reading)),
    ...(messagesPerSecond !== undefined && {
      messagesPerSecond,
      onAcknowledged: (connection, message, latencyMs) => {
        if ((message + connection) % SAMPLE_EVERY === 0)
          samples.push({ acknowledgedAtMs: Date.now(), latencyMs });
      },
    }),
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
    ...(messagesPerSecond !== undefined && { samples }),
  };
}

/** One context for all connections: making one costs more than a handshake. */
function overTls(port: number, caFile: string): () => Duplex {
  const secureContext = createSecureContext({ ca: readFileSync(caFile) });
  return () => connect({ host: '127.0.0.1', port, secureContext }).setNoDelay(true);
}

function payloadOf({ readings }: LoadJob, connection: number, reading: number): string {
  return readings.kind === 'city'
    ? cityPayload(connection, reading, readings.baseMs)
    : climatePayload(connection, reading, readings.devices);
}

function answer(answer: LoadAnswer): void {
  process.send?.(answer);
}
