/** @import { Edges, LiveView, View, Window } from './types.js' */

/**
 * What the charts show is a view: `{ kind: 'live', spanMs }` follows the clock, `{ kind: 'fixed', fromMs, toMs }`
 * stands still. Times are ms since 1970.
 */

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;

export const PRESETS = [
  { key: '15m', spanMs: 15 * MINUTE_MS, label: '15 min', words: 'last 15 minutes' },
  { key: '1h', spanMs: HOUR_MS, label: '1 h', words: 'last hour' },
  { key: '6h', spanMs: 6 * HOUR_MS, label: '6 h', words: 'last 6 hours' },
  { key: '24h', spanMs: DAY_MS, label: '24 h', words: 'last 24 hours' },
  { key: '7d', spanMs: 7 * DAY_MS, label: '7 d', words: 'last 7 days' },
  { key: '30d', spanMs: 30 * DAY_MS, label: '30 d', words: 'last 30 days' },
];
/** The spans that an address may name. For five minutes there is no button, but links that hold it. */
export const NAMED_SPANS = [
  { key: '5m', spanMs: 5 * MINUTE_MS, label: '5 min', words: 'last 5 minutes' },
  ...PRESETS,
];
/**
 * Shown when nobody has chosen a range and nothing is known of the store.
 *
 * @type {LiveView}
 */
export const DEFAULT_VIEW = { kind: 'live', spanMs: DAY_MS };

export const MIN_SPAN_MS = 1_000;
/** A longer span would make the store read months of every device for a hundred dots. */
export const MAX_SPAN_MS = 31 * DAY_MS;

/** Widths of a bucket, each a whole number of units that a person counts in. */
export const BUCKET_LADDER_MS = [
  ...[10, 20, 50, 100, 200, 500],
  ...[1_000, 2_000, 5_000, 10_000, 20_000, 30_000],
  ...[1, 2, 5, 10, 20, 30].map((minutes) => minutes * MINUTE_MS),
  ...[1, 2, 3, 6, 12, 24].map((hours) => hours * HOUR_MS),
];
const WIDEST_BUCKET_MS = DAY_MS;
/** About one bucket in two pixels of a card: 24 h in buckets of five minutes. */
const MAX_BUCKETS = 288;
/** Of a width that a person has chosen. */
const MAX_CHOSEN_BUCKETS = 1_440;
const FINER_CHOICES = 3;
const COARSER_CHOICES = 3;

/** A record is usually read, mapped and in the store within this time. */
const STORED_WITHIN_MS = 500;
/** A wider bucket is shown while it fills, or a newcomer would see nothing for minutes. */
const WIDEST_HELD_BACK_MS = 2_000;

const REFRESH_AT_LEAST_MS = 2_000;
const REFRESH_AT_MOST_MS = 30_000;

/**
 * The narrowest width that needs at most 180 buckets for the span.
 *
 * @param {number} spanMs
 * @returns {number}
 */
export function bucketFor(spanMs) {
  return BUCKET_LADDER_MS.find((bucketMs) => spanMs / bucketMs <= MAX_BUCKETS) ?? WIDEST_BUCKET_MS;
}

/**
 * The widths of a bucket that a person may choose for the span, ascending.
 *
 * @param {number} spanMs
 * @returns {readonly number[]}
 */
export function bucketChoices(spanMs) {
  const usual = BUCKET_LADDER_MS.indexOf(bucketFor(spanMs));
  return BUCKET_LADDER_MS.slice(Math.max(0, usual - FINER_CHOICES), usual + COARSER_CHOICES + 1).filter(
    (bucketMs) => spanMs / bucketMs <= MAX_CHOSEN_BUCKETS && bucketMs <= spanMs / 2,
  );
}

/** @param {View} view */
export function spanOf(view) {
  return view.kind === 'live' ? view.spanMs : view.toMs - view.fromMs;
}

/**
 * The window to ask for, on whole buckets so that the same points fall into the same bucket each time. A bucket
 * that still fills holds some of the devices only, and its mean would jump: narrow ones are omitted until they are full.
 *
 * @param {View} view
 * @param {number} nowMs
 * @param {number} [bucketMs] what a person has chosen
 * @returns {Window}
 */
export function windowOf(view, nowMs, bucketMs = bucketFor(spanOf(view))) {
  if (view.kind === 'fixed') {
    return wholeBuckets(Math.floor(view.fromMs / bucketMs), Math.ceil(view.toMs / bucketMs), bucketMs);
  }
  const last =
    bucketMs <= WIDEST_HELD_BACK_MS
      ? Math.floor((nowMs - STORED_WITHIN_MS) / bucketMs)
      : Math.ceil(nowMs / bucketMs);
  return wholeBuckets(last - Math.ceil(view.spanMs / bucketMs), last, bucketMs);
}

/** @param {number} first @param {number} last @param {number} bucketMs @returns {Window} */
function wholeBuckets(first, last, bucketMs) {
  return { fromMs: first * bucketMs, toMs: last * bucketMs, bucketMs, buckets: last - first };
}

/**
 * The stretch of time that is drawn: of a live view the window itself, of a fixed one exactly what was chosen.
 *
 * @param {View} view
 * @param {number} nowMs
 * @param {number} [bucketMs]
 * @returns {Edges}
 */
