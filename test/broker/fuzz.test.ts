import { connect, type Socket } from 'node:net';
import mqtt from 'mqtt';
import mqttPacket from 'mqtt-packet';
import { expect, it, onTestFinished } from 'vitest';
import { startIngest } from '../support/broker-fixture.js';

const SEED = Number(process.env.SLUICE_FUZZ_SEED ?? 20261121);
const CONNECTIONS = process.env.SLUICE_SOAK === 'full' ? 100_000 : 1_500;

/** Small fast counter PRNG: the same seed gives the same frames. */
function randomFrom(seed: number): (below: number) => number {
  let state = seed >>> 0;
  return (below) => {
    state = (state + 0x9e3779b9) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 16), 0x21f0aaad);
    mixed = Math.imul(mixed ^ (mixed >>> 15), 0x735a2d97);
    return ((mixed ^ (mixed >>> 15)) >>> 0) % below;
  };
}

const VALID: readonly Buffer[] = [
  { cmd: 'publish', topic: 'a/b/c', payload: '{"v":1}', qos: 1, messageId: 7, dup: false, retain: false },
  { cmd: 'publish', topic: 'a/b/c', payload: '{"v":1}', qos: 2, messageId: 8, dup: false, retain: true },
  { cmd: 'publish', topic: 'a', payload: 'x', qos: 0, dup: false, retain: false },
  { cmd: 'subscribe', messageId: 9, subscriptions: [{ topic: 'a/#', qos: 1 }] },
  { cmd: 'unsubscribe', messageId: 10, unsubscriptions: ['a/#'] },
  { cmd: 'pubrel', messageId: 8 },
  { cmd: 'puback', messageId: 7 },
  { cmd: 'pubrec', messageId: 7 },
  { cmd: 'pubcomp', messageId: 7 },
  { cmd: 'pingreq' },
].map((packet) => mqttPacket.generate(packet as mqttPacket.Packet));

const connectFrame = (id: string, clean: boolean) =>
  mqttPacket.generate({
    cmd: 'connect',
    protocolId: 'MQTT',
    protocolVersion: 4,
    clean,
    keepalive: 10,
    clientId: id,
    will: { topic: 'w/d', payload: Buffer.from('gone'), qos: 1, retain: false },
  });

/** Flips, inserts, cuts, lies about a length, repeats; or leaves the frame as it is. */
function mutated(frame: Buffer, random: (below: number) => number): Buffer {
  const bytes = Buffer.from(frame);
  const at = random(bytes.length);
  switch (random(7)) {
    case 0:
      bytes[at]! ^= 1 << random(8);
      return bytes;
    case 1:
      return Buffer.concat([bytes.subarray(0, at), Buffer.from([random(256)]), bytes.subarray(at)]);
    case 2:
      return bytes.subarray(0, at);
    case 3:
      bytes[Math.min(1, bytes.length - 1)] = random(256);
      return bytes;
    case 4:
      return Buffer.concat([bytes, bytes]);
    case 5:
      bytes[0] = random(256);
      return bytes;
    default:
      return bytes;
  }
}

function closed(socket: Socket): Promise<void> {
  return new Promise((resolve) => {
    socket.once('close', () => resolve());
    socket.on('error', () => undefined);
    socket.resume();
  });
}

it(`${CONNECTIONS} connections of mutated frames: no crash, nothing unauthenticated stored, others unaffected`, {
  timeout: 3_600_000,
}, async () => {
  const random = randomFrom(SEED);
  const { port, url, log, broker } = await startIngest({ connectTimeoutMs: 300 });
  const good = await mqtt.connectAsync(url, { clientId: 'good', reconnectPeriod: 0 });
  onTestFinished(() => good.endAsync(true).then(() => undefined));
  for (let n = 0; n < CONNECTIONS; n += 50) {
    await Promise.all(
      Array.from({ length: 50 }, async (_, i) => {
        const isConnected = random(4) !== 0;
        const hello = connectFrame(`fuzz-${i}`, random(2) === 0);
        const frames = [isConnected ? hello : mutated(hello, random)];
        for (let f = random(12); f >= 0; f -= 1) frames.push(mutated(VALID[random(VALID.length)]!, random));
        const socket = connect(port, '127.0.0.1');
        const gone = closed(socket);
        const all = Buffer.concat(frames);
        // In pieces, so that headers and bodies are cut anywhere.
        for (let from = 0; from < all.length; ) {
          const to = Math.min(all.length, from + 1 + random(60));
          socket.write(all.subarray(from, to));
          from = to;
        }
        if (random(8) !== 0) socket.end();
        else setImmediate(() => socket.destroy());
        await gone;
      }),
    );
    await good.publishAsync('good/d/t', String(n), { qos: 1 });
  }
  const { records, damaged } = await log.readAll();
  const fromGood = records
    .filter(({ clientId }) => clientId === 'good')
    .map(({ payload }) => Number(payload));
  expect(fromGood).toEqual(Array.from({ length: CONNECTIONS / 50 }, (_, i) => i * 50));
  expect(damaged).toBe(0);
  // Frames did get in, and frames were rejected: otherwise nothing was tested.
  expect(records.length).toBeGreaterThan(CONNECTIONS / 5);
  expect(broker.counters().refused.unexpected).toBe(0);
  expect(Object.values(broker.counters().refused).reduce((sum, count) => sum + count, 0)).toBeGreaterThan(0);
  for (const { clientId } of records) expect(clientId).not.toBe('');
});
