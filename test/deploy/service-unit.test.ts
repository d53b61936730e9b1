import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { packageRoot } from '../../src/lib/package-root.js';

/** Documented in docs/operations.md: a stop takes up to so long. */
const STOP_DEADLINE_S = 8;
const MAX_CONNECTIONS = 10_000;

const lines = readFileSync(join(packageRoot(), 'deploy/sluice.service'), 'utf8').split('\n');
/** Every `Key=value`; a key that stands twice, as SystemCallFilter, has the values in order. */
const settings = new Map<string, string[]>();
for (const line of lines.filter((one) => /^[A-Z]\w*=/.test(one))) {
  const [key = '', value = ''] = [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1)];
  settings.set(key, [...(settings.get(key) ?? []), value]);
}
const one = (key: string) => settings.get(key)?.join(' ');

describe('deploy/sluice.service', () => {
  it('has nothing but sections, settings and comments', () => {
    const other = lines.filter(
      (line) => line !== '' && !/^(#|\[(Unit|Service|Install)\]$|[A-Z]\w*=)/.test(line),
    );
    expect(other).toEqual([]);
  });

  it('starts what is in the repository', () => {
    const [program, entry, command, flag] = one('ExecStart')!.split(' ');
    expect([program, command, flag]).toEqual(['/usr/bin/node', 'start', '-c']);
    expect(existsSync(join(packageRoot(), entry!))).toBe(true);
    const documentation = one('Documentation')!.replace(`file://${one('WorkingDirectory')}/`, '');
    expect(existsSync(join(packageRoot(), documentation))).toBe(true);
  });

  it('reloads by the signal that the gateway obeys, and does not stop for it', () => {
    expect(one('ExecReload')).toBe('/bin/kill -HUP $MAINPID');
  });

  it('does not start a wrong configuration again and again', () => {
    expect(one('Restart')).toBe('on-failure');
    expect(one('RestartPreventExitStatus')).toBe('2');
  });

  it('waits longer than a stop takes', () => {
    expect(Number(/^(\d+)s$/.exec(one('TimeoutStopSec')!)![1])).toBeGreaterThan(STOP_DEADLINE_S);
    expect(one('KillMode')).toBe('mixed');
    expect(settings.has('KillSignal')).toBe(false);
  });

  it('allows the connections of two listeners', () => {
    expect(Number(one('LimitNOFILE'))).toBeGreaterThan(2 * MAX_CONNECTIONS);
  });

  it('runs as a user of its own that can write its state directory and nothing else', () => {
    expect(one('DynamicUser')).toBe('yes');
    expect(one('StateDirectory')).toBe('sluice');
    expect(one('StateDirectoryMode')).toBe('0700');
    expect(one('ProtectSystem')).toBe('strict');
    expect(one('NoNewPrivileges')).toBe('yes');
    expect(one('CapabilityBoundingSet')).toBe('');
    for (const key of ['User', 'ReadWritePaths']) expect(settings.has(key), key).toBe(false);
  });

  it('lets V8 compile and Node read the addresses of the machine', () => {
    expect(settings.has('MemoryDenyWriteExecute')).toBe(false);
    expect(one('RestrictAddressFamilies')!.split(' ')).toContain('AF_NETLINK');
  });
});
