import type { EventLoopUtilization } from 'node:perf_hooks';
import { Worker } from 'node:worker_threads';
import { SluiceError } from '../../lib/errors.js';
import { StoppedEarly, withinDeadline } from '../../lib/lifecycle.js';
import type { Warn } from '../../lib/warnings.js';
import type { Position } from '../../stream/stream.js';
import type { FromWorker, PlainFailure, ToWorker, WorkerStart } from './worker-protocol.js';

const ENTRY = new URL('./worker-entry.js', import.meta.url);

export interface WorkerHostHooks<Report> {
  /** `isContacted`: an earlier report was made after the first contact, so a change of the status is no part of the start. */
  readonly onReport: (report: Report, before: Report | undefined, isContacted: boolean) => void;
  readonly onCheckpoint: (position: Position) => void;
  readonly warn: Warn;
  /** Called once, when the worker fails after it has started. */
  readonly onFailure: (failure: SluiceError) => void;
}

interface Waiting<Answer> {
  readonly resolve: (answer: Answer) => void;
  readonly reject: (failure: SluiceError) => void;
}

/** How long a worker may take to close after it was asked to stop before it was open. */
const STOP_WHILE_OPENING_MS = 2_000;

/** The main thread's end of a worker thread that runs a pipeline. */
export class WorkerHost<Report, Request, Answer> {
  readonly #worker: Worker;
  readonly #hooks: WorkerHostHooks<Report>;
  readonly #ended: Promise<void>;
  readonly #waiting = new Map<number, Waiting<Answer>>();
  readonly #contacted: Promise<void>;
  #onContacted: () => void = () => undefined;
  #report: Report;
  #isContacted = false;
  #nextId = 0;
  #failure: SluiceError | undefined;

  private constructor(worker: Worker, ended: Promise<void>, report: Report, hooks: WorkerHostHooks<Report>) {
    this.#worker = worker;
    this.#ended = ended;
    this.#report = report;
    this.#hooks = hooks;
    this.#contacted = new Promise((resolve) => {
      this.#onContacted = resolve;
    });
    worker.on('message', (message: FromWorker<Report, Answer>) => this.#receive(message));
    worker.on('error', (thrown) => this.#fail(workerFailed(thrown)));
    hooks.onReport(report, undefined, false);
  }

  /**
   * Resolves when the pipeline is open, which needs nothing beyond this machine. Rejects with what makes it unusable, and
   * with StoppedEarly once `stop` has aborted and the worker has ended.
   */
  static start<Report, Request, Answer>(
    start: WorkerStart,
    hooks: WorkerHostHooks<Report>,
    stop: AbortSignal,
  ): Promise<WorkerHost<Report, Request, Answer>> {
    const worker = new Worker(ENTRY, { workerData: start });
    const ended = new Promise<void>((resolve) => worker.once('exit', () => resolve()));
    return new Promise((resolve, reject) => {
      const stopListening = () => {
        worker.off('message', onMessage);
        worker.off('error', onError);
        stop.removeEventListener('abort', onStop);
      };
      const fail = (failure: Error) => {
        stopListening();
        worker.on('error', () => undefined);
        reject(failure);
      };
      const onError = (thrown: unknown) => fail(workerFailed(thrown));
      const onMessage = (message: FromWorker<Report, Answer>) => {
        if (message.kind === 'warn') hooks.warn(message.fields, message.sentence);
        if (message.kind === 'failed') fail(failureOf(message.failure));
        if (message.kind !== 'ready') return;
        // In the same call, so that no message is missed between the two listeners.
        stopListening();
        resolve(new WorkerHost(worker, ended, message.report, hooks));
      };
      const onStop = () => {
        worker.postMessage({ kind: 'drain', deadlineMs: 0 } satisfies ToWorker<Request>);
        void withinDeadline(ended, STOP_WHILE_OPENING_MS)
          .then((outcome) => (outcome === 'late' ? worker.terminate() : undefined))
          .then(() => fail(new StoppedEarly()));
      };
      worker.on('message', onMessage);
      worker.on('error', onError);
      if (stop.aborted) onStop();
      else stop.addEventListener('abort', onStop, { once: true });
    });
  }

  /** The newest report. */
  get report(): Report {
    return this.#report;
  }

  /** Resolves when the first attempt to reach what lies beyond the network is over, however it ended: see FirstContact. */
  get contacted(): Promise<void> {
    return this.#contacted;
  }

  /** Wakes the reader of the log, because the log has moved; see DurableEndWriter. */
  wake(): void {
    this.#send({ kind: 'wake' });
  }

  /** How busy the worker has been since it began. */
  eventLoop(): EventLoopUtilization {
    return this.#worker.performance.eventLoopUtilization();
  }

  ask(request: Request): Promise<Answer> {
    const id = this.#nextId++;
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject });
      this.#send({ kind: 'ask', id, request });
    });
  }

  /** Lets the pipeline finish what its stream holds, until the deadline; resolves when the worker has ended. */
  async drain(deadlineMs: number): Promise<void> {
    this.#send({ kind: 'drain', deadlineMs });
    await this.#ended;
  }

  /** Ends the worker wherever it is. 'late': it hangs in native code, which nothing but the end of the process can end. */
  terminate(withinMs: number): Promise<'done' | 'late'> {
    return withinDeadline(this.#worker.terminate(), withinMs);
  }

  #send(order: ToWorker<Request>): void {
    this.#worker.postMessage(order);
  }

  #receive(message: FromWorker<Report, Answer>): void {
    switch (message.kind) {
      case 'ready':
        break;
      case 'contacted':
        this.#isContacted = true;
        this.#onContacted();
        break;
      case 'report': {
        const before = this.#report;
        this.#report = message.report;
        this.#hooks.onReport(message.report, before, this.#isContacted);
        break;
      }
      case 'checkpoint':
        this.#hooks.onCheckpoint(message.position);
        break;
      case 'warn':
        this.#hooks.warn(message.fields, message.sentence);
        break;
      case 'answer':
        this.#take(message.id)?.resolve(message.answer);
        break;
      case 'rejection':
        this.#take(message.id)?.reject(failureOf(message.failure));
        break;
      case 'failed':
        this.#fail(failureOf(message.failure));
        break;
    }
  }

  #take(id: number): Waiting<Answer> | undefined {
    const waiting = this.#waiting.get(id);
    this.#waiting.delete(id);
    return waiting;
  }

  #fail(failure: SluiceError): void {
    if (this.#failure !== undefined) return;
    this.#failure = failure;
    for (const { reject } of this.#waiting.values()) reject(failure);
    this.#waiting.clear();
    this.#hooks.onFailure(failure);
  }
}

function workerFailed(thrown: unknown): SluiceError {
  return new SluiceError('WORKER_FAILED', `a worker thread failed: ${String(thrown)}`, { cause: thrown });
}

function failureOf({ code, message }: PlainFailure): SluiceError {
  return new SluiceError(code, message);
}
