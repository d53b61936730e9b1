import type { StateTable, StateTables } from '../../lib/state-tables.js';

/** What a birth says of one metric: its name, its data type, and its alias as decimal text where it has one. */
export type BornMetric = [name: string, datatype: string, alias: string | null];

/** The birth of a node. `type` and not `interface`, because it is saved. */
type NodeBirth = {
  /** Counts the births of nodes: the least number is the node born least recently. */
  readonly born: number;
  /** Of the session, as decimal text; absent before the node's own birth. */
  readonly bdSeq: string | null;
  readonly metrics: BornMetric[];
  /** The devices that were born since. */
  readonly devices: string[];
  /** Of this birth and those of its devices, about. */
  readonly size: number;
};

type DeviceBirth = { readonly metrics: BornMetric[]; readonly size: number };

type Totals = { readonly nodes: number; readonly size: number; readonly born: number };

type Birth = NodeBirth | DeviceBirth;

export interface BirthLimits {
  readonly maxNodes: number;
  readonly maxDevicesPerNode: number;
  /** UTF-16 units and marks of all births as they are saved, about. */
  readonly maxSize: number;
}

export const BIRTH_LIMITS: BirthLimits = {
  maxNodes: 2_000,
  maxDevicesPerNode: 1_000,
  maxSize: 16 * 1024 * 1024,
};

/** Quotes, commas and a data type of a metric that is saved. */
const METRIC_SIZE = 24;
const BIRTH_SIZE = 100;
/** How much is kept when something must go, so that making room is rare. */
const KEPT = 0.9;

/**
 * The births of nodes and devices, in the state that is saved with the checkpoint: DATA names its metrics by aliases, which
 * only the birth explains. One key for each node (`group/node`) and device (`group/node/device`). When the births have no
 * room, the nodes that were born least recently go with their devices, and of a node that has none alone its oldest devices. A birth is replaced and never changed.
 */
export class SparkplugBirths {
  readonly #births: StateTable<Birth>;
  readonly #totals: StateTable<Totals>;
  /** The last sequence number of each node, apart from its birth: it changes with every message. */
  readonly #sequence: StateTable<number>;
  readonly #limits: BirthLimits;

  constructor(state: StateTables, limits: BirthLimits) {
    this.#births = state.table('sparkplug-births');
    this.#totals = state.table('sparkplug-totals');
    this.#sequence = state.table('sparkplug-sequence');
    this.#limits = limits;
  }

  /** Takes the birth of a node: its devices are unknown from now on. Returns how many other nodes had to go. */
  nodeBorn(node: string, bdSeq: string | null, metrics: BornMetric[]): number {
    this.#forget(node);
    return this.#addNode(node, bdSeq, metrics);
  }

  /** Takes the birth of a device, also of a node whose own birth was not seen. Returns how many births had to go. */
  deviceBorn(node: string, device: string, metrics: BornMetric[]): number {
    let gone = this.#node(node) === undefined ? this.#addNode(node, null, []) : 0;
    const parent = this.#node(node)!;
    const key = `${node}/${device}`;
    const earlier = this.#births.get(key);
    const devices = [...parent.devices.filter((one) => one !== device), device];
    const size = sizeOf(metrics) + key.length + device.length;
    let grown = size - (earlier?.size ?? 0);
    if (devices.length > this.#limits.maxDevicesPerNode) {
      const oldest = `${node}/${devices.shift()}`;
      grown -= this.#births.get(oldest)?.size ?? 0;
      this.#births.delete(oldest);
    }
    this.#births.set(key, { metrics, size });
    this.#births.set(node, { ...parent, devices, size: parent.size + grown });
    this.#count(0, grown);
    gone += this.#makeRoom(node);
    return gone + this.#makeRoomIn(node, device);
  }

  /** The bdSeq of the session; null when the birth had none or was not seen, undefined for a node that is not known. */
  bdSeqOf(node: string): string | null | undefined {
    return this.#node(node)?.bdSeq;
  }

  /** What is known of a metric by its alias. No device of a node has the alias of its node, or of another device. */
  byAlias(node: string, device: string | undefined, alias: string): BornMetric | undefined {
    const birth = this.#birth(node, device);
    const own = birth === undefined ? undefined : indexOf(birth).byAlias.get(alias);
    return own === undefined && device !== undefined ? this.byAlias(node, undefined, alias) : own;
  }

