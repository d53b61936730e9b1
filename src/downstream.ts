import { type Clock, SystemClock } from './clock.js';
import type { SinkConfig } from './config/sluice-config.js';
import { FileCheckpointStore } from './books/checkpoint-store.js';
import { Consumer } from './consumer/consumer.js';
import { Ledger } from './books/ledger.js';
import { createNoteCounts, type NoteCounts } from './consumer/rules/notes.js';
import { compileRules, type RuleSet } from './consumer/rules/rule-set.js';
import { DeadLetterWriter } from './dead-letter/dead-letter-writer.js';
import {
  CONSUMER_READER,
  type DownstreamOptions,
  type DownstreamReport,
  type StoreAnswer,
  type StoreRequest,
} from './downstream-protocol.js';
import { SluiceError } from './errors.js';
import { DuckdbSink } from './sink/duckdb/duckdb-sink.js';
import { InfluxSink } from './sink/influx/influx-sink.js';
import type { Sink } from './sink/sink.js';
import type { DurableEnd } from './stream/log/durable-end.js';
import { LogReader, logPosition } from './stream/log/log-reader.js';
import type { Position } from './stream/stream.js';

export interface DownstreamHooks {
  readonly onSettled: () => void;
  readonly onCheckpoint: (position: Position) => void;
  readonly warn: (fields: Record<string, unknown>, sentence: string) => void;
}

/** Consumer and sink, wired: the half of the gateway behind the stream. Knows nothing of threads. */
export class Downstream {
  readonly #sink: Sink;
  readonly #consumer: Consumer;
  readonly #deadLetter: DeadLetterWriter;
  readonly #reader: LogReader;
  readonly #notes: NoteCounts;

  private constructor(
    sink: Sink,
    consumer: Consumer,
    deadLetter: DeadLetterWriter,
    reader: LogReader,
    notes: NoteCounts,
  ) {
    this.#sink = sink;
    this.#consumer = consumer;
    this.#deadLetter = deadLetter;
    this.#reader = reader;
    this.#notes = notes;
  }

  /** Opens sink, dead letter and checkpoint; rejects with what makes them unusable, and leaves nothing open. */
  static async open(
    options: DownstreamOptions,
    durableEnd: DurableEnd,
    hooks: DownstreamHooks,
  ): Promise<Downstream> {
    const clock = new SystemClock();
    const ruleSet = compileOrThrow(options);
    const checkpoints = new FileCheckpointStore(options.directory.checkpoints, CONSUMER_READER);
    const checkpoint = await checkpoints.load();
    const sink = createSink(options.sink, clock, hooks.warn);
    await sink.open();
    let deadLetter: DeadLetterWriter;
    try {
      deadLetter = await DeadLetterWriter.open(
        { directory: options.directory.deadLetter, maxSizeBytes: options.deadLetterMaxSizeBytes },
        checkpoint?.deadLetterEnd,
      );
    } catch (thrown) {
      await sink.close();
      throw thrown;
    }
    const position = checkpoint?.position ?? logPosition(0);
    const reader = new LogReader(
      { directory: options.directory.log, from: position, maxBodyBytes: options.maxBodyBytes },
      durableEnd,
    );
    const notes = createNoteCounts();
    const consumer = new Consumer(options.consumer, {
      reader,
      apply: (record) => ruleSet.apply(record, notes, options.payload),
      sink,
      deadLetter,
      checkpoints,
      ledger: new Ledger(checkpoint?.ledger),
      clock,
      position,
      ...hooks,
    });
    return new Downstream(sink, consumer, deadLetter, reader, notes);
  }

  /** Runs until `drain` or `abort`, then closes everything. Rejects when going on would be a guess. */
  async run(): Promise<void> {
    try {
      await this.#consumer.run();
    } finally {
      await this.#reader.close();
      await this.#deadLetter.close();
      await this.#sink.close();
    }
  }

  drain(): void {
    this.#consumer.drain();
  }

  abort(): void {
    this.#consumer.abort();
  }

  report(): DownstreamReport {
    return {
      progress: this.#consumer.progress(),
      notes: { ...this.#notes },
      deadLetterBytes: this.#deadLetter.sizeBytes,
      sink: { ...this.#sink.counters(), kind: this.#sink.kind, status: this.#sink.status() },
    };
  }

  async ask(request: StoreRequest): Promise<StoreAnswer> {
    const { reader } = this.#sink;
    if (reader === undefined) {
      throw new SluiceError('SINK_QUERY_UNSUPPORTED', 'this store cannot be queried by the gateway');
    }
    return request.kind === 'measurements' ? reader.measurements() : reader.series(request.query);
  }
}

function compileOrThrow(options: DownstreamOptions): RuleSet {
  const compiled = compileRules(options.rules);
  if (compiled.ok) return compiled.ruleSet;
  const first = compiled.problems[0]!;
  throw new SluiceError(
    'CONFIG_INVALID',
    `rule ${first.rule}: ${first.path.join('.')}: got ${first.got}, expected ${first.expected}`,
  );
}

function createSink(options: SinkConfig, clock: Clock, warn: DownstreamHooks['warn']): Sink {
  return options.kind === 'influx'
    ? new InfluxSink(options.influx, { clock, warn })
    : new DuckdbSink(options.duckdb, { clock, warn });
}
