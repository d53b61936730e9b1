import type { DashboardSpec } from '../build/dashboard.js';
import { linksFrom } from '../build/links.js';
import { INSTANCE_VARIABLE, ONLY, only, quantiles, rates, single } from '../build/metric-panels.js';
import { steps } from '../build/panel.js';

/** The path left to right, from Prometheus. */
export const gateway: DashboardSpec = {
  uid: 'sluice-gateway',
  title: 'Gateway',
  description: 'The path of a packet: broker, log, consumer, store, and the books.',
  source: 'prometheus',
  variables: [INSTANCE_VARIABLE],
  annotation: {
    name: 'Gateway started',
    expr: 'changes(process_start_time_seconds{instance=~"$instance"}[1m]) > 0',
  },
  rows: [
    {
      title: 'Now',
      height: 4,
      panels: [
        single(
          'stat',
          'Taken',
          'PUBLISH packets taken per second.',
          'pps',
          `sum(rate(sluice_broker_packets_accepted_total${ONLY}[$__rate_interval]))`,
        ),
        single(
          'stat',
          'Written',
          'Points the store takes per second.',
          'wps',
          `sum(rate(sluice_sink_points_written_total${ONLY}[$__rate_interval]))`,
        ),
        single(
          'stat',
          'Lag',
          'Age of the oldest record whose fate is not decided. Normal: about the flush interval. Rising: the store is slow or down.',
          's',
          `max(sluice_consumer_lag_seconds${ONLY})`,
          { thresholds: steps(10, 60) },
        ),
        single(
          'stat',
          'Log filled',
          'Share of stream.log.maxSize in use, of the fullest log. At 100 % PUBACKs wait: mend the store, or give the log more room.',
          'percentunit',
          `max(sluice_log_size_bytes${ONLY} / sluice_log_max_size_bytes${ONLY})`,
          { thresholds: steps(0.5, 0.8) },
        ),
        single(
          'stat',
          'Connections',
          'Open MQTT connections.',
          'short',
          `sum(sluice_broker_connections${ONLY})`,
        ),
        single(
          'stat',
          'Lost',
          'Records that were acknowledged and are gone. Normal: 0. See the books in docs/operations.md.',
          'short',
          `sum(sluice_ledger_records${only('fate', 'lost')})`,
          { thresholds: steps(1, 1) },
        ),
      ],
    },
    {
      title: 'Rates along the path',
      height: 8,
      panels: [
        rates(
          'Broker',
          'Packets per second: taken, answered, not stored for want of room, stored before.',
          'pps',
          [
            ['sluice_broker_packets_accepted_total', 'taken'],
            ['sluice_broker_packets_acknowledged_total', 'acknowledged'],
            ['sluice_broker_packets_shed_total', 'shed'],
            ['sluice_broker_packets_retransmitted_total', 'retransmitted'],
          ],
        ),
        rates(
          'Log and consumer',
          'Records per second, made durable and read. Read below durable for long: the lag grows.',
          'ops',
          [
            ['sluice_log_records_appended_total', 'durable'],
            ['sluice_consumer_records_read_total', 'read'],
            ['sluice_log_records_dropped_total', 'dropped'],
          ],
        ),
        rates(
          'Store',
          'Points per second: made, written, refused. Refused points are in the dead letters.',
          'wps',
          [
            ['sluice_consumer_points_made_total', 'made'],
            ['sluice_sink_points_written_total', 'written'],
            ['sluice_sink_points_refused_total', 'refused'],
          ],
        ),
        quantiles(
          'PUBLISH to durable',
          'Time until the answer may go. High: the disk is slow.',
          'sluice_broker_acknowledge_seconds',
        ),
        quantiles(
          'PUBLISH to decided',
          'Time until written, parked or filtered. High: the store is slow.',
          'sluice_consumer_decide_seconds',
        ),
        single(
          'timeseries',
          'Lag over time',
          'Age of the oldest record whose fate is not decided, of each gateway.',
          's',
          `sluice_consumer_lag_seconds${ONLY}`,
          { legend: '{{instance}}', thresholds: steps(10, 60) },
        ),
      ],
    },
    {
      title: 'Log, errors and books',
      height: 8,
      panels: [
        single(
          'timeseries',
          'Log size',
          'Bytes of all segments. Grows while the store is away.',
          'bytes',
          `sluice_log_size_bytes${ONLY}`,
          { legend: '{{instance}}' },
        ),
        rates(
          'Requests to the store',
          'Requests per second, and those repeated. Repeats: see /readyz.',
          'reqps',
          [
            ['sluice_sink_requests_total', 'requests'],
            ['sluice_sink_retries_total', 'repeated'],
          ],
        ),
        single(
          'timeseries',
          'Store not healthy',
          '1 while the store is not healthy. misconfigured: mend token, database or address.',
          'short',
          `max by (instance, state) (sluice_sink_state{instance=~"$instance",state!="healthy"})`,
          { legend: '{{instance}} {{state}}' },
        ),
        single(
          'timeseries',
          'The books',
          'Records by fate since the data directory was made. received = written + parked + filtered + buffered + lost.',
          'short',
          `sum by (fate) (sluice_ledger_records${ONLY})`,
          { legend: '{{fate}}' },
        ),
        single(
          'table',
          'Parked, by reason',
          'Worst reasons for dead letters. Read them with sluice dead-letters.',
          'short',
          `topk(10, sum by (reason) (sluice_ledger_parked_records${ONLY}))`,
        ),
        single(
          'table',
          'Refused, by reason',
          'Worst reasons why connections and packets were turned away, per second.',
          'ops',
          `topk(10, sum by (reason) (rate(sluice_broker_refusals_total${ONLY}[$__rate_interval])))`,
        ),
      ],
    },
  ],
  links: linksFrom('sluice-gateway'),
};
