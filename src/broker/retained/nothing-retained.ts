import type { RetainedCounters, RetainedMessage, RetainedMessages } from './retained-messages.js';

/** Retains nothing. */
export class NothingRetained implements RetainedMessages {
  set(): void {}

  matching(): Iterable<RetainedMessage> {
    return [];
  }

  counters(): RetainedCounters {
    return { messages: 0, bytes: 0, refused: 0 };
  }
}
