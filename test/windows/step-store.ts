import type { Point } from '../../src/sink/point.js';
import type { Rejection } from '../../src/sink/sink.js';
import type { FoldQuery, RowsQuery, WindowReader } from '../../src/sink/window-reader.js';
import type { WindowStores } from '../../src/windows/window-stores.js';
import { ReferenceStore, tagsText } from '../contract/window-reference.js';

/** Points with this value of the tag `refused` are refused. */
export const REFUSED = 'yes';

/** A store in memory in which a process can die between any two steps. What it has taken stays. */
export class StepStore implements WindowStores {
  readonly reference = new ReferenceStore(tagsText);
  isDead = false;
  /** Steps until the process dies. */
  stepsLeft = Number.POSITIVE_INFINITY;

  readonly points: WindowReader = {
    fold: (query) => this.#fold(query),
    rows: (query) => this.#rows(query),
  };

  /** What `oldestKeptNs` says of each measurement. */
  readonly keptNs = new Map<string, bigint>();

  oldestKeptNs(measurement: string): bigint | undefined {
    return this.keptNs.get(measurement);
  }

  rowsIn() {
    return { reader: this.points, write: (points: readonly Point[]) => this.write(points) };
  }

  problem(): string {
    return '';
  }

  async close(): Promise<void> {}

  async write(points: readonly Point[]): Promise<readonly Rejection[]> {
    // Folds take several steps, so that writes begin and end within them.
    for (let nth = 0; nth < 4; nth++) await this.#step();
    const rejections = points.flatMap(({ series }, index): Rejection[] => {
      const isRefused = series.tags.some(({ name, value }) => name === 'refused' && value === REFUSED);
      return isRefused ? [{ index, code: 'store-refused', reason: 'refused' }] : [];
    });
    const refused = new Set(rejections.map(({ index }) => index));
    this.reference.write(points.filter((_, index) => !refused.has(index)));
    await this.#step();
    return rejections;
  }

  async *#fold(query: FoldQuery) {
    await this.#step();
    const groups = this.reference.fold(query);
    for (const group of groups) {
      await this.#step();
      yield [group];
    }
    await this.#step();
  }

  async *#rows(query: RowsQuery) {
    await this.#step();
    for (const row of this.reference.rows(query)) {
      await this.#step();
      yield [row];
    }
  }

  async #step(): Promise<void> {
    await Promise.resolve();
    if (this.isDead || --this.stepsLeft < 0) {
      this.isDead = true;
      throw new Error('the process is dead');
    }
  }
}
