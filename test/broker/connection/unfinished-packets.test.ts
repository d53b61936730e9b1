import { randomBytes } from 'node:crypto';
import { connect } from 'node:net';
import mqttPacket from 'mqtt-packet';
import { describe, expect, it, onTestFinished } from 'vitest';
import { UnfinishedPackets } from '../../../src/broker/connection/unfinished-packets.js';
import { HeldIntake, startBroker } from '../../support/broker-fixture.js';
import { SetClock } from '../../support/clock.js';
import { CONNECT, eventually, publish, rawClient } from '../../support/raw-client.js';

const KiB = 1024;
const WS = [{ protocol: 'ws', host: '127.0.0.1', port: 0 }] as const;

/** A PUBLISH of QoS 1 with a payload of `bytes`, to be sent in parts. */
const packetOf = (bytes: number, messageId = 1) =>
  mqttPacket.generate(publish({ messageId, payload: Buffer.alloc(bytes, 'x') }));

async function connected(port: number, clientId: string) {
  const device = await rawClient(port);
  device.send({ ...CONNECT, clientId });
  await device.received('connack');
  return device;
}

/** A WebSocket whose frames the test writes itself. */
async function rawWebSocket(port: number) {
  const socket = connect(port, '127.0.0.1');
  onTestFinished(() => void socket.destroy());
  socket.on('error', () => undefined);
  const key = randomBytes(16).toString('base64');
  const closed = new Promise<void>((resolve) => socket.once('close', () => resolve()));
  let received = '';
  socket.on('data', (bytes) => {
    received += bytes.toString('latin1');
  });
  socket.write(
    `GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: ${key}\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Protocol: mqtt\r\n\r\n`,
  );
  await eventually(() => received.includes('\r\n\r\n'));
  // Four bytes, and at least two of their frame.
  const hasConnack = () => (received.split('\r\n\r\n')[1] ?? '').length >= 6;
  return { socket, closed, hasConnack };
}

/** A masked binary frame; the mask is zero, so the payload stays as it is. */
function frame(payload: Buffer): Buffer {
  const head = Buffer.alloc(14);
  head[0] = 0x82;
  head[1] = 0x80 | 127;
  head.writeBigUInt64BE(BigInt(payload.length), 2);
  return Buffer.concat([head, payload]);
}

describe('before a CONNECT is accepted [security 20]', () => {
  it.each([
    ['a PUBLISH', 0x30, 'not-authenticated'],
    ['a PINGREQ', 0xc0, 'not-authenticated'],
    ['a CONNECT with a flag', 0x11, 'connect-malformed'],
    ['no packet', 0x00, 'not-mqtt'],
  ] as const)('one byte of %s ends the connection at once', async (_what, first, reason) => {
    const { port, broker } = await startBroker(new HeldIntake(), { connectTimeoutMs: 600_000 });
    const device = await rawClient(port);
    device.socket.write(Buffer.from([first]));
    await device.closed();
    expect(broker.counters().refused[reason]).toBe(1);
  });

  it('a large WebSocket frame ends the connection after 8 KiB', async () => {
    const { port, broker } = await startBroker(new HeldIntake(), {
      listeners: WS,
      connectTimeoutMs: 600_000,
    });
    const device = await rawWebSocket(port);
    device.socket.write(frame(Buffer.alloc(200 * KiB)).subarray(0, 9 * KiB));
    await device.closed;
    expect(broker.counters().refused['packet-too-large']).toBe(1);
    expect(broker.counters().unfinishedBytes).toBe(0);
  });

  it.each(['mqtt', 'ws'] as const)('packets may follow CONNECT in any number, over %s', async (protocol) => {
    const intake = new HeldIntake();
    const { port } = await startBroker(intake, { listeners: [{ ...WS[0], protocol }] });
    const packets = Array.from({ length: 100 }, (_, n) =>
      mqttPacket.generate(publish({ messageId: n + 1, payload: `${n} ${'x'.repeat(KiB)}` })),
    );
    const connectPacket = mqttPacket.generate({ ...CONNECT, clientId: 'd' });
    if (protocol === 'ws') {
      const { socket } = await rawWebSocket(port);
      socket.write(Buffer.concat([connectPacket, Buffer.concat(packets)].map(frame)));
    } else {
      const { socket } = await rawClient(port);
      socket.write(Buffer.concat([connectPacket, ...packets]));
    }
    await eventually(() => {
      intake.storeAll();
      return intake.accepted.length === 100;
    });
    expect(intake.accepted.map(({ payload }) => Number.parseInt(payload, 10))).toEqual(
      Array.from({ length: 100 }, (_, n) => n),
    );
  });
});

