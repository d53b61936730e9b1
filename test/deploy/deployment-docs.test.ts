import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { runProgram } from '../../harness/programs.js';
import { packageRoot } from '../../src/lib/package-root.js';
import { tempDirectory } from '../support/temp-directory.js';
import { composeSchema } from './compose-schema.js';
import { readDockerfile } from './dockerfile.js';

const read = (file: string) => readFileSync(join(packageRoot(), file), 'utf8');
const page = read('docs/deployment.md');
const { services } = composeSchema.parse(parse(read('docker-compose.yml'), { merge: true }));

describe('docs/deployment.md', () => {
  it('has the ports of each profile', () => {
    for (const { profiles, ports = [] } of Object.values(services)) {
      for (const profile of profiles ?? []) {
        const row = page.split('\n').find((line) => line.startsWith(`| \`${profile}\` |`));
        const hostPorts = ports.map((port) => port.split(':')[1]);
        for (const port of hostPorts) expect(row).toMatch(new RegExp(`\\b${port}\\b`));
      }
    }
  });

  it('names images and volumes as they are', () => {
    const base = readDockerfile(read('Dockerfile'))[0]!.image;
    expect(page.match(/node:\d\S+/g)).toEqual([base, base]);
    expect(page).toContain(`docker build -t ${services.gateway!.image} .`);
    expect(services.gateway!.volumes![0]).toBe('gateway:/var/lib/sluice');
    expect(page).toContain('-v sluice_gateway:/from:ro');
  });

  it('has every image of others, and whether its root can be written', () => {
    const rows = new Map(
      [...page.matchAll(/^\| `([a-z][^` ]*:[^` ]+)` \| [^|]+ \| (read-only|written)/gm)].map(
        ([, image, root]) => [image!, root!],
      ),
    );
    const others = Object.values(services).filter(({ image }) => !image.startsWith('sluice:'));
    expect(rows).toEqual(
      new Map(others.map(({ image, read_only }) => [image, read_only ? 'read-only' : 'written'])),
    );
  });

  it('makes a .env whose secrets are set, of letters and digits, each its own, and closed to others', async () => {
    const directory = tempDirectory();
    const loop = /^umask[\s\S]*?> \.env$/m.exec(page)![0];
    const script = `cp ${JSON.stringify(join(packageRoot(), '.env.example'))} . && ${loop} && stat -c %a .env >&2 && cat .env`;
    const { code, stdout, stderr } = await runProgram('sh', ['-c', script], { cwd: directory });
    expect(`${code} ${stderr}`).toBe('0 600\n');
    const empty = read('.env.example').match(/^[A-Z0-9_]+=$/gm)!;
    const values = empty.map((key) => new RegExp(`^${key}([a-z0-9]{48})$`, 'm').exec(stdout)?.[1]);
    expect(values).not.toContain(undefined);
    expect(new Set(values).size).toBe(empty.length);
    expect(stdout).toMatch(/^INFLUX_ORG=iot$/m);
  });
});
