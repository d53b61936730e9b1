import { SluiceError } from '../../lib/errors.js';
import {
  type ApiSettings,
  type Bucket,
  type BucketMapping,
  mappingTaken,
  readBuckets,
  readMappings,
} from '../../sink/influx/admin-api.js';
import {
  type InfluxSettings,
  type InfluxSinkOptions,
  influxSettings,
  queryTarget,
} from '../../sink/influx/influx-options.js';
import { QueryChannel } from '../../sink/influx/query-channel.js';
import { InfluxTransport } from '../../sink/influx/transport.js';
import { type CheckResult, ok, warn } from './check-result.js';

export const STORE_READS = 'store reads';

/** Three calls follow each other within the time of the check. */
const CALL_WITHIN_MS = 2_000;
const BUCKET_ID = /^[0-9a-f]{16}$/;
const ONLY_CHARTS = 'points are written, but the charts of the page cannot be read';

/**
 * Checks that what is written can be read: with InfluxDB 2 a token may write a bucket that it may not read, and InfluxQL
 * finds a bucket only through a mapping, which can lead to another bucket. It only reads.
 */
export async function checkInfluxReads(
  options: InfluxSinkOptions,
  callWithinMs = CALL_WITHIN_MS,
): Promise<CheckResult> {
  const settings = { ...influxSettings(options), timeoutMs: callWithinMs, gzip: false };
  const found = settings.version === 2 ? await mappingProblem(settings) : undefined;
  if (found !== undefined) return found;
  const transport = new InfluxTransport(settings);
  try {
    await new QueryChannel(settings, transport).query('SHOW MEASUREMENTS LIMIT 1', isListOfMeasurements);
    return ok(STORE_READS, `${placeOf(settings)} can be read`);
  } catch (thrown) {
    if (!(thrown instanceof SluiceError)) throw thrown;
    // A store without InfluxQL, such as VictoriaMetrics, is a choice and no fault.
    if (thrown.code === 'SINK_QUERY_UNSUPPORTED') return ok(STORE_READS, thrown.message);
    const right =
      settings.version === 2 ? 'give the token the right to read the bucket' : 'grant the right to read';
    return warn(STORE_READS, thrown.message, `${right}, or create the mapping; ${ONLY_CHARTS}`);
  } finally {
    transport.close();
  }
}

const isListOfMeasurements = (name: string) => name === 'measurements';

/** Returns what keeps InfluxQL from reading the configured bucket; undefined also when the store has no such API. */
async function mappingProblem(settings: InfluxSettings): Promise<CheckResult | undefined> {
  const { database: bucketName } = settings;
  const buckets = await bucketsOf(settings, { name: bucketName });
  if (buckets === undefined) return undefined;
  const bucket = buckets.find(({ name }) => name === bucketName);
  if (bucket === undefined) {
    const [byId] = BUCKET_ID.test(bucketName) ? ((await bucketsOf(settings, { id: bucketName })) ?? []) : [];
    if (byId?.id === bucketName) {
      return warn(
        STORE_READS,
        `sink.influx.bucket is an id: InfluxDB takes it for writing, but InfluxQL knows the bucket by its name`,
        `set sink.influx.bucket: "${byId.name}"; ${ONLY_CHARTS}`,
      );
    }
    return warn(
      STORE_READS,
      `the token may not read bucket "${bucketName}"`,
      `give the token the rights to read and write the bucket (influx auth create --read-bucket ID --write-bucket ID); ${ONLY_CHARTS}`,
    );
  }
  const mappings = await readMappings(settings, bucket.orgId).catch(() => undefined);
  return mappings === undefined ? undefined : wrongMapping(settings, bucket, mappings);
}

function wrongMapping(
  settings: InfluxSettings,
  bucket: Bucket,
  mappings: readonly BucketMapping[],
): CheckResult | undefined {
  const { db, rp } = queryTarget(settings);
  const mapping = mappingTaken(settings, mappings);
  if (mapping?.bucketId === bucket.id) return undefined;
  const asked = `database "${db}"${rp === undefined ? '' : `, retention policy "${rp}"`}`;
  const create =
    `influx v1 dbrp create --bucket-id ${bucket.id} --db "${db}" --rp "${rp ?? 'autogen'}"` +
    `${rp === undefined ? ' --default' : ''}`;
  if (mapping === undefined) {
    return warn(
      STORE_READS,
      `no mapping leads from ${asked} of InfluxQL to bucket "${bucket.name}"`,
      `${create}; ${ONLY_CHARTS}`,
    );
  }
  return warn(
    STORE_READS,
    `${asked} of InfluxQL leads to another bucket (id ${mapping.bucketId}) than "${bucket.name}" (id ${bucket.id})`,
    `change the mapping (influx v1 dbrp update), or choose another name for the bucket; the charts of the page show the other bucket`,
  );
}

/** Resolves with undefined when the store does not answer this question, as anything but InfluxDB 2. */
export async function bucketsOf(
  settings: ApiSettings,
  query: Readonly<Record<string, string>>,
): Promise<readonly Bucket[] | undefined> {
  return readBuckets(settings, query).catch(() => undefined);
}

function placeOf({ version, url, database }: InfluxSettings): string {
  return `${version === 2 ? 'bucket' : 'database'} ${database} at ${url.origin}`;
}
