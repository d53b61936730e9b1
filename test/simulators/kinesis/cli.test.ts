import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { networkInterfaces } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { freePort } from '../../../harness/free-port.js';
import { runKinesisCli } from '../../../simulators/kinesis/cli.js';
import { streamIsActive } from '../../../simulators/kinesis/stream-is-active.js';
import { AwsKinesis } from '../../../src/stream/kinesis/aws/aws-kinesis.js';
import { tempDirectory } from '../../support/temp-directory.js';

const cleanUps: (() => Promise<void> | void)[] = [];
afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0).reverse()) await cleanUp();
});

/** A run that is stopped at the end of the test. `ready` is what it prints when the stream is ACTIVE. */
function run(args: string, env: NodeJS.ProcessEnv = {}) {
  const stop = new AbortController();
  let stdout = '';
  let stderr = '';
  let announce = (_text: string): void => {};
  const ready = new Promise<string>((resolve) => {
    announce = resolve;
  });
  const code = runKinesisCli(args.split(' ').filter(Boolean), {
    env,
    stdout: (text) => {
      stdout += text;
      if (text.includes('ACTIVE')) announce(text);
    },
    stderr: (text) => {
      stderr += text;
    },
    stop: stop.signal,
    exitWithParent: () => undefined,
  });
  cleanUps.push(async () => {
    stop.abort();
    await code;
  });
  return { code, ready, stop, stdout: () => stdout, stderr: () => stderr };
}

interface PrintedConfig {
  readonly stream: {
    readonly kinesis: { readonly name: string; readonly region: string; readonly endpoint: string };
  };
}

function printedKinesis(ready: string) {
  const yaml = ready.slice(ready.indexOf('stream:\n'), ready.indexOf('Ctrl+C'));
  return (parse(yaml) as PrintedConfig).stream.kinesis;
}

describe('wrong usage ends with 2', () => {
  it.each([
    ['--port 70000', 'whole number from 0 to 65535'],
    ['--shards 0', 'whole number from 1 to 500'],
    ['--stream a/b', 'letters, digits'],
    ['--region Europe', 'eu-west-1'],
    ['--prot 1', 'Did you mean --port?'],
    ['extra', 'too many arguments'],
  ])('%s', async (args, words) => {
    const { code, stderr } = run(args);
    expect(await code).toBe(2);
    expect(stderr()).toContain(words);
  });

  it('and --help with 0', async () => {
    const { code, stdout } = run('--help');
    expect(await code).toBe(0);
    for (const option of ['--port', '--stream', '--shards', '--region', '--persist']) {
      expect(stdout()).toContain(option);
    }
  });
});

it('says when the port is taken', async () => {
  const holder = createServer();
  holder.listen(0, '127.0.0.1');
  await once(holder, 'listening');
  cleanUps.push(() => {
    holder.close();
  });
  const { port } = holder.address() as { port: number };
  const { code, stderr } = run(`--port ${port}`);
  expect(await code).toBe(1);
  expect(stderr()).toBe(
    `error: Port ${port} on 127.0.0.1 is taken, perhaps by another local Kinesis. --port chooses another.\n`,
  );
});

it('runs a stream that the printed configuration reaches, on loopback only, until it is stopped', async () => {
  const port = await freePort();
  const { ready, stop, code, stdout } = run(`--port ${port} --stream readings --shards 3`, {
    AWS_REGION: 'eu-central-1',
  });
  const { name, region, endpoint } = printedKinesis(await ready);
  expect({ name, region, endpoint }).toEqual({
    name: 'readings',
    region: 'eu-central-1',
    endpoint: `http://127.0.0.1:${port}`,
  });
  const api = new AwsKinesis({ streamName: name, region, endpoint });
  cleanUps.push(() => api.close());
  expect(await api.listShards()).toHaveLength(3);

  const others = Object.values(networkInterfaces())
    .flat()
    .filter((one) => one !== undefined && one.family === 'IPv4' && !one.internal)
    .map((one) => one!.address);
  for (const address of [...others, '127.0.0.2']) {
    await expect(fetch(`http://${address}:${port}`)).rejects.toThrow();
  }

  stop.abort();
  expect(await code).toBe(0);
  expect(stdout()).toContain('Stopping');
  await expect(fetch(endpoint)).rejects.toThrow();
});

it('keeps streams and records over a restart with --persist', async () => {
  const directory = tempDirectory();
  const port = await freePort();
  const args = `--port ${port} --shards 1 --persist ${directory}`;
  const first = run(args);
  const { endpoint, region, name } = printedKinesis(await first.ready);
  const api = new AwsKinesis({ streamName: name, region, endpoint });
  cleanUps.push(() => api.close());
  const [put] = await api.putRecords([{ data: Buffer.from('kept'), partitionKey: 'k' }]);
  expect(put?.ok).toBe(true);
  first.stop.abort();
  expect(await first.code).toBe(0);

  const second = run(args);
  await second.ready;
  const iterator = await api.shardIterator('shardId-000000000000', { type: 'TRIM_HORIZON' });
  const { records } = await api.getRecords(iterator, 10);
  expect(records.map((record) => Buffer.from(record.data).toString())).toEqual(['kept']);
});

describe('as a process', () => {
  const main = join(import.meta.dirname, '..', '..', '..', 'dist', 'simulators', 'kinesis', 'main.js');

  function start(port: number) {
    const child = spawn(process.execPath, [main, '--port', String(port)], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    cleanUps.push(() => {
      child.kill('SIGKILL');
    });
    return child;
  }

  async function untilGone(endpoint: string): Promise<void> {
    const answers = () =>
      fetch(endpoint).then(
        () => true,
        () => false,
      );
    await expect.poll(answers, { timeout: 30_000, interval: 25 }).toBe(false);
  }

  it('ends with 0 at Ctrl+C, and its child with it', async () => {
    const port = await freePort();
    const child = start(port);
    await once(child.stdout, 'data');
    expect(await streamIsActive(`http://127.0.0.1:${port}`, 'us-east-1', 'telemetry')).toBe(true);
    child.kill('SIGINT');
    const [code] = (await once(child, 'exit')) as [number];
    expect(code).toBe(0);
    await untilGone(`http://127.0.0.1:${port}`);
  });

  it.runIf(process.platform === 'linux')('leaves no child behind when it is killed', async () => {
    const port = await freePort();
    const child = start(port);
    await once(child.stdout, 'data');
    const children = readFileSync(`/proc/${child.pid}/task/${child.pid}/children`, 'utf8').trim();
    expect(children).toMatch(/^\d+$/);
    child.kill('SIGKILL');
    await untilGone(`http://127.0.0.1:${port}`);
  });
});
