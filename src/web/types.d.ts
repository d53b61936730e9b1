// The types of the live page. Those of the API come from the gateway's own source, so that page and gateway agree.

import type { Arrival, ArrivalsScope } from '../arrivals/arrival.js';
import type {
  DeviceGroup as LatestGroup,
  DevicePage as LatestPage,
  Look,
  NeedsLook,
} from '../devices/device-state.js';
import type {
  BacklogView,
  ExplanationView,
  FirstStepsView,
  LedgerCounts,
  LedgerView,
  LogLevel,
  ParkedView,
  ReadinessProblem,
  StreamStatus,
  WarningView,
} from '../http/gateway-view.js';
import type { LiveState } from '../http/live-state.js';
import type { ParkedGroupsView, ParkedGroupView, RulePart } from '../http/parked-groups-view.js';
import type { BoundedDetail } from '../http/routes/bounded-detail.js';
import type { SeriesResponse } from '../http/routes/store-routes.js';
import type { SessionAnswer } from '../http/sign-in/session-answer.js';
import type { ShownProperties } from '../lib/properties-json.js';
import type { SeriesGroup } from '../reading/series-query.js';
import type { FinishedReplay, ReplayKind, ReplayStatus } from '../replay/replay-status.js';
import type { ParkedSelection } from '../replay/selection.js';
import type { BudgetName, BudgetUse, MeasurementUse, UsedBudget } from '../rules/policies/budget-use.js';
import type { MeasurementSummary } from '../sink/store-reader.js';
import type { Incident, IncidentCause } from '../timeline/incident.js';
import type { LedgerToday } from '../timeline/ledger-of-day.js';
import type { StageHistory } from '../timeline/recorded-rates.js';
import type { WindowsReport } from '../windows/windows-report.js';
import type { AnswerError } from './poll.js';
import type { RateHistory } from './rate-history.js';
import type { Rates } from './rates.js';

export type {
  AnswerError,
  Arrival,
  ArrivalsScope,
  BacklogView,
  BoundedDetail,
  BudgetName,
  ExplanationView,
  FinishedReplay,
  FirstStepsView,
  Incident,
  IncidentCause,
  LatestGroup,
  LatestPage,
  LedgerCounts,
  LedgerToday,
  LedgerView,
  LiveState,
  LogLevel,
  Look,
  MeasurementSummary,
  MeasurementUse,
  NeedsLook,
  ParkedGroupsView,
  ParkedGroupView,
  ParkedSelection,
  ParkedView,
  RateHistory,
  Rates,
  ReadinessProblem,
  ReplayKind,
  ReplayStatus,
  RulePart,
  SeriesResponse,
  SessionAnswer,
  ShownProperties,
  StageHistory,
  StreamStatus,
  UsedBudget,
  WarningView,
  WindowsReport,
};

/** The answer of `/api/budgets`; `limits` is null where nothing is limited. */
export interface BudgetsAnswer extends Pick<BudgetUse, 'measurements'> {
  readonly limits: BudgetUse['limits'] | null;
}

/** The views of the page; each has a path of its own. */
export type ViewName = 'overview' | 'devices' | 'set-aside' | 'pipeline';

export type Attributes = Readonly<Record<string, string>>;
export type Child = Node | string;
/** Called when the page should ask the gateway again soon. */
export type Refresh = () => void;

/** The colour and the shape of a state. `unknown`: nobody has tried it yet. */
export type Level = 'healthy' | 'slow' | 'stopped' | 'unknown';
export type StageId = 'broker' | 'log' | 'producer' | 'reader' | 'consumer' | 'sink' | 'windows';

export interface StageState {
  readonly level: Level;
  readonly word: string;
  /** '' when there is nothing to know. */
  readonly sentence: string;
}
/** Only the stages that run here have a state. */
export type StageStates = Readonly<Record<StageId, StageState>>;

/** Name, value, and whether the value is bad. */
export type Fact = readonly [name: string, text: string, isBad?: boolean];

/** What leaves the path at a stage. `to` is the id of the section that shows it. */
export interface Branch {
  readonly name: string;
  readonly total: number;
  readonly isBad?: boolean;
  readonly to?: string;
}

/** A state that has the counters of every stage. Only the functions of a stage that runs here are called. */
export type FullState = LiveState & Required<Pick<LiveState, StageId>>;

export interface Stage {
  readonly id: StageId;
  title(state: FullState): string;
  /** Who or what it is, in a few words below its title. */
  about(state: FullState): string;
  /** What the rate counts. */
  readonly flow: string;
  readonly unit: string;
  readonly does: string;
  total(state: FullState): number;
  /** What stands large on the card instead of the rate; null while it is not known. */
  figure?(state: FullState): Figure | null;
  facts(state: FullState): readonly Fact[];
  fill?(state: FullState): Fill;
  branches(state: FullState): readonly Branch[];
  readonly codes: RegExp;
  readonly metrics: readonly string[];
}

