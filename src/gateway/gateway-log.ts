import { CONSUMER_READER, FORWARDER_READER, type LogReaderName } from '../ledger/checkpoint-store.js';
import type { CommitCompanion } from '../lib/commit-companion.js';
import { makeReserve } from '../lib/disk-room.js';
import { errorText, type SluiceError } from '../lib/errors.js';
import type { Logger } from '../lib/logger.js';
import type { Annotation } from '../metrics/annotations.js';
import { logStart } from '../pipeline/log-source.js';
import type { DurableEndWriter } from '../stream/log/durable-end.js';
import { LOG_NOTE_FILE } from '../stream/log/log-note.js';
import { sequenceOfPosition } from '../stream/log/log-reader.js';
import { LogWriter } from '../stream/log/log-writer.js';
import type { LogPressure } from '../stream/log/size-limit.js';
import type { Position } from '../stream/stream.js';
import type { DebugLines } from './debug-lines.js';
import type { GatewayOptions } from './gateway-options.js';

export interface GatewayLogDeps {
  readonly durableEnd: DurableEndWriter;
  /** Files that are committed with the batches of the log. */
  readonly companions?: readonly CommitCompanion[];
  /** Raises the format of the data directory before the first record that needs it. */
  readonly beforeDetails?: () => Promise<void>;
  readonly logger: Logger;
  readonly debug: DebugLines;
  readonly annotate: (annotation: Annotation) => void;
  readonly onFailure: (failure: SluiceError) => void;
}

const PRESSURES = {
  blocked: { code: 'LOG_BLOCKED', annotation: 'log-blocked' },
  unblocked: { code: 'LOG_UNBLOCKED', annotation: 'log-unblocked' },
  'disk-full': { code: 'LOG_DISK_FULL', annotation: 'log-blocked' },
  dropped: { code: 'LOG_RECORDS_DROPPED', annotation: 'records-dropped' },
} as const;

/** The durable log of the gateway, and the one reader that decides how far it can be deleted. */
export class GatewayLog {
  readonly writer: LogWriter;
  readonly #reader: LogReaderName;
  readonly #logger: Logger;
  /** What the ledger of the reader had counted as dropped when this process began. */
  readonly #droppedBefore: number;
  readonly #trims = new Set<Promise<void>>();

  private constructor(writer: LogWriter, reader: LogReaderName, logger: Logger, droppedBefore: number) {
    this.writer = writer;
    this.#reader = reader;
    this.#logger = logger;
    this.#droppedBefore = droppedBefore;
  }

  /** Recovers what a former process has left. */
  static async open(options: GatewayOptions, deps: GatewayLogDeps): Promise<GatewayLog> {
    const { directory, log, forward, maxBodyBytes } = options;
    const { durableEnd, companions, beforeDetails, logger, debug, onFailure } = deps;
    const reader = forward === undefined ? CONSUMER_READER : FORWARDER_READER;
    const start = await logStart(directory.checkpoints, reader);
    const sequence = start === undefined ? 0 : sequenceOfPosition(start.position);
    const writer = await LogWriter.open(
      { ...log, directory: directory.log, maxBodyBytes },
      {
        durableEnd,
        companions,
        beforeDetails,
        readers: new Map([[reader, sequence]]),
        onFailure,
        onSegment: (change) => debug.segment(change),
        onPressure: (pressure) => reportPressure(pressure, reader, deps),
        onRoom: async () => void (await makeReserve(directory.root)),
      },
    );
    reportRecovery(writer, sequence, logger);
    return new GatewayLog(writer, reader, logger, start?.ledger.lost.dropped ?? 0);
  }

  /** Deletes the segments that `reader` has saved to need no more. Other readers' positions are not of this log. */
  trim(reader: LogReaderName, position: Position): void {
    if (reader !== this.#reader) return;
    const trim = this.writer
      .trim(reader, sequenceOfPosition(position))
      .catch((thrown: unknown) => {
        const fields = { code: 'LOG_TRIM_FAILED', reason: errorText(thrown) } as const;
        this.#logger.warn(fields, 'old segments could not be deleted');
      })
      .finally(() => this.#trims.delete(trim));
    this.#trims.add(trim);
  }

  /** Resolves when nothing is being deleted any more: before the lock is released, or the next process would lose files. */
  async trimmed(): Promise<void> {
    await Promise.all(this.#trims);
  }

  /** How many records the ledger of the log's reader will have counted as dropped, once it comes to them. */
  get dropped(): number {
    return this.#droppedBefore + this.writer.missedBy(this.#reader);
  }

  /** Resolves when everything appended is durable. */
  async close(): Promise<void> {
    await this.writer.close();
  }
}

function reportPressure(
  pressure: LogPressure,
  reader: LogReaderName,
  { logger, annotate }: GatewayLogDeps,
): void {
  const sentence = {
    blocked: `the log is full: PUBACKs are withheld until the ${reader} has made room`,
    unblocked: 'the log has room again',
    'disk-full': 'the disk is full: PUBACKs are withheld until there is room',
    dropped: 'the log is full: its oldest records were dropped',
  }[pressure.kind];
  const { code, annotation } = PRESSURES[pressure.kind];
  logger.warn({ ...pressure, code }, sentence);
  annotate({ kind: annotation, text: sentence });
}

/** `position` is where the reader of the log begins. */
function reportRecovery({ recovered }: LogWriter, position: number, logger: Logger): void {
  const { segments, nextSequence, tornBytes, tornFile, oldest, note } = recovered;
  logger.info({ records: nextSequence, segments: segments.length }, 'the log is open');
  if (note === 'damaged') {
    logger.warn(
      { code: 'LOG_DAMAGED', heldBack: 0, fileName: LOG_NOTE_FILE, byteOffset: 0, records: 0 },
      'the note on deleted segments is damaged: if older segments are missing, they count as dropped',
    );
  }
  if (note !== 'read' && position < oldest) {
    const fields = { fileName: LOG_NOTE_FILE, firstSequence: position, records: oldest - position };
    logger.warn(
      { code: 'LOG_DAMAGED', heldBack: 0, ...fields },
      'segments are missing, and so is the note on deleted ones: their records count as dropped',
    );
  }
  if (tornBytes === 0) return;
  logger.warn(
    { code: 'LOG_TORN_TAIL', tornFile, tornBytes },
    'the log ended in an unfinished write, which was never acknowledged; it was cut off',
  );
}
