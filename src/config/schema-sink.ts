import { duration, httpUrl, oneOf, secret, size, text, trueOrFalse, wholeNumber } from './setting.js';
import { section } from './structured-setting.js';

const CONCURRENCY_LIMITS = { min: 1, max: 16 };

const influx = section(
  {
    url: httpUrl({ description: 'Address of the server.' }),
    version: oneOf(['1', '2', '3'], {
      unset: '2 with bucket, 1 with database',
      description: 'Version of the write API.',
    }).optional(),
    org: text({ description: 'Name of the organisation (version 2).' }).optional(),
    bucket: text({ description: 'Name of the bucket, not its id (version 2).' }).optional(),
    database: text({ description: 'Name of the database (versions 1 and 3).' }).optional(),
    retentionPolicy: text({
      unset: 'the default of the database',
      description: 'Name of the retention policy (version 1).',
    }).optional(),
    token: secret({
      description: 'Token that authenticates the gateway (versions 2 and 3).',
    }).optional(),
    tokenFile: text({
      type: 'path',
      namesSecretFile: true,
      description: 'File with the token; other users must not be able to read it.',
    }).optional(),
    username: text({ description: 'Name of the user (version 1).' }).optional(),
    password: secret({ description: 'Password of the user (version 1).' }).optional(),
    passwordFile: text({
      type: 'path',
      namesSecretFile: true,
      description: 'File with the password; other users must not be able to read it.',
    }).optional(),
    timeout: duration({
      min: 100,
      max: 600_000,
      description: 'Time limit of a request; after it the request is aborted and sent again.',
    }).prefault('10s'),
    gzip: trueOrFalse({
      unset: 'only when the url is not this machine',
      description: 'Compresses requests with gzip.',
    }).optional(),
    concurrency: wholeNumber({
      ...CONCURRENCY_LIMITS,
      unset: '1; 4 with version 3',
      description:
        'Number of requests in flight at once; the points of a series keep their order. The old name `lanes` is still read.',
    }).optional(),
    lanes: wholeNumber({
      ...CONCURRENCY_LIMITS,
      aliasOf: 'concurrency',
      description: 'Old name of `concurrency`.',
    }).optional(),
    batch: section(
      {
        lines: wholeNumber({ min: 1, max: 100_000, description: 'Limit of lines in a request.' }).prefault(
          5_000,
        ),
        bytes: size({
          min: 1_024,
          max: 50_000_000,
          description: 'Size limit of a request before compression.',
        }).prefault('4MB'),
      },
      { description: 'Limits of a request.' },
    ).prefault({}),
  },
  { description: 'Writes to InfluxDB 1, 2 or 3, or to a server with the same write API.' },
);

const duckdb = section(
  {
    path: text({
      type: 'path',
      unset: 'telemetry.duckdb in the data directory',
      description: 'Path of the database file.',
    }).optional(),
    retention: duration({
      max: 100 * 365 * 86_400_000,
      description: 'Age at which rows are deleted; 0d keeps all rows.',
    }).prefault('7d'),
    memoryLimit: size({
      min: 64 * 2 ** 20,
      max: 2 ** 40,
      description: 'Memory that DuckDB may use.',
    }).prefault('128MiB'),
  },
  { description: 'Writes to an embedded DuckDB file.' },
);

export const sink = section(
  { influx: influx.optional(), duckdb: duckdb.optional() },
  { description: 'The store that points are written to; DuckDB by default.' },
).prefault({});
