// biome-ignore-all lint/suspicious/noTemplateCurlyInString: variables of the configuration are written so
import { chmodSync, readFileSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { loadConfig, loadConfigText, parseConfig } from '../../src/config/load-config.js';
import { DEFAULT_RULES } from '../../src/rules/rule-options.js';
import { tempDirectory } from '../support/temp-directory.js';
import { configOf, problemsOf } from './parse.js';

const ROOT = join(import.meta.dirname, '..', '..');

const DESIGN_EXAMPLE = `
broker:
  listeners: [{ protocol: mqtt, host: 127.0.0.1, port: 1883 }]
stream:
  mode: direct                      # or: kinesis
  log: { directory: ./data/log, maxSize: 4GiB, whenFull: block }   # or: drop-oldest (counted)
rules:
  - name: city-climate
    topic: sensors/+city/+device/telemetry        # +name captures one level, #name the rest
    where: payload.temperature > -60.0            # CEL; what it refuses is counted as filtered by this rule
    measurement: sensordata
    time: { path: timestamp, unit: auto }         # without it: the receive time kept in the record
    tags: { city: topic.city, device: topic.device }
    fields: { temperature: payload.temperature, humidity: { path: payload.humidity, type: float, range: [0, 100] } }
sink:
  influx: { url: "http://127.0.0.1:8086", org: iot, bucket: iotdata, token: "\${INFLUX_TOKEN}" }   # v2 and v3
http: { host: 127.0.0.1, port: 8080 }
`;

describe('what loads', () => {
  test.each(['', '{}', '# nothing but a comment\n', 'broker:\nstream:\nrules:\nsink:\n'])(
    'an empty file gives the defaults: %j',
    (yaml) => {
      const config = configOf(yaml);
      expect(config).toMatchObject({
        dataDirectory: '/etc/sluice/data',
        broker: {
          listeners: [{ protocol: 'mqtt', host: '127.0.0.1', port: 1883 }],
          insecure: false,
          maxPacketBytes: 262_144,
          maxConnections: 10_000,
          connectTimeoutMs: 10_000,
          maxKeepaliveMs: 65_535_000,
          retained: { maxMessages: 100_000, maxBytes: 64 * 2 ** 20 },
          maxInFlightPerClient: 500,
          maxInFlightBytes: 67_108_864,
        },
        stream: {
          log: {
            directory: '/etc/sluice/data/log',
            maxSizeBytes: 4_294_967_296,
            segmentSizeBytes: 67_108_864,
            whenFull: 'block',
          },
        },
        consumer: {
          maxBatchRecords: 5_000,
          maxBatchBytes: 8_388_608,
          lingerMs: 100,
          checkpointIntervalMs: 1_000,
          payload: { maxPayloadBytes: 65_536, maxDepth: 16, maxKeys: 1_000 },
          deadLetter: { maxSizeBytes: 1_073_741_824 },
        },
        sink: { kind: 'duckdb', duckdb: { path: '/etc/sluice/data/telemetry.duckdb' } },
        http: { host: '127.0.0.1', port: 8080 },
        log: { level: 'info', format: 'auto' },
      });
      expect(config.rules).toEqual(DEFAULT_RULES);
    },
  );

  test('the example of the design loads unchanged', () => {
    const { rules, sink } = configOf(DESIGN_EXAMPLE, { environment: { INFLUX_TOKEN: '12345' } });
    expect(sink).toMatchObject({
      kind: 'influx',
      influx: { version: 2, org: 'iot', bucket: 'iotdata', token: '12345' },
    });
    expect(rules).toEqual([
      {
        name: 'city-climate',
        topic: 'sensors/+city/+device/telemetry',
        where: 'payload.temperature > -60.0',
        measurement: 'sensordata',
        time: { path: 'timestamp', unit: 'auto', maxPastMs: 604_800_000, maxFutureMs: 600_000 },
        tags: { city: { path: 'topic.city' }, device: { path: 'topic.device' } },
        fields: {
          temperature: { path: 'payload.temperature' },
          humidity: { path: 'payload.humidity', type: 'float', range: [0, 100] },
        },
      },
    ]);
  });

  test('sluice.example.yaml loads, and its settings are the defaults', () => {
    const config = configOf(readFileSync(join(ROOT, 'sluice.example.yaml'), 'utf8'));
    const { rules, sink, ...defaults } = configOf('');
    expect(config).toMatchObject(defaults);
    expect(config.sink).toMatchObject(sink);
    expect(config.rules).not.toEqual(rules);
  });

  test('every commented-out sink of sluice.example.yaml loads too', () => {
    const example = readFileSync(join(ROOT, 'sluice.example.yaml'), 'utf8');
    const [, commented = ''] = /\n( {2}# InfluxDB 2\.[\s\S]*?)\n\n/.exec(example) ?? [];
    const blocks = commented
      .split(/^ {2}# InfluxDB.*\n/m)
      .map((block) => block.replace(/^ {2}# ?/gm, '  ').replaceAll('./influx-token', 'token'))
      .filter((block) => block.trim() !== '');
    expect(blocks).toHaveLength(3);
    const directory = tempDirectory();
    writeFileSync(join(directory, 'token'), 'secret\n', { mode: 0o600 });
    const versions = blocks.map((block) => {
      const { sink } = configOf(`sink:\n${block}`, {
        directory,
        environment: { INFLUX_TOKEN: 't', INFLUX_PASSWORD: 'p' },
      });
      return sink.kind === 'influx' && sink.influx.version;
    });
    expect(versions).toEqual([2, 1, 3]);
  });

  test('the configuration is deeply frozen', () => {
    const config = configOf(DESIGN_EXAMPLE, { environment: { INFLUX_TOKEN: 'x' } });
    const seen = new Set<unknown>();
    const check = (value: unknown) => {
      if (typeof value !== 'object' || value === null || seen.has(value)) return;
      seen.add(value);
      expect(Object.isFrozen(value)).toBe(true);
      Object.values(value).forEach(check);
    };
    check(config);
    expect(seen.size).toBeGreaterThan(15);
  });

  test('numbers and booleans may come from variables; a token of digits stays text', () => {
    const config = configOf(
      'broker: { listeners: [{ port: "${PORT}" }], maxConnections: "${MAX:-77}" }\nhttp: { insecure: "${OPEN}" }\nsink: { influx: { url: "http://h:1", database: d, username: u, password: "${PORT}" } }',
      { environment: { PORT: '2883', OPEN: 'true' } },
    );
    expect(config.broker).toMatchObject({ listeners: [{ port: 2883 }], maxConnections: 77 });
    expect(config.http?.insecure).toBe(true);
    expect(config.sink).toMatchObject({ influx: { password: '2883' } });
  });

  test('http: false switches it off', () => {
    expect(configOf('http: false').http).toBeUndefined();
  });

  test('shorthands and long forms of a rule mean the same', () => {
    const short =
      'rules: [{ name: a, topic: t, measurement: m, tags: { d: device }, fields: { t: payload.t } }]';
    const long =
      'rules: [{ name: a, topic: t, measurement: m, tags: { d: { path: device } }, fields: { t: { path: payload.t } } }]';
    expect(configOf(short).rules).toEqual(configOf(long).rules);
    const rest = configOf(
      'rules: [{ name: a, topic: t, measurement: m, time: auto, fields: auto, tags: { s: { value: x } } }]',
    ).rules[0];
    expect(rest).toMatchObject({ time: 'auto', fields: 'auto', tags: { s: { value: 'x' } } });
  });

  test.each([
    ['bucket: b, org: o', 2],
    ['database: d', 1],
    ['database: d, version: 3, token: t', 3],
    ['database: d, version: "3"', 3],
    ['bucket: b, org: o, version: 2', 2],
  ])('the version follows from the keys: %s', (keys, version) => {
    expect(configOf(`sink: { influx: { url: "http://h:8086/", ${keys} } }`).sink).toMatchObject({
      influx: { version, url: 'http://h:8086' },
    });
  });

  test.each([
    ['concurrency: 3', 3],
    ['lanes: 3', 3],
    ['timeout: 5s', undefined],
  ])('sink.influx.concurrency can also be written under its old name lanes: %s', (key, concurrency) => {
    const { sink } = configOf(`sink: { influx: { url: "http://h", database: d, ${key} } }`);
    expect(sink).toMatchObject({ kind: 'influx', influx: { concurrency } });
  });

  test('anchors and aliases are followed', () => {
    const { rules } = configOf(
      'rules:\n  - { name: a, topic: a, measurement: m, tags: &t { d: device } }\n  - { name: b, topic: b, measurement: m, tags: *t }\n',
    );
    expect(rules[1]?.tags).toEqual({ d: { path: 'device' } });
  });
});

describe('files', () => {
  test('a file without an end is read to a limit and rejected', async () => {
    await expect(loadConfig('/dev/zero')).rejects.toMatchObject({
      code: 'CONFIG_INVALID',
      message: expect.stringContaining('more than 1 MiB'),
    });
  });

  test('relative paths are relative to the folder of the file', async () => {
    const directory = tempDirectory();
    const file = join(directory, 'my.yaml');
    writeFileSync(file, 'stream: { log: { directory: store/log } }\nsink: { duckdb: { path: rows.duckdb } }');
    const config = await loadConfig(file);
    expect(config.dataDirectory).toBe(join(directory, 'store'));
    expect(config.sink).toMatchObject({ duckdb: { path: join(directory, 'rows.duckdb') } });
  });

  test('a file that is not there is CONFIG_UNREADABLE, exit code 2', async () => {
    await expect(loadConfig('/nowhere/sluice.yaml')).rejects.toMatchObject({
      code: 'CONFIG_UNREADABLE',
      exitCode: 2,
      message: '/nowhere/sluice.yaml: expected a file that can be read; no file is there',
    });
  });

  test('a file that is not UTF-8 is CONFIG_UNREADABLE', async () => {
    const file = join(tempDirectory(), 'sluice.yaml');
    writeFileSync(file, Buffer.from([0x62, 0xff, 0xfe]));
    await expect(loadConfig(file)).rejects.toMatchObject({ code: 'CONFIG_UNREADABLE' });
  });

  test('problems reject as CONFIG_INVALID with one line each', async () => {
    await expect(loadConfigText('a: 1\nb: 2', 'demo', '/')).rejects.toMatchObject({
      code: 'CONFIG_INVALID',
      exitCode: 2,
      message: expect.stringMatching(/^demo:1:1: a: .*\ndemo:2:1: b: [^\n]*$/),
    });
  });
});

describe('[security 45] secret files', () => {
  const yaml = 'sink:\n  influx:\n    url: http://h:8086\n    org: o\n    bucket: b\n    tokenFile: token\n';

  function withFile(content: string, mode: number): string {
    const directory = tempDirectory();
    writeFileSync(join(directory, 'token'), content);
    chmodSync(join(directory, 'token'), mode);
    return directory;
  }

  test.each([0o600, 0o400, 0o640])(
    'mode %o is accepted, and the line end is not part of the secret',
    (mode) => {
      const { sink } = configOf(yaml, { directory: withFile('s3cret\r\n', mode) });
      expect(sink).toMatchObject({ influx: { token: 's3cret' } });
    },
  );

  test.each([
    [0o644, '0644'],
    [0o604, '0604'],
    [0o660, '0660'],
  ])('mode %o is refused', (mode, text) => {
    expect(problemsOf(yaml, { directory: withFile('s3cret', mode) })).toEqual([
      expect.stringMatching(
        new RegExp(
          `^sluice.yaml:6:5: sink.influx.tokenFile: got a file that other users can reach \\(mode ${text}\\)`,
        ),
      ),
    ]);
  });

  test.each([
    ['', 'an empty file'],
    ['\n', 'an empty file'],
    ['two\nlines', 'several lines'],
    ['x'.repeat(70_000), 'more than 64 KiB'],
  ])('content that cannot be a secret is refused and not shown', (content, words) => {
    const [problem, ...rest] = problemsOf(yaml, { directory: withFile(content, 0o600) });
    expect(rest).toEqual([]);
    expect(problem).toContain(words);
    expect(problem).not.toContain('two');
  });

  test('a missing file and a token beside it are problems', () => {
    expect(problemsOf(yaml, { directory: tempDirectory() })).toEqual([
      expect.stringContaining('no file is there'),
    ]);
    expect(problemsOf(`${yaml}    token: x`, { directory: withFile('s', 0o600) })).toEqual([
      expect.stringContaining('got both token and tokenFile'),
    ]);
  });
});

test('Kinesis mode has a default for every key, and the other mode has no Kinesis settings', () => {
  const { stream } = configOf('stream: { mode: kinesis }');
  expect(stream.kinesis).toEqual({
    name: 'telemetry',
    producer: {
      gateway: hostname(),
      format: 'cloudevents',
      partitionBy: 'device',
      aggregation: true,
      aggregateBytes: 25_000,
      buckets: 64,
      lingerMs: 500,
      maxRecordBytes: 1_048_576,
      maxInFlightBytes: 33_554_432,
    },
    reader: {
      application: 'sluice',
      start: { kind: 'TRIM_HORIZON' },
      fanOut: false,
      bufferBytes: 67_108_864,
      shardSyncMs: 60_000,
    },
  });
  expect(configOf('stream: { kinesis: { name: x } }').stream.kinesis).toBeUndefined();
});

test('Kinesis mode uses the values of the file', () => {
  const { stream } = configOf(`
stream:
  mode: kinesis
  kinesis:
    { name: s, region: eu-west-1, endpoint: "http://127.0.0.1:4568/", aggregation: off, format: raw,
      application: app, start: "2026-01-31T12:00:00+01:00", checkpoints: dynamodb, reads: enhanced-fan-out,
      gateway: g, partitionKey: topic, leases: { worker: w, failover: 2s, maxShards: 3 } }
`);
  expect(stream.kinesis).toMatchObject({
    name: 's',
    region: 'eu-west-1',
    endpoint: 'http://127.0.0.1:4568',
    producer: { aggregation: false, format: 'raw', gateway: 'g', partitionBy: 'topic' },
    reader: {
      application: 'app',
      start: { kind: 'AT_TIMESTAMP', timestampMs: Date.UTC(2026, 0, 31, 11) },
      fanOut: true,
      leases: { table: 'app', workerId: 'w', failoverMs: 2000, maxLeases: 3 },
    },
  });
});

test('[security 45] the value of a secret or a variable is never shown', () => {
  const yaml = `
broker: { maxPacketSize: "\${SECRET}", listeners: [{ protocol: "\${SECRET}" }] }
sink:
  influx: { url: "http://user:hunter2@h:1", org: o, bucket: b, token: [hunter2] }
rules:
  - { name: a, topic: "\${SECRET}/#/", measurement: m, where: "\${SECRET} >" }
`;
  const result = parseConfig(yaml, 'sluice.yaml', '/', { SECRET: 'hunter2' });
  const text = JSON.stringify(result);
  expect(result.ok).toBe(false);
  expect(text).toContain('the value of ${SECRET}');
  expect(text).not.toContain('hunter2');
});

describe('a secret from a variable is read like one from a file', () => {
  const yaml = `sink:
  influx: { url: "http://h:1", org: o, bucket: b, token: "\${SECRET}" }
metrics: { otlp: { url: "http://h:4318/v1/metrics", headers: { authorization: "\${HEADER}" } } }
`;

  test.each(['s3cret\n', 's3cret\r\n', 's3cret\n\n'])('the line end of %j is not part of it', (value) => {
    const { sink, metrics } = configOf(yaml, { environment: { SECRET: value, HEADER: value } });
    expect(sink).toMatchObject({ influx: { token: 's3cret' } });
    expect(metrics.otlp?.headers).toEqual({ authorization: 's3cret' });
  });

  test.each(['s3cret ', ' s3cret', 's3\ncret', 's3\0cret'])(
    '%j is a problem that names the key and does not show it',
    (value) => {
      for (const [key, environment] of [
        ['sluice.yaml:2:51: sink.influx.token', { SECRET: value, HEADER: 'x' }],
        ['sluice.yaml:3:64: metrics.otlp.headers.authorization', { SECRET: 'x', HEADER: value }],
      ] as const) {
        const problems = problemsOf(yaml, { environment });
        expect(problems).toHaveLength(1);
        expect(problems[0]).toContain(`${key}: got the value of`);
        expect(problems[0]).not.toMatch(/s3|cret$/);
      }
    },
  );

  test('a password and a file follow the same rule', () => {
    const v1 = (key: string) => `sink: { influx: { url: "http://h:1", database: d, username: u, ${key} } }`;
    expect(problemsOf(v1('password: " p"'))).toEqual([expect.stringContaining('without blanks around it')]);
    const directory = tempDirectory();
    writeFileSync(join(directory, 'p'), ' p\n', { mode: 0o600 });
    expect(problemsOf(v1('passwordFile: p'), { directory })).toEqual([
      expect.stringContaining('got blanks at its beginning or end'),
    ]);
  });
});
