import type { SluiceError } from './errors.js';
import type { DebugLines } from './gateway-debug.js';
import { traceOptions } from './gateway-metrics.js';
import type { GatewayOptions } from './gateway-options.js';
import { withinDeadline } from './lifecycle.js';
import type { Logger } from './logger.js';
import { downstreamMarks, forwardingMarks, type Mark } from './metrics/marks.js';
import type { Position } from './stream/stream.js';
import type {
  DownstreamAnswer,
  DownstreamOptions,
  DownstreamReport,
  DownstreamRequest,
} from './threads/downstream-protocol.js';
import type { ForwardingOptions, ForwardingReport } from './threads/forwarding-protocol.js';
import { CONSUMER_READER, FORWARDER_READER, type LogReaderName } from './threads/log-start.js';
import type { SettlingAnswer, SettlingRequest } from './threads/settling-protocol.js';
import { StageThread } from './threads/stage-thread.js';
import type { ThreadStart } from './threads/thread-protocol.js';
import type { WarningFields } from './warnings.js';

const ABANDON_DEADLINE_MS = 1000;

/** What a thread may take beyond its deadline to close what it holds: a lease table out of reach is not waited for. */
const CLOSE_GRACE_MS = 2000;

export type DownstreamThread = StageThread<
  DownstreamOptions,
  DownstreamReport,
  DownstreamRequest,
  DownstreamAnswer
>;
export type ForwardingThread = StageThread<
  ForwardingOptions,
  ForwardingReport,
  SettlingRequest,
  SettlingAnswer
>;

export interface GatewayThreadsDeps {
  readonly options: GatewayOptions;
  readonly version: string;
  readonly logger: Logger;
  readonly debug: DebugLines;
  readonly durableMemory: ThreadStart<unknown>['durableMemory'];
  readonly maxBodyBytes: number;
  readonly mark: (mark: Mark) => void;
  /** Records taken and not yet decided; undefined while the gateway starts. */
  readonly buffered: () => number | undefined;
  readonly onFailure: (failure: SluiceError) => void;
  /** The reader has saved that everything before the position is decided. */
  readonly onCheckpoint: (reader: LogReaderName, position: Position) => void;
}

/** The two threads behind the log, and what the main thread says and marks of what they report. */
export class GatewayThreads {
  readonly #deps: GatewayThreadsDeps;
  #downstream: DownstreamThread | undefined;
  #forwarding: ForwardingThread | undefined;

  constructor(deps: GatewayThreadsDeps) {
    this.#deps = deps;
  }

  /** Absent until started, and with `--role ingest`. */
  get downstream(): DownstreamThread | undefined {
    return this.#downstream;
  }

  /** Absent until started, and without Kinesis. */
  get forwarding(): ForwardingThread | undefined {
    return this.#forwarding;
  }

  async startDownstream(): Promise<void> {
    const { options, version, logger, debug, mark, buffered } = this.#deps;
    const { downstream, metrics } = options;
    const traces = traceOptions(metrics, version);
    this.#downstream = await StageThread.start(
      new URL('./threads/downstream-worker.js', import.meta.url),
      this.#startOf({ ...downstream, ...(traces === undefined ? {} : { traces }) }),
      {
        ...this.#hooks(CONSUMER_READER),
        onReport: (report, before) => {
          debug.consumed(report, before);
          for (const made of downstreamMarks(report, before)) mark(made);
          if (!isHealthyAgain(report.sink.status, before?.sink.status)) return;
          logger.info({ buffered: buffered() }, 'the store takes points again');
        },
      },
    );
  }

  async startForwarding(forwarding: NonNullable<GatewayOptions['forwarding']>): Promise<void> {
    const { logger, debug, mark, buffered } = this.#deps;
    this.#forwarding = await StageThread.start(
      new URL('./threads/forwarding-worker.js', import.meta.url),
      this.#startOf(forwarding),
      {
        ...this.#hooks(FORWARDER_READER),
        onReport: (report, before) => {
          debug.forwarded(report, before);
          for (const made of forwardingMarks(report, before)) mark(made);
          if (!isHealthyAgain(report.status, before?.status)) return;
          logger.info({ buffered: buffered() }, 'Kinesis takes records again');
        },
      },
    );
  }

  /** Resolves when the thread has ended, or its deadline and a grace are over. */
  async drain(stage: 'downstream' | 'forwarding', deadlineMs: number): Promise<void> {
    const thread = stage === 'downstream' ? this.#downstream : this.#forwarding;
    if (thread !== undefined) await withinDeadline(thread.drain(deadlineMs), deadlineMs + CLOSE_GRACE_MS);
  }

  /** Asks both to leave at once, because ending the process under a native call of the store aborts it. */
  async abandon(): Promise<void> {
    const left = Promise.all([this.#forwarding?.drain(0), this.#downstream?.drain(0)]);
    await withinDeadline(left, ABANDON_DEADLINE_MS);
  }

  #startOf<Own>(own: Own) {
    const { options, durableMemory, maxBodyBytes } = this.#deps;
    return { options: { ...own, directory: options.directory, maxBodyBytes }, durableMemory };
  }

  #hooks(reader: LogReaderName) {
    const { logger, onFailure, onCheckpoint } = this.#deps;
    return {
      warn: (fields: WarningFields, sentence: string) => logger.warn(fields, sentence),
      onFailure,
      onCheckpoint: (position: Position) => onCheckpoint(reader, position),
    };
  }
}

interface Status {
  readonly state: string;
}

function isHealthyAgain(now: Status, before: Status | undefined): boolean {
  return now.state === 'healthy' && before !== undefined && before.state !== 'healthy';
}
