import fc from 'fast-check';
import mqttPacket from 'mqtt-packet';
import { expect, it } from 'vitest';
import {
  messageProperties,
  mqttData,
  mqttText,
  uint16,
  uint32,
} from '../../../harness/arbitrary-properties.js';
import { decodeConnect, levelOfConnect } from '../../../src/broker/protocol/decode-connect.js';
import {
  decodeAcknowledgement,
  decodeDisconnect,
  decodeSubscribe,
  decodeUnsubscribe,
} from '../../../src/broker/protocol/decode-packets.js';
import { decodePublishProperties } from '../../../src/broker/protocol/decode-publish-properties.js';
import { filterSyntaxFault } from '../../../src/broker/protocol/filter-syntax-fault.js';
import { PACKET_TYPES, type QoS, type RetainHandling } from '../../../src/broker/protocol/packets.js';
import {
  lengthOfHeader,
  readFixedHeader,
  remainingLengthOf,
} from '../../../src/broker/protocol/read-fixed-header.js';
import type { MessageProperties } from '../../../src/lib/message-properties.js';

/** The bytes of a packet as mqtt-packet writes them, which knows nothing of our decoders. */
function generated(packet: object): { flags: number; body: Buffer } {
  const bytes = mqttPacket.generate(packet as mqttPacket.Packet, { protocolVersion: 5 });
  const header = readFixedHeader(bytes, 0);
  const body = bytes.subarray(lengthOfHeader(header));
  expect(body.length).toBe(remainingLengthOf(header));
  return { flags: (bytes[0] ?? 0) & 15, body };
}

/** By their names in mqtt-packet, which does not write empty texts, and groups user properties by name. */
const theirs = fc.record({
  message: messageProperties.filter(({ contentType }) => contentType !== ''),
  users: fc.dictionary(
    mqttText(1).map((name) => `n${name}`),
    mqttText(),
    { minKeys: 1, maxKeys: 3 },
  ),
});

function split({ message, users }: { message: MessageProperties; users: Record<string, string> }) {
  const { isText, expirySeconds, userProperties: _, ...same } = message;
  return {
    written: {
      ...same,
      ...(isText !== undefined && { payloadFormatIndicator: isText }),
      ...(expirySeconds !== undefined && { messageExpiryInterval: expirySeconds }),
      userProperties: users,
    },
    read: {
      ...same,
      ...(isText !== undefined && { isText }),
      ...(expirySeconds !== undefined && { expirySeconds }),
      userProperties: Object.entries(users),
    },
  };
}

