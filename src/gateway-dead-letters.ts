import type { ExplanationJson } from './consumer/explain.js';
import { listParked } from './dead-letter/dead-letter-reader.js';
import { type ParkedRecord, parkedJson } from './dead-letter/parked-record.js';
import type { ParkedSelection } from './dead-letter/selection.js';
import type { SettlingStatus } from './dead-letter/settling-status.js';
import type { ExplanationView, ParkedDetail, ParkedView } from './ops/gateway-view.js';
import { RecentAnswers } from './recent-answers.js';
import type { Book } from './threads/book.js';
import type { SettlingAnswer, SettlingReport, SettlingRequest } from './threads/settling-protocol.js';
import { Turns } from './turns.js';

/** The thread that replays and purges: that of the consumer, or of the forwarder where it is alone. */
export interface SettlingThread {
  readonly report: { readonly settling?: SettlingReport; readonly book?: Pick<Book, 'fates'> };
  ask(request: SettlingRequest): Promise<unknown>;
}

export interface DeadLettersParts {
  readonly directory: string;
  readonly thread: SettlingThread;
  /** Whether rules run in this process. */
  readonly isConsuming: boolean;
}

const KEEP_ANSWERS_MS = 500;
const MAX_ANSWERS = 32;

/** What is parked, for whoever looks at the running gateway, and the jobs that settle it. */
export class GatewayDeadLetters {
  readonly #parts: DeadLettersParts;
  readonly #lists = new RecentAnswers<readonly ParkedView[]>(KEEP_ANSWERS_MS, MAX_ANSWERS);
  readonly #details = new RecentAnswers<ParkedDetail | undefined>(KEEP_ANSWERS_MS, MAX_ANSWERS);
  /** What may read all that is parked goes one at a time: this is the thread of the broker. */
  readonly #searches = new Turns();

  constructor(parts: DeadLettersParts) {
    this.#parts = parts;
  }

  /** Newest first. Pages that ask at once share a list; none is older than what the books say. */
  list(
    limit: number,
    filter: Pick<ParkedSelection, 'code' | 'topic' | 'rule'> = {},
  ): Promise<readonly ParkedView[]> {
    const { code, topic, rule } = filter;
    const list = async () => (await listParked(this.#parts.directory, limit, filter)).map(viewOf);
    const isSearch = code !== undefined || topic !== undefined || rule !== undefined;
    return this.#lists.get(this.#keyOf(limit, code, topic, rule), () =>
      isSearch ? this.#searches.take(list) : list(),
    );
  }

  detail(id: string): Promise<ParkedDetail | undefined> {
    return this.#details.get(this.#keyOf(id), () => this.#searches.take(() => this.#detail(id)));
  }

  async start(kind: 'replay' | 'purge', selection: ParkedSelection): Promise<SettlingStatus> {
    return (await this.#ask({ kind, selection })) as SettlingStatus;
  }

  status(): SettlingStatus | undefined {
    return this.#parts.thread.report.settling?.status;
  }

  /** Another one as soon as the books know of a move: list and counters must agree. */
  #keyOf(...asked: readonly unknown[]): string {
    const { settling, book } = this.#parts.thread.report;
    return JSON.stringify([...asked, settling?.moved, book?.fates.parked]);
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
      ...(typeof payload === 'string' ? { payload } : {}),
      ...(typeof payloadBase64 === 'string' ? { payloadBase64 } : {}),
      ...(parked.refusedPoints === undefined ? {} : { refusedPoints: parked.refusedPoints }),
      ...(explanation === undefined ? {} : { explanation }),
    };
  }

  async #explanation(id: string): Promise<ExplanationView | undefined> {
    if (!this.#parts.isConsuming) return undefined;
    const explained = (await this.#ask({ kind: 'explain', id })) as ExplanationJson | undefined;
    if (explained === undefined) return undefined;
    const { fate, rule, code, reason, lines, tried } = explained;
    return {
      fate,
      lines,
      tried,
      ...(rule === undefined ? {} : { rule }),
      ...(code === undefined ? {} : { code }),
      ...(reason === undefined ? {} : { reason }),
    };
  }

  #ask(request: SettlingRequest): Promise<SettlingAnswer> {
    return this.#parts.thread.ask(request) as Promise<SettlingAnswer>;
  }
}

function viewOf({ id, parkedAtMs, topic, clientId, code, reason, rule }: ParkedRecord): ParkedView {
  return { id, parkedAtMs, topic, clientId, code, reason, ...(rule === undefined ? {} : { rule }) };
}
