import type { SluiceError } from '../../../../src/lib/errors.js';
import { LeaseCoordinator } from '../../../../src/stream/kinesis/leases/lease-coordinator.js';
import type { LeaseRows } from '../../../../src/stream/kinesis/leases/lease-rows.js';
import { LeaseTable } from '../../../../src/stream/kinesis/leases/lease-table.js';
import type {
  ShardAssignment,
  ShardAssignmentListener,
} from '../../../../src/stream/kinesis/shard-assignment.js';
import { type ShardPosition, shardPositionText } from '../../../../src/stream/kinesis/shard-position.js';
import { type LeaseFault, MemoryLeaseTable } from '../../../support/memory-lease-table.js';
import type { SimulatedStream } from './simulated-stream.js';
import { ProcessTime, type TimeSource } from './virtual-time.js';

export const FAILOVER_MS = 10_000;
export const addLedgers = (a: string, b: string) => String(Number(a) + Number(b));

export interface SimulatedWorkerOptions {
  readonly workerId: string;
  readonly time: TimeSource;
  /** In memory, or another with its own faults. */
  readonly table: MemoryLeaseTable | LeaseRows;
  readonly failoverMs?: number;
  readonly stream: SimulatedStream;
  readonly random: () => number;
  readonly fault?: () => LeaseFault;
  readonly listFault?: () => SluiceError | undefined;
  readonly requestMs?: () => number;
  readonly recordsPerRead?: number;
  readonly readEveryMs?: number;
  readonly saveEveryMs?: number;
  readonly maxLeases?: number;
  readonly initial?: Extract<ShardPosition, { kind: 'TRIM_HORIZON' | 'AT_TIMESTAMP' }>;
  readonly began?: (worker: SimulatedWorker, assignment: ShardAssignment) => void;
  /** Records `from` < n <= `to` of the shard were delivered. */
  readonly read?: (worker: SimulatedWorker, shardId: string, from: number, to: number) => void;
}

/** A coordinator with a reader that reads its shards, and a consumer that saves what was read some time before. */
export class SimulatedWorker implements ShardAssignmentListener {
  readonly process: ProcessTime;
  readonly coordinator: LeaseCoordinator;
  readonly workerId: string;
  /** Shards by the partitions of assignments that have begun and not ended. */
  readonly reading = new Map<string, string>();
  readonly warnings: unknown[] = [];
  /** While true the store takes nothing: what is read is not saved. */
  isUnavailable = false;
  failedSaves = 0;
  hasClosed = false;
  readonly #options: SimulatedWorkerOptions;
  readonly #recordsBefore = new Map<string, number>();

  constructor(options: SimulatedWorkerOptions) {
    this.#options = options;
    this.workerId = options.workerId;
    this.process = new ProcessTime(options.time);
    const { table } = options;
    const rows = !(table instanceof MemoryLeaseTable)
      ? table
      : table.client({
          networkSleep: options.time.sleep,
          arrive: this.process.arrive,
          requestMs: options.requestMs ?? (() => 5),
          lateMs: () => 3_000 * options.random(),
          fault: (call) => (call === 'prepare' ? 'none' : (options.fault?.() ?? 'none')),
        });
    this.coordinator = new LeaseCoordinator(
      {
        workerId: options.workerId,
        initial: options.initial ?? { kind: 'TRIM_HORIZON' },
        failoverMs: options.failoverMs ?? FAILOVER_MS,
        maxLeases: options.maxLeases,
      },
      {
        api: { listShards: () => this.#listShards() },
        table: new LeaseTable(rows),
        clock: this.process,
        sleep: this.process.sleep,
        random: options.random,
        mergeLedgers: addLedgers,
        warn: (fields) => this.warnings.push(fields),
      },
    );
  }

  streamMadeAgain(): void {
    this.warnings.push({ code: 'STREAM_MADE_AGAIN' });
  }

  /** Starts, also when the table is out of reach at first. */
  async run(): Promise<void> {
    for (;;) {
      try {
        await this.coordinator.open(this);
        break;
      } catch {
        await this.process.sleep(1_000);
      }
    }
    while (!this.hasClosed) {
      await this.process.sleep(this.#options.saveEveryMs ?? 1_000);
      if (!this.isUnavailable && !this.hasClosed) await this.#save();
    }
  }

  begin(assignment: ShardAssignment): void {
    this.#options.began?.(this, assignment);
    this.reading.set(assignment.partition, assignment.shardId);
    this.#recordsBefore.set(assignment.partition, assignment.records);
    void this.#read(assignment);
  }

  end(partition: string): void {
    this.reading.delete(partition);
  }

  /** Stops as a gateway does: the consumer saves once more before the coordinator closes. */
  async close(): Promise<void> {
    this.hasClosed = true;
    await this.#save();
    await this.coordinator.close();
  }

  get shardIds(): readonly string[] {
    return [...this.reading.values()].sort();
  }

  async #save(): Promise<void> {
    const position = this.coordinator.position();
    const settled = JSON.parse(position) as Record<string, { records: number }>;
    // The store takes its time; what is read meanwhile is not in this position.
    await this.process.sleep(50 * this.#options.random());
    try {
      await this.coordinator.save(position, (partition) =>
        String(settled[partition]!.records - this.#recordsBefore.get(partition)!),
      );
    } catch {
      this.failedSaves += 1;
    }
  }

  async #read({ partition, shardId, from, records }: ShardAssignment): Promise<void> {
    const { stream, recordsPerRead = 3, readEveryMs = 400 } = this.#options;
    const expected = records === 0 ? /^(TRIM_HORIZON|AT_TIMESTAMP:\d+)$/ : new RegExp(`^${records}:0$`);
    if (!expected.test(shardPositionText(from)))
      throw new Error(`${shardId}: ${records} records, ${shardPositionText(from)}`);
    let at = records;
    for (;;) {
      await this.process.sleep(readEveryMs);
      if (!this.reading.has(partition)) return;
      const shard = stream.shard(shardId);
      const next = Math.min(at + recordsPerRead, shard.records);
      if (next > at) {
        this.#options.read?.(this, shardId, at, next);
        at = next;
        const behind = { kind: 'BEHIND', sequenceNumber: String(at), subSequenceNumber: 0 } as const;
        this.coordinator.delivered(partition, { at: behind, records: at });
      } else if (shard.isClosed) {
        this.reading.delete(partition);
        const children = stream.childrenOf(shardId);
        this.coordinator.delivered(partition, { at: { kind: 'SHARD_END' }, records: at }, children);
        return;
      }
    }
  }

  async #listShards() {
    await this.#options.time.sleep(5);
    const shards = await this.#options.stream.listShards();
    await this.process.arrive();
    const fault = this.#options.listFault?.();
    if (fault !== undefined) throw fault;
    return shards;
  }
}
