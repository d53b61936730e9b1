import type { MetricTable } from '../metric-table.js';
import type { IngestFacts } from '../metrics-snapshot.js';

export const INGEST: MetricTable<IngestFacts> = {
  counters: [
    [
      'sluice_broker_packets_accepted_total',
      'PUBLISH packets accepted, of any QoS',
      (s) => s.broker.packetsAccepted,
    ],
    [
      'sluice_broker_packets_acknowledged_total',
      'QoS 1 and 2 packets acknowledged after they were stored',
      (s) => s.broker.acknowledged,
    ],
    [
      'sluice_broker_packets_shed_total',
      'QoS 0 packets not stored because the log had no room',
      (s) => s.broker.packetsShed,
    ],
    [
      'sluice_broker_packets_retransmitted_total',
      'QoS 2 packets received again after they were stored',
      (s) => s.broker.retransmissions,
    ],
    [
      'sluice_broker_bridge_states_total',
      'Messages in which bridges say whether they are connected: acknowledged, and not stored as records',
      (s) => s.broker.bridgeStates,
    ],
    [
      'sluice_broker_observer_packets_skipped_total',
      'Packets not delivered to slow observers',
      (s) => s.broker.deliveries.skipped,
    ],
    [
      'sluice_broker_deliveries_expired_total',
      'Messages not sent to a subscriber because their message expiry interval (MQTT 5) had passed',
      (s) => s.broker.deliveries.expired,
    ],
    [
      'sluice_broker_deliveries_too_large_total',
      'Messages not sent because the subscriber takes no packet of their size (MQTT 5)',
      (s) => s.broker.deliveries.tooLarge,
    ],
    ['sluice_broker_deliveries_total', 'Packets sent to subscribers', (s) => s.broker.deliveries.sent],
    [
      'sluice_broker_session_messages_dropped_total',
      'QoS 1 and 2 messages that a full queue of a subscriber has lost, the oldest first',
      (s) => s.broker.deliveries.dropped,
    ],
    [
      'sluice_broker_retained_refused_total',
      'Messages that were stored and not retained, because broker.retained allows no more',
      (s) => s.broker.retained.refused,
    ],
    [
      'sluice_broker_retained_expired_total',
      'Retained messages removed because their message expiry interval (MQTT 5) had passed',
      (s) => s.broker.retained.expired,
    ],
    ['sluice_broker_connections_opened_total', 'MQTT connections opened', (s) => s.broker.connectionsOpened],
    ['sluice_broker_connections_closed_total', 'MQTT connections closed', (s) => s.broker.connectionsClosed],
    [
      'sluice_broker_connections_delayed_total',
      'New connections that had to wait because their address opened more than broker.limits.newConnectionsPerSecond',
      (s) => s.broker.limits.delayedConnections,
    ],
    ['sluice_log_records_appended_total', 'Records made durable in the log', (s) => s.log.recordsAppended],
    ['sluice_log_bytes_appended_total', 'Bytes made durable in the log', (s) => s.log.bytesAppended],
    [
      'sluice_log_commits_total',
      'Group commits, each with one write and one fdatasync',
      (s) => s.log.commits,
    ],
    [
      'sluice_log_records_dropped_total',
      'Records dropped by whenFull: drop-oldest',
      (s) => s.log.droppedRecords,
    ],
  ],
  gauges: [
    ['sluice_broker_connections', 'Open MQTT connections', (s) => s.broker.connections],
    [
      'sluice_broker_max_connections',
      'Limit of open MQTT connections, of all listeners together: broker.maxConnections, or what the open files allow',
      (s) => s.broker.maxConnections,
    ],
    [
      'sluice_broker_unfinished_bytes',
      'Bytes of packets that have begun and not ended; at broker.maxInFlightBytes those who hold most are closed',
      (s) => s.broker.unfinishedBytes,
    ],
    ['sluice_broker_observers', 'Clients with a subscription', (s) => s.broker.deliveries.observers],
    [
      'sluice_broker_subscriptions',
      'Topic filters of connected clients and of sessions whose clients are absent',
      (s) => s.broker.deliveries.subscriptions,
    ],
    [
      'sluice_broker_sessions',
      'Sessions (clean session 0) of connected and absent clients',
      (s) => s.broker.deliveries.sessions,
    ],
    [
      'sluice_broker_session_messages',
      'QoS 1 and 2 messages that wait for a subscriber or for its acknowledgement',
      (s) => s.broker.deliveries.queuedMessages,
    ],
    [
      'sluice_broker_session_bytes',
      'Bytes of such messages, each counted for everyone it waits for',
      (s) => s.broker.deliveries.queuedBytes,
    ],
    ['sluice_broker_retained_messages', 'Retained messages', (s) => s.broker.retained.messages],
    [
      'sluice_broker_retained_bytes',
      'Memory that retained messages take, with their topics: at most broker.retained.maxSize',
      (s) => s.broker.retained.bytes,
    ],
    [
      'sluice_broker_clients_silent',
      'Clients that have neither published nor subscribed within broker.limits.silentAfter',
      (s) => s.broker.limits.silent,
    ],
    ['sluice_log_size_bytes', 'Size of all segments', (s) => s.log.sizeBytes],
    ['sluice_log_max_size_bytes', 'Limit of the log size, stream.log.maxSize', (s) => s.log.maxSizeBytes],
    ['sluice_log_pending_bytes', 'Bytes accepted and not yet durable', (s) => s.log.pendingBytes],
    [
      'sluice_log_max_pending_bytes',
      'Limit of pending bytes, broker.maxInFlightBytes; at the limit sockets are not read',
      (s) => s.log.maxPendingBytes,
    ],
    [
      'sluice_log_blocked',
      '1 while the log has no room and PUBACKs are withheld',
      (s) => Number(s.log.isBlocked),
    ],
  ],
  labelled: [
    [
      'sluice_broker_refusals_total',
      'Packets and connections rejected',
      'reason',
      'counter',
      (s) => s.broker.refused,
    ],
    [
      'sluice_broker_clients_slowed',
      'Clients whose sockets are not read at the moment because the rate of the client, of its user or its address is used up, or its share of a busy machine',
      'limit',
      'gauge',
      (s) => s.broker.limits.held,
    ],
    [
      'sluice_broker_reads_rate_limited_total',
      'Times that a client was not read because of a rate or its share',
      'limit',
      'counter',
      (s) => s.broker.limits.holds,
    ],
  ],
  histograms: [
    [
      'sluice_broker_acknowledge_seconds',
      'Time from PUBLISH until the packet is durable and can be acknowledged; the time of the oldest packet in a commit counts for all of its packets',
      (s) => s.log.latency,
    ],
    ['sluice_log_sync_seconds', 'Time for write and fdatasync of a commit', (s) => s.log.syncTimes],
  ],
};
