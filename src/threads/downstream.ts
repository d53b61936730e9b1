import { join } from 'node:path';
import { SystemClock } from '../clock.js';
import { Consumer } from '../consumer/consumer.js';
import { type ExplanationJson, explainRecord, explanationJson } from '../consumer/explain.js';
import type { Mapped } from '../consumer/rules/mapped.js';
import { createNoteCounts, type NoteCounts } from '../consumer/rules/notes.js';
import type { RuleSet } from '../consumer/rules/rule-set.js';
import { listParked } from '../dead-letter/dead-letter-reader.js';
import { DeadLetterWriter } from '../dead-letter/dead-letter-writer.js';
import { SluiceError } from '../errors.js';
import { LatencyHistogram } from '../latency-histogram.js';
import { TraceExport } from '../metrics/otlp/trace-export.js';
import { newLineText } from '../sink/influx/line-text.js';
import { LatestPages } from '../sink/latest-pages.js';
import { SerialSink } from '../sink/serial-sink.js';
import type { Sink, StoreReader } from '../sink/sink.js';
import type { DurableEnd } from '../stream/log/durable-end.js';
import type { StreamRecord } from '../stream/stream.js';
import type { ConsumerSource } from './consumer-source.js';
import type {
  DownstreamAnswer,
  DownstreamOptions,
  DownstreamReport,
  DownstreamRequest,
} from './downstream-protocol.js';
import { LogSource } from './log-source.js';
import { notingSaves } from './noting-saves.js';
import { OwnStore } from './own-store.js';
import { CHECKPOINT_GRACE_MS, SettlingDesk } from './settling-desk.js';
import type { Stage, StageHooks } from './thread-protocol.js';
import { compileOrThrow, createSink } from './wired-store.js';

/** What the last spans may take of a stop. */
const LAST_SPANS_MS = 500;

const NO_LATENCY = new LatencyHistogram().snapshot();

/** Consumer and sink, wired: the half of the gateway behind the stream. */
export class Downstream implements Stage<DownstreamReport, DownstreamRequest, DownstreamAnswer> {
  readonly #options: DownstreamOptions;
  readonly #hooks: StageHooks;
  readonly #clock = new SystemClock();
  readonly #ruleSet: RuleSet;
  readonly #source: ConsumerSource;
  readonly #sink: Sink;
  readonly #latestPages: LatestPages | undefined;
  /** `write` of consumer and replays, in turn. */
  readonly #writes: SerialSink;
  readonly #desk: SettlingDesk;
  readonly #deadLetter: DeadLetterWriter;
  readonly #notes: NoteCounts = createNoteCounts();
  readonly #stopOpening = new AbortController();
  #trace: TraceExport | undefined;
  /** Absent until the gateway writes metrics of its own. */
  #ownStore: OwnStore | undefined;
  /** Absent while the source cannot be opened. */
  #consumer: Consumer | undefined;

