import { bytes, count, delay, duration, share } from './format.js';
import { windowsBehindMs, windowTotals } from './window-totals.js';

/** @import { Fact, FullState, LiveState, Stage } from './types.js' */

/** @type {Readonly<Record<string, string>>} */
const STORE_NAMES = { influx: 'InfluxDB', duckdb: 'DuckDB' };

/**
 * The stages in path order. `total` is the counter behind the rate into the stage. `facts` are rows of name, value and
 * whether the value is bad. `branches` are the totals of records that leave the path here. `metrics` are names at
 * /metrics for a closer look. `codes` matches the warnings that are about this stage.
 *
 * @type {readonly Stage[]}
 */
export const STAGES = [
  {
    id: 'broker',
    title: () => 'MQTT',
    about: () => 'devices publish here',
    flow: 'received',
    unit: 'messages/s',
    does: 'Takes messages over MQTT, and sends the receipt of each once it is on disk.',
    total: ({ broker }) => broker.packetsAccepted,
    facts: ({ broker }) => [
      ['connected', count(broker.connections)],
      ['receipts', count(broker.acknowledged)],
      ...subscriberFacts(broker),
    ],
    branches: ({ broker }) => [
      { name: 'refused', total: broker.packetsRefused, isBad: true },
      { name: 'shed', total: broker.packetsShed, isBad: true },
    ],
    codes: /^(ACCESS|BROKER|CERTIFICATE|JOURNAL|LISTENER|OPEN_FILES|TLS)_/,
    metrics: [
      'sluice_broker_connections',
      'sluice_broker_packets_accepted_total',
      'sluice_broker_packets_acknowledged_total',
      'sluice_broker_packets_shed_total',
      'sluice_broker_refusals_total',
      'sluice_broker_acknowledge_seconds',
      'sluice_broker_observers',
      'sluice_broker_session_messages',
      'sluice_broker_retained_messages',
    ],
  },
  {
    id: 'log',
    title: () => 'Log',
    about: () => 'on this disk before the receipt is sent',
    flow: 'appended',
    unit: 'messages/s',
    does: 'Keeps every message on disk until it has been processed.',
    figure: ({ log }) => {
      const { sizeBytes, maxSizeBytes } = log;
      return { name: 'used', value: share(sizeBytes, maxSizeBytes), unit: 'of its room' };
    },
    total: ({ log }) => log.recordsAppended,
    facts: ({ log, backlog, logBytesPerSecond }) => [
      ['waiting now', count(backlog.records)],
      ...roomFact(log, logBytesPerSecond),
      ['written to disk', bytes(log.bytesAppended)],
    ],
    fill: ({ log }) => ({ sizeBytes: log.sizeBytes, maxSizeBytes: log.maxSizeBytes }),
    // Most gateways never lose a message. The word is omitted there so that it worries nobody.
    branches: ({ ledger }) => (ledger.lost > 0 ? [{ name: 'lost', total: ledger.lost, isBad: true }] : []),
    codes: /^(LOG|CLOCK|RECEIVE_TIMES)_/,
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
    title: () => 'To Kinesis',
    about: () => 'from the log into the stream',
    flow: 'sent',
    unit: 'messages/s',
    does: 'Puts the messages of the log into the stream, in order.',
    total: ({ producer }) => producer.recordsSent,
    facts: ({ producer }) => [
      ['oldest unsent', producer.lagMs === 0 ? 'none' : duration(producer.lagMs)],
      ['Kinesis records', count(producer.kinesisRecordsSent)],
      ['PUT units', count(producer.putUnits)],
      ['throttled', count(producer.throttled)],
      ['retried', count(producer.retried)],
    ],
    branches: ({ ledger, consumer }) => {
      const part = ledger.parts?.ingest ?? (consumer === undefined ? ledger : undefined);
      return part === undefined ? [] : [{ name: 'parked', total: part.parked, to: 'dead-letters-title' }];
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
    title: () => 'From Kinesis',
    about: () => 'from the stream to the rules',
    flow: 'read',
    unit: 'messages/s',
    does: 'Reads the shards of the stream and keeps its position in each.',
    total: ({ reader }) => reader.recordsRead,
    facts: ({ reader }) => [
      ['shards', count(reader.shards)],
      ...consumersFact(reader.consumers),
      ['behind', reader.millisBehindLatest === 0 ? 'no' : duration(reader.millisBehindLatest)],
      ['Kinesis records', count(reader.kinesisRecordsRead)],
      ['throttled', count(reader.throttled)],
    ],
    branches: () => [],
    codes: /^(KINESIS|LEASE|SHARDS|COORDINATOR)_|_LEFT_STREAM$|^(STREAM_MADE_AGAIN|POSITION_REFUSED)$/,
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
    title: () => 'Rules',
    about: () => 'decide what becomes a point',
    flow: 'decided',
    unit: 'messages/s',
    does: 'Make points of messages, and decide what becomes of each message.',
    total: ({ consumer }) => consumer.recordsRead,
    facts: ({ consumer }) => [
      ['oldest waiting', consumer.lagMs === 0 ? 'none' : duration(consumer.lagMs)],
      ['points made', count(consumer.pointsMade)],
    ],
    branches: ({ ledger }) => {
      const { parked, filtered } = ledger.parts?.consume ?? ledger;
      return [
        { name: 'parked', total: parked, to: 'dead-letters-title' },
        { name: 'filtered', total: filtered, to: 'ledger-title' },
      ];
    },
    codes: /^(CARDINALITY|CHECKPOINT|DEAD_LETTER|DISK|REPLAY|STATE|WORKER)_/,
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
    title: ({ sink }) => STORE_NAMES[sink.kind] ?? sink.kind,
    about: () => 'stores the points',
    flow: 'points stored',
    unit: 'points/s',
    does: 'Writes the points to the store, and notes for each whether the store accepted it.',
    figure: ({ behindMs, ledger }) =>
      ledger.received === 0 ? null : { name: 'from arrival to stored', value: delay(behindMs), unit: '' },
    total: ({ sink }) => sink.pointsWritten,
    facts: ({ sink }) => [
      ['stored since the start', count(sink.pointsWritten)],
      ['rejected', count(sink.pointsRefused), sink.pointsRefused > 0],
      ['tried again', count(sink.retries)],
    ],
    branches: () => [],
    codes: /^(SINK|STORE|FIELD_TYPE|QUERY)_|^TOO_MANY_QUERIES$/,
    metrics: [
      'sluice_sink_points_written_total',
      'sluice_sink_points_refused_total',
      'sluice_sink_requests_total',
      'sluice_sink_retries_total',
      'sluice_sink_busy_seconds_total',
      'sluice_sink_state',
    ],
  },
  {
    id: 'windows',
    title: () => 'Windows',
    about: () => 'sums of the stored points',
    flow: 'rows written',
    unit: 'rows/s',
    does: 'Computes aggregates per window of time from the stored points, and writes them to the store as rows.',
    total: ({ windows }) => windowTotals(windows).rowsWritten,
    facts: ({ windows, nowMs }) => {
      const { openWindows, markedWindows, rowsWritten, rowsInexact } = windowTotals(windows);
      const behindMs = windowsBehindMs(windows, nowMs);
      return [
        ['open', count(openWindows)],
        ['due', count(markedWindows)],
        ['behind', behindMs === 0 ? 'no' : duration(behindMs)],
        ['rows since the start', count(rowsWritten)],
        ...inexactFact(rowsInexact),
      ];
    },
    // The store takes the rows of nearly every gateway. The word is omitted there so that it worries nobody.
    branches: ({ windows }) => {
      const { rowsRefused } = windowTotals(windows);
      return rowsRefused > 0 ? [{ name: 'rows refused', total: rowsRefused, isBad: true }] : [];
    },
    codes: /^WINDOWS?_/,
    metrics: [
      'sluice_windows_open_windows',
      'sluice_windows_marked_windows',
      'sluice_windows_behind_seconds',
      'sluice_windows_rows_written_total',
      'sluice_windows_rows_refused_total',
      'sluice_windows_rows_inexact_total',
      'sluice_windows_fold_seconds_total',
      'sluice_windows_values',
      'sluice_windows_memory_bytes',
    ],
  },
];

/**
 * The stages that run in this process: without Kinesis there is nothing between log and consumer, and without windows in
 * the configuration nothing behind the sink.
 *
 * @param {LiveState} state
 */
export function stagesOf(state) {
  return STAGES.filter(({ id }) => state[id] !== undefined);
}

/**
 * The totals behind the rates: one for each stage, and one for each branch (`consumer:parked`).
 *
 * @param {LiveState} state
 */
export function stageTotals(state) {
  const full = fullState(state);
  /** @type {Record<string, number>} */
  const totals = {};
  for (const { id, total, branches } of stagesOf(state)) {
    totals[id] = total(full);
    for (const branch of branches(full)) totals[`${id}:${branch.name}`] = branch.total;
  }
  return totals;
}

/**
 * For how long the log has room while nothing is stored, at the rate of the last minutes.
 *
 * @param {FullState['log']} log
 * @param {number | null} bytesPerSecond
 * @returns {readonly Fact[]}
 */
function roomFact({ sizeBytes, maxSizeBytes }, bytesPerSecond) {
  if (bytesPerSecond === null || bytesPerSecond <= 0) return [];
  const ms = (Math.max(0, maxSizeBytes - sizeBytes) / bytesPerSecond) * 1000;
  return [['room without the store', duration(ms)]];
}

/**
 * Only readers with leases count the consumers.
 *
 * @param {number | undefined} consumers
 * @returns {readonly Fact[]}
 */
function consumersFact(consumers) {
  return consumers === undefined ? [] : [['consumers', count(consumers)]];
}

/**
 * Every row is exact unless points are late beyond what the store keeps.
 *
 * @param {number} rowsInexact
 * @returns {readonly Fact[]}
 */
function inexactFact(rowsInexact) {
  return rowsInexact === 0 ? [] : [['inexact rows', count(rowsInexact), true]];
}

/**
 * Most gateways only take messages: what concerns subscribers is shown once there is something of it.
 *
 * @param {FullState['broker']} broker
 * @returns {readonly Fact[]}
 */
function subscriberFacts({ subscribers, waitingMessages, retainedMessages }) {
  if (subscribers + waitingMessages + retainedMessages === 0) return [];
  return [
    ['subscribers', count(subscribers)],
    ['waiting for them', count(waitingMessages)],
    ['retained', count(retainedMessages)],
  ];
}

/**
 * The state as the functions of a stage take it. They are called only for stages that run here.
 *
 * @param {LiveState} state
 */
export function fullState(state) {
  return /** @type {FullState} */ (state);
}
