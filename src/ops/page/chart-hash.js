import {
  complaintAbout,
  DEFAULT_VIEW,
  isSameView,
  MAX_SPAN_MS,
  MIN_SPAN_MS,
  PRESETS,
} from './chart-range.js';

/**
 * What a link to the page carries, in `location.hash`:
 * `live=15m` or `from=…&to=…` (ms since 1970), one `chart=` per chart that the person set (a JSON list: measurement,
 * field, tag of the lines, tag of the devices, devices …), `silent=` in seconds and `list=` (measurement, tag).
 * Whoever made the link may be anyone: what does not fit is left out. Entries of others are kept.
 */

const OWN_NAMES = ['live', 'from', 'to', 'chart', 'silent', 'list'];
const MAX_HASH_CHARACTERS = 16_384;
const MAX_NAME_CHARACTERS = 1_024;
const MAX_CHARTS = 20;
/** Lines on one chart that a person can still tell apart. */
export const MAX_CHOSEN = 12;

export const SILENT_AFTER_S = [30, 60, 300, 900, 3_600, 86_400];
export const DEFAULT_SILENT_AFTER_S = 300;

/** False for a plain `#anchor`, which says nothing about what is to be seen. */
export function carriesState(hash) {
  return hash.length <= 1 || hash.includes('=');
}

/** `{ view, charts: Map(measurement → { field, by, tag, only }), silentAfterS, list? }`; '' is "not chosen". */
export function parseHash(hash) {
  const state = {
    view: DEFAULT_VIEW,
    charts: new Map(),
    silentAfterS: DEFAULT_SILENT_AFTER_S,
    list: undefined,
  };
  if (hash.length > MAX_HASH_CHARACTERS) return state;
  const given = new URLSearchParams(hash.replace(/^#/, ''));
  state.view = viewIn(given) ?? DEFAULT_VIEW;
  const silentAfterS = Number(given.get('silent'));
  if (SILENT_AFTER_S.includes(silentAfterS)) state.silentAfterS = silentAfterS;
  const [measurement, tag] = namesIn(given.get('list')) ?? [];
  if (measurement && tag !== undefined) state.list = { measurement, tag };
  for (const text of given.getAll('chart').slice(0, MAX_CHARTS)) {
    const [name, field, by, deviceTag, ...only] = namesIn(text) ?? [];
    if (!name || deviceTag === undefined) continue;
    const isNarrowed = deviceTag !== '';
    const chosen = isNarrowed ? [...new Set(only)].slice(0, MAX_CHOSEN) : [];
    state.charts.set(name, { field, by, tag: deviceTag, only: chosen });
  }
  return state;
}

/** The hash for a state, without `#`; '' when all of it is as at the start. */
export function printHash({ view, charts, silentAfterS, list }, presentHash = '') {
  const printed = new URLSearchParams(presentHash.replace(/^#/, ''));
  for (const name of OWN_NAMES) printed.delete(name);
  if (view.kind === 'fixed') {
    printed.set('from', String(view.fromMs));
    printed.set('to', String(view.toMs));
  } else if (!isSameView(view, DEFAULT_VIEW)) {
    printed.set('live', PRESETS.find(({ spanMs }) => spanMs === view.spanMs)?.key ?? String(view.spanMs));
  }
  for (const [name, { field, by, tag, only }] of charts) {
    if (field === '' && by === '' && only.length === 0) continue;
    printed.append('chart', JSON.stringify([name, field, by, tag, ...only]));
  }
  if (silentAfterS !== DEFAULT_SILENT_AFTER_S) printed.set('silent', String(silentAfterS));
  if (list !== undefined) printed.set('list', JSON.stringify([list.measurement, list.tag]));
  return printed.toString();
}

function viewIn(given) {
  const live = given.get('live');
  if (live !== null) {
    const spanMs = PRESETS.find(({ key }) => key === live)?.spanMs ?? wholeNumber(live);
    return spanMs >= MIN_SPAN_MS && spanMs <= MAX_SPAN_MS ? { kind: 'live', spanMs } : undefined;
  }
  const fromMs = wholeNumber(given.get('from'));
  const toMs = wholeNumber(given.get('to'));
  return complaintAbout(fromMs, toMs) === '' ? { kind: 'fixed', fromMs, toMs } : undefined;
}

/** Up to the last moment that a Date can hold. */
function wholeNumber(text) {
  const number = /^\d{1,16}$/.test(text ?? '') ? Number(text) : Number.NaN;
  return number <= 8.64e15 ? number : Number.NaN;
}

function namesIn(text) {
  let list;
  try {
    list = JSON.parse(text);
  } catch {
    return undefined;
  }
  const isName = (name) => typeof name === 'string' && name.length <= MAX_NAME_CHARACTERS;
  return Array.isArray(list) && list.every(isName) ? list : undefined;
}
