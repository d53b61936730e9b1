import { backOffMs } from '../lib/back-off.js';
import { type Schedule, scheduleOnTimer } from '../lib/timers.js';
import { FairQueue } from './fair-queue.js';
import { type HashThread, type HashThreadHooks, startHashThread } from './hash-thread.js';
import type { PasswordHash } from './password-hash.js';

/** Passwords that wait: at 150 ms each the last one is answered after 38 s, longer than a client waits for its CONNACK. */
const MAX_WAITING = 256;
/** A thread that fails again and again is not started in a loop. */
const RESTART = { baseMs: 100, capMs: 10_000 };

/** `busy`: it was not checked, because too many wait or the thread has failed. `unwanted`: nobody asks any more. */
export type PasswordAnswer = 'right' | 'wrong' | 'busy' | 'unwanted';

export interface PasswordQuestion {
  readonly password: Buffer;
  readonly hash: PasswordHash;
  readonly sender: string;
  /** Asked when it is the password's turn, before it costs anything. */
  readonly isWanted: () => boolean;
}

export interface PasswordCheckerDeps {
  readonly startThread?: (hooks: HashThreadHooks) => HashThread;
  readonly schedule?: Schedule;
  readonly random?: () => number;
}

interface Waiting extends PasswordQuestion {
  readonly answer: (answer: PasswordAnswer) => void;
}

/**
 * PasswordChecker checks passwords one at a time in a thread of its own, which starts with the first password. A thread
 * that fails is started again; the password that it had is answered `busy`, so that the client tries again.
 */
export class PasswordChecker {
  readonly #queue = new FairQueue<Waiting>(MAX_WAITING);
  readonly #startThread: (hooks: HashThreadHooks) => HashThread;
  readonly #schedule: Schedule;
  readonly #random: () => number;
  /** Those that wait and the one that is checked. */
  readonly #underWay = new Map<string, Promise<PasswordAnswer>>();
  #thread: HashThread | undefined;
  #checked: Waiting | undefined;
  #failures = 0;
  #cancelRestart: (() => void) | undefined;
  #isClosed = false;

  constructor({ startThread, schedule, random }: PasswordCheckerDeps = {}) {
    this.#startThread = startThread ?? startHashThread;
    this.#schedule = schedule ?? scheduleOnTimer;
    this.#random = random ?? Math.random;
  }

  get waiting(): number {
    return this.#queue.size;
  }

  /**
   * Never rejects. The same password of the same sender is checked once at a time: a client that has given up asks again,
   * and a queue full of those would leave no time for the others.
   */
  check(question: PasswordQuestion): Promise<PasswordAnswer> {
    const key = keyOf(question);
    const same = this.#underWay.get(key);
    if (same !== undefined) return same;
    let resolve: (answer: PasswordAnswer) => void = () => undefined;
    const answered = new Promise<PasswordAnswer>((given) => {
      resolve = given;
    });
    this.#underWay.set(key, answered);
    const answer = (given: PasswordAnswer) => {
      this.#underWay.delete(key);
      resolve(given);
    };
    if (this.#isClosed) answer('busy');
    else this.#queue.add(question.sender, { ...question, answer })?.answer('busy');
    this.#next();
    return answered;
  }

  /** Resolves when the thread has ended. Passwords that wait are answered `busy`. */
  async close(): Promise<void> {
    this.#isClosed = true;
    this.#cancelRestart?.();
    for (let left = this.#queue.take(); left !== undefined; left = this.#queue.take()) left.answer('busy');
    await this.#thread?.end();
  }

  #next(): void {
    if (this.#isClosed || this.#checked !== undefined || this.#cancelRestart !== undefined) return;
    for (let next = this.#queue.take(); next !== undefined; next = this.#queue.take()) {
      if (!next.isWanted()) {
        next.answer('unwanted');
        continue;
      }
      this.#checked = next;
      this.#thread ??= this.#start();
      this.#thread.post({ password: next.password, hash: next.hash });
      return;
    }
  }

  #start(): HashThread {
    const thread = this.#startThread({
      onAnswer: (isRight) => {
        this.#failures = 0;
        this.#answerChecked(isRight ? 'right' : 'wrong');
        this.#next();
      },
      onEnd: () => {
        // A thread that ends twice, or one that was replaced, is not the present one.
        if (this.#thread !== thread) return;
        this.#thread = undefined;
        this.#answerChecked('busy');
        if (!this.#isClosed) this.#restartLater();
      },
    });
    return thread;
  }

  #restartLater(): void {
    this.#failures += 1;
    this.#cancelRestart = this.#schedule(backOffMs(this.#failures, RESTART, this.#random), () => {
      this.#cancelRestart = undefined;
      this.#next();
    });
  }

  #answerChecked(answer: PasswordAnswer): void {
    const checked = this.#checked;
    this.#checked = undefined;
    checked?.answer(answer);
  }
}

function keyOf({ sender, password, hash }: PasswordQuestion): string {
  return [sender, ...[hash.salt, hash.hash, password].map((bytes) => bytes.toString('base64'))].join(' ');
}
