import type { InfluxSettings } from './influx-options.js';

/** Path and query of the write request. Every version is told nanoseconds: v3 would guess from the number's size. */
export function writePath({ version, database, org, retentionPolicy }: InfluxSettings): string {
  if (version === 1) return withQuery('/write', { db: database, rp: retentionPolicy, precision: 'n' });
  if (version === 2) return withQuery('/api/v2/write', { org, bucket: database, precision: 'ns' });
  return withQuery('/api/v3/write_lp', {
    db: database,
    precision: 'nanosecond',
    accept_partial: 'true',
    no_sync: 'false',
  });
}

/** Path of the InfluxQL endpoint, the same in every version. */
export const QUERY_PATH = '/query';

/**
 * Form parameters that name the database for InfluxQL. v2 maps a bucket "db/rp" to both by itself and any
 * other bucket to a database of its name (DBRP); v3 knows databases only.
 */
export function queryTarget({ version, database, retentionPolicy }: InfluxSettings): Record<string, string> {
  if (version === 3) return { db: database };
  if (version === 1)
    return retentionPolicy === undefined ? { db: database } : { db: database, rp: retentionPolicy };
  const slash = database.indexOf('/');
  if (slash < 0) return { db: database };
  return { db: database.slice(0, slash), rp: database.slice(slash + 1) };
}

function withQuery(path: string, parameters: Readonly<Record<string, string | undefined>>): string {
  const pairs = Object.entries(parameters)
    .filter((pair): pair is [string, string] => pair[1] !== undefined)
    .map(([name, value]) => `${name}=${encodeURIComponent(value)}`);
  return `${path}?${pairs.join('&')}`;
}
