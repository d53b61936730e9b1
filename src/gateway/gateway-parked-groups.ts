import { type RuleExcerpt, ruleExcerpt } from '../config/rule-excerpt.js';
import { MS_PER_QUARTER, type ParkedGroup, type RecordPlace } from '../dead-letter/parked-group.js';
import { ParkedIndex } from '../dead-letter/parked-index.js';
import { cursorOfRecord, type ScanLimits } from '../dead-letter/parked-scan.js';
import { readParkedAt } from '../dead-letter/read-parked-at.js';
import { DROPPED, PURGED, UNREADABLE } from '../dead-letter/replay-totals.js';
import type { LedgerView } from '../http/gateway-view.js';
import type { ParkedGroupsView, ParkedGroupView, ReplayTrial } from '../http/parked-groups-view.js';
import type { TriedRecord } from '../replay/try-parked.js';
import type { ReplayWorker } from './gateway-dead-letters.js';
import type { RulesInUse } from './gateway-reload.js';
import { partOfRule } from './part-of-rule.js';

export interface ParkedGroupsParts {
  /** The dead letter. */
  readonly directory: string;
  readonly worker: ReplayWorker;
  readonly ledger: () => Pick<LedgerView, 'reasons' | 'parkedOnlyCounted'>;
  /** `undefined` where no rules run. */
  readonly rules: () => RulesInUse | undefined;
  readonly size: () => { readonly bytes: number; readonly maxBytes: number };
  readonly nowMs: () => number;
  /** What one answer may read. */
  readonly limits?: Omit<ScanLimits, 'maxRecords'>;
}

/** Reads on the thread of the broker: it takes at most a third of the thread's time, and one answer reads at most so much. */
const UPDATE_LIMITS = { maxBytes: 64 * 1024 * 1024, maxMs: 2_000, restMs: 10 };
/** Pages that ask within this time share an answer; a dear one is kept longer. */
const MIN_KEEP_MS = 1_000;
const MAX_KEEP_MS = 10_000;
const KEEP_PER_COST = 4;

const MAX_TOPICS = 5;
/** So many records of a group are tried, and so many groups. */
const MAX_TRIED = 20;
const MAX_TRIED_GROUPS = 25;
/** What the rules make of a record can also depend on what they remember: it is tried again after this time. */
const TRY_AGAIN_AFTER_MS = 60_000;
/** The reason of a record with a longer line is not read for a list. */
const MAX_SAMPLE_BYTES = 256 * 1024;

const MS_PER_HOUR = 3_600_000;
const HOURS = 24;

/** The reasons of the ledger for records that are in no list any more. */
const GONE: ReadonlySet<string> = new Set([PURGED, DROPPED, UNREADABLE]);

interface KeptTrial {
  readonly result: TriedRecord | undefined;
  readonly atMs: number;
}

/** The parked records of the running gateway by code and rule, with what a replay would make of them. */
export class GatewayParkedGroups {
  readonly #parts: ParkedGroupsParts;
  readonly #index: ParkedIndex;
  #answer: Promise<ParkedGroupsView> | undefined;
  /** What was tried by the rules in use, by place. */
  #trials = new Map<string, KeptTrial>();
  #triedRules: RulesInUse | undefined;
  /** By place: a line that is written is never changed. */
  #reasons = new Map<string, string | undefined>();
  #excerpts = new Map<string, RuleExcerpt | undefined>();

  constructor(parts: ParkedGroupsParts) {
    this.#parts = parts;
    this.#index = new ParkedIndex(parts.directory);
  }

  /** Pages that ask at about the same time share an answer. Rejects with DEAD_LETTER_FAILED. */
  groups(): Promise<ParkedGroupsView> {
    this.#answer ??= this.#shared();
    return this.#answer;
  }