  byName(node: string, device: string | undefined, name: string): BornMetric | undefined {
    const birth = this.#birth(node, device);
    return birth === undefined ? undefined : indexOf(birth).byName.get(name);
  }

  /**
   * Takes the sequence number of a message, and returns how many messages before it are missing; a repeated one is no gap.
   * Of a node that is not known nothing is kept.
   */
  sequenceGap(node: string, sequence: number, isBirth: boolean): number {
    if (this.#node(node) === undefined) return 0;
    const last = this.#sequence.get(node);
    if (last === sequence) return 0;
    this.#sequence.set(node, sequence);
    return isBirth || last === undefined ? 0 : (sequence - last - 1) & 0xff;
  }

  #birth(node: string, device: string | undefined): Birth | undefined {
    return this.#births.get(device === undefined ? node : `${node}/${device}`);
  }

  #node(node: string): NodeBirth | undefined {
    const birth = this.#births.get(node);
    return birth !== undefined && 'devices' in birth ? birth : undefined;
  }

  #addNode(node: string, bdSeq: string | null, metrics: BornMetric[]): number {
    const size = sizeOf(metrics) + node.length;
    const born = (this.#totals.get('')?.born ?? 0) + 1;
    this.#births.set(node, { born, bdSeq, metrics, devices: [], size });
    this.#count(1, size, born);
    return this.#makeRoom(node);
  }

  #forget(node: string): void {
    const birth = this.#node(node);
    if (birth === undefined) return;
    for (const device of birth.devices) this.#births.delete(`${node}/${device}`);
    this.#births.delete(node);
    this.#sequence.delete(node);
    this.#count(-1, -birth.size);
  }

  /** Forgets the nodes born least recently, but never `kept`, and returns how many. */
  #makeRoom(kept: string): number {
    const { maxNodes, maxSize } = this.#limits;
    const isFull = () => this.#nodes > maxNodes || this.#size > maxSize;
    if (!isFull()) return 0;
    const oldestFirst = this.#births
      .entries()
      .filter((entry): entry is [string, NodeBirth] => 'devices' in entry[1] && entry[0] !== kept)
      .sort(([, one], [, other]) => one.born - other.born);
    let gone = 0;
    for (const [node] of oldestFirst) {
      if (this.#nodes <= maxNodes * KEPT && this.#size <= maxSize * KEPT) break;
      this.#forget(node);
      gone++;
    }
    return gone;
  }

  /** A node that is too large alone forgets its devices born least recently, but not `kept`; returns how many. */
  #makeRoomIn(node: string, kept: string): number {
    const { maxSize } = this.#limits;
    const parent = this.#node(node);
    if (parent === undefined || this.#size <= maxSize) return 0;
    const devices = [...parent.devices];
    let freed = 0;
    while (devices[0] !== kept && this.#size - freed > maxSize * KEPT) {
      const key = `${node}/${devices.shift()}`;
      freed += this.#births.get(key)?.size ?? 0;
      this.#births.delete(key);
    }
    this.#births.set(node, { ...parent, devices, size: parent.size - freed });
    this.#count(0, -freed);
    return parent.devices.length - devices.length;
  }

  get #nodes(): number {
    return this.#totals.get('')?.nodes ?? 0;
  }

  get #size(): number {
    return this.#totals.get('')?.size ?? 0;
  }

  #count(nodes: number, size: number, born = this.#totals.get('')?.born ?? 0): void {
    this.#totals.set('', { nodes: this.#nodes + nodes, size: this.#size + size, born });
  }
}

function sizeOf(metrics: readonly BornMetric[]): number {
  return metrics.reduce(
    (size, [name, , alias]) => size + name.length + (alias?.length ?? 0) + METRIC_SIZE,
    BIRTH_SIZE,
  );
}

interface BirthIndex {
  readonly byName: ReadonlyMap<string, BornMetric>;
  readonly byAlias: ReadonlyMap<string, BornMetric>;
}

/** A birth never changes, so that its index holds as long as it. */
const indexes = new WeakMap<Birth, BirthIndex>();

function indexOf(birth: Birth): BirthIndex {
  let index = indexes.get(birth);
  if (index === undefined) {
    index = {
      byName: new Map(birth.metrics.map((metric) => [metric[0], metric])),
      byAlias: new Map(birth.metrics.flatMap((metric) => (metric[2] === null ? [] : [[metric[2], metric]]))),
    };
    indexes.set(birth, index);
  }
  return index;
}
