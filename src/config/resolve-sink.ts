import { resolve } from 'node:path';
import type { SinkOptions } from '../sink/create-sink.js';
import type { InfluxSinkOptions } from '../sink/influx/influx-options.js';
import type { Findings } from './findings.js';
import type { KeyPath } from './problem.js';
import type { Written } from './schema.js';
import { readSecretFile } from './secret-file.js';

type WrittenInflux = NonNullable<Written['sink']['influx']>;
type Version = InfluxSinkOptions['version'];
type AddressKey = 'org' | 'bucket' | 'database' | 'retentionPolicy' | 'username' | 'password' | 'token';

const SINK: KeyPath = ['sink'];
const INFLUX: KeyPath = ['sink', 'influx'];

/** The keys for address and credentials, by version. */
const ADDRESS_KEYS: Readonly<Record<Version, readonly AddressKey[]>> = {
  1: ['database', 'retentionPolicy', 'username', 'password'],
  2: ['org', 'bucket', 'token'],
  3: ['database', 'token'],
};
const REQUIRED_KEYS: Readonly<Record<Version, readonly AddressKey[]>> = {
  1: ['database'],
  2: ['org', 'bucket'],
  3: ['database'],
};

/**
 * Returns the options of the store that the configuration selects, and reads secret files.
 *
 * @param directory base of relative paths
 */
export function resolveSink(
  { influx, duckdb }: Written['sink'],
  directory: string,
  dataDirectory: string,
  findings: Findings,
): SinkOptions {
  if (influx !== undefined && duckdb !== undefined) {
    findings.add([SINK], { got: 'both influx and duckdb', expected: 'one of them' });
  }
  if (influx !== undefined) return { kind: 'influx', influx: resolveInflux(influx, directory, findings) };
  return {
    kind: 'duckdb',
    duckdb: {
      path:
        duckdb?.path === undefined
          ? resolve(dataDirectory, 'telemetry.duckdb')
          : resolve(directory, duckdb.path),
      ...(duckdb && { retentionMs: duckdb.retention, memoryLimitBytes: duckdb.memoryLimit }),
    },
  };
}

function resolveInflux(written: WrittenInflux, directory: string, findings: Findings): InfluxSinkOptions {
  const version = versionOf(written, findings);
  const token = secretOf('token', written, directory, findings);
  const password = secretOf('password', written, directory, findings);
  checkAddress(written, version, findings);
  if (written.concurrency !== undefined && written.lanes !== undefined) {
    findings.add(
      [
        [...INFLUX, 'lanes'],
        [...INFLUX, 'concurrency'],
      ],
      {
        got: 'both concurrency and lanes, its old name',
        expected: 'only concurrency',
      },
    );
  }
  return {
    url: written.url,
    version,
    org: written.org,
    bucket: written.bucket,
    database: written.database,
    retentionPolicy: written.retentionPolicy,
    username: written.username,
    password,
    token,
    timeoutMs: written.timeout,
    gzip: written.gzip,
    concurrency: written.concurrency ?? written.lanes,
    maxBatchLines: written.batch.lines,
    maxBatchBytes: written.batch.bytes,
  };
}

function versionOf({ version, bucket, database }: WrittenInflux, findings: Findings): Version {
  if (version !== undefined) return Number(version) as Version;
  if (bucket !== undefined && database === undefined) return 2;
  if (database !== undefined && bucket === undefined) return 1;
  const got = bucket === undefined ? 'neither bucket nor database' : 'both bucket and database';
  findings.add([INFLUX, [...INFLUX, 'bucket'], [...INFLUX, 'database'], [...INFLUX, 'version']], {
    got,
    expected: 'bucket (InfluxDB 2) or database (InfluxDB 1; with version: 3, InfluxDB 3)',
  });
  return 2;
}

function checkAddress(written: WrittenInflux, version: Version, findings: Findings): void {
  const isSure =
    written.version !== undefined || (written.bucket === undefined) !== (written.database === undefined);
  if (!isSure) return;
  const versionPath = [...INFLUX, 'version'];
  for (const key of REQUIRED_KEYS[version]) {
    if (written[key] !== undefined) continue;
    const keyPath = [...INFLUX, key];
    findings.add([keyPath, versionPath], { expected: `a text: InfluxDB ${version} needs it; it is missing` });
  }
  const foreign = Object.values(ADDRESS_KEYS)
    .flat()
    .filter((key, index, all) => all.indexOf(key) === index && !ADDRESS_KEYS[version].includes(key));
  for (const key of foreign) {
    for (const variant of [key, `${key}File`]) {
      if ((written as Record<string, unknown>)[variant] === undefined) continue;
      findings.add([[...INFLUX, variant], versionPath], {
        got: 'a key of another version',
        expected: `for InfluxDB ${version} only ${ADDRESS_KEYS[version].join(', ')}`,
      });
    }
  }
  const hasPassword = written.password !== undefined || written.passwordFile !== undefined;
  if (version === 1 && hasPassword && written.username === undefined) {
    findings.add([[...INFLUX, 'username']], { expected: 'a user beside the password; it is missing' });
  }
  if (version === 1 && !hasPassword && written.username !== undefined) {
    findings.add([[...INFLUX, 'password']], {
      expected: 'password or passwordFile beside the user; it is missing',
    });
  }
}

function secretOf(
  key: 'token' | 'password',
  written: WrittenInflux,
  directory: string,
  findings: Findings,
): string | undefined {
  const file = written[`${key}File`];
  const path = [...INFLUX, `${key}File`];
  if (file === undefined) return written[key];
  if (written[key] !== undefined) {
    findings.add([path], { got: `both ${key} and ${key}File`, expected: 'one of them' });
    return undefined;
  }
  if (findings.isInvalid(path)) return undefined;
  const read = readSecretFile(resolve(directory, file));
  if (read.ok) return read.secret;
  if (read.isMissing) findings.addMissingSecret(path, read.finding);
  else findings.add([path], read.finding);
  return undefined;
}
