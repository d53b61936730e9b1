import fc from 'fast-check';
import mqttPacket from 'mqtt-packet';
import { describe, expect, it } from 'vitest';
import { mqttText, uint16, uint32 } from '../../../harness/arbitrary-properties.js';
import {
  acknowledgement5,
  connack5,
  disconnect5,
  suback5,
  unsuback5,
} from '../../../src/broker/protocol/encode-packets-5.js';
import { FIRST_BYTES } from '../../../src/broker/protocol/packets.js';

/** The one packet in the bytes as mqtt-packet reads it, which knows nothing of our encoder. */
function parsed(bytes: Buffer): Record<string, unknown> {
  const packets: object[] = [];
  const parser = mqttPacket.parser({ protocolVersion: 5 });
  parser.on('packet', (packet: object) => packets.push({ ...packet }));
  parser.on('error', (error: Error) => expect.unreachable(error.message));
  expect(parser.parse(bytes)).toBe(0);
  expect(packets).toHaveLength(1);
  return packets[0] as Record<string, unknown>;
}

const reasonOf = (bytes: Buffer) =>
  (parsed(bytes).properties as { reasonString?: string } | undefined)?.reasonString;

describe('CONNACK', () => {
  it('is five bytes without properties', () => {
    expect([...connack5({ isSessionPresent: false, reasonCode: 0 })]).toEqual([0x20, 3, 0, 0, 0]);
    expect([...connack5({ isSessionPresent: true, reasonCode: 0 })]).toEqual([0x20, 3, 1, 0, 0]);
  });

  it('has no session when it refuses [MQTT-3.2.2-6]', () => {
    expect([...connack5({ isSessionPresent: true, reasonCode: 0x87 })]).toEqual([0x20, 3, 0, 0x87, 0]);
  });

  it('is read by mqtt-packet as it was written, whatever it grants', () => {
    const packets = fc.record(
      {
        isSessionPresent: fc.boolean(),
        reasonCode: fc.constantFrom(0, 0x80, 0x87, 0x9f),
        sessionExpirySeconds: uint32,
        receiveMaximum: fc.integer({ min: 1, max: 65_535 }),
        isRetainAvailable: fc.boolean(),
        maximumPacketBytes: fc.integer({ min: 1, max: 0xffff_ffff }),
        assignedClientId: mqttText(1),
        topicAliasMaximum: uint16,
        reasonString: mqttText(1),
        isSharedAvailable: fc.boolean(),
        serverKeepAliveSeconds: uint16,
        serverReference: mqttText(1),
      },
      { requiredKeys: ['isSessionPresent', 'reasonCode'] },
    );
    fc.assert(
      fc.property(packets, (packet) => {
        const read = parsed(connack5(packet));
        expect(read).toMatchObject({
          cmd: 'connack',
          reasonCode: packet.reasonCode,
          sessionPresent: packet.isSessionPresent && packet.reasonCode === 0,
        });
        const expected = {
          sessionExpiryInterval: packet.sessionExpirySeconds,
          receiveMaximum: packet.receiveMaximum,
          retainAvailable: packet.isRetainAvailable,
          maximumPacketSize: packet.maximumPacketBytes,
          assignedClientIdentifier: packet.assignedClientId,
          topicAliasMaximum: packet.topicAliasMaximum,
          reasonString: packet.reasonString,
          sharedSubscriptionAvailable: packet.isSharedAvailable,
          serverKeepAlive: packet.serverKeepAliveSeconds,
          serverReference: packet.serverReference,
        };
        expect({ ...expected, ...(read.properties as object | undefined) }).toEqual(expected);
        if (Object.values(expected).some((value) => value !== undefined)) {
          expect(read.properties).toEqual(JSON.parse(JSON.stringify(expected)));
        }
      }),
    );
  });
});

