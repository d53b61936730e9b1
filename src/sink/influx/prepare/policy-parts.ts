import type { InfluxSettings } from '../influx-options.js';
import { identifier } from '../influxql.js';
import { QueryChannel } from '../query-channel.js';
import { storeDuration } from '../store-duration.js';
import { readPolicies } from '../store-retention.js';
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
      const found = (await readPolicies(channel, database)).find(({ name }) => name === policy);
      if (found === undefined) return { state: 'missing' };
      const keptMs = found.retentionMs;
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

async function run(channel: QueryChannel, statement: string): Promise<void> {
  await channel.query(statement, () => false);
}
