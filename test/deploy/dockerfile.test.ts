import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { packageRoot } from '../../src/lib/package-root.js';
import { readCopy, readDockerfile } from './dockerfile.js';
import { dockerfileProblems } from './dockerfile-rules.js';

const text = readFileSync(join(packageRoot(), 'Dockerfile'), 'utf8');
const stages = readDockerfile(text);

describe('the Dockerfile', () => {
  it('[security 54] keeps every rule', () => {
    expect(dockerfileProblems(text)).toEqual([]);
  });

  it('builds and runs on the same image', () => {
    expect(new Set(stages.map(({ image }) => image)).size).toBe(1);
  });

  it('asks /healthz', () => {
    const check = stages.at(-1)!.instructions.find(({ keyword }) => keyword === 'HEALTHCHECK');
    expect(check?.args).toContain('http://127.0.0.1:8080/healthz');
  });

  it('copies nothing that .dockerignore leaves out', () => {
    const ignore = readFileSync(join(packageRoot(), '.dockerignore'), 'utf8').split('\n');
    expect(ignore.find((line) => line !== '' && !line.startsWith('#'))).toBe('*');
    const sent = new Set(ignore.filter((line) => line.startsWith('!')).map((line) => line.slice(1)));
    const copied = stages.flatMap(({ instructions }) =>
      instructions
        .filter(({ keyword, flags }) => keyword === 'COPY' && !flags.has('from'))
        .flatMap((instruction) => readCopy(instruction).sources),
    );
    const roots = new Set(copied.map((source) => source.split('/')[0]!));
    expect(sent).toEqual(roots);
  });
});

describe('the rules of the Dockerfile', () => {
  it.each<[string, string | RegExp, string, RegExp]>([
    ['a base that moves', /node:24\S+/, 'node:24-slim', /not a pinned version/],
    ['a base without fixes', /node:24\S+/, 'node:20.20.2-bookworm-slim', /no supported release line/],
    ['development tools', ' --omit=dev', '', /development tools/],
    ['ADD', 'COPY src ./src', 'ADD src ./src', /ADD is not used/],
    ['root', 'USER 1000:1000', 'USER root', /runs as root/],
    ['a user too late', /(USER .*\n)([\s\S]*)/, '$2$1', /USER behind CMD/],
    ['nobody', 'USER 1000:1000\n', '', /runs as root/],
    ['a shell', /CMD \["node", "bin.*/, 'CMD node bin/sluice.js start', /CMD runs through a shell/],
    ['no check', /HEALTHCHECK[^\n]*\n[^\n]*\n/, '', /0 times HEALTHCHECK/],
    [
      'sources before packages',
      'COPY package.json package-lock.json ./',
      'COPY . .',
      /npm ci does not follow/,
    ],
    ['a missing file', 'COPY bin ./bin', 'COPY binaries ./bin', /binaries, which is not there/],
    ['a stage that is not there', '--from=build', '--from=builder', /builder, which is not an earlier stage/],
    ['install scripts', ' --ignore-scripts', '', /install scripts/],
    ['its own files to write', 'COPY bin', 'COPY --chown=1000:1000 bin', /change its own files/],
    ['data of root', '-o 1000 -g 1000 ', '', /nobody but root can write/],
    [
      'a second folder to write to',
      'VOLUME /var',
      'VOLUME /app\nVOLUME /var',
      /not exactly one folder to write to/,
    ],
  ])('see %s', (_what, from, to, problem) => {
    const broken = text.replace(from, to);
    expect(broken).not.toBe(text);
    expect(dockerfileProblems(broken).join('\n')).toMatch(problem);
  });
});
