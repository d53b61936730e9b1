import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { packageRoot, VERSION } from '../../src/lib/package-root.js';
import { composeProblems } from './compose-rules.js';
import { type Compose, composeSchema } from './compose-schema.js';

const read = (file: string) => readFileSync(join(packageRoot(), file), 'utf8');
const text = read('docker-compose.yml');
const parsed = (): unknown => parse(text, { merge: true });
const compose = composeSchema.parse(parsed());

/** `NAME=value` lines. */
const example = new Map(
  read('.env.example')
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#'))
    .map((line) => [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1)]),
);
const variables = [...text.matchAll(/\$\{([A-Z0-9_]+)(?::([-?])([^}]*))?\}/g)].map(
  ([, name = '', kind, rest]) => ({ name, kind, rest }),
);

describe('docker-compose.yml', () => {
  it('[security 54] keeps every rule', () => {
    expect(composeProblems(parsed())).toEqual([]);
  });

  it('runs gateway, InfluxDB, Grafana and a fleet without a profile, and has the five profiles', () => {
    const entries = Object.entries(compose.services);
    const always = entries.filter(([, { profiles }]) => profiles === undefined).map(([name]) => name);
    expect(always.sort()).toEqual(['fleet', 'gateway', 'grafana', 'influxdb']);
    expect(new Set(entries.flatMap(([, { profiles }]) => profiles ?? []))).toEqual(
      new Set(['embedded', 'influxdb1', 'influxdb3', 'kinesis', 'prometheus']),
    );
  });

  it('starts in the order of health', () => {
    const dependenciesOf = (name: string) => Object.keys(compose.services[name]?.depends_on ?? {}).sort();
    expect(dependenciesOf('gateway')).toEqual(['influxdb']);
    expect(dependenciesOf('fleet')).toEqual(['gateway']);
    expect(dependenciesOf('grafana')).toEqual(['influxdb']);
    expect(dependenciesOf('gateway-consume')).toEqual(['dynamodb', 'influxdb', 'kinesis']);
  });

  it('names the image by the version of the package', () => {
    expect(compose.services.gateway?.image).toBe(`sluice:${VERSION}`);
  });

  it('gives a stop longer than the gateway takes at most', () => {
    const gateways = Object.values(compose.services).filter(({ healthcheck, image }) => {
      return image.startsWith('sluice:') && 'test' in healthcheck;
    });
    expect(gateways.length).toBe(6);
    for (const { stop_grace_period } of gateways) expect(stop_grace_period).toBe('15s');
  });

  it('hands Grafana what its provisioning reads', () => {
    const { environment, volumes } = compose.services.grafana!;
    expect(environment).toMatchObject({
      INFLUX_URL: 'http://influxdb:8086',
      INFLUX_ORG: expect.anything(),
      INFLUX_BUCKET: expect.anything(),
      INFLUX_TOKEN: expect.anything(),
    });
    expect(volumes).toContain('./grafana/provisioning:/etc/grafana/provisioning:ro');
    expect(volumes).toContain('./grafana/dashboards:/var/lib/grafana/dashboards:ro');
  });
});

describe('.env.example', () => {
  it('has every variable of docker-compose.yml and no other', () => {
    expect([...example.keys()].sort()).toEqual([...new Set(variables.map(({ name }) => name))].sort());
  });

  it('leaves what has to be set empty and shows the defaults of the rest', () => {
    for (const { name, kind, rest } of variables) {
      expect(`${name}=${example.get(name)}`).toBe(kind === '-' ? `${name}=${rest}` : `${name}=`);
    }
  });
});

describe('the rules of docker-compose.yml', () => {
  const broken: readonly [string, (file: Compose) => void, RegExp][] = [
    ['a misspelt key', ({ services }) => Object.assign(services.grafana!, { enviroment: {} }), /enviroment/],
    ['an unknown section', (file) => Object.assign(file, { secret: {} }), /secret: not a key/],
    ['a tag that moves', ({ services }) => (services.grafana!.image = 'grafana/grafana:latest'), /pinned/],
    ['no tag', ({ services }) => (services.grafana!.image = 'grafana/grafana'), /pinned/],
    ['a port for all', ({ services }) => (services.gateway!.ports = ['1883:1883']), /127\.0\.0\.1/],
    [
      'a port twice',
      ({ services }) => (services.grafana!.ports = services.influxdb!.ports),
      /published twice/,
    ],
    [
      'a secret',
      ({ services }) => (services.grafana!.environment!.GF_SECURITY_ADMIN_PASSWORD = 'admin'),
      /has to be set/,
    ],
    [
      'a default for a secret',
      ({ services }) =>
        (services.gateway!.environment!.INFLUX_TOKEN = services.gateway!.environment!.INFLUX_ORG!),
      /has to be set/,
    ],
    [
      'nobody to wait for',
      ({ services }) => (services.fleet!.depends_on = { gatewy: { condition: 'service_healthy' } }),
      /gatewy, which is not there/,
    ],
    [
      'no health to wait for',
      ({ services }) => (services.gateway!.healthcheck = { disable: true }),
      /no check/,
    ],
    ['another profile', ({ services }) => (services.influxdb!.profiles = ['two']), /another profile/],
    ['a volume too few', ({ volumes }) => delete volumes.grafana, /volume grafana is not defined/],
    ['a volume too many', ({ volumes }) => (volumes.more = null), /volume more is used by 0/],
    [
      'a shared data directory',
      ({ services }) => services['gateway-ingest']!.volumes!.push('gateway:/data'),
      /used by 2/,
    ],
    ['a missing file', ({ services }) => (services.fleet!.volumes = ['./no:/no:ro']), /no is not there/],
    ['a file to write', ({ services }) => (services.fleet!.volumes = ['./deploy:/d']), /could be written/],
    ['a root to write', ({ services }) => (services.gateway!.read_only = false), /read-only root/],
    ['no init process', ({ services }) => (services.gateway!.init = false), /an init process/],
    ['root', ({ services }) => (services.fleet!.user = '0:0'), /another user than root/],
    ['capabilities', ({ services }) => (services.fleet!.cap_drop = []), /no capabilities/],
    [
      'an image from elsewhere',
      ({ services }) => (services.fleet!.pull_policy = 'missing'),
      /that is built here/,
    ],
  ];

  it.each(broken)('see %s', (_what, breakIt, problem) => {
    const file = composeSchema.parse(parsed());
    breakIt(file);
    expect(composeProblems(file).join('\n')).toMatch(problem);
  });
});
