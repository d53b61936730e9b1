import type { Incident } from '../timeline/incident.js';
import type { LedgerToday } from '../timeline/ledger-of-day.js';
import type { HistoryRange, StageHistory } from '../timeline/recorded-rates.js';

/** What the page shows in one line wherever it is open. */
export interface LiveFacts {
  /** The worst incident of the gateway that goes on; null while it is well. Devices that send nonsense are none of the gateway. */
  readonly incident: Incident | null;
  /** What the log takes a second, from the last five minutes; null where no log runs, and in the first second. */
  readonly logBytesPerSecond: number | null;
  /** When the store last answered, ms since 1970; null: not since the start, so nothing is known of it. */
  readonly sinkLastAnswerMs: number | null;
  /** The time zone of the gateway, as IANA names it. */
  readonly timeZone: string;
  /** Records parked since `ledgerToday.sinceMs`, those included that were replayed since. */
  readonly setAsideToday: number;
  /** Null until the ledger is known after a start. */
  readonly ledgerToday: LedgerToday | null;
}

/** What happened to the gateway over time. */
export interface TimelineView {
  /** Those that go on, the worst first, and then the others, the newest first. */
  incidents(): readonly Incident[];
  history(range: HistoryRange): StageHistory;
  liveFacts(): LiveFacts;
}
