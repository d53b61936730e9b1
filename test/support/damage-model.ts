import { readFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { filesOf, type Kind, kindOf, type LeftDirectory } from './left-directories.js';

/** What is in a file after the damage; `undefined`: it is gone. */
export type Damages = ReadonlyMap<string, Buffer | undefined>;

/** `vanished`: at the end of the log after a kill, as if it had never been received. */
export type Outcome =
  | 'written'
  | 'filtered'
  | 'payload-not-json'
  | 'purged'
  | 'unreadable'
  | 'damaged'
  | 'dropped'
  | 'outcome-unknown'
  | 'vanished';

interface Line {
  readonly start: number;
  /** Of its line feed. */
  readonly end: number;
  readonly json: Readonly<Record<string, unknown>>;
}

interface LoggedRecord {
  readonly n: number;
  readonly isGood: boolean;
  /** No good record is behind it, and nothing says that there was one. */
  readonly isEnd: boolean;
  /** The first segment that is left begins behind it. */
  readonly isBeforeLog: boolean;
}

interface Frame {
  readonly start: number;
  readonly end: number;
  readonly n: number;
}

/** What a start must make of a directory. */
export interface Expected {
  /** `n` → what has become of the record once everything is read and replayed. */
  readonly outcomes: readonly Outcome[];
  /** The records of which this start writes a point. */
  readonly written: ReadonlySet<number>;
  /** Without any checkpoint the log is read again from its oldest record, and what was parked is archived. */
  readonly isReset: boolean;
  /** Records whose points this start may write as well: over themselves. */
  readonly mayBeWrittenAgain: ReadonlySet<number>;
}

const IDENTITY = 'directory.json';
const LOG_NOTE = 'log/log.note';
const CLEAN_STOP = 'clean-stop.json';
const CHECKPOINTS = ['checkpoints/consumer.checkpoint.json', 'checkpoints/consumer.checkpoint.copy.json'];
const LINE_FEED = 10;
const FRAME_HEADER_BYTES = 20;

/** Knows where in the files each record is, and so what any damage to them costs. It shares no code with the gateway. */
export class DamageModel {
  readonly #left: LeftDirectory;
  readonly #before = new Map<string, Buffer>();
  readonly #frames = new Map<string, readonly Frame[]>();
  readonly #parked = new Map<string, readonly Line[]>();
  readonly #journals = new Map<string, readonly Line[]>();
  readonly #inRemovedFiles = new Set<number>();

  constructor(left: LeftDirectory) {
    this.#left = left;
    for (const file of filesOf(left.root)) {
      const bytes = readFileSync(join(left.root, file));
      this.#before.set(file, bytes);
      const name = basename(file);
      if (name.endsWith('.seg')) this.#frames.set(file, framesOf(bytes, Number(name.slice(0, 16))));
      if (name.startsWith('parked-')) this.#parked.set(file, linesOf(bytes));
      if (/^settled-\d/.test(name)) this.#journals.set(file, linesOf(bytes));
    }
    const there = new Set<number>();
    for (const lines of this.#parked.values()) for (const line of lines) there.add(this.#numberOf(line));
    for (let n = 0; n < left.position; n += 1)
      if (isParkedAtFirst(kindOf(n)) && !there.has(n)) this.#inRemovedFiles.add(n);
  }

  get files(): readonly string[] {
    return [...this.#before.keys()];
  }

  contentOf(file: string): Buffer {
    return this.#before.get(file)!;
  }

  /** The one file without which nothing is started. When it is gone, the checkpoints name the directory. */
  isRefused(damages: Damages): boolean {
    return damages.get(IDENTITY) !== undefined && !this.#isSame(IDENTITY, damages);
  }

  /**
   * A journal can be shorter than it was without a trace after a kill; after a stop in order its note has the length.
   */
  mustBeNamed(file: string, damages: Damages): boolean {
    if (!this.#journals.has(file)) return true;
    return this.isOrderly(damages);
  }

  /** Whether the note of an orderly stop is there and can be trusted, which it is not without the checkpoint it names. */
  isOrderly(damages: Damages): boolean {
    if (!this.#before.has(CLEAN_STOP) || !this.#isSame(CLEAN_STOP, damages)) return false;
    return CHECKPOINTS.some((file) => this.#isSame(file, damages));
  }

  /** Whether the records from `first` on are in this segment of the log. */
  hasSequence(file: string, first: number, records: number): boolean {
    return (this.#frames.get(file) ?? []).some(({ n }) => n >= first && n < first + records);
  }

  /**
   * What a start must make of the damaged directory. A file that is not looked at here costs nothing by design: `lock.owner`
   * is for people, `lock.generation` and `receive-times.json` have what the sockets and the log say as well, and
   * `sluice.reserve` has no content.
   */
  expected(damages: Damages): Expected {
    if (CHECKPOINTS.every((file) => !this.#isSame(file, damages))) return this.#expectedAfterReset(damages);
    const outcomes: Outcome[] = [];
    const written = new Set<number>();
    const set = (n: number, outcome: Outcome, isNow: boolean) => {
      outcomes[n] = outcome;
      if (outcome === 'written' && isNow) written.add(n);
    };
    for (let n = 0; n < this.#left.position; n += 1) {
      if (!isParkedAtFirst(kindOf(n))) set(n, finalOutcome(kindOf(n)), false);
    }
    const hasTotals = this.#isSame('dead-letter/settled-totals.json', damages);
    for (const n of this.#inRemovedFiles) set(n, hasTotals ? 'purged' : 'unreadable', false);
    for (const [file, lines] of this.#parked) {
      const journal = this.#journalOf(file, damages);
      for (const line of lines) {
        const n = this.#numberOf(line);
        if (n >= this.#left.position) continue;
        const state = journal.get(line.start);
        if (state === 'written' || state === 'purged') set(n, state, false);
        else if (this.#isReadable(file, line, damages)) set(n, finalOutcome(kindOf(n)), true);
        else set(n, 'unreadable', false);
      }
    }
    for (const { n, isGood, isEnd, isBeforeLog } of this.#inLogFrom(this.#left.position, damages)) {
      if (isGood) set(n, finalOutcome(kindOf(n)), true);
      else if (isEnd) set(n, 'vanished', false);
      else set(n, isBeforeLog && !this.#hasLogNote(damages) ? 'dropped' : 'damaged', false);
    }
    return { outcomes, written, isReset: false, mayBeWrittenAgain: new Set() };
  }

  #expectedAfterReset(damages: Damages): Expected {
    const log = [...this.#inLogFrom(0, damages)];
    const outcomes = log.map(({ n, isGood, isEnd }): Outcome => {
      if (isGood) return finalOutcome(kindOf(n));
      return isEnd ? 'vanished' : 'damaged';
    });
    const written = new Set(
      log.filter(({ n, isGood }) => isGood && finalOutcome(kindOf(n)) === 'written').map(({ n }) => n),
    );
    const before = Array.from({ length: this.#left.end - log.length }, (): Outcome => 'outcome-unknown');
    const all = Array.from({ length: this.#left.end }, (_, n) => n);
    const mayBeWrittenAgain = new Set(
      all.filter((n) => isParkedAtFirst(kindOf(n)) && finalOutcome(kindOf(n)) === 'written'),
    );
    return { outcomes: [...before, ...outcomes], written, isReset: true, mayBeWrittenAgain };
  }

  *#inLogFrom(position: number, damages: Damages): Generator<LoggedRecord> {
    const firstFile = [...this.#frames.keys()].findIndex((file) => this.#isFilled(file, damages));
    const all = [...this.#frames].flatMap(([file, frames], index) =>
      frames
        .filter(({ n }) => n >= position)
        .map((frame) => ({
          n: frame.n,
          isGood: this.#isIntact(file, frame.start, frame.end, damages),
          isBeforeLog: firstFile < 0 || index < firstFile,
        })),
    );
    const lastGood = all.findLastIndex(({ isGood }) => isGood);
    // After a kill nobody can tell bad bytes at the end of the log from a write that was not finished.
    const isOrderly = this.isOrderly(damages);
    for (const [i, one] of all.entries()) yield { ...one, isEnd: !isOrderly && i > lastGood };
  }

  /** Without the note nobody knows what the log has deleted itself. */
  #hasLogNote(damages: Damages): boolean {
    return !damages.has(LOG_NOTE) || damages.get(LOG_NOTE)?.equals(this.contentOf(LOG_NOTE)) === true;
  }

  #isFilled(file: string, damages: Damages): boolean {
    return !damages.has(file) || (damages.get(file)?.length ?? 0) > 0;
  }

  #journalOf(parkedFile: string, damages: Damages): ReadonlyMap<number, string> {
    const file = join(dirname(parkedFile), basename(parkedFile).replace('parked', 'settled'));
    const states = new Map<number, string>();
    for (const line of this.#journals.get(file) ?? []) {
      if (!this.#isReadable(file, line, damages)) continue;
      // Records that leave the dead letter for the same reason share a line, with the distances between them.
      const { at: first, to, more = [] } = line.json as { at: number; to: string; more?: readonly number[] };
      let at = first;
      for (const distance of [0, ...more]) {
        at += distance;
        states.set(at, to);
      }
    }
    return states;
  }

  #numberOf({ json }: Line): number {
    return this.#left.numbers.get(json.id as string)!;
  }

  /** Whether a file of one JSON object still has its content. */
  #isSame(file: string, damages: Damages): boolean {
    if (!damages.has(file)) return true;
    return textOf(damages.get(file)) === textOf(this.contentOf(file));
  }

  /** A line needs its bytes, and some line feed behind it. */
  #isReadable(file: string, { start, end }: Line, damages: Damages): boolean {
    if (!damages.has(file)) return true;
    return this.#isIntact(file, start, end, damages) && damages.get(file)!.indexOf(LINE_FEED, end) >= 0;
  }

  #isIntact(file: string, start: number, end: number, damages: Damages): boolean {
    if (!damages.has(file)) return true;
    const after = damages.get(file);
    if (after === undefined || after.length < end) return false;
    return after.subarray(start, end).equals(this.contentOf(file).subarray(start, end));
  }
}

const isParkedAtFirst = (kind: Kind) => kind !== 'kept' && kind !== 'ignored';

/** By the newest rules. */
function finalOutcome(kind: Kind): Outcome {
  if (kind === 'ignored') return 'filtered';
  return kind === 'noisy' ? 'payload-not-json' : 'written';
}

function linesOf(bytes: Buffer): Line[] {
  const lines: Line[] = [];
  let start = 0;
  for (let end = bytes.indexOf(LINE_FEED); end >= 0; end = bytes.indexOf(LINE_FEED, start)) {
    const json = JSON.parse(bytes.toString('utf8', start, end)) as Record<string, unknown>;
    if (json.sealed !== true) lines.push({ start, end, json });
    start = end + 1;
  }
  return lines;
}

function framesOf(bytes: Buffer, base: number): Frame[] {
  const frames: Frame[] = [];
  for (let start = 0, n = base; start < bytes.length; n += 1) {
    const end = start + FRAME_HEADER_BYTES + bytes.readUInt32LE(start + 8);
    frames.push({ start, end, n });
    start = end;
  }
  return frames;
}

/** The JSON of a file in its shortest form; `undefined` when it is none. */
function textOf(bytes: Buffer | undefined): string | undefined {
  try {
    return bytes && JSON.stringify(JSON.parse(bytes.toString('utf8')));
  } catch {
    return undefined;
  }
}
