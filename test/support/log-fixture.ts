import { DurableEndReader, DurableEndWriter, newDurableMemory } from '../../src/stream/log/durable-end.js';
import { type LogDamage, LogReader, type LogReaderOptions } from '../../src/stream/log/log-reader.js';
import { type LogOptions, LogWriter, type LogWriterDeps } from '../../src/stream/log/log-writer.js';
import type { Position, StreamRecord } from '../../src/stream/stream.js';

export const NO_LINGER = { maxRecords: 5000, maxBytes: 8 << 20, lingerMs: 0, whenEmpty: 'wait' } as const;
export const MAX_BODY_BYTES = 1 << 20;

/** The `n`-th record of a deterministic stream; size and content follow from `n`. */
export function testRecord(n: number, payloadBytes = 20 + (n % 50)): StreamRecord {
  return {
    receivedAtNs: 1_700_000_000_000_000_000n + BigInt(n),
    topic: `sensors/ü${n % 7}/telemetry`,
    clientId: `device-${n % 13}`,
    qos: (n % 3) as 0 | 1 | 2,
    payload: Buffer.alloc(payloadBytes, `payload ${n};`),
  };
}

/** A log and its readers in one thread, wired as the gateway does across two. */
export class TestLog {
  readonly memory = newDurableMemory();
  readonly durableEnd = new DurableEndWriter(this.memory);
  readonly failures: unknown[] = [];
  readonly options: LogOptions;
  writer!: LogWriter;

  constructor(directory: string, options: Partial<LogOptions> = {}) {
    this.options = {
      directory,
      maxSizeBytes: 1 << 30,
      segmentSizeBytes: 64 << 20,
      whenFull: 'block',
      maxBodyBytes: MAX_BODY_BYTES,
      ...options,
    };
  }

  static async open(
    directory: string,
    options: Partial<LogOptions> = {},
    deps: Partial<LogWriterDeps> = {},
  ): Promise<TestLog> {
    const log = new TestLog(directory, options);
    log.writer = await LogWriter.open(log.options, {
      durableEnd: log.durableEnd,
      onFailure: (failure) => log.failures.push(failure),
      ...deps,
    });
    return log;
  }

  /** Appends records `from` … `to - 1` of the test stream; resolves when all are durable. */
  async append(from: number, to: number, payloadBytes?: number): Promise<void> {
    await new Promise<void>((resolve) => {
      let left = to - from;
      for (let n = from; n < to; n += 1) {
        this.writer.append(testRecord(n, payloadBytes), () => {
          left -= 1;
          if (left === 0) resolve();
        });
      }
    });
  }

  reader(from?: Position, options: Partial<LogReaderOptions> = {}): LogReader {
    const end = new DurableEndReader(this.memory);
    this.durableEnd.onMove(() => end.woken());
    return new LogReader(
      {
        directory: this.options.directory,
        maxBodyBytes: this.options.maxBodyBytes,
        from,
        ...options,
      },
      end,
    );
  }

  /** Everything a fresh reader finds between `from` and the durable end. */
  async readAll(from?: Position, options: Partial<LogReaderOptions> = {}) {
    const damage: LogDamage[] = [];
    const reader = this.reader(from, { onDamage: (found) => damage.push(found), ...options });
    const records: StreamRecord[] = [];
    let damaged = 0;
    let dropped = 0;
    let position = from ?? '0';
    try {
      while (Number(position) < this.writer.durableSequence) {
        const batch = await reader.next(NO_LINGER, new AbortController().signal);
        const { records: read, lost } = batch!.parts[0]!;
        records.push(...read);
        damaged += lost.damaged;
        dropped += lost.dropped;
        position = batch!.position;
      }
    } finally {
      await reader.close();
    }
    return { records, damaged, dropped, position, damage };
  }
}
