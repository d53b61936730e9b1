import {
  KinesisProducer,
  type KinesisProducerOptions,
} from '../../../../src/stream/kinesis/producer/kinesis-producer.js';
import type { OutletRefusal, StreamRecord } from '../../../../src/stream/stream.js';
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

/** A producer in virtual time over a scripted Kinesis, with a book of what was settled. */
export class Rig {
  readonly time = new VirtualTime();
  readonly api: ScriptedKinesis;
  readonly producer: KinesisProducer;
  readonly warnings: string[] = [];
  /** By payload: each settlement. */
  readonly settled = new Map<string, (OutletRefusal | 'stored')[]>();
  sent = 0;
  settlements = 0;

  constructor(
    options: Partial<KinesisProducerOptions> = {},
    fateOf?: (call: number, entries: ScriptedKinesis['calls'][number]) => CallFate,
    random: () => number = () => 0.999,
  ) {
    this.api = new ScriptedKinesis(this.time, fateOf);
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
    this.producer.send(record(clientId, payload), (refusal) => {
      this.settlements += 1;
      const so = this.settled.get(payload) ?? [];
      so.push(refusal ?? 'stored');
      this.settled.set(payload, so);
    });
  }

  done(limitMs?: number): Promise<void> {
    return this.time.until(() => this.settlements >= this.sent, limitMs);
  }

  fate(payload: string): OutletRefusal | 'stored' | undefined {
    const so = this.settled.get(payload) ?? [];
    if (so.length > 1) throw new Error(`${payload} was settled ${so.length} times`);
    return so[0];
  }
}
