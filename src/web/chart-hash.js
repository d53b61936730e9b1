import { complaintAbout, MAX_SPAN_MS, MIN_SPAN_MS, NAMED_SPANS } from './chart-range.js';

/** @import { ChartChoice, LinkState, View } from './types.js' */

/**
 * What a link to the page carries, in `location.hash`:
 * `live=15m` or `from=…&to=…` (ms since 1970), one `chart=` per chart that the person set (a JSON list: measurement,
 * field, tag of the lines, tag of the devices, devices …), `silent=` in seconds and `list=` (measurement, tag).
 * Anyone may have made the link: values that are not valid are ignored. Entries with other names are kept.
 */

const OWN_NAMES = ['live', 'from', 'to', 'chart', 'silent', 'list'];
const MAX_HASH_CHARACTERS = 16_384;
const MAX_NAME_CHARACTERS = 1_024;
const MAX_CHARTS = 20;
/** Lines on one chart that a person can still distinguish. */
export const MAX_CHOSEN = 12;

export const SILENT_AFTER_S = [30, 60, 300, 900, 3_600, 86_400];
export const DEFAULT_SILENT_AFTER_S = 300;

/**
 * False for a plain `#anchor`, which holds no state of the page.
 *
 * @param {string} hash
 */
export function carriesState(hash) {
  return hash.length <= 1 || hash.includes('=');
}

/**
 * `{ view?, charts: Map(measurement → { field, by, tag, only }), silentAfterS, list? }`; '' means "not chosen".
 *
 * @param {string} hash
 * @returns {LinkState}
 */
export function parseHash(hash) {
  /** @type {Map<string, ChartChoice>} */
  const charts = new Map();
  /** @type {LinkState} */
  const initial = { view: undefined, charts, silentAfterS: DEFAULT_SILENT_AFTER_S, list: undefined };
  if (hash.length > MAX_HASH_CHARACTERS) return initial;
  const given = new URLSearchParams(hash.replace(/^#/, ''));
  const silentAfterS = Number(given.get('silent'));
  const [measurement, tag] = namesIn(given.get('list')) ?? [];
  for (const text of given.getAll('chart').slice(0, MAX_CHARTS)) {
    const [name, field, by, deviceTag, ...only] = namesIn(text) ?? [];
    if (!name || deviceTag === undefined) continue;
    const isNarrowed = deviceTag !== '';
    const chosen = isNarrowed ? [...new Set(only)].slice(0, MAX_CHOSEN) : [];
    charts.set(name, { field, by, tag: deviceTag, only: chosen });
  }
  return {
    view: viewIn(given),
    charts,
    silentAfterS: SILENT_AFTER_S.includes(silentAfterS) ? silentAfterS : DEFAULT_SILENT_AFTER_S,
    list: measurement && tag !== undefined ? { measurement, tag } : undefined,
  };
}

/**
 * The hash for a state, without `#`; '' when all of it is as at the start.
 *
 * @param {LinkState} state
 * @param {string} [presentHash]
 */
export function printHash({ view, charts, silentAfterS, list }, presentHash = '') {
  const printed = new URLSearchParams(presentHash.replace(/^#/, ''));
  for (const name of OWN_NAMES) printed.delete(name);
  if (view?.kind === 'fixed') {
    printed.set('from', String(view.fromMs));
    printed.set('to', String(view.toMs));
  } else if (view !== undefined) {
    printed.set('live', NAMED_SPANS.find(({ spanMs }) => spanMs === view.spanMs)?.key ?? String(view.spanMs));
  }
  for (const [name, { field, by, tag, only }] of charts) {
    if (field === '' && by === '' && only.length === 0) continue;
    printed.append('chart', JSON.stringify([name, field, by, tag, ...only]));
  }
  if (silentAfterS !== DEFAULT_SILENT_AFTER_S) printed.set('silent', String(silentAfterS));
  if (list !== undefined) printed.set('list', JSON.stringify([list.measurement, list.tag]));
  return printed.toString();
}

/** @param {URLSearchParams} given @returns {View | undefined} */
function viewIn(given) {
  const live = given.get('live');
  if (live !== null) {
    const spanMs = NAMED_SPANS.find(({ key }) => key === live)?.spanMs ?? wholeNumber(live);
    return spanMs >= MIN_SPAN_MS && spanMs <= MAX_SPAN_MS ? { kind: 'live', spanMs } : undefined;
  }
  const fromMs = wholeNumber(given.get('from'));
  const toMs = wholeNumber(given.get('to'));
  return complaintAbout(fromMs, toMs) === '' ? { kind: 'fixed', fromMs, toMs } : undefined;
}

/**
 * Up to the last moment that a Date can hold.
 *
 * @param {string | null} text
 */
function wholeNumber(text) {
  const number = /^\d{1,16}$/.test(text ?? '') ? Number(text) : Number.NaN;
  return number <= 8.64e15 ? number : Number.NaN;
}

/** @param {string | null} text @returns {string[] | undefined} */
function namesIn(text) {
  /** @type {unknown} */
  let list;
  try {
    list = JSON.parse(text ?? '');
  } catch {
    return undefined;
  }
  /** @param {unknown} name */
  const isName = (name) => typeof name === 'string' && name.length <= MAX_NAME_CHARACTERS;
  return Array.isArray(list) && list.every(isName) ? list : undefined;
}
