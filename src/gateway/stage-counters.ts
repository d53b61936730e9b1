import type { StageCounters } from '../http/gateway-view.js';
import type {
  ConsumeFacts,
  IngestFacts,
  MetricsSnapshot,
  ProducerFacts,
  ReaderFacts,
} from '../metrics/metrics-snapshot.js';

/** Picks what the page shows of each stage from a snapshot of the metrics. */
export function stageCounters({
  ingest,
  producer,
  reader,
  consume,
  windows,
}: MetricsSnapshot): StageCounters {
  return {
    ...(ingest && ingestCounters(ingest)),
    producer: producer && producerCounters(producer),
    reader: reader && readerCounters(reader),
    consumer: consume && consumerCounters(consume),
    sink: consume && { ...consume.sink },
    windows: windows?.report,
  };
}

function ingestCounters({ broker, log }: IngestFacts): Required<Pick<StageCounters, 'broker' | 'log'>> {
  return {
    broker: {
      connections: broker.connections,
      packetsAccepted: broker.packetsAccepted,
      packetsRefused: Object.values(broker.refused).reduce((sum, count) => sum + count, 0),
      packetsShed: broker.packetsShed,
      acknowledged: broker.acknowledged,
      subscribers: broker.deliveries.observers,
      waitingMessages: broker.deliveries.queuedMessages,
      retainedMessages: broker.retained.messages,
    },
    log: {
      recordsAppended: log.recordsAppended,
      bytesAppended: log.bytesAppended,
      commits: log.commits,
      sizeBytes: log.sizeBytes,
      maxSizeBytes: log.maxSizeBytes,
      blocked: log.isBlocked,
    },
  };
}

function consumerCounters({ consumer }: ConsumeFacts): NonNullable<StageCounters['consumer']> {
  const { recordsRead, pointsMade, lagMs } = consumer;
  return { recordsRead, pointsMade, lagMs };
}

function producerCounters({ report, lagMs }: ProducerFacts): NonNullable<StageCounters['producer']> {
  const { recordsSent, kinesisRecordsSent, putUnits, throttled, retried } = report.counters;
  return { recordsSent, kinesisRecordsSent, putUnits, throttled, retried, lagMs, status: report.status };
}

function readerCounters({ report }: ReaderFacts): NonNullable<StageCounters['reader']> {
  const { recordsRead, kinesisRecordsRead, shardsReading, millisBehindLatest, throttled } = report.counters;
  return {
    recordsRead,
    kinesisRecordsRead,
    shards: shardsReading,
    millisBehindLatest,
    throttled,
    consumers: report.leases?.workers,
    status: report.status,
  };
}
