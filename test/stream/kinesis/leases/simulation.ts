import type { Lease } from '../../../../src/stream/kinesis/leases/lease.js';
import { leaseOfRow } from '../../../../src/stream/kinesis/leases/lease-row.js';
import type { Row } from '../../../../src/stream/kinesis/leases/lease-rows.js';
import type { ShardAssignment } from '../../../../src/stream/kinesis/shard-assignment.js';
import { shardPositionText } from '../../../../src/stream/kinesis/shard-position.js';
import { MemoryLeaseTable } from '../../../support/memory-lease-table.js';
import { SimulatedStream } from './simulated-stream.js';
import { FAILOVER_MS, SimulatedWorker, type SimulatedWorkerOptions } from './simulated-worker.js';
import { VirtualTime } from './virtual-time.js';

export type WorkerSettings = Omit<
  SimulatedWorkerOptions,
  'workerId' | 'time' | 'table' | 'stream' | 'random'
>;

export interface SimulationOptions {
  readonly shards: number;
  readonly records?: number;
  readonly random?: () => number;
}

/**
 * Workers that share a stream in virtual time. Whatever they do, each write of a row and each assignment is checked:
 * 1. a checkpoint never goes back, and nothing follows SHARD_END;
 * 2. the records of a row are those up to its checkpoint, and so is its ledger;
 * 3. an assignment begins at the checkpoint of the row, and not before the parents have ended;
 * 4. two workers that run never read the same shard at the same time.
 */
export class Simulation {
  readonly time = new VirtualTime();
  readonly stream: SimulatedStream;
  readonly table: MemoryLeaseTable;
  readonly workers: SimulatedWorker[] = [];
  readonly violations: string[] = [];
  /** How often each record was delivered: by shard, then record. */
  readonly reads = new Map<string, number[]>();
  readonly #random: () => number;

  constructor({ shards, records = 50, random = () => 0.5 }: SimulationOptions) {
    this.stream = new SimulatedStream(shards, records);
    this.table = new MemoryLeaseTable((key, before, after) => this.#checkWrite(key, before, after));
    this.#random = random;
  }

  start(workerId: string, settings: WorkerSettings = {}): SimulatedWorker {
    const worker = this.idle(settings, workerId);
    this.workers.push(worker);
    void worker
      .run()
      .catch((thrown: unknown) => this.violations.push(`${workerId} failed: ${String(thrown)}`));
    return worker;
  }

  /** One that was not started. */
  idle(settings: WorkerSettings, workerId = 'idle'): SimulatedWorker {
    return new SimulatedWorker({
      workerId,
      time: this.time,
      table: this.table,
      stream: this.stream,
      random: this.#random,
      began: (beginner, assignment) => this.#checkBegin(beginner, assignment),
      read: (_reader, shardId, from, to) => this.#countReads(shardId, from, to),
      ...settings,
    });
  }

  get running(): readonly SimulatedWorker[] {
    return this.workers.filter((worker) => worker.process.isRunning && !worker.hasClosed);
  }

  /** Shards per running worker. */
  get spread(): readonly number[] {
    return this.running.map((worker) => worker.reading.size);
  }

  /** Every open shard is read, by workers of which none has two more than another. */
  isEven(): boolean {
    const read = this.running.flatMap((worker) => worker.shardIds);
    const isComplete = this.stream.openShardIds.every((id) => read.filter((one) => one === id).length === 1);
    return isComplete && Math.max(...this.spread) - Math.min(...this.spread) <= 1;
  }

  lease(shardId: string): Lease | undefined {
    const row = this.table.rows.get(shardId);
    return row === undefined ? undefined : leaseOfRow(row);
  }

  isFinished(): boolean {
    return this.stream.shardIds.every(
      (id) => !this.stream.shard(id).isListed || this.lease(id)?.checkpoint.kind === 'SHARD_END',
    );
  }

  /** As the rows have them, also those of shards that are gone. */
  savedRecords(): number {
    const compacted = this.table.rows.get('sluice-ledger');
    const gone = (compacted?.sluiceFoldedShardIds ?? []) as readonly string[];
    let sum = Number(compacted?.sluiceLedger ?? 0);
    for (const shardId of this.stream.shardIds) {
      if (!gone.includes(shardId)) sum += Number(this.lease(shardId)?.ledger ?? 0);
    }
    return sum;
  }

  /** How often records were delivered beyond once. */
  get repeats(): number {
    return [...this.reads.values()].flat().reduce((sum, times) => sum + times - 1, 0);
  }

  #checkWrite(key: string, before: Row | undefined, after: Row | undefined): void {
    if (!this.stream.shardIds.includes(key)) return;
    const was = before === undefined ? undefined : leaseOfRow(before);
    const is = after === undefined ? undefined : leaseOfRow(after);
    if (is === undefined) {
      if (this.stream.shard(key).isListed) this.#violation(`${key} was removed while it is listed`);
      return;
    }
    const text = shardPositionText(is.checkpoint);
    const records = Number(is.ledger === '' ? 0 : is.ledger);
    if (records !== is.records) this.#violation(`${key} has a ledger of ${records} at ${is.records} records`);
    if (is.checkpoint.kind === 'BEHIND' && text !== `${is.records}:0`)
      this.#violation(`${key} has ${is.records} records at ${text}`);
    if (is.checkpoint.kind === 'SHARD_END' && is.records !== this.stream.shard(key).records) {
      this.#violation(`${key} ended with ${is.records} records`);
    }
    if (was === undefined) return;
    if (is.records < was.records) this.#violation(`${key} went back from ${was.records} to ${is.records}`);
    if (is.counter !== was.counter + 1)
      this.#violation(`${key} went from counter ${was.counter} to ${is.counter}`);
    if (was.checkpoint.kind === 'SHARD_END') this.#violation(`${key} was written after its end`);
  }

  #checkBegin(worker: SimulatedWorker, assignment: ShardAssignment): void {
    const { shardId } = assignment;
    for (const parent of this.stream.parentsOf(shardId)) {
      const isDone =
        this.lease(parent)?.checkpoint.kind === 'SHARD_END' || !this.stream.shard(parent).isListed;
      if (!isDone) this.#violation(`${shardId} begins before ${parent} has ended`);
    }
    for (const other of this.running) {
      // Who was paused ends what it has lost in the order in which its timers come.
      const wasPaused = this.time.nowMs - other.process.resumedAtMs < FAILOVER_MS;
      if (other !== worker && !wasPaused && other.shardIds.includes(shardId)) {
        this.#violation(`${shardId} is read by ${worker.workerId} and ${other.workerId}`);
      }
    }
  }

  #countReads(shardId: string, from: number, to: number): void {
    const times = this.reads.get(shardId) ?? [];
    this.reads.set(shardId, times);
    for (let at = from; at < to; at += 1) times[at] = (times[at] ?? 0) + 1;
  }

  #violation(sentence: string): void {
    this.violations.push(`at ${Math.round(this.time.nowMs)} ms: ${sentence}`);
  }
}
