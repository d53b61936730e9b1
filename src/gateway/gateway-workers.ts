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

/** How long a worker may take to end that is asked to end at once, and to be ended by force after that. */
const ABANDON_DEADLINE_MS = 700;
const TERMINATE_DEADLINE_MS = 300;

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
  /** How many of them it has dropped before its reader came to them. */
  readonly dropped: () => number;
  readonly onFailure: (failure: SluiceError) => void;
  /** Ends the start early. */
  readonly stop: AbortSignal;
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
    const { role, forward } = deps.options;
    const reports: NewestReports = {};
    const startsConsume = role !== 'ingest';
    const startsForward = role !== 'consume' && forward !== undefined;
    return openAllOrNone(async (opened) => {
      const consumeWorker = startsConsume ? await startConsume(deps, reports) : undefined;
      opened(() => endWorkers([consumeWorker]));
      const forwardWorker = startsForward ? await startForward(deps, forward, reports) : undefined;
      return new GatewayWorkers(consumeWorker, forwardWorker);
    });
  }

  /** Resolves when both have tried to reach what lies beyond the network, whether it answers or not. */
  async contacted(): Promise<void> {
    await Promise.all([this.consume?.contacted, this.forward?.contacted]);
  }

  /**
   * Lets the worker finish within the deadline, and close within a grace after it: an unreachable lease table is not waited
   * for. 'late': it has not ended by then.
   */
  async drain(pipeline: PipelineKind, deadlineMs: number, graceMs: number): Promise<'done' | 'late'> {
    const worker = this[pipeline];
    return worker === undefined ? 'done' : withinDeadline(worker.drain(deadlineMs), deadlineMs + graceMs);
  }

  /**
   * Asks both to end at once, and ends by force one that does not: a process that ends during a native call of the store
   * would crash. 'late': one of them hangs in native code.
   */
  abandon(): Promise<'done' | 'late'> {
    return endWorkers([this.forward, this.consume]);
  }

  /** Ends by force what `drain` has not ended. 'late': one of them hangs in native code. */
  terminate(): Promise<'done' | 'late'> {
    return terminateAll([this.forward, this.consume]);
  }
}

type Workers = readonly (ConsumeWorker | ForwardWorker | undefined)[];

async function endWorkers(workers: Workers): Promise<'done' | 'late'> {
  const ended = Promise.all(workers.map((worker) => worker?.drain(0)));
  if ((await withinDeadline(ended, ABANDON_DEADLINE_MS)) === 'done') return 'done';
  return terminateAll(workers);
}

async function terminateAll(workers: Workers): Promise<'done' | 'late'> {
  const ends = await Promise.all(workers.map((worker) => worker?.terminate(TERMINATE_DEADLINE_MS)));
  return ends.includes('late') ? 'late' : 'done';
}

interface NewestReports {
  consume?: ConsumeReport;
  forward?: ForwardReport;
}

/** Annotations begin with the first contact: until then a stream has not been reached yet, which is no outage. */
function annotateChanges<Report>(
  annotate: (annotation: Annotation) => void,
  annotationsOf: (now: Report, before: Report | undefined) => readonly Annotation[],
): (report: Report, isContacted: boolean) => void {
  let before: Report | undefined;
  return (report, isContacted) => {
    if (!isContacted) return;
    for (const annotation of annotationsOf(report, before)) annotate(annotation);
    before = report;
  };
}

function startConsume(deps: GatewayWorkersDeps, reports: NewestReports): Promise<ConsumeWorker> {
  const { options, version, logger, debug, annotate, stop } = deps;
  const traces = traceOptions(options.metrics, version);
  const annotateOf = annotateChanges(annotate, consumeAnnotations);
  const onReport = (report: ConsumeReport, before: ConsumeReport | undefined, isContacted: boolean) => {
    reports.consume = report;
    debug.consumed(report, before);
    annotateOf(report, isContacted);
    if (!isHealthyAgain(report.sink.status, before?.sink.status)) return;
    logger.info({ buffered: buffered(deps, reports) }, 'the store takes points again');
  };
  return WorkerHost.start(
    workerStart(deps, 'consume', { ...options.consume, traces }),
    { ...hooks(deps, CONSUMER_READER), onReport },
    stop,
  );
}

function startForward(
  deps: GatewayWorkersDeps,
  forward: OwnOptions<ForwardOptions>,
  reports: NewestReports,
): Promise<ForwardWorker> {
  const { logger, debug, annotate, stop } = deps;
  const annotateOf = annotateChanges(annotate, forwardAnnotations);
  const onReport = (report: ForwardReport, before: ForwardReport | undefined, isContacted: boolean) => {
    reports.forward = report;
    debug.forwarded(report, before);
    annotateOf(report, isContacted);
    if (!isContacted || !isHealthyAgain(report.status, before?.status)) return;
    logger.info({ buffered: buffered(deps, reports) }, 'Kinesis takes records again');
  };
  return WorkerHost.start(
    workerStart(deps, 'forward', forward),
    { ...hooks(deps, FORWARDER_READER), onReport },
    stop,
  );
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

function buffered({ stored, dropped }: GatewayWorkersDeps, { consume, forward }: NewestReports): number {
  return ledgerView(stored(), forward, consume, dropped()).buffered;
}

interface Status {
  readonly state: string;
}

function isHealthyAgain(now: Status, before: Status | undefined): boolean {
  return (
    now.state === 'healthy' &&
    before !== undefined &&
    before.state !== 'healthy' &&
    before.state !== 'untried'
  );
}