  private constructor(
    options: DownstreamOptions,
    hooks: StageHooks,
    parts: {
      ruleSet: RuleSet;
      source: ConsumerSource;
      sink: Sink;
      deadLetter: DeadLetterWriter;
      desk: SettlingDesk;
    },
  ) {
    this.#options = options;
    this.#hooks = hooks;
    this.#ruleSet = parts.ruleSet;
    this.#source = parts.source;
    this.#sink = parts.sink;
    this.#latestPages = parts.sink.reader && new LatestPages(parts.sink.reader);
    this.#writes = new SerialSink(parts.sink);
    this.#deadLetter = parts.deadLetter;
    this.#desk = parts.desk;
    this.#desk.begin({
      store: {
        apply: (record) => this.#apply(record),
        sink: {
          write: (points, signal) => this.#writes.write(points, signal),
          status: () => this.#sink.status(),
        },
      },
      clock: this.#clock,
      hooks,
      onFreed: () => this.#deadLetter.measure(),
    });
    if (options.traces !== undefined) this.#trace = new TraceExport(options.traces, hooks.warn);
  }

  /** Opens source, sink and dead letter; rejects with what makes them unusable, and leaves nothing open. */
  static async open(
    options: DownstreamOptions,
    durableEnd: DurableEnd,
    hooks: StageHooks,
  ): Promise<Downstream> {
    const ruleSet = compileOrThrow(options.rules);
    const source = await createSource(options, durableEnd, hooks);
    const opened: { close(): Promise<void> }[] = [source];
    try {
      await source.check();
      const sink = createSink(options.sink, new SystemClock(), hooks.warn);
      await sink.open();
      opened.push(sink);
      const desk = await openDesk(options, source);
      opened.push(desk);
      const deadLetter = await DeadLetterWriter.open(
        {
          directory: join(options.directory.deadLetter, source.deadLetterFolder ?? ''),
          maxSizeBytes: options.deadLetterMaxSizeBytes,
        },
        source.deadLetterEnd,
      );
      desk.noteSaved(source.deadLetterFolder ?? '', source.deadLetterEnd ?? deadLetter.end);
      return new Downstream(options, hooks, { ruleSet, source, sink, deadLetter, desk });
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
        checkpoints: notingSaves(opened.checkpoints, ({ deadLetterEnd }) =>
          this.#desk.noteSaved(this.#source.deadLetterFolder ?? '', deadLetterEnd),
        ),
        apply: (record) => this.#apply(record),
        sink: this.#writes,
        deadLetter: this.#deadLetter,
        ledger: this.#source.ledger,
        clock: this.#clock,
        ...(this.#trace === undefined ? {} : { trace: this.#trace }),
        ...this.#hooks,
      });
      // Asked to stop while opening: what the stream holds is for the next start.
      if (this.#stopOpening.signal.aborted) this.#consumer.abort();
      await this.#consumer.run();
    } catch (thrown) {
      this.#desk.abort();
      throw thrown;
    } finally {
      await this.#desk.close();
      await this.#source.close();
      await this.#deadLetter.close();
      await this.#ownStore?.close();
      await this.#trace?.stop(LAST_SPANS_MS);
      await this.#sink.close();
    }
  }

  drain(): void {
    this.#stopOpening.abort();
    this.#desk.drain();
    this.#source.stopFetching?.();
    this.#consumer?.drain();
  }

  abort(): void {
    this.#stopOpening.abort();
    this.#desk.abort();
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
      settling: this.#desk.report(),
      sink: { ...this.#sink.counters(), kind: this.#sink.kind, status: this.#sink.status() },
      ...(kinesis === undefined ? {} : { kinesis }),
    };
  }

  async ask(request: DownstreamRequest): Promise<DownstreamAnswer> {
    switch (request.kind) {
      case 'replay':
      case 'purge':
        return this.#desk.start(request);
      case 'explain':
        return this.#explain(request.id);
      case 'write-own':
        this.#ownStore ??= OwnStore.create(this.#options.sink, this.#writes, this.#hooks.warn);
        return this.#ownStore.write(request.points);
      case 'measurements':
        return this.#reading.reader.measurements();
      case 'series':
        return this.#reading.reader.series(request.query);
      case 'latest':
        return this.#reading.latestPages.page(request.query);
    }
  }

  get #reading(): { reader: StoreReader; latestPages: LatestPages } {
    const { reader } = this.#sink;
    if (reader !== undefined && this.#latestPages !== undefined) {
      return { reader, latestPages: this.#latestPages };
    }
    throw new SluiceError('SINK_QUERY_UNSUPPORTED', 'this store cannot be queried by the gateway');
  }

  async #explain(id: string): Promise<ExplanationJson | undefined> {
    const { directory, payload } = this.#options;
    const [parked] = await listParked(directory.deadLetter, 1, { id });
    return parked && explanationJson(explainRecord(this.#ruleSet, parked, newLineText(), payload));
  }

  #apply(record: StreamRecord): Mapped {
    return this.#ruleSet.apply(record, this.#notes, this.#options.payload);
  }
}

function openDesk(options: DownstreamOptions, source: ConsumerSource): Promise<SettlingDesk> {
  const { directory, consumer } = options;
  return SettlingDesk.open({
    ...directory,
    checkpointWaitMs: consumer.checkpointIntervalMs + CHECKPOINT_GRACE_MS,
    ...(source.deadLetterFolder === undefined ? {} : { kinesisFolder: source.deadLetterFolder }),
  });
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
