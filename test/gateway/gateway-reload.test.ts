import { describe, expect, it } from 'vitest';
import { type LoadedConfig, parseConfig } from '../../src/config/load-config.js';
import { ConfigError, formatProblem } from '../../src/config/problem.js';
import type { AccessReload } from '../../src/config/reload-result.js';
import { GatewayReload } from '../../src/gateway/gateway-reload.js';
import { SluiceError } from '../../src/lib/errors.js';
import type { ReplaceRulesRequest } from '../../src/pipeline/consume-protocol.js';

function load(yaml: string): LoadedConfig {
  const result = parseConfig(yaml, 'sluice.yaml', '/etc/sluice', {});
  if (!result.ok) throw new ConfigError(result.problems);
  return { ...result.loaded, file: 'sluice.yaml' };
}

const rule = (name: string) => `rules: [{ name: ${name}, topic: "#", measurement: m }]\n`;

/** A reload whose file and consumer a test steers. */
function setUp(
  yaml: string,
  { isConsuming = true, access }: { isConsuming?: boolean; access?: AccessReload } = {},
) {
  const file = { yaml, reads: 0 };
  const asked: ReplaceRulesRequest[] = [];
  const lines: { readonly level: string; readonly fields: Record<string, unknown>; readonly text: string }[] =
    [];
  const consumer: { answer: () => Promise<unknown> } = { answer: async () => undefined };
  const log = (level: string) => (fields: object, text: string) => {
    lines.push({ level, fields: fields as Record<string, unknown>, text });
  };
  const reload = new GatewayReload({
    started: load(yaml),
    read: async () => {
      file.reads += 1;
      return load(file.yaml);
    },
    replaceRules: isConsuming
      ? (request) => {
          asked.push(request);
          return consumer.answer();
        }
      : undefined,
    reloadAccess: async () => access,
    logger: { info: log('info'), warn: log('warn') },
  });
  return { reload, file, asked, lines, consumer };
}

