import { HOURS_A_MONTH, PRICES } from './prices.js';
import { type Sizing, sizingOf } from './sizing.js';
import { PAYLOAD_BYTES, type StoredFormat, storedSizes } from './stored-sizes.js';

/** The tables of docs/kinesis.md; test/docs/kinesis.test.ts compares them and writes them anew with UPDATE_DOCS=1. */

const RATES = [1, 10, 100, 1_000, 10_000, 50_000, 100_000, 1_000_000] as const;
const FORMATS = ['cloudevents', 'raw'] as const;
/** The default of stream.kinesis.linger. */
export const LINGER_MS = 500;
const LONG_LINGER_MS = 5_000;
const MILLION = 1e6;

export function bytesTable(): string {
  const rows = FORMATS.map((format) => {
    const { userRecordBytes, plainBytes, aggregateBytes } = storedSizes(format);
    const full = aggregateBytes.length;
    return [
      `\`${format}\``,
      userRecordBytes,
      userRecordBytes - PAYLOAD_BYTES,
      plainBytes,
      full,
      Math.round(aggregateBytes[full - 1]! / full),
    ].map(String);
  });
  const head = ['`format`', 'stored', 'of it around the payload', 'alone, with partition key'];
  return table([...head, 'records in a full aggregate', 'bytes each there'], rows);
}

export function priceTable(): string {
  const { shardHour, millionPutUnits, onDemandGigabyteIn } = PRICES;
  return table(
    ['what', `US dollars, ${PRICES.region}`],
    [
      ['provisioned: a shard, an hour', `$${shardHour}`],
      ['provisioned: a million PUT payload units, 25 KB each', `$${millionPutUnits}`],
      ['on demand: a GB in, each Kinesis record counted as whole KB', `$${onDemandGigabyteIn.toFixed(2)}`],
    ],
  );
}

export function sizingTable(): string {
  return table(
    [
      'messages/s',
      'kB/s',
      'records an aggregate',
      'aggregates/s',
      'million PUT units a month',
      'shards',
      '`buckets`',
      'gateways',
      'shards, plain',
    ],
    sizings().map(({ messagesPerSecond, gateways, buckets, aggregated, plain }) => [
      whole(messagesPerSecond),
      rounded(aggregated.bytesPerSecond / 1000),
      rounded(aggregated.recordsPerAggregate),
      rounded(aggregated.kinesisRecordsPerSecond),
      rounded((aggregated.putUnitsPerSecond * 3_600 * HOURS_A_MONTH) / MILLION),
      whole(aggregated.shards),
      whole(buckets),
      whole(gateways),
      whole(plain.shards),
    ]),
  );
}

export function costTable(): string {
  const raw = sizings({ format: 'raw' });
  const patient = sizings({ lingerMs: LONG_LINGER_MS });
  return table(
    [
      'messages/s',
      'provisioned, plain',
      'provisioned, aggregated',
      `the same, linger ${LONG_LINGER_MS / 1000} s`,
      'the same, `raw`',
      'on demand in, plain',
      'on demand in, aggregated',
    ],
    sizings().map(({ messagesPerSecond, aggregated, plain }, row) => [
      whole(messagesPerSecond),
      dollars(plain.provisioned),
      dollars(aggregated.provisioned),
      dollars(patient[row]!.aggregated.provisioned),
      dollars(raw[row]!.aggregated.provisioned),
      dollars(plain.onDemandIn),
      dollars(aggregated.onDemandIn),
    ]),
  );
}

export function sizings({
  format = 'cloudevents' as StoredFormat,
  lingerMs = LINGER_MS,
} = {}): readonly Sizing[] {
  const sizes = storedSizes(format);
  return RATES.map((messagesPerSecond) => sizingOf({ messagesPerSecond, sizes, lingerMs }));
}

function whole(value: number): string {
  return value.toLocaleString('en-US');
}

/** Three significant digits: the assumptions are no better. */
function rounded(value: number): string {
  return Number(value.toPrecision(3)).toLocaleString('en-US', { maximumFractionDigits: 2 });
}

function dollars(value: number): string {
  return value < 10 ? `$${value.toFixed(2)}` : `$${whole(Number(Math.round(value).toPrecision(3)))}`;
}

/** Names left, numbers right. */
function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const rule = head.map((_title, column) => (/^[\d$]/.test(rows[0]![column]!) ? '---:' : '---'));
  return [head, rule, ...rows].map((cells) => `| ${cells.join(' | ')} |`).join('\n');
}
