import { CONSUMER_READER, FORWARDER_READER, type LogReaderName } from '../ledger/checkpoint-store.js';
import type { SluiceError } from '../lib/errors.js';
import { withinDeadline } from '../lib/lifecycle.js';
import type { Logger } from '../lib/logger.js';
import { openAllOrNone } from '../lib/open-all-or-none.js';
import type { WarningFields } from '../lib/warnings.js';
import { type Annotation, consumeAnnotations, forwardAnnotations } from '../metrics/annotations.js';
import type {
  ConsumeAnswer,
  ConsumeOptions,
  ConsumeReport,
  ConsumeRequest,
} from '../pipeline/consume-protocol.js';
import type { ForwardOptions, ForwardReport } from '../pipeline/forward-protocol.js';
import { WorkerHost } from '../pipeline/worker/worker-host.js';
import type { PipelineKind, WorkerStart } from '../pipeline/worker/worker-protocol.js';
import type { ReplayAnswer, ReplayRequest } from '../replay/replay-service.js';
import type { Position } from '../stream/stream.js';
import type { DebugLines } from './debug-lines.js';
import type { ReplayWorker } from './gateway-dead-letters.js';
import { ledgerView } from './gateway-ledger.js';
import { traceOptions } from './gateway-metrics.js';
import type { GatewayOptions } from './gateway-options.js';

const ABANDON_DEADLINE_MS = 1000;

/** What a worker may take beyond its deadline to close what it holds; an unreachable lease table is not waited for. */
const CLOSE_GRACE_MS = 2000;

export type ConsumeWorker = WorkerHost<ConsumeReport, ConsumeRequest, ConsumeAnswer>;
export type ForwardWorker = WorkerHost<ForwardReport, ReplayRequest, ReplayAnswer>;

export interface GatewayWorkersDeps {
  readonly options: GatewayOptions;
  readonly version: string;
  readonly logger: Logger;
  readonly debug: DebugLines;
  readonly durableMemory: SharedArrayBuffer;
  readonly annotate: (annotation: Annotation) => void;
  /** How many records the log has taken. */
  readonly stored: () => number;
  readonly onFailure: (failure: SluiceError) => void;
  /** Called when a reader has saved that everything before the position is processed. */
  readonly onCheckpoint: (reader: LogReaderName, position: Position) => void;
}

/** The workers behind the log, at least one of the two, and what the main thread logs of their reports. */
export class GatewayWorkers {
  /** Absent with `--role ingest`. */
  readonly consume: ConsumeWorker | undefined;
  /** Absent without Kinesis, and with `--role consume`. */
  readonly forward: ForwardWorker | undefined;
  /** The worker that replays and purges: the one with the store if there is one. */
  readonly replaying: ReplayWorker;
  /** The worker that reads the log, if this process has one. */
  readonly logReader: Pick<ConsumeWorker, 'wake'>;

  private constructor(consume: ConsumeWorker | undefined, forward: ForwardWorker | undefined) {
    const replaying = consume ?? forward;
    const logReader = forward ?? consume;
    if (replaying === undefined || logReader === undefined) throw new Error('a gateway needs a worker');
    this.consume = consume;
    this.forward = forward;
    this.replaying = replaying;
    this.logReader = logReader;
  }

  /** The consumer starts first, because the forwarder fills its stream. Leaves no worker running when it rejects. */
  static start(deps: GatewayWorkersDeps): Promise<GatewayWorkers> {
    const { role, forward, stopDeadlineMs } = deps.options;
    const reports: NewestReports = {};
    const startsConsume = role !== 'ingest';
    const startsForward = role !== 'consume' && forward !== undefined;
    return openAllOrNone(async (opened) => {
      const consumeWorker = startsConsume ? await startConsume(deps, reports) : undefined;
      opened(() => drainWorker(consumeWorker, stopDeadlineMs));
      const forwardWorker = startsForward ? await startForward(deps, forward, reports) : undefined;
      return new GatewayWorkers(consumeWorker, forwardWorker);
    });
  }

  /** Resolves when the worker has ended, or when its deadline and a grace are over. */
  async drain(pipeline: PipelineKind, deadlineMs: number): Promise<void> {
    await drainWorker(this[pipeline], deadlineMs);
  }

  /** Asks both to end at once: a process that ends during a native call of the store would crash. */
  async abandon(): Promise<void> {
    const ended = Promise.all([this.forward?.drain(0), this.consume?.drain(0)]);
    await withinDeadline(ended, ABANDON_DEADLINE_MS);
  }
}

interface NewestReports {
  consume?: ConsumeReport;
  forward?: ForwardReport;
}

function startConsume(deps: GatewayWorkersDeps, reports: NewestReports): Promise<ConsumeWorker> {
  const { options, version, logger, debug, annotate } = deps;
  const traces = traceOptions(options.metrics, version);
  return WorkerHost.start(workerStart(deps, 'consume', { ...options.consume, traces }), {
    ...hooks(deps, CONSUMER_READER),
    onReport: (report: ConsumeReport, before: ConsumeReport | undefined) => {
      reports.consume = report;
      debug.consumed(report, before);
      for (const annotation of consumeAnnotations(report, before)) annotate(annotation);
      if (!isHealthyAgain(report.sink.status, before?.sink.status)) return;
      logger.info({ buffered: buffered(deps, reports) }, 'the store takes points again');
    },
  });
}

function startForward(
  deps: GatewayWorkersDeps,
  forward: OwnOptions<ForwardOptions>,
  reports: NewestReports,
): Promise<ForwardWorker> {
  const { logger, debug, annotate } = deps;
  return WorkerHost.start(workerStart(deps, 'forward', forward), {
    ...hooks(deps, FORWARDER_READER),
    onReport: (report: ForwardReport, before: ForwardReport | undefined) => {
      reports.forward = report;
      debug.forwarded(report, before);
      for (const annotation of forwardAnnotations(report, before)) annotate(annotation);
      if (!isHealthyAgain(report.status, before?.status)) return;
      logger.info({ buffered: buffered(deps, reports) }, 'Kinesis takes records again');
    },
  });
}

/** The options of a pipeline without those that both have. */
type OwnOptions<Options> = Omit<Options, 'directory' | 'maxBodyBytes'>;

function workerStart(
  { options: { directory, maxBodyBytes }, durableMemory }: GatewayWorkersDeps,
  pipeline: PipelineKind,
  own: OwnOptions<ConsumeOptions> | OwnOptions<ForwardOptions>,
): WorkerStart {
  return { pipeline, options: { ...own, directory, maxBodyBytes }, durableMemory };
}

function hooks({ logger, onFailure, onCheckpoint }: GatewayWorkersDeps, reader: LogReaderName) {
  return {
    warn: (fields: WarningFields, sentence: string) => logger.warn(fields, sentence),
    onFailure,
    onCheckpoint: (position: Position) => onCheckpoint(reader, position),
  };
}

async function drainWorker(
  worker: ConsumeWorker | ForwardWorker | undefined,
  deadlineMs: number,
): Promise<void> {
  if (worker === undefined) return;
  await withinDeadline(worker.drain(deadlineMs), deadlineMs + CLOSE_GRACE_MS);
}

function buffered({ stored }: GatewayWorkersDeps, { consume, forward }: NewestReports): number {
  return ledgerView(stored(), forward, consume).buffered;
}

interface Status {
  readonly state: string;
}

function isHealthyAgain(now: Status, before: Status | undefined): boolean {
  return now.state === 'healthy' && before !== undefined && before.state !== 'healthy';
}
