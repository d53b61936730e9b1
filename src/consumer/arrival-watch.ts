import type { ArrivalReport, ArrivalsAnswer, ArrivalsQuestion } from '../arrivals/arrival.js';
import { isFound, searchable } from '../arrivals/arrival-search.js';
import type { PointText } from '../arrivals/shown-points.js';
import type { Clock } from '../lib/clock.js';
import { RateBudget } from '../lib/rate-budget.js';
import type { StreamRecord } from '../stream/stream.js';
import { BatchArrivals, type NotedRecord } from './batch-arrivals.js';

/** The main thread asks several times a second; when it does not ask for so long, nobody is there. */
const UNASKED_MS = 5_000;
/** More than the main thread follows at a time. */
const MAX_FOLLOWED = 1_000;
const MAX_REPORTS = 1_000;
/** What a search may find in a second: more than one watcher is shown. */
const CHOSEN_PER_SECOND = 50;
const SAMPLE_EVERY_MS = 1_000;
/** A record may be done before the main thread's question about it is read: so many batches and records are remembered. */
const MAX_RECENT_BATCHES = 32;
const MAX_RECENT_RECORDS = 10_000;

export interface ArrivalWatchDeps {
  readonly clock: Clock;
  readonly text: PointText;
  /** Records come in the order of their receive times, as from one log: what is behind the consumer does not come any more. */
  readonly isInOrder: boolean;
}

/** Reports what becomes of some records while somebody watches; until then a batch costs one comparison. */
export class ArrivalWatch {
  readonly #deps: ArrivalWatchDeps;
  readonly #followed = new Set<bigint>();
  readonly #reports = new Map<string, ArrivalReport>();
  readonly #omitted = new Map<string, number>();
  #recent: BatchArrivals[] = [];
  #recentRecords = 0;
  #question: ArrivalsQuestion | undefined;
  #askedAtMs = 0;
  readonly #budget: RateBudget;
  #sampleAtMs = 0;
  /** The receive time of the newest record that is done. */
  #doneToNs = 0n;

  constructor(deps: ArrivalWatchDeps) {
    this.#deps = deps;
    this.#budget = new RateBudget(CHOSEN_PER_SECOND, deps.clock.monotonicMs());
  }

  /** Takes what the main thread wants to know, and returns what has become known since the last time. */
  answer(question: ArrivalsQuestion): ArrivalsAnswer {
    this.#askedAtMs = this.#deps.clock.monotonicMs();
    if (!question.isWatched) {
      this.#stop();
      return { reports: [], omitted: [] };
    }
    this.#question = question;
    for (const id of question.follow) this.#follow(BigInt(id));
    const reports = [...this.#reports.values()];
    const omitted = [...this.#omitted].map(([search, records]) => ({ search, records }));
    this.#reports.clear();
    this.#omitted.clear();
    return { reports, omitted };
  }

  /** Begins to note a batch; undefined while nobody watches. */
  begin(): BatchArrivals | undefined {
    if (this.#question === undefined) return undefined;
    if (this.#deps.clock.monotonicMs() - this.#askedAtMs > UNASKED_MS) {
      this.#stop();
      return undefined;
    }
    return new BatchArrivals({
      text: this.#deps.text,
      clock: this.#deps.clock,
      isFollowed: (receivedAtNs) => this.#followed.has(receivedAtNs),
      choose: (noted) => this.#choose(noted),
      report: (report) => this.#report(report),
      onCompleted: (batch) => this.#completed(batch),
    });
  }

  #follow(receivedAtNs: bigint): void {
    for (const batch of this.#recent) if (batch.reportDone(receivedAtNs)) return;
    if (this.#deps.isInOrder && receivedAtNs <= this.#doneToNs) {
      this.#reportMissed(receivedAtNs);
      return;
    }
    this.#followed.add(receivedAtNs);
    if (this.#followed.size <= MAX_FOLLOWED) return;
    const [oldest] = this.#followed;
    this.#followed.delete(oldest!);
  }

  /** Whether a record is reported that the main thread has not asked about, and as what. */
  #choose({ record, names }: NotedRecord): 'found' | 'sample' | undefined {
    const question = this.#question;
    if (question === undefined) return undefined;
    const nowMs = this.#deps.clock.monotonicMs();
    const found = question.searches.length === 0 ? [] : foundBy(question, record, names());
    if (found.length > 0) {
      if (this.#budget.hasRoom(nowMs)) {
        this.#budget.spend(1);
        return 'found';
      }
      for (const search of found) this.#omitted.set(search, (this.#omitted.get(search) ?? 0) + 1);
    }
    if (question.chooses !== 'all' || !question.wantsSample || nowMs < this.#sampleAtMs) return undefined;
    this.#sampleAtMs = nowMs + SAMPLE_EVERY_MS;
    return 'sample';
  }

  #completed(batch: BatchArrivals): void {
    this.#recent.push(batch);
    this.#recentRecords += batch.done.length;
    while (this.#recent.length > 1 && this.#isTooMuchRecent()) {
      this.#recentRecords -= this.#recent.shift()?.done.length ?? 0;
    }
    if (this.#followed.size > 0) {
      for (const { receivedAtNs } of batch.done) this.#followed.delete(receivedAtNs);
    }
    const last = batch.done.at(-1)?.receivedAtNs;
    if (!this.#deps.isInOrder || last === undefined) return;
    this.#doneToNs = last;
    for (const receivedAtNs of this.#followed) {
      if (receivedAtNs > last) continue;
      this.#followed.delete(receivedAtNs);
      this.#reportMissed(receivedAtNs);
    }
  }

  #isTooMuchRecent(): boolean {
    return this.#recent.length > MAX_RECENT_BATCHES || this.#recentRecords > MAX_RECENT_RECORDS;
  }

  #reportMissed(receivedAtNs: bigint): void {
    this.#report({
      id: String(receivedAtNs),
      result: {
        outcome: 'unknown',
        reason:
          'The consumer is past this message and did not see it: the log dropped it, or its bytes are damaged.',
      },
      steps: {},
      names: [],
    });
  }

  #report(report: ArrivalReport): void {
    if (this.#question === undefined) return;
    this.#reports.set(report.id, report);
    if (this.#reports.size <= MAX_REPORTS) return;
    const [oldest] = this.#reports.keys();
    this.#reports.delete(oldest!);
  }

  #stop(): void {
    this.#question = undefined;
    this.#recent = [];
    this.#recentRecords = 0;
    this.#followed.clear();
    this.#reports.clear();
    this.#omitted.clear();
  }
}

/** The searches that find a record; those of topic and client are the main thread's, unless the consumer is alone. */
function foundBy(
  { chooses, searches }: ArrivalsQuestion,
  { topic, clientId }: StreamRecord,
  names: readonly string[],
): readonly string[] {
  const message = searchable([topic, clientId]);
  const devices = searchable(names);
  return searches.filter((search) => {
    const isInMessage = isFound(search, message);
    if (chooses === 'devices' && isInMessage) return false;
    return isInMessage || isFound(search, devices);
  });
}
