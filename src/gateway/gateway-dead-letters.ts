import type { ParkedFilter } from '../dead-letter/dead-letter-reader.js';
import { parkedJson } from '../dead-letter/parked-record.js';
import {
  type FoundRecord,
  type ParkedScan,
  type ScanLimits,
  scanParked,
} from '../dead-letter/parked-scan.js';
import type { ExplanationView, ParkedDetailPage, ParkedPage, ParkedView } from '../http/gateway-view.js';
import type { ReaderLedger } from '../ledger/ledger.js';
import { SluiceError } from '../lib/errors.js';
import { shownProperties } from '../lib/properties-json.js';
import { RecentAnswers } from '../lib/recent-answers.js';
import type { ReplayAnswer, ReplayReport, ReplayRequest } from '../replay/replay-service.js';
import type { ReplayStatus } from '../replay/replay-status.js';
import type { ParkedSelection } from '../replay/selection.js';
import type { ExplanationJson } from '../rules/explain-record.js';
import type { ParkedSample } from '../timeline/parked-bursts.js';

/** The worker that replays and purges: the consumer's, or the forwarder's where it is alone. */
export interface ReplayWorker {
  readonly report: { readonly replay?: ReplayReport; readonly ledger?: Pick<ReaderLedger, 'totals'> };
  ask(request: ReplayRequest): Promise<unknown>;
}

export interface DeadLettersParts {
  readonly directory: string;
  readonly worker: ReplayWorker;
  /** Whether rules run in this process. */
  readonly isConsuming: boolean;
}

const KEEP_ANSWERS_MS = 500;
const MAX_ANSWERS = 32;

/** So many of the newest records tell whether one topic is behind them. */
const SAMPLE_RECORDS = 20;
/** Scans run on the thread of the broker: one reads at most this much, and takes at most half of the thread's time. */
const SCAN_LIMITS: Omit<ScanLimits, 'maxRecords'> = { maxBytes: 64 * 1024 * 1024, maxMs: 2_000, restMs: 5 };
/** Scans that may run at once; lists without a filter, which usually read one slice, are counted apart. */
const MAX_SCANS = 2;

/** The parked records of the running gateway, and the jobs that replay or purge them. */
export class GatewayDeadLetters {
  readonly #parts: DeadLettersParts;
  readonly #lists = new RecentAnswers<ParkedPage>(KEEP_ANSWERS_MS, MAX_ANSWERS);
  readonly #details = new RecentAnswers<ParkedDetailPage>(KEEP_ANSWERS_MS, MAX_ANSWERS);
  readonly #running = { search: 0, list: 0 };

  constructor(parts: DeadLettersParts) {
    this.#parts = parts;
  }

