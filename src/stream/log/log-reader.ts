import type { FileHandle } from 'node:fs/promises';
import { join } from 'node:path';
import { errorText, SluiceError, systemErrorCode } from '../../lib/errors.js';
import { open, readdir } from '../../lib/files.js';
import type { Position, ReadLimits, RecordBatch, StreamReader, StreamRecord } from '../stream.js';
import type { DurableEnd } from './durable-end.js';
import { nextFrame, readFrame } from './frame.js';
import { CHUNK_BYTES, type ReadChunk, ReadChunkPool } from './read-chunk.js';
import { parseSegmentNames, type SegmentName } from './segment-name.js';

export interface LogReaderOptions {
  readonly directory: string;
  /** When absent, the reader starts at the oldest record. */
  readonly from?: Position;
  readonly maxBodyBytes: number;
  /** Its place among the readers that the writer knows; absent for one that only looks. */
  readonly seat?: number;
  /** Called once for each file with damage, when it has been read to its end or as far as it is durable. */
  readonly onDamage?: (damage: LogDamage) => void;
}

/** What a reader has found damaged in one file. */
export interface LogDamage {
  /** A file that is gone has stars for what is not known of its name. */
  readonly fileName: string;
  /** Where the first damage begins. */
  readonly byteOffset: number;
  /** Records that cannot be read, known from the sequence of the next good one. */
  readonly records: number;
  readonly firstSequence: number;
}

/** The whole log is one partition. */
const LOG_PARTITION = 'log';

const NO_BYTES = Buffer.alloc(0);

interface Filled {
  readonly records: readonly StreamRecord[];
  readonly chunks: Set<ReadChunk>;
  readonly damage: readonly LogDamage[];
}

interface OpenSegment extends SegmentName {
  readonly file: FileHandle;
}

function isBehind(segment: SegmentName, current: SegmentName): boolean {
  return (
    segment.base > current.base || (segment.base === current.base && segment.fileName > current.fileName)
  );
}

export function logPosition(sequence: number): Position {
  return String(sequence);
}

export function sequenceOfPosition(position: Position): number {
  return Number(position);
}

/**
 * LogReader reads the files of the log; it may run on any thread. Invariants:
 * 1. A record is delivered only when it is durable.
 * 2. Records are delivered in sequence order, each once; every gap is counted in `lost`. What the writer has dropped is
 *    counted as dropped, exactly as the writer counts it: the two agree on every record with `claim`. Everything else
 *    that is missing is damage.
 * 3. Bytes that were read before they were durable are read again: a page may have been half written.
 * 4. Before anything counts as damaged it is read once more, from a file that was opened again.
 */
export class LogReader implements StreamReader {
  readonly #options: LogReaderOptions;
  readonly #end: DurableEnd;
  #expected: number;
  #segment: OpenSegment | undefined;
  readonly #pool = new ReadChunkPool();
  /** The chunk that #bytes is a view of; absent when there are no bytes. */
  #chunk: ReadChunk | undefined;
  #bytes: Buffer = NO_BYTES;
  /** The offset in #bytes of what has not been delivered. */
  #at = 0;
  /** The offset in the file of the end of #bytes. */
  #fileOffset = 0;
  /** The durable end when #bytes was last read. */
  #readAtEnd = 0;
  /** The sequence whose bytes were read once more, because they seemed damaged. */
  #readAgainAt = -1;
  /** What is damaged in the file that is being read, and not reported yet. */
  #damage: LogDamage | undefined;

  constructor(options: LogReaderOptions, end: DurableEnd) {
    this.#options = options;
    this.#end = end;
    this.#expected = options.from === undefined ? 0 : sequenceOfPosition(options.from);
  }

