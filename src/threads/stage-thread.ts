import type { EventLoopUtilization } from 'node:perf_hooks';
import { Worker } from 'node:worker_threads';
import { SluiceError } from '../errors.js';
import type { Position } from '../stream/stream.js';
import type { Warn } from '../warnings.js';
import type { FromThread, PlainFailure, ThreadStart, ToThread } from './thread-protocol.js';

export interface StageThreadHooks<Report> {
  readonly onReport: (report: Report, before: Report | undefined) => void;
  readonly onCheckpoint: (position: Position) => void;
  readonly warn: Warn;
  /** Once, when the thread ends although nobody asked it to. */
  readonly onFailure: (failure: SluiceError) => void;
}

/** The main thread's end of a thread that runs a stage. */
export class StageThread<Options, Report, Request, Answer> {
  readonly #worker: Worker;
  readonly #hooks: StageThreadHooks<Report>;
  readonly #asked = new Map<number, { resolve: (a: Answer) => void; reject: (e: SluiceError) => void }>();
  readonly #ended: Promise<void>;
  #report: Report | undefined;
  #nextId = 0;
  #failure: SluiceError | undefined;
  #isStopping = false;

  private constructor(entry: URL, start: ThreadStart<Options>, hooks: StageThreadHooks<Report>) {
    this.#hooks = hooks;
    this.#worker = new Worker(entry, { workerData: start });
    this.#ended = new Promise((resolve) => this.#worker.once('exit', () => resolve()));
  }

  /** `entry`: a module that calls `runStage`. Resolves when the stage is open; rejects with what makes it unusable. */
  static async start<Options, Report, Request = never, Answer = never>(
    entry: URL,
    start: ThreadStart<Options>,
    hooks: StageThreadHooks<Report>,
  ): Promise<StageThread<Options, Report, Request, Answer>> {
    const thread = new StageThread<Options, Report, Request, Answer>(entry, start, hooks);
    await thread.#ready();
    return thread;
  }

  /** The newest one; the first comes before `start` resolves. */
  get report(): Report {
    return this.#report!;
  }

  /** The log has moved; see DurableEndWriter. */
  wake(): void {
    this.#tell({ kind: 'wake' });
  }

  /** How busy it has been since it began. */
  eventLoop(): EventLoopUtilization {
    return this.#worker.performance.eventLoopUtilization();
  }

  ask(request: Request): Promise<Answer> {
    const id = this.#nextId++;
    return new Promise((resolve, reject) => {
      this.#asked.set(id, { resolve, reject });
      this.#tell({ kind: 'ask', id, request });
    });
  }

  /** Lets it finish what its stream holds, until the deadline; resolves when the thread has ended. */
  async drain(deadlineMs: number): Promise<void> {
    this.#isStopping = true;
    this.#tell({ kind: 'drain', deadlineMs });
    await this.#ended;
  }

  #tell(order: ToThread<Request>): void {
    this.#worker.postMessage(order);
  }

  #ready(): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#worker.on('message', (fact: FromThread<Report, Answer>) => {
        if (fact.kind === 'ready') resolve();
        if (fact.kind === 'failed') reject(failureOf(fact.failure));
        this.#heard(fact);
      });
      this.#worker.on('error', (thrown) => {
        const failure = new SluiceError('WORKER_FAILED', `a worker thread failed: ${String(thrown)}`, {
          cause: thrown,
        });
        reject(failure);
        this.#failed(failure);
      });
    });
  }

  #heard(fact: FromThread<Report, Answer>): void {
    switch (fact.kind) {
      case 'report': {
        const before = this.#report;
        this.#report = fact.report;
        this.#hooks.onReport(fact.report, before);
        break;
      }
      case 'checkpoint':
        this.#hooks.onCheckpoint(fact.position);
        break;
      case 'warn':
        this.#hooks.warn(fact.fields, fact.sentence);
        break;
      case 'answer':
        this.#asked.get(fact.id)?.resolve(fact.answer);
        this.#asked.delete(fact.id);
        break;
      case 'refusal':
        this.#asked.get(fact.id)?.reject(failureOf(fact.failure));
        this.#asked.delete(fact.id);
        break;
      case 'failed':
        this.#failed(failureOf(fact.failure));
        break;
      case 'ready':
      case 'stopped':
        break;
    }
  }

  #failed(failure: SluiceError): void {
    if (this.#failure !== undefined) return;
    this.#failure = failure;
    for (const { reject } of this.#asked.values()) reject(failure);
    this.#asked.clear();
    if (this.#report !== undefined || this.#isStopping) this.#hooks.onFailure(failure);
  }
}

function failureOf(plain: PlainFailure): SluiceError {
  return new SluiceError(plain.code, plain.message);
}
