import { rmSync } from 'node:fs';
import { mkdir, mkdtemp } from 'node:fs/promises';
import { join } from 'node:path';
import { DeadLetterWriter } from '../../src/dead-letter/dead-letter-writer.js';
import { Forwarder } from '../../src/forwarder/forwarder.js';
import { FileCheckpointStore } from '../../src/ledger/checkpoint-store.js';
import { Ledger } from '../../src/ledger/ledger.js';
import { SystemClock } from '../../src/lib/clock.js';
import { KinesisProducer } from '../../src/stream/kinesis/producer/kinesis-producer.js';
import { DurableEndReader, DurableEndWriter, newDurableMemory } from '../../src/stream/log/durable-end.js';
import { LogReader, logPosition } from '../../src/stream/log/log-reader.js';
import { LogWriter } from '../../src/stream/log/log-writer.js';
import type { StreamRecord } from '../../src/stream/stream.js';
import { InstantKinesis } from './instant-kinesis.js';

const MAX_BODY_BYTES = 2 ** 20;

export interface Sent {
  readonly perSecond: number;
  readonly kinesis: InstantKinesis;
}

/** A log that holds `records`, for any number of runs over it. */
export async function filledLog(directory: string, records: readonly StreamRecord[]) {
  const folder = await mkdtemp(join(directory, 'sluice-bench-kinesis-'));
  const memory = newDurableMemory();
  const log = await LogWriter.open(
    {
      directory: join(folder, 'log'),
      maxSizeBytes: 64 * 2 ** 30,
      segmentSizeBytes: 64 * 2 ** 20,
      whenFull: 'block',
      maxBodyBytes: MAX_BODY_BYTES,
    },
    {
      durableEnd: new DurableEndWriter(memory),
      onFailure: (failure) => {
        throw failure;
      },
    },
  );
  await new Promise<void>((resolve) => {
    let left = records.length;
    for (const record of records) {
      log.append(record, () => {
        left -= 1;
        if (left === 0) resolve();
      });
    }
  });
  return {
    folder,
    memory,
    close: async () => {
      await log.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** The way from the log to Kinesis as the gateway goes it: reader, forwarder with checkpoints, producer. */
export async function forwardAll(
  log: { readonly folder: string; readonly memory: SharedArrayBuffer },
  aggregation: boolean,
  keeps = false,
): Promise<Sent> {
  const own = await mkdtemp(join(log.folder, 'run-'));
  await mkdir(join(own, 'checkpoints'));
  const clock = new SystemClock();
  const kinesis = new InstantKinesis({ keeps });
  const outgoing = new KinesisProducer(
    {
      aggregation,
      buckets: 64,
      aggregateBytes: 25_000,
      lingerMs: 500,
      maxRecordBytes: 2 ** 20,
      maxConcurrentRequests: 16,
      partitionBy: 'device',
      format: 'cloudevents',
      gateway: 'bench',
    },
    { api: kinesis, clock, random: Math.random, warn: () => undefined },
  );
  const deadLetter = await DeadLetterWriter.open({
    directory: join(own, 'dead-letter'),
    maxSizeBytes: 2 ** 30,
  });
  const reader = new LogReader(
    { directory: join(log.folder, 'log'), maxBodyBytes: MAX_BODY_BYTES },
    new DurableEndReader(log.memory),
  );
  const forwarder = new Forwarder(
    {
      maxBatchRecords: 2_000,
      maxBatchBytes: 2 ** 20,
      lingerMs: 20,
      checkpointIntervalMs: 1_000,
      maxInFlightRecords: 50_000,
      maxInFlightBytes: 32 * 2 ** 20,
    },
    {
      reader,
      outgoing,
      deadLetter,
      checkpoints: new FileCheckpointStore(join(own, 'checkpoints'), 'forwarder'),
      ledger: new Ledger(),
      clock,
      position: logPosition(0),
      onProgress: () => undefined,
      onCheckpoint: () => undefined,
      warn: () => undefined,
    },
  );
  globalThis.gc?.();
  const startedMs = performance.now();
  // Drains what is there, so it ends by itself.
  forwarder.drain();
  await forwarder.run();
  const seconds = (performance.now() - startedMs) / 1000;
  const { written } = forwarder.progress().ledger;
  await outgoing.close();
  await reader.close();
  await deadLetter.close();
  return { perSecond: written / seconds, kinesis };
}

/** What one writes first: a call for each reading, a device's next one when the last is answered. */
export async function onePutEach(records: readonly StreamRecord[]): Promise<Sent> {
  const kinesis = new InstantKinesis({ keeps: false });
  const byDevice = new Map<string, StreamRecord[]>();
  for (const record of records) {
    const own = byDevice.get(record.clientId);
    if (own === undefined) byDevice.set(record.clientId, [record]);
    else own.push(record);
  }
  globalThis.gc?.();
  const startedMs = performance.now();
  await Promise.all(
    [...byDevice].map(async ([clientId, own]) => {
      for (const { payload, topic, receivedAtNs } of own) {
        const event = {
          specversion: '1.0',
          id: String(receivedAtNs),
          source: 'urn:bench',
          type: 'reading',
          subject: topic,
          time: new Date(Number(receivedAtNs / 1_000_000n)).toISOString(),
          data: JSON.parse(payload.toString()) as unknown,
        };
        await kinesis.putRecords([{ data: Buffer.from(JSON.stringify(event)), partitionKey: clientId }]);
      }
    }),
  );
  return { perSecond: records.length / ((performance.now() - startedMs) / 1000), kinesis };
}
