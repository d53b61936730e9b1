import type { DashboardSpec } from '../build/dashboard.js';
import { linksFrom } from '../build/links.js';
import { INSTANCE_VARIABLE, ONLY, quantiles, rates, single } from '../build/metric-panels.js';
import { steps } from '../build/panel.js';

/** Both sides of the stream, from Prometheus; empty without Kinesis mode. */
export const kinesis: DashboardSpec = {
  uid: 'sluice-kinesis',
  title: 'Kinesis',
  description: 'Producer and reader of the stream. Empty for gateways that do not run in Kinesis mode.',
  source: 'prometheus',
  variables: [INSTANCE_VARIABLE],
  rows: [
    {
      title: 'Producer',
      height: 8,
      panels: [
        single(
          'timeseries',
          'Oldest unsent record',
          'Age of the oldest record not in Kinesis. Rising: Kinesis is away, or there are too few shards.',
          's',
          `sluice_kinesis_producer_oldest_unsent_seconds${ONLY}`,
          { legend: '{{instance}}', thresholds: steps(10, 60) },
        ),
        rates('Sent', 'Records, and Kinesis records these were put into, per second.', 'ops', [
          ['sluice_kinesis_producer_records_sent_total', 'records'],
          ['sluice_kinesis_producer_kinesis_records_sent_total', 'Kinesis records'],
        ]),
        rates(
          'Throttles and repeats',
          'Kinesis records per second not taken because of a rate, sent again, perhaps stored twice. Throttles for long: add shards.',
          'ops',
          [
            ['sluice_kinesis_producer_throttles_total', 'throttled'],
            ['sluice_kinesis_producer_retries_total', 'sent again'],
            ['sluice_kinesis_producer_ambiguous_total', 'ambiguous'],
          ],
        ),
        quantiles(
          'PUBLISH to Kinesis',
          'Time until Kinesis holds the record.',
          'sluice_kinesis_producer_forward_seconds',
        ),
        rates(
          'Bytes sent',
          'Bytes per second that Kinesis took, with keys. A shard takes 1 MiB per second.',
          'Bps',
          [['sluice_kinesis_producer_sent_bytes_total', 'bytes']],
        ),
        single(
          'timeseries',
          'Aggregate fill',
          'How full aggregates leave, on average since the start. Low: a longer linger costs less.',
          'percentunit',
          `sluice_kinesis_producer_aggregate_fill_ratio${ONLY}`,
          { legend: '{{instance}}' },
        ),
      ],
    },
    {
      title: 'Reader',
      height: 8,
      panels: [
        single(
          'timeseries',
          'Behind the stream',
          'MillisBehindLatest of the shard furthest behind. Rising towards the retention of the stream: records will be gone.',
          's',
          `sluice_kinesis_reader_behind_latest_seconds${ONLY}`,
          { legend: '{{instance}}', thresholds: steps(10, 60) },
        ),
        rates('Read', 'Records, and Kinesis records these were in, per second.', 'ops', [
          ['sluice_kinesis_reader_records_read_total', 'records'],
          ['sluice_kinesis_reader_kinesis_records_read_total', 'Kinesis records'],
        ]),
        rates(
          'Throttles and failures',
          'Calls per second that were refused or failed, and gaps. A gap: records left the stream unread.',
          'ops',
          [
            ['sluice_kinesis_reader_throttles_total', 'throttled'],
            ['sluice_kinesis_reader_failures_total', 'failed'],
            ['sluice_kinesis_reader_gaps_total', 'gaps'],
          ],
        ),
        single(
          'timeseries',
          'Last good poll',
          'Since the last good answer, of the shard where that is longest. Above 60 s: polling stalls.',
          's',
          `sluice_kinesis_reader_last_poll_age_seconds${ONLY}`,
          { legend: '{{instance}}', thresholds: steps(30, 60) },
        ),
        single(
          'timeseries',
          'Shards',
          'Shards read by each process. Their sum is the shards of the stream.',
          'short',
          `sluice_kinesis_reader_shards${ONLY}`,
          { legend: '{{instance}}' },
        ),
        single(
          'timeseries',
          'Leases',
          'Leases held now, and taken, lost and given away since the start. Lost often: workers are too slow to renew.',
          'short',
          `sum by (kind) (sluice_kinesis_leases${ONLY})`,
          { legend: '{{kind}}' },
        ),
      ],
    },
  ],
  links: linksFrom('sluice-kinesis'),
};
