import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import type { LoadAnswer, LoadJob, LoadOutcome } from './load-job.js';

/** The bench's end of the load process. One for all runs of a part: what its compiler learns serves both sides. */
export class LoadClient {
  readonly #child: ChildProcess;

  constructor() {
    this.#child = fork(join(import.meta.dirname, 'load-process.js'), { execArgv: ['--expose-gc'] });
  }

  /** Resolves when everything is acknowledged; rejects when a connection is lost. Calls do not overlap. */
  async run(job: LoadJob): Promise<LoadOutcome> {
    const answer = await this.#ask(job);
    if ('failure' in answer) throw new Error(`the load client failed: ${answer.failure}`);
    if (answer.outcome.acknowledged !== job.messages) {
      throw new Error(`${answer.outcome.acknowledged} of ${job.messages} messages were acknowledged`);
    }
    return answer.outcome;
  }

  async close(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const gone = once(this.#child, 'exit');
    this.#child.disconnect();
    await gone;
  }

  #ask(job: LoadJob): Promise<LoadAnswer> {
    const child = this.#child;
    return new Promise((resolve, reject) => {
      const ended = () => reject(new Error('the load client ended before its answer'));
      child.once('exit', ended);
      child.once('message', (answer: LoadAnswer) => {
        child.off('exit', ended);
        resolve(answer);
      });
      child.send(job);
    });
  }
}
