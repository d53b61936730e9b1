import type { StoreReader } from '../sink/store-reader.js';

/** The newest number is looked up so far back for all devices at once. */
const LOOK_BACK_MS = 3_600_000;
/** For those that send less often it is asked by name, and not so often. */
const SLOW_LOOK_BACK_MS = 86_400_000;
const ASK_SLOW_AGAIN_MS = 60_000;
const MAX_SLOW = 500;
const OVERLAP_MS = 900_000;
const MAX_FIELDS = 64;

export interface NumberQuery {
  readonly measurement: string;
  readonly by?: string;
  readonly field: string;
}

interface Numbers {
  readonly values: Map<string, number>;
  asOfMs: number;
  slowAskedMs: number;
}

/** NewestNumbers keeps the newest number of a field for each device, and asks only for what has come since. */
export class NewestNumbers {
  readonly #reader: Pick<StoreReader, 'statistics'>;
  readonly #fields = new Map<string, Numbers>();

  constructor(reader: Pick<StoreReader, 'statistics'>) {
    this.#reader = reader;
  }

  /** @param names the devices that are wanted; those without a number in the last 24 h are absent */
  async of(
    query: NumberQuery,
    names: readonly string[],
    nowMs: number,
  ): Promise<ReadonlyMap<string, number>> {
    if (names.length === 0) return new Map();
    const key = JSON.stringify([query.measurement, query.by, query.field]);
    let numbers = this.#fields.get(key);
    if (numbers === undefined || nowMs - numbers.asOfMs > LOOK_BACK_MS) {
      numbers = { values: new Map(), asOfMs: nowMs - LOOK_BACK_MS, slowAskedMs: Number.NEGATIVE_INFINITY };
      this.#fields.set(key, numbers);
      const [oldest] = this.#fields.keys();
      if (this.#fields.size > MAX_FIELDS && oldest !== undefined) this.#fields.delete(oldest);
    }
    await this.#read(query, numbers, numbers.asOfMs - OVERLAP_MS, nowMs);
    numbers.asOfMs = nowMs;
    const { values } = numbers;
    const slow = names.filter((name) => !values.has(name)).slice(0, MAX_SLOW);
    if (slow.length > 0 && nowMs - numbers.slowAskedMs >= ASK_SLOW_AGAIN_MS) {
      numbers.slowAskedMs = nowMs;
      await this.#read(query, numbers, nowMs - SLOW_LOOK_BACK_MS, nowMs, slow);
    }
    const wanted = new Set(names);
    // A device that is gone must not stay in memory.
    for (const name of values.keys()) if (!wanted.has(name)) values.delete(name);
    return values;
  }

  async #read(
    { measurement, by, field }: NumberQuery,
    { values }: Numbers,
    fromMs: number,
    nowMs: number,
    names?: readonly string[],
  ): Promise<void> {
    const answer = await this.#reader.statistics({
      measurement,
      values: { kind: 'points', field },
      ...(by !== undefined && { by }),
      ...(by !== undefined && names !== undefined && { names }),
      fromMs,
      // Clocks of devices go ahead.
      toMs: nowMs + OVERLAP_MS,
      parts: new Set(['last']),
    });
    for (const [name, [cell]] of answer) if (cell?.last !== undefined) values.set(name, cell.last.value);
  }
}
