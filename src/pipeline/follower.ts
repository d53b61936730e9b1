import type { Clock } from '../lib/clock.js';
import { RateBudget } from '../lib/rate-budget.js';
import type { StateTables } from '../lib/state-tables.js';
import { type ExplainOptions, explainRecord, explanationJson } from '../rules/explain-record.js';
import { type FollowedRecords, followedJson } from '../rules/followed-record.js';
import type { TopicPattern } from '../rules/topic-pattern.js';
import { newLineText } from '../sink/influx/line.js';
import type { StreamRecord } from '../stream/stream.js';
import type { Mapping } from './rules-in-force.js';

/** What a follower may cost the pipeline: so many explanations a second, and so much of its time. */
const RECORDS_PER_SECOND = 100;
const BUSY_MS_PER_SECOND = 50;
/** What may wait for a follower that reads slowly, in UTF-16 units of JSON. */
const MAX_WAITING_CHARACTERS = 512 * 1024;
/** A follower is answered at least so often, so that it can tell a quiet topic from a gateway that hangs. */
const ANSWER_WITHIN_MS = 1_000;

/** What becomes of points: their types in the store, and their windows. */
export type AfterMapping = Pick<ExplainOptions, 'fitTypes' | 'explainWindows'>;

/** One who follows the records of a topic filter. What it cannot have is counted, and nothing waits for it. */
export class Follower {
  readonly #pattern: TopicPattern;
  readonly #withPayloads: boolean;
  readonly #clock: Clock;
  readonly #afterMapping: AfterMapping;
  readonly #records: RateBudget;
  readonly #busyMs: RateBudget;
  readonly #lines = newLineText();
  #waiting: string[] = [];
  #waitingCharacters = 0;
  #skipped = 0;
  #isEnded = false;
  #answer: (() => void) | undefined;

  /** @param withPayloads whether each record has its whole payload */
  constructor(pattern: TopicPattern, clock: Clock, afterMapping: AfterMapping = {}, withPayloads = false) {
    this.#pattern = pattern;
    this.#withPayloads = withPayloads;
    this.#clock = clock;
    this.#afterMapping = afterMapping;
    this.#records = new RateBudget(RECORDS_PER_SECOND, clock.monotonicMs());
    this.#busyMs = new RateBudget(BUSY_MS_PER_SECOND, clock.monotonicMs());
  }

  /** Explains a record of its topics, or counts it as skipped. The payload is a view that is valid during the call. */
  see(record: StreamRecord, { ruleSet, payload }: Mapping, state: StateTables): void {
    if (this.#pattern.match(record.topic) === undefined) return;
    const startedMs = this.#clock.monotonicMs();
    const isFull = this.#waitingCharacters >= MAX_WAITING_CHARACTERS;
    if (isFull || !this.#records.hasRoom(startedMs) || !this.#busyMs.hasRoom(startedMs)) {
      this.#skipped += 1;
      return;
    }
    const options = { limits: payload, state: state.overlay(), ...this.#afterMapping };
    const explanation = explainRecord(ruleSet, record, this.#lines, options);
    const json = followedJson(record, explanationJson(explanation), this.#withPayloads);
    this.#records.spend(1);
    this.#busyMs.spend(this.#clock.monotonicMs() - startedMs);
    this.#waiting.push(json);
    this.#waitingCharacters += json.length;
    this.#answer?.();
  }

  /** Resolves with what has come since the last call, after a second also with nothing. Calls do not overlap. */
  async next(): Promise<FollowedRecords> {
    if (this.#waiting.length === 0 && !this.#isEnded) {
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, ANSWER_WITHIN_MS).unref();
        this.#answer = () => {
          clearTimeout(timer);
          resolve();
        };
      });
      this.#answer = undefined;
    }
    const records = this.#waiting;
    const skipped = this.#skipped;
    this.#waiting = [];
    this.#waitingCharacters = 0;
    this.#skipped = 0;
    return this.#isEnded ? { records, skipped, isEnded: true } : { records, skipped };
  }

  end(): void {
    this.#isEnded = true;
    this.#answer?.();
  }
}