describe('the bytes of unfinished packets [security 24] [drill B3]', () => {
  it('are counted until the packet is complete, in the fast path and in the parser', async () => {
    const intake = new HeldIntake();
    const { port, broker } = await startBroker(intake);
    const device = await connected(port, 'd');
    device.send(publish({ messageId: 1 }));
    await eventually(() => intake.accepted.length === 1);
    for (const [bytes, arrived] of [
      [40 * KiB, 30 * KiB],
      [200 * KiB, 150 * KiB],
    ] as const) {
      const packet = packetOf(bytes);
      device.socket.write(packet.subarray(0, arrived));
      await eventually(() => broker.counters().unfinishedBytes >= arrived);
      expect(broker.counters().unfinishedBytes).toBeLessThan(arrived + 64 * KiB);
      device.socket.write(packet.subarray(arrived));
      await eventually(() => broker.counters().unfinishedBytes === 0);
    }
    expect(intake.accepted).toHaveLength(3);
  });

  it('are counted in WebSocket frames too, and are gone with their connection', async () => {
    const { port, broker } = await startBroker(new HeldIntake(), { listeners: WS });
    const device = await rawWebSocket(port);
    device.socket.write(frame(mqttPacket.generate({ ...CONNECT, clientId: 'd' })));
    await eventually(() => device.hasConnack());
    device.socket.write(frame(packetOf(200 * KiB)).subarray(0, 100 * KiB));
    await eventually(() => broker.counters().unfinishedBytes >= 100 * KiB);
    device.socket.destroy();
    await eventually(() => broker.counters().unfinishedBytes === 0);
  });

  it.each(['mqtt', 'ws'] as const)('have a limit for all clients together, over %s', async (protocol) => {
    const intake = new HeldIntake();
    const maxUnfinishedBytes = 2 * 1024 * KiB;
    const { port, broker } = await startBroker(intake, {
      listeners: [...WS.map((ws) => ({ ...ws, protocol })), { ...WS[0], protocol: 'mqtt' }],
      maxUnfinishedBytes,
    });
    const honest = await connected(broker.listeners[1]!.port, 'honest');
    let highest = 0;
    for (let n = 0; n < 40; n += 1) {
      const part = packetOf(255 * KiB).subarray(0, 250 * KiB);
      const hello = mqttPacket.generate({ ...CONNECT, clientId: `holder-${n}` });
      if (protocol === 'mqtt') (await rawClient(port)).socket.write(Buffer.concat([hello, part]));
      else {
        const { socket, hasConnack } = await rawWebSocket(port);
        socket.write(frame(hello));
        await eventually(hasConnack);
        socket.write(frame(packetOf(255 * KiB)).subarray(0, 250 * KiB));
      }
      // Somebody else's packets are complete in no time, whatever the others hold.
      honest.send(publish({ messageId: n + 1, payload: Buffer.alloc(100 * KiB) }));
      await eventually(() => intake.accepted.length === n + 1);
      intake.storeAll();
      highest = Math.max(highest, broker.counters().unfinishedBytes);
    }
    await eventually(() => broker.counters().refused['unfinished-bytes'] > 0);
    expect(highest).toBeLessThanOrEqual(maxUnfinishedBytes);
    expect(honest.isClosed()).toBe(false);
    await eventually(() => broker.counters().refused['unfinished-bytes'] >= 40 - 9);
  });
});

