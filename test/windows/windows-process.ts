import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Point } from '../../src/sink/point.js';
import type { Aggregate } from '../../src/windows/aggregate.js';
import { LogWatermark } from '../../src/windows/watermark.js';
import { Windows } from '../../src/windows/windows.js';
import { SetClock } from '../support/clock.js';
import type { StepStore } from './step-store.js';

export interface LoggedPoint {
  readonly receivedNs: bigint;
  readonly point: Point;
}

/**
 * A gateway that has only its log, its consumer and its windows, and that can die and start again. The log, the folder, the
 * checkpoint and the store outlive it.
 */
export class WindowsProcess {
  readonly clock = new SetClock();
  readonly log: LoggedPoint[] = [];
  readonly warnings: string[] = [];
  /** With the values of its line. */
  lastWarning: object = {};
  readonly #aggregates: readonly Aggregate[];
  readonly #folder: string;
  readonly #memoryBytes: number;
  readonly #store: StepStore;
  #windows: Windows | undefined;
  #watermark = new LogWatermark(() => false, this.clock);
  #saved = 0;
  #position = 0;
  #isIdle = false;

  constructor(
    aggregates: readonly Aggregate[],
    folder: string,
    store: StepStore,
    memoryBytes = 64 * 1024 * 1024,
  ) {
    this.#memoryBytes = memoryBytes;
    this.#aggregates = aggregates;
    this.#folder = folder;
    this.#store = store;
  }

  get windows(): Windows {
    if (this.#windows === undefined) throw new Error('the process does not run');
    return this.#windows;
  }

  async start(): Promise<void> {
    this.#store.isDead = false;
    this.#store.stepsLeft = Number.POSITIVE_INFINITY;
    this.#position = this.#saved;
    this.#watermark = new LogWatermark(() => this.#isIdle && this.#position === this.log.length, this.clock);
    this.#windows = await Windows.open(
      { memoryBytes: this.#memoryBytes, aggregates: this.#aggregates },
      {
        folder: this.#folder,
        position: String(this.#saved),
        stores: this.#store,
        watermark: this.#watermark,
        clock: this.clock,
        warn: (fields) => {
          this.warnings.push(fields.code);
          this.lastWarning = fields;
        },
      },
    );
    this.#windows.start();
  }

  /** Processes what the log has, in batches; then saves the position if asked. */
  async work(batchSize: number): Promise<void> {
    while (this.#position < this.log.length) {
      const batch = this.log.slice(this.#position, this.#position + batchSize);
      const sink = this.windows.around(this.#store);
      // A fold that is due runs while the batch is written.
      this.windows.processed({ position: String(this.#position), parts: [] });
      try {
        await sink.write(
          batch.map(({ point }) => point),
          new AbortController().signal,
        );
      } catch {
        break;
      }
      this.#position += batch.length;
      this.windows.processed({
        position: String(this.#position),
        parts: [{ partition: 'log', records: batch.map(({ receivedNs }) => ({ receivedAtNs: receivedNs })) }],
      });
    }
    await this.restartIfDead();
  }

  async checkpoint(): Promise<void> {
    const position = this.#position;
    await this.windows.saveAt(String(position));
    this.#saved = position;
    await this.windows.noteSaved(String(position));
  }

  /** The counts are on disk, and the process dies before the checkpoint is. */
  async dieInCheckpoint(): Promise<void> {
    await this.windows.saveAt(String(this.#position));
    await this.die();
  }

  /** A record that is replayed has no position; it stays parked until the store has it. */
  async replay(point: Point): Promise<void> {
    for (let isWritten = false; !isWritten; ) {
      isWritten = await this.windows
        .around(this.#store)
        .write([point], new AbortController().signal)
        .then(
          () => true,
          () => false,
        );
      await this.restartIfDead();
    }
  }

  /** Lets folds go on for some turns. */
  async turns(count: number): Promise<void> {
    for (let turn = 0; turn < count; turn++) {
      this.windows.processed({ position: String(this.#position), parts: [] });
      await nextTurn();
    }
    await this.restartIfDead();
  }

  async die(): Promise<void> {
    this.#store.isDead = true;
    await this.windows.close();
    await this.start();
  }

  async restartIfDead(): Promise<void> {
    if (this.#store.isDead) await this.die();
  }

  /** Ends everything that is open: the log is processed, and the clock is far behind all points. */
  async settle(untilNs: bigint): Promise<void> {
    this.clock.wallNs = untilNs;
    this.#isIdle = true;
    await this.work(10);
    for (let turn = 0; turn < 20_000 && this.dueWindows() > 0; turn++) {
      // The quiet that late points are waited for passes.
      this.clock.wallNs += 1_000_000_000n;
      await this.turns(1);
      // After a death there are records to be read again.
      await this.work(10);
    }
    // Rows that lack values are marked every ten seconds, and less often where that takes long.
    this.clock.elapsedMs += 86_400_000;
    await this.turns(200);
    await this.checkpoint();
  }

  dueWindows(): number {
    const { aggregates } = this.windows.report();
    return aggregates
      .flatMap(({ resolutions }) => resolutions)
      .reduce((sum, { openWindows, markedWindows }) => sum + openWindows + markedWindows, 0);
  }

  async stop(): Promise<void> {
    await this.#windows?.close();
  }
}