export interface Figure {
  readonly name: string;
  readonly value: string;
  readonly unit: string;
}

export interface Fill {
  readonly sizeBytes: number;
  readonly maxSizeBytes: number;
}

/** A warning with the start of the gateway that it belongs to. */
export interface KnownWarning extends WarningView {
  readonly startedAtMs: number;
  readonly key: string;
}
export interface SeenWarning {
  readonly startedAtMs: number;
  readonly seq: number;
}

export interface Sample {
  readonly atMs: number;
  readonly perSecond: number;
}

export interface LiveView {
  readonly kind: 'live';
  readonly spanMs: number;
}
export interface FixedView extends Edges {
  readonly kind: 'fixed';
}
/** The range of time that the charts show. */
export type View = LiveView | FixedView;

export interface Edges {
  readonly fromMs: number;
  readonly toMs: number;
}
/** A range on whole buckets. */
export interface Window extends Edges {
  readonly buckets: number;
  readonly bucketMs: number;
}

/** The choices of a chart; '' means "not chosen". */
export interface ChartChoice {
  readonly field: string;
  readonly by: string;
  readonly tag: string;
  readonly only: readonly string[];
}
export interface DeviceList {
  readonly measurement: string;
  readonly tag: string;
}
/** The part of the page's state that is in its address. */
export interface LinkState {
  /** Absent: nobody has chosen a range. */
  readonly view?: View | undefined;
  readonly charts: ReadonlyMap<string, ChartChoice>;
  readonly silentAfterS: number;
  readonly list?: DeviceList;
}

export type Value = number | null;
export interface LineStyle {
  /** 1 to 8 */
  readonly colour: number;
  /** 0 to 3 */
  readonly dash: number;
}
export interface Line extends SeriesGroup {
  readonly label: string;
  readonly style: LineStyle;
}
export interface ShownLine extends Line {
  readonly isShown: boolean;
}
/** What a chart has drawn. */
export interface Drawn {
  readonly timesMs: readonly number[];
  readonly lines: readonly Line[];
  readonly bucketMs: number;
  readonly field: string;
  readonly tag: string | undefined;
  readonly moreGroups: boolean;
}

/** What is drawn besides the lines. */
export interface ChartMarks {
  /** '' where it is not known. */
  readonly unit: string;
  readonly expected?: readonly [low: number, high: number] | undefined;
  /** Since then messages wait in the log: nothing newer is in the store. */
  readonly waitingFromMs?: number | undefined;
  readonly nowMs: number;
  readonly callouts: readonly Callout[];
  /** Names of lines that need a look, the first first. */
  readonly looks: readonly string[];
  /** False on a chart that is too small for words. */
  readonly hasWords: boolean;
}
/** Colours of the theme, as a canvas takes them. */
export interface PlotColours {
  readonly ink: string;
  readonly muted: string;
  readonly surface: string;
  readonly grid: string;
  readonly warn: string;
  readonly expected: string;
  readonly lines: readonly string[];
  readonly font: string;
}
export interface Callout {
  /** The line that it is about. */
  readonly name: string;
  readonly words: string;
}

/** What the page knows of the way into the store, from the last state. */
export interface StoreWay {
  readonly isAway: boolean;
  readonly waitingFromMs?: number | undefined;
}

/** A device that needs a look, as far as charts show it. */
export type ChartLook = Pick<
  Look,
  'measurement' | 'tag' | 'name' | 'state' | 'sinceMs' | 'field' | 'value' | 'expected'
>;

/** The plotting area on the screen, and the time that it spans. */
export interface Area extends Edges {
  readonly rect: DOMRect;
}

/** The way in which gestures change the range. */
export interface RangeGestures {
  zoom(factor: number, aroundMs?: number): void;
  pan(share: number): void;
  between(oneMs: number, otherMs: number, isStep: boolean): void;
  live(): void;
  undo(): void;
}

export interface Choice {
  readonly name: string;
  readonly value: string;
}

/** What a link to a device names. */
export interface DeviceAddress {
  readonly measurement: string;
  /** '' when the measurement as a whole is the device; then it is also the name. */
  readonly tag: string;
  readonly name: string;
}
export type FieldValue = LatestGroup['values'][number]['value'];
export type Fields = MeasurementSummary['fields'];

/** The fields of an error that the page shows. */
export interface Failure {
  readonly code: string;
  readonly message: string;
}
