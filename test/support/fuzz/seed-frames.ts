import mqttPacket from 'mqtt-packet';
import type { Random } from '../seeded.js';
import { markerOf } from './marker.js';

/** Connections share client ids, so that sessions are taken up and connections are taken over. */
export const CLIENT_IDS = 40;

const frame = (packet: object): Buffer => mqttPacket.generate(packet as mqttPacket.Packet);

/** Who the fuzzer signs in as, where the broker asks for it. */
export interface Credentials {
  readonly username: string;
  readonly password: string;
}

/** A CONNECT that is well formed. */
export function connectFrame(connection: number, random: Random, credentials?: Credentials): Buffer {
  const marker = markerOf(connection);
  const isOld = random(8) === 0;
  const hasWill = random(3) === 0;
  // Sometimes without, and sometimes with a wrong one.
  const signsIn = random(6);
  const given = credentials === undefined || signsIn === 0 ? {} : credentials;
  return frame({
    cmd: 'connect',
    protocolId: isOld ? 'MQIsdp' : 'MQTT',
    protocolVersion: isOld ? 3 : 4,
    bridgeMode: random(10) === 0,
    clean: random(3) !== 0,
    keepalive: random(2) * 10,
    clientId: `fuzz-${random(CLIENT_IDS)}`,
    ...given,
    ...(credentials !== undefined && signsIn === 1 && { username: 'somebody-else' }),
    ...(hasWill && {
      will: {
        topic: `fuzz/${marker}/will`,
        payload: Buffer.from(marker),
        qos: random(3),
        retain: random(2) === 0,
      },
    }),
  });
}

/** Well-formed packets behind the CONNECT, in an order in which clients send them. */
export function sequenceOf(connection: number, random: Random): Buffer[] {
  const kinds = [publishes, subscribes, repeats, floods, acknowledges, publishesUnusualTopics];
  const make = kinds[random(kinds.length)] ?? publishes;
  return make(markerOf(connection), random);
}

function publish(marker: string, qos: number, messageId: number, more: object = {}): Buffer {
  return frame({
    cmd: 'publish',
    topic: `fuzz/${marker}/t`,
    payload: `{"m":"${marker}","v":1}`,
    qos,
    messageId,
    dup: false,
    retain: false,
    ...more,
  });
}

const ack = (cmd: string, messageId: number) => frame({ cmd, messageId });
const subscribe = (messageId: number, ...topics: string[]) =>
  frame({ cmd: 'subscribe', messageId, subscriptions: topics.map((topic, i) => ({ topic, qos: i % 3 })) });
const unsubscribe = (messageId: number, ...unsubscriptions: string[]) =>
  frame({ cmd: 'unsubscribe', messageId, unsubscriptions });
const ping = () => frame({ cmd: 'pingreq' });
const disconnect = () => frame({ cmd: 'disconnect' });

function publishes(marker: string): Buffer[] {
  return [
    publish(marker, 0, 0),
    publish(marker, 1, 1),
    publish(marker, 2, 2),
    ack('pubrel', 2),
    ping(),
    disconnect(),
  ];
}

function subscribes(marker: string, random: Random): Buffer[] {
  const wide = random(10) === 0 ? ['#'] : [];
  return [
    subscribe(1, `fuzz/${marker}/#`, 'fuzz/+/t', ...wide),
    publish(marker, 2, 2, { retain: true }),
    ack('pubrel', 2),
    publish(marker, 1, 3),
    ack('puback', 1),
    ack('pubrec', 1),
    ack('pubcomp', 1),
    subscribe(4, `fuzz/${marker}/+`),
    unsubscribe(5, 'fuzz/+/t', `fuzz/${marker}/#`),
    ...(random(2) === 0 ? [disconnect()] : []),
  ];
}

function repeats(marker: string): Buffer[] {
  const first = publish(marker, 2, 7);
  return [first, first, publish(marker, 2, 7, { dup: true }), ack('pubrel', 7), ack('pubrel', 7), first];
}

function floods(marker: string, random: Random): Buffer[] {
  const qos = random(3);
  return Array.from({ length: 20 }, (_, i) => publish(marker, qos, i + 1, { retain: random(20) === 0 }));
}

function acknowledges(marker: string): Buffer[] {
  return [
    subscribe(9, 'fuzz/#'),
    publish(marker, 1, 1),
    publish(marker, 2, 2),
    ...['puback', 'pubrec', 'pubrel', 'pubcomp'].flatMap((cmd) => [ack(cmd, 1), ack(cmd, 2), ack(cmd, 9)]),
  ];
}

function publishesUnusualTopics(marker: string, random: Random): Buffer[] {
  const deep = `fuzz/${marker}${'/x'.repeat(random(150))}`;
  const long = `fuzz/${marker}/${'x'.repeat(random(1500))}`;
  const topics = [`$aws/${marker}`, `$SYS/${marker}`, `/${marker}//`, deep, long, `fuzz/${marker}/ü\u0001`];
  return [
    ...topics.map((topic, i) => publish(marker, i % 3, i + 1, { topic })),
    publish(marker, 1, 20, { payload: Buffer.alloc(random(40) === 0 ? 300 * 1024 : 5000, `${marker};`) }),
    publish(marker, 1, 21, { retain: true, payload: '' }),
    subscribe(22, '$SYS/#', '$share/g/fuzz/#', '+/+/will'),
  ];
}
