import { bytes, count, duration } from './format.js';

const STORE_NAMES = { influx: 'InfluxDB', duckdb: 'DuckDB' };

/**
 * The stages in path order. `total`: what the rate into the stage is made of. `facts`: rows of name, value and
 * whether the value is bad news. `branches`: where records leave the path here, as totals. `metrics`: names at
 * /metrics to look further. `codes`: the warnings that are about this stage.
 */
export const STAGES = [
  {
    id: 'broker',
    title: 'Broker',
    unit: 'packets/s',
    does: 'Takes packets over MQTT and answers each once it is on disk.',
    total: ({ broker }) => broker.packetsAccepted,
    facts: ({ broker }) => [
      ['connections', count(broker.connections)],
      ['acknowledged', count(broker.acknowledged)],
    ],
    branches: ({ broker }) => [
      { name: 'refused', total: broker.packetsRefused, isBad: true },
      { name: 'shed', total: broker.packetsShed, isBad: true },
    ],
    codes: /^(BROKER|LISTENER)_/,
    metrics: [
      'sluice_broker_connections',
      'sluice_broker_packets_accepted_total',
      'sluice_broker_packets_acknowledged_total',
      'sluice_broker_packets_shed_total',
      'sluice_broker_refusals_total',
      'sluice_broker_acknowledge_seconds',
    ],
  },
  {
    id: 'log',
    title: 'Log',
    unit: 'records/s',
    does: 'Keeps every record on disk until its fate is decided.',
    total: ({ log }) => log.recordsAppended,
    facts: ({ log }) => [
      ['appended', bytes(log.bytesAppended)],
      ['commits', count(log.commits)],
    ],
    fill: ({ log }) => ({ sizeBytes: log.sizeBytes, maxSizeBytes: log.maxSizeBytes }),
    // Hardly any gateway ever loses a record: then the word is not there to worry about.
    branches: ({ ledger }) => (ledger.lost > 0 ? [{ name: 'lost', total: ledger.lost, isBad: true }] : []),
    codes: /^LOG_/,
    metrics: [
      'sluice_log_records_appended_total',
      'sluice_log_bytes_appended_total',
      'sluice_log_commits_total',
      'sluice_log_size_bytes',
      'sluice_log_max_size_bytes',
      'sluice_log_pending_bytes',
      'sluice_log_blocked',
      'sluice_log_records_dropped_total',
    ],
  },
  {
    id: 'producer',
    title: 'To Kinesis',
    unit: 'records/s',
    does: 'Puts the records of the log into the stream, in order.',
    total: ({ producer }) => producer.recordsSent,
    facts: ({ producer }) => [
      ['oldest unsent', producer.lagMs === 0 ? 'none' : duration(producer.lagMs)],
      ['Kinesis records', count(producer.kinesisRecordsSent)],
      ['PUT units', count(producer.putUnits)],
      ['throttled', count(producer.throttled)],
      ['retried', count(producer.retried)],
    ],
    branches: ({ ledger, consumer }) => {
      const book = ledger.books?.ingest ?? (consumer === undefined ? ledger : undefined);
      return book === undefined ? [] : [{ name: 'parked', total: book.parked, to: 'dead-letters-title' }];
    },
    codes: /^KINESIS_/,
    metrics: [
      'sluice_kinesis_producer_records_sent_total',
      'sluice_kinesis_producer_put_units_total',
      'sluice_kinesis_producer_throttles_total',
      'sluice_kinesis_producer_retries_total',
      'sluice_kinesis_producer_oldest_unsent_seconds',
      'sluice_kinesis_producer_state',
      'sluice_kinesis_producer_forward_seconds',
    ],
  },
  {
    id: 'reader',
    title: 'From Kinesis',
    unit: 'records/s',
    does: 'Reads the shards of the stream and keeps its place in each.',
    total: ({ reader }) => reader.recordsRead,
    facts: ({ reader }) => [
      ['shards', count(reader.shards)],
      ...(reader.consumers === undefined ? [] : [['consumers', count(reader.consumers)]]),
      ['behind', reader.millisBehindLatest === 0 ? 'no' : duration(reader.millisBehindLatest)],
      ['Kinesis records', count(reader.kinesisRecordsRead)],
      ['throttled', count(reader.throttled)],
    ],
    branches: () => [],
    codes: /^(KINESIS|LEASE|SHARDS|COORDINATOR)_|_LEFT_STREAM$/,
    metrics: [
      'sluice_kinesis_reader_records_read_total',
      'sluice_kinesis_reader_shards',
      'sluice_kinesis_reader_behind_latest_seconds',
      'sluice_kinesis_reader_last_poll_age_seconds',
      'sluice_kinesis_reader_throttles_total',
      'sluice_kinesis_reader_gaps_total',
      'sluice_kinesis_reader_state',
      'sluice_kinesis_leases',
    ],
  },
  {
    id: 'consumer',
    title: 'Consumer',
    unit: 'records/s',
    does: 'Turns records into points by the rules, and decides the fate of each.',
    total: ({ consumer }) => consumer.recordsRead,
    facts: ({ consumer }) => [
      ['lag', consumer.lagMs === 0 ? 'none' : duration(consumer.lagMs)],
      ['records read', count(consumer.recordsRead)],
      ['points made', count(consumer.pointsMade)],
    ],
    branches: ({ ledger }) => {
      const { parked, filtered } = ledger.books?.consume ?? ledger;
      return [
        { name: 'parked', total: parked, to: 'dead-letters-title' },
        { name: 'filtered', total: filtered, to: 'ledger-title' },
      ];
    },
    codes: /^(CHECKPOINT|DEAD_LETTER|REPLAY|WORKER)_/,
    metrics: [
      'sluice_consumer_records_read_total',
      'sluice_consumer_points_made_total',
      'sluice_consumer_lag_seconds',
      'sluice_consumer_decide_seconds',
      'sluice_consumer_notes_total',
      'sluice_ledger_parked_records',
      'sluice_ledger_filtered_records',
      'sluice_dead_letter_size_bytes',
    ],
  },
  {
    id: 'sink',
    title: 'Sink',
    unit: 'points/s',
    does: 'Writes the points to the store, and says of each whether the store took it.',
    total: ({ sink }) => sink.pointsWritten,
    facts: ({ sink }) => [
      ['store', STORE_NAMES[sink.kind] ?? sink.kind],
      ['written', count(sink.pointsWritten)],
      ['refused', count(sink.pointsRefused), sink.pointsRefused > 0],
      ['retries', count(sink.retries)],
    ],
    branches: () => [],
    codes: /^(SINK|STORE)_/,
    metrics: [
      'sluice_sink_points_written_total',
      'sluice_sink_points_refused_total',
      'sluice_sink_requests_total',
      'sluice_sink_retries_total',
      'sluice_sink_busy_seconds_total',
      'sluice_sink_state',
    ],
  },
];

/** Those that run in this process: without Kinesis there is nothing between log and consumer. */
export function stagesOf(state) {
  return STAGES.filter(({ id }) => state[id] !== undefined);
}

/** What the rates are made of: a total a stage, and one a branch (`consumer:parked`). */
export function stageTotals(state) {
  const totals = {};
  for (const { id, total, branches } of stagesOf(state)) {
    totals[id] = total(state);
    for (const branch of branches(state)) totals[`${id}:${branch.name}`] = branch.total;
  }
  return totals;
}