  async next(limits: ReadLimits, signal: AbortSignal): Promise<RecordBatch | undefined> {
    while (this.#end.sequence <= this.#expected) {
      if (signal.aborted || limits.whenEmpty === 'return') return undefined;
      await this.#end.wait(this.#expected, signal);
    }
    if (this.#end.sequence - this.#expected < limits.maxRecords && limits.lingerMs > 0) {
      await this.#end.wait(this.#expected + limits.maxRecords - 1, signal, limits.lingerMs);
    }
    if (signal.aborted) return undefined;
    return this.#take(limits).catch((thrown: unknown) => {
      const file = this.#segment === undefined ? '' : ` at ${this.#segment.fileName}`;
      throw new SluiceError(
        'LOG_FAILED',
        `reading the log in ${this.#options.directory} failed${file}: ${errorText(thrown)}`,
        { cause: thrown },
      );
    });
  }

  async close(): Promise<void> {
    this.#reportDamage();
    await this.#leaveSegment();
  }

  async #take(limits: ReadLimits): Promise<RecordBatch> {
    const end = this.#end.sequence;
    let dropped = 0;
    for (;;) {
      const from = this.#expected;
      const filled = await this.#fill(limits, end);
      const stand = this.#end.claim(this.#options.seat, from, this.#expected);
      if (stand === undefined) {
        for (const damage of filled.damage) this.#noteDamage(damage);
        if (this.#expected >= end) this.#reportDamage();
        return this.#batch(filled, dropped);
      }
      // The writer has dropped what was being read: what has been read of it counts as missed by now.
      for (const chunk of filled.chunks) this.#pool.release(chunk);
      await this.#leaveSegment();
      dropped += stand - from;
      this.#expected = stand;
    }
  }

  #batch({ records, chunks, damage }: Filled, dropped: number): RecordBatch {
    const damaged = damage.reduce((sum, found) => sum + found.records, 0);
    return {
      parts: [{ partition: LOG_PARTITION, records, lost: { damaged, dropped } }],
      position: logPosition(this.#expected),
      release: () => {
        for (const chunk of chunks) this.#pool.release(chunk);
        chunks.clear();
      },
    };
  }

  /** Reads on from #expected, within the limits; stops where it notices that the writer has dropped what comes next. */
  async #fill(limits: ReadLimits, end: number): Promise<Filled> {
    const records: StreamRecord[] = [];
    const chunks = new Set<ReadChunk>();
    const damage: LogDamage[] = [];
    let takenBytes = 0;
    while (
      this.#expected < end &&
      this.#expected >= this.#end.oldest &&
      records.length < limits.maxRecords &&
      takenBytes < limits.maxBytes
    ) {
      const segment = this.#segment;
      if (segment === undefined) {
        const missing = await this.#enterSegment(end);
        if (missing !== undefined) damage.push(missing);
        continue;
      }
      const scanned = this.#scan(segment, false);
      if (scanned.kind === 'frame' && scanned.sequence < this.#readAtEnd) {
        if (scanned.sequence > this.#expected) {
          if (await this.#readAgain(segment)) continue;
          damage.push(this.#damageTo(scanned.sequence, segment));
        }
        records.push(readFrame(this.#bytes, scanned.start, scanned.end));
        if (this.#chunk !== undefined && !chunks.has(this.#chunk)) {
          chunks.add(this.#chunk);
          this.#chunk.users += 1;
        }
        takenBytes += scanned.end - scanned.start;
        this.#expected = scanned.sequence + 1;
        this.#at = scanned.end;
        continue;
      }
      if (this.#readAtEnd < end) {
        this.#forgetBytes();
        await this.#readMore(segment, end);
        continue;
      }
      if (scanned.kind === 'frame') {
        if (await this.#readAgain(segment)) continue;
        damage.push(this.#damageTo(end, segment));
        this.#expected = end;
        continue;
      }
      if ((await this.#readMore(segment, end)) > 0) continue;
      const found = await this.#passEndOfFile(segment, end);
      if (found !== undefined) damage.push(found);
    }
    if (this.#bytes.length - this.#at === 0) this.#forgetBytes();
    return { records, chunks, damage };
  }

  /** That nothing good lies before `sequence`, from where the reader is in the file. */
  #damageTo(sequence: number, { fileName }: SegmentName): LogDamage {
    const byteOffset = this.#fileOffset - (this.#bytes.length - this.#at);
    const firstSequence = this.#expected;
    return { fileName, byteOffset, firstSequence, records: sequence - firstSequence };
  }

  /** Damage in one file is reported together, so that a file with many bad places is one line. */
  #noteDamage(damage: LogDamage): void {
    const before = this.#damage;
    if (before?.fileName === damage.fileName) {
      this.#damage = { ...before, records: before.records + damage.records };
      return;
    }
    this.#reportDamage();
    this.#damage = damage;
  }

  #reportDamage(): void {
    const damage = this.#damage;
    this.#damage = undefined;
    if (damage !== undefined) this.#options.onDamage?.(damage);
  }

  #scan({ salt }: SegmentName, complete: boolean) {
    return nextFrame(this.#bytes, this.#at, salt, this.#expected, this.#options.maxBodyBytes, complete);
  }

  /**
   * Goes on to the next segment, or past damage, when all bytes of this file that belong below `end` have been read.
   * Returns what is lost to damage.
   */
  async #passEndOfFile(current: SegmentName, end: number): Promise<LogDamage | undefined> {
    const next = (await this.#segments()).find((segment) => isBehind(segment, current));
    if (next !== undefined && next.base <= this.#expected) {
      await this.#openSegment(next);
      return undefined;
    }
    if (await this.#readAgain(current)) return undefined;
    const behindDamage = this.#scan(current, true);
    if (behindDamage.kind === 'frame' && behindDamage.sequence < end) {
      const damage = this.#damageTo(behindDamage.sequence, current);
      this.#expected = behindDamage.sequence;
      this.#at = behindDamage.start;
      return damage;
    }
    const goOnAt = next === undefined ? end : Math.min(next.base, end);
    const damage = this.#damageTo(goOnAt, current);
    this.#expected = goOnAt;
    if (next !== undefined) await this.#openSegment(next);
    return damage;
  }

  /** Opens the segment that holds #expected, or else the oldest. Returns what is missing before the first one. */
  async #enterSegment(end: number): Promise<LogDamage | undefined> {
    const segments = await this.#segments();
    const last = segments.findLast((segment) => segment.base <= this.#expected);
    const holding = segments.find((segment) => segment.base === last?.base) ?? segments[0];
    // Looked up after the listing: what the writer deletes is noted there before it is gone.
    if (this.#expected < this.#end.oldest) return undefined;
    if (holding !== undefined) await this.#openSegment(holding);
    const first = Math.min(holding?.base ?? end, end);
    if (first <= this.#expected) return undefined;
    const firstSequence = this.#expected;
    this.#expected = first;
    const fileName = `${String(firstSequence).padStart(16, '0')}-********.seg`;
    return { fileName, byteOffset: 0, firstSequence, records: first - firstSequence };
  }

  async #segments(): Promise<SegmentName[]> {
    return parseSegmentNames(await readdir(this.#options.directory));
  }

  async #openSegment(name: SegmentName): Promise<void> {
    await this.#leaveSegment();
    try {
      this.#segment = { ...name, file: await open(join(this.#options.directory, name.fileName), 'r') };
    } catch (thrown) {
      // The segment was deleted between listing and opening: the caller lists again.
      if (systemErrorCode(thrown) !== 'ENOENT') throw thrown;
    }
  }

  async #leaveSegment(): Promise<void> {
    const left = this.#segment;
    this.#segment = undefined;
    this.#leaveChunk();
    this.#fileOffset = 0;
    this.#readAtEnd = 0;
    // Nothing was written to it.
    await left?.file.close().catch(() => undefined);
  }

  /**
   * Forgets what has been read and not delivered, and opens the file again. Resolves with false where that was done for this record
   * already: then it is damaged. Two of forty runs under full load lost the rest of a segment, once from byte 8,387,687
   * on, 921 before 8 MiB; whether a read was wrong or the file was is not known.
   */
  async #readAgain(segment: SegmentName): Promise<boolean> {
    if (this.#readAgainAt === this.#expected) return false;
    this.#readAgainAt = this.#expected;
    this.#forgetBytes();
    const from = this.#fileOffset;
    await this.#openSegment(segment);
    if (this.#segment !== undefined) this.#fileOffset = from;
    return true;
  }

  #forgetBytes(): void {
    this.#fileOffset -= this.#bytes.length - this.#at;
    this.#leaveChunk();
  }

  #leaveChunk(): void {
    if (this.#chunk !== undefined) this.#pool.release(this.#chunk);
    this.#chunk = undefined;
    this.#bytes = NO_BYTES;
    this.#at = 0;
  }

  /** Appends what follows in the file to the bytes not yet delivered. Returns how many bytes: 0 at the end of the file. */
  async #readMore({ file }: OpenSegment, end: number): Promise<number> {
    const rest = this.#bytes.subarray(this.#at);
    // A frame larger than a chunk grows into ever larger ones.
    const chunk = this.#pool.take(rest.length < CHUNK_BYTES / 2 ? CHUNK_BYTES : rest.length * 2);
    rest.copy(chunk.buffer);
    const room = chunk.buffer.length - rest.length;
    const { bytesRead } = await file.read(chunk.buffer, rest.length, room, this.#fileOffset);
    this.#leaveChunk();
    this.#chunk = chunk;
    this.#bytes = chunk.buffer.subarray(0, rest.length + bytesRead);
    this.#fileOffset += bytesRead;
    if (rest.length === 0) this.#readAtEnd = end;
    return bytesRead;
  }
}
