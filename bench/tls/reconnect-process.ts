import { readFileSync } from 'node:fs';
import { connect, createSecureContext, type SecureContext, type TLSSocket } from 'node:tls';
import mqttPacket from 'mqtt-packet';
import { percentile } from '../report/percentile.js';
import type { ReconnectAnswer, ReconnectJob, Round } from './reconnect-job.js';

/** Devices that all connect at once, in a process of its own. */

const CONNECT_TIMEOUT_MS = 120_000;

process.on('message', (job: ReconnectJob) => {
  measure(job).then(answer, (thrown: unknown) => answer({ failure: String(thrown) }));
});
// The bench has ended, by whatever way.
process.on('disconnect', () => process.exit());

function answer(outcome: ReconnectAnswer): void {
  process.send!(outcome);
}

async function measure({ port, caFile, devices }: ReconnectJob): Promise<ReconnectAnswer> {
  const context = createSecureContext({ ca: readFileSync(caFile) });
  const tickets: (Buffer | undefined)[] = Array.from({ length: devices });
  const first = await connectAll(port, context, tickets);
  const again = await connectAll(port, context, tickets);
  return { first, again };
}

async function connectAll(
  port: number,
  context: SecureContext,
  tickets: (Buffer | undefined)[],
): Promise<Round> {
  const startedAtMs = performance.now();
  const connections = await Promise.all(
    tickets.map((_, device) => connectOne(port, context, tickets, device)),
  );
  const durationMs = performance.now() - startedAtMs;
  const made = connections.filter((connection) => connection !== undefined);
  const latenciesMs = made.map(({ latencyMs }) => latencyMs).sort((a, b) => a - b);
  const resumed = made.filter(({ isResumed }) => isResumed).length;
  await Promise.all(made.map(({ socket }) => closed(socket)));
  return {
    connected: made.length,
    failed: tickets.length - made.length,
    resumed,
    durationMs,
    p50Ms: percentile(latenciesMs, 0.5),
    p99Ms: percentile(latenciesMs, 0.99),
  };
}

interface Connection {
  readonly socket: TLSSocket;
  readonly latencyMs: number;
  readonly isResumed: boolean;
}

/** Resolves with CONNACK 0; undefined when it failed. */
function connectOne(
  port: number,
  secureContext: SecureContext,
  tickets: (Buffer | undefined)[],
  device: number,
): Promise<Connection | undefined> {
  return new Promise((resolve) => {
    const startedAtMs = performance.now();
    const socket = connect({ host: '127.0.0.1', port, secureContext, session: tickets[device] });
    const timer = setTimeout(() => socket.destroy(), CONNECT_TIMEOUT_MS);
    let isResumed = false;
    socket.on('session', (ticket) => {
      tickets[device] = ticket;
    });
    socket.on('secureConnect', () => {
      isResumed = socket.isSessionReused();
    });
    socket.write(
      mqttPacket.generate({
        cmd: 'connect',
        protocolId: 'MQTT',
        protocolVersion: 4,
        clean: true,
        keepalive: 600,
        clientId: `device-${device}`,
      }),
    );
    socket.once('data', (bytes: Buffer) => {
      clearTimeout(timer);
      const latencyMs = performance.now() - startedAtMs;
      resolve(bytes[3] === 0 ? { socket, latencyMs, isResumed } : undefined);
    });
    socket.on('error', () => undefined);
    socket.on('close', () => {
      clearTimeout(timer);
      resolve(undefined);
    });
  });
}

function closed(socket: TLSSocket): Promise<void> {
  return new Promise((resolve) => {
    socket.once('close', () => resolve());
    socket.destroy();
  });
}
