import { mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { serveCommands } from '../../src/control/serve-commands.js';
import { dataDirectory, prepareDataDirectory } from '../../src/data-directory/data-directory.js';
import { lockDataDirectory } from '../../src/data-directory/directory-lock.js';
import { createTestStream, startKinesalite } from '../support/kinesis-servers.js';
import { NO_COMMANDS } from '../support/no-commands.js';
import { tempDirectory } from '../support/temp-directory.js';
import { runMain } from './run-main.js';

const FREE = 'broker: { listeners: [{ port: 0 }] }\nhttp: { port: 0 }\n';

function configFile(directory: string, yaml: string): string {
  const file = join(directory, 'sluice.yaml');
  writeFileSync(file, yaml);
  return file;
}

async function busyPort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void server.close());
  return (server.address() as AddressInfo).port;
}

test('a configuration that would start is ok, and nothing is left behind', async () => {
  const directory = tempDirectory();
  const file = configFile(directory, `${FREE}sink: { duckdb: { path: rows/x.duckdb } }`);
  const { exitCode, stdout, stderr } = await runMain('check', '-c', file);
  expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' });
  expect(stdout).toMatch(/^ok\n/);
  expect(stdout).toContain(join(directory, 'data'));
  expect(readdirSync(directory)).toEqual(['sluice.yaml']);
});

test('--print shows the effective configuration without its secrets', async () => {
  const file = configFile(
    tempDirectory(),
    `${FREE}sink: { influx: { url: "http://127.0.0.1:1", org: o, bucket: b, token: hunter2 } }`,
  );
  const { stdout } = await runMain('check', '-c', file, '--print');
  expect(stdout).toContain('maxPacketSize: 256KiB');
  expect(stdout).toContain('token: set');
  expect(stdout).not.toContain('hunter2');
});

test('every problem of the file goes to stderr, exit code 2', async () => {
  const file = configFile(tempDirectory(), 'brokr: 1\nhttp: { port: x }\n');
  const { exitCode, stdout, stderr } = await runMain('check', '-c', file);
  expect(exitCode).toBe(2);
  expect(stdout).toBe('');
  expect(stderr.split('\n')).toEqual([
    expect.stringContaining(`${file}:1:1: brokr: `),
    expect.stringContaining(`${file}:2:9: http.port: `),
    '',
  ]);
});

test('ports in use are named with their lines, exit code 2', async () => {
  const [one, other] = [await busyPort(), await busyPort()];
  const file = configFile(
    tempDirectory(),
    `broker:\n  listeners:\n    - { port: 0 }\n    - { port: ${one} }\nhttp: { port: ${other} }\n`,
  );
  const { exitCode, stderr } = await runMain('check', '-c', file);
  expect(exitCode).toBe(2);
  expect(stderr).toContain(
    `${file}:4:7: broker.listeners[1]: got 127.0.0.1:${one}, expected a free port; another program`,
  );
  expect(stderr).toContain(`${file}:5:1: http: got 127.0.0.1:${other}, expected a free port`);
});

test('an address that is not of this machine is named', async () => {
  const file = configFile(
    tempDirectory(),
    'broker: { insecure: true, listeners: [{ host: 192.0.2.1, port: 0 }] }\nhttp: false\n',
  );
  const { exitCode, stderr } = await runMain('check', '-c', file);
  expect(exitCode).toBe(2);
  expect(stderr).toContain('got 192.0.2.1:0, expected an address of this machine');
});

test('a data directory that cannot be created is named, exit code 2', async () => {
  const directory = tempDirectory();
  writeFileSync(join(directory, 'data'), 'a file');
  const file = configFile(directory, FREE);
  const { exitCode, stderr } = await runMain('check', '-c', file);
  expect(exitCode).toBe(2);
  expect(stderr).toContain(
    `${file}: stream.log.directory: got ${join(directory, 'data')}, expected a folder this user can create and write; a file is in its place`,
  );
});

test('a data directory in use by another gateway is named, exit code 2', async () => {
  const directory = tempDirectory();
  const data = dataDirectory(join(directory, 'data'));
  await prepareDataDirectory(data);
  const lock = await lockDataDirectory(data);
  const file = configFile(directory, FREE);
  const held = await runMain('check', '-c', file);
  await lock.release();
  expect(held.exitCode).toBe(2);
  expect(held.stderr).toContain('which is in use by another Sluice');
  expect((await runMain('check', '-c', file)).exitCode).toBe(0);
});

