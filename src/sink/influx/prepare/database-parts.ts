import { SluiceError } from '../../../lib/errors.js';
import { askApi } from '../admin-api.js';
import type { InfluxSettings } from '../influx-options.js';
import { QueryChannel } from '../query-channel.js';
import { storeDuration } from '../store-duration.js';
import { databaseRetentionMs } from '../store-retention.js';
import type { InfluxTransport } from '../transport.js';
import { retentionDifference } from './retention-difference.js';
import type { PartFound, RowsPlace, StorePart } from './store-part.js';

const DATABASES = '/api/v3/configure/database';

/** What InfluxDB 3 needs: databases, each with one retention. */
export function databaseParts(
  settings: InfluxSettings,
  places: readonly RowsPlace[],
  transport: InfluxTransport,
): readonly StorePart[] {
  const isOfRows = places.some(({ to }) => to === settings.database);
  return [
    ...(isOfRows ? [] : [databasePart(settings, transport)]),
    ...places.map(({ to, retentionMs }) =>
      databasePart({ ...settings, database: to }, transport, retentionMs),
    ),
  ];
}

/** Without `retentionMs` any retention will do, and a new database keeps its points for ever. */
function databasePart(settings: InfluxSettings, transport: InfluxTransport, retentionMs?: number): StorePart {
  const { database } = settings;
  // A period of "0" would hide every point.
  const period = retentionMs === undefined || retentionMs === 0 ? undefined : storeDuration(retentionMs);
  const body = { db: database, ...(period !== undefined && { retention_period: period }) };
  const flag = period === undefined ? '' : ` --retention-period ${period}`;
  return {
    name: `database "${database}"`,
    statement: `influxdb3 create database${flag} ${database}`,
    look: async (): Promise<PartFound> => {
      if (!(await databaseNames(settings)).includes(database)) return { state: 'missing' };
      if (retentionMs === undefined) return { state: 'there' };
      const keptMs = await databaseRetentionMs(new QueryChannel(settings, transport));
      if (keptMs === undefined || keptMs === retentionMs) return { state: 'there' };
      return {
        state: 'differs',
        difference: retentionDifference(keptMs, retentionMs),
        statement: `influxdb3 update database --database ${database} --retention-period ${period ?? 'none'}`,
        change: async () => {
          await askApi(settings, { method: 'PUT', path: DATABASES, body });
        },
      };
    },
    make: async () => {
      await askApi(settings, { method: 'POST', path: DATABASES, body });
    },
  };
}

async function databaseNames(settings: InfluxSettings): Promise<readonly string[]> {
  const json = await askApi(settings, { method: 'GET', path: `${DATABASES}?format=json` });
  if (!Array.isArray(json)) {
    throw new SluiceError('SINK_QUERY_FAILED', `${settings.url.origin} does not answer as InfluxDB 3 does`);
  }
  return (json as readonly Record<string, unknown>[]).map((row) => String(row['iox::database']));
}
