import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort } from '../../../harness/free-port.js';
import { GatewayProcess } from '../../../harness/gateway-process.js';
import { sluice } from '../../../harness/programs.js';
import { startMosquitto } from '../../../harness/servers.js';
import { OpensslCa } from '../openssl-ca.js';
import type { RealClientOptions, Transport } from './real-client.js';

/** A broker with a listener for each transport, at which a client may use `home/#` and nothing else. */
export interface SecuredBroker {
  readonly name: string;
  start(): Promise<StartedSecuredBroker>;
}

export interface StartedSecuredBroker {
  readonly ports: Readonly<Record<Transport, number>>;
  /** That of its certificate. */
  readonly caFile: string;
  /** What a client signs in with. */
  readonly user: Pick<RealClientOptions, 'userName' | 'password'>;
  stop(): Promise<void>;
}

/** The largest PUBLISH that the brokers take, and so small that the tests pass it quickly. */
export const MAX_PACKET_BYTES = 64 * 1024;

const ACCESS = `users: {}
roles:
  home: { publish: ["home/#"], subscribe: ["home/#"] }
`;

/** The gateway, and Mosquitto, which shows that the tests ask nothing unusual. */
export const SECURED_BROKERS: readonly SecuredBroker[] = [
  { name: 'a gateway with access rules', start: startGateway },
  { name: 'Mosquitto, to compare', start: startCompared },
];

async function startGateway(): Promise<StartedSecuredBroker> {
  const directory = mkdtempSync(join(tmpdir(), 'sluice-test-'));
  const ca = new OpensslCa(directory);
  const { cert, key } = ca.issue('server', { names: 'DNS:localhost,IP:127.0.0.1' });
  const ports = await freePorts();
  writeFileSync(join(directory, 'access.yaml'), ACCESS, { mode: 0o600 });
  const tls = `tls: { cert: ${cert}, key: ${key} }`;
  const config = `broker:
  access: ./access.yaml
  maxPacketSize: ${MAX_PACKET_BYTES / 1024}KiB
  listeners:
    - { protocol: mqtt, host: 127.0.0.1, port: ${ports.tcp} }
    - { protocol: mqtts, host: 127.0.0.1, port: ${ports.tls}, ${tls} }
    - { protocol: ws, host: 127.0.0.1, port: ${ports.ws} }
    - { protocol: wss, host: 127.0.0.1, port: ${ports.wss}, ${tls} }
http: { port: 0 }
`;
  const gateway = new GatewayProcess({ directory, config });
  const args = ['users', 'add', 'home', '--role', 'home', '--token', '-c', gateway.configFile];
  const { code, stdout, stderr } = await sluice(args);
  if (code !== 0) throw new Error(stderr);
  await gateway.start();
  return {
    ports,
    caFile: ca.cert,
    user: { userName: 'home', password: stdout.trim() },
    stop: async () => {
      await gateway.end();
      rmSync(directory, { recursive: true, force: true });
    },
  };
}

async function startCompared(): Promise<StartedSecuredBroker> {
  const directory = mkdtempSync(join(tmpdir(), 'sluice-test-'));
  const ca = new OpensslCa(directory);
  const { cert, key } = ca.issue('server', { names: 'DNS:localhost,IP:127.0.0.1' });
  const ports = await freePorts();
  const rules = join(directory, 'rules');
  writeFileSync(rules, 'topic readwrite home/#\n');
  const certificate = [`certfile ${cert}`, `keyfile ${key}`];
  const server = await startMosquitto({
    config: [
      ...[`acl_file ${rules}`, `max_packet_size ${MAX_PACKET_BYTES}`],
      ...[`listener ${ports.tls} 127.0.0.1`, ...certificate],
      ...[`listener ${ports.ws} 127.0.0.1`, 'protocol websockets'],
      ...[`listener ${ports.wss} 127.0.0.1`, 'protocol websockets', ...certificate],
    ],
  });
  return {
    ports: { ...ports, tcp: server.port },
    caFile: ca.cert,
    user: {},
    stop: async () => {
      await server.stop();
      rmSync(directory, { recursive: true, force: true });
    },
  };
}

async function freePorts(): Promise<Record<Transport, number>> {
  return { tcp: await freePort(), tls: await freePort(), ws: await freePort(), wss: await freePort() };
}
