import { Worker } from 'node:worker_threads';
import type {
  DownstreamReport,
  DownstreamStart,
  FromDownstream,
  PlainFailure,
  StoreAnswer,
  StoreRequest,
  ToDownstream,
} from './downstream-protocol.js';
import { SluiceError } from './errors.js';
import type { Position } from './stream/stream.js';

export interface DownstreamThreadHooks {
  readonly onCheckpoint: (position: Position) => void;
  readonly warn: (fields: Record<string, unknown>, sentence: string) => void;
  /** The store takes points again after it did not. */
  readonly onStoreRecovered: () => void;
  /** Once, when the thread ends although nobody asked it to. */
  readonly onFailure: (failure: SluiceError) => void;
}

/** The main thread's end of the downstream thread. */
export class DownstreamThread {
  readonly #worker: Worker;
  readonly #hooks: DownstreamThreadHooks;
  readonly #asked = new Map<
    number,
    { resolve: (a: StoreAnswer) => void; reject: (e: SluiceError) => void }
  >();
  readonly #ended: Promise<void>;
  #report: DownstreamReport | undefined;
  #nextId = 0;
  #failure: SluiceError | undefined;
  #isStopping = false;

  private constructor(start: DownstreamStart, hooks: DownstreamThreadHooks) {
    this.#hooks = hooks;
    this.#worker = new Worker(new URL('./downstream-worker.js', import.meta.url), { workerData: start });
    this.#ended = new Promise((resolve) => this.#worker.once('exit', () => resolve()));
  }

  /** Resolves when sink, dead letter and checkpoint are open; rejects with what makes them unusable. */
  static async start(start: DownstreamStart, hooks: DownstreamThreadHooks): Promise<DownstreamThread> {
    const thread = new DownstreamThread(start, hooks);
    await thread.#ready();
    return thread;
  }

  /** The newest one; the first comes before `start` resolves. */
  get report(): DownstreamReport {
    return this.#report!;
  }

  /** The log has moved; see DurableEndWriter. */
  wake(): void {
    this.#tell({ kind: 'wake' });
  }

  ask(request: StoreRequest): Promise<StoreAnswer> {
    const id = this.#nextId++;
    return new Promise((resolve, reject) => {
      this.#asked.set(id, { resolve, reject });
      this.#tell({ kind: 'ask', id, request });
    });
  }

  /** Lets it finish what the log holds, until the deadline; resolves when the thread has ended. */
  async drain(deadlineMs: number): Promise<void> {
    this.#isStopping = true;
    this.#tell({ kind: 'drain', deadlineMs });
    await this.#ended;
  }

  #tell(order: ToDownstream): void {
    this.#worker.postMessage(order);
  }

  #ready(): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#worker.on('message', (fact: FromDownstream) => {
        if (fact.kind === 'ready') resolve();
        if (fact.kind === 'failed') reject(failureOf(fact.failure));
        this.#heard(fact);
      });
      this.#worker.on('error', (thrown) => {
        const failure = new SluiceError('WORKER_FAILED', `the downstream thread failed: ${String(thrown)}`, {
          cause: thrown,
        });
        reject(failure);
        this.#failed(failure);
      });
    });
  }

  #heard(fact: FromDownstream): void {
    switch (fact.kind) {
      case 'report': {
        const before = this.#report?.sink.status.state ?? 'healthy';
        this.#report = fact.report;
        if (before !== 'healthy' && fact.report.sink.status.state === 'healthy')
          this.#hooks.onStoreRecovered();
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
