import {
  KinesisProducer,
  type KinesisProducerOptions,
} from '../../../../src/stream/kinesis/producer/kinesis-producer.js';
import type { StreamRecord, StreamRejection } from '../../../../src/stream/stream.js';
import { type CallFate, ScriptedKinesis } from './scripted-kinesis.js';
import { VirtualTime } from './virtual-time.js';

export const OPTIONS: KinesisProducerOptions = {
  aggregation: true,
  buckets: 64,
  aggregateBytes: 24_950,
  lingerMs: 500,
  maxRecordBytes: 1 << 20,
  maxConcurrentRequests: 16,
  partitionBy: 'client',
  format: 'raw',
  gateway: 'gw',
};

export const PLAIN = { ...OPTIONS, aggregation: false };

let sequence = 0;

export function record(clientId: string, payload: string): StreamRecord {
  sequence += 1;
  return {
    receivedAtNs: 1_795_000_000_000_000_000n + BigInt(sequence),
    topic: `sensors/${clientId}/telemetry`,
    clientId,
    qos: 1,
    payload: Buffer.from(payload),
  };
}

/** A producer in virtual time over a scripted Kinesis, with a list of what was completed. */
export class Rig {
  readonly time = new VirtualTime();
  readonly api: ScriptedKinesis;
  readonly producer: KinesisProducer;
  readonly warnings: string[] = [];
  /** By payload: each completion. */
  readonly completed = new Map<string, (StreamRejection | 'stored')[]>();
  sent = 0;
  completions = 0;

  constructor(
    options: Partial<KinesisProducerOptions> = {},
    outcomeOf?: (call: number, entries: ScriptedKinesis['calls'][number]) => CallFate,
    random: () => number = () => 0.999,
  ) {
    this.api = new ScriptedKinesis(this.time, outcomeOf);
    this.producer = new KinesisProducer(
      { ...OPTIONS, ...options },
      {
        api: this.api,
        clock: this.time,
        random,
        schedule: this.time.schedule,
        warn: (_fields, sentence) => this.warnings.push(sentence),
      },
    );
  }

  /** Payloads are unique within a test. */
  send(clientId: string, payload: string): void {
    this.sent += 1;
    this.producer.send(record(clientId, payload), (rejection) => {
      this.completions += 1;
      const so = this.completed.get(payload) ?? [];
      so.push(rejection ?? 'stored');
      this.completed.set(payload, so);
    });
  }

  done(limitMs?: number): Promise<void> {
    return this.time.until(() => this.completions >= this.sent, limitMs);
  }

  outcome(payload: string): StreamRejection | 'stored' | undefined {
    const so = this.completed.get(payload) ?? [];
    if (so.length > 1) throw new Error(`${payload} was completed ${so.length} times`);
    return so[0];
  }
}
