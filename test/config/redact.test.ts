import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { parse } from 'yaml';
import { parseConfig } from '../../src/config/load-config.js';
import { effectiveConfigText } from '../../src/config/redact.js';

function effective(yaml: string): string {
  const result = parseConfig(yaml, 'f', '/x', {});
  if (!result.ok) throw new Error(JSON.stringify(result.problems));
  return effectiveConfigText(result.loaded.written);
}

test('the output reads like a configuration, with every default and with units', () => {
  const shown = effective('http: false');
  expect(parse(shown)).toMatchObject({
    broker: { maxPacketSize: '256KiB', maxKeepalive: '65535s', listeners: [{ protocol: 'mqtt' }] },
    stream: { log: { maxSize: '4GiB' } },
    consumer: { batch: { linger: '100ms' } },
    http: false,
  });
});

test('the output for the example loads again and gives the same output', () => {
  const example = readFileSync(join(import.meta.dirname, '..', '..', 'sluice.example.yaml'), 'utf8');
  const once = effective(example);
  expect(effective(once)).toBe(once);
});

test('[security 45] secrets show only as set or unset', () => {
  const v2 = effective('sink: { influx: { url: "http://h:1", org: o, bucket: b, token: hunter2 } }');
  expect(v2).toContain('token: set');
  expect(v2).not.toContain('hunter2');
  const v1 = effective(
    'sink: { influx: { url: "http://h:1", database: d, username: u, password: hunter2 } }',
  );
  expect(v1).toContain('password: set');
  expect(v1).not.toContain('hunter2');
  expect(effective('sink: { influx: { url: "http://h:1", org: o, bucket: b } }')).toContain('token: unset');
  const otlp = effective('metrics: { otlp: { url: "http://h:1", headers: { authorization: hunter2 } } }');
  expect(otlp).toContain('authorization: set');
  expect(otlp).not.toContain('hunter2');
});

test('a tag called token is not a secret', () => {
  const shown = effective('rules: [{ name: a, topic: t, measurement: m, tags: { token: device } }]');
  expect(parse(shown)).toMatchObject({ rules: [{ tags: { token: { path: 'device' } } }] });
});
