import type { Clock } from '../../lib/clock.js';
import { LimitedWarning } from '../../lib/limited-warning.js';
import type { Warn } from '../../lib/warnings.js';
import type { MqttSession } from './mqtt-session.js';
import type { SessionOptions } from './session-options.js';

/** SessionWarnings warns of what the bounds of sessions have cost a client. */
export class SessionWarnings {
  readonly #options: SessionOptions;
  readonly #warnings: LimitedWarning<'BROKER_SESSIONS_FULL' | 'BROKER_SESSION_QUEUE_FULL'>;

  constructor(options: SessionOptions, warn: Warn, clock: Clock) {
    this.#options = options;
    this.#warnings = new LimitedWarning(warn, clock);
  }

  overLimit({ clientId, user }: MqttSession): void {
    this.#warnings.log(
      'BROKER_SESSIONS_FULL',
      { clientId, user, maxSessions: this.#options.maxSessions },
      'there are too many sessions: the one whose client was absent longest has ended',
    );
  }

  queueFull({ clientId, user, waitingMessages, waitingBytes }: MqttSession): void {
    this.#warnings.log(
      'BROKER_SESSION_QUEUE_FULL',
      { clientId, user, waitingMessages, waitingBytes },
      'the queue of a subscriber is full: it loses its oldest messages',
    );
  }
}
