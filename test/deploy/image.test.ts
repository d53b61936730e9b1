import { chmodSync, chownSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import mqtt from 'mqtt';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { runProgram } from '../../harness/programs.js';
import type { LedgerView } from '../../src/http/gateway-view.js';
import { packageRoot } from '../../src/lib/package-root.js';
import { assembleImage, RegistryUnreachable } from './assembled-image.js';
import { readDockerfile } from './dockerfile.js';
import { IMAGE_USER_ID, UnprivilegedProcess } from './unprivileged-process.js';

const ASSEMBLE_WITHIN_MS = 300_000;

const stages = readDockerfile(readFileSync(join(packageRoot(), 'Dockerfile'), 'utf8'));
const last = stages.at(-1)!.instructions;
/** The words of CMD or HEALTHCHECK CMD. */
const wordsOf = (keyword: string): string[] =>
  JSON.parse(last.find((one) => one.keyword === keyword)!.args.replace(/^CMD\s+/, ''));

describe('what the image runs', () => {
  const directory = mkdtempSync(join(tmpdir(), 'sluice-image-'));
  const dataDirectory = join(directory, 'data');
  let root = '';
  let isReachable = true;

  beforeAll(async () => {
    chmodSync(directory, 0o755);
    try {
      root = await assembleImage(stages, directory);
    } catch (thrown) {
      if (!(thrown instanceof RegistryUnreachable) || process.env.CI === 'true') throw thrown;
      console.warn(
        `SKIPPED: npm cannot reach its registry, so the image cannot be put together: ${thrown.message}`,
      );
      isReachable = false;
      return;
    }
    mkdirSync(dataDirectory, { mode: 0o700 });
    if (process.getuid?.() === 0) chownSync(dataDirectory, IMAGE_USER_ID, IMAGE_USER_ID);
    await runProgram('chmod', ['-R', 'a-w,a+rX', root]);
  }, ASSEMBLE_WITHIN_MS);

  afterAll(async () => {
    if (root !== '') await runProgram('chmod', ['-R', 'u+w', root]);
    rmSync(directory, { recursive: true, force: true });
  });

  it('[security 54] takes a reading as another user without rights on a read-only root, is healthy, and ends with 0 on SIGTERM', async ({
    skip,
    onTestFinished,
  }) => {
    skip(!isReachable, 'npm cannot reach its registry');
    const app = join(root, 'app');
    const configFile = join(directory, 'sluice.yaml');
    writeFileSync(configFile, onFreePorts(readFileSync(join(root, 'etc/sluice/sluice.yaml'), 'utf8')));
    const [node, ...args] = wordsOf('CMD');
    expect(node).toBe('node');
    const gateway = new UnprivilegedProcess({
      dataDirectory,
      cwd: app,
      args: args.map((word) => (word === '/etc/sluice/sluice.yaml' ? configFile : word)),
    });
    onTestFinished(() => gateway.end());
    const ready = await gateway.untilPrinted(readyLine);

    if (gateway.isConfined) {
      const status = gateway.kernelStatus();
      expect(status).toMatch(new RegExp(`^Uid:(\\s+${IMAGE_USER_ID}){4}$`, 'm'));
      for (const kind of ['Inh', 'Prm', 'Eff', 'Bnd', 'Amb']) {
        expect(status).toMatch(new RegExp(`^Cap${kind}:\\s+0+$`, 'm'));
      }
      expect(status).toMatch(/^NoNewPrivs:\s+1$/m);
      expect(gateway.isReadOnly('/')).toBe(true);
      expect(gateway.isReadOnly(dataDirectory)).toBe(false);
    }
    await publish(ready.mqtt[0]!);
    expect(await writtenLedger(ready.http, 1)).toMatchObject({ received: 1, written: 1, balanced: true });

    const fleet = ['dist/simulators/main.js', 'all', '--quiet', '--count=10', `--url=${ready.mqtt[0]}`];
    const { code, stderr } = await runProgram(process.execPath, fleet, { cwd: app });
    expect(`${code} ${stderr}`).toBe('0 ');
    expect(await writtenLedger(ready.http, 11)).toMatchObject({ received: 11, written: 11, balanced: true });

    expect((await fetch(`${ready.http}/`)).status).toBe(200);
    expect(await health(app, ready.http)).toBe(0);
    expect(await gateway.stop(), gateway.output).toBe(0);
    expect(await health(app, ready.http)).toBe(1);
  });

  /** The image's own configuration, on this machine's loopback and with data of this test. */
  function onFreePorts(text: string): string {
    return text
      .replaceAll('0.0.0.0,', '127.0.0.1,')
      .replaceAll(/port: \d+/g, 'port: 0')
      .replaceAll('/var/lib/sluice', dataDirectory);
  }
});

interface Ready {
  readonly mqtt: string[];
  readonly http: string;
}

function readyLine(output: string): Ready | undefined {
  const line = output.split('\n').find((one) => one.includes('"msg":"ready"') && one.endsWith('}'));
  return line === undefined ? undefined : (JSON.parse(line) as Ready);
}

async function publish(url: string): Promise<void> {
  const client = await mqtt.connectAsync(url);
  await client.publishAsync('sensors/pune/p1/telemetry', '{"temperature": 21.5}', { qos: 1 });
  await client.endAsync();
}

/** The ledger once `records` are written, or parked by mistake; the test's own time-out ends the wait. */
async function writtenLedger(httpUrl: string, records: number): Promise<LedgerView> {
  for (;;) {
    const ledger = (await (await fetch(`${httpUrl}/api/ledger`)).json()) as LedgerView;
    if (ledger.received - ledger.buffered >= records) return ledger;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

/** Exit code of the image's HEALTHCHECK, asked of the port in use. */
async function health(app: string, httpUrl: string): Promise<number | null> {
  const [, ...args] = wordsOf('HEALTHCHECK').map((word) => word.replace('http://127.0.0.1:8080', httpUrl));
  return (await runProgram(process.execPath, args, { cwd: app })).code;
}
