import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import mqtt from 'mqtt';
import { describe, expect, it, onTestFinished } from 'vitest';
import { freePort } from '../../harness/free-port.js';
import { GatewayProcess } from '../../harness/gateway-process.js';
import { runProgram, sluice } from '../../harness/programs.js';
import { requireServer, startMosquitto } from '../../harness/servers.js';
import { HAS_OPENSSL, OpensslCa } from '../support/openssl-ca.js';
import { requirePaho1 } from '../support/real-clients/python-client.js';
import { tempDirectory } from '../support/temp-directory.js';

const ACCESS = `users: {}
mtls: { user: cn, roles: [device] }
roles:
  device: { clientId: "{user}", publish: ["sensors/+/{user}/#"] }
  viewer: { subscribe: ["sensors/#"] }
  bridge: { publish: ["sensors/#"], subscribe: ["commands/#"] }
  operator: { http: change }
`;

interface Secured {
  readonly gateway: GatewayProcess;
  readonly ca: OpensslCa;
  readonly ports: { readonly mqtts: number; readonly wss: number; readonly mutual: number };
  /** Adds a user and returns the token. */
  addUser(name: string, role: string, ...options: string[]): Promise<string>;
}

/** A gateway as docs/security.md makes one: TLS on every listener, nobody anonymous. */
async function secured(): Promise<Secured> {
  const directory = tempDirectory();
  const ca = new OpensslCa(directory);
  const { cert, key } = ca.issue('server', { names: 'DNS:localhost,IP:127.0.0.1' });
  const ports = { mqtts: await freePort(), wss: await freePort(), mutual: await freePort() };
  writeFileSync(join(directory, 'access.yaml'), ACCESS, { mode: 0o600 });
  const config = `broker:
  access: ./access.yaml
  listeners:
    - { protocol: mqtts, port: ${ports.mqtts}, tls: { cert: ${cert}, key: ${key} } }
    - { protocol: wss, port: ${ports.wss}, tls: { cert: ${cert}, key: ${key} } }
    - { protocol: mqtts, port: ${ports.mutual}, tls: { cert: ${cert}, key: ${key}, clientCa: ${ca.cert} } }
http: { port: 0 }
`;
  const gateway = new GatewayProcess({ directory, config });
  const addUser = async (name: string, role: string, ...options: string[]) => {
    const args = ['users', 'add', name, '--role', role, '--token', ...options, '-c', gateway.configFile];
    const { code, stdout, stderr } = await sluice(args);
    expect(code, stderr).toBe(0);
    return stdout.trim();
  };
  onTestFinished(() => gateway.end());
  return { gateway, ca, ports, addUser };
}

const paho = requirePaho1();

/** Connects with MQTT.js, and ends the client with the test. */
async function connected(url: string, options: mqtt.IClientOptions): Promise<mqtt.MqttClient> {
  const client = await mqtt.connectAsync(url, { reconnectPeriod: 0, ...options });
  onTestFinished(() => client.endAsync(true));
  return client;
}

/** Tries until the gateway has read its access file again; failures make it ask for patience in between. */
async function connectedWhenKnown(url: string, options: mqtt.IClientOptions): Promise<mqtt.MqttClient> {
  for (;;) {
    try {
      return await connected(url, options);
    } catch (thrown) {
      if (!/not authori[sz]ed|bad user|unavailable/i.test(String(thrown))) throw thrown;
    }
  }
}

async function received({ gateway }: Secured): Promise<number> {
  return (await gateway.ledger()).received;
}

