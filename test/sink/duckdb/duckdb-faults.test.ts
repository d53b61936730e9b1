import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterEach, describe, expect, test } from 'vitest';
import { DuckdbSink } from '../../../src/sink/duckdb/duckdb-sink.js';
import { CHILD_BATCH_POINTS, childBatch } from './child-batch.mjs';
import { duckdbPath, readBack } from './opened-sink.js';

const MEASUREMENT = 'kill "me"';
const SEED = Number(process.env.SLUICE_SEED ?? 20_261_121);
const NEEDED = ['strace', 'prlimit'].filter((program) => !isInstalled(program));
if (NEEDED.length > 0) {
  const sentence = `${NEEDED.join(' and ')} not installed: faults of the disk under DuckDB are not tested`;
  if (process.env.CI === 'true') throw new Error(sentence);
  console.warn(sentence);
}

const cleanups: (() => void | Promise<void>)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

/** The writer in a separate process, compiled like the program. */
class ChildWriter {
  readonly lines: string[] = [];
  readonly process: ChildProcess;
  readonly #ended: Promise<unknown>;
  #stderr = '';
  #onLine: () => void = () => undefined;

  constructor(path: string, first: number, last: number, wrapper: readonly string[] = []) {
    const script = join(import.meta.dirname, 'child-writer.mjs');
    const command = [...wrapper, process.execPath, script, path, String(first), String(last)];
    this.process = spawn(command[0]!, command.slice(1), {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, UV_THREADPOOL_SIZE: '1' },
    });
    this.process.stderr?.on('data', (text: Buffer) => {
      this.#stderr += text.toString();
    });
    createInterface({ input: this.process.stdout! }).on('line', (line) => {
      this.lines.push(line);
      this.#onLine();
    });
    this.#ended = once(this.process, 'close').then(() => this.#onLine());
    cleanups.push(() => this.kill());
  }

  get lastAck(): number {
    return Number(this.lines.findLast((line) => line.startsWith('ack '))?.slice(4) ?? -1);
  }

  /** Resolves with the first line that matches; rejects when the process ends without one. */
  async line(pattern: RegExp): Promise<string> {
    for (;;) {
      const found = this.lines.find((line) => pattern.test(line));
      if (found !== undefined) return found;
      if (this.process.exitCode !== null || this.process.signalCode !== null)
        throw new Error(`no ${pattern}: ${this.lines.slice(-5)} ${this.#stderr}`);
      await new Promise<void>((resolve) => {
        this.#onLine = resolve;
      });
    }
  }

  async kill(): Promise<void> {
    this.process.kill('SIGKILL');
    await this.#ended;
  }
}

/** Opens the file, writes all batches up to the last again, and finds each number once. */
async function expectWhole(path: string, lastAck: number, lastSent: number, hint = ''): Promise<void> {
  const options = { path, retentionMs: 0 };
  const sink = new DuckdbSink(options);
  await sink.open();
  try {
    const numbers = (await readBack(options, MEASUREMENT)).map((row) => Number(row.fields.number));
    const distinct = new Set(numbers);
    expect(distinct.size).toBe(numbers.length);
    const acknowledged = Array.from({ length: (lastAck + 1) * CHILD_BATCH_POINTS }, (_, i) => i);
    expect(
      acknowledged.filter((number) => !distinct.has(number)),
      hint,
    ).toEqual([]);
    expect(Math.max(-1, ...numbers)).toBeLessThan((lastSent + 1) * CHILD_BATCH_POINTS);
    // The batch that was not acknowledged is written again, with one that was.
    const replayed = [Math.max(0, lastAck), lastAck + 1].flatMap(childBatch);
    expect(await sink.write(replayed, new AbortController().signal)).toEqual([]);
    expect(await readBack(options, MEASUREMENT)).toHaveLength((lastAck + 2) * CHILD_BATCH_POINTS);
  } finally {
    await sink.close();
  }
}

describe('DuckDB under faults', { timeout: 120_000 }, () => {
  test('after kill -9 at any moment no acknowledged point is lost, none is added, and the file opens', async () => {
    const { path, remove } = duckdbPath();
    cleanups.push(remove);
    const random = seeded(SEED);
    let next = 0;
    for (let round = 0; round < 15; round++) {
      const child = new ChildWriter(path, next, next + 10_000);
      await child.line(/^ack/);
      const delayMs = random() * 150;
      await new Promise((resolve) => setTimeout(resolve, delayMs)); // the fault is a kill at a random time
      await child.kill();
      expect(child.lines).not.toContain('closed');
      await expectWhole(path, child.lastAck, child.lastAck + 1, `seed ${SEED}, round ${round}`);
      next = child.lastAck + 2;
    }
  });

  test.skipIf(NEEDED.length > 0)(
    'during a full disk the sink retries; afterwards every point is stored',
    async () => {
      const { path, remove } = duckdbPath();
      cleanups.push(remove);
      const child = new ChildWriter(path, 0, 60);
      await child.line(/^ack 3$/);
      // Above this file size writing fails as on a full disk.
      const limit = (bytes: string) =>
        execFileSync('prlimit', ['--pid', String(child.process.pid), `--fsize=${bytes}:unlimited`]);
      limit('8192');
      expect(await child.line(/^retrying/)).toMatch(/./);
      limit('unlimited');
      await child.line(/^closed$/);
      await expectWhole(path, 60, 61);
    },
  );

  test.skipIf(NEEDED.length > 0)(
    'a failed sync of the log is not acknowledged; the batch is written again',
    async () => {
      const { path, remove } = duckdbPath();
      cleanups.push(remove);
      const child = new ChildWriter(path, 0, 12, [
        'strace',
        '-f',
        '-qq',
        '-o',
        '/dev/null',
        '-P',
        `${path}.wal`,
        '-e',
        'trace=fsync',
        '-e',
        'inject=fsync:error=EIO:when=6',
      ]);
      expect(await child.line(/^retrying/)).toMatch(/./);
      await child.line(/^closed$/);
      await expectWhole(path, 12, 13);
    },
  );
});

function isInstalled(program: string): boolean {
  try {
    execFileSync('sh', ['-c', `command -v ${program}`], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

/** Returns a generator of numbers in [0, 1) that a seed reproduces (mulberry32). */
function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}
