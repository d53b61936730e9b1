import { existsSync, readFileSync } from 'node:fs';
import type { Duplex } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { createWebSocketStream, WebSocket } from 'ws';
import type { ListenerOptions } from '../../../src/broker/transport/listener.js';
import { HeldIntake, startBroker } from '../../support/broker-fixture.js';
import { HAS_OPENSSL } from '../../support/openssl-ca.js';
import { CONNECT, eventually, rawClient } from '../../support/raw-client.js';
import { overTls, overWss, tlsListener } from '../../support/tls-listener.js';

const SOCKETS = '/proc/net/tcp';
const ESTABLISHED = '01';
/** The timer of probes is set; 00: none is. */
const PROBED = '02';
const RETRANSMITTED = '01';

/** Which timers of the kernel run for the connections that this port has accepted. */
function timersOf(port: number): (string | undefined)[] {
  const local = `0100007F:${port.toString(16).toUpperCase().padStart(4, '0')}`;
  const rows = readFileSync(SOCKETS, 'utf8').split('\n').slice(1);
  return rows
    .map((row) => row.trim().split(/\s+/))
    .filter(([, address, , state]) => address === local && state === ESTABLISHED)
    .map(([, , , , , timer]) => timer?.slice(0, 2));
}

const overWs = (port: number) => createWebSocketStream(new WebSocket(`ws://127.0.0.1:${port}/mqtt`, 'mqtt'));

async function timersWith(keepalive: number, listener: ListenerOptions, open?: (port: number) => Duplex) {
  const { port } = await startBroker(new HeldIntake(), { listeners: [listener], maxKeepaliveMs: 65_535_000 });
  const device = await rawClient(port, open);
  device.send({ ...CONNECT, clientId: 'd', keepalive });
  await device.received('connack');
  // The timer for the last answer runs until the client has acknowledged it.
  await eventually(() => !timersOf(port).includes(RETRANSMITTED));
  return timersOf(port).map((timer) => (timer === PROBED ? 'probed' : 'not probed'));
}

describe.skipIf(!existsSync(SOCKETS))('a client with keep alive 0', () => {
  const plain = { host: '127.0.0.1', port: 0 } as const;

  it('is probed by TCP, over WebSocket too', async () => {
    expect(await timersWith(0, { protocol: 'mqtt', ...plain })).toEqual(['probed']);
    expect(await timersWith(0, { protocol: 'ws', ...plain }, overWs)).toEqual(['probed']);
  });

  it.skipIf(!HAS_OPENSSL)('is probed under TLS', async () => {
    const mqtts = tlsListener('mqtts');
    expect(await timersWith(0, mqtts.listener, overTls(mqtts.trust))).toEqual(['probed']);
    const wss = tlsListener('wss');
    expect(await timersWith(0, wss.listener, overWss(wss.trust))).toEqual(['probed']);
  });

  it('is the only one: a device that sleeps between two pings is left alone', async () => {
    expect(await timersWith(3_600, { protocol: 'mqtt', ...plain })).toEqual(['not probed']);
  });
});
