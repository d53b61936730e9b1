import { join } from 'node:path';
import { FORWARDER_DEAD_LETTER } from '../dead-letter/dead-letter-files.js';
import { DeadLetterWriter } from '../dead-letter/dead-letter-writer.js';
import { Forwarder } from '../forwarder/forwarder.js';
import { FileCheckpointStore, FORWARDER_READER } from '../ledger/checkpoint-store.js';
import { Ledger } from '../ledger/ledger.js';
import { SystemClock } from '../lib/clock.js';
import { SluiceError } from '../lib/errors.js';
import { openAllOrNone } from '../lib/open-all-or-none.js';
import { prepareDeadLetter } from '../replay/prepare-dead-letter.js';
import {
  CHECKPOINT_GRACE_MS,
  type ReplayAnswer,
  type ReplayRequest,
  ReplayService,
} from '../replay/replay-service.js';
import { connectKinesis } from '../stream/kinesis/aws/connect-kinesis.js';
import type { KinesisApi } from '../stream/kinesis/kinesis-api.js';
import { KinesisProducer } from '../stream/kinesis/producer/kinesis-producer.js';
import type { DurableEnd } from '../stream/log/durable-end.js';
import { LogReader, logPosition, sequenceOfPosition } from '../stream/log/log-reader.js';
import type { ComponentStatus } from '../stream/stream.js';
import { logOrigin } from './checkpoint-origin.js';
import { FirstContact } from './first-contact.js';
import type { ForwardOptions, ForwardReport } from './forward-protocol.js';
import { checkFit, describeUsable } from './kinesis-check.js';
import { logStart, ONLY_SEAT, reportDamage } from './log-source.js';
import { openWithRetry } from './open-with-retry.js';
import type { Pipeline, PipelineHooks } from './worker/worker-protocol.js';

const BATCH_RECORDS = 2_000;
const BATCH_BYTES = 1024 * 1024;
const BATCH_LINGER_MS = 20;
/** Each record costs memory beside its bytes: very many small ones need a bound of their own. */
const MIN_IN_FLIGHT_RECORDS = 50_000;
/** Lets every bucket have a full aggregate in flight and another one filling. */
const IN_FLIGHT_RECORDS_A_BUCKET = 120;
const MAX_CONCURRENT_REQUESTS = 16;

const NOT_REACHED: ComponentStatus = { state: 'retrying', detail: 'the stream has not been reached yet' };

interface ForwardPipelineParts {
  readonly hooks: PipelineHooks;
  readonly api: KinesisApi;
  /** Rejects while the stream cannot be used. */
  readonly check: () => Promise<void>;
  readonly reader: LogReader;
  readonly producer: KinesisProducer;
  readonly forwarder: Forwarder;
  readonly deadLetter: DeadLetterWriter;
  /** Absent where the consuming pipeline of the process does it. */
  readonly replay: ReplayService | undefined;
}

/** Log, forwarder and Kinesis producer, wired. */
export class ForwardPipeline implements Pipeline<ForwardReport, ReplayRequest, ReplayAnswer> {
  readonly #parts: ForwardPipelineParts;
  readonly #stopOpening = new AbortController();
  /** Why the stream has not been checked yet; undefined once it has. */
  #opening: ComponentStatus | undefined = NOT_REACHED;

  private constructor(parts: ForwardPipelineParts) {
    this.#parts = parts;
  }

