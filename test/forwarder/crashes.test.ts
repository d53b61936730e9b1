import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { ParkedRecord } from '../../src/dead-letter/parked-record.js';
import { Forwarder, type ForwarderDeps } from '../../src/forwarder/forwarder.js';
import type { Checkpoint, CheckpointStore } from '../../src/ledger/checkpoint-store.js';
import { Ledger, summarize } from '../../src/ledger/ledger.js';
import { SystemClock } from '../../src/lib/clock.js';
import { SluiceError } from '../../src/lib/errors.js';
import type { RecordBatch, StreamReader, StreamRecord } from '../../src/stream/stream.js';
import { REJECTED, ScriptedOutgoingStream } from './scripted-outgoing-stream.js';

const RUNS = 1_000;
const SEED = 20_260_801;

function record(n: number): StreamRecord {
  return { receivedAtNs: BigInt(n), topic: 't', clientId: 'c', qos: 1, payload: Buffer.from(`${n}`) };
}

/** What is on disk, and in the shared stream: what a crash leaves. */
class World {
  readonly records: readonly StreamRecord[];
  readonly rejected: ReadonlySet<number>;
  readonly stored = new Set<number>();
  deadLetter: number[] = [];
  checkpoint: Checkpoint | undefined;
  runs = 0;

  constructor(records: number, rejected: ReadonlySet<number>) {
    this.records = Array.from({ length: records }, (_, n) => record(n));
    this.rejected = rejected;
  }

  /** At every moment a crash is possible, what is saved must hold together. */
  check(): void {
    if (this.checkpoint === undefined) return;
    const position = Number(this.checkpoint.position);
    const { written, parked } = summarize(this.checkpoint.ledger);
    expect(written + parked).toBe(position);
    const parkedBefore = [...this.rejected].filter((n) => n < position).sort((a, b) => a - b);
    expect(this.deadLetter.slice(0, this.checkpoint.deadLetterEnd.bytes)).toEqual(parkedBefore);
    for (let n = 0; n < position; n += 1) expect(this.stored.has(n) || this.rejected.has(n)).toBe(true);
  }
}

/** One process: its pending work is done in an order that the seed decides, until it crashes or ends. */
class Run {
  readonly #world: World;
  readonly #random: (limit: number) => number;
  readonly #pending: (() => void)[] = [];
  readonly outgoing = new ScriptedOutgoingStream();
  readonly forwarder: Forwarder;
  isOver = false;
  /** Bytes of the dead letter stand for records here. */
  #end: number;
  #at: number;

  constructor(world: World, random: (limit: number) => number) {
    this.#world = world;
    this.#random = random;
    const { checkpoint } = world;
    this.#end = checkpoint?.deadLetterEnd.bytes ?? world.deadLetter.length;
    world.deadLetter.length = this.#end;
    this.#at = Number(checkpoint?.position ?? 0);
    this.forwarder = new Forwarder(
      {
        maxBatchRecords: 1 + random(6),
        maxBatchBytes: 1 << 20,
        lingerMs: 0,
        checkpointIntervalMs: 0,
        maxInFlightRecords: 1 + random(20),
        maxInFlightBytes: 1 << 20,
      },
      {
        reader: this.#reader(),
        outgoing: this.outgoing,
        deadLetter: this.#deadLetter(),
        checkpoints: this.#checkpoints(),
        ledger: new Ledger(checkpoint?.ledger),
        clock: new SystemClock(),
        position: String(this.#at),
        onProgress: () => undefined,
        onCheckpoint: (position) => expect(position).toBe(world.checkpoint!.position),
        warn: () => undefined,
        parkRetryMs: 0,
      },
    );
  }

  /** Until the end, or for `steps`: what is pending then never happens. */
  async go(steps: number): Promise<void> {
    const running = this.forwarder.run().then(() => {
      this.isOver = true;
    });
    this.forwarder.drain();
    for (let step = 0; step < steps && !this.isOver; step += 1) {
      await new Promise<void>((resolve) => setImmediate(resolve));
      this.#step();
      this.#world.check();
      expect(Number(this.forwarder.progress().position)).toBeLessThanOrEqual(this.#completedPrefix());
    }
    if (this.isOver) await running;
  }

  #step(): void {
    const { waiting } = this.outgoing;
    const choice = this.#random(this.#pending.length + waiting.length);
    if (choice < this.#pending.length) {
      const [work] = this.#pending.splice(choice, 1);
      work!();
      return;
    }
    if (waiting.length === 0) return;
    const at = this.#random(waiting.length);
    const n = Number(waiting[at]!.record.receivedAtNs);
    if (this.#world.rejected.has(n)) {
      this.outgoing.complete(at, REJECTED);
    } else {
      this.#world.stored.add(n);
      this.outgoing.complete(at);
    }
  }

  #completedPrefix(): number {
    let n = Number(this.#world.checkpoint?.position ?? 0);
    const waiting = new Set(
      this.outgoing.waiting.map(({ record: { receivedAtNs } }) => Number(receivedAtNs)),
    );
    while (n < this.#at && !waiting.has(n)) n += 1;
    return n;
  }

  #later(): Promise<void> {
    return new Promise((resolve) => this.#pending.push(resolve));
  }

  #reader(): StreamReader {
    return {
      next: async ({ maxRecords }): Promise<RecordBatch | undefined> => {
        await this.#later();
        const records = this.#world.records.slice(this.#at, this.#at + maxRecords);
        if (records.length === 0) return undefined;
        this.#at += records.length;
        const parts = [{ partition: 'log', records, lost: { damaged: 0, dropped: 0 } }];
        return { parts, position: String(this.#at), release: () => undefined };
      },
      close: async () => undefined,
    };
  }

  #checkpoints(): CheckpointStore {
    return {
      load: async () => this.#world.checkpoint,
      save: async (checkpoint) => {
        const saved = structuredClone(checkpoint);
        await this.#later();
        this.#world.checkpoint = saved;
        // A crash may also come between the file and what is done upon it.
        await this.#later();
      },
    };
  }

  #deadLetter(): ForwarderDeps['deadLetter'] {
    const end = () => ({ file: 0, bytes: this.#end });
    return {
      get end() {
        return end();
      },
      append: async (parked: readonly ParkedRecord[]) => {
        if (this.#random(4) === 0) throw new SluiceError('DEAD_LETTER_FULL', 'by the test');
        await this.#later();
        this.#world.deadLetter.push(...parked.map(({ id }) => Number(id)));
        await this.#later();
        this.#end += parked.length;
      },
    };
  }
}

describe(`the forwarder, killed at any point and started again (seed ${SEED})`, () => {
  it('loses nothing, parks each rejected record once, and its ledger agrees', async () => {
    const numbers = fc.infiniteStream(fc.nat());
    await fc.assert(
      fc.asyncProperty(fc.noShrink(numbers), fc.integer({ min: 1, max: 40 }), async (stream, size) => {
        const random = (limit: number) => (stream.next().value as number) % Math.max(1, limit);
        const rejected = new Set(Array.from({ length: random(8) }, () => random(size)));
        const world = new World(size, rejected);
        for (;;) {
          world.runs += 1;
          const run = new Run(world, random);
          await run.go(world.runs < 6 ? random(120) : 5_000);
          world.check();
          if (run.isOver) break;
          expect(world.runs).toBeLessThan(7);
        }
        expect(world.checkpoint!.position).toBe(String(size));
        expect(world.checkpoint!.ledger.written).toBe(size - rejected.size);
        expect(world.deadLetter).toEqual([...rejected].sort((a, b) => a - b));
      }),
      { seed: SEED, numRuns: RUNS },
    );
  });
});
