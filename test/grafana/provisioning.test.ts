import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import * as z from 'zod';
import { packageRoot } from '../../src/lib/package-root.js';
import { type Compose, composeSchema } from '../deploy/compose-schema.js';
import { DASHBOARDS } from './dashboard-shape.js';

const PROVISIONING = join(packageRoot(), 'grafana', 'provisioning');
const read = (...path: string[]) => readFileSync(join(packageRoot(), ...path), 'utf8');
const text = z.string().min(1);

/** As provisioning reads it; any other key is a slip. */
const sourceSchema = z.strictObject({
  name: text,
  uid: z.string().regex(/^[\w-]{1,40}$/),
  type: z.enum(['influxdb', 'prometheus']),
  access: z.literal('proxy'),
  url: text,
  user: text.optional(),
  isDefault: z.literal(true).optional(),
  editable: z.literal(false),
  jsonData: z.strictObject({
    dbName: text.optional(),
    httpMode: z.literal('POST').optional(),
    httpMethod: z.literal('POST').optional(),
    timeInterval: z.literal('10s'),
    maxSeries: z.int().optional(),
    httpHeaderName1: z.literal('Authorization').optional(),
  }),
  secureJsonData: z.strictObject({ password: text.optional(), httpHeaderValue1: text.optional() }).optional(),
});
const sourcesSchema = z.strictObject({
  apiVersion: z.literal(1),
  prune: z.literal(true),
  datasources: z.array(sourceSchema).min(1),
});
const providerSchema = z.strictObject({
  apiVersion: z.literal(1),
  providers: z.tuple([
    z.strictObject({
      name: text,
      folder: text,
      type: z.literal('file'),
      disableDeletion: z.literal(false),
      allowUiUpdates: z.literal(false),
      updateIntervalSeconds: z.int().min(10),
      options: z.strictObject({ path: text }),
    }),
  ]),
});

const files = readdirSync(join(PROVISIONING, 'datasources'));
const sources = files.flatMap(
  (file) => sourcesSchema.parse(parse(read('grafana', 'provisioning', 'datasources', file))).datasources,
);
const provisioning = [
  ...files.map((file) => `datasources/${file}`),
  ...readdirSync(join(PROVISIONING, 'dashboards')).map((file) => `dashboards/${file}`),
];
const compose: Compose = composeSchema.parse(parse(read('docker-compose.yml'), { merge: true }));
const { environment = {}, volumes = [] } = compose.services.grafana!;
const bare = (yaml: string) =>
  yaml
    .split('\n')
    .filter((line) => !line.trimStart().startsWith('#'))
    .join('\n');

describe('data sources', () => {
  it('exist for each InfluxDB version, the embedded store and Prometheus, with unique uids and names', () => {
    expect(sources.map(({ uid }) => uid).sort()).toEqual([
      'iot-influx',
      'iot-influx1',
      'iot-influx3',
      'sluice-embedded',
      'sluice-prometheus',
    ]);
    expect(new Set(sources.map(({ name }) => name)).size).toBe(sources.length);
    expect(sources.filter(({ isDefault }) => isDefault).map(({ uid }) => uid)).toEqual(['iot-influx']);
  });

  it('exist for every dashboard and for the alert rules', () => {
    const types = sources.map(({ type }) => type as string);
    for (const { dashboard } of DASHBOARDS) expect(types).toContain(dashboard.templating.list[0]!.query);
    const alerts = read('grafana', 'provisioning', 'alerting', 'sluice.yaml');
    const used = [...alerts.matchAll(/datasourceUid: (\S+)/g)].map(([, uid]) => uid!);
    expect(used.length).toBeGreaterThan(0);
    const uids = [...sources.map(({ uid }) => uid), '__expr__'];
    for (const uid of used) expect(uids).toContain(uid);
  });

  it('name the database and the user that the gateway of that version writes with', () => {
    const written = (version: number) =>
      (
        parse(read('deploy', 'sluice', `influxdb${version}.yaml`)) as {
          sink: { influx: Record<string, string> };
        }
      ).sink.influx;
    const source = (uid: string) => sources.find((one) => one.uid === uid)!;
    expect(source('iot-influx').jsonData.dbName).toBe(written(2).bucket);
    expect(source('iot-influx1').jsonData.dbName).toBe(written(1).database);
    expect(source('iot-influx1').user).toBe(written(1).username);
    expect(source('iot-influx1').secureJsonData?.password).toBe(written(1).password);
    expect(source('iot-influx3').jsonData.dbName).toBe(written(3).database);
    // biome-ignore lint/suspicious/noTemplateCurlyInString: filled in by Grafana
    expect(source('iot-influx').url).toBe('${INFLUX_URL}');
    expect(environment.INFLUX_URL).toBe(written(2).url);
    expect(source('iot-influx1').url).toBe(written(1).url);
    expect(source('iot-influx3').url).toBe(written(3).url);
  });

  it('keep secrets out of the files', () => {
    for (const { secureJsonData = {} } of sources) {
      for (const value of Object.values(secureJsonData)) expect(value).toMatch(/^(Token )?\$\{[A-Z0-9_]+\}$/);
    }
  });
});

describe.each(provisioning)('%s', (file) => {
  it('uses only environment variables that docker-compose.yml passes to Grafana, and has no other dollar sign', () => {
    const yaml = bare(read('grafana', 'provisioning', file));
    for (const [, name] of yaml.matchAll(/\$\{(\w+)\}/g)) expect(Object.keys(environment)).toContain(name);
    expect(yaml.replace(/\$\{\w+\}/g, '')).not.toContain('$');
  });
});

describe('docker-compose.yml', () => {
  it('passes variables of .env.example to Grafana', () => {
    const example = [...read('.env.example').matchAll(/^([A-Z0-9_]+)=/gm)].map(([, name]) => name);
    const used = Object.values(environment).flatMap((value) =>
      [...String(value).matchAll(/\$\{([A-Z0-9_]+)/g)].map(([, name]) => name),
    );
    expect(used.length).toBeGreaterThan(3);
    for (const name of used) expect(example).toContain(name);
  });

  it('mounts the folder of the dashboards where the provider looks, so that a new one is found', () => {
    const [provider] = providerSchema.parse(
      parse(read('grafana', 'provisioning', 'dashboards', 'sluice.yaml')),
    ).providers;
    expect(volumes).toContain(`./grafana/dashboards:${provider.options.path}:ro`);
    expect(volumes).toContain('./grafana/provisioning:/etc/grafana/provisioning:ro');
    const names = readdirSync(join(packageRoot(), 'grafana', 'dashboards'));
    for (const { file } of DASHBOARDS) expect(names).toContain(file);
  });

  it('has a service for every host that a data source names', () => {
    const hosts = [...sources.map(({ url }) => url), String(environment.INFLUX_URL)]
      .filter((url) => !url.startsWith('$'))
      .map((url) => new URL(url));
    expect(hosts).toHaveLength(5);
    for (const { hostname, port } of hosts) {
      const ports = compose.services[hostname]?.ports ?? [];
      expect(
        ports.some((published) => published.endsWith(`:${port}`)),
        hostname,
      ).toBe(true);
    }
  });
});
