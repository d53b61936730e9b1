import { listParked } from '../dead-letter/dead-letter-reader.js';
import { type ParkedRecord, parkedJson } from '../dead-letter/parked-record.js';
import type { ExplanationView, ParkedDetail, ParkedView } from '../http/gateway-view.js';
import type { ReaderLedger } from '../ledger/ledger.js';
import { RecentAnswers } from '../lib/recent-answers.js';
import { SerialQueue } from '../lib/serial-queue.js';
import type { ReplayAnswer, ReplayReport, ReplayRequest } from '../replay/replay-service.js';
import type { ReplayStatus } from '../replay/replay-status.js';
import type { ParkedSelection } from '../replay/selection.js';
import type { ExplanationJson } from '../rules/explain-record.js';

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

/** The parked records of the running gateway, and the jobs that replay or purge them. */
export class GatewayDeadLetters {
  readonly #parts: DeadLettersParts;
  readonly #lists = new RecentAnswers<readonly ParkedView[]>(KEEP_ANSWERS_MS, MAX_ANSWERS);
  readonly #details = new RecentAnswers<ParkedDetail | undefined>(KEEP_ANSWERS_MS, MAX_ANSWERS);
  /** A search may read everything that is parked. One runs at a time, because this is the broker's thread. */
  readonly #searches = new SerialQueue();

  constructor(parts: DeadLettersParts) {
    this.#parts = parts;
  }

  /** Lists parked records, newest first. Pages that ask at once share a list, which is never older than the ledger. */
  list(
    limit: number,
    filter: Pick<ParkedSelection, 'code' | 'topic' | 'rule'> = {},
  ): Promise<readonly ParkedView[]> {
    const { code, topic, rule } = filter;
    const list = async () => (await listParked(this.#parts.directory, limit, filter)).map(viewOf);
    const isSearch = code !== undefined || topic !== undefined || rule !== undefined;
    return this.#lists.get(this.#keyOf(limit, code, topic, rule), () =>
      isSearch ? this.#searches.run(list) : list(),
    );
  }

  detail(id: string): Promise<ParkedDetail | undefined> {
    return this.#details.get(this.#keyOf(id), () => this.#searches.run(() => this.#detail(id)));
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

  async #detail(id: string): Promise<ParkedDetail | undefined> {
    const [parked] = await listParked(this.#parts.directory, 1, { id });
    if (parked === undefined) return undefined;
    const explanation = await this.#explanation(id);
    const { payload, payloadBase64 } = parkedJson(parked);
    return {
      ...viewOf(parked),
      receivedAtMs: Number(parked.receivedAtNs / 1_000_000n),
      qos: parked.qos,
      payloadBytes: parked.payload.length,
      payload: textOrAbsent(payload),
      payloadBase64: textOrAbsent(payloadBase64),
      refusedPoints: parked.refusedPoints,
      explanation,
    };
  }

  async #explanation(id: string): Promise<ExplanationView | undefined> {
    if (!this.#parts.isConsuming) return undefined;
    const explained = (await this.#ask({ kind: 'explain', id })) as ExplanationJson | undefined;
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

function viewOf({ id, parkedAtMs, topic, clientId, code, reason, rule }: ParkedRecord): ParkedView {
  return { id, parkedAtMs, topic, clientId, code, reason, rule };
}
