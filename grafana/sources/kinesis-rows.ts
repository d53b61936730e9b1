import type { RowSpec } from '../../src/grafana/dashboard-json.js';
import { redFrom, steps } from '../../src/grafana/panel.js';
import { overTime } from '../build/metric-panels.js';
import type { MetricQueries } from '../build/metric-queries.js';

const THIRD = { width: 8 };

/** The rows of producer and reader, for either kind of data source. */
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
      'Age of the oldest record not yet in Kinesis. Normal: about stream.kinesis.linger. If it rises, Kinesis is unavailable or there are too few shards.',
      's',
      ask.gauges([['sluice_kinesis_producer_oldest_unsent_seconds', '']]),
      { ...THIRD, thresholds: steps(10, 60) },
    ),
    overTime(
      'Sent',
      'Records, and the Kinesis records that contain them, per second. Normal: many records per Kinesis record with aggregation.',
      'ops',
      ask.rates([
        ['sluice_kinesis_producer_records_sent_total', 'records'],
        ['sluice_kinesis_producer_kinesis_records_sent_total', 'Kinesis records'],
      ]),
      THIRD,
    ),
    overTime(
      'Throttles and repeats',
      'Kinesis records per second that were throttled, sent again, or possibly stored twice. Normal: 0. If throttling lasts, add shards.',
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
      'Time until the record is in Kinesis. Normal: linger plus one request. If it is high, Kinesis throttles or the network to the region is slow.',
      's',
      ask.quantiles('sluice_kinesis_producer_forward_seconds'),
      { ...THIRD, thresholds: steps(10, 60) },
    ),
    overTime(
      'Bytes sent',
      'Bytes sent to Kinesis per second, including partition keys. A shard accepts 1 MiB per second; near that, add shards.',
      'Bps',
      ask.rates([['sluice_kinesis_producer_sent_bytes_total', 'bytes']]),
      THIRD,
    ),
    overTime(
      'Aggregate fill',
      'Mean fill of aggregates since the start. Normal: above half under load. If it is low, a longer linger reduces costs.',
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
      'MillisBehindLatest of the shard that is furthest behind. Normal: near 0. If it rises towards the retention of the stream, records will be lost: add consumers.',
      's',
      ask.gauges([['sluice_kinesis_reader_behind_latest_seconds', '']]),
      { ...THIRD, thresholds: steps(10, 60) },
    ),
    overTime(
      'Read',
      'Records, and the Kinesis records that contained them, per second. Normal: as many as are sent.',
      'ops',
      ask.rates([
        ['sluice_kinesis_reader_records_read_total', 'records'],
        ['sluice_kinesis_reader_kinesis_records_read_total', 'Kinesis records'],
      ]),
      THIRD,
    ),
    overTime(
      'Throttles and failures',
      'Calls per second that were throttled or failed, and gaps. Normal: 0. A gap means that records expired from the stream unread: raise its retention.',
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
      'Longest time since the last successful poll of a shard. Normal: about a second. Above 60 s polling is stalled: check network and credentials.',
      's',
      ask.gauges([['sluice_kinesis_reader_last_poll_age_seconds', '']]),
      { ...THIRD, thresholds: steps(30, 60) },
    ),
    overTime(
      'Shards',
      'Shards read by each process. Normal: the sum is the number of shards of the stream. If it is lower, a shard has no reader yet.',
      'short',
      ask.gauges([['sluice_kinesis_reader_shards', '']]),
      THIRD,
    ),
    overTime(
      'Leases',
      'Leases held now, and leases taken, lost and released since the start. Normal: held is flat. If leases are lost often, workers renew them too slowly. Empty without checkpoints: dynamodb.',
      'short',
      ask.labelled('sluice_kinesis_leases', 'kind'),
      THIRD,
    ),
  ];
}
