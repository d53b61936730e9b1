import { removeCleanStop } from '../data-directory/clean-stop.js';
import { shortenedFileLine } from '../data-directory/dead-letter-sizes.js';
import {
  DIRECTORY_FORMATS,
  type DirectoryIdentity,
  keepIdentity,
} from '../data-directory/directory-identity.js';
import type { DirectoryLock } from '../data-directory/directory-lock.js';
import type { DirectoryFindings } from '../data-directory/inspect-directory.js';
import { noteCleanStop } from '../data-directory/note-clean-stop.js';
import { openDataDirectory } from '../data-directory/open-directory.js';
import { CONSUMER_READER, FORWARDER_READER } from '../ledger/checkpoint-store.js';
import { errorText, SluiceError } from '../lib/errors.js';
import type { Logger } from '../lib/logger.js';
import { restoreCheckpoints } from '../pipeline/restore-checkpoints.js';
import type { GatewayOptions } from './gateway-options.js';

/** The data directory while a gateway uses it: from the first look until the note of an orderly stop. */
export class GatewayDirectory {
  /** The options of the gateway, with what the directory says of itself. */
  readonly options: GatewayOptions;
  readonly lock: DirectoryLock;
  readonly #logger: Logger;
  #identity: DirectoryIdentity;
  #logEnd: (() => number | undefined) | undefined;

  private constructor(
    options: GatewayOptions,
    lock: DirectoryLock,
    identity: DirectoryIdentity,
    logger: Logger,
  ) {
    this.options = options;
    this.lock = lock;
    this.#identity = identity;
    this.#logger = logger;
  }

  /** Takes the directory and makes its checkpoints usable. Leaves it unlocked when it rejects. */
  static async open(
    options: GatewayOptions,
    { version, logger }: { readonly version: string; readonly logger: Logger },
  ): Promise<GatewayDirectory> {
    const { lock, identity, findings, closedToOthers } = await openDataDirectory(
      options.directory,
      version,
      options.directoryFormat,
    );
    const directory = { ...options.directory, id: identity.id };
    if (closedToOthers.length > 0) {
      logger.info(
        { files: closedToOthers.length, first: closedToOthers[0] },
        'files of the data directory were open to other users of this machine; their mode is now 0600, or 0700 for folders',
      );
    }
    reportDamage(findings, logger);
    try {
      await restoreCheckpoints(directory, findings.checkpoints, {
        logReader: options.forward === undefined ? CONSUMER_READER : FORWARDER_READER,
        warn: (fields, sentence) => logger.warn(fields, sentence),
        nowMs: Date.now(),
      });
    } catch (thrown) {
      await lock.release();
      throw thrown;
    }
    const log = { ...options.log, cleanEndSequence: findings.cleanStop?.logEnd };
    return new GatewayDirectory({ ...options, directory, log }, lock, identity, logger);
  }

  /**
   * The log is open: from now on `logEnd` says where it ends, and `release` leaves a note of it. `undefined`: the
   * gateway has failed. With a note the next start would take what is there behind the last durable record for a part of the log.
   */
  holdsLog(logEnd: () => number | undefined): void {
    this.#logEnd = logEnd;
  }

  /**
   * To be called before the first record with message properties, or that the broker has not accepted, is written: from then
   * on an older version must not open the directory. Resolved: that is durable. Rejects with the system's error.
   */
  async raiseFormat(): Promise<void> {
    const before = this.#identity;
    if (before.format >= DIRECTORY_FORMATS.withProperties) return;
    const { writtenBy: version, id } = before;
    const use = { version, id, format: DIRECTORY_FORMATS.withProperties };
    this.#identity = await keepIdentity(this.options.directory.root, before, use);
    this.#logger.info(
      { format: this.#identity.format, before: before.format },
      'the data directory has a higher format from now on, because a record has message properties or was not accepted: older versions refuse it',
    );
  }

  /**
   * To be called before the first record can arrive: the note of the last stop is then no longer true. Rejects with
   * DATA_DIRECTORY_UNUSABLE.
   */
  async beginReceiving(): Promise<void> {
    if (this.#logEnd === undefined) return;
    const { root } = this.options.directory;
    try {
      await removeCleanStop(root);
    } catch (thrown) {
      throw new SluiceError(
        'DATA_DIRECTORY_UNUSABLE',
        `the note of the last stop in ${root} cannot be removed: ${errorText(thrown)}`,
        { cause: thrown },
      );
    }
  }

  /** To be called when everything is closed, also after a start that failed. */
  async release(): Promise<void> {
    try {
      const logEnd = this.#logEnd?.();
      if (logEnd !== undefined) await noteCleanStop(this.options.directory, logEnd);
    } catch (thrown) {
      const fields = { code: 'LOG_STOP_NOTE_UNUSABLE', reason: errorText(thrown) } as const;
      this.#logger.warn(fields, 'the note of this stop could not be written');
    }
    await this.lock.release();
  }
}

/** Each file is named: none of these lines may be held back. */
function reportDamage(findings: DirectoryFindings, logger: Logger): void {
  const { damagedCleanStop, missingSegments = [], shortenedFiles = [] } = findings;
  if (damagedCleanStop !== undefined) {
    const fields = { code: 'LOG_STOP_NOTE_UNUSABLE', heldBack: 0, ...damagedCleanStop } as const;
    logger.warn(fields, 'the note of the last stop is damaged');
  }
  for (const missing of missingSegments) {
    const fields = { code: 'LOG_DAMAGED', heldBack: 0, ...missing } as const;
    logger.warn(
      fields,
      'a segment of the log is gone or was cut; what it held and was not processed is lost',
    );
  }
  for (const shortened of shortenedFiles) logger.warn(...shortenedFileLine(shortened));
}
