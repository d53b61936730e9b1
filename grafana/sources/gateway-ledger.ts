import { steps } from '../../src/grafana/panel.js';
import { overTime, top } from '../build/metric-panels.js';
import type { MetricQueries } from '../build/metric-queries.js';
import { DEAD_LETTERS } from './gateway-next-steps.js';

/** Panels of the ledger, and of the most frequent reasons. */
export function ledgerPanels(ask: MetricQueries) {
  return [
    overTime(
      'Ledger',
      'Records by outcome since the data directory was created. Normal: received = written + parked + filtered + buffered + lost. If parked grows, see its reasons in the panels of this row.',
      'short',
      ask.labelled('sluice_ledger_records', 'fate'),
    ),
    top(
      'Refused, by reason',
      'Most frequent reasons why packets and connections were rejected, per second. Normal: 0 or empty. docs/runbook.md explains each reason.',
      'ops',
      ask.labelledRates('sluice_broker_refusals_total', 'reason'),
      'Gateway and reason',
    ),
    top(
      'Parked, by reason',
      `Most frequent reasons for dead letters, in records per second. Normal: 0 or empty. ${DEAD_LETTERS}`,
      'ops',
      ask.labelledRates('sluice_ledger_parked_records', 'reason'),
      'Gateway and reason',
    ),
    top(
      'Filtered, by rule',
      'Rules that filter the most records, per second. Normal: the records that you want to filter. If it is unexpected, test a record with sluice explain.',
      'ops',
      ask.labelledRates('sluice_ledger_filtered_records', 'rule'),
      'Gateway and rule',
    ),
    overTime(
      'Mapping warnings',
      'Parts of records that were omitted or replaced, per second, by kind. Normal: the deviations that you know of your devices. docs/metrics.md explains each kind.',
      'ops',
      ask.labelledRates('sluice_consumer_notes_total', 'note'),
      { width: 12 },
    ),
    overTime(
      'Dead letters on disk',
      `Size of all dead-letter files, and the limit (consumer.deadLetter.maxSize; in Kinesis mode it applies to each half separately). Normal: flat, far below the limit. At the limit all records wait behind the next record that has to be parked. ${DEAD_LETTERS}`,
      'bytes',
      ask.gauges([
        ['sluice_dead_letter_size_bytes', 'parked'],
        ['sluice_dead_letter_max_size_bytes', 'limit'],
      ]),
      { width: 12 },
    ),
    overTime(
      'Budgets used',
      'How full the fullest measurement, tag or share of a client is, by budget of policies.cardinality. Normal: flat, below 0.8. At 1 new series or fields are parked, or omitted: GET /api/budgets and sluice doctor name the measurement, the tag and the client.',
      'percentunit',
      ask.labelled('sluice_consumer_budget_used_ratio', 'budget'),
      { width: 12, thresholds: steps(0.8, 0.9), max: 1 },
    ),
    overTime(
      'Types converted',
      'Fields per second whose type differs from the one in the store, by what became of them. Normal: 0, or int-to-float of devices that write whole numbers without a decimal point. omitted and side-field: fix the device, or the type in the store (docs/policies.md). What is parked counts as field-type-conflict.',
      'ops',
      ask.labelledRates('sluice_consumer_type_conversions_total', 'kind'),
      { width: 12 },
    ),
  ];
}

/** Panels of the process and its threads. */
export function processPanels(ask: MetricQueries) {
  return [
    overTime(
      'Event loop',
      'Delay of the main thread, 99th percentile. Normal: below 50 ms. If it stays above 200 ms, the thread has too little CPU.',
      's',
      ask.gauges([['nodejs_eventloop_lag_p99_seconds', '']]),
      { thresholds: steps(0.2, 1) },
    ),
    overTime(
      'Threads busy',
      'Share of time that the event loop of each thread is busy: main receives packets and writes the log, forwarder sends to Kinesis, consumer applies rules and writes to the store. Normal: below 0.7. If it stays above 0.9, this thread is the bottleneck and more CPUs do not help; distribute the fleet over several gateways.',
      'percentunit',
      ask.labelled('sluice_thread_utilization_ratio', 'thread'),
      { thresholds: steps(0.7, 0.9), max: 1 },
    ),
    overTime(
      'Memory',
      'Memory of the process, and its JavaScript heap. Normal: flat after an hour. If it grows for days, report it.',
      'bytes',
      ask.gauges([
        ['process_resident_memory_bytes', 'process'],
        ['nodejs_heap_size_used_bytes', 'heap'],
      ]),
    ),
    overTime(
      'CPU',
      'Number of cores that all threads use. Normal: far below 1 at a few thousand packets per second. Near the number of cores of the machine, the machine is at its limit.',
      'short',
      ask.rates([['process_cpu_seconds_total', 'cores']]),
    ),
  ];
}
