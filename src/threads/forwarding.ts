import { join } from 'node:path';
import { FileCheckpointStore } from '../books/checkpoint-store.js';
import { Ledger } from '../books/ledger.js';
import { SystemClock } from '../clock.js';
import { FORWARDER_DEAD_LETTER } from '../dead-letter/dead-letter-files.js';
import { DeadLetterWriter } from '../dead-letter/dead-letter-writer.js';
import { SluiceError } from '../errors.js';
import { Forwarder } from '../forwarder/forwarder.js';
import type { KinesisApi } from '../stream/kinesis/kinesis-api.js';
import { KinesisProducer } from '../stream/kinesis/producer/kinesis-producer.js';
import type { DurableEnd } from '../stream/log/durable-end.js';
import { LogReader, logPosition, sequenceOfPosition } from '../stream/log/log-reader.js';
import type { OutletStatus } from '../stream/stream.js';
import { connectKinesis } from './connect-kinesis.js';
import type { ForwardingOptions, ForwardingReport } from './forwarding-protocol.js';
import { checkFit, describeUsable } from './kinesis-check.js';
import { FORWARDER_READER, logStart } from './log-start.js';
import { CHECKPOINT_GRACE_MS, SettlingDesk } from './settling-desk.js';
import type { SettlingAnswer, SettlingRequest } from './settling-protocol.js';
import type { Stage, StageHooks } from './thread-protocol.js';
import { refuseWhatNoWaitingHeals, untilOpen } from './until-open.js';

const BATCH_RECORDS = 2_000;
const BATCH_BYTES = 1024 * 1024;
const BATCH_LINGER_MS = 20;
/** Beside their bytes records cost memory each: without this bound, very many small ones would. */
const MIN_IN_FLIGHT_RECORDS = 50_000;
/** So that all buckets can have a full aggregate under way and another one filling. */
const IN_FLIGHT_RECORDS_A_BUCKET = 120;
const MAX_CONCURRENT_REQUESTS = 16;

const NOT_REACHED: OutletStatus = { state: 'retrying', detail: 'the stream has not been reached yet' };

/** Log → Kinesis, wired. */
export class Forwarding implements Stage<ForwardingReport, SettlingRequest, SettlingAnswer> {
  readonly #api: KinesisApi;
  readonly #check: () => Promise<void>;
  readonly #producer: KinesisProducer;
  readonly #forwarder: Forwarder;
  readonly #reader: LogReader;
  readonly #deadLetter: DeadLetterWriter;
  readonly #desk: SettlingDesk | undefined;
  readonly #hooks: StageHooks;
  readonly #stopOpening = new AbortController();
  /** While the stream could not be looked at. */
  #opening: OutletStatus | undefined;

  private constructor(parts: {
    isReached: boolean;
    api: KinesisApi;
    check: () => Promise<void>;
    producer: KinesisProducer;
    forwarder: Forwarder;
    reader: LogReader;
    deadLetter: DeadLetterWriter;
    desk: SettlingDesk | undefined;
    hooks: StageHooks;
  }) {
    if (!parts.isReached) this.#opening = NOT_REACHED;
    this.#api = parts.api;
    this.#check = parts.check;
    this.#producer = parts.producer;
    this.#forwarder = parts.forwarder;
    this.#reader = parts.reader;
    this.#deadLetter = parts.deadLetter;
    this.#desk = parts.desk;
    this.#hooks = parts.hooks;
  }

