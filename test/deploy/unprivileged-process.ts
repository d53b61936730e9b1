import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';

/** The user of the image. */
export const IMAGE_USER_ID = 1000;

export interface UnprivilegedOptions {
  readonly cwd: string;
  readonly args: readonly string[];
}

/**
 * A program started as the image's user and as process 1 of a PID namespace of its own, where SIGTERM does nothing
 * unless the program handles it. Both need root; what cannot be had is left out and said aloud.
 */
export class UnprivilegedProcess {
  readonly #child: ChildProcess;
  readonly #isFirst: boolean;
  #output = '';

  constructor({ cwd, args }: UnprivilegedOptions) {
    const isRoot = process.getuid?.() === 0;
    this.#isFirst = isRoot && canUnshare();
    if (!this.#isFirst) {
      console.warn(
        `SKIPPED: not root: the program runs as ${isRoot ? 'another' : 'this'} user, not as process 1`,
      );
    }
    const command = [process.execPath, ...args];
    const user = [`--reuid=${IMAGE_USER_ID}`, `--regid=${IMAGE_USER_ID}`, '--clear-groups', '--no-new-privs'];
    const [program, ...rest] = this.#isFirst
      ? ['unshare', '--pid', '--fork', 'setpriv', ...user, ...command]
      : command;
    this.#child = spawn(program!, rest, {
      cwd,
      // Nothing of this process' own: no HOME to write to, no npm settings.
      env: { PATH: process.env.PATH ?? '', NODE_ENV: 'production' },
      stdio: ['ignore', 'pipe', 'pipe'],
      ...(isRoot && !this.#isFirst ? { uid: IMAGE_USER_ID, gid: IMAGE_USER_ID } : {}),
    });
    const keep = (chunk: Buffer) => {
      this.#output += chunk.toString();
    };
    this.#child.stdout!.on('data', keep);
    this.#child.stderr!.on('data', keep);
  }

  /** Everything it has printed. */
  get output(): string {
    return this.#output;
  }

  /** Resolves with what `find` finds in the output; rejects with the output when the program ends before. */
  untilPrinted<T>(find: (output: string) => T | undefined): Promise<T> {
    return new Promise((resolve, reject) => {
      const look = () => {
        const found = find(this.#output);
        if (found !== undefined) resolve(found);
      };
      this.#child.stdout!.on('data', look);
      this.#child.stderr!.on('data', look);
      this.#child.once('exit', (code) => reject(new Error(`it ended with ${code}:\n${this.#output}`)));
      look();
    });
  }

  /** SIGTERM; resolves with the exit code. */
  async stop(): Promise<number | null> {
    const gone = this.#gone();
    process.kill(this.#programPid(), 'SIGTERM');
    return gone;
  }

  /** SIGKILL, whatever state it is in. */
  async end(): Promise<void> {
    const gone = this.#gone();
    if (this.#isRunning()) {
      // The program first: it would outlive unshare, which has nothing to do with its end.
      process.kill(this.#programPid(), 'SIGKILL');
      this.#child.kill('SIGKILL');
    }
    await gone;
  }

  #isRunning(): boolean {
    return this.#child.exitCode === null && this.#child.signalCode === null;
  }

  #gone(): Promise<number | null> {
    const child = this.#child;
    if (!this.#isRunning()) return Promise.resolve(child.exitCode);
    return new Promise((resolve) => child.once('exit', (code) => resolve(code)));
  }

  /** As seen from outside of its namespace. */
  #programPid(): number {
    const pid = this.#child.pid!;
    if (!this.#isFirst) return pid;
    return Number(readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim()) || pid;
  }
}

function canUnshare(): boolean {
  return spawnSync('unshare', ['--pid', '--fork', 'setpriv', '--no-new-privs', 'true']).status === 0;
}
