import mqttPacket from 'mqtt-packet';
import type { Random } from '../seeded.js';
import { markerOf } from './marker.js';
import { CLIENT_IDS, type Credentials } from './seed-frames.js';

/** After a CONNECT of version 5, these bytes ended the process of a broker that is still widely used. */
export const PUBLISH_WITH_BAD_PROPERTIES = Buffer.from([0x30, 0x05, 0x00, 0x01, 0x61, 0x01, 0x08]);

const frame = (packet: object): Buffer =>
  mqttPacket.generate(packet as mqttPacket.Packet, { protocolVersion: 5 });

const pick = <T>(random: Random, ...values: T[]): T => values[random(values.length)] as T;

/** A CONNECT of version 5 that is well formed. */
export function connectFrame5(connection: number, random: Random, credentials?: Credentials): Buffer {
  const marker = markerOf(connection);
  const clientId = random(10) === 0 ? '' : `fuzz-${random(CLIENT_IDS)}`;
  // Sometimes without, and sometimes with a wrong one.
  const signsIn = random(6);
  const given = credentials === undefined || signsIn === 0 ? {} : credentials;
  return frame({
    cmd: 'connect',
    protocolId: 'MQTT',
    protocolVersion: 5,
    // The library refuses to write what MQTT 5 allows: no clean start without a client id.
    clean: clientId === '' || random(3) !== 0,
    keepalive: random(2) * 10,
    clientId,
    ...given,
    ...(credentials !== undefined && signsIn === 1 && { username: 'somebody-else' }),
    ...(random(3) === 0 && {
      will: {
        topic: `fuzz/${marker}/will`,
        payload: Buffer.from(marker),
        qos: random(3),
        retain: random(2) === 0,
        properties: {
          willDelayInterval: pick(random, 0, 0, 1, 3600),
          ...messageProperties(marker, random),
        },
      },
    }),
    properties: connectProperties(random),
  });
}

function connectProperties(random: Random): object {
  return {
    ...(random(2) === 0 && { sessionExpiryInterval: pick(random, 0, 1, 60, 0xffff_ffff) }),
    ...(random(3) === 0 && { receiveMaximum: pick(random, 1, 2, 20, 65_535) }),
    ...(random(4) === 0 && { maximumPacketSize: pick(random, 20, 64, 200, 100_000) }),
    ...(random(3) === 0 && { topicAliasMaximum: pick(random, 0, 1, 10, 65_535) }),
    ...(random(4) === 0 && { requestProblemInformation: random(2) === 0 }),
    ...(random(4) === 0 && { requestResponseInformation: random(2) === 0 }),
    ...(random(4) === 0 && { userProperties: { a: 'b', c: ['d', 'e'] } }),
    // Enhanced authentication, which is refused.
    ...(random(15) === 0 && {
      authenticationMethod: 'SCRAM-SHA-1',
      authenticationData: Buffer.from([1, 2, 3]),
    }),
  };
}

function messageProperties(marker: string, random: Random): object {
  return {
    ...(random(3) === 0 && { payloadFormatIndicator: random(2) === 0 }),
    ...(random(3) === 0 && { messageExpiryInterval: pick(random, 0, 1, 60, 0xffff_ffff) }),
    ...(random(3) === 0 && { contentType: 'application/json' }),
    ...(random(4) === 0 && { responseTopic: `fuzz/${marker}/answer` }),
    ...(random(4) === 0 && { correlationData: Buffer.from(marker) }),
    ...(random(3) === 0 && { userProperties: { site: marker, list: ['1', '2'] } }),
    ...(random(200) === 0 && { userProperties: { large: 'x'.repeat(random(40_000)) } }),
  };
}

/** Well-formed packets of version 5 behind the CONNECT, in an order in which clients send them. */
export function sequenceOf5(connection: number, random: Random): Buffer[] {
  const kinds = [
    publishes,
    publishesByAlias,
    subscribes,
    repeats,
    floodsByAlias,
    acknowledges,
    breaksRules,
    speaksVersion4,
  ];
  return pick(random, ...kinds)(markerOf(connection), random);
}

function publish(marker: string, random: Random, qos: number, messageId: number, more: object = {}): Buffer {
  return frame({
    cmd: 'publish',
    topic: `fuzz/${marker}/t`,
    payload: `{"m":"${marker}","v":1}`,
    qos,
    messageId,
    dup: false,
    retain: random(20) === 0,
    properties: messageProperties(marker, random),
    ...more,
  });
}

const ack = (cmd: string, messageId: number, reasonCode = 0, properties: object = {}) =>
  frame({ cmd, messageId, reasonCode, properties });

function disconnect(random: Random): Buffer {
  return frame({
    cmd: 'disconnect',
    reasonCode: pick(random, 0, 4, 0x80, 0x93),
    properties: {
      ...(random(2) === 0 && { sessionExpiryInterval: pick(random, 0, 30, 0xffff_ffff) }),
      ...(random(3) === 0 && { reasonString: 'done' }),
    },
  });
}

const auth = (reasonCode: number) =>
  frame({ cmd: 'auth', reasonCode, properties: { authenticationMethod: 'SCRAM-SHA-1' } });

function publishes(marker: string, random: Random): Buffer[] {
  return [
    publish(marker, random, 0, 0),
    publish(marker, random, 1, 1),
    publish(marker, random, 2, 2),
    ack('pubrel', 2),
    frame({ cmd: 'pingreq' }),
    disconnect(random),
  ];
}

