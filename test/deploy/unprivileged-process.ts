import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';

/** The user of the image. */
export const IMAGE_USER_ID = 1000;

/**
 * What an engine does for `--read-only` with one volume: everything but the first argument can be read only, and the rest
 * is run without rights.
 */
const AS_IN_A_CONTAINER = `set -e
data=$1; shift
mount --bind "$data" "$data"
mount -o remount,bind,ro /
exec setpriv --reuid=${IMAGE_USER_ID} --regid=${IMAGE_USER_ID} --clear-groups --no-new-privs \
  --bounding-set=-all --inh-caps=-all "$@"`;

const UNSHARE = ['unshare', '--pid', '--mount', '--fork'];

export interface UnprivilegedOptions {
  /** The only folder that it can write to. */
  readonly dataDirectory: string;
  readonly cwd: string;
  readonly args: readonly string[];
}

/**
 * A program started as a container of the image starts it: as the image's user, without capabilities, with everything but
 * one folder read-only, and as process 1 of a PID namespace of its own, where SIGTERM does nothing unless the program
 * handles it. All that needs root; what cannot be had is left out, and printed.
 */
export class UnprivilegedProcess {
  readonly #child: ChildProcess;
  readonly #isFirst: boolean;
  #output = '';

  constructor({ dataDirectory, cwd, args }: UnprivilegedOptions) {
    const isRoot = process.getuid?.() === 0;
    this.#isFirst = isRoot && canUnshare();
    if (!this.#isFirst) {
      console.warn(
        `SKIPPED: not root: the program runs as ${isRoot ? 'another' : 'this'} user, not as process 1 on a read-only root`,
      );
    }
    const command = [process.execPath, ...args];
    const [program, ...rest] = this.#isFirst
      ? [...UNSHARE, 'sh', '-c', AS_IN_A_CONTAINER, 'sh', dataDirectory, ...command]
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

  /** Whether it runs as in a container. */
  get isConfined(): boolean {
    return this.#isFirst;
  }

  /** What the kernel says of it. */
  kernelStatus(): string {
    return readFileSync(`/proc/${this.#programPid()}/status`, 'utf8');
  }

  /** Whether its file system lets nobody write there, as its own mounts say. */
  isReadOnly(mountPoint: string): boolean {
    const mounts = readFileSync(`/proc/${this.#programPid()}/mounts`, 'utf8').split('\n');
    const options = mounts.map((line) => line.split(' ')).findLast(([, place]) => place === mountPoint)?.[3];
    return options?.split(',').includes('ro') === true;
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
  const [program, ...rest] = [...UNSHARE, 'sh', '-c', AS_IN_A_CONTAINER, 'sh', tmpdir(), 'true'];
  return spawnSync(program!, rest).status === 0;
}