describe('the time of an unfinished packet [drill B3]', () => {
  it('is limited: a sender that stops in the middle is closed, and sends it again', async () => {
    const { port, broker } = await startBroker(new HeldIntake(), { packetTimeoutMs: 40 });
    const device = await connected(port, 'd');
    device.socket.write(packetOf(KiB).subarray(0, 20));
    await device.closed();
    expect(broker.counters().refused).toMatchObject({ 'packet-timeout': 1 });
    expect(broker.counters().unfinishedBytes).toBe(0);
  });

  it('begins anew with every packet: a sender that is always in the middle of one is not closed', async () => {
    const clock = new SetClock();
    const { all, packet, closed, sweep } = account(clock, { packetTimeoutMs: 30_000 });
    for (let n = 0; n < 20; n += 1) {
      packet.packetEnded();
      packet.inReader(10, 10);
      clock.elapsedMs += 20_000;
      sweep();
    }
    expect(closed).toEqual([]);
    clock.elapsedMs += 20_000;
    sweep();
    expect(closed).toEqual(['packet-timeout']);
    all.close();
  });

  it('grows with what arrives: 1 KiB a second is enough for any size, a byte a second is not', () => {
    const clock = new SetClock();
    const slow = account(clock, { packetTimeoutMs: 30_000 });
    for (let second = 1; second <= 256; second += 1) {
      slow.packet.inReader(second * KiB, second * KiB);
      clock.elapsedMs += 1000;
      slow.sweep();
    }
    expect(slow.closed).toEqual([]);
    slow.all.close();
    const drip = account(clock, { packetTimeoutMs: 30_000 });
    for (let second = 1; second <= 32; second += 1) {
      drip.packet.inReader(second, second);
      clock.elapsedMs += 1000;
      drip.sweep();
    }
    expect(drip.closed).toEqual(['packet-timeout']);
    drip.all.close();
  });

  it('does not pass while the broker does not read the socket', () => {
    const clock = new SetClock();
    const { all, packet, closed, sweep, stopped } = account(clock, { packetTimeoutMs: 30_000 });
    packet.inReader(10, 10);
    stopped.is = true;
    for (let minute = 0; minute < 60; minute += 1) {
      clock.elapsedMs += 60_000;
      sweep();
    }
    stopped.is = false;
    expect(closed).toEqual([]);
    clock.elapsedMs += 31_000;
    sweep();
    expect(closed).toEqual(['packet-timeout']);
    all.close();
  });
});

describe('at the limit of bytes [drill B3]', () => {
  it('the address that holds the most gives up, not one whose packet is larger', () => {
    const clock = new SetClock();
    const all = new UnfinishedPackets({ maxBytes: 100 * KiB, packetTimeoutMs: 30_000 }, clock);
    const closed: string[] = [];
    const of = (name: string, share: { connections: number; unfinishedBytes: number }) =>
      all.of({ share, isStopped: () => false, close: () => closed.push(name) });
    const honest = of('honest', { connections: 1, unfinishedBytes: 0 });
    honest.inReader(40 * KiB, 40 * KiB);
    clock.elapsedMs += 1000;
    const share = { connections: 20, unfinishedBytes: 0 };
    for (let n = 0; n < 20; n += 1) of(`holder-${n}`, share).inReader(5 * KiB, 5 * KiB);
    expect(closed.length).toBeGreaterThan(5);
    expect(closed).not.toContain('honest');
    expect(all.bytes).toBeLessThanOrEqual(100 * KiB);
    all.close();
  });

  it('of one address, the connection whose bytes have waited longest gives up', () => {
    const clock = new SetClock();
    const all = new UnfinishedPackets({ maxBytes: 100 * KiB, packetTimeoutMs: 30_000 }, clock);
    const closed: string[] = [];
    const share = { connections: 2, unfinishedBytes: 0 };
    const of = (name: string) => all.of({ share, isStopped: () => false, close: () => closed.push(name) });
    of('silent').inReader(30 * KiB, 30 * KiB);
    clock.elapsedMs += 10_000;
    of('moving').inReader(80 * KiB, 80 * KiB);
    expect(closed).toEqual(['silent']);
    all.close();
  });
});

function account(clock: SetClock, options: { packetTimeoutMs: number }) {
  const all = new UnfinishedPackets({ maxBytes: 64 << 20, ...options }, clock);
  const closed: string[] = [];
  const stopped = { is: false };
  const packet = all.of({
    share: { connections: 1, unfinishedBytes: 0 },
    isStopped: () => stopped.is,
    close: (reason) => closed.push(reason),
  });
  return { all, packet, closed, stopped, sweep: () => all.sweep() };
}
