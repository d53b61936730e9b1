import { SluiceError } from '../../src/lib/errors.js';
import type { LeaseRows, Row, RowChange, RowCondition } from '../../src/stream/kinesis/leases/lease-rows.js';

export type LeaseCall = 'prepare' | 'scan' | 'get' | 'write' | 'put' | 'remove';

/**
 * What goes wrong with one call:
 * - `before`: a time-out, and nothing was done;
 * - `after`: a time-out, and it was done;
 * - `late`: a time-out, and it is done a while later, if its condition still holds then;
 * - `denied`: refused for good.
 */
export type LeaseFault = 'none' | 'before' | 'after' | 'late' | 'denied';

export interface LeaseClientOptions {
  readonly fault?: (call: LeaseCall, key: string) => LeaseFault;
  /** From the client to the table; 0 by default. */
  readonly requestMs?: () => number;
  readonly lateMs?: () => number;
  /** Time on the way to the table: passes also for a client that is paused or killed. */
  readonly networkSleep?: (ms: number) => Promise<void>;
  /** Called before an answer reaches the client; a client that was killed never gets one. */
  readonly arrive?: () => Promise<void>;
}

export type RowWritten = (key: string, before: Row | undefined, after: Row | undefined) => void;

/** A lease table in memory, shared by any number of clients with faults of their own. */
export class MemoryLeaseTable {
  readonly rows = new Map<string, Row>();
  readonly #written: RowWritten;

  /** `written` sees each write as it is done. */
  constructor(written: RowWritten = () => {}) {
    this.#written = written;
  }

  client(options: LeaseClientOptions = {}): MemoryLeaseRows {
    return new MemoryLeaseRows(this, options);
  }

  write(key: string, { set, remove = [], when }: RowChange): boolean {
    const before = this.rows.get(key);
    if (when !== undefined && !holds(before, when)) return false;
    const after: Record<string, Row[string]> = { ...before, leaseKey: key, ...set };
    for (const name of remove) delete after[name];
    this.rows.set(key, after);
    this.#written(key, before, after);
    return true;
  }

  put(row: Row): void {
    const key = String(row.leaseKey);
    const before = this.rows.get(key);
    this.rows.set(key, row);
    this.#written(key, before, row);
  }

  remove(key: string, when: RowCondition): boolean {
    const before = this.rows.get(key);
    if (!holds(before, when)) return false;
    this.rows.delete(key);
    if (before !== undefined) this.#written(key, before, undefined);
    return true;
  }
}

/** One client of the table. Its scan reads a few rows at a time, as pages come. */
export class MemoryLeaseRows implements LeaseRows {
  readonly #table: MemoryLeaseTable;
  readonly #options: LeaseClientOptions;
  readonly calls: Record<LeaseCall, number> = { prepare: 0, scan: 0, get: 0, write: 0, put: 0, remove: 0 };

  constructor(table: MemoryLeaseTable, options: LeaseClientOptions) {
    this.#table = table;
    this.#options = options;
  }

  prepare(): Promise<void> {
    return this.#call('prepare', '', () => {});
  }

  async scan(): Promise<readonly Row[]> {
    const keys = [...this.#table.rows.keys()].sort();
    const rows: Row[] = [];
    for (let at = 0; at < Math.max(1, keys.length); at += 4) {
      await this.#call('scan', '', () => {
        for (const key of keys.slice(at, at + 4)) {
          const row = this.#table.rows.get(key);
          if (row !== undefined) rows.push(row);
        }
      });
    }
    return rows;
  }

  get(key: string): Promise<Row | undefined> {
    return this.#call('get', key, () => this.#table.rows.get(key));
  }

  write(key: string, change: RowChange): Promise<boolean> {
    return this.#call('write', key, () => this.#table.write(key, change));
  }

  putAll(rows: readonly Row[]): Promise<void> {
    return this.#call('put', '', () => {
      for (const row of rows) this.#table.put(row);
    });
  }

  remove(key: string, when: RowCondition): Promise<boolean> {
    return this.#call('remove', key, () => this.#table.remove(key, when));
  }

  close(): void {}

  async #call<T>(call: LeaseCall, key: string, run: () => T): Promise<T> {
    const { fault, requestMs, lateMs, networkSleep, arrive } = this.#options;
    this.calls[call] += 1;
    const kind = fault?.(call, key) ?? 'none';
    await networkSleep?.(requestMs?.() ?? 0);
    const done = kind === 'none' || kind === 'after' ? run() : undefined;
    if (kind === 'late') void networkSleep?.(lateMs?.() ?? 0).then(run);
    await arrive?.();
    if (kind === 'none') return done as T;
    if (kind === 'denied') throw new SluiceError('LEASE_TABLE_UNUSABLE', `${call} of "${key}" was denied`);
    throw new SluiceError('LEASE_TABLE_UNREACHABLE', `${call} of "${key}" timed out`);
  }
}

function holds(row: Row | undefined, when: RowCondition): boolean {
  return Object.entries(when).every(([name, is]) =>
    is === null ? row?.[name] === undefined : row?.[name] === is,
  );
}