/** A holder of the lock that describes itself as a gateway which was started with this file. */
async function runningGateway(directory: string, file: string | undefined, port: number): Promise<void> {
  const data = dataDirectory(join(directory, 'data'));
  await prepareDataDirectory(data);
  const lock = await lockDataDirectory(data);
  onTestFinished(() => lock.release());
  lock.onConnection((connection) =>
    serveCommands(connection, {
      ...NO_COMMANDS,
      describe: () => ({ processId: 4711, file, listeners: [{ host: '127.0.0.1', port }] }),
    }),
  );
}

test('beside the gateway of this configuration its directory and its ports are fine, others are not', async () => {
  const directory = tempDirectory();
  const [own, foreign] = [await busyPort(), await busyPort()];
  const file = configFile(directory, `broker: { listeners: [{ port: ${own} }] }\nhttp: { port: 0 }\n`);
  await runningGateway(directory, file, own);
  const { exitCode, stdout, stderr } = await runMain('check', '-c', file);
  expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' });
  expect(stdout).toContain('\nrunning        yes, process 4711\n');
  writeFileSync(file, `broker: { listeners: [{ port: ${own} }] }\nhttp: { port: ${foreign} }\n`);
  const taken = await runMain('check', '-c', file);
  expect(taken.exitCode).toBe(2);
  expect(taken.stderr).toContain(`http: got 127.0.0.1:${foreign}, expected a free port; another program`);
  expect(taken.stderr).not.toContain(`:${own},`);
});

test('a gateway on the same directory with another configuration is named', async () => {
  const directory = tempDirectory();
  await runningGateway(directory, '/etc/sluice/other.yaml', 1);
  const { exitCode, stderr } = await runMain('check', '-c', configFile(directory, FREE));
  expect(exitCode).toBe(0);
  expect(stderr).toMatch(
    /^warning: the gateway that runs on .* \(process 4711\) was started with \/etc\/sluice\/other\.yaml: it must stop/,
  );
});

test('an existing data directory is left as it was', async () => {
  const directory = tempDirectory();
  mkdirSync(join(directory, 'data'), { mode: 0o700 });
  writeFileSync(join(directory, 'data', 'mine'), '');
  const { exitCode } = await runMain('check', '-c', configFile(directory, FREE));
  expect(exitCode).toBe(0);
  expect(readdirSync(join(directory, 'data'))).toEqual(['mine']);
  rmSync(join(directory, 'data'), { recursive: true });
});

test('a Kinesis stream that is missing is a problem, one that cannot be reached now is none', async () => {
  const kinesis = await startKinesalite();
  onTestFinished(() => kinesis.stop());
  const check = (endpoint: string) => {
    const stream = `stream: { mode: kinesis, kinesis: { name: readings, endpoint: "${endpoint}" } }`;
    return runMain('check', '-c', configFile(tempDirectory(), `${FREE}${stream}\n`));
  };
  const missing = await check(kinesis.endpoint);
  expect(missing.exitCode).toBe(2);
  expect(missing.stderr).toContain(
    'sluice.yaml:3:37: stream.kinesis.name: got readings, expected a stream that can be used; there is no stream readings',
  );
  await createTestStream(kinesis.endpoint, 'readings', 1);
  const there = await check(kinesis.endpoint);
  expect(there.exitCode).toBe(0);
  expect(there.stdout).toContain(
    `stream         Kinesis readings at ${kinesis.endpoint}, cloudevents, aggregated; application sluice, checkpoints in a file`,
  );
  expect((await check('http://127.0.0.1:1')).exitCode).toBe(0);
});

test('InfluxDB 2 without a token is a problem that names the key, exit code 2', async () => {
  const keys = (token: string) => `{ url: "http://127.0.0.1:1", org: o, bucket: b${token} }`;
  const file = configFile(tempDirectory(), `${FREE}sink:\n  influx: ${keys('')}\n`);
  const { exitCode, stderr } = await runMain('check', '-c', file);
  expect(exitCode).toBe(2);
  expect(stderr).toContain(`${file}:4:3: sink.influx.token: got no token and no tokenFile, expected a token`);
  writeFileSync(file, `${FREE}sink:\n  influx: ${keys(', token: t')}\n`);
  expect(await runMain('check', '-c', file)).toMatchObject({ exitCode: 0 });
});
