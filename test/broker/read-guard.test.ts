import type { Client } from 'aedes';
import mqttPacket from 'mqtt-packet';
import { describe, expect, it, vi } from 'vitest';
import type { PublishFastPath } from '../../src/broker/publish-fast-path.js';
import { guardReads } from '../../src/broker/read-guard.js';
import type { Session, Sessions } from '../../src/broker/session.js';
import { CONNECT, publish } from '../support/raw-client.js';

const KiB = 1024;

/** A real parser behind the guard, as in aedes' client. */
function guarded() {
  const refresh = vi.fn();
  const inParser = vi.fn();
  const parser = mqttPacket.parser();
  const client = { _parser: parser, _keepaliveInterval: 1, _keepaliveTimer: { refresh } };
  const session = { unfinished: { inParser } } as unknown as Session;
  const rejected: string[] = [];
  const sessions = { reject: (_client: Client, reason: string) => rejected.push(reason) };
  guardReads(
    client as unknown as Client,
    session,
    sessions as unknown as Sessions,
    { keptBytes: 0 } as PublishFastPath,
  );
  parser.parse(mqttPacket.generate({ ...CONNECT, clientId: 'd' }));
  const kept = () => (parser as unknown as { _list: { _bufs: Buffer[] } })._list._bufs;
  return { parser, refresh, inParser, rejected, kept };
}

const packetOf = (bytes: number) =>
  mqttPacket.generate(publish({ messageId: 1, payload: Buffer.alloc(bytes) }));

describe('guardReads', () => {
  it('does not keep a whole read in memory for the few bytes at its end', () => {
    const { parser, inParser, kept } = guarded();
    const read = Buffer.concat([packetOf(60 * KiB), packetOf(200 * KiB).subarray(0, 20)]);
    expect(parser.parse(read)).toBe(16);
    expect(inParser).toHaveBeenLastCalledWith(16, 1);
    for (const { buffer } of kept()) expect(buffer.byteLength).toBeLessThanOrEqual(8 * KiB);
  });

  it('reports what the parser keeps, and nothing once the packet is complete', () => {
    const { parser, inParser, kept } = guarded();
    const packet = packetOf(100 * KiB);
    parser.parse(packet.subarray(0, 40 * KiB));
    parser.parse(packet.subarray(40 * KiB, 80 * KiB));
    expect(inParser.mock.lastCall).toEqual([80 * KiB - 4, 2]);
    expect(kept()).toHaveLength(2);
    parser.parse(packet.subarray(80 * KiB));
    expect(inParser.mock.lastCall).toEqual([0, 0]);
  });

  it('takes every part of a packet as a sign of life, so that a slow one may take longer than the keep alive', () => {
    const { parser, refresh } = guarded();
    const packet = packetOf(3 * KiB);
    for (let at = 0; at < packet.length; at += KiB) parser.parse(packet.subarray(at, at + KiB));
    expect(refresh).toHaveBeenCalledTimes(3);
  });
});
