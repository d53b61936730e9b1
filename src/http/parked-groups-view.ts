import type { FinishedReplay } from '../replay/replay-status.js';

/** What would become of some records of a group if they were replayed now, by the rules in use. Nothing is changed by trying. */
export interface ReplayTrial {
  /** How many records were tried, spread over all of the group. */
  readonly tried: number;
  /** How many of them would be written; each would, unless the store refuses it. */
  readonly fits: number;
  /** How many a rule would filter: they would not be written, and not be parked again. */
  readonly filtered: number;
  /** Why the newest of those that do not fit would be parked again; absent when none would. */
  readonly parkedAgain?: { readonly code: string; readonly reason: string };
  /** The outcome of each, oldest first. */
  readonly outcomes: readonly ('written' | 'filtered' | 'parked')[];
}

/** The part of the configuration in use that decides about a group. */
export interface RulePart {
  readonly file: string;
  /** Line from 1; absent when the part is not written in the file. */
  readonly line?: number;
  readonly key: string;
  /** YAML with every default filled in. */
  readonly text: string;
}

/** The parked records with one code and one rule. */
export interface ParkedGroupView {
  readonly code: string;
  /** Absent: no rule took them. */
  readonly rule?: string;
  readonly count: number;
  /** Since midnight in the gateway's time zone. */
  readonly countToday: number;
  /** Of `count`: those whose payload is not kept, so that they cannot be replayed. Absent: none. */
  readonly withoutPayload?: number;
  /** The topics with most records, as far as they are kept apart; long ones are cut. */
  readonly topics: readonly { readonly topic: string; readonly count: number }[];
  readonly moreTopics: boolean;
  readonly firstMs: number;
  readonly lastMs: number;
  /** Records in each of 24 hours of the gateway's clock; the last one is the hour that is going on. */
  readonly perHour: readonly number[];
  /** The newest record, for `/api/dead-letters/:id?after=…`. `reason` is absent for a very large one. */
  readonly sample?: { readonly id: string; readonly cursor: string; readonly reason?: string };
  /** Absent where no rules run, and beyond the groups that are tried. */
  readonly replay?: ReplayTrial;
  /** Absent where no rule decides, and where no rules run. */
  readonly rulePart?: RulePart;
}

/** All parked records, by code and rule. */
export interface ParkedGroupsView {
  readonly asOfMs: number;
  /** All that can be listed. While not all files have been read, the ledger says how many there are. */
  readonly records: number;
  readonly today: number;
  /** Records that were only counted, because there was no room even for their reason: they are in no list. Absent: none. */
  readonly onlyCounted?: number;
  /** The largest first. */
  readonly groups: readonly ParkedGroupView[];
  /** Records in groups that are not listed. */
  readonly ofOtherGroups: number;
  /** True while not all files have been read: the next answer has more. */
  readonly incomplete?: true;
  /** Present while incomplete: code → records that are in no group yet. */
  readonly unread?: Readonly<Record<string, number>>;
  /** Since when the rules in use are in use; absent where no rules run. */
  readonly rulesSinceMs?: number;
  /** The file that they are read from, as the user gave it; absent with the built-in defaults, and where no rules run. */
  readonly rulesFile?: string;
  readonly sizeBytes: number;
  readonly maxSizeBytes: number;
  /** The last replays and purges of this process, newest first. */
  readonly finished: readonly FinishedReplay[];
}
