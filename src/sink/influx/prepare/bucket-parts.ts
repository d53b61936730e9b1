import { SluiceError } from '../../../lib/errors.js';
import { askApi, type Bucket, listIn, mappingTaken, readBuckets, readMappings } from '../admin-api.js';
import { type InfluxSettings, queryTarget } from '../influx-options.js';
import { storeDuration } from '../store-duration.js';
import { retentionDifference } from './retention-difference.js';
import type { PartFound, RowsPlace, StorePart } from './store-part.js';

const MS_PER_SECOND = 1_000;

/** What InfluxDB 2 needs: buckets, and for each a mapping, through which windows and the live page are read. */
export function bucketParts(settings: InfluxSettings, places: readonly RowsPlace[]): readonly StorePart[] {
  const isOfRows = places.some(({ to }) => to === settings.database);
  return [
    ...(isOfRows ? [] : [bucketPart(settings), mappingPart(settings)]),
    ...places.flatMap(({ to, retentionMs }) => {
      const ofPlace = { ...settings, database: to };
      return [bucketPart(ofPlace, retentionMs), mappingPart(ofPlace)];
    }),
  ];
}

/** Without `retentionMs` any retention will do, and a new bucket keeps its points for ever. */
function bucketPart(settings: InfluxSettings, retentionMs?: number): StorePart {
  const { database: name, org } = settings;
  const seconds = Math.ceil((retentionMs ?? 0) / MS_PER_SECOND);
  const retentionRules = seconds === 0 ? [] : [{ type: 'expire', everySeconds: seconds }];
  const retention = seconds === 0 ? '0' : storeDuration(seconds * MS_PER_SECOND);
  return {
    name: `bucket "${name}"`,
    statement: `influx bucket create --name "${name}" --org "${org}" --retention ${retention}`,
    look: async (): Promise<PartFound> => {
      const bucket = await bucketNamed(settings);
      if (bucket === undefined) return { state: 'missing' };
      const keptMs = bucket.retentionMs ?? 0;
      if (retentionMs === undefined || keptMs === seconds * MS_PER_SECOND) return { state: 'there' };
      return {
        state: 'differs',
        difference: retentionDifference(keptMs, retentionMs),
        statement: `influx bucket update --id ${bucket.id} --retention ${retention}`,
        change: async () => {
          await askApi(settings, {
            method: 'PATCH',
            path: `/api/v2/buckets/${encodeURIComponent(bucket.id)}`,
            body: { retentionRules },
          });
        },
      };
    },
    make: async () => {
      const orgID = await organisationId(settings);
      await askApi(settings, {
        method: 'POST',
        path: '/api/v2/buckets',
        body: { orgID, name, retentionRules },
      });
    },
  };
}

/** InfluxDB maps a bucket that no other mapping is for to a database of its name since 2.1; a mapping can lead elsewhere. */
function mappingPart(settings: InfluxSettings): StorePart {
  const { db, rp } = queryTarget(settings);
  const policy = rp ?? 'autogen';
  const isDefault = rp === undefined;
  const flags = `--db "${db}" --rp "${policy}"${isDefault ? ' --default' : ''}`;
  return {
    name: `mapping of database "${db}"${rp === undefined ? '' : ` and retention policy "${rp}"`} to bucket "${settings.database}"`,
    statement: `influx v1 dbrp create --bucket-id ID ${flags}`,
    look: async (): Promise<PartFound> => {
      const bucket = await bucketNamed(settings);
      if (bucket === undefined) return { state: 'missing' };
      const mapping = mappingTaken(settings, await readMappings(settings, bucket.orgId));
      if (mapping === undefined) return { state: 'missing' };
      if (mapping.bucketId === bucket.id) return { state: 'there' };
      return {
        state: 'differs',
        difference: `it leads to another bucket (id ${mapping.bucketId}) than this one (id ${bucket.id})`,
        statement: 'influx v1 dbrp update, or another name for the bucket',
      };
    },
    make: async () => {
      const { id: bucketID, orgId: orgID } = (await bucketNamed(settings))!;
      await askApi(settings, {
        method: 'POST',
        path: '/api/v2/dbrps',
        body: { bucketID, orgID, database: db, retention_policy: policy, default: isDefault },
      });
    },
  };
}

async function bucketNamed(settings: InfluxSettings): Promise<Bucket | undefined> {
  const { database } = settings;
  return (await readBuckets(settings, { name: database })).find(({ name }) => name === database);
}

async function organisationId(settings: InfluxSettings): Promise<string> {
  const path = `/api/v2/orgs?${new URLSearchParams({ org: settings.org ?? '' })}`;
  const found = (await listIn(settings, path, 'orgs')).find(({ name }) => name === settings.org);
  if (found !== undefined) return String(found.id);
  throw new SluiceError(
    'SINK_QUERY_FAILED',
    `there is no organisation "${settings.org}", or the token may not see it; see sink.influx.org`,
  );
}