  async #shared(): Promise<ParkedGroupsView> {
    const beganMs = performance.now();
    try {
      const answer = await this.#read();
      const keepMs = Math.min(
        MAX_KEEP_MS,
        Math.max(MIN_KEEP_MS, (performance.now() - beganMs) * KEEP_PER_COST),
      );
      // A timer removes it: after that, nothing is kept for a page that was closed.
      setTimeout(() => this.forget(), answer.incomplete === true ? MIN_KEEP_MS : keepMs).unref();
      return answer;
    } catch (thrown) {
      this.forget();
      throw thrown;
    }
  }

  /** The next one who asks gets a new answer. */
  forget(): void {
    this.#answer = undefined;
  }

  async #read(): Promise<ParkedGroupsView> {
    const isComplete = await this.#index.update(this.#parts.limits ?? UPDATE_LIMITS);
    const { rules, ledger, worker, size } = this.#parts;
    const nowMs = this.#parts.nowMs();
    const { groups, ofOtherGroups } = this.#index.groups(nowMs);
    const inUse = rules();
    this.#forgetOldRules(inUse);
    const trials = inUse === undefined ? [] : await this.#try(groups.slice(0, MAX_TRIED_GROUPS), nowMs);
    const reasons = await this.#readReasons(groups);
    const views = groups.map((group, index) => this.#viewOf(group, reasons[index], trials[index], nowMs));
    const listed = sumOf(groups.map(({ count }) => count)) + ofOtherGroups;
    const { reasons: ofLedger, parkedOnlyCounted } = ledger();
    const unread = isComplete ? undefined : unreadOf(ofLedger.parked, groups);
    const { bytes, maxBytes } = size();
    return {
      asOfMs: nowMs,
      records: listed + sumOf(Object.values(unread ?? {})),
      today: sumOf(views.map(({ countToday }) => countToday)),
      ...(parkedOnlyCounted === undefined ? {} : { onlyCounted: parkedOnlyCounted }),
      groups: views,
      ofOtherGroups,
      ...(unread === undefined ? {} : { incomplete: true, unread }),
      ...(inUse === undefined ? {} : { rulesSinceMs: inUse.sinceMs }),
      ...(inUse?.loaded.file === undefined ? {} : { rulesFile: inUse.loaded.file }),
      sizeBytes: bytes,
      maxSizeBytes: maxBytes,
      finished: worker.report.replay?.finished ?? [],
    };
  }

  #viewOf(
    group: ParkedGroup,
    reason: string | undefined,
    replay: ReplayTrial | undefined,
    nowMs: number,
  ): ParkedGroupView {
    const { code, rule, count, withoutPayload, firstMs, lastMs, newest } = group;
    const byRecords = [...group.topics].sort(([, one], [, other]) => other - one);
    const topics = byRecords.slice(0, MAX_TOPICS).map(([topic, records]) => ({ topic, count: records }));
    const rulePart = rule === undefined ? undefined : this.#excerptOf(code, rule, reason);
    return {
      code,
      ...(rule === undefined ? {} : { rule }),
      count,
      countToday: recordsSince(group, startOfDayMs(nowMs)),
      ...(withoutPayload === 0 ? {} : { withoutPayload }),
      topics,
      moreTopics: sumOf(topics.map((topic) => topic.count)) < count,
      firstMs,
      lastMs,
      perHour: perHour(group, nowMs),
      ...(newest === undefined
        ? {}
        : {
            sample: {
              id: newest.id,
              cursor: cursorOfRecord(newest.folder, newest),
              ...(reason && { reason }),
            },
          }),
      ...(replay === undefined ? {} : { replay }),
      ...(rulePart === undefined ? {} : { rulePart }),
    };
  }

  #forgetOldRules(inUse: RulesInUse | undefined): void {
    if (this.#triedRules?.loaded === inUse?.loaded && this.#triedRules?.sinceMs === inUse?.sinceMs) return;
    this.#triedRules = inUse;
    this.#trials.clear();
    this.#excerpts.clear();
  }

  /** Tries only what was not tried lately by the rules in use. */
  async #try(groups: readonly ParkedGroup[], nowMs: number): Promise<(ReplayTrial | undefined)[]> {
    const placesOf = groups.map((group) => group.spread(MAX_TRIED));
    const places = placesOf.flat();
    const isFresh = (place: RecordPlace) =>
      Math.abs(nowMs - (this.#trials.get(keyOf(place))?.atMs ?? Number.NEGATIVE_INFINITY)) <
      TRY_AGAIN_AFTER_MS;
    const wanted = places.filter((place) => !isFresh(place));
    if (wanted.length > 0) {
      const results = (await this.#parts.worker.ask({ kind: 'try', places: wanted })) as (
        | TriedRecord
        | undefined
      )[];
      for (const [index, place] of wanted.entries())
        this.#trials.set(keyOf(place), { result: results[index], atMs: nowMs });
    }
    // Bounded by what is asked for now.
    this.#trials = new Map(places.map((place) => [keyOf(place), this.#trials.get(keyOf(place))!]));
    return placesOf.map((ofGroup) => trialOf(ofGroup.map((place) => this.#trials.get(keyOf(place))?.result)));
  }

  async #readReasons(groups: readonly ParkedGroup[]): Promise<(string | undefined)[]> {
    const reasons = new Map<string, string | undefined>();
    const found: (string | undefined)[] = [];
    for (const { code, newest } of groups) {
      const key = newest && keyOf(newest);
      if (newest === undefined || key === undefined || newest.end - newest.at > MAX_SAMPLE_BYTES) {
        found.push(undefined);
        continue;
      }
      const parked = this.#reasons.has(key) ? undefined : await readParkedAt(this.#parts.directory, newest);
      // A replay has parked it again for another reason.
      const reason = this.#reasons.get(key) ?? (parked?.code === code ? parked.reason : undefined);
      reasons.set(key, reason);
      found.push(reason);
    }
    this.#reasons = reasons;
    return found;
  }

  #excerptOf(code: string, rule: string, reason: string | undefined): RuleExcerpt | undefined {
    const path = partOfRule(code, reason);
    if (path === undefined || this.#triedRules === undefined) return undefined;
    const key = JSON.stringify([rule, path]);
    if (!this.#excerpts.has(key)) this.#excerpts.set(key, ruleExcerpt(this.#triedRules.loaded, rule, path));
    return this.#excerpts.get(key);
  }
}

function keyOf({ folder, file, at, id }: RecordPlace): string {
  return `${folder}/${file}/${at}/${id}`;
}

/** Undefined when none could be tried: no payload is kept, or the records are too large. */
function trialOf(results: readonly (TriedRecord | undefined)[]): ReplayTrial | undefined {
  const tried = results.filter((result) => result !== undefined);
  if (tried.length === 0) return undefined;
  const outcomes = tried.map(({ outcome }) => outcome);
  const again = tried.findLast(({ outcome }) => outcome === 'parked');
  return {
    tried: tried.length,
    fits: outcomes.filter((outcome) => outcome === 'written').length,
    filtered: outcomes.filter((outcome) => outcome === 'filtered').length,
    ...(again?.code === undefined ? {} : { parkedAgain: { code: again.code, reason: again.reason ?? '' } }),
    outcomes,
  };
}

/** The ledger knows how many there are of each code before all files have been read. */
function unreadOf(
  parked: Readonly<Record<string, number>>,
  groups: readonly ParkedGroup[],
): Readonly<Record<string, number>> {
  const read = new Map<string, number>();
  for (const { code, count } of groups) read.set(code, (read.get(code) ?? 0) + count);
  return Object.fromEntries(
    Object.entries(parked)
      .map(([code, records]) => [code, records - (read.get(code) ?? 0)] as const)
      .filter(([code, records]) => records > 0 && !GONE.has(code)),
  );
}

/** By the clock and zone of the gateway. */
function startOfDayMs(nowMs: number): number {
  return new Date(nowMs).setHours(0, 0, 0, 0);
}

function perHour(group: ParkedGroup, nowMs: number): number[] {
  const fromMs = new Date(nowMs).setMinutes(0, 0, 0) - (HOURS - 1) * MS_PER_HOUR;
  const hours = Array.from({ length: HOURS }, () => 0);
  for (const [quarter, records] of group.quarters) {
    const hour = Math.floor((quarter * MS_PER_QUARTER - fromMs) / MS_PER_HOUR);
    if (hour >= 0 && hour < HOURS) hours[hour]! += records;
  }
  return hours;
}

function recordsSince(group: ParkedGroup, fromMs: number): number {
  return sumOf(
    [...group.quarters]
      .filter(([quarter]) => quarter * MS_PER_QUARTER >= fromMs)
      .map(([, records]) => records),
  );
}

function sumOf(counts: readonly number[]): number {
  return counts.reduce((sum, count) => sum + count, 0);
}
