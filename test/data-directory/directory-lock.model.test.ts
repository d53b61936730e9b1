import fc from 'fast-check';
import { expect, it } from 'vitest';
import { takeLock } from '../../src/data-directory/directory-lock.js';
import type { LockServer, LockSockets } from '../../src/data-directory/lock-sockets.js';

/** Thrown at the next step of a process that was killed. */
const KILLED = new Error('killed');

interface ModelSocket {
  isListening: boolean;
}

/** A data directory whose processes can be stopped, or killed, before any step they take. */
class ModelDirectory {
  readonly names = new Map<number, ModelSocket>();
  noted = 0;
  readonly holders = new Set<ModelProcess>();
  takeOvers = 0;
}

/** One process that takes the lock, holds it for some steps, and is killed or lets go of it. */
class ModelProcess implements LockSockets {
  readonly #directory: ModelDirectory;
  readonly #step: (what: string) => Promise<void>;
  readonly #own = new Set<ModelSocket>();
  #isKilled = false;

  constructor(directory: ModelDirectory, step: (what: string) => Promise<void>) {
    this.#directory = directory;
    this.#step = async (what) => {
      await step(what);
      if (this.#isKilled) throw KILLED;
    };
  }

  /** The kernel closes what it listened on; the names stay. */
  kill(): void {
    this.#isKilled = true;
    for (const socket of this.#own) socket.isListening = false;
    this.#directory.holders.delete(this);
  }

  async run(holdSteps: number): Promise<void> {
    const server = await takeLock(
      this,
      () => this.#step('wait'),
      () => 0.5,
    );
    if (server === undefined) return;
    this.#directory.holders.add(this);
    this.#directory.takeOvers += 1;
    expect(this.#directory.holders.size).toBe(1);
    for (let i = 0; i < holdSteps; i += 1) await this.#step('hold');
    this.#directory.holders.delete(this);
    await server.close();
  }

  async generations(): Promise<readonly number[]> {
    await this.#step('list');
    return [...this.#directory.names.keys()];
  }

  async listen(generation: number): Promise<LockServer | undefined> {
    await this.#step('bind');
    if (this.#directory.names.has(generation)) return undefined;
    const socket = { isListening: false };
    this.#directory.names.set(generation, socket);
    this.#own.add(socket);
    await this.#step('listen');
    socket.isListening = true;
    return {
      onConnection: () => undefined,
      close: async () => {
        // As libuv does it: by name, whoever has that name by now.
        await this.#step('unlink');
        this.#directory.names.delete(generation);
        await this.#step('close');
        socket.isListening = false;
      },
    };
  }

  async isAlive(generation: number): Promise<boolean> {
    await this.#step('probe');
    return this.#directory.names.get(generation)?.isListening ?? false;
  }

  async remove(generation: number): Promise<void> {
    await this.#step('remove');
    this.#directory.names.delete(generation);
  }

  async lastGeneration(): Promise<number> {
    await this.#step('read the note');
    return this.#directory.noted;
  }

  async noteGeneration(generation: number): Promise<void> {
    await this.#step('write the note');
    this.#directory.noted = generation;
  }
}

/** `fate` decides the order in which the waiting processes go on, and who is killed. */
async function drill(seed: () => number): Promise<number> {
  const directory = new ModelDirectory();
  const waiting: { process: ModelProcess; resume: () => void }[] = [];
  const running: Promise<void>[] = [];
  let failure: unknown;
  let started = 0;
  const start = () => {
    started += 1;
    const process: ModelProcess = new ModelProcess(
      directory,
      () => new Promise((resume) => waiting.push({ process, resume })),
    );
    running.push(
      process.run(Math.floor(seed() * 6)).catch((thrown: unknown) => {
        if (thrown !== KILLED) failure ??= thrown;
      }),
    );
  };
  for (let i = 0; i < 4; i += 1) start();
  while (waiting.length > 0) {
    if (seed() < 0.08 && started < 24) start();
    const at = Math.floor(seed() * waiting.length);
    const [next] = waiting.splice(at, 1);
    if (seed() < 0.04) next!.process.kill();
    next!.resume();
    // Until every process waits for its next step.
    for (let i = 0; i < 8; i += 1) await Promise.resolve();
    if (failure !== undefined) throw failure;
  }
  await Promise.all(running);
  return directory.takeOvers;
}

it('[access 11] [drill N6] two never hold it, whoever is stopped or killed between any two steps', async () => {
  const runs = process.env.SLUICE_SOAK === 'full' ? 100_000 : 3_000;
  let takeOvers = 0;
  await fc.assert(
    fc.asyncProperty(fc.integer(), async (start) => {
      let state = start >>> 0;
      takeOvers += await drill(() => {
        state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
        return state / 2 ** 32;
      });
    }),
    { numRuns: runs },
  );
  expect(takeOvers).toBeGreaterThan(runs);
});
