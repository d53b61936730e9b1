import { pathToFileURL } from 'node:url';
import { MessageChannel, type MessagePort, receiveMessageOnPort, Worker } from 'node:worker_threads';
import { type DecoderAnswer, type DecoderCall, type DecoderStart, runDecoder } from './run-decoder.js';

/** How long loading a decoder may take. */
export const START_TIMEOUT_MS = 5_000;
/** What the values of a decoder may take; a thread that needs more ends. */
const MAX_HEAP_MB = 64;
/**
 * A text and no file, because it needs no module of ours, and the program runs from `dist` while tests run from `src`.
 */
const PROGRAM = `(${runDecoder})(require('node:worker_threads').workerData, (url) => import(url))`;

/**
 * DecoderThread runs one file with a decoder. Calls block the thread that makes them, so that records keep their order, and
 * never longer than their time limit: the caller then ends it, for it may run for ever.
 */
export class DecoderThread {
  readonly #worker: Worker;
  readonly #port: MessagePort;
  readonly #signal = new Int32Array(new SharedArrayBuffer(4));
  /** Why it cannot decode; undefined when it can. */
  readonly startProblem: string | undefined;

  /** Starts the thread and waits until the file is loaded. */
  constructor(file: string) {
    const { port1, port2 } = new MessageChannel();
    const start: DecoderStart = { url: pathToFileURL(file).href, port: port2, signal: this.#signal };
    this.#port = port1;
    this.#worker = new Worker(PROGRAM, {
      eval: true,
      workerData: start,
      transferList: [port2],
      execArgv: [],
      resourceLimits: { maxOldGenerationSizeMb: MAX_HEAP_MB },
    });
    // Without a listener a thread that fails would end the process.
    this.#worker.on('error', () => undefined);
    this.#worker.unref();
    this.#port.unref();
    const answer = this.#answer(START_TIMEOUT_MS);
    if (answer === undefined) this.startProblem = `it was not loaded within ${START_TIMEOUT_MS} ms`;
    else if ('error' in answer) this.startProblem = answer.error;
  }

  /** Undefined when there is no answer within the limit: the thread must be ended then. */
  call(call: DecoderCall, timeoutMs: number): DecoderAnswer | undefined {
    Atomics.store(this.#signal, 0, 0);
    this.#port.postMessage(call);
    return this.#answer(timeoutMs);
  }

  end(): void {
    this.#port.close();
    void this.#worker.terminate();
  }

  #answer(timeoutMs: number): DecoderAnswer | undefined {
    if (Atomics.wait(this.#signal, 0, 0, timeoutMs) === 'timed-out') return undefined;
    return receiveMessageOnPort(this.#port)?.message as DecoderAnswer | undefined;
  }
}