describe.skipIf(!requireServer('mosquitto') || !HAS_OPENSSL)(
  'clients that people have, with TLS and permissions',
  () => {
    it('mosquitto_pub stores under its own name, and nothing under another or with a wrong token', async () => {
      const all = await secured();
      const { gateway, ca, ports, addUser } = all;
      const token = await addUser('meter-17', 'device');
      await gateway.start();
      const publish = (topic: string, password: string) =>
        runProgram('mosquitto_pub', [
          ...['-h', 'localhost', '-p', String(ports.mqtts), '--cafile', ca.cert],
          ...['-i', 'meter-17', '-u', 'meter-17', '-P', password],
          ...['-q', '1', '-t', topic, '-m', '{"temperature":21.5}'],
        ]);
      expect(await publish('sensors/oslo/meter-17/telemetry', token)).toMatchObject({ code: 0 });
      expect((await publish('sensors/oslo/meter-18/telemetry', token)).code).not.toBe(0);
      expect((await publish('sensors/oslo/meter-17/telemetry', 'wrong')).stderr).toMatch(
        /not authori[sz]ed|bad user/i,
      );
      expect(await received(all)).toBe(1);
      expect(gateway.output).toContain('publish-denied');
      expect(gateway.output).not.toContain(token);
    });

    it('a user that is added while the gateway runs can publish, and one that is disabled cannot any more', async () => {
      const all = await secured();
      const { gateway, ca, ports, addUser } = all;
      await addUser('first', 'device');
      await gateway.start();
      const token = await addUser('late', 'device');
      const options = {
        ca: ca.pem,
        clientId: 'late',
        username: 'late',
        password: token,
      };
      const url = `mqtts://localhost:${ports.mqtts}`;
      const client = await connectedWhenKnown(url, options);
      await client.publishAsync('sensors/oslo/late/telemetry', '{"t":1}', { qos: 1 });
      const closed = new Promise<void>((resolve) => client.once('close', resolve));
      expect((await sluice(['users', 'disable', 'late', '-c', gateway.configFile])).code).toBe(0);
      await closed;
      await expect(connected(url, options)).rejects.toThrow(/not authori[sz]ed|bad user/i);
      expect(await received(all)).toBe(1);
    });

    it('MQTT.js publishes over WSS, and a viewer subscribes from there', async () => {
      const all = await secured();
      const { gateway, ca, ports, addUser } = all;
      const deviceToken = await addUser('meter-17', 'device');
      const viewerToken = await addUser('wall', 'viewer');
      await gateway.start();
      const url = `wss://localhost:${ports.wss}/mqtt`;
      const viewer = await connected(url, {
        ca: ca.pem,
        clientId: 'wall-1',
        username: 'wall',
        password: viewerToken,
      });
      expect(await viewer.subscribeAsync('sensors/#')).toMatchObject([{ topic: 'sensors/#', qos: 0 }]);
      await expect(viewer.subscribeAsync('#')).rejects.toThrow();
      const arrived = new Promise<string>((resolve) => viewer.on('message', (topic) => resolve(topic)));
      const device = await connected(url, {
        ca: ca.pem,
        clientId: 'meter-17',
        username: 'meter-17',
        password: deviceToken,
      });
      await device.publishAsync('sensors/oslo/meter-17/telemetry', '{"t":1}', { qos: 1 });
      expect(await arrived).toBe('sensors/oslo/meter-17/telemetry');
    });

    it('a client certificate is the identity: its name is the user, and another client id is refused', async () => {
      const all = await secured();
      const { gateway, ca, ports } = all;
      await gateway.start();
      const { cert, key } = ca.issue('meter-17');
      const publish = (clientId: string, ...files: string[]) =>
        runProgram('mosquitto_pub', [
          ...['-h', 'localhost', '-p', String(ports.mutual), '--cafile', ca.cert, ...files],
          ...['-i', clientId, '-q', '1', '-t', 'sensors/oslo/meter-17/telemetry', '-m', '{"t":1}'],
        ]);
      expect(await publish('meter-17', '--cert', cert, '--key', key)).toMatchObject({ code: 0 });
      expect((await publish('meter-18', '--cert', cert, '--key', key)).code).not.toBe(0);
      expect((await publish('meter-17')).code).not.toBe(0);
      expect(await received(all)).toBe(1);
    });

    it.skipIf(paho === undefined)('paho publishes over TLS and over WSS', async () => {
      const all = await secured();
      const { gateway, ca, ports, addUser } = all;
      const token = await addUser('meter-17', 'device');
      await gateway.start();
      const script = `
import sys, paho.mqtt.client as paho
transport, port, ca, token = sys.argv[1:]
client = paho.Client(client_id="meter-17", transport=transport)
client.username_pw_set("meter-17", token)
client.tls_set(ca_certs=ca)
client.connect("localhost", int(port))
client.loop_start()
client.publish("sensors/oslo/meter-17/telemetry", '{"t": 1}', qos=1).wait_for_publish(20)
client.disconnect()
client.loop_stop()
`;
      for (const [transport, port] of [
        ['tcp', ports.mqtts],
        ['websockets', ports.wss],
      ] as const) {
        const args = ['-c', script, transport, String(port), ca.cert, token];
        expect(await runProgram(paho!.python, args)).toMatchObject({ code: 0, stderr: '' });
      }
      expect(await received(all)).toBe(2);
    });

    it('a Mosquitto bridge brings what its devices publish', async () => {
      const all = await secured();
      const { gateway, ca, ports, addUser } = all;
      const token = await addUser('plant', 'bridge');
      await gateway.start();
      const plant = await startMosquitto({
        config: [
          'connection sluice',
          `address localhost:${ports.mqtts}`,
          `bridge_cafile ${ca.cert}`,
          'topic sensors/# out 1',
          'remote_clientid plant-1',
          'remote_username plant',
          `remote_password ${token}`,
          'notifications false',
          'restart_timeout 1',
        ],
      });
      onTestFinished(() => plant.stop());
      const device = await connected(plant.url, { clientId: 'inside' });
      await device.publishAsync('sensors/oslo/inside/telemetry', '{"t":1}', { qos: 1 });
      await gateway.ledgerWhen((ledger) => ledger.received === 1);
    });
  },
);
