import { realpathSync } from 'node:fs';
import { type LoadedConfig, openConfig } from '../config/load-config.js';
import { drawProblem, formatProblem } from '../config/problem.js';
import { effectiveConfigText } from '../config/redact.js';
import type { KinesisConfig } from '../config/sluice-config.js';
import { askForDescription } from '../control/ask-gateway.js';
import type { GatewayDescription } from '../control/command-protocol.js';
import { SluiceError } from '../lib/errors.js';
import { openFilesLimit, shareOpenFiles } from '../lib/open-files.js';
import { withSluiceCommands } from '../lib/package-root.js';
import { formatSize } from '../lib/quantity.js';
import type { WindowsOptions } from '../windows/aggregate.js';
import { checkAccess } from './check-access.js';
import { checkSamples } from './check-samples.js';
import { nearlyFullText } from './doctor/disk-checks.js';
import { environmentProblems } from './environment-problems.js';
import { findGateway } from './find-gateway.js';
import type { CheckOptions } from './options.js';

/**
 * `sluice check`: checks whether the gateway can start, or the rules against recorded messages. With problems it prints all
 * of them to stderr and returns 2.
 */
export async function check(options: CheckOptions): Promise<number> {
  const stray = (['client', 'publish', 'subscribe'] as const).find((name) => options[name] !== undefined);
  if (stray !== undefined && options.as === undefined)
    throw new SluiceError('USAGE_INVALID', `--${stray} needs --as, the name of a user`);
  const accessFile = options.as === undefined ? 'checked' : undefined;
  const loaded = await openConfig(options.config, { secrets: 'optional', accessFile });
  if (options.as !== undefined) return checkAccess(loaded.config.broker, { ...options, as: options.as });
  if (options.samples !== undefined) return checkSamples(loaded, options.samples);
  const running = await runningGateway(loaded.config.dataDirectory);
  const problems = await environmentProblems(loaded, running);
  if (problems.length > 0) {
    process.stderr.write(`${withSluiceCommands(problems.map(drawProblem).join('\n'))}\n`);
    return 2;
  }
  for (const problem of loaded.missingSecrets)
    warn(`${formatProblem(problem)}; the gateway needs it to start`);
  for (const problem of loaded.warnings) warn(drawProblem(problem));
  if (running !== undefined && !isOfSameFile(running, loaded)) {
    warn(
      `the gateway that runs on ${loaded.config.dataDirectory} (process ${running.processId}) was started with ` +
        `${running.file ?? 'the built-in defaults'}: it must stop before one with this configuration can start`,
    );
  }
  const nearlyFull = await nearlyFullText(loaded.config.dataDirectory);
  if (nearlyFull !== undefined) {
    warn(
      `${nearlyFull} for ${loaded.config.dataDirectory}; the gateway would start, and without room it only makes room`,
    );
  }
  process.stdout.write(
    `ok\n${options.print ? effectiveConfigText(loaded.written) : summary(loaded, running)}`,
  );
  return 0;
}

/** One that does not answer is not known: it may be starting, of an older version, or of another user. */
async function runningGateway(dataDirectory: string): Promise<GatewayDescription | undefined> {
  try {
    const connection = await findGateway(dataDirectory);
    return connection && (await askForDescription(connection));
  } catch (thrown) {
    if (thrown instanceof SluiceError) return undefined;
    throw thrown;
  }
}

function isOfSameFile(running: GatewayDescription, { file }: LoadedConfig): boolean {
  if (running.file === undefined || file === undefined) return running.file === file;
  try {
    return realpathSync(running.file) === realpathSync(file);
  } catch {
    // The gateway may be in a container with other paths.
    return false;
  }
}

function warn(text: string): void {
  process.stderr.write(`warning: ${withSluiceCommands(text)}\n`);
}

function summary({ config, file }: LoadedConfig, running: GatewayDescription | undefined): string {
  const { broker, stream, rules, windows, sink, http } = config;
  const listeners = broker.listeners.map(
    ({ protocol, host, port }) => `${protocol}://${hostText(host)}:${port}`,
  );
  const { log } = stream;
  const lines = [
    ['configuration', file ?? 'built-in defaults'],
    ['listeners', listeners.join('  ')],
    ...(broker.accessFile === undefined ? [] : [['access', broker.accessFile]]),
    ['connections', connectionsText(config)],
    ['data', config.dataDirectory],
    ...(running === undefined ? [] : [['running', `yes, process ${running.processId}`]]),
    ['log', `up to ${formatSize(log.maxSizeBytes)}, then ${log.whenFull}`],
    ...(stream.kinesis === undefined ? [] : [['stream', streamText(stream.kinesis)]]),
    ['rules', rules.map(({ name }) => name).join(', ')],
    ...(windows === undefined ? [] : [['windows', windowsText(windows)]]),
    ['store', storeText(sink)],
    [
      'http',
      http === undefined
        ? 'off'
        : `${http.tls === undefined ? 'http' : 'https'}://${hostText(http.host)}:${http.port}`,
    ],
  ];
  return `${lines.map(([name, value]) => `${name!.padEnd(14)} ${value}`).join('\n')}\n`;
}

function connectionsText({ broker, http, stream }: LoadedConfig['config']): string {
  const wanted = broker.maxConnections * broker.listeners.length;
  const limit = openFilesLimit() ?? Number.POSITIVE_INFINITY;
  const { mqttConnections } = shareOpenFiles(limit, {
    mqttConnections: wanted,
    hasHttp: http !== undefined,
    hasKinesis: stream.kinesis !== undefined,
  });
  if (mqttConnections === wanted) return `up to ${wanted}`;
  return `up to ${mqttConnections}, not ${wanted}: the limit of open files is ${limit}`;
}

function streamText({ name, region, endpoint, producer, reader }: KinesisConfig): string {
  const where = endpoint ?? (region === undefined ? 'the region of the AWS SDK' : region);
  const recordFormat = producer.aggregation ? 'aggregated' : 'plain records';
  const checkpoints = reader.leases === undefined ? 'in a file' : `in DynamoDB table ${reader.leases.table}`;
  return `Kinesis ${name} at ${where}, ${producer.format}, ${recordFormat}; application ${reader.application}, checkpoints ${checkpoints}`;
}

function windowsText({ aggregates }: WindowsOptions): string {
  return aggregates
    .flatMap(({ resolutions }) => resolutions)
    .map(({ measurement }) => measurement)
    .join(', ');
}

function storeText(sink: LoadedConfig['config']['sink']): string {
  if (sink.kind === 'duckdb') return `DuckDB in ${sink.duckdb.path}`;
  const { version, url, bucket, database, token, password } = sink.influx;
  const secret = version === 1 ? `password ${setText(password)}` : `token ${setText(token)}`;
  return `InfluxDB ${version} at ${url}, ${version === 2 ? `bucket ${bucket}` : `database ${database}`}, ${secret}`;
}

function setText(secret: string | undefined): string {
  return secret === undefined ? 'unset' : 'set';
}

function hostText(host: string): string {
  return host.includes(':') ? `[${host}]` : host;
}