describe('acknowledgements', () => {
  it.each([
    ['puback', FIRST_BYTES.puback, 0x97],
    ['pubrec', FIRST_BYTES.pubrec, 0x87],
    ['pubrel', FIRST_BYTES.pubrel, 0x92],
    ['pubcomp', FIRST_BYTES.pubcomp, 0x92],
  ] as const)('%s: a packet id, then what there is to say', (cmd, firstByte, reasonCode) => {
    expect([...acknowledgement5(firstByte, 258, 0)]).toEqual([firstByte, 2, 1, 2]);
    const bytes = acknowledgement5(firstByte, 258, reasonCode);
    expect(parsed(bytes)).toMatchObject({ cmd, messageId: 258, reasonCode });
    const withReason = acknowledgement5(firstByte, 258, reasonCode, 'why');
    expect(parsed(withReason)).toMatchObject({ cmd, messageId: 258, reasonCode });
    expect(reasonOf(withReason)).toBe('why');
  });

  it('have four bytes when the reason code is all', () => {
    expect([...acknowledgement5(FIRST_BYTES.puback, 1, 0x87)]).toEqual([0x40, 3, 0, 1, 0x87]);
  });
});

describe('SUBACK and UNSUBACK', () => {
  it.each([1, 2, 124, 125, 126, 20_000])('have the codes of %i filters in their order', (count) => {
    const codes = Array.from({ length: count }, (_, i) => [0, 1, 2, 0x87, 0x9e][i % 5] ?? 0);
    expect(parsed(suback5(258, codes))).toMatchObject({ cmd: 'suback', messageId: 258, granted: codes });
    const gone = codes.map((code) => (code < 0x80 ? 0x11 : 0x87));
    expect(parsed(unsuback5(65_535, gone))).toMatchObject({
      cmd: 'unsuback',
      messageId: 65_535,
      granted: gone,
    });
  });
});

describe('DISCONNECT', () => {
  it('has a reason code, and what was said of it', () => {
    expect(parsed(disconnect5(0x8e))).toMatchObject({ cmd: 'disconnect', reasonCode: 0x8e });
    expect(parsed(disconnect5(0x9c, { reasonString: 'moved', serverReference: 'other:1883' }))).toMatchObject(
      {
        reasonCode: 0x9c,
        properties: { reasonString: 'moved', serverReference: 'other:1883' },
      },
    );
  });
});

describe('a reason string', () => {
  const kinds = {
    connack: (reason: string, limit?: number) =>
      connack5({ isSessionPresent: false, reasonCode: 0x87, reasonString: reason }, limit),
    acknowledgement: (reason: string, limit?: number) =>
      acknowledgement5(FIRST_BYTES.puback, 1, 0x87, reason, limit),
    disconnect: (reason: string, limit?: number) =>
      disconnect5(0x87, { reasonString: reason, maximumPacketBytes: limit }),
  };

  it.each(Object.entries(kinds))(
    'is left out of %s where the packet would be larger than its client takes [MQTT-3.2.2-19, MQTT-3.4.2-2, MQTT-3.14.2-3]',
    (_, packet) => {
      const whole = packet('a reason');
      expect(packet('a reason', whole.length)).toEqual(whole);
      const without = packet('a reason', whole.length - 1);
      expect(without.length).toBeLessThan(whole.length - 'a reason'.length);
      expect(reasonOf(without)).toBeUndefined();
    },
  );

  it.each(Object.entries(kinds))('is at most 1,024 bytes in %s, and cut at a character', (_, packet) => {
    expect(reasonOf(packet('x'.repeat(1024)))).toBe('x'.repeat(1024));
    for (const long of ['x'.repeat(1025), '🌡'.repeat(20_000), `x${'ü'.repeat(40_000)}`]) {
      const reason = reasonOf(packet(long)) ?? '';
      expect(long.startsWith(reason)).toBe(true);
      expect(Buffer.byteLength(reason)).toBeLessThanOrEqual(1024);
      expect(Buffer.byteLength(reason)).toBeGreaterThan(200);
      // Half a character would have become U+FFFD.
      expect(reason).not.toContain('\ufffd');
    }
  });

  it.each(Object.entries(kinds))('has no NUL in %s [MQTT-1.5.4-2]', (_, packet) => {
    expect(reasonOf(packet('a\0b'))).toBe('ab');
  });
});
