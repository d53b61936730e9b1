import type { ReceiveTimes } from '../../src/bridge/receive-times.js';
import { parseConfig } from '../../src/config/load-config.js';
import { dataDirectory } from '../../src/data-directory/data-directory.js';
import { DebugLines } from '../../src/gateway/debug-lines.js';
import { DiskReserve } from '../../src/gateway/disk-reserve.js';
import { GatewayDirectory } from '../../src/gateway/gateway-directory.js';
import { ledgerView } from '../../src/gateway/gateway-ledger.js';
import { GatewayLog } from '../../src/gateway/gateway-log.js';
import { type GatewayOptions, gatewayOptions } from '../../src/gateway/gateway-options.js';
import { openReceiveTimes } from '../../src/gateway/open-receive-times.js';
import type { LedgerView } from '../../src/http/gateway-view.js';
import { SystemClock } from '../../src/lib/clock.js';
import { createLogger } from '../../src/lib/logger.js';
import { openAllOrNone } from '../../src/lib/open-all-or-none.js';
import type { Warn } from '../../src/lib/warnings.js';
import { ConsumePipeline } from '../../src/pipeline/consume-pipeline.js';
import type { JobRequest } from '../../src/replay/replayer.js';
import type { SinkOptions } from '../../src/sink/create-sink.js';
import { DurableEndReader, DurableEndWriter, newDurableMemory } from '../../src/stream/log/durable-end.js';
import type { StreamRecord } from '../../src/stream/stream.js';
import type { MemorySink } from './memory-sink.js';

export interface LocalGatewayOptions {
  /** The data directory. */
  readonly root: string;
  /** The section `rules` of the configuration. */
  readonly rules: string;
  readonly sink: MemorySink;
  readonly checkpointIntervalMs?: number;
}

/** So that a few hundred kB make several segments and several parked files. */
const SEGMENT_BYTES = 16 * 1024;
const DEAD_LETTER_BYTES = 512 * 1024;

interface LocalGatewayParts {
  readonly directory: GatewayDirectory;
  readonly reserve: DiskReserve;
  readonly log: GatewayLog;
  readonly receiveTimes: ReceiveTimes;
  readonly pipeline: ConsumePipeline;
}

/**
 * A gateway in direct mode without broker, HTTP and worker thread: the same classes in the same order as `Gateway.start`.
 * The test must replace `createSink` by a function that returns its first argument.
 */
export class LocalGateway {
  /** The lines that it has logged. */
  readonly lines: readonly string[];
  readonly #parts: LocalGatewayParts;
  readonly #running: Promise<void>;
  readonly #waiting: Set<() => void>;
  readonly #saved: () => string | undefined;

  private constructor(
    parts: LocalGatewayParts,
    lines: readonly string[],
    waiting: Set<() => void>,
    saved: () => string | undefined,
  ) {
    this.#parts = parts;
    this.lines = lines;
    this.#waiting = waiting;
    this.#saved = saved;
    this.#running = parts.pipeline.run();
    // Reported by `stop`.
    this.#running.catch(() => undefined);
  }

  /** Rejects with what refuses the directory or fails the start, and leaves nothing open then. */
  static start(given: LocalGatewayOptions, lines: string[] = []): Promise<LocalGateway> {
    return openAllOrNone(async (opened) => {
      const logger = createLogger({
        level: 'warn',
        format: 'json',
        destination: { write: (line) => void lines.push(line) },
      });
      const warn: Warn = (fields, sentence) => logger.warn(fields, sentence);
      const clock = new SystemClock();
      const directory = await GatewayDirectory.open(optionsOf(given), { version: '9.9.9', logger });
      opened(() => directory.release());
      const { options } = directory;
      const reserve = await DiskReserve.open(options.directory.root, logger);
      opened(async () => reserve.close());
      const memory = newDurableMemory();
      const durableEnd = new DurableEndWriter(memory);
      const log = await GatewayLog.open(options, {
        durableEnd,
        logger,
        debug: new DebugLines(logger, clock),
        annotate: () => undefined,
        onFailure: (failure) => {
          throw failure;
        },
      });
      opened(() => log.close());
      directory.holdsLog(() => log.writer.durableSequence);
      const receiveTimes = openReceiveTimes(options.directory, log.writer.recovered, clock, warn);
      const reader = new DurableEndReader(memory);
      durableEnd.onMove(() => reader.woken());
      const waiting = new Set<() => void>();
      const wake = () => {
        for (const look of [...waiting]) look();
      };
      let saved: string | undefined;
      const { directory: of, maxBodyBytes } = options;
      const pipeline = await ConsumePipeline.open(
        { ...options.consume, directory: of, maxBodyBytes },
        reader,
        {
          onProgress: wake,
          onContact: () => undefined,
          onCheckpoint: (position) => {
            log.trim('consumer', position);
            saved = position;
            wake();
          },
          warn,
        },
      );
      await directory.beginReceiving();
      return new LocalGateway(
        { directory, reserve, log, receiveTimes, pipeline },
        lines,
        waiting,
        () => saved,
      );
    });
  }

