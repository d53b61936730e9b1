import { spawn } from 'node:child_process';
import {
  mkdirSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { type ProgramResult, runProgram } from '../../harness/programs.js';
import type { LedgerView } from '../../src/http/gateway-view.js';
import { packageRoot } from '../../src/lib/package-root.js';
import { linkProductionDependencies } from '../support/production-dependencies.js';

const POLL = { timeout: 60_000, interval: 100 };

interface Packed {
  readonly filename: string;
  readonly size: number;
  readonly files: readonly { readonly path: string }[];
}

describe('the package that npm run package makes', () => {
  const directory = realpathSync(mkdtempSync(join(tmpdir(), 'sluice-package-')));
  const installed = join(directory, 'lib', 'node_modules', 'sluice');
  const foreign = join(directory, 'foreign');
  let packed: Packed;

  beforeAll(async () => {
    const { code, stdout, stderr } = await runProgram(
      'npm',
      ['run', 'package', '--silent', '--', '--json', '--silent', '--pack-destination', directory],
      { cwd: packageRoot() },
    );
    expect(code, stderr).toBe(0);
    packed = (JSON.parse(stdout.slice(stdout.indexOf('[\n'))) as Packed[])[0]!;

    // Unpacked and linked instead of `npm install -g`, which would need the network.
    mkdirSync(join(directory, 'bin'));
    mkdirSync(installed, { recursive: true });
    mkdirSync(foreign);
    const tarball = join(directory, packed.filename);
    const unpacked = await runProgram('tar', ['-xzf', tarball, '-C', installed, '--strip-components=1']);
    expect(unpacked.code, unpacked.stderr).toBe(0);
    linkProductionDependencies(installed);
    symlinkSync(join(installed, 'bin', 'sluice.js'), join(directory, 'bin', 'sluice'));
  }, 120_000);

  afterAll(() => rmSync(directory, { recursive: true, force: true }));

  function sluice(...args: readonly string[]): Promise<ProgramResult> {
    return runProgram(process.execPath, [join(directory, 'bin', 'sluice'), ...args], { cwd: foreign });
  }

  it('[security 53] has the program, the simulators, the page, the docs and the SBOM in it, and no development files', () => {
    const own = packed.files.map(({ path }) => path).filter((path) => !path.startsWith('node_modules/'));
    expect(own).toEqual(
      expect.arrayContaining([
        'bin/sluice.js',
        'dist/src/main.js',
        'dist/simulators/main.js',
        'dist/sbom.cdx.json',
        'src/web/index.html',
        'src/profiles/tasmota.yaml',
        'docs/configuration.md',
        'sluice.example.yaml',
      ]),
    );
    const folders = [...new Set(own.filter((path) => path.includes('/')).map((path) => path.split('/')[0]))];
    expect(folders.sort()).toEqual(['bin', 'deploy', 'dist', 'docs', 'src']);
    expect(
      own.filter((path) => /\.(ts|map|test\.js|tsbuildinfo|png)$|dist\/(bench|test)/.test(path)),
    ).toEqual([]);
    expect(packed.size).toBeLessThan(3_500_000);
  });

  it('brings the one dependency that an override changes', () => {
    const { version } = JSON.parse(readFileSync(join(installed, 'node_modules/cookie/package.json'), 'utf8'));
    const { overrides } = JSON.parse(readFileSync(join(packageRoot(), 'package.json'), 'utf8'));
    expect(version).toBe(overrides['light-my-request'].cookie);
  });

  it('runs in any folder', async () => {
    const { version } = JSON.parse(readFileSync(join(packageRoot(), 'package.json'), 'utf8'));
    expect(await sluice('--version')).toEqual({ code: 0, stdout: `${version}\n`, stderr: '' });
    writeFileSync(
      join(foreign, 'free.yaml'),
      'broker: { listeners: [{ protocol: mqtt, port: 0 }] }\nhttp: { port: 0 }\n',
    );
    expect(await sluice('check', '-c', 'free.yaml')).toMatchObject({
      code: 0,
      stdout: expect.stringContaining(join(foreign, 'data')) as string,
    });
    const help = await sluice('start', '--help');
    expect(help.stdout).toContain('  $ sluice start\n');
    expect(help.stdout).not.toContain('npx');
  });

  it('runs the demo in any folder, with its fleet and its page', async () => {
    const args = ['demo', '--mqtt-port', '0', '--http-port', '0'];
    const demo = spawn(process.execPath, [join(directory, 'bin', 'sluice'), ...args], {
      cwd: foreign,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    onTestFinished(() => void demo.kill('SIGKILL'));
    let output = '';
    const keep = (text: Buffer) => {
      output += text.toString();
    };
    demo.stdout.on('data', keep);
    demo.stderr.on('data', keep);
    const ended = new Promise((resolve) => demo.once('exit', resolve));
    await expect.poll(() => output, POLL).toContain('Ctrl+C stops it');
    expect(output).toContain(`${join(foreign, 'data', 'demo')}/`);
    expect(output).toContain('  sluice dead-letters list -c data/demo/sluice.yaml');
    const url = /live page +(\S+)/.exec(output)?.[1];
    expect((await fetch(`${url}/`)).status).toBe(200);
    const written = async () => ((await (await fetch(`${url}/api/ledger`)).json()) as LedgerView).written;
    await expect.poll(written, POLL).toBeGreaterThan(0);
    const checked = await sluice('check', '-c', 'data/demo/sluice.yaml');
    expect(checked.stdout).toContain('running');
    demo.kill('SIGTERM');
    expect(await ended).toBe(0);
  });
});
