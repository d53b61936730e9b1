import { Worker } from 'node:worker_threads';
import type { PasswordHash } from './password-hash.js';

export interface HashJob {
  readonly password: Uint8Array;
  readonly hash: PasswordHash;
}

export interface HashThreadHooks {
  /** The answer to the job that was posted last. */
  readonly onAnswer: (isRight: boolean) => void;
  /** Called once, when the thread has failed or was ended. */
  readonly onEnd: () => void;
}

/** One thread that checks passwords, one at a time. */
export interface HashThread {
  post(job: HashJob): void;
  end(): Promise<void>;
}

/** scrypt with ln=17 takes 128 MiB outside of the heap of the thread. */
const MAX_MEMORY_BYTES = 192 * 1_048_576;
const MAX_HEAP_MB = 32;

/** A text and no file, because the program runs from `dist` while tests run from `src`. */
const PROGRAM = `(${checkPasswords})(require('node:worker_threads'), require('node:crypto'), ${MAX_MEMORY_BYTES})`;

/**
 * Starts a thread that checks passwords. The synchronous functions of `node:crypto` run on the thread that calls them,
 * while the asynchronous ones share Node's thread pool with fdatasync: fifty of those made a write take 6.4 s.
 */
export function startHashThread({ onAnswer, onEnd }: HashThreadHooks): HashThread {
  const worker = new Worker(PROGRAM, {
    eval: true,
    execArgv: [],
    env: {},
    resourceLimits: { maxOldGenerationSizeMb: MAX_HEAP_MB },
  });
  worker.on('message', (isRight: boolean) => onAnswer(isRight));
  // Without a listener a thread that fails would end the process; `exit` follows.
  worker.on('error', () => undefined);
  worker.on('exit', onEnd);
  worker.unref();
  return {
    post: (job) => worker.postMessage(job),
    end: async () => {
      await worker.terminate();
    },
  };
}

/** Runs in the thread. It must not use anything of this module. */
function checkPasswords(
  threads: typeof import('node:worker_threads'),
  crypto: typeof import('node:crypto'),
  maxmem: number,
): void {
  threads.parentPort?.on('message', ({ password, hash }: HashJob) => {
    const expected = Buffer.from(hash.hash);
    const salt = Buffer.from(hash.salt);
    const found =
      hash.kind === 'scrypt'
        ? crypto.scryptSync(password, salt, expected.length, {
            N: 2 ** hash.costLog2,
            r: hash.blockSize,
            p: hash.parallelization,
            maxmem,
          })
        : crypto.pbkdf2Sync(password, salt, hash.iterations, expected.length, 'sha512');
    threads.parentPort?.postMessage(crypto.timingSafeEqual(found, expected));
  });
}
