import type { FileHandle } from 'node:fs/promises';
import { join } from 'node:path';
import { systemErrorCode } from '../../lib/errors.js';
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
}

/** The whole log is one partition. */
const LOG_PARTITION = 'log';

const NO_BYTES = Buffer.alloc(0);

interface OpenSegment extends SegmentName {
  readonly file: FileHandle;
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
 * 2. Records are delivered in sequence order, each once; every gap is counted in `lost`.
 * 3. Bytes that were read before they were durable are read again: a page may have been half written.
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
    return this.#take(limits);
  }

  async close(): Promise<void> {
    await this.#leaveSegment();
  }

  async #take(limits: ReadLimits): Promise<RecordBatch> {
    const end = this.#end.sequence;
    const records: StreamRecord[] = [];
    const chunks = new Set<ReadChunk>();
    let takenBytes = 0;
    let damaged = 0;
    let dropped = 0;
    while (this.#expected < end && records.length < limits.maxRecords && takenBytes < limits.maxBytes) {
      const segment = this.#segment;
      if (segment === undefined) {
        const first = await this.#enterSegment();
        if (first > this.#expected) {
          // No older segment is left: the writer dropped it, or somebody removed the files.
          const skipTo = Math.min(first, end);
          dropped += skipTo - this.#expected;
          this.#expected = skipTo;
        }
        continue;
      }
      const scanned = this.#scan(segment, false);
      if (scanned.kind === 'frame' && scanned.sequence < this.#readAtEnd) {
        damaged += scanned.sequence - this.#expected;
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
        damaged += end - this.#expected;
        this.#expected = end;
        continue;
      }
      if ((await this.#readMore(segment, end)) > 0) continue;
      damaged += await this.#passEndOfFile(segment, end);
    }
    if (this.#bytes.length - this.#at === 0) this.#forgetBytes();
    return {
      parts: [{ partition: LOG_PARTITION, records, lost: { damaged, dropped } }],
      position: logPosition(this.#expected),
      release: () => {
        for (const chunk of chunks) this.#pool.release(chunk);
        chunks.clear();
      },
    };
  }

  #scan({ salt }: SegmentName, complete: boolean) {
    return nextFrame(this.#bytes, this.#at, salt, this.#expected, this.#options.maxBodyBytes, complete);
  }

  /**
   * Goes on to the next segment, or past damage, when all bytes of this file that belong below `end` have been read.
   * Returns how many records are lost to damage.
   */
  async #passEndOfFile(current: SegmentName, end: number): Promise<number> {
    const before = this.#expected;
    const next = (await this.#segments()).find((segment) => segment.base > current.base);
    if (next !== undefined && next.base <= before) {
      await this.#openSegment(next);
      return 0;
    }
    const behindDamage = this.#scan(current, true);
    if (behindDamage.kind === 'frame' && behindDamage.sequence < end) {
      this.#expected = behindDamage.sequence;
      this.#at = behindDamage.start;
      return this.#expected - before;
    }
    this.#expected = next === undefined ? end : Math.min(next.base, end);
    if (next !== undefined) await this.#openSegment(next);
    return this.#expected - before;
  }

  /** Opens the segment that holds #expected, or else the oldest. Returns the first sequence that can be read. */
  async #enterSegment(): Promise<number> {
    const segments = await this.#segments();
    const holding = segments.findLast((segment) => segment.base <= this.#expected) ?? segments[0];
    if (holding === undefined) return Number.MAX_SAFE_INTEGER;
    await this.#openSegment(holding);
    return Math.max(holding.base, this.#expected);
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
    await left?.file.close();
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
