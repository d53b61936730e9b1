import { KeptRetained } from '../broker/retained/kept-retained.js';
import { SessionDeliveries } from '../broker/sessions/session-deliveries.js';
import { SESSION_ENTRY_FORMAT } from '../broker/sessions/session-entry.js';
import { MAX_SUBSCRIPTIONS } from '../broker/sessions/session-options.js';
import type { SessionsConfig } from '../config/sluice-config.js';
import type { Clock } from '../lib/clock.js';
import type { CommitCompanion } from '../lib/commit-companion.js';
import type { SluiceError } from '../lib/errors.js';
import { Journal } from '../lib/journal/journal.js';
import type { RecoveredJournal } from '../lib/journal/open-journal-file.js';
import type { Logger } from '../lib/logger.js';
import { openAllOrNone } from '../lib/open-all-or-none.js';
import type { GatewayOptions } from './gateway-options.js';

export interface GatewaySubscribersDeps {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly onFailure: (failure: SluiceError) => void;
}

const MIB = 2 ** 20;
/** What one topic filter of a session takes in its journal, at most: MAX_TOPIC_BYTES and what is beside it. */
const FILTER_BYTES = 1100;

/**
 * What the gateway keeps for subscribers: retained messages and sessions, each in a folder of the data directory with a
 * journal of its own. The log commits both journals with its batches, so that a PUBACK promises them, too.
 */
export class GatewaySubscribers {
  readonly retained: KeptRetained;
  readonly deliveries: SessionDeliveries;
  readonly #sessions: Journal;

  private constructor(retained: KeptRetained, deliveries: SessionDeliveries, sessions: Journal) {
    this.retained = retained;
    this.deliveries = deliveries;
    this.#sessions = sessions;
  }

  /** Restores what former processes have kept. Rejects as `Journal.open` does, and leaves nothing open then. */
  static open(
    { directory, broker }: Pick<GatewayOptions, 'directory' | 'broker'>,
    deps: GatewaySubscribersDeps,
  ): Promise<GatewaySubscribers> {
    const { clock, logger, onFailure } = deps;
    const warn: Logger['warn'] = (fields, sentence) => logger.warn(fields, sentence);
    return openAllOrNone(async (opened) => {
      const retained = await KeptRetained.open(directory.retained, broker.retained, { warn, onFailure });
      opened(() => retained.close());
      reportJournal(retained.recovered, 'the retained messages are read', logger);
      const deliveries = new SessionDeliveries(broker.sessions, { warn, clock, retained });
      opened(async () => deliveries.close());
      const sessions = await Journal.open({
        directory: directory.sessions,
        format: SESSION_ENTRY_FORMAT,
        onEntry: (entry) => deliveries.restore(entry),
        snapshot: () => deliveries.snapshot(),
        liveBytes: () => deliveries.liveBytes,
        maxBytes: sessionJournalBytes(broker.sessions),
        onFailure,
      });
      opened(() => sessions.close());
      reportJournal(sessions.recovered, 'the sessions are read', logger);
      deliveries.open(sessions);
      return new GatewaySubscribers(retained, deliveries, sessions);
    });
  }

  /** What the log must make durable before it answers. */
  get companions(): readonly CommitCompanion[] {
    const { companion } = this.retained;
    return companion === undefined ? [this.#sessions] : [companion, this.#sessions];
  }

  /** Call it when the log is closed: everything that was answered is durable then. */
  async close(): Promise<void> {
    this.deliveries.close();
    await Promise.all([this.retained.close(), this.#sessions.close()]);
  }
}

/** Several times what the sessions can be, so that it is never reached before a compaction is over. */
function sessionJournalBytes({ maxSessions, maxTotalBytes }: SessionsConfig): number {
  return 4 * maxTotalBytes + 2 * maxSessions * MAX_SUBSCRIPTIONS * FILTER_BYTES + 64 * MIB;
}

/** Each damage is named: none of these lines may be held back. */
function reportJournal(recovered: RecoveredJournal | undefined, sentence: string, logger: Logger): void {
  if (recovered === undefined) return;
  const { path, entries, sizeBytes, tornBytes, damage, archivedAs } = recovered;
  logger.info({ path, entries, sizeBytes, tornBytes }, sentence);
  if (damage !== undefined) {
    logger.warn(
      { code: 'JOURNAL_DAMAGED', heldBack: 0, fileName: path, ...damage },
      'a file of retained messages or sessions is damaged: what is before and behind the damage is kept',
    );
  }
  if (archivedAs !== undefined) {
    logger.warn(
      { code: 'JOURNAL_DAMAGED', heldBack: 0, fileName: path, byteOffset: 0, archivedAs },
      'a file of retained messages or sessions is damaged at its beginning: it is archived, and a new one begins empty',
    );
  }
}
