import { readdirSync, readFileSync } from 'node:fs';
import { basename, dirname, join, normalize, relative } from 'node:path';
import { describe, expect, it } from 'vitest';

const ROOT = join(import.meta.dirname, '..');
const SRC = join(ROOT, 'src');

/**
 * Every room of src: what it may import from other rooms. `lib` is open to all rooms and is not listed. A pattern
 * matches the path below src without its ending. docs/development.md says in one sentence what belongs in each room.
 */
const ROOMS: Readonly<Record<string, readonly RegExp[]>> = {
  // The adapters: each knows one technology and no other stage.
  broker: [/^access\//],
  stream: [],
  sink: [/^influxql\//],
  // Who may connect, publish, subscribe, read and change: the broker and the HTTP server ask it.
  access: [],
  // A query language: text → statements, and what they mean beside the store.
  influxql: [],
  // What is shown of messages on their way.
  arrivals: [/^stream\/stream$/, /^sink\/point$/, /^devices\/device-tags$/],
  // The movers: they know the seams of their neighbours and no technology.
  bridge: [/^broker\/intake$/, /^stream\/stream$/, /^stream\/record-trace$/],
  forwarder: [/^stream\/stream$/, /^dead-letter\//, /^ledger\//],
  windows: [
    /^sink\/(field-summary|point|quantile-sketch|sink|statistics|store-reader|top-values|window-reader)$/,
    /^dead-letter\/checked-line$/,
  ],
  // Points and rows of windows → what somebody asks about a range of time.
  reading: [/^sink\/(statistics|store-reader)$/, /^windows\/(readable-rows|window-spans)$/],
  // Points, rules, and what is parked → the state of each device.
  devices: [
    /^sink\/(latest-pages|statistics|store-reader)$/,
    /^reading\/(ask-segment|cell-reader)$/,
    /^rules\/(declared-fields|series-cache)$/,
    /^consumer\/unreadable-topics$/,
    /^windows\/row-field-sources$/,
  ],
  consumer: [
    /^arrivals\//,
    /^stream\/(stream|record-trace)$/,
    /^sink\/(point|sink|store-reader)$/,
    /^rules\/(mapped|policies\/[\w-]+)$/,
    /^dead-letter\//,
    /^ledger\//,
  ],
  // Payload bytes → value → points.
  formats: [/^dead-letter\/park-codes$/],
  rules: [
    /^formats\//,
    /^stream\/stream$/,
    /^sink\/(point|sink)$/,
    /^dead-letter\/park-codes$/,
    /^windows\/explain-windows$/,
  ],
  // Messages → rules, the other way round.
  suggest: [/^(formats|rules)\//, /^stream\/stream$/, /^config\/(load-config|profiles\/find-profile)$/],
  // Only YAML files.
  profiles: [],
  // What became of each record.
  'dead-letter': [/^stream\/stream$/, /^sink\/sink$/],
  ledger: [/^stream\/stream$/, /^dead-letter\//],
  replay: [
    /^dead-letter\//,
    /^ledger\//,
    /^stream\/stream$/,
    /^sink\/sink$/,
    /^rules\/(mapped|explain-record)$/,
    /^consumer\/prepare-batch$/,
  ],
  control: [
    /^config\/reload-result$/,
    /^replay\/(selection|replay-status)$/,
    /^rules\/followed-record$/,
    /^sink\/(field-change|point|store-query)$/,
    /^windows\/windows-report$/,
  ],
  // What happened over time: incidents, rates, the ledger of the day.
  timeline: [],
  // What is shown and set.
  http: [
    /^access\/access$/,
    /^timeline\/(incident|ledger-of-day|recorded-rates)$/,
    /^arrivals\/arrival$/,
    /^influxql\/answer$/,
    /^devices\/device-state$/,
    /^reading\/series-query$/,
    /^sink\/(sink|store-query|store-reader)$/,
    /^rules\/policies\/budget-use$/,
    /^replay\/(selection|replay-status)$/,
    /^config\/reload-result$/,
    /^windows\/windows-report$/,
  ],
  // The live page knows the API by its types only (src/web/types.d.ts).
  web: [
    /^devices\/device-state$/,
    /^arrivals\/arrival$/,
    /^http\/(gateway-view|live-state|parked-groups-view|routes\/(bounded-detail|store-routes)|sign-in\/session-answer)$/,
    /^reading\/series-query$/,
    /^replay\/(selection|replay-status)$/,
    /^rules\/policies\/budget-use$/,
    /^sink\/store-reader$/,
    /^windows\/windows-report$/,
    /^timeline\/(incident|ledger-of-day|recorded-rates)$/,
  ],
  metrics: [
    /^access\/sign-in-counts$/,
    /^broker\/broker$/,
    /^stream\/(record-trace|log\/log-writer)$/,
    /^sink\/(point|sink)$/,
    /^rules\/mapped$/,
    /^http\/(gateway-view|http-refusals)$/,
    /^pipeline\/(consume|forward)-protocol$/,
    /^config\/reload-result$/,
    /^windows\/windows-report$/,
  ],
  grafana: [
    /^rules\/rule-options$/,
    /^sink\/(point|store-reader|influx\/influxql)$/,
    /^windows\/(aggregate|row-field-names)$/,
  ],
  config: [/^(access|formats|rules|windows)\//, /^sink\/(create-sink|(influx|duckdb)\/\w+-\w+)$/],
  'data-directory': [
    /^ledger\/checkpoint-file$/,
    /^dead-letter\/dead-letter-files$/,
    /^broker\/(retained\/retained-entry|sessions\/session-entry)$/,
    /^stream\/log\/(frame|segment-name)$/,
    /^stream\/kinesis\/reader\/single-worker-position$/,
  ],
  lib: [],
  // The wiring: the worker threads, the main thread, the command line.
  pipeline: [
    /^influxql\/answer$/,
    /^(stream|sink|consumer|windows|reading|devices|forwarder|rules|formats|dead-letter|ledger|replay)\//,
    /^arrivals\/arrival$/,
    /^data-directory\/(data-directory|find-checkpoints|log-fit)$/,
    /^config\/sluice-config$/,
    /^metrics\/otlp\/trace-export$/,
  ],
  gateway: [
    /^(access|arrivals|broker|bridge|pipeline|metrics|http|ledger|replay|dead-letter|control|windows|timeline)\//,
    /^stream\/(stream|log\/[\w-]+)$/,
    /^influxql\/answer$/,
    /^sink\/(field-change|point|sink|store-query|store-reader)$/,
    /^devices\/device-state$/,
    /^reading\/series-query$/,
    /^rules\/(explain-record|first-message|followed-record|rule-options|policies\/budget-use)$/,
    /^data-directory\//,
    /^config\/access\//,
    /^config\/(sluice-config|config-changes|self-measurements|load-config|problem|reload-result|rule-excerpt)$/,
  ],
  commands: [
    /^(access|gateway|config|control|replay|dead-letter|rules|suggest|grafana|data-directory|sink|windows)\//,
    /^consumer\/typed-writer$/,
    /^pipeline\/kinesis-(check|file-checkpoints|lease-checkpoints|shared-windows)$/,
    /^bridge\/(epoch-file|receive-times)$/,
    /^ledger\/(checkpoint-store|saved-states)$/,
    /^stream\/(stream$|kinesis\/)/,
    /^formats\/(json\/(decode-json|json-value)|decoder\/decoder-thread)$/,
  ],
  main: [/^commands\/program$/],
};

/** Outside packages that stay behind one adapter. */
const ADAPTED: Readonly<Record<string, RegExp>> = {
  aedes: /^broker\//,
  ws: /^broker\//,
  '@influxdata/influxdb-client': /^sink\/influx\//,
  '@aws-sdk/client-kinesis': /^stream\/kinesis\/aws\//,
  '@aws-sdk/client-dynamodb': /^stream\/kinesis\/leases\//,
  '@smithy/node-http-handler': /^stream\/kinesis\/(aws|leases)\//,
  '@duckdb/node-api': /^sink\/duckdb\//,
  '@marcbachmann/cel-js': /^rules\/cel\//,
  jose: /^access\//,
  re2js: /^(rules\/cel|influxql)\//,
  fastify: /^http\//,
  pino: /^lib\//,
  'prom-client': /^metrics\//,
  yaml: /^config\//,
  'csv-parse': /^(config|formats)\//,
  zstddec: /^formats\//,
  zod: /^(config|http)\//,
  '@msgpack/msgpack': /^formats\/msgpack\//,
  'protobufjs/minimal.js': /^formats\/sparkplug\//,
  commander: /^(main$|commands\/)/,
};

/** Functions of node:fs and node:fs/promises that need a file descriptor, while they run or from then on. */
const NEEDS_DESCRIPTOR =
  /^(open|openAsBlob|opendir|readFile|writeFile|appendFile|readdir|truncate|copyFile|cp|mkdtemp|watch|createReadStream|createWriteStream)(Sync)?$/;

/** Rooms that run before there is a gateway, or in a process of their own. */
const OUTSIDE_GATEWAY = /^(commands|config)\//;

/** Files inside a gateway that use such functions and do not wait for a free descriptor, with the reason. */
const USES_DESCRIPTORS: Readonly<Record<string, string>> = {
  'lib/files': 'this is where they wait',
  'lib/open-files': 'synchronous, at the start: it reads how many files may be open',
  'lib/package-root': 'synchronous, when the program is loaded',
  'data-directory/directory-lock': 'synchronous, at the start: the owner that nothing depends on',
  'data-directory/lock-sockets': 'synchronous, at the start: nobody is served before the lock is held',
  'bridge/epoch-file':
    'synchronous, because the packet that begins an epoch is taken at once; a failure is a warning',
  'pipeline/worker/helper-processes':
    'synchronous, at the start and the end of a thread; it may find nothing',
};

/** Names that several files may have, because they play the same role in sibling folders. */
const SAME_ROLE: Readonly<Record<string, RegExp>> = {
  'read-latest': /^sink\/(influx|duckdb)\//,
  'read-series-counts': /^sink\/(influx|duckdb)\//,
  'read-statistics': /^sink\/(influx|duckdb)\//,
};

interface Import {
  readonly from: string;
  readonly to: string;
}

/** Every TypeScript file below `directory`, as a path relative to it. */
function sourceFiles(directory: string): string[] {
  return readdirSync(directory, { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('.ts'));
}

const files = sourceFiles(SRC).map((file) => file.replace(/\.ts$/, ''));
const imports: Import[] = [];
const packages: Import[] = [];
for (const from of files) {
  const text = readFileSync(join(SRC, `${from}.ts`), 'utf8');
  for (const match of text.matchAll(/(?:from|import)\s*\(?\s*'([^']+)'/g)) {
    const target = match[1]!;
    if (!target.startsWith('.')) {
      packages.push({ from, to: target });
      continue;
    }
    const to = relative(SRC, normalize(join(SRC, dirname(from), target)));
    imports.push({ from, to: to.replace(/\.js$/, '') });
  }
}
const roomOf = (path: string) => (path.includes('/') ? path.slice(0, path.indexOf('/')) : path);

describe('the house', () => {
  it('is read from the code', () => {
    expect(imports.length).toBeGreaterThan(500);
    expect(packages.some(({ to }) => to === 'aedes')).toBe(true);
  });

  it('has only the rooms that are listed here, and every one of them', () => {
    const rooms = readdirSync(SRC).map((name) => name.replace(/\.ts$/, ''));
    expect(rooms.sort()).toEqual(Object.keys(ROOMS).sort());
  });

  it('has import arrows only where a room’s sentence asks for them', () => {
    const wrong = imports.filter(({ from, to }) => {
      if (roomOf(from) === roomOf(to) || roomOf(to) === 'lib') return false;
      return !(ROOMS[roomOf(from)] ?? []).some((allowed) => allowed.test(to));
    });
    expect(wrong).toEqual([]);
  });

  it('lists no arrow that nothing uses', () => {
    const unused = Object.entries(ROOMS).flatMap(([room, allowed]) =>
      allowed
        .filter((pattern) => !imports.some(({ from, to }) => roomOf(from) === room && pattern.test(to)))
        .map((pattern) => `${room}: ${pattern}`),
    );
    expect(unused).toEqual([]);
  });

  it('has no import circle', () => {
    expect(circles()).toEqual([]);
  });

  it('keeps each outside technology behind its adapter', () => {
    const wrong = packages.filter(({ from, to }) => ADAPTED[to]?.test(from) === false);
    expect(wrong).toEqual([]);
  });

  it('waits for a free file descriptor wherever a gateway opens a file', () => {
    const found = new Set<string>();
    for (const from of files) {
      if (OUTSIDE_GATEWAY.test(from)) continue;
      const text = readFileSync(join(SRC, `${from}.ts`), 'utf8');
      for (const [, names] of text.matchAll(/import ([^;]*?) from 'node:fs(?:\/promises)?'/g)) {
        const imported = names!.split(/[{},\s]+/).filter((name) => name !== '');
        if (imported.some((name) => name === '*' || NEEDS_DESCRIPTOR.test(name))) found.add(from);
      }
    }
    expect([...found].sort()).toEqual(Object.keys(USES_DESCRIPTORS).sort());
  });

  it('gives no two files the same name, unless they play the same role in sibling folders', () => {
    const named = groupBy(files, (file) => basename(file));
    const twice = [...named]
      .filter(([name, paths]) => paths.length > 1 && !paths.every((path) => SAME_ROLE[name]?.test(path)))
      .map(([, paths]) => paths);
    expect(twice).toEqual([]);
  });

  it('lets the dashboards of the repository use the dashboard builder and nothing else', () => {
    const grafana = join(ROOT, 'grafana');
    const used = sourceFiles(grafana).flatMap((file) =>
      [...readFileSync(join(grafana, file), 'utf8').matchAll(/from '(?:\.\.\/)+src\/([^']+)'/g)].map(
        (m) => m[1]!,
      ),
    );
    expect(used.length).toBeGreaterThan(0);
    expect(used.filter((path) => !path.startsWith('grafana/'))).toEqual([]);
  });

  it('keeps the simulators apart: they speak MQTT only', () => {
    const simulators = join(ROOT, 'simulators');
    const wrong = sourceFiles(simulators).filter((file) =>
      /from '(\.\.\/)+src\//.test(readFileSync(join(simulators, file), 'utf8')),
    );
    expect(wrong).toEqual([]);
  });
});

function groupBy<T>(all: readonly T[], keyOf: (one: T) => string): Map<string, T[]> {
  const groups = new Map<string, T[]>();
  for (const one of all) groups.set(keyOf(one), [...(groups.get(keyOf(one)) ?? []), one]);
  return groups;
}

/** Each circle of imports once, as the files that import one another in turn. */
function circles(): string[][] {
  const targets = groupBy(imports, ({ from }) => from);
  const done = new Set<string>();
  const path: string[] = [];
  const found: string[][] = [];
  const visit = (file: string) => {
    if (path.includes(file)) {
      found.push([...path.slice(path.indexOf(file)), file]);
      return;
    }
    if (done.has(file)) return;
    path.push(file);
    for (const { to } of targets.get(file) ?? []) visit(to);
    path.pop();
    done.add(file);
  };
  for (const file of files) visit(file);
  return found;
}
