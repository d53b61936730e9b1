import type { RowSpec } from '../../src/dashboard/dashboard.js';
import { redFrom, steps } from '../../src/dashboard/panel.js';
import { overTime } from '../build/metric-panels.js';
import type { MetricQueries } from '../build/metric-queries.js';

const THIRD = { width: 8 };

/** Both sides of the stream, once for each way to ask. */
export function kinesisRows(ask: MetricQueries): RowSpec[] {
  return [
    { title: 'Kinesis: producer', height: 8, panels: producerPanels(ask) },
    { title: 'Kinesis: reader', height: 8, panels: readerPanels(ask) },
  ];
}

function producerPanels(ask: MetricQueries) {
  return [
    overTime(
      'Oldest unsent record',
      'Age of the oldest record not in Kinesis. Normal: about stream.kinesis.linger. Rising: Kinesis is away, or there are too few shards.',
      's',
      ask.gauges([['sluice_kinesis_producer_oldest_unsent_seconds', '']]),
      { ...THIRD, thresholds: steps(10, 60) },
    ),
    overTime(
      'Sent',
      'Records, and Kinesis records these were put into, per second. Normal: many records in one Kinesis record with aggregation.',
      'ops',
      ask.rates([
        ['sluice_kinesis_producer_records_sent_total', 'records'],
        ['sluice_kinesis_producer_kinesis_records_sent_total', 'Kinesis records'],
      ]),
      THIRD,
    ),
    overTime(
      'Throttles and repeats',
      'Kinesis records per second not taken because of a rate, sent again, perhaps stored twice. Normal: 0. Throttles for long: add shards.',
      'ops',
      ask.rates([
        ['sluice_kinesis_producer_throttles_total', 'throttled'],
        ['sluice_kinesis_producer_retries_total', 'sent again'],
        ['sluice_kinesis_producer_ambiguous_total', 'ambiguous'],
      ]),
      { ...THIRD, thresholds: redFrom(1) },
    ),
    overTime(
      'PUBLISH to Kinesis',
      'Time until Kinesis holds the record. Normal: linger and a request. High: throttles, or a slow way to the region.',
      's',
      ask.quantiles('sluice_kinesis_producer_forward_seconds'),
      { ...THIRD, thresholds: steps(10, 60) },
    ),
    overTime(
      'Bytes sent',
      'Bytes per second that Kinesis took, with keys. A shard takes 1 MiB per second: near that, add shards.',
      'Bps',
      ask.rates([['sluice_kinesis_producer_sent_bytes_total', 'bytes']]),
      THIRD,
    ),
    overTime(
      'Aggregate fill',
      'How full aggregates leave, on average since the start. Normal: above half under load. Low: a longer linger costs less.',
      'percentunit',
      ask.gauges([['sluice_kinesis_producer_aggregate_fill_ratio', '']]),
      { ...THIRD, max: 1 },
    ),
  ];
}

function readerPanels(ask: MetricQueries) {
  return [
    overTime(
      'Behind the stream',
      'MillisBehindLatest of the shard furthest behind. Normal: near 0. Rising towards the retention of the stream: records will be gone; add consumers.',
      's',
      ask.gauges([['sluice_kinesis_reader_behind_latest_seconds', '']]),
      { ...THIRD, thresholds: steps(10, 60) },
    ),
    overTime(
      'Read',
      'Records, and Kinesis records these were in, per second. Normal: as many as are sent.',
      'ops',
      ask.rates([
        ['sluice_kinesis_reader_records_read_total', 'records'],
        ['sluice_kinesis_reader_kinesis_records_read_total', 'Kinesis records'],
      ]),
      THIRD,
    ),
    overTime(
      'Throttles and failures',
      'Calls per second that were refused or failed, and gaps. Normal: 0. A gap: records left the stream unread, raise its retention.',
      'ops',
      ask.rates([
        ['sluice_kinesis_reader_throttles_total', 'throttled'],
        ['sluice_kinesis_reader_failures_total', 'failed'],
        ['sluice_kinesis_reader_gaps_total', 'gaps'],
      ]),
      { ...THIRD, thresholds: redFrom(1) },
    ),
    overTime(
      'Last good poll',
      'Since the last good answer, of the shard where that is longest. Normal: about a second. Above 60 s polling stalls: look at network and credentials.',
      's',
      ask.gauges([['sluice_kinesis_reader_last_poll_age_seconds', '']]),
      { ...THIRD, thresholds: steps(30, 60) },
    ),
    overTime(
      'Shards',
      'Shards read by each process. Normal: their sum is the shards of the stream. Less: a shard has no reader yet.',
      'short',
      ask.gauges([['sluice_kinesis_reader_shards', '']]),
      THIRD,
    ),
    overTime(
      'Leases',
      'Leases held now, and taken, lost and given away since the start. Normal: held is flat. Lost often: workers are too slow to renew. Empty without checkpoints: dynamodb.',
      'short',
      ask.labelled('sluice_kinesis_leases', 'kind'),
      THIRD,
    ),
  ];
}