  /**
   * Lists parked records, newest first. Pages that ask at once share a list, which is never older than the ledger.
   * Rejects with DEAD_LETTER_SCANNING while too many others are being searched for.
   *
   * @param after `next` of the list before; absent: the newest
   */
  list(
    limit: number,
    filter: Pick<ParkedSelection, 'code' | 'topic' | 'rule' | 'user'> = {},
    after?: string,
  ): Promise<ParkedPage> {
    const { code, topic, rule, user } = filter;
    const isSearch = [code, topic, rule, user].some((one) => one !== undefined);
    return this.#lists.get(this.#keyOf(limit, code, topic, rule, user, after), async () => {
      const scan = await this.#scan(isSearch ? 'search' : 'list', { code, topic, rule, user }, limit, after);
      return {
        deadLetters: scan.found.map(viewOf),
        next: scan.next,
        incomplete: scan.isIncomplete ? true : undefined,
      };
    });
  }

  /** What the newest parked records of a code have in common. Undefined where it cannot be said now; never rejects. */
  async sample(code: string): Promise<ParkedSample | undefined> {
    try {
      const { deadLetters } = await this.list(SAMPLE_RECORDS, { code });
      const [newest] = deadLetters;
      if (newest === undefined) return undefined;
      const isOne = deadLetters.every(({ topic }) => topic === newest.topic);
      return { topic: isOne ? newest.topic : `${newest.topic} and others`, reason: newest.reason };
    } catch {
      // Others are searching, or the files cannot be read: the code alone says enough.
      return undefined;
    }
  }

  /** Searches for one record; `after` is its cursor from a list, or `next` of the search before. */
  detail(id: string, after?: string): Promise<ParkedDetailPage> {
    return this.#details.get(this.#keyOf(id, after), () => this.#detail(id, after));
  }

  async start(kind: 'replay' | 'purge', selection: ParkedSelection): Promise<ReplayStatus> {
    return (await this.#ask({ kind, selection })) as ReplayStatus;
  }

  status(): ReplayStatus | undefined {
    return this.#parts.worker.report.replay?.status;
  }

  /** The key changes as soon as the ledger does: list and counters must agree. */
  #keyOf(...query: readonly unknown[]): string {
    const { replay, ledger } = this.#parts.worker.report;
    return JSON.stringify([...query, replay?.replayed, ledger?.totals.parked]);
  }

  async #detail(id: string, after: string | undefined): Promise<ParkedDetailPage> {
    const { found, next, isIncomplete } = await this.#scan('search', { id }, 1, after);
    const [first] = found;
    if (first === undefined) return { next: isIncomplete ? next : undefined };
    const { parked, cursor } = first;
    // Without the payload nobody can say what the rules make of it.
    const explanation = parked.bytesNotKept === undefined ? await this.#explanation(id, cursor) : undefined;
    const { payload, payloadBase64, payloadStart, payloadStartBase64 } = parkedJson(parked);
    return {
      detail: {
        ...viewOf(first),
        receivedAtMs: Number(parked.receivedAtNs / 1_000_000n),
        qos: parked.qos,
        ...(parked.properties && { properties: shownProperties(parked.properties) }),
        payloadBytes: parked.bytesNotKept ?? parked.payload.length,
        payload: textOrAbsent(payload ?? payloadStart),
        payloadBase64: textOrAbsent(payloadBase64 ?? payloadStartBase64),
        refusedPoints: parked.refusedPoints,
        explanation,
      },
    };
  }

  async #scan(
    kind: 'search' | 'list',
    filter: ParkedFilter,
    maxRecords: number,
    after: string | undefined,
  ): Promise<ParkedScan> {
    if (this.#running[kind] >= MAX_SCANS) {
      throw new SluiceError(
        'DEAD_LETTER_SCANNING',
        `the dead letter is being searched ${MAX_SCANS} times already; try again in a second`,
      );
    }
    this.#running[kind] += 1;
    try {
      return await scanParked(this.#parts.directory, filter, { ...SCAN_LIMITS, maxRecords }, after);
    } finally {
      this.#running[kind] -= 1;
    }
  }

  async #explanation(id: string, after: string): Promise<ExplanationView | undefined> {
    if (!this.#parts.isConsuming) return undefined;
    const explained = (await this.#ask({ kind: 'explain', id, after })) as ExplanationJson | undefined;
    if (explained === undefined) return undefined;
    const { outcome, rule, code, reason, lines, tried } = explained;
    return { outcome, lines, tried, rule, code, reason };
  }

  #ask(request: ReplayRequest): Promise<ReplayAnswer> {
    return this.#parts.worker.ask(request) as Promise<ReplayAnswer>;
  }
}

function textOrAbsent(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}

function viewOf({ parked, cursor }: FoundRecord): ParkedView {
  const { id, parkedAtMs, topic, clientId, user, code, reason, rule, bytesNotKept } = parked;
  const view = { id, parkedAtMs, topic, clientId, user, code, reason, rule, cursor };
  return bytesNotKept === undefined ? view : { ...view, payloadKept: false };
}
