import { writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { join } from 'node:path';
import { freePort } from './free-port.js';
import { findProgram, type RunningServer, runServer, serverDirectory } from './server-process.js';

export { freePort } from './free-port.js';
export type { RunningServer } from './server-process.js';

export type ServerName = 'influxd' | 'victoria-metrics' | 'mosquitto';

/**
 * Whether the server is installed. Missing: fails with CI=true, else says so aloud and answers false, as in
 * `describe.skipIf(!requireServer('influxd'))(…)`.
 */
export function requireServer(
  name: ServerName | 'chromium' | 'faketime' | 'openssl' | 'promtool' | 'prometheus' | 'shellcheck',
): boolean {
  if (findProgram(name) !== undefined) return true;
  const sentence = `${name} is not installed: the tests that need it cannot run`;
  if (process.env.CI === 'true') throw new Error(sentence);
  console.warn(`SKIPPED: ${sentence}`);
  return false;
}

export interface InfluxdOptions {
  /** Lifts max-values-per-tag (100,000) and max-series-per-database (1,000,000). */
  readonly unlimitedSeries?: boolean;
  /** Asks for user and password; the first request must then be CREATE USER … WITH ALL PRIVILEGES. */
  readonly authEnabled?: boolean;
  /** 'inmem' (the default of 1.6) or 'tsi1'. */
  readonly index?: 'inmem' | 'tsi1';
  /** Largest request body; a bigger one gets 413. */
  readonly maxBodySizeBytes?: number;
  /** Created once the server is up. */
  readonly databases?: readonly string[];
}

/** Debian's influxd 1.6 with directories, HTTP and RPC ports of its own; nothing is reported or logged per query. */
export async function startInfluxd(options: InfluxdOptions = {}): Promise<RunningServer> {
  const directory = await serverDirectory('influxd');
  const port = await freePort();
  const rpcPort = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const configFile = join(directory, 'influxdb.conf');
  await writeFile(configFile, influxdConfig(directory, port, rpcPort, options));
  const server = await runServer({
    program: programOf('influxd'),
    url,
    port,
    directory,
    args: ['-config', configFile],
    isReady: () => answers(`${url}/ping`),
  });
  for (const database of options.databases ?? []) await createDatabase(url, database);
  return server;
}

/** Makes a database on an influxd without authentication. */
export async function createDatabase(url: string, database: string): Promise<void> {
  const answer = await fetch(`${url}/query`, {
    method: 'POST',
    body: new URLSearchParams({ q: `CREATE DATABASE "${database}"` }),
  });
  const text = await answer.text();
  if (!answer.ok || text.includes('"error"')) throw new Error(`CREATE DATABASE: ${answer.status} ${text}`);
}

export interface VictoriaMetricsOptions {
  readonly args?: readonly string[];
}

/** Debian's VictoriaMetrics; two samples of one time series with the same ms count as one. */
export async function startVictoriaMetrics(options: VictoriaMetricsOptions = {}): Promise<RunningServer> {
  const directory = await serverDirectory('victoria-metrics');
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const args = [
    `-storageDataPath=${join(directory, 'storage')}`,
    `-httpListenAddr=127.0.0.1:${port}`,
    '-dedup.minScrapeInterval=1ms',
    '-search.latencyOffset=0s',
    '-memory.allowedBytes=256MB',
    ...(options.args ?? []),
  ];
  return runServer({
    program: programOf('victoria-metrics'),
    url,
    port,
    directory,
    args,
    isReady: () => answers(`${url}/health`),
  });
}

export interface MosquittoOptions {
  /** Further lines for its configuration file. */
  readonly config?: readonly string[];
}

/** Mosquitto on 127.0.0.1, anonymous, without persistence. */
export async function startMosquitto(options: MosquittoOptions = {}): Promise<RunningServer> {
  const directory = await serverDirectory('mosquitto');
  const port = await freePort();
  const configFile = join(directory, 'mosquitto.conf');
  const config = [
    `listener ${port} 127.0.0.1`,
    'allow_anonymous true',
    'persistence false',
    // Started as root it becomes the user "mosquitto", who may not read its directory.
    ...(process.getuid?.() === 0 ? ['user root'] : []),
    ...(options.config ?? []),
  ];
  await writeFile(configFile, `${config.join('\n')}\n`);
  return runServer({
    program: programOf('mosquitto'),
    url: `mqtt://127.0.0.1:${port}`,
    port,
    directory,
    args: ['-c', configFile],
    isReady: () => accepts(port),
  });
}

function programOf(name: ServerName): string {
  const program = findProgram(name);
  if (program === undefined) throw new Error(`${name} is not installed`);
  return program;
}

function influxdConfig(directory: string, port: number, rpcPort: number, options: InfluxdOptions): string {
  const unlimited = options.unlimitedSeries
    ? ['  max-series-per-database = 0', '  max-values-per-tag = 0']
    : [];
  return [
    'reporting-disabled = true',
    'reporting-enabled = false',
    `bind-address = "127.0.0.1:${rpcPort}"`,
    '[meta]',
    `  dir = "${join(directory, 'meta')}"`,
    '[data]',
    `  dir = "${join(directory, 'data')}"`,
    `  wal-dir = "${join(directory, 'wal')}"`,
    `  index-version = "${options.index ?? 'inmem'}"`,
    '  query-log-enabled = false',
    ...unlimited,
    '[http]',
    `  bind-address = "127.0.0.1:${port}"`,
    `  auth-enabled = ${options.authEnabled === true}`,
    '  log-enabled = false',
    '  write-tracing = false',
    ...(options.maxBodySizeBytes === undefined ? [] : [`  max-body-size = ${options.maxBodySizeBytes}`]),
    '[monitor]',
    '  store-enabled = false',
    '[ifql]',
    '  enabled = false',
    '[continuous_queries]',
    '  enabled = false',
    '',
  ].join('\n');
}

async function answers(url: string): Promise<boolean> {
  const answer = await fetch(url, { signal: AbortSignal.timeout(2_000) });
  await answer.arrayBuffer();
  return answer.ok;
}

function accepts(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    const end = (accepted: boolean) => {
      socket.destroy();
      resolve(accepted);
    };
    socket.once('connect', () => end(true));
    socket.once('error', () => end(false));
  });
}
