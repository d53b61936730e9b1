import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { ObserverAnswer, ObserverCounts, ObserverJob, ObserverRequest } from './observer-job.js';

const LOOK_MS = 50;
/** Nothing has arrived for so long: everything has. */
const QUIET_MS = 500;

/** The bench's end of the observer process. */
export class Observer {
  readonly #child: ChildProcess;

  constructor() {
    this.#child = fork(join(import.meta.dirname, 'observer-process.js'));
  }

  /** Resolves when it has subscribed. */
  async observe(job: ObserverJob): Promise<void> {
    await this.#ask({ kind: 'observe', job });
  }

  /** What it was sent, once nothing more comes. */
  async settled(): Promise<ObserverCounts> {
    let counts = await this.#counts();
    let grewAtMs = performance.now();
    while (performance.now() - grewAtMs < QUIET_MS) {
      await sleep(LOOK_MS);
      const next = await this.#counts();
      if (next.bytes !== counts.bytes) grewAtMs = performance.now();
      counts = next;
    }
    return counts;
  }

  async leave(): Promise<void> {
    await this.#ask({ kind: 'leave' });
  }

  async close(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const gone = once(this.#child, 'exit');
    this.#child.disconnect();
    await gone;
  }

  async #counts(): Promise<ObserverCounts> {
    const answer = await this.#ask({ kind: 'counts' });
    if (answer.kind !== 'counts') throw new Error(`the observer answered with ${answer.kind}`);
    return answer.counts;
  }

  async #ask(request: ObserverRequest): Promise<ObserverAnswer> {
    const child = this.#child;
    const answer = await new Promise<ObserverAnswer>((resolve, reject) => {
      const ended = () => reject(new Error('the observer ended before its answer'));
      child.once('exit', ended);
      child.once('message', (message: ObserverAnswer) => {
        child.off('exit', ended);
        resolve(message);
      });
      child.send(request);
    });
    if (answer.kind === 'failure') throw new Error(`the observer failed: ${answer.text}`);
    return answer;
  }
}
