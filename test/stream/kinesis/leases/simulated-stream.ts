import type { ShardDescription } from '../../../../src/stream/kinesis/kinesis-api.js';

interface Shard {
  readonly description: ShardDescription;
  records: number;
  isClosed: boolean;
  isListed: boolean;
}

/** Shards that hold the records 1, 2, 3 …, whose sequence numbers are just these. */
export class SimulatedStream {
  readonly #shards = new Map<string, Shard>();

  constructor(shards: number, records: number) {
    for (let i = 0; i < shards; i += 1) this.#add([], records);
  }

  readonly listShards = async (): Promise<readonly ShardDescription[]> =>
    [...this.#shards.values()].filter(({ isListed }) => isListed).map(({ description }) => description);

  get shardIds(): readonly string[] {
    return [...this.#shards.keys()];
  }

  get openShardIds(): readonly string[] {
    return this.shardIds.filter((id) => !this.shard(id).isClosed);
  }

  get totalRecords(): number {
    return [...this.#shards.values()].reduce((sum, { records }) => sum + records, 0);
  }

  shard(shardId: string): Readonly<Shard> {
    return this.#shards.get(shardId)!;
  }

  append(shardId: string, records: number): void {
    const shard = this.#shards.get(shardId)!;
    if (!shard.isClosed) shard.records += records;
  }

  split(shardId: string, records = 10): readonly string[] {
    this.close(shardId);
    return [this.#add([shardId], records), this.#add([shardId], records)];
  }

  merge(a: string, b: string, records = 10): string {
    this.close(a);
    this.close(b);
    return this.#add([a, b], records);
  }

  close(shardId: string): void {
    this.#shards.get(shardId)!.isClosed = true;
  }

  childrenOf(shardId: string): readonly string[] {
    return this.shardIds.filter((id) => this.parentsOf(id).includes(shardId));
  }

  parentsOf(shardId: string): readonly string[] {
    const { parentShardId, adjacentParentShardId } = this.shard(shardId).description;
    return [parentShardId, adjacentParentShardId].filter((id) => id !== undefined);
  }

  /** Past retention. */
  forget(shardId: string): void {
    this.#shards.get(shardId)!.isListed = false;
  }

  #add(parents: readonly string[], records: number): string {
    const shardId = `shardId-${String(this.#shards.size).padStart(12, '0')}`;
    const [parentShardId, adjacentParentShardId] = parents;
    const description: ShardDescription = {
      shardId,
      startingHashKey: '0',
      endingHashKey: '1',
      startingSequenceNumber: '0',
      parentShardId,
      adjacentParentShardId,
    };
    this.#shards.set(shardId, { description, records, isClosed: false, isListed: true });
    return shardId;
  }
}
