import type { MetricTable } from '../metric-table.js';
import type { MetricsSnapshot } from '../metrics-snapshot.js';

export const LEDGER: MetricTable<
  Pick<MetricsSnapshot, 'ledger' | 'deadLetterBytes' | 'deadLetterMaxSizeBytes'>
> = {
  gauges: [
    ['sluice_dead_letter_size_bytes', 'Size of all dead-letter files', (s) => s.deadLetterBytes],
    [
      'sluice_dead_letter_max_size_bytes',
      'Limit of a dead letter, consumer.deadLetter.maxSize',
      (s) => s.deadLetterMaxSizeBytes,
    ],
    [
      'sluice_ledger_parked_without_payload_records',
      'Parked records whose payload is not kept: they cannot be replayed',
      (s) => s.ledger.parkedWithoutPayload ?? 0,
    ],
  ],
  labelled: [
    [
      'sluice_ledger_records',
      'Records by outcome, since the data directory was created',
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
