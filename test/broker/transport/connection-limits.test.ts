import { describe, expect, it } from 'vitest';
import { createWebSocketStream, WebSocket } from 'ws';
import { ConnectionLimits } from '../../../src/broker/transport/connection-limits.js';
import { HeldIntake, startBroker } from '../../support/broker-fixture.js';
import { CONNECT, eventually, rawClient } from '../../support/raw-client.js';

function overWebSocket(port: number) {
  const webSocket = new WebSocket(`ws://127.0.0.1:${port}/mqtt`, 'mqtt');
  const stream = createWebSocketStream(webSocket);
  webSocket.on('close', () => stream.destroy());
  return stream;
}

describe('ConnectionLimits [security 21]', () => {
  it('gives one address half of the connections, and loopback all of them', () => {
    const limits = new ConnectionLimits({ maxOpen: 10 });
    for (let n = 0; n < 5; n += 1) expect(limits.open(`2001:db8::${n}`)).toBeUndefined();
    expect(limits.open('2001:db8::ff')?.reason).toBe('too-many-from-address');
    for (let n = 0; n < 5; n += 1) expect(limits.open('127.0.0.1')).toBeUndefined();
    expect(limits.open('192.0.2.1')?.reason).toBe('too-many-connections');
    limits.closed('2001:db8::0');
    expect(limits.open('192.0.2.1')).toBeUndefined();
  });

  it('applies a limit that is set to every address', () => {
    const limits = new ConnectionLimits({ maxOpen: 10, maxPerAddress: 1 });
    expect(limits.open('127.0.0.1')).toBeUndefined();
    expect(limits.open('127.0.0.1')?.reason).toBe('too-many-from-address');
    expect(limits.open('127.0.0.2')).toBeUndefined();
    limits.closed('127.0.0.1');
    expect(limits.open('127.0.0.1')).toBeUndefined();
  });

  it('forgets an address with its last connection', () => {
    const limits = new ConnectionLimits({ maxOpen: 10 });
    limits.open('192.0.2.1');
    const share = limits.shareOf('192.0.2.1');
    expect(limits.shareOf('192.0.2.1')).toBe(share);
    limits.closed('192.0.2.1');
    expect(limits.shareOf('192.0.2.1')).not.toBe(share);
  });
});

describe('a broker [security 21]', () => {
  const BOTH = (['mqtt', 'ws'] as const).map((protocol) => ({ protocol, host: '127.0.0.1', port: 0 }));

  it('counts connections of an address on all listeners together, and accepts again when one is closed', async () => {
    const { broker } = await startBroker(new HeldIntake(), { listeners: BOTH, maxConnectionsPerAddress: 2 });
    const [mqtt, ws] = broker.listeners;
    const first = await rawClient(mqtt!.port);
    const second = await rawClient(ws!.port);
    await eventually(() => broker.counters().connections === 1);
    const third = await rawClient(mqtt!.port);
    third.send({ ...CONNECT, clientId: 'third' });
    await third.closed();
    expect(third.packets).toMatchObject([{ cmd: 'connack', returnCode: 3 }]);
    expect(broker.counters().refused['too-many-from-address']).toBe(1);
    second.socket.destroy();
    first.socket.destroy();
    await eventually(() => broker.counters().connections === 0);
    for (;;) {
      const next = await rawClient(mqtt!.port);
      next.send({ ...CONNECT, clientId: 'd' });
      await Promise.race([next.received('connack'), next.closed()]);
      if (!next.isClosed()) break;
    }
  });

  it('accepts as many connections as the open files allow, on all listeners together', async () => {
    const { broker } = await startBroker(new HeldIntake(), { listeners: BOTH, maxOpenConnections: 2 });
    const [mqtt, ws] = broker.listeners;
    for (const { port } of [mqtt!, ws!]) {
      const device = await rawClient(port);
      await new Promise((resolve) => device.socket.once('connect', resolve));
    }
    const last = await rawClient(mqtt!.port);
    last.send({ ...CONNECT, clientId: 'last' });
    await last.closed();
    expect(last.packets).toMatchObject([{ cmd: 'connack', returnCode: 3 }]);
    const lastWs = await rawClient(ws!.port, overWebSocket);
    lastWs.send({ ...CONNECT, clientId: 'last' });
    await lastWs.closed();
    expect(lastWs.packets).toMatchObject([{ cmd: 'connack', returnCode: 3 }]);
    expect(broker.counters().maxConnections).toBe(2);
    expect(broker.counters().refused['too-many-connections']).toBe(2);
  });
});
