import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort } from '../../../harness/free-port.js';
import { GatewayProcess } from '../../../harness/gateway-process.js';
import { sluice } from '../../../harness/programs.js';
import { startMosquitto } from '../../../harness/servers.js';
import type { RealClientOptions } from './real-client.js';

export interface RealBroker {
  readonly name: string;
  start(): Promise<StartedBroker>;
}

export interface StartedBroker {
  readonly ports: { readonly tcp: number; readonly ws: number };
  /** What a client signs in with. */
  readonly user: Pick<RealClientOptions, 'userName' | 'password'>;
  stop(): Promise<void>;
}

/** Who may publish and subscribe everywhere, as a user of a home has it. */
const ACCESS = `roles:
  home: { publish: ["#"], subscribe: ["#"] }
`;

/** The gateway without and with access rules, and Mosquitto, which shows that the tests ask nothing unusual. */
export const REAL_BROKERS: readonly RealBroker[] = [
  { name: 'a gateway without access rules', start: () => startGateway(false) },
  { name: 'a gateway with access rules', start: () => startGateway(true) },
  { name: 'Mosquitto, to compare', start: startCompared },
];

async function startGateway(hasAccess: boolean): Promise<StartedBroker> {
  const directory = mkdtempSync(join(tmpdir(), 'sluice-test-'));
  const ports = { tcp: await freePort(), ws: await freePort() };
  if (hasAccess) writeFileSync(join(directory, 'access.yaml'), ACCESS, { mode: 0o600 });
  const config = `broker:
  ${hasAccess ? 'access: ./access.yaml' : ''}
  listeners:
    - { protocol: mqtt, port: ${ports.tcp} }
    - { protocol: ws, port: ${ports.ws} }
http: { port: 0 }
`;
  const gateway = new GatewayProcess({ directory, config });
  const user = hasAccess ? { userName: 'home', password: await addUser(gateway) } : {};
  await gateway.start();
  return {
    ports,
    user,
    stop: async () => {
      await gateway.end();
      rmSync(directory, { recursive: true, force: true });
    },
  };
}

/** Returns the token of the user. */
async function addUser({ configFile }: GatewayProcess): Promise<string> {
  const args = ['users', 'add', 'home', '--role', 'home', '--token', '-c', configFile];
  const { code, stdout, stderr } = await sluice(args);
  if (code !== 0) throw new Error(stderr);
  return stdout.trim();
}

async function startCompared(): Promise<StartedBroker> {
  const ws = await freePort();
  const server = await startMosquitto({ config: [`listener ${ws} 127.0.0.1`, 'protocol websockets'] });
  return { ports: { tcp: server.port, ws }, user: {}, stop: () => server.stop() };
}