  /** The next receive time, as the bridge takes it. */
  nextTime(): bigint {
    return this.#parts.receiveTimes.next(new SystemClock().nowNs());
  }

  /** Resolves when the record is durable. */
  append(record: StreamRecord): Promise<void> {
    return new Promise((resolve) => this.#parts.log.writer.append(record, resolve));
  }

  /** The sequence behind the last record of the log. */
  get end(): number {
    return this.#parts.log.writer.durableSequence;
  }

  /** Resolves when everything before `sequence` has an outcome and is in the checkpoint, or only the former. */
  async processed(sequence: number, isSaved = true): Promise<void> {
    const { pipeline } = this.#parts;
    await this.#until(
      () =>
        pipeline.report().ledger.processed >= sequence &&
        (!isSaved || Number(this.#saved() ?? -1) >= sequence),
    );
  }

  /** Runs a replay or purge to its end. */
  async replay(request: JobRequest): Promise<void> {
    const { pipeline } = this.#parts;
    await pipeline.ask(request);
    await this.#until(() => pipeline.report().replay.status?.state !== 'running');
    const { state, failure } = pipeline.report().replay.status!;
    if (state !== 'done') throw new Error(`the ${request.kind} is ${state}: ${failure}`);
  }

  ledger(): LedgerView {
    const { log, pipeline } = this.#parts;
    return ledgerView(log.writer.durableSequence, undefined, pipeline.report(), log.dropped);
  }

  /** `isDrained`: what the log holds is processed first; else it stays there, as when the store is down. */
  async stop(isDrained = true): Promise<void> {
    const { directory, reserve, log, pipeline } = this.#parts;
    await log.close();
    if (isDrained) pipeline.drain();
    else pipeline.abort();
    await this.#running;
    reserve.close();
    await directory.release();
  }

  /** Rejects when the pipeline ends meanwhile. */
  async #until(isReached: () => boolean): Promise<void> {
    let stopLooking: () => void = () => undefined;
    const reached = new Promise<void>((resolve) => {
      const look = () => {
        if (isReached()) resolve();
      };
      stopLooking = () => this.#waiting.delete(look);
      this.#waiting.add(look);
      look();
    });
    try {
      await Promise.race([
        reached,
        this.#running.then(() => Promise.reject(new Error('the pipeline has ended'))),
      ]);
    } finally {
      stopLooking();
    }
  }
}

function optionsOf({ root, rules, sink, checkpointIntervalMs = 1 }: LocalGatewayOptions): GatewayOptions {
  const directory = dataDirectory(root);
  const parsed = parseConfig(
    `stream: { log: { directory: ${directory.log} } }\nrules:\n${rules}`,
    'sluice.yaml',
    '/',
    {},
  );
  if (!parsed.ok) throw new Error(`the configuration of this test is wrong: ${JSON.stringify(parsed)}`);
  const options = gatewayOptions(parsed.loaded.config, 'all');
  return {
    ...options,
    log: { ...options.log, segmentSizeBytes: SEGMENT_BYTES },
    consume: {
      ...options.consume,
      deadLetterMaxSizeBytes: DEAD_LETTER_BYTES,
      consumer: { ...options.consume.consumer, lingerMs: 0, checkpointIntervalMs },
      sink: sink as unknown as SinkOptions,
    },
  };
}
