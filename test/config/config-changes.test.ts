import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { configChanges, isApplicable } from '../../src/config/config-changes.js';
import { type LoadedConfig, parseConfig } from '../../src/config/load-config.js';
import { formatProblem } from '../../src/config/problem.js';
import { tempDirectory } from '../support/temp-directory.js';

function load(yaml: string, directory = '/etc/sluice'): LoadedConfig {
  const result = parseConfig(yaml, 'sluice.yaml', directory, {});
  if (!result.ok) throw new Error(result.problems.map(formatProblem).join('\n'));
  return result.loaded;
}

function changes(before: string, after: string) {
  const started = load(before);
  return configChanges({ started, applied: started }, load(after));
}

const NOTHING = {
  rules: { added: [], removed: [], changed: [], reordered: false },
  settings: [],
  needRestart: [],
};

function rules(...list: readonly string[]): string {
  return `rules: [${list.join(', ')}]\n`;
}
const rule = (name: string, more = '') => `{ name: ${name}, topic: ${name}/#, measurement: m${more} }`;

describe('what a reload changes', () => {
  it('is nothing for another comment, unit of writing, or order of keys', () => {
    expect(
      changes(
        'http: { port: 8081, host: 127.0.0.1 }\nstream: { log: { maxSize: 4GiB } }',
        '# a comment\nstream: { log: { maxSize: 4096MiB } }\nhttp: { host: 127.0.0.1, port: 8081 }',
      ),
    ).toEqual(NOTHING);
  });

  it('is nothing for a default that is now written', () => {
    expect(changes('', 'log: { level: info }\nconsumer: { payload: { maxDepth: 16 } }')).toEqual(NOTHING);
  });

  it('has rules by name: added, removed, changed', () => {
    const found = changes(
      rules(rule('a'), rule('b'), rule('c')),
      rules(rule('b', ', where: "payload.v > 1.0"'), rule('c'), rule('d')),
    );
    expect(found).toEqual({
      ...NOTHING,
      rules: { added: ['d'], removed: ['a'], changed: ['b'], reordered: false },
    });
    expect(isApplicable(found)).toBe(true);
  });

  it.each([
    ['where', ', where: "true"'],
    ['tags', ', tags: { d: device }'],
    ['fields', ', fields: { v: payload.v }'],
    ['time', ', time: auto'],
  ])('sees another %s of a rule', (_key, more) => {
    expect(changes(rules(rule('a')), rules(rule('a', more))).rules.changed).toEqual(['a']);
  });

  it('has another order of rules, because the first that matches applies', () => {
    const found = changes(rules(rule('a'), rule('b')), rules(rule('b'), rule('a')));
    expect(found).toEqual({ ...NOTHING, rules: { ...NOTHING.rules, reordered: true } });
    expect(isApplicable(found)).toBe(true);
    expect(changes(rules(rule('a'), rule('b')), rules(rule('c'), rule('a'), rule('b'))).rules.reordered).toBe(
      false,
    );
  });

  it('has the limits of a payload, which belong to the mapping', () => {
    const found = changes('', 'consumer: { payload: { maxDepth: 4 } }');
    expect(found).toEqual({ ...NOTHING, settings: ['consumer.payload.maxDepth'] });
    expect(isApplicable(found)).toBe(true);
  });

  it('replaces the built-in rule by the first that is written', () => {
    expect(changes('', rules(rule('a'))).rules).toMatchObject({ added: ['a'], removed: ['default'] });
  });
});

describe('what needs a restart', () => {
  it.each([
    ['http: { port: 8081 }', ['http.port']],
    ['http: false', ['http']],
    ['log: { level: debug }', ['log.level']],
    [
      'consumer: { batch: { records: 5 }, checkpointInterval: 2s }',
      ['consumer.batch.records', 'consumer.checkpointInterval'],
    ],
    ['broker: { listeners: [{ port: 1884 }] }', ['broker.listeners[0].port']],
    ['broker: { listeners: [{}, { port: 1884 }] }', ['broker.listeners']],
    ['sink: { influx: { url: "http://127.0.0.1:8086", database: d } }', ['sink.influx']],
    ['metrics: { otlp: { url: "http://127.0.0.1:4318/v1/metrics" } }', ['metrics.otlp']],
  ])('%s', (after, keys) => {
    const found = changes('', after);
    expect(found).toEqual({ ...NOTHING, needRestart: keys });
    expect(isApplicable(found)).toBe(false);
  });

  it('is named by the key alone where the value is a secret', () => {
    const sink = (token: string) =>
      `sink: { influx: { url: "http://127.0.0.1:8086", org: o, bucket: b, token: ${token} } }`;
    const found = changes(sink('old-secret'), sink('new-secret'));
    expect(found.needRestart).toEqual(['sink.influx.token']);
    expect(JSON.stringify(found)).not.toContain('secret');
  });

  it('is a secret file whose content has changed', () => {
    const directory = tempDirectory();
    const yaml = 'sink: { influx: { url: "http://127.0.0.1:8086", org: o, bucket: b, tokenFile: token } }';
    const write = (token: string) => writeFileSync(join(directory, 'token'), token, { mode: 0o600 });
    write('one');
    const started = load(yaml, directory);
    write('two');
    const next = load(yaml, directory);
    expect(configChanges({ started, applied: started }, next).needRestart).toEqual(['sink.influx.tokenFile']);
    expect(configChanges({ started: next, applied: next }, load(yaml, directory))).toEqual(NOTHING);
  });

  it('is no key that only has its new name', () => {
    const sink = (key: string, requests: number) =>
      `sink: { influx: { url: "http://127.0.0.1:8086", database: d, ${key}: ${requests} } }`;
    expect(changes(sink('lanes', 2), sink('concurrency', 2))).toEqual(NOTHING);
    expect(changes(sink('lanes', 2), sink('concurrency', 3)).needRestart).toEqual([
      'sink.influx.concurrency',
    ]);
  });

  it('is compared with the start, and rules with what was applied last', () => {
    const started = load(`${rules(rule('a'))}log: { level: info }`);
    const applied = load(`${rules(rule('b'))}log: { level: debug }`);
    expect(configChanges({ started, applied }, applied)).toEqual({ ...NOTHING, needRestart: ['log.level'] });
    expect(configChanges({ started, applied }, started).rules).toMatchObject({
      added: ['a'],
      removed: ['b'],
    });
  });
});
