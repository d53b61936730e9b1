import type { ExplanationJson } from './consumer/explain.js';
import { listParked } from './dead-letter/dead-letter-reader.js';
import { type ParkedRecord, parkedJson } from './dead-letter/parked-record.js';
import type { ParkedSelection } from './dead-letter/selection.js';
import type { SettlingStatus } from './dead-letter/settling-status.js';
import type { ExplanationView, ParkedDetail, ParkedView } from './ops/gateway-view.js';
import { RecentAnswers } from './recent-answers.js';
import type { SettlingAnswer, SettlingReport, SettlingRequest } from './threads/settling-protocol.js';

/** The thread that replays and purges: that of the consumer, or of the forwarder where it is alone. */
export interface SettlingThread {
  readonly report: { readonly settling?: SettlingReport };
  ask(request: SettlingRequest): Promise<unknown>;
}

export interface DeadLettersParts {
  readonly directory: string;
  readonly thread: SettlingThread;
  /** Whether rules run in this process. */
  readonly isConsuming: boolean;
}

const KEEP_LISTS_MS = 500;
const MAX_LISTS = 32;

/** What is parked, for whoever looks at the running gateway, and the jobs that settle it. */
export class GatewayDeadLetters {
  readonly #parts: DeadLettersParts;
  readonly #recent = new RecentAnswers<readonly ParkedView[]>(KEEP_LISTS_MS, MAX_LISTS);

  constructor(parts: DeadLettersParts) {
    this.#parts = parts;
  }

  /** Newest first. Pages that ask at once share a list; none is older than what the books say of replay and purge. */
  list(
    limit: number,
    filter: Pick<ParkedSelection, 'code' | 'topic' | 'rule'> = {},
  ): Promise<readonly ParkedView[]> {
    const { directory, thread } = this.#parts;
    const { code, topic, rule } = filter;
    const key = JSON.stringify([limit, code, topic, rule, thread.report.settling?.moved]);
    return this.#recent.get(key, async () => (await listParked(directory, limit, filter)).map(viewOf));
  }

  async detail(id: string): Promise<ParkedDetail | undefined> {
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

  async start(kind: 'replay' | 'purge', selection: ParkedSelection): Promise<SettlingStatus> {
    return (await this.#ask({ kind, selection })) as SettlingStatus;
  }

  status(): SettlingStatus | undefined {
    return this.#parts.thread.report.settling?.status;
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
