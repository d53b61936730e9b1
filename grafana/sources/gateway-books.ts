import { steps } from '../../src/dashboard/panel.js';
import { overTime, top } from '../build/metric-panels.js';
import type { MetricQueries } from '../build/metric-queries.js';
import { DEAD_LETTERS } from './gateway-next-steps.js';

export function bookPanels(ask: MetricQueries) {
  return [
    overTime(
      'The books',
      'Records by fate since the data directory was made. received = written + parked + filtered + buffered + lost, always. Parked grows: see the reasons beside.',
      'short',
      ask.labelled('sluice_ledger_records', 'fate'),
    ),
    top(
      'Refused, by reason',
      'Worst reasons why packets and connections were turned away, per second. Normal: 0, or empty. docs/operations.md says what each means.',
      'ops',
      ask.labelledRates('sluice_broker_refusals_total', 'reason'),
      'Gateway and reason',
    ),
    top(
      'Parked, by reason',
      `Worst reasons for dead letters, records per second. Normal: 0, or empty. ${DEAD_LETTERS}`,
      'ops',
      ask.labelledRates('sluice_ledger_parked_records', 'reason'),
      'Gateway and reason',
    ),
    top(
      'Filtered, by rule',
      'Rules whose condition refuses most, records per second. Normal: what you meant to filter. Unexpected: try the record with sluice explain.',
      'ops',
      ask.labelledRates('sluice_ledger_filtered_records', 'rule'),
      'Gateway and rule',
    ),
    overTime(
      'Left out or replaced',
      'Parts of records per second that were left out or replaced, by note. Normal: what your devices are known for. docs/operations.md says what each means.',
      'ops',
      ask.labelledRates('sluice_consumer_notes_total', 'note'),
      { width: 12 },
    ),
    overTime(
      'Dead letters on disk',
      `Bytes of all dead-letter files, and the limit (consumer.deadLetter.maxSize; in Kinesis mode each half has it for itself). Normal: flat, far below the limit. At the limit everything waits behind the next record that has to be parked. ${DEAD_LETTERS}`,
      'bytes',
      ask.gauges([
        ['sluice_dead_letter_size_bytes', 'parked'],
        ['sluice_dead_letter_max_size_bytes', 'limit'],
      ]),
      { width: 12 },
    ),
  ];
}

export function processPanels(ask: MetricQueries) {
  return [
    overTime(
      'Event loop',
      '99 of 100 turns of the main thread start later than this at most. Normal: below 50 ms. Above 200 ms for long: it has too little CPU.',
      's',
      ask.gauges([['nodejs_eventloop_lag_p99_seconds', '']]),
      { thresholds: steps(0.2, 1) },
    ),
    overTime(
      'Threads busy',
      'Share of time that the event loop of each thread is busy: main takes packets and writes the log, forwarder sends to Kinesis, consumer applies rules and writes to the store. Normal: below 0.7. Above 0.9 for long: this thread is the limit, more CPUs do not help; share the fleet between gateways.',
      'percentunit',
      ask.labelled('sluice_thread_utilization_ratio', 'thread'),
      { thresholds: steps(0.7, 0.9), max: 1 },
    ),
    overTime(
      'Memory',
      'Memory of the process, and the JavaScript heap in it. Normal: flat after an hour. Grows for days: report it.',
      'bytes',
      ask.gauges([
        ['process_resident_memory_bytes', 'process'],
        ['nodejs_heap_size_used_bytes', 'heap'],
      ]),
    ),
    overTime(
      'CPU',
      'Cores in use by all threads. Normal: far below 1 at a few thousand packets per second. Near the cores of the machine: it is full.',
      'short',
      ask.rates([['process_cpu_seconds_total', 'cores']]),
    ),
  ];
}
