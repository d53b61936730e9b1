import { connect, type Socket } from 'node:net';
import mqttPacket from 'mqtt-packet';
import { DeliveryCounter } from './delivery-counter.js';
import type { ObserverAnswer, ObserverJob, ObserverRequest } from './observer-job.js';

/** One subscriber of everything, in a process of its own. It has no MQTT library: it must not be what is measured. */

const SUBACK_BYTE = 0x90;
const CONNACK_BYTES = 4;

let socket: Socket | undefined;
let counter = new DeliveryCounter();
let isClosed = false;

process.on('message', (request: ObserverRequest) => {
  handle(request).then(answer, (thrown: unknown) => answer({ kind: 'failure', text: String(thrown) }));
});
// The bench has ended, by whatever way.
process.on('disconnect', () => process.exit());

function answer(outcome: ObserverAnswer): void {
  process.send!(outcome);
}

async function handle(request: ObserverRequest): Promise<ObserverAnswer> {
  if (request.kind === 'observe') {
    await observe(request.job);
    return { kind: 'observing' };
  }
  if (request.kind === 'counts') {
    const { bytes, messages } = counter;
    return { kind: 'counts', counts: { bytes, messages, isClosed } };
  }
  await leave();
  return { kind: 'left' };
}

/** Resolves with the SUBACK that grants what was asked for. */
function observe({ port, qos, isStuck }: ObserverJob): Promise<void> {
  counter = new DeliveryCounter();
  isClosed = false;
  const opened = connect({ host: '127.0.0.1', port, noDelay: true });
  socket = opened;
  opened.write(
    mqttPacket.generate({
      cmd: 'connect',
      protocolId: 'MQTT',
      protocolVersion: 4,
      clean: true,
      keepalive: 0,
      clientId: 'observer',
    }),
  );
  opened.write(
    mqttPacket.generate({
      cmd: 'subscribe',
      messageId: 1,
      subscriptions: [{ topic: '#', qos }],
    }),
  );
  opened.on('error', () => undefined);
  return new Promise((resolve, reject) => {
    opened.once('close', () => {
      isClosed = true;
      reject(new Error('the connection ended before its SUBACK'));
    });
    let first: Buffer = Buffer.alloc(0);
    const greet = (bytes: Buffer) => {
      first = Buffer.concat([first, bytes]);
      // CONNACK and SUBACK.
      if (first.length < CONNACK_BYTES + 5) return;
      opened.off('data', greet);
      if (first[CONNACK_BYTES] !== SUBACK_BYTE || first[CONNACK_BYTES + 4] !== qos) {
        reject(new Error(`the subscription was not granted: ${first.toString('hex', 0, 16)}`));
        return;
      }
      if (isStuck) opened.pause();
      else opened.on('data', (more: Buffer) => count(opened, more));
      resolve();
    };
    opened.on('data', greet);
  });
}

function count(opened: Socket, bytes: Buffer): void {
  const acknowledgements = counter.take(bytes);
  if (acknowledgements !== undefined) opened.write(acknowledgements);
}

function leave(): Promise<void> {
  const left = socket;
  socket = undefined;
  return new Promise((resolve) => {
    if (left === undefined || left.closed) {
      resolve();
      return;
    }
    left.once('close', () => resolve());
    left.destroy();
  });
}