  /** Opens log and dead letter. Rejects with what makes them unusable, and leaves nothing open then. */
  static open(
    options: ForwardOptions,
    durableEnd: DurableEnd,
    hooks: PipelineHooks,
  ): Promise<ForwardPipeline> {
    return openAllOrNone(async (opened) => {
      const clock = new SystemClock();
      const { name, producer: use } = options.kinesis;
      const { directory, checkpointIntervalMs } = options;
      const api = await connectKinesis(options.kinesis);
      opened(() => api.close());
      const check = async () => {
        const advice = checkFit({ name, ...use }, await describeUsable(api, name));
        if (advice.length > 0) hooks.warn({ code: 'KINESIS_ADVICE' }, advice.join('; '));
        await api.probe('write');
      };
      const start = await logStart(directory.checkpoints, FORWARDER_READER);
      const position = start?.position ?? logPosition(0);
      if (options.isAlone) await prepareDeadLetter({ ...directory, warn: hooks.warn });
      const deadLetter = await DeadLetterWriter.open(
        {
          directory: join(directory.deadLetter, FORWARDER_DEAD_LETTER),
          maxSizeBytes: options.deadLetterMaxSizeBytes,
        },
        start?.deadLetterEnd,
      );
      opened(() => deadLetter.close());
      const replay = options.isAlone
        ? await ReplayService.open({
            ...directory,
            checkpointWaitMs: checkpointIntervalMs + CHECKPOINT_GRACE_MS,
            clock,
            onProgress: hooks.onProgress,
            onFreed: () => deadLetter.measure(),
            warn: hooks.warn,
          })
        : undefined;
      opened(() => replay?.close());
      const reader = new LogReader(
        {
          directory: directory.log,
          from: position,
          maxBodyBytes: options.maxBodyBytes,
          seat: ONLY_SEAT,
          onDamage: reportDamage(hooks.warn),
        },
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
          checkpointIntervalMs,
          maxInFlightRecords: Math.max(MIN_IN_FLIGHT_RECORDS, use.buckets * IN_FLIGHT_RECORDS_A_BUCKET),
          maxInFlightBytes: use.maxInFlightBytes,
        },
        {
          reader,
          outgoing: producer,
          deadLetter,
          checkpoints: new FileCheckpointStore(directory.checkpoints, FORWARDER_READER, (at) =>
            logOrigin(directory, at),
          ),
          ledger: new Ledger(start?.ledger),
          clock,
          position,
          ...hooks,
        },
      );
      replay?.noteReader(forwarder);
      return new ForwardPipeline({ hooks, api, check, reader, producer, forwarder, deadLetter, replay });
    });
  }

  async run(): Promise<void> {
    const { api, reader, producer, forwarder, deadLetter, replay } = this.#parts;
    try {
      // Meanwhile the parked files are read; a failure of that is thrown below.
      replay?.inspected().catch(() => undefined);
      if (!(await this.#untilChecked())) return;
      await replay?.inspected();
      if (this.#stopOpening.signal.aborted) forwarder.abort();
      await forwarder.run();
    } finally {
      await replay?.close();
      await producer.close();
      await reader.close();
      await deadLetter.close();
      api.close();
    }
  }

  drain(): void {
    this.#stopOpening.abort();
    this.#parts.replay?.drain();
    this.#parts.forwarder.drain();
  }

  abort(): void {
    this.#stopOpening.abort();
    this.#parts.replay?.abort();
    this.#parts.forwarder.abort();
  }

  isUnavailable(): boolean {
    return this.#status().state !== 'healthy';
  }

  report(): ForwardReport {
    const { producer, forwarder, deadLetter, replay } = this.#parts;
    const { position, ledger, recordsRead, latency, oldestPendingNs, blockedBy } = forwarder.progress();
    return {
      ledger: { processed: sequenceOfPosition(position), totals: ledger },
      recordsRead,
      latency,
      oldestPendingNs,
      blockedBy,
      status: this.#status(),
      counters: producer.counters(),
      deadLetterBytes: deadLetter.sizeBytes,
      replay: replay?.report(),
    };
  }

  async ask(request: ReplayRequest): Promise<ReplayAnswer> {
    const { replay } = this.#parts;
    if (replay === undefined || request.kind === 'explain' || request.kind === 'try') {
      throw new SluiceError(
        'REPLAY_UNSUPPORTED',
        'the rules are applied by a consumer, not by the forwarder',
      );
    }
    return replay.start(request);
  }

  /** Resolves with true once the stream has been checked; with false when asked to stop. */
  async #untilChecked(): Promise<boolean> {
    const { check, hooks } = this.#parts;
    const first = new FirstContact(hooks.onContact);
    try {
      const isOpen = await openWithRetry(
        async () => {
          await check();
          return true;
        },
        this.#stopOpening.signal,
        (status, code) => {
          this.#opening = status;
          hooks.warn({ code, reason: status.detail }, 'Kinesis cannot be used yet; records wait in the log');
        },
        first,
      );
      if (isOpen === undefined) return false;
      this.#opening = undefined;
      // The report comes first, so that the stream that has just been reached is not taken for one that works again.
      hooks.onProgress();
      first.end();
      return true;
    } finally {
      first.cancel();
    }
  }

  #status(): ComponentStatus {
    return this.#opening ?? this.#parts.producer.status();
  }
}
