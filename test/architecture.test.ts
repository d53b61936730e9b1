import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, normalize, relative } from 'node:path';
import { describe, expect, it } from 'vitest';

/** Every TypeScript file below `directory`, as a path relative to it. */
function sourceFiles(directory: string): string[] {
  return readdirSync(directory, { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('.ts'));
}

const SRC = join(import.meta.dirname, '..', 'src');

/** In path order: what a stage may import from other folders of src. Files directly in src are named without a folder. */
const ALLOWED: Readonly<Record<string, readonly RegExp[]>> = {
  '': [/^config\/sluice-config$/],
  broker: [],
  bridge: [/^broker\/intake$/, /^stream\/stream$/],
  stream: [],
  forwarder: [/^stream\/stream$/, /^dead-letter\//, /^books\//],
  consumer: [/^stream\/stream$/, /^sink\/sink$/, /^dead-letter\//, /^books\//],
  sink: [],
  books: [/^stream\/stream$/, /^dead-letter\//],
  'dead-letter': [/^stream\/stream$/, /^sink\/sink$/],
  control: [/^dead-letter\//],
  ops: [/^sink\/sink$/, /^dead-letter\/(selection|settling-status)$/],
  config: [/^(broker|bridge|stream|consumer|sink|dead-letter)\//],
  dashboard: [/^consumer\/rules\/rule-options$/, /^sink\/sink$/, /^sink\/influx\/influxql$/],
};

/** Files directly in src that are for every stage and know none. */
const FOR_ALL = [
  'back-off',
  'bounded-cache',
  'clock',
  'data-directory',
  'errors',
  'lifecycle',
  'loggable',
  'logger',
  'latency-histogram',
  'level-switch',
  'limited-warning',
  'package-root',
  'pause',
  'printable',
  'recent-answers',
  'recent-warnings',
  'record-trace',
  'replace-file',
  'make-directory',
  'sync-directory',
  'turns',
  'timers',
  'warnings',
];

/** Only these know every stage. */
const WIRING = /^(gateway|gateway-[a-z-]+|main|(threads|metrics|commands)\/.*)$/;

/** Outside packages that stay behind one adapter. */
const ADAPTED: Readonly<Record<string, RegExp>> = {
  aedes: /^broker\//,
  ws: /^broker\//,
  '@influxdata/influxdb-client': /^sink\/influx\//,
  '@aws-sdk/client-kinesis': /^stream\/kinesis\/aws\//,
  '@aws-sdk/client-dynamodb': /^stream\/kinesis\/leases\//,
  '@smithy/node-http-handler': /^stream\/kinesis\/(aws|leases)\//,
  '@duckdb/node-api': /^sink\/duckdb\//,
  '@marcbachmann/cel-js': /^consumer\/rules\//,
  fastify: /^ops\//,
  'prom-client': /^metrics\//,
  yaml: /^config\//,
  zod: /^(config|ops)\//,
  commander: /^(main|commands\/)/,
};

interface Import {
  readonly from: string;
  readonly to: string;
}

const imports: Import[] = [];
const packages: Import[] = [];
for (const file of sourceFiles(SRC)) {
  const from = file.replace(/\.ts$/, '');
  const text = readFileSync(join(SRC, file), 'utf8');
  for (const match of text.matchAll(/(?:from|import)\s*\(?\s*'([^']+)'/g)) {
    const target = match[1]!;
    if (!target.startsWith('.')) {
      packages.push({ from, to: target });
      continue;
    }
    const to = relative(SRC, normalize(join(SRC, dirname(file), target)));
    imports.push({ from, to: to.replace(/\.js$/, '') });
  }
}
const stageOf = (path: string) => (path.includes('/') ? path.slice(0, path.indexOf('/')) : '');

describe('the import arrows', () => {
  it('are read from the code', () => {
    expect(imports.length).toBeGreaterThan(50);
    expect(packages.some(({ to }) => to === 'aedes')).toBe(true);
  });

  it('follow the path: a stage imports the seams of its neighbours and nothing else', () => {
    const wrong = imports.filter(({ from, to }) => {
      const stage = stageOf(from);
      if (WIRING.test(from) || stageOf(to) === stage) return false;
      if (stageOf(to) === '') return !FOR_ALL.includes(to);
      return !(ALLOWED[stage] ?? []).some((allowed) => allowed.test(to));
    });
    expect(wrong).toEqual([]);
  });

  it('keep each outside technology behind its adapter', () => {
    const wrong = packages.filter(({ from, to }) => ADAPTED[to]?.test(from) === false);
    expect(wrong).toEqual([]);
  });

  it('let the dashboards of the repository use the builder of dashboards and nothing else', () => {
    const grafana = join(SRC, '..', 'grafana');
    const used = sourceFiles(grafana).flatMap((file) =>
      [...readFileSync(join(grafana, file), 'utf8').matchAll(/from '(?:\.\.\/)+src\/([^']+)'/g)].map(
        (m) => m[1]!,
      ),
    );
    expect(used.length).toBeGreaterThan(0);
    expect(used.filter((path) => !path.startsWith('dashboard/'))).toEqual([]);
  });

  it('keep the simulators apart: they speak MQTT only', () => {
    const simulators = join(SRC, '..', 'simulators');
    const wrong = sourceFiles(simulators).filter((file) =>
      /from '(\.\.\/)+src\//.test(readFileSync(join(simulators, file), 'utf8')),
    );
    expect(wrong).toEqual([]);
  });
});
