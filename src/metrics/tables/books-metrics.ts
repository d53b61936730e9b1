import type { MetricTable } from '../metric-table.js';
import type { MetricsSnapshot } from '../metrics-snapshot.js';

export const BOOKS: MetricTable<
  Pick<MetricsSnapshot, 'ledger' | 'deadLetterBytes' | 'deadLetterMaxSizeBytes'>
> = {
  gauges: [
    ['sluice_dead_letter_size_bytes', 'Bytes of all dead-letter files', (s) => s.deadLetterBytes],
    ['sluice_dead_letter_max_size_bytes', 'consumer.deadLetter.maxSize', (s) => s.deadLetterMaxSizeBytes],
  ],
  labelled: [
    [
      'sluice_ledger_records',
      'The books, since the data directory was made',
      'fate',
      'gauge',
      ({ ledger: { received, written, parked, filtered, buffered, lost } }) => ({
        received,
        written,
        parked,
        filtered,
        buffered,
        lost,
      }),
    ],
    [
      'sluice_ledger_parked_records',
      'Parked records by reason',
      'reason',
      'gauge',
      (s) => s.ledger.reasons.parked,
    ],
    [
      'sluice_ledger_filtered_records',
      'Filtered records by rule',
      'rule',
      'gauge',
      (s) => s.ledger.reasons.filtered,
    ],
  ],
};