export function edgesOf(view, nowMs, bucketMs) {
  const { fromMs, toMs } = view.kind === 'fixed' ? view : windowOf(view, nowMs, bucketMs);
  return { fromMs, toMs };
}

/**
 * How long an answer stays current: a quarter of a bucket, within 2 to 30 s. A fixed range does not change soon.
 *
 * @param {View} view
 * @param {number} [bucketMs]
 */
export function refreshEveryMs(view, bucketMs = bucketFor(spanOf(view))) {
  if (view.kind === 'fixed') return REFRESH_AT_MOST_MS;
  return Math.min(REFRESH_AT_MOST_MS, Math.max(REFRESH_AT_LEAST_MS, bucketMs / 4));
}

/**
 * A factor above 1 shows less time. Around a moment the view stands still afterwards; without one it keeps its
 * end when it is live and stays so, else its middle.
 *
 * @param {View} view
 * @param {number} factor
 * @param {number} nowMs
 * @param {number} [aroundMs]
 * @returns {View}
 */
export function zoomed(view, factor, nowMs, aroundMs) {
  if (view.kind === 'live' && aroundMs === undefined) {
    return { kind: 'live', spanMs: withinSpans(view.spanMs / factor) };
  }
  const { fromMs, toMs } = edgesOf(view, nowMs);
  const around = aroundMs ?? (fromMs + toMs) / 2;
  const spanMs = withinSpans((toMs - fromMs) / factor);
  const share = (around - fromMs) / (toMs - fromMs);
  return fixedFrom(around - share * spanMs, spanMs, nowMs);
}

/**
 * Moves by a share of what is shown; not past now.
 *
 * @param {View} view
 * @param {number} share
 * @param {number} nowMs
 * @returns {View}
 */
export function panned(view, share, nowMs) {
  const { fromMs, toMs } = edgesOf(view, nowMs);
  const spanMs = toMs - fromMs;
  // At now already: a live view goes on following.
  if (view.kind === 'live' && share >= 0) return view;
  return fixedFrom(fromMs + share * spanMs, spanMs, nowMs);
}

/**
 * Between two moments in either order, at least a second apart.
 *
 * @param {number} oneMs
 * @param {number} otherMs
 * @param {number} nowMs
 * @returns {View}
 */
export function between(oneMs, otherMs, nowMs) {
  const spanMs = withinSpans(Math.abs(otherMs - oneMs));
  return fixedFrom((oneMs + otherMs - spanMs) / 2, spanMs, nowMs);
}

/** @param {number} fromMs @param {number} spanMs @param {number} nowMs @returns {View} */
function fixedFrom(fromMs, spanMs, nowMs) {
  const from = Math.max(0, Math.round(Math.min(fromMs, nowMs - spanMs)));
  return { kind: 'fixed', fromMs: from, toMs: from + Math.round(spanMs) };
}

/** @param {number} spanMs */
function withinSpans(spanMs) {
  return Math.min(MAX_SPAN_MS, Math.max(MIN_SPAN_MS, Math.round(spanMs)));
}

/**
 * What is wrong with a range that a person typed; empty when it is fine. NaN is a moment that was not given.
 *
 * @param {number} fromMs
 * @param {number} toMs
 */
export function complaintAbout(fromMs, toMs) {
  if (!Number.isFinite(fromMs) || !Number.isFinite(toMs)) return 'Give both a from and a to.';
  if (fromMs < 0) return 'From must be 1970 or later.';
  if (toMs - fromMs < MIN_SPAN_MS) return 'To must be later than from.';
  if (toMs - fromMs > MAX_SPAN_MS) return 'At most 31 days can be shown at once.';
  return '';
}

/** @param {View} view */
export function presetOf(view) {
  return view.kind === 'live' ? NAMED_SPANS.find(({ spanMs }) => spanMs === view.spanMs) : undefined;
}

/**
 * The longest range with a button that is shorter than the view.
 *
 * @param {View} view
 */
export function smallerPreset(view) {
  return PRESETS.findLast(({ spanMs }) => spanMs < spanOf(view));
}

/**
 * A range that has the moment in it: a live one if a button has it, else one of the same span that ends soon after.
 *
 * @param {View} view
 * @param {number} atMs
 * @param {number} nowMs
 * @returns {View}
 */
export function viewWith(view, atMs, nowMs) {
  const ageMs = nowMs - atMs;
  const live = PRESETS.find(({ spanMs }) => spanMs > Math.max(ageMs, spanOf(view)));
  if (ageMs >= 0 && live !== undefined) return { kind: 'live', spanMs: live.spanMs };
  const spanMs = withinSpans(spanOf(view));
  return fixedFrom(atMs - 0.9 * spanMs, spanMs, Math.max(nowMs, atMs + 0.1 * spanMs));
}

/** @param {View} a @param {View} b */
export function isSameView(a, b) {
  if (a.kind === 'live') return b.kind === 'live' && a.spanMs === b.spanMs;
  return b.kind === 'fixed' && a.fromMs === b.fromMs && a.toMs === b.toMs;
}
