import { SluiceError } from '../../../lib/errors.js';
import type { InfluxSettings } from '../influx-options.js';
import { identifier } from '../influxql.js';
import { type QueriedSeries, QueryChannel } from '../query-channel.js';
import { goDurationMs, storeDuration } from '../store-duration.js';
import type { InfluxTransport } from '../transport.js';
import { retentionDifference } from './retention-difference.js';
import type { PartFound, RowsPlace, StorePart } from './store-part.js';

/** What InfluxDB 1 needs: the database, and retention policies in it. */
export function policyParts(
  settings: InfluxSettings,
  places: readonly RowsPlace[],
  transport: InfluxTransport,
): readonly StorePart[] {
  const { database, retentionPolicy } = settings;
  const channel = new QueryChannel(settings, transport);
  const isOfRows = places.some(({ to }) => to === retentionPolicy);
  return [
    databasePart(channel, database),
    // Its own retention is the operator's decision.
    ...(retentionPolicy === undefined || isOfRows ? [] : [policyPart(channel, database, retentionPolicy)]),
    ...places.map(({ to, retentionMs }) => policyPart(channel, database, to, retentionMs)),
  ];
}

function databasePart(channel: QueryChannel, database: string): StorePart {
  const statement = `CREATE DATABASE ${identifier(database)}`;
  return {
    name: `database "${database}"`,
    statement,
    look: async () => {
      const listed = await channel.query('SHOW DATABASES', (name) => name === 'databases');
      const isThere = listed.some(({ values }) => values.some(([name]) => name === database));
      return { state: isThere ? 'there' : 'missing' };
    },
    make: () => run(channel, statement),
  };
}

/** Without `retentionMs` any retention will do, and a new policy keeps its points for ever. */
function policyPart(
  channel: QueryChannel,
  database: string,
  policy: string,
  retentionMs?: number,
): StorePart {
  const place = `RETENTION POLICY ${identifier(policy)} ON ${identifier(database)}`;
  const duration = `DURATION ${retentionMs === undefined || retentionMs === 0 ? 'INF' : storeDuration(retentionMs)}`;
  const create = `CREATE ${place} ${duration} REPLICATION 1`;
  const alter = `ALTER ${place} ${duration}`;
  return {
    name: `retention policy "${policy}" of database "${database}"`,
    statement: create,
    look: async (): Promise<PartFound> => {
      const found = await policiesOf(channel, database);
      const keptMs = found.get(policy);
      if (keptMs === undefined) return { state: 'missing' };
      if (retentionMs === undefined || keptMs === retentionMs) return { state: 'there' };
      return {
        state: 'differs',
        difference: retentionDifference(keptMs, retentionMs),
        statement: alter,
        change: () => run(channel, alter),
      };
    },
    make: () => run(channel, create),
  };
}

/** The retention of each policy in ms, 0 for ever; none for a database that is not there. */
async function policiesOf(channel: QueryChannel, database: string): Promise<ReadonlyMap<string, number>> {
  let listed: readonly QueriedSeries[];
  try {
    listed = await channel.query(`SHOW RETENTION POLICIES ON ${identifier(database)}`, isWithoutName);
  } catch (thrown) {
    // This is what a look finds before the database is made.
    if (thrown instanceof SluiceError && /database not found/i.test(thrown.message)) return new Map();
    throw thrown;
  }
  const policies = new Map<string, number>();
  for (const { columns, values } of listed) {
    const name = columns.indexOf('name');
    const duration = columns.indexOf('duration');
    for (const row of values) policies.set(String(row[name]), knownDurationMs(row[duration]));
  }
  return policies;
}

function knownDurationMs(value: unknown): number {
  const ms = goDurationMs(String(value));
  if (ms === undefined) throw new SluiceError('SINK_QUERY_FAILED', `the store has a duration "${value}"`);
  return ms;
}

async function run(channel: QueryChannel, statement: string): Promise<void> {
  await channel.query(statement, () => false);
}

const isWithoutName = (name: string | undefined) => name === undefined;
