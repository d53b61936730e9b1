import mqttPacket from 'mqtt-packet';
import { describe, expect, it, onTestFinished } from 'vitest';
import { HeldIntake, startBroker } from '../../support/broker-fixture.js';
import { CONNECT, eventually, rawClient } from '../../support/raw-client.js';

describe('the time-outs of a connection [security 22]', () => {
  it('end a CONNECT of one byte in 100 ms: what arrives does not begin the time again', async () => {
    const { broker, port } = await startBroker(new HeldIntake(), { connectTimeoutMs: 500 });
    const device = await rawClient(port);
    const bytes = mqttPacket.generate({ ...CONNECT, clientId: 'x'.repeat(100) });
    let sent = 0;
    const drip = setInterval(() => device.socket.write(bytes.subarray(sent, ++sent)), 100);
    onTestFinished(() => clearInterval(drip));
    await device.closed();
    expect(sent).toBeLessThan(bytes.length);
    expect(broker.counters().refused['connect-timeout']).toBe(1);
  });

  it('end a client with keep alive 0 that is silent over one and a half times broker.maxKeepalive', async () => {
    const { broker, port } = await startBroker(new HeldIntake(), { maxKeepaliveMs: 1_000 });
    const silent = await rawClient(port);
    silent.send({ ...CONNECT, clientId: 'silent', keepalive: 0 });
    const alive = await rawClient(port);
    alive.send({ ...CONNECT, clientId: 'alive', keepalive: 0 });
    const ping = setInterval(() => alive.send({ cmd: 'pingreq' }), 300);
    onTestFinished(() => clearInterval(ping));
    await silent.closed();
    await eventually(() => broker.counters().connections === 1);
    expect(broker.counters().refused['keep-alive-expired']).toBe(1);
    expect(alive.isClosed()).toBe(false);
  });
});
