import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { findProgram } from '../../harness/server-process.js';
import { startMosquitto } from '../../harness/servers.js';
import { cityRule } from '../processes/city-reading.js';
import { startGateway } from '../processes/gateway.js';
import { refusalsOf } from '../processes/refusals-of.js';

/** What clients connect to. */
export interface HoldingServer {
  readonly title: string;
  readonly port: number;
  readonly pid: number;
  /** What it has printed; the address of the inspector is in it. */
  output(): string;
  /** What it has refused since its start, by reason; absent when it does not tell. */
  refusals?(): Promise<Readonly<Record<string, number>>>;
  stop(): Promise<void>;
}

/** Opens an inspector of Node on a free port: it collects the garbage before memory is read. */
const INSPECT = '--inspect=127.0.0.1:0';

/** The real program, with room for `connections`. */
export async function startSluice(
  directory: string,
  connections: number,
  isInspected = false,
): Promise<HoldingServer> {
  const gateway = await startGateway(directory, cityRule('false'), {
    maxConnections: connections + 100,
    ...(isInspected && { env: { NODE_OPTIONS: INSPECT } }),
  });
  return {
    title: 'Sluice',
    port: gateway.process.mqttPort,
    pid: gateway.process.pid,
    output: () => gateway.process.output,
    refusals: () => refusalsOf(gateway.process.httpUrl),
    stop: () => gateway.remove(),
  };
}

/** Undefined when it is not installed. */
export async function startMosquittoServer(): Promise<HoldingServer | undefined> {
  if (findProgram('mosquitto') === undefined) return undefined;
  const server = await startMosquitto({ config: ['set_tcp_nodelay true'] });
  return {
    title: 'Mosquitto',
    port: server.port,
    pid: server.pid,
    output: () => '',
    stop: () => server.stop(),
  };
}

/** `bare`: sockets of Node and nothing else. `aedes`: that broker alone. */
export async function startNodeServer(kind: 'bare' | 'aedes', title: string): Promise<HoldingServer> {
  const child: ChildProcess = fork(join(import.meta.dirname, 'node-server-process.js'), [kind], {
    execArgv: [INSPECT],
    silent: true,
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream?.on('data', (bytes: Buffer) => {
      output += bytes.toString();
    });
  }
  const port = await new Promise<number>((resolve, reject) => {
    child.once('exit', () => reject(new Error(`${title} ended before it was ready:\n${output}`)));
    child.once('message', (message: { port: number }) => resolve(message.port));
  });
  return {
    title,
    port,
    pid: child.pid!,
    output: () => output,
    stop: async () => {
      if (child.exitCode !== null || child.signalCode !== null) return;
      const gone = once(child, 'exit');
      child.kill('SIGKILL');
      await gone;
    },
  };
}
