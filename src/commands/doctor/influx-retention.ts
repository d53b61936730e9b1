import { SluiceError } from '../../lib/errors.js';
import { formatDuration } from '../../lib/quantity.js';
import type { RuleOptions } from '../../rules/rule-options.js';
import { DEFAULT_TIME_WINDOW } from '../../rules/time.js';
import {
  type InfluxSettings,
  type InfluxSinkOptions,
  influxSettings,
} from '../../sink/influx/influx-options.js';
import { QueryChannel } from '../../sink/influx/query-channel.js';
import { goDurationMs } from '../../sink/influx/store-duration.js';
import { InfluxTransport } from '../../sink/influx/transport.js';
import { type CheckResult, ok, warn } from './check-result.js';
import { bucketsOf } from './influx-reads.js';

export const RETENTION = 'retention';
const CALL_WITHIN_MS = 3_000;

/**
 * Checks that the store keeps what the rules accept: it refuses a point that is older than its retention, so a late
 * reading inside `time.window.past` would be parked. It only reads.
 */
export async function checkInfluxRetention(
  options: InfluxSinkOptions,
  rules: readonly RuleOptions[],
  callWithinMs = CALL_WITHIN_MS,
): Promise<CheckResult> {
  const oldest = rules
    .flatMap(({ name, time }) => (time === undefined ? [] : [{ name, pastMs: pastOf(time) }]))
    .reduce<Reach | undefined>((most, one) => (one.pastMs > (most?.pastMs ?? 0) ? one : most), undefined);
  if (oldest === undefined) return ok(RETENTION, 'no rule takes the time of a device');
  const settings = { ...influxSettings(options), timeoutMs: callWithinMs, gzip: false };
  const kept = await retentionOf(settings);
  if (kept === undefined)
    return ok(RETENTION, 'not compared: the store does not say how long it keeps points');
  const { place, keptMs } = kept;
  const accepted = `rule "${oldest.name}" takes readings up to ${formatDuration(oldest.pastMs)} old`;
  if (keptMs === undefined) return ok(RETENTION, `${place} keeps points for ever; ${accepted}`);
  const found = `${place} keeps points for ${formatDuration(keptMs)}; ${accepted}`;
  if (keptMs >= oldest.pastMs) return ok(RETENTION, found);
  return warn(
    RETENTION,
    found,
    'make the retention of the store longer, or time.window.past of the rule shorter: older readings are parked one by one',
  );
}

interface Reach {
  readonly name: string;
  readonly pastMs: number;
}

interface Kept {
  readonly place: string;
  /** Absent when points are kept for ever. */
  readonly keptMs?: number;
}

function pastOf(time: NonNullable<RuleOptions['time']>): number {
  return time === 'auto' ? DEFAULT_TIME_WINDOW.maxPastMs : time.maxPastMs;
}

async function retentionOf(settings: InfluxSettings): Promise<Kept | undefined> {
  const { version, database } = settings;
  if (version === 2) {
    const buckets = await bucketsOf(settings, { name: database });
    const bucket = buckets?.find(({ name }) => name === database);
    return bucket && { place: `bucket ${database}`, keptMs: bucket.retentionMs };
  }
  // Version 3 does not refuse points past its retention.
  return version === 1 ? policyRetention(settings) : undefined;
}

/** Version 1 has retention policies; without a configured one the default of the database counts. */
async function policyRetention(settings: InfluxSettings): Promise<Kept | undefined> {
  const transport = new InfluxTransport(settings);
  try {
    const [series] = await new QueryChannel(settings, transport).query('SHOW RETENTION POLICIES', () => true);
    if (series === undefined) return undefined;
    const column = (name: string) => series.columns.indexOf(name);
    const policy = series.values.find((row) =>
      settings.retentionPolicy === undefined
        ? row[column('default')] === true
        : row[column('name')] === settings.retentionPolicy,
    );
    if (policy === undefined) return undefined;
    const keptMs = goDurationMs(String(policy[column('duration')]));
    if (keptMs === undefined) return undefined;
    return {
      place: `retention policy ${String(policy[column('name')])} of database ${settings.database}`,
      keptMs: keptMs === 0 ? undefined : keptMs,
    };
  } catch (thrown) {
    // The user may not ask, or the store has no policies: nothing to compare.
    if (thrown instanceof SluiceError) return undefined;
    throw thrown;
  } finally {
    transport.close();
  }
}