const text = (minLength: number) => mqttText(minLength);
const topic = text(1).filter((all) => !/[+#]/.test(all));
const filter = fc
  .array(fc.oneof(topic, fc.constantFrom('+', '#', '')), { minLength: 1, maxLength: 6 })
  .map((levels) => levels.join('/'))
  .filter((all) => filterSyntaxFault(5, all) === undefined);
const qos = fc.constantFrom<QoS>(0, 1, 2);
const packetId = fc.integer({ min: 1, max: 65_535 });
const positive = (max: number) => fc.integer({ min: 1, max });

it('reads every CONNECT of MQTT 5 that mqtt-packet writes', () => {
  const packets = fc
    .record({
      isCleanStart: fc.boolean(),
      sessionExpirySeconds: uint32,
      keepAliveSeconds: uint16,
      clientId: text(1),
      userName: fc.option(text(1), { nil: undefined }),
      password: fc.option(mqttData, { nil: undefined }),
      receiveMaximum: positive(65_535),
      maximumPacketBytes: positive(0xffff_ffff),
      topicAliasMaximum: uint16,
      wantsProblemInformation: fc.boolean(),
      authenticationMethod: fc.option(text(1), { nil: undefined }),
    })
    // MQTT 5 allows a password without a user name, mqtt-packet does not.
    .map((packet) => ({ ...packet, password: packet.userName === undefined ? undefined : packet.password }));
  const wills = fc.option(
    fc.record({
      topic,
      payload: mqttData,
      qos,
      isRetained: fc.boolean(),
      delaySeconds: uint32,
      properties: theirs,
    }),
    { nil: undefined },
  );
  fc.assert(
    fc.property(packets, wills, (packet, will) => {
      const properties = will && split(will.properties);
      const { body } = generated({
        cmd: 'connect',
        protocolVersion: 5,
        protocolId: 'MQTT',
        clean: packet.isCleanStart,
        keepalive: packet.keepAliveSeconds,
        clientId: packet.clientId,
        ...(packet.userName !== undefined && { username: packet.userName }),
        ...(packet.password !== undefined && { password: packet.password }),
        properties: {
          sessionExpiryInterval: packet.sessionExpirySeconds,
          receiveMaximum: packet.receiveMaximum,
          maximumPacketSize: packet.maximumPacketBytes,
          topicAliasMaximum: packet.topicAliasMaximum,
          requestProblemInformation: packet.wantsProblemInformation,
          ...(packet.authenticationMethod !== undefined && {
            authenticationMethod: packet.authenticationMethod,
          }),
          userProperties: { a: 'b' },
        },
        ...(will !== undefined && {
          will: {
            ...will,
            retain: will.isRetained,
            properties: { ...properties?.written, willDelayInterval: will.delaySeconds },
          },
        }),
      });
      expect(decodeConnect(body)).toEqual({
        level: 5,
        isBridge: false,
        ...packet,
        will: will && { ...will, properties: properties?.read },
      });
    }),
  );
});

it('reads the properties of every PUBLISH of MQTT 5 that mqtt-packet writes', () => {
  fc.assert(
    fc.property(theirs, positive(65_535), (all, topicAlias) => {
      const { written, read } = split(all);
      const properties = { ...written, topicAlias };
      const packet = {
        cmd: 'publish',
        topic: 't',
        payload: 'xyz',
        qos: 0,
        retain: false,
        dup: false,
        properties,
      };
      const { body } = generated(packet);
      // Behind the topic is the length of the properties, in one byte or two.
      const start = 3 + ((body[3] ?? 0) < 0x80 ? 1 : 2);
      expect(decodePublishProperties(body, start, body.length - 3)).toEqual({ topicAlias, message: read });
    }),
  );
});

it('reads every SUBSCRIBE and UNSUBSCRIBE of MQTT 5 that mqtt-packet writes', () => {
  const subscriptions = fc.array(
    fc.record({
      filter,
      qos,
      isNoLocal: fc.boolean(),
      isRetainAsPublished: fc.boolean(),
      retainHandling: fc.constantFrom<RetainHandling>(0, 1, 2),
    }),
    { minLength: 1, maxLength: 8 },
  );
  const identifiers = fc.option(positive(268_435_455), { nil: undefined });
  fc.assert(
    fc.property(packetId, subscriptions, identifiers, (id, wanted, identifier) => {
      const subscribe = generated({
        cmd: 'subscribe',
        messageId: id,
        subscriptions: wanted.map((each) => ({
          topic: each.filter,
          qos: each.qos,
          nl: each.isNoLocal,
          rap: each.isRetainAsPublished,
          rh: each.retainHandling,
        })),
        properties: {
          ...(identifier !== undefined && { subscriptionIdentifier: identifier }),
          userProperties: { a: 'b' },
        },
      });
      expect(decodeSubscribe(5, subscribe.flags, subscribe.body)).toEqual({
        packetId: id,
        subscriptions: wanted.map(({ filter: wantedFilter, qos: wantedQos, ...options }) => ({
          filter: wantedFilter,
          qos: wantedQos,
          options: { ...options, identifier },
        })),
      });
      const filters = wanted.map((each) => each.filter);
      const unsubscribe = generated({
        cmd: 'unsubscribe',
        messageId: id,
        unsubscriptions: filters,
        properties: { userProperties: { a: ['b', 'c'] } },
      });
      expect(decodeUnsubscribe(5, unsubscribe.flags, unsubscribe.body)).toEqual({ packetId: id, filters });
    }),
  );
});

it.each([
  ['puback', 0x97],
  ['pubrec', 0x87],
  ['pubrel', 0x92],
  ['pubcomp', 0x92],
] as const)('reads every %s of MQTT 5 that mqtt-packet writes', (cmd, code) => {
  fc.assert(
    fc.property(
      packetId,
      fc.constantFrom(0, code),
      fc.option(text(1)),
      (messageId, reasonCode, reasonString) => {
        const properties =
          reasonString === null ? {} : { properties: { reasonString, userProperties: { a: 'b' } } };
        const { flags, body } = generated({ cmd, messageId, reasonCode, ...properties });
        expect(decodeAcknowledgement(5, PACKET_TYPES[cmd], flags, body)).toBe(messageId | (reasonCode << 16));
      },
    ),
  );
});

it('reads every DISCONNECT of MQTT 5 that mqtt-packet writes', () => {
  const expiry = fc.option(uint32, { nil: undefined });
  fc.assert(
    fc.property(fc.constantFrom(0, 4, 0x80, 0x93), expiry, (reasonCode, sessionExpirySeconds) => {
      const properties = {
        ...(sessionExpirySeconds !== undefined && { sessionExpiryInterval: sessionExpirySeconds }),
        reasonString: 'bye',
        userProperties: { a: 'b' },
      };
      const { flags, body } = generated({ cmd: 'disconnect', reasonCode, properties });
      expect(decodeDisconnect(5, flags, body)).toEqual({ reasonCode, sessionExpirySeconds });
    }),
  );
});

it('never throws, whatever the bytes are', () => {
  const anyBytes = fc.uint8Array({ maxLength: 80 }).map((all) => Buffer.from(all));
  // Behind a start that is right, random bytes come further.
  const connectStart = Buffer.from([0, 4, 0x4d, 0x51, 0x54, 0x54, 5, 0xf6, 0, 0]);
  const behind = (start: readonly number[] | Buffer, random: Buffer) =>
    Buffer.concat([Buffer.from(start), random]);
  const flags = fc.integer({ min: 0, max: 15 });
  const types = fc.constantFrom(
    PACKET_TYPES.puback,
    PACKET_TYPES.pubrec,
    PACKET_TYPES.pubrel,
    PACKET_TYPES.pubcomp,
  );
  fc.assert(
    fc.property(anyBytes, flags, types, (random, anyFlags, type) => {
      const results = [
        decodeConnect(random),
        decodeConnect(behind(connectStart, random)),
        decodeConnect(behind([...connectStart, 0, 0, 1, 0x63, random.length], random)),
        decodeSubscribe(5, anyFlags, random),
        decodeSubscribe(5, 2, behind([0, 1, 0, 0, 1], random)),
        decodeSubscribe(5, 2, behind([0, 1, random.length >> 1], random)),
        decodeUnsubscribe(5, anyFlags, random),
        decodeUnsubscribe(5, 2, behind([0, 1, 0, 0, 1], random)),
        decodeAcknowledgement(5, type, anyFlags, random),
        decodeAcknowledgement(
          5,
          type,
          type === PACKET_TYPES.pubrel ? 2 : 0,
          behind([0, 1, 0, random.length], random),
        ),
        decodeDisconnect(5, anyFlags, random),
        decodeDisconnect(5, 0, behind([0, random.length], random)),
        decodePublishProperties(random, 0, random.length),
      ];
      for (const result of results) expect(result).toBeDefined();
      expect([3, 4, 5]).toContain(levelOfConnect(random));
    }),
    { numRuns: 2000 },
  );
});