describe('a reload', () => {
  it('says that nothing has changed, and leaves the consumer alone', async () => {
    const { reload, asked, lines } = setUp(rule('a'));
    expect(await reload.run()).toMatchObject({ outcome: 'unchanged', file: 'sluice.yaml' });
    expect(asked).toEqual([]);
    expect(lines).toMatchObject([{ level: 'info', text: expect.stringContaining('has not changed') }]);
    expect(reload.totals()).toMatchObject({ unchanged: 1, applied: 0 });
  });

  it('warns of a new rule that no record reaches', async () => {
    const { reload, file, lines } = setUp(rule('a'));
    file.yaml =
      'rules:\n  - { name: a, topic: "#", measurement: m }\n  - { name: b, topic: x, measurement: m }\n';
    expect(await reload.run()).toMatchObject({ outcome: 'applied' });
    expect(lines.find(({ level }) => level === 'warn')?.fields).toEqual({
      code: 'RULES_UNREACHABLE',
      rules: [expect.stringMatching(/^sluice\.yaml:3:16: rules\[1\]\.topic: got "x", .*rules\[0\]/)],
    });
  });

  it('warns of windows that the new rules leave without points', async () => {
    const windows = 'windows: { aggregates: [{ name: w, from: m, every: 5min, fields: { t: mean } }] }';
    const { reload, file, lines } = setUp(`${rule('a')}${windows}`);
    file.yaml = `rules: [{ name: a, topic: "#", measurement: other }]\n${windows}`;
    expect(await reload.run()).toMatchObject({ outcome: 'applied' });
    expect(lines.filter(({ level }) => level === 'warn').map(({ fields }) => fields)).toEqual([
      {
        code: 'WINDOWS_WITHOUT_POINTS',
        windows: [expect.stringContaining('windows.aggregates[0].from: got "m", expected')],
      },
    ]);
  });

  it('is refused when a rule would write into rows of windows that are in force until the restart', async () => {
    const windows = 'windows: { aggregates: [{ name: w, from: m, every: 5min, fields: { t: mean } }] }';
    const { reload, file, asked } = setUp(`${rule('a')}${windows}`);
    file.yaml = 'rules: [{ name: a, topic: "#", measurement: w_5min }]';
    expect(await reload.run()).toMatchObject({
      outcome: 'invalid',
      problems: [{ key: 'rules[0].measurement', expected: expect.stringContaining('itself') }],
    });
    expect(asked).toEqual([]);
  });

  it('gives the consumer the new rules with the limits of a payload, and logs what has changed', async () => {
    const { reload, file, asked, lines } = setUp(rule('a'));
    file.yaml = `${rule('b')}consumer: { payload: { maxDepth: 4 } }\nhttp: { port: 8081 }`;
    const changes = {
      rules: { added: ['b'], removed: ['a'], changed: [], reordered: false },
      settings: ['consumer.payload.maxDepth'],
      needRestart: ['http.port'],
    };
    expect(await reload.run()).toEqual({ outcome: 'applied', file: 'sluice.yaml', changes });
    expect(asked).toMatchObject([
      { kind: 'replace-rules', rules: [{ name: 'b' }], payload: { maxDepth: 4, maxKeys: 1_000 } },
    ]);
    expect(lines).toMatchObject([
      {
        level: 'info',
        fields: {
          file: 'sluice.yaml',
          added: ['b'],
          removed: ['a'],
          settings: ['consumer.payload.maxDepth'],
          needRestart: ['http.port'],
        },
      },
    ]);
    expect(lines[0]!.fields).not.toHaveProperty('changed');
    // What needs a restart is named until it happens; what was applied is not applied again.
    expect(await reload.run()).toMatchObject({
      outcome: 'restart-needed',
      changes: { settings: [], needRestart: ['http.port'] },
    });
    expect(asked).toHaveLength(1);
  });

  it('of an invalid file changes nothing, and names file, line, key, found and expected', async () => {
    const { reload, file, asked, lines } = setUp(rule('a'));
    file.yaml = `${rule('b')}consumer: { payload: { maxDepth: deep } }`;
    expect(await reload.run()).toEqual({
      outcome: 'invalid',
      file: 'sluice.yaml',
      code: 'CONFIG_INVALID',
      problems: [
        {
          file: 'sluice.yaml',
          line: 2,
          column: expect.any(Number) as number,
          key: 'consumer.payload.maxDepth',
          got: '"deep"',
          expected: 'a whole number, 1 to 256',
          hint: undefined,
        },
      ],
    });
    expect(asked).toEqual([]);
    expect(lines).toMatchObject([
      {
        level: 'warn',
        fields: {
          code: 'CONFIG_RELOAD_REFUSED',
          problems: [expect.stringContaining('sluice.yaml:2:24: consumer.payload.maxDepth: got "deep"')],
        },
      },
    ]);
    file.yaml = rule('a');
    expect(await reload.run()).toMatchObject({ outcome: 'unchanged' });
    expect(reload.totals()).toMatchObject({ invalid: 1, unchanged: 1 });
  });

  it('keeps a rule out of the measurement that the metrics of the gateway are written to until its restart', async () => {
    const { reload, file, asked } = setUp(
      'metrics: { store: { enabled: true, measurement: gateway } }\nrules: [{ name: a, topic: "#", measurement: m }]',
    );
    file.yaml =
      'metrics: { store: { enabled: true, measurement: other } }\nrules: [{ name: a, topic: "#", measurement: gateway }]';
    const result = await reload.run();
    expect(result.outcome === 'invalid' && result.problems.map(formatProblem)).toEqual([
      'sluice.yaml:2:32: rules[0].measurement: expected a measurement that the gateway itself does not write into until it is restarted',
    ]);
    expect(asked).toEqual([]);
  });

  it('that the consumer refuses is tried again in full by the next one', async () => {
    const { reload, file, asked, lines, consumer } = setUp(rule('a'));
    file.yaml = rule('b');
    consumer.answer = () =>
      Promise.reject(new SluiceError('RELOAD_FAILED', 'the checkpoint cannot be saved'));
    await expect(reload.run()).rejects.toMatchObject({ code: 'RELOAD_FAILED' });
    expect(lines).toMatchObject([
      {
        level: 'warn',
        fields: { code: 'CONFIG_RELOAD_REFUSED', reason: 'the checkpoint cannot be saved' },
      },
    ]);
    consumer.answer = async () => undefined;
    expect(await reload.run()).toMatchObject({
      outcome: 'applied',
      changes: { rules: { added: ['b'], removed: ['a'] } },
    });
    expect(asked).toHaveLength(2);
    expect(reload.totals()).toMatchObject({ failed: 1, applied: 1 });
  });

  it('says so where no consumer runs', async () => {
    const { reload, file, asked } = setUp(rule('a'), { isConsuming: false });
    file.yaml = `${rule('b')}http: { port: 8081 }`;
    expect(await reload.run()).toMatchObject({
      outcome: 'no-consumer',
      changes: { rules: { added: ['b'] }, needRestart: ['http.port'] },
    });
    expect(asked).toEqual([]);
    expect(await reload.run()).toMatchObject({ outcome: 'restart-needed' });
  });

  it('reads the access file first and on its own, also beside a configuration that is not valid', async () => {
    const access: AccessReload = { outcome: 'unchanged', file: 'access.yaml' };
    const { reload, file } = setUp(rule('a'), { access });
    expect(await reload.run()).toMatchObject({ outcome: 'unchanged', access });
    file.yaml = 'brokr: {}';
    expect(await reload.run()).toMatchObject({ outcome: 'invalid', access });
  });

  it('is refused while another one runs; a signal is obeyed after that, because the file may have changed', async () => {
    const { reload, file, consumer, asked } = setUp(rule('a'));
    let finish: () => void = () => undefined;
    consumer.answer = () =>
      new Promise<void>((resolve) => {
        finish = resolve;
      });
    file.yaml = rule('b');
    const first = reload.run();
    await until(() => asked.length === 1);
    await expect(reload.run()).rejects.toMatchObject({ code: 'RELOAD_BUSY' });
    file.yaml = rule('c');
    reload.onSignal();
    reload.onSignal();
    expect(file.reads).toBe(1);
    finish();
    expect(await first).toMatchObject({ outcome: 'applied' });
    await until(() => asked.length === 2);
    expect(asked[1]!.rules).toMatchObject([{ name: 'c' }]);
    finish();
    await until(() => reload.totals().applied === 2);
    expect(file.reads).toBe(2);
  });
});

async function until(isReached: () => boolean): Promise<void> {
  while (!isReached()) await new Promise<void>((resolve) => setImmediate(resolve));
}
