import { join } from 'node:path';
import { type Clock, SystemClock } from '../clock.js';
import type { SinkConfig } from '../config/sluice-config.js';
import { Consumer } from '../consumer/consumer.js';
import { createNoteCounts, type NoteCounts } from '../consumer/rules/notes.js';
import { compileRules, type RuleSet } from '../consumer/rules/rule-set.js';
import { DeadLetterWriter } from '../dead-letter/dead-letter-writer.js';
import { SluiceError } from '../errors.js';
import { LatencyHistogram } from '../latency-histogram.js';
import { DuckdbSink } from '../sink/duckdb/duckdb-sink.js';
import { InfluxSink } from '../sink/influx/influx-sink.js';
import { LatestPages } from '../sink/latest-pages.js';
import type { Sink } from '../sink/sink.js';
import type { DurableEnd } from '../stream/log/durable-end.js';
import type { Warn } from '../warnings.js';
import type { ConsumerSource } from './consumer-source.js';
import type {
  DownstreamOptions,
  DownstreamReport,
  StoreAnswer,
  StoreRequest,
} from './downstream-protocol.js';
import { LogSource } from './log-source.js';
import { OwnStore } from './own-store.js';
import type { Stage, StageHooks } from './thread-protocol.js';

const NO_LATENCY = new LatencyHistogram().snapshot();

/** Consumer and sink, wired: the half of the gateway behind the stream. */
export class Downstream implements Stage<DownstreamReport, StoreRequest, StoreAnswer> {
  readonly #options: DownstreamOptions;
  readonly #hooks: StageHooks;
  readonly #clock = new SystemClock();
  readonly #ruleSet: RuleSet;
  readonly #source: ConsumerSource;
  readonly #sink: Sink;
  readonly #latestPages: LatestPages | undefined;
  readonly #deadLetter: DeadLetterWriter;
  readonly #notes: NoteCounts = createNoteCounts();
  readonly #stopOpening = new AbortController();
  /** Absent until the gateway writes metrics of its own. */
  #ownStore: OwnStore | undefined;
  /** Absent while the source cannot be opened. */
  #consumer: Consumer | undefined;

  private constructor(
    options: DownstreamOptions,
    hooks: StageHooks,
    parts: { ruleSet: RuleSet; source: ConsumerSource; sink: Sink; deadLetter: DeadLetterWriter },
  ) {
    this.#options = options;
    this.#hooks = hooks;
    this.#ruleSet = parts.ruleSet;
    this.#source = parts.source;
    this.#sink = parts.sink;
    this.#latestPages = parts.sink.reader && new LatestPages(parts.sink.reader);
    this.#deadLetter = parts.deadLetter;
  }

  /** Opens source, sink and dead letter; rejects with what makes them unusable, and leaves nothing open. */
  static async open(
    options: DownstreamOptions,
    durableEnd: DurableEnd,
    hooks: StageHooks,
  ): Promise<Downstream> {
    const ruleSet = compileOrThrow(options);
    const source = await createSource(options, durableEnd, hooks);
    const opened: { close(): Promise<void> }[] = [source];
    try {
      await source.check();
      const sink = createSink(options.sink, new SystemClock(), hooks.warn);
      await sink.open();
      opened.push(sink);
      const deadLetter = await DeadLetterWriter.open(
        {
          directory: join(options.directory.deadLetter, source.deadLetterFolder ?? ''),
          maxSizeBytes: options.deadLetterMaxSizeBytes,
        },
        source.deadLetterEnd,
      );
      return new Downstream(options, hooks, { ruleSet, source, sink, deadLetter });
    } catch (thrown) {
      for (const one of opened.reverse()) await one.close();
      throw thrown;
    }
  }

  async run(): Promise<void> {
    try {
      const opened = await this.#source.open(this.#stopOpening.signal);
      if (opened === undefined) return;
      this.#consumer = new Consumer(this.#options.consumer, {
        ...opened,
        apply: (record) => this.#ruleSet.apply(record, this.#notes, this.#options.payload),
        sink: this.#sink,
        deadLetter: this.#deadLetter,
        ledger: this.#source.ledger,
        clock: this.#clock,
        ...this.#hooks,
      });
      // Asked to stop while opening: what the stream holds is for the next start.
      if (this.#stopOpening.signal.aborted) this.#consumer.abort();
      await this.#consumer.run();
    } finally {
      await this.#source.close();
      await this.#deadLetter.close();
      await this.#ownStore?.close();
      await this.#sink.close();
    }
  }

  drain(): void {
    this.#stopOpening.abort();
    this.#source.stopFetching?.();
    this.#consumer?.drain();
  }

  abort(): void {
    this.#stopOpening.abort();
    this.#consumer?.abort();
  }

  isStuck(): boolean {
    return this.#sink.status().state !== 'healthy';
  }

  report(): DownstreamReport {
    const progress = this.#consumer?.progress();
    const { recordsRead = 0, pointsMade = 0, busyMs = 0, oldestPendingNs, blockedBy } = progress ?? {};
    const { recordsInFlight = 0, pointsInFlight = 0 } = progress ?? {};
    const { latency = NO_LATENCY, writeTimes = NO_LATENCY } = progress ?? {};
    const kinesis = this.#source.report?.();
    return {
      book: this.#source.book(progress?.position),
      consumer: {
        recordsRead,
        pointsMade,
        latency,
        busyMs,
        recordsInFlight,
        pointsInFlight,
        writeTimes,
        ...(oldestPendingNs === undefined ? {} : { oldestPendingNs }),
        ...(blockedBy === undefined ? {} : { blockedBy }),
      },
      notes: { ...this.#notes },
      deadLetterBytes: this.#deadLetter.sizeBytes,
      sink: { ...this.#sink.counters(), kind: this.#sink.kind, status: this.#sink.status() },
      ...(kinesis === undefined ? {} : { kinesis }),
    };
  }

  async ask(request: StoreRequest): Promise<StoreAnswer> {
    if (request.kind === 'write-own') {
      this.#ownStore ??= OwnStore.create(this.#options.sink, this.#sink, this.#hooks.warn);
      return this.#ownStore.write(request.points);
    }
    const { reader } = this.#sink;
    if (reader === undefined || this.#latestPages === undefined) {
      throw new SluiceError('SINK_QUERY_UNSUPPORTED', 'this store cannot be queried by the gateway');
    }
    switch (request.kind) {
      case 'measurements':
        return reader.measurements();
      case 'series':
        return reader.series(request.query);
      case 'latest':
        return this.#latestPages.page(request.query);
    }
  }
}

async function createSource(
  { directory, maxBodyBytes, kinesis }: DownstreamOptions,
  durableEnd: DurableEnd,
  hooks: StageHooks,
): Promise<ConsumerSource> {
  if (kinesis !== undefined) {
    // Only then: direct mode must not pay for what it does not use.
    const { KinesisSource } = await import('./kinesis-source.js');
    return KinesisSource.create(kinesis, directory, hooks);
  }
  return LogSource.create(
    { log: directory.log, checkpoints: directory.checkpoints, maxBodyBytes },
    durableEnd,
  );
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

function createSink(options: SinkConfig, clock: Clock, warn: Warn): Sink {
  return options.kind === 'influx'
    ? new InfluxSink(options.influx, { clock, warn })
    : new DuckdbSink(options.duckdb, { clock, warn });
}