/** Aliases from 1 to 16 are taken; others end the connection. */
function publishesByAlias(marker: string, random: Random): Buffer[] {
  const topicAlias = pick(random, 1, 2, 16, 17, 65_535);
  const byAlias = { topic: '', properties: { topicAlias } };
  return [
    publish(marker, random, 1, 1, { properties: { topicAlias } }),
    publish(marker, random, 0, 0, byAlias),
    publish(marker, random, 2, 2, byAlias),
    publish(marker, random, 1, 3, { topic: `fuzz/${marker}/other`, properties: { topicAlias } }),
    publish(marker, random, 1, 4, { topic: '', properties: { topicAlias, contentType: 'text/plain' } }),
    ack('pubrel', 2),
  ];
}

function subscribes(marker: string, random: Random): Buffer[] {
  const subscription = (topic: string) => ({
    topic,
    qos: random(3),
    nl: random(3) === 0,
    rap: random(3) === 0,
    rh: random(3),
  });
  const identified = random(2) === 0 ? { subscriptionIdentifier: pick(random, 1, 7, 268_435_455) } : {};
  return [
    frame({
      cmd: 'subscribe',
      messageId: 1,
      subscriptions: [`fuzz/${marker}/#`, 'fuzz/+/t', `$share/g/fuzz/${marker}`].map(subscription),
      properties: { ...identified, userProperties: { a: 'b' } },
    }),
    publish(marker, random, 2, 2, { retain: true }),
    ack('pubrel', 2),
    publish(marker, random, 1, 3),
    ack('puback', 1, pick(random, 0, 0x10, 0x80), { reasonString: 'because' }),
    ack('pubrec', 1),
    ack('pubcomp', 1),
    frame({
      cmd: 'subscribe',
      messageId: 4,
      subscriptions: [subscription(`fuzz/${marker}/+`)],
      properties: {},
    }),
    frame({
      cmd: 'unsubscribe',
      messageId: 5,
      unsubscriptions: ['fuzz/+/t', `fuzz/${marker}/#`],
      properties: {},
    }),
    ...(random(2) === 0 ? [disconnect(random)] : []),
  ];
}

function repeats(marker: string, random: Random): Buffer[] {
  const first = publish(marker, random, 2, 7);
  return [
    ...[first, first, publish(marker, random, 2, 7, { dup: true })],
    ...[ack('pubrel', 7), ack('pubrel', 7, 0x92), first],
  ];
}

function floodsByAlias(marker: string, random: Random): Buffer[] {
  const qos = random(3);
  const rest = Array.from({ length: 20 }, (_, i) =>
    publish(marker, random, qos, i + 2, { topic: '', properties: { topicAlias: 5 } }),
  );
  return [publish(marker, random, qos, 1, { properties: { topicAlias: 5 } }), ...rest];
}

function acknowledges(marker: string, random: Random): Buffer[] {
  const reason = pick(random, 0, 0x80, 0x83, 0x92, 0x97);
  return [
    frame({ cmd: 'subscribe', messageId: 9, subscriptions: [{ topic: 'fuzz/#', qos: 2 }], properties: {} }),
    publish(marker, random, 1, 1),
    publish(marker, random, 2, 2),
    ...['puback', 'pubrec', 'pubrel', 'pubcomp'].flatMap((cmd) => {
      const fitting = cmd === 'pubrel' || cmd === 'pubcomp' ? 0x92 : reason;
      return [ack(cmd, 1, fitting), ack(cmd, 2), ack(cmd, 9, 0, { userProperties: { a: marker } })];
    }),
  ];
}

/** What the standard forbids, in packets that are well formed. */
function breaksRules(marker: string, random: Random): Buffer[] {
  return [
    PUBLISH_WITH_BAD_PROPERTIES,
    publish(marker, random, 1, 1, { properties: { topicAlias: 3 }, topic: '' }),
    publish(marker, random, 1, 2, { properties: { subscriptionIdentifier: 3 } }),
    publish(marker, random, 1, 3, { properties: { responseTopic: 'a/#' } }),
    publish(marker, random, 1, 4, {
      payload: Buffer.from([0xff, 0xfe]),
      properties: { payloadFormatIndicator: true },
    }),
    publish(marker, random, 1, 5, {
      payload: Buffer.alloc(random(40) === 0 ? 300 * 1024 : 5000, `${marker};`),
    }),
    auth(0x18),
    auth(0x19),
    frame({ cmd: 'connack', sessionPresent: false, reasonCode: 0, properties: {} }),
    disconnect(random),
    publish(marker, random, 1, 6),
  ].filter(() => random(3) === 0);
}

/** Packets of 3.1.1 on a connection of version 5: their payload is read as properties. */
function speaksVersion4(marker: string, random: Random): Buffer[] {
  const old = (packet: object) => mqttPacket.generate(packet as mqttPacket.Packet, { protocolVersion: 4 });
  return [
    old({
      cmd: 'publish',
      topic: `fuzz/${marker}/t`,
      payload: Buffer.from([0, ...Buffer.from(marker)]).subarray(random(2)),
      qos: 1,
      messageId: 1,
      dup: false,
      retain: false,
    }),
    old({ cmd: 'subscribe', messageId: 2, subscriptions: [{ topic: `fuzz/${marker}/#`, qos: 1 }] }),
    old({ cmd: 'disconnect' }),
  ];
}
