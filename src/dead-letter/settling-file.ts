import { wholeLines } from './parked-lines.js';
import { type ParkedRecord, parseParkedLine } from './parked-record.js';
import { asParkedNow, type SettledFile, type SettledLine } from './settled-journal.js';

/** A parked record and where its line is. */
export interface PlacedRecord {
  readonly at: number;
  /** As it is parked now. */
  readonly parked: ParkedRecord;
}

/** One parked file while its records are replayed or purged. */
export class SettlingFile {
  readonly #parked: Buffer;
  readonly #settled: SettledFile;
  readonly #append: (lines: readonly SettledLine[]) => Promise<void>;

  constructor(
    parked: Buffer,
    settled: SettledFile,
    append: (lines: readonly SettledLine[]) => Promise<void>,
  ) {
    this.#parked = parked;
    this.#settled = settled;
    this.#append = append;
  }

  /** Every record that is still parked, oldest first. Lines that cannot be read are passed over, and stay. */
  *pending(): Generator<PlacedRecord> {
    for (const { at, bytes } of wholeLines(this.#parked)) {
      const state = this.#settled.state(at);
      if (state === 'final') continue;
      const parked = parseParkedLine(bytes.toString('utf8'));
      if (parked !== undefined) yield { at, parked: asParkedNow(parked, state) };
    }
  }

  /** Resolved: the moves are durable. Rejects with DEAD_LETTER_FAILED. */
  async settle(lines: readonly SettledLine[]): Promise<void> {
    if (lines.length > 0) await this.#append(lines);
  }
}
