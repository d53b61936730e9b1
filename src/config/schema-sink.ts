import { duration, httpUrl, oneOf, section, size, text, trueOrFalse, wholeNumber } from './setting.js';

const influx = section(
  {
    url: httpUrl({ says: 'Address of the server.' }),
    version: oneOf(['1', '2', '3'], {
      unset: '2 with bucket, 1 with database',
      says: 'Write API to use.',
    }).optional(),
    org: text({ says: 'Organisation (version 2).' }).optional(),
    bucket: text({ says: 'Bucket (version 2).' }).optional(),
    database: text({ says: 'Database (versions 1 and 3).' }).optional(),
    retentionPolicy: text({
      unset: 'the default of the database',
      says: 'Retention policy (version 1).',
    }).optional(),
    token: text({ isSecret: true, says: 'Token (versions 2 and 3).' }).optional(),
    tokenFile: text({ type: 'path', says: 'File that holds the token, closed to other users.' }).optional(),
    username: text({ says: 'User (version 1).' }).optional(),
    password: text({ isSecret: true, says: 'Password (version 1).' }).optional(),
    passwordFile: text({
      type: 'path',
      says: 'File that holds the password, closed to other users.',
    }).optional(),
    timeout: duration({
      min: 100,
      max: 600_000,
      says: 'How long one request may take before it is aborted and tried again.',
    }).prefault('10s'),
    gzip: trueOrFalse({
      unset: 'only when the url is not this machine',
      says: 'Compress requests.',
    }).optional(),
    lanes: wholeNumber({
      min: 1,
      max: 16,
      unset: '1, with version 3 4',
      says: 'Requests in flight at once; a series keeps to one lane, so its order is kept.',
    }).optional(),
    batch: section(
      {
        lines: wholeNumber({ min: 1, max: 100_000, says: 'Lines of one request at most.' }).prefault(5_000),
        bytes: size({
          min: 1_024,
          max: 50_000_000,
          says: 'Size of one request at most, before compression.',
        }).prefault('4MB'),
      },
      { says: 'Largest request.' },
    ).prefault({}),
  },
  { says: 'Write to InfluxDB 1, 2 or 3, or to what takes its write API.' },
);

const duckdb = section(
  {
    path: text({
      type: 'path',
      unset: 'telemetry.duckdb in the data directory',
      says: 'Database file.',
    }).optional(),
    retention: duration({
      max: 100 * 365 * 86_400_000,
      says: 'Rows older than this are deleted; 0d keeps all.',
    }).prefault('7d'),
    memoryLimit: size({
      min: 64 * 2 ** 20,
      max: 2 ** 40,
      says: 'Memory DuckDB may use for itself.',
    }).prefault('128MiB'),
  },
  { says: 'Write to an embedded DuckDB file.' },
);

export const sink = section(
  { influx: influx.optional(), duckdb: duckdb.optional() },
  { says: 'Where points go; without it DuckDB.' },
).prefault({});
