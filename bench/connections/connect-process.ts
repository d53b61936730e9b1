import { connect, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import mqttPacket from 'mqtt-packet';
import type { ConnectAnswer, ConnectJob, ConnectOutcome, ConnectRequest } from './connect-job.js';

/** Clients that connect, and then do nothing but keep their connection alive, in a process of their own. */

/** A try without a CONNACK for so long has failed. */
const CONNACK_TIMEOUT_MS = 60_000;
const RETRY_AFTER_MS = 200;
/** A client that has failed so often makes the whole run fail. */
const MAX_TRIES = 50;
const PINGREQ = Buffer.from([0xc0, 0]);

let open = new Set<Socket>();
let pinging: NodeJS.Timeout | undefined;

process.on('message', (request: ConnectRequest) => {
  const answered = request.kind === 'connect' ? connectAll(request.job) : closeAll();
  answered.then(answer, (thrown: unknown) => answer({ kind: 'failure', text: String(thrown) }));
});
// The bench has ended, by whatever way.
process.on('disconnect', () => process.exit());

function answer(outcome: ConnectAnswer): void {
  process.send!(outcome);
}

interface Counts {
  readonly latenciesMs: number[];
  readonly failures: Record<string, number>;
  retries: number;
}

async function connectAll(job: ConnectJob): Promise<ConnectAnswer> {
  const counts: Counts = { latenciesMs: [], failures: {}, retries: 0 };
  const startedAtMs = performance.now();
  let next = 0;
  const worker = async () => {
    while (next < job.connections) {
      const client = next;
      next += 1;
      await connectClient(job, client, counts);
    }
  };
  await Promise.all(Array.from({ length: Math.min(job.atOnce, job.connections) }, worker));
  const outcome: ConnectOutcome = {
    connected: open.size,
    durationMs: performance.now() - startedAtMs,
    latenciesMs: counts.latenciesMs.sort((a, b) => a - b),
    failures: counts.failures,
    retries: counts.retries,
  };
  pinging ??= setInterval(ping, (job.keepAliveSeconds * 1000) / 2);
  return { kind: 'connected', outcome };
}

function ping(): void {
  for (const socket of open) socket.write(PINGREQ);
}

async function closeAll(): Promise<ConnectAnswer> {
  clearInterval(pinging);
  pinging = undefined;
  const closing = [...open];
  open = new Set();
  await Promise.all(
    closing.map(
      (socket) =>
        new Promise<void>((resolve) => {
          socket.once('close', () => resolve());
          socket.destroy();
        }),
    ),
  );
  return { kind: 'closed' };
}

/** Tries until the client has its CONNACK. */
async function connectClient(job: ConnectJob, client: number, counts: Counts): Promise<void> {
  const startedAtMs = performance.now();
  for (let tries = 1; tries <= MAX_TRIES; tries += 1) {
    const failure = await connectOnce(job, client);
    if (failure === undefined) {
      counts.latenciesMs.push(performance.now() - startedAtMs);
      return;
    }
    counts.failures[failure] = (counts.failures[failure] ?? 0) + 1;
    counts.retries += 1;
    await sleep(RETRY_AFTER_MS);
  }
  throw new Error(`a client failed ${MAX_TRIES} times: ${JSON.stringify(counts.failures)}`);
}

/** Resolves with CONNACK 0; with the reason when it failed. */
function connectOnce(job: ConnectJob, client: number): Promise<string | undefined> {
  return new Promise((resolve) => {
    const { port, localAddress, keepAliveSeconds, clientIds } = job;
    const socket = connect({ host: '127.0.0.1', port, localAddress, noDelay: true });
    let reason = 'closed';
    const timer = setTimeout(() => {
      reason = 'timeout';
      socket.destroy();
    }, CONNACK_TIMEOUT_MS);
    socket.write(
      mqttPacket.generate({
        cmd: 'connect',
        protocolId: 'MQTT',
        protocolVersion: 4,
        clean: true,
        keepalive: keepAliveSeconds,
        clientId: `${clientIds}-${client}`,
      }),
    );
    socket.once('data', (bytes: Buffer) => {
      clearTimeout(timer);
      if (bytes[3] !== 0) {
        reason = `CONNACK ${bytes[3]}`;
        socket.destroy();
        return;
      }
      open.add(socket);
      // What comes later are answers to PINGREQ.
      socket.resume();
      resolve(undefined);
    });
    socket.on('error', (error: NodeJS.ErrnoException) => {
      reason = error.code ?? error.message;
    });
    socket.on('close', () => {
      clearTimeout(timer);
      open.delete(socket);
      resolve(reason);
    });
  });
}