  static async open(
    options: ForwardingOptions,
    durableEnd: DurableEnd,
    hooks: StageHooks,
  ): Promise<Forwarding> {
    const clock = new SystemClock();
    const { name, producer: use } = options.kinesis;
    const api = await connectKinesis(options.kinesis);
    const check = async () => {
      const advice = checkFit({ name, ...use }, await describeUsable(api, name));
      if (advice.length > 0) hooks.warn({ code: 'KINESIS_ADVICE' }, advice.join('; '));
      await api.probe('write');
    };
    const isReached = await refuseWhatNoWaitingHeals(check);
    const start = await logStart(options.directory.checkpoints, FORWARDER_READER);
    const position = start?.position ?? logPosition(0);
    const { directory } = options;
    const checkpointWaitMs = options.checkpointIntervalMs + CHECKPOINT_GRACE_MS;
    const desk = options.isAlone ? await SettlingDesk.open({ ...directory, checkpointWaitMs }) : undefined;
    const deadLetter = await DeadLetterWriter.open(
      {
        directory: join(options.directory.deadLetter, FORWARDER_DEAD_LETTER),
        maxSizeBytes: options.deadLetterMaxSizeBytes,
      },
      start?.deadLetterEnd,
    );
    const reader = new LogReader(
      { directory: options.directory.log, from: position, maxBodyBytes: options.maxBodyBytes },
      durableEnd,
    );
    const producer = new KinesisProducer(
      { ...use, maxConcurrentRequests: MAX_CONCURRENT_REQUESTS },
      { api, clock, random: Math.random, warn: hooks.warn },
    );
    const forwarder = new Forwarder(
      {
        maxBatchRecords: BATCH_RECORDS,
        maxBatchBytes: BATCH_BYTES,
        lingerMs: BATCH_LINGER_MS,
        checkpointIntervalMs: options.checkpointIntervalMs,
        maxInFlightRecords: Math.max(MIN_IN_FLIGHT_RECORDS, use.buckets * IN_FLIGHT_RECORDS_A_BUCKET),
        maxInFlightBytes: use.maxInFlightBytes,
      },
      {
        reader,
        outlet: producer,
        deadLetter,
        checkpoints: new FileCheckpointStore(options.directory.checkpoints, FORWARDER_READER),
        ledger: new Ledger(start?.ledger),
        clock,
        position,
        ...hooks,
      },
    );
    desk?.begin({ clock, hooks, onFreed: () => deadLetter.measure() });
    return new Forwarding({ isReached, api, check, producer, forwarder, reader, deadLetter, desk, hooks });
  }

  async run(): Promise<void> {
    try {
      const isOpen = await untilOpen(
        async () => {
          if (this.#opening !== undefined) await this.#check();
          return true;
        },
        this.#stopOpening.signal,
        (status, code) => {
          this.#opening = status;
          this.#hooks.warn(
            { code, reason: status.detail },
            'Kinesis cannot be used yet; records wait in the log',
          );
        },
      );
      if (isOpen === undefined) return;
      this.#opening = undefined;
      if (this.#stopOpening.signal.aborted) this.#forwarder.abort();
      await this.#forwarder.run();
    } finally {
      await this.#desk?.close();
      await this.#producer.close();
      await this.#reader.close();
      await this.#deadLetter.close();
      this.#api.close();
    }
  }

  drain(): void {
    this.#stopOpening.abort();
    this.#desk?.drain();
    this.#forwarder.drain();
  }

  abort(): void {
    this.#stopOpening.abort();
    this.#forwarder.abort();
  }

  isStuck(): boolean {
    return this.#status().state !== 'healthy';
  }

  report(): ForwardingReport {
    const { position, ledger, recordsRead, latency, oldestPendingNs, blockedBy } = this.#forwarder.progress();
    return {
      book: { decided: sequenceOfPosition(position), fates: ledger },
      recordsRead,
      latency,
      ...(oldestPendingNs === undefined ? {} : { oldestPendingNs }),
      ...(blockedBy === undefined ? {} : { blockedBy }),
      status: this.#status(),
      counters: this.#producer.counters(),
      deadLetterBytes: this.#deadLetter.sizeBytes,
      ...(this.#desk === undefined ? {} : { settling: this.#desk.report() }),
    };
  }

  async ask(request: SettlingRequest): Promise<SettlingAnswer> {
    if (this.#desk === undefined || request.kind === 'explain') {
      throw new SluiceError(
        'REPLAY_UNSUPPORTED',
        'the rules are applied by a consumer, not by the forwarder',
      );
    }
    return this.#desk.start(request);
  }

  #status(): OutletStatus {
    return this.#opening ?? this.#producer.status();
  }
}
